//! Wire words of the overview.

use super::providers::ProviderCardItem;
use super::{Both, rfc3339};
use downcity_service::core::Said;
use downcity_service::overview::{Health, Overview, Tally};
use downcity_service::patterns::Attention;
use downcity_service::rows::PeopleNumbers;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Of what.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OverviewQuery {
    /// 24 (by the hour), 168 or 720 (by the day, UTC); 24 when absent.
    pub(crate) hours: Option<i64>,
    /// Of this city; of all when absent.
    pub(crate) city_id: Option<String>,
}

/// How sign-ins go, whether each provider is well, and what needs attention.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverviewAnswer {
    #[schema(format = "date-time")]
    since: String,
    #[schema(format = "date-time")]
    until: String,
    /// How long each step of the series is: 3600 or 86400.
    step_seconds: u64,
    /// Every step, also those in which nothing happened, oldest first.
    series: Vec<StepItem>,
    /// All steps together.
    total: TallyItem,
    /// People and sessions, at most a minute old; null when counting them took too long.
    #[schema(required)]
    people: Option<PeopleItem>,
    /// How many cities it is about.
    cities: usize,
    providers: Vec<HealthItem>,
    /// What needs attention, the worst first.
    attention: Vec<AttentionItem>,
}

/// A step of the series.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepItem {
    /// Its first moment.
    #[schema(format = "date-time")]
    at: String,
    #[serde(flatten)]
    tally: TallyItem,
}

/// How sign-ins went that began in a span of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TallyItem {
    started: u64,
    /// Those where somebody came back from the provider, or typed the mailed code.
    returned: u64,
    done: u64,
    under_way: u64,
    /// Those where nobody came back in time.
    not_returned: u64,
    /// Those that came back and were not confirmed in time.
    expired: u64,
    /// Those that failed, by the failure's code.
    failed: BTreeMap<String, u64>,
    /// How many of those that came back and are over ended with somebody signed in, 0 to 1; null without any.
    #[schema(required)]
    success_rate: Option<f64>,
}

/// People and sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeopleItem {
    /// Users; of a city: those with a session there that is remembered.
    users: i64,
    /// Users with a session that began or was used in the last 24 hours.
    active_24h: i64,
    /// The same in the last 30 days.
    active_30d: i64,
    live_sessions: i64,
}

/// How a provider does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthItem {
    provider: ProviderCardItem,
    /// The last time that somebody signed in with it; beyond a day, to the hour.
    #[schema(required, format = "date-time")]
    last_success_at: Option<String>,
    /// The last time that it failed somebody.
    #[schema(required, format = "date-time")]
    last_failure_at: Option<String>,
    /// This hour and the one before.
    last_hour: TallyItem,
    /// The last 24 hours.
    last_day: TallyItem,
}

/// Something that needs attention.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttentionItem {
    /// What kind of thing; stable.
    #[schema(example = "callback_domain")]
    id: &'static str,
    /// `error`: people can't sign in; `warning`: some can't, or soon nobody can; `info`.
    severity: &'static str,
    /// What was seen and what it probably means.
    text: Both,
    /// What to do.
    remedy: Both,
    /// The provider it is about.
    #[schema(required)]
    provider: Option<String>,
    /// The city it is about, if it is about one alone.
    #[schema(required)]
    city_id: Option<String>,
}

impl From<Said> for Both {
    fn from(said: Said) -> Self {
        Self { en: said.en, zh: said.zh }
    }
}

impl From<Tally> for TallyItem {
    fn from(tally: Tally) -> Self {
        Self {
            success_rate: tally.success_rate(),
            started: tally.started,
            returned: tally.returned,
            done: tally.done,
            under_way: tally.under_way,
            not_returned: tally.not_returned,
            expired: tally.expired,
            failed: tally.failed,
        }
    }
}

impl From<PeopleNumbers> for PeopleItem {
    fn from(numbers: PeopleNumbers) -> Self {
        Self {
            users: numbers.users,
            active_24h: numbers.active_day,
            active_30d: numbers.active_month,
            live_sessions: numbers.live_sessions,
        }
    }
}

impl From<Health> for HealthItem {
    fn from(health: Health) -> Self {
        Self {
            provider: health.card.into(),
            last_success_at: health.last_success.map(rfc3339),
            last_failure_at: health.last_failure.map(rfc3339),
            last_hour: health.hour.into(),
            last_day: health.day.into(),
        }
    }
}

impl From<Attention> for AttentionItem {
    fn from(one: Attention) -> Self {
        Self {
            id: one.id,
            severity: one.severity.as_str(),
            text: one.text.into(),
            remedy: one.remedy.into(),
            provider: one.provider,
            city_id: one.city_id,
        }
    }
}

impl From<Overview> for OverviewAnswer {
    fn from(overview: Overview) -> Self {
        let steps = overview.series.into_iter();
        Self {
            since: rfc3339(overview.since),
            until: rfc3339(overview.until),
            step_seconds: overview.step.as_secs(),
            series: steps.map(|step| StepItem { at: rfc3339(step.at), tally: step.tally.into() }).collect(),
            total: overview.total.into(),
            people: overview.people.map(PeopleItem::from),
            cities: overview.cities,
            providers: overview.health.into_iter().map(HealthItem::from).collect(),
            attention: overview.attention.into_iter().map(AttentionItem::from).collect(),
        }
    }
}
