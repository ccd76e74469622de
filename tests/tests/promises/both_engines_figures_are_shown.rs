//! Every figure of a pack and of a page equals what the second engine comes to for that school and half-term.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use weir_tests::{Ran, weir_bin};

/// A figure's id and half-term.
type Place = (String, String);

fn weir(estate: &Path, arguments: &[&str]) -> String {
    let ran: Ran =
        Command::new(weir_bin()).arg("--config").arg(estate.join("weir.toml")).args(arguments).output().unwrap().into();
    assert_eq!(ran.status, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    ran.stdout
}

/// What the second engine comes to: value, numerator and denominator.
fn verified(estate: &Path, school: &str, year: &str) -> BTreeMap<Place, [Option<f64>; 3]> {
    let file = estate.join(format!("cells-{school}-{year}.ndjson"));
    weir(estate, &["verify", school, year, "--cells", file.to_str().unwrap()]);
    let text = std::fs::read_to_string(&file).unwrap();
    let mut cells = BTreeMap::new();
    for line in text.lines() {
        let cell: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| cell[name].as_str().map(str::to_owned);
        assert_eq!((text("school_id").as_deref(), text("academic_year").as_deref()), (Some(school), Some(year)));
        let mut id = text("indicator").unwrap();
        for more in [text("dimension"), text("part").map(|part| part.replace(' ', "_"))].into_iter().flatten() {
            id = format!("{id}:{more}");
        }
        let numbers = ["value", "numerator", "denominator"].map(|name| cell[name].as_f64());
        cells.insert((id, text("half_term").unwrap()), numbers);
    }
    cells
}

/// The numbers of a pack's tables: this year's, by figure and half-term.
fn printed(estate: &Path, school: &str, year: &str, audience: &str) -> BTreeMap<Place, f64> {
    let file = estate.join(format!("pack-{school}-{year}-{audience}.json"));
    weir(estate, &["report", school, year, "--audience", audience, "--out", file.to_str().unwrap()]);
    let bundle: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let name = |of: &Value| of["heading"].as_str().map(str::to_owned);
    let mut numbers = BTreeMap::new();
    for section in bundle["sections"].as_array().unwrap() {
        // Of a federation the section of this school, which the bundle's own name is not.
        let is_own = name(section).is_none_or(|heading| heading == name_of(estate, school));
        for figure in section["blocks"].as_array().unwrap().iter().flat_map(|block| block["figures"].as_array().unwrap()) {
            for row in figure["table"]["rows"].as_array().unwrap().iter().filter(|_| is_own) {
                if let Some(number) = row[1]["number"].as_f64() {
                    let place = (figure["id"].as_str().unwrap().to_owned(), row[0]["text"].as_str().unwrap().to_owned());
                    numbers.insert(place, number);
                }
            }
        }
    }
    numbers
}

fn name_of(estate: &Path, school: &str) -> String {
    let schools = std::fs::read_to_string(estate.join("schools.csv")).unwrap();
    let line = schools.lines().find(|line| line.starts_with(&format!("{school},"))).unwrap();
    line.split(',').nth(1).unwrap().to_owned()
}

fn is_near(a: f64, b: f64) -> bool {
    // Packs and pages give six places.
    (a - b).abs() <= 5.1e-7
}

/// Whether a row is of a term or the year: made from its half-terms, which are looked at one by one.
fn is_longer(place: &Place) -> bool {
    !place.1.ends_with(['1', '2'])
}

/// What a school's page of a year says.
type Page<'p> = dyn Fn(&str, &str) -> BTreeMap<Place, (i64, i64)> + 'p;

/// On the estate of the demo's own test; `page` gives what a school's page says as a file.
pub(crate) fn check(estate: &Path, page: &Page<'_>) {
    for (school, least) in [("kestrel-academy", 60), ("larkrise-infants", 20), ("oakfield-juniors", 40)] {
        let cells = verified(estate, school, "2026-27");
        for audience in ["dsl", "governors", "public"] {
            let printed = printed(estate, school, "2026-27", audience);
            let (mut compared, mut others) = (0, Vec::new());
            for (place, number) in printed.iter().filter(|(place, _)| !is_longer(place)) {
                match cells.get(place).and_then(|cell| cell[0]) {
                    Some(value) => {
                        assert!(is_near(*number, value), "{school}, {audience}, {place:?}: {number} and {value}");
                        compared += 1;
                    }
                    None => others.push(place.clone()),
                }
            }
            // Every number of a pack has its second.
            assert_eq!(others, [] as [Place; 0], "{school}, {audience}");
            let least = match audience {
                "dsl" => least,
                // What is not final or small is left out.
                "governors" => least / 6,
                _ => 1,
            };
            assert!(compared >= least, "{school}, {audience}: {compared} of {}", printed.len());
        }
        let told = page(school, "2026-27");
        assert!(told.len() > 10, "{school}: {} on the page", told.len());
        for (place, (numerator, denominator)) in told.iter().filter(|(place, _)| !is_longer(place)) {
            let [_, n, d] = cells.get(place).unwrap_or_else(|| panic!("{school}: {place:?} has no second"));
            let whole = |number: &Option<f64>| number.map(|number| number.round() as i64);
            assert_eq!((whole(n), whole(d)), (Some(*numerator), Some(*denominator)), "{school}: {place:?}");
        }
    }
}
