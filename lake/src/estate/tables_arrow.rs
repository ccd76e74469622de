//! The estate as tables for queries: concrete for each school, so that no query has to know how `*` rows and precedence work.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use jiff::civil::Date;

use super::{Estate, PolicyRow, SchoolOf};
use crate::calendar::{Calendar, epoch_day, school_week_monday};
use crate::ids::SchoolId;

/// Columns of one table as they are built.
#[derive(Default)]
struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    fn text<T: AsRef<str>>(mut self, name: &str, values: impl Iterator<Item = T>) -> Self {
        self.arrays.push(Arc::new(StringArray::from_iter_values(values.collect::<Vec<T>>())));
        self.fields.push(Field::new(name, DataType::Utf8, false));
        self
    }

    fn optional_text<T: AsRef<str>>(mut self, name: &str, values: impl Iterator<Item = Option<T>>) -> Self {
        self.arrays.push(Arc::new(values.collect::<StringArray>()));
        self.fields.push(Field::new(name, DataType::Utf8, true));
        self
    }

    fn date(mut self, name: &str, values: impl Iterator<Item = Date>) -> Self {
        self.arrays.push(Arc::new(Date32Array::from_iter_values(values.map(epoch_day).collect::<Vec<_>>())));
        self.fields.push(Field::new(name, DataType::Date32, false));
        self
    }

    fn optional_date(mut self, name: &str, values: impl Iterator<Item = Option<Date>>) -> Self {
        self.arrays.push(Arc::new(values.map(|date| date.map(epoch_day)).collect::<Date32Array>()));
        self.fields.push(Field::new(name, DataType::Date32, true));
        self
    }

    fn number(mut self, name: &str, values: impl Iterator<Item = i32>) -> Self {
        self.arrays.push(Arc::new(Int32Array::from_iter_values(values.collect::<Vec<_>>())));
        self.fields.push(Field::new(name, DataType::Int32, false));
        self
    }

    fn truth(mut self, name: &str, values: impl Iterator<Item = bool>) -> Self {
        self.arrays.push(Arc::new(values.map(Some).collect::<BooleanArray>()));
        self.fields.push(Field::new(name, DataType::Boolean, false));
        self
    }

    fn batch(self) -> Result<RecordBatch, ArrowError> {
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)
    }
}

/// The tables `schools`, `rolls`, `calendar`, `half_terms`, `school_days`, `policy` and `sources`.
///
/// `calendar` and `policy` are laid out by school: a row of calendar.csv for `*` stands once for each school it holds for, and
/// `policy.precedence` numbers a school's rows in the order they are asked, from 1.
pub fn estate_tables(estate: &Estate, calendar: &Calendar) -> Result<Vec<(&'static str, RecordBatch)>, ArrowError> {
    Ok(vec![
        ("schools", schools(estate)?),
        ("rolls", rolls(estate)?),
        ("calendar", calendar_rows(estate, calendar)?),
        ("half_terms", half_terms(estate, calendar)?),
        ("school_days", school_days(estate, calendar)?),
        ("policy", policy(estate)?),
        ("sources", sources(estate)?),
    ])
}

fn schools(estate: &Estate) -> Result<RecordBatch, ArrowError> {
    let schools = || estate.schools.values();
    let time = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
    Columns::default()
        .text("school_id", schools().map(|school| school.school_id.as_str()))
        .text("name", schools().map(|school| &school.name))
        .optional_text("urn", schools().map(|school| school.urn.as_ref()))
        .text("phase", schools().map(|school| &school.phase))
        .text("nation", schools().map(|school| &school.nation))
        .text("timezone", schools().map(|school| &school.timezone))
        .optional_text("governing_body", schools().map(|school| school.governing_body.as_ref()))
        .optional_text("trust", schools().map(|school| school.trust.as_ref()))
        .optional_text("authority", schools().map(|school| school.authority.as_ref()))
        .optional_date("opens", schools().map(|school| school.opens))
        .optional_date("closes", schools().map(|school| school.closes))
        .text("hours_from", schools().map(|school| time(estate.hours.of(&school.school_id).0)))
        .text("hours_to", schools().map(|school| time(estate.hours.of(&school.school_id).1)))
        .batch()
}

