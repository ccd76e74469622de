//! What an ingest did and found, as plain data without any person's name: for the command line, the nightly mail and the audit.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::format::Mends;

/// `lines = events + admin_events + ignored + quarantined`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Lines read.
    pub lines: u64,
    /// Lines that became events.
    pub events: u64,
    /// Lines that became admin events.
    pub admin_events: u64,
    /// Reason -> lines ignored.
    pub ignored: BTreeMap<String, u64>,
    /// Lines in quarantine.
    pub quarantined: u64,
}

impl Ledger {
    /// Adds another input's.
    pub fn add(&mut self, other: &Ledger) {
        self.lines += other.lines;
        self.events += other.events;
        self.admin_events += other.admin_events;
        self.quarantined += other.quarantined;
        for (reason, lines) in &other.ignored {
            *self.ignored.entry(reason.clone()).or_insert(0) += lines;
        }
    }

    /// Lines ignored, all reasons.
    pub fn ignored_lines(&self) -> u64 {
        self.ignored.values().sum()
    }
}

/// What a second reading of quarantined lines came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayReport {
    /// The run.
    pub run_id: String,
    /// The source.
    pub source_id: String,
    /// The lake version it made; none where nothing could be read.
    pub lake_version: Option<u64>,
    /// What became of the lines, by format and reason.
    pub lines: Vec<Replayed>,
}

/// What became of the lines of one format that were quarantined for one reason.
/// `lines = events + admin_events + ignored + stay`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// The format they were read as when they were quarantined.
    pub format_id: String,
    /// Why they were.
    pub reason: String,
    /// How many there were.
    pub lines: u64,
    /// Lines that are events now.
    pub events: u64,
    /// Lines that are admin events now.
    pub admin_events: u64,
    /// Reason -> lines that a ledger tells as ignored now.
    pub ignored: BTreeMap<String, u64>,
    /// Lines that stay in quarantine.
    pub stay: u64,
    /// Of those, lines whose date is closed.
    pub closed: u64,
    /// Of those, lines that were not tried: cut short, damaged, or sealed under another vault.
    pub not_tried: u64,
}

/// What became of one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileStatus {
    /// Read and in the lake.
    Read,
    /// Read before: nothing was added.
    AlreadyRead,
    /// Only a line that is not finished yet; a later run reads it.
    Waiting,
    /// Has no bytes.
    Empty,
    /// Refused as a whole, see the message.
    Refused,
}

/// One input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Where it lies; a member of an archive after `!`.
    pub path: String,
    /// What became of it.
    pub status: FileStatus,
    /// Its format, where one was found.
    pub format: Option<String>,
    /// Its id, where something of it was read.
    pub file_id: Option<String>,
    /// Bytes read before by another run; reading went on behind them.
    pub bytes_before: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes of a last line that is not finished yet.
    pub waiting_bytes: u64,
    /// What became of its lines.
    pub ledger: Ledger,
    /// Lines it brought for dates that are closed, by school. They were ignored; the file is to be kept until someone was told.
    pub closed: Vec<ClosedLines>,
    /// The number of rows at which the vendor's portal cuts such an export, where the file has exactly as many.
    pub cut_at: Option<u64>,
    /// Why it was refused, or what else a person should know.
    pub message: Option<String>,
}

/// Lines of closed dates that a file brought too late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClosedLines {
    /// The school.
    pub school_id: String,
    /// First and last of the dates, as `2026-11-05`.
    pub from: String,
    /// Last of them.
    pub to: String,
    /// Lines that were ignored.
    pub lines: u64,
}

/// Something a source does not give, what that costs, and what mends it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingEvidence {
    /// What is missing.
    pub missing: &'static str,
    /// Share of decisions that have it, 0 to 1.
    pub share: f64,
    /// What can't be said without it.
    pub costs: &'static str,
    /// The setting of the filter that mends it: the product's own where its format file tells, otherwise in general.
    pub mend: String,
}

/// What the decisions of a run had to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Rows of kind web, dns or app.
    pub decisions: u64,
    /// Rows with the key of one person.
    pub identified: u64,
    /// Web rows.
    pub web: u64,
    /// Web rows over TLS.
    pub https: u64,
    /// Web rows over TLS of which more than the host is seen.
    pub https_with_path: u64,
    /// Rows let through.
    pub allowed: u64,
    /// Rows with a vendor's category.
    pub vendor_categorised: u64,
    /// Rows with a canonical category.
    pub categorised: u64,
    /// Rows with a search term.
    pub searches: u64,
}

impl Evidence {
    /// Adds another worker's.
    pub fn add(&mut self, other: &Evidence) {
        self.decisions += other.decisions;
        self.identified += other.identified;
        self.web += other.web;
        self.https += other.https;
        self.https_with_path += other.https_with_path;
        self.allowed += other.allowed;
        self.vendor_categorised += other.vendor_categorised;
        self.categorised += other.categorised;
        self.searches += other.searches;
    }

