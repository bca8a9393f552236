//! Keys that tokens are signed with: the next one in good time, or one out at once.

use super::desk::Desk;
use super::guard::Form;
use super::keys::LIST;
use crate::error::ApiError;
use crate::routes::House;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// A key that shall go, and the beginning of its id.
#[derive(Deserialize)]
pub(super) struct RevokeForm {
    kid: String,
    confirm: String,
}

/// What is typed to take a key out: the first letters of its id.
pub(super) fn word(kid: &str) -> &str {
    kid.get(..8).unwrap_or(kid)
}

/// Makes the next key.
pub(super) async fn rotate(desk: Desk, State(house): State<House>) -> Result<Response, ApiError> {
    let on_its_way = house.federation.signing_keys().iter().any(|key| key.status == "next");
    if let Err(error) = house.federation.rotate_signing_key(desk.admin()).await {
        return desk.failed(LIST, error);
    }
    if on_its_way {
        let told = desk.t(
            "A next key is on its way already; no other was made.",
            "下一个签名密钥已在准备中，未另行创建。",
        );
        return desk.refused(LIST, told);
    }
    let told = desk.t(
        "The next key is published now and signs in six minutes. Nobody has to do anything.",
        "下一个签名密钥已公布，六分钟后开始签名，无需其他操作。",
    );
    desk.done(LIST, told)
}

/// Takes a key out at once.
pub(super) async fn revoke(
    desk: Desk,
    State(house): State<House>,
    Form(form): Form<RevokeForm>,
) -> Result<Response, ApiError> {
    if form.confirm.trim() != word(&form.kid) {
        let told = desk.t(
            "Nothing was revoked: what you typed is not the beginning of the key's id.",
            "未撤销：输入内容与密钥 ID 的开头不一致。",
        );
        return desk.refused(LIST, told);
    }
    if let Err(error) = house.federation.revoke_signing_key(desk.admin(), &form.kid).await {
        return desk.failed(LIST, error);
    }
    let told = desk.t(
        "The signing key is out: its tokens are refused from now on, and another key signs.",
        "签名密钥已撤销：由其签发的令牌即刻失效，已由另一个密钥签名。",
    );
    desk.done(LIST, told)
}
