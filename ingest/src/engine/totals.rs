//! Tells an export of totals (requests a person, category, site or day) from a log: a table that counts requests and gives none its time.

/// Lines looked at; a title or two may stand before the table.
const LINES: usize = 200;

/// Lines within which the headings stand.
const HEADING_LINES: usize = 15;

/// Words of headings over counts.
const COUNTS: [&str; 22] = [
    "requests",
    "hits",
    "count",
    "counts",
    "total",
    "totals",
    "visits",
    "views",
    "pageviews",
    "sessions",
    "blocked",
    "allowed",
    "denied",
    "permitted",
    "blocks",
    "queries",
    "searches",
    "attempts",
    "connections",
    "bandwidth",
    "bytes",
    "instances",
];

/// Words of headings over what is counted.
const SUBJECTS: [&str; 36] = [
    "user",
    "users",
    "username",
    "person",
    "pupil",
    "pupils",
    "student",
    "students",
    "name",
    "group",
    "groups",
    "department",
    "policy",
    "profile",
    "category",
    "categories",
    "theme",
    "site",
    "sites",
    "website",
    "websites",
    "domain",
    "domains",
    "host",
    "url",
    "urls",
    "address",
    "ip",
    "client",
    "device",
    "application",
    "term",
    "date",
    "day",
    "month",
    "hour",
];

/// Words of headings over a length of time, or an hour of the day, and not over when a request was made.
const LENGTHS: [&str; 7] = ["spent", "duration", "browse", "browsing", "online", "elapsed", "hour"];

/// What gave an export of totals away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Its columns, as part of a sentence.
    pub(crate) headings: String,
}

/// The columns of a table of totals, if a file begins as one.
pub(crate) fn found(beginning: &[u8]) -> Option<Totals> {
    let text = String::from_utf8_lossy(beginning);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines: Vec<&str> = text.lines().take(LINES).map(str::trim_end).filter(|line| !line.is_empty()).collect();
    // The last line may be cut off.
    let lines = if beginning.ends_with(b"\n") || lines.len() < 3 { lines.as_slice() } else { lines.split_last()?.1 };
    [',', ';', '\t', '|'].into_iter().find_map(|delimiter| {
        (0..lines.len().min(HEADING_LINES)).find_map(|at| {
            let (heading, rows) = lines.get(at..)?.split_first()?;
            of_table(heading, rows, delimiter)
        })
    })
}

fn of_table(heading: &str, rows: &[&str], delimiter: char) -> Option<Totals> {
    let headings = cells(heading, delimiter);
    let words: Vec<Vec<String>> = headings.iter().map(|heading| words_of(heading)).collect();
    let says =
        |at: usize, known: &[&str]| words.get(at).is_some_and(|words| words.iter().any(|word| known.contains(&word.as_str())));
    // Most lines of most files end here, so that a log costs next to nothing.
    if headings.len() < 2 || !(0..headings.len()).any(|at| says(at, &COUNTS)) || headings.iter().any(|heading| is_number(heading))
    {
        return None;
    }
    let rows: Vec<Vec<String>> = rows.iter().map(|row| cells(row, delimiter)).filter(|row| row.len() == headings.len()).collect();
    let column = |at: usize| rows.iter().filter_map(move |row| row.get(at)).map(String::as_str).filter(|cell| !cell.is_empty());
    let is_count = |at: usize| says(at, &COUNTS) && column(at).next().is_some() && column(at).all(is_number);
    let counts: Vec<usize> = (0..headings.len()).filter(|at| is_count(*at)).collect();
    let is_counted = (0..headings.len()).any(|at| !counts.contains(&at) && says(at, &SUBJECTS));
    let has_times = (0..headings.len())
        .filter(|at| !says(*at, &LENGTHS) && !counts.contains(at))
        .any(|at| column(at).any(|cell| has_clock(cell) || is_epoch(cell)));
    (!counts.is_empty() && is_counted && !has_times).then(|| Totals { headings: quoted(&headings) })
}

/// The headings, which are the vendor's words: a heading that a person's name could be is not repeated.
fn quoted(headings: &[String]) -> String {
    let known = |heading: &&String| {
        words_of(heading).iter().any(|word| COUNTS.contains(&word.as_str()) || SUBJECTS.contains(&word.as_str()))
    };
    headings.iter().filter(known).take(4).map(|heading| format!("\"{heading}\"")).collect::<Vec<_>>().join(", ")
}

