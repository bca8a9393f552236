//! How a request's page is to look: its language, light or dark, a whole page or a part of one.

use super::cookies;
use crate::client::{accepted, text};
use crate::routes::House;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use downcity_service::core::Lang;
use std::convert::Infallible;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    /// As the system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// The name in the cookie, in forms and in the page.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn parse(name: &str) -> Self {
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == name).unwrap_or_default()
    }
}

/// How the page is to look.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) lang: Lang,
    pub(crate) theme: Theme,
    /// Whether only a part of the page is asked for, by htmx.
    pub(crate) partial: bool,
    /// Whether cookies can insist on https.
    pub(crate) secure: bool,
    /// The address asked for.
    pub(crate) path: String,
}

impl Look {
    /// Reads what a request says about it.
    pub(crate) fn of(house: &House, uri: &Uri, headers: &HeaderMap) -> Self {
        let secure = house.secure_workspace(text(headers, &header::HOST));
        let chosen = cookies::look(headers, secure).unwrap_or_default();
        let (lang, theme) = chosen.split_once('.').unwrap_or_default();
        Self {
            lang: Lang::parse(lang).or_else(|| accepted(headers)).unwrap_or_default(),
            theme: Theme::parse(theme),
            partial: headers.contains_key("hx-request"),
            secure,
            path: uri.path_and_query().map_or("/admin", |path| path.as_str()).to_owned(),
        }
    }

    /// The words in the page's language.
    pub(crate) fn t(&self, en: &'static str, zh: &'static str) -> &'static str {
        match self.lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    /// The same page with other choices, as the cookie holds them.
    pub(crate) fn choose(&self, lang: Option<&str>, theme: Option<&str>) -> String {
        let lang = lang.and_then(Lang::parse).unwrap_or(self.lang);
        format!("{}.{}", lang.code(), theme.map_or(self.theme, Theme::parse).as_str())
    }
}

impl FromRequestParts<House> for Look {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Infallible> {
        Ok(Self::of(house, &parts.uri, &parts.headers))
    }
}

/// An address of the workspace to go on to, if it is one: nothing else is ever gone to.
pub(crate) fn own_path(next: &str) -> Option<&str> {
    let rest = next.strip_prefix("/admin")?;
    let ends = rest.is_empty() || rest.starts_with(['/', '?']);
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    // What climbs leads out again, also where the dots are escaped (URL standard, double-dot segments).
    let climbs = |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let path = next.split(['?', '#']).next().unwrap_or_default();
    (ends && plain && !next.contains("//") && !path.split('/').any(climbs)).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_redirect_on_next() {
        for own in [
            "/admin",
            "/admin/env",
            "/admin?city=a",
            "/admin/users?q=%E5%BC%A0&cursor=x",
            "/admin/users?q=../a",
            "/admin/users/a..b",
        ] {
            assert_eq!(own_path(own), Some(own));
        }
        let foreign = ["", "/", "/v1/accounts/logout", "//evil.test", "/admin//evil.test", "/admin\\evil"];
        let more =
            ["https://evil.test/admin", "/admin.evil.test", "/administrator", "/admin\r\nx: y", "/admin "];
        let climbing =
            ["/admin/../v1/x", "/admin/%2e%2E/v1/x", "/admin/.%2e", "/admin/users/../../health?a=b"];
        for other in foreign.into_iter().chain(more).chain(climbing) {
            assert_eq!(own_path(other), None, "{other}");
        }
    }
}
