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
use downcity_core::{City, OpaqueToken, Secret, UserId};
use downcity_store::{ByPassword, ChangedBy, NewMail, PasswordChange, Purpose, StoreError, Try};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tracing::{Instrument, debug, info_span, warn};

/// How long a link for a new password is good (security requirement A7).
const RESET_LIFE: Duration = Duration::from_secs(600);
/// So many wrong tries cost nothing.
const FREE_TRIES: i64 = 5;
/// So many tries no pause stops where the account's owner is signed in.
const OWNERS_TRIES: i64 = 50;
/// The longest pause between tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(900);

/// The pause after so many wrong tries: doubling from two seconds.
fn pause(failures: i64) -> Duration {
    let over = u32::try_from((failures - FREE_TRIES).clamp(0, 20)).unwrap_or(0);
    if over == 0 { Duration::ZERO } else { Duration::from_secs(1 << over).min(LONGEST_PAUSE) }
}

/// A password that was right.
pub(crate) struct Checked {
    /// Whose.
    pub(crate) user_id: UserId,
    /// As it is stored, and the address that led to it.
    pub(crate) by: ByPassword,
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
        let checked = checking.instrument(info_span!("check_credentials")).await?;
        let Checked { user_id, by } = checked;
        let handed = self.begin_session(&user_id, &city, ("email", refresh), Some(by), client).await?;
        Ok((handed, address))
    }

    /// The account, if the password is right. A try counts before it is looked at.
    pub(crate) async fn check_credentials(
        &self,
        address: &Address,
        password: &Secret,
        client: &Client,
    ) -> Result<Checked, EmailError> {
        let account = self.store.account_by_address(address.as_str()).await?;
        let bucket = self.tries_of(address);
        self.take_try(&bucket, account.as_ref().map(|account| &account.user.user_id), client).await?;
        let stored = account.as_ref().and_then(|account| account.hash.clone());
        let verdict = self.hasher.check(password, stored.clone().or_else(|| self.decoy_for(address))).await;
        if verdict.is_err() {
            // Nobody has looked at it. Where it can't be given back either, it pauses the next one.
            if let Err(problem) = self.store.give_try_back(&bucket, self.clock.now()).await {
                debug!(error = %problem, "a try at a password was not given back");
            }
        }
        let (verdict, Some(account), Some(stored)) = (verdict?, account, stored) else {
            return Err(EmailError::WrongCredentials);
        };
        let user_id = account.user.user_id;
        let hash = match verdict {
            Verdict::Wrong => return Err(EmailError::WrongCredentials),
            Verdict::Right => stored,
            Verdict::RightAnew(better) => {
                if self.store.improve_password(&user_id, &stored, &better).await? {
                    better
                } else {
                    // Another login improved it at the same time, or somebody set another password.
                    self.check_once_more(address, password).await?
                }
            }
        };
        self.store.forget_tries(&bucket).await?;
        Ok(Checked { user_id, by: ByPassword { address: address.as_str().to_owned(), hash } })
    }

    /// The hash that an account has by now, if the password is right.
    async fn check_once_more(&self, address: &Address, password: &Secret) -> Result<String, EmailError> {
        let account = self.store.account_by_address(address.as_str()).await?;
        let stored = account.and_then(|account| account.hash).ok_or(EmailError::WrongCredentials)?;
        match self.hasher.check(password, Some(stored.clone())).await? {
            Verdict::Right => Ok(stored),
            Verdict::Wrong | Verdict::RightAnew(_) => Err(EmailError::WrongCredentials),
        }
    }

    /// What tries at the password of an address are counted under, whether it has an account or not: so their pauses do
    /// not tell which.
    fn tries_of(&self, address: &Address) -> String {
        format!("password:{}", self.vault.derive("limit", address.as_str()).reveal())
    }

    /// Counts a try, or says how long to wait. A network where the account's owner is signed in goes on for a while, so that
    /// nobody can be locked out by somebody else's guesses; a mailed code works anyway.
    async fn take_try(
        &self,
        bucket: &str,
        owner: Option<&UserId>,
        client: &Client,
    ) -> Result<(), EmailError> {
        let now = self.clock.now();
        let one = Try { bucket: bucket.to_owned(), free: 0, pause, now };
        let Some(mut until) = self.store.take_try(one.clone()).await? else { return Ok(()) };
        if let Some(owner) = owner
            && self.store.has_session_from(owner, client.network, now).await?
        {
            match self.store.take_try(Try { free: OWNERS_TRIES, ..one }).await? {
                Some(later) => until = later,
                None => return Ok(()),
            }
        }
        Err(TooMany(Duration::from_secs(now.until(until).as_secs() + 1)).into())
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

    /// Mails a link for a new password. The answer is the same whether the address has an account or not.
    ///
    /// # Errors
    /// See [`EmailError`].
    pub async fn forgot_password(
        self: &Arc<Self>,
        email: &str,
        city_id: Option<&str>,
        client: &Client,
    ) -> Result<(), EmailError> {
        let city = self.city_with_email(city_id)?;
        let address = self.read_address(email)?;
        self.limits.count_guest(client.network)?;
        self.count_city(&city.city_id).await?;
        // In a task of its own: the time of the answer must not tell whether there is anything to do.
        let (this, client) = (Arc::clone(self), client.clone());
        self.tasks.spawn(async move {
            if let Err(problem) = this.mail_reset(&address, &city, &client).await {
                warn!(error = %problem, "a mail for a new password could not be made");
            }
        });
        Ok(())
    }

    async fn mail_reset(&self, address: &Address, city: &City, client: &Client) -> Result<(), StoreError> {
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
        self.post_token(address, city, client, mailed).await
    }

    /// Says whether a mailed link for a new password is still good. Looking changes nothing.
    ///
    /// # Errors
    /// `SpentToken`, or when the store does not answer.
    pub async fn asked_reset(&self, token: &str) -> Result<(), EmailError> {
        let token = OpaqueToken::parse(token).ok_or(EmailError::SpentToken)?.digest();
        let stored = self.store.mail_token(token, Purpose::Reset, self.clock.now()).await?;
        stored.map(drop).ok_or(EmailError::SpentToken)
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
        let notice = self.new_mail(&address, &city, client, Letter::PasswordChanged);
        let by = ChangedBy::Token { token, tries: self.tries_of(&address) };
        let changed = self.change(&user_id, password, by, notice, client).await?;
        if changed { Ok(()) } else { Err(EmailError::SpentToken) }
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
        self.limits.count_guest(client.network)?;
        self.count_password_change(user_id).await?;
        let address = self.address_of(user_id).await?.ok_or_else(|| {
            bad("current_password", "does not exist: this account has no e-mail address to sign in with")
        })?;
        let checked = self.check_credentials(&address, current, client).await?.by.hash;
        let city = self.city_for_email(Some(who.session.city_id.as_str()))?;
        self.check_new_password(password, &address, &city)?;
        let by = ChangedBy::Password { checked, keep: sid_digest(&who.claims.sid) };
        let notice = self.new_mail(&address, &city, client, Letter::PasswordChanged);
        let changed = self.change(user_id, password, by, notice, client).await?;
        // Else somebody set another password, or ended this session, while this one was checked.
        if changed { Ok(()) } else { Err(EmailError::WrongCredentials) }
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
        by: ChangedBy,
        notice: NewMail,
        client: &Client,
    ) -> Result<bool, EmailError> {
        let hash = self.hasher.hash(password).await?;
        let detail = match by {
            ChangedBy::Token { .. } => json!({"by": "mailed link"}),
            ChangedBy::Password { .. } => json!({"by": "old password"}),
        };
        let event = self.event(
            "password.changed",
            Actor::User,
            user_id.as_str(),
            (None, Some(client.network)),
            &detail,
        );
        let now = self.clock.now();
        let change = PasswordChange { user_id: user_id.clone(), hash, by, event, notice, now };
        let changed = self.store.set_password(change).await?;
        self.outbox_bell.notify_one();
        Ok(changed)
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
