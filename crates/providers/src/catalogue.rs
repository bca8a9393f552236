//! Which providers there are, which settings each needs, and which of them can be used now.

use crate::github::{self, GitHub};
use crate::mail;
use crate::oidc::{self, Oidc};
use crate::outside::Outside;
use crate::provider::LoginProvider;
use crate::wechat::WeChat;
use downcity_core::identity::clean_text;
use downcity_core::{Secret, Text};
use secrecy::ExposeSecret;
use std::sync::Arc;

/// One key of the Federation env that a provider reads.
pub struct EnvSpec {
    /// The key, for example `WECHAT_CLIENT_ID`.
    pub key: &'static str,
    /// What belongs there and where to find it.
    pub description: Text,
    /// Whether the provider is off without it.
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// Looks at a value before it is stored; a warning when it can hardly be right. Only a warning: what
    /// WeChat will issue tomorrow is not ours to refuse.
    pub check: fn(&str) -> Option<Text>,
}

/// The same with a key of its own, for settings whose names an operator chooses.
pub struct EnvKey {
    /// The key, for example `OIDC_CORP_ISSUER`.
    pub key: String,
    /// As in [`EnvSpec`].
    pub description: Text,
    /// As in [`EnvSpec`].
    pub required: bool,
    /// As in [`EnvSpec`].
    pub secret: bool,
    /// As in [`EnvSpec`].
    pub check: fn(&str) -> Option<Text>,
}

impl From<&EnvSpec> for EnvKey {
    fn from(spec: &EnvSpec) -> Self {
        let EnvSpec { key, description, required, secret, check } = *spec;
        Self { key: key.to_owned(), description, required, secret, check }
    }
}

/// An OpenID Connect issuer that some settings name, and all its settings.
pub struct IssuerSpec {
    /// The provider's id: the name in lower case.
    pub id: String,
    /// Its settings, required ones first.
    pub env: Vec<EnvKey>,
}

/// One provider and its settings.
pub struct ProviderSpec {
    /// The provider's id, for example `wechat`.
    pub id: &'static str,
    /// The name for people.
    pub label: Text,
    /// Its settings, required ones first.
    pub env: &'static [EnvSpec],
}

const ID: &str = "WECHAT_CLIENT_ID";
const SECRET: &str = "WECHAT_CLIENT_SECRET";
const FAST_LOGIN: &str = "WECHAT_FAST_LOGIN";

static CATALOGUE: &[ProviderSpec] = &[WECHAT, EMAIL, GITHUB, GOOGLE];

const WECHAT: ProviderSpec = ProviderSpec {
    id: WeChat::ID,
    label: WeChat::LABEL,
    env: &[
        EnvSpec {
            key: ID,
            description: Text::new(
                "AppID of the Website App on the WeChat Open Platform (open.weixin.qq.com, Website Apps).",
                "微信开放平台“网站应用”的 AppID（open.weixin.qq.com → 管理中心 → 网站应用）。",
            ),
            required: true,
            secret: false,
            check: check_app_id,
        },
        EnvSpec {
            key: SECRET,
            description: Text::new("AppSecret of the same Website App.", "同一个“网站应用”的 AppSecret。"),
            required: true,
            secret: true,
            check: check_app_secret,
        },
        EnvSpec {
            key: FAST_LOGIN,
            description: Text::new(
                "0 always shows the QR code; otherwise WeChat on a desktop may offer to sign in with one click.",
                "设为 0 时始终显示二维码；否则电脑端微信可能提供一键快捷登录。",
            ),
            required: false,
            secret: false,
            check: check_fast_login,
        },
    ],
};

const EMAIL: ProviderSpec =
    ProviderSpec { id: mail::ID, label: Text::new("E-mail", "邮箱"), env: mail::ENV };

const GITHUB: ProviderSpec =
    ProviderSpec { id: GitHub::ID, label: Text::new("GitHub", "GitHub"), env: github::settings::ENV };

const GOOGLE: ProviderSpec =
    ProviderSpec { id: Oidc::GOOGLE, label: Text::new("Google", "Google"), env: oidc::settings::GOOGLE };

