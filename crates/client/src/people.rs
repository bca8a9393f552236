//! The people of a Federation, as an admin sees them.

use crate::{Caller, Error, Event, ListedSession, ListedUser, MergePreview, Page};
use serde::Serialize;
use serde_json::{Value, json};

/// Which users are looked for; absent fields look for all.
#[derive(Debug, Clone, Default, Serialize)]
pub struct UserQuery<'a> {
    /// A whole id, address, openid or unionid; else part of a name, an address, an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<&'a str>,
    /// Those with a session in this city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city_id: Option<&'a str>,
    /// `active`, `disabled` or `deleting`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'a str>,
    /// Those who have this way in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<&'a str>,
    /// How many on a page: 1 to 200, otherwise 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// [`Page::next`] of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<&'a str>,
}

/// Which sessions are looked for; absent fields look for all.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SessionQuery<'a> {
    /// Part of a name, an address, an id of their user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<&'a str>,
    /// Whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<&'a str>,
    /// In which city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city_id: Option<&'a str>,
    /// `active`, `expired` or `revoked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'a str>,
    /// How many on a page: 1 to 200, otherwise 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// [`Page::next`] of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<&'a str>,
}

/// Which events are looked for; absent fields look for all.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EventQuery<'a> {
    /// About whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<&'a str>,
    /// In which city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city_id: Option<&'a str>,
    /// Of which kind, such as `user.signed_in`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'a str>,
    /// Not before this moment, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<&'a str>,
    /// How many on a page: 1 to 200, otherwise 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// [`Page::next`] of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<&'a str>,
}

/// The people of a Federation, from [`Admin::people`](crate::Admin::people). Every method may fail with any [`Error`]
/// of a call; an unknown user is `unknown_user`, status 404.
#[derive(Debug, Clone, Copy)]
pub struct People<'a> {
    caller: &'a Caller,
}

impl<'a> People<'a> {
    pub(crate) fn new(caller: &'a Caller) -> Self {
        Self { caller }
    }

    /// A page of users, newest first.
    pub async fn users(&self, query: &UserQuery<'_>) -> Result<Page<ListedUser>, Error> {
        self.caller.get("accounts", "users", query).await
    }

    /// A page of sessions, newest first.
    pub async fn sessions(&self, query: &SessionQuery<'_>) -> Result<Page<ListedSession>, Error> {
        self.caller.get("accounts", "sessions", query).await
    }

    /// A page of events, newest first.
    pub async fn events(&self, query: &EventQuery<'_>) -> Result<Page<Event>, Error> {
        self.caller.get("accounts", "events", query).await
    }

    /// Shuts a user out: their sessions end at once, and no way in lets them in again.
    pub async fn disable(&self, user_id: &str) -> Result<(), Error> {
        self.user("users/disable", user_id).await
    }

    /// Lets a user in again.
    pub async fn enable(&self, user_id: &str) -> Result<(), Error> {
        self.user("users/enable", user_id).await
    }

    /// Removes a user for good, at once.
    pub async fn delete(&self, user_id: &str) -> Result<(), Error> {
        self.user("users/delete", user_id).await
    }

    /// Tells what would move if one user were merged into another.
    pub async fn preview_merge(&self, from: &str, into: &str) -> Result<MergePreview, Error> {
        self.merging(from, into, true).await
    }

    /// Moves everything of one user to another, and removes the first.
    pub async fn merge(&self, from: &str, into: &str) -> Result<MergePreview, Error> {
        self.merging(from, into, false).await
    }

    /// Ends any session.
    pub async fn revoke_session(&self, session_id: &str) -> Result<(), Error> {
        let body = json!({ "session_id": session_id });
        self.caller.post::<Value>("accounts", "sessions/admin-revoke", &body).await.map(drop)
    }

    async fn merging(&self, from: &str, into: &str, preview: bool) -> Result<MergePreview, Error> {
        let body = json!({ "from": from, "into": into, "preview": preview });
        self.caller.post("accounts", "users/merge", &body).await
    }

    async fn user(&self, action: &str, user_id: &str) -> Result<(), Error> {
        self.caller.post::<Value>("accounts", action, &json!({ "user_id": user_id })).await.map(drop)
    }
}
