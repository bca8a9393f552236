//! Story: what admins did is on record. A story makes its entry here and hands it to the write it tells of.

use crate::admin::Admin;
use crate::federation::Federation;
use crate::people::{Paged, PeopleError, paged, text};
use downcity_core::Timestamp;
use downcity_store::{Audit, AuditQuery, NewAudit};
use serde_json::Value;

/// Entries on a page when nothing is said.
const PAGE: i64 = 50;
/// Entries on a page at most.
const LONGEST_PAGE: i64 = 200;

/// What the record tells of: the first part of every action.
pub const NOUNS: &[&str] = &[
    "admin",
    "admin_key",
    "audit",
    "backup",
    "city",
    "city_env",
    "database",
    "env",
    "import",
    "master_key",
    "provider",
    "session",
    "signing_key",
    "token",
    "user",
    "webhook",
];

/// What an admin asks the record for.
#[derive(Debug, Clone, Default)]
pub struct AuditListing {
    /// About which city.
    pub city_id: Option<String>,
    /// By which key.
    pub key_id: Option<String>,
    /// What was done: `env.set`, or `env` for everything about settings.
    pub action: Option<String>,
    /// What it was done to.
    pub subject: Option<String>,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// How many.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// What an entry is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deed<'a> {
    /// What was done: noun.verb, such as `env.set`.
    pub(crate) action: &'static str,
    /// The one city that it is about.
    pub(crate) city_id: Option<&'a str>,
    /// What it was done to: the name of a setting, an id.
    pub(crate) subject: &'a str,
    /// What stood there before, without secrets.
    pub(crate) before: Option<Value>,
    /// What stands there now, without secrets.
    pub(crate) after: Option<Value>,
}

impl Federation {
    /// A page of the record, newest first.
    ///
    /// # Errors
    /// `BadField`, or when the store does not answer.
    pub async fn list_audit(&self, listing: &AuditListing) -> Result<Paged<Audit>, PeopleError> {
        let limit = listing.limit.unwrap_or(PAGE);
        if !(1..=LONGEST_PAGE).contains(&limit) {
            return Err(PeopleError::BadField { field: "limit", why: "must be 1 to 200" });
        }
        let action = text(listing.action.as_ref());
        if action.bytes().any(|b| !(b.is_ascii_lowercase() || matches!(b, b'_' | b'.' | b'?'))) {
            let why = "must be the name of an action, such as `env.set`, or its first part";
            return Err(PeopleError::BadField { field: "action", why });
        }
        let query = AuditQuery {
            city_id: text(listing.city_id.as_ref()),
            key_id: text(listing.key_id.as_ref()),
            action,
            subject: text(listing.subject.as_ref()),
            since: listing.since.unwrap_or(Timestamp(0)),
            until: listing.until.unwrap_or(Timestamp(i64::MAX)),
            after: text(listing.cursor.as_ref()),
            limit: limit + 1,
        };
        Ok(paged(self.store.audit(&query).await?, limit, |one| one.audit_id.clone()))
    }

    /// An entry of the audit record about what an admin does now.
    pub(crate) fn audit_entry(&self, admin: &Admin, deed: Deed<'_>) -> NewAudit {
        let now = self.clock.now();
        entry(admin, deed, self.ids.next(now, &self.random.bytes()), now)
    }
}

/// An entry about this.
pub(crate) fn entry(admin: &Admin, deed: Deed<'_>, audit_id: String, now: Timestamp) -> NewAudit {
    NewAudit {
        audit_id,
        key_id: admin.key_id.clone(),
        key_name: admin.name.clone(),
        via: admin.via.as_str(),
        network: admin.network.map(|network| network.to_string()),
        action: deed.action,
        city_id: deed.city_id.map(str::to_owned),
        subject: deed.subject.to_owned(),
        before: deed.before.map(|value| value.to_string()),
        after: deed.after.map(|value| value.to_string()),
        at: now,
    }
}
