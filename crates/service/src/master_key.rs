//! Story: an owner changes the master key while the Federation serves.
//!
//! The source of the master key holds the present key and the next one. In one transaction all data keys are wrapped
//! under the next, and a fresh one begins to seal; from then on the database needs the next key. Then everything
//! that older data keys have sealed is sealed anew, in small steps that can be taken up again at any time, since the
//! rows themselves tell what is left.

use crate::admin::Admin;
use crate::audit::Deed;
use crate::callback::held_place;
use crate::directory::{city_env_place, env_place};
use crate::email::payload_place;
use crate::federation::Federation;
use crate::outbox::mail_place;
use crate::vault::{MasterKey, SealError, VaultError, hex};
use crate::webhooks::secret_place;
use downcity_core::{AttemptId, Timestamp};
use downcity_store::{
    DataKeyRow, Engine, KeyPurpose, KeyTurn, Resealed, RowKey, SealedColumn, SealedRow, StoreError,
};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};

/// Values that are sealed anew in one transaction.
const STEP: i64 = 100;
/// How often at most an unknown data key makes a node look for new ones.
const ASK_EVERY_MS: i64 = 1000;
/// After this long every node seals with the fresh data key.
const SETTLED: Duration = Duration::from_secs(60);

/// How things stand with the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterKeyState {
    /// The master key that the database needs, by its id.
    pub master_key_id: String,
    /// The next one, where the source of the master key holds one.
    pub next_master_key_id: Option<String>,
    /// The data key that seals, by its id.
    pub data_key_id: String,
    /// Since when.
    pub since: Timestamp,
    /// How many values older data keys have sealed. They are being sealed anew.
    pub left: i64,
    /// Whether other nodes may share the database.
    pub shared: bool,
}

/// Why the master key was not changed.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The source of the master key holds no other key after the present one.
    #[error("there is no next master key")]
    NoNext,
    /// Another node changed it at the same moment.
    #[error("the master key is being changed by another node")]
    Elsewhere,
    /// The store did not answer, or the keys can't be had.
    #[error(transparent)]
    Internal(#[from] VaultError),
}

impl From<StoreError> for MasterKeyError {
    fn from(error: StoreError) -> Self {
        Self::Internal(error.into())
    }
}

impl From<SealError> for MasterKeyError {
    fn from(error: SealError) -> Self {
        Self::Internal(error.into())
    }
}

impl Federation {
    /// How things stand with the master key.
    ///
    /// # Errors
    /// See [`MasterKeyError`].
    pub async fn master_key(&self) -> Result<MasterKeyState, MasterKeyError> {
        let rows = self.store.data_keys().await?;
        let sealing = |row: &&DataKeyRow| row.purpose == KeyPurpose::Seal && row.active;
        let active = rows.iter().find(sealing).ok_or(VaultError::Incomplete)?;
        // A source that can't be read matters only to a change of the key, which reports it.
        let masters = self.master_keys.now().await.unwrap_or_default();
        let next = pick(&masters, &active.master_key_id).and_then(|(_, next)| next);
        Ok(MasterKeyState {
            master_key_id: active.master_key_id.clone(),
            next_master_key_id: next.map(MasterKey::name),
            data_key_id: active.data_key_id.clone(),
            since: active.created_at,
            left: self.store.count_sealed_otherwise(self.vault.data_key()).await?,
            shared: self.store.engine() == Engine::Postgres,
        })
    }

    /// Changes the master key to the next one that its source holds. What is sealed is sealed anew in the background.
    ///
    /// # Errors
    /// See [`MasterKeyError`]. Nothing was changed then.
    pub async fn rotate_master_key(
        self: &Arc<Self>,
        admin: &Admin,
    ) -> Result<MasterKeyState, MasterKeyError> {
        let masters = self.master_keys.now().await.map_err(VaultError::Source)?;
        let rows = self.store.data_keys().await?;
        let from = rows.first().ok_or(VaultError::Incomplete)?.master_key_id.clone();
        let wrong = || VaultError::WrongMasterKey { needed: from.clone() };
        let (present, next) = pick(&masters, &from).ok_or_else(wrong)?;
        let next = next.ok_or(MasterKeyError::NoNext)?;
        let now = self.clock.now();
        let (wrapped, fresh) = self.vault.turn((&rows, present), next, now)?;
        let audit = self.audit_entry(
            admin,
            Deed {
                action: "master_key.rotated",
                subject: &next.name(),
                before: Some(json!({"master_key_id": from})),
                after: Some(json!({"master_key_id": next.name(), "data_key_id": fresh.data_key_id})),
                ..Deed::default()
            },
        );
        if !self.store.turn_data_keys(KeyTurn { from: from.clone(), wrapped, fresh, audit }).await? {
            return Err(MasterKeyError::Elsewhere);
        }
        warn!(from, to = next.name(), admin = admin.key_id, "the master key was changed");
        self.renew_data_keys().await?;
        let this = Arc::clone(self);
        self.spawn_resumable(async move { this.reseal().await });
        self.master_key().await
    }

