//! A proposal holds nothing of the log, passes its own samples where nothing is left to ask, and reads the log it came from.

use proptest::prelude::*;

use super::{Draft, DraftError, draft};
use crate::decoded::{Action, Field, Outcome};
use crate::format::{Catalogue, Format};

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: std::sync::OnceLock<Catalogue> = std::sync::OnceLock::new();
    CATALOGUE.get_or_init(Catalogue::embedded)
}

fn drafted(sample: &str) -> Draft {
    draft(catalogue(), sample.as_bytes(), "lark").unwrap()
}

/// The rows a proposal makes of the log it came from: user, site, action.
fn rows(sample: &str) -> Vec<(String, String, Option<Action>)> {
    let format = Format::parse("lark.toml", &drafted(sample).text).unwrap();
    let mut reader = format.reader();
    let mut rows = Vec::new();
    for line in sample.lines() {
        let row = reader.read(line.as_bytes());
        if row.outcome == Outcome::Event {
            let text = |field| String::from_utf8_lossy(row.text(field)).into_owned();
            let site = if row.text(Field::Host).is_empty() { text(Field::Url) } else { text(Field::Host) };
            rows.push((text(Field::User), site, row.action));
        }
    }
    rows
}

const CSV: &str = "Report for,Q Vexley\n\
    Date/Time,Username,Website,Category,Verdict,Wobble\n\
    23/11/2026 10:00:01,qvexley,zq.example,News,Allowed,77\n\
    24/11/2026 10:00:05,jkovacs,\"zx.example\",\"Sport\",Denied,78\n";

const JSON: &str = concat!(
    r#"{"timestamp":"2026-11-23T10:00:01Z","user":{"name":"qvexley"},"url":"https://zq.example/a","action":"allow","status_code":200}"#,
    "\n",
    r#"{"timestamp":"2026-11-23T10:00:05Z","user":{"name":"jkovacs"},"url":"https://zx.example/b","action":"block","status_code":403}"#,
    "\n"
);

const KV: &str = "<14>Nov 23 10:00:01 box1 time=1795428001 username=qvexley url=\"https://zq.example/a?b=c\" action=allowed\n\
    <14>Nov 23 10:00:02 box1 time=1795428002 username=jkovacs url=\"https://zx.example/\" action=blocked\n";

const CEF: &str = "CEF:0|Zax|Zip|1|9|n|3|rt=1795428001000 suser=qvexley request=https://zq.example/a act=allowed\n\
    CEF:0|Zax|Zip|1|9|n|3|rt=1795428002000 suser=jkovacs request=https://zx.example/ act=denied\n";

const LEEF: &str = "LEEF:1.0|Zax|Zip|1|9|rt=1795428001000\tusrName=qvexley\turl=https://zq.example/a\taction=allowed\n\
    LEEF:1.0|Zax|Zip|1|9|rt=1795428002000\tusrName=jkovacs\turl=https://zx.example/\taction=denied\n";

const W3C: &str = "#Fields: date time cs-username cs-host action\n\
    2026-11-23 10:00:01 qvexley zq.example allowed\n\
    2026-11-23 10:00:02 jkovacs zx.example denied\n";

#[test]
fn each_decoder_is_found_and_its_log_read() {
    let table = [(CSV, "csv"), (JSON, "json"), (KV, "kv"), (CEF, "cef"), (LEEF, "leef"), (W3C, "w3c")];
    for (sample, decoder) in table {
        let draft = drafted(sample);
        assert_eq!(draft.decoder, decoder);
        let failed: Vec<_> = draft.report.checks.iter().filter(|check| !check.differences.is_empty()).collect();
        assert!(draft.report.passed(), "{decoder}: {failed:?}\n{}", draft.text);
        assert!(!draft.report.checks.is_empty());
        let rows = rows(sample);
        let users: Vec<_> = rows.iter().map(|(user, _, _)| user.as_str()).collect();
        assert_eq!(users, ["qvexley", "jkovacs"], "{decoder}\n{}", draft.text);
        assert!(rows.iter().all(|(_, site, _)| site.contains("zq.example") || site.contains("zx.example")), "{rows:?}");
        let actions: Vec<_> = rows.iter().map(|(_, _, action)| *action).collect();
        assert_eq!(actions, [Some(Action::Allowed), Some(Action::Blocked)], "{decoder}");
        assert_eq!(draft.text.lines().next().unwrap().get(..1), Some("#"));
    }
}

