//! The audit trail, read and searched by auditors and data protection officers: each look is a row of it too. A reader of some schools sees the
//! rows of those alone.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;
use weir_register::accounts::Account;
use weir_register::{Ability, Act, Action, AuditRow, Outcome, Reach, Sought};

use crate::Dashboard;
use crate::account::Signed;
use crate::account::form::typed_day;
use crate::csv;
use crate::error::PageError;
use crate::gate::{Gate, Person};
use crate::pages::{Choice, Frame, html};
use crate::routes::download;
use crate::words;

/// Rows of a page.
const ROWS: u32 = 50;

/// Rows of a file.
const MOST: u32 = 10_000;

struct TrailLine {
    number: u64,
    when: String,
    who: String,
    what: String,
    is_refused: bool,
    about: String,
    why: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct TrailPage {
    frame: Frame,
    whole: bool,
    said: Option<Vec<String>>,
    people: Vec<Choice>,
    actions: Vec<Choice>,
    outcomes: Vec<Choice>,
    from: String,
    to: String,
    wrong_day: bool,
    lines: Vec<TrailLine>,
    older: Option<String>,
    file: String,
}

/// What is sought, as the address has it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    who: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    before: Option<u64>,
}

/// The first moment of a day, by the clock of schools.
fn begins(day: Date) -> Option<i64> {
    let zone = weir_lake::clock::zone(weir_lake::clock::DEFAULT_ZONE)?;
    Some(day.to_zoned(zone).ok()?.timestamp().as_microsecond())
}

impl Asked {
    /// A word that is none of the list seeks nothing.
    fn action(&self) -> Option<&'static str> {
        Action::ALL.iter().map(|action| action.word()).find(|word| *word == self.action)
    }

    fn has_wrong_day(&self) -> bool {
        [&self.from, &self.to].iter().any(|day| !day.trim().is_empty() && typed_day(day).is_none())
    }

    fn sought(&self, schools: Option<Vec<weir_lake::ids::SchoolId>>, limit: u32) -> Sought {
        let day_after = typed_day(&self.to).and_then(|day| day.checked_add(1.day()).ok());
        Sought {
            actor: Some(self.who.clone()).filter(|who| !who.is_empty()),
            action: self.action().map(str::to_owned),
            outcome: match self.outcome.as_str() {
                "done" => Some(Outcome::Done),
                "refused" => Some(Outcome::Refused),
                _ => None,
            },
            schools,
            before: self.before,
            from: typed_day(&self.from).and_then(begins),
            to: day_after.and_then(begins),
            limit,
            ..Sought::default()
        }
    }

    /// The same search as the end of an address.
    fn query(&self, before: Option<u64>) -> String {
        let plain = |text: &str| -> String {
            text.bytes()
                .map(|byte| match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
                    _ => format!("%{byte:02X}"),
                })
                .collect()
        };
        let mut parts = Vec::new();
        let all =
            [("who", &self.who), ("action", &self.action), ("outcome", &self.outcome), ("from", &self.from), ("to", &self.to)];
        for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
            parts.push(format!("{name}={}", plain(value)));
        }
        parts.extend(before.map(|before| format!("before={before}")));
        parts.join("&")
    }
}

/// The schools whose rows this reader reads; none where it is the whole trail.
fn schools(gate: &Gate, person: &Person) -> Result<Option<Vec<weir_lake::ids::SchoolId>>, PageError> {
    if person.access.role_over(Ability::ReadAudit, &Reach::Everywhere).is_some() {
        return Ok(None);
    }
    let all = gate.schools()?;
    Ok(Some(all.keys().filter(|school| person.access.sees(Ability::ReadAudit, school)).cloned().collect()))
}

/// People whose rows this reader may look for: those with a role at one of the schools, or everybody.
async fn people(gate: &Gate, own: Option<&[weir_lake::ids::SchoolId]>) -> Result<Vec<Account>, PageError> {
    let (all, schools) = (gate.accounts.list().await?, gate.schools()?);
    let is_known = |account: &Account| {
        own.is_none_or(|own| account.roles.iter().any(|held| own.iter().any(|school| held.place.reach(&schools).has(school))))
    };
    Ok(all.into_iter().filter(is_known).collect())
}

/// `{"alert":3,"of":"pupil"}` as "alert: 3; of: pupil".
fn detail(row: &AuditRow) -> String {
    row.detail.trim_matches(['{', '}']).replace('"', "").replace(',', "; ").replace(':', ": ")
}

fn who(row: &AuditRow, people: &[Account]) -> String {
    let known = people.iter().find(|account| row.actor == format!("account:{}", account.id));
    let name = known.map_or_else(|| row.actor.clone(), |account| account.name.clone());
    let role = row.role.as_deref().and_then(weir_register::Role::parse);
    role.map_or(name.clone(), |role| format!("{name}, {}", role.words()))
}

