//! Who was shown a name, when and why. The head reads the safeguarding lead's and the heads' own; the chair of governors reads the heads',
//! without the reasons that somebody typed.

use askama::Template;
use axum::response::{IntoResponse, Response};
use weir_register::alerts::RevealFact;
use weir_register::{Ability, Role};

use crate::csv;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::record::Here;
use crate::routes::download;
use crate::words::{self, plural};

struct RevealLine {
    when: String,
    by: String,
    what: String,
    alert: Option<i64>,
    second: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "reveals.html")]
struct RevealsPage {
    frame: Frame,
    school: String,
    base: String,
    lede: String,
    reads_reasons: bool,
    lines: Vec<RevealLine>,
}

/// What this reader may know of reveals here, and whether the reasons too.
async fn theirs(here: &Here) -> Result<(Vec<RevealFact>, bool), PageError> {
    let is_head = here.may(Ability::RevealStaff);
    let role = (!is_head).then_some(Role::Leader);
    Ok((here.register().reveals(&here.id, (i64::MIN, i64::MAX), role).await?, is_head))
}

fn what(fact: &RevealFact) -> &'static str {
    match (fact.is_find, fact.is_staff) {
        (true, _) => "looked up the key of a name",
        (false, true) => "was shown a member of staff\u{2019}s name",
        (false, false) => "was shown a pupil\u{2019}s name",
    }
}

pub(super) async fn page(here: Here) -> Result<Response, PageError> {
    let (facts, reads_reasons) = theirs(&here).await?;
    let who = if reads_reasons { "the safeguarding lead and the head" } else { "the head" };
    let lede = match facts.len() as u32 {
        0 => format!("Nobody was shown a name at this school: this lists what {who} asked for."),
        count => format!("{} by {who}, newest first.", plural(count, "look-up")),
    };
    let line = |fact: RevealFact| RevealLine {
        when: words::moment(fact.at),
        what: what(&fact).to_owned(),
        alert: fact.alert,
        second: fact.second.unwrap_or_default(),
        reason: if reads_reasons { fact.reason } else { String::new() },
        by: match fact.role {
            Some(role) => format!("{}, {}", fact.by, role.words()),
            None => fact.by,
        },
    };
    let page = RevealsPage {
        frame: Frame { section: "register", ..Frame::plain(&format!("Names revealed, {}", here.name)) },
        lede,
        reads_reasons,
        lines: facts.into_iter().map(line).collect(),
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn csv(here: Here) -> Result<Response, PageError> {
    let (facts, reads_reasons) = theirs(&here).await?;
    let mut out = String::from("when,school_id,by,role,what,alert,second_person,reason,row_of_the_trail\r\n");
    for fact in &facts {
        csv::row(
            &mut out,
            &[
                &words::moment(fact.at),
                here.id.as_str(),
                &fact.by,
                fact.role.map_or("", Role::word),
                what(fact),
                &fact.alert.map(|alert| alert.to_string()).unwrap_or_default(),
                fact.second.as_deref().unwrap_or(""),
                if reads_reasons { &fact.reason } else { "" },
                &fact.number.to_string(),
            ],
        );
    }
    Ok(download(out, &csv::plain_file_name(here.id.as_str(), "names-revealed")))
}
