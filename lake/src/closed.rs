//! Closed dates: a (school, source, date) whose figures stand. It closes only on a verification's agreement and 14 days after its last
//! line, its later lines are ignored and counted, and nothing rewrites it until somebody opens it again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::data_file::date_name;
use crate::ids::{RunId, SchoolId, SourceId};
use crate::lake::{Change, ChangeKind, Lake, LakeError, Slice, Snapshot};
use crate::state::read_record;
use crate::undo::{MICROS_A_DAY, event_days};

/// The reason in the ledger under which later lines of a closed date are counted.
pub const CLOSED_DATE: &str = "closed_date";

/// Days that must pass after the last line of a date came. Exports lag: a laptop that was at home sends its log a week later.
pub const DAYS_UNTIL_CLOSING: i64 = 14;

/// Times a closing is done over when another run changed the lake first.
const ATTEMPTS: usize = 3;

/// BLAKE3 of a slice's rollup rows in a fixed order, as one engine computed them from the raw rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiguresDigest([u8; 32]);

impl FiguresDigest {
    /// The digest of a slice's figures in an encoding that both engines share.
    pub fn of(figures: &[u8]) -> Self {
        Self(*blake3::hash(figures).as_bytes())
    }
}

/// The proof that a verification agreed: slices whose figures two engines computed alike at one lake version.
///
/// [`Agreement::between`] is the only way to one. It makes the comparison itself, so what differs can't be in it; only something that
/// has recomputed a slice twice, as a verification does, has what it asks for.
#[derive(Debug, Clone)]
pub struct Agreement {
    lake_version: u64,
    slices: BTreeMap<Slice, FiguresDigest>,
}

impl Agreement {
    /// Compares what two engines made of the raw rows of a snapshot. Gives the agreement on what both computed alike, and the slices
    /// on which they differ or of which one of them told nothing; those don't close.
    pub fn between(
        snapshot: &Snapshot,
        rolled_up: &BTreeMap<Slice, FiguresDigest>,
        recomputed: &BTreeMap<Slice, FiguresDigest>,
    ) -> (Self, BTreeSet<Slice>) {
        let (mut slices, mut differing) = (BTreeMap::new(), BTreeSet::new());
        for slice in rolled_up.keys().chain(recomputed.keys()) {
            match (rolled_up.get(slice), recomputed.get(slice)) {
                (Some(one), Some(other)) if one == other => drop(slices.insert(slice.clone(), *one)),
                _ => drop(differing.insert(slice.clone())),
            }
        }
        (Self { lake_version: snapshot.version, slices }, differing)
    }

    /// The slices agreed on.
    pub fn slices(&self) -> impl Iterator<Item = &Slice> {
        self.slices.keys()
    }
}

/// The closing of one slice as a lake commit records it. Only [`Lake::close`] makes one on an agreement; retention makes one without,
/// where it takes the raw rows that a verification would read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    pub(crate) slice: Slice,
    /// The lake version at which the figures were verified, and what they were.
    pub(crate) verified_at: u64,
    pub(crate) figures: FiguresDigest,
}

impl Closing {
    /// The closing of a slice whose raw rows go unverified: version 0 and the digest of nothing say so.
    pub(crate) fn unverified(slice: Slice) -> Self {
        Self { slice, verified_at: 0, figures: FiguresDigest::of(b"") }
    }
}

/// Days since 1970 as inclusive ranges, in order and apart: a closed year of a school is a handful of them, not 365 entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Days(Vec<(i32, i32)>);

impl Days {
    fn contains(&self, day: i32) -> bool {
        let at = self.0.partition_point(|(_, to)| *to < day);
        self.0.get(at).is_some_and(|(from, _)| *from <= day)
    }