    /// What is missing so much that figures can't be made, with the mend. Nothing is said about fewer than a hundred decisions.
    pub fn missing(&self, mends: &Mends) -> Vec<MissingEvidence> {
        let mend = |own: &Option<String>, general: &str| own.as_deref().unwrap_or(general).to_owned();
        let mut missing = Vec::new();
        if self.decisions < 100 {
            return missing;
        }
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        // Below half identified the design calls no figure.
        let identified = share(self.identified, self.decisions);
        if identified < 0.5 {
            missing.push(MissingEvidence {
                missing: "names of people",
                share: identified,
                costs: "rates per 100 pupils, pupil-weeks and every figure by year group: fewer than half the decisions name a person",
                mend: mend(
                    &mends.identity,
                    "turn on user identification at the filter (single sign-on, directory agent, or sign-in at the proxy) and log the user name",
                ),
            });
        }
        let seen = share(self.https_with_path, self.https);
        if self.https >= 100 && seen < 0.5 {
            missing.push(MissingEvidence {
                missing: "what lies behind the host of https pages",
                share: seen,
                costs: "search terms, safe search and concerns from searches: most https requests show their host only",
                mend: mend(
                    &mends.decryption,
                    "turn on TLS (HTTPS) inspection at the filter for managed devices and log the full URL",
                ),
            });
        }
        // Only where paths are seen: otherwise inspection comes first. A thousand requests of a school without one search are no chance.
        let is_open = self.https < 100 || seen >= 0.5;
        if self.web >= 1000 && is_open && self.searches == 0 {
            missing.push(MissingEvidence {
                missing: "search terms",
                share: 0.0,
                costs: "concerns from searches and safe search: not one request shows what was searched for",
                mend: mend(&mends.search, "log the whole address of each request, with what stands after the question mark"),
            });
        }
        let allowed = share(self.allowed, self.decisions);
        if allowed < 0.01 {
            missing.push(MissingEvidence {
                missing: "allowed requests",
                share: allowed,
                costs: "every rate that needs all decisions, and filter failures: only refusals are logged",
                mend: mend(
                    &mends.allowed,
                    "log allowed traffic too (in many products: log all sessions, or set the allow action to log)",
                ),
            });
        }
        let named = share(self.vendor_categorised, self.decisions);
        if named < 0.1 {
            missing.push(MissingEvidence {
                missing: "the filter's categories",
                share: named,
                costs: "themes from categories; only search terms and known sites tell a theme",
                mend: String::from("log the URL category with each request"),
            });
        }
        missing
    }
}

/// What an ingest did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IngestReport {
    /// The run.
    pub run_id: String,
    /// The source.
    pub source_id: String,
    /// The lake version that shows the rows; none where nothing was added.
    pub lake_version: Option<u64>,
    /// Each input, in the order read.
    pub files: Vec<FileReport>,
    /// All inputs.
    pub total: Ledger,
    /// What the decisions had to show.
    pub evidence: Evidence,
    /// Whether this was the first time that the source brought rows.
    pub is_first_of_source: bool,
    /// What the source does not give, said at its first ingest.
    pub missing: Vec<MissingEvidence>,
    /// Vendors' categories that no map knows, and their rows.
    pub unmapped_categories: BTreeMap<String, u64>,
    /// Times in the repeated hour of October that their order could not resolve; the first reading was taken.
    pub ambiguous_times: u64,
    /// What else a person should look at.
    pub warnings: Vec<String>,
    /// Seconds it took.
    pub seconds: f64,
}

impl IngestReport {
    /// Inputs that were refused.
    pub fn refused(&self) -> impl Iterator<Item = &FileReport> {
        self.files.iter().filter(|file| file.status == FileStatus::Refused)
    }

    /// Inputs with lines of closed dates: to be kept until someone was told, and read again if the dates are opened.
    pub fn to_keep(&self) -> impl Iterator<Item = &FileReport> {
        self.files.iter().filter(|file| !file.closed.is_empty())
    }

    /// Inputs that their portal probably cut.
    pub fn cut(&self) -> impl Iterator<Item = &FileReport> {
        self.files.iter().filter(|file| file.cut_at.is_some())
    }

    /// Whether someone should look: quarantined lines, lines of closed dates, refused inputs or exports that were cut.
    pub fn has_findings(&self) -> bool {
        self.total.quarantined > 0
            || self.refused().next().is_some()
            || self.to_keep().next().is_some()
            || self.cut().next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_products_own_setting_takes_the_place_of_the_general_one() {
        let bare = Evidence { decisions: 2000, web: 2000, https: 500, https_with_path: 100, ..Evidence::default() };
        let of = |evidence: &Evidence, mends: &Mends| -> Vec<(&'static str, String)> {
            evidence.missing(mends).into_iter().map(|missing| (missing.missing, missing.mend)).collect()
        };
        let general = of(&bare, &Mends::default());
        let names: Vec<_> = general.iter().map(|(missing, _)| *missing).collect();
        let wanted =
            ["names of people", "what lies behind the host of https pages", "allowed requests", "the filter's categories"];
        assert_eq!(names, wanted);
        let mends = Mends { identity: Some("set A".into()), allowed: Some("set B".into()), ..Mends::default() };
        let own = of(&bare, &mends);
        assert_eq!((own[0].1.as_str(), own[2].1.as_str()), ("set A", "set B"));
        assert_eq!((&own[1], &own[3]), (&general[1], &general[3]), "what the format does not tell is told in general");

        // Searches are asked for only where the pages can be seen.
        let seen = Evidence { https_with_path: 500, ..bare.clone() };
        let mends = Mends { search: Some("set C".into()), ..Mends::default() };
        assert!(of(&seen, &mends).contains(&("search terms", String::from("set C"))));
        let searched = Evidence { searches: 1, ..seen };
        assert!(!of(&searched, &mends).iter().any(|(missing, _)| *missing == "search terms"));
        let few = Evidence { decisions: 99, ..Evidence::default() };
        assert!(few.missing(&mends).is_empty());
    }
}
