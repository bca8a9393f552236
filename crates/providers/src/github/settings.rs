//! GitHub's settings in the Federation env.

use crate::catalogue::EnvSpec;
use downcity_core::Text;

pub(crate) const ID: &str = "GITHUB_CLIENT_ID";
pub(crate) const SECRET: &str = "GITHUB_CLIENT_SECRET";

pub(crate) static ENV: &[EnvSpec] = &[
    EnvSpec {
        key: ID,
        description: Text::new(
            "Client ID of the OAuth App on GitHub (Settings, Developer settings, OAuth Apps).",
            "GitHub OAuth App 的 Client ID（Settings → Developer settings → OAuth Apps）。",
        ),
        required: true,
        secret: false,
        check: check_id,
    },
    EnvSpec {
        key: SECRET,
        description: Text::new("Client secret of the same OAuth App.", "同一个 OAuth App 的 Client secret。"),
        required: true,
        secret: true,
        check: check_secret,
    },
];

fn looks_like_secret(value: &str) -> bool {
    value.len() == 40 && value.bytes().all(|b| b.is_ascii_hexdigit())
}

fn check_id(value: &str) -> Option<Text> {
    looks_like_secret(value.trim()).then(|| {
        Text::new(
            "This looks like the client secret. The Client ID is about 20 characters; if the secret has been seen by others, make a new one.",
            "这看起来是 Client secret。Client ID 约为 20 个字符；如果密钥已被他人看到，请重新生成。",
        )
    })
}

fn check_secret(value: &str) -> Option<Text> {
    (!looks_like_secret(value.trim())).then(|| {
        Text::new(
            "A client secret of GitHub is 40 of 0-9 a-f. Copy it again, or make a new one on the OAuth App's page.",
            "GitHub 的 Client secret 是 40 个 0-9 a-f 字符。请重新复制，或在 OAuth App 页面重新生成。",
        )
    })
}
