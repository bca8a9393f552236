//! The code against a token (once), the token against a person and their verified address.

use super::GitHub;
use crate::line::{BODY_LIMIT, Fault, exchange};
use crate::outside::USER_AGENT;
use crate::token::{Fields, ask, text, trouble, unavailable};
use crate::{Exchange, ProviderError};
use downcity_core::identity::{KeyKind, clean_avatar, clean_text};
use downcity_core::{ExternalIdentity, Failure, IdentityKey, Profile, Secret};
use reqwest::RequestBuilder;
use reqwest::header::{ACCEPT, USER_AGENT as AGENT};
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::Instant;

/// How long a whole sign-in may wait for GitHub.
const TOTAL: Duration = Duration::from_secs(8);
/// The version of GitHub's REST interface that this is written for.
const VERSION: &str = "2022-11-28";

const TOKEN: &str = "GitHub's /login/oauth/access_token";
const USER: &str = "GitHub's /user";

/// Exchanges the code and asks who it was. The token is forgotten on return.
pub(super) async fn identify(app: &GitHub, given: &Exchange<'_>) -> Result<ExternalIdentity, ProviderError> {
    let until = Instant::now() + TOTAL;
    let token = token(app, given, until).await?;
    let person = ask(USER, get(app, "/user", &token), until).await.map_err(of_the_token)?;
    let id = number(&person).ok_or_else(|| unavailable(USER, "the answer holds no numeric id"))?;
    let email = email(app, &token, until).await;
    Ok(identity(id, &person, email))
}

/// Never repeated: GitHub takes a code once.
async fn token(app: &GitHub, given: &Exchange<'_>, until: Instant) -> Result<Secret, ProviderError> {
    let verifier = given.proofs.code_verifier();
    let form = [
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.secret.expose_secret()),
        ("code", given.code),
        ("redirect_uri", given.redirect_uri),
        ("code_verifier", &verifier),
    ];
    let url = format!("{}/login/oauth/access_token", app.outside.github());
    let request = app.outside.client().map_err(Fault::Setup);
    let request =
        request.map(|c| c.post(url).header(ACCEPT, "application/json").header(AGENT, USER_AGENT).form(&form));
    let fields = ask(TOKEN, request, until).await?;
    let token = text(&fields, "access_token").filter(|token| token.len() <= 2048);
    let token = token.filter(|token| token.bytes().all(|b| b.is_ascii_graphic()));
    token.map(Secret::from).ok_or_else(|| unavailable(TOKEN, "the answer holds no usable access_token"))
}

fn get(app: &GitHub, path: &str, token: &Secret) -> Result<RequestBuilder, Fault> {
    let client = app.outside.client().map_err(Fault::Setup)?;
    let request = client.get(format!("{}{path}", app.outside.github_api()));
    let request = request.header(ACCEPT, "application/vnd.github+json").header(AGENT, USER_AGENT);
    Ok(request.header("X-GitHub-Api-Version", VERSION).bearer_auth(token.expose_secret()))
}

/// A 401 to the token that GitHub has just made is no matter of the client's secret.
fn of_the_token(error: ProviderError) -> ProviderError {
    match error.failure {
        Failure::ProviderMisconfigured => {
            unavailable(USER, "it did not take the token that it had just made")
        }
        _ => error,
    }
}

/// One of the person's addresses.
#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

/// The primary address, if it is verified. An address is only shown, so nothing fails without it.
async fn email(app: &GitHub, token: &Secret, until: Instant) -> Option<String> {
    const EMAILS: &str = "GitHub's /user/emails";
    let reply = match get(app, "/user/emails", token) {
        Ok(request) => exchange(request, until, BODY_LIMIT).await.map(|(reply, _)| reply),
        Err(fault) => Err(fault),
    };
    match reply {
        Ok(reply) if reply.status == 200 => verified(&reply.body),
        Ok(reply) => {
            tracing::info!(status = reply.status, "GitHub told no address");
            None
        }
        Err(fault) => {
            tracing::info!(cause = trouble(EMAILS, &fault).report, "GitHub told no address");
            None
        }
    }
}

/// GitHub's own number of the account: names and addresses change hands.
pub(super) fn number(person: &Fields) -> Option<u64> {
    person.get("id").and_then(serde_json::Value::as_u64).filter(|id| *id != 0)
}

/// The primary address among these, if it is verified.
pub(super) fn verified(body: &[u8]) -> Option<String> {
    let all: Vec<Address> = serde_json::from_slice(body).unwrap_or_default();
    let primary = all.into_iter().find(|address| address.primary && address.verified)?;
    crate::profile::clean_email(&primary.email)
}

pub(super) fn identity(id: u64, person: &Fields, email: Option<String>) -> ExternalIdentity {
    let name = text(person, "name").or_else(|| text(person, "login"));
    ExternalIdentity {
        provider: GitHub::ID.to_owned(),
        keys: vec![IdentityKey { kind: KeyKind::Sub, scope: String::new(), value: id.to_string() }],
        profile: Profile {
            display_name: name.and_then(|name| clean_text(name, crate::profile::NAME)),
            avatar_url: text(person, "avatar_url").and_then(clean_avatar),
            email,
        },
    }
}
