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
use tracing::warn;

/// How long metadata is used before it is fetched again.
const METADATA_LIFE: Duration = Duration::from_secs(3600);
/// For how long after their time metadata and keys are gone on with while newer ones can't be fetched.
const STAND_IN: Duration = Duration::from_secs(24 * 3600);
/// After a failure nobody asks again for so long: starts are cheap for whoever makes them.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How long newer ones are waited for where there are old ones to go on with: the rest of a sign-in needs its time too.
const PATIENCE: Duration = Duration::from_secs(2);

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
    /// The last metadata and when it was fetched, for readers that can't wait.
    last: RwLock<Option<(Timestamp, Arc<Metadata>)>>,
    /// Whose turn it is to fetch metadata, and how the last time failed.
    discovery: tokio::sync::Mutex<Option<Failed>>,
    keys: tokio::sync::Mutex<Keys>,
}

/// When something was asked for in vain, and why.
type Failed = (Timestamp, ProviderError);

#[derive(Default)]
struct Keys {
    set: Option<KeySet>,
    failed: Option<Failed>,
}

/// What keys are asked for with.
pub(super) struct Asking<'a> {
    pub(super) outside: &'a Outside,
    pub(super) metadata: &'a Metadata,
    pub(super) now: Timestamp,
    /// When to give up.
    pub(super) until: Instant,
}

/// Keys that can have made a signature; none where the issuer has none.
pub(super) struct Candidates {
    pub(super) keys: Vec<DecodingKey>,
    /// When their set was fetched.
    fetched_at: Timestamp,
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
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().map(|(_, found)| Arc::clone(found))
    }

    /// The same, if it is not older than that.
    fn last_within(&self, span: Duration, now: Timestamp) -> Option<Arc<Metadata>> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        let last = last.as_ref().filter(|(at, _)| within(*at, span, now));
        last.map(|(_, found)| Arc::clone(found))
    }

    fn remember(&self, last: Option<(Timestamp, Arc<Metadata>)>) {
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = last;
    }

    /// The metadata, at most an hour old, or a day more while it can't be fetched. Of any number of callers one fetches it.
    pub(super) async fn metadata(
        &self,
        outside: &Outside,
        now: Timestamp,
        until: Instant,
    ) -> Result<Arc<Metadata>, ProviderError> {
        if let Some(known) = self.last_within(METADATA_LIFE, now) {
            return Ok(known);
        }
        let old = self.last_within(METADATA_LIFE + STAND_IN, now);
        let mut failed = match (self.discovery.try_lock(), &old) {
            (Ok(turn), _) => turn,
            // Somebody asks already.
            (Err(_), Some(old)) => return Ok(Arc::clone(old)),
            (Err(_), None) => self.discovery.lock().await,
        };
        if let Some(known) = self.last_within(METADATA_LIFE, now) {
            return Ok(known);
        }
        if let Some((at, error)) = &*failed
            && within(*at, AFTER_FAILURE, now)
        {
            return old.ok_or_else(|| error.clone());
        }
        match self.discover(outside, patient(until, old.is_some())).await {
            Ok(found) => {
                let found = Arc::new(found);
                *failed = None;
                self.remember(Some((now, Arc::clone(&found))));
                Ok(found)
            }
            Err(error) => {
                *failed = Some((now, error.clone()));
                if !error.is_silence {
                    // It was answered: what the issuer says of itself now can't be used, and what it said before is over.
                    self.remember(None);
                    return Err(error);
                }
                old.inspect(|_| gone_on(&error)).ok_or(error)
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

    /// The keys that can have made a signature with this header. Fetched again after their time, and for a key that is
    /// unknown, at most every minute. While they can't be fetched, those that were known are gone on with for a day.
    pub(super) async fn keys_for(
        &self,
        header: &Header,
        asking: &Asking<'_>,
    ) -> Result<Candidates, ProviderError> {
        let (address, now) = (&asking.metadata.jwks_uri, asking.now);
        let mut kept = self.keys.lock().await;
        let known = kept.set.as_ref().filter(|set| set.is_usable(address, STAND_IN, now));
        let in_time = known.is_some_and(|set| set.is_usable(address, Duration::ZERO, now));
        let may_ask = known.is_none_or(|set| set.may_ask_again(now));
        let old = match known.map(|set| candidates(set, header)) {
            Some(found) if in_time && (!found.keys.is_empty() || !may_ask) => return Ok(found),
            found => found.filter(|found| !found.keys.is_empty()),
        };
        match self.fetch_keys(&mut kept, asking, patient(asking.until, old.is_some())).await {
            Ok(set) => Ok(candidates(set, header)),
            Err(error) => old.inspect(|_| gone_on(&error)).ok_or(error),
        }
    }

    /// Newer keys than those that were tried in vain: an issuer may put another key in the place of one, under the same id
    /// or without any. `None` where there are none, or they were asked for less than a minute ago.
    pub(super) async fn newer_keys_for(
        &self,
        header: &Header,
        tried: &Candidates,
        asking: &Asking<'_>,
    ) -> Result<Option<Candidates>, ProviderError> {
        let mut kept = self.keys.lock().await;
        if let Some(set) = &kept.set {
            if set.fetched_at() != tried.fetched_at {
                return Ok(Some(candidates(set, header)));
            }
            if !set.may_ask_again(asking.now) {
                return Ok(None);
            }
        }
        self.fetch_keys(&mut kept, asking, asking.until).await.map(|set| Some(candidates(set, header)))
    }

    async fn fetch_keys<'k>(
        &self,
        kept: &'k mut Keys,
        asking: &Asking<'_>,
        until: Instant,
    ) -> Result<&'k KeySet, ProviderError> {
        if let Some((at, error)) = &kept.failed
            && within(*at, AFTER_FAILURE, asking.now)
        {
            return Err(error.clone());
        }
        match self.ask_for_keys(asking, until).await {
            Ok(set) => {
                kept.failed = None;
                Ok(kept.set.insert(set))
            }
            Err(error) => {
                kept.failed = Some((asking.now, error.clone()));
                Err(error)
            }
        }
    }

    async fn ask_for_keys(&self, asking: &Asking<'_>, until: Instant) -> Result<KeySet, ProviderError> {
        let address = &asking.metadata.jwks_uri;
        let what = format!("The keys of the issuer {}", self.url);
        let failed = |fault: Fault| trouble(&what, &fault);
        let request = asking.outside.get_guarded(address).map_err(failed)?;
        let (reply, life) = exchange(request, until, KEYS_LIMIT).await.map_err(failed)?;
        if reply.status != 200 {
            return Err(unavailable(&what, &format!("it answered HTTP {}", reply.status)).silent());
        }
        let set = KeySet::read(&reply.body, address, life, asking.now);
        set.ok_or_else(|| unavailable(&what, "the answer is not a JWK Set"))
    }
}

fn candidates(set: &KeySet, header: &Header) -> Candidates {
    Candidates { keys: set.candidates(header), fetched_at: set.fetched_at() }
}

/// Until when something is waited for, by whether there is something to go on with.
fn patient(until: Instant, has_old: bool) -> Instant {
    if has_old { until.min(Instant::now() + PATIENCE) } else { until }
}

/// Tells the operator, at most as often as is asked again.
fn gone_on(error: &ProviderError) {
    warn!("What was fetched last is used meanwhile, for up to a day after its time: {}", error.report);
}

fn within(since: Timestamp, span: Duration, now: Timestamp) -> bool {
    now >= since && now < since.plus(span)
}
