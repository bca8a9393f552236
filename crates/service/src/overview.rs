//! Story: an admin sees at a glance how sign-ins go, whether each provider is well, and what needs attention.

use crate::federation::Federation;
use crate::patterns::{Attention, Known, patterns};
use crate::providers::{ProviderCard, ProviderError, ProviderStatus};
use downcity_core::time::DAY;
use downcity_core::{Lang, Timestamp};
use downcity_providers::catalogue;
use downcity_store::{ListedAttempt, PeopleNumbers, SignInCount, StoreError};
use std::collections::BTreeMap;
use std::time::Duration;
use tracing::warn;

const HOUR: i64 = 3_600_000;
/// The spans that can be asked for, in hours, and how long each step of their series is.
const SPANS: [(i64, i64); 3] = [(24, HOUR), (168, DAY), (720, DAY)];
/// How many of the last attempts are looked at for patterns.
const LOOKED_AT: i64 = 2000;
/// How long numbers that took a look at every session are good.
const NUMBERS_KEPT: Duration = Duration::from_secs(60);

/// How sign-ins went that began in a span of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub started: u64,
    /// Those where somebody came back from the provider, or typed the code.
    pub returned: u64,
    /// Those that ended with somebody signed in.
    pub done: u64,
    /// Those that are still under way.
    pub under_way: u64,
    /// Those where nobody came back in time.
    pub not_returned: u64,
    /// Those that came back and were not confirmed in time.
    pub expired: u64,
    /// Those that failed, by the failure's code.
    pub failed: BTreeMap<String, u64>,
}

impl Tally {
    fn add(&mut self, outcome: &str, count: u64) {
        self.started += count;
        self.returned += if matches!(outcome, "waiting" | "not_returned") { 0 } else { count };
        match outcome {
            "done" => self.done += count,
            "not_returned" => self.not_returned += count,
            "expired" => self.expired += count,
            "waiting" | "exchanging" | "confirming" => self.under_way += count,
            failure => *self.failed.entry(failure.to_owned()).or_default() += count,
        }
    }

    /// How many of those that came back and are over ended with somebody signed in, 0 to 1; absent without any.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let over = self.done + self.expired + self.failed.values().sum::<u64>();
        // Counts of a month are far below what a float holds exactly.
        #[expect(clippy::cast_precision_loss)]
        (over > 0).then(|| self.done as f64 / over as f64)
    }
}

/// A step of the series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its first moment.
    pub at: Timestamp,
    /// The sign-ins that began in it.
    pub tally: Tally,
}

/// How a provider does.
#[derive(Debug, Clone)]
pub struct Health {
    /// What is set up of it.
    pub card: ProviderCard,
    /// The last time that somebody signed in with it, as far as is remembered; beyond a day, to the hour.
    pub last_success: Option<Timestamp>,
    /// The last time that it failed somebody.
    pub last_failure: Option<Timestamp>,
    /// Sign-ins of this hour and the one before.
    pub hour: Tally,
    /// Sign-ins of the last 24 hours.
    pub day: Tally,
}

/// Everything at a glance.
#[derive(Debug, Clone)]
pub struct Overview {
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// How long a step is: an hour, or a day.
    pub step: Duration,
    /// Every step, also those in which nothing happened.
    pub series: Vec<Step>,
    /// All steps together.
    pub total: Tally,
    /// People and sessions, at most a minute old; absent when counting them took too long.
    pub people: Option<PeopleNumbers>,
    /// How many cities it is about.
    pub cities: usize,
    /// Every provider.
    pub health: Vec<Health>,
    /// What needs attention, the worst first.
    pub attention: Vec<Attention>,
}

/// Why there is no overview.
#[derive(Debug, thiserror::Error)]
pub enum OverviewError {
    /// Not a span that can be asked for.
    #[error("hours must be 24, 168 or 720")]
    BadSpan,
    /// No such city.
    #[error("unknown city")]
    UnknownCity,
    /// The store did not answer.
    #[error(transparent)]
    Internal(#[from] StoreError),
}

impl Federation {
    /// The overview of the last 24, 168 or 720 hours, of one city or of all. Days are those of UTC.
    ///
    /// # Errors
    /// See [`OverviewError`].
    pub async fn overview(
        &self,
        hours: i64,
        city_id: Option<&str>,
        lang: Lang,
    ) -> Result<Overview, OverviewError> {
        let span = SPANS.iter().find(|span| span.0 == hours).ok_or(OverviewError::BadSpan)?;
        let cards = self.list_providers(city_id, lang).map_err(|error| match error {
            ProviderError::Internal(error) => OverviewError::Internal(error),
            _ => OverviewError::UnknownCity,
        })?;
        let (now, step, city) = (self.clock.now(), span.1, city_id.unwrap_or_default());
        let since = Timestamp(now.0 - now.0.rem_euclid(step) - (hours * HOUR - step));
        let counted_since = Timestamp(since.0.min(now.0 - now.0.rem_euclid(HOUR) - DAY));
        let counts = self.store.sign_in_counts(city, counted_since, now).await?;
        let attempts = self.last_attempts(city, now).await?;
        let series = series(&counts, since, now, step);
        let mut total = Tally::default();
        counts.iter().filter(|one| one.hour >= since).for_each(|one| total.add(&one.outcome, size(one)));
        let mut attention = self.attention(&cards, city, now).await?;
        attention.extend(self.patterns_of(&attempts, now));
        attention.sort_by_key(|one| one.severity);
        let people = self.people_numbers(city, now).await;
        Ok(Overview {
            since,
            until: now,
            step: Duration::from_millis(step.unsigned_abs()),
            series,
            total,
            people,
            cities: city_id.map_or_else(|| self.directory().cities.len(), |_| 1),
            health: cards.into_iter().map(|card| health(card, &counts, &attempts, now)).collect(),
            attention,
        })
    }

