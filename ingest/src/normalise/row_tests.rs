//! Whole rows: what is pushed for a line, column by column.

use std::sync::Arc;

use weir_lake::batch::{DictColumn, EventBatch, NULL_ID};
use weir_lake::estate::{SchoolOf, SchoolRule, SchoolRuleOn, UserType};
use weir_lake::ids::{FileId, FormatId, SchoolId, SourceId, UserKey};
use weir_lake::names::{ClearName, Named, Pseudonyms};

use super::*;
use crate::decoded::{Action, Decoded, Field, Kind, Outcome, Time};

mod whose;

/// Keys that can be told apart in a test: a digest of realm and name.
struct PlainKeys;

fn key_for(named: Named, realm: &str, name: &str) -> UserKey {
    let digest = blake3::hash(format!("{named:?}/{realm}/{name}").as_bytes());
    let hex: String = digest.as_bytes()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    UserKey::parse(&format!("k1-{hex}")).unwrap()
}

impl Pseudonyms for PlainKeys {
    fn key(&mut self, _school: &SchoolId, named: Named, realm: &str, name: &ClearName) -> UserKey {
        key_for(named, realm, name.reveal_in_clear())
    }
}

/// `y9-...` are pupils of Year 9, `kiosk` is shared, `PC...$` are devices, the group Visitors are guests.
struct SmallSchool;

impl PeopleLookup for SmallSchool {
    fn who(&mut self, school: &SchoolId, fields: UserFields<'_>, date: i32) -> Who {
        let who = NobodyKnown.who(school, fields, date);
        let name = who.login.as_ref().map_or("", |login| login.name.as_str());
        let (user_type, year) = match name {
            "kiosk" => (UserType::Shared, None),
            _ if name.starts_with("y9-") => (UserType::Pupil, Some("9")),
            _ if fields.group == "Visitors" => (UserType::Guest, None),
            _ => (who.user_type, None),
        };
        Who { user_type, year_group: year.map(Arc::from), ..who }
    }
}

const LEXICON: &str = r#"
[[entry]]
id = "test.kites"
terms = ["kite fight"]
match = "phrase"
weight = 10
severity = 2
intent = "research"
phases = ["primary", "secondary"]
lang = "en"
rationale = "invented for a test"
source = "none"
since = "2020-21"
added = "2026-11-22"
reviewed = "2026-11-22"
hits = ["kite fight"]
misses = ["kites", "fight a kite"]

[[entry]]
id = "test.storms"
terms = ["chase storm"]
match = "all"
weight = 10
severity = 3
intent = "planning"
phases = ["secondary"]
lang = "en"
rationale = "invented for a test"
source = "none"
since = "2020-21"
added = "2026-11-22"
reviewed = "2026-11-22"
hits = ["storm chase"]
misses = ["storm", "storms chased"]
"#;

const HELP: &str = r#"
[[entry]]
id = "test.help"
terms = ["who can help"]
match = "phrase"
weight = 0
severity = 1
intent = "help_seeking"
phases = ["primary", "secondary"]
lang = "en"
rationale = "invented for a test"
source = "none"
since = "2020-21"
added = "2026-11-22"
reviewed = "2026-11-22"
hits = ["who can help me"]
misses = ["help", "who can"]
"#;

fn reference() -> Arc<Reference> {
    let categories = include_str!("../../taxonomies/categories.csv");
    let vendor = "vendor_category,category,joins\nWagers,gambling,\nDark,self_harm,yes\n26,malware,\nPictures,adv,\nLow risk,-,\nQuiet,general,\n";
    let domains = "domain,category\nhelpers.example,help_lines\nthink.example,ai_assistant\n";
    Reference::new(
        &[("categories", categories), ("lark", vendor), ("domains", domains), ("common", "vendor_category,category,joins\n")],
        &[("bullying", LEXICON), ("help_seeking", HELP)],
    )
    .unwrap()
}

