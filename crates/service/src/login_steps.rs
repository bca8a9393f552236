//! Story: a sign-in in steps. One state machine for every way in: a provider's page, or inputs that the product asks
//! the person for, one step after the other. It ends in an attempt like any other, so the rules about who may
//! collect the token are the same (contract, "Who may collect the token").

use crate::callback::finisher_of;
use crate::email::{EmailError, bad};
use crate::federation::Federation;
use crate::local;
use crate::login::{Client, Start, StartError, Started, open_city};
use crate::mail_login::identity;
use crate::result::{Handed, ResultError, Told};
use downcity_core::attempt::Standing;
use downcity_core::email::Address;
use downcity_core::{
    Attempt, Digest, ExternalIdentity, Failure, OpaqueToken, Secret, Stage, Text, Timestamp,
};
use downcity_providers::mail;
use downcity_store::{ByPassword, Claim, StoreError};
use std::sync::Arc;
use tracing::error;

/// Why a step was not taken. The sign-in stays as it is, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// What every start can refuse.
    #[error(transparent)]
    Start(#[from] StartError),
    /// What every e-mail story can refuse.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// What collecting a token can refuse.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// The code is wrong.
    #[error("the code is wrong")]
    WrongCode,
    /// A mail of this sign-in went to another address.
    #[error("the sign-in is for another address")]
    OtherAddress,
    /// The link was opened in a browser that did not start this sign-in.
    #[error("another browser started this")]
    OtherBrowser,
    /// A local sign-in is for requests from this machine alone.
    #[error("not from this machine")]
    LocalOnly,
    /// The sign-in has ended without a token.
    #[error("the sign-in failed: {}", .0.code())]
    Failed(Failure),
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        Self::Email(error.into())
    }
}

/// Something that the product asks the person for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// Its name in the next step.
    pub name: &'static str,
    /// What kind of field to show: `email`, `password` or `code`.
    pub kind: &'static str,
    /// Whether the step needs it.
    pub required: bool,
    /// Its name for people.
    pub label: Text,
}

const EMAIL: Input =
    Input {
        name: "email", kind: "email", required: true, label: Text::new("E-mail address", "邮箱地址")
    };
const PASSWORD: Input = Input {
    name: "password",
    kind: "password",
    required: false,
    label: Text::new("Password, or leave it empty to get a code by mail", "密码（留空则通过邮件接收验证码）"),
};
const CODE: Input = Input {
    name: "code",
    kind: "code",
    required: true,
    label: Text::new("Code from the mail", "邮件中的验证码"),
};

const NAME: Input = Input { name: "name", kind: "text", required: true, label: Text::new("Name", "名称") };

/// What the person typed.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// Their address.
    pub email: Option<String>,
    /// Their password.
    pub password: Option<Secret>,
    /// The mailed code.
    pub code: Option<Secret>,
    /// The name of a local person.
    pub name: Option<String>,
}

/// What comes next.
#[derive(Debug)]
pub enum Step {
    /// The browser goes to the provider's page.
    Redirect(Started),
    /// The person is asked.
    Ask(Asked),
    /// Signed in.
    Done(Handed),
}

/// What the person is asked for.
#[derive(Debug)]
pub struct Asked {
    /// What names the sign-in, a secret of whoever started it.
    pub login_id: OpaqueToken,
    /// The provider's id.
    pub provider: String,
    /// What to ask for.
    pub inputs: &'static [Input],
    /// When the sign-in runs out.
    pub expires_at: Timestamp,
    /// The login cookie to set; at the start only.
    pub browser: Option<OpaqueToken>,
}

/// An attempt that was settled by one of our own steps.
pub(crate) struct Settled {
    pub(crate) attempt: Attempt,
    /// Whether this call did it, and not one before.
    pub(crate) claimed: bool,
}

/// Whether sign-ins of this provider go through our own steps, and not through a callback.
pub(crate) fn is_ours(provider: &str) -> bool {
    provider == mail::ID || provider == local::ID
}

