//! Moving an account to another e-mail address, or giving it a first one.

use crate::db::{Fault, Tx, args};
use crate::events::{NewEvent, append};
use crate::login::end_sign_ins;
use crate::mail_tokens::{Purpose, spend};
use crate::outbox::{NewMail, enqueue};
use crate::passwords::claim_address;
use crate::{Store, StoreError};
use downcity_core::{Digest, Failure, IdentityId, SessionId, Timestamp, UserId};

/// A confirmed change of address.
#[derive(Debug, Clone)]
pub struct AddressChange {
    /// Digest of the token that was mailed to the new address.
    pub token: Digest,
    /// Whose.
    pub user_id: UserId,
    /// The session that asked for it. It must still be live, and it stays.
    pub session_id: SessionId,
    /// The address when it was asked for; absent when there was none.
    pub old: Option<String>,
    /// The new address, folded.
    pub new: String,
    /// A fresh id, used when there was no address.
    pub identity_id: IdentityId,
    /// What to write into the event log.
    pub event: NewEvent,
    /// What the old address is told.
    pub notice: Option<NewMail>,
    /// The time.
    pub now: Timestamp,
}

/// What came of changing an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressChanged {
    /// The new address leads to the account, the old one no longer.
    Done,
    /// The token was used or is over, or the account has another address by now.
    Spent,
    /// The session that asked has ended, or the user is gone or disabled.
    Ended,
    /// Somebody has the new address by now.
    Taken,
}

impl Store {
    /// Changes the address of an account, once. Where it had one, every session but the one that asked ends,
    /// and whatever was mailed to the old address to let somebody in is void.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn change_address(&self, change: AddressChange) -> Result<AddressChanged, StoreError> {
        self.db.write(change, |change, tx| Box::pin(run(change, tx))).await
    }
}

async fn run(change: &AddressChange, tx: &mut Tx) -> Result<AddressChanged, Fault> {
    // Before all else, as whoever removes the user or one of their ways in does.
    tx.hold_user(change.user_id.as_str()).await?;
    if !spend(change.token, Purpose::ChangeEmail, change.now, tx).await? {
        return Ok(AddressChanged::Spent);
    }
    let user_id = change.user_id.as_str();
    // Locks the user, so that nobody removes or shuts them out half-way.
    let sql = "update users set updated_at = $1 where user_id = $2 and disabled = 0 and exists \
               (select 1 from sessions s where s.session_id = $3 and s.user_id = users.user_id \
               and s.revoked_at is null and s.expires_at > $1)";
    if tx.exec(sql, args![change.now, user_id, change.session_id.as_str()]).await? == 0 {
        return Ok(AddressChanged::Ended);
    }
    let sql = "select identity_id from identity_keys where provider = 'email' and kind = 'sub' and scope = '' and value = $1";
    if tx.row(sql, args![&change.new]).await?.is_some() {
        return Ok(AddressChanged::Taken);
    }
    let held = current(user_id, tx).await?;
    if held.as_ref().map(|(_, address)| address) != change.old.as_ref() {
        return Ok(AddressChanged::Spent);
    }
    match held {
        Some((identity_id, old)) => replace(change, &identity_id, &old, tx).await?,
        None => add(change, tx).await?,
    }
    show(change, tx).await?;
    append(&change.event, tx).await?;
    if let Some(notice) = &change.notice {
        enqueue(notice, tx).await?;
    }
    Ok(AddressChanged::Done)
}

/// The identity and address that the user signs in with.
async fn current(user_id: &str, tx: &mut Tx) -> Result<Option<(String, String)>, Fault> {
    let sql = "select i.identity_id, k.value from identities i \
               join identity_keys k on k.identity_id = i.identity_id \
               where i.user_id = $1 and i.provider = 'email' order by i.identity_id limit 1";
    let Some(row) = tx.row(sql, args![user_id]).await? else { return Ok(None) };
    Ok(Some(row.read_as("identities", |row| Ok((row.text("identity_id")?, row.text("value")?)))?))
}

async fn add(change: &AddressChange, tx: &mut Tx) -> Result<(), Fault> {
    let sql = "insert into identities (identity_id, user_id, provider, created_at, last_used_at) \
               values ($1, $2, 'email', $3, $3)";
    let identity_id = change.identity_id.as_str();
    tx.put(sql, args![identity_id, change.user_id.as_str(), change.now]).await?;
    let sql = "insert into identity_keys (provider, kind, scope, value, identity_id) values ('email', 'sub', '', $1, $2)";
    tx.put(sql, args![&change.new, identity_id]).await
}

async fn replace(change: &AddressChange, identity_id: &str, old: &str, tx: &mut Tx) -> Result<(), Fault> {
    let sql = "update identity_keys set value = $1 where identity_id = $2 and kind = 'sub' and scope = ''";
    tx.put(sql, args![&change.new, identity_id]).await?;
    let (user_id, now) = (change.user_id.as_str(), change.now);
    end_sign_ins(user_id, Failure::SignInRevoked, now, tx).await?;
    let sql =
        "update sessions set revoked_at = $1 where user_id = $2 and revoked_at is null and session_id <> $3";
    tx.put(sql, args![now, user_id, change.session_id.as_str()]).await?;
    let sql = "delete from mail_tokens where used_at is null and (user_id = $1 or address = $2)";
    tx.put(sql, args![user_id, old]).await
}

/// Shows the new address in the profile.
async fn show(change: &AddressChange, tx: &mut Tx) -> Result<(), Fault> {
    let user_id = change.user_id.as_str();
    claim_address(&change.new, user_id, tx).await?;
    tx.put("update users set email = $1 where user_id = $2", args![&change.new, user_id]).await
}
