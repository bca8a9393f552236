//! The pages a person sees at the end of a sign-in: small, without scripts and without anything from
//! elsewhere, in the language of the sign-in, or else of the browser.

pub(crate) mod mail;
mod when;

pub(crate) use when::readable;

use crate::error::Code;
use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downcity_service::core::{Digest, Failure, Lang, Text, Timestamp, agent};
use downcity_service::outcome::{Outcome, Question, View};
use std::sync::LazyLock;

const STYLE: &str = include_str!("../templates/page.css");

/// The place of a page that belongs to no city, or to one that is not known any more.
const NOWHERE: &str = "";

/// Nothing may load or run but our one style sheet; forms go only to us; nobody may frame the page.
static CSP: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Digest::of(STYLE).0);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// How a page feels.
#[derive(Clone, Copy)]
enum Mood {
    Good,
    Bad,
    /// Nothing is broken, but the person has to start again.
    Late,
    Ask,
    /// It ended as the person wished.
    Stopped,
    Wait,
}

impl Mood {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Ask | Self::Late => "ask",
            Self::Stopped | Self::Wait => "calm",
        }
    }

    /// The strokes of its sign, on 24 by 24 units.
    fn mark(self) -> &'static str {
        match self {
            Self::Good => "M5 12.5l4.5 4.5L19 7.5",
            Self::Bad | Self::Late => "M12 5.5v8M12 18v.01",
            Self::Ask => "M8.8 9a3.2 3.2 0 1 1 4.8 2.8c-1 .6-1.6 1.2-1.6 2.2M12 18v.01",
            Self::Stopped => "M7 12h10",
            Self::Wait => "M6 12h.01M12 12h.01M18 12h.01",
        }
    }
}

/// The two buttons.
struct Form {
    attempt: String,
    token: String,
    allow: &'static str,
    deny: &'static str,
    warning: &'static str,
    /// The label of the field for the code, if one is asked for.
    code: Option<&'static str>,
    /// What is wrong with the code that was typed.
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    lang: Lang,
    style: &'static str,
    mood: Mood,
    /// The city's name, or [`NOWHERE`].
    place: String,
    heading: String,
    texts: Vec<String>,
    facts: Vec<(&'static str, String)>,
    form: Option<Form>,
    mail_form: Option<mail::Form>,
    onward: Option<String>,
    onward_label: String,
    code: Option<&'static str>,
    code_label: &'static str,
    reload_after: Option<u32>,
}

impl Page {
    fn new(lang: Lang, mood: Mood, place: &str, heading: String) -> Self {
        Self {
            lang,
            style: STYLE,
            mood,
            place: place.to_owned(),
            heading,
            texts: Vec::new(),
            facts: Vec::new(),
            form: None,
            mail_form: None,
            onward: None,
            onward_label: String::new(),
            code: None,
            code_label: Text::new("Error code: ", "错误代码：").get(lang),
            reload_after: None,
        }
    }

    fn text(mut self, text: impl Into<String>) -> Self {
        self.texts.push(text.into());
        self
    }

    fn onward(mut self, url: Option<String>) -> Self {
        self.onward_label = match self.lang {
            Lang::En => format!("Continue to {}", self.place),
            Lang::Zh => format!("继续前往“{}”", self.place),
        };
        self.onward = url;
        self
    }

    /// The heading in pieces; a line breaks around those that are whole rather than inside them.
    fn pieces(&self) -> Vec<(String, bool)> {
        let quoted = format!("“{}”", self.place);
        let name = if self.heading.contains(&quoted) { quoted } else { self.place.clone() };
        // An empty name would be found between any two letters.
        let parts: Vec<&str> =
            if name.is_empty() { vec![self.heading.as_str()] } else { self.heading.split(&name).collect() };
        let mut pieces = Vec::new();
        for (at, between) in parts.into_iter().enumerate() {
            pieces.extend((at > 0).then(|| (name.clone(), true)));
            for (at, rest) in between.split("sign-in").enumerate() {
                pieces.extend((at > 0).then(|| ("sign-in".to_owned(), true)));
                pieces.push((rest.to_owned(), false));
            }
        }
        pieces
    }

