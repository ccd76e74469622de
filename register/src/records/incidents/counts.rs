//! Incidents counted for governors: numbers alone, and none that tells of fewer than five people, by itself or by what is left of a sum.

use std::collections::{BTreeMap, BTreeSet};

use super::{Incident, IncidentField, IncidentHolds};

/// Under so many people nothing is told.
const FEW: usize = 5;

/// One part of a sum that may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is, in words.
    pub words: &'static str,
    /// How many incidents.
    pub incidents: u32,
}

/// Incidents of a time, as far as governors may read of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncidentCounts {
    /// How many; none where they are of fewer than five people, perhaps none.
    pub all: Option<u32>,
    /// By what they are about, each under the first of its themes. Empty where it can't be told.
    pub themes: Vec<Part>,
    /// By what came of them; those still open are a part.
    pub outcomes: Vec<Part>,
    /// Told to a body outside, or not.
    pub referred: Vec<Part>,
    /// Told to the safeguarding lead on the same day, later, or nobody wrote down when.
    pub same_day: Vec<Part>,
    /// A worry, or a false alarm; closed ones.
    pub real: Vec<Part>,
    /// A policy or teaching is to change because of it, or not.
    pub learned: Vec<Part>,
}

/// People and incidents of a part.
#[derive(Default)]
struct Heap<'a> {
    people: BTreeSet<Whom<'a>>,
    incidents: u32,
}

/// Somebody an incident is about. Of one without a key nobody knows who it was: somebody of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Whom<'a> {
    Key(&'a str),
    Unknown(i64),
}

fn people<'a>(incident: &'a Incident) -> impl Iterator<Item = Whom<'a>> {
    let unknown = incident.keys.is_empty().then_some(Whom::Unknown(incident.id));
    incident.keys.iter().map(|key| Whom::Key(key.as_str())).chain(unknown)
}

impl IncidentCounts {
    /// Counts them.
    pub fn of(incidents: &[&Incident]) -> Self {
        let all: BTreeSet<Whom<'_>> = incidents.iter().flat_map(|incident| people(incident)).collect();
        if all.len() < FEW {
            return Self::default();
        }
        let yes_no = |yes: &'static str, no: &'static str, is_it: fn(&Incident) -> bool| {
            parts(incidents, move |incident| Some(if is_it(incident) { yes } else { no }))
        };
        Self {
            all: Some(incidents.len() as u32),
            themes: parts(incidents, |incident| word("themes", incident.several("themes").next()?)),
            outcomes: parts(incidents, |incident| match incident.is_open() {
                true => Some("still open"),
                false => word("outcome", incident.says("outcome")),
            }),
            referred: yes_no("told to a body outside", "not told outside", |incident| incident.told_outside().next().is_some()),
            same_day: parts(incidents, |incident| {
                Some(match incident.was_told_same_day() {
                    Some(true) => "told to the safeguarding lead on the same day",
                    Some(false) => "told to the safeguarding lead on a later day",
                    None => "when the safeguarding lead was told is not recorded",
                })
            }),
            real: parts(incidents, |incident| match (incident.is_open(), incident.says("real")) {
                (true, _) => Some("still open"),
                (false, "no") => Some("a false alarm"),
                (false, _) => Some("a worry"),
            }),
            learned: yes_no("led to a change of policy or teaching", "led to no such change", |incident| {
                ["policy", "teaching"].iter().any(|field| incident.says(field) == "yes")
            }),
        }
    }
}

/// How a field's word is said.
fn word(field: &str, word: &str) -> Option<&'static str> {
    match IncidentField::of(field)?.holds {
        IncidentHolds::OneOf(words) | IncidentHolds::Several(words) => {
            words.iter().find(|(known, _)| *known == word).map(|(_, words)| *words)
        }
        _ => None,
    }
}

