//! The token endpoint of OAuth (RFC 6749 §4.1.3, §5), for the providers that follow it.

use crate::ProviderError;
use crate::line::{BODY_LIMIT, Fault, Reply, exchange};
use downcity_core::Failure;
use reqwest::RequestBuilder;
use serde_json::{Map, Value};
use tokio::time::Instant;

/// A JSON object.
pub(crate) type Fields = Map<String, Value>;

/// A text field; an empty one is none.
pub(crate) fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// Sends a request and reads a JSON object out of a success. `what` names it for the operator.
pub(crate) async fn ask(
    what: &str,
    request: Result<RequestBuilder, Fault>,
    until: Instant,
) -> Result<Fields, ProviderError> {
    let reply = match request {
        Ok(request) => exchange(request, until, BODY_LIMIT).await.map(|(reply, _)| reply),
        Err(fault) => Err(fault),
    };
    let reply = reply.map_err(|fault| trouble(what, &fault))?;
    tracing::debug!(what, status = reply.status, bytes = reply.body.len(), "a provider answered");
    read(what, &reply)
}

/// What a request that brought nothing means.
pub(crate) fn trouble(what: &str, fault: &Fault) -> ProviderError {
    match fault {
        Fault::Setup(error) => ProviderError::new(Failure::ProviderMisconfigured, format!("{error}.")),
        Fault::Transport(why) => unavailable(what, why).silent(),
        Fault::TooLarge => unavailable(what, "the answer was too large").silent(),
    }
}

/// An interface that can't be used now.
pub(crate) fn unavailable(what: &str, why: &str) -> ProviderError {
    ProviderError::new(Failure::ProviderUnavailable, format!("{what} could not be used: {why}."))
}

/// What a token endpoint said to a made-up code.
pub(crate) struct Told {
    pub(crate) status: u16,
    /// Its error code, if it has the form of one.
    pub(crate) error: Option<String>,
}

impl Told {
    /// Reads an answer.
    pub(crate) fn read(reply: &Reply) -> Self {
        let fields = serde_json::from_slice::<Fields>(&reply.body).ok();
        let error = fields.as_ref().and_then(|fields| text(fields, "error"));
        let plain =
            |code: &&str| code.len() <= 40 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        Self { status: reply.status, error: error.filter(plain).map(str::to_owned) }
    }
}

pub(crate) fn read(what: &str, reply: &Reply) -> Result<Fields, ProviderError> {
    let status = reply.status;
    // An error is one whatever the status says: GitHub sends its errors with 200.
    let fields = serde_json::from_slice::<Fields>(&reply.body).ok();
    if status < 500
        && let Some(code) = fields.as_ref().and_then(|fields| text(fields, "error"))
    {
        return Err(refused(what, status, code));
    }
    match (status, fields) {
        (200..300, Some(fields)) => Ok(fields),
        (200..300, None) => {
            Err(unavailable(what, &format!("it answered HTTP {status} without a JSON object")).silent())
        }
        (401, _) => Err(refused(what, status, "invalid_client")),
        (429, _) => Err(refused(what, status, "slow_down")),
        (500.., _) => Err(unavailable(what, &format!("it answered HTTP {status}")).silent()),
        _ => Err(unavailable(what, &format!("it answered HTTP {status}"))),
    }
}

/// What an error code of a token endpoint means (RFC 6749 §5.2, and GitHub's own words). Only codes that are
/// known here get into the report.
fn refused(what: &str, status: u16, code: &str) -> ProviderError {
    let (failure, report) = match code {
        "invalid_grant" | "bad_verification_code" => (
            Failure::CodeRejected,
            "the code was used already, ran out, or belongs to another sign-in; nothing to do if it is rare",
        ),
        "invalid_client" | "unauthorized_client" | "incorrect_client_credentials" => (
            Failure::ProviderMisconfigured,
            "the client id or secret is wrong: copy both again, or make a new secret",
        ),
        "redirect_uri_mismatch" => (
            Failure::ProviderMisconfigured,
            "the callback URL of this Federation is not the one that is registered there",
        ),
        "unverified_user_email" => {
            (Failure::AccountRestricted, "the person's primary address is not verified there")
        }
        "temporarily_unavailable" | "slow_down" => (Failure::ProviderBusy, "it asks us to come less often"),
        "server_error" => (Failure::ProviderUnavailable, "it has a fault of its own"),
        "invalid_request" | "unsupported_grant_type" | "invalid_scope" => (
            Failure::ProviderMisconfigured,
            "it does not take what this program sends: check the application's settings there",
        ),
        _ => (Failure::ProviderUnavailable, "this version does not know the error that it named"),
    };
    ProviderError::new(failure, format!("{what} refused (HTTP {status}): {report}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stranger chooses the code: what is said about it must not count as silence, which shuts a provider off for all.
    #[test]
    fn only_what_no_code_can_cause_is_silence() {
        let told = |status, body: &str| {
            let reply = Reply { status, body: body.into(), date: None, location: None };
            read("The token endpoint", &reply).unwrap_err()
        };
        for (status, body) in [
            (403, "<html>blocked</html>"),
            (400, ""),
            (400, r#"{"error":"never_heard_of"}"#),
            (400, r#"{"error":"server_error"}"#),
            (400, r#"{"error":"invalid_grant"}"#),
            (429, ""),
        ] {
            assert!(!told(status, body).is_silence, "{status} {body}");
        }
        for (status, body) in
            [(500, ""), (503, r#"{"error":"server_error"}"#), (200, "<html>sign in to the network</html>")]
        {
            assert!(told(status, body).is_silence, "{status} {body}");
        }
        assert!(trouble("The token endpoint", &Fault::Transport("no connection".into())).is_silence);
    }
}