fn words_of(heading: &str) -> Vec<String> {
    heading.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// The cells of a line; a delimiter between quotation marks is text.
fn cells(line: &str, delimiter: char) -> Vec<String> {
    let (mut cells, mut cell, mut in_quotes) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => in_quotes = !in_quotes,
            c if c == delimiter && !in_quotes => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// `1,234`, `12.5 %` and `3 MB`; no address and no word.
fn is_number(cell: &str) -> bool {
    let number = cell.trim_end_matches(|c: char| c.is_ascii_alphabetic() || matches!(c, '%' | ' '));
    let unit = cell.len() - number.len();
    number.starts_with(|c: char| c.is_ascii_digit())
        && unit <= 6
        && number.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | ' '))
        && number.matches('.').count() <= 1
}

/// Whether a time of day stands in a cell, by itself or behind a date; a port behind an address is none.
fn has_clock(cell: &str) -> bool {
    cell.split([' ', 'T', ',', '\u{a0}']).any(|part| {
        let Some((hour, rest)) = part.split_once(':') else { return false };
        let is_digits = |text: &str| !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let minute: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let behind = rest.get(minute.len()..).unwrap_or_default();
        is_digits(hour)
            && minute.len() == 2
            && behind.chars().next().is_none_or(|c| matches!(c, ':' | '.' | 'Z' | '+' | '-' | 'a' | 'A' | 'p' | 'P'))
    })
}

/// Seconds or milliseconds since 1970 of this century.
fn is_epoch(cell: &str) -> bool {
    let whole = cell.split('.').next().unwrap_or(cell);
    matches!(whole.len(), 10 | 13) && whole.starts_with('1') && whole.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_totals_are_told_from_logs() {
        let table: &[(&str, Option<&str>)] = &[
            ("Category,Blocked,Allowed\nGambling,12,0\nNews,1,\"1,204\"\n", Some("\"Category\", \"Blocked\", \"Allowed\"")),
            ("Websites Blocked,Count\ndice.example,12\n", Some("\"Websites Blocked\", \"Count\"")),
            (
                "Top users\nAsh Lane School\n\nUser;Hits;Browse time\napatel;120;01:20:00\nrokafor;3;00:01:00\n",
                Some("\"User\", \"Hits\""),
            ),
            // A total a day, or an hour, is a total.
            (
                "Date,Requests,Blocked %\n05/11/2026,10422,3.1 %\n06/11/2026,9121,2.9 %\n",
                Some("\"Date\", \"Requests\", \"Blocked %\""),
            ),
            ("Hour\tRequests\n09:00\t122\n10:00\t14\n", Some("\"Hour\", \"Requests\"")),
            ("Client IP,Bandwidth\n10.20.30.41:443,3 MB\n", Some("\"Client IP\", \"Bandwidth\"")),
            // Logs: each request has its time, however it is written, and counts of its own.
            ("Time,User,Website,Requests\n05/11/2026 09:14:02,apatel,maps.example,1\n", None),
            ("Date,Time,User,Bytes\n05/11/2026,09:14,apatel,1204\n", None),
            ("epochtime,user,bytes\n1793869200,apatel,120\n", None),
            ("User,When,Hits\napatel,2026-11-05T09:14:02Z,1\n", None),
            // A verdict in words under a heading that might be a count.
            ("URL,Blocked\nhttp://dice.example/,true\n", None),
            ("1793869200.000 61 10.20.30.41 TCP_MISS/200 8811 GET http://www.maps.example/ apatel - text/html\n", None),
            ("the owl went out, and did not come home\nand did, not come\n", None),
            ("Category,Blocked\n", None),
            ("", None),
        ];
        for (text, wanted) in table {
            assert_eq!(found(text.as_bytes()).map(|totals| totals.headings).as_deref(), *wanted, "{text}");
        }
    }

    #[test]
    fn no_heading_is_repeated_that_may_be_a_name() {
        let text = "Site,Count,Ada Patel\nmaps.example,3,1\n";
        assert_eq!(found(text.as_bytes()).unwrap().headings, "\"Site\", \"Count\"");
    }
}
