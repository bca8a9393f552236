//! The answers of the admin calls. Unknown fields are ignored, so that an older client understands a newer Federation.

use crate::{Timestamp, time};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

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
    /// When a person is asked whether the waiting client is theirs.
    pub confirm: Option<Confirm>,
    /// Everything else the Federation said.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// When a person who signed in is asked whether the client that waits for the outcome is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Confirm {
    /// Every time, and the person types the `user_code` that the product shows.
    Code,
    /// Every time.
    Always,
    /// Unless the browser or network that finished is the one that started. The default.
    Auto,
    /// Never: whoever started a sign-in collects its token.
    Never,
    /// A rule newer than this client; the Federation refuses to be given it.
    #[serde(other)]
    Other,
}

impl fmt::Display for Confirm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Code => "code",
            Self::Always => "always",
            Self::Auto => "auto",
            Self::Never => "never",
            Self::Other => "other",
        })
    }
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

/// How things stand with a Federation's master key, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MasterKey {
    /// The id of the master key that the database needs.
    pub master_key_id: String,
    /// The id of the next one, where the source of the master key holds one.
    pub next_master_key_id: Option<String>,
    /// The id of the data key that seals.
    pub data_key_id: String,
    /// How many values older data keys have sealed; they are being sealed anew.
    pub left: u64,
    /// Whether other nodes may share the database.
    pub shared: bool,
}
