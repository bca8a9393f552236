//! Why a sign-in failed, in words for the operator: what happened, and what to do about it.

use crate::wechat::{WeChat, errcode};
use downcity_core::{Failure, Text};

/// What an operator is told of a failed sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// What happened and why.
    pub what: Text,
    /// What to do.
    pub remedy: Text,
}

/// A failed sign-in in words: by the provider's own code where that is known, else by the failure.
#[must_use]
pub fn words(provider: &str, code: Option<&str>, failure: Failure) -> Words {
    let number = code.filter(|_| provider == WeChat::ID).and_then(|code| code.parse().ok());
    number.map_or_else(|| of_failure(failure), errcode::words)
}

const fn say(what: Text, remedy: Text) -> Words {
    Words { what, remedy }
}

const NOTHING: Text = Text::new("nothing has to be done", "无需处理");
const AGAIN: Text = Text::new("the person has to start again", "用户需要重新登录");

fn of_failure(failure: Failure) -> Words {
    match failure {
        Failure::AccessDenied => {
            say(Text::new("the person refused at the provider", "用户在登录服务处拒绝了授权"), NOTHING)
        }
        Failure::LoginCancelled => say(
            Text::new(
                "the person said on the confirmation page that they did not start this sign-in",
                "用户在确认页面表示登录并非本人发起",
            ),
            Text::new(
                "if there are many, somebody sends sign-in links or codes to people: warn them",
                "如大量出现，说明有人在向用户散发登录链接或二维码，请提醒用户",
            ),
        ),
        Failure::UserCodeWrong => say(
            Text::new(
                "the person typed five wrong codes on the confirmation page",
                "用户在确认页面五次输入了错误的验证码",
            ),
            Text::new(
                "if there are many, see whether the product shows user_code well, or somebody sends sign-in links to people",
                "如大量出现，请检查产品是否清楚地显示了 user_code，或是否有人在向用户散发登录链接",
            ),
        ),
        Failure::CodeRejected => say(
            Text::new(
                "the provider did not accept the code: it was too old or already used",
                "登录服务不接受授权码：已过期或已被使用",
            ),
            AGAIN,
        ),
        Failure::ProviderMisconfigured => say(
            Text::new("the provider refused our settings", "登录服务拒绝了当前配置"),
            Text::new(
                "compare client id, secret and callback URL with the provider's console",
                "请对照登录服务的控制台检查客户端 ID、密钥与回调地址",
            ),
        ),
        Failure::WrongAppType => say(
            Text::new("the app at the provider is of the wrong kind", "登录服务处的应用类型不对"),
            Text::new("use a Website App of the WeChat Open Platform", "请使用微信开放平台的网站应用"),
        ),
        Failure::ProviderBusy => say(
            Text::new("the provider was busy or limits us", "登录服务繁忙或限流"),
            Text::new("nothing has to be done unless it lasts", "除非持续出现，否则无需处理"),
        ),
        Failure::ProviderUnavailable => say(
            Text::new(
                "the provider could not be reached, answered too late, or not in its own format",
                "无法连接登录服务，或其应答超时、格式不符",
            ),
            Text::new(
                "check that this server can reach the provider: name resolution, firewall, proxy",
                "请检查本服务器能否连通登录服务：域名解析、防火墙、代理",
            ),
        ),
        Failure::AnswerRefused => say(
            Text::new("the provider's answer could not be verified", "登录服务的应答未能通过验证"),
            Text::new(
                "if it happens again, compare issuer and client id, and check this server's clock",
                "如再次出现，请核对 issuer 与客户端 ID，并检查服务器时钟",
            ),
        ),
        Failure::AccountRestricted => say(
            Text::new(
                "the provider restricted or closed the person's account",
                "登录服务已限制或注销该用户的账号",
            ),
            Text::new("only the person can settle that with the provider", "只能由用户本人联系登录服务处理"),
        ),
        Failure::ConsentMissing => say(
            Text::new("the person did not grant what is needed", "用户未授予所需的权限"),
            Text::new("the person has to start again and allow it", "用户需要重新登录并点击“允许”"),
        ),
        failure => of_ours(failure),
    }
}

/// Failures on our side of a sign-in.
fn of_ours(failure: Failure) -> Words {
    match failure {
        Failure::IdentityTaken => say(
            Text::new("the way in belongs to another user already", "该登录方式已属于另一个用户"),
            Text::new("if both are the same person, merge the two users", "如两者是同一人，可合并两个用户"),
        ),
        Failure::LinkEnded => say(
            Text::new("the session that asked for the link had ended", "发起绑定的会话已结束"),
            Text::new(
                "the person has to sign in again and look at their ways in",
                "用户需要重新登录并检查登录方式",
            ),
        ),
        Failure::SignInRevoked => say(
            Text::new(
                "the account's sessions, or this way in, were ended while the sign-in was under way",
                "在本次登录过程中，该账号的会话已被结束，或该登录方式已被解绑",
            ),
            Text::new("the person has to sign in again", "用户需要重新登录"),
        ),
        Failure::UserDisabled => say(
            Text::new("an admin has disabled this user", "该用户已被管理员停用"),
            Text::new("enable the user if that was a mistake", "如属误操作，请启用该用户"),
        ),
        Failure::CityUnavailable => say(
            Text::new("the city was paused or removed during the sign-in", "登录过程中城市被暂停或删除"),
            Text::new("activate the city if that was a mistake", "如属误操作，请启用该城市"),
        ),
        Failure::ProviderChanged => say(
            Text::new("the app was exchanged for another during the sign-in", "登录过程中更换了应用"),
            AGAIN,
        ),
        Failure::Interrupted => say(
            Text::new("the server stopped in the middle of the sign-in", "服务器在登录过程中停止"),
            Text::new("look into the log for why it stopped", "请查看日志了解停止的原因"),
        ),
        _ => say(Text::new("the sign-in failed", "登录失败"), AGAIN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downcity_core::Lang;

    #[test]
    fn every_failure_has_words_and_a_remedy_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for failure in Failure::ALL.iter().copied() {
            let Words { what, remedy } = words("github", None, failure);
            assert!(seen.insert(what.get(Lang::En)), "{failure:?}");
            assert!(what.get(Lang::En).is_ascii() && remedy.get(Lang::En).is_ascii());
            assert_ne!(what.get(Lang::En), "the sign-in failed", "{failure:?}");
            assert!(!what.get(Lang::Zh).is_ascii() && !remedy.get(Lang::Zh).is_ascii());
        }
    }

    #[test]
    fn a_code_says_more_than_the_failure_and_only_at_its_own_provider() {
        let failure = Failure::ProviderMisconfigured;
        let secret = words("wechat", Some("40125"), failure);
        assert!(secret.what.get(Lang::En).contains("AppSecret"));
        assert!(words("wechat", Some("40013"), failure).what.get(Lang::Zh).contains("AppID"));
        assert_eq!(words("github", Some("40125"), failure), words("github", None, failure));
        assert_eq!(words("wechat", Some("x"), failure), words("wechat", None, failure));
    }
}
