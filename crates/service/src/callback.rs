//! Story: the browser comes back from the provider.
//!
//! Exactly one callback claims an attempt and talks to the provider; every other one waits for that outcome
//! and shows it. Claim and exchange run in a task of their own, so that a browser that goes away can't leave
//! them half done.

use crate::events::Actor;
use crate::federation::Federation;
use crate::login::Client;
use crate::login_steps::is_ours;
use downcity_core::attempt::{EXCHANGE_LIMIT, Finisher, Standing};
use downcity_core::{Attempt, AttemptId, City, Digest, ExternalIdentity, Failure, OpaqueToken, Stage};
pub use downcity_providers::CallbackQuery;
use downcity_providers::{Callback, Exchange, LoginProvider};
use downcity_store::{ByPassword, Claim, Completed, SignIn, StoreError};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, error, info, info_span, warn};

/// Where the browser goes next.
#[derive(Debug)]
pub enum CallbackAnswer {
    /// To the product's `return_to`, with the outcome in the query.
    ToProduct(String),
    /// To our page about the outcome.
    ToOutcome {
        /// Which attempt.
        attempt: Box<Attempt>,
        /// The cookie that shows this browser finished it; absent for a browser that did not.
        finisher: Option<OpaqueToken>,
    },
}

/// Why a callback belongs to no attempt. Nothing was asked of the provider and nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// No `state`, or not one of ours.
    #[error("unknown state")]
    UnknownState,
    /// The attempt ran out before the browser came back.
    #[error("the attempt has expired")]
    Expired,
    /// The store did not answer.
    #[error(transparent)]
    Internal(#[from] StoreError),
}

/// Why the provider's answer ended a sign-in.
struct Refused {
    failure: Failure,
    /// The provider's own code, such as an errcode of WeChat.
    code: Option<String>,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { failure, code: None }
    }
}

/// Whether an answer came by the way that its provider was asked to answer by: a code by POST or not at all, or nothing by
/// POST. A provider that can only answer by GET can't be made to answer in place of one that posts
/// (`docs/decisions/0037-answers-of-issuers-are-posted.md`). An error is heard either way: it takes nothing anywhere.
fn came_as_asked(provider: &dyn LoginProvider, query: &CallbackQuery, meaning: Callback<'_>) -> bool {
    match (provider.answers_by_post(), query.by_post) {
        (true, by_post) => by_post || !matches!(meaning, Callback::Code(_)),
        (false, by_post) => !by_post,
    }
}

/// The cookie of the browser that finished: follows from what only that browser was sent, so that a reload
/// or a second concurrent hit of the same browser gets the same one.
fn finisher_token(state: &str, code: &str) -> OpaqueToken {
    OpaqueToken::from_bytes(&Digest::of(&format!("downcity finisher\n{state}\n{code}")).0)
}

impl Federation {
    /// Takes a callback: claims the attempt, finishes it with the provider, says where the browser goes.
    ///
    /// # Errors
    /// See [`CallbackError`].
    pub async fn login_callback(
        self: &Arc<Self>,
        query: CallbackQuery,
        client: &Client,
    ) -> Result<CallbackAnswer, CallbackError> {
        let state = query.state.as_deref().and_then(OpaqueToken::parse).ok_or(CallbackError::UnknownState)?;
        let found = self.store.attempt_by_state(state.digest()).await?;
        // No provider ever comes back for an attempt that goes through our own steps.
        let found = found.filter(|found| !is_ours(&found.provider)).ok_or(CallbackError::UnknownState)?;
        let code = query.code.clone().unwrap_or_default();
        let finisher = finisher_token(state.reveal(), &code);
        let claimed = match found.stage {
            Stage::Waiting => self.claim_in_task(&found, &state, &finisher, query, client).await?,
            _ => false,
        };
        let settled = match claimed {
            true => self.store.attempt_by_id(&found.attempt_id).await?,
            false => self.settled(found).await?,
        };
        let attempt = settled.ok_or(CallbackError::UnknownState)?;
        if matches!(attempt.stage, Stage::Waiting) {
            // The product can say more than a page of ours, and start again.
            let back = self.product_url(&attempt, state.reveal());
            return back.map(CallbackAnswer::ToProduct).ok_or(CallbackError::Expired);
        }
        let same_browser = attempt.claimed_code == Some(Digest::of(&code));
        Ok(self.answer_browser(attempt, state.reveal(), same_browser.then_some(finisher)))
    }

