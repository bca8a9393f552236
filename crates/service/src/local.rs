//! Story: for development, a named person signs in without any provider. Off unless the operator turned it on,
//! and even then only for requests that come from this machine and mean this machine.

use crate::federation::Federation;
use crate::login::{Client, Start, StartError};
use crate::login_steps::StepError;
use crate::result::Handed;
use downcity_core::identity::{KeyKind, clean_text};
use downcity_core::{ExternalIdentity, IdentityKey, Profile};
use std::sync::Arc;
use url::{Host, Url};

/// The id of this way in.
pub const ID: &str = "local";

/// The longest name, in characters.
const NAME: usize = 64;

/// Who a name is.
fn identity(name: String) -> ExternalIdentity {
    let key = IdentityKey { kind: KeyKind::Sub, scope: String::new(), value: name.clone() };
    let profile = Profile { display_name: Some(name), ..Profile::default() };
    ExternalIdentity { provider: ID.to_owned(), keys: vec![key], profile }
}

/// Whether a `Host` names this machine. A page elsewhere whose name was pointed here (DNS rebinding) does not.
fn is_this_machine(host: &str) -> bool {
    match Url::parse(&format!("http://{host}")).ok().as_ref().and_then(Url::host) {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl Federation {
    /// Signs in the person of that name; somebody new is made.
    ///
    /// # Errors
    /// See [`StepError`]: `ProviderNotConfigured` when it is not turned on, `LocalOnly` for requests that do not
    /// come from this machine.
    pub async fn local_login(
        self: &Arc<Self>,
        name: &str,
        city_id: Option<String>,
        client: &Client,
    ) -> Result<Handed, StepError> {
        self.check_local(client)?;
        let identity = self.local_identity(name)?;
        let start = Start { provider: ID.to_owned(), city_id, ..Start::default() };
        let prepared = self.prepare_attempt(&start, client, (ID, ID), None).await?;
        self.store.insert_attempt(self.own_state(&prepared.attempt).digest(), &prepared.attempt).await?;
        self.finish_here(prepared.attempt, identity, None, client).await
    }

    /// Refuses whoever is not on this machine, and everybody when local sign-in is off.
    pub(crate) fn check_local(&self, client: &Client) -> Result<(), StepError> {
        if !self.settings.allow_local_login {
            return Err(StartError::ProviderNotConfigured(ID.to_owned()).into());
        }
        let means_us = client.host.as_deref().is_some_and(is_this_machine);
        if client.network.is_loopback() && means_us && !client.passed_on {
            Ok(())
        } else {
            Err(StepError::LocalOnly)
        }
    }

    /// Who a typed name is.
    pub(crate) fn local_identity(&self, name: &str) -> Result<ExternalIdentity, StepError> {
        let why = || "must be 1 to 64 characters".to_owned();
        let fine = name.chars().count() <= NAME;
        let name = clean_text(name, NAME).filter(|_| fine);
        name.map(identity).ok_or_else(|| StartError::BadField { field: "name", why: why() }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_mean_this_machine() {
        for here in ["127.0.0.1", "127.0.0.1:43127", "localhost:1", "LOCALHOST", "[::1]:80"] {
            assert!(is_this_machine(here), "{here}");
        }
        for other in
            ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", "x@y"]
        {
            assert!(!is_this_machine(other), "{other}");
        }
    }
}
