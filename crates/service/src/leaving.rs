//! Story: a person takes their data with them, or leaves for good.

use crate::events::Actor;
use crate::federation::Federation;
use crate::identities::IdentityError;
use crate::login::Client;
use crate::sessions::SignedIn;
use downcity_core::{Timestamp, User};
use downcity_store::{Event, EventQuery, Identity, Leaving, ListedSession, MailTrace, Removal, StoreError};
use secrecy::ExposeSecret;
use serde_json::json;
use std::time::Duration;
use tracing::{info, warn};

/// The setting that says how many days somebody who leaves can come back.
const GRACE: &str = "ACCOUNT_DELETE_GRACE_DAYS";
/// The longest time to come back.
const LONGEST_GRACE_DAYS: u64 = 365;
/// How many events are told; older ones are forgotten by then or asked of an admin.
const EVENTS: i64 = 10_000;

/// Everything that is held about a person.
#[derive(Debug, Clone)]
pub struct Export {
    /// When it was put together.
    pub at: Timestamp,
    /// The user.
    pub user: User,
    /// Their ways in.
    pub identities: Vec<Identity>,
    /// The names at providers that lead to these, as `[identity_id, kind, scope, value]`.
    pub names: Vec<[String; 4]>,
    /// When the password was last changed, if there is one.
    pub password_changed_at: Option<Timestamp>,
    /// Their sessions that are remembered.
    pub sessions: Vec<ListedSession>,
    /// What happened, newest first.
    pub events: Vec<Event>,
    /// Mails to their addresses, without what was in them.
    pub mails: Vec<MailTrace>,
}

impl Federation {
    /// Everything held about the person; `None` for a token that names nobody who is a user here.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn export(&self, who: &SignedIn) -> Result<Option<Export>, StoreError> {
        let Some(user) = who.user.as_deref() else { return Ok(None) };
        let id = &user.user_id;
        let query = EventQuery {
            user_id: id.to_string(),
            city_id: String::new(),
            kind: String::new(),
            since: Timestamp(0),
            after: String::new(),
            limit: EVENTS,
        };
        Ok(Some(Export {
            at: self.clock.now(),
            identities: self.store.identities(id).await?,
            names: self.store.identity_names(id).await?,
            password_changed_at: self.store.password_changed_at(id).await?,
            sessions: self.store.all_sessions(id).await?,
            events: self.store.events(&query).await?,
            mails: self.store.mails_to(id).await?,
            user: User::clone(user),
        }))
    }

    /// Removes the person's account, at once or after the time in which they can come back by signing in.
    /// All their sessions end now. Says when the account is gone.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub async fn delete_own_account(
        &self,
        who: &SignedIn,
        client: &Client,
    ) -> Result<Timestamp, IdentityError> {
        self.check_fresh(who)?;
        let user_id = who.session.user_id.clone();
        let now = self.clock.now();
        let grace = self.grace();
        if grace.is_zero() {
            let event = self.event("user.deleted", Actor::User, user_id.as_str(), (None, None), &json!({}));
            let removal = Removal { user_id: user_id.clone(), due: None, event };
            return match self.store.remove_user(removal).await? {
                true => {
                    info!(%user_id, "account removed");
                    Ok(now)
                }
                false => Err(IdentityError::NoUser),
            };
        }
        let delete_at = now.plus(grace);
        let (user, city) = (user_id.as_str(), Some(who.session.city_id.as_str()));
        let from = Some(client.network);
        let event = self.event("user.deletion_requested", Actor::User, user, (city, from), &json!({}));
        if !self.store.leave(Leaving { user_id, delete_at, event, now }).await? {
            return Err(IdentityError::NoUser);
        }
        Ok(delete_at)
    }

    /// How long somebody who leaves can come back.
    fn grace(&self) -> Duration {
        let directory = self.directory();
        let days = directory.env.get(GRACE).and_then(|set| set.value.expose_secret().trim().parse().ok());
        Duration::from_secs(days.unwrap_or(0).min(LONGEST_GRACE_DAYS) * 86_400)
    }

    /// Removes the accounts whose time has come.
    pub async fn remove_due_accounts(&self) {
        let now = self.clock.now();
        let due = match self.store.users_due(now).await {
            Ok(due) => due,
            Err(problem) => return warn!(error = %problem, "could not look for accounts to be removed"),
        };
        for user_id in due {
            let event = self.event("user.deleted", Actor::System, user_id.as_str(), (None, None), &json!({}));
            let removal = Removal { user_id: user_id.clone(), due: Some(now), event };
            match self.store.remove_user(removal).await {
                Ok(true) => info!(%user_id, "account removed"),
                Ok(false) => {}
                Err(problem) => {
                    warn!(%user_id, error = %problem, "could not remove an account; trying again");
                }
            }
        }
    }
}
