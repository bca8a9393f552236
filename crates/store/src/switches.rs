//! Providers that are set up and yet switched off, for one city or for the whole Federation.

use crate::audit::append;
use crate::db::{Fault, Tx, args};
use crate::keys::count_change;
use crate::{NewAudit, Store, StoreError};
use downcity_core::Timestamp;

/// A provider that is switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchRow {
    /// The city; empty for the whole Federation.
    pub city_id: String,
    /// The provider's id.
    pub provider: String,
    /// Since when.
    pub off_at: Timestamp,
}

/// A provider to be switched off or on.
#[derive(Debug, Clone)]
pub struct Switching {
    /// The switch; its time is now.
    pub switch: SwitchRow,
    /// Off, or on again.
    pub off: bool,
    /// What to write into the audit record, if that changed anything.
    pub audit: NewAudit,
}

impl Store {
    /// Every provider that is switched off.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn provider_switches(&self) -> Result<Vec<SwitchRow>, StoreError> {
        let sql = "select city_id, provider, off_at from provider_switches order by city_id, provider";
        let read = |row: crate::db::Row| {
            row.read_as("provider_switches", |row| {
                let (city_id, provider) = (row.text("city_id")?, row.text("provider")?);
                Ok(SwitchRow { city_id, provider, off_at: row.time("off_at")? })
            })
        };
        self.db.read(sql, args![]).await?.into_iter().map(read).collect()
    }

    /// Switches a provider off or on; false when it was so already.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn switch_provider(&self, switching: Switching) -> Result<bool, StoreError> {
        self.db.write(switching, |switching, tx| Box::pin(switch(switching, tx))).await
    }
}

async fn switch(switching: &Switching, tx: &mut Tx) -> Result<bool, Fault> {
    let Switching { switch: SwitchRow { city_id, provider, off_at }, off, audit } = switching;
    let changed = if *off {
        let sql = "insert into provider_switches (city_id, provider, off_at) values ($1, $2, $3) \
                   on conflict do nothing";
        tx.exec(sql, args![city_id, provider, *off_at]).await?
    } else {
        let sql = "delete from provider_switches where city_id = $1 and provider = $2";
        tx.exec(sql, args![city_id, provider]).await?
    };
    if changed > 0 {
        append(audit, tx).await?;
        count_change(tx).await?;
    }
    Ok(changed > 0)
}
