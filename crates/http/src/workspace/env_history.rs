//! Env: who changed what when, of all settings.

use super::desk::Desk;
use super::env::LIST;
use super::history::{self, Entry};
use super::shell::Shell;
use crate::error::ApiError;
use crate::extract::Query;
use crate::routes::House;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use downcity_service::audit::AuditListing;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "workspace/env_history.html")]
struct Page {
    shell: Shell,
    history: Vec<Entry>,
    /// The page with older ones.
    next: Option<String>,
}

/// Where a page begins.
#[derive(Deserialize)]
pub(super) struct Cursor {
    cursor: Option<String>,
}

/// The changes, newest first.
pub(super) async fn page(
    desk: Desk,
    State(house): State<House>,
    Query(query): Query<Cursor>,
) -> Result<Response, ApiError> {
    let listing =
        AuditListing { action: Some("env".to_owned()), cursor: query.cursor, ..AuditListing::default() };
    let found = house.federation.list_audit(&listing).await?;
    let title = desk.t("History of settings", "设置变更历史");
    desk.page(&Page {
        shell: desk.shell(LIST, title).under(LIST, desk.t("Env", "设置")),
        history: history::entries(&found.items, desk.look.lang),
        next: found.next.map(|cursor| format!("/admin/env/history?cursor={cursor}")),
    })
}
