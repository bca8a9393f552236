//! The answers of a guest's and a user's calls. Unknown fields are ignored, so that an older client understands a newer Federation.

use crate::{Timestamp, time};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fmt;

/// Answer of `accounts/providers`.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct ProviderList {
    /// The ways to sign in that can be used now.
    pub items: Vec<Provider>,
}

/// One way to sign in.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Provider {
    /// Name on the wire, e.g. `wechat`.
    pub id: String,
    /// Kind of flow, e.g. `oauth`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it can be used now.
    pub enabled: bool,
    /// Name for a person, e.g. `WeChat`.
    pub label: String,
}

/// Answer of `accounts/oauth/start`. `Debug` leaves out `url`, `state` and `user_code`: they open the login.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct OauthStart {
    /// Where the person signs in.
    pub url: String,
    /// Name of this login, for `oauth/result`.
    pub state: String,
    /// The provider asked for.
    pub provider: String,
    /// When the login runs out.
    #[serde(default, deserialize_with = "time::optional")]
    pub expires_at: Option<Timestamp>,
    /// Seconds between two polls that do not wait.
    pub interval: Option<u64>,
    /// What to show to the person, who types it on the Federation's page, where the city wants that: `XXXX-XXXX`.
    #[serde(default)]
    pub user_code: Option<String>,
}

impl fmt::Debug for OauthStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthStart")
            .field("provider", &self.provider)
            .field("expires_at", &self.expires_at)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

/// Answer of `accounts/oauth/result`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
#[non_exhaustive]
pub enum OauthResult {
    /// Nobody has finished yet.
    Pending {
        /// Seconds until the next poll that does not wait.
        interval: Option<u64>,
    },
    /// A user signed in.
    Done(SignInDone),
    /// The login ended without a user.
    Failed {
        /// A sentence for a person.
        error: String,
        /// Stable reason, e.g. `access_denied`.
        code: String,
    },
}

/// A finished sign-in.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct SignInDone {
    /// The bearer of the user from now on.
    pub user_token: SecretString,
    /// Who signed in.
    pub user_id: String,
    /// Where.
    pub city_id: String,
    /// By which provider.
    pub provider: String,
    /// When the token runs out.
    #[serde(default, deserialize_with = "time::optional")]
    pub expires_at: Option<Timestamp>,
    /// What [`Guest::refresh`](crate::Guest::refresh) trades for a fresh token, where it was asked for.
    #[serde(default)]
    pub refresh_token: Option<SecretString>,
}

/// Answer of `accounts/me`.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Me {
    /// The account.
    pub user: MeUser,
    /// What is known about the person.
    pub profile: MeProfile,
    /// The city of the token.
    pub city_id: Option<String>,
    /// Everything else the Federation said.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// The account in [`Me`].
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct MeUser {
    /// Stable id.
    pub user_id: String,
    /// What the product gave to `cities/tokens/apply`.
    #[serde(default)]
    pub metadata: Option<Value>,
    /// Everything else the Federation said.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// The profile in [`Me`].
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct MeProfile {
    /// Verified address; none is ever made up.
    pub email: Option<String>,
    /// Name to show.
    pub display_name: Option<String>,
    /// Picture to show.
    pub avatar_url: Option<String>,
    /// A few words about the person.
    pub bio: Option<String>,
    /// Everything else the Federation said.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}
