//! Keys.

use downcity_core::{Digest, Timestamp};
use crate::{Store, StoreError, unfinished};

/// One key that tokens are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyRow {
    /// Its id (RFC 7638 thumbprint).
    pub kid: String,
    /// The private key, sealed.
    pub sealed: Vec<u8>,
    /// The public key.
    pub public: Vec<u8>,
    /// Whether new tokens are signed with it.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One admin key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminKeyRow {
    /// Its public id.
    pub key_id: String,
    /// Digest of the key.
    pub digest: Digest,
    /// What it is called.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Store {
    /// All.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn signing_keys(&self) -> Result<Vec<SigningKeyRow>, StoreError> {
        unfinished()
    }
    /// First.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn insert_first_signing_key(&self, row: &SigningKeyRow) -> Result<bool, StoreError> {
        unfinished()
    }
    /// All.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn admin_keys(&self) -> Result<Vec<AdminKeyRow>, StoreError> {
        unfinished()
    }
    /// First.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn insert_first_admin_key(&self, row: &AdminKeyRow) -> Result<bool, StoreError> {
        unfinished()
    }
    /// Fact.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        unfinished()
    }
    /// Settle.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn settle_fact(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        unfinished()
    }
    /// Counter.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn changes(&self) -> Result<i64, StoreError> {
        unfinished()
    }
}
