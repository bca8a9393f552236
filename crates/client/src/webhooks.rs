//! Webhooks: servers that the Federation tells of events.

use crate::{Admin, Caller, Error, Page, Timestamp, time};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The webhooks of a Federation, from [`Admin::webhooks`]. Every method may fail with any [`Error`] of a call.
#[derive(Debug, Clone, Copy)]
pub struct Webhooks<'a> {
    caller: &'a Caller,
}

/// A webhook to be made.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewWebhook {
    /// Where events are sent: https.
    pub url: String,
    /// Which types of events; empty for all.
    pub types: Vec<String>,
    /// Of which cities; empty for all.
    pub cities: Vec<String>,
}

/// One webhook.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Webhook {
    /// Its name.
    pub webhook_id: String,
    /// Where events are sent.
    pub url: String,
    /// Which types of events; empty for all.
    #[serde(default)]
    pub types: Vec<String>,
    /// Of which cities; empty for all.
    #[serde(default)]
    pub cities: Vec<String>,
    /// How it stands.
    pub status: String,
    /// Since when its server has not taken anything.
    #[serde(default, deserialize_with = "time::optional")]
    pub failing_since: Option<Timestamp>,
    /// When it was switched off for that.
    #[serde(default, deserialize_with = "time::optional")]
    pub disabled_at: Option<Timestamp>,
    /// When it was made.
    #[serde(deserialize_with = "time::required")]
    pub created_at: Timestamp,
}

/// A webhook that was made just now.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct WebhookCreated {
    /// What its server checks signatures with. It is told this once.
    pub secret: SecretString,
    /// The webhook.
    pub webhook: Webhook,
}

/// Which deliveries are looked for.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DeliveryQuery<'a> {
    /// Of which webhook.
    pub webhook_id: &'a str,
    /// `waiting`, `sent` or `given_up`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'a str>,
    /// How many on a page: 1 to 200, otherwise 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// [`Page::next`] of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<&'a str>,
}

/// One event on its way to one webhook.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Delivery {
    /// Its name.
    pub delivery_id: String,
    /// The event.
    pub event_id: String,
    /// What happened, while the event is kept.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `waiting`, `sent` or `given_up`.
    pub status: String,
    /// How often it was tried.
    pub tries: u64,
    /// When it is tried next.
    #[serde(default, deserialize_with = "time::optional")]
    pub next_at: Option<Timestamp>,
    /// What the last try ended with.
    pub last_error: Option<String>,
    /// When the event was put on its way.
    #[serde(deserialize_with = "time::required")]
    pub created_at: Timestamp,
}

#[derive(Deserialize)]
struct WebhookList {
    items: Vec<Webhook>,
}

#[derive(Deserialize)]
struct Tested {
    event_id: String,
}

#[derive(Deserialize)]
struct Replayed {
    count: u64,
}

impl Admin {
    /// The servers that the Federation tells of events.
    pub fn webhooks(&self) -> Webhooks<'_> {
        Webhooks { caller: self.raw() }
    }
}

impl Webhooks<'_> {
    /// All webhooks.
    pub async fn list(&self) -> Result<Vec<Webhook>, Error> {
        let answer: WebhookList = self.caller.get("webhooks", "list", &()).await?;
        Ok(answer.items)
    }

    /// Makes a webhook, and tells its secret this once.
    pub async fn create(&self, webhook: &NewWebhook) -> Result<WebhookCreated, Error> {
        self.caller.post("webhooks", "create", webhook).await
    }

    /// Removes a webhook with what was on its way.
    pub async fn remove(&self, webhook_id: &str) -> Result<(), Error> {
        self.named::<Value>("remove", webhook_id).await.map(drop)
    }

    /// Switches a webhook on again that was switched off because nothing was taken.
    pub async fn enable(&self, webhook_id: &str) -> Result<(), Error> {
        self.named::<Value>("enable", webhook_id).await.map(drop)
    }

    /// Sends an event made up for testing; answers its id.
    pub async fn test(&self, webhook_id: &str) -> Result<String, Error> {
        let answer: Tested = self.named("test", webhook_id).await?;
        Ok(answer.event_id)
    }

    /// What was sent, and what waits to be, newest first.
    pub async fn deliveries(&self, query: &DeliveryQuery<'_>) -> Result<Page<Delivery>, Error> {
        self.caller.get("webhooks", "deliveries", query).await
    }

    /// Sends one event again; answers how many deliveries that made.
    pub async fn replay(&self, webhook_id: &str, event_id: &str) -> Result<u64, Error> {
        let body = json!({ "webhook_id": webhook_id, "event_id": event_id });
        let answer: Replayed = self.caller.post("webhooks", "replay", &body).await?;
        Ok(answer.count)
    }

    /// Sends every event since a moment (RFC 3339) again; answers how many deliveries that made.
    pub async fn replay_since(&self, webhook_id: &str, since: Timestamp) -> Result<u64, Error> {
        let body = json!({ "webhook_id": webhook_id, "since": since.to_string() });
        let answer: Replayed = self.caller.post("webhooks", "replay", &body).await?;
        Ok(answer.count)
    }

    async fn named<T: serde::de::DeserializeOwned>(
        &self,
        action: &str,
        webhook_id: &str,
    ) -> Result<T, Error> {
        self.caller.post("webhooks", action, &json!({ "webhook_id": webhook_id })).await
    }
}
