//! Story: an issuer's answer is posted (OAuth 2.0 Form Post Response Mode).
//!
//! A browser sends no `Lax` cookie with a form of another site's, so the answer goes on to the same address by GET, with
//! which it does. It travels sealed: only what was really posted counts as posted, and neither code nor state can be read
//! in the address.

use crate::callback::CallbackError;
use crate::federation::Federation;
use crate::vault::SealError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use downcity_core::Timestamp;
use downcity_providers::CallbackQuery;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What it is sealed for; nothing that is stored has this place.
const PLACE: &str = "accounts/oauth/callback/posted";
/// How long a sealed answer is good: browsers follow a redirect at once.
const LIFE: Duration = Duration::from_secs(60);
/// The longest answer that is carried on, in bytes. Proxies take lines of 8 KiB, and sealing adds a third.
const LONGEST: usize = 5600;

/// An answer as it travels.
#[derive(Serialize, Deserialize)]
struct Posted {
    until: Timestamp,
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

impl Federation {
    /// Seals an answer that was posted, for [`Federation::open_posted`]. `None` for one that no issuer sends: over 5,600
    /// bytes.
    #[must_use]
    pub fn seal_posted(&self, answer: CallbackQuery) -> Option<String> {
        let CallbackQuery { code, state, error, iss, .. } = answer;
        let until = self.clock.now().plus(LIFE);
        let plain = serde_json::to_vec(&Posted { until, code, state, error, iss }).ok()?;
        (plain.len() <= LONGEST).then(|| URL_SAFE_NO_PAD.encode(self.vault.seal(PLACE, &plain)))
    }

    /// What [`Federation::seal_posted`] sealed on any node, for a minute.
    ///
    /// # Errors
    /// [`CallbackError::UnknownState`] for what was not sealed here or was altered, [`CallbackError::Expired`] for what
    /// comes too late.
    pub async fn open_posted(&self, sealed: &str) -> Result<CallbackQuery, CallbackError> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| CallbackError::UnknownState)?;
        let mut plain = self.vault.open(PLACE, &sealed);
        if plain.as_ref().is_err_and(SealError::may_pass) {
            // Another node may have sealed it with a data key that was made a moment ago.
            self.catch_up().await;
            plain = self.vault.open(PLACE, &sealed);
        }
        let posted = plain.ok().and_then(|plain| serde_json::from_slice::<Posted>(&plain).ok());
        let Posted { until, code, state, error, iss } = posted.ok_or(CallbackError::UnknownState)?;
        if self.clock.now() >= until {
            return Err(CallbackError::Expired);
        }
        Ok(CallbackQuery { code, state, error, iss, by_post: true })
    }
}