    /// Claims the attempt and finishes it in a task of its own: from the claim on nobody else will, so a
    /// browser that goes away must not stop it. False when another callback was faster.
    async fn claim_in_task(
        self: &Arc<Self>,
        found: &Attempt,
        state: &OpaqueToken,
        finisher: &OpaqueToken,
        query: CallbackQuery,
        client: &Client,
    ) -> Result<bool, StoreError> {
        let (federation, client) = (Arc::clone(self), client.clone());
        let code = Digest::of(query.code.as_deref().unwrap_or_default());
        let (state, cookie, now) = (state.digest(), finisher.digest(), self.clock.now());
        let claim = Claim { state, code, cookie, by: finisher_of(found, &client) };
        let work = async move {
            let claimed = federation.store.claim_attempt(&claim, now).await?;
            let Some(attempt) = claimed else { return Ok(false) };
            federation.finish(attempt, &query, &client).await;
            Ok(true)
        };
        let span = info_span!("login_callback", attempt_id = %found.attempt_id, provider = found.provider);
        self.tasks.spawn(work.instrument(span)).await.unwrap_or_else(|_| {
            error!(attempt_id = %found.attempt_id, "finishing a sign-in stopped unexpectedly");
            Ok(true)
        })
    }

    /// Waits, for as long as an exchange can take, until a claimed attempt is settled.
    pub(crate) async fn settled(&self, found: Attempt) -> Result<Option<Attempt>, StoreError> {
        let deadline = tokio::time::Instant::now() + EXCHANGE_LIMIT;
        // One whose exchange stopped long ago (the server was killed) has its outcome too: nobody is waited for.
        self.wait_until(&found.attempt_id, deadline, |attempt| {
            !matches!(attempt.stage, Stage::Exchanging { .. })
                || attempt.standing(self.clock.now()) != Standing::Pending
        })
        .await
    }

    fn answer_browser(&self, attempt: Attempt, state: &str, finisher: Option<OpaqueToken>) -> CallbackAnswer {
        match finisher.as_ref().and_then(|_| self.product_url(&attempt, state)) {
            Some(url) => CallbackAnswer::ToProduct(url),
            None => CallbackAnswer::ToOutcome { attempt: Box::new(attempt), finisher },
        }
    }

    /// The product's address with the outcome, if the attempt returns there and is settled.
    pub(crate) fn product_url(&self, attempt: &Attempt, state: &str) -> Option<String> {
        let target = downcity_core::redirect::Target::parse(attempt.return_to.as_deref()?).ok()?;
        match attempt.standing(self.clock.now()) {
            Standing::Ready => {
                let code = self.login_code(attempt);
                Some(target.with_query(&[("state", state), ("code", code.reveal())]))
            }
            Standing::Failed(failure) => {
                Some(target.with_query(&[("state", state), ("error", failure.code())]))
            }
            Standing::Expired => Some(target.with_query(&[("state", state), ("error", "login_expired")])),
            Standing::Pending | Standing::Collected => None,
        }
    }

    /// The one-time code that the browser brings to `return_to`: derived, so never stored.
    pub(crate) fn login_code(&self, attempt: &Attempt) -> OpaqueToken {
        self.vault.derive("login code", attempt.attempt_id.as_str())
    }

    /// Everything between the claim and the outcome.
    async fn finish(&self, attempt: Attempt, query: &CallbackQuery, client: &Client) {
        let outcome = match self.identify(&attempt, query).await {
            Ok(identity) => self.settle_identity(&attempt, identity, client).await,
            Err(Refused { failure, code: None }) => self.end(&attempt, failure).await,
            Err(Refused { failure, code: Some(code) }) => self.end_refused(&attempt, failure, &code).await,
        };
        if let Err(problem) = outcome {
            // The attempt stays claimed and counts as interrupted soon; nothing half made is stored.
            error!(attempt_id = %attempt.attempt_id, error = %problem, "a sign-in could not be stored");
        }
        self.wake(&attempt.attempt_id);
    }

