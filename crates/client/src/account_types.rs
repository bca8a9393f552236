//! The answers about one's own account. Unknown fields are ignored, so that an older client understands a newer
//! Federation.

use crate::{Device, Event, Timestamp, time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One place where a user is signed in.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct OwnSession {
    /// Its name, for [`User::revoke_session`](crate::User::revoke_session).
    pub session_id: String,
    /// In which city.
    pub city_id: String,
    /// By which way in it began.
    pub provider: String,
    /// The browser or program that it began in, as it named itself.
    pub agent: String,
    /// The network that it began from.
    pub network: String,
    /// When it began.
    #[serde(deserialize_with = "time::required")]
    pub created_at: Timestamp,
    /// When it was last used, to five minutes.
    #[serde(default, deserialize_with = "time::optional")]
    pub last_seen_at: Option<Timestamp>,
    /// When it runs out.
    #[serde(deserialize_with = "time::required")]
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Whether another device finished the sign-in than the one that has the session, as with a QR code.
    #[serde(default)]
    pub cross_device: bool,
    /// The browser that went back to the product, where that is not what the session was begun with, such as a product's
    /// own server.
    #[serde(default)]
    pub device: Option<Device>,
}

/// One way in that a user has.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Identity {
    /// Its name, for [`User::unlink`](crate::User::unlink).
    pub identity_id: String,
    /// The provider.
    pub provider: String,
    /// The provider's name for a person.
    pub label: String,
    /// The address, where the provider is `email`.
    pub email: Option<String>,
    /// When it was linked.
    #[serde(deserialize_with = "time::required")]
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    #[serde(deserialize_with = "time::required")]
    pub last_used_at: Timestamp,
}

/// A change to a profile: what is absent stays, `Some(None)` empties.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ProfileUpdate {
    /// Name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Option<String>>,
    /// Picture to show; https only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<Option<String>>,
    /// A few words about the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bio: Option<Option<String>>,
    /// Their language, as a BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Option<String>>,
}

/// Everything the Federation holds about a user.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Export {
    /// When this was put together.
    #[serde(deserialize_with = "time::required")]
    pub exported_at: Timestamp,
    /// The account and the profile.
    pub user: Map<String, Value>,
    /// The ways in, with the names that the providers have for the person.
    pub identities: Vec<Value>,
    /// The sessions, also those that are over.
    pub sessions: Vec<Value>,
    /// What happened.
    pub events: Vec<Event>,
    /// The mails that were sent or wait to be.
    pub mails: Vec<Value>,
    /// Everything else the Federation said.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}
