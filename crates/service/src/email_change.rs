//! Story: a signed-in person moves to another e-mail address, or gives their account a first one.
//!
//! The new address confirms it by a mailed link. The change stands and falls with the session that asked: when
//! that ends first, nothing happens. Where there was an address before, every other session ends: who moves
//! often does so since somebody else can read the old mailbox.

use crate::email::{EmailError, Mailed, bad, payload_place};
use crate::events::Actor;
use crate::federation::Federation;
use crate::identities::IdentityError;
use crate::letters::Letter;
use crate::login::Client;
use crate::sessions::SignedIn;
use downcity_core::email::Address;
use downcity_core::{CityId, Digest, IdentityId, OpaqueToken, SessionId, Timestamp, UserId};
use downcity_store::{AddressChange, AddressChanged, Purpose, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use tracing::info;

/// How long the link to the new address is good (security requirement A7).
const LIFE: Duration = Duration::from_secs(3600);

/// Why an address was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The person has to sign in again first, or is no user here.
    #[error(transparent)]
    Standing(#[from] IdentityError),
    /// What every e-mail story can refuse.
    #[error(transparent)]
    Email(#[from] EmailError),
}

impl From<StoreError> for ChangeError {
    fn from(error: StoreError) -> Self {
        Self::Email(error.into())
    }
}

/// What the page asks the person about.
#[derive(Debug, Clone)]
pub struct AskedChange {
    /// The new address.
    pub address: Address,
    /// The city's name.
    pub city: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// From which network.
    pub network: String,
    /// With which program.
    pub agent: String,
}

/// What waits for the new address to be confirmed.
#[derive(Serialize, Deserialize)]
struct Waiting {
    session_id: String,
    city_id: String,
    old: Option<String>,
    at: i64,
    network: String,
    agent: String,
}

impl Federation {
    /// Mails a link to the new address. The answer is the same when somebody else has that address: then the
    /// mail says so, and there is no link in it.
    ///
    /// # Errors
    /// See [`ChangeError`].
    pub async fn change_email(
        &self,
        who: &SignedIn,
        email: &str,
        client: &Client,
    ) -> Result<(), ChangeError> {
        self.require_mail()?;
        self.check_fresh(who)?;
        let city = self.city_for_email(Some(who.session.city_id.as_str()))?;
        let address = self.read_address(email)?;
        self.limits.count_guest(client.network).map_err(EmailError::from)?;
        let user_id = &who.session.user_id;
        let old = self.address_of(user_id).await?;
        match self.store.account_by_address(address.as_str()).await? {
            Some(account) if account.user.user_id == *user_id => {
                return Err(bad("email", "is an address of yours already").into());
            }
            Some(_) => return Ok(self.post(&address, &city, client, Letter::AddressTaken).await?),
            None => {}
        }
        let token = self.mail_token();
        let waiting = Waiting {
            session_id: who.session.session_id.to_string(),
            city_id: city.city_id.to_string(),
            old: old.map(|old| old.as_str().to_owned()),
            at: self.clock.now().0,
            network: client.network.shown(),
            agent: client.agent.clone(),
        };
        let link = self.mail_link("change", &token);
        let mailed = Mailed {
            purpose: Purpose::ChangeEmail,
            token: token.digest(),
            user_id: Some(user_id.to_string()),
            sealed: Some(self.vault.seal_json(&payload_place(token.digest()), &waiting)),
            life: LIFE,
            letter: Letter::ChangeAddress { link: &link },
        };
        Ok(self.post_token(&address, &city, client, mailed).await?)
    }

    /// What a mailed link would change. Looking changes nothing.
    ///
    /// # Errors
    /// `SpentToken`, or when the store does not answer.
    pub async fn asked_change(&self, token: &str) -> Result<AskedChange, EmailError> {
        let token = OpaqueToken::parse(token).ok_or(EmailError::SpentToken)?.digest();
        let (waiting, _, address) = self.waiting_change(token).await?;
        Ok(AskedChange {
            address,
            city: self.directory.load().city_name(&CityId::trusted(waiting.city_id)),
            at: Timestamp(waiting.at),
            network: waiting.network,
            agent: waiting.agent,
        })
    }

    /// Changes the address with the token that was mailed to the new one. Whatever stands against it by now, such as
    /// somebody who got that address in between, is told as a link that is not good any more.
    ///
    /// # Errors
    /// See [`EmailError`].
    pub async fn confirm_change(&self, token: &str, client: &Client) -> Result<(), EmailError> {
        self.limits.count_guest(client.network)?;
        let token = OpaqueToken::parse(token).ok_or(EmailError::SpentToken)?.digest();
        let (waiting, user_id, new) = self.waiting_change(token).await?;
        let now = self.clock.now();
        let identity_id = IdentityId::fresh(now, &self.random.bytes());
        let from = (Some(waiting.city_id.as_str()), Some(client.network));
        let (kind, detail) = match &waiting.old {
            Some(_) => ("user.email_changed", json!({})),
            None => ("user.linked", json!({"provider": "email", "identity_id": identity_id})),
        };
        let event = self.event(kind, Actor::User, user_id.as_str(), from, &detail);
        let city = self.city_for_email(Some(&waiting.city_id)).or_else(|_| self.any_city())?;
        let notice = waiting.old.clone().map(Address::trusted);
        let notice = notice.map(|old| self.new_mail(&old, &city, client, Letter::AddressChanged));
        let change = AddressChange {
            token,
            user_id: user_id.clone(),
            session_id: SessionId::trusted(waiting.session_id),
            old: waiting.old,
            new: new.as_str().to_owned(),
            identity_id,
            event,
            notice,
            now,
        };
        match self.store.change_address(change).await? {
            AddressChanged::Done => {
                info!(%user_id, "e-mail address changed");
                self.outbox_bell.notify_one();
                Ok(())
            }
            AddressChanged::Spent | AddressChanged::Ended | AddressChanged::Taken => {
                Err(EmailError::SpentToken)
            }
        }
    }

    async fn waiting_change(&self, token: Digest) -> Result<(Waiting, UserId, Address), EmailError> {
        let stored = self.store.mail_token(token, Purpose::ChangeEmail, self.clock.now()).await?;
        let stored = stored.ok_or(EmailError::SpentToken)?;
        let (Some(user_id), Some(sealed)) = (stored.user_id, stored.sealed) else {
            return Err(EmailError::SpentToken);
        };
        let plain = self.unseal(&payload_place(token), &sealed).await?;
        let waiting = serde_json::from_slice(&plain)
            .map_err(|_| StoreError::Internal("what waits for a new address can't be read".into()))?;
        Ok((waiting, UserId::trusted(user_id), Address::trusted(stored.address)))
    }
}
