//! What fuzzing calls here.

use super::id_token::{Expected, check};
use super::keys::{KeySet, is_accepted};
use super::metadata::Metadata;
use crate::Outside;
use crate::token::{Fields, text};
use downcity_core::Timestamp;
use jsonwebtoken::decode_header;
use std::sync::LazyLock;

const ISSUER: &str = "https://id.example.com";

/// A token, an end of line, the claims of a token.
pub(crate) fn id_token(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    if let Ok(header) = decode_header(&bytes[..at]) {
        let _ = is_accepted(header.alg);
    }
    let Ok(claims) = serde_json::from_slice::<Fields>(bytes.get(at + 1..).unwrap_or_default()) else {
        return;
    };
    let now = Timestamp(1_800_000_000_000);
    let expected = Expected { issuers: &[ISSUER], client_id: "client", nonce: "nonce", now };
    if check(&claims, &expected).is_ok() {
        assert!(text(&claims, "iss") == Some(ISSUER) && text(&claims, "nonce") == Some("nonce"));
        assert!(text(&claims, "sub").is_some_and(|sub| sub.len() <= 255));
        assert!(claims["aud"].to_string().contains("client") && claims.contains_key("exp"));
        assert!(claims["exp"].as_f64().is_some_and(|exp| exp * 1000.0 > 1_799_999_000_000.0));
    }
}

/// What an issuer says of itself, an empty line, its keys.
pub(crate) fn issuer(bytes: &[u8]) {
    static OUTSIDE: LazyLock<Outside> = LazyLock::new(|| Outside::real().expect("a client"));
    let at = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    if let Ok(metadata) = Metadata::parse(&bytes[..at], ISSUER, &OUTSIDE) {
        for address in [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri] {
            assert!(url::Url::parse(address).is_ok_and(|url| url.scheme() == "https"));
        }
        assert!(metadata.scope().starts_with("openid"));
        let _ = (metadata.takes_pkce(), metadata.secret_in_body());
    }
    let keys = bytes.get(at + 2..).unwrap_or_default();
    if let Some(keys) = KeySet::read(keys, ISSUER, None, Timestamp(0)) {
        assert!(keys.usable() <= 64);
    }
}
