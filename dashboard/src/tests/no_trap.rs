//! No trap: whatever stands in a log, no page makes a link, a picture or an address of it, and what is listed as illegal is named nowhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template as _;
use jiff::civil::Date;
use weir_lake::estate::AcademicYear;
use weir_lake::ids::{SchoolId, UserKey};
use weir_query::alerts::{Lateness, Moment, Wanted};
use weir_query::cells::Cells;
use weir_query::saved::{self, SavedQuery};
use weir_query::unclaimed::{Claim, UnclaimedSource};
use weir_register::Role;
use weir_register::alerts::{What, Who};

use super::alerts::{group, key_of, raise};
use super::house::House;
use super::markup::{check, read};
use crate::Example;
use crate::evidence::{Evidence, Keeping, SeenChanges};
use crate::figures::Asked;
use crate::pages::UnclaimedPage;
use crate::plain::DO_NOT_OPEN;
use crate::questions::{Reply, Told};
use crate::view::SchoolYear;

/// What somebody may plant in a log: each holds the word by which it is found again.
fn planted() -> Vec<String> {
    vec![
        "<script>evil()</script>".into(),
        "javascript:evil(1)".into(),
        "https://evil.example/\u{202e}gpj.exe".into(),
        "//evil.example/x?a=1&b=2#c".into(),
        "data:text/html;base64,evil".into(),
        "\"><img src=x onerror=evil()>".into(),
        "' onmouseover='evil()".into(),
        "evil.example\r\nSet-Cookie: evil=1".into(),
        "\u{2066}evil\u{200b}.example\u{2069}".into(),
        "=HYPERLINK(\"https://evil.example\",\"evil\")".into(),
        format!("evil.example/{}", "a".repeat(20_000)),
        "{{ evil }}".into(),
    ]
}

/// An invented lake that somebody planted all of it in.
struct Hostile(Example);

fn moments(line: Option<&(String, i64)>) -> Vec<Moment> {
    let moment = |text: String| Moment {
        line: line.cloned(),
        day: "2026-11-23".into(),
        time: "10:42:07".into(),
        what: "opened".into(),
        about: text.clone(),
        of_what: text,
        times: 2,
    };
    planted().into_iter().map(moment).collect()
}

impl Evidence for Hostile {
    fn words_of<'a>(&'a self, wanted: &'a Wanted, _: &'a str) -> Asked<'a, Vec<Moment>> {
        Box::pin(async move { Ok(wanted.lines.iter().flat_map(|line| moments(Some(line))).collect()) })
    }

    fn before_and_after<'a>(&'a self, _: &'a SchoolId, _: &'a UserKey, _: i64, _: &'a str) -> Asked<'a, Vec<Moment>> {
        Box::pin(async { Ok(moments(None)) })
    }

    fn day_of<'a>(&'a self, _: &'a SchoolId, _: &'a UserKey, _: Date, _: &'a str) -> Asked<'a, Vec<Moment>> {
        Box::pin(async { Ok(moments(None)) })
    }

    fn keeping(&self, held: BTreeSet<UserKey>) -> Asked<'_, Keeping> {
        self.0.keeping(held)
    }

    fn whole_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear> {
        self.0.whole_year(school, year)
    }

    fn questions(&self) -> Asked<'_, Vec<SavedQuery>> {
        self.0.questions()
    }

    fn ask<'a>(&'a self, _: &'a str, _: &'a saved::Asked, written: Asked<'a, ()>) -> Asked<'a, Told> {
        Box::pin(async move {
            written.await?;
            let rows = planted().into_iter().map(|text| vec![Some(text)]).collect();
            let cells = Cells { names: vec!["host".into()], is_number: vec![false], rows };
            Ok(Told::Answer(Box::new(Reply { cells, csv: String::new(), parameters: Vec::new(), lake_version: 1 })))
        })
    }

    fn changes_seen<'a>(&'a self, school: &'a SchoolId) -> Asked<'a, Vec<SeenChanges>> {
        self.0.changes_seen(school)
    }

    fn lateness<'a>(&'a self, school: &'a SchoolId) -> Asked<'a, Lateness> {
        self.0.lateness(school)
    }

    fn user_types<'a>(&'a self, school: &'a SchoolId, key: &'a UserKey) -> Asked<'a, BTreeSet<String>> {
        self.0.user_types(school, key)
    }
}

/// Nothing planted stands anywhere but in texts, and in fields that keep what was typed.
fn holds_no_trap(path: &str, body: &str) {
    check(path, body);
    for tag in read(body) {
        for name in ["img", "picture", "video", "audio", "iframe", "object", "embed", "source", "track", "area", "form"] {
            assert!(tag.name != name || tag.name == "form", "{path}: <{name}>");
        }
        for (name, value) in &tag.attributes {
            assert!(name == "value" || !value.contains("evil"), "{path}: {name}={value} on {}", tag.name);
            assert!(!["srcset", "ping", "background", "formaction", "xlink:href"].contains(&name.as_str()), "{path}: {name}");
        }
        if tag.name == "link" {
            assert!(["stylesheet", "icon"].contains(&tag.get("rel").unwrap_or_default()), "{path}: a link that fetches ahead");
        }
    }
    for hidden in ['\u{202e}', '\u{2066}', '\u{2069}', '\u{200b}'] {
        assert!(!body.contains(hidden), "{path}: U+{:04X} turns or hides what is read", u32::from(hidden));
    }
}

