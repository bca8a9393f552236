//! One-time links and codes sent by mail. Only digests are stored; a newer one takes the older one's place.

use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::outbox::{NewMail, enqueue};
use crate::{Store, StoreError};
use downcity_core::{Digest, Timestamp};

const TABLE: &str = "mail_tokens";

/// What a one-time token is good for, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Finishing a registration.
    Verify,
    /// Setting a new password.
    Reset,
    /// Signing in without a password.
    SignIn,
    /// Moving an account to another address.
    ChangeEmail,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::SignIn => "sign_in",
            Self::ChangeEmail => "change_email",
        }
    }
}

/// A one-time token to be stored, with the mail that carries it.
#[derive(Debug, Clone)]
pub struct NewMailToken {
    /// Digest of the token.
    pub digest: Digest,
    /// What it is good for.
    pub purpose: Purpose,
    /// The folded address it is sent to.
    pub address: String,
    /// The user it is about, if there is one.
    pub user_id: Option<String>,
    /// What the purpose needs, sealed.
    pub sealed: Option<Vec<u8>>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The mail that carries it.
    pub mail: NewMail,
}

/// A one-time token that is still good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailToken {
    /// The folded address it was sent to.
    pub address: String,
    /// The user it is about.
    pub user_id: Option<String>,
    /// What the purpose needs, sealed.
    pub sealed: Option<Vec<u8>>,
}

impl Store {
    /// Stores a token in place of older ones for the same address and purpose, together with its mail.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn issue_mail_token(&self, token: NewMailToken) -> Result<(), StoreError> {
        self.db.write(token, |token, tx| Box::pin(issue(token, tx))).await
    }

    /// Looks at a token without using it; `None` when it is unknown, used or over.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn mail_token(
        &self,
        digest: Digest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<MailToken>, StoreError> {
        let sql = "select address, user_id, sealed from mail_tokens \
                   where digest = $1 and purpose = $2 and used_at is null and expires_at > $3";
        let row = self.db.read_row(sql, args![digest, purpose.as_str(), now]).await?;
        row.map(|row| row.read_as(TABLE, mail_token)).transpose()
    }
}

/// What came of mailing code and link of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// The mail is in the outbox.
    Mailed,
    /// A mail of the same sign-in went to another address before; nothing was changed.
    OtherAddress,
}

impl Store {
    /// Stores the token of a mailed sign-in, with its mail; once more with the same address sends the mail again.
    /// Others for the same address stay: somebody else may have started them.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn offer_sign_in(&self, token: NewMailToken) -> Result<Offered, StoreError> {
        self.db.write(token, |token, tx| Box::pin(offer(token, tx))).await
    }

    /// Counts a try of a sign-in's code and gives the address that the code was mailed to; `None` when the tries
    /// or the time are over, or nothing was mailed.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn try_code(
        &self,
        digest: Digest,
        most: i64,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let sql = "update mail_tokens set failures = failures + 1 where digest = $1 and purpose = 'sign_in' \
                   and used_at is null and expires_at > $2 and failures < $3 returning purpose, address";
        let row = self.db.exec_row(sql, args![digest, now, most]).await?;
        let address = |row: Row| {
            row.read_as(TABLE, |row| {
                row.text("purpose")?;
                row.text("address")
            })
        };
        row.map(address).transpose()
    }
}

async fn offer(token: &NewMailToken, tx: &mut Tx) -> Result<Offered, Fault> {
    let sql = "insert into mail_tokens (digest, purpose, address, sealed, created_at, expires_at) \
               values ($1, 'sign_in', $2, $3, $4, $5) on conflict (digest) do update set used_at = null \
               where mail_tokens.address = excluded.address and mail_tokens.purpose = 'sign_in'";
    let sealed = token.sealed.as_deref();
    let args = args![token.digest, &token.address, sealed, token.mail.now, token.expires_at];
    if tx.exec(sql, args).await? == 0 {
        return Ok(Offered::OtherAddress);
    }
    enqueue(&token.mail, tx).await?;
    Ok(Offered::Mailed)
}

async fn issue(token: &NewMailToken, tx: &mut Tx) -> Result<(), Fault> {
    // Whoever asks to move to somebody's address must not void what its owner asked for.
    let voided = match (token.purpose, &token.user_id) {
        // Nor must a second registration, with another password, void the first.
        (Purpose::Verify, _) => None,
        (Purpose::ChangeEmail, Some(user_id)) => {
            Some(("delete from mail_tokens where user_id = $1 and purpose = $2 and used_at is null", user_id))
        }
        _ => Some((
            "delete from mail_tokens where address = $1 and purpose = $2 and used_at is null",
            &token.address,
        )),
    };
    if let Some((sql, of)) = voided {
        tx.put(sql, args![of, token.purpose.as_str()]).await?;
    }
    let sql = "insert into mail_tokens (digest, purpose, address, user_id, sealed, created_at, expires_at) \
               values ($1, $2, $3, $4, $5, $6, $7)";
    let args = args![
        token.digest,
        token.purpose.as_str(),
        &token.address,
        token.user_id.as_ref(),
        token.sealed.as_deref(),
        token.mail.now,
        token.expires_at,
    ];
    tx.put(sql, args).await?;
    enqueue(&token.mail, tx).await
}

/// Uses a token up inside a transaction; false when somebody else, or time, was faster.
pub(crate) async fn spend(
    digest: Digest,
    purpose: Purpose,
    now: Timestamp,
    tx: &mut Tx,
) -> Result<bool, Fault> {
    let sql = "update mail_tokens set used_at = $1, sealed = null where digest = $2 and purpose = $3 \
               and used_at is null and expires_at > $1";
    Ok(tx.exec(sql, args![now, digest, purpose.as_str()]).await? == 1)
}

fn mail_token(row: &mut Row) -> Result<MailToken, Misfit> {
    Ok(MailToken {
        address: row.text("address")?,
        user_id: row.opt_text("user_id")?,
        sealed: row.opt_bytes("sealed")?,
    })
}
