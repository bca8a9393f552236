//! Story: an admin looks after people: finds them, shuts them out, lets them in, removes and merges them,
//! ends sessions, reads what happened.

use crate::admin::Admin;
use crate::events::Actor;
use crate::federation::Federation;
use downcity_core::{SessionId, Timestamp, UserId};
use downcity_store::{
    Disabling, Ending, Ends, Event, EventQuery, ListedSession, ListedUser, Merge, Merged, NewEvent, Removal,
    SessionQuery, StoreError, UserQuery,
};
use serde_json::{Value, json};
use tracing::info;

/// Items on a page when nothing is said.
const PAGE: i64 = 50;
/// Items on a page at most.
const LONGEST_PAGE: i64 = 200;
/// The longest text to search for.
const SEARCH_LIMIT: usize = 128;

/// Why an admin's call was not done.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// No such user.
    #[error("unknown user")]
    UnknownUser,
    /// No such session, or it is over.
    #[error("unknown session")]
    UnknownSession,
    /// The merge can't be done: one of the two is disabled.
    #[error("one of the two is disabled")]
    MergeDisabled,
    /// A field has a value that can't be used.
    #[error("{field} {why}")]
    BadField {
        /// Its name on the wire.
        field: &'static str,
        /// What is wrong, to be read after the name.
        why: &'static str,
    },
    /// The store did not answer.
    #[error(transparent)]
    Internal(#[from] StoreError),
}

fn bad(field: &'static str, why: &'static str) -> PeopleError {
    PeopleError::BadField { field, why }
}

/// A page, and where the next one begins.
#[derive(Debug, Clone)]
pub struct Paged<T> {
    /// What was found, newest first.
    pub items: Vec<T>,
    /// What to ask the next page with; absent on the last one.
    pub next: Option<String>,
}

/// What an admin asks a list for.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Part of a name, an address, an id.
    pub q: Option<String>,
    /// Whose.
    pub user_id: Option<String>,
    /// In which city.
    pub city_id: Option<String>,
    /// Which condition.
    pub status: Option<String>,
    /// By which provider.
    pub provider: Option<String>,
    /// With which failure.
    pub failure: Option<String>,
    /// Events of which kind.
    pub kind: Option<String>,
    /// Events not before this.
    pub since: Option<Timestamp>,
    /// How many.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl Listing {
    pub(crate) fn limit(&self) -> Result<i64, PeopleError> {
        match self.limit {
            None => Ok(PAGE),
            Some(limit) if (1..=LONGEST_PAGE).contains(&limit) => Ok(limit),
            Some(_) => Err(bad("limit", "must be 1 to 200")),
        }
    }

    /// How many are wanted, and after which one.
    pub(crate) fn page(&self) -> Result<(i64, Option<(Timestamp, String)>), PeopleError> {
        Ok((self.limit()?, self.after()?))
    }

    fn part(&self) -> Result<String, PeopleError> {
        let part = self.q.as_deref().unwrap_or_default().trim().to_lowercase();
        if part.chars().count() > SEARCH_LIMIT || part.contains('\0') {
            return Err(bad("q", "must be at most 128 characters"));
        }
        Ok(part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
    }

    fn after(&self) -> Result<Option<(Timestamp, String)>, PeopleError> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let wrong = || bad("cursor", "must be `next` of the page before");
        let (at, id) = cursor.split_once('.').ok_or_else(wrong)?;
        let id = UserId::parse(id).map_err(|_| wrong())?;
        Ok(Some((Timestamp(at.parse().map_err(|_| wrong())?), id.to_string())))
    }

    pub(crate) fn status(&self, known: &[&str], why: &'static str) -> Result<String, PeopleError> {
        match self.status.as_deref() {
            None => Ok(String::new()),
            Some(status) if known.contains(&status) => Ok(status.to_owned()),
            Some(_) => Err(bad("status", why)),
        }
    }
}

pub(crate) fn text(filter: Option<&String>) -> String {
    // What no row can hold finds nothing, instead of everything.
    filter
        .map(|text| if text.is_empty() || text.contains('\0') { "?".to_owned() } else { text.clone() })
        .unwrap_or_default()
}

/// Cuts the one item off that was asked for too many, which tells whether there is a next page.
pub(crate) fn paged<T>(mut items: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> Paged<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(cursor);
    Paged { items, next }
}

