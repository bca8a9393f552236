//! Sweep.

use downcity_core::Timestamp;
use crate::{Store, StoreError, unfinished};

impl Store {
    /// Sweeps.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        unfinished()
    }
}
