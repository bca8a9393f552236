//! Story: an admin sees every way to sign in, what each still lacks and what to paste at the provider, and switches
//! ways off and on again.

use crate::admin::Admin;
use crate::audit::Deed;
use crate::directory::{Directory, ReadError};
use crate::federation::Federation;
use downcity_core::{CityId, Lang, Text, Timestamp};
use downcity_providers::mail::{self, MailSetup};
use downcity_providers::{EnvKey, catalogue, city_keys, issuers};
use downcity_store::{StoreError, SwitchRow, Switching};
use serde_json::json;
use tracing::info;

/// Whether a way to sign in can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderStatus {
    /// It is offered.
    Enabled,
    /// It is set up, and an admin switched it off.
    Off,
    /// Some of its settings are missing.
    Incomplete,
    /// Its settings are there and can't be used.
    Broken,
    /// Nothing of it is set.
    NotSetUp,
}

impl ProviderStatus {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Off => "off",
            Self::Incomplete => "incomplete",
            Self::Broken => "broken",
            Self::NotSetUp => "not_set_up",
        }
    }
}

/// An address that a provider sends people back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackAddress {
    /// The whole address, as GitHub, Google and other issuers want it.
    pub url: String,
    /// Its host alone: the authorized callback domain of WeChat's console.
    pub domain: String,
}

/// One way to sign in, as an admin sees it.
#[derive(Debug, Clone)]
pub struct ProviderCard {
    /// The provider's id.
    pub id: String,
    /// Its name for people.
    pub label: String,
    /// `oauth` or `email`.
    pub kind: &'static str,
    /// Whether it can be used.
    pub status: ProviderStatus,
    /// Since when it is switched off everywhere.
    pub off_at: Option<Timestamp>,
    /// Since when it is switched off in the city that was asked about.
    pub city_off_at: Option<Timestamp>,
    /// Whether this process leaves it alone for a while, since it did not answer several times in a row.
    pub left_alone: bool,
    /// The settings that it needs and that are missing.
    pub missing: Vec<String>,
    /// Why its settings can't be used.
    pub problem: Option<Text>,
    /// The app's public id at the provider.
    pub app_id: Option<String>,
    /// Whether that is the city's own app, and not the Federation's.
    pub own_app: bool,
    /// Settings of a city's own app that are missing while others are there: until then the Federation's is used.
    pub city_missing: Vec<String>,
    /// What to register at the provider, the main public address first; empty where there is nothing.
    pub callbacks: Vec<CallbackAddress>,
}

