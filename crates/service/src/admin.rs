//! Story: an admin shows their key, and may do what its role and its city allow.

use crate::federation::Federation;
use downcity_core::network::Network;
use downcity_core::{CityId, Digest, Role, Timestamp, Via};
use downcity_store::AdminKeyRow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tracing::warn;

/// Stands before every admin key, so that leak scanners recognise it.
pub const ADMIN_KEY_PREFIX: &str = "ak_";
/// How exactly the last use of a key is noted.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// An admin whose key was found.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The key's id; `local` for a command on the machine itself.
    pub key_id: String,
    /// The key's name.
    pub name: String,
    /// How much the key allows.
    pub role: Role,
    /// The only city that the key is for.
    pub city: Option<CityId>,
    /// The way the admin came.
    pub via: Via,
    /// Where from, if not on the machine itself.
    pub network: Option<Network>,
}

/// Why an admin may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// It takes a stronger role.
    #[error("this takes the role {}", .0.as_str())]
    Role(Role),
    /// The key is for one city, and this is about another one, or about all.
    #[error("the key is for one city only")]
    OtherCity,
}

impl Admin {
    /// Whoever runs commands on the machine that holds the database and the master key.
    #[must_use]
    pub fn on_this_machine(command: &str) -> Self {
        Self {
            key_id: "local".to_owned(),
            name: command.to_owned(),
            role: Role::Owner,
            city: None,
            via: Via::Machine,
            network: None,
        }
    }

    /// Whether the key allows what this role may.
    ///
    /// # Errors
    /// [`Forbidden::Role`] when it allows less.
    pub fn require(&self, role: Role) -> Result<(), Forbidden> {
        if self.role >= role { Ok(()) } else { Err(Forbidden::Role(role)) }
    }

    /// Whether the key is for the whole Federation.
    ///
    /// # Errors
    /// [`Forbidden::OtherCity`] when it is for one city.
    pub fn everywhere(&self) -> Result<(), Forbidden> {
        if self.city.is_none() { Ok(()) } else { Err(Forbidden::OtherCity) }
    }

    /// Whether the key is for this city, too.
    ///
    /// # Errors
    /// [`Forbidden::OtherCity`] when it is for another one.
    pub fn within(&self, city_id: &str) -> Result<(), Forbidden> {
        match &self.city {
            Some(own) if own.as_str() != city_id => Err(Forbidden::OtherCity),
            _ => Ok(()),
        }
    }

    /// The one city that a list is limited to: the one asked for, and for the key of a city always its own.
    ///
    /// # Errors
    /// [`Forbidden::OtherCity`] when the key is for another city than the one asked for.
    pub fn narrowed(&self, asked: Option<String>) -> Result<Option<String>, Forbidden> {
        match (&self.city, asked) {
            (Some(own), Some(asked)) if own.as_str() != asked => Err(Forbidden::OtherCity),
            (Some(own), _) => Ok(Some(own.to_string())),
            (None, asked) => Ok(asked),
        }
    }
}

/// An admin key as this node knows it.
pub struct KnownKey {
    /// Its row, as it was last read.
    pub row: AdminKeyRow,
    used_at: AtomicI64,
}

impl KnownKey {
    /// A key as it was just read.
    #[must_use]
    pub fn of(row: AdminKeyRow) -> Self {
        Self { used_at: AtomicI64::new(row.last_used_at.map_or(0, |at| at.0)), row }
    }

    /// Whether to store this use: true at most once a minute for each key.
    fn is_news(&self, now: Timestamp) -> bool {
        let seen = self.used_at.load(Ordering::Relaxed);
        let due = Timestamp(seen).plus(NOTED_EVERY) <= now;
        due && self.used_at.compare_exchange(seen, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl Federation {
    /// Checks an admin key that came from a network. An admin sees here whatever was changed elsewhere before.
    pub async fn admin(&self, key: &str, network: Network) -> Option<Admin> {
        let digest = Digest::of(key).0;
        if !self.directory.load().admin_keys.contains_key(&digest) {
            return None;
        }
        self.catch_up().await;
        let known = Arc::clone(self.directory.load().admin_keys.get(&digest)?);
        let now = self.clock.now();
        if !known.row.is_good(now) {
            return None;
        }
        if known.is_news(now) {
            let (store, key_id) = (self.store.clone(), known.row.key_id.clone());
            self.tasks.spawn(async move {
                if let Err(problem) = store.touch_admin_key(&key_id, now).await {
                    warn!(error = %problem, key_id, "the use of an admin key could not be noted");
                }
            });
        }
        Some(Admin {
            key_id: known.row.key_id.clone(),
            name: known.row.name.clone(),
            role: known.row.role,
            city: known.row.city_id.clone(),
            via: Via::Api,
            network: Some(network),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_city(city: Option<&str>) -> Admin {
        Admin {
            city: city.map(|id| CityId::trusted(id.to_owned())),
            role: Role::Operator,
            ..Admin::on_this_machine("a test")
        }
    }

    #[test]
    fn the_key_of_a_city_reaches_no_other() {
        let (own, all) = (of_city(Some("city_a")), of_city(None));
        assert_eq!(own.within("city_a"), Ok(()));
        assert_eq!(own.within("city_b"), Err(Forbidden::OtherCity));
        assert_eq!(own.everywhere(), Err(Forbidden::OtherCity));
        assert_eq!(own.narrowed(None), Ok(Some("city_a".into())));
        assert_eq!(own.narrowed(Some("city_b".into())), Err(Forbidden::OtherCity));
        assert_eq!((all.within("city_b"), all.everywhere()), (Ok(()), Ok(())));
        assert_eq!(all.narrowed(Some("city_b".into())), Ok(Some("city_b".into())));
        assert_eq!(all.require(Role::Owner), Err(Forbidden::Role(Role::Owner)));
        assert_eq!(all.require(Role::Viewer), Ok(()));
    }
}
