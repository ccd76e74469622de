//! One provider: what it is asked for, and what is believed of its answer. Its signature, issuer, audience, time and nonce must be right, and
//! where weir.toml names a tenant or a domain, that too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AuthenticationFlow, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use weir_lake::estate::SignInProvider;
use weir_register::accounts::Elsewhere;
use weir_register::{Place, Role};

use super::fetch::{client, fetch};
use super::{ProviderError, Way, secret_of};

/// How long a provider's description and keys are believed. Keys change every few weeks, and the old ones stay a while.
const KEPT: Duration = Duration::from_secs(3600);

/// After a token that no known key signed, the keys are fetched anew, so often at most.
const ANEW: Duration = Duration::from_secs(60);

/// What says, in a token's `acr`, that a second step was shown.
const SECOND_STEPS: [&str; 3] = ["http://schemas.openid.net/pape/policies/2007/06/multi-factor", "phr", "phrh"];

/// Signatures that are believed: none that whoever holds our own secret could make.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 3] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
];

/// What tokens hold beside the standard's claims.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
struct Extra {
    /// Groups, by id.
    #[serde(default)]
    groups: Vec<String>,
    /// Google: the domain the account is of.
    hd: Option<String>,
    /// Microsoft: the tenant.
    tid: Option<String>,
}

impl AdditionalClaims for Extra {}

type Fields =
    IdTokenFields<Extra, EmptyExtraTokenFields, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

type Asker = Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why somebody does not come in this way. The words are for the log, and hold nobody's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The provider can't be asked just now.
    #[error("the provider can't be asked: {0}")]
    Away(String),
    /// Its answer is not to be believed.
    #[error("its answer is not believed: {0}")]
    Unbelieved(String),
    /// Somebody of another tenant or domain.
    #[error("the account is of another tenant or domain")]
    Stranger,
}

/// Where to send somebody, and what to keep of it.
pub(crate) struct Begun {
    pub(crate) to: String,
    pub(crate) state: String,
    pub(crate) way: Way,
}

/// What they came back with.
pub(crate) struct Back {
    pub(crate) code: String,
    pub(crate) way: Way,
}

/// A provider.
pub(crate) struct Provider {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) issuer: String,
    client_id: String,
    secret: ClientSecret,
    hosted_domain: Option<String>,
    tenant: Option<String>,
    roles: Vec<(Option<String>, Role, Place)>,
    http: reqwest::Client,
    known: tokio::sync::Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
}

impl Provider {
    pub(super) fn open(settings: &SignInProvider) -> Result<Self, ProviderError> {
        let id = &settings.id;
        let roles = settings.roles.iter().map(|rule| {
            let wrong = || ProviderError::Role { id: id.clone(), role: rule.role.clone(), at: rule.at.clone() };
            let role = Role::parse(&rule.role).filter(|role| *role != Role::Administrator).ok_or_else(wrong)?;
            Ok((rule.group.clone(), role, Place::parse(&rule.at).ok_or_else(wrong)?))
        });
        let is_local = settings.issuer.starts_with("http://");
        Ok(Self {
            roles: roles.collect::<Result<_, ProviderError>>()?,
            secret: ClientSecret::new(secret_of(settings)?),
            http: client(is_local).map_err(|error| ProviderError::Client { id: id.clone(), why: error.to_string() })?,
            id: id.clone(),
            name: settings.name.clone(),
            issuer: settings.issuer.clone(),
            client_id: settings.client_id.clone(),
            hosted_domain: settings.hosted_domain.clone(),
            tenant: settings.tenant.clone(),
            known: tokio::sync::Mutex::new(None),
        })
    }

