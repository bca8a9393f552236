//! Ways in that ask the person for something: a mailed code, the steps of any provider; and fresh tokens.

use crate::guest::LoginAnswer;
use crate::{Error, Guest, OauthResult, SignInDone, SignedIn, Timestamp, User, sign_in, time};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A code that was mailed, to be typed by the person. `Debug` leaves `login_id` out: it is half of the way in.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct MailedCode {
    /// Names the login.
    pub login_id: SecretString,
    /// When the code runs out.
    #[serde(deserialize_with = "time::required")]
    pub expires_at: Timestamp,
}

/// What the person is to do next.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
#[non_exhaustive]
pub enum LoginStep {
    /// To go to the provider's page; the outcome is told by [`Guest::login_result`].
    RedirectRequired {
        /// Names the login.
        login_id: SecretString,
        /// The provider.
        provider: String,
        /// Its page.
        url: String,
        /// What to show to the person, who types it on the Federation's page, where the city wants that: `XXXX-XXXX`.
        #[serde(default)]
        user_code: Option<String>,
    },
    /// To type something, which [`Guest::continue_login`] takes.
    InputRequired {
        /// Names the login.
        login_id: SecretString,
        /// The provider.
        provider: String,
        /// What to ask for.
        inputs: Vec<LoginInputField>,
    },
    /// Nothing more.
    Done(SignInDone),
}

/// One thing to ask the person for.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct LoginInputField {
    /// Its name in [`LoginInput`].
    pub name: String,
    /// `email`, `password`, `code` or `text`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it can be left empty.
    pub required: bool,
    /// Its name for a person.
    pub label: String,
}

/// What the person typed. `Debug` shows none of it.
#[derive(Clone, Default)]
pub struct LoginInput {
    /// The address.
    pub email: Option<String>,
    /// The password.
    pub password: Option<SecretString>,
    /// The mailed code.
    pub code: Option<SecretString>,
    /// What they want to be called.
    pub name: Option<String>,
}

impl std::fmt::Debug for LoginInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginInput").finish_non_exhaustive()
    }
}

/// How often a refresh token is sent, and how long an answer is waited for.
const TRADES: u32 = 3;
const TRADE: Duration = Duration::from_secs(4);
const TRADE_PAUSE: Duration = Duration::from_millis(500);
/// From here on a try might reach the Federation later than ten seconds after the first.
const LAST_TRADE: Duration = Duration::from_secs(9);

/// A fresh token, and what to trade for the next one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Refreshed {
    /// The user, ready for calls.
    pub user: User,
    /// The user's bearer, to be kept between runs.
    pub user_token: SecretString,
    /// When it runs out.
    pub expires_at: Timestamp,
    /// To be kept before this token is used: the one that was traded is void.
    pub refresh_token: SecretString,
}

#[derive(Deserialize)]
struct RefreshAnswer {
    user_token: SecretString,
    city_id: String,
    #[serde(deserialize_with = "time::required")]
    expires_at: Timestamp,
    refresh_token: SecretString,
}

#[derive(Serialize)]
struct LoginResultQuery<'a> {
    login_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<u64>,
}

impl Guest {
    /// Mails a code that signs in, to an address with or without an account.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn mail_code(&self, email: &str) -> Result<MailedCode, Error> {
        self.raw().post("accounts", "email/start", &json!({ "email": email })).await
    }

    /// Signs in with the code that the person read in the mail; an address without an account gets one.
    ///
    /// # Errors
    /// Any [`Error`] of a call; a code that is wrong, used or over is refused.
    pub async fn sign_in_with_code(
        &self,
        mailed: &MailedCode,
        code: &SecretString,
    ) -> Result<SignedIn, Error> {
        let body = json!({ "login_id": mailed.login_id.expose_secret(), "code": code.expose_secret() });
        let answer: LoginAnswer = self.raw().post("accounts", "email/finish", &body).await?;
        Ok(self.by_email(answer))
    }

    /// Begins a sign-in with any provider in steps.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn start_login(&self, provider: &str) -> Result<LoginStep, Error> {
        self.raw().post("accounts", "login/start", &json!({ "provider": provider })).await
    }

    /// Takes what the person typed and tells the next step.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn continue_login(
        &self,
        login_id: &SecretString,
        input: &LoginInput,
    ) -> Result<LoginStep, Error> {
        let secret = |text: &Option<SecretString>| text.as_ref().map(|text| text.expose_secret().to_owned());
        let typed = json!({
            "email": input.email,
            "password": secret(&input.password),
            "code": secret(&input.code),
            "name": input.name,
        });
        let body = json!({ "login_id": login_id.expose_secret(), "input": typed });
        self.raw().post("accounts", "login/continue", &body).await
    }

    /// Asks how a sign-in in steps stands, as [`result`](Guest::result) does.
    ///
    /// # Errors
    /// As for [`result`](Guest::result).
    pub async fn login_result(
        &self,
        login_id: &SecretString,
        wait: Option<Duration>,
    ) -> Result<OauthResult, Error> {
        let query =
            LoginResultQuery { login_id: login_id.expose_secret(), wait: wait.map(|wait| wait.as_secs()) };
        let timeout = sign_in::poll_timeout(query.wait);
        self.raw().get_within(timeout, "accounts", "login/result", &query).await
    }

    /// Signs in by a name alone: only where the Federation was started with `--allow-local-login`, for development.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn local_login(&self, name: &str) -> Result<LoginStep, Error> {
        self.raw().post("accounts", "local/login", &json!({ "name": name })).await
    }

    /// Trades a refresh token for a fresh token and the next refresh token. It works once: one that comes again ends
    /// the session. Where no answer came it is tried again at once, at most three times within ten seconds, in which the
    /// Federation gives a lost answer again.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropped at the wrong moment it loses the next refresh token, and the one before ends the session
    /// when it comes again after ten seconds. Where a timeout or a `select!` may drop it, let it run in a task of its own.
    ///
    /// # Errors
    /// Any [`Error`] of a call; status 401 when the refresh token is not good any more.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Refreshed, Error> {
        let body = json!({ "refresh_token": refresh_token.expose_secret() });
        let (hurried, begun) = (self.raw().clone().waiting(TRADE), Instant::now());
        let mut tries = 1;
        let answer: RefreshAnswer = loop {
            match hurried.post("accounts", "token/refresh", &body).await {
                Ok(answer) => break answer,
                Err(error) if tries == TRADES || !error.is_temporary() || error.status() == Some(429) => {
                    return Err(error);
                }
                Err(error) => {
                    sleep(TRADE_PAUSE).await;
                    // A machine that was asleep meanwhile would come too late, and end the session.
                    if begun.elapsed() > LAST_TRADE {
                        return Err(error);
                    }
                    tries += 1;
                }
            }
        };
        let RefreshAnswer { user_token, city_id, expires_at, refresh_token } = answer;
        let caller = self.raw().federation().user(user_token.clone()).raw().clone().in_city(&city_id);
        Ok(Refreshed { user: User::new(caller), user_token, expires_at, refresh_token })
    }
}