impl Federation {
    /// A page of users. A whole id, address, openid or unionid finds its owner at once, among any number.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn list_users(&self, listing: &Listing) -> Result<Paged<ListedUser>, PeopleError> {
        let (limit, found) = self.users_beyond(listing, false).await?;
        Ok(paged(found, limit, user_cursor))
    }

    /// The page size, and up to one user more than that, which shows whether another page follows. `later` reads from the
    /// cursor towards newer users, otherwise towards older ones.
    pub(crate) async fn users_beyond(
        &self,
        listing: &Listing,
        later: bool,
    ) -> Result<(i64, Vec<ListedUser>), PeopleError> {
        let limit = listing.limit()?;
        let why = "must be `active`, `disabled` or `deleting`";
        let query = UserQuery {
            exact: listing.q.as_deref().unwrap_or_default().trim().to_owned(),
            part: listing.part()?,
            status: listing.status(&["active", "disabled", "deleting"], why)?,
            provider: text(listing.provider.as_ref()),
            city_id: text(listing.city_id.as_ref()),
            after: listing.after()?,
            later,
            limit: limit + 1,
        };
        let found = self.store.users(&query).await.map_err(|error| match error {
            StoreError::TooLong => bad("q", "fits too few of too many users to be found by a part: send a whole id, address, openid or unionid"),
            error => error.into(),
        })?;
        Ok((limit, found))
    }

    /// A page of sessions.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn list_sessions(&self, listing: &Listing) -> Result<Paged<ListedSession>, PeopleError> {
        let limit = listing.limit()?;
        let why = "must be `active`, `expired` or `revoked`";
        let query = SessionQuery {
            part: listing.part()?,
            user_id: text(listing.user_id.as_ref()),
            city_id: text(listing.city_id.as_ref()),
            status: listing.status(&["active", "expired", "revoked"], why)?,
            after: listing.after()?,
            limit: limit + 1,
            now: self.clock.now(),
        };
        let found = self.store.sessions(&query).await?;
        Ok(paged(found, limit, |one| format!("{}.{}", one.session.created_at.0, one.session.session_id)))
    }

    /// A page of events.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn list_events(&self, listing: &Listing) -> Result<Paged<Event>, PeopleError> {
        let limit = listing.limit()?;
        let query = EventQuery {
            user_id: text(listing.user_id.as_ref()),
            city_id: text(listing.city_id.as_ref()),
            kind: text(listing.kind.as_ref()),
            since: listing.since.unwrap_or(Timestamp(0)),
            after: text(listing.cursor.as_ref()),
            limit: limit + 1,
        };
        let found = self.store.events(&query).await?;
        Ok(paged(found, limit, |one| one.event_id.clone()))
    }

    /// Shuts a user out, on every way in and at once, or lets them in again.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn set_disabled(
        &self,
        admin: &Admin,
        user_id: &str,
        disabled: bool,
    ) -> Result<(), PeopleError> {
        let id = user(user_id, "user_id")?;
        let kind = if disabled { "user.disabled" } else { "user.enabled" };
        let event = self.by_admin(kind, admin, user_id, &json!({}));
        let disabling = Disabling { user_id: id, disabled, event, now: self.clock.now() };
        if !self.store.set_disabled(disabling).await? {
            return Err(PeopleError::UnknownUser);
        }
        info!(user_id, disabled, "an admin changed who may sign in");
        Ok(())
    }

    /// Removes a user for good, at once.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn delete_user(&self, admin: &Admin, user_id: &str) -> Result<(), PeopleError> {
        let id = user(user_id, "user_id")?;
        let event = self.by_admin("user.deleted", admin, user_id, &json!({}));
        if !self.store.remove_user(Removal { user_id: id, due: None, event }).await? {
            return Err(PeopleError::UnknownUser);
        }
        info!(user_id, "an admin removed an account");
        Ok(())
    }

    /// Moves everything of one user to another, or tells what would move.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn merge_users(
        &self,
        admin: &Admin,
        from: &str,
        into: &str,
        preview: bool,
    ) -> Result<Merged, PeopleError> {
        if from == into {
            return Err(bad("into", "must be another user than `from`"));
        }
        let event = self.by_admin("user.merged", admin, into, &json!({"from": from, "into": into}));
        let (from, into) = (user(from, "from")?, user(into, "into")?);
        let merge = Merge { from, into, preview, event, now: self.clock.now() };
        let merged = self.store.merge_users(merge).await?.ok_or(PeopleError::UnknownUser)?;
        if merged.disabled && !preview { Err(PeopleError::MergeDisabled) } else { Ok(merged) }
    }

    /// Ends any user's session.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn end_session(&self, admin: &Admin, session_id: &str) -> Result<(), PeopleError> {
        let only = SessionId::parse(session_id).map_err(|_| PeopleError::UnknownSession)?;
        let event = self.by_admin("session.revoked", admin, session_id, &json!({"session_id": session_id}));
        let ending = Ending { ends: Ends::One(only), event, now: self.clock.now() };
        if self.store.end_sessions(ending).await? == 0 {
            return Err(PeopleError::UnknownSession);
        }
        Ok(())
    }

    fn by_admin(&self, kind: &'static str, admin: &Admin, user_id: &str, detail: &Value) -> NewEvent {
        self.event(kind, Actor::Admin(admin), user_id, (None, None), detail)
    }
}

/// Where a page that begins or ends with this user can go on.
pub(crate) fn user_cursor(one: &ListedUser) -> String {
    format!("{}.{}", one.user.created_at.0, one.user.user_id)
}

fn user(text: &str, field: &'static str) -> Result<UserId, PeopleError> {
    UserId::parse(text).map_err(|_| bad(field, "is not a user's id"))
}
