//! What the simulated WeChat knows at its start: apps, people, lifetimes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids;

/// The callback domain that stands for every loopback host (`localhost`, `*.localhost`, `127.0.0.0/8`, `::1`).
pub const ANY_LOOPBACK: &str = "loopback";

/// What a simulator is started with.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// The registered apps. The first is the one that [`crate::Handle::app`] answers.
    pub apps: Vec<App>,
    /// The people who can hold the simulated phone. The first is the one chosen where none is named.
    pub people: Vec<Person>,
    /// How long a long poll is held when nothing happens. Real: about 25 s.
    pub hold: Duration,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// The most QR sessions, codes and tokens (of each kind) that are remembered; the oldest are forgotten first.
    pub remember: usize,
    /// The most calls that the request log keeps.
    pub log: usize,
}

impl Default for SimConfig {
    /// One website app that may call back to any loopback host, and three people.
    fn default() -> Self {
        Self {
            apps: vec![App::website("wx5131a8c0f7d2e964")],
            people: vec![
                Person::new("zhangsan", "张三🌟"),
                Person::new("alice", "Alice"),
                Person { unionid: false, ..Person::new("lilei", "李雷") },
            ],
            hold: Duration::from_secs(25),
            lifetimes: Lifetimes::default(),
            remember: 20_000,
            log: 10_000,
        }
    }
}

/// Lifetimes by the simulator's own clock.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// A QR code. Real: about 300 s.
    pub qr: Duration,
    /// An authorization code. Real: 600 s, single use.
    pub code: Duration,
    /// An access token. Real: 7200 s. Also what `expires_in` says.
    pub access_token: Duration,
    /// A refresh token. Real: 30 days.
    pub refresh_token: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            qr: Duration::from_secs(300),
            code: Duration::from_secs(600),
            access_token: Duration::from_secs(7200),
            refresh_token: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

/// What kind of account an AppID belongs to. Only an approved website app may use the QR page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppKind {
    /// 网站应用, approved, with the 微信登录 capability.
    #[default]
    Website,
    /// 网站应用 that is not approved yet, or has no 微信登录 capability.
    Unapproved,
    /// 公众号 or 服务号.
    OfficialAccount,
    /// 小程序.
    MiniProgram,
}

/// An app registered at the simulated WeChat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The AppID: `wx` and 16 lowercase hexadecimal digits.
    pub appid: String,
    /// The AppSecret: 32 hexadecimal digits. Derived from the appid when left out.
    #[serde(default)]
    pub secret: String,
    /// The name shown on the QR page and on the phone.
    #[serde(default = "default_name")]
    pub name: String,
    /// What kind of account the AppID is.
    #[serde(default)]
    pub kind: AppKind,
    /// 授权回调域: a bare host, or [`ANY_LOOPBACK`].
    #[serde(default = "any_loopback")]
    pub callback_domain: String,
    /// The Open Platform account that owns the app: apps of one account share unionids.
    #[serde(default = "default_account")]
    pub open_account: String,
}

impl App {
    /// An approved website app with this AppID, a secret derived from it, and any loopback host as its domain.
    pub fn website(appid: &str) -> Self {
        Self {
            appid: appid.to_owned(),
            secret: ids::secret(appid),
            name: default_name(),
            kind: AppKind::Website,
            callback_domain: any_loopback(),
            open_account: default_account(),
        }
    }
}

/// A person with a simulated WeChat account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The name used in the simulator's interfaces; never sent to an app.
    pub id: String,
    /// What `sns/userinfo` answers.
    pub nickname: String,
    /// Whether apps receive a unionid for this person.
    #[serde(default = "yes")]
    pub unionid: bool,
    /// 1 male, 2 female, 0 since 2021.
    #[serde(default)]
    pub sex: u8,
    /// Whether the person has an avatar; without one `headimgurl` is empty.
    #[serde(default = "yes")]
    pub avatar: bool,
}

impl Person {
    /// A person with a unionid and an avatar.
    pub fn new(id: &str, nickname: &str) -> Self {
        Self { id: id.to_owned(), nickname: nickname.to_owned(), unionid: true, sex: 0, avatar: true }
    }
}

fn default_name() -> String {
    "示例网站".to_owned()
}

fn any_loopback() -> String {
    ANY_LOOPBACK.to_owned()
}

fn default_account() -> String {
    "open-account-1".to_owned()
}

const fn yes() -> bool {
    true
}
