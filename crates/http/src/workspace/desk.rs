//! The desk of an admin who is signed in: what a handler needs to answer with a page of the workspace.

use super::cookies::{self, Flash};
use super::look::Look;
use super::shell::{Shell, Who};
use super::trouble::html;
use crate::browser::see_other;
use crate::error::ApiError;
use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use downcity_service::admin::Admin;
use downcity_service::admin_sessions::Visit;

/// Who is there, how the page is to look, and what was done just now.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) visit: Visit,
    pub(crate) look: Look,
    pub(super) flash: Option<Flash>,
}

impl Desk {
    /// Who acts.
    pub(crate) fn admin(&self) -> &Admin {
        &self.visit.admin
    }

    /// The words in the page's language.
    pub(crate) fn t(&self, en: &'static str, zh: &'static str) -> &'static str {
        self.look.t(en, zh)
    }

    /// What stands round a page: `here` is its entry in the navigation, `title` its heading.
    pub(crate) fn shell(&self, here: &'static str, title: impl Into<String>) -> Shell {
        let admin = self.admin();
        let who = Who {
            name: admin.name.clone(),
            role: admin.role,
            city: admin.city.as_ref().map(ToString::to_string),
            form_token: self.visit.form_token.reveal().to_owned(),
        };
        Shell { who: Some(who), flash: self.flash.clone(), ..Shell::bare(&self.look, here, title) }
    }

    /// Answers with a page.
    pub(crate) fn page(&self, page: &impl Template) -> Result<Response, ApiError> {
        self.page_with(StatusCode::OK, page)
    }

    /// Answers with a page of another status, such as a form that has to be filled in again.
    pub(crate) fn page_with(&self, status: StatusCode, page: &impl Template) -> Result<Response, ApiError> {
        let mut response = html(status, self.look.lang, page);
        if self.flash.is_some() && !self.look.partial {
            add_cookie(response.headers_mut(), cookies::end_flash(self.look.secure));
        }
        Ok(response)
    }

    /// After something was done: on to a page that says so.
    pub(crate) fn done(&self, to: &str, said: impl Into<String>) -> Result<Response, ApiError> {
        self.tell(to, &Flash { good: true, text: said.into() })
    }

    /// After something could not be done for a reason that the admin can do something about.
    pub(crate) fn refused(&self, to: &str, said: impl Into<String>) -> Result<Response, ApiError> {
        self.tell(to, &Flash { good: false, text: said.into() })
    }

    /// The same for an error of a story: an error that the admin can do something about is shown on the page they came
    /// from, any other on a page of its own.
    pub(crate) fn failed(&self, to: &str, problem: impl Into<ApiError>) -> Result<Response, ApiError> {
        let problem = problem.into();
        if problem.code.status().is_server_error() {
            return Err(problem);
        }
        self.refused(to, problem.sentence(self.look.lang))
    }

    fn tell(&self, to: &str, flash: &Flash) -> Result<Response, ApiError> {
        let mut response = see_other(to);
        add_cookie(response.headers_mut(), cookies::set_flash(flash, self.look.secure));
        Ok(response)
    }
}

/// Sets one cookie more.
pub(super) fn add_cookie(headers: &mut HeaderMap, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        headers.append(header::SET_COOKIE, cookie);
    }
}
