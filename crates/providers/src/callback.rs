//! What a provider sends back with the browser.

use downcity_core::Failure;
use serde::Deserialize;
use std::fmt;

/// The query of the callback address, as far as any provider uses it. All of it is untrusted.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct CallbackQuery {
    /// The authorization code.
    pub code: Option<String>,
    /// The value our start put into the address.
    pub state: Option<String>,
    /// RFC 6749 §4.1.2.1. WeChat does not document it.
    pub error: Option<String>,
    /// RFC 9207. WeChat does not send it.
    pub iss: Option<String>,
    /// Whether the browser brought it by POST (OAuth 2.0 Form Post Response Mode). The request says it, never its content.
    #[serde(skip)]
    pub by_post: bool,
}

impl fmt::Debug for CallbackQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = |value: &Option<String>| value.as_ref().map(|_| "…");
        f.debug_struct("CallbackQuery")
            .field("code", &there(&self.code))
            .field("state", &there(&self.state))
            .field("error", &there(&self.error))
            .field("iss", &there(&self.iss))
            .field("by_post", &self.by_post)
            .finish()
    }
}

/// What a callback means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Callback<'a> {
    /// The person agreed; this code names the agreement, once.
    Code(&'a str),
    /// The person refused.
    Denied,
    /// Something else that ends the attempt without a request to the provider.
    Error(Failure),
}

/// Reads a callback as RFC 6749 §4.1.2 has it. The provider's own text is not looked at.
pub(crate) fn plain_oauth(query: &CallbackQuery) -> Callback<'_> {
    match (query.error.as_deref().unwrap_or_default(), query.code.as_deref().unwrap_or_default()) {
        ("access_denied", _) => Callback::Denied,
        ("", code) if is_code(code) => Callback::Code(code),
        ("", _) => Callback::Error(Failure::CodeRejected),
        (
            "login_required" | "interaction_required" | "consent_required" | "account_selection_required",
            _,
        ) => Callback::Error(Failure::ConsentMissing),
        ("temporarily_unavailable", _) => Callback::Error(Failure::ProviderBusy),
        (
            "invalid_request"
            | "unauthorized_client"
            | "unsupported_response_type"
            | "invalid_scope"
            | "invalid_client"
            | "redirect_uri_mismatch"
            | "application_suspended",
            _,
        ) => Callback::Error(Failure::ProviderMisconfigured),
        _ => Callback::Error(Failure::ProviderUnavailable),
    }
}

/// RFC 6749 appendix A.11: printable ASCII. Some providers' codes are a thousand characters long.
fn is_code(code: &str) -> bool {
    (1..=4096).contains(&code.len()) && code.bytes().all(|b| (0x20..0x7f).contains(&b))
}

impl fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(_) => f.write_str("Code(…)"),
            Self::Denied => f.write_str("Denied"),
            Self::Error(failure) => write!(f, "Error({failure:?})"),
        }
    }
}
