//! Answers in HTML, and what an error under `/admin` looks like: a page, or a line in place of the part of a page that was
//! asked for.

use super::look::Look;
use super::shell::Shell;
use crate::error::{ApiError, Code};
use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use downcity_service::core::Lang;

/// Only our own style and scripts; no script or style inside a page; forms go only to us; nobody may frame it.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                   connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "workspace/trouble.html")]
struct Page<'a> {
    shell: Shell,
    text: &'a str,
    code: &'a str,
    request_id: &'a str,
    wait: Option<u64>,
}

#[derive(Template)]
#[template(path = "workspace/trouble_part.html")]
struct Part<'a> {
    text: &'a str,
    request_id: &'a str,
}

#[derive(Template)]
#[template(path = "workspace/onward.html")]
struct Onward<'a> {
    look: &'a Look,
}

/// An answer in HTML.
pub(super) fn html(status: StatusCode, lang: Lang, page: &impl Template) -> Response {
    let Ok(text) = page.render() else {
        let cause = Some("a page could not be rendered".into());
        return ApiError { cause, ..ApiError::of(Code::Internal) }.into_response();
    };
    let mut response = (status, Body::from(text)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.tag()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language, cookie"));
    response
}

/// How an error under `/admin` is told.
pub(crate) fn render(problem: &ApiError, look: &Look, request_id: &str) -> Response {
    let text = match problem.code {
        // The API's own sentence leads to its description.
        Code::UnknownRoute => {
            look.t("The address is mistyped, or the page is gone.", "地址有误，或页面已不存在。").to_owned()
        }
        _ => problem.sentence(look.lang),
    };
    let status = problem.code.status();
    let mut response = if look.partial {
        html(status, look.lang, &Part { text: &text, request_id })
    } else {
        let title = match status {
            StatusCode::NOT_FOUND => look.t("There is no such page", "页面不存在"),
            StatusCode::FORBIDDEN => look.t("This is not allowed", "无权执行此操作"),
            StatusCode::TOO_MANY_REQUESTS => look.t("Too many tries", "尝试次数过多"),
            status if status.is_server_error() => look.t("Something went wrong", "出错了"),
            _ => look.t("This could not be done", "无法执行此操作"),
        };
        let wait = problem.retry_after.map(|wait| wait.as_secs());
        let shell = Shell { path: "/admin".to_owned(), ..Shell::bare(look, "", title) };
        html(status, look.lang, &Page { shell, text: &text, code: problem.code.as_str(), request_id, wait })
    };
    if let Some(wait) = problem.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    }
    response
}

/// A page that leads to itself, so that the browser comes from us and brings its strict cookies.
pub(super) fn onward(look: &Look) -> Response {
    html(StatusCode::OK, look.lang, &Onward { look })
}
