//! One column chunk on its way: pages so far and what the footer needs to know of them.

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::Group;

/// Pages smaller than this are stored as they are: a constant column's page is some ten bytes, and zstd would make it larger.
const COMPRESS_FROM: usize = 64;

/// Level of zstd, as in the plain writer.
pub(super) const ZSTD_LEVEL: i32 = 1;

/// One column chunk.
pub(super) struct Chunk {
    sink: TrackedWrite<Vec<u8>>,
    uncompressed: usize,
    compressed: usize,
    dictionary_offset: Option<i64>,
    data_offset: Option<i64>,
    encodings: Vec<Encoding>,
    codec: Compression,
}

impl Chunk {
    /// `plain_bytes` is about what the pages will hold; small chunks are not compressed at all.
    pub(super) fn new(plain_bytes: usize) -> Self {
        let codec = if plain_bytes < COMPRESS_FROM {
            Compression::UNCOMPRESSED
        } else {
            Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default())
        };
        Self {
            sink: TrackedWrite::new(Vec::new()),
            uncompressed: 0,
            compressed: 0,
            dictionary_offset: None,
            data_offset: None,
            encodings: Vec::new(),
            codec,
        }
    }

    fn squeeze(&self, compressor: &mut zstd::bulk::Compressor<'_>, plain: Vec<u8>) -> Result<(Vec<u8>, usize), ParquetError> {
        let size = plain.len();
        if self.codec == Compression::UNCOMPRESSED {
            return Ok((plain, size));
        }
        let squeezed = compressor.compress(&plain).map_err(|error| ParquetError::General(error.to_string()))?;
        Ok((squeezed, size))
    }

    pub(super) fn dictionary(
        &mut self,
        compressor: &mut zstd::bulk::Compressor<'_>,
        plain: Vec<u8>,
        values: usize,
    ) -> Result<(), ParquetError> {
        let (bytes, size) = self.squeeze(compressor, plain)?;
        let page =
            Page::DictionaryPage { buf: bytes.into(), num_values: values as u32, encoding: Encoding::PLAIN, is_sorted: false };
        self.dictionary_offset = Some(self.write(CompressedPage::new(page, size))?);
        self.note(Encoding::PLAIN);
        Ok(())
    }

    pub(super) fn data(
        &mut self,
        compressor: &mut zstd::bulk::Compressor<'_>,
        plain: Vec<u8>,
        values: usize,
        encoding: Encoding,
    ) -> Result<(), ParquetError> {
        let (bytes, size) = self.squeeze(compressor, plain)?;
        let page = Page::DataPage {
            buf: bytes.into(),
            num_values: values as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let at = self.write(CompressedPage::new(page, size))?;
        self.data_offset.get_or_insert(at);
        self.note(encoding);
        self.note(Encoding::RLE);
        Ok(())
    }

    fn write(&mut self, page: CompressedPage) -> Result<i64, ParquetError> {
        let written = SerializedPageWriter::new(&mut self.sink).write_page(page)?;
        self.uncompressed += written.uncompressed_size;
        self.compressed += written.compressed_size;
        Ok(written.offset as i64)
    }

    fn note(&mut self, encoding: Encoding) {
        if !self.encodings.contains(&encoding) {
            self.encodings.push(encoding);
        }
    }

    pub(super) fn close(
        self,
        group: &mut Group<'_>,
        column: ColumnDescPtr,
        rows: usize,
        values: usize,
        statistics: Option<Statistics>,
    ) -> Result<(), ParquetError> {
        let mut builder = ColumnChunkMetaData::builder(column)
            .set_compression(self.codec)
            .set_encodings(self.encodings)
            .set_total_compressed_size(self.compressed as i64)
            .set_total_uncompressed_size(self.uncompressed as i64)
            .set_num_values(values as i64)
            .set_data_page_offset(self.data_offset.unwrap_or(0))
            .set_dictionary_page_offset(self.dictionary_offset);
        if let Some(statistics) = statistics {
            builder = builder.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: self.compressed as u64,
            rows_written: rows as u64,
            metadata: builder.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        group.append_column(&bytes::Bytes::from(self.sink.into_inner()?), close)
    }
}
