//! One city: its lists and its way of asking, the ways to sign in there, its own WeChat app, and what happened to it.

use super::cities::{LIST, at};
use super::city_fields::{Fields, Typed};
use super::desk::Desk;
use super::env::stored_words;
use super::guard::Form;
use super::history::{self, Entry};
use super::providers::{Card, SwitchForm, To};
use super::shell::Shell;
use crate::error::{ApiError, Code};
use crate::routes::House;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use downcity_service::audit::AuditListing;
use downcity_service::cities::CityError;
use downcity_service::core::id::DEFAULT_CITY;
use downcity_service::core::{City, CityStatus, Secret};
use downcity_service::env::{EnvError, Stored};
use downcity_service::env_import::value_problem;
use downcity_service::env_parts::EnvSetting;
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "workspace/city.html")]
struct Page {
    shell: Shell,
    city: Arc<City>,
    fields: Fields,
    cards: Vec<Card>,
    /// What can be set for the city in place of the Federation's.
    app: Vec<EnvSetting>,
    history: Vec<Entry>,
}

impl Page {
    fn is_default(&self) -> bool {
        self.city.city_id.as_str() == DEFAULT_CITY
    }

    fn has_own_settings(&self) -> bool {
        self.app.iter().any(|setting| setting.preview.is_some())
    }

    /// Whether the app is whole, so that sign-ins go through it.
    fn has_own_app(&self) -> bool {
        self.cards.iter().any(|card| card.of.own_app)
    }
}

/// What a city shall be.
#[derive(Deserialize)]
pub(super) struct StatusForm {
    to: CityStatus,
}

/// The city's id once more.
#[derive(Deserialize)]
pub(super) struct ConfirmForm {
    pub(super) confirm: String,
}

/// The city of a page, if this key is for it. Of others it learns nothing.
pub(super) fn city(desk: &Desk, house: &House, city_id: &str) -> Result<Arc<City>, ApiError> {
    let unknown = || ApiError::of(Code::UnknownCity);
    desk.admin().within(city_id).map_err(|_| unknown())?;
    house.federation.city(city_id).map_err(|error| match error {
        CityError::Unknown | CityError::BadField { .. } => unknown(),
        error => error.into(),
    })
}

/// The page.
pub(super) async fn page(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let city = city(&desk, &house, &id)?;
    let fields = Fields::of(&city);
    show(&desk, &house, city, fields).await
}

