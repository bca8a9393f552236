//! Wire words of the accounts service.

use super::rfc3339;
use downcity_service::core::{Failure, Lang};
use downcity_service::login::{INTERVAL_SECONDS, Start, Started};
use downcity_service::result::{Ask, Told};
use downcity_service::sessions::SignedIn;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// Ways to sign in that can really be used now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderList<'a> {
    pub(crate) items: Vec<ProviderItem<'a>>,
}

/// One way to sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderItem<'a> {
    /// The provider's id, to be sent to `oauth/start`.
    #[schema(example = "wechat")]
    pub(crate) id: &'a str,
    /// How it works.
    #[serde(rename = "type")]
    #[schema(example = "oauth")]
    pub(crate) kind: &'static str,
    /// Always true: what can't be used is not listed.
    pub(crate) enabled: bool,
    /// Its name, in the language of `Accept-Language`.
    #[schema(example = "WeChat")]
    pub(crate) label: &'a str,
}

/// Starts a sign-in.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct OauthStartRequest {
    /// A provider's id from `providers`.
    #[schema(example = "wechat")]
    provider: String,
    /// The city; `city_downcity` when absent.
    #[schema(example = "city_demo")]
    city_id: Option<String>,
    /// Where to send the browser afterwards: in the city's `allowed_redirects`, or `http://127.0.0.1/downcity` or
    /// `http://[::1]/downcity` on any port (RFC 8252 §7.3), which need a `code_challenge`.
    return_to: Option<String>,
    /// BASE64URL(SHA256(code_verifier)) (RFC 7636).
    code_challenge: Option<String>,
    /// `S256`, the only method.
    code_challenge_method: Option<String>,
    /// `zh` or `en`: the language of the provider's page and ours.
    lang: Option<String>,
    /// `false` turns WeChat's desktop fast login off for this sign-in.
    fast_login: Option<bool>,
    /// `true` asks for a refresh token: the user_token is then short-lived, and `token/refresh` gives the next.
    refresh: Option<bool>,
}

impl OauthStartRequest {
    pub(crate) fn city_id(&self) -> Option<&str> {
        self.city_id.as_deref()
    }
}

impl From<OauthStartRequest> for Start {
    fn from(wire: OauthStartRequest) -> Self {
        Self {
            provider: wire.provider,
            city_id: wire.city_id,
            return_to: wire.return_to,
            code_challenge: wire.code_challenge,
            code_challenge_method: wire.code_challenge_method,
            lang: wire.lang,
            fast_login: wire.fast_login,
            refresh: wire.refresh.unwrap_or(false),
        }
    }
}

/// A started sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OauthStartAnswer {
    /// Where to send the person.
    url: String,
    /// What to wait on with `oauth/result`.
    state: String,
    /// The provider's id.
    provider: String,
    /// When the sign-in runs out (RFC 3339).
    #[schema(format = "date-time")]
    expires_at: String,
    /// How often to ask `oauth/result`, in seconds, without `wait`.
    interval: u32,
    /// The code that the product shows to the person, who types it on the confirmation page: `XXXX-XXXX`. Present where the
    /// city's `confirm` is `code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_code: Option<String>,
}

impl From<Started> for OauthStartAnswer {
    fn from(started: Started) -> Self {
        Self {
            url: started.url,
            state: started.state.reveal().to_owned(),
            provider: started.provider,
            expires_at: rfc3339(started.expires_at),
            interval: INTERVAL_SECONDS,
            user_code: started.user_code,
        }
    }
}

/// Asks for the outcome of a sign-in.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OauthResultQuery {
    /// The `state` from `oauth/start`.
    #[param(required = true)]
    pub(crate) state: Option<String>,
    /// The PKCE verifier, if the sign-in was started with a challenge.
    pub(crate) code_verifier: Option<String>,
    /// The one-time code that the browser brought to `return_to`, if the sign-in has one.
    pub(crate) code: Option<String>,
    /// How many seconds to wait for an outcome, at most 30.
    #[param(minimum = 0, maximum = 30)]
    pub(crate) wait: Option<u64>,
}

impl From<OauthResultQuery> for Ask {
    fn from(wire: OauthResultQuery) -> Self {
        Self {
            state: wire.state,
            code_verifier: wire.code_verifier,
            code: wire.code,
            wait: Duration::from_secs(wire.wait.unwrap_or(0)),
        }
    }
}

