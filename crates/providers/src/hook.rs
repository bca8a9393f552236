//! Webhook deliveries: one POST to an address that an admin typed, which must not lead inside.

use crate::guard;
use crate::line::{Fault, deepest};
use crate::outside::Outside;
use std::time::Duration;
use tokio::time::timeout;

/// How long a receiver may take, from the connection to its status.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of its answer is read, in bytes; it says nothing that we need.
const READ: usize = 4096;

/// A delivery as it is sent (Standard Webhooks 1.0).
#[derive(Debug)]
pub struct HookMessage<'a> {
    /// Where it goes.
    pub url: &'a str,
    /// The message's id, the same each time it is sent.
    pub id: &'a str,
    /// When this try is made, in seconds since 1970.
    pub timestamp: i64,
    /// `v1,` and the signature.
    pub signature: &'a str,
    /// The JSON text.
    pub body: String,
}

impl Outside {
    /// Whether deliveries may go to an address.
    ///
    /// # Errors
    /// With what is wrong, to be read after the word `address`.
    pub fn allows_hook(&self, url: &str) -> Result<(), &'static str> {
        guard::check(url, self.private_hooks()).map(drop)
    }

    /// Sends a delivery once and gives the status of the answer. No redirect is followed.
    ///
    /// # Errors
    /// With a report that holds no address and nothing that was sent.
    pub async fn deliver(&self, message: HookMessage<'_>) -> Result<u16, String> {
        let url = guard::checked(message.url, self.private_hooks()).map_err(told)?;
        let client = self.hooks().map_err(|error| error.to_string())?;
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp)
            .header("webhook-signature", message.signature)
            .body(message.body);
        let late = |_| "no answer in time".to_owned();
        let mut response = timeout(PATIENCE, request.send())
            .await
            .map_err(late)?
            .map_err(|e| told(crate::line::broken(e)))?;
        let status = response.status().as_u16();
        // A short answer is read, so that the connection can be used again. What is longer, or slow, is left.
        let rest = async {
            let mut read = 0;
            while let Ok(Some(chunk)) = response.chunk().await {
                read += chunk.len();
                if read > READ {
                    return;
                }
            }
        };
        let _ = timeout(Duration::from_secs(1), rest).await;
        Ok(status)
    }
}

fn told(fault: Fault) -> String {
    match fault {
        Fault::Setup(error) => deepest(&error),
        Fault::Transport(report) => report,
        Fault::TooLarge => "the answer is too large".to_owned(),
    }
}
