//! Story: an admin keeps the cities of the Federation.

use crate::admin::Admin;
use crate::audit::Deed;
use crate::directory::ReadError;
use crate::federation::Federation;
use downcity_core::id::DEFAULT_CITY;
use downcity_core::identity::typed_name;
use downcity_core::redirect::{Target, parse_origin};
use downcity_core::{City, CityId, CityStatus, ConfirmPolicy, Timestamp};
use downcity_store::{CityPatch, NewAudit, StoreError};
use std::sync::Arc;

/// How many origins or redirects a city may list.
pub(crate) const LIST_LIMIT: usize = 50;
/// Characters of a name.
pub(crate) const NAME_LIMIT: usize = 80;

/// What an admin sets; absent fields stay as they are.
#[derive(Debug, Clone, Default)]
pub struct CityChange {
    /// The name people see.
    pub name: Option<String>,
    /// Origins whose pages may call the API.
    pub allowed_origins: Option<Vec<String>>,
    /// Addresses a sign-in may return to.
    pub allowed_redirects: Option<Vec<String>>,
    /// When to ask for confirmation: `code`, `always`, `auto`, `never`.
    pub confirm: Option<String>,
}

/// Why a city was not changed.
#[derive(Debug, thiserror::Error)]
pub enum CityError {
    /// No such city.
    #[error("unknown city")]
    Unknown,
    /// The id is taken.
    #[error("the id is taken")]
    Taken,
    /// The default city can't be removed or paused away.
    #[error("{DEFAULT_CITY} always exists and can't be removed")]
    Permanent,
    /// A field has a value that can't be used.
    #[error("{field} {why}")]
    BadField {
        /// Its name on the wire.
        field: &'static str,
        /// What is wrong, to be read after the name.
        why: String,
    },
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The change is stored, but could not be read back here.
    #[error(transparent)]
    Read(#[from] ReadError),
}

fn bad(field: &'static str, why: impl Into<String>) -> CityError {
    CityError::BadField { field, why: why.into() }
}

impl Federation {
    /// All cities, newest first.
    #[must_use]
    pub fn cities(&self) -> Vec<Arc<City>> {
        let mut cities: Vec<_> = self.directory.load().cities.values().cloned().collect();
        cities.sort_by(|a, b| (b.created_at, &b.city_id).cmp(&(a.created_at, &a.city_id)));
        cities
    }

    /// One city.
    ///
    /// # Errors
    /// When there is none of that id.
    pub fn city(&self, id: &str) -> Result<Arc<City>, CityError> {
        let id = CityId::parse(id).map_err(|why| bad("city_id", why.to_string()))?;
        self.directory.load().cities.get(&id).cloned().ok_or(CityError::Unknown)
    }

    /// Creates a city; without an id it gets a random one.
    ///
    /// # Errors
    /// See [`CityError`].
    pub async fn create_city(
        &self,
        admin: &Admin,
        id: Option<&str>,
        change: &CityChange,
    ) -> Result<Arc<City>, CityError> {
        let city_id = match id {
            Some(id) => CityId::parse(id).map_err(|why| bad("city_id", why.to_string()))?,
            None => CityId::trusted(self.fresh_city_id()),
        };
        let now = self.clock.now();
        let mut city = City {
            city_id,
            name: String::new(),
            status: CityStatus::Active,
            allowed_origins: Vec::new(),
            allowed_redirects: Vec::new(),
            confirm: ConfirmPolicy::default(),
            created_at: now,
            updated_at: now,
        };
        if change.name.is_none() {
            return Err(bad("name", "is required"));
        }
        let patch = checked_change(city.city_id.clone(), change, now)?;
        city.name = patch.name.unwrap_or_default();
        city.allowed_origins = patch.allowed_origins.unwrap_or_default();
        city.allowed_redirects = patch.allowed_redirects.unwrap_or_default();
        city.confirm = patch.confirm.unwrap_or_default();
        let entry = self.city_entry(admin, "city.created", &city.city_id);
        if !self.store.insert_city(&city, Some(entry)).await? {
            return Err(CityError::Taken);
        }
        self.reload().await?;
        Ok(Arc::new(city))
    }

    /// Changes a city's settings, effective at once.
    ///
    /// # Errors
    /// See [`CityError`].
    pub async fn update_city(
        &self,
        admin: &Admin,
        id: &str,
        change: &CityChange,
    ) -> Result<Arc<City>, CityError> {
        let city_id = self.city(id)?.city_id.clone();
        self.save(admin, "city.changed", checked_change(city_id, change, self.clock.now())?).await
    }

