//! Secrets, and the digests under which they are stored.

use crate::Timestamp;
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

    /// When the token was made, of a [dated](OpaqueToken::dated) one's [digest](OpaqueToken::digest); of any other it means
    /// nothing.
    #[must_use]
    pub fn date(&self) -> Timestamp {
        let mut millis = [0; 8];
        millis[8 - DATE_BYTES..].copy_from_slice(&self.0[..DATE_BYTES]);
        Timestamp(i64::from_be_bytes(millis))
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

/// A bearer secret of 256 random bits as 43 characters of `[A-Za-z0-9_-]` (a cookie, a mailed link). One that is looked
/// up in a large table (a login `state`, a session's key) is dated: 8 more characters in front say when it was made.
#[derive(Clone, PartialEq, Eq)]
pub struct OpaqueToken(String);

/// Characters of the secret, and of the date in front of it.
const SECRET: usize = 43;
const DATE: usize = 8;
/// The date: milliseconds since 1970 in 48 bits, as in a UUIDv7 (RFC 9562 §5.7).
const DATE_BYTES: usize = 6;
const DATED: usize = DATE + SECRET;

impl OpaqueToken {
    /// Writes 32 random (or keyed and derived) bytes in base64url.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The same secret with a date, which is no secret: an id of that time tells it too.
    #[must_use]
    pub fn dated(&self, at: Timestamp) -> Self {
        let millis = u64::try_from(at.0).unwrap_or(0).to_be_bytes();
        Self(URL_SAFE_NO_PAD.encode(&millis[8 - DATE_BYTES..]) + &self.0)
    }

    /// Takes a text that came from outside, if it has the form of such a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fine = matches!(text.len(), SECRET | DATED)
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        fine.then(|| Self(text.to_owned()))
    }

    /// Whether it has a date.
    #[must_use]
    pub fn is_dated(&self) -> bool {
        self.0.len() == DATED
    }

    /// The token itself, to be sent to its owner and nowhere else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it. Of a dated one the date and 208 bits of the digest: rows that are made one after the other
    /// then stand side by side in the index, which would else write a page somewhere for each of them.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut digest = Digest::of(&self.0);
        if self.is_dated()
            && let Ok(date) = URL_SAFE_NO_PAD.decode(&self.0[..DATE])
        {
            digest.0.copy_within(..32 - DATE_BYTES, DATE_BYTES);
            digest.0[..DATE_BYTES].copy_from_slice(&date);
        }
        digest
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
        let dated = token.dated(Timestamp(1));
        assert_eq!(OpaqueToken::parse(dated.reveal()), Some(dated.clone()));
        assert!(dated.is_dated() && !token.is_dated());
        assert_eq!(dated.reveal(), format!("AAAAAAAB{}", token.reveal()));
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

    #[test]
    fn what_is_stored_of_dated_tokens_is_in_the_order_of_their_dates() {
        let dated = |secret: u8, at| OpaqueToken::from_bytes(&[secret; 32]).dated(Timestamp(at)).digest();
        let moments = [0, 1, 255, 256, 1_764_000_000_000, (1 << 48) - 1];
        for pair in moments.windows(2) {
            for (earlier, later) in [(1, 2), (2, 1)] {
                assert!(dated(earlier, pair[0]).0 < dated(later, pair[1]).0, "{pair:?}");
            }
        }
        let (one, other) = (dated(1, 7), dated(2, 7));
        assert!(one != other && one.0[..6] == other.0[..6] && one == dated(1, 7));
        for moment in moments {
            assert_eq!(dated(1, moment).date(), Timestamp(moment));
        }
        let plain = OpaqueToken::from_bytes(&[1; 32]);
        assert_eq!(plain.digest(), Digest::of(plain.reveal()));
        // Another date is another token.
        assert_ne!(dated(1, 7).0[6..], dated(1, 8).0[6..]);
    }
}
