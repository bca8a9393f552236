//! Wire words of sign-in attempts.

use super::{Both, rfc3339};
use downcity_service::attempts::ToldAttempt;
use downcity_service::core::Failure;
use downcity_service::people::{Listing, Paged};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AttemptQuery {
    /// For this city.
    pub(crate) city_id: Option<String>,
    /// With this provider.
    provider: Option<String>,
    /// `waiting`, `exchanging`, `confirming`, `done`, `failed`, `expired` or `not_returned`.
    status: Option<String>,
    /// The code of a failure, such as `provider_misconfigured`.
    failure: Option<String>,
    /// Those that signed this user in.
    user_id: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl From<AttemptQuery> for Listing {
    fn from(wire: AttemptQuery) -> Self {
        let AttemptQuery { city_id, provider, status, failure, user_id, limit, cursor } = wire;
        Self { city_id, provider, status, failure, user_id, limit, cursor, ..Self::default() }
    }
}

/// The last sign-in attempts, newest first. They are remembered for a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptList {
    items: Vec<AttemptItem>,
    /// What to send as `cursor` for the next page; null on the last one.
    #[schema(required)]
    next: Option<String>,
}

impl From<Paged<ToldAttempt>> for AttemptList {
    fn from(page: Paged<ToldAttempt>) -> Self {
        Self { items: page.items.into_iter().map(AttemptItem::from).collect(), next: page.next }
    }
}

/// One sign-in attempt. Nothing in it helps to finish it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptItem {
    attempt_id: String,
    city_id: String,
    /// The provider's id.
    provider: String,
    /// The network address it was started from; an IPv6 address by its /64.
    network: String,
    /// The `User-Agent` it was started with; text from outside.
    agent: String,
    /// Whether it is to link a provider to somebody who is signed in.
    linking: bool,
    /// `waiting`: started, nobody came back yet; `exchanging`: came back, the provider is being asked; `confirming`:
    /// the person is being asked; `done`; `failed`; `expired`: came back and was not confirmed in time;
    /// `not_returned`: nobody came back in time.
    status: String,
    /// The code of the failure, as the product was told.
    #[schema(required)]
    failure: Option<&'static str>,
    /// The provider's own code, such as an errcode of WeChat.
    #[schema(required)]
    provider_code: Option<String>,
    /// Why it failed, for the operator.
    #[schema(required)]
    reason: Option<Both>,
    /// What to do about that.
    #[schema(required)]
    remedy: Option<Both>,
    /// Who signed in.
    #[schema(required)]
    user_id: Option<String>,
    #[schema(format = "date-time")]
    started_at: String,
    /// When somebody came back.
    #[schema(required, format = "date-time")]
    returned_at: Option<String>,
    /// When it was settled.
    #[schema(required, format = "date-time")]
    ended_at: Option<String>,
    /// When the token was collected.
    #[schema(required, format = "date-time")]
    collected_at: Option<String>,
}

impl From<ToldAttempt> for AttemptItem {
    fn from(told: ToldAttempt) -> Self {
        let ToldAttempt { attempt, words } = told;
        Self {
            attempt_id: attempt.attempt_id,
            city_id: attempt.city_id,
            provider: attempt.provider,
            network: attempt.network,
            agent: attempt.agent,
            linking: attempt.linking,
            status: attempt.status,
            failure: attempt.failure.map(Failure::code),
            provider_code: attempt.provider_code,
            reason: words.map(|words| words.what.into()),
            remedy: words.map(|words| words.remedy.into()),
            user_id: attempt.user_id,
            started_at: rfc3339(attempt.started_at),
            returned_at: attempt.returned_at.map(rfc3339),
            ended_at: attempt.ended_at.map(rfc3339),
            collected_at: attempt.collected_at.map(rfc3339),
        }
    }
}
