//! The answers of the wire contract. Unknown fields are ignored, so that an older client understands a newer Federation.

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

/// Answer of `accounts/oauth/start`. `Debug` leaves out `url` and `state`: they open the login.
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

/// Answer of `cities/list`.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct CityList {
    /// The cities of the Federation.
    pub items: Vec<City>,
}

/// One product inside a Federation.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct City {
    /// Name on the wire.
    pub city_id: String,
    /// Name for a person.
    pub name: String,
    /// Whether it takes requests.
    pub status: CityStatus,
    /// When it was made.
    #[serde(default, deserialize_with = "time::optional")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "time::optional")]
    pub updated_at: Option<Timestamp>,
    /// Origins whose pages may call the Federation for this city.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// Addresses a browser may be sent to after a sign-in.
    #[serde(default)]
    pub allowed_redirects: Vec<String>,
    /// Everything else the Federation said.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Whether a city takes requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CityStatus {
    /// It does.
    Active,
    /// An admin stopped it.
    Paused,
    /// A status newer than this client.
    #[serde(other)]
    Other,
}

impl fmt::Display for CityStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Other => "other",
        })
    }
}

/// Answer of `env/list`.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct EnvList {
    /// All settings of the Federation.
    pub items: Vec<EnvItem>,
}

/// One setting of the Federation.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct EnvItem {
    /// Its name, e.g. `WECHAT_CLIENT_ID`.
    pub key: String,
    /// Its value; absent for a secret.
    pub value: Option<String>,
    /// Enough to recognise it by.
    pub value_preview: Option<String>,
    /// Whether the value is never sent.
    #[serde(default)]
    pub secret: bool,
    /// Where it comes from.
    pub source: Option<String>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "time::optional")]
    pub updated_at: Option<Timestamp>,
}

/// Answer of `env/catalog`.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct EnvCatalog {
    /// The services and the settings each reads.
    pub items: Vec<EnvCatalogItem>,
}

/// One service in [`EnvCatalog`].
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct EnvCatalogItem {
    /// Name on the wire.
    pub id: String,
    /// Name for a person.
    pub name: String,
    /// The settings it reads.
    #[serde(default)]
    pub env: Vec<EnvCatalogEntry>,
}

/// One setting that a service reads.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct EnvCatalogEntry {
    /// Its name.
    pub key: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether the service cannot work without it.
    #[serde(default)]
    pub required: bool,
    /// Whether it is set.
    #[serde(default)]
    pub configured: bool,
    /// Enough to recognise the value by.
    pub value_preview: Option<String>,
}

/// Answer of a change to the env; which fields are there depends on the call.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct EnvChange {
    /// The setting changed (`upsert`, `remove`).
    pub key: Option<String>,
    /// How many settings were read (`import`, `refresh`).
    pub count: Option<u64>,
    /// The settings imported (`import`).
    #[serde(default)]
    pub keys: Vec<String>,
}

/// Answer of `cities/tokens/apply`.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct TokenAnswer {
    /// The bearer made.
    pub user_token: SecretString,
    /// Its city.
    pub city_id: String,
    /// Its user.
    pub user_id: String,
    /// When it runs out.
    #[serde(deserialize_with = "time::required")]
    pub expires_at: Timestamp,
}

/// Answer of `/v1/services`.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct ServiceList {
    /// The services on offer.
    pub items: Vec<Service>,
}

/// One service.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Service {
    /// Name on the wire.
    pub id: String,
    /// Name for a person.
    pub name: String,
    /// The settings it reads; empty for all but admins.
    #[serde(default)]
    pub env: Vec<Value>,
}
