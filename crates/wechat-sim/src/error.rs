//! What can go wrong when the simulator is driven by a test or a page.

use serde::Serialize;

/// A mistake on the authorize page: the page shows this one sentence and never redirects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PageError {
    /// The AppID is not registered.
    #[error("AppID 参数错误")]
    AppId,
    /// The redirect_uri is not an absolute URL on the app's callback domain.
    #[error("redirect_uri 参数错误")]
    RedirectUri,
    /// The app is no approved website app, or the scope lacks `snsapi_login`.
    #[error("Scope 参数错误或没有 Scope 权限")]
    Scope,
    /// The state is not 1 to 128 letters and digits (only with the switch `strict_state`).
    #[error("state 参数过长")]
    StateTooLong,
    /// Something is wrong that the page does not explain (only with the switch `link_refused`).
    #[error("该链接无法访问")]
    LinkRefused,
}

/// Why the simulator refused a step of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimError {
    /// The URL is not `<base>/connect/qrconnect?…` of this simulator.
    #[error("{0} is not a qrconnect address of this simulator")]
    NotQrconnect(String),
    /// The authorize page shows a mistake.
    #[error("the authorize page says: {0}")]
    Page(#[from] PageError),
    /// No QR session has this uuid (or state), or it was forgotten.
    #[error("no QR session {0}")]
    UnknownSession(String),
    /// No person has this id.
    #[error("no person {0}")]
    UnknownPerson(String),
    /// No app has this appid.
    #[error("no app {0}")]
    UnknownApp(String),
    /// The QR session has expired.
    #[error("the QR code has expired")]
    Expired,
    /// The QR session was confirmed or refused already.
    #[error("the QR session is over")]
    Over,
}
