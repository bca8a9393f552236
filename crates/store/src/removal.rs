//! Removing accounts for good, at once or after a time in which their owner can come back.

use crate::db::{Fault, Tx, args};
use crate::events::{NewEvent, append};
use crate::login::end_sign_ins;
use crate::{Store, StoreError};
use downcity_core::{Failure, Timestamp, UserId};

/// The addresses that a user has proven here.
macro_rules! proven {
    () => {
        "select k.value from identity_keys k join identities i on i.identity_id = k.identity_id \
         where i.user_id = $1 and i.provider = 'email'"
    };
}
/// The address that a provider told of a user, or one that they have proven. Somebody else may be about to prove it here: of
/// the mails to it only those are the user's that tell of their own events.
macro_rules! told {
    () => {
        "select u.email from users u where u.user_id = $1"
    };
}

/// An account to be removed.
#[derive(Debug, Clone)]
pub struct Removal {
    /// Whose.
    pub user_id: UserId,
    /// Only if it is still due at this time; absent to remove it whatever was asked before.
    pub due: Option<Timestamp>,
    /// What to write into the event log.
    pub event: NewEvent,
}

/// An account to be removed later.
#[derive(Debug, Clone)]
pub struct Leaving {
    /// Whose.
    pub user_id: UserId,
    /// When.
    pub delete_at: Timestamp,
    /// What to write into the event log.
    pub event: NewEvent,
    /// The time.
    pub now: Timestamp,
}

/// A mail that was sent to a user, or is to be, without what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailTrace {
    /// Its id.
    pub outbox_id: String,
    /// The address.
    pub address: String,
    /// `waiting`, `sent` or `given_up`.
    pub state: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was sent or given up.
    pub ended_at: Option<Timestamp>,
}

impl Store {
    /// Ends every session of a user and notes when the account is to be removed; false when there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn leave(&self, leaving: Leaving) -> Result<bool, StoreError> {
        self.db.write(leaving, |leaving, tx| Box::pin(leave(leaving, tx))).await
    }

    /// Removes a user with identities, password, sessions, sign-ins, and every mail and token to their
    /// addresses. Of their events only the id stays, which says nothing about the person. False when there is
    /// no such user, or none that is due.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn remove_user(&self, removal: Removal) -> Result<bool, StoreError> {
        self.db.write(removal, |removal, tx| Box::pin(remove(removal, tx))).await
    }

    /// Some of the users whose time has come.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn users_due(&self, now: Timestamp) -> Result<Vec<UserId>, StoreError> {
        let sql = "select user_id from users where delete_at is not null and delete_at <= $1 limit 100";
        let rows = self.db.read(sql, args![now]).await?;
        rows.into_iter()
            .map(|row| row.read_as("users", |row| row.text("user_id").map(UserId::trusted)))
            .collect()
    }

    /// The mails to a user's addresses that are remembered, without what was in them.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn mails_to(&self, user_id: &UserId) -> Result<Vec<MailTrace>, StoreError> {
        let sql = concat!(
            "select o.outbox_id, o.target, o.state, o.created_at, o.ended_at from outbox o \
             where o.kind = 'mail' and (o.target in (",
            proven!(),
            ") or o.event_id is not null and o.target = (",
            told!(),
            ")) order by o.created_at desc, o.outbox_id desc"
        );
        let rows = self.db.read(sql, args![user_id.as_str()]).await?;
        let trace = |row: &mut crate::db::Row| {
            Ok(MailTrace {
                outbox_id: row.text("outbox_id")?,
                address: row.text("target")?,
                state: row.text("state")?,
                created_at: row.time("created_at")?,
                ended_at: row.opt_time("ended_at")?,
            })
        };
        rows.into_iter().map(|row| row.read_as("outbox", trace)).collect()
    }

    /// When a user's password was last changed, if they have one.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn password_changed_at(&self, user_id: &UserId) -> Result<Option<Timestamp>, StoreError> {
        let sql = "select user_id, changed_at from passwords where user_id = $1";
        let row = self.db.read_row(sql, args![user_id.as_str()]).await?;
        let changed_at = row.map(|row| {
            row.read_as("passwords", |row| {
                row.text("user_id")?;
                row.time("changed_at")
            })
        });
        changed_at.transpose()
    }
}

async fn leave(leaving: &Leaving, tx: &mut Tx) -> Result<bool, Fault> {
    let user_id = leaving.user_id.as_str();
    let sql = "update users set delete_at = $1, updated_at = $2 where user_id = $3";
    if tx.exec(sql, args![leaving.delete_at, leaving.now, user_id]).await? == 0 {
        return Ok(false);
    }
    end_sign_ins(user_id, Failure::SignInRevoked, leaving.now, tx).await?;
    let sql =
        "update sessions set revoked_at = $1 where user_id = $2 and revoked_at is null and expires_at > $1";
    tx.put(sql, args![leaving.now, user_id]).await?;
    append(&leaving.event, tx).await?;
    Ok(true)
}

async fn remove(removal: &Removal, tx: &mut Tx) -> Result<bool, Fault> {
    let user_id = removal.user_id.as_str();
    // Locks the user: whoever signs in at this moment either keeps the account or finds none.
    let sql = "update users set disabled = 1 where user_id = $1 and (cast($2 as bigint) = 0 or delete_at <= $3) \
               returning user_id, email";
    let due = removal.due.unwrap_or(Timestamp(0));
    let sql_args = args![user_id, removal.due.is_some(), due];
    if tx.row(sql, sql_args).await?.is_none() {
        return Ok(false);
    }
    let notices = concat!(
        "delete from outbox where kind = 'mail' and event_id is not null and target = (",
        told!(),
        ")"
    );
    tx.put(notices, args![user_id]).await?;
    for row in tx.rows(proven!(), args![user_id]).await? {
        let address = row.read_as("identity_keys", |row| row.text("value"))?;
        tx.put("delete from outbox where kind = 'mail' and target = $1", args![&address]).await?;
        tx.put("delete from mail_tokens where address = $1", args![&address]).await?;
    }
    for sql in [
        "delete from refresh_tokens where session_id in (select session_id from sessions where user_id = $1)",
        "delete from sessions where user_id = $1",
        "delete from login_attempts where user_id = $1",
        "delete from login_attempts where link_user_id = $1",
        "update events set network = null, detail = '{}' where user_id = $1",
        "delete from users where user_id = $1",
    ] {
        tx.put(sql, args![user_id]).await?;
    }
    append(&removal.event, tx).await?;
    Ok(true)
}
