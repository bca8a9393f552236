//! Events: what happened, written in the same transaction as what it tells of, with a delivery for every
//! webhook that listens.

use crate::audit::{self, NewAudit};
use crate::db::{Fault, Misfit, Row, Tx, args};
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
    /// The entry of the audit record that belongs to it, where an admin did it.
    pub audit: Option<NewAudit>,
    /// When.
    pub at: Timestamp,
}

/// Something that happened, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id; later events have greater ones.
    pub event_id: String,
    /// What happened.
    pub kind: String,
    /// Whom it is about.
    pub user_id: Option<String>,
    /// The city it happened in.
    pub city_id: Option<String>,
    /// Who did it.
    pub actor: String,
    /// From which network.
    pub network: Option<String>,
    /// More, as a JSON object.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// Which events are looked for. Empty texts look for all.
#[derive(Debug, Clone)]
pub struct EventQuery {
    /// About this user.
    pub user_id: String,
    /// In this city.
    pub city_id: String,
    /// Of this kind.
    pub kind: String,
    /// Not before this.
    pub since: Timestamp,
    /// The id of the last one that was seen already.
    pub after: String,
    /// How many at most.
    pub limit: i64,
}

impl Store {
    /// The newest events about a user, in a city or in all when empty.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn events_about(
        &self,
        user_id: &str,
        city_id: &str,
        limit: i64,
    ) -> Result<Vec<Event>, StoreError> {
        let sql = "select event_id, type, user_id, city_id, actor, network, detail, created_at from events \
                   where user_id = $1 and ($2 = '' or city_id = $2) order by event_id desc limit $3";
        let rows = self.db.read(sql, args![user_id, city_id, limit]).await?;
        rows.into_iter().map(|row| row.read_as("events", event)).collect()
    }

    /// A page of events, newest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn events(&self, query: &EventQuery) -> Result<Vec<Event>, StoreError> {
        let sql = "select event_id, type, user_id, city_id, actor, network, detail, created_at from events \
                   where ($1 = '' or event_id < $1) and ($2 = '' or user_id = $2) and ($3 = '' or city_id = $3) \
                   and ($4 = '' or type = $4) and created_at >= $5 order by event_id desc limit $6";
        let EventQuery { user_id, city_id, kind, since, after, limit } = query;
        let rows = self.db.read_aside(sql, args![after, user_id, city_id, kind, *since, *limit]).await?;
        rows.into_iter().map(|row| row.read_as("events", event)).collect()
    }

    /// An event by its id.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn event(&self, event_id: &str) -> Result<Option<Event>, StoreError> {
        let sql = "select event_id, type, user_id, city_id, actor, network, detail, created_at from events \
                   where event_id = $1";
        let row = self.db.read_row(sql, args![event_id]).await?;
        row.map(|row| row.read_as("events", event)).transpose()
    }

    /// Writes an event that stands for itself.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn record(&self, event: NewEvent) -> Result<(), StoreError> {
        self.db.write(event, |event, tx| Box::pin(append(event, tx))).await
    }
}

/// Writes an event inside a transaction, with a delivery for every webhook that listens. One that listens to some
/// kinds or cities only names them in `types` or `cities`.
pub(crate) async fn append(event: &NewEvent, tx: &mut Tx) -> Result<(), Fault> {
    insert(event, tx).await?;
    let sql = "insert into outbox (outbox_id, kind, target, event_id, next_at, state, created_at) \
               select cast($1 as text) || '-' || webhook_id, 'webhook', webhook_id, $1, $2, 'waiting', $2 \
               from webhooks where active = 1 and (types = '[]' or types like $3 escape '\\') \
               and (cities = '[]' or cities like $4 escape '\\')";
    let city = event.city_id.as_deref().map_or(String::new(), listed);
    tx.put(sql, args![&event.event_id, event.at, listed(event.kind), city]).await
}

/// A pattern for JSON arrays of text that hold this one.
fn listed(text: &str) -> String {
    format!("%\"{}\"%", text.replace('_', "\\_"))
}

/// Writes an event inside a transaction, with its entry of the audit record, and tells nobody.
pub(crate) async fn insert(event: &NewEvent, tx: &mut Tx) -> Result<(), Fault> {
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
    tx.put(sql, args).await?;
    match &event.audit {
        Some(entry) => audit::append(entry, tx).await,
        None => Ok(()),
    }
}

fn event(row: &mut Row) -> Result<Event, Misfit> {
    Ok(Event {
        event_id: row.text("event_id")?,
        kind: row.text("type")?,
        user_id: row.opt_text("user_id")?,
        city_id: row.opt_text("city_id")?,
        actor: row.text("actor")?,
        network: row.opt_text("network")?,
        detail: row.text("detail")?,
        at: row.time("created_at")?,
    })
}
