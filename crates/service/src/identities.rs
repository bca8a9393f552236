//! Story: a person looks at their ways in, links another, gives one up. Nothing is ever linked by an e-mail
//! address or a nickname: only a signed-in person who signs in with the other provider links it.

use crate::events::Actor;
use crate::federation::Federation;
use crate::login::{Client, Start, StartError, Started};
use crate::sessions::SignedIn;
use downcity_core::attempt::Link;
use downcity_core::{Attempt, IdentityId};
use downcity_store::{Identity, LinkUp, Linked, SignIn, StoreError, Unlink, Unlinked};
use serde_json::json;
use tracing::{info, warn};

/// Why a way in was not linked or given up.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The person has to sign in again first.
    #[error("the sign-in is not fresh enough")]
    NotFresh,
    /// The token names nobody who is a user here.
    #[error("not a user of this Federation")]
    NoUser,
    /// The person has no such identity.
    #[error("no such identity")]
    Unknown,
    /// It is the last way in.
    #[error("the last way in")]
    Last,
    /// The attempt could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store did not answer.
    #[error(transparent)]
    Internal(#[from] StoreError),
}

impl Federation {
    /// The person's ways in, oldest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn own_identities(&self, who: &SignedIn) -> Result<Vec<Identity>, StoreError> {
        self.store.identities(&who.session.user_id).await
    }

    /// Starts an attempt that links a provider to the person. It is bound to their session: when that ends
    /// first, nothing is linked.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub async fn start_link(
        &self,
        who: &SignedIn,
        start: &Start,
        client: &Client,
    ) -> Result<Started, IdentityError> {
        self.check_fresh(who)?;
        if start.provider == downcity_providers::mail::ID {
            let why = "is linked by changing the e-mail address, not by this call".to_owned();
            return Err(StartError::BadField { field: "provider", why }.into());
        }
        let link = Link { user_id: who.session.user_id.clone(), session_id: who.session.session_id.clone() };
        let start = Start { city_id: Some(who.session.city_id.to_string()), ..start.clone() };
        Ok(self.start_attempt(&start, client, Some(link)).await?)
    }

    /// Gives a way in up, with the sessions that began with its provider. Never the last one that can be used.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub async fn unlink(
        &self,
        who: &SignedIn,
        identity_id: &str,
        client: &Client,
    ) -> Result<(), IdentityError> {
        self.check_fresh(who)?;
        let user_id = who.session.user_id.clone();
        let identity_id = IdentityId::parse(identity_id).map_err(|_| IdentityError::Unknown)?;
        let found = self.store.identities(&user_id).await?;
        let gone =
            found.into_iter().find(|one| one.identity_id == identity_id).ok_or(IdentityError::Unknown)?;
        let detail = json!({"provider": gone.provider, "identity_id": identity_id});
        let (user, city) = (user_id.as_str(), Some(who.session.city_id.as_str()));
        let event = self.event("user.unlinked", Actor::User, user, (city, Some(client.network)), &detail);
        let directory = self.directory();
        let local = self.settings.allow_local_login;
        let ways = directory.ways_in(downcity_core::Lang::En, &who.session.city_id, local);
        let usable = ways.map(|way| way.id.to_owned()).collect();
        drop(directory);
        let unlink = Unlink { user_id, identity_id, usable, event, now: self.clock.now() };
        match self.store.unlink_identity(unlink).await? {
            Unlinked::Gone => Ok(()),
            Unlinked::Unknown => Err(IdentityError::Unknown),
            Unlinked::Last => Err(IdentityError::Last),
        }
    }

    /// Refuses whoever is no user here, or has to sign in again first.
    pub(crate) fn check_fresh(&self, who: &SignedIn) -> Result<(), IdentityError> {
        if who.user.is_none() {
            return Err(IdentityError::NoUser);
        }
        if who.is_fresh(self.clock.now()) { Ok(()) } else { Err(IdentityError::NotFresh) }
    }

    /// Finishes an attempt that links: the identity becomes theirs, or the attempt fails and says why.
    pub(crate) async fn complete_link(
        &self,
        attempt: &Attempt,
        link: &Link,
        sign_in: SignIn,
    ) -> Result<(), StoreError> {
        let Attempt { attempt_id, city_id, provider, .. } = attempt;
        let identity_id = sign_in.identity_id.clone();
        let detail = json!({"provider": provider, "identity_id": identity_id});
        let from = Some(attempt.starter.network);
        let user = link.user_id.as_str();
        let event = self.event("user.linked", Actor::User, user, (Some(city_id.as_str()), from), &detail);
        let sign_in = SignIn { user_id: link.user_id.clone(), signed_up: None, ..sign_in };
        let link_up = LinkUp { sign_in, link: link.clone(), event };
        match self.store.link_identity(link_up).await? {
            Linked::Added | Linked::Already => {
                info!(%attempt_id, %city_id, %provider, user_id = %link.user_id, "linked");
            }
            Linked::Refused(failure) => {
                info!(%attempt_id, %city_id, %provider, user_id = %link.user_id, failure = failure.code(), "not linked");
            }
            Linked::Lost => warn!(%attempt_id, "a link was settled elsewhere first"),
        }
        Ok(())
    }
}
