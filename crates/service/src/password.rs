//! Stories around a password: signing in with one, setting a new one, changing it.

use crate::email::{EmailError, Mailed, bad};
use crate::events::Actor;
use crate::federation::Federation;
use crate::hasher::Verdict;
use crate::letters::Letter;
use crate::limits::TooMany;
use crate::login::Client;
use crate::result::{Handed, sid_digest};
use crate::sessions::SignedIn;
use downcity_core::email::Address;
use downcity_core::{City, Digest, OpaqueToken, Secret, UserId};
use downcity_store::{Account, Password, PasswordChange, Purpose};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tracing::{Instrument, info_span};

/// How long a link for a new password is good (security requirement A7).
const RESET_LIFE: Duration = Duration::from_secs(600);
/// So many wrong tries cost nothing.
const FREE_TRIES: i64 = 5;
/// The longest pause between tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(900);

/// The pause after so many wrong tries: doubling from two seconds.
fn pause(failures: i64) -> Duration {
    let over = u32::try_from((failures - FREE_TRIES).clamp(0, 20)).unwrap_or(0);
    if over == 0 { Duration::ZERO } else { Duration::from_secs(1 << over).min(LONGEST_PAUSE) }
}

impl Federation {
    /// Signs in with address and password. Unknown address and wrong password get the same answer in the
    /// same time. With `refresh` the session goes on by refresh tokens.
    ///
    /// # Errors
    /// See [`EmailError`].
    pub async fn login_with_password(
        &self,
        email: &str,
        password: &Secret,
        (city_id, refresh): (Option<&str>, bool),
        client: &Client,
    ) -> Result<(Handed, Address), EmailError> {
        let city = self.city_with_email(city_id)?;
        let address = self.read_address(email)?;
        self.limits.count_guest(client.network)?;
        self.count_city(&city.city_id).await?;
        let checking = self.check_credentials(&address, password, client);
        let account = checking.instrument(info_span!("check_credentials")).await?;
        let handed = self.begin_session(&account.user.user_id, &city, ("email", refresh), client).await?;
        Ok((handed, address))
    }

    /// The account, if the password is right.
    pub(crate) async fn check_credentials(
        &self,
        address: &Address,
        password: &Secret,
        client: &Client,
    ) -> Result<Account, EmailError> {
        let account = self.store.account_by_address(address.as_str()).await?;
        let stored = account.as_ref().and_then(|account| account.password.clone());
        if let (Some(account), Some(stored)) = (&account, &stored) {
            self.check_pause(&account.user.user_id, stored, client).await?;
        } else {
            // An address without an account slows down just the same.
            self.count_unknown_address(address).await?;
        }
        let known = stored.as_ref().map(|stored| stored.hash.clone());
        let verdict = self.hasher.check(password, known.or_else(|| self.decoy_for(address))).await?;
        let (Some(account), Some(stored)) = (account, stored) else {
            return Err(EmailError::WrongCredentials);
        };
        let user_id = &account.user.user_id;
        match verdict {
            Verdict::Wrong => {
                let next = self.clock.now().plus(pause(stored.failures + 1));
                self.store.count_failure(user_id, next).await?;
                Err(EmailError::WrongCredentials)
            }
            Verdict::RightAnew(better) => {
                let same = self.store.improve_password(user_id, &stored.hash, &better).await?;
                // Else somebody set another password while this one was checked.
                if same { Ok(account) } else { Err(EmailError::WrongCredentials) }
            }
            Verdict::Right => {
                if stored.failures > 0 {
                    self.store.forgive_failures(user_id).await?;
                }
                Ok(account)
            }
        }
    }

    /// What is checked for an address without a password. While some accounts have hashes of another system's
    /// form, which take another time, as large a part of the unknown addresses is checked like these, and an
    /// address always in the same way: so the time does not tell who has an account.
    fn decoy_for(&self, address: &Address) -> Option<String> {
        let old = self.directory.load().old_passwords_permille;
        if old == 0 {
            return None;
        }
        let lot = self.vault.derive("password decoy", address.as_str()).digest().0;
        let lot = u16::from_be_bytes([lot[0], lot[1]]) % 1000;
        (lot < old).then(crate::hasher::scrypt_decoy)
    }

    /// After wrong tries an account pauses for strangers. A network where its owner is signed in goes on, so
    /// that nobody can be locked out by somebody else's guesses; a mailed code works anyway.
    async fn check_pause(
        &self,
        user_id: &UserId,
        stored: &Password,
        client: &Client,
    ) -> Result<(), EmailError> {
        let now = self.clock.now();
        if now >= stored.next_try_at || self.store.has_session_from(user_id, client.network, now).await? {
            return Ok(());
        }
        let wait = now.until(stored.next_try_at);
        Err(TooMany(Duration::from_secs(wait.as_secs() + 1)).into())
    }

