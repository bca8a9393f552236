//! Accounts that sign in by e-mail. The address is an identity like any other (provider `email`); the
//! password hangs on the user.

use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::events::{NewEvent, append};
use crate::login::end_sign_ins;
use crate::mail_tokens::{Purpose, spend};
use crate::outbox::{NewMail, enqueue};
use crate::{Store, StoreError};
use downcity_core::{Digest, Failure, Timestamp, User, UserId};

const TABLE: &str = "passwords";

/// A user found by their address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub user: User,
    /// The PHC string of their password; absent when they sign in by link or provider only.
    pub hash: Option<String>,
}

/// An account to be made when its address is verified.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Digest of the token that verified the address.
    pub token: Digest,
    /// What the token was for.
    pub purpose: Purpose,
    /// The folded address.
    pub address: String,
    /// PHC string; absent for accounts made by a mailed link.
    pub hash: Option<String>,
    /// What they want to be called.
    pub display_name: Option<String>,
    /// A fresh id.
    pub user_id: UserId,
    /// A fresh id.
    pub identity_id: String,
    /// What to write into the event log.
    pub events: Vec<NewEvent>,
    /// The time.
    pub now: Timestamp,
}

/// What came of making an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// Made.
    Made,
    /// The token was used, or is over.
    Spent,
    /// Somebody has the address by now.
    Taken,
}

impl Store {
    /// The user whose identity this address is.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn account_by_address(&self, address: &str) -> Result<Option<Account>, StoreError> {
        let sql = concat!(
            "select ",
            crate::users::user_columns!(),
            ", p.hash from identity_keys k \
             join identities i on i.identity_id = k.identity_id join users u on u.user_id = i.user_id \
             left join passwords p on p.user_id = u.user_id \
             where k.provider = 'email' and k.kind = 'sub' and k.scope = '' and k.value = $1"
        );
        let row = self.db.read_row(sql, args![address]).await?;
        row.map(|row| row.read_as(TABLE, account)).transpose()
    }

    /// The address that a user signs in with.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn address_of(&self, user_id: &UserId) -> Result<Option<String>, StoreError> {
        let sql = "select i.identity_id, k.value from identities i \
                   join identity_keys k on k.identity_id = i.identity_id \
                   where i.user_id = $1 and i.provider = 'email' order by i.identity_id limit 1";
        let row = self.db.read_row(sql, args![user_id.as_str()]).await?;
        row.map(|row| {
            row.read_as("identities", |row| {
                row.text("identity_id")?;
                row.text("value")
            })
        })
        .transpose()
    }

    /// Makes an account for a verified address, once.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn create_account(&self, new: NewAccount) -> Result<Registered, StoreError> {
        self.db.write(new, |new, tx| Box::pin(create(new, tx))).await
    }

    /// Puts a hash of a better form in the place of the one that was checked. False when another password was set
    /// meanwhile, which stays.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn improve_password(
        &self,
        user_id: &UserId,
        checked: &str,
        better: &str,
    ) -> Result<bool, StoreError> {
        let sql = "update passwords set old = 0, hash = $1 where user_id = $2 and hash = $3";
        Ok(self.db.exec(sql, args![better, user_id.as_str(), checked]).await? == 1)
    }

    /// Sets a password; the user's sessions end, all but the one that the change keeps. False when what allows it does not
    /// stand any more, which changes nothing.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn set_password(&self, change: PasswordChange) -> Result<bool, StoreError> {
        self.db.write(change, |change, tx| Box::pin(set(change, tx))).await
    }
}

/// A password that was right, which what is built on it needs to be so still.
#[derive(Debug, Clone)]
pub struct ByPassword {
    /// The address that led to the account.
    pub address: String,
    /// The hash that the password was checked against.
    pub hash: String,
}

impl ByPassword {
    /// Whether the address still leads to this user, who is held, and the password is still theirs.
    pub(crate) async fn stands(&self, user_id: &str, tx: &mut Tx) -> Result<bool, Fault> {
        let sql = "select p.user_id from passwords p join identities i on i.user_id = p.user_id \
                   join identity_keys k on k.identity_id = i.identity_id where p.user_id = $1 and p.hash = $2 \
                   and k.provider = 'email' and k.kind = 'sub' and k.scope = '' and k.value = $3";
        Ok(tx.row(sql, args![user_id, &self.hash, &self.address]).await?.is_some())
    }
}

/// A password to be set.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    /// Whose.
    pub user_id: UserId,
    /// PHC string.
    pub hash: String,
    /// What allows it.
    pub by: ChangedBy,
    /// What to write into the event log.
    pub event: NewEvent,
    /// What tells the owner.
    pub notice: NewMail,
    /// The time.
    pub now: Timestamp,
}

