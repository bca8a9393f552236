//! Looking whether providers can be used, without signing anybody in: harmless questions with a made-up code, and
//! the provider's page fetched as a browser would fetch it.

use crate::line::{Fault, Reply, exchange};
use crate::token::Told;
use crate::{Authorize, Proofs};
use downcity_core::{Finding, Said, Text, Timestamp, Verdict};
use reqwest::RequestBuilder;
use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, USER_AGENT};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// How long one question of a check may take.
const PATIENCE: Duration = Duration::from_secs(6);
/// The largest page that is read, in bytes. WeChat's has 42 KB.
const PAGE_LIMIT: usize = 256 * 1024;
/// What a browser calls itself: a page may look different to a program.
const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// What checks of credentials look at.
pub(crate) const CLIENT: Text = Text::new("Client ID and secret", "Client ID 与 Client secret");
/// What checks of the provider's page look at.
pub(crate) const PAGE: Text = Text::new("Sign-in page and callback URL", "授权页与回调地址");

/// One visit to the providers. It remembers what their clocks said.
pub struct Visit {
    callbacks: Vec<String>,
    made_up: String,
    began: Instant,
    now: Timestamp,
    beside_wechat: bool,
    skews: Mutex<Vec<i64>>,
}

/// Of a sign-in that nobody began.
impl Proofs for Visit {
    fn code_verifier(&self) -> String {
        self.made_up.clone()
    }

    fn nonce(&self) -> String {
        self.code().to_owned()
    }
}

impl Visit {
    /// A visit that begins now. `callbacks` are the callback addresses of this Federation, the main one first;
    /// `made_up` is 64 letters and digits that nobody ever issued.
    #[must_use]
    pub fn new(callbacks: Vec<String>, made_up: String, now: Timestamp) -> Self {
        let (began, beside_wechat) = (Instant::now(), false);
        Self { callbacks, made_up, began, now, beside_wechat, skews: Mutex::default() }
    }

    /// The same at a Federation where people can also sign in with WeChat, if `there`.
    #[must_use]
    pub fn beside_wechat(self, there: bool) -> Self {
        Self { beside_wechat: there, ..self }
    }

    /// Whether people can also sign in with WeChat here.
    pub(crate) fn is_beside_wechat(&self) -> bool {
        self.beside_wechat
    }

    /// By how many milliseconds providers' clocks were ahead of ours, as precisely as seconds allow.
    pub fn skews(&self) -> Vec<i64> {
        self.skews.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The callback addresses, the main one first.
    pub(crate) fn callbacks(&self) -> impl Iterator<Item = (&str, bool)> {
        self.callbacks.iter().enumerate().map(|(at, url)| (url.as_str(), at == 0))
    }

    /// The main callback address.
    pub(crate) fn callback(&self) -> &str {
        self.callbacks.first().map_or("", String::as_str)
    }

    /// A code, or a state, that nobody ever issued: 32 letters and digits, as WeChat's codes are.
    pub(crate) fn code(&self) -> &str {
        self.made_up.get(..32).unwrap_or(&self.made_up)
    }

    /// What an authorize address is made with, for a callback address.
    pub(crate) fn authorize<'a>(&'a self, callback: &'a str) -> Authorize<'a> {
        Authorize { state: self.code(), redirect_uri: callback, lang: None, fast_login: None, proofs: self }
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.now.plus(self.began.elapsed())
    }

    /// One question. What the other clock says is remembered.
    pub(crate) async fn ask(
        &self,
        request: Result<RequestBuilder, Fault>,
        limit: usize,
    ) -> Result<Reply, Fault> {
        let (reply, _) = exchange(request?, Instant::now() + PATIENCE, limit).await?;
        if let Some(date) = reply.date {
            // A date has whole seconds: on average half of one has passed since.
            let skew = date * 1000 + 500 - self.now().0;
            self.skews.lock().unwrap_or_else(PoisonError::into_inner).push(skew);
        }
        Ok(reply)
    }

    /// A page, asked for as a browser does.
    pub(crate) async fn look(&self, request: Result<RequestBuilder, Fault>) -> Result<Reply, Fault> {
        let request = request.map(|request| {
            request
                .header(USER_AGENT, BROWSER)
                .header(ACCEPT, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
                .header(ACCEPT_LANGUAGE, "zh-CN,zh;q=0.9,en;q=0.8")
        });
        self.ask(request, PAGE_LIMIT).await
    }
}

/// The host of an address, with its port where it has one: for people.
pub(crate) fn host_of(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return String::new() };
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => String::new(),
    }
}

