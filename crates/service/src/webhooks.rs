//! Story: an admin has a server told of events (Standard Webhooks 1.0), and sees what became of that.

use crate::admin::Admin;
use crate::audit::Deed;
use crate::events::{Actor, KINDS};
use crate::federation::Federation;
use crate::people::{Listing, Paged, PeopleError, paged};
use downcity_core::{CityId, Secret, Timestamp};
use downcity_store::{Delivery, DeliveryQuery, NewWebhook, OUTBOX_KEPT, Replay, StoreError, Webhook};
use serde_json::json;
use tracing::warn;

/// How many webhooks a Federation may have.
const MOST: i64 = 50;
/// The longest address.
const URL_LIMIT: usize = 2048;
/// How many kinds or cities one webhook may name.
const LIST_LIMIT: usize = 50;
/// Stands before every signing secret (Standard Webhooks 1.0).
const SECRET_PREFIX: &str = "whsec_";

/// What an admin asks for.
#[derive(Debug, Clone, Default)]
pub struct NewHook {
    /// Where deliveries go.
    pub url: String,
    /// The kinds of event; all when empty.
    pub types: Vec<String>,
    /// The cities; all when empty.
    pub cities: Vec<String>,
}

/// Which events are sent again.
#[derive(Debug, Clone)]
pub enum Again {
    /// One, also when it arrived before.
    Event(String),
    /// All since then that the webhook listens to and that have not arrived.
    Since(Timestamp),
}

/// Why a call about webhooks was not done.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// No such webhook.
    #[error("unknown webhook")]
    Unknown,
    /// It was switched off, so it is told nothing.
    #[error("the webhook is switched off")]
    Disabled,
    /// There are as many as there may be.
    #[error("there are {MOST} webhooks already")]
    TooMany,
    /// No such event, or it is forgotten.
    #[error("unknown event")]
    UnknownEvent,
    /// A field has a value that can't be used.
    #[error("{field} {why}")]
    BadField {
        /// Its name on the wire.
        field: &'static str,
        /// What is wrong, to be read after the name.
        why: String,
    },
    /// The store did not answer.
    #[error(transparent)]
    Internal(#[from] StoreError),
}

impl From<PeopleError> for WebhookError {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::BadField { field, why } => bad(field, why),
            PeopleError::Internal(error) => Self::Internal(error),
            PeopleError::UnknownUser | PeopleError::UnknownSession | PeopleError::MergeDisabled => {
                Self::Unknown
            }
        }
    }
}

fn bad(field: &'static str, why: impl Into<String>) -> WebhookError {
    WebhookError::BadField { field, why: why.into() }
}

/// Where a signing secret is stored, for the vault.
pub(crate) fn secret_place(webhook_id: &str) -> String {
    format!("webhooks/{webhook_id}/sealed")
}

