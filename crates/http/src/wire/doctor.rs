//! Wire words of the doctor.

use super::rfc3339;
use downcity_service::core::Lang;
use downcity_service::core::finding::{Finding, Verdict};
use downcity_service::doctor::Report;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which checks are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DoctorQuery {
    /// A group of checks such as `wechat`, or one check such as `wechat.credentials`; all when absent.
    pub(crate) only: Option<String>,
}

/// A call that comes back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EchoQuery {
    /// Made by this Federation's doctor, good for a minute.
    pub(crate) ticket: String,
}

/// How a request with a ticket arrived.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Echo {
    /// What only this Federation can answer to the ticket.
    pub(crate) proof: String,
    /// The host that it named.
    #[schema(required)]
    pub(crate) host: Option<String>,
    /// The network that it seems to come from.
    pub(crate) network: String,
    /// The address that the connection comes from.
    pub(crate) peer: String,
    /// Whether that is a proxy which is believed.
    pub(crate) from_trusted_proxy: bool,
    /// Whether it has an `X-Forwarded-For`.
    pub(crate) names_sender: bool,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DoctorReport {
    /// When it was looked.
    #[schema(format = "date-time")]
    checked_at: String,
    /// For how long, in milliseconds.
    took_ms: u64,
    /// The worst of the verdicts.
    #[schema(value_type = DoctorVerdict)]
    verdict: &'static str,
    /// One for each check.
    items: Vec<DoctorFinding>,
}

/// How a check ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the words of a verdict in the OpenAPI document")]
pub(crate) enum DoctorVerdict {
    /// There was nothing to check.
    Skipped,
    /// It is as it should be.
    Ok,
    /// It works, but not as it should, or not for long.
    Warning,
    /// It does not work.
    Failed,
}

/// What one check found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DoctorFinding {
    /// The check: its group and name.
    #[schema(example = "wechat.credentials")]
    check: String,
    /// Which one, where a check looks at several: a city, a webhook, a further public address.
    #[schema(required)]
    about: Option<String>,
    /// How it ended.
    #[schema(value_type = DoctorVerdict)]
    verdict: &'static str,
    /// What was found, as a stable word for programs.
    #[schema(example = "secret_wrong")]
    code: &'static str,
    /// What the check looks at.
    title: String,
    /// What was seen.
    evidence: String,
    /// What to do about it.
    #[schema(required)]
    remedy: Option<String>,
}

impl DoctorReport {
    pub(crate) fn new(report: &Report, lang: Lang) -> Self {
        Self {
            checked_at: rfc3339(report.checked_at),
            took_ms: u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
            verdict: report.verdict().as_str(),
            items: report.findings.iter().map(|finding| DoctorFinding::new(finding, lang)).collect(),
        }
    }
}

impl DoctorFinding {
    fn new(finding: &Finding, lang: Lang) -> Self {
        Self {
            check: finding.check.clone(),
            about: finding.about.clone(),
            verdict: Verdict::as_str(finding.verdict),
            code: finding.code,
            title: finding.title.get(lang).to_owned(),
            evidence: finding.evidence.get(lang).to_owned(),
            remedy: finding.remedy.as_ref().map(|remedy| remedy.get(lang).to_owned()),
        }
    }
}
