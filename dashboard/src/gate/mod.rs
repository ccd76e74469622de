//! The gate every request passes: who asks, from where, whether they may, and a row of the trail when they may not.

mod address;
mod cookie;
pub(crate) mod needs;
mod viewer;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use weir_lake::estate::{School, Serving};
use weir_lake::ids::SchoolId;
use weir_register::accounts::{Accounts, Session, SessionToken, Stage};
use weir_register::{Ability, Access, Act, Action, Role};

use crate::Dashboard;
use crate::api::problem::refusal;
use crate::api::{Limits, START};
use crate::error::PageError;
use cookie::Of;
use needs::Needs;

pub(crate) use viewer::{Person, Reader, Scoped, Viewer};

/// How long the estate's schools are believed before they are read again.
const SCHOOLS_KEPT: Duration = Duration::from_secs(10);

/// The estate's schools, by id.
pub type Schools = BTreeMap<SchoolId, School>;

type ReadSchools = Box<dyn Fn() -> Result<Schools, String> + Send + Sync>;

/// Sign-in: the accounts, and the schools their roles are about.
pub(crate) struct Gate {
    pub(crate) accounts: Accounts,
    serving: Serving,
    read_schools: ReadSchools,
    schools: Mutex<Option<(Instant, Arc<Schools>)>>,
    limits: Limits,
}

impl Gate {
    pub(crate) fn new(accounts: Accounts, serving: Serving, read_schools: ReadSchools) -> Self {
        Self { accounts, serving, read_schools, schools: Mutex::new(None), limits: Limits::default() }
    }

    /// The estate's schools of now, or of a few seconds ago.
    pub(crate) fn schools(&self) -> Result<Arc<Schools>, PageError> {
        let mut kept = self.schools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, schools)) = kept.as_ref().filter(|(at, _)| at.elapsed() < SCHOOLS_KEPT) {
            return Ok(schools.clone());
        }
        let schools = Arc::new((self.read_schools)().map_err(|error| {
            tracing::error!(%error, "the estate's schools could not be read");
            PageError::Failed
        })?);
        *kept = Some((Instant::now(), schools.clone()));
        Ok(schools)
    }

    fn cookie(&self) -> cookie::Kind {
        if self.serving.url.is_some() { cookie::Kind::Secure } else { cookie::Kind::Plain }
    }

    /// The cookie a request came with.
    pub(crate) fn came_with(&self, headers: &HeaderMap) -> Option<String> {
        self.cookie().read(Of::Session, headers)
    }

    /// What stands before a path of ours, as the reader's browser reached us. The guard has checked the name.
    pub(crate) fn base(&self, headers: &HeaderMap) -> String {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        self.serving.url.clone().unwrap_or_else(|| format!("http://{host}"))
    }

    /// An answer that brings a new session.
    pub(crate) fn with_session(&self, token: &SessionToken, answer: impl IntoResponse) -> Response {
        with_cookie(self.cookie().set(Of::Session, token.as_str()), answer)
    }

    /// An answer that takes the session away.
    pub(crate) fn without_session(&self, answer: impl IntoResponse) -> Response {
        with_cookie(self.cookie().clear(Of::Session), answer)
    }

    /// What a browser on its way back from a provider holds.
    pub(crate) fn came_on_way(&self, headers: &HeaderMap) -> Option<String> {
        self.cookie().read(Of::Way, headers)
    }

    /// An answer that sends a browser on its way to a provider.
    pub(crate) fn with_way(&self, browser: &str, answer: impl IntoResponse) -> Response {
        with_cookie(self.cookie().set(Of::Way, browser), answer)
    }

    /// An answer that ends the way.
    pub(crate) fn without_way(&self, answer: impl IntoResponse) -> Response {
        with_cookie(self.cookie().clear(Of::Way), answer)
    }

    /// Whoever a program's token is of. A cookie is nothing here, so no page elsewhere can ask in somebody's name.
    async fn owner(&self, headers: &HeaderMap, address: IpAddr) -> Result<Option<Person>, Response> {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = sent.and_then(|sent| sent.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some((_, token)) = token else { return Ok(None) };
        let failed = |error: PageError| error.into_response();
        let Some(session) = self.accounts.of_token(token.trim()).await.map_err(|error| failed(error.into()))? else {
            if !self.limits.machine(address) {
                return Err(refusal(StatusCode::TOO_MANY_REQUESTS));
            }
            let act = Act::new(weir_register::Actor::Nobody, Action::Open).refused().with("token", true);
            let _receipt = self.accounts.register().audit(act).await.map_err(|error| failed(error.into()))?;
            return Ok(None);
        };
        if !self.limits.account(session.account.id) {
            return Err(refusal(StatusCode::TOO_MANY_REQUESTS));
        }
        let access = self.access_of(&session).map_err(failed)?;
        Ok(Some(Person { session, access, address }))
    }

    async fn person(&self, headers: &HeaderMap, address: IpAddr) -> Result<Option<Person>, PageError> {
        let Some(token) = self.came_with(headers) else { return Ok(None) };
        let Some(session) = self.accounts.session(&token).await? else { return Ok(None) };
        let access = self.access_of(&session)?;
        Ok(Some(Person { session, access, address }))
    }

    /// What somebody may do today. Nothing before they are wholly signed in.
    fn access_of(&self, session: &Session) -> Result<Access, PageError> {
        let schools = self.schools()?;
        let held: Vec<_> = match session.stage {
            Stage::Full => session.account.roles_on(self.accounts.today()).map(|held| (held.role, held.place.clone())).collect(),
            Stage::Code | Stage::Enrol => Vec::new(),
        };
        Ok(Access::new(held, &schools))
    }
}