fn context() -> FileContext {
    FileContext {
        school: SchoolOf::One(SchoolId::parse("oak").unwrap()),
        source_id: SourceId::parse("oak-filter").unwrap(),
        format_id: FormatId::parse("lark").unwrap(),
        file_id: FileId::from_digest([7; 32]),
        zone: String::from("Europe/London"),
        school_zone: String::from("Europe/London"),
        vendor: Some(String::from("lark")),
        keep_allowed_queries: false,
        written_at_micros: None,
        now_micros: 1_900_000_000_000_000,
    }
}

fn normaliser(context: FileContext) -> Normaliser {
    let mut normaliser = Normaliser::new(reference(), Box::new(SmallSchool), Box::new(PlainKeys));
    normaliser.begin_file(Arc::new(context)).unwrap();
    normaliser
}

fn decoded<'a>(action: Option<Action>, fields: &[(Field, &'a str)]) -> Decoded<'a> {
    let mut decoded = Decoded::empty(Outcome::Event);
    decoded.action = action;
    decoded.time = Time::Local(1_794_561_242_000_000);
    for (field, value) in fields {
        decoded.text[*field as usize] = value.as_bytes();
    }
    decoded
}

/// A dictionary value of a row; empty for none.
fn dict(column: &DictColumn, row: usize) -> String {
    match column.ids[row] {
        NULL_ID => String::new(),
        id => String::from_utf8(column.strings.get(id).to_vec()).unwrap(),
    }
}

fn push(normaliser: &mut Normaliser, decoded: &Decoded, batch: &mut EventBatch) -> Pushed {
    let when = normaliser.when(decoded).unwrap();
    let line_no = batch.len() as i64 + 1;
    normaliser.push(decoded, when, line_no, batch)
}

fn column_lengths(batch: &EventBatch) -> Vec<usize> {
    let mut lengths: Vec<usize> = batch.dict_columns().iter().map(|(_, column)| column.ids.len()).collect();
    lengths.extend([
        batch.event_time.len(),
        batch.event_date.len(),
        batch.url_path.ends.len(),
        batch.url_path.valid.len(),
        batch.url_query.ends.len(),
        batch.status.values.len(),
        batch.bytes_in.values.len(),
        batch.bytes_out.values.len(),
        batch.tls_inspected.len(),
        batch.other_themes.ids.len(),
        batch.help_seeking.len(),
        batch.search_term.ends.len(),
        batch.concern_severity.values.len(),
        batch.furniture.len(),
        batch.line_no.len(),
    ]);
    lengths
}

