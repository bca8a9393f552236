//! What can go wrong in a call, in a form that a program can act on.

use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// A failed call.
///
/// No variant carries a token, a key, a `state` or a URL: any of them may be logged as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address of the Federation, or an argument of the call, cannot be used.
    #[error("{0}")]
    Input(String),
    /// The Federation answered with an error.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// No complete answer arrived: connection, TLS, time-out.
    #[error("the Federation could not be reached")]
    Transport(#[source] reqwest::Error),
    /// The Federation did not begin its answer in time, or broke off in the middle of a long one.
    #[error("the Federation did not answer in time")]
    Stalled,
    /// An answer arrived that the wire contract does not know: not JSON, too long, a field missing.
    #[error("the Federation's answer could not be understood: {0}")]
    Answer(String),
    /// A sign-in ended without a user: `code` says why (`access_denied`, …), `message` says it to a person.
    #[error("{message}")]
    SignIn {
        /// Stable reason in `snake_case`.
        code: String,
        /// A sentence for a person, from the Federation.
        message: String,
    },
    /// Nobody finished the sign-in before it ran out.
    #[error("the sign-in was not finished in time")]
    Expired,
}

/// An error answered by the Federation: `{"error", "code", "request_id", "details"?}` and its status.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message} ({status} {code})")]
#[non_exhaustive]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// Stable reason in `snake_case`; `http_<status>` where the answer was not the Federation's own (a proxy's page).
    pub code: String,
    /// A sentence for a person.
    pub message: String,
    /// The Federation's name for this request, to be quoted to its operator.
    pub request_id: Option<String>,
    /// Which field is at fault, where one is.
    pub details: Option<Value>,
    /// How long to wait before another try (`Retry-After`, whole seconds).
    pub retry_after: Option<Duration>,
}

#[derive(Deserialize)]
struct Body {
    error: String,
    code: Option<String>,
    request_id: Option<String>,
    details: Option<Value>,
}

impl ApiError {
    pub(crate) fn from_answer(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let fallback = || format!("http_{status}");
        match serde_json::from_slice::<Body>(body) {
            Ok(body) => Self {
                status,
                code: body.code.unwrap_or_else(fallback),
                message: body.error,
                request_id: body.request_id,
                details: body.details,
                retry_after,
            },
            // What stands in the way of the Federation may say anything, so its text is not repeated.
            Err(_) => Self {
                status,
                code: fallback(),
                message: format!("the server answered with status {status}"),
                request_id: None,
                details: None,
                retry_after,
            },
        }
    }
}

impl Error {
    /// HTTP status of the answer, when there was an error answer.
    pub fn status(&self) -> Option<u16> {
        self.api().map(|error| error.status)
    }

    /// A stable reason in `snake_case`; for errors of this side `invalid_input`, `timeout`, `network_error`,
    /// `invalid_answer`, `login_expired`.
    pub fn code(&self) -> &str {
        match self {
            Self::Input(_) => "invalid_input",
            Self::Api(error) => &error.code,
            Self::Transport(error) if error.is_timeout() => "timeout",
            Self::Stalled => "timeout",
            Self::Transport(_) => "network_error",
            Self::Answer(_) => "invalid_answer",
            Self::SignIn { code, .. } => code,
            Self::Expired => "login_expired",
        }
    }

    /// A sentence for a person.
    pub fn message(&self) -> String {
        self.api().map_or_else(|| self.to_string(), |error| error.message.clone())
    }

    /// The Federation's name for the failed request, if it answered with one.
    pub fn request_id(&self) -> Option<&str> {
        self.api().and_then(|error| error.request_id.as_deref())
    }

    /// How long to wait before another try, if the Federation said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.api().and_then(|error| error.retry_after)
    }

    /// Whether the same call may succeed a little later: no answer, 429, or a 5xx.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Transport(_) | Self::Stalled => true,
            Self::Api(error) => error.status == 429 || error.status >= 500,
            _ => false,
        }
    }

    fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }

    /// Drops the URL, whose query may hold a `state`.
    pub(crate) fn transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_builder() {
            return Self::Input(format!("the request could not be formed: {error}"));
        }
        Self::Transport(error)
    }
}
