//! Story: an admin looks at the last sign-in attempts, and reads in words why they failed.

use crate::federation::Federation;
use crate::people::{Listing, Paged, PeopleError, paged};
use downcity_core::{Failure, Text};
use downcity_providers::{Words, words};
use downcity_store::{AttemptQuery, ListedAttempt, StoreError};

/// What can become of an attempt.
pub const STATUSES: &[&str] =
    &["waiting", "exchanging", "confirming", "done", "failed", "expired", "not_returned"];

/// One attempt, and why it failed.
#[derive(Debug, Clone)]
pub struct ToldAttempt {
    /// The attempt.
    pub attempt: ListedAttempt,
    /// Why it failed, by the provider's own code where that is known; absent while it did not.
    pub words: Option<Words>,
}

impl From<ListedAttempt> for ToldAttempt {
    fn from(attempt: ListedAttempt) -> Self {
        let code = attempt.provider_code.as_deref();
        let words = attempt.failure.map(|failure| words(&attempt.provider, code, failure));
        Self { attempt, words }
    }
}

/// What a failure means, whichever provider it is of.
#[must_use]
pub fn failure_words(failure: Failure) -> Text {
    words("", None, failure).what
}

impl Federation {
    /// One attempt, while it is remembered.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn told_attempt(&self, attempt_id: &str) -> Result<Option<ToldAttempt>, StoreError> {
        let found = self.store.listed_attempt(attempt_id, self.clock.now()).await?;
        Ok(found.map(ToldAttempt::from))
    }

    /// A page of attempts, newest first; `city_id`, `provider`, `status`, `user_id` and `failure` narrow it. They are
    /// remembered for a day.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn list_attempts(&self, listing: &Listing) -> Result<Paged<ToldAttempt>, PeopleError> {
        let (limit, filter) = (listing.limit()?, crate::people::text);
        let why =
            "must be `waiting`, `exchanging`, `confirming`, `done`, `failed`, `expired` or `not_returned`";
        let query = AttemptQuery {
            city_id: filter(listing.city_id.as_ref()),
            provider: filter(listing.provider.as_ref()),
            status: listing.status(STATUSES, why)?,
            failure: filter(listing.failure.as_ref()),
            user_id: filter(listing.user_id.as_ref()),
            after: filter(listing.cursor.as_ref()),
            limit: limit + 1,
        };
        let found = self.store.attempts(&query, self.clock.now()).await?;
        let page = paged(found, limit, |one| one.attempt_id.clone());
        Ok(Paged { items: page.items.into_iter().map(ToldAttempt::from).collect(), next: page.next })
    }
}
