//! The audit record: what admins did. Written in the transaction of the change it tells of, never changed.

use crate::db::{Fault, Misfit, Row, Tx, Val, args};
use crate::{Store, StoreError};
use downcity_core::Timestamp;

/// One thing that an admin did, about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAudit {
    /// Its id, sortable by time.
    pub audit_id: String,
    /// The admin key it was done with; `local` for commands on the machine itself.
    pub key_id: String,
    /// What the key was called then.
    pub key_name: String,
    /// `api`, `workspace` or `machine`.
    pub via: &'static str,
    /// Where it was done from, if not on the machine itself.
    pub network: Option<String>,
    /// What was done: noun.verb, such as `env.set`.
    pub action: &'static str,
    /// The one city that it is about.
    pub city_id: Option<String>,
    /// What it was done to: the name of a setting, an id.
    pub subject: String,
    /// What stood there before, as JSON without secrets.
    pub before: Option<String>,
    /// What stands there now, as JSON without secrets.
    pub after: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// One thing that an admin did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Its id, sortable by time.
    pub audit_id: String,
    /// The admin key it was done with; `local` for commands on the machine itself.
    pub key_id: String,
    /// What the key was called then.
    pub key_name: String,
    /// `api`, `workspace` or `machine`.
    pub via: String,
    /// Where it was done from, if not on the machine itself.
    pub network: Option<String>,
    /// What was done: noun.verb, such as `env.set`.
    pub action: String,
    /// The one city that it is about.
    pub city_id: Option<String>,
    /// What it was done to: the name of a setting, an id.
    pub subject: String,
    /// What stood there before, as JSON without secrets.
    pub before: Option<String>,
    /// What stood there afterwards, as JSON without secrets.
    pub after: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Which entries are looked for. Empty texts look for all.
#[derive(Debug, Clone)]
pub struct AuditQuery {
    /// The one city they are about.
    pub city_id: String,
    /// By which key.
    pub key_id: String,
    /// What was done: the whole name, or its beginning up to the dot.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// Not before this.
    pub since: Timestamp,
    /// Not at or after this.
    pub until: Timestamp,
    /// The last one that was seen already.
    pub after: String,
    /// How many at most.
    pub limit: i64,
}

impl Store {
    /// A page of the record, newest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn audit(&self, query: &AuditQuery) -> Result<Vec<Audit>, StoreError> {
        let sql = "select audit_id, key_id, key_name, via, network, action, city_id, subject, before, after, \
                   created_at from audit where ($1 = '' or audit_id < $1) and ($2 = '' or city_id = $2) \
                   and ($3 = '' or key_id = $3) and ($4 = '' or action = $4 or action like $4 || '.%') \
                   and ($5 = '' or subject = $5) and created_at >= $6 and created_at < $7 \
                   order by audit_id desc limit $8";
        let AuditQuery { city_id, key_id, action, subject, since, until, after, limit } = query;
        let args = args![after, city_id, key_id, action, subject, *since, *until, *limit];
        self.db.read_aside(sql, args).await?.into_iter().map(|row| row.read_as("audit", entry)).collect()
    }

    /// Writes an entry that stands for itself.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn record_audit(&self, entry: NewAudit) -> Result<(), StoreError> {
        self.db.write(entry, |entry, tx| Box::pin(append(entry, tx))).await
    }
}

/// How an entry is written.
pub(crate) const APPEND: &str = "insert into audit (audit_id, key_id, key_name, via, network, action, city_id, subject, before, \
     after, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Its values.
pub(crate) fn append_args(entry: &NewAudit) -> Vec<Val> {
    args![
        &entry.audit_id,
        &entry.key_id,
        &entry.key_name,
        entry.via,
        entry.network.as_ref(),
        entry.action,
        entry.city_id.as_ref(),
        &entry.subject,
        entry.before.as_ref(),
        entry.after.as_ref(),
        entry.at,
    ]
}

/// Writes an entry inside the transaction of the change.
pub(crate) async fn append(entry: &NewAudit, tx: &mut Tx) -> Result<(), Fault> {
    tx.put(APPEND, append_args(entry)).await
}

fn entry(row: &mut Row) -> Result<Audit, Misfit> {
    Ok(Audit {
        audit_id: row.text("audit_id")?,
        key_id: row.text("key_id")?,
        key_name: row.text("key_name")?,
        via: row.text("via")?,
        network: row.opt_text("network")?,
        action: row.text("action")?,
        city_id: row.opt_text("city_id")?,
        subject: row.text("subject")?,
        before: row.opt_text("before")?,
        after: row.opt_text("after")?,
        at: row.time("created_at")?,
    })
}
