//! Env: what each part of the service needs, and every setting with its history.

use super::desk::Desk;
use super::guard::Form;
use super::history::{self, Entry};
use super::shell::Shell;
use crate::error::ApiError;
use crate::extract::{Query, escaped};
use crate::routes::House;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use downcity_service::audit::AuditListing;
use downcity_service::core::{Lang, Secret, Text};
use downcity_service::env::{EnvError, Stored};
use downcity_service::env_import::{key_problem, value_problem};
use downcity_service::env_parts::{EnvPart, EnvSetting};
use secrecy::ExposeSecret;
use serde::Deserialize;

/// The list of settings.
pub(super) const LIST: &str = "/admin/env";

#[derive(Template)]
#[template(path = "workspace/env.html")]
struct ListPage {
    shell: Shell,
    parts: Vec<EnvPart>,
    search: String,
}

#[derive(Template)]
#[template(path = "workspace/env_setting.html")]
struct SettingPage {
    shell: Shell,
    setting: EnvSetting,
    /// What stands in the field: the value of what is no secret, or what was typed.
    value: String,
    problem: Option<&'static str>,
    history: Vec<Entry>,
}

/// What is looked for.
#[derive(Deserialize)]
pub(super) struct Search {
    q: Option<String>,
}

/// A setting's name.
#[derive(Deserialize)]
pub(super) struct Key {
    key: Option<String>,
}

/// A setting and its new value.
#[derive(Deserialize)]
pub(super) struct SetForm {
    key: String,
    value: Secret,
}

/// A setting that shall go, and its name once more.
#[derive(Deserialize)]
pub(super) struct RemoveForm {
    key: String,
    confirm: String,
}

/// Every part with its settings; with `q` those whose name or description has it.
pub(super) async fn page(
    desk: Desk,
    State(house): State<House>,
    Query(query): Query<Search>,
) -> Result<Response, ApiError> {
    let search = query.q.unwrap_or_default().trim().to_owned();
    let mut parts = house.federation.env_parts(desk.look.lang);
    for part in &mut parts {
        let label = matches(&part.label, &search);
        part.settings.retain(|setting| label || is_meant(setting, &search, desk.look.lang));
    }
    parts.retain(|part| !part.settings.is_empty());
    desk.page(&ListPage { shell: desk.shell(LIST, desk.t("Env", "设置")), parts, search })
}

fn matches(text: &str, search: &str) -> bool {
    text.to_lowercase().contains(&search.to_lowercase())
}

fn is_meant(setting: &EnvSetting, search: &str, lang: Lang) -> bool {
    matches(&setting.key, search) || setting.description.is_some_and(|text| matches(text.get(lang), search))
}

/// One setting: what it is for, its value as far as it may be shown, a form, its history.
pub(super) async fn setting(
    desk: Desk,
    State(house): State<House>,
    Query(query): Query<Key>,
) -> Result<Response, ApiError> {
    let key = query.key.unwrap_or_default().trim().to_uppercase();
    if let Some(problem) = key_problem(&key) {
        return desk.refused(LIST, problem.get(desk.look.lang));
    }
    let value = house.federation.env_item(&key).and_then(|item| item.value).unwrap_or_default();
    show(&desk, &house, &key, (value, None)).await
}

/// Sets a value, or shows the form again with what is wrong.
pub(super) async fn set(
    desk: Desk,
    State(house): State<House>,
    Form(form): Form<SetForm>,
) -> Result<Response, ApiError> {
    let (key, value) = (form.key.trim(), form.value.expose_secret());
    if let Some(problem) = key_problem(key) {
        return desk.refused(LIST, problem.get(desk.look.lang));
    }
    if let Some(problem) = value_problem(value) {
        // A secret is typed again: it goes into no page.
        let typed = if house.federation.env_setting(key).secret { "" } else { value };
        return show(&desk, &house, key, (typed.to_owned(), Some(problem))).await;
    }
    match house.federation.env_upsert(desk.admin(), key, value).await {
        Ok(stored) => desk.done(LIST, stored_words(&desk, &stored)),
        Err(error) => desk.failed(LIST, error),
    }
}

/// Removes a setting.
pub(super) async fn remove(
    desk: Desk,
    State(house): State<House>,
    Form(form): Form<RemoveForm>,
) -> Result<Response, ApiError> {
    let key = form.key.as_str();
    if form.confirm.trim() != key {
        let told = desk.t(
            "Nothing was removed: the name that you typed is another one.",
            "未删除：您输入的名称不一致。",
        );
        return desk.refused(&setting_path(key), told);
    }
    match house.federation.env_remove(desk.admin(), key).await {
        Ok(()) => desk.done(LIST, format!("{key} {}", desk.t("is removed.", "已删除。"))),
        Err(EnvError::Unknown) => {
            desk.refused(LIST, format!("{key} {}", desk.t("was not set.", "尚未设置。")))
        }
        Err(error) => desk.failed(LIST, error),
    }
}

async fn show(
    desk: &Desk,
    house: &House,
    key: &str,
    (value, problem): (String, Option<Text>),
) -> Result<Response, ApiError> {
    let listing = AuditListing {
        action: Some("env".to_owned()),
        subject: Some(key.to_owned()),
        limit: Some(20),
        ..AuditListing::default()
    };
    let history = house.federation.list_audit(&listing).await?;
    let mut shell = desk.shell(LIST, key).under(LIST, desk.t("Env", "设置"));
    shell.path = setting_path(key);
    let page = SettingPage {
        shell,
        setting: house.federation.env_setting(key),
        value,
        problem: problem.map(|problem| problem.get(desk.look.lang)),
        history: history::entries(&history.items, desk.look.lang),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    desk.page_with(status, &page)
}

/// The page of a setting. Names need no escaping.
fn setting_path(key: &str) -> String {
    format!("/admin/env/setting?key={}", escaped(key))
}

/// What was set, and what looks wrong about it.
pub(super) fn stored_words(desk: &Desk, stored: &Stored) -> String {
    let lang = desk.look.lang;
    let mut words = match (stored.keys.as_slice(), lang) {
        ([key], Lang::En) => format!("{key} is set, effective at once."),
        ([key], Lang::Zh) => format!("{key} 已设置，立即生效。"),
        (keys, Lang::En) => format!("{} settings are set, effective at once.", keys.len()),
        (keys, Lang::Zh) => format!("已设置 {} 项，立即生效。", keys.len()),
    };
    for (key, warning) in &stored.warnings {
        words.push_str(&format!(" {key}: {}", warning.get(lang)));
    }
    words
}
