//! The way to a bucket: HTTPS to the address of weir.toml alone, without redirects, and to no address of this link.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use weir_lake::estate::is_link_local;

/// A request takes longer than this only where nothing comes any more: a piece is a few megabytes.
const PATIENCE: Duration = Duration::from_secs(120);

/// An answer larger than this is no piece and no list.
const LARGEST: usize = 64 << 20;

/// Makes the client that a store uses.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) allow_link_local: bool,
}

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(20))
            .timeout(PATIENCE)
            .dns_resolver(Arc::new(Names { allow_link_local: self.allow_link_local }))
            .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| object_store::Error::Generic { store: "S3", source: Box::new(error) })?;
        Ok(HttpClient::new(Client(client)))
    }
}

#[derive(Debug)]
struct Client(reqwest::Client);

#[async_trait]
impl HttpService for Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string().parse().map_err(|error| HttpError::new(HttpErrorKind::Unknown, BadAddress(error)))?;
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        *request.body_mut() = body.as_bytes().map(|bytes| bytes.clone().into());
        let mut response = self.0.execute(request).await.map_err(told)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(told)? {
            if bytes.len() + chunk.len() > LARGEST {
                return Err(HttpError::new(HttpErrorKind::Decode, TooLarge));
            }
            bytes.extend_from_slice(&chunk);
        }
        let mut answer = HttpResponse::new(HttpResponseBody::from(bytes));
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

fn told(error: reqwest::Error) -> HttpError {
    let kind = match () {
        () if error.is_timeout() => HttpErrorKind::Timeout,
        () if error.is_connect() => HttpErrorKind::Connect,
        () if error.is_body() || error.is_decode() => HttpErrorKind::Interrupted,
        () => HttpErrorKind::Request,
    };
    // The address may hold what signs a request.
    HttpError::new(kind, error.without_url())
}

#[derive(Debug, thiserror::Error)]
#[error("an answer of more than {} MB", LARGEST >> 20)]
struct TooLarge;

#[derive(Debug, thiserror::Error)]
#[error("no address: {0}")]
struct BadAddress(<reqwest::Url as std::str::FromStr>::Err);

#[derive(Debug, thiserror::Error)]
#[error(
    "its name leads to an address of this link or of the machine's own metadata; allow_link_local = true lets it be spoken to"
)]
struct LinkLocal;

/// Looks names up, and refuses what leads to this link: a name can be pointed anywhere after weir.toml was written.
#[derive(Debug)]
struct Names {
    allow_link_local: bool,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_link_local = self.allow_link_local;
        Box::pin(async move {
            #[expect(clippy::disallowed_methods, reason = "a name of weir.toml, and of no log")]
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            if !allow_link_local && found.iter().any(|address| is_link_local(address.ip())) {
                return Err(Box::new(LinkLocal) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
