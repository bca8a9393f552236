//! Story: the person confirms, or denies, that the waiting client is theirs.
//!
//! Only the browser that finished with the provider may answer, and only once. Until the answer no user,
//! session or token exists.

use crate::callback::held_place;
use crate::federation::Federation;
use downcity_core::{Attempt, AttemptId, ExternalIdentity, Failure, OpaqueToken, Stage};
use downcity_store::StoreError;
use std::sync::Arc;
use tracing::{Instrument, error, info_span};

/// What the person answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// "I started this": complete the sign-in.
    Allow,
    /// "I did not": end it without a token.
    Deny,
}

/// Why an answer does not count. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// No such attempt, another browser, or a form that we did not make.
    #[error("this browser can't confirm this sign-in")]
    NotYours,
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
        let work = async move { federation.decide(&attempt, decision).await };
        let decided = self.tasks.spawn(work.instrument(info_span!("login_confirm", attempt_id = %id))).await;
        Ok(decided.unwrap_or_else(|_| {
            error!(attempt_id = %id, "taking an answer stopped unexpectedly");
            Ok(())
        })?)
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
        let opened = self.unseal(&held_place(&attempt.attempt_id), &sealed).await.map_err(|e| e.to_string());
        let identity = opened.and_then(|plain| {
            serde_json::from_slice::<ExternalIdentity>(&plain)
                .map_err(|_| "the held identity is not readable".into())
        });
        let active = self.active_city_of(attempt).await.is_some();
        let failure = match identity {
            Ok(identity) if active => {
                return self.complete(attempt, identity).await;
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