fn line(row: &AuditRow, people: &[Account]) -> TrailLine {
    let parts = [row.school.clone(), row.object.clone(), Some(detail(row)).filter(|detail| !detail.is_empty())];
    TrailLine {
        number: row.number,
        when: words::moment(row.at),
        who: who(row, people),
        what: row.action.replace('-', " "),
        is_refused: row.outcome == Outcome::Refused.word(),
        about: parts.into_iter().flatten().collect::<Vec<_>>().join("; "),
        why: row.reason.clone().unwrap_or_default(),
    }
}

async fn show(gate: &Gate, person: &Person, asked: Asked, said: Option<Vec<String>>) -> Result<Response, PageError> {
    let register = gate.accounts.register();
    // Who reads the trail stands in it.
    let _receipt = register.audit(Act::new(person.actor(Ability::ReadAudit), Action::ReadAudit)).await?;
    let own = schools(gate, person)?;
    let people = people(gate, own.as_deref()).await?;
    let rows = register.audit_rows(&asked.sought(own.clone(), ROWS + 1)).await?;
    let choice = |value: String, words: &str, chosen: &str| Choice { chosen: value == chosen, value, words: words.into() };
    let shown = rows.iter().take(ROWS as usize);
    let older = (rows.len() > ROWS as usize).then(|| rows.get(ROWS as usize - 1)).flatten();
    let page = TrailPage {
        frame: Frame { section: "audit", ..Frame::plain("Who saw and did what?") },
        whole: own.is_none(),
        said,
        people: std::iter::once(choice(String::new(), "Anybody", &asked.who))
            .chain(people.iter().map(|account| choice(format!("account:{}", account.id), &account.name, &asked.who)))
            .chain(own.is_none().then(|| choice("nobody".into(), "Nobody who is known", &asked.who)))
            .collect(),
        actions: std::iter::once(choice(String::new(), "Anything", &asked.action))
            .chain(
                Action::ALL
                    .iter()
                    .map(|action| choice(action.word().into(), &words::capital(&action.word().replace('-', " ")), &asked.action)),
            )
            .collect(),
        outcomes: [("", "Done or refused"), ("done", "Done"), ("refused", "Refused")]
            .map(|(value, words)| choice(value.into(), words, &asked.outcome))
            .into(),
        wrong_day: asked.has_wrong_day(),
        lines: shown.map(|row| line(row, &people)).collect(),
        older: older.map(|row| format!("/audit?{}", asked.query(Some(row.number)))),
        file: format!("/audit/list.csv?{}", asked.query(None)),
        from: asked.from,
        to: asked.to,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn page(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, PageError> {
    let gate = dashboard.gate.clone().ok_or(PageError::NotFound)?;
    let Query(asked) = asked.unwrap_or_default();
    show(&gate, &person, asked, None).await
}

pub(super) async fn verify(State(dashboard): State<Dashboard>, Signed(person): Signed) -> Result<Response, PageError> {
    let gate = dashboard.gate.clone().ok_or(PageError::NotFound)?;
    let verified = gate.accounts.register().verify_audit(None).await?;
    let said = match (&verified.head, verified.findings.as_slice()) {
        (Some(head), []) => vec![
            format!("The trail is whole: {} rows, as far as it shows by itself.", words::number(verified.rows as f64, 0)),
            format!("Its head is {head}. Note it outside this machine: weir audit verify --head then also finds a tail cut off."),
        ],
        (None, []) => vec!["The trail is empty.".into()],
        (_, findings) => std::iter::once("The trail is NOT as it was written.".to_owned())
            .chain(findings.iter().take(20).map(ToString::to_string))
            .collect(),
    };
    show(&gate, &person, Asked::default(), Some(said)).await
}

pub(super) async fn csv(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, PageError> {
    let gate = dashboard.gate.clone().ok_or(PageError::NotFound)?;
    let Query(asked) = asked.unwrap_or_default();
    let own = schools(&gate, &person)?;
    let mut out = String::from("number,at,actor,role,action,outcome,school_id,object,reason,detail,hash\r\n");
    for row in gate.accounts.register().audit_rows(&asked.sought(own, MOST)).await? {
        let of = |text: &Option<String>| text.clone().unwrap_or_default();
        csv::row(
            &mut out,
            &[
                &row.number.to_string(),
                &words::moment(row.at),
                &row.actor,
                &of(&row.role),
                &row.action,
                &row.outcome,
                &of(&row.school),
                &of(&row.object),
                &of(&row.reason),
                &row.detail,
                &row.hash,
            ],
        );
    }
    Ok(download(out, "weir_audit.csv"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_goes_on_as_it_was() {
        let asked = Asked { who: "account:7".into(), from: "1 9 2026".into(), ..Asked::default() };
        assert_eq!(asked.query(Some(51)), "who=account%3A7&from=1%209%202026&before=51");
        assert_eq!(asked.sought(None, 5).from, begins(Date::constant(2026, 9, 1)));
        // Midnight by the clock of schools, in summer.
        assert_eq!(begins(Date::constant(2026, 9, 1)), Some(1_788_217_200_000_000));
        assert!(Asked { to: "soon".into(), ..Asked::default() }.has_wrong_day() && !asked.has_wrong_day());
        assert_eq!(Asked { action: "drop table".into(), ..Asked::default() }.action(), None);
    }
}
