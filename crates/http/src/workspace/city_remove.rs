//! Removing a city: first what goes with it, then the id to confirm.

use super::cities::{LIST, at};
use super::city::{ConfirmForm, city, other_word};
use super::desk::Desk;
use super::guard::Form;
use super::shell::Shell;
use crate::error::{ApiError, Code};
use crate::routes::House;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use downcity_service::city_view::CityContents;
use downcity_service::core::City;
use downcity_service::core::id::DEFAULT_CITY;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "workspace/city_remove.html")]
struct Page {
    shell: Shell,
    city: Arc<City>,
    contents: CityContents,
}

/// What would go.
pub(super) async fn page(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let city = city(&desk, &house, &id)?;
    if id == DEFAULT_CITY {
        return desk.failed(&at(&id), ApiError::of(Code::CityPermanent));
    }
    let contents = house.federation.city_contents(&id).await?;
    let title = desk.t("Remove the city", "删除城市");
    let shell =
        desk.shell(LIST, title).under(LIST, desk.t("Cities", "城市")).under(at(&id), city.name.clone());
    desk.page(&Page { shell, city, contents })
}

/// Removes the city, if its id was typed.
pub(super) async fn remove(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Form(form): Form<ConfirmForm>,
) -> Result<Response, ApiError> {
    city(&desk, &house, &id)?;
    if form.confirm.trim() != id {
        return desk.refused(&format!("{}/remove", at(&id)), other_word(&desk));
    }
    match house.federation.remove_city(desk.admin(), &id).await {
        Ok(()) => desk.done(LIST, format!("{id} {}", desk.t("is removed.", "已删除。"))),
        Err(error) => desk.failed(&at(&id), error),
    }
}
