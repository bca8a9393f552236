//! The vault: what is stored sealed, and secrets that are derived instead of stored.
//!
//! One master key of 32 bytes, kept outside the database. From it come, by HMAC-SHA-256 with distinct
//! labels, the key that seals (AES-256-GCM-SIV, RFC 8452) and the key that derives.

use crate::seams::Random;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use downcity_core::OpaqueToken;
use std::sync::Arc;

const FORMAT: u8 = 1;
const NONCE: usize = 12;
const HEAD: usize = 1 + 4 + NONCE;

/// Why something sealed could not be opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    /// Sealed under another master key.
    #[error("{place} was sealed with another master key")]
    OtherKey {
        /// Where it is stored.
        place: String,
    },
    /// Damaged, or moved from another place.
    #[error("{place} is damaged or was moved from another row")]
    Damaged {
        /// Where it is stored.
        place: String,
    },
}

/// Seals and opens values, and derives secrets. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

struct Inner {
    id: [u8; 4],
    seal: LessSafeKey,
    derive: hmac::Key,
    random: Arc<dyn Random>,
}

impl Vault {
    /// A vault under this master key.
    #[must_use]
    pub fn new(master: &[u8; 32], random: Arc<dyn Random>) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, master);
        let sub = |label: &[u8]| hmac::sign(&root, label);
        let seal = UnboundKey::new(&AES_256_GCM_SIV, sub(b"downcity seal v1").as_ref());
        let mut id = [0; 4];
        id.copy_from_slice(&sub(b"downcity key id v1").as_ref()[..4]);
        let inner = Inner {
            id,
            seal: LessSafeKey::new(seal.expect("HMAC-SHA-256 gives the 32 bytes this cipher takes")),
            derive: hmac::Key::new(hmac::HMAC_SHA256, sub(b"downcity derive v1").as_ref()),
            random,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Names the master key without telling it.
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        self.inner.id
    }

    /// Seals `plain` for one `place` (table, row, column); it opens nowhere else.
    #[must_use]
    pub fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = self.inner.random.bytes();
        let mut body = plain.to_vec();
        self.inner
            .seal
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut body,
            )
            .expect("values are far below the cipher's size limit");
        let mut sealed = Vec::with_capacity(HEAD + body.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(&self.inner.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        sealed
    }

    /// Opens what [`Vault::seal`] sealed for the same `place`.
    ///
    /// # Errors
    /// When the key is another one, or the bytes are not what was sealed here.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let damaged = || SealError::Damaged { place: place.to_owned() };
        let (head, body) = sealed.split_at_checked(HEAD).ok_or_else(damaged)?;
        if head[0] != FORMAT {
            return Err(damaged());
        }
        if head[1..5] != self.inner.id {
            return Err(SealError::OtherKey { place: place.to_owned() });
        }
        let nonce = Nonce::try_assume_unique_for_key(&head[5..]).map_err(|_| damaged())?;
        let mut body = body.to_vec();
        let plain = self.inner.seal.open_in_place(nonce, Aad::from(place.as_bytes()), &mut body);
        plain.map(|bytes| bytes.to_vec()).map_err(|_| damaged())
    }

    /// A secret that follows from the master key, a purpose and a public id: the same each time, on every
    /// node, and known to nobody without the key. So it need not be stored.
    #[must_use]
    pub fn derive(&self, purpose: &str, id: &str) -> OpaqueToken {
        let mut mac = hmac::Context::with_key(&self.inner.derive);
        mac.update(&u64::try_from(purpose.len()).unwrap_or(0).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(id.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(mac.sign().as_ref());
        OpaqueToken::from_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seams::SystemRandom;

    fn vault(byte: u8) -> Vault {
        Vault::new(&[byte; 32], Arc::new(SystemRandom))
    }

    #[test]
    fn sealed_values_open_only_in_their_place_and_under_their_key() {
        let sealed = vault(1).seal("env/A/value", b"secret");
        assert_eq!(vault(1).open("env/A/value", &sealed).unwrap(), b"secret");
        assert!(matches!(vault(1).open("env/B/value", &sealed), Err(SealError::Damaged { .. })));
        assert!(matches!(vault(2).open("env/A/value", &sealed), Err(SealError::OtherKey { .. })));
        assert!(!sealed.windows(6).any(|w| w == b"secret"));
        for cut in 0..sealed.len() {
            assert!(vault(1).open("env/A/value", &sealed[..cut]).is_err());
        }
    }

    #[test]
    fn derived_secrets_are_repeatable_and_distinct() {
        assert_eq!(vault(1).derive("sid", "x"), vault(1).derive("sid", "x"));
        assert_ne!(vault(1).derive("sid", "x"), vault(1).derive("si", "dx"));
        assert_ne!(vault(1).derive("sid", "x"), vault(2).derive("sid", "x"));
    }
}