    /// What the sign-ins of the last day have in common, in one city or everywhere; the worst first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sign_in_patterns(&self, city_id: Option<&str>) -> Result<Vec<Attention>, StoreError> {
        let now = self.clock.now();
        let attempts = self.last_attempts(city_id.unwrap_or_default(), now).await?;
        Ok(self.patterns_of(&attempts, now))
    }

    async fn last_attempts(&self, city: &str, now: Timestamp) -> Result<Vec<ListedAttempt>, StoreError> {
        self.store.attempts_since(city, Timestamp(now.0 - DAY), LOOKED_AT, now).await
    }

    /// What the attempts, newest first, have in common.
    fn patterns_of(&self, attempts: &[ListedAttempt], now: Timestamp) -> Vec<Attention> {
        let directory = self.directory();
        let label = |id: &str, lang: Lang| directory.provider_label(id, lang);
        let secret_set_at = |provider: &str, app_id: &str| {
            let spec = catalogue().iter().find(|spec| spec.id == provider)?;
            let key = spec.env.iter().find(|env| env.secret && env.required)?.key;
            let own = directory.city_apps.values().find(|app| {
                app.provider.as_ref().is_some_and(|own| own.id() == provider && own.app_id() == app_id)
            });
            let env = own.map_or(&directory.env, |own| &own.env);
            env.get(key).map(|setting| setting.updated_at)
        };
        patterns(attempts, &Known { now, label: &label, secret_set_at: &secret_set_at })
    }

    /// People and sessions, at most a minute old. Nobody counts while somebody does.
    async fn people_numbers(&self, city: &str, now: Timestamp) -> Option<PeopleNumbers> {
        let mut kept = self.numbers.lock().await;
        kept.retain(|_, (at, _)| now < at.plus(NUMBERS_KEPT) && *at <= now);
        if let Some((_, numbers)) = kept.get(city) {
            return Some(*numbers);
        }
        match self.store.people_numbers(city, now).await {
            Ok(numbers) => {
                kept.insert(city.to_owned(), (now, numbers));
                Some(numbers)
            }
            Err(problem) => {
                warn!(error = %problem, "people and sessions could not be counted");
                None
            }
        }
    }
}

fn size(one: &SignInCount) -> u64 {
    u64::try_from(one.count).unwrap_or(0)
}

fn series(counts: &[SignInCount], since: Timestamp, now: Timestamp, step: i64) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut at = since.0;
    while at <= now.0 {
        steps.push(Step { at: Timestamp(at), tally: Tally::default() });
        at += step;
    }
    for one in counts.iter().filter(|one| one.hour >= since) {
        let place = usize::try_from((one.hour.0 - since.0) / step).unwrap_or(usize::MAX);
        if let Some(found) = steps.get_mut(place) {
            found.tally.add(&one.outcome, size(one));
        }
    }
    steps
}

fn health(card: ProviderCard, counts: &[SignInCount], attempts: &[ListedAttempt], now: Timestamp) -> Health {
    let this_hour = now.0 - now.0.rem_euclid(HOUR);
    let (mut hour, mut day) = (Tally::default(), Tally::default());
    let of_card = || counts.iter().filter(|one| one.provider == card.id);
    for one in of_card() {
        if one.hour.0 > this_hour - DAY {
            day.add(&one.outcome, size(one));
        }
        if one.hour.0 >= this_hour - HOUR {
            hour.add(&one.outcome, size(one));
        }
    }
    let last = |status: &str| {
        let exact = attempts.iter().filter(|one| one.provider == card.id && one.status == status);
        exact.filter_map(|one| one.ended_at.or(one.returned_at)).max()
    };
    let by_hour = |good: bool| {
        let wanted = |outcome: &str| {
            if good { outcome == "done" } else { downcity_core::Failure::from_code(outcome).is_some() }
        };
        of_card().filter(|one| wanted(&one.outcome)).map(|one| one.hour).max()
    };
    Health {
        last_success: last("done").or_else(|| by_hour(true)),
        last_failure: last("failed").or_else(|| by_hour(false)),
        hour,
        day,
        card,
    }
}

/// Whether a card's state needs attention: it is neither well nor meant to be off.
pub(crate) fn is_half_done(card: &ProviderCard) -> bool {
    matches!(card.status, ProviderStatus::Incomplete | ProviderStatus::Broken)
        || !card.city_missing.is_empty()
}
