//! Overview: how sign-ins go, and what needs attention.

use super::desk::Desk;
use super::shell::Shell;
use crate::error::ApiError;
use askama::Template;
use axum::response::Response;

#[derive(Template)]
#[template(path = "workspace/overview.html")]
struct Page {
    shell: Shell,
}

/// The page.
pub(super) async fn page(desk: Desk) -> Result<Response, ApiError> {
    let shell = desk.shell("/admin", desk.t("Overview", "概览"));
    desk.page(&Page { shell })
}
