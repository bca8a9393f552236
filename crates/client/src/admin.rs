//! The Admin API: settings, cities, tokens.

use crate::{
    Caller, City, CityList, Confirm, Download, EnvCatalog, EnvChange, EnvList, Error, Insight, MasterKey,
    People, TokenAnswer,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};

/// An administrator of a Federation, from [`Federation::admin`](crate::Federation::admin).
#[derive(Debug, Clone)]
pub struct Admin {
    caller: Caller,
}

impl Admin {
    pub(crate) fn new(caller: Caller) -> Self {
        Self { caller }
    }

    /// Calls by name.
    pub fn raw(&self) -> &Caller {
        &self.caller
    }

    /// The Federation's settings.
    pub fn env(&self) -> Env<'_> {
        Env { caller: &self.caller }
    }

    /// The Federation's cities.
    pub fn cities(&self) -> Cities<'_> {
        Cities { caller: &self.caller }
    }

    /// Tokens made by the product itself.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens { caller: &self.caller }
    }

    /// How things stand with the master key. Takes the key of an owner.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn master_key(&self) -> Result<MasterKey, Error> {
        self.caller.get("federation", "master-key", &()).await
    }

    /// Changes the master key to the next one that its source holds. Takes the key of an owner.
    ///
    /// # Errors
    /// Any [`Error`] of a call; `no_next_master_key` (409) where there is no next one.
    pub async fn rotate_master_key(&self) -> Result<MasterKey, Error> {
        self.caller.post("federation", "master-key/rotate", &json!({})).await
    }

    /// Everything that the Federation holds, for `fed restore`. Takes the key of an owner.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn backup(&self) -> Result<Download, Error> {
        self.caller.download("federation", "backup", &()).await
    }

    /// Who keeps the Federation, and what they did.
    pub fn keepers(&self) -> crate::Keepers<'_> {
        crate::Keepers::new(&self.caller)
    }

    /// How sign-ins go, and the ways to sign in.
    pub fn insight(&self) -> Insight<'_> {
        Insight::new(&self.caller)
    }

    /// The people of the Federation: users, their sessions, what happened.
    pub fn people(&self) -> People<'_> {
        People::new(&self.caller)
    }
}

/// The settings and secrets of a Federation. A change is effective at once. Every method may fail with any
/// [`Error`] of a call; a wrong key is status 401.
#[derive(Debug, Clone, Copy)]
pub struct Env<'a> {
    caller: &'a Caller,
}

impl Env<'_> {
    /// All settings; secrets without their values.
    pub async fn list(&self) -> Result<EnvList, Error> {
        self.caller.get("env", "list", &()).await
    }

    /// What each service reads, and what of it is set.
    pub async fn catalog(&self) -> Result<EnvCatalog, Error> {
        self.caller.get("env", "catalog", &()).await
    }

    /// Sets `key`.
    pub async fn upsert(&self, key: &str, value: &SecretString) -> Result<EnvChange, Error> {
        self.caller.post("env", "upsert", &json!({ "key": key, "value": value.expose_secret() })).await
    }

    /// Forgets `key`.
    pub async fn remove(&self, key: &str) -> Result<EnvChange, Error> {
        self.caller.post("env", "remove", &json!({ "key": key })).await
    }

    /// Sets everything in a `.env` text (comments, `export` and quotes are understood by the Federation).
    pub async fn import(&self, raw: &SecretString) -> Result<EnvChange, Error> {
        self.caller.post("env", "import", &json!({ "raw": raw.expose_secret() })).await
    }

    /// Makes the Federation read its settings again.
    pub async fn refresh(&self) -> Result<EnvChange, Error> {
        self.caller.post("env", "refresh", &json!({})).await
    }
}

/// A city to be made. `city_id` is chosen by the Federation where absent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewCity {
    /// Name for a person.
    pub name: String,
    /// Name on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city_id: Option<String>,
    /// Origins whose pages may call the Federation for this city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_origins: Option<Vec<String>>,
    /// Addresses a browser may be sent to after a sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_redirects: Option<Vec<String>>,
    /// When a person is asked whether the waiting client is theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirm>,
    /// Further settings, by their names on the wire.
    #[serde(flatten)]
    pub more: serde_json::Map<String, Value>,
}

/// A change to a city: what is absent stays.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CityUpdate {
    /// Which city.
    pub city_id: String,
    /// New name for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All origins whose pages may call the Federation for this city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_origins: Option<Vec<String>>,
    /// All addresses a browser may be sent to after a sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_redirects: Option<Vec<String>>,
    /// When a person is asked whether the waiting client is theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirm>,
    /// Further settings, by their names on the wire.
    #[serde(flatten)]
    pub more: serde_json::Map<String, Value>,
}

/// The cities of a Federation. Every method may fail with any [`Error`] of a call; an unknown city is status 404.
#[derive(Debug, Clone, Copy)]
pub struct Cities<'a> {
    pub(crate) caller: &'a Caller,
}

impl Cities<'_> {
    /// All cities.
    pub async fn list(&self) -> Result<CityList, Error> {
        self.caller.get("cities", "list", &()).await
    }

    /// Makes a city.
    pub async fn create(&self, city: &NewCity) -> Result<City, Error> {
        self.caller.post("cities", "create", city).await
    }

    /// Changes a city.
    pub async fn update(&self, change: &CityUpdate) -> Result<City, Error> {
        self.caller.post("cities", "update", change).await
    }

    /// Stops a city: its sign-ins and tokens are refused until it is activated.
    pub async fn pause(&self, city_id: &str) -> Result<City, Error> {
        self.named("pause", city_id).await
    }

    /// Ends a pause.
    pub async fn activate(&self, city_id: &str) -> Result<City, Error> {
        self.named("activate", city_id).await
    }

    /// Removes a city.
    pub async fn remove(&self, city_id: &str) -> Result<(), Error> {
        self.named::<Value>("remove", city_id).await.map(drop)
    }

    async fn named<T: serde::de::DeserializeOwned>(&self, action: &str, city_id: &str) -> Result<T, Error> {
        self.caller.post("cities", action, &json!({ "city_id": city_id })).await
    }
}

/// A token to be made for a user that the product knows itself.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TokenApply {
    /// In which city.
    pub city_id: String,
    /// For whom: an account's id or the product's own.
    pub user_id: String,
    /// Comes back in `me` as `user.metadata`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// Life of the token: seconds, or `30m`, `1h`, `7d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
}

/// Tokens made by the product itself.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    caller: &'a Caller,
}

impl Tokens<'_> {
    /// Makes a `user_token`.
    ///
    /// # Errors
    /// Any [`Error`] of a call; an unknown city is status 404, a paused one 403.
    pub async fn apply(&self, request: &TokenApply) -> Result<TokenAnswer, Error> {
        self.caller.post("cities", "tokens/apply", request).await
    }
}
