//! Events: what happened, written in the same transaction as what it tells of, with a delivery for every
//! webhook that listens.

use crate::db::{Fault, Tx, args};
use crate::{Store, StoreError};
use downcity_core::Timestamp;

/// Something that happened, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// A fresh sortable id (UUIDv7).
    pub event_id: String,
    /// What happened, such as `user.signed_in`.
    pub kind: &'static str,
    /// Whom it is about.
    pub user_id: Option<String>,
    /// The city it happened in.
    pub city_id: Option<String>,
    /// Who did it: `user`, `admin:<key id>` or `system`.
    pub actor: String,
    /// From which network.
    pub network: Option<String>,
    /// More, as a JSON object without secrets.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Writes an event that stands for itself.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn record(&self, event: NewEvent) -> Result<(), StoreError> {
        self.db.write(event, |event, tx| Box::pin(append(event, tx))).await
    }
}

/// Writes an event inside a transaction. A webhook that listens to a list of kinds names them in `types`.
pub(crate) async fn append(event: &NewEvent, tx: &mut Tx) -> Result<(), Fault> {
    let sql = "insert into events (event_id, type, user_id, city_id, actor, network, detail, created_at) \
               values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let at = event.at;
    let args = args![
        &event.event_id,
        event.kind,
        event.user_id.as_ref(),
        event.city_id.as_ref(),
        &event.actor,
        event.network.as_ref(),
        &event.detail,
        at,
    ];
    tx.exec(sql, args).await?;
    let sql = "insert into outbox (outbox_id, kind, target, event_id, next_at, state, created_at) \
               select cast($1 as text) || '-' || webhook_id, 'webhook', webhook_id, $1, $2, 'waiting', $2 \
               from webhooks where active = 1 and (types = '[]' or types like $3)";
    let listens = format!("%\"{}\"%", event.kind);
    tx.exec(sql, args![&event.event_id, at, &listens]).await.map(drop)
}
