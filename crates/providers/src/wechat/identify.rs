//! The two questions to WeChat: the code against a token (once), the token against a person.

use super::WeChat;
use super::answer::{self, Answer, Fields};
use super::errcode;
use super::identity::{Grant, identity};
use crate::ProviderError;
use crate::outside::{Fault, Reply};
use downcity_core::{ExternalIdentity, Failure};
use secrecy::ExposeSecret;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a whole sign-in may wait for WeChat.
const TOTAL: Duration = Duration::from_secs(8);
/// How long one question for the person may take, so that there is time to ask again.
const USERINFO: Duration = Duration::from_secs(3);
/// The pauses before asking for the person a second and a third time.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(600)];

/// An interface of WeChat's.
#[derive(Clone, Copy)]
enum Interface {
    Token,
    Userinfo,
}

impl Interface {
    fn path(self) -> &'static str {
        match self {
            Self::Token => "/sns/oauth2/access_token",
            Self::Userinfo => "/sns/userinfo",
        }
    }
}

/// A failed question.
struct Trouble {
    error: ProviderError,
    /// Whether asking again can help, for a question that may be asked again.
    again: bool,
}

impl Trouble {
    fn unavailable(interface: Interface, what: &str, again: bool) -> Self {
        let report = format!("WeChat's {} could not be used: {what}.", interface.path());
        Self { error: ProviderError::new(Failure::ProviderUnavailable, report).silent(), again }
    }
}

/// Exchanges the code and asks who it was. The token is forgotten on return.
pub(super) async fn identify(app: &WeChat, code: &str) -> Result<ExternalIdentity, ProviderError> {
    let until = Instant::now() + TOTAL;
    let grant = exchange(app, code, until).await?;
    let person = userinfo(app, &grant, until).await?;
    identity(&app.app_id, &grant, &person)
}

/// Never repeated: WeChat takes a code once, and an answer that got lost on the way has used it up.
async fn exchange(app: &WeChat, code: &str, until: Instant) -> Result<Grant, ProviderError> {
    let query = [
        ("appid", app.app_id.as_str()),
        ("secret", app.secret.expose_secret()),
        ("code", code),
        ("grant_type", "authorization_code"),
    ];
    let fields = ask(app, Interface::Token, &query, until).await.map_err(|trouble| trouble.error)?;
    Grant::read(&fields)
}

async fn userinfo(app: &WeChat, grant: &Grant, until: Instant) -> Result<Fields, ProviderError> {
    // `lang` only ever touched the region, which has been empty since 2021; zh_CN is the default.
    let query =
        [("access_token", grant.access_token.expose_secret()), ("openid", &grant.openid), ("lang", "zh_CN")];
    let mut pauses = PAUSES.into_iter();
    loop {
        let this_time = until.min(Instant::now() + USERINFO);
        let trouble = match ask(app, Interface::Userinfo, &query, this_time).await {
            Ok(fields) => return Ok(fields),
            Err(trouble) => trouble,
        };
        match pauses.next() {
            Some(pause) if trouble.again && Instant::now() + pause < until => sleep(pause).await,
            _ => return Err(trouble.error),
        }
    }
}

async fn ask(
    app: &WeChat,
    interface: Interface,
    query: &[(&str, &str)],
    until: Instant,
) -> Result<Fields, Trouble> {
    let url = format!("{}{}", app.outside.wechat_api(), interface.path());
    let reply = match app.outside.get(&url, query, until).await {
        Ok(reply) => reply,
        Err(Fault::Transport(what)) => return Err(Trouble::unavailable(interface, &what, true)),
        Err(Fault::TooLarge) => {
            return Err(Trouble::unavailable(interface, "the answer was larger than 64 KiB", false));
        }
        Err(Fault::Setup(error)) => {
            let error = ProviderError::new(Failure::ProviderMisconfigured, format!("{error}."));
            return Err(Trouble { error, again: false });
        }
    };
    tracing::debug!(
        interface = interface.path(),
        status = reply.status,
        bytes = reply.body.len(),
        "WeChat answered"
    );
    read(interface, &reply)
}

fn read(interface: Interface, reply: &Reply) -> Result<Fields, Trouble> {
    let Reply { status, body, .. } = reply;
    let odd = |what: &str| {
        let what = format!(
            "it answered HTTP {status} with {} bytes, {what}; if it lasts, check that no proxy, firewall or \
             sign-in page of a network stands between this server and api.weixin.qq.com",
            body.len()
        );
        Trouble::unavailable(interface, &what, false)
    };
    if *status >= 500 {
        return Err(odd("a server error"));
    }
    match answer::read(body) {
        Ok(Answer::Refused(refusal)) => {
            let error = errcode::explain(&refusal, interface.path());
            Err(Trouble { error, again: errcode::may_ask_again(refusal.code) })
        }
        Ok(Answer::Fine(fields)) if (200..300).contains(status) => Ok(fields),
        Ok(Answer::Fine(_)) => Err(odd("not a success")),
        Err(answer::Unreadable(what)) => Err(odd(what)),
    }
}
