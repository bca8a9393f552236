//! Login attempts: their stages, and the token that is collected once.

use downcity_core::network::Network;
use downcity_core::{Attempt, AttemptId, Digest, Failure, Session, Timestamp};
use crate::{Store, StoreError, unfinished};

/// A session to be stored.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Digest of the session's key.
    pub sid: Digest,
    /// The session.
    pub session: Session,
    /// From where it was begun.
    pub network: Network,
    /// The `User-Agent` it was begun with.
    pub agent: String,
}

/// What came of collecting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Collected {
    /// Collected now; the new session stands.
    First(Session),
    /// Collected a moment ago by the same caller, whose answer may have been lost.
    Again(Session),
    /// Nothing to collect: not done, too late, or somebody else's.
    Lost,
}

impl Store {
    /// Stores a new attempt.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn insert_attempt(&self, state: Digest, attempt: &Attempt) -> Result<(), StoreError> {
        unfinished()
    }
    /// The attempt with this state.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn attempt_by_state(&self, state: Digest) -> Result<Option<Attempt>, StoreError> {
        unfinished()
    }
    /// The attempt with this id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn attempt_by_id(&self, id: &AttemptId) -> Result<Option<Attempt>, StoreError> {
        unfinished()
    }
    /// Claims a waiting attempt for one exchange.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn claim_attempt(&self, state: Digest, code: Digest, finisher: Digest, now: Timestamp) -> Result<Option<Attempt>, StoreError> {
        unfinished()
    }
    /// Ends an attempt.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn fail_attempt(&self, id: &AttemptId, why: Failure, now: Timestamp) -> Result<bool, StoreError> {
        unfinished()
    }
    /// Parks an attempt until the person confirms.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn hold_attempt(&self, id: &AttemptId, sealed_identity: &[u8], now: Timestamp) -> Result<bool, StoreError> {
        unfinished()
    }
    /// The parked identity.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn held_identity(&self, id: &AttemptId) -> Result<Option<Vec<u8>>, StoreError> {
        unfinished()
    }
    /// Collects.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn collect(&self, attempt_id: &AttemptId, caller: Network, now: Timestamp, new: &NewSession) -> Result<Collected, StoreError> {
        unfinished()
    }
}
