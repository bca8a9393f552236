//! The pages behind mailed links. Opening one changes nothing, since mail scanners open links too: a button
//! does (security requirement A8).

use super::{Mood, NOWHERE, Page, program, when};
use crate::error::{ApiError, Code};
use axum::http::StatusCode;
use axum::response::Response;
use downcity_service::core::{Lang, Text, Timestamp};
use downcity_service::email_change::AskedChange;
use downcity_service::mail_login::AskedSignIn;
use downcity_service::notices::AskedEnding;
use downcity_service::register::{AskedVerification, By};

/// What a mailed link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Verify,
    Reset,
    Change,
    SignIn,
    EndSession,
}

impl For {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "verify" => Some(Self::Verify),
            "reset" => Some(Self::Reset),
            "change" => Some(Self::Change),
            "sign_in" => Some(Self::SignIn),
            "end_session" => Some(Self::EndSession),
            _ => None,
        }
    }
}

/// The form on such a page.
pub(super) struct Form {
    pub(super) action: &'static str,
    pub(super) token: String,
    pub(super) label: &'static str,
    /// The label of the field for a new password, if there is one.
    pub(super) password: Option<&'static str>,
    /// What is wrong with the password that was typed.
    pub(super) wrong: Option<String>,
}

fn page(lang: Lang, mood: Mood, place: &str, heading: Text) -> Page {
    Page::new(lang, mood, place, heading.get(lang).to_owned())
}

/// Asks for the one click, or the new password.
pub(crate) fn ask(what: For, token: String, problem: Option<&ApiError>, lang: Lang) -> Response {
    ask_with(what, token, (NOWHERE, Vec::new()), problem, lang)
}

/// Asks whether the address is whose that registered with it.
pub(crate) fn ask_verify(asked: &AskedVerification, token: String, now: Timestamp, lang: Lang) -> Response {
    let label = |en, zh| Text::new(en, zh).get(lang);
    let mut facts = vec![
        (label("Address", "邮箱地址"), asked.address.to_string()),
        (label("For an account at", "注册到"), asked.city.clone()),
    ];
    if let Some(By { at, network, agent }) = &asked.by {
        facts.extend([
            (label("Registered at", "注册时间"), when::past(*at, now, lang)),
            (label("IP address", "IP 地址"), network.clone()),
            (label("With", "注册程序"), program(agent, lang)),
        ]);
    }
    ask_with(For::Verify, token, (asked.city.as_str(), facts), None, lang)
}

/// Asks whether to sign in; or says that this is not the browser that started it.
pub(crate) fn ask_sign_in(asked: &AskedSignIn, token: String, now: Timestamp, lang: Lang) -> Response {
    let label = |en, zh| Text::new(en, zh).get(lang);
    if !asked.here {
        let heading = Text::new("Open this link where you started", "请在发起登录的浏览器中打开");
        let text = Text::new(
            "This browser did not start the sign-in. Go back to the window where you started, and type the code from the mail there. If you did not start it, close this page: nobody is signed in.",
            "此浏览器并未发起登录。请回到发起登录的窗口，输入邮件中的验证码。如果不是您发起的登录，请关闭此页面，不会有人因此登录。",
        );
        let page = page(lang, Mood::Late, &asked.city, heading).text(text.get(lang));
        return page.respond(StatusCode::OK);
    }
    let facts = vec![
        (label("To", "登录到"), asked.city.clone()),
        (label("As", "登录身份"), asked.address.to_string()),
        (label("Started at", "发起时间"), when::past(asked.at.0, now, lang)),
        (label("IP address", "IP 地址"), asked.network.clone()),
        (label("With", "发起程序"), program(&asked.agent, lang)),
    ];
    ask_with(For::SignIn, token, (asked.city.as_str(), facts), None, lang)
}