impl Federation {
    /// All webhooks, newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn list_webhooks(&self) -> Result<Vec<Webhook>, WebhookError> {
        Ok(self.store.webhooks().await?)
    }

    /// Makes a webhook. Its signing secret is told this once.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn create_webhook(
        &self,
        admin: &Admin,
        new: &NewHook,
    ) -> Result<(Webhook, Secret), WebhookError> {
        self.check_hook(new)?;
        let now = self.clock.now();
        let webhook_id = downcity_core::id::uuid_v7(now, &self.random.bytes());
        let key: [u8; 32] = self.random.bytes();
        let webhook = Webhook {
            sealed: self.vault.seal(&secret_place(&webhook_id), &key),
            webhook_id,
            url: new.url.clone(),
            types: new.types.clone(),
            cities: new.cities.clone(),
            active: true,
            failing_since: None,
            disabled_at: None,
            failures: 0,
            created_at: now,
        };
        let event = self.hook_event("webhook.created", admin, &webhook.webhook_id);
        let stored = NewWebhook { webhook: webhook.clone(), most: MOST, event };
        if !self.store.insert_webhook(stored).await? {
            return Err(WebhookError::TooMany);
        }
        // Nothing is sent to it while nobody knows that there are any.
        self.reload_or_soon().await;
        Ok((webhook, Secret::from(format!("{SECRET_PREFIX}{}", base64(&key)))))
    }

    fn check_hook(&self, new: &NewHook) -> Result<(), WebhookError> {
        if new.url.len() > URL_LIMIT {
            return Err(bad("url", format!("must be at most {URL_LIMIT} characters")));
        }
        let allowed = self.outside.allows_hook(&new.url);
        allowed.map_err(|why| bad("url", format!("can't be used: {why}")))?;
        if new.types.len() > LIST_LIMIT {
            return Err(bad("types", format!("may name at most {LIST_LIMIT} kinds")));
        }
        if !new.types.iter().all(|kind| KINDS.contains(&kind.as_str())) {
            return Err(bad("types", format!("may name these kinds of event: {}", KINDS.join(", "))));
        }
        if new.cities.len() > LIST_LIMIT {
            return Err(bad("cities", format!("may name at most {LIST_LIMIT} cities")));
        }
        let directory = self.directory.load();
        let known = |id: &String| CityId::parse(id).is_ok_and(|id| directory.cities.contains_key(&id));
        if !new.cities.iter().all(known) {
            return Err(bad("cities", "names a city that does not exist"));
        }
        Ok(())
    }

    /// Removes a webhook, with what waits for it.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn remove_webhook(&self, admin: &Admin, webhook_id: &str) -> Result<(), WebhookError> {
        let id = plain(webhook_id)?;
        let event = self.hook_event("webhook.removed", admin, id);
        if !self.store.remove_webhook(id, event).await? {
            return Err(WebhookError::Unknown);
        }
        // There may be very many, and nobody waits for that.
        let (store, id) = (self.store.clone(), id.to_owned());
        self.spawn_resumable(async move {
            if let Err(problem) = store.forget_deliveries(&id).await {
                warn!(error = %problem, "could not forget the deliveries of a removed webhook; trying again later");
            }
        });
        // While there are none, nobody asks for any.
        self.reload_or_soon().await;
        Ok(())
    }

    /// Switches a webhook on again that had been switched off for failing.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn enable_webhook(&self, admin: &Admin, webhook_id: &str) -> Result<(), WebhookError> {
        let id = plain(webhook_id)?;
        let event = self.hook_event("webhook.enabled", admin, id);
        let enabled = self.store.enable_webhook(id, event, self.clock.now()).await?;
        if enabled { Ok(()) } else { Err(WebhookError::Unknown) }
    }

    /// Sends a webhook an event of the kind `webhook.test`; gives the event's id.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn test_webhook(&self, admin: &Admin, webhook_id: &str) -> Result<String, WebhookError> {
        let found = self.webhook(webhook_id).await?;
        let event = self.hook_event("webhook.test", admin, &found.webhook_id);
        let event_id = event.event_id.clone();
        match self.store.tell_webhook(&found.webhook_id, event).await? {
            true => Ok(event_id),
            false => Err(WebhookError::Disabled),
        }
    }

    /// A page of a webhook's deliveries, newest first.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn list_deliveries(
        &self,
        webhook_id: &str,
        listing: &Listing,
    ) -> Result<Paged<Delivery>, WebhookError> {
        let found = self.webhook(webhook_id).await?;
        let why = "must be `waiting`, `sent` or `given_up`";
        let state = listing.status(&["waiting", "sent", "given_up"], why)?;
        let (limit, after) = listing.page()?;
        let query = DeliveryQuery { webhook_id: found.webhook_id, state, after, limit: limit + 1 };
        let items = self.store.deliveries(&query).await?;
        Ok(paged(items, limit, |one| format!("{}.{}", one.created_at.0, one.delivery_id)))
    }

    /// Sends events again; says how many.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn replay_webhook(
        &self,
        admin: &Admin,
        webhook_id: &str,
        again: &Again,
    ) -> Result<u64, WebhookError> {
        let found = self.webhook(webhook_id).await?;
        if !found.active {
            return Err(WebhookError::Disabled);
        }
        let now = self.clock.now();
        let (event_id, since) = match again {
            Again::Event(id) => (Some(plain(id).map_err(|_| WebhookError::UnknownEvent)?), Timestamp(0)),
            // What came of earlier ones is forgotten, so that it can't be told which have arrived.
            Again::Since(since) if *since < now.minus(OUTBOX_KEPT) => {
                return Err(bad(
                    "since",
                    "must be within the last 30 days; older events are sent again one by one",
                ));
            }
            Again::Since(since) => (None, *since),
        };
        let event_id = event_id.map(str::to_owned);
        let one = event_id.is_some();
        let after = Some(json!({"event_id": event_id, "since": since.0}));
        let deed = Deed { action: "webhook.replayed", subject: &found.webhook_id, after, ..Deed::default() };
        let entry = self.audit_entry(admin, deed);
        let replay = Replay { webhook_id: found.webhook_id, event_id, since, now };
        let count = self.store.replay(replay, entry).await?;
        if one && count == 0 { Err(WebhookError::UnknownEvent) } else { Ok(count) }
    }

    async fn webhook(&self, webhook_id: &str) -> Result<Webhook, WebhookError> {
        self.store.webhook(plain(webhook_id)?).await?.ok_or(WebhookError::Unknown)
    }

    fn hook_event(&self, kind: &'static str, admin: &Admin, webhook_id: &str) -> downcity_store::NewEvent {
        self.general_event(kind, Actor::Admin(admin), webhook_id, &json!({ "webhook_id": webhook_id }))
    }
}

/// An id from outside, if it can be one of ours.
fn plain(id: &str) -> Result<&str, WebhookError> {
    let fine = id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if fine { Ok(id) } else { Err(WebhookError::Unknown) }
}

/// Bytes in the base64 that Standard Webhooks uses, with padding (RFC 4648 §4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}
