//! Story: an admin looks at one city before changing it: what can't stand in its lists and why, the settings of its own
//! app, and what would go with it.

use crate::cities::{CityError, LIST_LIMIT, NAME_LIMIT};
use crate::env::{EnvError, preview};
use crate::env_parts::EnvSetting;
use crate::federation::Federation;
use downcity_core::identity::{clean_text, typed_name};
use downcity_core::redirect::{Target, parse_origin};
use downcity_core::{CityId, Text};
use downcity_providers::city_keys;
use downcity_store::CityNumbers;
use secrecy::ExposeSecret;

/// What goes when a city is removed.
#[derive(Debug, Clone)]
pub struct CityContents {
    /// Sessions and attempts.
    pub numbers: CityNumbers,
    /// The names of admin keys that are good and for this city alone.
    pub admin_keys: Vec<String>,
    /// The settings of its own app.
    pub settings: Vec<String>,
}

/// Why a name can't be used.
#[must_use]
pub fn name_problem(name: &str) -> Option<Text> {
    let empty =
        Text::new("The name is empty: people read it when they sign in.", "名称为空：用户登录时会看到它。");
    let long = Text::new("The name has more than 80 characters.", "名称超过 80 个字符。");
    typed_name(name, NAME_LIMIT).err().map(|_| if clean_text(name, 1).is_none() { empty } else { long })
}

/// Why a text can't be a city's id.
#[must_use]
pub fn city_id_problem(id: &str) -> Option<Text> {
    CityId::parse(id).is_err().then_some(Text::new(
        "An id is 1 to 64 letters, digits, _, - and . of ASCII.",
        "ID 由 1 到 64 个 ASCII 字母、数字、_、- 和 . 组成。",
    ))
}

/// Entries of allowed origins that can't stand there, each with the reason, to be read after it.
#[must_use]
pub fn bad_origins(entries: &[String]) -> Vec<(String, Text)> {
    let check = |entry: &String| match (parse_origin(entry), Target::parse(entry)) {
        (Ok(_), _) => None,
        (Err(_), Ok(_)) => Some(Text::new(
            "is more than an origin: scheme, host and port alone, without a path or a slash at the end.",
            "不只是来源：只能包含协议、主机和端口，不带路径或末尾的斜杠。",
        )),
        (Err(why), Err(_)) => Some(why.text()),
    };
    entries.iter().filter_map(|entry| check(entry).map(|why| (entry.clone(), why))).collect()
}

/// Entries of allowed redirects that can't stand there, each with the reason, to be read after it.
#[must_use]
pub fn bad_redirects(entries: &[String]) -> Vec<(String, Text)> {
    let check = |entry: &String| Target::parse(entry).err().map(|why| (entry.clone(), why.text()));
    entries.iter().filter_map(check).collect()
}

/// Why a list is too long.
#[must_use]
pub fn length_problem(entries: &[String]) -> Option<Text> {
    (entries.len() > LIST_LIMIT).then_some(Text::new("At most 50 entries may stand here.", "最多 50 条。"))
}

impl Federation {
    /// Everything that can be set for a city in place of the Federation's, set or not. No value of a secret is in it.
    ///
    /// # Errors
    /// `UnknownCity`, or `BadField` for an id that can't be one.
    pub fn city_env_settings(&self, city_id: &str) -> Result<Vec<EnvSetting>, EnvError> {
        let city_id = self.env_city(city_id)?;
        let directory = self.directory();
        let own = directory.city_apps.get(&city_id);
        let setting = |key: &&'static str| {
            let set = own.and_then(|app| app.env.get(*key));
            EnvSetting {
                preview: set.map(|set| preview(key, set.value.expose_secret())),
                updated_at: set.map(|set| set.updated_at),
                warning: set.and_then(|set| {
                    downcity_providers::env_key(key).and_then(|spec| (spec.check)(set.value.expose_secret()))
                }),
                ..self.env_setting(key)
            }
        };
        Ok(city_keys().iter().map(setting).collect())
    }

    /// What goes when a city is removed.
    ///
    /// # Errors
    /// `Unknown`, `BadField`, or when the store does not answer.
    pub async fn city_contents(&self, city_id: &str) -> Result<CityContents, CityError> {
        let city = self.city(city_id)?;
        let now = self.clock.now();
        let keys = self.store.admin_keys().await?;
        let of_city = keys.into_iter().filter(|key| key.city_id.as_ref() == Some(&city.city_id));
        let directory = self.directory();
        let own = directory.city_apps.get(&city.city_id);
        Ok(CityContents {
            numbers: self.store.city_numbers(city_id, now).await?,
            admin_keys: of_city.filter(|key| key.is_good(now)).map(|key| key.name).collect(),
            settings: own.map(|app| app.env.keys().cloned().collect()).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    #[test]
    fn every_entry_that_cant_stand_is_named() {
        let good = list(&["https://app.example.com", "http://127.0.0.1:3000"]);
        assert!(bad_origins(&good).is_empty());
        let bad = list(&["https://app.example.com/", "https://a.test", "ftp://a.test", "app"]);
        let named: Vec<_> = bad_origins(&bad).into_iter().map(|(entry, _)| entry).collect();
        assert_eq!(named, list(&["https://app.example.com/", "ftp://a.test", "app"]));
        let bad = list(&["https://a.test/cb", "http://a.test/cb", "https://a.test/#x"]);
        let named: Vec<_> = bad_redirects(&bad).into_iter().map(|(entry, _)| entry).collect();
        assert_eq!(named, list(&["http://a.test/cb", "https://a.test/#x"]));
    }

    #[test]
    fn the_limit_that_is_told_is_the_one_that_counts() {
        let many = |count: usize| vec![String::from("https://a.test"); count];
        assert!(length_problem(&many(LIST_LIMIT)).is_none());
        assert!(length_problem(&many(LIST_LIMIT + 1)).unwrap().en.contains(&LIST_LIMIT.to_string()));
    }
}
