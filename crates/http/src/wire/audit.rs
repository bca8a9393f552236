//! Wire words of the audit record.

use super::{moment, rfc3339};
use crate::error::ApiError;
use downcity_service::audit::AuditListing;
use downcity_service::people::Paged;
use downcity_service::rows::Audit;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// Which entries are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditListQuery {
    /// Only about this city.
    city_id: Option<String>,
    /// Only by this admin key; `local` for commands on the machine itself.
    key_id: Option<String>,
    /// Only this: `env.set`, or `env` for everything about settings.
    action: Option<String>,
    /// Only what was done to this: the name of a setting, an id.
    subject: Option<String>,
    /// Not before this (RFC 3339).
    since: Option<String>,
    /// Before this (RFC 3339).
    until: Option<String>,
    /// How many: 1 to 200, 50 when absent. An export knows no limit.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl AuditListQuery {
    pub(crate) fn listing(self) -> Result<AuditListing, ApiError> {
        Ok(AuditListing {
            since: self.since.map(|text| moment("since", &text)).transpose()?,
            until: self.until.map(|text| moment("until", &text)).transpose()?,
            city_id: self.city_id,
            key_id: self.key_id,
            action: self.action,
            subject: self.subject,
            limit: self.limit,
            cursor: self.cursor,
        })
    }
}

/// What admins did, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditList {
    items: Vec<AuditItem>,
    /// What to ask the next page with; null on the last one.
    #[schema(required)]
    next: Option<String>,
}

impl From<Paged<Audit>> for AuditList {
    fn from(page: Paged<Audit>) -> Self {
        Self { items: page.items.into_iter().map(AuditItem::from).collect(), next: page.next }
    }
}

/// One thing that an admin did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditItem {
    audit_id: String,
    #[schema(format = "date-time")]
    at: String,
    /// The admin key it was done with; `local` for a command on the machine itself.
    key_id: String,
    /// What the key was called then, or the command.
    key_name: String,
    /// `api`, `workspace` or `machine`.
    #[schema(example = "workspace")]
    via: String,
    /// Where it was done from; an IPv6 address by its /64. Null on the machine itself.
    #[schema(required)]
    network: Option<String>,
    /// What was done: noun and verb.
    #[schema(example = "env.set")]
    action: String,
    /// The one city it is about.
    #[schema(required)]
    city_id: Option<String>,
    /// What it was done to: the name of a setting, an id.
    subject: String,
    /// What stood there before; of secrets only what lists show, too.
    #[schema(required, value_type = serde_json::Value)]
    before: Option<Box<RawValue>>,
    /// What stood there afterwards; the same.
    #[schema(required, value_type = serde_json::Value)]
    after: Option<Box<RawValue>>,
}

impl From<Audit> for AuditItem {
    fn from(entry: Audit) -> Self {
        let json = |text: Option<String>| text.and_then(|text| RawValue::from_string(text).ok());
        Self {
            at: rfc3339(entry.at),
            audit_id: entry.audit_id,
            key_id: entry.key_id,
            key_name: entry.key_name,
            via: entry.via,
            network: entry.network,
            action: entry.action,
            city_id: entry.city_id,
            subject: entry.subject,
            before: json(entry.before),
            after: json(entry.after),
        }
    }
}
