//! Incidents as rows: taken out as CSV, nobody named and no key, and taken in from rows that are pasted, all of them or none.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use weir_register::records::{IncidentAbout, IncidentField, IncidentHolds, NewIncident, RecordError};

use super::form::moment_typed;
use crate::account::form::Wrong;
use crate::csv;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::record::Here;
use crate::record::check_form::FormPage;
use crate::record::fields::{Field, Takes, Typed, filled};
use crate::routes::download;
use crate::words;

/// Columns that Weir adds to a download. In rows that are pasted they are passed over.
const OWN_COLUMNS: [&str; 7] = ["school_id", "incident", "state", "recorded_at", "people_by_key", "alerts", "told_same_day"];

pub(super) async fn list_csv(here: Here) -> Result<Response, PageError> {
    let mut out = String::new();
    let [school, incident, rest @ ..] = OWN_COLUMNS;
    let names = IncidentField::ALL.iter().map(|field| field.name);
    csv::row(&mut out, &[school, incident, "about"].into_iter().chain(names).chain(rest).collect::<Vec<_>>());
    for incident in here.own_incidents().await? {
        let (id, people) = (incident.id.to_string(), incident.keys.len().to_string());
        let recorded = words::moment(incident.opened_at);
        let alerts: Vec<String> = incident.alerts.iter().map(i64::to_string).collect();
        let alerts = alerts.join(" ");
        let same_day = incident.was_told_same_day().map_or("", |same_day| if same_day { "yes" } else { "no" });
        let mut cells = vec![here.id.as_str(), &id, incident.about.word()];
        cells.extend(IncidentField::ALL.iter().map(|field| incident.says(field.name)));
        cells.extend([if incident.is_open() { "open" } else { "closed" }, &recorded, &people, &alerts, same_day]);
        csv::row(&mut out, &cells);
    }
    Ok(download(out, &csv::plain_file_name(here.id.as_str(), "incidents")))
}

/// The columns that pasted rows may have.
fn columns() -> impl Iterator<Item = &'static str> {
    let fields = IncidentField::ALL.iter().filter(|field| !field.is_of_closing).map(|field| field.name);
    std::iter::once("about").chain(fields).chain(["keys"])
}

fn form(here: Here, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let heading = "Paste incidents from a spreadsheet";
    let hint = format!(
        "First a row of headings: {}. Then a row for each incident, copied from a spreadsheet or as CSV. Themes stand with blanks between. All rows are recorded as open, or none. No names of pupils.",
        columns().collect::<Vec<_>>().join(", ")
    );
    let list = format!("{}/incidents", here.base);
    let page = FormPage {
        frame: Frame { section: "today", ..FormPage::frame(heading, &wrong) },
        heading,
        lede: vec![
            "Rows are added as new incidents. What somebody typed elsewhere may name a pupil: read it before you paste it.",
        ],
        action: format!("{list}/paste"),
        back: (list, "Incidents"),
        fields: filled(vec![Field::new("rows", "Rows", &hint, Takes::Rows)], typed, &wrong),
        button: "Record these rows",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn paste_form(here: Here) -> Result<Response, PageError> {
    form(here, &Typed::default(), Wrong::default())
}

pub(super) async fn paste(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let rows = match rows_of(typed.of("rows")) {
        Ok(rows) => rows,
        Err(words) => return form(here, &typed, Wrong::one("rows", words)),
    };
    let incidents: Vec<NewIncident> = rows.iter().map(|(_, incident)| incident.clone()).collect();
    let by = here.records_incidents()?;
    match here.register().record_incidents(by, &here.id, &incidents, here.now(), here.today()).await {
        Ok(_) => Ok(Redirect::to(&format!("{}/incidents", here.base)).into_response()),
        Err((at, RecordError::Wrong(faults))) => {
            let line = rows.get(at).map_or(0, |(line, _)| *line);
            let said: Vec<String> =
                faults.iter().map(|fault| format!("{}: {}", fault.field, accepted(fault.field, fault.words))).collect();
            let words = format!("Row {line}. {}", said.join(" "));
            form(here, &typed, Wrong::one("rows", words))
        }
        Err((_, error)) => {
            crate::record::wrong(error)?;
            Err(PageError::NotFound)
        }
    }
}

/// What is wrong with a field, with what it takes where that is a list.
fn accepted(field: &str, words: &str) -> String {
    if field == "about" {
        return format!("use one of {}.", IncidentAbout::ALL.iter().map(|about| about.word()).collect::<Vec<_>>().join(", "));
    }
    match IncidentField::of(field).map(|field| field.holds) {
        Some(IncidentHolds::OneOf(of)) => {
            format!("use one of {}.", of.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", "))
        }
        Some(IncidentHolds::Several(of)) => {
            format!("use some of {}.", of.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", "))
        }
        _ => words.to_owned(),
    }
}

