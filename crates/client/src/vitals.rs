//! Whether a Federation can serve, and its metrics: what is asked beside the API.

use crate::caller::CALL_TIMEOUT;
use crate::{Admin, Caller, Error, Federation};
use serde::Deserialize;

/// A Federation that can serve.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Ready {
    /// The version that runs.
    pub version: String,
}

impl Federation {
    /// Whether it can serve; whoever asks needs no key.
    ///
    /// # Errors
    /// [`Error::Api`] (503) where its database does not answer, or any other [`Error`] of a call.
    pub async fn ready(&self) -> Result<Ready, Error> {
        Caller::new(self.clone(), None, None).send(self.client().get(self.beside("ready")?), None).await
    }
}

impl Admin {
    /// The metrics of the node that answers, as OpenMetrics text. Takes a key for the whole Federation.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn metrics(&self) -> Result<String, Error> {
        let federation = self.raw().federation();
        let request = federation.client().get(federation.beside("metrics")?);
        let body = self.raw().fetch(request, CALL_TIMEOUT, "application/openmetrics-text").await?;
        String::from_utf8(body).map_err(|_| Error::Answer("not UTF-8".to_owned()))
    }
}