    /// Pauses or activates a city, effective at once: a paused one starts no sign-in and accepts no token.
    ///
    /// # Errors
    /// See [`CityError`].
    pub async fn set_city_status(
        &self,
        admin: &Admin,
        id: &str,
        status: CityStatus,
    ) -> Result<Arc<City>, CityError> {
        let city_id = self.city(id)?.city_id.clone();
        let patch = checked_change(city_id, &CityChange::default(), self.clock.now())?;
        let action = match status {
            CityStatus::Active => "city.activated",
            CityStatus::Paused => "city.paused",
        };
        self.save(admin, action, CityPatch { status: Some(status), ..patch }).await
    }

    /// Removes a city with its sessions and attempts. Users stay: they belong to the Federation.
    ///
    /// # Errors
    /// See [`CityError`].
    pub async fn remove_city(self: &Arc<Self>, admin: &Admin, id: &str) -> Result<(), CityError> {
        if id == DEFAULT_CITY {
            return Err(CityError::Permanent);
        }
        let city = self.city(id)?;
        let entry = self.city_entry(admin, "city.removed", &city.city_id);
        // In a task of its own, which goes on when the caller has waited long enough: there may be millions of sessions.
        let this = Arc::clone(self);
        let work = self.spawn_resumable(async move {
            if !this.store.remove_city(&city.city_id, entry).await? {
                return Err(CityError::Unknown);
            }
            this.reload().await?;
            Ok(())
        });
        let removed = work.await.map_err(|_| StoreError::Internal("a city's removal panicked".into()))?;
        removed.ok_or_else(|| StoreError::Unavailable("this node stops; ask another one, or again".into()))?
    }

    async fn save(
        &self,
        admin: &Admin,
        action: &'static str,
        patch: CityPatch,
    ) -> Result<Arc<City>, CityError> {
        let entry = self.city_entry(admin, action, &patch.city_id);
        let city = self.store.update_city(patch, entry).await?.ok_or(CityError::Unknown)?;
        self.reload().await?;
        Ok(Arc::new(city))
    }

    pub(crate) fn city_entry(&self, admin: &Admin, action: &'static str, id: &CityId) -> NewAudit {
        let (city_id, subject) = (Some(id.as_str()), id.as_str());
        self.audit_entry(admin, Deed { action, city_id, subject, ..Deed::default() })
    }

    fn fresh_city_id(&self) -> String {
        let letters = b"abcdefghijkmnpqrstuvwxyz23456789";
        let random: [u8; 12] = self.random.bytes();
        let tail: String = random.iter().map(|b| char::from(letters[usize::from(b % 32)])).collect();
        format!("city_{tail}")
    }
}

fn checked_change(city_id: CityId, change: &CityChange, now: Timestamp) -> Result<CityPatch, CityError> {
    let name = |name: &String| typed_name(name, NAME_LIMIT).map_err(|why| bad("name", why));
    let origin = |text: &str| {
        parse_origin(text).map_err(|why| format!("{why}; an origin is scheme, host and port without a path"))
    };
    let redirect = |text: &str| {
        Target::parse(text).map(|target| target.as_str().to_owned()).map_err(|why| why.to_string())
    };
    let confirm = |confirm: &String| {
        ConfirmPolicy::parse(confirm)
            .ok_or_else(|| bad("confirm", "must be `code`, `always`, `auto` or `never`"))
    };
    let (origins, redirects) = (&change.allowed_origins, &change.allowed_redirects);
    Ok(CityPatch {
        city_id,
        status: None,
        name: change.name.as_ref().map(name).transpose()?,
        allowed_origins: origins.as_ref().map(|list| checked("allowed_origins", list, origin)).transpose()?,
        allowed_redirects: redirects
            .as_ref()
            .map(|list| checked("allowed_redirects", list, redirect))
            .transpose()?,
        confirm: change.confirm.as_ref().map(confirm).transpose()?,
        now,
    })
}

fn checked(
    field: &'static str,
    entries: &[String],
    check: impl Fn(&str) -> Result<String, String>,
) -> Result<Vec<String>, CityError> {
    if entries.len() > LIST_LIMIT {
        return Err(bad(field, format!("may list at most {LIST_LIMIT} entries")));
    }
    let one = |entry: &String| check(entry).map_err(|why| bad(field, format!("has an entry that {why}")));
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        let entry = one(entry)?;
        if !kept.contains(&entry) {
            kept.push(entry);
        }
    }
    Ok(kept)
}
