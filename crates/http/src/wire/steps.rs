//! Wire words of signing in by mailed code or link, and of signing in step by step.

use super::accounts::OauthResultQuery;
use super::rfc3339;
use downcity_service::core::{Lang, Secret};
use downcity_service::login::{INTERVAL_SECONDS, Start};
use downcity_service::login_steps::{Asked, Input, Step, Typed};
use downcity_service::result::Ask;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Asks for a mail with a code and a link to sign in with.
#[derive(Deserialize, ToSchema)]
pub(crate) struct EmailStartRequest {
    #[schema(example = "lilei@example.com")]
    pub(crate) email: String,
    /// The city; `city_downcity` when absent.
    pub(crate) city_id: Option<String>,
    /// Where the browser that opens the link goes; must be in the city's `allowed_redirects`. Without it the link
    /// works only in the browser that started.
    return_to: Option<String>,
    /// BASE64URL(SHA256(code_verifier)) (RFC 7636).
    code_challenge: Option<String>,
    /// `S256`, the only method.
    code_challenge_method: Option<String>,
    /// `zh` or `en`: the language of the mail.
    lang: Option<String>,
    /// `true` asks for a refresh token: the user_token is then short-lived, and `token/refresh` gives the next.
    refresh: Option<bool>,
}

impl EmailStartRequest {
    /// Address and start.
    pub(crate) fn split(self) -> (String, Start) {
        let start = Start {
            provider: "email".to_owned(),
            city_id: self.city_id,
            return_to: self.return_to,
            code_challenge: self.code_challenge,
            code_challenge_method: self.code_challenge_method,
            lang: self.lang,
            fast_login: None,
            refresh: self.refresh.unwrap_or(false),
        };
        (self.email, start)
    }
}

/// A mail is on its way, if the address takes one.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmailStartAnswer {
    /// What to send with the code, and what `login/result` takes. A secret of the client that started.
    login_id: String,
    /// When the sign-in runs out (RFC 3339).
    #[schema(format = "date-time")]
    expires_at: String,
    /// How often to ask `login/result`, in seconds, without `wait`.
    interval: u32,
}

impl From<Asked> for EmailStartAnswer {
    fn from(asked: Asked) -> Self {
        Self {
            login_id: asked.login_id.reveal().to_owned(),
            expires_at: rfc3339(asked.expires_at),
            interval: INTERVAL_SECONDS,
        }
    }
}

/// Signs in with the mailed code.
#[derive(Deserialize, ToSchema)]
pub(crate) struct EmailFinishRequest {
    /// From `email/start`.
    #[schema(value_type = String, write_only)]
    pub(crate) login_id: Secret,
    /// The code from the mail, with or without the space.
    #[schema(value_type = String, write_only, example = "1234 5678")]
    pub(crate) code: Secret,
    /// The PKCE verifier, if the start had a challenge.
    pub(crate) code_verifier: Option<String>,
    /// The city of the token, if named.
    pub(crate) city_id: Option<String>,
}

/// Starts a sign-in in steps, with any provider.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LoginStartRequest {
    /// A provider's id from `providers`.
    #[schema(example = "email")]
    provider: String,
    /// The city; `city_downcity` when absent.
    pub(crate) city_id: Option<String>,
    /// For `email`: mails a code at once.
    email: Option<String>,
    /// Where to send the browser afterwards: in the city's `allowed_redirects`, or `http://127.0.0.1/downcity` or
    /// `http://[::1]/downcity` on any port (RFC 8252 §7.3), which need a `code_challenge`.
    return_to: Option<String>,
    /// BASE64URL(SHA256(code_verifier)) (RFC 7636).
    code_challenge: Option<String>,
    /// `S256`, the only method.
    code_challenge_method: Option<String>,
    /// `zh` or `en`.
    lang: Option<String>,
    /// `false` turns WeChat's desktop fast login off for this sign-in.
    fast_login: Option<bool>,
    /// `true` asks for a refresh token: the user_token is then short-lived, and `token/refresh` gives the next.
    refresh: Option<bool>,
}

impl LoginStartRequest {
    /// Address and start.
    pub(crate) fn split(self) -> (Option<String>, Start) {
        let start = Start {
            provider: self.provider,
            city_id: self.city_id,
            return_to: self.return_to,
            code_challenge: self.code_challenge,
            code_challenge_method: self.code_challenge_method,
            lang: self.lang,
            fast_login: self.fast_login,
            refresh: self.refresh.unwrap_or(false),
        };
        (self.email, start)
    }
}

/// Takes the next step of a sign-in.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LoginContinueRequest {
    /// From `login/start`.
    #[schema(value_type = String, write_only)]
    pub(crate) login_id: Secret,
    /// What the person typed, by the names of `inputs`.
    pub(crate) input: LoginInput,
    /// The PKCE verifier, if the start had a challenge.
    pub(crate) code_verifier: Option<String>,
    /// The city of the token, if named.
    pub(crate) city_id: Option<String>,
}

/// What the person typed.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LoginInput {
    /// Their address: alone, a code is mailed to it.
    email: Option<String>,
    /// Their password, together with the address.
    #[schema(value_type = Option<String>, write_only)]
    password: Option<Secret>,
    /// The mailed code.
    #[schema(value_type = Option<String>, write_only)]
    code: Option<Secret>,
    /// The name of a local person.
    name: Option<String>,
}

