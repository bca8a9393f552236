//! Cities.

use downcity_core::{City, CityId};
use crate::{Store, StoreError, unfinished};

impl Store {
    /// All cities.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn cities(&self) -> Result<Vec<City>, StoreError> {
        unfinished()
    }
    /// Adds a city.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn insert_city(&self, city: &City) -> Result<bool, StoreError> {
        unfinished()
    }
    /// Changes a city.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn update_city(&self, city: &City) -> Result<bool, StoreError> {
        unfinished()
    }
    /// Removes a city.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn remove_city(&self, id: &CityId) -> Result<bool, StoreError> {
        unfinished()
    }
}
