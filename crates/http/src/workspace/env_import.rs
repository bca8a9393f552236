//! Env, by the file: a `.env` text is looked at before it is taken.

use super::desk::Desk;
use super::env::{LIST, stored_words};
use super::guard::Form;
use super::shell::Shell;
use crate::error::ApiError;
use crate::routes::House;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use downcity_service::core::Secret;
use downcity_service::env_import::{ImportChange, ImportLine};
use secrecy::ExposeSecret;
use serde::Deserialize;

const PAGE: &str = "/admin/env/import";

#[derive(Template)]
#[template(path = "workspace/env_import.html")]
struct FormPage {
    shell: Shell,
}

#[derive(Template)]
#[template(path = "workspace/env_preview.html")]
struct PreviewPage {
    shell: Shell,
    lines: Vec<ImportLine>,
    sealed: Option<String>,
    changes: usize,
}

impl PreviewPage {
    /// How a line's change looks and what it is called.
    fn badge(&self, change: &ImportChange) -> (&'static str, &'static str) {
        match change {
            ImportChange::New => ("good", self.shell.t("new", "新增")),
            ImportChange::Changed => ("ask", self.shell.t("changed", "变更")),
            ImportChange::Same => ("calm", self.shell.t("the same", "相同")),
            ImportChange::Overridden => ("calm", self.shell.t("set again below", "后面有重复")),
            ImportChange::Invalid(_) => ("bad", self.shell.t("invalid", "无效")),
        }
    }
}

/// A text.
#[derive(Deserialize)]
pub(super) struct RawForm {
    raw: Secret,
}

/// A text that was looked at, sealed.
#[derive(Deserialize)]
pub(super) struct SealedForm {
    sealed: String,
}

/// The form for a text.
pub(super) async fn page(desk: Desk) -> Result<Response, ApiError> {
    desk.page(&FormPage { shell: shell(&desk) })
}

/// Shows what a text would change. Nothing is changed yet, and no value that is a secret goes back to the browser.
pub(super) async fn preview(
    desk: Desk,
    State(house): State<House>,
    Form(form): Form<RawForm>,
) -> Result<Response, ApiError> {
    let preview = match house.federation.preview_import(&desk.visit, form.raw.expose_secret()) {
        Ok(preview) => preview,
        Err(error) => return desk.failed(PAGE, error),
    };
    if preview.lines.is_empty() {
        let told = desk.t(
            "The text sets nothing: every line is empty or a comment.",
            "文本中没有任何设置：只有空行或注释。",
        );
        return desk.refused(PAGE, told);
    }
    let counts = |line: &&ImportLine| matches!(line.change, ImportChange::New | ImportChange::Changed);
    let changes = preview.lines.iter().filter(counts).count();
    desk.page(&PreviewPage { shell: shell(&desk), lines: preview.lines, sealed: preview.sealed, changes })
}

/// Takes the text that was looked at.
pub(super) async fn import(
    desk: Desk,
    State(house): State<House>,
    Form(form): Form<SealedForm>,
) -> Result<Response, ApiError> {
    match house.federation.import_previewed(&desk.visit, &form.sealed).await {
        Ok(stored) => desk.done(LIST, stored_words(&desk, &stored)),
        Err(error) => desk.failed(PAGE, error),
    }
}

fn shell(desk: &Desk) -> Shell {
    let title = desk.t("Import a .env text", "导入 .env 文本");
    let mut shell = desk.shell(LIST, title).under(LIST, desk.t("Env", "设置"));
    shell.path = PAGE.to_owned();
    shell
}
