//! The pages behind mailed links. Opening one changes nothing, since mail scanners open links too: a button
//! does (security requirement A8).

use super::{Mood, Page};
use crate::error::{ApiError, Code};
use axum::http::StatusCode;
use axum::response::Response;
use downcity_service::core::{Lang, Text};

/// What a mailed link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Verify,
    Reset,
}

impl For {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "verify" => Some(Self::Verify),
            "reset" => Some(Self::Reset),
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
}

fn page(lang: Lang, mood: Mood, heading: Text) -> Page {
    Page::new(lang, mood, "Downcity", heading.get(lang).to_owned())
}

/// Asks for the one click, or the new password.
pub(crate) fn ask(what: For, token: String, problem: Option<&ApiError>, lang: Lang) -> Response {
    let (heading, text, action, label, password) = match what {
        For::Verify => (
            Text::new("Confirm your address", "确认您的邮箱地址"),
            Text::new("One click, and your account is made.", "点击按钮即可完成注册。"),
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
    };
    let mut page = page(lang, Mood::Ask, heading).text(text.get(lang));
    if let Some(field) = problem.and_then(|problem| problem.field.as_ref()) {
        let said = match lang {
            Lang::En => format!("The {} {}.", field.name, field.why),
            Lang::Zh => "该密码不可用：需要 8 到 256 个字符，且不能是常见密码。".to_owned(),
        };
        page = page.text(said);
    }
    let password = password.map(|text| text.get(lang));
    page.mail_form = Some(Form { action, token, label: label.get(lang), password });
    page.respond(if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK })
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
    };
    page(lang, Mood::Good, heading).text(text.get(lang)).respond(StatusCode::OK)
}

/// Says what went wrong.
pub(crate) fn problem(problem: &ApiError, lang: Lang) -> Response {
    let heading = match problem.code {
        Code::SpentToken => Text::new("This link is not good any more", "该链接已失效"),
        _ => Text::new("That did not work", "操作未成功"),
    };
    let page = page(lang, Mood::Bad, heading).text(problem.code.text().get(lang));
    Page { code: Some(problem.code.as_str()), ..page }.respond(problem.code.status())
}