/// Saves name, lists and way of asking, or shows the form again with what is wrong.
pub(super) async fn save(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, ApiError> {
    let city = city(&desk, &house, &id)?;
    let fields = Fields::typed(typed, desk.look.lang);
    if !fields.problems.is_empty() {
        return show(&desk, &house, city, fields).await;
    }
    match house.federation.update_city(desk.admin(), &id, &fields.change()).await {
        Ok(_) => desk.done(&at(&id), desk.t("Saved, effective at once.", "已保存，立即生效。")),
        Err(error) => desk.failed(&at(&id), error),
    }
}

/// Pauses or activates the city.
pub(super) async fn status(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Form(form): Form<StatusForm>,
) -> Result<Response, ApiError> {
    city(&desk, &house, &id)?;
    if let Err(error) = house.federation.set_city_status(desk.admin(), &id, form.to).await {
        return desk.failed(&at(&id), error);
    }
    let said = match form.to {
        CityStatus::Active => desk.t(
            "Active again: people can sign in, and tokens that have not ended are accepted.",
            "已启用：可以登录，未过期的令牌恢复有效。",
        ),
        CityStatus::Paused => desk.t(
            "Paused: no sign-in starts here, and no token is accepted.",
            "已暂停：无法发起登录，也不接受任何令牌。",
        ),
    };
    desk.done(&at(&id), said)
}

/// Switches a provider off in the city, or on again.
pub(super) async fn switch(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Form(form): Form<SwitchForm>,
) -> Result<Response, ApiError> {
    city(&desk, &house, &id)?;
    let (provider, here) = (form.provider.as_str(), Some(id.as_str()));
    let done = match form.to {
        To::On => house.federation.enable_provider(desk.admin(), provider, here).await,
        To::Off => house.federation.disable_provider(desk.admin(), provider, here).await,
    };
    if let Err(error) = done {
        return desk.failed(&at(&id), error);
    }
    let said = match form.to {
        To::On => desk.t("Switched on in this city, at once.", "已在此城市启用，立即生效。"),
        To::Off => desk.t(
            "Switched off in this city: nobody can start to sign in with it here. Sign-ins under way may finish.",
            "已在此城市停用：无法再发起登录，正在进行的登录可以完成。",
        ),
    };
    desk.done(&at(&id), said)
}

/// Sets what was filled in of the city's own app; what was left empty stays.
pub(super) async fn set_app(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Form(fields): Form<Vec<(String, Secret)>>,
) -> Result<Response, ApiError> {
    city(&desk, &house, &id)?;
    let filled =
        |(key, value): &&(String, Secret)| key != "form_token" && !value.expose_secret().trim().is_empty();
    let filled: Vec<_> = fields.iter().filter(filled).collect();
    let lang = desk.look.lang;
    let problem = |(key, value): &&(String, Secret)| {
        value_problem(value.expose_secret()).map(|why| format!("{key}: {}", why.get(lang)))
    };
    if let Some(problem) = filled.iter().find_map(problem) {
        return desk.refused(&at(&id), problem);
    }
    if filled.is_empty() {
        return desk.refused(&at(&id), desk.t("Nothing was filled in.", "没有填写任何内容。"));
    }
    let mut stored = Stored { keys: Vec::new(), warnings: Vec::new() };
    for (key, value) in filled {
        match house.federation.city_env_upsert(desk.admin(), &id, key, value.expose_secret()).await {
            // What is said last is true of all.
            Ok(set) => stored = Stored { keys: [stored.keys, set.keys].concat(), ..set },
            Err(error) => return desk.failed(&at(&id), error),
        }
    }
    desk.done(&at(&id), stored_words(&desk, &stored))
}

/// Removes the city's own app: the Federation's counts again.
pub(super) async fn remove_app(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Form(form): Form<ConfirmForm>,
) -> Result<Response, ApiError> {
    city(&desk, &house, &id)?;
    if form.confirm.trim() != id {
        return desk.refused(&at(&id), other_word(&desk));
    }
    for (_, set) in house.federation.city_env_list(Some(&id))? {
        match house.federation.city_env_remove(desk.admin(), &id, &set.key).await {
            Ok(()) | Err(EnvError::Unknown) => {}
            Err(error) => return desk.failed(&at(&id), error),
        }
    }
    let said = desk.t(
        "The city's own app is removed: the Federation's is used again.",
        "已删除城市自有应用，恢复使用 Federation 的应用。",
    );
    desk.done(&at(&id), said)
}

/// What is said when the word that confirms is another one.
pub(super) fn other_word(desk: &Desk) -> &'static str {
    desk.t(
        "Nothing was changed: what you typed to confirm is something else.",
        "未做任何更改：您输入的确认内容不一致。",
    )
}

async fn show(desk: &Desk, house: &House, city: Arc<City>, fields: Fields) -> Result<Response, ApiError> {
    let id = city.city_id.as_str();
    let listing = AuditListing { city_id: Some(id.to_owned()), limit: Some(10), ..AuditListing::default() };
    let history = house.federation.list_audit(&listing).await?;
    let cards = house.federation.list_providers(Some(id), desk.look.lang)?;
    let mut shell = desk.shell(LIST, city.name.clone()).under(LIST, desk.t("Cities", "城市"));
    shell.path = at(id);
    let status = if fields.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        shell,
        fields,
        cards: cards.into_iter().map(Card::of).collect(),
        app: house.federation.city_env_settings(id)?,
        history: history::entries(&history.items, desk.look.lang),
        city,
    };
    desk.page_with(status, &page)
}
