//! What an ingest promises, tried on whole lakes: nothing lost, nothing twice, the same rows however the bytes come.

pub(crate) mod closed;
mod every_format;
mod flows;
mod growing;
mod one_person;
mod overlap;
mod own_lexicon;
mod refusals;
mod reopen;
mod replay;
mod same_rows;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;
use weir_lake::estate::{Estate, Layer, School, SchoolOf, Source};
use weir_lake::ids::{FormatId, RunId, SchoolId, SourceId};
use weir_lake::lake::{Lake, Receipt};
use weir_lake::schema::Table;
use weir_lake::vault::Vault;

use super::run::ingest_in_units;
use super::{FormatChoice, IngestError, IngestOptions};
use crate::format::Catalogue;
use crate::report::IngestReport;

/// 2026-11-10T12:00:00Z.
pub(crate) const NOW: i64 = 1_794_312_000_000_000;

/// An estate of one school with a lake and a vault.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) estate: Estate,
    pub(crate) lake: Lake,
    pub(crate) vault: Vault,
    pub(crate) catalogue: Catalogue,
    runs: std::cell::Cell<u32>,
}

/// How a file is read.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) threads: usize,
    pub(crate) unit: usize,
    pub(crate) settled: bool,
}

pub(crate) const PLAINLY: How = How { threads: 2, unit: 1 << 20, settled: true };

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let mut estate = Estate { lake_root: root.join("lake"), vault_root: root.join("vault"), ..Estate::default() };
        let school_id = SchoolId::parse("ash").unwrap();
        let school = School {
            school_id: school_id.clone(),
            name: "Ash Lane School".into(),
            urn: None,
            phase: "primary".into(),
            nation: "england".into(),
            timezone: "Europe/London".into(),
            governing_body: None,
            trust: None,
            authority: None,
            opens: None,
            closes: None,
        };
        estate.schools.insert(school_id, school);
        let lake = Lake::open(&root.join("lake")).unwrap();
        let vault = Vault::open(&root.join("vault"), &root.join("lake")).unwrap();
        Self { folder, estate, lake, vault, catalogue: Catalogue::embedded(), runs: 0.into() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn source() -> Source {
        Source {
            id: SourceId::parse("gate").unwrap(),
            school: SchoolOf::One(SchoolId::parse("ash").unwrap()),
            format: None,
            inbox: None,
            tz: "Europe/London".into(),
            layer: Layer::Filter,
            logs_allowed: true,
            keep_flows: false,
        }
    }

    pub(crate) fn options(&self) -> IngestOptions {
        self.runs.set(self.runs.get() + 1);
        let source = Self::source();
        let mut options = IngestOptions::new(RunId::parse(&format!("r{}", self.runs.get())).unwrap(), source, NOW);
        options.format = FormatChoice::Id(FormatId::parse("squid").unwrap());
        options
    }

    pub(crate) fn try_ingest(&self, paths: &[PathBuf], how: How) -> Result<IngestReport, IngestError> {
        let options = IngestOptions { threads: how.threads, settled: how.settled, ..self.options() };
        ingest_in_units(&self.estate, &self.lake, &self.vault, &self.catalogue, paths, &options, how.unit)
    }

    pub(crate) fn ingest(&self, path: &Path, how: How) -> IngestReport {
        let report = self.try_ingest(&[path.to_path_buf()], how).unwrap();
        for file in &report.files {
            let ledger = &file.ledger;
            assert_eq!(ledger.lines, ledger.events + ledger.admin_events + ledger.ignored_lines() + ledger.quarantined);
        }
        report
    }

    /// Rows of a table at the newest version, as text, sorted; `file_id` and `line_no` left out unless wanted.
    pub(crate) fn rows(&self, table: Table, with_place: bool) -> Vec<String> {
        let snapshot = self.lake.snapshot().unwrap();
        let mut rows = Vec::new();
        for file in snapshot.files.get(&table).into_iter().flatten() {
            let opened = fs::File::open(self.lake.path_of(table, file).unwrap()).unwrap();
            for batch in ParquetRecordBatchReaderBuilder::try_new(opened).unwrap().build().unwrap() {
                let batch = batch.unwrap();
                let options = FormatOptions::default().with_null("-");
                let columns: Vec<_> = batch
                    .schema()
                    .fields()
                    .iter()
                    .zip(batch.columns())
                    .filter(|(field, _)| with_place || !matches!(field.name().as_str(), "file_id" | "line_no"))
                    .filter(|(field, _)| field.name() != "raw")
                    .map(|(_, column)| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
                    .collect();
                for row in 0..batch.num_rows() {
                    rows.push(columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|"));
                }
            }
        }
        rows.sort();
        rows
    }

    pub(crate) fn receipts(&self) -> Vec<Receipt> {
        self.lake.receipts(&self.lake.snapshot().unwrap()).unwrap()
    }

    /// Rows of the index, over all days.
    pub(crate) fn index_entries(&self) -> u64 {
        let snapshot = self.lake.snapshot().unwrap();
        let source = SourceId::parse("gate").unwrap();
        let days = self.lake.indexed_days(&snapshot, &source).unwrap();
        days.into_iter().map(|day| self.lake.index(&snapshot, &source, day).unwrap().unwrap().entries).sum()
    }
}

/// A line of an invented Squid log: seconds after 2026-11-05T09:00:00Z, a person and a page.
pub(crate) fn squid(second: f64, user: &str, page: &str) -> String {
    format!(
        "{:.3}     61 10.20.30.41 TCP_MISS/200 8811 GET http://www.maps.example/{page} {user} HIER_DIRECT/192.0.2.8 text/html",
        1_793_869_200.0 + second
    )
}

/// Counts equal rows.
pub(crate) fn multiset(rows: Vec<String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    rows.into_iter().for_each(|row| *counts.entry(row).or_insert(0) += 1);
    counts
}