/// What allows to set a password.
#[derive(Debug, Clone)]
pub enum ChangedBy {
    /// A mailed token.
    Token {
        /// Its digest. It is spent.
        token: Digest,
        /// What tries at the old password are counted under. They are forgotten.
        tries: String,
    },
    /// The old password and a session. Both must still stand: whoever set another meanwhile ended that session.
    Password {
        /// PHC string that the old password was checked against.
        checked: String,
        /// The session that stays: digest of its key.
        keep: Digest,
    },
}

async fn create(new: &NewAccount, tx: &mut Tx) -> Result<Registered, Fault> {
    if !spend(new.token, new.purpose, new.now, tx).await? {
        return Ok(Registered::Spent);
    }
    let sql = "select identity_id from identity_keys where provider = 'email' and kind = 'sub' and scope = '' and value = $1";
    if tx.row(sql, args![&new.address]).await?.is_some() {
        return Ok(Registered::Taken);
    }
    claim_address(&new.address, new.user_id.as_str(), tx).await?;
    let sql = "insert into users (user_id, email, display_name, disabled, created_at, updated_at) \
               values ($1, $2, $3, 0, $4, $4)";
    tx.put(sql, args![new.user_id.as_str(), &new.address, new.display_name.as_ref(), new.now]).await?;
    let sql = "insert into identities (identity_id, user_id, provider, created_at, last_used_at) \
               values ($1, $2, 'email', $3, $3)";
    tx.put(sql, args![&new.identity_id, new.user_id.as_str(), new.now]).await?;
    let sql = "insert into identity_keys (provider, kind, scope, value, identity_id) values ('email', 'sub', '', $1, $2)";
    tx.put(sql, args![&new.address, &new.identity_id]).await?;
    if let Some(hash) = &new.hash {
        let sql = "insert into passwords (user_id, hash, changed_at) values ($1, $2, $3)";
        tx.put(sql, args![new.user_id.as_str(), hash, new.now]).await?;
    }
    for event in &new.events {
        append(event, tx).await?;
    }
    Ok(Registered::Made)
}

/// Takes an address from whoever a provider told it of: it belongs to whoever has proven here that they read its mails.
pub(crate) async fn claim_address(address: &str, user_id: &str, tx: &mut Tx) -> Result<(), Fault> {
    let sql = "update users set email = null where email = $1 and user_id <> $2";
    tx.put(sql, args![address, user_id]).await
}

async fn set(change: &PasswordChange, tx: &mut Tx) -> Result<bool, Fault> {
    let user_id = change.user_id.as_str();
    // Before all else, as whoever removes the user or one of their ways in does.
    tx.hold_user(user_id).await?;
    let keep = match &change.by {
        ChangedBy::Token { token, tries } => {
            // The address that it was mailed to may lead to nobody by now, or to somebody else.
            let sql = "select t.purpose from mail_tokens t join identity_keys k on k.value = t.address \
                       and k.provider = 'email' and k.kind = 'sub' and k.scope = '' \
                       join identities i on i.identity_id = k.identity_id \
                       where t.digest = $1 and i.user_id = $2";
            let theirs = tx.row(sql, args![*token, user_id]).await?.is_some();
            if !theirs || !spend(*token, Purpose::Reset, change.now, tx).await? {
                return Ok(false);
            }
            let sql = "insert into passwords (user_id, hash, changed_at) values ($1, $2, $3) on conflict (user_id) \
                       do update set hash = excluded.hash, changed_at = excluded.changed_at, old = 0";
            tx.put(sql, args![user_id, &change.hash, change.now]).await?;
            tx.put("delete from limits where bucket = $1", args![tries]).await?;
            Vec::new()
        }
        ChangedBy::Password { checked, keep } => {
            let sql = "update passwords set hash = $1, changed_at = $2, old = 0 where user_id = $3 and hash = $4 \
                       and exists (select 1 from sessions where sid = $5 and revoked_at is null)";
            let args = args![&change.hash, change.now, user_id, checked, *keep];
            if tx.exec(sql, args).await? == 0 {
                return Ok(false);
            }
            keep.0.to_vec()
        }
    };
    end_sign_ins(user_id, Failure::SignInRevoked, change.now, tx).await?;
    let sql = "update sessions set revoked_at = $1 where user_id = $2 and revoked_at is null and sid <> $3";
    tx.put(sql, args![change.now, user_id, keep]).await?;
    // Whatever was mailed to let somebody in or set a password is void now.
    for sql in [
        "delete from mail_tokens where user_id = $1 and used_at is null",
        "delete from mail_tokens where used_at is null and address in (select k.value from identity_keys k \
         join identities i on i.identity_id = k.identity_id where i.user_id = $1 and i.provider = 'email')",
    ] {
        tx.put(sql, args![user_id]).await?;
    }
    append(&change.event, tx).await?;
    enqueue(&change.notice, tx).await?;
    Ok(true)
}

fn account(row: &mut Row) -> Result<Account, Misfit> {
    Ok(Account { user: crate::users::user(row)?, hash: row.opt_text("hash")? })
}
