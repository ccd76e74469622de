//! A bucket of S3 or of what speaks like it: its files by prefix, and pieces of one version of a file.

use bytes::Bytes;
use futures::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{Error, GetOptions, GetRange, ObjectStore as _, RetryConfig};

use crate::FetchError;
use crate::days::folder;
use crate::error::printable;
use crate::http::Connector;
use crate::keys::BucketKey;
use crate::remote::{Found, MOST};

/// A bucket.
pub(crate) struct Bucket {
    store: AmazonS3,
    pub(crate) place: String,
}

impl Bucket {
    pub(crate) fn open(
        bucket: &str,
        endpoint: Option<&str>,
        region: &str,
        key: &BucketKey,
        allow_link_local: bool,
    ) -> Result<Self, FetchError> {
        let place = format!("s3://{bucket}");
        // Given one by one: nothing of the environment or of a machine's role decides where a key is sent.
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(region)
            .with_access_key_id(key.id.as_str())
            .with_secret_access_key(key.secret.as_str())
            .with_retry(RetryConfig { max_retries: 4, ..RetryConfig::default() })
            .with_http_connector(Connector { allow_link_local });
        if let Some(token) = &key.token {
            builder = builder.with_token(token.as_str());
        }
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        let store = builder.build().map_err(|error| FetchError::remote(&place, error))?;
        Ok(Self { store, place })
    }

    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<Found>, FetchError> {
        let (below, _) = folder(prefix);
        let below = Key::parse(below).map_err(|error| FetchError::remote(&self.place, error))?;
        let mut listed = self.store.list(Some(&below).filter(|below| !below.as_ref().is_empty()));
        let mut found = Vec::new();
        while let Some(object) = listed.next().await {
            let object = object.map_err(|error| self.told(&error))?;
            let name = object.location.to_string();
            if !name.starts_with(prefix) {
                continue;
            }
            if found.len() == MOST {
                return Err(FetchError::TooMany { place: self.place.clone(), most: MOST });
            }
            let written = object.last_modified.timestamp();
            let version = object.e_tag.unwrap_or_else(|| written.to_string());
            found.push(Found { name, size: object.size, written, version, is_whole: true });
        }
        Ok(found)
    }

    pub(crate) async fn piece(&self, found: &Found, at: u64, bytes: u64) -> Result<Option<Bytes>, FetchError> {
        let key = Key::parse(&found.name).map_err(|error| FetchError::remote(&self.place, error))?;
        let options = GetOptions {
            if_match: Some(found.version.clone()),
            range: Some(GetRange::Bounded(at..at + bytes)),
            ..GetOptions::default()
        };
        let got = match self.store.get_opts(&key, options).await {
            Ok(got) => got,
            Err(Error::NotFound { .. } | Error::Precondition { .. }) => return Ok(None),
            Err(error) => return Err(self.told(&error)),
        };
        got.bytes().await.map(Some).map_err(|error| self.told(&error))
    }

    fn told(&self, error: &Error) -> FetchError {
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                FetchError::Refused { place: self.place.clone(), said: printable(&words(error)) }
            }
            other => FetchError::remote(&self.place, words(other)),
        }
    }
}

/// What a store says, without what it was asked: an error's text repeats addresses at each step of its way.
fn words(error: &Error) -> String {
    let mut at: &dyn std::error::Error = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}
