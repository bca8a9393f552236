//! What is known of an issuer: its metadata and keys, fetched when needed and kept for a while.

use super::keys::KeySet;
use super::metadata::{Metadata, address};
use crate::line::{BODY_LIMIT, Fault, KEYS_LIMIT, exchange};
use crate::token::{trouble, unavailable};
use crate::{Outside, ProviderError};
use downcity_core::Timestamp;
use jsonwebtoken::{DecodingKey, Header};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;

/// How long metadata is used before it is fetched again.
const METADATA_LIFE: Duration = Duration::from_secs(3600);
/// After a failure nobody asks again for so long: starts are cheap for whoever makes them.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Issuers by their address. There are as many as admins have set since the process began.
#[derive(Default)]
pub(crate) struct Issuers(Mutex<HashMap<String, Arc<Issuer>>>);

impl Issuers {
    /// The issuer of this address.
    pub(crate) fn of(&self, url: &str) -> Arc<Issuer> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(url.to_owned()).or_insert_with(|| Arc::new(Issuer::new(url))))
    }
}

/// One issuer.
pub(crate) struct Issuer {
    url: String,
    /// The last metadata, for readers that can't wait.
    last: RwLock<Option<Arc<Metadata>>>,
    /// Whose turn it is to fetch metadata, and what came of the last time.
    discovery: tokio::sync::Mutex<Discovery>,
    keys: tokio::sync::Mutex<Option<KeySet>>,
}

#[derive(Default)]
struct Discovery {
    known: Option<(Timestamp, Arc<Metadata>)>,
    failed: Option<(Timestamp, ProviderError)>,
}

impl Issuer {
    fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            last: RwLock::default(),
            discovery: tokio::sync::Mutex::default(),
            keys: tokio::sync::Mutex::default(),
        }
    }

    /// Its address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The metadata that was fetched last, if any was.
    pub(super) fn last(&self) -> Option<Arc<Metadata>> {
        self.last.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The metadata, at most an hour old. Of any number of callers one fetches it.
    pub(super) async fn metadata(
        &self,
        outside: &Outside,
        now: Timestamp,
        until: Instant,
    ) -> Result<Arc<Metadata>, ProviderError> {
        let mut discovery = self.discovery.lock().await;
        if let Some((at, known)) = &discovery.known
            && within(*at, METADATA_LIFE, now)
        {
            return Ok(Arc::clone(known));
        }
        if let Some((at, error)) = &discovery.failed
            && within(*at, AFTER_FAILURE, now)
        {
            return Err(error.clone());
        }
        match self.discover(outside, until).await {
            Ok(found) => {
                let found = Arc::new(found);
                *discovery = Discovery { known: Some((now, Arc::clone(&found))), failed: None };
                *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&found));
                Ok(found)
            }
            Err(error) => {
                discovery.failed = Some((now, error.clone()));
                Err(error)
            }
        }
    }

    async fn discover(&self, outside: &Outside, until: Instant) -> Result<Metadata, ProviderError> {
        let what = format!("The metadata of the issuer {}", self.url);
        let request = outside.get_guarded(&address(&self.url)).map_err(|fault| trouble(&what, &fault))?;
        let (reply, _) =
            exchange(request, until, BODY_LIMIT).await.map_err(|fault| trouble(&what, &fault))?;
        if reply.status != 200 {
            let why = format!("HTTP {}; check the issuer's address", reply.status);
            return Err(unavailable(&what, &why).silent());
        }
        Metadata::read(&reply.body, &self.url, outside)
    }

    /// The keys that can have made a signature with this header; empty when the issuer has none. Fetched
    /// again for a key that is unknown, at most every minute.
    pub(super) async fn keys_for(
        &self,
        header: &Header,
        outside: &Outside,
        metadata: &Metadata,
        now: Timestamp,
        until: Instant,
    ) -> Result<Vec<DecodingKey>, ProviderError> {
        let address = &metadata.jwks_uri;
        let mut kept = self.keys.lock().await;
        if let Some(set) = kept.as_ref().filter(|set| set.is_fresh(address, now)) {
            let found = set.candidates(header);
            if !found.is_empty() || !set.may_ask_again(now) {
                return Ok(found);
            }
        }
        let what = format!("The keys of the issuer {}", self.url);
        let failed = |fault: Fault| trouble(&what, &fault);
        let request = outside.get_guarded(address).map_err(failed)?;
        let (reply, life) = exchange(request, until, KEYS_LIMIT).await.map_err(failed)?;
        if reply.status != 200 {
            return Err(unavailable(&what, &format!("it answered HTTP {}", reply.status)).silent());
        }
        let set = KeySet::read(&reply.body, address, life, now);
        let set = set.ok_or_else(|| unavailable(&what, "the answer is not a JWK Set"))?;
        let found = set.candidates(header);
        *kept = Some(set);
        Ok(found)
    }
}

fn within(since: Timestamp, span: Duration, now: Timestamp) -> bool {
    now >= since && now < since.plus(span)
}
