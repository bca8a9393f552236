//! Story: the person confirms, or denies, that the waiting client is theirs.
//!
//! Only the browser that finished with the provider may answer, and only once. Until the answer no user,
//! session or token exists.

use crate::callback::held_place;
use crate::federation::Federation;
use crate::limits::TooMany;
use downcity_core::network::Network;
use downcity_core::{Attempt, AttemptId, Digest, ExternalIdentity, Failure, OpaqueToken, Stage, user_code};
use downcity_store::StoreError;
use std::sync::Arc;
use tracing::{Instrument, error, info, info_span};

/// What the person answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// "I started this": complete the sign-in.
    Allow,
    /// "I did not": end it without a token.
    Deny,
}

/// How many codes may be typed for one attempt (security requirement P5).
pub(crate) const CODE_TRIES: i64 = 5;

/// What the person typed, and where.
#[derive(Clone)]
pub struct Typed {
    /// The code; empty where none was typed.
    pub code: String,
    /// From which network.
    pub network: Network,
}

/// Why an answer does not count. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// No such attempt, another browser, or a form that we did not make.
    #[error("this browser can't confirm this sign-in")]
    NotYours,
    /// Too many codes were typed from one address; come back later.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The store did not answer.
    #[error(transparent)]
    Internal(#[from] StoreError),
}

impl Federation {
    /// Takes the person's answer. One that comes late or twice changes nothing: the page shows the outcome.
    ///
    /// # Errors
    /// See [`ConfirmError`].
    pub async fn login_confirm(
        self: &Arc<Self>,
        attempt_id: &str,
        finisher: Option<&OpaqueToken>,
        form_token: &str,
        decision: Decision,
        typed: &Typed,
    ) -> Result<(), ConfirmError> {
        let attempt = self.finished_by(attempt_id, finisher).await?.ok_or(ConfirmError::NotYours)?;
        if !self.form_token(&attempt).digest().matches(form_token) {
            return Err(ConfirmError::NotYours);
        }
        if !matches!(attempt.stage, Stage::Confirming) || self.clock.now() >= attempt.expires_at {
            return Ok(());
        }
        // A task of its own: a browser that goes away after the click must not leave the client unwoken.
        let federation = Arc::clone(self);
        let id = attempt.attempt_id.clone();
        let typed = typed.clone();
        let work = async move {
            let asks = decision == Decision::Allow && attempt.code_tries.is_some();
            if !asks || federation.is_typed(&attempt, &typed).await? {
                federation.decide(&attempt, decision).await?;
            }
            Ok(())
        };
        let decided = self.tasks.spawn(work.instrument(info_span!("login_confirm", attempt_id = %id))).await;
        decided.unwrap_or_else(|_| {
            error!(attempt_id = %id, "taking an answer stopped unexpectedly");
            Ok(())
        })
    }

    /// Whether the person typed the code of the attempt. Each try counts before it is looked at, so that tries at the
    /// same time are no more than the others; the last wrong one ends the attempt.
    async fn is_typed(&self, attempt: &Attempt, typed: &Typed) -> Result<bool, ConfirmError> {
        let code = user_code::folded(&typed.code);
        if code.is_empty() {
            return Ok(false);
        }
        let permit = self.take_code_permit(typed.network).await?;
        let (id, now) = (&attempt.attempt_id, self.clock.now());
        let Some(tries) = self.store.try_user_code(id, CODE_TRIES, now).await? else { return Ok(false) };
        if Digest::of(&self.user_code(attempt)).matches(&code) {
            self.give_code_permit_back(&permit).await;
            return Ok(true);
        }
        info!(attempt_id = %id, tries, "a wrong code was typed");
        if tries >= CODE_TRIES {
            self.end(attempt, Failure::UserCodeWrong).await?;
            self.wake(id);
        }
        Ok(false)
    }

    /// The code of an attempt: derived, so never stored, and not to be found from a stolen database.
    pub(crate) fn user_code(&self, attempt: &Attempt) -> String {
        let secret = self.vault.derive("user code", attempt.attempt_id.as_str()).digest().0;
        let mut random = [0; 16];
        random.copy_from_slice(&secret[..16]);
        user_code::of(random)
    }

    async fn decide(&self, attempt: &Attempt, decision: Decision) -> Result<(), StoreError> {
        match decision {
            Decision::Deny => self.end(attempt, Failure::LoginCancelled).await?,
            Decision::Allow => self.release(attempt).await?,
        }
        self.wake(&attempt.attempt_id);
        Ok(())
    }

    async fn release(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let Some(sealed) = self.store.held_identity(&attempt.attempt_id).await? else { return Ok(()) };
        let opened = match self.unseal(&held_place(&attempt.attempt_id), &sealed).await {
            Err(why) if why.may_pass() => return Err(StoreError::Unavailable(why.to_string())),
            opened => opened.map_err(|why| why.to_string()),
        };
        let identity = opened.and_then(|plain| {
            serde_json::from_slice::<ExternalIdentity>(&plain)
                .map_err(|_| "the held identity is not readable".into())
        });
        let active = self.active_city_of(attempt).await.is_some();
        let failure = match identity {
            Ok(identity) if active => {
                return self.complete(attempt, identity, None).await;
            }
            Ok(_) => Failure::CityUnavailable,
            Err(problem) => {
                error!(attempt_id = %attempt.attempt_id, error = %problem, "a sign-in could not be released");
                Failure::Interrupted
            }
        };
        self.end(attempt, failure).await
    }

    /// The attempt, if this cookie shows that its browser finished it.
    pub(crate) async fn finished_by(
        &self,
        attempt_id: &str,
        finisher: Option<&OpaqueToken>,
    ) -> Result<Option<Attempt>, StoreError> {
        let (Ok(id), Some(finisher)) = (AttemptId::parse(attempt_id), finisher) else { return Ok(None) };
        let found = self.store.attempt_by_id(&id).await?;
        Ok(found.filter(|attempt| attempt.finisher == Some(finisher.digest())))
    }

    /// What the confirmation form carries besides the cookie.
    pub(crate) fn form_token(&self, attempt: &Attempt) -> OpaqueToken {
        self.vault.derive("confirm form", attempt.attempt_id.as_str())
    }
}
