//! Who keeps a Federation, and what they did: admin keys and the audit record.

use crate::{Caller, Error, Page, SecretString, Timestamp, time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One admin key, without the key.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct AdminKey {
    /// Its id.
    pub key_id: String,
    /// Who holds it, or what it is for.
    pub name: String,
    /// `viewer`, `operator` or `owner`.
    pub role: String,
    /// The only city it is for.
    pub city_id: Option<String>,
    /// `active`, `expired` or `revoked`.
    pub status: String,
    /// When it was made.
    #[serde(default, deserialize_with = "time::optional")]
    pub created_at: Option<Timestamp>,
    /// When it ends by itself.
    #[serde(default, deserialize_with = "time::optional")]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[serde(default, deserialize_with = "time::optional")]
    pub last_used_at: Option<Timestamp>,
    /// Everything else the Federation said.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// An admin key to be made.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewAdminKey {
    /// Who holds it, or what it is for.
    pub name: String,
    /// `viewer`, `operator` or `owner`.
    pub role: String,
    /// The only city it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city_id: Option<String>,
    /// When it ends by itself: seconds, or `12h`, `90d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
}

/// A new admin key, or the new secret of one. It is told this once.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct AdminKeyTold {
    /// Its id.
    pub key_id: String,
    /// The key itself.
    pub admin_key: SecretString,
}

/// One thing that an admin did.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its id.
    pub audit_id: String,
    /// When.
    #[serde(default, deserialize_with = "time::optional")]
    pub at: Option<Timestamp>,
    /// The admin key it was done with; `local` for a command on the machine itself.
    pub key_id: String,
    /// What the key was called then, or the command.
    pub key_name: String,
    /// `api`, `workspace` or `machine`.
    pub via: String,
    /// Where from.
    pub network: Option<String>,
    /// What was done, such as `env.set`.
    pub action: String,
    /// The one city it is about.
    pub city_id: Option<String>,
    /// What it was done to.
    pub subject: String,
    /// What stood there before.
    #[serde(default)]
    pub before: Option<Value>,
    /// What stood there afterwards.
    #[serde(default)]
    pub after: Option<Value>,
}

/// Which entries are looked for; absent fields look for all.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AuditQuery<'a> {
    /// About this city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city_id: Option<&'a str>,
    /// By this key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<&'a str>,
    /// `env.set`, or `env` for everything about settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'a str>,
    /// What was done to this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<&'a str>,
    /// Not before this moment, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<&'a str>,
    /// Before this moment, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<&'a str>,
    /// How many on a page: 1 to 200, otherwise 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// [`Page::next`] of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<&'a str>,
}

/// The admin keys and the audit record, from [`Admin::keepers`](crate::Admin::keepers). Changes take an owner's key
/// (`owner_only`, status 403). Every method may fail with any [`Error`] of a call.
#[derive(Debug, Clone, Copy)]
pub struct Keepers<'a> {
    caller: &'a Caller,
}

impl<'a> Keepers<'a> {
    pub(crate) fn new(caller: &'a Caller) -> Self {
        Self { caller }
    }

    /// All admin keys, newest first, also those that are good no more.
    pub async fn keys(&self) -> Result<Vec<AdminKey>, Error> {
        #[derive(Deserialize)]
        struct List {
            items: Vec<AdminKey>,
        }
        self.caller.get::<List>("admin-keys", "list", &()).await.map(|list| list.items)
    }

    /// Makes an admin key.
    pub async fn create(&self, new: &NewAdminKey) -> Result<AdminKeyTold, Error> {
        self.caller.post("admin-keys", "create", new).await
    }

    /// Gives a key another secret; the one before opens nothing from now on.
    pub async fn rotate(&self, key_id: &str) -> Result<AdminKeyTold, Error> {
        self.caller.post("admin-keys", "rotate", &json!({ "key_id": key_id })).await
    }

    /// Takes a key away, at once and everywhere.
    pub async fn revoke(&self, key_id: &str) -> Result<(), Error> {
        self.caller.post::<Value>("admin-keys", "revoke", &json!({ "key_id": key_id })).await.map(drop)
    }

    /// A page of what admins did, newest first.
    pub async fn audit(&self, query: &AuditQuery<'_>) -> Result<Page<AuditEntry>, Error> {
        self.caller.get("audit", "list", query).await
    }
}
