//! `[[sign_in]]` of weir.toml: where people may sign in besides Weir, and which of their groups there gives which role here. Never a secret.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::error::found_text;
use super::places::is_inside;
use super::settings::Place;
use super::table::Problems;

/// Google's issuer: it speaks for every Google account there is.
const GOOGLE: &str = "https://accounts.google.com";

/// Longest id and name.
const LONGEST_ID: usize = 30;
const LONGEST_NAME: usize = 40;

/// A provider that people may sign in with (OpenID Connect).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInProvider {
    /// Stands in addresses of the pages.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whom its answers must come from, to the letter.
    pub issuer: String,
    /// Weir's own name there.
    pub client_id: String,
    /// The file of Weir's secret there; without one the environment has it.
    pub secret_file: Option<PathBuf>,
    /// Google: the domain of one's own; people of others are refused.
    pub hosted_domain: Option<String>,
    /// Microsoft: the tenant; people of others are refused.
    pub tenant: Option<String>,
    /// Which group gives which role.
    pub roles: Vec<SignInRole>,
}

/// A role that comes with a group there. Role and place are as `weir user add` takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRole {
    /// The group; none is everybody of that tenant or domain.
    pub group: Option<String>,
    /// The role.
    pub role: String,
    /// For which schools.
    pub at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawProvider {
    id: Spanned<String>,
    name: Spanned<String>,
    issuer: Spanned<String>,
    client_id: Spanned<String>,
    secret_file: Option<Spanned<PathBuf>>,
    hosted_domain: Option<String>,
    tenant: Option<String>,
    #[serde(default)]
    role: Vec<RawRole>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRole {
    group: Option<String>,
    role: Spanned<String>,
    at: Spanned<String>,
}

/// Checks the sections; what is wrong is left out and told.
pub(crate) fn check(
    raw: Vec<RawProvider>,
    home: &Path,
    lake_root: &Path,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Vec<SignInProvider> {
    let mut providers: Vec<SignInProvider> = Vec::new();
    for raw in raw {
        let before = problems.0.len();
        let id = raw.id.get_ref().as_str();
        let is_plain = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !is_plain {
            let what = format!("{}; use 1 to {LONGEST_ID} lower-case letters, digits and hyphens", found_text(id));
            place.refuse(&raw.id, "sign_in.id", what, problems);
        } else if providers.iter().any(|known| known.id == id) {
            place.refuse(&raw.id, "sign_in.id", format!("{} again; each provider has its own", found_text(id)), problems);
        }
        let name = raw.name.get_ref().trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            let what = format!("{}; use what people call it, in at most {LONGEST_NAME} characters", found_text(name));
            place.refuse(&raw.name, "sign_in.name", what, problems);
        }
        let issuer = raw.issuer.get_ref().as_str();
        if !is_issuer(issuer) {
            let what = format!(
                "{}; use the provider's https:// address as its documents give it, with your tenant's own id in it",
                found_text(issuer)
            );
            place.refuse(&raw.issuer, "sign_in.issuer", what, problems);
        }
        if issuer == GOOGLE && raw.hosted_domain.is_none() {
            let what = "is Google's for all accounts of the world; give hosted_domain, for example \"school.example\"";
            place.refuse(&raw.issuer, "sign_in.issuer", what, problems);
        }
        if let Some(file) = &raw.secret_file
            && is_inside(&home.join(file.get_ref()), lake_root)
        {
            place.refuse(file, "sign_in.secret_file", "lies inside the lake, which others may read; put it elsewhere", problems);
        }
        for role in &raw.role {
            // Who may give every role is decided by people, in Weir.
            if role.role.get_ref() == "administrator" {
                let what =
                    "no group elsewhere makes an administrator; give that role on the page of people, or with `weir user add`";
                place.refuse(&role.role, "sign_in.role.role", what, problems);
            }
        }
        if problems.0.len() == before {
            providers.push(SignInProvider {
                id: id.to_owned(),
                name: name.to_owned(),
                issuer: issuer.to_owned(),
                client_id: raw.client_id.get_ref().clone(),
                secret_file: raw.secret_file.map(|file| home.join(file.into_inner())),
                hosted_domain: raw.hosted_domain,
                tenant: raw.tenant,
                roles: raw
                    .role
                    .into_iter()
                    .map(|role| SignInRole { group: role.group, role: role.role.into_inner(), at: role.at.into_inner() })
                    .collect(),
            });
        }
    }
    providers
}

/// Whether an address can be an issuer: TLS, or a provider on this machine for trying things out. Microsoft's addresses for everybody
/// stand for no tenant.
fn is_issuer(issuer: &str) -> bool {
    let local = ["http://localhost:", "http://127.0.0.1:"].iter().any(|start| issuer.starts_with(start));
    let rest = issuer.strip_prefix("https://").unwrap_or_default();
    let is_plain = issuer.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"'));
    let is_of_all = ["/common/", "/organizations/", "/consumers/"].iter().any(|part| issuer.contains(part));
    issuer.len() <= 500 && is_plain && !is_of_all && (local || !rest.is_empty())
}