    /// Ends an attempt without a token.
    pub(crate) async fn end(&self, attempt: &Attempt, failure: Failure) -> Result<(), StoreError> {
        let Attempt { attempt_id, city_id, provider, .. } = attempt;
        if self.store.fail_attempt(attempt_id, failure, self.clock.now()).await? {
            self.metrics.signed_in(provider, failure.code());
            info!(%attempt_id, %city_id, %provider, failure = failure.code(), "sign-in ended without a token");
        }
        Ok(())
    }

    /// The same for one that the provider refused with a code of its own.
    async fn end_refused(&self, attempt: &Attempt, failure: Failure, code: &str) -> Result<(), StoreError> {
        let Attempt { attempt_id, city_id, provider, .. } = attempt;
        if self.store.refuse_attempt(attempt_id, (failure, code), self.clock.now()).await? {
            self.metrics.signed_in(provider, failure.code());
            info!(%attempt_id, %city_id, %provider, failure = failure.code(), "sign-in refused by the provider");
        }
        Ok(())
    }

    /// The provider with the app that an attempt was started with. It may have been set up a moment ago on another node.
    async fn provider_of(&self, attempt: &Attempt) -> Option<Arc<dyn LoginProvider>> {
        let app = (attempt.provider.as_str(), attempt.app_id.as_str());
        let known = || self.directory().provider_with_app(&attempt.city_id, app).cloned();
        if let Some(provider) = known() {
            return Some(provider);
        }
        self.catch_up().await;
        known()
    }

    /// The city of an attempt, if it is active. It may have been made or activated a moment ago on another node.
    pub(crate) async fn active_city_of(&self, attempt: &Attempt) -> Option<Arc<City>> {
        let known = || self.directory().cities.get(&attempt.city_id).filter(|city| city.is_active()).cloned();
        if let Some(city) = known() {
            return Some(city);
        }
        self.catch_up().await;
        known()
    }

    async fn identify(&self, attempt: &Attempt, query: &CallbackQuery) -> Result<ExternalIdentity, Refused> {
        let provider = self.provider_of(attempt).await.ok_or_else(|| {
            let (attempt_id, app_id) = (&attempt.attempt_id, &attempt.app_id);
            warn!(%attempt_id, app_id, "the settings of the provider were changed while somebody was signing in; \
                they have to start again; nothing has to be done");
            Refused::from(Failure::ProviderChanged)
        })?;
        let meaning = provider.read_callback(query);
        if !came_as_asked(&*provider, query, meaning) {
            let (attempt_id, provider) = (&attempt.attempt_id, &attempt.provider);
            warn!(%attempt_id, %provider, by_post = query.by_post, "an answer came by another way than was asked for and was \
                refused: the issuer ignores response_mode, or somebody led another provider's answer here \
                (docs/oidc-login.md)");
            return Err(Failure::AnswerRefused.into());
        }
        let code = match meaning {
            Callback::Code(code) => code,
            Callback::Denied => return Err(Failure::AccessDenied.into()),
            Callback::Error(failure) => return Err(failure.into()),
        };
        let proofs = self.proofs(attempt);
        let exchange = Exchange {
            code,
            redirect_uri: &attempt.redirect_uri,
            proofs: &proofs,
            iss: query.iss.as_deref(),
            now: self.clock.now(),
        };
        let breaker = self.breakers.of(provider.id());
        let Some(passage) = breaker.pass().await else {
            self.metrics.called(provider.id(), "not_asked", Duration::ZERO);
            warn!(attempt_id = %attempt.attempt_id, provider = %attempt.provider,
                "the provider was not asked: it has not answered for a while; it is tried again by itself");
            return Err(Failure::ProviderUnavailable.into());
        };
        let began = Instant::now();
        let span = info_span!("provider.identify", provider = provider.id(), outcome = Empty);
        let asked = provider.identify(&exchange).instrument(span.clone()).await;
        let outcome = asked.as_ref().map_or_else(|problem| problem.failure.code(), |_| "ok");
        span.record("outcome", outcome);
        self.metrics.called(provider.id(), outcome, began.elapsed());
        match &asked {
            Err(problem) if problem.is_silence => {
                if passage.failed() {
                    warn!(provider = %attempt.provider, "the provider failed several times in a row: it is left alone for a while");
                }
            }
            _ => passage.answered(),
        }
        asked.map_err(|problem| {
            warn!(
                attempt_id = %attempt.attempt_id,
                provider = %attempt.provider,
                provider_code = problem.provider_code,
                failure = problem.failure.code(),
                "{}", problem.report
            );
            Refused { failure: problem.failure, code: problem.provider_code.map(|code| code.to_string()) }
        })
    }

