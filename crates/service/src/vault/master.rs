//! Master keys: what wraps the data keys, and where it comes from. Never stored in the database.

use super::{NONCE, SealError};
use crate::seams::Random;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER_PERMISSIVE;
use downcity_store::{DataKeyRow, KeyPurpose};
use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretBox};
use std::fmt;
use std::sync::Arc;

/// How a wrapped key is written: this byte, the nonce, the key and its tag.
const FORMAT: u8 = 1;

/// One master key of 32 bytes.
pub struct MasterKey(SecretBox<[u8; 32]>);

/// The key of a database that was made before it had data keys.
pub(super) struct Legacy {
    pub(super) seal: [u8; 32],
    pub(super) derive: [u8; 32],
}

impl MasterKey {
    /// The key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        HEXLOWER_PERMISSIVE.decode_mut(text.as_bytes(), &mut bytes).ok()?;
        Some(Self::new(bytes))
    }

    fn derived(&self, label: &[u8]) -> [u8; 32] {
        let root = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose_secret());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&root, label).as_ref());
        bytes
    }

    /// Names the key without telling it.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let mut id = [0; 4];
        id.copy_from_slice(&self.derived(b"downcity key id v1")[..4]);
        id
    }

    /// The same as 8 hexadecimal digits.
    #[must_use]
    pub fn name(&self) -> String {
        super::hex(self.id())
    }

    /// The two keys that a database used before it had data keys of its own.
    pub(super) fn legacy(&self) -> Legacy {
        Legacy { seal: self.derived(b"downcity seal v1"), derive: self.derived(b"downcity derive v1") }
    }

    fn wrapper(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM_SIV, &self.derived(b"downcity wrap v1"));
        LessSafeKey::new(key.expect("32 bytes are what this cipher takes"))
    }

    fn place(&self, data_key_id: &str, purpose: KeyPurpose) -> String {
        format!("data_keys/{data_key_id}/wrapped/{}/{}", purpose.as_str(), self.name())
    }

    /// Wraps a data key for one row; it opens in no other, and as no other kind of key.
    pub(super) fn wrap(
        &self,
        data_key_id: &str,
        purpose: KeyPurpose,
        key: &[u8; 32],
        random: &dyn Random,
    ) -> Vec<u8> {
        let nonce: [u8; NONCE] = random.bytes();
        let mut body = key.to_vec();
        let place = self.place(data_key_id, purpose);
        let sealed = self.wrapper().seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.as_bytes()),
            &mut body,
        );
        sealed.expect("a key is far below the cipher's size limit");
        [&[FORMAT], &nonce[..], &body].concat()
    }

    /// Opens a data key where it stands.
    pub(super) fn unwrap(&self, row: &DataKeyRow) -> Result<[u8; 32], SealError> {
        let damaged = || SealError::Damaged { place: format!("data_keys/{}/wrapped", row.data_key_id) };
        let (head, body) = row.wrapped.split_at_checked(1 + NONCE).ok_or_else(damaged)?;
        if head[0] != FORMAT {
            return Err(damaged());
        }
        let nonce = Nonce::try_assume_unique_for_key(&head[1..]).map_err(|_| damaged())?;
        let place = self.place(&row.data_key_id, row.purpose);
        let mut body = body.to_vec();
        let plain = self.wrapper().open_in_place(nonce, Aad::from(place.as_bytes()), &mut body);
        plain.ok().and_then(|plain| (*plain).try_into().ok()).ok_or_else(damaged)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.name())
    }
}

/// Gives the keys that the source holds now, or says why it can't.
type Read = dyn Fn() -> BoxFuture<'static, Result<Vec<MasterKey>, String>> + Send + Sync;

/// Where the master key comes from. A source holds one key, or two while the key is being changed: which of the
/// two the database needs, its data keys tell.
#[derive(Clone)]
pub struct MasterKeys {
    read: Arc<Read>,
}

impl MasterKeys {
    /// A source that is read anew each time.
    pub fn from_source(
        read: impl Fn() -> BoxFuture<'static, Result<Vec<MasterKey>, String>> + Send + Sync + 'static,
    ) -> Self {
        Self { read: Arc::new(read) }
    }

    /// These keys, for good.
    #[must_use]
    pub fn fixed(keys: &[[u8; 32]]) -> Self {
        let keys = keys.to_vec();
        Self::from_source(move || {
            let keys = keys.iter().copied().map(MasterKey::new).collect();
            Box::pin(async { Ok(keys) })
        })
    }

    /// What the source holds now; one key at least.
    pub(crate) async fn now(&self) -> Result<Vec<MasterKey>, String> {
        match (self.read)().await {
            Ok(keys) if keys.is_empty() => Err("there is no master key".to_owned()),
            read => read,
        }
    }
}
