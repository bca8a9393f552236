//! Wire words of everything held about oneself.

use super::people::{EventItem, stored};
use super::rfc3339;
use super::sessions::SessionItem;
use downcity_service::leaving;
use serde::Serialize;
use utoipa::ToSchema;

/// Everything held about the bearer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Export {
    #[schema(format = "date-time")]
    exported_at: String,
    user: ExportUser,
    identities: Vec<ExportIdentity>,
    sessions: Vec<SessionItem>,
    /// What happened, newest first.
    events: Vec<EventItem>,
    /// Mails to one's addresses, without what was in them: that is not kept.
    mails: Vec<ExportMail>,
}

/// The user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportUser {
    user_id: String,
    #[schema(required)]
    email: Option<String>,
    #[schema(required)]
    display_name: Option<String>,
    #[schema(required)]
    avatar_url: Option<String>,
    #[schema(required)]
    bio: Option<String>,
    #[schema(required)]
    locale: Option<String>,
    #[schema(format = "date-time")]
    created_at: String,
    /// When the password was last changed; the password itself is not known here.
    #[schema(required, format = "date-time")]
    password_changed_at: Option<String>,
}

/// A way in with its names at the provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportIdentity {
    identity_id: String,
    provider: String,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    last_used_at: String,
    names: Vec<ExportName>,
}

/// A name at a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportName {
    /// `unionid`, `openid` or `sub`.
    kind: String,
    /// Inside what it is unique: an app, an issuer, or nothing.
    scope: String,
    value: String,
}

/// A mail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportMail {
    address: String,
    /// `waiting`, `sent` or `given_up`.
    state: String,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(required, format = "date-time")]
    ended_at: Option<String>,
}

impl From<leaving::Export> for Export {
    fn from(export: leaving::Export) -> Self {
        let (user, names, at) = (export.user, export.names, export.at);
        let identity = |one: stored::Identity| ExportIdentity {
            names: names
                .iter()
                .filter(|[id, ..]| id == one.identity_id.as_str())
                .cloned()
                .map(|[_, kind, scope, value]| ExportName { kind, scope, value })
                .collect(),
            identity_id: one.identity_id.to_string(),
            provider: one.provider,
            created_at: rfc3339(one.created_at),
            last_used_at: rfc3339(one.last_used_at),
        };
        let mail = |mail: stored::MailTrace| ExportMail {
            address: mail.address,
            state: mail.state,
            created_at: rfc3339(mail.created_at),
            ended_at: mail.ended_at.map(rfc3339),
        };
        Self {
            exported_at: rfc3339(at),
            identities: export.identities.into_iter().map(identity).collect(),
            sessions: export.sessions.into_iter().map(|one| SessionItem::of(one, at)).collect(),
            events: export.events.into_iter().map(EventItem::from).collect(),
            mails: export.mails.into_iter().map(mail).collect(),
            user: ExportUser {
                user_id: user.user_id.to_string(),
                email: user.email,
                display_name: user.display_name,
                avatar_url: user.avatar_url,
                bio: user.bio,
                locale: user.locale,
                created_at: rfc3339(user.created_at),
                password_changed_at: export.password_changed_at.map(rfc3339),
            },
        }
    }
}