#[test]
fn a_full_line_fills_every_column_once() {
    let mut normaliser = normaliser(context());
    let mut batch = EventBatch::default();
    let mut line = decoded(
        Some(Action::Blocked),
        &[
            (Field::User, "OAK\\Y9-Fern"),
            (Field::UserGroup, "Year 9"),
            (Field::Profile, "Pupils"),
            (Field::Rule, "12"),
            (Field::Device, "PC-014"),
            (Field::SrcIp, "::ffff:10.1.2.3"),
            (Field::Method, "get"),
            (Field::Url, "https://www.bets.Example/odds?team=a#top"),
            (Field::ContentType, "Text/HTML; charset=utf-8"),
            (Field::Referrer, "https://news.example/sport?x"),
            (Field::App, "Web"),
            (Field::VendorCategory, "Quiet; Wagers; Odd new one"),
        ],
    );
    line.status = Some(403);
    line.bytes_in = Some(512);
    line.bytes_out = Some(90);
    assert_eq!(push(&mut normaliser, &line, &mut batch), Pushed::Row);
    assert!(column_lengths(&batch).iter().all(|length| *length == 1));

    // 2026-11-13 09:14:02 in London's winter is the same in UTC
    assert_eq!(batch.event_time[0], 1_794_561_242_000_000);
    assert_eq!(batch.event_date[0], 20_770);
    let person = key_for(Named::Person, "default", "y9-fern");
    let device = key_for(Named::Device, "", "pc-014");
    for (name, want) in [
        ("school_id", "oak"),
        ("source_id", "oak-filter"),
        ("format_id", "lark"),
        ("kind", "web"),
        ("action", "blocked"),
        ("user_key", person.as_str()),
        ("user_type", "pupil"),
        ("year_group", "9"),
        ("user_group", "Year 9"),
        ("profile", "Pupils"),
        ("rule", "12"),
        ("device_key", device.as_str()),
        ("src_ip", "10.1.2.3"),
        ("method", "GET"),
        ("scheme", "https"),
        ("host", "www.bets.example"),
        ("domain", "bets.example"),
        ("content_type", "text/html"),
        ("referrer_domain", "news.example"),
        ("app", "Web"),
        ("vendor_category", "Quiet; Wagers; Odd new one"),
        ("category", "gambling"),
        ("theme", "gambling"),
        ("risk_area", "commerce"),
        ("search_engine", ""),
        ("concern_id", ""),
        ("file_id", FileId::from_digest([7; 32]).as_str()),
    ] {
        let columns = batch.dict_columns();
        let (_, column) = columns.iter().find(|(column, _)| *column == name).unwrap();
        assert_eq!(dict(column, 0), want, "{name}");
    }
    assert_eq!(batch.url_path.get(0), Some(&b"/odds"[..]));
    assert_eq!(batch.url_query.get(0), Some(&b"team=a"[..]));
    assert_eq!((batch.status.values[0], batch.bytes_in.values[0], batch.bytes_out.values[0]), (403, 512, 90));
    assert_eq!((batch.tls_inspected[0], batch.help_seeking[0], batch.furniture[0], batch.line_no[0]), (1, false, false, 1));
    assert_eq!((batch.search_term.get(0), batch.concern_severity.valid[0]), (None, false));
    assert_eq!(normaliser.take_notes().unmapped, [(String::from("Odd new one"), 1)].into());
}

#[test]
fn an_empty_line_has_no_values_and_no_panic() {
    let mut normaliser = normaliser(context());
    let mut batch = EventBatch::default();
    for kind in [Kind::Web, Kind::Dns, Kind::App, Kind::Concern, Kind::Flow] {
        let mut line = decoded(None, &[]);
        line.kind = kind;
        assert_eq!(push(&mut normaliser, &line, &mut batch), Pushed::Row);
    }
    assert!(column_lengths(&batch).iter().all(|length| *length == 5));
    assert_eq!(
        (dict(&batch.host, 0), dict(&batch.user_key, 0), dict(&batch.user_type, 0)),
        ("".into(), "".into(), "unknown".into())
    );
    assert_eq!(batch.tls_inspected, [2, 2, 2, 2, 2]);
}

#[test]
fn queries_of_allowed_rows_go_and_others_stay() {
    let url = "https://maps.example/a?b=c";
    let search = "https://www.google.com/search?q=kite+fight";
    for (action, url, keep, want) in [
        (Action::Allowed, url, false, None),
        (Action::Allowed, url, true, Some("b=c")),
        (Action::Blocked, url, false, Some("b=c")),
        (Action::Warned, url, false, Some("b=c")),
        (Action::Overridden, url, false, Some("b=c")),
        (Action::Allowed, search, false, Some("q=kite+fight")),
        (Action::Allowed, "https://www.google.com/search?q=kites", false, None),
        (Action::Allowed, "https://www.google.com/search?q=who+can+help", false, None),
    ] {
        let mut normaliser = normaliser(FileContext { keep_allowed_queries: keep, ..context() });
        let mut batch = EventBatch::default();
        push(&mut normaliser, &decoded(Some(action), &[(Field::Url, url)]), &mut batch);
        let got = batch.url_query.get(0).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        assert_eq!(got.as_deref(), want, "{action:?} {url} {keep}");
    }
}

