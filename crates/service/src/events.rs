//! Events: what the log is told. A story makes its event here and hands it to the write it tells of.

use crate::admin::Admin;
use crate::audit::Deed;
use crate::federation::Federation;
use downcity_core::network::Network;
use downcity_store::NewEvent;
use serde_json::Value;

/// Every kind of event, by whom it is about. Webhooks may name them.
pub(crate) const KINDS: &[&str] = &[
    "password.changed",
    "session.revoked",
    "signing_key.added",
    "signing_key.removed",
    "signing_key.revoked",
    "user.deleted",
    "user.deletion_cancelled",
    "user.deletion_requested",
    "user.disabled",
    "user.email_changed",
    "user.enabled",
    "user.linked",
    "user.merged",
    "user.moved_in",
    "user.signed_in",
    "user.signed_out",
    "user.signed_up",
    "user.unlinked",
    "user.updated",
    "webhook.created",
    "webhook.disabled",
    "webhook.enabled",
    "webhook.removed",
    "webhook.test",
];

/// Who did something.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Actor<'a> {
    /// The user it is about.
    User,
    /// An admin. What they did is on record, too.
    Admin(&'a Admin),
    /// The Federation itself.
    System,
}

impl Federation {
    /// An event that happens now and is about no user, but about something else, such as a key.
    pub(crate) fn general_event(
        &self,
        kind: &'static str,
        actor: Actor<'_>,
        subject: &str,
        detail: &Value,
    ) -> NewEvent {
        NewEvent { user_id: None, ..self.event(kind, actor, subject, (None, None), detail) }
    }

    /// An event that happens now, with the city and the network it happened in.
    pub(crate) fn event(
        &self,
        kind: &'static str,
        actor: Actor<'_>,
        user_id: &str,
        (city_id, network): (Option<&str>, Option<Network>),
        detail: &Value,
    ) -> NewEvent {
        debug_assert!(KINDS.contains(&kind), "{kind} is missing in KINDS");
        let now = self.clock.now();
        let audit = match actor {
            Actor::Admin(admin) => {
                let after = Some(detail.clone());
                Some(self.audit_entry(
                    admin,
                    Deed { action: kind, city_id, subject: user_id, before: None, after },
                ))
            }
            Actor::User | Actor::System => None,
        };
        NewEvent {
            audit,
            event_id: self.ids.next(now, &self.random.bytes()),
            kind,
            user_id: Some(user_id.to_owned()),
            city_id: city_id.map(str::to_owned),
            actor: match actor {
                Actor::User => "user".to_owned(),
                Actor::Admin(admin) => format!("admin:{}", admin.key_id),
                Actor::System => "system".to_owned(),
            },
            network: network.map(|network| network.to_string()),
            detail: detail.to_string(),
            at: now,
        }
    }
}