fn rolls(estate: &Estate) -> Result<RecordBatch, ArrowError> {
    let rolls = || estate.rolls.iter();
    Columns::default()
        .text("school_id", rolls().map(|roll| roll.school_id.as_str()))
        .text("academic_year", rolls().map(|roll| roll.academic_year.to_string()))
        .text("year_group", rolls().map(|roll| &roll.year_group))
        .number("pupils", rolls().map(|roll| i32::try_from(roll.pupils).unwrap_or(i32::MAX)))
        .batch()
}

fn calendar_rows(estate: &Estate, calendar: &Calendar) -> Result<RecordBatch, ArrowError> {
    let rows = || estate.schools.keys().flat_map(|school| calendar.rows(school).iter().map(move |row| (school, row)));
    Columns::default()
        .text("school_id", rows().map(|(school, _)| school.as_str()))
        .date("start", rows().map(|(_, row)| row.start))
        .date("end", rows().map(|(_, row)| row.end))
        .text("kind", rows().map(|(_, row)| row.kind.as_str()))
        .text("label", rows().map(|(_, row)| &row.label))
        .batch()
}

fn half_terms(estate: &Estate, calendar: &Calendar) -> Result<RecordBatch, ArrowError> {
    let half_terms: Vec<_> = estate
        .schools
        .keys()
        .flat_map(|school| calendar.all_half_terms(school).into_iter().map(move |half_term| (school, half_term)))
        .collect();
    let rows = || half_terms.iter();
    Columns::default()
        .text("school_id", rows().map(|(school, _)| school.as_str()))
        .text("academic_year", rows().map(|(_, half_term)| half_term.academic_year.to_string()))
        .number("number", rows().map(|(_, half_term)| half_term.number as i32))
        .text("half_term", rows().map(|(_, half_term)| &half_term.label))
        .date("half_term_start", rows().map(|(_, half_term)| half_term.start))
        .date("half_term_end", rows().map(|(_, half_term)| half_term.end))
        .number("school_days", rows().map(|(_, half_term)| half_term.school_days as i32))
        .batch()
}

fn school_days(estate: &Estate, calendar: &Calendar) -> Result<RecordBatch, ArrowError> {
    let mut days = Vec::new();
    for school in estate.schools.keys() {
        for half_term in calendar.all_half_terms(school) {
            let half_term = Arc::new((half_term.academic_year.to_string(), half_term));
            days.extend(
                calendar.school_dates(school, half_term.1.start, half_term.1.end).map(|date| (school, date, half_term.clone())),
            );
        }
    }
    let rows = || days.iter();
    Columns::default()
        .text("school_id", rows().map(|(school, ..)| school.as_str()))
        .date("date", rows().map(|(_, date, _)| *date))
        .text("academic_year", rows().map(|(.., half_term)| &half_term.0))
        .text("half_term", rows().map(|(.., half_term)| &half_term.1.label))
        .date("half_term_start", rows().map(|(.., half_term)| half_term.1.start))
        .date("half_term_end", rows().map(|(.., half_term)| half_term.1.end))
        .date("week_monday", rows().map(|(_, date, _)| school_week_monday(*date)))
        .batch()
}

