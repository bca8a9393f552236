//! Story: somebody signs in with a code or a link that is mailed to them. No password is needed, and an address
//! that is new becomes an account: it is verified by that. So nothing here depends on whether there is one.
//!
//! Whoever starts may have typed somebody else's address and wait for them to finish (security.md, "Poll-for-
//! result"). The code is typed where the sign-in was started, by a person who sees what they sign in to. The
//! link finishes only in the browser that started, or sends whichever browser opened it on to the product's site: then
//! that browser is signed in, and never the one that waits.

use crate::email::{EmailError, payload_place};
use crate::federation::Federation;
use crate::letters::Letter;
use crate::login::Client;
use crate::login_steps::{Settled, StepError};
use downcity_core::attempt::Standing;
use downcity_core::email::Address;
use downcity_core::identity::KeyKind;
use downcity_core::{
    Attempt, AttemptId, Digest, ExternalIdentity, IdentityKey, OpaqueToken, Profile, Stage, Timestamp,
};
use downcity_providers::mail::ID;
use downcity_store::{NewMailToken, Offered, Purpose, StoreError};
use std::sync::Arc;

/// How many codes there are: of eight digits, since whoever starts sign-ins for one address can guess five times in
/// each of them.
const CODES: u64 = 100_000_000;
/// How many wrong codes end the tries of one sign-in.
const TRIES: i64 = 5;

/// What the page asks the person about.
#[derive(Debug, Clone)]
pub struct AskedSignIn {
    /// Who would be signed in.
    pub address: Address,
    /// The city's name.
    pub city: String,
    /// When it was started.
    pub at: Timestamp,
    /// From which network.
    pub network: String,
    /// With which program.
    pub agent: String,
    /// Whether the browser that looks may finish it. If not, only the code helps, typed where it was started.
    pub here: bool,
}

/// A sign-in that a mailed link finished.
#[derive(Debug)]
pub struct Entered {
    /// The attempt.
    pub attempt_id: AttemptId,
    /// The cookie that shows this browser finished it.
    pub finisher: OpaqueToken,
    /// What names the attempt to the product.
    pub state: OpaqueToken,
}

/// Whether a mailed link may finish the attempt in this browser.
fn may_finish(attempt: &Attempt, client: &Client) -> bool {
    let browser = client.browser.as_ref().map(OpaqueToken::digest);
    attempt.returns_to_site() || (browser.is_some() && attempt.starter.browser == browser)
}

/// Who an address is: an identity like any other.
pub(crate) fn identity(address: &str) -> ExternalIdentity {
    let key = IdentityKey { kind: KeyKind::Sub, scope: String::new(), value: address.to_owned() };
    let profile = Profile { email: Some(address.to_owned()), ..Profile::default() };
    ExternalIdentity { provider: ID.to_owned(), keys: vec![key], profile }
}

impl Federation {
    /// Mails code and link of an attempt. The first address stays: with another one the attempt is refused, or the
    /// code of one mailbox would open another's account.
    pub(crate) async fn mail_code(
        &self,
        attempt: &Attempt,
        address: &Address,
        client: &Client,
    ) -> Result<(), StepError> {
        let city = self.city_for_email(Some(attempt.city_id.as_str()))?;
        self.limits.count_guest(client.network).map_err(EmailError::from)?;
        // Told to nobody: the answer would be another one for an address that others asked for, too.
        if !self.may_mail(address).await? {
            return Ok(());
        }
        let token = self.link_token(attempt);
        let (link, code) = (self.mail_link("sign_in", &token), self.code_of(attempt, address.as_str()));
        let (first, last) = code.split_at(code.len() / 2);
        let code = format!("{first} {last}");
        let in_their_language = Client { lang: Some(attempt.lang), ..client.clone() };
        let letter = Letter::SignIn { link: &link, code: &code };
        let place = payload_place(token.digest());
        let offer = NewMailToken {
            digest: token.digest(),
            purpose: Purpose::SignIn,
            address: address.as_str().to_owned(),
            user_id: None,
            sealed: Some(self.vault.seal(&place, attempt.attempt_id.as_str().as_bytes())),
            expires_at: attempt.expires_at,
            mail: self.new_mail(address, &city, &in_their_language, letter),
        };
        match self.store.offer_sign_in(offer).await? {
            Offered::Mailed => self.outbox_bell.notify_one(),
            Offered::OtherAddress => return Err(StepError::OtherAddress),
        }
        Ok(())
    }

