//! What the e-mail stories share: whether mail can be sent, how a mail gets into the outbox, how often.

use crate::federation::Federation;
use crate::letters::Letter;
use crate::limits::TooMany;
use crate::login::Client;
use crate::sessions::AuthError;
use crate::vault::SealError;
use downcity_core::email::Address;
use downcity_core::id::DEFAULT_CITY;
use downcity_core::password::{WeakPassword, check_password};
use downcity_core::{City, CityId, Digest, OpaqueToken, Secret};
use downcity_providers::mail::ID;
use downcity_store::{NewMail, NewMailToken, Purpose, StoreError};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;

/// How many mails one address may be sent in [`MAIL_WINDOW`].
const MAILS: u32 = 3;
/// See [`MAILS`].
const MAIL_WINDOW: Duration = Duration::from_secs(900);

/// Why an e-mail story did not go on. None of them tells whether an address has an account.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    /// No mail server is set up.
    #[error("e-mail is not configured")]
    NotConfigured,
    /// An admin switched e-mail off as a way in.
    #[error("e-mail is switched off")]
    SwitchedOff,
    /// No such city.
    #[error("unknown city")]
    UnknownCity,
    /// The city is paused.
    #[error("city is paused")]
    CityPaused,
    /// A field has a value that can't be used.
    #[error("{field} {why}")]
    BadField {
        /// Its name on the wire.
        field: &'static str,
        /// What is wrong, to be read after the name.
        why: &'static str,
    },
    /// Address or password is wrong, which is not told.
    #[error("wrong address or password")]
    WrongCredentials,
    /// The link or code is unknown, used or over.
    #[error("the link is not good any more")]
    SpentToken,
    /// An admin disabled the user.
    #[error("the user is disabled")]
    UserDisabled,
    /// Too many tries.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The store did not answer, or too many people are signing in.
    #[error(transparent)]
    Internal(#[from] StoreError),
}

pub(crate) fn bad(field: &'static str, why: &'static str) -> EmailError {
    EmailError::BadField { field, why }
}

impl From<crate::hasher::Crowded> for EmailError {
    fn from(_: crate::hasher::Crowded) -> Self {
        Self::Internal(StoreError::Unavailable("too many passwords are being checked".into()))
    }
}

impl From<AuthError> for EmailError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Internal(error) => Self::Internal(error),
            AuthError::CityPaused => Self::CityPaused,
            AuthError::UserDisabled => Self::UserDisabled,
            AuthError::Invalid => Self::WrongCredentials,
        }
    }
}

impl From<SealError> for EmailError {
    fn from(error: SealError) -> Self {
        let why = error.to_string();
        Self::Internal(if error.may_pass() {
            StoreError::Unavailable(why)
        } else {
            StoreError::Internal(why)
        })
    }
}

/// A token to be mailed.
pub(crate) struct Mailed<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) token: Digest,
    pub(crate) user_id: Option<String>,
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) life: Duration,
    pub(crate) letter: Letter<'a>,
}

/// Where a token's payload is stored, for the vault.
pub(crate) fn payload_place(token: Digest) -> String {
    use base64::Engine;
    format!("mail_tokens/{}/sealed", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(token.0))
}

impl Federation {
    /// The active city of that id, or the default one.
    pub(crate) fn city_for_email(&self, id: Option<&str>) -> Result<Arc<City>, EmailError> {
        let id = CityId::parse(id.unwrap_or(DEFAULT_CITY)).map_err(|_| EmailError::UnknownCity)?;
        let city = self.directory.load().cities.get(&id).cloned().ok_or(EmailError::UnknownCity)?;
        if city.is_active() { Ok(city) } else { Err(EmailError::CityPaused) }
    }

    pub(crate) fn require_mail(&self) -> Result<(), EmailError> {
        if self.directory.load().mailer.is_some() { Ok(()) } else { Err(EmailError::NotConfigured) }
    }

