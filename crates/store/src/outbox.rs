//! The outbox: what is to be sent, kept until it is sent or given up. A server that is down delays a mail;
//! it never loses it and never fails the request that asked for it.

use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::{Store, StoreError};
use downcity_core::Timestamp;

const TABLE: &str = "outbox";

/// A mail to be sent.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// A fresh sortable id.
    pub outbox_id: String,
    /// The folded address.
    pub address: String,
    /// The mail, sealed.
    pub sealed: Vec<u8>,
    /// The event that it tells of, if it tells of one.
    pub event_id: Option<String>,
    /// When it was asked for.
    pub now: Timestamp,
}

/// Something taken to be sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its id.
    pub outbox_id: String,
    /// The folded address, or the webhook's id.
    pub target: String,
    /// The event of a webhook delivery.
    pub event_id: Option<String>,
    /// A mail, sealed.
    pub sealed: Option<Vec<u8>>,
    /// How often it was tried, this time included.
    pub tries: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
}

impl Store {
    /// Puts a mail into the outbox.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn enqueue_mail(&self, mail: NewMail) -> Result<(), StoreError> {
        self.db.write(mail, |mail, tx| Box::pin(enqueue(mail, tx))).await
    }

    /// Takes mails that are due, for this node alone until `until`; what is not settled by then is due again.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn take_mails(
        &self,
        now: Timestamp,
        until: Timestamp,
        most: i64,
    ) -> Result<Vec<Due>, StoreError> {
        let sql = "update outbox set taken_until = $1, tries = tries + 1 where taken_until <= $2 and \
                   state = 'waiting' and outbox_id in (select outbox_id from outbox where kind = 'mail' \
                   and state = 'waiting' and next_at <= $2 and taken_until <= $2 order by next_at limit $3) \
                   returning outbox_id, target, event_id, sealed, tries, created_at";
        let rows = self.db.exec_rows(sql, args![until, now, most]).await?;
        rows.into_iter().map(|row| row.read_as(TABLE, due)).collect()
    }

    /// Marks something as sent, and forgets what was in it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn mark_sent(&self, outbox_id: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "update outbox set state = 'sent', sealed = null, last_error = null, ended_at = $1 \
                   where outbox_id = $2 and state = 'waiting'";
        self.db.exec(sql, args![now, outbox_id]).await.map(drop)
    }

    /// Puts something off after a failed try.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn postpone(&self, outbox_id: &str, next_at: Timestamp, error: &str) -> Result<(), StoreError> {
        let sql = "update outbox set next_at = $1, taken_until = 0, last_error = $2 \
                   where outbox_id = $3 and state = 'waiting'";
        self.db.exec(sql, args![next_at, error, outbox_id]).await.map(drop)
    }

    /// Gives something up, and forgets what was in it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn give_up(&self, outbox_id: &str, now: Timestamp, error: &str) -> Result<(), StoreError> {
        let sql = "update outbox set state = 'given_up', sealed = null, ended_at = $1, last_error = $2 \
                   where outbox_id = $3 and state = 'waiting'";
        self.db.exec(sql, args![now, error, outbox_id]).await.map(drop)
    }
}

/// Puts a mail into the outbox inside a transaction.
pub(crate) async fn enqueue(mail: &NewMail, tx: &mut Tx) -> Result<(), Fault> {
    let sql = "insert into outbox (outbox_id, kind, target, event_id, sealed, next_at, state, created_at) \
               values ($1, 'mail', $2, $3, $4, $5, 'waiting', $5)";
    let event_id = mail.event_id.as_ref();
    let args = args![&mail.outbox_id, &mail.address, event_id, mail.sealed.as_slice(), mail.now];
    tx.put(sql, args).await
}

pub(crate) fn due(row: &mut Row) -> Result<Due, Misfit> {
    Ok(Due {
        outbox_id: row.text("outbox_id")?,
        target: row.text("target")?,
        event_id: row.opt_text("event_id")?,
        sealed: row.opt_bytes("sealed")?,
        tries: row.int("tries")?,
        created_at: row.time("created_at")?,
    })
}
