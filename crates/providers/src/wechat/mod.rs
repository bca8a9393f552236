//! WeChat Open Platform, Website App, WeChat Login (微信开放平台 → 网站应用 → 微信登录).
//!
//! Source: developers.weixin.qq.com, `doc/oplatform/developers/dev/auth/web.md`, and for the two interfaces
//! `doc/service/api/webdev/access/`. Not Official Account login and not Mini Program login: those use other
//! addresses, other scopes and other AppIDs.

mod answer;
mod check;
pub(crate) mod errcode;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod identify;
mod identity;

use crate::{
    Authorize, BoxFuture, Callback, CallbackQuery, Exchange, LoginProvider, Outside, ProviderError, Visit,
};
use downcity_core::{ExternalIdentity, Failure, Finding, Lang, Secret, Text};
use std::fmt;
use std::sync::Arc;

/// A Website App at the WeChat Open Platform.
pub(crate) struct WeChat {
    outside: Arc<Outside>,
    app_id: String,
    secret: Secret,
    fast_login: bool,
}

impl WeChat {
    /// The id on the wire.
    pub(crate) const ID: &str = "wechat";
    /// The name for people.
    pub(crate) const LABEL: Text = Text::new("WeChat", "微信");

    /// `fast_login: false` asks for the QR code in every sign-in.
    pub(crate) fn new(outside: Arc<Outside>, app_id: String, secret: Secret, fast_login: bool) -> Self {
        Self { outside, app_id, secret, fast_login }
    }
}

/// What a callback of WeChat's means.
fn meaning(query: &CallbackQuery) -> Callback<'_> {
    match (query.error.as_deref().unwrap_or_default(), query.code.as_deref().unwrap_or_default()) {
        // Current WeChat sends nothing at all on refusal, older WeChat `state` alone, its sibling flows
        // `authdeny`; proxies and other clients may speak plain OAuth.
        ("access_denied", _) | ("", "" | "authdeny") => Callback::Denied,
        ("", code) if is_code(code) => Callback::Code(code),
        ("", _) => Callback::Error(Failure::CodeRejected),
        _ => Callback::Error(Failure::ProviderUnavailable),
    }
}

impl LoginProvider for WeChat {
    fn id(&self) -> &str {
        Self::ID
    }

    fn kind(&self) -> &'static str {
        "oauth"
    }

    fn label(&self, lang: Lang) -> &str {
        Self::LABEL.get(lang)
    }

    fn app_id(&self) -> &str {
        &self.app_id
    }

    fn authorize_url(&self, request: &Authorize<'_>) -> String {
        let mut url = String::with_capacity(512);
        url.push_str(self.outside.wechat_open());
        url.push_str("/connect/qrconnect?appid=");
        push_encoded(&mut url, &self.app_id);
        url.push_str("&redirect_uri=");
        push_encoded(&mut url, request.redirect_uri);
        url.push_str("&response_type=code&scope=snsapi_login&state=");
        push_encoded(&mut url, request.state);
        if let Some(lang) = request.lang {
            url.push_str(match lang {
                Lang::Zh => "&lang=cn",
                Lang::En => "&lang=en",
            });
        }
        if !self.fast_login || request.fast_login == Some(false) {
            url.push_str("&fast_login=0");
        }
        url.push_str("#wechat_redirect");
        url
    }

    fn read_callback<'a>(&self, query: &'a CallbackQuery) -> Callback<'a> {
        meaning(query)
    }

    fn identify<'a>(
        &'a self,
        exchange: &'a Exchange<'a>,
    ) -> BoxFuture<'a, Result<ExternalIdentity, ProviderError>> {
        Box::pin(identify::identify(self, exchange.code))
    }

    fn check<'a>(&'a self, visit: &'a Visit) -> BoxFuture<'a, Vec<Finding>> {
        Box::pin(check::check(self, visit))
    }
}

impl fmt::Debug for WeChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeChat").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// Codes seen so far are 32 letters and digits; anything that is clearly something else is not sent on.
fn is_code(code: &str) -> bool {
    code.len() <= 256 && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// Percent-encodes one value, a space as `%20`: WeChat's page does not read `+` as a space.
fn push_encoded(url: &mut String, value: &str) {
    let pieces = url::form_urlencoded::byte_serialize(value.as_bytes());
    url.extend(pieces.map(|piece| if piece == "+" { "%20" } else { piece }));
}