/// The incidents that pasted rows hold, each with its line from 1; otherwise what is wrong, in words.
fn rows_of(text: &str) -> Result<Vec<(u64, NewIncident)>, String> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains('\t') { b'\t' } else { b',' };
    let mut reader = ::csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let heads = reader.headers().map_err(|error| format!("The headings can\u{2019}t be read: {error}."))?.clone();
    let mut found: Vec<Option<&'static str>> = Vec::new();
    for head in &heads {
        let head = head.trim();
        let column = columns().find(|column| column.eq_ignore_ascii_case(head));
        let is_passed = OWN_COLUMNS.contains(&head) || IncidentField::of(head).is_some();
        if column.is_none() && !is_passed {
            return Err(format!("There is no column {head:?} in this list; use {}.", columns().collect::<Vec<_>>().join(", ")));
        }
        if column.is_some() && found.contains(&column) {
            return Err(format!("The column {head:?} stands twice."));
        }
        found.push(column);
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("A row can\u{2019}t be read: {error}."))?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = record.position().map_or(0, ::csv::Position::line);
        if record.len() > found.len() {
            return Err(format!("Row {line} has {} cells under {} headings.", record.len(), found.len()));
        }
        let mut incident = NewIncident::default();
        for (column, cell) in found.iter().zip(&record) {
            let cell = cell.trim();
            let cell = cell.strip_prefix('\'').filter(|rest| rest.starts_with(weir_pack::FORMULA_SIGNS)).unwrap_or(cell);
            match column {
                Some("about") => incident.about = IncidentAbout::parse(cell),
                Some("keys") => incident.keys = cell.to_owned(),
                Some(name) => {
                    let is_moment = IncidentField::of(name).is_some_and(|field| field.holds == IncidentHolds::Moment);
                    incident.values.insert(name, if is_moment { moment_typed(cell) } else { cell.to_owned() });
                }
                None => {}
            }
        }
        rows.push((line, incident));
    }
    if rows.is_empty() {
        return Err("There is no row under the headings.".into());
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_from_a_spreadsheet_and_from_a_download() {
        let tabs = "About\thappened\tthemes\twhat\npupil\t20 11 2026 14:05\tdrugs hate\t'=a note\n\n";
        let rows = rows_of(tabs).unwrap();
        let (line, incident) = &rows[0];
        assert_eq!((rows.len(), *line, incident.about), (1, 2, Some(IncidentAbout::Pupil)));
        assert_eq!(
            (incident.values["happened"].as_str(), incident.values["themes"].as_str(), incident.values["what"].as_str()),
            ("2026-11-20T14:05", "drugs hate", "=a note")
        );
        let commas = "school_id,incident,about,happened,outcome,state\noak,7,nobody,2026-09-02,mended,closed\n";
        let incident = &rows_of(commas).unwrap()[0].1;
        assert_eq!((incident.about, incident.values.len()), (Some(IncidentAbout::Nobody), 1), "what closes it is not taken in");
        for (text, said) in [
            ("happened,happened\n1,2\n", "The column \"happened\" stands twice."),
            ("what\n", "There is no row under the headings."),
            ("what\na,b\n", "Row 2 has 2 cells under 1 headings."),
        ] {
            assert_eq!(rows_of(text).unwrap_err(), said);
        }
        assert!(
            rows_of("colour\nred\n").unwrap_err().starts_with("There is no column \"colour\" in this list; use about, happened,")
        );
    }
}
