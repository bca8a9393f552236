//! Tokens issued by hand, also for a product's own user ids. One is shown once, right after it was made.

use super::cities::{LIST, at};
use super::city::city;
use super::desk::Desk;
use super::guard::Form;
use super::shell::Shell;
use crate::error::ApiError;
use crate::extract::Query;
use crate::routes::House;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use downcity_service::core::{City, Lang};
use downcity_service::result::Handed;
use downcity_service::tokens::{Apply, metadata_problem, parse_ttl, ttl_problem, user_id_problem};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "workspace/city_token.html")]
struct FormPage {
    shell: Shell,
    city: Arc<City>,
    typed: Typed,
    problems: Problems,
    /// The usual life, in days.
    usual_days: u64,
}

#[derive(Template)]
#[template(path = "workspace/city_token_issued.html")]
struct IssuedPage {
    shell: Shell,
    city: Arc<City>,
    handed: Handed,
}

/// For whom a form is opened.
#[derive(Deserialize)]
pub(super) struct For {
    user_id: Option<String>,
}

/// What a form sends.
#[derive(Deserialize, Default)]
pub(super) struct Typed {
    user_id: String,
    #[serde(default)]
    ttl: String,
    #[serde(default)]
    metadata: String,
}

/// What is wrong with each field.
#[derive(Default)]
struct Problems {
    user_id: Option<&'static str>,
    ttl: Option<&'static str>,
    metadata: Option<&'static str>,
}

impl Problems {
    fn of(typed: &Typed, lang: Lang) -> Self {
        let written = |text: &str| !text.trim().is_empty();
        Self {
            user_id: user_id_problem(typed.user_id.trim()).map(|why| why.get(lang)),
            ttl: ttl_problem(typed.ttl.trim()).filter(|_| written(&typed.ttl)).map(|why| why.get(lang)),
            metadata: metadata_problem(&typed.metadata)
                .filter(|_| written(&typed.metadata))
                .map(|why| why.get(lang)),
        }
    }

    fn any(&self) -> bool {
        self.user_id.or(self.ttl).or(self.metadata).is_some()
    }
}

/// The form.
pub(super) async fn page(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Query(query): Query<For>,
) -> Result<Response, ApiError> {
    let city = city(&desk, &house, &id)?;
    let typed = Typed { user_id: query.user_id.unwrap_or_default(), ..Typed::default() };
    show(&desk, &house, city, typed, Problems::default())
}

/// Issues a token and shows it, or shows the form again with what is wrong.
pub(super) async fn issue(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, ApiError> {
    let city = city(&desk, &house, &id)?;
    let problems = Problems::of(&typed, desk.look.lang);
    if problems.any() {
        return show(&desk, &house, city, typed, problems);
    }
    let apply = Apply {
        city_id: id.clone(),
        user_id: typed.user_id.trim().to_owned(),
        metadata: serde_json::from_str(&typed.metadata).ok(),
        ttl: parse_ttl(typed.ttl.trim()).ok(),
    };
    match house.federation.apply_token(desk.admin(), &apply).await {
        Ok(handed) => {
            let shell = shell(&desk, &city, desk.t("The token", "令牌"));
            desk.page(&IssuedPage { shell, city, handed })
        }
        Err(error) => desk.failed(&at(&id), error),
    }
}

fn show(
    desk: &Desk,
    house: &House,
    city: Arc<City>,
    typed: Typed,
    problems: Problems,
) -> Result<Response, ApiError> {
    let status = if problems.any() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let shell = shell(desk, &city, desk.t("Issue a token", "签发令牌"));
    let usual_days = house.federation.settings().token_life.as_secs() / 86_400;
    desk.page_with(status, &FormPage { shell, city, typed, problems, usual_days })
}

fn shell(desk: &Desk, city: &City, title: &str) -> Shell {
    let own = at(city.city_id.as_str());
    let mut shell =
        desk.shell(LIST, title).under(LIST, desk.t("Cities", "城市")).under(own.clone(), city.name.clone());
    shell.path = format!("{own}/token");
    shell
}
