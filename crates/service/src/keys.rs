//! The keys behind `user_token`: Ed25519, made on the server, sealed at rest, published as a JWK set.
//!
//! Signing uses the parsed key directly, since a library that parses it for every token costs more than the
//! signature; checking is left to the library.

use crate::result::sid_digest;
use crate::vault::{SealError, Vault};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use downcity_core::token::{AUDIENCE, PREFIX};
use downcity_core::{Claims, Digest, Timestamp};
use downcity_store::{SigningKeyRow, Store, StoreError};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use quick_cache::sync::Cache;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use url::Url;

/// Tokens whose signature is remembered as good: a bound on memory, not on users.
const REMEMBERED: usize = 20_000;
/// How far clocks may differ (security requirement I4).
const LEEWAY_SECONDS: i64 = 30;
/// Longer than any token of ours.
const LONGEST_TOKEN: usize = 8192;

/// Why the signing keys could not be read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sealed key did not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A stored key is not a key.
    #[error("signing key {0} is not an Ed25519 key")]
    NotAKey(String),
    /// The operating system made no key.
    #[error("no signing key could be made")]
    NotMade,
}

/// Why a token is not accepted. One value on purpose: a caller learns nothing from the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadToken;

/// What a good token says.
pub(crate) struct Checked {
    pub(crate) claims: Arc<Claims>,
    /// Finds its session.
    pub(crate) sid: Digest,
}

pub(crate) struct TokenKeys {
    signer: Ed25519KeyPair,
    header: String,
    readers: HashMap<String, DecodingKey>,
    validation: Validation,
    seen: Cache<Digest, Arc<Checked>>,
    jwks: String,
}

fn place(kid: &str) -> String {
    format!("signing_keys/{kid}/sealed")
}

impl TokenKeys {
    /// Reads the keys, making the first one on a first start.
    pub(crate) async fn open(
        store: &Store,
        vault: &Vault,
        issuer: &Url,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let mut rows = store.signing_keys().await?;
        if !rows.iter().any(|row| row.active) {
            // Another node may be first: whoever loses uses the winner's key.
            store.insert_first_signing_key(&new_key(vault, now)?).await?;
            rows = store.signing_keys().await?;
        }
        let active = rows.iter().find(|row| row.active).ok_or(KeyError::NotMade)?;
        let private = vault.open(&place(&active.kid), &active.sealed)?;
        let signer =
            Ed25519KeyPair::from_pkcs8(&private).map_err(|_| KeyError::NotAKey(active.kid.clone()))?;
        let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": active.kid}).to_string();
        let readers =
            rows.iter().map(|row| (row.kid.clone(), DecodingKey::from_ed_der(&row.public))).collect();
        Ok(Self {
            signer,
            header: B64.encode(header),
            readers,
            validation: validation(issuer),
            seen: Cache::new(REMEMBERED),
            jwks: jwks(&rows),
        })
    }

    /// Writes a token. The same claims always give the same token, since Ed25519 is deterministic (RFC 8032).
    pub(crate) fn sign(&self, claims: &Claims) -> String {
        let payload = serde_json::to_vec(claims).expect("claims are plain text and numbers");
        let mut token = String::with_capacity(PREFIX.len() + self.header.len() + payload.len() * 2);
        token.push_str(PREFIX);
        token.push_str(&self.header);
        token.push('.');
        B64.encode_string(payload, &mut token);
        let signature = self.signer.sign(&token.as_bytes()[PREFIX.len()..]);
        token.push('.');
        B64.encode_string(signature.as_ref(), &mut token);
        token
    }

    /// Checks a token's form, signature and times. Whether its session still stands is the caller's question.
    pub(crate) fn check(&self, token: &str, now: Timestamp) -> Result<Arc<Checked>, BadToken> {
        if token.len() > LONGEST_TOKEN {
            return Err(BadToken);
        }
        let digest = Digest::of(token);
        let checked = match self.seen.get(&digest) {
            Some(checked) => checked,
            None => {
                let claims = Arc::new(self.verify(token).ok_or(BadToken)?);
                let checked = Arc::new(Checked { sid: sid_digest(&claims.sid), claims });
                self.seen.insert(digest, Arc::clone(&checked));
                checked
            }
        };
        let claims = &checked.claims;
        let in_time =
            now.seconds() < claims.exp + LEEWAY_SECONDS && claims.iat <= now.seconds() + LEEWAY_SECONDS;
        if in_time { Ok(checked) } else { Err(BadToken) }
    }

    /// The library's checks, with the algorithm taken from our key and never from the header (RFC 8725 §3.1).
    fn verify(&self, token: &str) -> Option<Claims> {
        let jwt = token.strip_prefix(PREFIX)?;
        let header = decode_header(jwt).ok()?;
        let plain = header.typ.as_deref() == Some("JWT")
            && header.jku.is_none()
            && header.jwk.is_none()
            && header.x5u.is_none()
            && header.x5c.is_none()
            && header.crit.is_none();
        if !plain {
            return None;
        }
        let key = self.readers.get(header.kid.as_deref()?)?;
        decode::<Claims>(jwt, key, &self.validation).ok().map(|data| data.claims)
    }

    /// The public keys as a JWK set (RFC 7517 §5), for anybody who checks tokens offline.
    pub(crate) fn jwks(&self) -> &str {
        &self.jwks
    }
}

fn validation(issuer: &Url) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[issuer.origin().ascii_serialization()]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // Times are checked on every use against our own clock, also for remembered tokens.
    validation.validate_exp = false;
    validation
}

fn new_key(vault: &Vault, now: Timestamp) -> Result<SigningKeyRow, KeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::NotMade)?;
    let private = pair.to_pkcs8().map_err(|_| KeyError::NotMade)?;
    let public = pair.public_key().as_ref().to_vec();
    let kid = thumbprint(&public);
    let sealed = vault.seal(&place(&kid), private.as_ref());
    Ok(SigningKeyRow { kid, sealed, public, active: true, created_at: now })
}

/// The JWK thumbprint of an Ed25519 key (RFC 7638 §3, RFC 8037 §2): its `kid`.
fn thumbprint(public: &[u8]) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, B64.encode(public));
    B64.encode(Digest::of(&canonical).0)
}

fn jwks(rows: &[SigningKeyRow]) -> String {
    let keys: Vec<_> = rows
        .iter()
        .map(|row| {
            let x = B64.encode(&row.public);
            json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": row.kid, "x": x})
        })
        .collect();
    json!({ "keys": keys }).to_string()
}
