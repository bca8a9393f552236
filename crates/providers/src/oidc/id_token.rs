//! The ID token: every check of OpenID Connect Core §3.1.3.7, with the rules of RFC 8725.

use super::issuer::{Asking, Candidates, Issuer};
use super::keys::is_accepted;
use crate::ProviderError;
use crate::token::{Fields, text};
use downcity_core::{Failure, Timestamp};
use jsonwebtoken::{Validation, decode, decode_header};
use serde_json::Value;
use std::time::Duration;

/// How far the issuer's clock may be off.
const SKEW: Duration = Duration::from_secs(60);
/// The longest token that is looked at, in bytes.
const LONGEST: usize = 32 * 1024;

/// What a token has to say to be for this sign-in.
pub(super) struct Expected<'a> {
    /// The issuer's names; all but the first are other spellings of the same one.
    pub(super) issuers: &'a [&'a str],
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

/// Checks signature and claims; gives the claims.
pub(super) async fn verify(
    token: &str,
    expected: &Expected<'_>,
    issuer: &Issuer,
    asking: &Asking<'_>,
) -> Result<Fields, ProviderError> {
    let claims = signed(token, issuer, asking).await?;
    check(&claims, expected).map_err(|what| refused(issuer.url(), what))?;
    Ok(claims)
}

async fn signed(token: &str, issuer: &Issuer, asking: &Asking<'_>) -> Result<Fields, ProviderError> {
    let refuse = |what| refused(issuer.url(), what);
    // `none` and unknown algorithms can't even be read.
    let header = (token.len() <= LONGEST).then(|| decode_header(token).ok()).flatten();
    let header = header
        .ok_or_else(|| refuse("it is not a signed token, or with an algorithm that is not accepted"))?;
    if !is_accepted(header.alg) {
        return Err(refuse(
            "its algorithm is not accepted: only RS, PS and ES (256, 384), RS512, PS512 and EdDSA are",
        ));
    }
    if header.crit.is_some() {
        return Err(refuse("its header has `crit`"));
    }
    let mut validation = Validation::new(header.alg);
    // The claims are checked below, by the service's own clock.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_aud) = (false, false);
    let claims = |of: &Candidates| {
        let mut found = of.keys.iter().filter_map(|key| decode::<Fields>(token, key, &validation).ok());
        found.next().map(|data| data.claims)
    };
    let mut tried = issuer.keys_for(&header, asking).await?;
    if let Some(claims) = claims(&tried) {
        return Ok(claims);
    }
    if let Some(newer) = issuer.newer_keys_for(&header, &tried, asking).await? {
        if let Some(claims) = claims(&newer) {
            return Ok(claims);
        }
        tried = newer;
    }
    Err(refuse(match tried.keys.is_empty() {
        true => "the issuer has no key of that id and kind",
        false => "its signature is not the issuer's",
    }))
}

pub(super) fn check(claims: &Fields, expected: &Expected<'_>) -> Result<(), &'static str> {
    let iss = text(claims, "iss").ok_or("it names no issuer")?;
    if !expected.issuers.contains(&iss) {
        return Err("it is from another issuer");
    }
    let sub = text(claims, "sub").ok_or("it names nobody (`sub`)")?;
    if sub.len() > 255 || sub.chars().any(char::is_control) {
        return Err("its `sub` is longer than 255 bytes or has control characters");
    }
    let several = match claims.get("aud") {
        Some(Value::String(one)) if one == expected.client_id => false,
        Some(Value::Array(all)) if all.iter().any(|one| one == expected.client_id) => all.len() > 1,
        _ => return Err("it is for another application (`aud`)"),
    };
    match claims.get("azp") {
        Some(azp) if azp != expected.client_id => return Err("it was made for another application (`azp`)"),
        None if several => {
            return Err("it is for several applications and does not say for which it was made (`azp`)");
        }
        _ => {}
    }
    let time = |name: &str| claims.get(name).and_then(seconds);
    let now = expected.now;
    if time("exp").ok_or("it has no `exp`")?.plus(SKEW) <= now {
        return Err("it has run out; check this server's clock");
    }
    if time("iat").ok_or("it has no `iat`")?.minus(SKEW) > now {
        return Err("it is from the future; check this server's clock");
    }
    if claims.contains_key("nbf") && time("nbf").is_none_or(|nbf| nbf.minus(SKEW) > now) {
        return Err("it is not valid yet; check this server's clock");
    }
    if text(claims, "nonce") != Some(expected.nonce) {
        return Err("it was made for another sign-in (`nonce`)");
    }
    Ok(())
}

/// A NumericDate (RFC 7519 §2): seconds, perhaps with a fraction.
fn seconds(value: &Value) -> Option<Timestamp> {
    let millis = match value.as_i64() {
        Some(whole) => whole.checked_mul(1000)?,
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        None => (value.as_f64()? * 1000.0).clamp(0.0, 1e15) as i64,
    };
    (0..=1_000_000_000_000_000).contains(&millis).then_some(Timestamp(millis))
}

fn refused(issuer: &str, what: &str) -> ProviderError {
    ProviderError::new(Failure::AnswerRefused, format!("The ID token from {issuer} was refused: {what}."))
}
