//! What an admin keeps beside settings and people: signing keys, what a token is worth, settings of one city.

use crate::{Admin, Caller, Cities, EnvChange, EnvList, Error, Timestamp, time};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The keys that tokens are signed with, from [`Admin::keys`]. Every method may fail with any [`Error`] of a call.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a> {
    caller: &'a Caller,
}

/// One key that tokens are signed with.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct SigningKey {
    /// Its name in tokens.
    pub kid: String,
    /// Where it stands: `next`, `active`, `retired`.
    pub status: String,
    /// When it was made.
    #[serde(deserialize_with = "time::required")]
    pub created_at: Timestamp,
    /// When it signs, or signed, its first token.
    #[serde(deserialize_with = "time::required")]
    pub starts_at: Timestamp,
    /// When it signed its last one.
    #[serde(default, deserialize_with = "time::optional")]
    pub retired_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct KeyList {
    items: Vec<SigningKey>,
}

impl Keys<'_> {
    /// All keys.
    pub async fn list(&self) -> Result<Vec<SigningKey>, Error> {
        let answer: KeyList = self.caller.get("federation", "keys/list", &()).await?;
        Ok(answer.items)
    }

    /// Makes the next key; it signs once everybody can know it, and old tokens stay good until they run out.
    pub async fn rotate(&self) -> Result<Vec<SigningKey>, Error> {
        let answer: KeyList = self.caller.post("federation", "keys/rotate", &json!({})).await?;
        Ok(answer.items)
    }

    /// Revokes a key that somebody else may have: its tokens are refused from now on.
    pub async fn revoke(&self, kid: &str) -> Result<Vec<SigningKey>, Error> {
        let answer: KeyList = self.caller.post("federation", "keys/revoke", &json!({ "kid": kid })).await?;
        Ok(answer.items)
    }
}

/// What a token is worth (RFC 7662).
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Introspection {
    /// Whether it is accepted now. Everything else is told only then.
    pub active: bool,
    /// Whose.
    pub user_id: Option<String>,
    /// In which city.
    pub city_id: Option<String>,
    /// The session that it stands on.
    pub session_id: Option<String>,
    /// What the product gave to `cities/tokens/apply`.
    pub metadata: Option<Value>,
    /// Everything else the Federation said.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Admin {
    /// The keys that tokens are signed with.
    pub fn keys(&self) -> Keys<'_> {
        Keys { caller: self.raw() }
    }

    /// Tells what a `user_token` is worth now: signature, session, user and city.
    ///
    /// # Errors
    /// Any [`Error`] of a call. A bad token is no error but not active.
    pub async fn introspect(&self, token: &SecretString) -> Result<Introspection, Error> {
        self.raw().post("accounts", "token/introspect", &json!({ "token": token.expose_secret() })).await
    }
}

impl Cities<'_> {
    /// The settings that a city has of its own; secrets without their values.
    pub async fn env(&self, city_id: &str) -> Result<EnvList, Error> {
        self.caller.get("cities", "env/list", &[("city_id", city_id)]).await
    }

    /// Sets one of them.
    pub async fn set_env(&self, city_id: &str, key: &str, value: &SecretString) -> Result<EnvChange, Error> {
        let body = json!({ "city_id": city_id, "key": key, "value": value.expose_secret() });
        self.caller.post("cities", "env/upsert", &body).await
    }

    /// Forgets one of them: that of the Federation counts again.
    pub async fn remove_env(&self, city_id: &str, key: &str) -> Result<(), Error> {
        let body = json!({ "city_id": city_id, "key": key });
        self.caller.post::<Value>("cities", "env/remove", &body).await.map(drop)
    }
}