    /// Holds the identity for confirmation, or completes the sign-in at once.
    async fn settle_identity(
        &self,
        attempt: &Attempt,
        identity: ExternalIdentity,
        client: &Client,
    ) -> Result<(), StoreError> {
        let id = &attempt.attempt_id;
        let Some(city) = self.active_city_of(attempt).await else {
            return self.end(attempt, Failure::CityUnavailable).await;
        };
        let browser = client.browser.as_ref().map(OpaqueToken::digest);
        if attempt.needs_confirmation(city.confirm, client.network, browser) {
            let sealed = self.vault.seal_json(&held_place(&attempt.attempt_id), &identity);
            return self.store.hold_attempt(id, &sealed, self.clock.now()).await.map(drop);
        }
        self.complete(attempt, identity, None).await
    }

    /// Finds or makes the user and settles the attempt, in one transaction; `by` a password only while it is
    /// still theirs.
    pub(crate) async fn complete(
        &self,
        attempt: &Attempt,
        identity: ExternalIdentity,
        by: Option<ByPassword>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let user_id = downcity_core::UserId::fresh(now, &self.random.bytes());
        let (city, from) = (Some(attempt.city_id.as_str()), Some(attempt.starter.network));
        let detail = json!({"provider": attempt.provider});
        let signed_up = self.event("user.signed_up", Actor::User, user_id.as_str(), (city, from), &detail);
        let sign_in = SignIn {
            attempt_id: attempt.attempt_id.clone(),
            identity,
            user_id,
            identity_id: downcity_core::IdentityId::fresh(now, &self.random.bytes()),
            signed_up: Some(signed_up),
            started_at: attempt.created_at,
            by,
            now,
        };
        if let Some(link) = &attempt.link {
            return self.complete_link(attempt, link, sign_in).await;
        }
        let (attempt_id, city_id, provider) = (&attempt.attempt_id, &attempt.city_id, &attempt.provider);
        match self.store.complete_sign_in(&sign_in).await? {
            Completed::SignedIn { user_id, new_user, conflicts_with } => {
                self.metrics.signed_in(provider, "done");
                info!(%attempt_id, %city_id, %provider, %user_id, new_user, "signed in");
                if let Some(other) = conflicts_with {
                    warn!(%user_id, other_user_id = %other, "two users share this person: an openid of one, a unionid of the other");
                }
            }
            Completed::UserDisabled => {
                self.metrics.signed_in(provider, Failure::UserDisabled.code());
                info!(%attempt_id, %city_id, %provider, "sign-in of a disabled user refused");
            }
            Completed::Revoked => {
                self.metrics.signed_in(provider, Failure::SignInRevoked.code());
                info!(%attempt_id, %city_id, %provider, "what would have let them in was ended during the sign-in");
            }
            Completed::Lost => warn!(%attempt_id, "a sign-in was settled elsewhere first"),
        }
        Ok(())
    }
}

/// Who finishes an attempt.
pub(crate) fn finisher_of(attempt: &Attempt, client: &Client) -> Finisher {
    let browser = client.browser.as_ref().map(OpaqueToken::digest);
    Finisher {
        network: client.network,
        agent: client.agent.clone(),
        same_client: attempt.is_started_by(client.network, browser),
    }
}

/// Where an identity that waits for confirmation is stored, for the vault.
pub(crate) fn held_place(attempt_id: &AttemptId) -> String {
    format!("login_attempts/{attempt_id}/held_identity")
}