    /// Takes over data keys that another node has made.
    pub(crate) async fn renew_data_keys(&self) -> Result<(), VaultError> {
        let _turn = self.data_keys_asked_at.lock().await;
        self.vault.renew(&self.store, &self.master_keys).await
    }

    /// Opens a stored value, also one that another node has sealed a moment ago with a new data key. That a key is not
    /// known here, or not yet, says nothing about the value: a caller that gets [`SealError::OtherKey`] tries later.
    pub(crate) async fn unseal(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        match self.vault.open(place, sealed) {
            Err(SealError::OtherKey { .. }) => {
                self.ask_for_data_keys().await;
                self.vault.open(place, sealed)
            }
            opened => opened,
        }
    }

    /// Looks for new data keys, once a second at most; callers that come meanwhile wait for its result.
    async fn ask_for_data_keys(&self) {
        let mut asked_at = self.data_keys_asked_at.lock().await;
        let now = self.clock.now().0;
        if (*asked_at..*asked_at + ASK_EVERY_MS).contains(&now) {
            return;
        }
        *asked_at = now;
        if let Err(problem) = self.vault.renew(&self.store, &self.master_keys).await {
            warn!(error = %problem, "could not take over new data keys");
        }
    }

    /// Goes on where sealing anew was interrupted, by a crash for instance, and notes when nothing is left.
    /// Housekeeping calls it now and then.
    pub async fn finish_resealing(&self) {
        let unfinished = match self.store.data_keys().await {
            Ok(rows) => rows.iter().any(|row| !row.active && row.emptied_at.is_none()),
            Err(problem) => {
                warn!(error = %problem, "could not look at the data keys; trying again later");
                return;
            }
        };
        if unfinished {
            self.reseal().await;
        }
    }

    async fn reseal(&self) {
        if let Err(problem) = self.try_reseal().await {
            warn!(error = %problem, "sealing anew was interrupted; it goes on later");
        }
    }

    /// Seals anew what older data keys have sealed. What can't be opened stays as it is.
    async fn try_reseal(&self) -> Result<(), VaultError> {
        let active = self.vault.data_key();
        let (mut done, mut damaged) = (0, 0);
        for column in SealedColumn::ALL {
            let mut after = column.start();
            loop {
                let page = self.store.sealed_otherwise(column, active, &after, STEP).await?;
                let Some(last) = page.last() else { break };
                after = last.key.clone();
                let found = page.len();
                let rows: Vec<_> = page.into_iter().filter_map(|row| self.sealed_anew(column, row)).collect();
                (done, damaged) = (done + rows.len(), damaged + found - rows.len());
                self.store.reseal(column, rows).await?;
            }
        }
        if done + damaged > 0 {
            info!(done, damaged, "sealed anew with the data key of now");
        }
        self.note_emptied(active).await
    }

    fn sealed_anew(&self, column: SealedColumn, row: SealedRow) -> Option<Resealed> {
        let place = place(column, &row.key)?;
        match self.vault.open(&place, &row.sealed) {
            Ok(plain) => {
                Some(Resealed { new: self.vault.seal(&place, &plain), key: row.key, old: row.sealed })
            }
            Err(problem) => {
                warn!(error = %problem, "a value can't be sealed anew");
                None
            }
        }
    }

    /// Once every node must have noticed the change and nothing is left, nobody need look again.
    async fn note_emptied(&self, active: [u8; 4]) -> Result<(), VaultError> {
        let rows = self.store.data_keys().await?;
        let now = self.clock.now();
        let settled =
            rows.iter().any(|row| row.data_key_id == hex(active) && row.created_at.plus(SETTLED) <= now);
        if settled && self.store.count_sealed_otherwise(active).await? == 0 {
            self.store.note_emptied(&hex(active), now).await?;
        }
        Ok(())
    }
}

/// The present key, and the one after it in the source.
fn pick<'a>(masters: &'a [MasterKey], present: &str) -> Option<(&'a MasterKey, Option<&'a MasterKey>)> {
    let at = masters.iter().position(|key| key.name() == present)?;
    Some((&masters[at], masters.get(at + 1).filter(|next| next.name() != present)))
}

/// Where a value stands, as it was told to the vault when it was sealed.
fn place(column: SealedColumn, key: &RowKey) -> Option<String> {
    match (column, key) {
        (SealedColumn::Env, RowKey::Text(key)) => Some(env_place(key)),
        (SealedColumn::CityEnv, RowKey::InCity(city_id, key)) => Some(city_env_place(city_id, key)),
        (SealedColumn::SigningKeys, RowKey::Text(kid)) => Some(crate::keys::place(kid)),
        (SealedColumn::Webhooks, RowKey::Text(id)) => Some(secret_place(id)),
        (SealedColumn::Outbox, RowKey::Text(id)) => Some(mail_place(id)),
        (SealedColumn::MailTokens, RowKey::Digest(digest)) => Some(payload_place(*digest)),
        (SealedColumn::HeldIdentities, RowKey::Text(id)) => {
            AttemptId::parse(id).ok().map(|id| held_place(&id))
        }
        _ => None,
    }
}
