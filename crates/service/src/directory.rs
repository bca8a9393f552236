//! The directory: cities, Federation env, providers and admin keys as the last read found them, swapped
//! whole. Requests read it without a lock and without the store.

use crate::admin::KnownKey;
use crate::federation::Federation;
use crate::keys::KeyError;
use crate::local;
use crate::vault::{SealError, Vault, VaultError};
use arc_swap::Guard;
use downcity_core::{City, CityId, Lang, Secret, Text, Timestamp};
use downcity_providers::mail::{self, MailSetup, Mailer};
use downcity_providers::{
    LoginProvider, Outside, SIGN_IN_MAILS, catalogue, configured, configured_for_city, configured_issuers,
    is_off, issuers,
};
use downcity_store::{Others, Store, StoreError};
use secrecy::ExposeSecret;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::timeout;
use tracing::{debug, warn};

/// How long an admin's request waits for what other nodes changed: what it is about will say that the database is slow.
const SOON: Duration = Duration::from_secs(1);
/// The id of WeChat, the only provider that a city can have an app of its own at.
const WECHAT: &str = "wechat";
/// What local sign-in is called.
const LOCAL: Text = Text::new("Local (development)", "本机（开发用）");

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
pub struct WayIn<'a> {
    /// The provider's id.
    pub id: &'a str,
    /// `oauth`: starts with `oauth/start`; `email`: asks for an address; `local`: takes any name.
    pub kind: &'static str,
    /// Its name for people.
    pub label: &'a str,
}

/// What a city has in place of the Federation's settings.
pub struct CityApp {
    /// Its settings by key.
    pub env: BTreeMap<String, Setting>,
    /// Its own app at a provider; absent while half of its settings are missing.
    pub provider: Option<Arc<dyn LoginProvider>>,
}

