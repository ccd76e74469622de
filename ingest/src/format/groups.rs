//! Parts a format's columns by whether the fields they are made of repeat from record to record or vary.

use super::columns::Column;
use super::plan::TimeForm;
use crate::decode::NO_SLOT;
use crate::decoded::{Field, WHAT, WHO};

/// Columns that differ from one request to the next; the fields they come from are not worth remembering.
const VARYING: [Field; 7] =
    [Field::Url, Field::Host, Field::Path, Field::Query, Field::Referrer, Field::SearchTerm, Field::Concern];

/// The fields that vary: those of addresses, times and sizes.
pub(super) fn varying(columns: &[(Field, Column)], time: &[TimeForm], sizes: &[Option<Column>]) -> Vec<u16> {
    let mut fields: Vec<u16> = Vec::new();
    for (_, column) in columns.iter().filter(|(field, _)| VARYING.contains(field)) {
        fields.extend(column.sources.iter().flat_map(|source| source.slots.iter()));
    }
    for form in time {
        match form {
            TimeForm::Epoch { slot, .. } => fields.push(*slot),
            TimeForm::Layout { slots, zone, .. } => fields.extend(slots.iter().chain(zone)),
        }
    }
    fields.extend(sizes.iter().flatten().flat_map(Column::fields));
    fields
}

/// Columns whose fields repeat together from record to record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    pub(crate) columns: Vec<(Field, Column)>,
    /// Fields that the columns, and what else is remembered with them, look at. None of them varies.
    pub(crate) fields: Vec<u16>,
    /// All columns of the kind are here, so a record's number tells all of them.
    pub(crate) is_whole: bool,
}

/// Columns apart by whether their fields repeat.
pub(super) struct Grouped {
    pub(super) who: Group,
    pub(super) what: Group,
    pub(super) others: Vec<(Field, Column)>,
}

impl Grouped {
    /// Puts `columns` into groups; a column that looks at a field that `varies` stays outside.
    pub(super) fn new(columns: Vec<(Field, Column)>, varies: impl Fn(u16) -> bool) -> Self {
        let [mut who, mut what] = [(); 2].map(|()| Group { is_whole: true, ..Group::default() });
        let mut others = Vec::new();
        for (field, column) in columns {
            let group = match field {
                field if WHO.contains(&field) => Some(&mut who),
                field if WHAT.contains(&field) => Some(&mut what),
                _ => None,
            };
            match group {
                Some(group) if column.fields().any(&varies) => {
                    group.is_whole = false;
                    others.push((field, column));
                }
                Some(group) => {
                    group.fields.extend(column.fields());
                    group.columns.push((field, column));
                }
                None => others.push((field, column)),
            }
        }
        Self { who, what, others }
    }
}

impl Group {
    /// Each field once.
    pub(super) fn tidy(&mut self) {
        self.fields.retain(|field| *field != NO_SLOT);
        self.fields.sort_unstable();
        self.fields.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::columns::Source;

    fn column(slots: &[u16]) -> Column {
        Column { sources: vec![Source { slots: slots.to_vec(), ..Source::default() }] }
    }

    #[test]
    fn a_column_of_a_field_that_varies_stays_outside() {
        let columns = vec![
            (Field::Url, column(&[1])),
            (Field::User, column(&[2])),
            (Field::Site, column(&[1])),
            (Field::Method, column(&[3])),
        ];
        let time = [TimeForm::Epoch { slot: 0, unit: crate::format::time::Epoch::Seconds }];
        let varying = varying(&columns, &time, &[None, Some(column(&[4]))]);
        assert_eq!(varying, [1, 0, 4]);
        let grouped = Grouped::new(columns, |field| varying.contains(&field));
        let fields = |columns: &[(Field, Column)]| columns.iter().map(|(field, _)| *field).collect::<Vec<_>>();
        assert_eq!(fields(&grouped.who.columns), [Field::User]);
        assert!(!grouped.who.is_whole, "the site is told by the address");
        assert_eq!((fields(&grouped.what.columns), grouped.what.is_whole), (vec![Field::Method], true));
        assert_eq!(fields(&grouped.others), [Field::Url, Field::Site]);
    }
}
