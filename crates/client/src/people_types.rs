//! The answers about the people of a Federation. Unknown fields are ignored, so that an older client understands a
//! newer Federation.

use crate::{Identity, Timestamp, time};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A page of a list.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// What was found.
    pub items: Vec<T>,
    /// What to ask for the next page with; absent on the last one.
    pub next: Option<String>,
}

/// One user.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct ListedUser {
    /// Stable id.
    pub user_id: String,
    /// Verified address.
    pub auth_email: Option<String>,
    /// Name to show.
    pub display_name: Option<String>,
    /// Picture to show.
    pub avatar_url: Option<String>,
    /// When they first signed in.
    #[serde(default, deserialize_with = "time::optional")]
    pub auth_created_at: Option<Timestamp>,
    /// `active`, `disabled` or `deleting`.
    pub status: String,
    /// When the account is to be removed.
    #[serde(default, deserialize_with = "time::optional")]
    pub delete_at: Option<Timestamp>,
    /// Their ways in.
    #[serde(default)]
    pub providers: Vec<String>,
    /// Everything else the Federation said.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A browser at the end of a sign-in.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Device {
    /// Its network.
    pub network: String,
    /// The browser, as it named itself.
    pub agent: String,
}

/// One session.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct ListedSession {
    /// Its name.
    pub session_id: String,
    /// Whose.
    pub user_id: String,
    /// In which city.
    pub city_id: String,
    /// By which way in it began.
    pub provider: String,
    /// `active`, `expired` or `revoked`.
    pub status: String,
    /// The browser or program, as it named itself.
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
    /// When it was ended early.
    #[serde(default, deserialize_with = "time::optional")]
    pub revoked_at: Option<Timestamp>,
    /// Whether another device finished the sign-in than the one that has the session, as with a QR code.
    #[serde(default)]
    pub cross_device: bool,
    /// The browser that went back to the product, where that is not what the session was begun with, such as a product's
    /// own server.
    #[serde(default)]
    pub device: Option<Device>,
}

/// Something that happened.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// Its name; later events have greater ones.
    pub event_id: String,
    /// What happened, such as `user.signed_in`.
    #[serde(rename = "type")]
    pub kind: String,
    /// About whom.
    pub user_id: Option<String>,
    /// In which city.
    pub city_id: Option<String>,
    /// `user`, `admin:<key id>` or `system`.
    pub actor: String,
    /// From which network.
    pub network: Option<String>,
    /// More.
    #[serde(default)]
    pub detail: Value,
    /// When.
    #[serde(deserialize_with = "time::required")]
    pub created_at: Timestamp,
}

/// What moves, or would move, when a user is merged into another.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct MergePreview {
    /// Whether it was done.
    pub merged: bool,
    /// The ways in that move.
    pub identities: Vec<Identity>,
    /// How many sessions end.
    pub sessions: u64,
    /// Whether the password moves.
    pub password_moves: bool,
    /// Whether the address moves.
    pub email_moves: bool,
    /// What both have, so that the first one's is dropped: `password`, `email`.
    #[serde(default)]
    pub conflicts: Vec<String>,
}
