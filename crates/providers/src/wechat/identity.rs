//! From WeChat's two answers to a person.

use super::WeChat;
use super::answer::{Fields, text};
use crate::ProviderError;
use downcity_core::identity::{KeyKind, clean_simulated_avatar, clean_text};
use downcity_core::{ExternalIdentity, Failure, IdentityKey, Profile, Secret};
use serde_json::Value;

/// The nickname WeChat gives to an account that was closed.
const CLOSED: &str = "用户已经注销";
/// The longest nickname that is kept, in characters. WeChat names no limit.
const NICKNAME: usize = 64;

/// What the exchange of the code gave.
pub(super) struct Grant {
    pub(super) access_token: Secret,
    pub(super) openid: String,
    unionid: Option<String>,
}

impl Grant {
    /// Reads the token answer.
    pub(super) fn read(fields: &Fields) -> Result<Self, ProviderError> {
        refuse_other_kinds(fields)?;
        let access_token = text(fields, "access_token").filter(|token| is_graphic(token, 2048));
        let access_token =
            access_token.ok_or_else(|| odd("the token answer holds no usable access_token"))?;
        let openid = name(fields, "openid")?.ok_or_else(|| odd("the token answer holds no openid"))?;
        Ok(Self { access_token: Secret::from(access_token), openid, unionid: name(fields, "unionid")? })
    }
}

/// The person, from the token answer and the userinfo answer.
pub(super) fn identity(
    app_id: &str,
    grant: &Grant,
    person: &Fields,
) -> Result<ExternalIdentity, ProviderError> {
    let openid = name(person, "openid")?.ok_or_else(|| odd("the userinfo answer holds no openid"))?;
    if openid != grant.openid {
        return Err(odd(
            "the userinfo answer is about another openid than the token answer: answers were mixed up",
        ));
    }
    let unionid = name(person, "unionid")?;
    if unionid.is_none() && text(person, "nickname") == Some(CLOSED) {
        let report =
            "WeChat says that this person's account is closed; only the person can settle that with WeChat.";
        return Err(ProviderError::new(Failure::AccountRestricted, report));
    }
    let unionid = match (unionid, &grant.unionid) {
        (Some(now), Some(before)) if now != *before => {
            return Err(odd("the two answers name different unionids: answers were mixed up"));
        }
        (now, before) => now.or_else(|| before.clone()),
    };
    let union_key = unionid.map(|value| IdentityKey { kind: KeyKind::Unionid, scope: String::new(), value });
    let open_key = IdentityKey { kind: KeyKind::Openid, scope: app_id.to_owned(), value: openid };
    let profile = Profile {
        display_name: text(person, "nickname").and_then(|name| clean_text(name, NICKNAME)),
        avatar_url: text(person, "headimgurl").and_then(clean_simulated_avatar),
        email: None,
    };
    // The openid decides: this app knew the person by it, whatever Open Platform account the app belongs to now.
    let keys = [open_key].into_iter().chain(union_key).collect();
    Ok(ExternalIdentity { provider: WeChat::ID.to_owned(), keys, profile })
}

/// Only a Website App gets the scope `snsapi_login`. Where no scope is named, `is_snapshotuser` tells, which
/// only Official Accounts are documented to get; beside `snsapi_login` it is just an unknown field.
fn refuse_other_kinds(fields: &Fields) -> Result<(), ProviderError> {
    let scopes = text(fields, "scope").unwrap_or_default().split(',').map(str::trim);
    let mut scopes = scopes.filter(|scope| !scope.is_empty()).peekable();
    let other = match scopes.peek() {
        Some(_) => !scopes.any(|scope| scope == "snsapi_login"),
        None => is_snapshot(fields),
    };
    if other {
        let report = "WeChat's answer is one for an Official Account or Mini Program AppID (no scope snsapi_login): \
            set WECHAT_CLIENT_ID and WECHAT_CLIENT_SECRET to a Website App of the WeChat Open Platform.";
        return Err(ProviderError::new(Failure::WrongAppType, report));
    }
    Ok(())
}

fn is_snapshot(fields: &Fields) -> bool {
    match fields.get("is_snapshotuser") {
        Some(Value::Number(number)) => number.as_i64() != Some(0),
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(word)) => !matches!(word.as_str(), "" | "0"),
        _ => false,
    }
}

/// An openid or unionid; an empty one is none.
fn name(fields: &Fields, field: &str) -> Result<Option<String>, ProviderError> {
    match text(fields, field) {
        None => Ok(None),
        Some(value) if is_graphic(value, 128) => Ok(Some(value.to_owned())),
        Some(_) => Err(odd(&format!("an {field} is not 1 to 128 printable ASCII characters"))),
    }
}

fn is_graphic(value: &str, max: usize) -> bool {
    value.len() <= max && value.bytes().all(|b| b.is_ascii_graphic())
}

fn odd(what: &str) -> ProviderError {
    let report = format!(
        "WeChat's answer can't be used: {what}; if it lasts, check what stands between this server and api.weixin.qq.com."
    );
    ProviderError::new(Failure::ProviderUnavailable, report)
}
