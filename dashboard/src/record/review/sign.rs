//! How far a review is, and its signing: parts that are ready, what is still missing, whether two engines agree, who signs next.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Response};
use weir_lake::ids::SchoolId;
use weir_lake::verification::Standing;
use weir_pack::bundle::{Bundle, Difference};
use weir_register::records::{Part, Review, ReviewState, Round, Seat, Signature, ToFreeze};
use weir_register::{Ability, AccountId};

use super::super::fields::{Entry, Field, Takes, Typed, filled};
use super::super::wrong;
use super::ReviewHere;
use crate::Dashboard;
use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::review::differences::differences;
use crate::review::files;
use crate::words;

struct PartLine {
    word: &'static str,
    words: String,
    done: Option<String>,
    /// Whether the reader may say that it is ready.
    is_own: bool,
}

/// What is being signed.
struct Signing {
    digest: String,
    since: String,
    holds: Vec<String>,
    signatures: Vec<(String, String, String)>,
    /// The reader's turn to sign, in words of the seat.
    turn: Option<String>,
    /// Why it is not their turn.
    waits: Option<String>,
    emptying: Vec<Field>,
    stops: bool,
    confirm: Vec<Field>,
    stopping: Vec<Field>,
    changed: Vec<Difference>,
}

#[derive(Template)]
#[template(path = "review_sign.html")]
struct SignPage {
    frame: Frame,
    school: String,
    base: String,
    school_base: String,
    wrong: Wrong,
    lede: String,
    is_writing: bool,
    parts: Vec<PartLine>,
    missing: Vec<(u8, String, String)>,
    agrees: bool,
    engines: Vec<String>,
    begins: bool,
    /// Why signing can't begin.
    not_yet: Vec<&'static str>,
    signing: Option<Signing>,
    broken_off: Vec<String>,
    has_frozen: bool,
}

/// How two engines stand to the figures of the review's schools: the first school on which they don't agree, otherwise the latest agreement.
async fn standing<'a>(dashboard: &Dashboard, at: &'a ReviewHere) -> Result<(&'a SchoolId, Standing), PageError> {
    let mut found = None;
    for school in &at.schools {
        let standing = dashboard.figures.standing(school, at.year).await?;
        if !matches!(standing, Standing::Agreed { .. }) {
            return Ok((school, standing));
        }
        found = Some((school, standing));
    }
    found.ok_or(PageError::NotFound)
}

/// Whether two engines agree, and what to do where they don't.
fn engines((school, standing): (&SchoolId, Standing), at: &ReviewHere) -> (bool, Vec<String>) {
    let verify = format!("Ask IT support to run: weir verify {school} {}", at.year);
    match standing {
        Standing::Agreed { at } => (
            true,
            vec![format!("Two programs worked the figures out apart and came to the same, on {}.", words::day_of_words(at))],
        ),
        Standing::Differs { at: when, values } => (
            false,
            vec![
                format!(
                    "Two programs differ in {} on {}.",
                    words::plural(u32::try_from(values).unwrap_or(u32::MAX), "value"),
                    words::day_of_words(when)
                ),
                "Nobody signs figures on which they differ.".into(),
                format!("{verify}. It shows which values differ. If they still do, tell whoever looks after Weir."),
            ],
        ),
        Standing::Stale { at: when } => (
            false,
            vec![
                format!(
                    "Since two programs compared the figures, on {}, more logs came or were changed.",
                    words::day_of_words(when)
                ),
                format!("{verify}. Each nightly run does it too."),
            ],
        ),
        Standing::NotRolledUp => (
            false,
            vec![
                "Logs were read that no figure counts yet.".into(),
                format!(
                    "Ask IT support to run: weir rollup. Then: weir verify {} {}. Each nightly run does both.",
                    school, at.year
                ),
            ],
        ),
        Standing::Never => (
            false,
            vec![
                "No second program has worked these figures out yet.".into(),
                format!("{verify}. Each nightly run does it too."),
            ],
        ),
    }
}