    /// Mails a link for a new password. The answer is the same whether the address has an account or not.
    ///
    /// # Errors
    /// See [`EmailError`].
    pub async fn forgot_password(
        &self,
        email: &str,
        city_id: Option<&str>,
        client: &Client,
    ) -> Result<(), EmailError> {
        let city = self.city_with_email(city_id)?;
        let address = self.read_address(email)?;
        self.limits.count_guest(client.network)?;
        self.count_city(&city.city_id).await?;
        let Some(account) = self.store.account_by_address(address.as_str()).await? else { return Ok(()) };
        let token = self.mail_token();
        let link = self.mail_link("reset", &token);
        let mailed = Mailed {
            purpose: Purpose::Reset,
            token: token.digest(),
            user_id: Some(account.user.user_id.to_string()),
            sealed: None,
            life: RESET_LIFE,
            letter: Letter::Reset { link: &link },
        };
        Ok(self.post_token(&address, &city, client, mailed).await?)
    }

    /// Sets a new password with the mailed token. It signs nobody in, and ends every session.
    ///
    /// # Errors
    /// See [`EmailError`].
    pub async fn reset_password(
        &self,
        token: &str,
        password: &Secret,
        client: &Client,
    ) -> Result<(), EmailError> {
        self.limits.count_guest(client.network)?;
        let token = OpaqueToken::parse(token).ok_or(EmailError::SpentToken)?.digest();
        let stored = self.store.mail_token(token, Purpose::Reset, self.clock.now()).await?;
        let stored = stored.ok_or(EmailError::SpentToken)?;
        let user_id = UserId::trusted(stored.user_id.ok_or(EmailError::SpentToken)?);
        let address = Address::trusted(stored.address);
        let city = self.city_for_email(None).or_else(|_| self.any_city())?;
        self.check_new_password(password, &address, &city)?;
        self.change(&user_id, password, Some(token), None, client).await?;
        Ok(self.post(&address, &city, client, Letter::PasswordChanged).await?)
    }

    /// Changes the password of a signed-in user who knows the old one. Their other sessions end.
    ///
    /// # Errors
    /// See [`EmailError`]; `WrongCredentials` when the old one is wrong.
    pub async fn change_password(
        &self,
        who: &SignedIn,
        current: &Secret,
        password: &Secret,
        client: &Client,
    ) -> Result<(), EmailError> {
        let user_id = &who.session.user_id;
        let address = self.address_of(user_id).await?.ok_or_else(|| {
            bad("current_password", "does not exist: this account has no e-mail address to sign in with")
        })?;
        self.check_credentials(&address, current, client).await?;
        let city = self.city_for_email(Some(who.session.city_id.as_str()))?;
        self.check_new_password(password, &address, &city)?;
        self.change(user_id, password, None, Some(sid_digest(&who.claims.sid)), client).await?;
        Ok(self.post(&address, &city, client, Letter::PasswordChanged).await?)
    }

    /// The address that a user signs in with.
    pub(crate) async fn address_of(&self, user_id: &UserId) -> Result<Option<Address>, EmailError> {
        Ok(self.store.address_of(user_id).await?.map(Address::trusted))
    }

    /// Some city, for mails that must go out whatever happened to theirs.
    pub(crate) fn any_city(&self) -> Result<Arc<City>, EmailError> {
        let directory = self.directory.load();
        directory.cities.values().next().cloned().ok_or(EmailError::UnknownCity)
    }

    async fn change(
        &self,
        user_id: &UserId,
        password: &Secret,
        token: Option<Digest>,
        keep: Option<Digest>,
        client: &Client,
    ) -> Result<(), EmailError> {
        let hash = self.hasher.hash(password).await?;
        let detail = json!({"by": if token.is_some() { "mailed link" } else { "old password" }});
        let event = self.event(
            "password.changed",
            Actor::User,
            user_id.as_str(),
            (None, Some(client.network)),
            &detail,
        );
        let change =
            PasswordChange { user_id: user_id.clone(), hash, token, keep, event, now: self.clock.now() };
        if self.store.set_password(change).await? { Ok(()) } else { Err(EmailError::SpentToken) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        assert_eq!(pause(5), Duration::ZERO);
        assert_eq!(pause(6), Duration::from_secs(2));
        assert_eq!(pause(9), Duration::from_secs(16));
        assert_eq!(pause(1000), LONGEST_PAUSE);
    }
}
