//! Story: a person looks at where they are signed in, and ends what they do not know.

use crate::events::Actor;
use crate::federation::Federation;
use crate::sessions::{BY_HAND, SignedIn};
use downcity_core::{Session, SessionId, Timestamp};
use downcity_store::{Ending, Ends, ListedSession, NewEvent, StoreError};
use serde_json::json;
use std::time::Duration;

/// How fresh a sign-in must be for changing how one gets in (security requirements A12 and C14).
const FRESH: Duration = Duration::from_secs(300);

impl SignedIn {
    /// Whether the person showed who they are a moment ago, to whoever asks. A token issued by hand shows nothing of the
    /// kind, and a sign-in that another device finished only that somebody there said yes: they may have been talked into
    /// it (security requirements I11 and M9; RFC 8628 §5.4).
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let Session { provider, created_at, cross_device, .. } = self.session.as_ref();
        provider != BY_HAND && !cross_device && now < created_at.plus(FRESH)
    }
}

impl Federation {
    /// The live sessions of the person, newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn own_sessions(&self, who: &SignedIn) -> Result<Vec<ListedSession>, StoreError> {
        self.store.live_sessions(&who.session.user_id, self.clock.now()).await
    }

    /// Ends one of the person's sessions; false when they have none of that id that is live.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn end_own_session(&self, who: &SignedIn, session_id: &str) -> Result<bool, StoreError> {
        let Ok(only) = SessionId::parse(session_id) else { return Ok(false) };
        let event = self.session_revoked(who, &json!({"session_id": session_id}));
        let ends = Ends::OneOf(who.session.user_id.clone(), only);
        let ending = Ending { ends, event, now: self.clock.now() };
        Ok(self.store.end_sessions(ending).await? > 0)
    }

    /// Ends all of the person's sessions but the one that asks; says how many.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn end_other_sessions(&self, who: &SignedIn) -> Result<u64, StoreError> {
        let event = self.session_revoked(who, &json!({"all_but": who.session.session_id}));
        let ends = Ends::AllBut(who.session.user_id.clone(), who.session.session_id.clone());
        self.store.end_sessions(Ending { ends, event, now: self.clock.now() }).await
    }

    fn session_revoked(&self, who: &SignedIn, detail: &serde_json::Value) -> NewEvent {
        let (user, city) = (who.session.user_id.as_str(), Some(who.session.city_id.as_str()));
        self.event("session.revoked", Actor::User, user, (city, None), detail)
    }
}