/// A consistent picture of what admins have set.
pub struct Directory {
    /// Cities by id.
    pub cities: HashMap<CityId, Arc<City>>,
    /// Federation env by key.
    pub env: BTreeMap<String, Setting>,
    /// Providers that can really be used now, in catalogue order.
    pub providers: Vec<Arc<dyn LoginProvider>>,
    /// What cities have in place of the Federation's settings.
    pub city_apps: HashMap<CityId, CityApp>,
    /// Sends mail, when `SMTP_URL` and `MAIL_FROM` are set and can be used.
    pub mailer: Option<Arc<Mailer>>,
    /// Whether people are mailed about sign-ins that are new for them.
    pub mails_sign_ins: bool,
    /// What is wrong with the mail settings.
    pub mail_problem: Option<MailSetup>,
    /// Admin keys by digest.
    pub admin_keys: HashMap<[u8; 32], Arc<KnownKey>>,
    /// Every origin that some city allows, for answering browsers' preflight questions.
    pub origins: HashSet<String>,
    /// How many of a thousand passwords have a hash that another system made.
    pub old_passwords_permille: u16,
    /// Whether anybody is told of events.
    pub has_webhooks: bool,
    /// Since when providers are switched off, by city and provider; without a city: everywhere.
    pub switches: BTreeMap<(Option<CityId>, String), Timestamp>,
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
    /// The data keys could not be read.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Where an env value is stored, for the vault.
pub(crate) fn env_place(key: &str) -> String {
    format!("env/{key}/value")
}

/// Where an env value of a city is stored, for the vault.
pub(crate) fn city_env_place(city_id: &str, key: &str) -> String {
    format!("city_env/{city_id}/{key}/sealed")
}

fn opened(vault: &Vault, place: &str, sealed: &[u8], updated_at: Timestamp) -> Result<Setting, SealError> {
    let plain = vault.open(place, sealed)?;
    Ok(Setting { value: Secret::from(String::from_utf8_lossy(&plain).into_owned()), updated_at })
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
            let setting = opened(vault, &env_place(&row.key), &row.sealed, row.updated_at)?;
            env.insert(row.key, setting);
        }
        let value = |key: &str| env.get(key).map(|s: &Setting| s.value.clone());
        let mut providers = configured(outside, &value);
        providers.extend(configured_issuers(outside, env.keys().map(String::as_str), &value));
        let mut of_cities: HashMap<CityId, BTreeMap<String, Setting>> = HashMap::new();
        for row in store.city_env().await? {
            let place = city_env_place(&row.city_id, &row.key);
            let setting = opened(vault, &place, &row.sealed, row.updated_at)?;
            of_cities.entry(CityId::trusted(row.city_id)).or_default().insert(row.key, setting);
        }
        let app = |env: BTreeMap<String, Setting>| {
            let of_city = |key: &str| env.get(key).map(|s| s.value.clone());
            let provider = configured_for_city(outside, &of_city, &value);
            CityApp { env, provider }
        };
        let city_apps = of_cities.into_iter().map(|(city_id, env)| (city_id, app(env))).collect();
        let (mailer, mail_problem) = mailer(&env);
        let stopped = env.get(SIGN_IN_MAILS).is_some_and(|set| is_off(set.value.expose_secret().trim()));
        let admin_keys = store
            .admin_keys()
            .await?
            .into_iter()
            .map(|row| (row.digest.0, Arc::new(KnownKey::of(row))))
            .collect();
        let old_passwords_permille = store.old_passwords_permille().await?;
        let has_webhooks = !store.webhooks().await?.is_empty();
        let switches = store.provider_switches().await?.into_iter().map(|row| {
            let city = (!row.city_id.is_empty()).then(|| CityId::trusted(row.city_id));
            ((city, row.provider), row.off_at)
        });
        let switches = switches.collect();
        Ok(Self {
            cities,
            env,
            providers,
            city_apps,
            mails_sign_ins: mailer.is_some() && !stopped,
            mailer,
            mail_problem,
            admin_keys,
            origins,
            old_passwords_permille,
            has_webhooks,
            switches,
            changes,
        })
    }

    /// A usable provider by its id.
    #[must_use]
    pub fn provider(&self, id: &str) -> Option<&Arc<dyn LoginProvider>> {
        self.providers.iter().find(|p| p.id() == id)
    }

    /// The provider that sign-ins of a city go through: with the city's own app where it has one.
    #[must_use]
    pub fn provider_in(&self, city: &CityId, id: &str) -> Option<&Arc<dyn LoginProvider>> {
        let own = self.city_apps.get(city).and_then(|app| app.provider.as_ref());
        own.filter(|own| own.id() == id).or_else(|| self.provider(id))
    }

    /// The provider with the very app that a sign-in of a city was started with, also after the city got an app of
    /// its own or gave it up.
    #[must_use]
    pub fn provider_with_app(
        &self,
        city: &CityId,
        (id, app_id): (&str, &str),
    ) -> Option<&Arc<dyn LoginProvider>> {
        let all = [self.provider_in(city, id), self.provider(id)];
        all.into_iter().flatten().find(|provider| provider.app_id() == app_id)
    }

    /// Whether an admin switched a provider off in this city or everywhere. Sign-ins that are under way may finish.
    #[must_use]
    pub fn is_off(&self, city: &CityId, id: &str) -> bool {
        let off = |city: Option<&CityId>| self.switches.contains_key(&(city.cloned(), id.to_owned()));
        !self.switches.is_empty() && (off(None) || off(Some(city)))
    }

    /// Whether the settings of a way in are complete, so that it can be used unless it is switched off.
    #[must_use]
    pub fn is_usable(&self, id: &str) -> bool {
        if id == mail::ID { self.mailer.is_some() } else { self.provider(id).is_some() }
    }

    /// Every way in that can really be used now in a city; `local`: also the one for development.
    pub fn ways_in<'a>(
        &'a self,
        lang: Lang,
        city: &'a CityId,
        local: bool,
    ) -> impl Iterator<Item = WayIn<'a>> {
        let own = self.city_apps.get(city).and_then(|app| app.provider.as_ref());
        // Where the city's own app is the only one of its kind, it comes first: it would in the catalogue, too.
        let own = own.filter(|own| self.provider(own.id()).is_none());
        let mail = || WayIn { id: mail::ID, kind: "email", label: Text::new("E-mail", "邮箱").get(lang) };
        let local = local.then(|| WayIn { id: local::ID, kind: "local", label: LOCAL.get(lang) });
        own.into_iter()
            .chain(&self.providers)
            .map(move |p| WayIn { id: p.id(), kind: p.kind(), label: p.label(lang) })
            .chain(self.mailer.is_some().then(mail))
            .chain(local)
            .filter(|way| !self.is_off(city, way.id))
    }

    /// Whether people can sign in with WeChat, everywhere or in a city that has an app of its own.
    #[must_use]
    pub fn has_wechat(&self) -> bool {
        self.provider(WECHAT).is_some() || self.city_apps.values().any(|app| app.provider.is_some())
    }

    /// Whether there is a provider of that name, set up or not: one that this build knows, or an issuer that
    /// some setting names.
    #[must_use]
    pub fn knows_provider(&self, id: &str) -> bool {
        catalogue().iter().any(|spec| spec.id == id)
            || issuers(self.env.keys().map(String::as_str)).iter().any(|spec| spec.id == id)
    }

    /// A city's name for people, or its id when it is gone.
    #[must_use]
    pub fn city_name(&self, id: &CityId) -> String {
        self.cities.get(id).map_or_else(|| id.to_string(), |city| city.name.clone())
    }

    /// A provider's name for people, also after it was switched off.
    #[must_use]
    pub fn provider_label(&self, id: &str, lang: Lang) -> String {
        let fixed = || catalogue().iter().find(|spec| spec.id == id).map(|spec| spec.label.get(lang));
        let usable = self.provider(id).map(|provider| provider.label(lang));
        if id == local::ID {
            return LOCAL.get(lang).to_owned();
        }
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
    pub fn directory(&self) -> Guard<Arc<Directory>> {
        self.directory.load()
    }

    /// Reads the picture again and swaps it in.
    ///
    /// # Errors
    /// When the store does not answer; the old picture stays.
    pub async fn reload(&self) -> Result<(), ReadError> {
        let asked = self.reloads_asked.fetch_add(1, Ordering::SeqCst) + 1;
        // One at a time, or an older picture could replace a newer one.
        let mut done = self.reloading.lock().await;
        if *done >= asked {
            // One that began after this was asked has seen whatever it was asked for: a crowd waits for two, not for all.
            return Ok(());
        }
        let begins = self.reloads_asked.load(Ordering::SeqCst);
        self.renew_data_keys().await?;
        let fresh = Directory::read(&self.store, &self.vault, &self.outside).await?;
        // After the counter was read, so that no change of a key is taken for one that was seen.
        self.reload_keys().await?;
        self.directory.store(Arc::new(fresh));
        *done = begins;
        Ok(())
    }

    /// Replaces the picture after something was stored that has to be told now or never, such as a new key. If that can't
    /// be read back, it is tried again soon.
    pub(crate) async fn reload_or_soon(&self) {
        if let Err(problem) = self.reload().await {
            warn!(error = %problem, "what was just stored could not be read back; trying again");
            self.look_at_settings();
        }
    }

    /// Brings the picture up to what any node has changed until now, where others may have: an admin whose balancer
    /// sends each request to another node sees what they did a moment ago. If that can't be read soon, the picture
    /// stands.
    pub(crate) async fn catch_up(&self) {
        if self.store.others() == Others::None {
            return;
        }
        match timeout(SOON, self.reload_if_changed()).await {
            Ok(Ok(_)) => {}
            Ok(Err(problem)) => debug!(error = %problem, "could not look for changed settings"),
            Err(_) => debug!("could not look for changed settings in time"),
        }
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
