//! Wire words of accounts: identities, profiles, and what admins see of people.

use super::rfc3339;
use crate::error::ApiError;
use downcity_service::login::Start;
use downcity_service::people::{Listing, Paged};
use downcity_service::profile::ProfileEdit;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) use downcity_service::rows as stored;

/// Names a session.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SessionRequest {
    pub(crate) session_id: String,
    /// Clients add their city to every POST; another city than the token's is refused.
    pub(crate) city_id: Option<String>,
}

/// A call without input.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EmptyRequest {
    /// Clients add their city to every POST; another city than the token's is refused.
    pub(crate) city_id: Option<String>,
}

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevokedCount {
    /// Always true.
    pub(crate) success: bool,
    pub(crate) count: u64,
}

/// The bearer's ways in, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IdentityList {
    pub(crate) items: Vec<IdentityItem>,
}

/// One way in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IdentityItem {
    pub(crate) identity_id: String,
    /// The provider's id.
    pub(crate) provider: String,
    /// The provider's name, in the language of `Accept-Language`.
    pub(crate) label: String,
    /// The address, where the way in is one.
    #[schema(required)]
    pub(crate) email: Option<String>,
    /// When it was linked.
    #[schema(format = "date-time")]
    pub(crate) created_at: String,
    /// When it was last used, to the minute.
    #[schema(format = "date-time")]
    pub(crate) last_used_at: String,
}

/// Starts a sign-in that links a provider to the bearer's account.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct LinkRequest {
    /// A provider's id from `providers`.
    #[schema(example = "wechat")]
    provider: String,
    /// Where to send the browser afterwards: in the city's `allowed_redirects`, or `http://127.0.0.1/downcity` or
    /// `http://[::1]/downcity` on any port (RFC 8252 §7.3), which need a `code_challenge`.
    return_to: Option<String>,
    /// BASE64URL(SHA256(code_verifier)) (RFC 7636).
    code_challenge: Option<String>,
    /// `S256`, the only method.
    code_challenge_method: Option<String>,
    /// `zh` or `en`: the language of the provider's page and ours.
    lang: Option<String>,
    /// `false` turns WeChat's desktop fast login off for this sign-in.
    fast_login: Option<bool>,
    /// Whether a refresh token comes with the fresh token; by default, whether the bearer's session has one.
    refresh: Option<bool>,
    /// Clients add their city to every POST; another city than the token's is refused.
    pub(crate) city_id: Option<String>,
}

impl LinkRequest {
    /// What it starts, for the bearer of such a session.
    pub(crate) fn start(self, refreshable: bool) -> Start {
        let wire = self;
        Start {
            provider: wire.provider,
            city_id: None,
            return_to: wire.return_to,
            code_challenge: wire.code_challenge,
            code_challenge_method: wire.code_challenge_method,
            lang: wire.lang,
            fast_login: wire.fast_login,
            refresh: wire.refresh.unwrap_or(refreshable),
        }
    }
}

/// Names one of the bearer's ways in.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UnlinkRequest {
    pub(crate) identity_id: String,
    /// Clients add their city to every POST; another city than the token's is refused.
    pub(crate) city_id: Option<String>,
}

/// Changes to one's profile. What is absent stays; null or an empty text empties a field. A field that was
/// edited here is not overwritten by the next sign-in.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ProfileUpdateRequest {
    /// At most 64 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    display_name: Option<Option<String>>,
    /// An https address.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    avatar_url: Option<Option<String>>,
    /// At most 1000 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    bio: Option<Option<String>>,
    /// A language tag (BCP 47).
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "zh-CN")]
    locale: Option<Option<String>>,
    /// Clients add their city to every POST; another city than the token's is refused.
    pub(crate) city_id: Option<String>,
}

/// Tells a null from a field that is absent.
fn given<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(reader).map(Some)
}

impl From<ProfileUpdateRequest> for ProfileEdit {
    fn from(wire: ProfileUpdateRequest) -> Self {
        let ProfileUpdateRequest { display_name, avatar_url, bio, locale, city_id: _ } = wire;
        Self { display_name, avatar_url, bio, locale }
    }
}

/// Removes one's own account.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct DeleteRequest {
    /// The bearer's own id, to show that this account is meant.
    pub(crate) user_id: String,
    /// Clients add their city to every POST; another city than the token's is refused.
    pub(crate) city_id: Option<String>,
}