    /// The active city of that id, or the default one, if people may begin there by e-mail.
    pub(crate) fn city_with_email(&self, id: Option<&str>) -> Result<Arc<City>, EmailError> {
        self.require_mail()?;
        let city = self.city_for_email(id)?;
        if self.directory.load().is_off(&city.city_id, ID) { Err(EmailError::SwitchedOff) } else { Ok(city) }
    }

    pub(crate) fn read_address(&self, text: &str) -> Result<Address, EmailError> {
        Address::parse(text).ok_or_else(|| bad("email", "must be an e-mail address"))
    }

    /// Checks a new password against the rules.
    pub(crate) fn check_new_password(
        &self,
        password: &Secret,
        address: &Address,
        city: &City,
    ) -> Result<(), EmailError> {
        let context = [address.as_str(), address.mailbox(), city.name.as_str()];
        check_password(password.expose_secret(), &context).map_err(|weak| {
            bad(
                "password",
                match weak {
                    WeakPassword::Length => "must have 8 to 256 characters; 15 or more are recommended",
                    WeakPassword::Common => {
                        "is among the first that anybody would try; choose a longer or less usual one"
                    }
                },
            )
        })
    }

    /// A fresh token for a mail.
    pub(crate) fn mail_token(&self) -> OpaqueToken {
        OpaqueToken::from_bytes(&self.random.bytes())
    }

    /// Puts a letter that strangers can cause into the outbox, unless the address had enough of them lately: then nothing
    /// happens, and the caller is not told. What tells an owner of a change is stored together with it instead.
    pub(crate) async fn post(
        &self,
        address: &Address,
        city: &City,
        client: &Client,
        letter: Letter<'_>,
    ) -> Result<(), StoreError> {
        if !self.may_mail(address).await? {
            return Ok(());
        }
        self.store.enqueue_mail(self.new_mail(address, city, client, letter)).await?;
        self.outbox_bell.notify_one();
        Ok(())
    }

    /// Stores a token and puts its letter into the outbox, in one transaction.
    pub(crate) async fn post_token(
        &self,
        address: &Address,
        city: &City,
        client: &Client,
        mailed: Mailed<'_>,
    ) -> Result<(), StoreError> {
        if !self.may_mail(address).await? {
            return Ok(());
        }
        let mail = self.new_mail(address, city, client, mailed.letter);
        let token = NewMailToken {
            digest: mailed.token,
            purpose: mailed.purpose,
            address: address.as_str().to_owned(),
            user_id: mailed.user_id,
            sealed: mailed.sealed,
            expires_at: self.clock.now().plus(mailed.life),
            mail,
        };
        self.store.issue_mail_token(token).await?;
        self.outbox_bell.notify_one();
        Ok(())
    }

    /// Counts a mail to an address before it is made; false when it was sent as many lately as strangers may cause.
    pub(crate) async fn may_mail(&self, address: &Address) -> Result<bool, StoreError> {
        let bucket = format!("mails:{}", self.vault.derive("limit", address.as_str()).reveal());
        let now = self.clock.now();
        let permits = self.store.take_permits(&bucket, 1, MAILS, (now, now.plus(MAIL_WINDOW))).await?;
        Ok(permits.count == 1)
    }

    pub(crate) fn new_mail(
        &self,
        address: &Address,
        city: &City,
        client: &Client,
        letter: Letter<'_>,
    ) -> NewMail {
        let now = self.clock.now();
        let outbox_id = downcity_core::id::uuid_v7(now, &self.random.bytes());
        let mail = letter.write(address.as_str(), &city.name, client.lang.unwrap_or_default());
        let plain = serde_json::to_vec(&mail).expect("mails are plain text");
        let sealed = self.vault.seal(&crate::outbox::mail_place(&outbox_id), &plain);
        NewMail { outbox_id, address: address.as_str().to_owned(), sealed, event_id: None, now }
    }

    /// The address of our page that asks the person to confirm what a mailed token is for.
    pub(crate) fn mail_link(&self, purpose: &str, token: &OpaqueToken) -> String {
        let base = self.settings.public_url.origin().ascii_serialization();
        format!("{base}/v1/accounts/email/open?for={purpose}&token={}", token.reveal())
    }
}