fn ask_with(
    what: For,
    token: String,
    (place, facts): (&str, Vec<(&'static str, String)>),
    problem: Option<&ApiError>,
    lang: Lang,
) -> Response {
    let (heading, text, action, label, password) = match what {
        For::Verify => (
            Text::new("Confirm your address", "确认您的邮箱地址"),
            Text::new(
                "One click, and the account is made. Go on only if you registered yourself: whoever did chose its password.",
                "点击按钮即可完成注册。仅在您本人注册时继续：密码由注册者设置。",
            ),
            "/v1/accounts/email/confirm",
            Text::new("Yes, it is my address", "确认，这是我的邮箱"),
            None,
        ),
        For::Reset => (
            Text::new("Set a new password", "设置新密码"),
            Text::new(
                "At least 8 characters; 15 or more are better. You will be signed out everywhere.",
                "至少 8 个字符，建议 15 个以上。设置后，您将在所有设备上退出登录。",
            ),
            "/v1/accounts/email/reset",
            Text::new("Set the password", "设置密码"),
            Some(Text::new("New password", "新密码")),
        ),
        For::SignIn => (
            Text::new("Sign in?", "确认登录？"),
            Text::new("Go on only if you started this sign-in yourself.", "仅在您本人发起登录时继续。"),
            "/v1/accounts/email/enter",
            Text::new("Yes, sign me in", "确认登录"),
            None,
        ),
        For::Change => (
            Text::new("Use this address from now on?", "今后使用此邮箱地址登录？"),
            Text::new(
                "Confirm only if you asked for this yourself: whoever asked will have your address as the way into their account.",
                "仅在您本人提出申请时确认：确认后，此地址将成为申请者账号的登录方式。",
            ),
            "/v1/accounts/email/change/confirm",
            Text::new("Yes, I asked for it", "确认，是我申请的"),
            None,
        ),
        For::EndSession => (
            Text::new("End this sign-in?", "结束此次登录？"),
            Text::new(
                "Whoever is signed in there is signed out at once. Your other sessions stay.",
                "该处将立即退出登录，您的其他登录会话不受影响。",
            ),
            "/v1/accounts/email/end-session",
            Text::new("Yes, end it", "结束此登录"),
            None,
        ),
    };
    let wrong = problem.and_then(|problem| problem.field.as_ref()).map(|field| match lang {
        Lang::En => format!("The {} {}.", field.name, field.why.as_deref().unwrap_or("can't be used")),
        Lang::Zh => "该密码不可用：需要 8 到 256 个字符，且不能是常见密码。".to_owned(),
    });
    let mut page = page(lang, Mood::Ask, place, heading).text(text.get(lang));
    let password = password.map(|text| text.get(lang));
    page.facts = facts;
    page.mail_form = Some(Form { action, token, label: label.get(lang), password, wrong });
    page.respond(if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK })
}

/// Asks whether the address is to become the way into the account of whoever asked.
pub(crate) fn ask_change(asked: &AskedChange, token: String, now: Timestamp, lang: Lang) -> Response {
    let label = |en, zh| Text::new(en, zh).get(lang);
    let facts = vec![
        (label("Address", "邮箱地址"), asked.address.to_string()),
        (label("For the account at", "所属产品"), asked.city.clone()),
        (label("Asked for at", "申请时间"), when::past(asked.at.0, now, lang)),
        (label("IP address", "IP 地址"), asked.network.clone()),
        (label("With", "申请程序"), program(&asked.agent, lang)),
    ];
    ask_with(For::Change, token, (asked.city.as_str(), facts), None, lang)
}

/// Asks whether to end a session.
pub(crate) fn ask_ending(asked: &AskedEnding, token: String, now: Timestamp, lang: Lang) -> Response {
    let label = |en, zh| Text::new(en, zh).get(lang);
    let facts = vec![
        (label("Signed in to", "登录到"), asked.city.clone()),
        (label("At", "时间"), when::past(asked.at.0, now, lang)),
        (label("IP address", "IP 地址"), asked.network.clone()),
        (label("With", "程序"), program(&asked.agent, lang)),
    ];
    ask_with(For::EndSession, token, (asked.city.as_str(), facts), None, lang)
}

/// Says that it worked, and what to do next.
pub(crate) fn done(what: For, lang: Lang) -> Response {
    let (heading, text) = match what {
        For::Verify => (
            Text::new("Your address is confirmed", "邮箱地址已确认"),
            Text::new(
                "Go back to the page where you registered and sign in with your address and password.",
                "请回到注册页面，使用邮箱地址和密码登录。",
            ),
        ),
        For::Reset => (
            Text::new("Your password is set", "新密码已设置"),
            Text::new(
                "You are signed out everywhere. Go back to the sign-in page and use the new password.",
                "您已在所有设备上退出登录。请回到登录页面，使用新密码登录。",
            ),
        ),
        For::SignIn => (
            Text::new("You are signed in", "您已登录"),
            Text::new("You can close this page.", "您可以关闭此页面。"),
        ),
        For::Change => (
            Text::new("Your new address is confirmed", "新邮箱地址已确认"),
            Text::new(
                "Sign in with this address from now on. If you had another one before, you are signed out everywhere but where you asked for the change.",
                "今后请使用此地址登录。如果之前使用的是其他地址，除发起变更的设备外，您已在所有设备上退出登录。",
            ),
        ),
        For::EndSession => (
            Text::new("That sign-in is ended", "该登录已结束"),
            Text::new(
                "Whoever it was is signed out. If it was not you, they know a way into your account: set a new password if you have one, and look at your ways in and other sessions in the product.",
                "对方已退出登录。如果不是您本人操作，说明他人掌握了进入您账号的方式：请重设密码（如已设置），并在产品中检查您的登录方式和其他登录会话。",
            ),
        ),
    };
    page(lang, Mood::Good, NOWHERE, heading).text(text.get(lang)).respond(StatusCode::OK)
}

/// Says what went wrong.
pub(crate) fn problem(problem: &ApiError, lang: Lang) -> Response {
    let (heading, text) = match problem.code {
        Code::SpentToken => (
            Text::new("This link is not good any more", "该链接已失效"),
            Text::new(
                "It was used, replaced by a newer one, or its time is over. Ask for a new one.",
                "链接可能已被使用、已过期，或已被新的链接取代。请重新申请。",
            ),
        ),
        code => (Text::new("That did not work", "操作未成功"), code.text()),
    };
    let page = page(lang, Mood::Bad, NOWHERE, heading).text(text.get(lang));
    Page { code: Some(problem.code.as_str()), ..page }.respond(problem.code.status())
}
