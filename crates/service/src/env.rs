//! Story: an admin keeps the Federation env: settings and secrets that take effect at once.

use crate::admin::Admin;
use crate::audit::Deed;
use crate::directory::{ReadError, Setting, env_place};
use crate::dotenv;
use crate::federation::Federation;
use downcity_core::{Text, Timestamp};
use downcity_providers::{EnvKey, catalogue, env_key, general, issuers};
use downcity_store::{EnvRow, NewAudit, StoreError};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// The longest value.
pub(crate) const VALUE_LIMIT: usize = 8 * 1024;
/// How many settings the env may hold.
pub(crate) const COUNT_LIMIT: usize = 1000;
/// A secret shorter than this shows nothing of itself.
const PREVIEW_FROM: usize = 16;

/// One setting, as it may be shown.
#[derive(Debug, Clone)]
pub struct EnvItem {
    /// Its name.
    pub key: String,
    /// Its value; absent for a secret.
    pub value: Option<String>,
    /// The value, or for a long secret its last four characters.
    pub value_preview: String,
    /// Whether it is a secret.
    pub secret: bool,
    /// When it was last set.
    pub updated_at: Timestamp,
}

/// One setting that a part of the service needs.
#[derive(Debug, Clone)]
pub struct EnvNeed {
    /// Its name.
    pub key: String,
    /// What it is for.
    pub description: Text,
    /// Whether the part can't work without it.
    pub required: bool,
    /// Whether it is set.
    pub configured: bool,
    /// What may be shown of it.
    pub value_preview: Option<String>,
}

/// A stored change, with what looks wrong about it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The names that were set, in order.
    pub keys: Vec<String>,
    /// What looks wrong, by name; the values were stored all the same.
    pub warnings: Vec<(String, Text)>,
}

/// Why the env was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    /// A field has a value that can't be used.
    #[error("{field} {why}")]
    BadField {
        /// Its name on the wire.
        field: &'static str,
        /// What is wrong, to be read after the name.
        why: String,
    },
    /// No such city.
    #[error("unknown city")]
    UnknownCity,
    /// No such setting.
    #[error("no such setting")]
    Unknown,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The change is stored, but could not be read back here.
    #[error(transparent)]
    Read(#[from] ReadError),
}

pub(crate) fn bad(field: &'static str, why: impl Into<String>) -> EnvError {
    EnvError::BadField { field, why: why.into() }
}

fn full() -> EnvError {
    bad("key", format!("is one too many: the Federation env holds at most {COUNT_LIMIT} settings"))
}

/// What is not in the catalogue counts as a secret.
pub(crate) fn is_secret(key: &str) -> bool {
    env_key(key).is_none_or(|spec| spec.secret)
}

pub(crate) fn preview(key: &str, value: &str) -> String {
    if !is_secret(key) {
        // Where an app's id looks wrong, it may be its secret; the audit record keeps what it is told.
        let is_id = key.ends_with("_CLIENT_ID");
        let looks_wrong = is_id && env_key(key).is_some_and(|spec| (spec.check)(value).is_some());
        return if looks_wrong { "••••".to_owned() } else { value.chars().take(64).collect() };
    }
    let length = value.chars().count();
    if length < PREVIEW_FROM {
        return "••••".to_owned();
    }
    let tail: String = value.chars().skip(length - 4).collect();
    format!("••••{tail}")
}

pub(crate) fn checked_key(key: &str) -> Result<&str, EnvError> {
    let first = key.bytes().next().is_some_and(|b| b.is_ascii_uppercase());
    let rest = key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if first && rest && key.len() <= 64 {
        Ok(key)
    } else {
        Err(bad("key", "must be 1 to 64 characters of A-Z, 0-9 and `_`, beginning with a letter"))
    }
}

pub(crate) fn checked_value(value: &str) -> Result<&str, EnvError> {
    let value = value.trim();
    if value.is_empty() {
        return Err(bad("value", "must not be empty; use env/remove to remove a setting"));
    }
    if value.len() > VALUE_LIMIT {
        return Err(bad("value", format!("must be at most {VALUE_LIMIT} bytes")));
    }
    if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(bad("value", "must not have control characters"));
    }
    Ok(value)
}

/// A setting as it may be shown.
pub(crate) fn item(key: &str, setting: &Setting) -> EnvItem {
    let (secret, value) = (is_secret(key), setting.value.expose_secret());
    EnvItem {
        key: key.to_owned(),
        value: (!secret).then(|| value.to_owned()),
        value_preview: preview(key, value),
        secret,
        updated_at: setting.updated_at,
    }
}

impl Federation {
    /// What is set, by name. No value of a secret is in it.
    #[must_use]
    pub fn env_list(&self) -> Vec<EnvItem> {
        self.directory.load().env.iter().map(|(key, setting)| item(key, setting)).collect()
    }

