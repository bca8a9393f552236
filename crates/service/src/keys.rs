//! The keys behind `user_token`: Ed25519, made on the server, sealed at rest, published as a JWK set.
//!
//! Signing uses the parsed key directly, since a library that parses it for every token costs more than the
//! signature; checking is left to the library.

use crate::result::sid_digest;
use crate::rotation::KeyInfo;
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
use std::time::Duration;
use url::Url;

/// Tokens whose signature is remembered as good: a bound on memory, not on users.
const REMEMBERED: usize = 20_000;
/// How far clocks may differ (security requirement I4).
const LEEWAY_SECONDS: i64 = 30;
/// The same.
pub(crate) const LEEWAY: Duration = Duration::from_secs(30);
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

/// Why a token is not accepted. A caller learns nothing from the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadToken {
    /// It names a key that is not known here: another node may have made it a moment ago.
    UnknownKey,
    /// Anything else.
    Bad,
}

/// What a good token says.
pub(crate) struct Checked {
    pub(crate) claims: Arc<Claims>,
    /// Finds its session.
    pub(crate) sid: Digest,
}

/// The signing keys as they were last read. A change makes new ones, so what was remembered goes with the old.
pub(crate) struct TokenKeys {
    rows: Vec<SigningKeyRow>,
    /// By the time from which each signs; never empty.
    signers: Vec<Signer>,
    readers: HashMap<String, DecodingKey>,
    validation: Validation,
    seen: Cache<Digest, Arc<Checked>>,
    jwks: String,
}

struct Signer {
    starts_at: Timestamp,
    header: String,
    pair: Ed25519KeyPair,
}

pub(crate) fn place(kid: &str) -> String {
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
            store.insert_first_signing_key(&new_key(vault, now, now)?).await?;
            rows = store.signing_keys().await?;
        }
        Self::of(rows, vault, issuer)
    }

    /// The same keys as they stand now, or nothing where none has changed.
    pub(crate) async fn changed(
        &self,
        store: &Store,
        vault: &Vault,
        issuer: &Url,
    ) -> Result<Option<Self>, KeyError> {
        let rows = store.signing_keys().await?;
        if rows == self.rows { Ok(None) } else { Self::of(rows, vault, issuer).map(Some) }
    }

    fn of(rows: Vec<SigningKeyRow>, vault: &Vault, issuer: &Url) -> Result<Self, KeyError> {
        let mut signers = rows.iter().map(|row| signer(row, vault)).collect::<Result<Vec<_>, _>>()?;
        if signers.is_empty() {
            return Err(KeyError::NotMade);
        }
        signers.sort_by_key(|signer| signer.starts_at);
        let readers =
            rows.iter().map(|row| (row.kid.clone(), DecodingKey::from_ed_der(&row.public))).collect();
        Ok(Self {
            signers,
            readers,
            validation: validation(issuer),
            seen: Cache::new(REMEMBERED),
            jwks: jwks(&rows),
            rows,
        })
    }

    /// The key that signs what is issued at a moment.
    fn signer(&self, at: Timestamp) -> &Signer {
        let started = self.signers.iter().rfind(|signer| signer.starts_at <= at);
        started.unwrap_or(&self.signers[0])
    }

    /// Writes a token that is issued at a moment. The same claims and moment always give the same token, since
    /// Ed25519 is deterministic (RFC 8032).
    pub(crate) fn sign(&self, claims: &Claims, at: Timestamp) -> String {
        let signer = self.signer(at);
        let payload = serde_json::to_vec(claims).expect("claims are plain text and numbers");
        let mut token = String::with_capacity(PREFIX.len() + signer.header.len() + payload.len() * 2);
        token.push_str(PREFIX);
        token.push_str(&signer.header);
        token.push('.');
        B64.encode_string(payload, &mut token);
        let signature = signer.pair.sign(&token.as_bytes()[PREFIX.len()..]);
        token.push('.');
        B64.encode_string(signature.as_ref(), &mut token);
        token
    }

    /// Checks a token's form, signature and times. Whether its session still stands is the caller's question.
    pub(crate) fn check(&self, token: &str, now: Timestamp) -> Result<Arc<Checked>, BadToken> {
        if token.len() > LONGEST_TOKEN {
            return Err(BadToken::Bad);
        }
        let digest = Digest::of(token);
        let checked = match self.seen.get(&digest) {
            Some(checked) => checked,
            None => {
                let claims = Arc::new(self.verify(token)?);
                let checked = Arc::new(Checked { sid: sid_digest(&claims.sid), claims });
                self.seen.insert(digest, Arc::clone(&checked));
                checked
            }
        };
        let claims = &checked.claims;
        let in_time =
            now.seconds() < claims.exp + LEEWAY_SECONDS && claims.iat <= now.seconds() + LEEWAY_SECONDS;
        if in_time { Ok(checked) } else { Err(BadToken::Bad) }
    }

    /// The library's checks, with the algorithm taken from our key and never from the header (RFC 8725 §3.1).
    fn verify(&self, token: &str) -> Result<Claims, BadToken> {
        let jwt = token.strip_prefix(PREFIX).ok_or(BadToken::Bad)?;
        let header = decode_header(jwt).map_err(|_| BadToken::Bad)?;
        let plain = header.typ.as_deref() == Some("JWT")
            && header.jku.is_none()
            && header.jwk.is_none()
            && header.x5u.is_none()
            && header.x5c.is_none()
            && header.crit.is_none();
        if !plain {
            return Err(BadToken::Bad);
        }
        let kid = header.kid.as_deref().ok_or(BadToken::Bad)?;
        let key = self.readers.get(kid).ok_or(BadToken::UnknownKey)?;
        decode::<Claims>(jwt, key, &self.validation).map(|data| data.claims).map_err(|_| BadToken::Bad)
    }

    /// The keys without the keys, newest first.
    pub(crate) fn list(&self, now: Timestamp) -> Vec<KeyInfo> {
        let info = |row: &SigningKeyRow| KeyInfo {
            kid: row.kid.clone(),
            status: match row.retired_at {
                Some(at) if at <= now => "retired",
                _ if row.starts_at > now => "next",
                _ => "active",
            },
            created_at: row.created_at,
            starts_at: row.starts_at,
            retired_at: row.retired_at,
        };
        self.rows.iter().rev().map(info).collect()
    }

    /// The public keys as a JWK set (RFC 7517 §5), for anybody who checks tokens offline.
    pub(crate) fn jwks(&self) -> &str {
        &self.jwks
    }
}

fn signer(row: &SigningKeyRow, vault: &Vault) -> Result<Signer, KeyError> {
    let private = vault.open(&place(&row.kid), &row.sealed)?;
    let pair = Ed25519KeyPair::from_pkcs8(&private).map_err(|_| KeyError::NotAKey(row.kid.clone()))?;
    let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": row.kid}).to_string();
    Ok(Signer { starts_at: row.starts_at, header: B64.encode(header), pair })
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

/// A fresh key that signs from `starts_at` on.
pub(crate) fn new_key(
    vault: &Vault,
    now: Timestamp,
    starts_at: Timestamp,
) -> Result<SigningKeyRow, KeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::NotMade)?;
    let private = pair.to_pkcs8().map_err(|_| KeyError::NotMade)?;
    let public = pair.public_key().as_ref().to_vec();
    let kid = thumbprint(&public);
    let sealed = vault.seal(&place(&kid), private.as_ref());
    Ok(SigningKeyRow { kid, sealed, public, active: true, starts_at, retired_at: None, created_at: now })
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

#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
