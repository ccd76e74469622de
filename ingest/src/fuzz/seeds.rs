//! Where fuzzing starts: the sample lines of every embedded format, under the bytes each target reads first.

use std::io::Write as _;
use std::sync::Arc;

use super::CATALOGUE;
use crate::format::Format;

/// The samples of a format as files: those with the same header lines together.
fn files(format: &Format) -> Vec<Vec<u8>> {
    let mut files: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for (header, line) in format.sample_lines() {
        match files.iter_mut().find(|(known, _)| *known == header) {
            Some((_, lines)) => lines.push(line),
            None => files.push((header, vec![line])),
        }
    }
    files.into_iter().map(|(header, lines)| header.into_iter().chain(lines).collect::<Vec<_>>().join("\n").into_bytes()).collect()
}

fn behind(first: &[u8], rest: &[u8]) -> Vec<u8> {
    [first, rest].concat()
}

/// Inputs to begin a target with; none where it is not known.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "read" => read(),
        "open" => open(),
        "pattern" => {
            of("pattern").iter().map(|file| behind(b"\0{a:number} {b:text} {c:caps}/{d:int} [{e:long}]\n", file)).collect()
        }
        "syslog" => all(),
        decoder => of(decoder).iter().flat_map(|file| (0..4).map(|which| behind(&[which], file))).collect(),
    }
}

fn all() -> Vec<Vec<u8>> {
    CATALOGUE.iter().flat_map(|format| files(format)).collect()
}

/// The files of the formats of a decoder; of all where no format ships for it yet.
fn of(decoder: &str) -> Vec<Vec<u8>> {
    let own: Vec<&Arc<Format>> = CATALOGUE.iter().filter(|format| format.decoder() == decoder).collect();
    let found: Vec<Vec<u8>> = own.iter().flat_map(|format| files(format)).collect();
    if found.is_empty() { all() } else { found }
}

fn read() -> Vec<Vec<u8>> {
    let as_format = |at: usize| (at + 1).min(255) as u8;
    CATALOGUE
        .iter()
        .enumerate()
        .flat_map(|(at, format)| {
            files(format).into_iter().flat_map(move |file| [behind(&[0, 0], &file), behind(&[as_format(at), 5], &file)])
        })
        .collect()
}

fn open() -> Vec<Vec<u8>> {
    let text = all().into_iter().next().unwrap_or_default();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let deflated = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let packed = (|| -> std::io::Result<Vec<Vec<u8>>> {
        gzip.write_all(&text)?;
        let gzip = gzip.finish()?;
        archive.start_file("access.log", deflated)?;
        archive.write_all(&text)?;
        archive.start_file("access.log.gz", deflated)?;
        archive.write_all(&gzip)?;
        let archive = archive.finish()?.into_inner();
        let zstd = zstd::stream::encode_all(text.as_slice(), 1)?;
        let twice = zstd::stream::encode_all(gzip.as_slice(), 1)?;
        Ok(vec![behind(&gzip, &gzip), gzip, archive, zstd, twice])
    })();
    let wide: Vec<u16> = String::from_utf8_lossy(&text).encode_utf16().collect();
    let little: Vec<u8> = [0xFEFF].iter().chain(&wide).flat_map(|unit: &u16| unit.to_le_bytes()).collect();
    let big: Vec<u8> = [0xFEFF].iter().chain(&wide).flat_map(|unit: &u16| unit.to_be_bytes()).collect();
    let mut seeds = packed.unwrap_or_default();
    let array = br#"[{"a": "x, [y] \"z\""}, {"b": [1, {"c": 2}]}]"#.to_vec();
    seeds.extend([text, little, big, array]);
    seeds
}