/// What shows that a caller is the person.
pub(crate) enum By<'a> {
    /// Nothing that an address could show.
    Itself,
    /// A mail to this address was read.
    Mail(&'a Address),
    /// The password of this address was right.
    Password(&'a Address, ByPassword),
}

impl Federation {
    /// Starts a sign-in in steps.
    ///
    /// # Errors
    /// See [`StepError`].
    pub async fn start_steps(
        &self,
        start: &Start,
        email: Option<&str>,
        client: &Client,
    ) -> Result<Step, StepError> {
        if !is_ours(&start.provider) {
            return Ok(Step::Redirect(self.login_start(start, client).await?));
        }
        let inputs: &[Input] = match (start.provider.as_str(), email) {
            (local::ID, _) => {
                self.check_local(client)?;
                &[NAME]
            }
            (_, Some(_)) => &[CODE],
            (_, None) => &[EMAIL, PASSWORD],
        };
        if start.provider == mail::ID {
            self.require_mail()?;
        }
        let email = email.filter(|_| start.provider == mail::ID);
        let address = email.map(|email| self.read_address(email)).transpose()?;
        let city = {
            let directory = self.directory();
            let city = open_city(&directory, start.city_id.as_deref())?;
            if directory.is_off(&city.city_id, &start.provider) {
                return Err(StartError::ProviderDisabled(start.provider.clone()).into());
            }
            city
        };
        let app = (start.provider.as_str(), start.provider.as_str());
        let prepared = self.prepare_attempt(start, &city, client, app, None).await?;
        let state = self.own_state(&prepared.attempt);
        self.store.insert_attempt(state.digest(), &prepared.attempt).await?;
        if let Some(address) = &address {
            self.mail_code(&prepared.attempt, address, client).await?;
        }
        Ok(Step::Ask(Asked {
            login_id: state,
            provider: prepared.attempt.provider,
            inputs,
            expires_at: prepared.attempt.expires_at,
            browser: Some(prepared.browser),
        }))
    }

    /// Takes the next step with what the person typed. `code_verifier` is needed where the start had a challenge.
    ///
    /// # Errors
    /// See [`StepError`].
    pub async fn continue_steps(
        self: &Arc<Self>,
        login_id: &str,
        typed: &Typed,
        code_verifier: Option<&str>,
        client: &Client,
    ) -> Result<Step, StepError> {
        let (attempt, state) = self.own_attempt(login_id).await?;
        if attempt.provider == local::ID {
            self.check_local(client)?;
            attempt.check_verifier(code_verifier).map_err(ResultError::Refused)?;
            let identity = self.local_identity(typed.name.as_deref().unwrap_or_default())?;
            return Ok(Step::Done(self.finish_here(attempt, identity, By::Itself, client).await?));
        }
        match (typed.email.as_deref(), &typed.password, &typed.code) {
            (None, None, Some(code)) => {
                let done = self.finish_with_code(login_id, code, code_verifier, client).await?;
                Ok(Step::Done(done.0))
            }
            (Some(email), Some(password), None) => {
                attempt.check_verifier(code_verifier).map_err(ResultError::Refused)?;
                let address = self.read_address(email)?;
                self.require_mail()?;
                self.limits.count_guest(client.network).map_err(EmailError::from)?;
                let checked = self.check_credentials(&address, password, client).await?;
                let who = identity(address.as_str());
                let by = By::Password(&address, checked.by);
                Ok(Step::Done(self.finish_here(attempt, who, by, client).await?))
            }
            (Some(email), None, None) => {
                self.require_mail()?;
                let address = self.read_address(email)?;
                self.mail_code(&attempt, &address, client).await?;
                Ok(Step::Ask(Asked {
                    login_id: state,
                    provider: attempt.provider,
                    inputs: &[CODE],
                    expires_at: attempt.expires_at,
                    browser: None,
                }))
            }
            _ => Err(bad("input", "must hold `email`, or `email` and `password`, or `code`").into()),
        }
    }

    /// Signs in with the mailed code; also says with which address.
    ///
    /// # Errors
    /// See [`StepError`].
    pub async fn finish_with_code(
        self: &Arc<Self>,
        login_id: &str,
        code: &Secret,
        code_verifier: Option<&str>,
        client: &Client,
    ) -> Result<(Handed, Address), StepError> {
        use secrecy::ExposeSecret;
        self.limits.count_guest(client.network).map_err(EmailError::from)?;
        let (attempt, _) = self.own_attempt(login_id).await?;
        attempt.check_verifier(code_verifier).map_err(ResultError::Refused)?;
        let address = self.check_code(&attempt, code.expose_secret()).await?;
        let who = identity(address.as_str());
        let handed = self.finish_here(attempt, who, By::Mail(&address), client).await?;
        Ok((handed, address))
    }

    /// Settles the attempt as this person, who may have an address, and hands the token to the caller, who holds what
    /// names the attempt and has just shown to be that person.
    pub(crate) async fn finish_here(
        self: &Arc<Self>,
        attempt: Attempt,
        identity: ExternalIdentity,
        by: By<'_>,
        client: &Client,
    ) -> Result<Handed, StepError> {
        let (address, checked) = match by {
            By::Itself => (None, None),
            By::Mail(address) => (Some(address), None),
            By::Password(address, password) => (Some(address), Some(password)),
        };
        let Settled { attempt, claimed } = self.settle_here(attempt, identity, checked, client).await?;
        // Somebody else may have finished it first: the token of one is nothing for the other.
        if !claimed && matches!(attempt.stage, Stage::Done { .. }) {
            let same = match address {
                Some(address) => self.was_done_by(&attempt, address).await?,
                None => false,
            };
            if !same {
                return Err(ResultError::Collected.into());
            }
        }
        match attempt.standing(self.clock.now()) {
            Standing::Ready => match self.hand_out(&attempt, client).await? {
                Told::Done(handed) => Ok(*handed),
                Told::Failed { failure, .. } => Err(StepError::Failed(failure)),
                Told::Pending => Err(StepError::Failed(Failure::Interrupted)),
            },
            Standing::Failed(failure) => Err(StepError::Failed(failure)),
            Standing::Collected => Err(ResultError::Collected.into()),
            Standing::Pending | Standing::Expired => Err(ResultError::Expired.into()),
        }
    }

    /// Settles the attempt as this person, once, if the password that was checked is still theirs; a second caller gets what
    /// the first one settled.
    pub(crate) async fn settle_here(
        self: &Arc<Self>,
        attempt: Attempt,
        identity: ExternalIdentity,
        password: Option<ByPassword>,
        client: &Client,
    ) -> Result<Settled, StepError> {
        let id = attempt.attempt_id.clone();
        let federation = Arc::clone(self);
        let by = finisher_of(&attempt, client);
        // A task of its own: a client that goes away must not leave the attempt claimed and unsettled.
        let work = async move {
            let (state, finisher) = (federation.own_state(&attempt), federation.own_finisher(&attempt));
            let code = Digest::of("an own step");
            let claim = Claim { state: state.digest(), code, cookie: finisher.digest(), by };
            let claimed = federation.store.claim_attempt(&claim, federation.clock.now()).await?;
            let Some(claimed) = claimed else { return Ok::<_, StoreError>(false) };
            match federation.active_city_of(&claimed).await.is_some() {
                true => federation.complete(&claimed, identity, password).await?,
                false => federation.end(&claimed, Failure::CityUnavailable).await?,
            }
            federation.wake(&claimed.attempt_id);
            Ok(true)
        };
        let claimed = match self.tasks.spawn(work).await {
            Ok(done) => done?,
            Err(_) => {
                error!(attempt_id = %id, "finishing a sign-in stopped unexpectedly");
                false
            }
        };
        let found = self.store.attempt_by_id(&id).await?.ok_or(ResultError::Unknown)?;
        let attempt = self.settled(found).await?.ok_or(ResultError::Unknown)?;
        Ok(Settled { attempt, claimed })
    }

    /// The attempt that a product names, if it goes through our own steps.
    async fn own_attempt(&self, login_id: &str) -> Result<(Attempt, OpaqueToken), StepError> {
        let state = OpaqueToken::parse(login_id).ok_or(ResultError::Unknown)?;
        let attempt = self.store.attempt_by_state(state.digest()).await?.ok_or(ResultError::Unknown)?;
        if !is_ours(&attempt.provider) {
            return Err(bad("login_id", "waits for the provider's page: ask login/result").into());
        }
        match attempt.standing(self.clock.now()) {
            Standing::Expired if matches!(attempt.stage, Stage::Waiting) => Err(ResultError::Expired.into()),
            Standing::Failed(failure) => Err(StepError::Failed(failure)),
            _ => Ok((attempt, state)),
        }
    }

    /// What names an attempt of our own steps: derived, since a mailed link leads back to it. As unguessable as
    /// a random one, and known to nobody but who started.
    pub(crate) fn own_state(&self, attempt: &Attempt) -> OpaqueToken {
        self.vault.derive("login id", attempt.attempt_id.as_str()).dated(attempt.created_at)
    }

    /// The cookie of the browser that finishes an attempt of our own steps.
    pub(crate) fn own_finisher(&self, attempt: &Attempt) -> OpaqueToken {
        self.vault.derive("login finisher", attempt.attempt_id.as_str())
    }
}
