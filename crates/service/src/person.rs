//! Story: an admin looks at one user: who they are, how they sign in, where they are signed in, what happened.

use crate::federation::Federation;
use crate::people::PeopleError;
use downcity_core::UserId;
use downcity_store::{Event, Identity, ListedSession, ListedUser, UserQuery};

/// The latest sessions and events that are told.
const LATEST: usize = 50;

/// A name of a user at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderName {
    /// `unionid`, `openid` or `sub`.
    pub kind: String,
    /// Where it is unique: an app's id, an issuer, or empty.
    pub scope: String,
    /// The name.
    pub value: String,
}

/// One user.
#[derive(Debug, Clone)]
pub struct Person {
    /// The user.
    pub listed: ListedUser,
    /// What they wrote about themselves.
    pub bio: Option<String>,
    /// Their language.
    pub locale: Option<String>,
    /// Their ways in, oldest first, each with its names at the provider. An admin of one city is told no names.
    pub identities: Vec<(Identity, Vec<ProviderName>)>,
    /// Their latest sessions that are remembered, newest first.
    pub sessions: Vec<ListedSession>,
    /// The latest events about them, newest first.
    pub events: Vec<Event>,
}

impl Federation {
    /// Everything about one user; for an admin of one city what happened there, if the user has been there.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn person(&self, user_id: &str, city_id: Option<&str>) -> Result<Person, PeopleError> {
        let id = UserId::parse(user_id).map_err(|_| PeopleError::UnknownUser)?;
        let city = city_id.unwrap_or_default();
        let query = UserQuery {
            exact: user_id.to_owned(),
            city_id: city.to_owned(),
            limit: 9,
            ..UserQuery::default()
        };
        let found = self.store.users(&query).await?;
        let listed = found.into_iter().find(|one| one.user.user_id == id).ok_or(PeopleError::UnknownUser)?;
        let mut names = if city.is_empty() { self.store.identity_names(&id).await? } else { Vec::new() };
        let identities = self.store.identities(&id).await?.into_iter().map(|identity| {
            let (own, rest) = std::mem::take(&mut names)
                .into_iter()
                .partition(|name| name[0] == identity.identity_id.as_str());
            names = rest;
            let own: Vec<[String; 4]> = own;
            let name = |[_, kind, scope, value]: [String; 4]| ProviderName { kind, scope, value };
            (identity, own.into_iter().map(name).collect())
        });
        let identities = identities.collect();
        let sessions = self.store.all_sessions(&id).await?.into_iter();
        let there = |one: &ListedSession| city.is_empty() || one.session.city_id.as_str() == city;
        Ok(Person {
            bio: listed.user.bio.clone(),
            locale: listed.user.locale.clone(),
            identities,
            sessions: sessions.filter(there).take(LATEST).collect(),
            events: self.store.events_about(user_id, city, i64::try_from(LATEST).unwrap_or(0)).await?,
            listed,
        })
    }
}
