//! What our mails say, in English and Chinese, as text and as HTML. A letter says what happened, why it came,
//! and what to do if it was not asked for.

use askama::Template;
use downcity_core::{Lang, Text};
use downcity_providers::mail::Mail;

/// The letters.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Letter<'a> {
    /// Finish a registration.
    Verify { link: &'a str },
    /// Somebody registered with an address that has an account.
    AlreadyRegistered,
    /// Set a new password.
    Reset { link: &'a str },
    /// Sign in with a code.
    SignIn { code: &'a str },
    /// Confirm a new address.
    ChangeEmail { link: &'a str },
    /// Told to the old address: the address was changed.
    EmailChanged { new: &'a str },
    /// Told after a password was changed.
    PasswordChanged,
}

struct Words {
    heading: Text,
    text: Text,
    label: Text,
    closing: Text,
}

const NOT_ASKED: Text = Text::new(
    "If you did not ask for this, you can ignore this mail: nothing happens.",
    "如果这不是您本人的操作，请忽略此邮件，不会有任何变化。",
);
const NOT_YOU: Text = Text::new(
    "If this was not you, set a new password at once: ask for it on the sign-in page.",
    "如果这不是您本人的操作，请立即在登录页面申请重设密码。",
);
const NO_LABEL: Text = Text::new("", "");

impl Letter<'_> {
    fn words(self) -> Words {
        let words = |heading, text, label, closing| Words { heading, text, label, closing };
        match self {
            Self::Verify { .. } => words(
                Text::new("Confirm your address", "确认您的邮箱地址"),
                Text::new(
                    "Somebody, hopefully you, registered with this address. The link is good for 24 hours.",
                    "有人（应该是您）使用此邮箱地址进行了注册。链接 24 小时内有效。",
                ),
                Text::new("Confirm the address", "确认地址"),
                NOT_ASKED,
            ),
            Self::AlreadyRegistered => words(
                Text::new("You have an account already", "您已有账号"),
                Text::new(
                    "Somebody registered with this address, but it has an account. Sign in as usual, or ask for a new password on the sign-in page.",
                    "有人使用此邮箱地址注册，但该地址已有账号。请直接登录，或在登录页面申请重设密码。",
                ),
                NO_LABEL,
                NOT_ASKED,
            ),
            Self::Reset { .. } => words(
                Text::new("Set a new password", "设置新密码"),
                Text::new(
                    "A new password was asked for. The link is good for 10 minutes. Setting it signs you out everywhere.",
                    "有人申请为您的账号设置新密码。链接 10 分钟内有效。设置后，您将在所有设备上退出登录。",
                ),
                Text::new("Set a new password", "设置新密码"),
                NOT_ASKED,
            ),
            Self::SignIn { .. } => words(
                Text::new("Your sign-in code", "您的登录验证码"),
                Text::new(
                    "Type this code where you are signing in. It is good for 10 minutes. Give it to nobody: we never ask for it.",
                    "请在登录处输入此验证码，10 分钟内有效。请勿告诉任何人，我们绝不会向您索取。",
                ),
                NO_LABEL,
                NOT_ASKED,
            ),
            Self::ChangeEmail { .. } => words(
                Text::new("Confirm your new address", "确认您的新邮箱地址"),
                Text::new(
                    "An account is to be moved to this address. The link is good for 24 hours.",
                    "有账号申请将邮箱更换为此地址。链接 24 小时内有效。",
                ),
                Text::new("Confirm the address", "确认地址"),
                NOT_ASKED,
            ),
            Self::EmailChanged { .. } => words(
                Text::new("Your address was changed", "您的邮箱地址已更改"),
                Text::new(
                    "Your account now signs in with another address:",
                    "您的账号现已改用以下邮箱地址登录：",
                ),
                NO_LABEL,
                Text::new(
                    "If this was not you, contact the service at once.",
                    "如果这不是您本人的操作，请立即联系本服务。",
                ),
            ),
            Self::PasswordChanged => words(
                Text::new("Your password was changed", "您的密码已更改"),
                Text::new(
                    "Your password was changed, and you were signed out everywhere else.",
                    "您的密码已更改，其他设备均已退出登录。",
                ),
                NO_LABEL,
                NOT_YOU,
            ),
        }
    }

    /// Writes the letter to an address.
    pub(crate) fn write(self, to: &str, place: &str, lang: Lang) -> Mail {
        let words = self.words();
        let mut texts = vec![words.text.get(lang).to_owned()];
        let (mut code, mut link) = (None, None);
        match self {
            Self::Verify { link: url } | Self::Reset { link: url } | Self::ChangeEmail { link: url } => {
                link = Some((words.label.get(lang), url.to_owned()));
            }
            Self::SignIn { code: digits } => code = Some(digits.to_owned()),
            Self::EmailChanged { new } => texts.push(new.to_owned()),
            Self::AlreadyRegistered | Self::PasswordChanged => {}
        }
        let (heading, closing) = (words.heading.get(lang), words.closing.get(lang));
        let html = Html { lang, place, heading, texts: &texts, code: &code, link: &link, closing };
        let text = Plain { place, heading, texts: &texts, code: &code, link: &link, closing };
        Mail {
            to: to.to_owned(),
            subject: format!("{heading} · {place}"),
            text: text.render().unwrap_or_default(),
            html: html.render().unwrap_or_default(),
        }
    }
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    lang: Lang,
    place: &'a str,
    heading: &'a str,
    texts: &'a [String],
    code: &'a Option<String>,
    link: &'a Option<(&'static str, String)>,
    closing: &'a str,
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct Plain<'a> {
    place: &'a str,
    heading: &'a str,
    texts: &'a [String],
    code: &'a Option<String>,
    link: &'a Option<(&'static str, String)>,
    closing: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_speak_both_languages_and_escape_what_comes_from_outside() {
        let letter = Letter::Reset { link: "https://x.example/?a=1&b=2" };
        let english = letter.write("a@b.cd", "<b>City</b>", Lang::En);
        assert!(
            english.html.contains("&lt;b&gt;") || english.html.contains("&#60;b&#62;"),
            "{}",
            english.html
        );
        assert!(english.text.contains("https://x.example/?a=1&b=2"));
        assert!(letter.write("a@b.cd", "City", Lang::Zh).subject.contains("设置新密码"));
        let code = Letter::SignIn { code: "123456" }.write("a@b.cd", "City", Lang::Zh);
        assert!(
            code.text.contains("123456") && code.html.contains("123456") && !code.subject.contains("123456")
        );
    }
}
