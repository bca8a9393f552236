//! Story: somebody registers with an address and a password. There is no account before the address is
//! verified; until then the password's hash waits, sealed, with the mailed token.

use crate::email::{EmailError, Mailed, bad, payload_place};
use crate::events::Actor;
use crate::federation::Federation;
use crate::letters::Letter;
use crate::login::Client;
use crate::notices::asked_by;
use crate::profile::NAME_LIMIT;
use crate::result::Handed;
use downcity_core::email::Address;
use downcity_core::identity::clean_text;
use downcity_core::{CityId, Digest, OpaqueToken, Secret, UserId};
use downcity_store::{NewAccount, Purpose, Registered, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// How long a verification link is good (security requirement A7).
const LIFE: Duration = Duration::from_secs(24 * 3600);

/// What somebody registers with.
#[derive(Debug, Clone)]
pub struct Register {
    /// The address, as typed.
    pub email: String,
    /// The password.
    pub password: Secret,
    /// What they want to be called.
    pub name: Option<String>,
    /// The city; the default one when absent.
    pub city_id: Option<String>,
}

/// What the page behind a mailed link asks the person about.
#[derive(Debug, Clone)]
pub struct AskedVerification {
    /// The address.
    pub address: Address,
    /// The city's name.
    pub city: String,
    /// Who registered. Versions before did not keep it.
    pub by: Option<By>,
}

/// Who registered, as far as it is known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct By {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// From which network.
    pub network: String,
    /// With which program, as it came.
    pub agent: String,
}

/// What waits for the address to be verified.
#[derive(Serialize, Deserialize)]
struct Waiting {
    hash: String,
    name: Option<String>,
    city_id: String,
    by: Option<By>,
}

impl Federation {
    /// Begins a registration. The answer and its time are the same whether the address has an account or not;
    /// what differs is the mail.
    ///
    /// # Errors
    /// See [`EmailError`].
    pub async fn register(&self, register: &Register, client: &Client) -> Result<(), EmailError> {
        let city = self.city_with_email(register.city_id.as_deref())?;
        let address = self.read_address(&register.email)?;
        let name = register.name.as_deref().unwrap_or_default();
        if name.chars().count() > NAME_LIMIT {
            return Err(bad("name", "must be at most 64 characters"));
        }
        self.check_new_password(&register.password, &address, &city)?;
        self.limits.count_guest(client.network)?;
        self.count_city(&city.city_id).await?;
        let hash = self.hasher.hash(&register.password).await?;
        if self.store.account_by_address(address.as_str()).await?.is_some() {
            return Ok(self.post(&address, &city, client, Letter::AlreadyRegistered).await?);
        }
        let token = self.mail_token();
        let name = clean_text(name, NAME_LIMIT);
        let now = self.clock.now();
        let by = By { at: now.0, network: client.network.shown(), agent: client.agent.clone() };
        let waiting = Waiting { hash, name, city_id: city.city_id.to_string(), by: Some(by) };
        let link = self.mail_link("verify", &token);
        let facts = asked_by(client, now);
        let mailed = Mailed {
            purpose: Purpose::Verify,
            token: token.digest(),
            user_id: None,
            sealed: Some(self.vault.seal_json(&payload_place(token.digest()), &waiting)),
            life: LIFE,
            letter: Letter::Verify { link: &link, facts: &facts },
        };
        Ok(self.post_token(&address, &city, client, mailed).await?)
    }

    /// What a mailed link would make an account of. Looking changes nothing.
    ///
    /// # Errors
    /// See [`EmailError`].
    pub async fn asked_verification(&self, token: &str) -> Result<AskedVerification, EmailError> {
        let token = OpaqueToken::parse(token).ok_or(EmailError::SpentToken)?;
        let (address, waiting) = self.waiting_for(token.digest()).await?;
        let city = self.directory.load().city_name(&CityId::trusted(waiting.city_id));
        Ok(AskedVerification { address: Address::trusted(address), city, by: waiting.by })
    }

    /// Verifies an address with the mailed token: makes the account and signs it in, with refresh tokens if asked.
    ///
    /// # Errors
    /// See [`EmailError`].
    pub async fn verify_email(
        &self,
        token: &str,
        (city_id, refresh): (Option<&str>, bool),
        client: &Client,
    ) -> Result<(Handed, Address), EmailError> {
        self.limits.count_guest(client.network)?;
        let token = OpaqueToken::parse(token).ok_or(EmailError::SpentToken)?;
        let into = |started_in: &str| self.city_for_email(Some(city_id.unwrap_or(started_in)));
        let (user_id, address, city) = self.make_verified(token.digest(), into, client).await?;
        let handed = self.begin_session(&user_id, &city, ("email", refresh), None, client).await?;
        Ok((handed, address))
    }

    /// Verifies an address from our own page: makes the account, and signs nobody in.
    ///
    /// # Errors
    /// See [`EmailError`].
    pub async fn confirm_email(&self, token: &str, client: &Client) -> Result<(), EmailError> {
        self.limits.count_guest(client.network)?;
        let token = OpaqueToken::parse(token).ok_or(EmailError::SpentToken)?;
        self.make_verified(token.digest(), |_| Ok(()), client).await.map(drop)
    }

    /// The address and the registration that wait for this token.
    async fn waiting_for(&self, token: Digest) -> Result<(String, Waiting), EmailError> {
        let stored = self.store.mail_token(token, Purpose::Verify, self.clock.now()).await?;
        let stored = stored.ok_or(EmailError::SpentToken)?;
        let sealed = stored.sealed.as_deref().ok_or(EmailError::SpentToken)?;
        let plain = self.unseal(&payload_place(token), sealed).await?;
        let waiting = serde_json::from_slice(&plain)
            .map_err(|_| StoreError::Internal("what waits for a verification can't be read".into()))?;
        Ok((stored.address, waiting))
    }

    /// Makes the account that waits for this token; answers the user, the address, and what comes next with the city that
    /// it was asked for in. If that is not possible, nothing is done, and the token stays good.
    async fn make_verified<N>(
        &self,
        token: Digest,
        next: impl FnOnce(&str) -> Result<N, EmailError>,
        client: &Client,
    ) -> Result<(UserId, Address, N), EmailError> {
        let now = self.clock.now();
        let (address, waiting) = self.waiting_for(token).await?;
        let next = next(&waiting.city_id)?;
        let user_id = UserId::fresh(now, &self.random.bytes());
        let (user, city, from) = (user_id.as_str(), Some(waiting.city_id.as_str()), Some(client.network));
        let signed_up =
            self.event("user.signed_up", Actor::User, user, (city, from), &json!({"provider": "email"}));
        let new = NewAccount {
            token,
            purpose: Purpose::Verify,
            address: address.clone(),
            hash: Some(waiting.hash),
            display_name: waiting.name,
            user_id: user_id.clone(),
            identity_id: downcity_core::id::uuid_v7(now, &self.random.bytes()),
            events: vec![signed_up],
            now,
        };
        match self.store.create_account(new).await? {
            Registered::Made => Ok((user_id, Address::trusted(address), next)),
            Registered::Spent | Registered::Taken => Err(EmailError::SpentToken),
        }
    }
}
