//! An issuer's public keys (JWK Set, RFC 7517 §5).

use downcity_core::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// How long keys are used when the issuer does not say.
const USUAL_LIFE: Duration = Duration::from_secs(3600);
/// The shortest and longest that an issuer can say.
const LIFE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(86_400));
/// Keys are asked for because of a signature that none of them made at most this often.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// How many keys of one set are looked at.
const MOST: usize = 64;

/// The signatures that are accepted. No symmetric ones: an issuer's public key must not pass as a secret.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Keys as they were fetched.
pub(super) struct KeySet {
    /// Where from.
    address: String,
    keys: Vec<Jwk>,
    fetched_at: Timestamp,
    life: Duration,
}

#[derive(Deserialize)]
struct Wire {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set; keys of kinds that are not known here are left out.
    pub(super) fn read(body: &[u8], address: &str, life: Option<Duration>, now: Timestamp) -> Option<Self> {
        let wire: Wire = serde_json::from_slice(body).ok()?;
        let keys = wire.keys.into_iter().take(MOST).filter_map(|key| serde_json::from_value(key).ok());
        let life = life.unwrap_or(USUAL_LIFE).clamp(LIFE.0, LIFE.1);
        Some(Self { address: address.to_owned(), keys: keys.collect(), fetched_at: now, life })
    }

    /// How many keys can have made a signature that is accepted.
    pub(super) fn usable(&self) -> usize {
        let signs = |key: &&Jwk| {
            let use_ = key.common.public_key_use.as_ref();
            use_.is_none_or(|use_| *use_ == PublicKeyUse::Signature)
                && ALGORITHMS.iter().any(|alg| is_of_kind(key, *alg))
                && DecodingKey::from_jwk(key).is_ok()
        };
        self.keys.iter().filter(signs).count()
    }

    /// Whether these keys are in their time, or not longer than `beyond` after it.
    pub(super) fn is_usable(&self, address: &str, beyond: Duration, now: Timestamp) -> bool {
        let until = self.fetched_at.plus(self.life + beyond);
        self.address == address && now >= self.fetched_at && now < until
    }

    /// When they were fetched.
    pub(super) fn fetched_at(&self) -> Timestamp {
        self.fetched_at
    }

    /// Whether an unknown key, or a signature of none of these, is a reason to ask again.
    pub(super) fn may_ask_again(&self, now: Timestamp) -> bool {
        now >= self.fetched_at.plus(ASK_AGAIN) || now < self.fetched_at
    }

    /// The keys that can have made a signature with this header.
    pub(super) fn candidates(&self, header: &Header) -> Vec<DecodingKey> {
        let fits = |key: &&Jwk| {
            let named = match (&header.kid, &key.common.key_id) {
                (Some(wanted), Some(kid)) => wanted == kid,
                (Some(_), None) => false,
                (None, _) => true,
            };
            let use_ = key.common.public_key_use.as_ref();
            let meant = key.common.key_algorithm.is_none_or(|alg| alg == KeyAlgorithm::from(header.alg));
            named
                && meant
                && use_.is_none_or(|use_| *use_ == PublicKeyUse::Signature)
                && is_of_kind(key, header.alg)
        };
        self.keys.iter().filter(fits).filter_map(|key| DecodingKey::from_jwk(key).ok()).collect()
    }
}

/// Whether a signature of this kind can be accepted at all.
pub(super) fn is_accepted(alg: Algorithm) -> bool {
    ALGORITHMS.contains(&alg)
}

fn is_of_kind(key: &Jwk, alg: Algorithm) -> bool {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match &key.algorithm {
        AlgorithmParameters::RSA(_) => matches!(alg, RS256 | RS384 | RS512 | PS256 | PS384 | PS512),
        AlgorithmParameters::EllipticCurve(ec) => match ec.curve {
            EllipticCurve::P256 => alg == ES256,
            EllipticCurve::P384 => alg == ES384,
            _ => false,
        },
        AlgorithmParameters::OctetKeyPair(pair) => pair.curve == EllipticCurve::Ed25519 && alg == EdDSA,
        _ => false,
    }
}
