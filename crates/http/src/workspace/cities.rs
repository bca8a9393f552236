//! Cities: the products of the Federation, and a form for another one.

use super::city_fields::{Fields, Typed};
use super::desk::Desk;
use super::guard::Form;
use super::shell::Shell;
use crate::error::ApiError;
use crate::routes::House;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use downcity_service::cities::CityError;
use downcity_service::core::{City, ConfirmPolicy};
use std::sync::Arc;

/// The list.
pub(super) const LIST: &str = "/admin/cities";

/// The page of a city. Ids need no escaping.
pub(super) fn at(city_id: &str) -> String {
    format!("{LIST}/{city_id}")
}

#[derive(Template)]
#[template(path = "workspace/cities.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    fields: Fields,
}

/// A city of the list.
struct Row {
    city: Arc<City>,
    /// The ways in that are switched off there.
    off: Vec<String>,
    /// The id of the WeChat app that it has of its own, once that is whole.
    app: Option<String>,
}

impl Page {
    fn confirm(&self, city: &City) -> &'static str {
        match city.confirm {
            ConfirmPolicy::Code => self.shell.t("by code", "输入验证码"),
            ConfirmPolicy::Always => self.shell.t("always", "总是"),
            ConfirmPolicy::Auto => self.shell.t("automatic", "自动"),
            ConfirmPolicy::Never => self.shell.t("never", "从不"),
        }
    }

    /// Whether the form for a new city is open at first: when it has to be filled in again.
    fn is_form_open(&self) -> bool {
        !self.fields.problems.is_empty()
    }
}

/// All cities, newest first; for the key of a city that one.
pub(super) async fn page(desk: Desk, State(house): State<House>) -> Result<Response, ApiError> {
    show(&desk, &house, Fields::empty())
}

/// Creates a city, or shows the form again with what is wrong.
pub(super) async fn create(
    desk: Desk,
    State(house): State<House>,
    Form(typed): Form<Typed>,
) -> Result<Response, ApiError> {
    let fields = Fields::typed(typed, desk.look.lang);
    if !fields.problems.is_empty() {
        return show(&desk, &house, fields);
    }
    let id = (!fields.city_id.is_empty()).then_some(fields.city_id.as_str());
    match house.federation.create_city(desk.admin(), id, &fields.change()).await {
        Ok(city) => {
            let said = desk.t(
                "The city is there. Give its city_id to the product.",
                "城市已创建。请将 city_id 提供给产品。",
            );
            desk.done(&at(city.city_id.as_str()), said)
        }
        Err(CityError::Taken) => {
            let why = desk.t("A city of this id exists already.", "该 ID 已被使用。");
            show(&desk, &house, fields.wrong("city_id", why))
        }
        Err(error) => desk.failed(LIST, error),
    }
}

fn show(desk: &Desk, house: &House, fields: Fields) -> Result<Response, ApiError> {
    let own = desk.admin().city.as_ref();
    let directory = house.federation.directory();
    let cities = house.federation.cities().into_iter();
    let row = |city: Arc<City>| {
        let here = |(of, _): &&(Option<_>, String)| of.as_ref() == Some(&city.city_id);
        let off = directory.switches.keys().filter(here);
        let app = directory.city_apps.get(&city.city_id).and_then(|app| app.provider.as_ref());
        Row {
            off: off.map(|(_, id)| directory.provider_label(id, desk.look.lang)).collect(),
            app: app.map(|provider| provider.app_id().to_owned()),
            city,
        }
    };
    let rows = cities.filter(|city| own.is_none_or(|own| *own == city.city_id)).map(row).collect();
    let status = if fields.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut shell = desk.shell(LIST, desk.t("Cities", "城市"));
    shell.path = LIST.to_owned();
    desk.page_with(status, &Page { shell, rows, fields })
}