/// What is signed, in a few lines.
fn holds(bundle: &Bundle) -> Vec<String> {
    let blocks = || bundle.sections.iter().flat_map(|section| &section.blocks);
    let count = |count: usize, what: &str| words::plural(u32::try_from(count).unwrap_or(u32::MAX), what);
    vec![
        format!("{}, each with its definition.", count(blocks().map(|block| block.figures.len()).sum(), "figure")),
        format!("{} of what people stated, commented or recorded.", count(blocks().map(|block| block.notes.len()).sum(), "line")),
        format!("{} that are signed as missing.", count(blocks().map(|block| block.missing.len()).sum(), "statement")),
        format!("{} to be done or done.", count(bundle.actions.len(), "action")),
    ]
}

fn missing(bundle: &Bundle) -> Vec<(u8, String, String)> {
    let blocks = bundle.sections.iter().flat_map(|section| &section.blocks);
    blocks
        .flat_map(|block| block.missing.iter().map(|missing| (block.number, missing.what.clone(), missing.who.clone())))
        .collect()
}

fn seat_of(at: &ReviewHere) -> Option<Seat> {
    let role = at.role(Ability::Sign)?;
    Seat::of(role)
}

fn turn(round: &Round, seat: Option<Seat>, account: AccountId, at: &ReviewHere) -> (Option<String>, Option<String>) {
    let Some(seat) = seat else { return (None, None) };
    let own = at.nation.says(seat.words());
    if round.has_signed(account) {
        return (None, Some("You have signed. Somebody else signs next.".into()));
    }
    if round.signature(seat).is_some() {
        return (None, Some(format!("Somebody has signed as {own} already.")));
    }
    if !round.is_turn_of(seat) {
        let before: Vec<String> = seat
            .after()
            .iter()
            .filter(|before| round.signature(**before).is_none())
            .map(|before| at.nation.says(before.words()))
            .collect();
        let before: Vec<&str> = before.iter().map(String::as_str).collect();
        return (None, Some(format!("You sign as {own}, after: {}.", words::listed(&before))));
    }
    (Some(own), None)
}

fn signing(round: &Round, bundle: &Bundle, now: Option<&Bundle>, at: &ReviewHere, typed: &Typed, wrong: &Wrong) -> Signing {
    let seat = seat_of(at);
    let (turn, waits) = turn(round, seat, at.here.person.session.account.id, at);
    let signatures = Seat::ALL.iter().map(|seat| {
        let who = at.nation.says(&words::capital(seat.words()));
        match round.signature(*seat) {
            None => (who, "not signed yet".into(), String::new()),
            Some(signature) => {
                let name = match &signature.why_not {
                    Some(why) => format!("nobody signs here: {why} (says {})", signature.name),
                    None => signature.name.clone(),
                };
                (who, name, words::moment(signature.at))
            }
        }
    });
    let empty: Vec<Entry> = [Seat::Safeguarding, Seat::Systems]
        .into_iter()
        .filter(|seat| round.signature(*seat).is_none())
        .map(|seat| Entry::new(seat.word(), at.nation.says(&words::capital(seat.words()))))
        .collect();
    let is_head = seat == Some(Seat::Head);
    let emptying = vec![
        Field::new("seat", "Whose signature is missing", "", Takes::OneOf(empty.clone())),
        Field::new(
            "seat_why",
            "Why nobody signs here",
            "For example: our filter is run by a firm without an account.",
            Takes::Lines,
        ),
    ];
    let why = Field::new(
        "why",
        "What must change first",
        "Signatures given so far count for nothing; everybody signs anew.",
        Takes::Lines,
    );
    let tick = Entry::new("confirm", "I have read what is signed, and what is signed as missing");
    let confirm =
        Field::new("sign", "Confirm", "Your name, your role and this moment are kept with it.", Takes::Ticks(vec![tick]));
    Signing {
        digest: round.digest.clone(),
        since: format!("{} began it on {}.", round.begun_by, words::moment(round.begun_at)),
        holds: holds(bundle),
        signatures: signatures.collect(),
        confirm: if turn.is_some() { filled(vec![confirm], typed, wrong) } else { Vec::new() },
        turn,
        waits,
        emptying: if is_head && !empty.is_empty() { filled(emptying, typed, wrong) } else { Vec::new() },
        stops: seat.is_some(),
        stopping: filled(vec![why], typed, wrong),
        changed: now.map(|now| differences(bundle, now)).unwrap_or_default(),
    }
}