/// The outcome of a sign-in, told apart by `status`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "lowercase")]
pub(crate) enum OauthResult {
    /// Nothing yet: ask again.
    #[schema(title = "OauthPending")]
    Pending {
        /// How often to ask, in seconds, without `wait`.
        interval: u32,
    },
    /// Signed in. Handed out once.
    #[schema(title = "OauthDone")]
    Done {
        /// The bearer token of the user.
        #[schema(example = "ub_eyJhbGciOiJFZERTQSJ9.e30.c2ln")]
        user_token: String,
        /// The user's id.
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
    /// Ended without a token.
    #[schema(title = "OauthFailed")]
    Failed {
        /// A sentence for the person, in the language of the sign-in.
        error: String,
        /// A stable code for programs.
        code: FailureCode,
    },
}

impl OauthResult {
    pub(crate) fn of(told: Told, lang: Option<Lang>) -> Self {
        match told {
            Told::Pending => Self::Pending { interval: INTERVAL_SECONDS },
            Told::Failed { failure, lang: started } => Self::Failed {
                error: failure.text(lang.unwrap_or(started)).to_owned(),
                code: FailureCode(failure.code()),
            },
            Told::Done(handed) => Self::Done {
                user_id: handed.session.user_id.to_string(),
                city_id: handed.session.city_id.to_string(),
                expires_at: rfc3339(handed.expires_at),
                refresh_expires_at: handed.refresh_expires_at().map(rfc3339),
                refresh_token: handed.refresh.map(|refresh| refresh.reveal().to_owned()),
                user_token: handed.user_token,
                provider: handed.session.provider,
            },
        }
    }
}

/// The event that a stream of outcomes ends with. Only for the document: events are written field by field.
#[expect(dead_code, reason = "it stands in the document alone")]
#[derive(ToSchema)]
pub(crate) struct OauthEvent {
    /// Always `result`.
    #[schema(example = "result")]
    event: String,
    /// An OauthResult as JSON.
    #[schema(example = r#"{"status":"pending","interval":2}"#)]
    data: String,
}

/// Why a sign-in ended without a token.
#[derive(Debug, Serialize)]
pub(crate) struct FailureCode(pub(crate) &'static str);

impl PartialSchema for FailureCode {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .description(Some("Why a sign-in ended without a token. The codes are stable."))
            .enum_values(Some(Failure::ALL.iter().map(|failure| failure.code())))
            .into()
    }
}

impl ToSchema for FailureCode {
    fn name() -> std::borrow::Cow<'static, str> {
        "FailureCode".into()
    }
}

/// The signed-in user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me<'a> {
    user: MeUser<'a>,
    profile: Profile<'a>,
    /// The city the token is good for.
    city_id: &'a str,
    session: MeSession<'a>,
}

/// Who the token names.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeUser<'a> {
    /// Stable; says nothing about the person.
    user_id: &'a str,
    /// What the product attached to a token issued by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a serde_json::Value>,
}

/// What is known about the person. Nothing is invented: WeChat gives no e-mail, so it is null.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Profile<'a> {
    user_id: &'a str,
    #[schema(required)]
    email: Option<&'a str>,
    #[schema(required)]
    display_name: Option<&'a str>,
    #[schema(required)]
    avatar_url: Option<&'a str>,
    #[schema(required)]
    bio: Option<&'a str>,
    /// Their language, as a BCP 47 tag.
    #[schema(required)]
    locale: Option<&'a str>,
}

/// The session the token stands on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeSession<'a> {
    session_id: &'a str,
    /// How they signed in: a provider's id, or `token` when an admin issued it.
    provider: &'a str,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    expires_at: String,
}

impl<'a> From<&'a SignedIn> for Me<'a> {
    fn from(who: &'a SignedIn) -> Self {
        let (session, user, user_id) = (&who.session, who.user.as_deref(), who.claims.user_id.as_str());
        Self {
            profile: Profile {
                user_id,
                email: user.and_then(|u| u.email.as_deref()),
                display_name: user.and_then(|u| u.display_name.as_deref()),
                avatar_url: user.and_then(|u| u.avatar_url.as_deref()),
                bio: user.and_then(|u| u.bio.as_deref()),
                locale: user.and_then(|u| u.locale.as_deref()),
            },
            user: MeUser { user_id, metadata: who.claims.metadata.as_ref() },
            city_id: who.claims.city_id.as_str(),
            session: MeSession {
                session_id: session.session_id.as_str(),
                provider: &session.provider,
                created_at: rfc3339(session.created_at),
                expires_at: rfc3339(session.expires_at),
            },
        }
    }
}

/// Logs out; the body may be empty.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct LogoutRequest {
    /// Clients add their city to every POST; another city than the token's is refused.
    pub(crate) city_id: Option<String>,
}
