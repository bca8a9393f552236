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

async fn issue(token: &NewMailToken, tx: &mut Tx) -> Result<(), Fault> {
    // Whoever asks to move to somebody's address must not void what its owner asked for.
    let (sql, of) = match (token.purpose, &token.user_id) {
        (Purpose::ChangeEmail, Some(user_id)) => {
            ("delete from mail_tokens where user_id = $1 and purpose = $2 and used_at is null", user_id)
        }
        _ => (
            "delete from mail_tokens where address = $1 and purpose = $2 and used_at is null",
            &token.address,
        ),
    };
    tx.exec(sql, args![of, token.purpose.as_str()]).await?;
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
    tx.exec(sql, args).await?;
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