    /// The way there: where to, and what to keep until they are back.
    pub(crate) async fn begin(&self, back: &str, browser: &str, next: &str) -> Result<Begun, Refused> {
        let asker = self.asker(back, KEPT).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut request = asker
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("email".into()))
            .add_scope(Scope::new("profile".into()))
            .set_pkce_challenge(challenge);
        if let Some(domain) = &self.hosted_domain {
            request = request.add_extra_param("hd", domain.clone());
        }
        let (to, state, nonce) = request.url();
        let way = Way {
            provider: self.id.clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            back: back.to_owned(),
            browser: browser.to_owned(),
            next: next.to_owned(),
        };
        Ok(Begun { to: to.into(), state: state.into_secret(), way })
    }

    /// Who came back, as far as the provider's token says so and is to be believed.
    pub(crate) async fn finish(&self, back: Back) -> Result<Elsewhere, Refused> {
        let asker = self.asker(&back.way.back, KEPT).await?;
        let away = |error: String| Refused::Away(error);
        let http = |request| fetch(self.http.clone(), request);
        let answer = asker
            .exchange_code(AuthorizationCode::new(back.code))
            .map_err(|error| away(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(back.way.verifier))
            .request_async(&http)
            .await
            .map_err(|error| Refused::Unbelieved(format!("no token for the code: {}", in_short(&error))))?;
        let nonce = Nonce::new(back.way.nonce);
        let token = answer.id_token().ok_or_else(|| Refused::Unbelieved("no token says who it is".into()))?;
        // A token that no known key signed: the keys may be new.
        let is_unknown = matches!(
            token.claims(&verifier(&asker), &nonce),
            Err(openidconnect::ClaimsVerificationError::SignatureVerification(_))
        );
        let asker = if is_unknown { self.asker(&back.way.back, ANEW).await? } else { asker };
        let verifier = verifier(&asker);
        let claims = token.claims(&verifier, &nonce).map_err(|error| Refused::Unbelieved(error.to_string()))?;
        if let Some(expected) = claims.access_token_hash() {
            let unbelieved = |error: &dyn std::fmt::Display| Refused::Unbelieved(error.to_string());
            let algorithm = token.signing_alg().map_err(|error| unbelieved(&error))?;
            let key = token.signing_key(&verifier).map_err(|error| unbelieved(&error))?;
            let found = AccessTokenHash::from_token(answer.access_token(), algorithm, key).map_err(|error| unbelieved(&error))?;
            if found != *expected {
                return Err(Refused::Unbelieved("the access token is another's".into()));
            }
        }
        self.who(claims)
    }

    fn who(&self, claims: &IdTokenClaims<Extra, CoreGenderClaim>) -> Result<Elsewhere, Refused> {
        let extra = claims.additional_claims();
        let is_ours = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        if !is_ours(&self.hosted_domain, &extra.hd) || !is_ours(&self.tenant, &extra.tid) {
            return Err(Refused::Stranger);
        }
        let amr = claims.auth_method_refs().map(Vec::as_slice).unwrap_or_default();
        let acr = claims.auth_context_ref().map(|acr| acr.as_str());
        let is_theirs = |group: &Option<String>| group.as_ref().is_none_or(|group| extra.groups.contains(group));
        Ok(Elsewhere {
            issuer: self.issuer.clone(),
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            vouched: claims.email_verified() == Some(true),
            second_step: amr.iter().any(|method| method.as_str() == "mfa") || acr.is_some_and(|acr| SECOND_STEPS.contains(&acr)),
            roles: self
                .roles
                .iter()
                .filter(|(group, _, _)| is_theirs(group))
                .map(|(_, role, place)| (*role, place.clone()))
                .collect(),
        })
    }

    /// What asks the provider, by a description of it that is no older than this.
    async fn asker(&self, back: &str, newest: Duration) -> Result<Asker, Refused> {
        let away = |error: String| Refused::Away(error);
        let mut known = self.known.lock().await;
        let metadata = match known.as_ref().filter(|(at, _)| at.elapsed() < newest) {
            Some((_, metadata)) => metadata.clone(),
            None => {
                let http = |request| fetch(self.http.clone(), request);
                let issuer = IssuerUrl::new(self.issuer.clone()).map_err(|error| away(error.to_string()))?;
                let found = CoreProviderMetadata::discover_async(issuer, &http).await;
                let metadata = Arc::new(found.map_err(|error| away(in_full(&error)))?);
                *known = Some((Instant::now(), metadata.clone()));
                metadata
            }
        };
        drop(known);
        let id = ClientId::new(self.client_id.clone());
        let back = RedirectUrl::new(back.to_owned()).map_err(|error| away(error.to_string()))?;
        Ok(Asker::from_provider_metadata((*metadata).clone(), id, Some(self.secret.clone())).set_redirect_uri(back))
    }
}

fn verifier(asker: &Asker) -> openidconnect::IdTokenVerifier<'_, CoreJsonWebKey> {
    asker.id_token_verifier().set_allowed_algs(ALGORITHMS)
}

/// What failed, with its causes.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// What failed of asking for a token, without the provider's own words, which may hold somebody's.
fn in_short<E: std::error::Error + 'static>(
    error: &openidconnect::RequestTokenError<E, StandardErrorResponse<CoreErrorResponseType>>,
) -> String {
    match error {
        openidconnect::RequestTokenError::ServerResponse(response) => response.error().to_string(),
        openidconnect::RequestTokenError::Request(error) => in_full(error),
        openidconnect::RequestTokenError::Parse(..) => "it could not be read".into(),
        openidconnect::RequestTokenError::Other(_) => "it is none".into(),
    }
}