#[test]
fn searches_give_engine_term_theme_and_concern() {
    struct Case(&'static str, &'static str, [&'static str; 6], Option<i64>, bool, bool);
    let cases = [
        // url, vendor category, [engine, term, theme, risk area, other themes, concern], severity, help, furniture
        Case("https://www.google.com/search?q=Blue+Kites", "", ["google", "blue kites", "", "", "", ""], None, false, false),
        Case(
            "https://www.google.com/search?q=Kite+FIGHT",
            "",
            ["google", "kite fight", "bullying", "conduct", "", "test.kites"],
            Some(2),
            false,
            false,
        ),
        Case(
            "https://www.google.com/search?q=k1te+f1ght",
            "",
            ["google", "k1te f1ght", "bullying", "conduct", "", "test.kites"],
            Some(2),
            false,
            false,
        ),
        // an equal category stands behind the person's own words; joined categories count 2 at most
        Case(
            "https://www.google.com/search?q=kite+fight",
            "Dark",
            ["google", "kite fight", "bullying", "conduct", "self_harm", "test.kites"],
            Some(2),
            false,
            false,
        ),
        // asking for help in the same search takes a mild entry back
        Case(
            "https://www.google.com/search?q=kite+fight+who+can+help",
            "",
            ["google", "kite fight who can help", "help_seeking", "", "", "test.help"],
            Some(1),
            true,
            false,
        ),
        // and stands beside a severe one
        Case(
            "https://www.google.com/search?q=storm+chase+who+can+help",
            "Wagers",
            ["google", "storm chase who can help", "bullying", "conduct", "gambling;help_seeking", "test.storms"],
            Some(3),
            true,
            false,
        ),
        Case("https://www.google.com/complete/search?q=kite+fight", "", ["", "", "", "", "", ""], None, false, true),
        Case("https://www.google.com/url?q=kite+fight", "", ["", "", "", "", "", ""], None, false, false),
        Case("www.google.com:443", "", ["google", "", "", "", "", ""], None, false, false),
        Case("https://www.helpers.example/talk", "Dark", ["", "", "help_seeking", "", "", ""], None, false, false),
        Case("https://www.bets.example/", "Wagers", ["", "", "gambling", "commerce", "", ""], None, false, false),
        Case("https://cdn.example/x.html", "Pictures", ["", "", "", "", "", ""], None, false, true),
    ];
    let mut normaliser = normaliser(context());
    let mut batch = EventBatch::default();
    // Twice: the second time everything is remembered.
    for _ in 0..2 {
        for Case(url, vendor, want, severity, help, furniture) in &cases {
            let line = decoded(Some(Action::Allowed), &[(Field::Url, url), (Field::VendorCategory, vendor)]);
            push(&mut normaliser, &line, &mut batch);
            let row = batch.len() - 1;
            let term = batch.search_term.get(row).map_or(String::new(), |term| String::from_utf8(term.to_vec()).unwrap());
            let got = [
                dict(&batch.search_engine, row),
                term,
                dict(&batch.theme, row),
                dict(&batch.risk_area, row),
                dict(&batch.other_themes, row),
                dict(&batch.concern_id, row),
            ];
            assert_eq!(got, *want, "{url}");
            let got = batch.concern_severity.valid[row].then_some(batch.concern_severity.values[row]);
            assert_eq!((got, batch.help_seeking[row], batch.furniture[row]), (*severity, *help, *furniture), "{url}");
        }
    }
}

#[test]
fn another_batch_or_cleared_strings_never_get_old_ids() {
    let mut normaliser = normaliser(context());
    let line =
        |host| decoded(Some(Action::Allowed), &[(Field::Host, host), (Field::User, "y9-fern"), (Field::SrcIp, "10.0.0.1")]);
    let mut first = EventBatch::default();
    for host in ["a.example", "b.example", "c.example"] {
        push(&mut normaliser, &line(host), &mut first);
    }
    let mut second = EventBatch::default();
    push(&mut normaliser, &line("c.example"), &mut second);
    push(&mut normaliser, &line("a.example"), &mut first);
    push(&mut normaliser, &line("a.example"), &mut second);
    assert_eq!(
        (dict(&first.host, 3), dict(&second.host, 0), dict(&second.host, 1)),
        ("a.example".into(), "c.example".into(), "a.example".into())
    );
    second.clear();
    second.clear_strings();
    normaliser.clear_caches();
    push(&mut normaliser, &line("b.example"), &mut second);
    push(&mut normaliser, &line("c.example"), &mut second);
    assert_eq!((dict(&second.host, 0), dict(&second.host, 1)), ("b.example".into(), "c.example".into()));
    assert_eq!(dict(&second.domain, 1), "c.example");
}

#[test]
fn a_bare_category_number_is_kept_only_where_it_says_nothing() {
    let mut normaliser = normaliser(context());
    let mut batch = EventBatch::default();
    for (name, id, want, category) in [
        ("Wagers", "26", "Wagers", "gambling"),
        ("", "26", "", "malware"),
        ("", "140", "140", ""),
        ("Odd", "26", "Odd", "malware"),
    ] {
        let line = decoded(Some(Action::Allowed), &[(Field::VendorCategory, name), (Field::VendorCategoryId, id)]);
        push(&mut normaliser, &line, &mut batch);
        let row = batch.len() - 1;
        assert_eq!(
            (dict(&batch.vendor_category, row).as_str(), dict(&batch.category, row).as_str()),
            (want, category),
            "{name} {id}"
        );
    }
    assert_eq!(normaliser.take_notes().unmapped, [(String::from("140"), 1)].into());
    assert_eq!(normaliser.take_notes(), Notes::default());
}

#[test]
fn a_monitors_finding_is_a_concern_and_no_decision() {
    let mut normaliser = normaliser(context());
    let mut batch = EventBatch::default();
    for (concern, want, severity) in
        [("Wagers", ["", "gambling", ""], Some(2)), ("a kite fight", ["", "bullying", "test.kites"], Some(2))]
    {
        let mut line = decoded(Some(Action::Blocked), &[(Field::Concern, concern)]);
        line.kind = Kind::Concern;
        push(&mut normaliser, &line, &mut batch);
        let row = batch.len() - 1;
        assert_eq!([dict(&batch.action, row), dict(&batch.theme, row), dict(&batch.concern_id, row)], want);
        assert_eq!(batch.concern_severity.valid[row].then_some(batch.concern_severity.values[row]), severity);
        assert_eq!(batch.search_term.get(row), None);
    }
}

#[test]
fn text_that_is_no_utf8_becomes_utf8() {
    let mut normaliser = normaliser(context());
    let mut batch = EventBatch::default();
    let mut line = decoded(Some(Action::Blocked), &[]);
    for field in 0..crate::decoded::FIELD_COUNT {
        line.text[field] = b"caf\xe9/\xff\xfe?\xc3(";
    }
    push(&mut normaliser, &line, &mut batch);
    for (name, column) in batch.dict_columns() {
        for id in &column.ids {
            assert!(*id == NULL_ID || std::str::from_utf8(column.strings.get(*id)).is_ok(), "{name}");
        }
    }
    for column in [&batch.url_path, &batch.url_query, &batch.search_term] {
        assert!(std::str::from_utf8(&column.bytes).is_ok());
    }
}

#[test]
fn admin_events_hold_keys_for_names() {
    let mut normaliser = normaliser(context());
    let actor = key_for(Named::Person, "default", "kwren").to_string();
    let user = key_for(Named::Person, "default", "y9-fern").to_string();
    let line = decoded(
        None,
        &[
            (Field::Actor, "KWren"),
            (Field::Operation, "unblock"),
            (Field::Object, "maps.example"),
            (Field::Detail, "KWren allowed maps.example for user=y9-fern"),
        ],
    );
    let when = normaliser.when(&line).unwrap();
    let row = normaliser.admin(&line, when, 3);
    assert_eq!(row.actor_key.unwrap().as_str(), actor);
    assert_eq!((row.operation.as_str(), row.object.as_deref(), row.line_no), ("unblock", Some("maps.example"), 3));
    assert_eq!(row.detail.unwrap(), format!("{actor} allowed maps.example for user={user}"));
    assert_eq!(row.school_id.unwrap().as_str(), "oak");
}