/// Signs in a local person.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LocalLoginRequest {
    /// Any name; somebody new is made.
    #[schema(example = "lilei")]
    pub(crate) name: String,
    /// The city; `city_downcity` when absent.
    pub(crate) city_id: Option<String>,
}

impl From<LoginInput> for Typed {
    fn from(wire: LoginInput) -> Self {
        // Empty fields of a form are no answers.
        let said = |text: &Secret| !secrecy::ExposeSecret::expose_secret(text).is_empty();
        Self {
            email: wire.email.filter(|email| !email.is_empty()),
            password: wire.password.filter(said),
            code: wire.code.filter(said),
            name: wire.name,
        }
    }
}

/// The next step of a sign-in, told apart by `status`.
#[derive(Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(crate) enum LoginStep {
    /// The browser goes to the provider's page; wait for `login/result`.
    #[schema(title = "LoginRedirectRequired")]
    RedirectRequired {
        /// What names this sign-in.
        login_id: String,
        /// The provider's id.
        provider: String,
        /// Where to send the person.
        url: String,
        /// The same as `login_id`, as `oauth/result` takes it.
        state: String,
        /// When the sign-in runs out (RFC 3339).
        #[schema(format = "date-time")]
        expires_at: String,
        /// How often to ask `login/result`, in seconds, without `wait`.
        interval: u32,
        /// The code that the product shows to the person, who types it on the confirmation page: `XXXX-XXXX`. Present where
        /// the city's `confirm` is `code`.
        #[serde(skip_serializing_if = "Option::is_none")]
        user_code: Option<String>,
    },
    /// Ask the person, then `login/continue`.
    #[schema(title = "LoginInputRequired")]
    InputRequired {
        /// What names this sign-in. A secret of the client that started.
        login_id: String,
        /// The provider's id.
        provider: String,
        /// What to ask for.
        inputs: Vec<LoginInputField>,
        /// When the sign-in runs out (RFC 3339).
        #[schema(format = "date-time")]
        expires_at: String,
    },
    /// Signed in.
    #[schema(title = "LoginDone")]
    Done {
        /// The bearer token of the user.
        #[schema(example = "ub_eyJhbGciOiJFZERTQSJ9.e30.c2ln")]
        user_token: String,
        user_id: String,
        /// The city the token is good for.
        city_id: String,
        /// The provider they signed in with.
        provider: String,
        /// When the token ends (RFC 3339).
        #[schema(format = "date-time")]
        expires_at: String,
        /// What the next token is asked for with, once; only where the sign-in was started with `refresh`.
        #[serde(skip_serializing_if = "Option::is_none")]
        refresh_token: Option<String>,
        /// When the refresh token ends if it is not used (RFC 3339).
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(format = "date-time")]
        refresh_expires_at: Option<String>,
    },
}

/// One field to show.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginInputField {
    /// Its name in `input`.
    #[schema(example = "code")]
    name: &'static str,
    /// `email`, `password`, `code` or `text`.
    #[serde(rename = "type")]
    #[schema(example = "code")]
    kind: &'static str,
    /// Whether the step needs it.
    required: bool,
    /// Its name for people, in the language of `Accept-Language`.
    label: &'static str,
}

impl LoginStep {
    pub(crate) fn of(step: Step, lang: Lang) -> Self {
        let field = |input: &Input| LoginInputField {
            name: input.name,
            kind: input.kind,
            required: input.required,
            label: input.label.get(lang),
        };
        match step {
            Step::Redirect(started) => Self::RedirectRequired {
                login_id: started.state.reveal().to_owned(),
                provider: started.provider,
                url: started.url,
                state: started.state.reveal().to_owned(),
                expires_at: rfc3339(started.expires_at),
                interval: INTERVAL_SECONDS,
                user_code: started.user_code,
            },
            Step::Ask(asked) => Self::InputRequired {
                login_id: asked.login_id.reveal().to_owned(),
                provider: asked.provider,
                inputs: asked.inputs.iter().map(field).collect(),
                expires_at: rfc3339(asked.expires_at),
            },
            Step::Done(handed) => Self::Done {
                expires_at: rfc3339(handed.expires_at),
                refresh_expires_at: handed.refresh_expires_at().map(rfc3339),
                refresh_token: handed.refresh.map(|refresh| refresh.reveal().to_owned()),
                user_token: handed.user_token,
                user_id: handed.session.user_id.to_string(),
                city_id: handed.session.city_id.to_string(),
                provider: handed.session.provider,
            },
        }
    }
}

/// Asks for the outcome of a sign-in in steps.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LoginResultQuery {
    /// The `login_id` from `login/start` or `email/start`.
    login_id: Option<String>,
    /// The same, by the name that `oauth/result` has for it.
    state: Option<String>,
    /// The PKCE verifier, if the sign-in was started with a challenge.
    code_verifier: Option<String>,
    /// The one-time code that the browser brought to `return_to`, if the sign-in has one.
    code: Option<String>,
    /// How many seconds to wait for an outcome, at most 30.
    #[param(minimum = 0, maximum = 30)]
    wait: Option<u64>,
}

impl From<LoginResultQuery> for Ask {
    fn from(wire: LoginResultQuery) -> Self {
        let LoginResultQuery { login_id, state, code_verifier, code, wait } = wire;
        OauthResultQuery { state: login_id.or(state), code_verifier, code, wait }.into()
    }
}
