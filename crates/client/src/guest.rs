//! Somebody who is not signed in yet.

use crate::{
    Caller, Error, OauthResult, OauthStart, ProviderList, SignIn, SignInDone, SignedIn, Timestamp, sign_in,
    time,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

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
    /// Whether a refresh token is wanted too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh: Option<bool>,
}

/// Body of `accounts/register`; the city is the guest's.
#[derive(Debug, Clone)]
pub struct Register<'a> {
    /// The address.
    pub email: &'a str,
    /// The password: 8 to 256 characters.
    pub password: &'a SecretString,
    /// What they want to be called.
    pub name: Option<&'a str>,
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
        sign_in::ask(&self.caller, state, verifier, wait).await
    }

    /// Waits for the outcome of a login as a stream of events, for at most `patience`.
    ///
    /// # Errors
    /// As for [`result`](Self::result); `timeout` when there was no outcome in time.
    pub async fn events(
        &self,
        state: &str,
        verifier: Option<&SecretString>,
        patience: Duration,
    ) -> Result<OauthResult, Error> {
        sign_in::listen(&self.caller, state, verifier, patience).await
    }

    /// Signs a person in: starts the login, hands the provider's URL to `open` (print it, draw it as a QR code, or
    /// start a browser), waits for the outcome. Where the page has to be opened says [`SignIn::here`]. Dropping the future
    /// stops waiting.
    ///
    /// # Errors
    /// [`Error::SignIn`] when the person or the provider refused, [`Error::Expired`] when nobody finished in time,
    /// and any [`Error`] of a call. Temporary failures while waiting are tried again until the login runs out.
    pub async fn sign_in(&self, options: &SignIn, open: impl FnOnce(&str)) -> Result<SignedIn, Error> {
        sign_in::run(&self.caller, "oauth/start", options, open).await
    }

    /// Begins a registration: a link is mailed, and there is no account before it is used. The answer is the same
    /// whether the address has an account or not.
    ///
    /// # Errors
    /// Any [`Error`] of a call; a password that is too short or too common is status 400.
    pub async fn register(&self, register: &Register<'_>) -> Result<(), Error> {
        let Register { email, password, name } = register;
        let body = json!({ "email": email, "password": password.expose_secret(), "name": name });
        self.caller.post::<Value>("accounts", "register", &body).await.map(drop)
    }

    /// Verifies an address with the token of the mailed link: makes the account and signs it in.
    ///
    /// # Errors
    /// Any [`Error`] of a call; a token that is unknown, used or over is `spent_token`, status 410.
    pub async fn verify_email(&self, token: &SecretString) -> Result<SignedIn, Error> {
        let body = json!({ "token": token.expose_secret() });
        let answer = self.caller.post("accounts", "verify-email", &body).await?;
        Ok(self.by_email(answer))
    }

    /// Signs in with an address and its password.
    ///
    /// # Errors
    /// Any [`Error`] of a call; `wrong_credentials`, status 401, whichever of the two is wrong.
    pub async fn login(&self, email: &str, password: &SecretString) -> Result<SignedIn, Error> {
        let body = json!({ "email": email, "password": password.expose_secret() });
        let answer = self.caller.post("accounts", "login", &body).await?;
        Ok(self.by_email(answer))
    }

    /// Mails a link for a new password, if the address has an account.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn forgot_password(&self, email: &str) -> Result<(), Error> {
        let body = json!({ "email": email });
        self.caller.post::<Value>("accounts", "password/forgot", &body).await.map(drop)
    }

    /// Sets a new password with the token of the mailed link, and ends every session. It signs nobody in.
    ///
    /// # Errors
    /// Any [`Error`] of a call; `spent_token`, status 410.
    pub async fn reset_password(&self, token: &SecretString, password: &SecretString) -> Result<(), Error> {
        let body = json!({ "token": token.expose_secret(), "password": password.expose_secret() });
        self.caller.post::<Value>("accounts", "password/reset", &body).await.map(drop)
    }

    pub(crate) fn by_email(&self, answer: LoginAnswer) -> SignedIn {
        let LoginAnswer { user_token, user_id, city_id, expires_at, refresh_token } = answer;
        let provider = "email".to_owned();
        let done = SignInDone { user_token, user_id, city_id, provider, expires_at, refresh_token };
        sign_in::signed_in(&self.caller, done)
    }
}

/// Answer of `login`, `verify-email` and `email/finish`.
#[derive(Deserialize)]
pub(crate) struct LoginAnswer {
    user_token: SecretString,
    user_id: String,
    city_id: String,
    #[serde(default, deserialize_with = "time::optional")]
    expires_at: Option<Timestamp>,
    refresh_token: Option<SecretString>,
}
