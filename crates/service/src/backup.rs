//! Story: an owner takes everything away in one file, while the Federation serves. What is sealed stays sealed: the
//! master key is not in it.

use crate::admin::Admin;
use crate::audit::Deed;
use crate::federation::Federation;
use crate::seams::Random;
use crate::vault::{MasterKeys, Vault, VaultError};
pub use downcity_store::LoadError;
use downcity_store::StoreError;
pub use downcity_store::dump::{DumpError, Verified, restore_postgres, restore_sqlite, verify};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::mpsc::Receiver;
use tracing::{info, warn};

impl Federation {
    /// A backup as it stands at this moment, in parts. It is on record before the first part, and in it, unless
    /// the database takes no changes.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn backup(&self, admin: &Admin) -> Result<Receiver<Result<Vec<u8>, StoreError>>, StoreError> {
        let subject = self.settings.public_url.host_str().unwrap_or_default();
        let deed = Deed { action: "backup.taken", subject, ..Deed::default() };
        match self.store.record_audit(self.audit_entry(admin, deed)).await {
            // A backup is what is needed most then: it is in the log instead of on record.
            Err(why @ (StoreError::TakesNoWrites(_) | StoreError::NoRoom(_))) => {
                warn!(%why, admin = admin.key_id, "a backup is taken, and can't be put on record");
            }
            done => done?,
        }
        info!(admin = admin.key_id, "a backup is being taken");
        Ok(self.store.dump(self.clock.now()))
    }

    /// Notes that this database came out of a backup.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn note_restored(&self, admin: &Admin, backup: &Verified) -> Result<(), StoreError> {
        let rows: u64 = backup.rows.values().sum();
        let after = Some(json!({"made_at": backup.header.made_at, "rows": rows}));
        let deed =
            Deed { action: "backup.restored", subject: &backup.header.engine, after, ..Deed::default() };
        self.store.record_audit(self.audit_entry(admin, deed)).await
    }
}

/// Whether a backup opens with the master key that its owner has.
///
/// # Errors
/// `WrongMasterKey` names the one that is needed; see the others there.
pub async fn check_master_key(
    backup: &Verified,
    masters: &MasterKeys,
    random: Arc<dyn Random>,
) -> Result<(), VaultError> {
    let masters = masters.now().await.map_err(VaultError::Source)?;
    if backup.data_keys.is_empty() {
        // It was made before there were data keys.
        let fits = |id: &String| masters.iter().any(|key| key.name() == *id);
        return match backup.master_key_ids.iter().find(|id| !fits(id)) {
            Some(id) => Err(VaultError::WrongMasterKey { needed: id.clone() }),
            None => Ok(()),
        };
    }
    Vault::of(backup.data_keys.clone(), &masters, random).map(drop)
}
