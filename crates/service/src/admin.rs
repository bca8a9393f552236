//! Story: an admin shows their key.

use crate::federation::Federation;
use downcity_core::network::Network;
use downcity_core::{CityId, Digest, OpaqueToken, Role, Secret, Via};
use downcity_store::{AdminKeyRow, StoreError};
use secrecy::ExposeSecret;

/// Stands before every admin key, so that leak scanners recognise it.
pub const ADMIN_KEY_PREFIX: &str = "ak_";

/// An admin whose key was found.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The key's id; `local` for a command on the machine itself.
    pub key_id: String,
    /// The key's name.
    pub name: String,
    /// How much the key allows.
    pub role: Role,
    /// The only city that the key is for.
    pub city: Option<CityId>,
    /// The way the admin came.
    pub via: Via,
    /// Where from, if not on the machine itself.
    pub network: Option<Network>,
}

impl Admin {
    /// Whoever runs commands on the machine that holds the database and the master key.
    #[must_use]
    pub fn on_this_machine(command: &str) -> Self {
        Self {
            key_id: "local".to_owned(),
            name: command.to_owned(),
            role: Role::Owner,
            city: None,
            via: Via::Machine,
            network: None,
        }
    }
}

impl Federation {
    /// Checks an admin key.
    #[must_use]
    pub fn admin(&self, key: &str) -> Option<Admin> {
        let digest = Digest::of(key);
        let directory = self.directory.load();
        let row = directory.admin_keys.get(&digest.0)?;
        Some(Admin {
            key_id: row.key_id.clone(),
            name: row.name.clone(),
            role: Role::Owner,
            city: None,
            via: Via::Api,
            network: None,
        })
    }

    /// Makes the first admin key, if there is none yet. The key is told this once and stored only as a digest.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn make_first_admin_key(&self) -> Result<Option<Secret>, StoreError> {
        if !self.directory.load().admin_keys.is_empty() {
            return Ok(None);
        }
        let random = OpaqueToken::from_bytes(&self.random.bytes());
        let key = Secret::from(format!("{ADMIN_KEY_PREFIX}{}", random.reveal()));
        let now = self.clock.now();
        let row = AdminKeyRow {
            key_id: downcity_core::id::uuid_v7(now, &self.random.bytes()),
            digest: Digest::of(key.expose_secret()),
            name: "first".to_owned(),
            created_at: now,
        };
        let made = self.store.insert_first_admin_key(&row).await?;
        self.reload().await.map_err(|e| StoreError::Unavailable(e.to_string()))?;
        Ok(made.then_some(key))
    }
}
