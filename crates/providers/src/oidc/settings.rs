//! Settings of OpenID Connect issuers in the Federation env: Google's two, and five for any other issuer,
//! `OIDC_<NAME>_ISSUER` and so on. The provider's id is the name in lower case.

use crate::catalogue::{EnvKey, EnvSpec};
use crate::guard;
use downcity_core::Text;
use std::collections::BTreeSet;

pub(crate) const GOOGLE_ID: &str = "GOOGLE_CLIENT_ID";
pub(crate) const GOOGLE_SECRET: &str = "GOOGLE_CLIENT_SECRET";

pub(crate) static GOOGLE: &[EnvSpec] = &[
    EnvSpec {
        key: GOOGLE_ID,
        description: Text::new(
            "Client ID of the OAuth client in the Google Cloud console (type: Web application).",
            "Google Cloud 控制台中 OAuth 客户端的 Client ID（类型：Web 应用）。",
        ),
        required: true,
        secret: false,
        check: check_google_id,
    },
    EnvSpec {
        key: GOOGLE_SECRET,
        description: Text::new(
            "Client secret of the same OAuth client.",
            "同一个 OAuth 客户端的 Client secret。",
        ),
        required: true,
        secret: true,
        check: check_google_secret,
    },
];

/// Names that are taken: other providers, and words with a meaning of their own.
const TAKEN: &[&str] = &["WECHAT", "GITHUB", "GOOGLE", "EMAIL", "LOCAL", "TOKEN", "OIDC"];

/// One of an issuer's settings: what follows the name.
struct Part {
    suffix: &'static str,
    description: Text,
    required: bool,
    secret: bool,
    check: fn(&str) -> Option<Text>,
}

static PARTS: &[Part] = &[
    Part {
        suffix: "_ISSUER",
        description: Text::new(
            "The issuer's address, exactly as its /.well-known/openid-configuration names it.",
            "签发者（issuer）地址，须与其 /.well-known/openid-configuration 中的写法完全一致。",
        ),
        required: true,
        secret: false,
        check: check_issuer,
    },
    Part {
        suffix: "_CLIENT_ID",
        description: Text::new(
            "Client id that the issuer gave to this Federation.",
            "签发者分配给本 Federation 的 client id。",
        ),
        required: true,
        secret: false,
        check: |_| None,
    },
    Part {
        suffix: "_CLIENT_SECRET",
        description: Text::new("Client secret that belongs to it.", "与之对应的 client secret。"),
        required: true,
        secret: true,
        check: |_| None,
    },
    Part {
        suffix: "_LABEL",
        description: Text::new(
            "The name that people see on the sign-in button; without it, the name in the setting.",
            "登录按钮上显示的名称；未设置时使用设置项中的名称。",
        ),
        required: false,
        secret: false,
        check: |_| None,
    },
    Part {
        suffix: MODE,
        description: Text::new(
            "How the issuer answers: form_post (also when this is not set), or query for an issuer that can't post and that you trust as much as WeChat itself.",
            "签发者的应答方式：form_post（未设置时也是它）；若签发者不支持，且您对它的信任不低于微信，可设为 query。",
        ),
        required: false,
        secret: false,
        check: check_mode,
    },
];

/// What follows the name in the key that says how an issuer answers.
pub(crate) const MODE: &str = "_RESPONSE_MODE";

/// Whether a value of `OIDC_<NAME>_RESPONSE_MODE` asks for answers in the query. Anything else does not: a slip must not
/// take a defence away.
pub(crate) fn is_query(value: &str) -> bool {
    value.trim().eq_ignore_ascii_case("query")
}

/// The key that says how an issuer answers, by the provider's id.
pub(crate) fn mode_key(id: &str) -> String {
    key(&id.to_ascii_uppercase(), MODE)
}

