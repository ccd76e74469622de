//! A house with accounts: the invented estate behind sign-in, a clock that can be turned, and a browser that keeps its cookie.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use jiff::civil::date;
use tempfile::TempDir;
use tower::ServiceExt;
use weir_lake::estate::{School, Serving};
use weir_lake::vault::Vault;
use weir_register::accounts::{Accounts, Link, NewAccount};
use weir_register::{AccountId, Actor, Place, Register, Role, Sought};

use super::Answered;
use super::uploads::Invented;
use crate::{Dashboard, Example, Figures, Schools};

pub(super) const GOOD: &str = "violet kettle marmot";
pub(super) const OTHER: &str = "seven plain teaspoons";

/// 2026-11-23T09:00:00Z.
const START: i64 = 1_795_424_400_000_000;

/// What a form without a file is sent as.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

pub(super) struct House {
    _folder: TempDir,
    pub(super) vault: Vault,
    pub(super) accounts: Accounts,
    now: Arc<AtomicI64>,
    /// How often it was said that a letter waits.
    pub(super) waiting: Arc<AtomicI64>,
    router: Router,
}

/// One school each of Wales and Scotland, for their words.
fn nation(school: &str) -> &'static str {
    match school {
        "larkhill" => "wales",
        "ashdown" => "scotland",
        _ => "england",
    }
}

/// The schools of the invented estate; two of them are a trust.
async fn schools() -> Schools {
    let of = |school: crate::view::SchoolRef| {
        let trust = ["oakfield"].contains(&school.id.as_str()).then(|| "Fieldway".to_owned());
        let school = School {
            name: school.name,
            urn: None,
            phase: school.phase,
            nation: nation(school.id.as_str()).into(),
            school_id: school.id,
            timezone: "Europe/London".into(),
            governing_body: None,
            trust,
            authority: None,
            opens: None,
            closes: None,
        };
        (school.school_id.clone(), school)
    };
    Example::estate().schools().await.unwrap().into_iter().map(of).collect::<BTreeMap<_, _>>()
}

impl House {
    pub(super) async fn new() -> Self {
        Self::reached(Serving::default()).await
    }

    /// With uploads that an invented reader takes.
    pub(super) async fn with_uploads() -> (Self, Invented) {
        let (house, dashboard) = Self::built(Serving::default(), schools().await).await;
        let uploads = Invented::new(house._folder.path());
        (Self { router: dashboard.with_uploads(uploads.clone()).router(8080), ..house }, uploads)
    }

    /// With a policy in memory.
    pub(super) async fn with_policy() -> (Self, super::imports::Invented) {
        let (house, dashboard) = Self::built(Serving::default(), schools().await).await;
        let policy = super::imports::Invented::default();
        (Self { router: dashboard.with_policy(policy.clone()).router(8080), ..house }, policy)
    }

    pub(super) async fn reached(serving: Serving) -> Self {
        Self::of(serving, schools().await).await
    }

    /// One whose logs hold what this gives.
    pub(super) async fn reading(evidence: Arc<dyn crate::Evidence>) -> Self {
        let (house, mut dashboard) = Self::built(Serving::default(), schools().await).await;
        dashboard.evidence = Some(evidence);
        Self { router: dashboard.router(8080), ..house }
    }

    /// Where two schools have one governing body.
    pub(super) async fn federated() -> Self {
        let mut schools = schools().await;
        for school in schools.values_mut().filter(|school| ["oakfield", "st-brannocs"].contains(&school.school_id.as_str())) {
            school.governing_body = Some("Hollow Lane Federation".into());
        }
        Self::of(Serving::default(), schools).await
    }

    async fn of(serving: Serving, schools: Schools) -> Self {
        Self::built(serving, schools).await.0
    }

    async fn built(serving: Serving, schools: Schools) -> (Self, Dashboard) {
        let folder = tempfile::tempdir().unwrap();
        let register = Register::open(&folder.path().join("register.sqlite")).await.unwrap();
        let vault = Vault::open(&folder.path().join("vault"), &folder.path().join("lake")).unwrap();
        let now = Arc::new(AtomicI64::new(START));
        let clock = now.clone();
        let accounts = Accounts::with_clock(register, &vault, Arc::new(move || clock.load(Ordering::SeqCst)));
        let names = crate::VaultNames::new(vault.clone(), || Ok(weir_lake::estate::Estate::default()));
        let dashboard =
            Dashboard::with_sign_in(Example::estate(), accounts.clone(), serving, move || Ok(schools.clone())).with_names(names);
        let waiting = Arc::new(AtomicI64::new(0));
        let waits = waiting.clone();
        let dashboard = dashboard.with_letters(move || {
            waits.fetch_add(1, Ordering::SeqCst);
        });
        let router = dashboard.router(8080);
        (Self { _folder: folder, vault, accounts, now, waiting, router }, dashboard)
    }

