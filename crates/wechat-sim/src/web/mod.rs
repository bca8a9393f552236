//! The HTTP side: every route on one screen.

mod api;
mod assets;
mod control;
mod pages;
mod poll;
mod texts;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};

use crate::handle::Handle;

/// Bodies are forms of a few hundred bytes.
const MAX_BODY: usize = 64 * 1024;

/// All of WeChat's hosts (their paths do not overlap) and the control API under `/_sim`.
pub fn router(handle: Handle) -> Router {
    Router::new()
        // open.weixin.qq.com
        .route("/connect/qrconnect", get(pages::qrconnect))
        .route("/connect/qrConnect", get(pages::qrconnect))
        .route("/connect/qrcode/{uuid}", get(assets::qr_image))
        .route("/connect/confirm", get(pages::confirm))
        .route("/connect/confirm_reply", get(pages::confirm_reply).post(pages::confirm_reply))
        // lp.open.weixin.qq.com, long.open.weixin.qq.com
        .route("/connect/l/qrconnect", get(poll::poll))
        // res.wx.qq.com
        .route("/connect/zh_CN/htmledition/js/wxLogin.js", get(assets::wx_login))
        // api.weixin.qq.com
        .route("/sns/oauth2/access_token", any(api::token))
        .route("/sns/oauth2/refresh_token", any(api::refresh))
        .route("/sns/auth", any(api::auth))
        .route("/sns/userinfo", any(api::userinfo))
        // thirdwx.qlogo.cn
        .route("/mmopen/vi_32/{person}/{size}", get(assets::avatar))
        // Ours alone.
        .route("/", get(pages::home))
        .route("/_sim/state", get(control::state))
        .route("/_sim/switches", post(control::switches))
        .route("/_sim/clock", post(control::clock))
        .route("/_sim/scan", post(control::scan))
        .route("/_sim/allow", post(control::allow))
        .route("/_sim/deny", post(control::deny))
        .route("/_sim/apps", post(control::apps))
        .route("/_sim/users", post(control::users))
        .route("/_sim/reset", post(control::reset))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(handle)
}
