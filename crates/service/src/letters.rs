//! What our mails say, in English and Chinese, as text and as HTML. A letter says what happened, why it came,
//! and what to do if it was not asked for.

use askama::Template;
use downcity_core::{Lang, Text};
use downcity_providers::mail::Mail;

/// The letters.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Letter<'a> {
    /// Finish a registration.
    Verify { link: &'a str, facts: &'a [(Text, String)] },
    /// Somebody registered with an address that has an account.
    AlreadyRegistered,
    /// Set a new password.
    Reset { link: &'a str },
    /// Told after a password was changed.
    PasswordChanged,
    /// Sign in.
    SignIn { link: &'a str, code: &'a str },
    /// Move an account to this address.
    ChangeAddress { link: &'a str },
    /// Somebody wanted to move their account to an address that has one.
    AddressTaken,
    /// Told to the old address after a move.
    AddressChanged,
    /// Told after a sign-in that is new for the person, with what is known of it.
    NewSignIn { link: &'a str, facts: &'a [(Text, String)] },
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
const NOT_REGISTERED: Text = Text::new(
    "Whoever made this request knows the password: confirm only if time, program and IP address are yours. Else ignore this mail, and nothing happens. If you registered too, use the link in your own mail.",
    "发起此请求的人知道密码：仅当时间、程序和 IP 地址都与您本人相符时才可确认。否则请忽略此邮件，不会有任何变化。如果您也进行了注册，请使用您自己那封邮件中的链接。",
);
const NOT_YOU: Text = Text::new(
    "If this was not you, set a new password at once: ask for it on the sign-in page.",
    "如果这不是您本人的操作，请立即在登录页面申请重设密码。",
);
const NOT_YOU_ANY_MORE: Text = Text::new(
    "If this was not you, tell the people who run this service at once.",
    "如果这不是您本人的操作，请立即联系本服务的运营人员。",
);
const NOT_STARTED: Text = Text::new(
    "Tell the code to nobody: we never ask for it in a call, a chat or a mail. If you did not start this, ignore this mail: nobody is signed in.",
    "请勿将验证码告诉任何人：我们绝不会通过电话、聊天或邮件索要。如果不是您发起的登录，请忽略此邮件，不会有人因此登录。",
);
const WAS_IT_YOU: Text = Text::new(
    "If this was you, there is nothing to do. If not, end it with the link; then set a new password if you have one, and look at your other sessions and ways in. We ask for no code and no password by mail.",
    "如果是您本人，无需任何操作。如果不是，请通过链接结束此登录，随后重设密码（如已设置），并检查其他登录会话和登录方式。我们不会通过邮件索要验证码或密码。",
);
const PASSWORD_CHANGED: Words = Words {
    heading: Text::new("Your password was changed", "您的密码已更改"),
    text: Text::new(
        "Your password was changed, and you were signed out everywhere else.",
        "您的密码已更改，其他设备均已退出登录。",
    ),
    label: NO_LABEL,
    closing: NOT_YOU,
};
const NEW_SIGN_IN: Words = Words {
    heading: Text::new("New sign-in to your account", "您的账号有新的登录"),
    text: Text::new(
        "Your account was signed in to, with a device or from a network that is new for it.",
        "您的账号刚刚在新的设备或网络上登录。",
    ),
    label: Text::new("This was not me: end it", "不是我本人，结束此登录"),
    closing: WAS_IT_YOU,
};
const NO_LABEL: Text = Text::new("", "");

impl Letter<'_> {
    fn link(&self) -> Option<&str> {
        match self {
            Self::Verify { link, .. }
            | Self::Reset { link }
            | Self::ChangeAddress { link }
            | Self::SignIn { link, .. }
            | Self::NewSignIn { link, .. } => Some(link),
            Self::AlreadyRegistered | Self::PasswordChanged | Self::AddressTaken | Self::AddressChanged => {
                None
            }
        }
    }

    fn words(self) -> Words {
        let words = |heading, text, label, closing| Words { heading, text, label, closing };
        match self {
            Self::Verify { .. } => words(
                Text::new("Confirm your address", "确认您的邮箱地址"),
                Text::new(
                    "Somebody, hopefully you, registered with this address and chose a password. The link is good for 24 hours.",
                    "我们收到了使用此邮箱地址注册并设置密码的请求。如果是您本人，请打开链接确认，24 小时内有效。",
                ),
                Text::new("Confirm the address", "确认地址"),
                NOT_REGISTERED,
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
                    "我们收到了为您的账号设置新密码的申请。链接 10 分钟内有效。设置后，您将在所有设备上退出登录。",
                ),
                Text::new("Set a new password", "设置新密码"),
                NOT_ASKED,
            ),
            Self::PasswordChanged => PASSWORD_CHANGED,
            Self::SignIn { .. } => words(
                Text::new("Your sign-in code", "您的登录验证码"),
                Text::new(
                    "Somebody, hopefully you, wants to sign in with this address. Type the code where you started. It is good for ten minutes.",
                    "我们收到了使用此邮箱地址登录的请求。请在发起登录的页面输入验证码，10 分钟内有效。",
                ),
                Text::new("Or sign in with this link", "或用此链接登录"),
                NOT_STARTED,
            ),
            Self::ChangeAddress { .. } => words(
                Text::new("Confirm your new address", "确认您的新邮箱地址"),
                Text::new(
                    "Somebody, hopefully you, wants to sign in with this address from now on. The link is good for one hour.",
                    "我们收到了今后使用此邮箱地址登录的申请。链接 1 小时内有效。",
                ),
                Text::new("Look at the change", "查看此次变更"),
                NOT_ASKED,
            ),
            Self::AddressTaken => words(
                Text::new("You have an account already", "您已有账号"),
                Text::new(
                    "Somebody wanted to move another account to this address, but it has an account. Nothing was changed. Sign in with this address to see that account.",
                    "有人希望将另一个账号改为使用此邮箱地址，但该地址已有账号，未作任何变更。可使用此地址登录查看该账号。",
                ),
                NO_LABEL,
                NOT_ASKED,
            ),
            Self::AddressChanged => words(
                Text::new("Your address was changed", "您的邮箱地址已更改"),
                Text::new(
                    "Your account has another e-mail address now, and you were signed out everywhere else. This address does not lead to it any more.",
                    "您的账号已改用其他邮箱地址，其他设备均已退出登录。此地址不再能登录该账号。",
                ),
                NO_LABEL,
                NOT_YOU_ANY_MORE,
            ),
            Self::NewSignIn { .. } => NEW_SIGN_IN,
        }
    }

    /// Writes the letter to an address.
    pub(crate) fn write(self, to: &str, place: &str, lang: Lang) -> Mail {
        let words = self.words();
        let link = self.link().map(|link| (words.label.get(lang), link));
        let code = match self {
            Self::SignIn { code, .. } => Some(code),
            _ => None,
        };
        let facts: Vec<_> = match self {
            Self::Verify { facts, .. } | Self::NewSignIn { facts, .. } => {
                facts.iter().map(|(name, value)| (name.get(lang), value)).collect()
            }
            _ => Vec::new(),
        };
        let facts = facts.as_slice();
        let said = words.text.get(lang);
        let (heading, closing) = (words.heading.get(lang), words.closing.get(lang));
        let html = Html { lang, place, heading, said, facts, code, link, closing };
        let colon = Text::new(": ", "：").get(lang);
        let text = Plain { colon, place, heading, said, facts, code, link, closing };
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
    said: &'a str,
    facts: &'a [(&'static str, &'a String)],
    code: Option<&'a str>,
    link: Option<(&'static str, &'a str)>,
    closing: &'a str,
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct Plain<'a> {
    colon: &'static str,
    place: &'a str,
    heading: &'a str,
    said: &'a str,
    facts: &'a [(&'static str, &'a String)],
    code: Option<&'a str>,
    link: Option<(&'static str, &'a str)>,
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
        let chinese = letter.write("a@b.cd", "City", Lang::Zh);
        assert!(chinese.subject.contains("设置新密码"));
        assert!(chinese.text.contains("设置新密码：\nhttps://x.example/"), "{}", chinese.text);
        assert!(english.text.contains("Set a new password:\nhttps://x.example/"), "{}", english.text);
    }
}