/// Nothing came back from `host`.
pub(crate) fn no_answer(check: (&str, &str), title: Text, host: &str, fault: &Fault) -> Finding {
    let (code, why) = match fault {
        Fault::Setup(error) => ("no_client", error.to_string()),
        Fault::Transport(what) => ("unreachable", what.clone()),
        Fault::TooLarge => ("too_large", "the answer was too large".to_owned()),
    };
    let evidence = Said::new(format!("No answer from {host}: {why}."), format!("{host} 没有应答：{why}。"));
    Finding::new(check, title, (Verdict::Failed, code), evidence).remedy(Said::new(
        format!(
            "See that this machine may connect to {host} (name resolution, firewall, CA certificates), then check again."
        ),
        format!("请确认本机可以连接 {host}（域名解析、防火墙、CA 证书），然后重新检查。"),
    ))
}

/// Whose client a token endpoint was asked about.
pub(crate) struct Asked<'a> {
    /// The provider's id.
    pub(crate) group: &'a str,
    /// Who was asked.
    pub(crate) host: &'a str,
    /// The settings that hold client id and secret.
    pub(crate) keys: (&'a str, &'a str),
    /// The callback address that was named.
    pub(crate) callback: &'a str,
}

/// What the answer to a made-up code says about the client (RFC 6749 §5.2, and GitHub's own words).
pub(crate) fn of_client(asked: &Asked<'_>, told: &Told) -> Finding {
    let Asked { group, host, keys: (id, secret), callback } = asked;
    let error = told.error.as_deref().unwrap_or_default();
    let seen = match told.error.as_deref() {
        Some(error) => format!("HTTP {}, {error}", told.status),
        None => format!("HTTP {}", told.status),
    };
    let find = |verdict, code, en: &str, zh: &str| {
        let evidence = Said::new(format!("{host} {en} ({seen})."), format!("{host} {zh}（{seen}）。"));
        Finding::new((group, "credentials"), CLIENT, (verdict, code), evidence)
    };
    match (error, told.status) {
        ("invalid_grant" | "bad_verification_code", _) => find(
            Verdict::Ok,
            "fine",
            "knows the client: it refused only the made-up code",
            "认可该客户端，只拒绝了虚构的 code",
        ),
        ("invalid_client" | "unauthorized_client" | "incorrect_client_credentials", _) | ("", 401) => find(
            Verdict::Failed,
            "client_wrong",
            "does not accept the client id with this secret",
            "不接受该 Client ID 与 Client secret",
        )
        .remedy(Said::new(
            format!("Copy both again from the application's page there, or make a new secret: fed env set {id}, fed env set {secret}."),
            format!("请从该应用的页面重新复制两者，或生成新的密钥：fed env set {id}、fed env set {secret}。"),
        )),
        ("", 404) => find(Verdict::Failed, "client_unknown", "knows no such client id", "不认识该 Client ID").remedy(
            Said::new(
                format!("Copy the client id again from the application's page there: fed env set {id}."),
                format!("请从该应用的页面重新复制 Client ID：fed env set {id}。"),
            ),
        ),
        ("redirect_uri_mismatch", _) => find(
            Verdict::Failed,
            "callback_mismatch",
            "has another callback URL registered",
            "登记的是另一个回调地址",
        )
        .remedy(register(callback)),
        ("slow_down" | "temporarily_unavailable", _) | ("", 429) => {
            find(Verdict::Warning, "busy", "asks us to come less often", "要求降低请求频率")
                .remedy(Text::new("Check again in a minute.", "请一分钟后重新检查。"))
        }
        _ => find(
            Verdict::Warning,
            "unexpected",
            "answered something else than expected, so nothing is known about the client",
            "的应答不在预期之内，无法判断客户端是否正确",
        )
        .remedy(Said::new(
            format!("See that no proxy stands between this server and {host}, and look at the application's settings there."),
            format!("请确认本服务器与 {host} 之间没有代理，并检查该应用在对方的设置。"),
        )),
    }
}

/// Register this callback.
pub(crate) fn register(callback: &str) -> Said {
    Said::new(
        format!("Register exactly this callback URL there: {callback}"),
        format!("请在对方登记以下完整的回调地址：{callback}"),
    )
}

/// A finding about one of several callback addresses: what keeps the main one from working is a warning elsewhere.
pub(crate) fn of_callback(finding: Finding, (callback, is_main): (&str, bool)) -> Finding {
    if is_main {
        return finding;
    }
    let verdict = finding.verdict.min(Verdict::Warning);
    Finding { verdict, ..finding }.about(host_of(callback))
}

/// Waits for all of a few questions, one after another: they go to the same place.
pub(crate) async fn in_turn(questions: impl Iterator<Item = impl Future<Output = Finding>>) -> Vec<Finding> {
    let mut all = Vec::new();
    for question in questions {
        all.push(question.await);
    }
    all
}