fn policy(estate: &Estate) -> Result<RecordBatch, ArrowError> {
    // By school once: asking `policy_of` for each of 3,000 schools would read every row 3,000 times.
    let mut by_school: HashMap<Option<&SchoolId>, Vec<&PolicyRow>> = HashMap::new();
    for row in &estate.policy {
        by_school.entry(row.school_id.as_ref()).or_default().push(row);
    }
    let mut rows = Vec::new();
    for school in estate.schools.keys() {
        let in_order = [Some(school), None].into_iter().filter_map(|scope| by_school.get(&scope)).flatten();
        rows.extend(in_order.enumerate().map(|(at, row)| (school, at as i32 + 1, *row)));
    }
    let rows = || rows.iter();
    Columns::default()
        .text("school_id", rows().map(|(school, ..)| school.as_str()))
        .number("precedence", rows().map(|(_, precedence, _)| *precedence))
        .optional_text("profile_or_user_type", rows().map(|(.., row)| row.profile_or_user_type.as_ref()))
        .text("category", rows().map(|(.., row)| &row.category))
        .text("expected", rows().map(|(.., row)| row.expected.as_str()))
        .text("reason", rows().map(|(.., row)| &row.reason))
        .optional_date("valid_from", rows().map(|(.., row)| row.from))
        .optional_date("valid_to", rows().map(|(.., row)| row.to))
        .batch()
}

/// One row a source and school it serves.
fn sources(estate: &Estate) -> Result<RecordBatch, ArrowError> {
    let mut rows = Vec::new();
    for source in estate.sources.values() {
        let mut schools = match &source.school {
            SchoolOf::One(school) => vec![school],
            SchoolOf::Map(rules) => rules.iter().map(|rule| &rule.school).collect(),
        };
        schools.sort();
        schools.dedup();
        rows.extend(schools.into_iter().map(|school| (source, school)));
    }
    let rows = || rows.iter();
    Columns::default()
        .text("source_id", rows().map(|(source, _)| source.id.as_str()))
        .text("school_id", rows().map(|(_, school)| school.as_str()))
        .optional_text("format_id", rows().map(|(source, _)| source.format.as_ref().map(|format| format.as_str())))
        .text("layer", rows().map(|(source, _)| source.layer.as_str()))
        .text("tz", rows().map(|(source, _)| &source.tz))
        .truth("logs_allowed", rows().map(|(source, _)| source.logs_allowed))
        .truth("keep_flows", rows().map(|(source, _)| source.keep_flows))
        .batch()
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray as _;
    use arrow::datatypes::{Date32Type, Int32Type};

    use super::super::load::tests::trust;
    use super::*;

    #[test]
    fn tables_are_concrete_for_each_school() {
        let (_folder, estate) = trust();
        let calendar = Calendar::new(&estate);
        let tables = estate_tables(&estate, &calendar).unwrap();
        let table = |name: &str| &tables.iter().find(|(found, _)| *found == name).unwrap().1;
        let counts: Vec<(&str, usize)> = tables.iter().map(|(name, batch)| (*name, batch.num_rows())).collect();
        // Three schools; 2 half-terms each but one with its own first (39 + 35, 37 + 35 and 34 + 35 days).
        assert_eq!(
            counts,
            [
                ("schools", 3),
                ("rolls", 3),
                ("calendar", 8),
                ("half_terms", 6),
                ("school_days", 215),
                ("policy", 7),
                ("sources", 3)
            ]
        );
        let days = table("school_days");
        let dates = days.column_by_name("date").unwrap().as_primitive::<Date32Type>();
        let mondays = days.column_by_name("week_monday").unwrap().as_primitive::<Date32Type>();
        assert!((0..dates.len()).all(|row| (0..5).contains(&(dates.value(row) - mondays.value(row)))));
        let sources = table("sources").column_by_name("school_id").unwrap().as_string::<i32>();
        assert_eq!(sources.iter().flatten().collect::<Vec<_>>(), ["oak", "ash", "elm"]);
        let policy = table("policy");
        let precedence: Vec<i32> = policy.column_by_name("precedence").unwrap().as_primitive::<Int32Type>().values().to_vec();
        assert_eq!(precedence, [1, 2, 1, 2, 1, 2, 3]);
    }
}
