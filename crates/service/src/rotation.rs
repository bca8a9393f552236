//! Story: an admin changes the key that tokens are signed with, in good time or in an emergency.
//!
//! A new key is published for some minutes before it signs, so that whoever checks tokens offline knows it by
//! then. The one before goes on checking until the last token signed with it is over.

use crate::admin::Admin;
use crate::events::Actor;
use crate::federation::Federation;
use crate::keys::{KeyError, new_key};
use crate::refresh;
use downcity_core::Timestamp;
use downcity_store::{KeyRemoval, KeyRevocation, NextKey, StoreError};
use serde_json::json;
use std::time::Duration;
use tracing::{info, warn};

/// How long readers may keep the public keys (security requirement I6: at most 5 minutes).
pub const JWKS_MAX_AGE: Duration = Duration::from_secs(300);
/// How long a key is published before it signs: what readers keep, and a minute for clocks that differ.
const AHEAD: Duration = Duration::from_secs(360);

/// A signing key, without the key.
#[derive(Debug, Clone)]
pub struct KeyInfo {
    /// Its id, as in the header of its tokens.
    pub kid: String,
    /// `next`, `active` or `retired`.
    pub status: &'static str,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it begins to sign.
    pub starts_at: Timestamp,
    /// When the next one takes over.
    pub retired_at: Option<Timestamp>,
}

/// Why the keys were not changed.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// No key has this id.
    #[error("unknown key")]
    Unknown,
    /// The store did not answer, or a key could not be made or read.
    #[error(transparent)]
    Internal(#[from] KeyError),
}

impl From<StoreError> for RotationError {
    fn from(error: StoreError) -> Self {
        Self::Internal(error.into())
    }
}

impl Federation {
    /// The signing keys, newest first.
    #[must_use]
    pub fn signing_keys(&self) -> Vec<KeyInfo> {
        self.token_keys.load().list(self.clock.now())
    }

    /// Makes the next signing key, which is published now and signs in six minutes. While one is on its way, it
    /// stays with that one.
    ///
    /// # Errors
    /// See [`RotationError`].
    pub async fn rotate_signing_key(&self, admin: &Admin) -> Result<Vec<KeyInfo>, RotationError> {
        let now = self.clock.now();
        let key = new_key(&self.vault, now, now.plus(AHEAD))?;
        let detail = json!({"kid": key.kid});
        let event = self.general_event("signing_key.added", Actor::Admin(admin), &key.kid, &detail);
        let kid = key.kid.clone();
        if self.store.add_signing_key(NextKey { key, event, now }).await? {
            info!(kid, admin = admin.key_id, "the next signing key was made; it signs in six minutes");
        }
        self.reload_keys().await?;
        Ok(self.signing_keys())
    }

    /// Takes a signing key out at once: its tokens are good nowhere any more. Another one signs from now on.
    ///
    /// # Errors
    /// See [`RotationError`].
    pub async fn revoke_signing_key(&self, admin: &Admin, kid: &str) -> Result<Vec<KeyInfo>, RotationError> {
        if !kid.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(RotationError::Unknown);
        }
        let now = self.clock.now();
        let replacement = new_key(&self.vault, now, now)?;
        let detail = json!({"kid": kid});
        let event = self.general_event("signing_key.revoked", Actor::Admin(admin), kid, &detail);
        let revocation = KeyRevocation { kid: kid.to_owned(), replacement, event, now };
        if !self.store.revoke_signing_key(revocation).await? {
            return Err(RotationError::Unknown);
        }
        warn!(kid, admin = admin.key_id, "a signing key was revoked; its tokens are refused from now on");
        self.reload_keys().await?;
        Ok(self.signing_keys())
    }

    /// Removes keys whose last token is over. Housekeeping calls it now and then.
    pub async fn remove_spent_keys(&self) {
        let now = self.clock.now();
        let removal = KeyRemoval {
            retired_by: now.minus(refresh::TOKEN_LIFE + crate::keys::LEEWAY + JWKS_MAX_AGE),
            ended_by: now.minus(crate::keys::LEEWAY),
            event: self.general_event("signing_key.removed", Actor::System, "", &json!({})),
        };
        let removed = match self.store.remove_retired_keys(removal).await {
            Ok(0) => Ok(()),
            Ok(count) => {
                info!(count, "removed signing keys whose last token is over");
                self.reload_keys().await
            }
            Err(problem) => Err(problem.into()),
        };
        if let Err(problem) = removed {
            warn!(error = %problem, "could not look for signing keys that are over; trying again later");
        }
    }

    /// Reads the signing keys again, where any has changed.
    pub(crate) async fn reload_keys(&self) -> Result<(), KeyError> {
        let _turn = self.reloading_keys.lock().await;
        let keys = self.token_keys.load_full();
        let fresh = keys.changed(&self.store, &self.vault, &self.settings.public_url).await?;
        if let Some(fresh) = fresh {
            self.token_keys.store(std::sync::Arc::new(fresh));
        }
        Ok(())
    }
}
