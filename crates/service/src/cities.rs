//! Story: an admin keeps the cities of the Federation.

use crate::directory::ReadError;
use crate::federation::Federation;
use downcity_core::id::DEFAULT_CITY;
use downcity_core::identity::clean_text;
use downcity_core::redirect::{Target, parse_origin};
use downcity_core::{City, CityId, CityStatus, ConfirmPolicy};
use downcity_store::StoreError;
use std::sync::Arc;

/// How many origins or redirects a city may list.
const LIST_LIMIT: usize = 50;

/// What an admin sets; absent fields stay as they are.
#[derive(Debug, Clone, Default)]
pub struct CityChange {
    /// The name people see.
    pub name: Option<String>,
    /// Origins whose pages may call the API.
    pub allowed_origins: Option<Vec<String>>,
    /// Addresses a sign-in may return to.
    pub allowed_redirects: Option<Vec<String>>,
    /// When to ask for confirmation: `always`, `auto`, `never`.
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
    pub async fn create_city(&self, id: Option<&str>, change: &CityChange) -> Result<Arc<City>, CityError> {
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
        apply(&mut city, change)?;
        if !self.store.insert_city(&city).await? {
            return Err(CityError::Taken);
        }
        self.reload().await?;
        Ok(Arc::new(city))
    }

    /// Changes a city's settings, effective at once.
    ///
    /// # Errors
    /// See [`CityError`].
    pub async fn update_city(&self, id: &str, change: &CityChange) -> Result<Arc<City>, CityError> {
        let mut city = City::clone(&*self.city(id)?);
        apply(&mut city, change)?;
        self.save(city).await
    }

    /// Pauses or activates a city, effective at once: a paused one starts no sign-in and accepts no token.
    ///
    /// # Errors
    /// See [`CityError`].
    pub async fn set_city_status(&self, id: &str, status: CityStatus) -> Result<Arc<City>, CityError> {
        let mut city = City::clone(&*self.city(id)?);
        city.status = status;
        self.save(city).await
    }

    /// Removes a city with its sessions and attempts. Users stay: they belong to the Federation.
    ///
    /// # Errors
    /// See [`CityError`].
    pub async fn remove_city(&self, id: &str) -> Result<(), CityError> {
        if id == DEFAULT_CITY {
            return Err(CityError::Permanent);
        }
        let city = self.city(id)?;
        if !self.store.remove_city(&city.city_id).await? {
            return Err(CityError::Unknown);
        }
        self.reload().await?;
        Ok(())
    }

    async fn save(&self, mut city: City) -> Result<Arc<City>, CityError> {
        city.updated_at = self.clock.now();
        if !self.store.update_city(&city).await? {
            return Err(CityError::Unknown);
        }
        self.reload().await?;
        Ok(Arc::new(city))
    }

    fn fresh_city_id(&self) -> String {
        let letters = b"abcdefghijkmnpqrstuvwxyz23456789";
        let random: [u8; 12] = self.random.bytes();
        let tail: String = random.iter().map(|b| char::from(letters[usize::from(b % 32)])).collect();
        format!("city_{tail}")
    }
}

fn apply(city: &mut City, change: &CityChange) -> Result<(), CityError> {
    if let Some(name) = &change.name {
        city.name = clean_text(name, 80).ok_or_else(|| bad("name", "must not be empty"))?;
    }
    if let Some(origins) = &change.allowed_origins {
        city.allowed_origins = checked("allowed_origins", origins, |text| {
            parse_origin(text)
                .map_err(|why| format!("{why}; an origin is scheme, host and port without a path"))
        })?;
    }
    if let Some(redirects) = &change.allowed_redirects {
        city.allowed_redirects = checked("allowed_redirects", redirects, |text| {
            Target::parse(text).map(|target| target.as_str().to_owned()).map_err(|why| why.to_string())
        })?;
    }
    if let Some(confirm) = &change.confirm {
        city.confirm = ConfirmPolicy::parse(confirm)
            .ok_or_else(|| bad("confirm", "must be `always`, `auto` or `never`"))?;
    }
    Ok(())
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