/// Why a call about providers was not done.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No such provider.
    #[error("unknown provider")]
    UnknownProvider,
    /// No such city.
    #[error("unknown city")]
    UnknownCity,
    /// The store did not answer.
    #[error(transparent)]
    Internal(#[from] StoreError),
    /// The change is stored, and this node could not read it back.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Federation {
    /// Every way to sign in that this version knows or some setting names, usable or not; in a city, or for the whole
    /// Federation.
    ///
    /// # Errors
    /// `UnknownCity`.
    pub fn list_providers(
        &self,
        city_id: Option<&str>,
        lang: Lang,
    ) -> Result<Vec<ProviderCard>, ProviderError> {
        let city = city_id.map(|id| self.known_city(id)).transpose()?;
        let directory = self.directory();
        let fixed = catalogue()
            .iter()
            .map(|spec| (spec.id.to_owned(), spec.env.iter().map(EnvKey::from).collect::<Vec<_>>()));
        let named = issuers(directory.env.keys().map(String::as_str)).into_iter();
        let all = fixed.chain(named.map(|spec| (spec.id, spec.env)));
        Ok(all.map(|(id, env)| self.card(&directory, (id, env), city.as_ref(), lang)).collect())
    }

    /// Switches a provider off, in a city or everywhere, at once. Sign-ins that are under way may finish.
    ///
    /// # Errors
    /// See [`ProviderError`].
    pub async fn disable_provider(
        &self,
        admin: &Admin,
        id: &str,
        city_id: Option<&str>,
    ) -> Result<(), ProviderError> {
        self.switch_provider(admin, id, city_id, true).await
    }

    /// Takes such a switch back. What is off everywhere stays off in each city.
    ///
    /// # Errors
    /// See [`ProviderError`].
    pub async fn enable_provider(
        &self,
        admin: &Admin,
        id: &str,
        city_id: Option<&str>,
    ) -> Result<(), ProviderError> {
        self.switch_provider(admin, id, city_id, false).await
    }

    async fn switch_provider(
        &self,
        admin: &Admin,
        id: &str,
        city_id: Option<&str>,
        off: bool,
    ) -> Result<(), ProviderError> {
        let city = city_id.map(|id| self.known_city(id)).transpose()?;
        if !self.directory().knows_provider(id) {
            return Err(ProviderError::UnknownProvider);
        }
        let deed = Deed {
            action: if off { "provider.disabled" } else { "provider.enabled" },
            city_id: city.as_ref().map(CityId::as_str),
            subject: id,
            before: Some(json!({"enabled": off})),
            after: Some(json!({"enabled": !off})),
        };
        let city_id = city.as_ref().map(ToString::to_string).unwrap_or_default();
        let switch = SwitchRow { city_id, provider: id.to_owned(), off_at: self.clock.now() };
        let audit = self.audit_entry(admin, deed);
        if self.store.switch_provider(Switching { switch, off, audit }).await? {
            info!(provider = id, off, "an admin switched a provider");
            self.reload().await?;
        }
        Ok(())
    }

    fn known_city(&self, id: &str) -> Result<CityId, ProviderError> {
        let id = CityId::parse(id).map_err(|_| ProviderError::UnknownCity)?;
        if self.directory().cities.contains_key(&id) { Ok(id) } else { Err(ProviderError::UnknownCity) }
    }

    fn card(
        &self,
        directory: &Directory,
        (id, env): (String, Vec<EnvKey>),
        city: Option<&CityId>,
        lang: Lang,
    ) -> ProviderCard {
        let is_mail = id == mail::ID;
        let own = city.and_then(|city| directory.city_apps.get(city));
        let provider = city
            .map_or_else(|| directory.provider(&id), |city| directory.provider_in(city, &id))
            .filter(|_| !is_mail);
        let own_app =
            own.and_then(|own| own.provider.as_ref()).is_some_and(|own| own.id() == id && provider.is_some());
        let usable = provider.is_some() || (is_mail && directory.mailer.is_some());
        let set = |key: &str| directory.env.contains_key(key);
        let missing = |need: &EnvKey| need.required && !set(&need.key) && !usable;
        let problem = is_mail.then_some(directory.mail_problem.as_ref()).flatten().map(mail_problem);
        let off = |city: Option<CityId>| directory.switches.get(&(city, id.clone())).copied();
        let (off_at, city_off_at) = (off(None), city.cloned().and_then(|city| off(Some(city))));
        let status = match usable {
            true if off_at.or(city_off_at).is_some() => ProviderStatus::Off,
            true => ProviderStatus::Enabled,
            false if problem.is_some() => ProviderStatus::Broken,
            false if env.iter().any(|need| need.required && set(&need.key)) => ProviderStatus::Incomplete,
            false => ProviderStatus::NotSetUp,
        };
        ProviderCard {
            label: directory.provider_label(&id, lang),
            kind: if is_mail { "email" } else { "oauth" },
            status,
            off_at,
            city_off_at,
            left_alone: self.breakers.is_open(&id),
            missing: env.iter().filter(|need| missing(need)).map(|need| need.key.clone()).collect(),
            problem,
            app_id: provider.map(|provider| provider.app_id().to_owned()),
            own_app,
            city_missing: city_missing(&env, own.map(|own| &own.env)),
            callbacks: if is_mail { Vec::new() } else { self.callbacks() },
            id,
        }
    }

    /// Where providers may send people back to, the main public address first.
    pub(crate) fn callbacks(&self) -> Vec<CallbackAddress> {
        let all = std::iter::once(&self.settings.public_url).chain(&self.settings.other_urls);
        all.map(|url| CallbackAddress {
            url: Self::callback_url(url),
            domain: url.host_str().unwrap_or_default().to_owned(),
        })
        .collect()
    }
}

/// What a city that began to have an app of its own at this provider still lacks.
fn city_missing<V>(env: &[EnvKey], own: Option<&std::collections::BTreeMap<String, V>>) -> Vec<String> {
    let Some(own) = own else { return Vec::new() };
    let wanted: Vec<&str> =
        city_keys().iter().copied().filter(|key| env.iter().any(|need| need.key == *key)).collect();
    if !wanted.iter().any(|key| own.contains_key(*key)) {
        return Vec::new();
    }
    wanted.into_iter().filter(|key| !own.contains_key(*key)).map(str::to_owned).collect()
}

/// What is wrong with the mail settings, in both languages.
pub(crate) fn mail_problem(problem: &MailSetup) -> Text {
    match problem {
        MailSetup::Url => Text::new(
            "SMTP_URL must be smtps://user:password@host, or smtp://...?tls=required; its password may need percent-encoding.",
            "SMTP_URL 应为 smtps://用户:密码@主机，或 smtp://…?tls=required；密码中的特殊字符可能需要百分号编码。",
        ),
        MailSetup::NoTls => Text::new(
            "SMTP_URL must use TLS (smtps://, or smtp:// with STARTTLS) unless the mail server is on this machine.",
            "SMTP_URL 必须使用 TLS（smtps://，或带 STARTTLS 的 smtp://），除非邮件服务器就在本机。",
        ),
        MailSetup::From => Text::new(
            "MAIL_FROM must be an address such as `Product <no-reply@example.com>`.",
            "MAIL_FROM 应为类似 `Product <no-reply@example.com>` 的地址。",
        ),
    }
}