/// Settings that belong to no provider.
static GENERAL: &[EnvSpec] = &[
    EnvSpec {
        key: "ACCOUNT_DELETE_GRACE_DAYS",
        description: Text::new(
            "For how many days somebody who deletes their account can come back by signing in; 0 removes it at once.",
            "用户注销账号后，可在多少天内通过登录恢复；0 表示立即删除。",
        ),
        required: false,
        secret: false,
        check: check_days,
    },
    EnvSpec {
        key: SIGN_IN_MAILS,
        description: Text::new(
            "0 stops the mails that tell people of sign-ins with a device or from a network that is new for them.",
            "设为 0 可停止在用户使用新设备或新网络登录时发送通知邮件。",
        ),
        required: false,
        secret: false,
        check: check_sign_in_mails,
    },
];

/// Whether people are mailed about sign-ins that are new for them; anything but a no is a yes.
pub const SIGN_IN_MAILS: &str = "SIGN_IN_MAILS";

/// Settings that belong to no provider.
#[must_use]
pub fn general() -> &'static [EnvSpec] {
    GENERAL
}

/// Every provider this version knows by name.
#[must_use]
pub fn catalogue() -> &'static [ProviderSpec] {
    CATALOGUE
}

/// The providers that can really be used with these settings. White space round a value and blank values
/// count as nothing: they come from copying out of a console.
#[must_use]
pub fn configured(
    outside: &Arc<Outside>,
    env: &dyn Fn(&str) -> Option<Secret>,
) -> Vec<Arc<dyn LoginProvider>> {
    let read = |key: &str| read(env, key);
    let client = |id: &str, secret: &str| Some((read(id)?, Secret::from(read(secret)?)));
    let mut found: Vec<Arc<dyn LoginProvider>> = Vec::new();
    if let Some((app_id, secret)) = client(ID, SECRET) {
        let fast_login = read(FAST_LOGIN).as_deref().is_none_or(|value| !is_off(value));
        found.push(Arc::new(WeChat::new(Arc::clone(outside), app_id, secret, fast_login)));
    }
    if let Some((id, secret)) = client(github::settings::ID, github::settings::SECRET) {
        found.push(Arc::new(GitHub::new(Arc::clone(outside), id, secret)));
    }
    if let Some(client) = client(oidc::settings::GOOGLE_ID, oidc::settings::GOOGLE_SECRET) {
        found.push(Arc::new(Oidc::google(Arc::clone(outside), client)));
    }
    found
}

/// What can be set for one city in place of the Federation's: the WeChat app.
#[must_use]
pub fn city_keys() -> &'static [&'static str] {
    &[ID, SECRET]
}

/// The provider that a city's own settings describe; `None` while one of them is missing. What is no part of the app
/// itself is read from the Federation's settings.
#[must_use]
pub fn configured_for_city(
    outside: &Arc<Outside>,
    city: &dyn Fn(&str) -> Option<Secret>,
    federation: &dyn Fn(&str) -> Option<Secret>,
) -> Option<Arc<dyn LoginProvider>> {
    let (app_id, secret) = (read(city, ID)?, Secret::from(read(city, SECRET)?));
    let fast_login = read(federation, FAST_LOGIN).as_deref().is_none_or(|value| !is_off(value));
    Some(Arc::new(WeChat::new(Arc::clone(outside), app_id, secret, fast_login)))
}

/// The OpenID Connect issuers that some of these keys name, whether all their settings are there or not.
pub fn issuers<'k>(keys: impl Iterator<Item = &'k str>) -> Vec<IssuerSpec> {
    let names = oidc::settings::names(keys).into_iter();
    names
        .map(|name| IssuerSpec { id: name.to_ascii_lowercase(), env: oidc::settings::of_name(name) })
        .collect()
}

/// Those of them that can really be used with these settings, by name.
pub fn configured_issuers<'k>(
    outside: &Arc<Outside>,
    keys: impl Iterator<Item = &'k str>,
    env: &dyn Fn(&str) -> Option<Secret>,
) -> Vec<Arc<dyn LoginProvider>> {
    let made = oidc::settings::names(keys).into_iter().filter_map(|name| {
        let read = |suffix| read(env, &oidc::settings::key(name, suffix));
        let issuer = read("_ISSUER")?;
        let client = (read("_CLIENT_ID")?, Secret::from(read("_CLIENT_SECRET")?));
        let label =
            read("_LABEL").and_then(|label| clean_text(&label, 64)).unwrap_or_else(|| name.to_owned());
        let provider = Oidc::new(Arc::clone(outside), name.to_ascii_lowercase(), label, &issuer, client);
        let by_query = read(oidc::settings::MODE).is_some_and(|mode| oidc::settings::is_query(&mode));
        let provider = if by_query { provider.by_query() } else { provider };
        Some(Arc::new(provider) as Arc<dyn LoginProvider>)
    });
    made.collect()
}

