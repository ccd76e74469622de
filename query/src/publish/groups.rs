//! Which groups of schools have figures of their own: those whose sums an audit can follow exactly.
//!
//! Two groups may lie beside each other or one inside the other. A group that overlaps another in part is left out: its total and the
//! other's would share schools in a way that no exact audit of whole numbers covers.

use std::collections::BTreeSet;

use crate::page::SchoolFacts;

/// A group of schools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// `governing_body`, `trust`, `authority` or `estate`.
    pub kind: &'static str,
    /// Its name in schools.csv; empty for the estate.
    pub name: String,
    /// Positions of its schools.
    pub members: BTreeSet<usize>,
}

/// A school's group of one kind.
type NameOf = fn(&SchoolFacts) -> Option<&String>;

/// Every group of at least two schools, those of each governing body first, the whole estate last.
pub(crate) fn all_groups(schools: &[SchoolFacts]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let kinds: [(&'static str, NameOf); 3] = [
        ("governing_body", |school| school.governing_body.as_ref()),
        ("trust", |school| school.trust.as_ref()),
        ("authority", |school| school.authority.as_ref()),
    ];
    for (kind, name_of) in kinds {
        let names: BTreeSet<&String> = schools.iter().filter_map(name_of).filter(|name| !name.trim().is_empty()).collect();
        for name in names {
            let members = (0..schools.len()).filter(|at| name_of(&schools[*at]) == Some(name)).collect();
            groups.push(Group { kind, name: name.clone(), members });
        }
    }
    groups.push(Group { kind: "estate", name: String::new(), members: (0..schools.len()).collect() });
    groups.retain(|group| group.members.len() > 1);
    groups
}

/// The groups that have totals, larger before smaller, and for each the one it lies in; then for each school the group it lies in.
pub(crate) fn nested(groups: &[Group], schools: usize) -> (Vec<&Group>, Vec<Option<usize>>, Vec<Option<usize>>) {
    let mut kept: Vec<&Group> = Vec::new();
    for group in groups {
        let fits = |other: &&Group| {
            group.members.is_disjoint(&other.members)
                || group.members.is_subset(&other.members)
                || other.members.is_subset(&group.members)
        };
        if kept.iter().all(fits) {
            kept.push(group);
        }
    }
    // Of two groups of the same schools the later one, an authority or the estate, holds the other.
    kept.reverse();
    kept.sort_by_key(|group| std::cmp::Reverse(group.members.len()));
    let holder = |members: &dyn Fn(&Group) -> bool, before: usize| (0..before).rev().find(|at| members(kept[*at]));
    let of_groups = (0..kept.len()).map(|at| holder(&|other: &Group| kept[at].members.is_subset(&other.members), at)).collect();
    let of_schools = (0..schools).map(|school| holder(&|other: &Group| other.members.contains(&school), kept.len())).collect();
    (kept, of_groups, of_schools)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn school(id: &str, body: &str, trust: Option<&str>, authority: &str) -> SchoolFacts {
        SchoolFacts {
            school_id: id.into(),
            name: id.into(),
            phase: "primary".into(),
            nation: "england".into(),
            urn: None,
            governing_body: Some(body.into()),
            trust: trust.map(Into::into),
            authority: Some(authority.into()),
            pupils: Some(200),
        }
    }

    #[test]
    fn groups_lie_beside_or_inside_each_other() {
        let schools = [
            school("ash", "Ash and Beech", Some("Weald Trust"), "Larkshire"),
            school("beech", "Ash and Beech", Some("Weald Trust"), "Larkshire"),
            school("cedar", "Cedar", Some("Weald Trust"), "Marrow Bay"),
            school("dogwood", "Dogwood", None, "Marrow Bay"),
        ];
        let groups = all_groups(&schools);
        let (kept, of_groups, of_schools) = nested(&groups, schools.len());
        let names: Vec<(&str, &str)> = kept.iter().map(|group| (group.kind, group.name.as_str())).collect();
        // Marrow Bay shares Cedar with the trust, but not Dogwood: no total. Larkshire has the schools of the federation.
        assert_eq!(
            names,
            [("estate", ""), ("trust", "Weald Trust"), ("authority", "Larkshire"), ("governing_body", "Ash and Beech")]
        );
        assert_eq!(of_groups, [None, Some(0), Some(1), Some(2)]);
        assert_eq!(of_schools, [Some(3), Some(3), Some(1), Some(0)]);
    }
}
