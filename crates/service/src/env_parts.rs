//! Story: an admin looks at what each part of the service can use, and what of it is set.

use crate::env::{EnvItem, is_secret, item, preview};
use crate::federation::Federation;
use downcity_core::{Lang, Text, Timestamp};
use downcity_providers::{EnvKey, catalogue, env_key, general, issuers};
use secrecy::ExposeSecret;

/// A part of the service and its settings.
#[derive(Debug, Clone)]
pub struct EnvPart {
    /// The provider's id; `general`, or `other` for what no part reads.
    pub id: String,
    /// Its name for people.
    pub label: String,
    /// Its settings, required ones first.
    pub settings: Vec<EnvSetting>,
}

/// One setting, set or not.
#[derive(Debug, Clone)]
pub struct EnvSetting {
    /// Its name.
    pub key: String,
    /// What it is for, where that is known.
    pub description: Option<Text>,
    /// Whether its part can't work without it.
    pub required: bool,
    /// Whether its value is never shown.
    pub secret: bool,
    /// What may be shown of its value, if it is set.
    pub preview: Option<String>,
    /// When it was last set.
    pub updated_at: Option<Timestamp>,
    /// What looks wrong about its value.
    pub warning: Option<Text>,
}

impl Federation {
    /// Every part with its settings; last what is set and belongs to none. No value of a secret is in it.
    #[must_use]
    pub fn env_parts(&self, lang: Lang) -> Vec<EnvPart> {
        let directory = self.directory();
        let keys = |env: &[downcity_providers::EnvSpec]| env.iter().map(EnvKey::from).collect::<Vec<_>>();
        let mut specs: Vec<(String, String, Vec<EnvKey>)> = catalogue()
            .iter()
            .map(|spec| (spec.id.to_owned(), spec.label.get(lang).to_owned(), keys(spec.env)))
            .collect();
        for issuer in issuers(directory.env.keys().map(String::as_str)) {
            let label =
                directory.provider(&issuer.id).map_or(issuer.id.as_str(), |p| p.label(lang)).to_owned();
            specs.push((issuer.id, label, issuer.env));
        }
        let general_label = Text::new("Accounts in general", "账号通用设置").get(lang);
        specs.push(("general".to_owned(), general_label.to_owned(), keys(general())));
        let mut parts: Vec<EnvPart> = specs
            .into_iter()
            .map(|(id, label, env)| {
                let settings = env.into_iter().map(|spec| self.env_setting(&spec.key)).collect();
                EnvPart { id, label, settings }
            })
            .collect();
        let known = |key: &str| parts.iter().any(|part| part.settings.iter().any(|known| known.key == key));
        let others =
            directory.env.keys().filter(|key| !known(key)).map(|key| self.env_setting(key)).collect();
        let label = Text::new("Others", "其他").get(lang).to_owned();
        parts.push(EnvPart { id: "other".to_owned(), label, settings: others });
        parts
    }

    /// One setting, set or not.
    #[must_use]
    pub fn env_setting(&self, key: &str) -> EnvSetting {
        let (directory, spec) = (self.directory(), env_key(key));
        let set = directory.env.get(key);
        let warning = set.zip(spec.as_ref()).and_then(|(set, spec)| (spec.check)(set.value.expose_secret()));
        EnvSetting {
            key: key.to_owned(),
            description: spec.as_ref().map(|spec| spec.description),
            required: spec.as_ref().is_some_and(|spec| spec.required),
            secret: is_secret(key),
            preview: set.map(|set| preview(key, set.value.expose_secret())),
            updated_at: set.map(|set| set.updated_at),
            warning,
        }
    }

    /// One setting as lists show it, if it is set.
    #[must_use]
    pub fn env_item(&self, key: &str) -> Option<EnvItem> {
        self.directory().env.get(key).map(|setting| item(key, setting))
    }
}