    fn respond(self, status: StatusCode) -> Response {
        let Ok(html) = self.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let mut response = (status, Body::from(html)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CONTENT_SECURITY_POLICY, CSP.clone());
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.lang.tag()));
        headers.insert(header::VARY, HeaderValue::from_static("accept-language, cookie"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

/// Where the person goes from here, when that is the window they came from.
const BACK: Text = Text::new(
    "Go back to the window where you started. You can close this page.",
    "请回到最初操作的窗口。此页面可以关闭。",
);
const AGAIN: Text =
    Text::new("Go back to the window where you started and try again.", "请回到最初操作的窗口并重试。");

/// The page about an outcome, in the language that the sign-in was started in: the product asked for it, or the browser
/// there. Only whoever is asked about a start elsewhere reads their own browser's (`accepted`): a stranger's choice could be
/// one that they can't read.
pub(crate) fn outcome(outcome: &Outcome, accepted: Option<Lang>, now: Timestamp) -> Response {
    let lang = match &outcome.view {
        View::Confirm(question) if question.elsewhere => accepted.unwrap_or(outcome.lang),
        _ => outcome.lang,
    };
    let (city, provider) = (outcome.city.as_str(), outcome.provider.get(lang));
    let page = match &outcome.view {
        View::Done { onward } => done(lang, outcome, onward.clone()),
        View::Failed { failure, onward } => failed(lang, city, *failure, onward.clone()),
        View::Confirm(question) => confirm(lang, outcome, question, now),
        View::Expired => {
            let heading = Text::new("This sign-in has run out", "本次登录已过期").get(lang);
            Page::new(lang, Mood::Late, city, heading.to_owned()).text(AGAIN.get(lang))
        }
        View::Working => {
            let heading = match lang {
                Lang::En => format!("Signing you in with {provider}…"),
                Lang::Zh => format!("正在通过{provider}登录…"),
            };
            let text = Text::new("This page looks again by itself.", "本页面会自动刷新。").get(lang);
            Page { reload_after: Some(2), ..Page::new(lang, Mood::Wait, city, heading) }.text(text)
        }
    };
    page.respond(StatusCode::OK)
}

/// Whether the product takes the outcome is its own affair: where the browser does not go on to it, the person has been
/// confirmed, and is signed in only where they started.
fn done(lang: Lang, outcome: &Outcome, onward: Option<String>) -> Page {
    let (city, provider) = (outcome.city.as_str(), outcome.provider.get(lang));
    let heading = match (lang, outcome.link, &onward) {
        (Lang::En, true, _) => format!("{provider} is linked to your account at {city}"),
        (Lang::Zh, true, _) => format!("{provider}已绑定到您的“{city}”账号"),
        (Lang::En, false, Some(_)) => format!("You are signed in to {city}"),
        (Lang::Zh, false, Some(_)) => format!("您已登录“{city}”"),
        (Lang::En, false, None) => format!("{provider} has confirmed you"),
        (Lang::Zh, false, None) => format!("{provider}验证成功"),
    };
    let page = Page::new(lang, Mood::Good, city, heading);
    if onward.is_some() { page.onward(onward) } else { page.text(BACK.get(lang)) }
}

fn failed(lang: Lang, city: &str, failure: Failure, onward: Option<String>) -> Page {
    let heading = match failure {
        Failure::LoginCancelled => Text::new("Sign-in cancelled", "登录已取消"),
        Failure::AccessDenied => Text::new("Sign-in refused", "已拒绝授权"),
        Failure::IdentityTaken | Failure::LinkEnded => Text::new("Nothing was linked", "未绑定"),
        _ => Text::new("You are not signed in", "登录未完成"),
    };
    // Whoever stopped it themselves needs no code to report, and is told how to start again by the text.
    let stopped = matches!(failure, Failure::LoginCancelled | Failure::AccessDenied);
    let mood = if stopped { Mood::Stopped } else { Mood::Bad };
    let page = Page::new(lang, mood, city, heading.get(lang).to_owned()).text(failure.text(lang));
    let page = Page { code: (!stopped).then(|| failure.code()), ..page };
    if onward.is_some() {
        page.onward(onward)
    } else if failure.retryable() && !stopped {
        page.text(AGAIN.get(lang))
    } else {
        page
    }
}

fn confirm(lang: Lang, outcome: &Outcome, question: &Question, now: Timestamp) -> Page {
    let (city, provider) = (outcome.city.as_str(), outcome.provider.get(lang));
    let heading = match (lang, outcome.link) {
        (Lang::En, true) => format!("Did you ask to link {provider} to an account at {city}?"),
        (Lang::Zh, true) => format!("是您本人要把{provider}绑定到“{city}”账号吗？"),
        (Lang::En, false) => format!("Did you start this sign-in to {city}?"),
        (Lang::Zh, false) => format!("是您本人发起的“{city}”登录吗？"),
    };
    // Mention another device only if there was one; otherwise people would reject their own sign-in.
    let text = match (lang, outcome.link, question.elsewhere) {
        (Lang::En, true, true) => format!(
            "This was started on another device or network, by somebody who is signed in there. \
             If you confirm, {provider} will open their account, and you can no longer use it for one of your own."
        ),
        (Lang::En, true, false) => format!(
            "{city} always asks before something is linked. Whoever is signed in where this was started: their account \
             will be open to you with {provider}, and another cannot be made with it any more."
        ),
        (Lang::En, false, true) => format!(
            "{provider} has confirmed who you are, but this sign-in was started on another device or network. \
             Whoever started it will be signed in as you."
        ),
        (Lang::En, false, false) => format!(
            "{provider} has confirmed who you are. {city} always asks before somebody is signed in: whoever started this \
             will be signed in as you."
        ),
        (Lang::Zh, true, true) => format!(
            "本次绑定是由另一台设备或网络上已登录的人发起的。确认后，您的{provider}将归属于对方的账号，您也不能再用它创建自己的账号。"
        ),
        (Lang::Zh, true, false) => format!(
            "“{city}”在每次绑定前都会询问。确认后，您的{provider}将归属于发起绑定时已登录的账号，不能再用它创建其他账号。"
        ),
        (Lang::Zh, false, true) => format!(
            "{provider}已确认您的身份，但本次登录是从另一台设备或网络发起的。确认后，发起者将以您的身份登录。"
        ),
        (Lang::Zh, false, false) => {
            format!(
                "{provider}已确认您的身份。“{city}”在每次登录前都会询问：确认后，发起者将以您的身份登录。"
            )
        }
    };
    let label = |en, zh| Text::new(en, zh).get(lang);
    let mut page = Page::new(lang, Mood::Ask, city, heading).text(text);
    if question.code.is_some() {
        page = page.text(label(
            "The window where you started shows a code of eight letters. Type it here, so that we know that the window is before you.",
            "发起登录的窗口显示了一个由八个字母组成的验证码。请在此输入，以便我们确认该窗口就在您面前。",
        ));
    }
    page.facts = vec![
        (label("Started at", "发起时间"), when::past(question.started_at.0, now, lang)),
        (label("IP address", "IP 地址"), question.network.clone()),
        (label("With", "发起程序"), program(&question.agent, lang)),
    ];
    page.form = Some(Form {
        attempt: outcome.attempt_id.clone(),
        token: question.form_token.reveal().to_owned(),
        deny: label("No, cancel", "不是我，取消"),
        allow: label("Yes, it was me", "是我本人"),
        code: question
            .code
            .map(|_| label("Code from the window where you started", "发起登录的窗口中的验证码")),
        wrong: question.code.filter(|code| code.again).map(|code| wrong_code(lang, code.tries_left)),
        warning: warning(question.code.is_some(), outcome.link).get(lang),
    });
    page
}

/// What else to know before pressing one of the buttons.
fn warning(by_code: bool, link: bool) -> Text {
    if by_code {
        return Text::new(
            "Type only a code that you see in a window that you opened yourself. If somebody sent you this page, or tells you a code, choose No: they would be signed in as you.",
            "只输入您自己打开的窗口中显示的验证码。如果此页面是别人发给您的，或验证码是别人告诉您的，请选择“不是我”，否则对方将以您的身份登录。",
        );
    }
    if link {
        return Text::new(
            "We never send you web addresses or codes to confirm a link. If somebody asked you to do this, choose No.",
            "我们绝不会向您发送链接或二维码要求确认绑定。如果是别人让您这样做，请选择“不是我”。",
        );
    }
    Text::new(
        "We never send you links or codes to confirm a sign-in. If somebody asked you to do this, choose No.",
        "我们绝不会向您发送链接或二维码要求确认登录。如果是别人让您这样做，请选择“不是我”。",
    )
}

fn wrong_code(lang: Lang, left: i64) -> String {
    match (lang, left) {
        (Lang::En, 1) => "That is not the code of this sign-in. You have one more try.".to_owned(),
        (Lang::En, left) => format!("That is not the code of this sign-in. You have {left} more tries."),
        (Lang::Zh, left) => format!("验证码不正确，还可以尝试 {left} 次。"),
    }
}

/// The program that somebody used. Never as it came: whoever sends it chooses it, and could tell the person something in
/// our name.
fn program(agent: &str, lang: Lang) -> String {
    let unknown = || Text::new("an unknown program", "未知程序").get(lang).to_owned();
    agent::family(agent).unwrap_or_else(unknown)
}

/// For a browser that did not finish the attempt it asks about.
pub(crate) fn elsewhere(lang: Lang) -> Response {
    let heading = Text::new("This sign-in belongs to another browser", "本次登录属于另一个浏览器").get(lang);
    let text = Text::new(
        "Or it was already used, or its time is over. Go back to the window where you started; start again there if you are not signed in.",
        "本次登录可能是在其他浏览器中进行的，也可能已被使用或已过期。请回到最初操作的窗口；如尚未登录，请在那里重新开始。",
    );
    Page::new(lang, Mood::Late, NOWHERE, heading.to_owned())
        .text(text.get(lang))
        .respond(StatusCode::FORBIDDEN)
}

/// For a callback that belongs to no attempt, and other problems.
pub(crate) fn problem(code: Option<&str>, lang: Lang) -> Response {
    let known = [
        (
            Code::LoginExpired,
            Text::new("This sign-in has run out", "本次登录已过期"),
            Text::new("It took longer than ten minutes.", "登录用时超过了十分钟。"),
        ),
        (
            Code::CannotConfirm,
            Text::new("This can't be confirmed here", "无法在此处确认"),
            Text::new(
                "Only the browser in which you signed in with the provider can answer, and only once.",
                "只有完成授权的浏览器可以确认，且只能确认一次。",
            ),
        ),
        (
            Code::TooManyTries,
            Text::new("Too many wrong codes came from your network", "验证码错误次数过多"),
            Text::new(
                "For now none is looked at, so nothing was changed. Wait ten minutes.",
                "您所在的网络输错验证码过多，暂时不再核对，未进行任何操作。请十分钟后再试。",
            ),
        ),
        (
            Code::Unavailable,
            Text::new("We can't answer right now", "服务暂时不可用"),
            Text::new("Please reload this page in a moment.", "请稍后重新加载此页面。"),
        ),
    ];
    let unknown = (
        Code::UnknownLogin,
        Text::new("This sign-in is not known", "未找到本次登录"),
        Text::new(
            "The link is incomplete or very old, so nothing happened.",
            "链接不完整或已失效，未进行任何操作。",
        ),
    );
    let found = known.into_iter().find(|(known, _, _)| Some(known.as_str()) == code);
    let (code, heading, text) = found.unwrap_or(unknown);
    let mut page = Page::new(lang, Mood::Late, NOWHERE, heading.get(lang).to_owned()).text(text.get(lang));
    // The texts of the others say themselves what to do.
    if matches!(code, Code::LoginExpired | Code::CannotConfirm | Code::UnknownLogin) {
        page = page.text(AGAIN.get(lang));
    }
    Page { code: Some(code.as_str()), ..page }.respond(code.status())
}
