//! The code against an ID token (once), the ID token against a person.

use super::id_token::{self, Expected};
use super::issuer::Asking;
use super::metadata::Metadata;
use super::{GOOGLE_TOO, Oidc, TOTAL};
use crate::line::Fault;
use crate::profile::{NAME, clean_email};
use crate::token::{Fields, ask, text, unavailable};
use crate::{Exchange, ProviderError};
use downcity_core::identity::{KeyKind, clean_avatar, clean_text};
use downcity_core::{ExternalIdentity, Failure, IdentityKey, Profile};
use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::Instant;
use url::form_urlencoded::byte_serialize;

/// Exchanges the code, checks the ID token, and asks for the profile where the token has none. The tokens
/// are forgotten on return.
pub(super) async fn identify(app: &Oidc, given: &Exchange<'_>) -> Result<ExternalIdentity, ProviderError> {
    let until = Instant::now() + TOTAL;
    let url = app.issuer.url();
    let metadata = app.issuer.metadata(&app.outside, given.now, until).await?;
    // RFC 9207 §2.4; another `iss` never came this far.
    let iss_is_due = metadata.authorization_response_iss_parameter_supported;
    if given.iss.is_some_and(|iss| iss != url) || (iss_is_due && given.iss.is_none()) {
        let report =
            format!("The callback for {url} was refused: its `iss` is missing or another one (RFC 9207).");
        return Err(ProviderError::new(Failure::AnswerRefused, report));
    }
    let tokens = exchange(app, given, &metadata, until).await?;
    let what = format!("The token endpoint of {url}");
    let id_token = text(&tokens, "id_token");
    let id_token = id_token.ok_or_else(|| {
        unavailable(&what, "the answer holds no id_token; is the scope `openid` allowed there")
    })?;
    let issuers: &[&str] = if app.is_google { &[url, GOOGLE_TOO] } else { &[url] };
    let nonce = given.proofs.nonce();
    let expected = Expected { issuers, client_id: &app.client_id, nonce: &nonce, now: given.now };
    let asking = Asking { outside: &app.outside, metadata: &metadata, now: given.now, until };
    let claims = id_token::verify(id_token, &expected, &app.issuer, &asking).await?;
    let more = match is_told(&claims) {
        true => None,
        false => userinfo(app, &metadata, &tokens, &claims, until).await?,
    };
    Ok(identity(app, &claims, more.as_ref()))
}

/// Never repeated: a code is taken once.
async fn exchange(
    app: &Oidc,
    given: &Exchange<'_>,
    metadata: &Metadata,
    until: Instant,
) -> Result<Fields, ProviderError> {
    let request = exchange_request(app, given, metadata);
    ask(&format!("The token endpoint of {}", app.issuer.url()), request, until).await
}

/// The question that exchanges a code.
pub(super) fn exchange_request(
    app: &Oidc,
    given: &Exchange<'_>,
    metadata: &Metadata,
) -> Result<RequestBuilder, Fault> {
    let verifier = metadata.takes_pkce().then(|| given.proofs.code_verifier());
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", given.code),
        ("redirect_uri", given.redirect_uri),
    ];
    form.extend(verifier.as_deref().map(|verifier| ("code_verifier", verifier)));
    let in_body = metadata.secret_in_body();
    if in_body {
        form.extend([("client_id", app.client_id.as_str()), ("client_secret", app.secret.expose_secret())]);
    }
    app.outside.post_guarded(&metadata.token_endpoint).map(|request| {
        let request = request.header("accept", "application/json").form(&form);
        match in_body {
            true => request,
            // RFC 6749 §2.3.1: both are form-encoded first.
            false => request.basic_auth(encode(&app.client_id), Some(encode(app.secret.expose_secret()))),
        }
    })
}

fn encode(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// Whether the ID token itself tells who it is.
fn is_told(claims: &Fields) -> bool {
    text(claims, "name").is_some() || text(claims, "preferred_username").is_some()
}

/// What the issuer tells about the person besides. Nothing fails without it, except when it is about
/// somebody else (Core §5.3.2).
async fn userinfo(
    app: &Oidc,
    metadata: &Metadata,
    tokens: &Fields,
    claims: &Fields,
    until: Instant,
) -> Result<Option<Fields>, ProviderError> {
    let (Some(address), Some(token)) = (&metadata.userinfo_endpoint, text(tokens, "access_token")) else {
        return Ok(None);
    };
    let what = format!("The userinfo endpoint of {}", app.issuer.url());
    let request = app.outside.get_guarded(address);
    let request = request.map(|request| request.header("accept", "application/json").bearer_auth(token));
    match ask(&what, request, until).await {
        Ok(fields) if text(&fields, "sub") == text(claims, "sub") => Ok(Some(fields)),
        Ok(_) => {
            let report = format!("{what} was refused: it tells about somebody else than the ID token.");
            Err(ProviderError::new(Failure::AnswerRefused, report))
        }
        Err(error) => {
            tracing::info!(cause = error.report, "an issuer told no profile");
            Ok(None)
        }
    }
}

fn identity(app: &Oidc, claims: &Fields, more: Option<&Fields>) -> ExternalIdentity {
    let find = |name| text(claims, name).or_else(|| text(more?, name));
    let name = find("name").or_else(|| find("preferred_username")).or_else(|| find("nickname"));
    // Address and verification have to come from the same place. Some issuers send the flag as text.
    let verified = |fields: &&Fields| {
        matches!(fields.get("email_verified"), Some(Value::Bool(true)))
            || text(fields, "email_verified") == Some("true")
    };
    let from = Some(claims).filter(|claims| text(claims, "email").is_some()).or(more).filter(verified);
    let sub = text(claims, "sub").unwrap_or_default().to_owned();
    ExternalIdentity {
        provider: app.id.clone(),
        keys: vec![IdentityKey { kind: KeyKind::Sub, scope: app.issuer.url().to_owned(), value: sub }],
        profile: Profile {
            display_name: name.and_then(|name| clean_text(name, NAME)),
            avatar_url: find("picture").and_then(clean_avatar),
            email: from.and_then(|fields| text(fields, "email")).and_then(clean_email),
        },
    }
}
