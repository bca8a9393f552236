//! Sessions.

use crate::NewSession;
use downcity_core::{Digest, Session, Timestamp, User};
use crate::{Store, StoreError, unfinished};

impl Store {
    /// Stores a session.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn insert_session(&self, new: &NewSession) -> Result<(), StoreError> {
        unfinished()
    }
    /// The session and its user.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn session_with_user(&self, sid: Digest) -> Result<Option<(Session, Option<User>)>, StoreError> {
        unfinished()
    }
    /// Ends a session.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn revoke_session(&self, sid: Digest, now: Timestamp) -> Result<bool, StoreError> {
        unfinished()
    }
}
