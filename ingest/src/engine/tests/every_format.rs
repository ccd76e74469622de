use super::*;

/// A file of a format's own samples, over and over, each under its header where it has one.
fn file_of(samples: &[(Vec<String>, String)]) -> String {
    let mut text = String::new();
    let mut last: &[String] = &[];
    for round in 0..30 {
        for (header, line) in samples {
            // Once in its own stretch of the file, so that a header changes on the way where the samples have several.
            if header.as_slice() != last || (round == 0 && last.is_empty()) {
                header.iter().for_each(|line| {
                    text.push_str(line);
                    text.push('\n');
                });
                last = header;
            }
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// Keys are each home's own.
fn without_keys(rows: Vec<String>) -> Vec<String> {
    let mut rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let mut parts = row.split("k1-");
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |row, part| row + "key" + part.get(32..).unwrap_or(part))
        })
        .collect();
    rows.sort();
    rows
}

/// What an interface for programs hands out: the same objects in one array on one line.
#[test]
fn objects_in_one_array_are_the_rows_they_are_as_lines() {
    let catalogue = Catalogue::embedded();
    let mut tried = 0;
    for format in catalogue.all().unwrap() {
        let lines: Vec<&str> = format.sample_lines().map(|(_, line)| line).filter(|line| line.starts_with('{')).collect();
        if format.decoder() != "json" || lines.is_empty() {
            continue;
        }
        let read = |text: String| {
            let home = Home::new();
            let mut options = IngestOptions { settled: true, ..home.options() };
            options.format = FormatChoice::Id(FormatId::parse(format.id()).unwrap());
            let path = home.file("export.json", text);
            let ingested =
                super::super::ingest(&home.estate, &home.lake, &home.vault, &home.catalogue, &[path], &options).unwrap();
            (without_keys(home.rows(Table::Events, true)), without_keys(home.rows(Table::AdminEvents, true)), ingested.total)
        };
        let by_line = read(lines.join("\n") + "\n");
        for array in [format!("[{}]", lines.join(",")), format!("[\n  {}\n]\n", lines.join(",\n  "))] {
            let as_array = read(array);
            assert_eq!(as_array.2, by_line.2, "{}", format.id());
            let places = |rows: &[String]| rows.iter().map(|row| without_file(row)).collect::<Vec<_>>();
            assert!(places(&as_array.0) == places(&by_line.0), "{}: events differ", format.id());
            assert!(places(&as_array.1) == places(&by_line.1), "{}: admin events differ", format.id());
        }
        tried += 1;
    }
    assert!(tried > 8, "{tried}");
}

/// A row without the id of its file: the bytes of an array are others.
fn without_file(row: &str) -> String {
    row.split('|')
        .filter(|cell| cell.len() != 64 || !cell.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .collect::<Vec<_>>()
        .join("|")
}

#[test]
fn blocks_and_threads_change_no_row_of_any_format() {
    let catalogue = Catalogue::embedded();
    let mut shared = 0;
    for format in catalogue.all().unwrap() {
        let samples: Vec<_> = format
            .sample_lines()
            .map(|(header, line)| (header.iter().map(|line| (*line).to_owned()).collect(), line.to_owned()))
            .collect();
        let text = file_of(&samples);
        let read = |how: How| {
            let home = Home::new();
            let mut options = IngestOptions { threads: how.threads, settled: true, ..home.options() };
            options.format = FormatChoice::Id(FormatId::parse(format.id()).unwrap());
            let path = home.file("export.log", &text);
            let report =
                ingest_in_units(&home.estate, &home.lake, &home.vault, &home.catalogue, &[path], &options, how.unit).unwrap();
            (without_keys(home.rows(Table::Events, true)), without_keys(home.rows(Table::AdminEvents, true)), report.total)
        };
        let whole = read(How { threads: 1, ..PLAINLY });
        let ledger = &whole.2;
        assert_eq!(ledger.lines, text.lines().count() as u64, "{}", format.id());
        assert_eq!(ledger.lines, ledger.events + ledger.admin_events + ledger.ignored_lines() + ledger.quarantined);
        // An administrators' log has no events.
        assert!(ledger.events + ledger.admin_events > 0, "{}: {ledger:?}", format.id());
        for how in [How { threads: 3, unit: 1024, ..PLAINLY }, How { threads: 2, unit: 4096, ..PLAINLY }] {
            let other = read(how);
            assert_eq!(other.2, whole.2, "{}: the ledger", format.id());
            assert!(other.0 == whole.0, "{}: events differ", format.id());
            assert!(other.1 == whole.1, "{}: admin events differ", format.id());
            shared += 1;
        }
    }
    assert!(shared > 0);
}
