//! What waits for a reader at a school beside alerts: questions of governors for the head, and requests for whoever may decide them.

use jiff::civil::Date;
use weir_lake::ids::SchoolId;
use weir_register::records::{ChangeState, Kind};
use weir_register::{Ability, Register, RegisterError};

use crate::gate::Person;
use crate::words;

/// How much waits, in words, and where it is.
pub(super) async fn of(
    register: &Register,
    person: &Person,
    school: &SchoolId,
    today: Date,
) -> Result<Vec<(String, String)>, RegisterError> {
    let mut waits = Vec::new();
    let base = format!("/school/{school}");
    if person.access.sees(Ability::AnswerQuestions, school) {
        let questions = register.questions(school).await?;
        let open: Vec<_> = questions.iter().filter(|question| question.is_open()).collect();
        if let Some(oldest) = open.first() {
            let some = if open.len() == 1 { "1 question".into() } else { format!("{} questions", open.len()) };
            let since = words::day_of_words(oldest.asked_at);
            waits.push((format!("{some} of governors to answer, the oldest of {since}"), format!("{base}/questions")));
        }
    }
    let decides = |kind: Kind| person.access.sees(kind.decided_under(), school);
    if Kind::ALL.iter().any(|kind| decides(*kind)) {
        let book = register.changes(school).await?;
        let own = person.session.account.id;
        let waiting = book
            .changes
            .iter()
            .filter(|change| change.state(today) == ChangeState::Waiting && change.asked_by != own && decides(change.kind));
        let asked: Vec<Date> = waiting.map(|change| change.asked_on).collect();
        if let Some(oldest) = asked.iter().min() {
            let some = words::plural(asked.len() as u32, "request");
            let since = words::day(*oldest);
            waits.push((format!("{some} to decide, the oldest of {since}"), format!("{base}/changes?show=waiting#list")));
        }
    }
    Ok(waits)
}
