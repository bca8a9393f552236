//! Story: owners keep the admin keys: make them for somebody, give them another secret, take them away.

use crate::admin::{ADMIN_KEY_PREFIX, Admin};
use crate::audit::Deed;
use crate::cities::NAME_LIMIT;
use crate::directory::ReadError;
use crate::federation::Federation;
use downcity_core::identity::typed_name;
use downcity_core::{CityId, Digest, OpaqueToken, Role, Secret};
use downcity_store::{AdminKeyRow, KeyEnd, StoreError};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::time::Duration;

/// How many keys that are good there may be.
const MOST: usize = 200;

/// What an owner asks for.
#[derive(Debug, Clone)]
pub struct NewAdminKey {
    /// What it is called: who holds it, or what it is for.
    pub name: String,
    /// How much it allows.
    pub role: String,
    /// The only city it is for.
    pub city_id: Option<String>,
    /// When it ends by itself, counted from now.
    pub ttl: Option<Duration>,
}

/// Why a call about admin keys was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminKeyError {
    /// No key of that id, or it is good no more.
    #[error("unknown admin key")]
    Unknown,
    /// No such city.
    #[error("unknown city")]
    UnknownCity,
    /// Without this key nobody could make another one.
    #[error("the last owner's key can't be revoked")]
    LastOwner,
    /// There are as many as there may be.
    #[error("there are {MOST} admin keys already")]
    TooMany,
    /// A field has a value that can't be used.
    #[error("{field} {why}")]
    BadField {
        /// Its name on the wire.
        field: &'static str,
        /// What is wrong, to be read after the name.
        why: String,
    },
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The change is stored, but could not be read back here.
    #[error(transparent)]
    Read(#[from] ReadError),
}

fn bad(field: &'static str, why: impl Into<String>) -> AdminKeyError {
    AdminKeyError::BadField { field, why: why.into() }
}

