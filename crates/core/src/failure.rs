//! How a sign-in can fail, in words: what happened, why, and what to do next.

use crate::lang::{Lang, Text};
use serde::{Deserialize, Serialize};

macro_rules! failures {
    ($($(#[$doc:meta])* $name:ident = $code:literal, retry $retry:literal, $en:literal, $zh:literal;)*) => {
        /// Why a login attempt ended without a token. The codes are stable and part of the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Failure {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl Failure {
            /// Every failure, for tests and for the OpenAPI document.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Whether starting again can help without anybody changing a setting.
            #[must_use]
            pub const fn retryable(self) -> bool {
                match self { $(Self::$name => $retry,)* }
            }

            /// What the person is told.
            #[must_use]
            pub const fn text(self, lang: Lang) -> &'static str {
                match self { $(Self::$name => Text::new($en, $zh).get(lang),)* }
            }
        }
    };
}

failures! {
    /// The person refused at the provider.
    AccessDenied = "access_denied", retry true,
        "The sign-in was refused. If that was not your intention, start again and allow it.",
        "授权已被拒绝。如非本意，请重新登录并点击“允许”。";
    /// The person said on the confirmation page that they did not start this.
    LoginCancelled = "login_cancelled", retry true,
        "The sign-in was cancelled on the confirmation page. Nobody was signed in. Start again if you want to sign in.",
        "登录已在确认页面取消，本次未登录。如需登录，请重新开始。";
    /// The person typed wrong codes on the confirmation page until there were no tries left.
    UserCodeWrong = "user_code_wrong", retry true,
        "The code was typed wrong too often, so nobody was signed in. Start again, and type the code that is shown where you started.",
        "验证码多次输入错误，本次未登录。请重新开始，并输入发起登录的窗口中显示的验证码。";
    /// The provider did not accept the authorization code.
    CodeRejected = "code_rejected", retry true,
        "The sign-in took too long or was already used. Please start again.",
        "本次登录已超时或已被使用，请重新开始。";
    /// Our settings at the provider are wrong: an operator has to act.
    ProviderMisconfigured = "provider_misconfigured", retry false,
        "Sign-in is not set up correctly on this service. Please tell its operator; trying again will not help.",
        "本服务的登录配置有误。请联系运营人员，重试无法解决。";
    /// The app is an Official Account or Mini Program, not a Website App.
    WrongAppType = "wrong_app_type", retry false,
        "This service is set up with the wrong kind of WeChat account: a Website App is needed. Please tell its operator.",
        "本服务配置了错误类型的微信应用，需要使用“网站应用”。请联系运营人员。";
    /// The provider limits or overloads.
    ProviderBusy = "provider_busy", retry true,
        "The sign-in provider is busy right now. Please wait a minute and start again.",
        "第三方登录服务正忙，请一分钟后重新开始。";
    /// The provider could not be reached, answered too late, or not in its own format.
    ProviderUnavailable = "provider_unavailable", retry true,
        "The sign-in provider could not be reached. Please start again in a moment.",
        "暂时无法连接第三方登录服务，请稍后重新开始。";
    /// What the provider answered could not be verified: another issuer (RFC 9207), or an ID token that is not
    /// ours, not signed, or out of date. Every token received is discarded.
    AnswerRefused = "provider_answer_refused", retry true,
        "The answer of the sign-in provider could not be verified, so nobody was signed in. Please start again; if it happens again, tell the operator of this service.",
        "无法验证第三方登录服务的应答，因此本次未登录。请重新开始；如再次出现，请联系运营人员。";
    /// The provider restricted or closed the person's account.
    AccountRestricted = "account_restricted", retry false,
        "This account is restricted or closed at the sign-in provider, so it cannot be used to sign in. Please use another way to sign in.",
        "该账号已被第三方登录服务限制或注销，无法用于登录，请使用其他登录方式。";
    /// The person did not grant what we need.
    ConsentMissing = "consent_missing", retry true,
        "The permission to sign you in was not granted. Please start again and allow it.",
        "未获得登录所需的授权。请重新开始并点击“允许”。";
    /// The identity to be linked is somebody else's already.
    IdentityTaken = "identity_taken", retry false,
        "This sign-in already belongs to another account, so it was not linked. Sign in with it to see that account; the service can merge the two.",
        "该登录方式已属于另一个账号，因此未能绑定。可用它登录查看那个账号，也可联系运营人员合并两个账号。";
    /// The session that asked for a link was ended, or its user is gone.
    LinkEnded = "link_ended", retry true,
        "The session that asked for this link has ended. Please sign in again, and look at your ways to sign in.",
        "发起绑定的会话已结束。请重新登录，并检查您的登录方式。";
    /// The person's sessions, or those of this way in, were ended while the sign-in was under way.
    SignInRevoked = "sign_in_revoked", retry true,
        "All sign-ins of this account were ended while this one was under way, so it has ended, too. Please sign in again.",
        "该账号的所有登录在本次登录过程中已被退出，因此本次登录也已失效。请重新登录。";
    /// An admin disabled the user.
    UserDisabled = "user_disabled", retry false,
        "This account has been disabled. Please contact the service if you think this is a mistake.",
        "该账号已被停用。如有疑问，请联系运营人员。";
    /// The city was paused or removed while the person was signing in.
    CityUnavailable = "city_unavailable", retry false,
        "This product does not accept sign-ins at the moment. Please try again later.",
        "该产品目前不接受登录，请稍后再试。";
    /// The app was exchanged for another one while the person was signing in.
    ProviderChanged = "provider_changed", retry true,
        "The sign-in settings changed while you were signing in. Please start again.",
        "登录过程中登录配置已变更，请重新开始。";
    /// The server stopped in the middle.
    Interrupted = "login_interrupted", retry true,
        "The sign-in was interrupted on our side. Please start again.",
        "登录在服务端被中断，请重新开始。";
}

impl Failure {
    /// Reads a stored code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|f| f.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_speaks_both_languages_and_has_its_own_code() {
        let mut codes = std::collections::HashSet::new();
        for failure in Failure::ALL.iter().copied() {
            assert!(codes.insert(failure.code()));
            assert_eq!(Failure::from_code(failure.code()), Some(failure));
            assert!(failure.text(Lang::Zh).chars().any(|c| c > '\u{3000}'), "{failure:?}");
            assert!(failure.text(Lang::En).is_ascii(), "{failure:?}");
        }
    }
}