fn with_cookie(line: Option<HeaderValue>, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Some(line) = line {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}

/// Lets a request through to its page, or says why not. An address that the table does not know is let through to nobody.
pub(crate) async fn pass(State(dashboard): State<Dashboard>, mut request: Request, next: Next) -> Response {
    let needs = request.extensions().get::<MatchedPath>().and_then(|path| needs::of(path.as_str()));
    let Some(needs) = needs else {
        tracing::error!("an address without a line in the table of who may open it");
        return PageError::Failed.into_response();
    };
    let Some(gate) = dashboard.gate.clone() else {
        request.extensions_mut().insert(Viewer::Anyone);
        return Viewer::Anyone.sees(next.run(request)).await;
    };
    // Without the peer's address guessing could not be slowed down.
    let Some(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip()) else {
        return PageError::Failed.into_response();
    };
    let address = address::client(peer, request.headers(), &gate.serving.trusted_proxies);
    let is_programs = request.uri().path().starts_with(START);
    let found = if is_programs {
        gate.owner(request.headers(), address).await
    } else {
        gate.person(request.headers(), address).await.map_err(IntoResponse::into_response)
    };
    let viewer = match found {
        Ok(Some(person)) => Viewer::Person(Arc::new(person)),
        Ok(None) => Viewer::Nobody { address },
        Err(answer) => return answer,
    };
    // Not the request itself: a body can't be looked at from two threads.
    let asked = Asked::of(&request);
    let checked = match &viewer {
        Viewer::Person(person) => check(&gate, needs, person, &asked).await,
        Viewer::Anyone | Viewer::Nobody { .. } if needs == Needs::Nothing => Ok(()),
        Viewer::Anyone | Viewer::Nobody { .. } if is_programs => Err(refusal(StatusCode::UNAUTHORIZED)),
        Viewer::Anyone | Viewer::Nobody { .. } => Err(to_sign_in(&asked)),
    };
    request.extensions_mut().insert(viewer.clone());
    viewer
        .sees(async move {
            match checked {
                Ok(()) => next.run(request).await,
                Err(answer) => answer,
            }
        })
        .await
}

/// What is asked for.
struct Asked {
    is_get: bool,
    path: String,
    path_and_query: String,
    pattern: &'static str,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let matched = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        Self {
            is_get: request.method() == Method::GET,
            path: request.uri().path().to_owned(),
            path_and_query: request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            pattern: needs::ROUTES.iter().find(|(known, _)| *known == matched).map_or("", |(known, _)| *known),
        }
    }
}

