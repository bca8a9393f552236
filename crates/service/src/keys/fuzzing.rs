//! What fuzzing calls here.

use super::{B64, LEEWAY_SECONDS, Signer, TokenKeys, jwks, validation};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use downcity_core::Timestamp;
use jsonwebtoken::DecodingKey;
use quick_cache::sync::Cache;
use serde_json::json;
use std::collections::HashMap;
use std::sync::LazyLock;

/// One key that is the same in every run, so that the corpus holds good tokens.
fn keys() -> TokenKeys {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
    let header = B64.encode(json!({"alg": "EdDSA", "typ": "JWT", "kid": "fuzz"}).to_string());
    let reader = DecodingKey::from_ed_der(pair.public_key().as_ref());
    TokenKeys {
        rows: Vec::new(),
        signers: vec![Signer { starts_at: Timestamp(0), header, pair }],
        readers: HashMap::from([("fuzz".to_owned(), reader)]),
        validation: validation(&"https://id.example.com".parse().expect("a URL")),
        seen: Cache::new(8),
        jwks: jwks(&[]),
    }
}

/// A token: only the very text that we sign is good, however it is written otherwise.
pub(crate) fn user_token(bytes: &[u8]) {
    static KEYS: LazyLock<TokenKeys> = LazyLock::new(keys);
    let token = String::from_utf8_lossy(bytes);
    let now = Timestamp(1_800_000_000_000);
    if let Ok(checked) = KEYS.check(&token, now) {
        let claims = &checked.claims;
        assert!(claims.exp + LEEWAY_SECONDS > now.seconds() && claims.iat <= now.seconds() + LEEWAY_SECONDS);
        assert_eq!(KEYS.sign(claims, now), token, "a second text for the same token");
    }
}