/// A file that nothing in it opens.
fn opens_nothing(path: &str, body: &str) {
    for bad in ["evil.example", "javascript:", "https:", "data:text", "\u{202e}", "\u{200b}"] {
        assert!(!body.contains(bad), "{path}: {bad}");
    }
    for line in body.lines() {
        assert!(line.len() < 4_000, "{path}: a line without an end");
        assert!(!line.starts_with(['=', '+', '-', '@']) && !line.contains(",=") && !line.contains(",\"="), "{path}: {line}");
    }
}

#[tokio::test]
async fn whatever_is_planted_in_a_log_is_plain_text_on_every_page() {
    let house = House::reading(Arc::new(Hostile(Example::estate()))).await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let key = key_of(&house, "fern.beispiel", "oakfield");
    raise(&house, &[group(&house, Who::Pupil, Some(&key), 3, 1)]).await;
    lead.post("/school/oakfield/alerts/1/take", &[]).await;
    let text: String = planted().iter().map(|text| text.chars().take(60).collect::<String>()).collect::<Vec<_>>().join("\n");
    lead.post("/school/oakfield/alerts/1/note", &[("note", &text)]).await;
    let fields = [
        ("about", "pupil"),
        ("happened", "20 11 2026"),
        ("place", "school"),
        ("source", "alert"),
        ("themes-drugs", "yes"),
        ("severity", "high"),
        ("what", text.as_str()),
        ("people", "https://evil.example"),
        ("alerts", "1"),
    ];
    let done = lead.post("/school/oakfield/incidents/add", &fields).await;
    assert_eq!(done.header("location"), "/school/oakfield/incidents/1");
    for (what, path) in [("javascript:evil()", "changes/ask"), ("https://evil.example", "requests/ask")] {
        let kind = if path.starts_with("changes") { "policy" } else { "unblock" };
        let asked =
            [("kind", kind), ("what", what), ("group", "pupils"), ("reason", "a lesson on https://evil.example"), ("risk", "")];
        let done = technician.post(&format!("/school/oakfield/{path}"), &asked).await;
        assert!(done.status.is_redirection(), "{path}: {}", done.body);
    }
    let mut seen = 0;
    for path in
        ["alerts/1", "incidents/1", "incidents/1/change", "incidents", "alerts", "changes", "changes/1", "requests", "names"]
    {
        let answer = lead.get(&format!("/school/oakfield/{path}")).await;
        assert!(answer.status.is_success(), "{path}");
        // Fields keep what people typed, hidden signs and all.
        let is_form = path.ends_with("change");
        if !is_form {
            holds_no_trap(path, &answer.body);
        }
        seen += usize::from(answer.body.contains("javascript:evil(") || answer.body.contains("javascript[:]evil("));
    }
    assert!(seen >= 4, "what was planted is shown, so that this test can fail");
    let asked = lead.post("/school/oakfield/saved/themes_this_week", &[("value-week", "last week")]).await.body;
    assert!(asked.contains("javascript:evil("), "{asked}");
    holds_no_trap("saved", &asked);
    let day = [("day_key", key.as_str()), ("day", "23 11 2026"), ("day_form", "csv"), ("day_reason", "a worry")];
    opens_nothing("day", &lead.post("/school/oakfield/names/day", &day).await.body);
    for path in
        ["alerts/1/chronology/text", "alerts/1/chronology/csv", "incidents/1/chronology/text", "incidents/1/chronology/csv"]
    {
        let copy = lead.get(&format!("/school/oakfield/{path}")).await.body;
        assert!(copy.contains("evil[.]example"), "{path}");
        opens_nothing(path, &copy);
    }
}

#[tokio::test]
async fn what_is_listed_as_illegal_is_named_nowhere() {
    let house = House::reading(Arc::new(Hostile(Example::estate()))).await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let listed = |who: Who, key: &UserKey, number: u8| {
        let mut group = group(&house, who, Some(key), 3, number);
        group.is_illegal = true;
        group.events[0].what = What::Listed;
        group.theme = format!("illegal{number}");
        group
    };
    let (staff, pupil) = (key_of(&house, "wren.beispiel", "oakfield"), key_of(&house, "fern.beispiel", "oakfield"));
    raise(&house, &[listed(Who::Staff, &staff, 1), listed(Who::Pupil, &pupil, 2)]).await;
    for (browser, alert) in [(&mut head, 1), (&mut lead, 2)] {
        let page = browser.get(&format!("/school/oakfield/alerts/{alert}")).await.body;
        holds_no_trap("illegal", &page);
        assert!(page.contains(DO_NOT_OPEN));
        for moment in read(&page).iter().filter(|tag| tag.name == "b") {
            assert_eq!(moment.text, DO_NOT_OPEN, "the address stands nowhere");
        }
        let copy = browser.get(&format!("/school/oakfield/alerts/{alert}/chronology/text")).await.body;
        assert!(copy.contains(&crate::plain::unlinked(DO_NOT_OPEN)), "{copy}");
    }
}

#[test]
fn the_technicians_page_shows_groups_and_sites_as_plain_text() {
    let claims = planted()
        .into_iter()
        .map(|text| Claim { key: "group", rule: format!("{{ group = {text:?} }}"), value: text, lines: 3 })
        .collect();
    let source = UnclaimedSource { source_id: "oak-filter".into(), lines: 36, say_nothing: 0, files: vec!["f".into()], claims };
    holds_no_trap("unclaimed", &UnclaimedPage::new(&[source]).render().unwrap());
}
