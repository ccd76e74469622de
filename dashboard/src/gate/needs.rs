//! What each address asks of whoever opens it: the one table. An address that is not in it is refused to everybody.

use weir_register::Ability;

/// What an address asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing: the way in, and what says nothing about anyone.
    Nothing,
    /// A password that was right, whatever is still missing.
    HalfWay,
    /// Being signed in.
    SignedIn,
    /// An ability at some school; what is shown is narrowed to the schools it is held for.
    Somewhere(Ability),
    /// An ability at the school that the address names.
    AtSchool(Ability),
}

/// Every address of the pages.
pub(crate) const ROUTES: &[(&str, Needs)] = &[
    ("/", Needs::Somewhere(Ability::Figures)),
    ("/schools.csv", Needs::Somewhere(Ability::Figures)),
    ("/go", Needs::Somewhere(Ability::Figures)),
    ("/method", Needs::Somewhere(Ability::Figures)),
    ("/group/{group}/{year}", Needs::Somewhere(Ability::Figures)),
    ("/school/{school}", Needs::AtSchool(Ability::Figures)),
    ("/school/{school}/{year}", Needs::AtSchool(Ability::Figures)),
    ("/school/{school}/{year}/days.csv", Needs::AtSchool(Ability::Figures)),
    ("/school/{school}/{year}/figures.csv", Needs::AtSchool(Ability::Figures)),
    ("/school/{school}/{year}/figure/{figure}", Needs::AtSchool(Ability::Figures)),
    ("/school/{school}/{year}/review", Needs::AtSchool(Ability::Figures)),
    ("/school/{school}/{year}/review/open", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/{year}/review/write/{block}", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/{year}/review/ask/{block}", Needs::AtSchool(Ability::AskQuestions)),
    ("/school/{school}/{year}/review/actions", Needs::AtSchool(Ability::ReadRegister)),
    ("/school/{school}/{year}/review/actions/add", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/{year}/review/actions/{action}", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/{year}/review/ready", Needs::AtSchool(Ability::WriteRegister)),
    // Its page is read by more than sign; whether somebody may sign is asked again when they do.
    ("/school/{school}/{year}/review/sign", Needs::AtSchool(Ability::ReadRegister)),
    ("/school/{school}/{year}/review/sign/begin", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/{year}/review/sign/stop", Needs::AtSchool(Ability::Sign)),
    ("/school/{school}/{year}/review/sign/empty", Needs::AtSchool(Ability::Sign)),
    ("/school/{school}/{year}/review/draft/{form}", Needs::AtSchool(Ability::ReadRegister)),
    ("/school/{school}/{year}/review/signed", Needs::AtSchool(Ability::ReadRegister)),
    ("/school/{school}/{year}/review/signed/{revision}/{form}", Needs::AtSchool(Ability::ReadRegister)),
    ("/school/{school}/{year}/review/revise", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/checks", Needs::AtSchool(Ability::ReadRegister)),
    ("/school/{school}/checks/grid.csv", Needs::AtSchool(Ability::ReadRegister)),
    ("/school/{school}/checks/list.csv", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/checks/add", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/checks/plan", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/checks/end", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/checks/{check}", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/checks/{check}/close", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/checks/{check}/withdraw", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/changes", Needs::AtSchool(Ability::ReadRegister)),
    ("/school/{school}/changes/list.csv", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/changes/ask", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/changes/{change}", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/changes/{change}/decide", Needs::AtSchool(Ability::DecideChanges)),
    ("/school/{school}/changes/{change}/made", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/changes/{change}/end", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/changes/{change}/withdraw", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/records", Needs::AtSchool(Ability::ReadRegister)),
    ("/school/{school}/records/{book}", Needs::AtSchool(Ability::ReadRegister)),
    ("/school/{school}/records/{book}/list.csv", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/records/{book}/add", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/records/{book}/paste", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/records/{book}/{entry}", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/records/{book}/{entry}/change", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/records/{book}/{entry}/withdraw", Needs::AtSchool(Ability::WriteRegister)),
    ("/school/{school}/requests", Needs::AtSchool(Ability::Request)),
    ("/school/{school}/requests/ask", Needs::AtSchool(Ability::Request)),
    ("/school/{school}/requests/{change}/withdraw", Needs::AtSchool(Ability::Request)),
    ("/today", Needs::Somewhere(Ability::Alerts)),
    ("/school/{school}/alerts", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/alerts/list.csv", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/alerts/watch", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/alerts/{alert}", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/alerts/{alert}/take", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/alerts/{alert}/note", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/alerts/{alert}/close", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/alerts/{alert}/answer", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/alerts/{alert}/reopen", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/alerts/{alert}/name", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/names", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/names/reveal", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/names/find", Needs::AtSchool(Ability::Alerts)),
    ("/school/{school}/reveals", Needs::AtSchool(Ability::ReadReveals)),
    ("/school/{school}/reveals/list.csv", Needs::AtSchool(Ability::ReadReveals)),
    ("/unclaimed", Needs::Somewhere(Ability::Feeds)),
    // Asked by programs, with a token in the place of a session.
    ("/api/v1/openapi.json", Needs::Nothing),
    ("/api/v1/schools", Needs::Somewhere(Ability::Figures)),
    ("/api/v1/schools/{school}/register", Needs::AtSchool(Ability::ReadRegister)),
    ("/api/v1/schools/{school}/years/{year}/figures", Needs::AtSchool(Ability::Figures)),
    ("/health", Needs::Nothing),
    ("/assets/icon.svg", Needs::Nothing),
    ("/sign-in", Needs::Nothing),
    ("/link/{secret}", Needs::Nothing),
    ("/sign-in/letter", Needs::Nothing),
    ("/sign-in/letter/{secret}", Needs::Nothing),
    ("/sign-in/with/{provider}", Needs::Nothing),
    ("/sign-in/back/{provider}", Needs::Nothing),
    ("/sign-in/code", Needs::HalfWay),
    ("/sign-in/second-step", Needs::HalfWay),
    ("/sign-out", Needs::HalfWay),
    ("/account", Needs::SignedIn),
    ("/account/password", Needs::SignedIn),
    ("/account/recovery-codes", Needs::SignedIn),
    ("/account/token", Needs::SignedIn),
    ("/account/revoke-token", Needs::SignedIn),
    ("/account/sign-out-everywhere", Needs::SignedIn),
    ("/mail/{mail}", Needs::SignedIn),
    ("/people", Needs::Somewhere(Ability::People)),
    ("/people/add", Needs::Somewhere(Ability::People)),
    ("/people/{person}", Needs::Somewhere(Ability::People)),
    ("/people/{person}/give-role", Needs::Somewhere(Ability::People)),
    ("/people/{person}/end-role", Needs::Somewhere(Ability::People)),
    ("/people/{person}/link", Needs::Somewhere(Ability::People)),
    ("/people/{person}/identity", Needs::Somewhere(Ability::People)),
    ("/people/{person}/part", Needs::Somewhere(Ability::People)),
    ("/people/{person}/revoke-token", Needs::Somewhere(Ability::People)),
    ("/people/{person}/close", Needs::Somewhere(Ability::People)),
    ("/people/{person}/reopen", Needs::Somewhere(Ability::People)),
];

/// A pattern as this table has it, for numbers about answers.
pub(crate) fn known(pattern: &str) -> &'static str {
    match ROUTES.iter().find(|(known, _)| *known == pattern) {
        Some((known, _)) => known,
        None if pattern == crate::assets::style_path() => "/assets/weir.css",
        None => "none",
    }
}

/// What an address asks for, by the pattern it matched.
pub(crate) fn of(pattern: &str) -> Option<Needs> {
    if pattern == crate::assets::style_path() {
        return Some(Needs::Nothing);
    }
    ROUTES.iter().find(|(known, _)| *known == pattern).map(|(_, needs)| *needs)
}
