//! Env.

use downcity_core::Timestamp;
use crate::{Store, StoreError, unfinished};

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvRow {
    /// Its name.
    pub key: String,
    /// Its value, sealed.
    pub sealed: Vec<u8>,
    /// When it was last set.
    pub updated_at: Timestamp,
}

impl Store {
    /// All.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn env(&self) -> Result<Vec<EnvRow>, StoreError> {
        unfinished()
    }
    /// Sets.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn put_env(&self, rows: &[EnvRow]) -> Result<(), StoreError> {
        unfinished()
    }
    /// Removes.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn remove_env(&self, key: &str) -> Result<bool, StoreError> {
        unfinished()
    }
}
