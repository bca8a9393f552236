//! Story: for development, a named person signs in without any provider. Off unless the operator turned it on,
//! and even then only for requests that come from this machine and mean this machine.

use crate::federation::Federation;
use crate::login::{Client, Start, StartError, open_city};
use crate::login_steps::{By, StepError};
use crate::result::Handed;
use downcity_core::identity::{KeyKind, clean_text};
use downcity_core::network::host_is_here;
use downcity_core::{ExternalIdentity, IdentityKey, Profile};
use std::sync::Arc;

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
        let city = open_city(&self.directory(), start.city_id.as_deref())?;
        let prepared = self.prepare_attempt(&start, &city, client, (ID, ID), None).await?;
        self.store.insert_attempt(self.own_state(&prepared.attempt).digest(), &prepared.attempt).await?;
        self.finish_here(prepared.attempt, identity, By::Itself, client).await
    }

    /// Refuses whoever is not on this machine, and everybody when local sign-in is off.
    pub(crate) fn check_local(&self, client: &Client) -> Result<(), StepError> {
        if !self.settings.allow_local_login {
            return Err(StartError::ProviderNotConfigured(ID.to_owned()).into());
        }
        // A page elsewhere whose name was pointed at this machine (DNS rebinding) sends that name as `Host`.
        let means_us = client.host.as_deref().is_some_and(host_is_here);
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