impl Federation {
    /// All admin keys, newest first, also those that are good no more. The keys themselves are stored nowhere.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn admin_keys(&self) -> Result<Vec<AdminKeyRow>, AdminKeyError> {
        let mut keys = self.store.admin_keys().await?;
        keys.reverse();
        Ok(keys)
    }

    /// Makes an admin key, which is told this once.
    ///
    /// # Errors
    /// See [`AdminKeyError`].
    pub async fn create_admin_key(
        &self,
        admin: &Admin,
        new: &NewAdminKey,
    ) -> Result<(AdminKeyRow, Secret), AdminKeyError> {
        let now = self.clock.now();
        let role =
            Role::parse(&new.role).ok_or_else(|| bad("role", "must be `viewer`, `operator` or `owner`"))?;
        let city_id = new.city_id.as_deref().map(|id| self.key_city(id)).transpose()?;
        if city_id.is_some() && role == Role::Owner {
            return Err(bad("role", "must be `viewer` or `operator` for the key of one city"));
        }
        if self.directory.load().admin_keys.values().filter(|known| known.row.is_good(now)).count() >= MOST {
            return Err(AdminKeyError::TooMany);
        }
        let (row, key) = self.fresh_key(typed_name(&new.name, NAME_LIMIT).map_err(|why| bad("name", why))?);
        let row = AdminKeyRow { role, city_id, expires_at: new.ttl.map(|ttl| now.plus(ttl)), ..row };
        let deed = Deed { after: Some(shown(&row)), ..about("admin_key.created", &row) };
        self.store.insert_admin_key(&row, self.audit_entry(admin, deed)).await?;
        self.reload_or_soon().await;
        Ok((row, key))
    }

    /// Gives a key another secret, which is told this once. The one before opens nothing from now on.
    ///
    /// # Errors
    /// See [`AdminKeyError`].
    pub async fn rotate_admin_key(&self, admin: &Admin, key_id: &str) -> Result<Secret, AdminKeyError> {
        let row = self.known_key(key_id)?;
        let (_, key) = self.fresh_key(String::new());
        let entry = self.audit_entry(admin, about("admin_key.rotated", &row));
        if !self.store.replace_admin_key(&row.key_id, Digest::of(key.expose_secret()), entry).await? {
            return Err(AdminKeyError::Unknown);
        }
        self.reload_or_soon().await;
        Ok(key)
    }

    /// Takes a key away: it opens nothing any more, nor do the workspace sessions that began with it.
    ///
    /// # Errors
    /// See [`AdminKeyError`].
    pub async fn revoke_admin_key(&self, admin: &Admin, key_id: &str) -> Result<(), AdminKeyError> {
        let row = self.known_key(key_id)?;
        let deed = Deed { before: Some(shown(&row)), ..about("admin_key.revoked", &row) };
        match self.store.revoke_admin_key(&row.key_id, self.audit_entry(admin, deed)).await? {
            KeyEnd::Revoked => Ok(self.reload().await?),
            KeyEnd::Unknown => Err(AdminKeyError::Unknown),
            KeyEnd::LastOwner => Err(AdminKeyError::LastOwner),
        }
    }

    /// Makes the first admin key, if there is none yet. It is told this once.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn make_first_admin_key(&self) -> Result<Option<Secret>, StoreError> {
        if !self.directory.load().admin_keys.is_empty() {
            return Ok(None);
        }
        let (row, key) = self.fresh_key("first".to_owned());
        let deed = Deed { after: Some(shown(&row)), ..about("admin_key.created", &row) };
        let entry = self.audit_entry(&Admin::on_this_machine("first start"), deed);
        let made = self.store.insert_first_admin_key(&row, entry).await?;
        self.reload_or_soon().await;
        Ok(made.then_some(key))
    }

    fn fresh_key(&self, name: String) -> (AdminKeyRow, Secret) {
        let random = OpaqueToken::from_bytes(&self.random.bytes());
        let key = Secret::from(format!("{ADMIN_KEY_PREFIX}{}", random.reveal()));
        let now = self.clock.now();
        let row = AdminKeyRow {
            key_id: downcity_core::id::uuid_v7(now, &self.random.bytes()),
            digest: Digest::of(key.expose_secret()),
            name,
            role: Role::Owner,
            city_id: None,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
            created_at: now,
        };
        (row, key)
    }

    fn known_key(&self, key_id: &str) -> Result<AdminKeyRow, AdminKeyError> {
        let directory = self.directory.load();
        let found = directory.admin_keys.values().find(|known| known.row.key_id == key_id);
        found.map(|known| known.row.clone()).ok_or(AdminKeyError::Unknown)
    }

    fn key_city(&self, id: &str) -> Result<CityId, AdminKeyError> {
        let id = CityId::parse(id).map_err(|_| AdminKeyError::UnknownCity)?;
        let known = self.directory.load().cities.contains_key(&id);
        if known { Ok(id) } else { Err(AdminKeyError::UnknownCity) }
    }
}

/// Whether a key is the last owner's that lasts, so that it can't be revoked.
#[must_use]
pub fn is_last_owner(key: &AdminKeyRow, all: &[AdminKeyRow]) -> bool {
    let lasts =
        |key: &&AdminKeyRow| key.role == Role::Owner && key.expires_at.is_none() && key.revoked_at.is_none();
    lasts(&key) && all.iter().filter(lasts).count() == 1
}

fn about<'a>(action: &'static str, row: &'a AdminKeyRow) -> Deed<'a> {
    let city_id = row.city_id.as_ref().map(CityId::as_str);
    Deed { action, city_id, subject: &row.key_id, ..Deed::default() }
}

/// A key as the audit record shows it, without the key.
fn shown(row: &AdminKeyRow) -> Value {
    json!({
        "name": row.name,
        "role": row.role.as_str(),
        "city_id": row.city_id.as_ref().map(CityId::as_str),
        "expires_at": row.expires_at.map(|at| at.0),
    })
}
