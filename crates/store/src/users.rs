//! Users and their identities: who somebody is, and finishing a sign-in.

use downcity_core::{AttemptId, ExternalIdentity, IdentityId, Timestamp, UserId};
use crate::{Store, StoreError, unfinished};

/// A sign-in to be finished.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The attempt it finishes.
    pub attempt_id: AttemptId,
    /// Who the provider says it is.
    pub identity: ExternalIdentity,
    /// A fresh id, used when the person is new.
    pub user_id: UserId,
    /// A fresh id, used when the person is new.
    pub identity_id: IdentityId,
    /// The time.
    pub now: Timestamp,
}

/// What came of finishing a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completed {
    /// Done.
    SignedIn {
        /// Who signed in.
        user_id: UserId,
        /// Whether they were not known before.
        new_user: bool,
        /// Another user who holds one of the identity's weaker keys.
        conflicts_with: Option<UserId>,
    },
    /// An admin shut this user out; the attempt failed with `user_disabled`.
    UserDisabled,
    /// The attempt is over; nothing was changed.
    Lost,
}

impl Store {
    /// Finishes a sign-in.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn complete_sign_in(&self, sign_in: &SignIn) -> Result<Completed, StoreError> {
        unfinished()
    }
}
