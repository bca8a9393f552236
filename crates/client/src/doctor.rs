//! The doctor: the Federation looks itself over.

use crate::{Admin, Error, Timestamp, time};
use serde::Deserialize;
use std::time::Duration;

/// Checks ask others, and wait for those who don't answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// What was found.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct DoctorReport {
    /// When it was looked.
    #[serde(deserialize_with = "time::required")]
    pub checked_at: Timestamp,
    /// For how long, in milliseconds.
    pub took_ms: u64,
    /// The worst of the verdicts.
    pub verdict: Verdict,
    /// One for each check.
    pub items: Vec<DoctorFinding>,
}

/// What one check found.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct DoctorFinding {
    /// The check: its group and name, such as `wechat.credentials`.
    pub check: String,
    /// Which one, where a check looks at several: a city, a webhook, a further public address.
    pub about: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found, as a stable word for programs.
    pub code: String,
    /// What the check looks at.
    pub title: String,
    /// What was seen.
    pub evidence: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// There was nothing to check.
    Skipped,
    /// It is as it should be.
    Ok,
    /// It works, but not as it should, or not for long.
    Warning,
    /// It does not work.
    Failed,
    /// A word newer than this client.
    #[serde(other)]
    Other,
}

impl Admin {
    /// Looks the Federation over: all of it, or `only` one group of checks (`wechat`, `url` …) or one check. Can take
    /// some 30 seconds.
    ///
    /// # Errors
    /// Any [`Error`] of a call; an unknown check is status 400.
    pub async fn doctor(&self, only: Option<&str>) -> Result<DoctorReport, Error> {
        let query: Vec<_> = only.map(|only| ("only", only)).into_iter().collect();
        self.raw().clone().waiting(PATIENCE).get("federation", "doctor", &query).await
    }
}