fn broken_off(review: &Review) -> Vec<String> {
    let rounds = review.revision().into_iter().flat_map(|revision| &revision.rounds);
    rounds
        .filter_map(|round| round.broken_off.as_ref())
        .map(|(by, when, why)| format!("{by} broke a signing off on {}: {why}", words::moment(*when)))
        .collect()
}

fn lede(review: &Review) -> String {
    match (review.state(), review.revision()) {
        (ReviewState::Frozen, Some(revision)) => format!("Revision {} is signed and frozen.", revision.number),
        (ReviewState::Signing, _) => {
            "It is being signed: nobody can change it until it is signed, or the signing is broken off.".into()
        }
        (_, Some(revision)) if revision.number > 1 => {
            format!("Revision {} is being written, because: {}", revision.number, revision.why)
        }
        _ => "It is being written: three parts, then four signatures.".into(),
    }
}

async fn page_of(dashboard: &Dashboard, at: ReviewHere, typed: Typed, wrong: Wrong) -> Result<Response, PageError> {
    let review = at.review().await?;
    let state = review.state();
    let (agrees, engines) = engines(standing(dashboard, &at).await?, &at);
    let draft = if state == ReviewState::Frozen { None } else { Some(at.draft(dashboard, &review).await?) };
    let revision = review.revision().ok_or(PageError::NotFound)?;
    let round = revision.round().filter(|_| state == ReviewState::Signing);
    let sealed = match round {
        Some(round) => Some((round, Bundle::from_json(&round.bundle).map_err(|_| PageError::Failed)?)),
        None => None,
    };
    let writes = at.role(Ability::WriteRegister).is_some();
    let role = at.role(Ability::WriteRegister);
    let parts = Part::ALL.iter().map(|part| {
        let done = revision.part(*part);
        PartLine {
            word: part.word(),
            words: at.nation.says(&words::capital(part.words())),
            done: done.map(|done| format!("ready, said {} on {}", done.by, words::day_of_words(done.at))),
            is_own: done.is_none() && state == ReviewState::Writing && role.is_some_and(|role| part.is_of(role)),
        }
    });
    let mut not_yet = Vec::new();
    if state == ReviewState::Writing && !revision.is_prepared() {
        not_yet.push("Not every part is ready.");
    }
    if state == ReviewState::Writing && !agrees {
        not_yet.push("Two programs have not come to the same figures: see above.");
    }
    let title = if wrong.is_empty() { format!("Signing, {}", at.here.name) } else { "Error: signing".to_owned() };
    let page = SignPage {
        frame: Frame { section: "register", ..Frame::plain(&title) },
        lede: lede(&review),
        is_writing: state == ReviewState::Writing,
        parts: parts.collect(),
        missing: sealed.as_ref().map(|(_, bundle)| bundle).or(draft.as_ref()).map(missing).unwrap_or_default(),
        agrees,
        engines,
        begins: writes && state == ReviewState::Writing && not_yet.is_empty(),
        not_yet,
        signing: sealed.as_ref().map(|(round, bundle)| signing(round, bundle, draft.as_ref(), &at, &typed, &wrong)),
        broken_off: broken_off(&review),
        has_frozen: review.frozen().is_some(),
        wrong,
        school: at.here.name.clone(),
        school_base: at.here.base.clone(),
        base: at.base.clone(),
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn page(State(dashboard): State<Dashboard>, at: ReviewHere) -> Result<Response, PageError> {
    page_of(&dashboard, at, Typed::default(), Wrong::default()).await
}

async fn finish(
    dashboard: &Dashboard,
    at: ReviewHere,
    done: Result<(), weir_register::records::RecordError>,
    typed: Typed,
) -> Result<Response, PageError> {
    match done {
        Ok(()) => Ok(at.to("/sign")),
        Err(error) => page_of(dashboard, at, typed, wrong(error)?).await,
    }
}

pub(super) async fn ready(
    State(dashboard): State<Dashboard>,
    at: ReviewHere,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let part = Part::parse(typed.of("part")).ok_or(PageError::NotFound)?;
    let by = at.by(Ability::WriteRegister)?;
    let done = at.here.register().review_part_done(by, &at.here.id, at.year, part, at.here.now()).await;
    finish(&dashboard, at, done, Typed::default()).await
}

pub(super) async fn begin(State(dashboard): State<Dashboard>, at: ReviewHere) -> Result<Response, PageError> {
    let review = at.review().await?;
    let (agrees, _) = engines(standing(&dashboard, &at).await?, &at);
    if !agrees {
        let words = "Signing can\u{2019}t begin: two programs have not come to the same figures.";
        return page_of(&dashboard, at, Typed::default(), Wrong::one("engines", words)).await;
    }
    let draft = at.draft(&dashboard, &review).await?;
    let bytes = draft.to_json().map_err(|error| PageError::from(weir_pack::PackError::from(error)))?;
    let by = at.by(Ability::WriteRegister)?;
    let done = at.here.register().begin_signing(by, &at.here.id, at.year, &bytes, at.here.now()).await;
    finish(&dashboard, at, done, Typed::default()).await
}

pub(super) async fn stop(
    State(dashboard): State<Dashboard>,
    at: ReviewHere,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let by = at.by(Ability::Sign)?;
    let done = at.here.register().break_off_signing(by, &at.here.id, at.year, typed.of("why"), at.here.now()).await;
    finish(&dashboard, at, done, typed).await
}

pub(super) async fn empty(
    State(dashboard): State<Dashboard>,
    at: ReviewHere,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let by = at.by(Ability::Sign)?;
    let (seat, why) = (Seat::parse(typed.of("seat")), typed.of("seat_why"));
    let done = at.here.register().leave_seat_empty(by, &at.here.id, at.year, seat, why, at.here.now()).await;
    finish(&dashboard, at, done, typed).await
}

pub(super) async fn sign(
    State(dashboard): State<Dashboard>,
    at: ReviewHere,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    if typed.of("confirm") != "yes" {
        let words = "Say that you have read what is signed.";
        return page_of(&dashboard, at, typed, Wrong::one("sign", words)).await;
    }
    let (by, now) = (at.by(Ability::Sign)?, at.here.now());
    let review = at.review().await?;
    let round = review.revision().and_then(|revision| revision.round()).ok_or(PageError::NotFound)?;
    // The files are made before the last signature is given: either both stand, or neither.
    let last = Seat::of(by.role).filter(|seat| round.is_last(*seat) && round.is_turn_of(*seat));
    let freezes = match last {
        Some(seat) => {
            let account = &at.here.person.session.account;
            let own = Signature { seat, account: account.id, name: account.name.clone(), at: now, why_not: None };
            let bundle = files::signed(round, own, at.nation)?;
            let files = files::files(&bundle).await?;
            let bundle = bundle.to_json().map_err(|error| PageError::from(weir_pack::PackError::from(error)))?;
            Some(ToFreeze { bundle, weir: weir_pack::VERSION.to_owned(), files })
        }
        None => None,
    };
    let done = at.here.register().sign_review(by, &at.here.id, at.year, typed.of("digest"), freezes.as_ref(), now).await;
    let is_frozen = done.is_ok() && freezes.is_some();
    if is_frozen { Ok(at.to("/signed")) } else { finish(&dashboard, at, done, typed).await }
}