    fn insert(&mut self, day: i32) {
        if self.contains(day) {
            return;
        }
        let at = self.0.partition_point(|(_, to)| *to < day);
        self.0.insert(at, (day, day));
        let mut joined: Vec<(i32, i32)> = Vec::with_capacity(self.0.len());
        for (from, to) in self.0.drain(..) {
            match joined.last_mut() {
                Some(last) if last.1.saturating_add(1) >= from => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        self.0 = joined;
    }

    fn remove(&mut self, day: i32) {
        self.0 = std::mem::take(&mut self.0)
            .into_iter()
            .flat_map(
                |(from, to)| {
                    if (from..=to).contains(&day) { [(from, day - 1), (day + 1, to)] } else { [(from, to), (1, 0)] }
                },
            )
            .filter(|(from, to)| from <= to)
            .collect();
    }
}

/// The closed dates of a lake version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClosedDates(BTreeMap<SourceId, BTreeMap<SchoolId, Days>>);

impl ClosedDates {
    /// Whether a date (days since 1970) of a school's source is closed.
    pub fn contains(&self, school: &SchoolId, source: &SourceId, date: i32) -> bool {
        self.0.get(source).and_then(|schools| schools.get(school)).is_some_and(|days| days.contains(date))
    }

    /// Whether a slice is closed.
    pub fn has(&self, slice: &Slice) -> bool {
        self.contains(&slice.school_id, &slice.source_id, slice.date)
    }

    /// Whether any date of a source is closed.
    pub fn has_source(&self, source: &SourceId) -> bool {
        self.0.contains_key(source)
    }

    /// Every closed slice of a source, by school and date.
    pub fn of_source<'a>(&'a self, source: &'a SourceId) -> impl Iterator<Item = Slice> + 'a {
        self.0.get(source).into_iter().flatten().flat_map(move |(school, days)| {
            days.0.iter().flat_map(|(from, to)| *from..=*to).map(move |date| Slice {
                school_id: school.clone(),
                source_id: source.clone(),
                date,
            })
        })
    }

    pub(crate) fn insert(&mut self, slice: &Slice) {
        let schools = self.0.entry(slice.source_id.clone()).or_default();
        schools.entry(slice.school_id.clone()).or_default().insert(slice.date);
    }

    pub(crate) fn remove(&mut self, slice: &Slice) {
        let Some(schools) = self.0.get_mut(&slice.source_id) else { return };
        if let Some(days) = schools.get_mut(&slice.school_id) {
            days.remove(slice.date);
        }
        schools.retain(|_, days| !days.0.is_empty());
        self.0.retain(|_, schools| !schools.is_empty());
    }
}

/// The school of a file's lines, none where it holds several schools', and when the file came.
type Came = (Option<SchoolId>, i64);

/// A slice in words.
pub(crate) fn words(slice: &Slice) -> String {
    format!("{} of source {} at school {}", date_name(slice.date), slice.source_id, slice.school_id)
}

/// The error of a change that would touch a closed slice.
pub(crate) fn is_closed(slice: &Slice) -> LakeError {
    let date = date_name(slice.date);
    LakeError::Closed { what: words(slice), mend: format!("weir reopen {} {} {date} {date}", slice.school_id, slice.source_id) }
}

impl Lake {
    /// When the last line came of each slice's source that may be of its date: of the days at either end of a file, that is more than
    /// are truly in it, so a date may close up to two days late and never early. None where no line came.
    pub fn last_lines<'s>(
        &self,
        snapshot: &Snapshot,
        slices: impl IntoIterator<Item = &'s Slice>,
    ) -> Result<BTreeMap<Slice, Option<i64>>, LakeError> {
        let mut came: BTreeMap<(SourceId, i32), Vec<Came>> = BTreeMap::new();
        for receipt in self.receipts(snapshot)? {
            for day in event_days(&receipt) {
                let lines = came.entry((receipt.source_id.clone(), day)).or_default();
                lines.push((receipt.school_id.clone(), receipt.received_at));
            }
        }
        Ok(slices
            .into_iter()
            .map(|slice| {
                let lines = came.get(&(slice.source_id.clone(), slice.date)).into_iter().flatten();
                let own = lines.filter(|(school, _)| school.as_ref().is_none_or(|school| *school == slice.school_id));
                (slice.clone(), own.map(|(_, at)| *at).max())
            })
            .collect())
    }

    /// Closes the slices of an agreement in one commit and gives the lake version. `now_micros` is the clock.
    ///
    /// All or none: refused where the last line of one came less than 14 days ago, where one has changed since it was verified, is not
    /// rolled up or is closed already.
    pub fn close(&self, agreement: &Agreement, now_micros: i64, run_id: &RunId) -> Result<u64, LakeError> {
        let mut attempt = 1;
        loop {
            match self.try_close(agreement, now_micros, run_id) {
                Err(LakeError::LostRace { .. }) if attempt < ATTEMPTS => attempt += 1,
                other => return other,
            }
        }
    }

    fn try_close(&self, agreement: &Agreement, now_micros: i64, run_id: &RunId) -> Result<u64, LakeError> {
        let snapshot = self.snapshot()?;
        let refused = |slice: &Slice, problem: String| LakeError::MayNotClose { what: words(slice), problem };
        for (slice, last) in self.last_lines(&snapshot, agreement.slices())? {
            let Some(last) = last else { return Err(refused(&slice, String::from("no line of it came"))) };
            let opens = last.saturating_add(DAYS_UNTIL_CLOSING * MICROS_A_DAY);
            if now_micros < opens {
                let day = |micros: i64| date_name(i32::try_from(micros.div_euclid(MICROS_A_DAY)).unwrap_or(0));
                let problem = format!(
                    "its last line came on {}; it may close {DAYS_UNTIL_CLOSING} days later, from {} on",
                    day(last),
                    day(opens + MICROS_A_DAY - 1)
                );
                return Err(refused(&slice, problem));
            }
        }
        let changed = || String::from("it has changed since it was verified; verify it again");
        if let Some(slice) = agreement.slices().find(|slice| snapshot.stale.contains(slice)) {
            return Err(refused(slice, String::from("its figures are not up to date; run `weir rollup` and verify it again")));
        }
        for version in agreement.lake_version + 1..=snapshot.version {
            let record = read_record(&self.storage, version)?.ok_or(LakeError::Gone { version: agreement.lake_version })?;
            let touches = |slice: &&Slice| record.stale.contains(*slice) || record.rolled.contains(*slice);
            if let Some(slice) = agreement.slices().find(touches) {
                return Err(refused(slice, changed()));
            }
        }
        let closings = agreement.slices.iter().map(|(slice, figures)| Closing {
            slice: slice.clone(),
            verified_at: agreement.lake_version,
            figures: *figures,
        });
        let change = Change::new(ChangeKind::Close, run_id.clone(), snapshot.version);
        self.commit(Change { closes: closings.collect(), ..change })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lake::Receipt;
    use crate::test_rows::{FILE, batch_of, change, receipt, run};

    const DAY: i32 = 20_762;
    const CAME: i64 = 1_793_872_800_000_000;

    fn slice(school: &str, date: i32) -> Slice {
        Slice { school_id: SchoolId::parse(school).unwrap(), source_id: SourceId::parse("gate").unwrap(), date }
    }

    fn agreed(lake: &Lake, slices: &[Slice]) -> Agreement {
        let figures: BTreeMap<_, _> = slices.iter().map(|slice| (slice.clone(), FiguresDigest::of(b"9 blocked"))).collect();
        Agreement::between(&lake.snapshot().unwrap(), &figures, &figures).0
    }

    /// A lake in which a line of DAY came.
    fn lake_of_a_day(folder: &std::path::Path) -> Lake {
        let lake = Lake::open(folder).unwrap();
        let at = i64::from(DAY) * MICROS_A_DAY + 9 * 3_600_000_000;
        let mut writer = crate::event_file::EventFileWriter::create(folder, DAY, "one").unwrap();
        writer.append(&batch_of(&[("ash", DAY, at)]), &[0]).unwrap();
        let adds = vec![(crate::schema::Table::Events, writer.finish(&[]).unwrap())];
        lake.commit(Change { adds, receipts: vec![receipt(FILE, 1, (at, at))], ..change(0) }).unwrap();
        lake
    }

    const RIPE: i64 = CAME + DAYS_UNTIL_CLOSING * MICROS_A_DAY;

    #[test]
    fn two_engines_that_differ_close_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let lake = lake_of_a_day(folder.path());
        let (one, other) = (slice("ash", DAY), slice("ash", DAY + 1));
        let figures = |pairs: &[(&Slice, &[u8])]| -> BTreeMap<Slice, FiguresDigest> {
            pairs.iter().map(|(slice, figures)| ((*slice).clone(), FiguresDigest::of(figures))).collect()
        };
        let ours = figures(&[(&one, b"9 blocked"), (&other, b"4 blocked")]);
        for theirs in [figures(&[(&one, b"9 blocked"), (&other, b"5 blocked")]), figures(&[(&one, b"9 blocked")])] {
            let (agreement, differing) = Agreement::between(&lake.snapshot().unwrap(), &ours, &theirs);
            assert_eq!(agreement.slices().collect::<Vec<_>>(), [&one]);
            assert_eq!(differing, BTreeSet::from([other.clone()]));
        }
    }

    #[test]
    fn a_date_closes_fourteen_days_after_its_last_line_and_not_a_moment_before() {
        let folder = tempfile::tempdir().unwrap();
        let lake = lake_of_a_day(folder.path());
        let day = slice("ash", DAY);
        let agreement = agreed(&lake, std::slice::from_ref(&day));
        let early = lake.close(&agreement, RIPE - 1, &run());
        assert!(matches!(&early, Err(LakeError::MayNotClose { .. })), "{early:?}");
        assert!(!lake.snapshot().unwrap().closed.has(&day));
        assert_eq!(lake.close(&agreement, RIPE, &run()).unwrap(), 2);
        let snapshot = Lake::open(folder.path()).unwrap().snapshot().unwrap();
        assert!(
            snapshot.closed.has(&day) && !snapshot.closed.has(&slice("ash", DAY + 1)) && !snapshot.closed.has(&slice("elm", DAY))
        );
        assert!(snapshot.closed.of_source(&day.source_id).eq([day.clone()]));
        let twice = lake.close(&agreed(&lake, std::slice::from_ref(&day)), RIPE, &run());
        assert!(matches!(twice, Err(LakeError::Closed { .. })));
        let unseen = lake.close(&agreed(&lake, &[slice("elm", DAY)]), RIPE, &run());
        assert!(matches!(unseen, Err(LakeError::MayNotClose { .. })), "no line of that school came: {unseen:?}");
    }

    #[test]
    fn a_date_that_changed_since_it_was_verified_stays_open() {
        let folder = tempfile::tempdir().unwrap();
        let lake = lake_of_a_day(folder.path());
        let day = slice("ash", DAY);
        let agreement = agreed(&lake, std::slice::from_ref(&day));
        let one = BTreeSet::from([day.clone()]);
        lake.commit(Change { stale: one.clone(), ..change(1) }).unwrap();
        assert!(matches!(lake.close(&agreement, RIPE, &run()), Err(LakeError::MayNotClose { .. })), "not rolled up");
        lake.commit(Change { kind: ChangeKind::Rollup, rolled: one, ..change(2) }).unwrap();
        assert!(matches!(lake.close(&agreement, RIPE, &run()), Err(LakeError::MayNotClose { .. })), "rolled up since");
        lake.close(&agreed(&lake, std::slice::from_ref(&day)), RIPE, &run()).unwrap();
    }

    #[test]
    fn no_commit_touches_a_closed_date() {
        let folder = tempfile::tempdir().unwrap();
        let lake = lake_of_a_day(folder.path());
        let day = slice("ash", DAY);
        lake.close(&agreed(&lake, std::slice::from_ref(&day)), RIPE, &run()).unwrap();
        let one = BTreeSet::from([day]);
        let stale = lake.commit(Change { stale: one.clone(), ..change(2) });
        assert!(matches!(stale, Err(LakeError::Closed { .. })), "{stale:?}");
        let rolled = lake.commit(Change { kind: ChangeKind::Rollup, rolled: one, ..change(2) });
        assert!(matches!(rolled, Err(LakeError::Closed { .. })));
        let undone =
            lake.undo_plan(&lake.snapshot().unwrap(), &crate::undo::UndoTarget::File(crate::ids::FileId::parse(FILE).unwrap()));
        assert!(matches!(undone, Err(LakeError::Closed { .. })), "{undone:?}");
        let next = Receipt { received_at: RIPE, ..receipt(&FILE.replace("aa", "ab"), 0, (1, 2)) };
        lake.commit(Change { receipts: vec![next], ..change(2) }).unwrap();
    }

    #[test]
    fn a_lake_from_before_dates_closed_is_read() {
        let state: crate::state::State =
            serde_json::from_str(r#"{"format":1,"version":3,"at":0,"delta":{},"files":{},"index":{},"stale":[]}"#).unwrap();
        assert_eq!(state.closed, ClosedDates::default());
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn ranges_hold_what_a_set_holds(changes in prop::collection::vec((any::<bool>(), -5i32..15), 0..60)) {
            let (mut days, mut set) = (ClosedDates::default(), BTreeSet::new());
            for (closes, date) in changes {
                if closes {
                    days.insert(&slice("ash", date));
                    set.insert(date);
                } else {
                    days.remove(&slice("ash", date));
                    set.remove(&date);
                }
                let source = SourceId::parse("gate").unwrap();
                let held: Vec<i32> = days.of_source(&source).map(|slice| slice.date).collect();
                prop_assert_eq!(&held, &set.iter().copied().collect::<Vec<_>>());
                prop_assert!((-6..16).all(|date| days.has(&slice("ash", date)) == set.contains(&date)));
                let text = serde_json::to_string(&days).unwrap();
                prop_assert_eq!(serde_json::from_str::<ClosedDates>(&text).unwrap(), days.clone());
            }
        }
    }
}