/// What is known of a key of the Federation env.
#[must_use]
pub fn env_key(key: &str) -> Option<EnvKey> {
    let mut all = CATALOGUE.iter().flat_map(|provider| provider.env).chain(GENERAL);
    let fixed = all.find(|spec| spec.key == key);
    fixed.map(EnvKey::from).or_else(|| oidc::settings::of_key(key))
}

/// A value without the white space round it; `None` when nothing is left.
fn read(env: &dyn Fn(&str) -> Option<Secret>, key: &str) -> Option<String> {
    let value = env(key)?;
    let trimmed = value.expose_secret().trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// Whether the value of a switch is a no.
#[must_use]
pub fn is_off(value: &str) -> bool {
    ["0", "false", "off", "no"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|b| b.is_ascii_hexdigit())
}

pub(crate) fn looks_like_app_id(text: &str) -> bool {
    text.strip_prefix("wx")
        .is_some_and(|rest| is_hex(rest, 16) && !rest.bytes().any(|b| b.is_ascii_uppercase()))
}

fn check_app_id(value: &str) -> Option<Text> {
    let value = value.trim();
    if looks_like_app_id(value) {
        return None;
    }
    Some(if is_hex(value, 32) {
        Text::new(
            "This looks like the AppSecret. The AppID is \"wx\" and 16 characters; if the secret has been seen by others, reset it.",
            "这看起来是 AppSecret。AppID 是 “wx” 加 16 个字符；如果密钥已被他人看到，请在微信开放平台重置。",
        )
    } else if value.starts_with("gh_") {
        Text::new(
            "This is the original ID of an Official Account or Mini Program. A Website App's AppID is needed.",
            "这是公众号或小程序的原始 ID，需要填写“网站应用”的 AppID。",
        )
    } else {
        Text::new(
            "A WeChat AppID is \"wx\" and 16 of 0-9 a-f. Copy it again from the Website App's page.",
            "微信 AppID 是 “wx” 加 16 个 0-9 a-f 字符。请从“网站应用”页面重新复制。",
        )
    })
}

fn check_app_secret(value: &str) -> Option<Text> {
    let value = value.trim();
    if is_hex(value, 32) {
        return None;
    }
    Some(if looks_like_app_id(value) {
        Text::new(
            "This looks like the AppID. The AppSecret is 32 of 0-9 a-f.",
            "这看起来是 AppID。AppSecret 是 32 个 0-9 a-f 字符。",
        )
    } else {
        Text::new(
            "A WeChat AppSecret is 32 of 0-9 a-f. Copy it again, or reset it on the Website App's page.",
            "微信 AppSecret 是 32 个 0-9 a-f 字符。请重新复制，或在“网站应用”页面重置。",
        )
    })
}

fn check_days(value: &str) -> Option<Text> {
    let fine = value.trim().parse::<u32>().is_ok_and(|days| days <= 365);
    (!fine).then(|| Text::new("This is not a number of days from 0 to 365.", "应为 0 到 365 之间的天数。"))
}

/// Whether the value of a switch is a yes or a no.
fn is_switch(value: &str) -> bool {
    let value = value.trim();
    is_off(value) || ["1", "true", "on", "yes"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

fn check_sign_in_mails(value: &str) -> Option<Text> {
    (!is_switch(value)).then(|| {
        Text::new("Only 0 stops these mails. This value does not.", "只有 0 会停止发送，当前值不会。")
    })
}

fn check_fast_login(value: &str) -> Option<Text> {
    (!is_switch(value)).then(|| {
        Text::new(
            "Only 0 turns fast sign-in off. This value leaves it on.",
            "只有 0 会关闭快捷登录，当前值等同于开启。",
        )
    })
}