/// A sum parted so that every part is of five people at least. Small parts are put together; where what is put together is still small, the
/// next smallest part joins it, so that nothing is left over by subtraction. Where only one part would remain, nothing is told.
fn parts(incidents: &[&Incident], part_of: impl Fn(&Incident) -> Option<&'static str>) -> Vec<Part> {
    let mut heaps: BTreeMap<&'static str, Heap<'_>> = BTreeMap::new();
    for incident in incidents {
        let heap = heaps.entry(part_of(incident).unwrap_or("something else")).or_default();
        heap.incidents += 1;
        heap.people.extend(people(incident));
    }
    let mut heaps: Vec<(&'static str, Heap<'_>)> = heaps.into_iter().collect();
    heaps.sort_by_key(|(words, heap)| (heap.people.len().min(heap.incidents as usize), *words));
    let is_small = |heap: &Heap<'_>| heap.people.len() < FEW || (heap.incidents as usize) < FEW;
    let mut rest = Heap::default();
    let mut joined = 0;
    let mut shown = Vec::new();
    for (words, heap) in heaps {
        if is_small(&heap) || joined > 0 && (joined < 2 || is_small(&rest)) {
            rest.people.extend(heap.people.iter().copied());
            rest.incidents += heap.incidents;
            joined += 1;
        } else {
            shown.push(Part { words, incidents: heap.incidents });
        }
    }
    if shown.is_empty() {
        return Vec::new();
    }
    shown.sort_by_key(|part| (std::cmp::Reverse(part.incidents), part.words));
    if joined > 0 {
        shown.push(Part { words: "all others together", incidents: rest.incidents });
    }
    shown
}

#[cfg(test)]
mod tests {
    use weir_lake::ids::{SchoolId, UserKey};

    use super::super::{IncidentAbout, IncidentStep, Step};
    use super::*;
    use crate::AccountId;

    fn incident(id: i64, person: u8, theme: &str) -> Incident {
        let said = [("happened", "2026-11-20"), ("themes", theme)].map(|(name, text)| (name.to_owned(), text.to_owned()));
        Incident {
            id,
            school: SchoolId::parse("oak").unwrap(),
            about: IncidentAbout::Pupil,
            opened_by: AccountId(1),
            opened_at: 0,
            keys: BTreeSet::from([UserKey::parse(&format!("k1-{person:032x}")).unwrap()]),
            alerts: BTreeSet::new(),
            steps: vec![Step { what: IncidentStep::Opened, by: "a".into(), at: 0, said: said.into() }],
        }
    }

    fn of(counts: &[(&'static str, u8)]) -> Vec<Incident> {
        let mut all = Vec::new();
        for (theme, count) in counts {
            for _ in 0..*count {
                let number = all.len() as u8 + 1;
                all.push(incident(i64::from(number), number, theme));
            }
        }
        all
    }

    #[test]
    fn no_part_and_no_rest_tells_of_fewer_than_five_people() {
        let told = |counts: &[(&'static str, u8)]| {
            let incidents = of(counts);
            let counted = IncidentCounts::of(&incidents.iter().collect::<Vec<_>>());
            let parts: Vec<(&str, u32)> = counted.themes.iter().map(|part| (part.words, part.incidents)).collect();
            (counted.all, parts)
        };
        assert_eq!(told(&[]), (None, vec![]));
        assert_eq!(told(&[("drugs", 4)]), (None, vec![]));
        assert_eq!(told(&[("drugs", 5)]), (Some(5), vec![("drugs, alcohol, tobacco and vaping", 5)]));
        // 8 and 1: the one would be what is left of 9, so nothing is told.
        assert_eq!(told(&[("drugs", 8), ("hate", 1)]), (Some(9), vec![]));
        // 9, 6 and 1: the 6 go with the 1.
        assert_eq!(
            told(&[("drugs", 9), ("bullying", 6), ("hate", 1)]),
            (Some(16), vec![("drugs, alcohol, tobacco and vaping", 9), ("all others together", 7)])
        );
        // 9, 3 and 3: together they are six people.
        assert_eq!(
            told(&[("drugs", 9), ("bullying", 3), ("hate", 3)]),
            (Some(15), vec![("drugs, alcohol, tobacco and vaping", 9), ("all others together", 6)])
        );
        assert_eq!(told(&[("gambling", 5), ("hate", 7)]), (Some(12), vec![("hate", 7), ("gambling", 5)]));
    }

    #[test]
    fn one_child_in_many_incidents_is_one_child() {
        let incidents: Vec<Incident> = (1..=9).map(|id| incident(id, 1, "drugs")).collect();
        assert_eq!(IncidentCounts::of(&incidents.iter().collect::<Vec<_>>()), IncidentCounts::default());
        // Four others make five people; eight of the nine incidents of one theme are one child's.
        let mut incidents: Vec<Incident> = (1..=9).map(|id| incident(id, 1, "hate")).collect();
        incidents.extend((10..=15).map(|id| incident(id, id as u8, "drugs")));
        let counted = IncidentCounts::of(&incidents.iter().collect::<Vec<_>>());
        assert_eq!((counted.all, counted.themes), (Some(15), vec![]));
    }
}