/// Whether somebody with a session may go on.
async fn check(gate: &Gate, needs: Needs, person: &Person, asked: &Asked) -> Result<(), Response> {
    match (needs, person.session.stage) {
        (Needs::Nothing | Needs::HalfWay, _) => return Ok(()),
        (_, Stage::Code) => return Err(Redirect::to("/sign-in/code").into_response()),
        (_, Stage::Enrol) => return Err(Redirect::to("/sign-in/second-step").into_response()),
        (_, Stage::Full) => {}
    }
    let (role, school) = match needs {
        Needs::Nothing | Needs::HalfWay | Needs::SignedIn => return Ok(()),
        Needs::Somewhere(ability) => (person.access.role_for(ability), None),
        Needs::AtSchool(ability) => {
            // As it stands in the address: an id needs no encoding, and one that is encoded is none of ours.
            let at = if asked.path.starts_with(START) { 4 } else { 2 };
            let school = asked.path.split('/').nth(at).and_then(|id| SchoolId::parse(id).ok());
            let schools = gate.schools().map_err(IntoResponse::into_response)?;
            let school =
                school.filter(|school| schools.contains_key(school)).ok_or_else(|| PageError::NotFound.into_response())?;
            (person.access.role_at(ability, &school), Some(school))
        }
    };
    match role {
        // The first page is where everybody lands, not where everybody meant to go.
        None if asked.path == "/" => Err(Redirect::to(home(&person.access)).into_response()),
        Some(role) => exported(gate, person, role, school.as_ref(), asked).await.map_err(IntoResponse::into_response),
        None => Err(refused(gate, person, needs, school.as_ref(), asked).await.into_response()),
    }
}

/// A row of the trail before a file goes out.
async fn exported(gate: &Gate, person: &Person, role: Role, school: Option<&SchoolId>, asked: &Asked) -> Result<(), PageError> {
    let is_export = asked.path.ends_with(".csv") || asked.path.starts_with(START);
    if !asked.is_get || !is_export {
        return Ok(());
    }
    let act = described(Act::new(person.session.account.actor(Some(role)), Action::Export), school, asked);
    let _receipt = gate.accounts.register().audit(act).await?;
    Ok(())
}

/// A row of the trail for what was refused. A page about a school that is not theirs does not exist for them.
async fn refused(gate: &Gate, person: &Person, needs: Needs, school: Option<&SchoolId>, asked: &Asked) -> PageError {
    let act = described(Act::new(person.session.account.actor(None), Action::Open).refused(), school, asked);
    if let Err(error) = gate.accounts.register().audit(act).await {
        return error.into();
    }
    match needs {
        Needs::AtSchool(ability) if person.access.role_for(ability).is_some() => PageError::NotFound,
        _ => PageError::NotYours,
    }
}

/// Which page, by its pattern: what stands in the address itself may be anything.
fn described(act: Act, school: Option<&SchoolId>, asked: &Asked) -> Act {
    let act = act.on("page", asked.pattern);
    match school {
        Some(school) => act.at(school),
        None => act,
    }
}

/// To the sign-in page, and from there to where they wanted.
fn to_sign_in(asked: &Asked) -> Response {
    let wanted = asked.path_and_query.as_str();
    if !asked.is_get || wanted == "/" || own_path(wanted).is_none() {
        return Redirect::to("/sign-in").into_response();
    }
    let encoded: String = wanted
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_./".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    Redirect::to(&format!("/sign-in?next={encoded}")).into_response()
}

/// A way on after signing in: a path of ours and nothing else. `//host` and `/\host` would be another machine to a browser.
pub(crate) fn own_path(wanted: &str) -> Option<&str> {
    let rest = wanted.strip_prefix('/')?;
    let is_plain = wanted.len() <= 500 && wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_ours = !rest.starts_with('/') && !["sign-", "link/"].iter().any(|own| rest.starts_with(own));
    (is_plain && is_ours).then_some(wanted)
}

/// Where somebody goes when they asked for no page in particular.
pub(crate) fn home(access: &Access) -> &'static str {
    if access.role_for(Ability::RevealPupil).is_some() {
        "/today"
    } else if access.role_for(Ability::OpenLines).is_some() {
        "/feeds"
    } else if access.role_for(Ability::Figures).is_some() {
        "/"
    } else if access.role_for(Ability::Request).is_some() {
        "/ask"
    } else {
        "/account"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_on_is_a_path_of_ours() {
        for wanted in ["/", "/method", "/school/oak/2025-26?x=1&y=%2F", "/go?school=a"] {
            assert_eq!(own_path(wanted), Some(wanted));
        }
        for wanted in [
            "",
            "method",
            "//evil.example",
            "/\\evil.example",
            "/a\\b",
            "https://evil.example/",
            "javascript:alert(1)",
            "/ a",
            "/a\r\nset-cookie: x=y",
            "/\t/evil.example",
            "/sign-in",
            "/sign-out",
            "/link/ab",
            "/é",
            &format!("/{}", "a".repeat(500)),
        ] {
            assert_eq!(own_path(wanted), None, "{wanted:?}");
        }
    }
}
