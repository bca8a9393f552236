//! Identities: what a provider says about who somebody is.

use crate::network::leads_here;
use serde::{Deserialize, Serialize};

/// One stable name of a person at a provider. Login names, nicknames and e-mail addresses are never keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IdentityKey {
    /// What kind of name it is: `unionid`, `openid` or `sub`.
    pub kind: KeyKind,
    /// Inside what the name is unique: an AppID, an issuer, or nothing.
    pub scope: String,
    /// The name itself. Never empty.
    pub value: String,
}

/// The kinds of [`IdentityKey`], strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// WeChat: one person in all apps of one Open Platform account. May change when the app moves to another
    /// account, so it is replaced when the openid already belongs to somebody.
    Unionid,
    /// WeChat: one person in one app.
    Openid,
    /// OpenID Connect and the like: one person at one issuer.
    Sub,
}

impl KeyKind {
    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unionid => "unionid",
            Self::Openid => "openid",
            Self::Sub => "sub",
        }
    }
}

/// What a provider told about a person. All of it is untrusted text with bounded length.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// Nickname, at most 64 characters, without control characters.
    pub display_name: Option<String>,
    /// Picture: https, or http for those of the WeChat simulator on this machine.
    pub avatar_url: Option<String>,
    /// Verified e-mail address. WeChat has none, and none is made up.
    pub email: Option<String>,
}

/// Who finished a sign-in with a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalIdentity {
    /// The provider's id, for example `wechat`.
    pub provider: String,
    /// The person's stable names, strongest first; at least one.
    pub keys: Vec<IdentityKey>,
    /// What the provider told about them.
    pub profile: Profile,
}

/// Makes a provider's text fit to store: control characters (and the ones that reorder text) dropped, white
/// space trimmed, at most `max` characters; `None` when nothing is left.
#[must_use]
pub fn clean_text(text: &str, max: usize) -> Option<String> {
    let reorders =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    let kept: String =
        text.chars().filter(|c| !c.is_control() && !reorders(*c) && *c != '\u{fffd}').collect();
    let kept: String = kept.trim().chars().take(max).collect();
    (!kept.is_empty()).then_some(kept)
}

/// A name that somebody typed, with the same dropped.
///
/// # Errors
/// When nothing is left, or more than `max` characters are; what is wrong is to be read after the field's name.
pub fn typed_name(text: &str, max: usize) -> Result<String, String> {
    let name = clean_text(text, usize::MAX).ok_or("must not be empty")?;
    if name.chars().count() > max {
        return Err(format!("must be at most {max} characters"));
    }
    Ok(name)
}

/// Keeps an avatar address only if it is a plain https URL; WeChat's old http addresses are lifted to https.
#[must_use]
pub fn clean_avatar(text: &str) -> Option<String> {
    let lifted = match text.strip_prefix("http://") {
        Some(rest) => format!("https://{rest}"),
        None => text.to_owned(),
    };
    let url = url::Url::parse(&lifted).ok()?;
    (url.scheme() == "https" && is_plain(&url)).then(|| url.into())
}

/// The same, but http stays on this machine itself, where the simulator speaks nothing else. Only for what WeChat tells: a
/// person who can choose an address could have others' browsers ask their own machines.
#[must_use]
pub fn clean_simulated_avatar(text: &str) -> Option<String> {
    let here =
        url::Url::parse(text).ok().filter(|url| url.scheme() == "http" && leads_here(url) && is_plain(url));
    here.map(String::from).or_else(|| clean_avatar(text))
}

fn is_plain(url: &url::Url) -> bool {
    url.host_str().is_some() && url.username().is_empty() && url.as_str().len() <= 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicknames_survive_what_people_put_into_them() {
        assert_eq!(clean_text("张三🌟", 64).unwrap(), "张三🌟");
        assert_eq!(clean_text("a\u{7}b\u{202e}c", 64).unwrap(), "abc");
        assert_eq!(clean_text(" \u{7} ", 64), None);
        assert_eq!(clean_text(&"长".repeat(100), 64).unwrap().chars().count(), 64);
    }

    #[test]
    fn avatars_are_https_or_absent() {
        assert_eq!(clean_avatar("http://wx.qlogo.cn/a/132").unwrap(), "https://wx.qlogo.cn/a/132");
        let simulated = "http://127.0.0.1:43129/avatars/alice.png";
        assert_eq!(clean_simulated_avatar(simulated).unwrap(), simulated, "the simulator has no certificate");
        assert_eq!(clean_avatar(simulated).unwrap(), "https://127.0.0.1:43129/avatars/alice.png");
        for (given, lifted) in [
            ("http://127.0.0.1.evil.test/a", "https://127.0.0.1.evil.test/a"),
            ("http://localhost.evil.test/a", "https://localhost.evil.test/a"),
            ("http://10.0.0.1/a", "https://10.0.0.1/a"),
        ] {
            assert_eq!(clean_simulated_avatar(given).unwrap(), lifted);
        }
        for bad in ["", "javascript:alert(1)", "https://a@b/", "//x/y", "ftp://x", "http://a@127.0.0.1/"] {
            assert_eq!((clean_avatar(bad), clean_simulated_avatar(bad)), (None, None), "{bad}");
        }
    }
}