    /// Now, by the house's clock.
    pub(super) fn now(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    pub(super) fn pass_minutes(&self, minutes: i64) {
        self.now.fetch_add(minutes * 60_000_000, Ordering::SeqCst);
    }

    pub(super) async fn add(&self, email: &str, role: Role, place: &str) -> (AccountId, String) {
        let new = NewAccount {
            email: email.into(),
            name: format!("{} Beispiel", role.word()),
            role,
            place: Place::parse(place).unwrap(),
            from: date(2026, 9, 1),
            to: None,
        };
        let (id, link) = self.accounts.add(Actor::Command("anna".into()), &new).await.unwrap();
        (id, secret(&link))
    }

    /// Somebody with the password [`GOOD`].
    pub(super) async fn with(&self, email: &str, role: Role, place: &str) -> AccountId {
        let (id, link) = self.add(email, role, place).await;
        self.accounts.set_password_by_link(&link, GOOD, &[]).await.unwrap();
        id
    }

    pub(super) fn browser(&self) -> Browser<'_> {
        Browser { house: self, cookie: None, address: "127.0.0.1:50000".parse().unwrap(), headers: Vec::new(), kind: FORM }
    }

    /// Somebody wholly signed in, second step and all.
    pub(super) async fn signed_in(&self, role: Role, place: &str) -> Browser<'_> {
        let email = format!("{}-{}@oak.example", role.word(), place.replace([':', '*', ' '], "-"));
        self.with(&email, role, place).await;
        let mut browser = self.browser();
        let answer = browser.post("/sign-in", &[("email", &email), ("password", GOOD)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        if role.needs_second_step() {
            browser.enrol().await;
        }
        browser
    }

    pub(super) async fn trail(&self) -> Vec<String> {
        let mut rows = self.accounts.register().audit_rows(&Sought::default()).await.unwrap();
        rows.reverse();
        let line = |row: &weir_register::AuditRow| {
            let at = row.school.as_ref().map(|school| format!(" at {school}")).unwrap_or_default();
            format!("{} {} {}{at}", row.actor, row.action, row.outcome)
        };
        rows.iter().map(line).collect()
    }
}

pub(super) fn secret(link: &Link) -> String {
    link.path().strip_prefix("/link/").unwrap().to_owned()
}

pub(super) struct Browser<'a> {
    house: &'a House,
    pub(super) cookie: Option<String>,
    pub(super) address: SocketAddr,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) kind: &'static str,
}

impl Browser<'_> {
    pub(super) async fn get(&mut self, path: &str) -> Answered {
        self.ask("GET", path, String::new()).await
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answered {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        self.ask("POST", path, body.join("&")).await
    }

    pub(super) async fn ask(&mut self, method: &str, path: &str, body: String) -> Answered {
        let mut request = Request::builder().method(method).uri(path).header("content-type", self.kind);
        if !self.headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "localhost:8080");
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(self.address));
        let response = self.house.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        if let Some(set) = parts.headers.get("set-cookie") {
            let set = set.to_str().unwrap();
            let pair = set.split(';').next().unwrap().to_owned();
            self.cookie = (!set.contains("Max-Age=0")).then_some(pair);
        }
        let body = String::from_utf8(to_bytes(body, 1 << 24).await.unwrap().to_vec()).unwrap();
        Answered { status: parts.status, headers: parts.headers, body }
    }

    /// Where an answer leads.
    pub(super) async fn leads(&mut self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        answer.header("location").to_owned()
    }

    /// Sets the second step up as the page says; gives the key.
    pub(super) async fn enrol(&mut self) -> String {
        let page = self.get("/sign-in/second-step").await;
        assert_eq!(page.status, StatusCode::OK);
        let key = between(&page.body, "<p class=\"secret\">", "</p>").replace(' ', "");
        let code = self.code(&key);
        let done = self.post("/sign-in/second-step", &[("code", &code)]).await;
        assert!(done.body.contains("Keep your recovery codes"), "{}", done.status);
        key
    }

    /// The code an app with this key shows now.
    pub(super) fn code(&self, key: &str) -> String {
        let secret = totp_rs::Secret::try_from_base32(key).unwrap();
        let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("a").with_issuer(Some("Weir")).build().unwrap();
        totp.generate((self.house.now.load(Ordering::SeqCst) / 1_000_000) as u64).to_string()
    }
}

pub(super) fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).unwrap().0
}