    /// The address that a typed code proves, of those that were mailed for the attempt. Each try counts before it
    /// is looked at, so that tries at the same time are no more than the others.
    pub(crate) async fn check_code(&self, attempt: &Attempt, typed: &str) -> Result<Address, StepError> {
        let token = self.link_token(attempt).digest();
        let address = self.store.try_code(token, TRIES, self.clock.now()).await?;
        let address = address.ok_or(EmailError::SpentToken)?;
        let typed: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(64).collect();
        if Digest::of(&self.code_of(attempt, &address)).matches(&typed) {
            Ok(Address::trusted(address))
        } else {
            Err(StepError::WrongCode)
        }
    }

    /// What a mailed link would do. Looking changes nothing.
    ///
    /// # Errors
    /// See [`StepError`].
    pub async fn asked_sign_in(&self, token: &str, client: &Client) -> Result<AskedSignIn, StepError> {
        let (attempt, address) = self.attempt_of_link(token).await?;
        Ok(AskedSignIn {
            address,
            city: self.directory.load().city_name(&attempt.city_id),
            at: attempt.created_at,
            network: attempt.starter.network.shown(),
            agent: attempt.starter.agent.clone(),
            here: may_finish(&attempt, client),
        })
    }

    /// Finishes a sign-in with the mailed link, in a browser that may, and says where that browser goes.
    ///
    /// # Errors
    /// See [`StepError`].
    pub async fn enter_by_link(self: &Arc<Self>, token: &str, client: &Client) -> Result<Entered, StepError> {
        self.limits.count_guest(client.network).map_err(EmailError::from)?;
        let (attempt, address) = self.attempt_of_link(token).await?;
        if !may_finish(&attempt, client) {
            return Err(StepError::OtherBrowser);
        }
        let who = identity(address.as_str());
        let Settled { attempt, claimed } = self.settle_here(attempt, who, None, client).await?;
        // Somebody else may have finished it first, as themselves.
        if !claimed && !self.was_done_by(&attempt, &address).await? {
            return Err(EmailError::SpentToken.into());
        }
        let (finisher, state) = (self.own_finisher(&attempt), self.own_state(&attempt));
        Ok(Entered { attempt_id: attempt.attempt_id, finisher, state })
    }

    /// Whether the account of this address is the one that an attempt signed in.
    pub(crate) async fn was_done_by(&self, attempt: &Attempt, address: &Address) -> Result<bool, StoreError> {
        let Stage::Done { user_id, .. } = &attempt.stage else { return Ok(false) };
        let account = self.store.account_by_address(address.as_str()).await?;
        Ok(account.is_some_and(|account| account.user.user_id == *user_id))
    }

    /// The attempt that a mailed link belongs to, while it can be finished by it.
    async fn attempt_of_link(&self, token: &str) -> Result<(Attempt, Address), StepError> {
        let spent = || StepError::from(EmailError::SpentToken);
        let token = OpaqueToken::parse(token).ok_or_else(spent)?.digest();
        let found = self.store.mail_token(token, Purpose::SignIn, self.clock.now()).await?;
        let found = found.ok_or_else(spent)?;
        let sealed = found.sealed.ok_or_else(spent)?;
        let plain = self.unseal(&payload_place(token), &sealed).await.map_err(EmailError::from)?;
        let id = String::from_utf8(plain).ok().and_then(|id| AttemptId::parse(&id).ok());
        let id =
            id.ok_or_else(|| StoreError::Internal("the attempt of a mailed link can't be read".into()))?;
        let attempt = self.store.attempt_by_id(&id).await?.ok_or_else(spent)?;
        let over = attempt.standing(self.clock.now()) != Standing::Pending;
        // A browser that presses twice sees the outcome; a page that is opened later says that it is over.
        if over && !matches!(attempt.stage, Stage::Done { .. }) {
            Err(spent())
        } else {
            Ok((attempt, Address::trusted(found.address)))
        }
    }

    /// The token in the mailed link: derived, so never stored.
    fn link_token(&self, attempt: &Attempt) -> OpaqueToken {
        self.vault.derive("sign-in link", attempt.attempt_id.as_str())
    }

    /// The mailed code: derived from attempt and address, so never stored and of no use for another address.
    fn code_of(&self, attempt: &Attempt, address: &str) -> String {
        let secret =
            self.vault.derive("sign-in code", &format!("{}\n{address}", attempt.attempt_id)).digest();
        let number = secret.0[..8].iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        format!("{:08}", number % CODES)
    }
}
