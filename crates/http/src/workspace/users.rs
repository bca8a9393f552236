//! Users: found by name, address or any id, and paged through however many there are.

use super::desk::Desk;
use super::shell::Shell;
use crate::error::ApiError;
use crate::extract::{Query, escaped};
use crate::routes::House;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use downcity_service::core::Lang;
use downcity_service::local;
use downcity_service::people::{Listing, PeopleError};
use downcity_service::rows::ListedUser;
use downcity_service::user_pages::UserPage;
use serde::{Deserialize, Serialize};

/// The list.
pub(super) const LIST: &str = "/admin/users";

/// The page of a user.
pub(super) fn at(user_id: &str) -> String {
    format!("{LIST}/{}", escaped(user_id))
}

/// What is looked for, as the address has it.
#[derive(Default, Clone, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Filter {
    #[serde(skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    provider: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    city: String,
    /// Who comes next signed up before this one.
    #[serde(skip_serializing_if = "String::is_empty")]
    cursor: String,
    /// Who comes next signed up after this one.
    #[serde(skip_serializing_if = "String::is_empty")]
    newer: String,
}

#[derive(Template)]
#[template(path = "workspace/users.html")]
struct Page {
    shell: Shell,
    filter: Filter,
    found: Vec<ListedUser>,
    problem: Option<&'static str>,
    newer: Option<String>,
    older: Option<String>,
    /// Ids and names to choose from.
    providers: Vec<(String, String)>,
    cities: Vec<(String, String)>,
}

impl Page {
    fn at(&self, user: &ListedUser) -> String {
        at(user.user.user_id.as_str())
    }

    fn label<'a>(&'a self, id: &'a str) -> &'a str {
        label_of(&self.providers, id)
    }

    fn is_narrowed(&self) -> bool {
        let Filter { q, status, provider, city, .. } = &self.filter;
        ![q, status, provider, city].iter().all(|text| text.is_empty())
    }
}

/// A page of users; for the key of a city those with a session there.
pub(super) async fn page(
    desk: Desk,
    State(house): State<House>,
    Query(filter): Query<Filter>,
) -> Result<Response, ApiError> {
    let asked = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let city = desk.admin().narrowed(asked(&filter.city))?;
    let later = !filter.newer.is_empty();
    let listing = Listing {
        q: asked(&filter.q),
        status: asked(&filter.status),
        provider: asked(&filter.provider),
        city_id: city,
        cursor: asked(if later { &filter.newer } else { &filter.cursor }),
        ..Listing::default()
    };
    let (status, page, problem) = match house.federation.turn_users(&listing, later).await {
        Ok(page) => (StatusCode::OK, page, None),
        Err(PeopleError::BadField { field: "q", .. }) => {
            let none = UserPage { items: Vec::new(), newer: None, older: None };
            (StatusCode::UNPROCESSABLE_ENTITY, none, Some(too_vague(&desk, &filter.q)))
        }
        Err(error) => return Err(error.into()),
    };
    let beside = |cursor: Option<String>, newer: bool| {
        let here = Filter { cursor: String::new(), newer: String::new(), ..filter.clone() };
        let to = |cursor| if newer { Filter { newer: cursor, ..here } } else { Filter { cursor, ..here } };
        cursor
            .map(to)
            .and_then(|filter| serde_urlencoded::to_string(filter).ok())
            .map(|q| format!("{LIST}?{q}"))
    };
    let mut shell = desk.shell(LIST, desk.t("Users", "用户"));
    shell.path.truncate(1024);
    let page = Page {
        newer: beside(page.newer, true),
        older: beside(page.older, false),
        found: page.items,
        problem,
        providers: providers(&house, desk.look.lang)?,
        cities: if desk.admin().city.is_some() { Vec::new() } else { cities(&house) },
        filter,
        shell,
    };
    desk.page_with(if desk.look.partial { StatusCode::OK } else { status }, &page)
}

fn too_vague(desk: &Desk, q: &str) -> &'static str {
    if q.chars().count() > 128 {
        return desk.t("Search for at most 128 characters.", "搜索内容最多 128 个字符。");
    }
    desk.t(
        "There are too many users to look into each for this. Search for a whole id, address, openid or unionid.",
        "用户过多，无法逐一查找。请输入完整的 ID、邮箱、openid 或 unionid。",
    )
}

/// What people call a provider.
pub(super) fn label_of<'a>(providers: &'a [(String, String)], id: &'a str) -> &'a str {
    providers.iter().find(|(known, _)| known == id).map_or(id, |(_, label)| label)
}

/// Every way in that somebody may have.
pub(super) fn providers(house: &House, lang: Lang) -> Result<Vec<(String, String)>, ApiError> {
    let cards = house.federation.list_providers(None, lang)?;
    let mut known: Vec<_> = cards.into_iter().map(|card| (card.id, card.label)).collect();
    if house.federation.settings().allow_local_login {
        let label = house.federation.directory().provider_label(local::ID, lang);
        known.push((local::ID.to_owned(), label));
    }
    Ok(known)
}

fn cities(house: &House) -> Vec<(String, String)> {
    house.federation.cities().iter().map(|city| (city.city_id.to_string(), city.name.clone())).collect()
}
