//! How asking a provider fails.

use downcity_core::Failure;

/// A provider did not say who signed in.
///
/// Everything in it may be logged: the texts are written in this crate, and of the provider's own answer only
/// numbers and WeChat's request id are taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{report}")]
pub struct ProviderError {
    /// What the person is told.
    pub failure: Failure,
    /// What the operator is told: what happened, why, and what to do. English.
    pub report: String,
    /// The provider's own error number, where it gave one (WeChat: `errcode`).
    pub provider_code: Option<i64>,
    /// Whether the provider gave no answer of its own: no connection, none in time, a fault of its server. What it thinks
    /// of one person's code is an answer, since a stranger chooses that code.
    pub is_silence: bool,
}

impl ProviderError {
    /// An error without a number of the provider's.
    pub(crate) fn new(failure: Failure, report: impl Into<String>) -> Self {
        Self { failure, report: report.into(), provider_code: None, is_silence: false }
    }

    /// The same where the provider gave no answer of its own.
    pub(crate) fn silent(self) -> Self {
        Self { is_silence: true, ..self }
    }
}