/// When an account is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeleteAnswer {
    /// Always true.
    pub(crate) success: bool,
    /// When the account is gone for good: now, or later; until then signing in keeps it.
    #[schema(format = "date-time")]
    pub(crate) delete_at: String,
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserQuery {
    /// A whole id, address, openid or unionid, which finds its owner at once; else part of a name, an address or an
    /// id, in any case.
    q: Option<String>,
    /// Only users with a session in this city that is remembered.
    city_id: Option<String>,
    /// `active`, `disabled`, or `deleting` when the owner asked for it.
    status: Option<String>,
    /// Only users with a way in by this provider.
    provider: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl From<UserQuery> for Listing {
    fn from(wire: UserQuery) -> Self {
        let UserQuery { q, city_id, status, provider, limit, cursor } = wire;
        Self { q, city_id, status, provider, limit, cursor, ..Self::default() }
    }
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionQuery {
    /// Part of an id, a network address or a `User-Agent`, in any case.
    q: Option<String>,
    /// Of this user.
    user_id: Option<String>,
    /// In this city.
    city_id: Option<String>,
    /// `active`, `expired` or `revoked`.
    status: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl From<SessionQuery> for Listing {
    fn from(wire: SessionQuery) -> Self {
        let SessionQuery { q, user_id, city_id, status, limit, cursor } = wire;
        Self { q, user_id, city_id, status, limit, cursor, ..Self::default() }
    }
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// About this user.
    user_id: Option<String>,
    /// In this city.
    city_id: Option<String>,
    /// Of this kind, such as `user.signed_in`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Not before this moment (RFC 3339).
    #[param(format = "date-time")]
    since: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl EventQuery {
    pub(crate) fn listing(self) -> Result<Listing, ApiError> {
        let EventQuery { user_id, city_id, kind, since, limit, cursor } = self;
        let since = since.map(|text| super::moment("since", &text)).transpose()?;
        Ok(Listing { user_id, city_id, kind, since, limit, cursor, ..Listing::default() })
    }
}

/// A page of users, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserList {
    items: Vec<UserItem>,
    /// What to ask the next page with; null on the last one.
    #[schema(required)]
    next: Option<String>,
}

/// A user, as admins see them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserItem {
    user_id: String,
    #[schema(required)]
    auth_email: Option<String>,
    #[schema(required)]
    auth_name: Option<String>,
    #[schema(required)]
    display_name: Option<String>,
    #[schema(required)]
    avatar_url: Option<String>,
    #[schema(required, format = "date-time")]
    auth_created_at: Option<String>,
    /// `active`, `disabled`, or `deleting` when the owner asked for it.
    status: &'static str,
    /// When the account is removed, if its owner asked for it.
    #[schema(required, format = "date-time")]
    delete_at: Option<String>,
    /// The providers they can sign in with.
    providers: Vec<String>,
}

impl From<stored::ListedUser> for UserItem {
    fn from(listed: stored::ListedUser) -> Self {
        let user = listed.user;
        Self {
            user_id: user.user_id.to_string(),
            auth_email: user.email,
            auth_name: user.display_name.clone(),
            display_name: user.display_name,
            avatar_url: user.avatar_url,
            auth_created_at: Some(rfc3339(user.created_at)),
            status: match listed.delete_at {
                _ if user.disabled => "disabled",
                Some(_) => "deleting",
                None => "active",
            },
            delete_at: listed.delete_at.map(rfc3339),
            providers: listed.providers,
        }
    }
}

impl From<Paged<stored::ListedUser>> for UserList {
    fn from(page: Paged<stored::ListedUser>) -> Self {
        Self { items: page.items.into_iter().map(UserItem::from).collect(), next: page.next }
    }
}

/// A page of events, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventList {
    items: Vec<EventItem>,
    /// What to ask the next page with; null on the last one.
    #[schema(required)]
    next: Option<String>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventItem {
    /// Later events have greater ids.
    event_id: String,
    /// What happened, such as `user.signed_in`.
    #[serde(rename = "type")]
    kind: String,
    #[schema(required)]
    user_id: Option<String>,
    #[schema(required)]
    city_id: Option<String>,
    /// `user`, `admin:<key id>` or `system`.
    actor: String,
    #[schema(required)]
    network: Option<String>,
    /// More about it, by kind.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    #[schema(format = "date-time")]
    created_at: String,
}

impl From<stored::Event> for EventItem {
    fn from(event: stored::Event) -> Self {
        Self {
            event_id: event.event_id,
            kind: event.kind,
            user_id: event.user_id.filter(|id| !id.is_empty()),
            city_id: event.city_id,
            actor: event.actor,
            network: event.network,
            detail: serde_json::from_str(&event.detail).unwrap_or_default(),
            created_at: rfc3339(event.at),
        }
    }
}

impl From<Paged<stored::Event>> for EventList {
    fn from(page: Paged<stored::Event>) -> Self {
        Self { items: page.items.into_iter().map(EventItem::from).collect(), next: page.next }
    }
}

/// Names a user.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UserRequest {
    pub(crate) user_id: String,
}

/// Names two users to be made one.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct MergeRequest {
    /// Who goes.
    pub(crate) from: String,
    /// Who stays.
    pub(crate) into: String,
    /// true only tells what would move.
    pub(crate) preview: Option<bool>,
}

/// What a merge moved, or would move.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MergeAnswer {
    /// Whether it was done.
    pub(crate) merged: bool,
    /// The ways in that move.
    pub(crate) identities: Vec<IdentityItem>,
    /// How many live sessions of `from` end.
    pub(crate) sessions: i64,
    /// Whether the password moves.
    pub(crate) password_moves: bool,
    /// Whether the address in the profile moves.
    pub(crate) email_moves: bool,
    /// What both have, where `into` keeps its own: `password`, `email`; and `disabled` when one of them is
    /// disabled, which has to be settled first.
    pub(crate) conflicts: Vec<&'static str>,
}
