//! Secrets, and the digests under which they are stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// A text that must never be printed; `Debug` shows a placeholder and memory is wiped when it is dropped.
pub type Secret = secrecy::SecretString;

/// SHA-256 of something secret: what is stored in place of the thing itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    /// The digest of bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        let mut out = [0; 32];
        out.copy_from_slice(digest.as_ref());
        Self(out)
    }

    /// Reads stored bytes back; `None` when there are not exactly 32.
    #[must_use]
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Compares with the digest of `text` in constant time.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.0, &Self::of(text).0).is_ok()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// A bearer secret of 256 random bits as 43 characters of `[A-Za-z0-9_-]` (a login `state`, a cookie).
#[derive(Clone, PartialEq, Eq)]
pub struct OpaqueToken(String);

impl OpaqueToken {
    /// Writes 32 random (or keyed and derived) bytes in base64url.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Takes a text that came from outside, if it has the form of such a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fine =
            text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        fine.then(|| Self(text.to_owned()))
    }

    /// The token itself, to be sent to its owner and nowhere else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for OpaqueToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_43_url_safe_characters_and_never_printed() {
        let token = OpaqueToken::from_bytes(&[0xfb; 32]);
        assert_eq!(token.reveal().len(), 43);
        assert_eq!(OpaqueToken::parse(token.reveal()), Some(token.clone()));
        assert!(!format!("{token:?}").contains(token.reveal()));
        assert!(OpaqueToken::parse("short").is_none());
        assert!(OpaqueToken::parse(&"é".repeat(22)).is_none());
    }

    #[test]
    fn digest_is_sha256() {
        // FIPS 180-2 appendix B.1: SHA-256 of "abc".
        assert_eq!(Digest::of("abc").0[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert!(Digest::of("abc").matches("abc"));
        assert!(!Digest::of("abc").matches("abd"));
    }
}