/// Name and part of a key such as `OIDC_CORP_ISSUER`.
fn split(key: &str) -> Option<(&str, &'static Part)> {
    let rest = key.strip_prefix("OIDC_")?;
    let found = PARTS.iter().find_map(|part| Some((rest.strip_suffix(part.suffix)?, part)));
    found.filter(|(name, _)| is_name(name))
}

fn is_name(name: &str) -> bool {
    let fine = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    fine && !name.is_empty() && !TAKEN.contains(&name)
}

/// The names of issuers that some of these keys belong to, in alphabetical order.
pub(crate) fn names<'k>(keys: impl Iterator<Item = &'k str>) -> BTreeSet<&'k str> {
    keys.filter_map(|key| split(key).map(|(name, _)| name)).collect()
}

/// The settings of the issuer of this name.
pub(crate) fn of_name(name: &str) -> Vec<EnvKey> {
    PARTS.iter().map(|part| env_key(name, part)).collect()
}

/// What is known of a key, if it is one of an issuer's.
pub(crate) fn of_key(key: &str) -> Option<EnvKey> {
    split(key).map(|(name, part)| env_key(name, part))
}

/// The key of one of an issuer's settings.
pub(crate) fn key(name: &str, suffix: &str) -> String {
    format!("OIDC_{name}{suffix}")
}

/// The keys of client id and secret of a provider.
pub(crate) fn client_keys(id: &str) -> (String, String) {
    if id == super::Oidc::GOOGLE {
        return (GOOGLE_ID.to_owned(), GOOGLE_SECRET.to_owned());
    }
    let name = id.to_ascii_uppercase();
    (key(&name, "_CLIENT_ID"), key(&name, "_CLIENT_SECRET"))
}

fn env_key(name: &str, part: &Part) -> EnvKey {
    EnvKey {
        key: key(name, part.suffix),
        description: part.description,
        required: part.required,
        secret: part.secret,
        check: part.check,
    }
}

fn check_issuer(value: &str) -> Option<Text> {
    let url = match guard::check(value, true) {
        Ok(url) => url,
        Err(_) => {
            return Some(Text::new(
                "An issuer is an https address, such as https://accounts.example.com or https://id.example.com/realms/main.",
                "签发者应为 https 地址，例如 https://accounts.example.com 或 https://id.example.com/realms/main。",
            ));
        }
    };
    if url.path().ends_with("/.well-known/openid-configuration") {
        return Some(Text::new(
            "Leave /.well-known/openid-configuration out: the issuer is what stands before it.",
            "请去掉 /.well-known/openid-configuration：签发者是它前面的部分。",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Some(Text::new("An issuer has no query and no fragment.", "签发者地址不含查询参数和片段。"));
    }
    guard::check(value, false).is_err().then(|| {
        Text::new(
            "This address is private: it works only if the Federation runs with --allow-private-issuers.",
            "这是内网地址：仅当 Federation 以 --allow-private-issuers 运行时可用。",
        )
    })
}

fn check_mode(value: &str) -> Option<Text> {
    let known = is_query(value) || value.trim().eq_ignore_ascii_case("form_post");
    (!known).then(|| {
        Text::new(
            "Only form_post and query are known. This value counts as form_post.",
            "只能是 form_post 或 query，当前值等同于 form_post。",
        )
    })
}

fn check_google_id(value: &str) -> Option<Text> {
    (!value.trim().ends_with(".apps.googleusercontent.com")).then(|| {
        Text::new(
            "A Client ID of Google ends with .apps.googleusercontent.com. Copy it again from the OAuth client's page.",
            "Google 的 Client ID 以 .apps.googleusercontent.com 结尾。请从 OAuth 客户端页面重新复制。",
        )
    })
}

fn check_google_secret(value: &str) -> Option<Text> {
    value.trim().ends_with(".apps.googleusercontent.com").then(|| {
        Text::new(
            "This looks like the Client ID. The client secret usually begins with GOCSPX-.",
            "这看起来是 Client ID。Client secret 通常以 GOCSPX- 开头。",
        )
    })
}