#[test]
fn nothing_of_the_log_is_written_but_names_of_fields() {
    for sample in [CSV, JSON, KV, CEF, LEEF, W3C] {
        let text = drafted(sample).text;
        for value in [
            "qvexley",
            "Vexley",
            "jkovacs",
            "zq.example",
            "zx.example",
            "Sport",
            "2026-11-23",
            "1795428",
            "403",
            "Zax",
            "Zip",
            "box1",
        ] {
            assert!(!text.contains(value), "{value} stands in\n{text}");
        }
    }
    let text = drafted(CSV).text;
    assert!(text.contains("# question: is \"Wobble\" of use?"), "{text}");
    assert!(text.contains("# question: a line stands before the header"), "{text}");
}

#[test]
fn what_is_not_known_stays_a_question() {
    let odd = CSV.replace("Denied", "Qzzle").replace("23/11", "03/11").replace("24/11", "04/11");
    let draft = drafted(&odd);
    assert_eq!(draft.unknown_words, ["Qzzle"]);
    assert!(!draft.text.contains("Qzzle"));
    for question in
        ["words of this field that are not known: 1", "does the day come before the month", "are the times local", "no refusal"]
    {
        assert!(draft.text.contains(question), "{question} not in\n{}", draft.text);
    }
    // An unknown word is never taken for a yes.
    assert_eq!(rows(&odd).len(), 1);
    let without = drafted(&CSV.replace("Verdict", "Wibble").replace("Denied", "Qa").replace("Allowed", "Qb"));
    assert!(without.text.contains("no field is known to say what was decided"));
    assert!(!without.report.passed());
    assert!(super::questions(&without.text) >= 5);
}

#[test]
fn files_that_are_no_lines_are_refused_with_a_reason() {
    assert!(matches!(draft(catalogue(), b"once upon a time\nthere was a log\n", "lark"), Err(DraftError::NoDecoder)));
    assert!(matches!(draft(catalogue(), b"\x1f\x8b\x00\x00", "lark"), Err(DraftError::NotLines(_))));
    assert!(matches!(draft(catalogue(), b"[{\"a\":1}]", "lark"), Err(DraftError::NotLines(_))));
    assert!(matches!(draft(catalogue(), b"Time,User,URL,Action\n", "lark"), Err(DraftError::NotLines(_))));
    assert!(matches!(draft(catalogue(), b"", "lark"), Err(DraftError::NoDecoder)));
}

#[test]
fn several_ways_to_write_the_time() {
    let table = [
        ("23/11/2026 10:00:01", "2026-11-24 10:00:05", "layout = [\"%Y-%m-%d %H:%M:%S%f\", \"%d/%m/%Y %H:%M:%S\"]"),
        ("1795428001", "1795428001000", "epoch = \"auto\""),
        ("11/23/2026 10:00:01", "11/24/2026 10:00:05", "layout = \"%m/%d/%Y %H:%M:%S\""),
    ];
    for (one, other, wanted) in table {
        let sample = CSV.replace("23/11/2026 10:00:01", one).replace("24/11/2026 10:00:05", other);
        let draft = drafted(&sample);
        assert!(draft.text.contains(wanted) && draft.report.passed(), "{}", draft.text);
        assert!(!draft.text.contains("does the day come before the month"), "{}", draft.text);
        assert_eq!(rows(&sample).len(), 2);
    }
}

/// A table without a header must not give its first row away as one.
#[test]
fn a_first_row_is_no_header() {
    let text = drafted("23/11/2026 10:00:01,qvexley,zq.example,Allowed\n23/11/2026 10:00:02,jkovacs,zx.example,Denied\n").text;
    assert!(text.contains("fields = [\"column 1\", \"column 2\", \"column 3\", \"column 4\"]"), "{text}");
    assert!(text.contains("host = \"column 3\"") && !text.contains("qvexley") && !text.contains("zq.example"), "{text}");
}

