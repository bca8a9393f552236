//! Story: what admins did is on record. A story makes its entry here and hands it to the write it tells of.

use crate::admin::Admin;
use crate::federation::Federation;
use downcity_store::NewAudit;
use serde_json::Value;

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
    /// An entry of the audit record about what an admin does now.
    pub(crate) fn audit_entry(&self, admin: &Admin, deed: Deed<'_>) -> NewAudit {
        let now = self.clock.now();
        NewAudit {
            audit_id: downcity_core::id::uuid_v7(now, &self.random.bytes()),
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
}
