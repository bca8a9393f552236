//! Story: an admin gives a city a WeChat app of its own, in place of the Federation's. People are the same person in
//! all apps of one Open Platform account, since WeChat names them by the same unionid there.

use crate::admin::Admin;
use crate::audit::Deed;
use crate::directory::city_env_place;
use crate::env::{EnvError, EnvItem, Stored, bad, checked_value, item, preview};
use crate::federation::Federation;
use downcity_core::{CityId, Text};
use downcity_providers::{city_keys, env_key};
use downcity_store::{CityEnvRow, NewAudit};
use secrecy::ExposeSecret;
use serde_json::json;

/// What is said while one half of an app is missing.
const HALF: Text = Text::new(
    "The city uses the Federation's app until both WECHAT_CLIENT_ID and WECHAT_CLIENT_SECRET are set for it.",
    "在为该城市同时设置 WECHAT_CLIENT_ID 和 WECHAT_CLIENT_SECRET 之前，仍使用 Federation 的应用。",
);

fn checked_key(key: &str) -> Result<&'static str, EnvError> {
    let known = city_keys().iter().find(|known| **known == key).copied();
    known.ok_or_else(|| bad("key", format!("can't be set for a city; these can: {}", city_keys().join(", "))))
}

impl Federation {
    /// What is set for cities, or for one of them, by city and name. No value of a secret is in it.
    ///
    /// # Errors
    /// `UnknownCity`, or `BadField` for an id that can't be one.
    pub fn city_env_list(&self, city_id: Option<&str>) -> Result<Vec<(CityId, EnvItem)>, EnvError> {
        let only = city_id.map(|id| self.env_city(id)).transpose()?;
        let directory = self.directory.load();
        let apps = directory.city_apps.iter().filter(|(city, _)| only.as_ref().is_none_or(|id| id == *city));
        let mut found: Vec<(CityId, EnvItem)> = apps
            .flat_map(|(city, app)| app.env.iter().map(|(key, set)| (city.clone(), item(key, set))))
            .collect();
        found.sort_by(|a, b| (&a.0, &a.1.key).cmp(&(&b.0, &b.1.key)));
        Ok(found)
    }

    /// Sets one value for a city, effective at once. A sign-in that is under way ends with the app it began with.
    ///
    /// # Errors
    /// See [`EnvError`].
    pub async fn city_env_upsert(
        &self,
        admin: &Admin,
        city_id: &str,
        key: &str,
        value: &str,
    ) -> Result<Stored, EnvError> {
        let (city_id, key, value) = (self.env_city(city_id)?, checked_key(key)?, checked_value(value)?);
        let place = city_env_place(city_id.as_str(), key);
        let row = CityEnvRow {
            city_id: city_id.to_string(),
            key: key.to_owned(),
            sealed: self.vault.seal(&place, value.as_bytes()),
            updated_at: self.clock.now(),
        };
        let entry = self.city_env_entry(admin, ("city_env.set", key), &city_id, Some(value));
        self.store.put_city_env(row, entry).await?;
        self.reload().await?;
        let odd = env_key(key).and_then(|spec| (spec.check)(value));
        let half = || {
            let directory = self.directory.load();
            directory.city_apps.get(&city_id).is_none_or(|app| app.provider.is_none()).then_some(HALF)
        };
        let warnings = odd.or_else(half).map(|warning| (key.to_owned(), warning)).into_iter().collect();
        Ok(Stored { keys: vec![key.to_owned()], warnings })
    }

    /// Removes one value of a city, effective at once: the Federation's counts again.
    ///
    /// # Errors
    /// See [`EnvError`].
    pub async fn city_env_remove(&self, admin: &Admin, city_id: &str, key: &str) -> Result<(), EnvError> {
        let (city_id, key) = (self.env_city(city_id)?, checked_key(key)?);
        let entry = self.city_env_entry(admin, ("city_env.removed", key), &city_id, None);
        if !self.store.remove_city_env(city_id.as_str(), key, entry).await? {
            return Err(EnvError::Unknown);
        }
        self.reload().await?;
        Ok(())
    }

    fn city_env_entry(
        &self,
        admin: &Admin,
        (action, key): (&'static str, &str),
        city_id: &CityId,
        value: Option<&str>,
    ) -> NewAudit {
        let directory = self.directory.load();
        let set = directory.city_apps.get(city_id).and_then(|app| app.env.get(key));
        let before = set.map(|setting| json!(preview(key, setting.value.expose_secret())));
        let after = value.map(|value| json!(preview(key, value)));
        let deed = Deed { action, city_id: Some(city_id.as_str()), subject: key, before, after };
        self.audit_entry(admin, deed)
    }

    pub(crate) fn env_city(&self, city_id: &str) -> Result<CityId, EnvError> {
        let id = CityId::parse(city_id).map_err(|why| bad("city_id", why.to_string()))?;
        if self.directory.load().cities.contains_key(&id) { Ok(id) } else { Err(EnvError::UnknownCity) }
    }
}
