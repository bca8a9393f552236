//! Proof Key for Code Exchange (RFC 7636), method `S256` only.

use crate::secret::Digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A `code_challenge`: BASE64URL(SHA256(verifier)), always 43 characters (RFC 7636 §4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    /// Takes a challenge from a request; `None` when it can't be the S256 of anything.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The challenge of a verifier of ours, to be sent to a provider.
    #[must_use]
    pub fn of(verifier: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Digest::of(verifier).0))
    }

    /// Takes a challenge that was checked when it was stored.
    #[must_use]
    pub fn trusted(text: String) -> Self {
        Self(text)
    }

    /// The challenge as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `verifier` is well formed (43–128 unreserved characters, RFC 7636 §4.1) and the right one.
    #[must_use]
    pub fn accepts(&self, verifier: &str) -> bool {
        let formed = (43..=128).contains(&verifier.len())
            && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
        let computed = URL_SAFE_NO_PAD.encode(Digest::of(verifier).0);
        formed
            && aws_lc_rs::constant_time::verify_slices_are_equal(self.0.as_bytes(), computed.as_bytes())
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b() {
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(challenge.accepts("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!challenge.accepts("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXj"));
        assert!(!challenge.accepts(""));
        assert_eq!(Challenge::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), challenge);
        assert!(Challenge::parse("too-short").is_none());
        assert!(Challenge::parse(&"=".repeat(43)).is_none());
    }
}
