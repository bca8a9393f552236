//! Somebody who is not signed in yet.

use crate::caller::CALL_TIMEOUT;
use crate::{Caller, Error, OauthResult, OauthStart, ProviderList, SignIn, SignedIn, sign_in};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::time::Duration;

/// How much longer than the asked wait a long poll may take.
const WAIT_GRACE: Duration = Duration::from_secs(10);

/// Somebody who is not signed in, from [`Federation::guest`](crate::Federation::guest).
#[derive(Debug, Clone)]
pub struct Guest {
    caller: Caller,
}

/// Body of `accounts/oauth/start`; the city is the guest's.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OauthStartRequest<'a> {
    /// Which provider, e.g. `wechat`.
    pub provider: &'a str,
    /// Where the browser goes after the sign-in; must be allowed for the city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_to: Option<&'a str>,
    /// Challenge of [`Pkce`](crate::Pkce).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<&'a str>,
    /// `S256` when there is a challenge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge_method: Option<&'a str>,
    /// Language of the provider's page: `en` or `cn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<&'a str>,
    /// Whether a WeChat desktop client may answer in place of a scan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fast_login: Option<bool>,
}

#[derive(Serialize)]
struct ResultQuery<'a> {
    state: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_verifier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<u64>,
}

impl Guest {
    pub(crate) fn new(caller: Caller) -> Self {
        Self { caller }
    }

    /// Calls by name.
    pub fn raw(&self) -> &Caller {
        &self.caller
    }

    /// The ways to sign in that can be used now in the city: ask before showing a button.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn providers(&self) -> Result<ProviderList, Error> {
        let city: Vec<_> = self.caller.city_id().map(|id| ("city_id", id)).into_iter().collect();
        self.caller.get("accounts", "providers", &city).await
    }

    /// Starts a login. [`sign_in`](Self::sign_in) does this and the rest.
    ///
    /// # Errors
    /// Any [`Error`] of a call; unknown city 404, paused 403, `provider_not_configured` 400.
    pub async fn start(&self, request: &OauthStartRequest<'_>) -> Result<OauthStart, Error> {
        self.caller.post("accounts", "oauth/start", request).await
    }

    /// Asks how a login stands. With `wait` the Federation answers when there is news, or after that time (whole
    /// seconds) with [`OauthResult::Pending`].
    ///
    /// # Errors
    /// Any [`Error`] of a call; an unknown `state` is status 404, an expired or collected one 410.
    pub async fn result(
        &self,
        state: &str,
        verifier: Option<&SecretString>,
        wait: Option<Duration>,
    ) -> Result<OauthResult, Error> {
        let wait = wait.map(|wait| wait.as_secs());
        let query = ResultQuery { state, code_verifier: verifier.map(ExposeSecret::expose_secret), wait };
        let timeout = wait.map_or(CALL_TIMEOUT, |wait| Duration::from_secs(wait) + WAIT_GRACE);
        self.caller.get_within(timeout, "accounts", "oauth/result", &query).await
    }

    /// Signs a person in: starts the login, hands the provider's URL to `open` (print it, draw it as a QR code, or
    /// start a browser), waits for the outcome. Dropping the future stops waiting.
    ///
    /// # Errors
    /// [`Error::SignIn`] when the person or the provider refused, [`Error::Expired`] when nobody finished in time,
    /// and any [`Error`] of a call. Temporary failures while waiting are tried again until the login runs out.
    pub async fn sign_in(&self, options: &SignIn, open: impl FnOnce(&str)) -> Result<SignedIn, Error> {
        sign_in::run(self, options, open).await
    }
}
