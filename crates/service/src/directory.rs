//! The directory: cities, Federation env, providers and admin keys as the last read found them, swapped
//! whole. Requests read it without a lock and without the store.

use crate::federation::Federation;
use crate::keys::KeyError;
use crate::vault::{SealError, Vault};
use downcity_core::{City, CityId, Lang, Secret, Text, Timestamp};
use downcity_providers::mail::{self, MailSetup, Mailer};
use downcity_providers::{LoginProvider, Outside, catalogue, configured, configured_issuers, issuers};
use downcity_store::{AdminKeyRow, Store, StoreError};
use secrecy::ExposeSecret;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// One setting of the Federation env.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its value.
    pub value: Secret,
    /// When it was last set.
    pub updated_at: Timestamp,
}

/// One way to sign in, as front ends list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayIn {
    /// The provider's id.
    pub id: String,
    /// `oauth`: starts with `oauth/start`; `email`: asks for an address.
    pub kind: &'static str,
    /// Its name for people.
    pub label: String,
}

/// A consistent picture of what admins have set.
pub struct Directory {
    /// Cities by id.
    pub cities: HashMap<CityId, Arc<City>>,
    /// Federation env by key.
    pub env: BTreeMap<String, Setting>,
    /// Providers that can really be used now, in catalogue order.
    pub providers: Vec<Arc<dyn LoginProvider>>,
    /// Sends mail, when `SMTP_URL` and `MAIL_FROM` are set and can be used.
    pub mailer: Option<Arc<Mailer>>,
    /// What is wrong with the mail settings.
    pub mail_problem: Option<MailSetup>,
    /// Admin keys by digest.
    pub admin_keys: HashMap<[u8; 32], AdminKeyRow>,
    /// Every origin that some city allows, for answering browsers' preflight questions.
    pub origins: HashSet<String>,
    /// Whether anybody is told of events.
    pub has_webhooks: bool,
    /// The change counter that this picture was read at or after.
    pub changes: i64,
}

/// Why the directory could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sealed value did not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The signing keys could not be read.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// Where an env value is stored, for the vault.
pub(crate) fn env_place(key: &str) -> String {
    format!("env/{key}/value")
}

impl Directory {
    /// Reads the picture from the store.
    ///
    /// # Errors
    /// When the store does not answer or a value was sealed under another key.
    pub async fn read(store: &Store, vault: &Vault, outside: &Arc<Outside>) -> Result<Self, ReadError> {
        // The counter first: a change that comes while the rest is read is seen again later, not lost.
        let changes = store.changes().await?;
        let cities: HashMap<CityId, Arc<City>> =
            store.cities().await?.into_iter().map(|c| (c.city_id.clone(), Arc::new(c))).collect();
        let origins = cities.values().flat_map(|city| city.allowed_origins.iter().cloned()).collect();
        let mut env = BTreeMap::new();
        for row in store.env().await? {
            let plain = vault.open(&env_place(&row.key), &row.sealed)?;
            let value = Secret::from(String::from_utf8_lossy(&plain).into_owned());
            env.insert(row.key, Setting { value, updated_at: row.updated_at });
        }
        let value = |key: &str| env.get(key).map(|s: &Setting| s.value.clone());
        let mut providers = configured(outside, &value);
        providers.extend(configured_issuers(outside, env.keys().map(String::as_str), &value));
        let (mailer, mail_problem) = mailer(&env);
        let admin_keys = store.admin_keys().await?.into_iter().map(|k| (k.digest.0, k)).collect();
        let has_webhooks = !store.webhooks().await?.is_empty();
        Ok(Self { cities, env, providers, mailer, mail_problem, admin_keys, origins, has_webhooks, changes })
    }

    /// A usable provider by its id.
    #[must_use]
    pub fn provider(&self, id: &str) -> Option<&Arc<dyn LoginProvider>> {
        self.providers.iter().find(|p| p.id() == id)
    }

    /// Whether a way in can really be used now.
    #[must_use]
    pub fn is_usable(&self, id: &str) -> bool {
        if id == mail::ID { self.mailer.is_some() } else { self.provider(id).is_some() }
    }

    /// Every way in that can really be used now.
    #[must_use]
    pub fn ways_in(&self, lang: Lang) -> Vec<WayIn> {
        let way = |id: &str, kind, label: &str| WayIn { id: id.to_owned(), kind, label: label.to_owned() };
        let mut ways: Vec<_> = self.providers.iter().map(|p| way(p.id(), p.kind(), p.label(lang))).collect();
        if self.mailer.is_some() {
            ways.push(way(mail::ID, "email", Text::new("E-mail", "邮箱").get(lang)));
        }
        ways
    }

    /// Whether there is a provider of that name, set up or not: one that this build knows, or an issuer that
    /// some setting names.
    #[must_use]
    pub fn knows_provider(&self, id: &str) -> bool {
        catalogue().iter().any(|spec| spec.id == id)
            || issuers(self.env.keys().map(String::as_str)).iter().any(|spec| spec.id == id)
    }

    /// A provider's name for people, also after it was switched off.
    #[must_use]
    pub fn provider_label(&self, id: &str, lang: Lang) -> String {
        let fixed = || catalogue().iter().find(|spec| spec.id == id).map(|spec| spec.label.get(lang));
        let usable = self.provider(id).map(|provider| provider.label(lang));
        let unknown = Text::new("the provider", "登录服务").get(lang);
        usable.or_else(fixed).unwrap_or(unknown).to_owned()
    }
}

/// The mailer that the env describes, or what is wrong with it. Half a setting is not wrong yet.
fn mailer(env: &BTreeMap<String, Setting>) -> (Option<Arc<Mailer>>, Option<MailSetup>) {
    let (Some(url), Some(from)) = (env.get(mail::SMTP_URL), env.get(mail::MAIL_FROM)) else {
        return (None, None);
    };
    match Mailer::new(&url.value, from.value.expose_secret()) {
        Ok(mailer) => (Some(Arc::new(mailer)), None),
        Err(problem) => (None, Some(problem)),
    }
}

impl Federation {
    /// The present picture.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        self.directory.load_full()
    }

    /// Reads the picture again and swaps it in.
    ///
    /// # Errors
    /// When the store does not answer; the old picture stays.
    pub async fn reload(&self) -> Result<(), ReadError> {
        // One at a time, or an older picture could replace a newer one.
        let _turn = self.reloading.lock().await;
        let fresh = Directory::read(&self.store, &self.vault, &self.outside).await?;
        // After the counter was read, so that no change of a key is taken for one that was seen.
        self.reload_keys().await?;
        self.directory.store(Arc::new(fresh));
        Ok(())
    }

    /// Reads the picture again if another node changed something since.
    ///
    /// # Errors
    /// When the store does not answer; the old picture stays.
    pub async fn reload_if_changed(&self) -> Result<bool, ReadError> {
        let seen = self.directory.load().changes;
        if self.store.changes().await? == seen {
            return Ok(false);
        }
        self.reload().await.map(|()| true)
    }
}