/// The invented logs of all shipped formats: who, where and what was searched never reach a proposal, and most are read by theirs.
#[test]
fn the_logs_of_known_formats() {
    let (mut tried, mut read) = (0, 0);
    let mut unread = Vec::new();
    for format in catalogue().all().unwrap() {
        let mut files: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
        for (header, line) in format.sample_lines() {
            match files.iter_mut().find(|(known, _)| *known == header) {
                Some((_, lines)) => lines.push(line),
                None => files.push((header, vec![line])),
            }
        }
        for (header, lines) in files {
            let mut reader = format.reader();
            let mut secrets = Vec::new();
            for line in header.iter().chain(&lines) {
                let row = reader.read(line.as_bytes());
                let fields = [Field::User, Field::Url, Field::Host, Field::Device, Field::SrcIp, Field::SearchTerm, Field::Actor];
                secrets.extend(fields.map(|field| String::from_utf8_lossy(row.text(field)).into_owned()));
            }
            let sample = header.into_iter().chain(lines).collect::<Vec<_>>().join("\n");
            let Ok(draft) = draft(catalogue(), sample.as_bytes(), "lark") else { continue };
            for secret in secrets.iter().filter(|secret| secret.len() > 2) {
                assert!(!draft.text.contains(secret.as_str()), "{}: {secret} stands in\n{}", format.id(), draft.text);
            }
            tried += 1;
            if draft.report.passed() && !draft.report.checks.is_empty() {
                read += 1;
            } else {
                let step = draft.report.checks.iter().flat_map(|check| &check.differences).next();
                unread.push(format!("{} {}: {step:?}", format.id(), draft.decoder));
            }
        }
    }
    // The others have no decision, or one that takes rules: a status, a message number, a word in the head.
    assert!(tried >= 50 && read * 5 >= tried * 2, "{read} of {tried} proposals hold; not\n{}", unread.join("\n"));
}

/// Words that no template holds: of letters that English hardly puts together.
fn secret() -> impl Strategy<Value = String> {
    "[qxzjvk]{5,9}[0-9]{0,2}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// No value longer than two characters reaches the file, whatever the shape of the log and wherever the value stands.
    #[test]
    fn no_value_reaches_the_file(
        shape in 0..6_usize,
        people in proptest::collection::vec((secret(), secret(), secret(), secret(), 0..2_usize), 1..6),
        heading in secret(),
    ) {
        let mut text = String::new();
        match shape {
            0 => text.push_str(&format!("{heading} {heading}\nTime,User,URL,Search Term,Action,Wobble\n")),
            1 => text.push_str("#Fields: date time cs-username cs-host x-note action\n"),
            _ => {}
        }
        let mut values = Vec::new();
        for (n, (user, host, term, note, verdict)) in people.iter().enumerate() {
            let verdict = ["Allowed", "Blocked"][*verdict];
            let line = match shape {
                0 => format!("2026-11-23 10:00:{n:02},{user},https://{host}.test/{term},{term},{verdict},{note}\n"),
                1 => format!("2026-11-23 10:00:{n:02} {user} {host}.test {note} {verdict}\n"),
                2 => format!("{{\"timestamp\":\"2026-11-23T10:00:{n:02}Z\",\"user\":\"{user}\",\"host\":\"{host}.test\",\"seen\":{{\"{note}\":1}},\"tags\":[\"{term}\"],\"action\":\"{verdict}\"}}\n"),
                3 => format!("<14>Nov 23 10:00:{n:02} {host} {user}: time=17954280{n:02} user={user} url=https://{host}.test/?{term}={note} {note}=1 action={verdict}\n"),
                4 => format!("CEF:0|{host}|{term}|1|9|{note}|3|rt=17954280{n:02}000 suser={user} cs1Label={note} cs1={term} request=https://{host}.test/ act={verdict}\n"),
                _ => format!("2026-11-23 10:00:{n:02}\t{user}\t{host}.test\t{term}\t{verdict}\t{note}\n"),
            };
            text.push_str(&line);
            values.extend([user.clone(), host.clone(), term.clone(), note.clone(), format!("10:00:{n:02}"), "2026-11-23".to_owned()]);
        }
        values.push(heading);
        let draft = drafted(&text);
        for value in values {
            prop_assert!(!draft.text.contains(&value), "{} stands in\n{}", value, draft.text);
        }
    }

    /// Any bytes at all: a proposal or a reason, never a panic.
    #[test]
    fn never_panics(junk in proptest::collection::vec(any::<u8>(), 0..300), at in 0..400_usize) {
        for sample in [CSV, JSON, KV, CEF, LEEF, W3C] {
            let mut bytes = sample.as_bytes().to_vec();
            let at = at.min(bytes.len());
            bytes.splice(at..at, junk.iter().copied());
            match draft(catalogue(), &bytes, "lark") {
                Ok(draft) => prop_assert!(draft.rows > 0 && Format::parse("lark.toml", &draft.text).is_ok()),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
