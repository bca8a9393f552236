//! Wire words of webhooks.

use super::people::stored;
use super::rfc3339;
use crate::error::ApiError;
use downcity_service::people::{Listing, Paged};
use downcity_service::webhooks::{Again, NewHook};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Has a server told of events.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct WebhookCreateRequest {
    /// Where deliveries are sent: https, and a public address.
    #[schema(example = "https://app.example.com/hooks/downcity")]
    url: String,
    /// The kinds of event, such as `user.signed_in`; all when absent or empty.
    types: Option<Vec<String>>,
    /// The cities; all when absent or empty. Events that belong to no city are then not sent.
    cities: Option<Vec<String>>,
}

impl From<WebhookCreateRequest> for NewHook {
    fn from(wire: WebhookCreateRequest) -> Self {
        let WebhookCreateRequest { url, types, cities } = wire;
        Self { url, types: types.unwrap_or_default(), cities: cities.unwrap_or_default() }
    }
}

/// All webhooks, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookList {
    items: Vec<WebhookItem>,
}

impl From<Vec<stored::Webhook>> for WebhookList {
    fn from(hooks: Vec<stored::Webhook>) -> Self {
        Self { items: hooks.into_iter().map(WebhookItem::from).collect() }
    }
}

/// A server that is told of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookItem {
    webhook_id: String,
    url: String,
    /// The kinds of event; all when empty.
    types: Vec<String>,
    /// The cities; all when empty.
    cities: Vec<String>,
    /// `active`, `failing` while nothing arrives, or `disabled`.
    #[schema(example = "active")]
    status: &'static str,
    /// Since when nothing arrives.
    #[schema(required, format = "date-time")]
    failing_since: Option<String>,
    /// When it was switched off for that.
    #[schema(required, format = "date-time")]
    disabled_at: Option<String>,
    #[schema(format = "date-time")]
    created_at: String,
}

impl From<stored::Webhook> for WebhookItem {
    fn from(hook: stored::Webhook) -> Self {
        Self {
            status: match (hook.active, hook.failing_since) {
                (false, _) => "disabled",
                (true, Some(_)) => "failing",
                (true, None) => "active",
            },
            webhook_id: hook.webhook_id,
            url: hook.url,
            types: hook.types,
            cities: hook.cities,
            failing_since: hook.failing_since.map(rfc3339),
            disabled_at: hook.disabled_at.map(rfc3339),
            created_at: rfc3339(hook.created_at),
        }
    }
}

/// A new webhook, with its signing secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookCreated {
    /// What deliveries are checked with (Standard Webhooks 1.0). Shown this once.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    webhook: WebhookItem,
}

impl WebhookCreated {
    pub(crate) fn of(hook: stored::Webhook, secret: &str) -> Self {
        Self { secret: secret.to_owned(), webhook: WebhookItem::from(hook) }
    }
}

/// Names a webhook.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct WebhookRequest {
    pub(crate) webhook_id: String,
}

/// A test is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookTested {
    /// Always true.
    pub(crate) success: bool,
    /// The event that is sent, and the `webhook-id` it is sent with.
    pub(crate) event_id: String,
}

/// Asks what became of deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryQuery {
    /// Of this webhook.
    webhook_id: String,
    /// `waiting`, `sent` or `given_up`.
    status: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl DeliveryQuery {
    pub(crate) fn split(self) -> (String, Listing) {
        let DeliveryQuery { webhook_id, status, limit, cursor } = self;
        (webhook_id, Listing { status, limit, cursor, ..Listing::default() })
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryList {
    items: Vec<DeliveryItem>,
    /// What to ask the next page with; null on the last one.
    #[schema(required)]
    next: Option<String>,
}

impl From<Paged<stored::Delivery>> for DeliveryList {
    fn from(page: Paged<stored::Delivery>) -> Self {
        Self { items: page.items.into_iter().map(DeliveryItem::from).collect(), next: page.next }
    }
}

/// What became of telling one webhook of one event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryItem {
    delivery_id: String,
    /// The event, and the `webhook-id` it is sent with.
    event_id: String,
    /// The kind of event; null when that is forgotten.
    #[serde(rename = "type")]
    #[schema(required)]
    kind: Option<String>,
    /// `waiting`, `sent` or `given_up`.
    status: String,
    /// How often it was tried.
    tries: i64,
    /// When it is tried next, while it waits.
    #[schema(required, format = "date-time")]
    next_at: Option<String>,
    /// Why the last try failed.
    #[schema(required)]
    last_error: Option<String>,
    /// When the event happened.
    #[schema(format = "date-time")]
    created_at: String,
    /// When it arrived or was given up.
    #[schema(required, format = "date-time")]
    ended_at: Option<String>,
}

impl From<stored::Delivery> for DeliveryItem {
    fn from(one: stored::Delivery) -> Self {
        Self {
            next_at: (one.state == "waiting").then(|| rfc3339(one.next_at)),
            delivery_id: one.delivery_id,
            event_id: one.event_id,
            kind: one.kind,
            status: one.state,
            tries: one.tries,
            last_error: one.last_error,
            created_at: rfc3339(one.created_at),
            ended_at: one.ended_at.map(rfc3339),
        }
    }
}

/// Sends events again: give one of the two.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct WebhookReplayRequest {
    webhook_id: String,
    /// This event, also when it arrived before.
    event_id: Option<String>,
    /// Every event since this moment (RFC 3339), within the last 30 days, that the webhook listens to and that has not
    /// arrived.
    #[schema(format = "date-time")]
    since: Option<String>,
}

impl WebhookReplayRequest {
    pub(crate) fn split(self) -> Result<(String, Again), ApiError> {
        let again = match (self.event_id, self.since) {
            (Some(event_id), None) => Again::Event(event_id),
            (None, Some(since)) => Again::Since(super::moment("since", &since)?),
            _ => return Err(ApiError::field("event_id", "or `since` must be given, and not both")),
        };
        Ok((self.webhook_id, again))
    }
}

/// How many events are sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookReplayAnswer {
    /// Always true.
    pub(crate) success: bool,
    pub(crate) count: u64,
}