    /// What the accounts service can use, and what of it is set.
    #[must_use]
    pub fn env_catalogue(&self) -> Vec<EnvNeed> {
        let directory = self.directory.load();
        let need = |spec: EnvKey| {
            let set = directory.env.get(&spec.key);
            EnvNeed {
                description: spec.description,
                required: spec.required,
                configured: set.is_some(),
                value_preview: set.map(|setting| preview(&spec.key, setting.value.expose_secret())),
                key: spec.key,
            }
        };
        let fixed = catalogue().iter().flat_map(|provider| provider.env).chain(general()).map(EnvKey::from);
        let named =
            issuers(directory.env.keys().map(String::as_str)).into_iter().flat_map(|issuer| issuer.env);
        fixed.chain(named).map(need).collect()
    }

    /// Sets one value, effective at once.
    ///
    /// # Errors
    /// See [`EnvError`].
    pub async fn env_upsert(&self, admin: &Admin, key: &str, value: &str) -> Result<Stored, EnvError> {
        self.put(admin, &[(key.to_owned(), value.to_owned())]).await
    }

    /// Sets what a `.env` text says, all or nothing.
    ///
    /// # Errors
    /// See [`EnvError`]; a line that can't be read is named by its number.
    pub async fn env_import(&self, admin: &Admin, raw: &str) -> Result<Stored, EnvError> {
        let mut pairs = Vec::new();
        for (number, line) in dotenv::lines(raw) {
            let (key, value) = line.map_err(|why| bad("raw", why.to_string()))?;
            let fine = checked_key(&key).and_then(|_| checked_value(&value));
            if let Err(EnvError::BadField { field, why }) = fine {
                // The name is not repeated: what stands where a name should may be a part of a secret.
                return Err(bad("raw", format!("line {number}: its {field} {why}")));
            }
            pairs.push((key, value));
        }
        self.put(admin, &pairs).await
    }

    /// Removes one value, effective at once.
    ///
    /// # Errors
    /// See [`EnvError`].
    pub async fn env_remove(&self, admin: &Admin, key: &str) -> Result<(), EnvError> {
        let key = checked_key(key)?;
        let entry = self.env_entry(admin, ("env.removed", key), None);
        if !self.store.remove_env(key, entry).await? {
            return Err(EnvError::Unknown);
        }
        self.reload().await?;
        Ok(())
    }

    /// Reads the env from the store again and tells how many settings there are.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn env_refresh(&self, admin: &Admin) -> Result<usize, EnvError> {
        self.reload().await?;
        let deed = Deed { action: "env.refreshed", ..Deed::default() };
        self.store.record_audit(self.audit_entry(admin, deed)).await?;
        Ok(self.directory.load().env.len())
    }

    /// Whether these fit: changing what is set needs no room.
    fn check_room(&self, rows: &[(EnvRow, NewAudit)]) -> Result<(), EnvError> {
        let directory = self.directory.load();
        let added = rows.iter().filter(|(row, _)| !directory.env.contains_key(&row.key)).count();
        if added > 0 && directory.env.len() + added > COUNT_LIMIT { Err(full()) } else { Ok(()) }
    }

    async fn put(&self, admin: &Admin, pairs: &[(String, String)]) -> Result<Stored, EnvError> {
        let now = self.clock.now();
        let mut rows: Vec<(EnvRow, NewAudit)> = Vec::with_capacity(pairs.len());
        let mut warnings = Vec::new();
        for (key, value) in pairs {
            let (key, value) = (checked_key(key)?, checked_value(value)?);
            if let Some(warning) = env_key(key).and_then(|spec| (spec.check)(value)) {
                warnings.push((key.to_owned(), warning));
            }
            rows.retain(|(row, _)| row.key != key);
            let sealed = self.vault.seal(&env_place(key), value.as_bytes());
            let entry = self.env_entry(admin, ("env.set", key), Some(value));
            rows.push((EnvRow { key: key.to_owned(), sealed, updated_at: now }, entry));
            if rows.len() > COUNT_LIMIT {
                return Err(full());
            }
        }
        self.check_room(&rows)?;
        let keys = rows.iter().map(|(row, _)| row.key.clone()).collect();
        self.store.put_env(rows).await?;
        self.reload().await?;
        Ok(Stored { keys, warnings })
    }

    /// An entry of the audit record about a setting. Of a secret it shows no more than lists do.
    fn env_entry(&self, admin: &Admin, (action, key): (&'static str, &str), value: Option<&str>) -> NewAudit {
        let directory = self.directory.load();
        let set = directory.env.get(key).map(|setting| preview(key, setting.value.expose_secret()));
        let after = value.map(|value| json!(preview(key, value)));
        let deed = Deed { action, subject: key, before: set.map(Value::from), after, city_id: None };
        self.audit_entry(admin, deed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_secret_previewed_whole() {
        assert_eq!(preview("WECHAT_CLIENT_SECRET", "hunter2"), "••••");
        assert_eq!(preview("WECHAT_CLIENT_SECRET", "0123456789abcdef"), "••••cdef");
        assert_eq!(preview("UNKNOWN_SETTING", "shown?"), "••••");
        assert_eq!(preview("WECHAT_CLIENT_ID", "wx0123456789abcdef"), "wx0123456789abcdef");
        assert_eq!(preview("WECHAT_CLIENT_ID", "0123456789abcdef0123456789abcdef"), "••••", "an AppSecret");
    }
}
