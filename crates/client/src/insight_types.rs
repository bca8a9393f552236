//! The answers about sign-ins and ways to sign in. Unknown fields are ignored, so that an older client understands a
//! newer Federation.

use crate::{Event, ListedSession, ListedUser, Timestamp, time};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Both {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

/// One sign-in attempt.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Attempt {
    /// Its name; later ones have greater names.
    pub attempt_id: String,
    /// For which city.
    pub city_id: String,
    /// With which provider.
    pub provider: String,
    /// From which network it was started.
    pub network: String,
    /// With which program.
    pub agent: String,
    /// What became of it.
    pub status: String,
    /// The code of the failure.
    pub failure: Option<String>,
    /// The provider's own code.
    pub provider_code: Option<String>,
    /// Why it failed.
    pub reason: Option<Both>,
    /// What to do about that.
    pub remedy: Option<Both>,
    /// Who signed in.
    pub user_id: Option<String>,
    /// When it was started.
    #[serde(deserialize_with = "time::required")]
    pub started_at: Timestamp,
    /// When it was settled.
    #[serde(default, deserialize_with = "time::optional")]
    pub ended_at: Option<Timestamp>,
    /// When the token was collected.
    #[serde(default, deserialize_with = "time::optional")]
    pub collected_at: Option<Timestamp>,
}

/// How sign-ins went that began in a span of time.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Tally {
    /// All.
    pub started: u64,
    /// Those that came back from the provider.
    pub returned: u64,
    /// Those that ended with somebody signed in.
    pub done: u64,
    /// Those that are not over.
    pub under_way: u64,
    /// Those where nobody came back in time.
    pub not_returned: u64,
    /// Those that came back and were not confirmed in time.
    pub expired: u64,
    /// Those that failed, by the failure's code.
    pub failed: BTreeMap<String, u64>,
    /// Of those that came back and are over, 0 to 1.
    pub success_rate: Option<f64>,
}

/// A step of the series.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// Its first moment.
    #[serde(deserialize_with = "time::required")]
    pub at: Timestamp,
    /// What began in it.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Something that needs attention.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Attention {
    /// What kind of thing; stable.
    pub id: String,
    /// `error`, `warning` or `info`.
    pub severity: String,
    /// What was seen and what it probably means.
    pub text: Both,
    /// What to do.
    pub remedy: Both,
    /// The provider it is about.
    pub provider: Option<String>,
    /// The city it is about alone.
    pub city_id: Option<String>,
}

/// How a provider does.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// What is set up of it.
    pub provider: ProviderCard,
    /// The last time that somebody signed in with it.
    #[serde(default, deserialize_with = "time::optional")]
    pub last_success_at: Option<Timestamp>,
    /// The last time that it failed somebody.
    #[serde(default, deserialize_with = "time::optional")]
    pub last_failure_at: Option<Timestamp>,
    /// This hour and the one before.
    pub last_hour: Tally,
    /// The last 24 hours.
    pub last_day: Tally,
}

/// People and sessions.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct PeopleNumbers {
    /// Users.
    pub users: u64,
    /// Users who were active in the last 24 hours.
    pub active_24h: u64,
    /// The same in 30 days.
    pub active_30d: u64,
    /// Sessions that are live.
    pub live_sessions: u64,
}

/// Everything at a glance.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Overview {
    /// How long a step is.
    pub step_seconds: u64,
    /// Every step, oldest first.
    pub series: Vec<Step>,
    /// All steps together.
    pub total: Tally,
    /// People and sessions; absent when counting them took too long.
    pub people: Option<PeopleNumbers>,
    /// How many cities it is about.
    pub cities: u64,
    /// Every provider.
    pub providers: Vec<Health>,
    /// What needs attention, the worst first.
    pub attention: Vec<Attention>,
}

/// An address that a provider sends people back to.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct CallbackAddress {
    /// The whole address.
    pub url: String,
    /// Its host: WeChat's callback domain.
    pub domain: String,
}

/// One way to sign in, as an admin sees it.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct ProviderCard {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub label: String,
    /// `oauth` or `email`.
    pub kind: String,
    /// `enabled`, `off`, `incomplete`, `broken` or `not_set_up`.
    pub status: String,
    /// Settings that are missing.
    pub missing: Vec<String>,
    /// Why its settings can't be used.
    pub problem: Option<Both>,
    /// The app's public id.
    pub app_id: Option<String>,
    /// Whether that is the city's own.
    pub own_app: bool,
    /// What to register at the provider.
    pub callbacks: Vec<CallbackAddress>,
    /// Everything else the Federation said.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// One user.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Person {
    /// The user.
    pub user: ListedUser,
    /// What they wrote about themselves.
    pub bio: Option<String>,
    /// Their language.
    pub locale: Option<String>,
    /// Their ways in.
    pub identities: Vec<PersonIdentity>,
    /// Their latest sessions.
    pub sessions: Vec<ListedSession>,
    /// The latest events about them.
    pub events: Vec<Event>,
}

/// A way in with its names at the provider.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct PersonIdentity {
    /// Its name.
    pub identity_id: String,
    /// The provider.
    pub provider: String,
    /// The stable names; empty for an admin of one city.
    pub names: Vec<PersonName>,
}

/// A stable name at a provider.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct PersonName {
    /// `unionid`, `openid` or `sub`.
    pub kind: String,
    /// Where it is unique.
    pub scope: String,
    /// The name.
    pub value: String,
}
