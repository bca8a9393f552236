//! Sign-in attempts: the last ones with what became of each, and what they have in common.

use super::desk::Desk;
use super::overview::{Notice, notices};
use super::shell::Shell;
use super::users::label_of;
use crate::error::ApiError;
use crate::extract::Query;
use crate::routes::House;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use downcity_service::attempts::{STATUSES, ToldAttempt, failure_words};
use downcity_service::core::{Failure, Lang, Timestamp};
use downcity_service::moments::second;
use downcity_service::people::Listing;
use serde::{Deserialize, Serialize};

const LIST: &str = "/admin/attempts";

#[derive(Template)]
#[template(path = "workspace/attempts.html")]
struct ListPage {
    shell: Shell,
    notices: Vec<Notice>,
    attempts: Vec<ToldAttempt>,
    filter: Filter,
    choices: Choices,
    /// The page with older ones.
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "workspace/attempt.html")]
struct OnePage {
    shell: Shell,
    told: ToldAttempt,
    provider: String,
    steps: Vec<Step>,
}

#[derive(Template)]
#[template(path = "workspace/attempt_gone.html")]
struct GonePage {
    shell: Shell,
}

/// Which attempts are wanted, as forms and links send it.
#[derive(Default, Clone, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Filter {
    #[serde(skip_serializing_if = "String::is_empty")]
    city: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    provider: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    failure: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    user: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    cursor: String,
}

impl Filter {
    /// The page's address with this filter.
    fn address(&self) -> String {
        let query = serde_urlencoded::to_string(self).unwrap_or_default();
        if query.is_empty() { LIST.to_owned() } else { format!("{LIST}?{query}") }
    }

    fn is_narrow(&self) -> bool {
        let fields = [&self.city, &self.provider, &self.status, &self.failure, &self.user];
        fields.into_iter().any(|field| !field.is_empty())
    }
}

/// The address of the attempts that failed for one reason.
pub(super) fn failed_as(failure: Failure, provider: Option<&str>, city: Option<&str>) -> String {
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let (failure, provider, city) = (failure.code().to_owned(), owned(provider), owned(city));
    Filter { city, provider, failure, ..Filter::default() }.address()
}

/// What the fields of the filter offer: values and their names.
struct Choices {
    cities: Vec<(String, String)>,
    providers: Vec<(String, String)>,
    failures: Vec<(&'static str, String)>,
}

impl Choices {
    fn of(desk: &Desk, house: &House) -> Result<Self, ApiError> {
        let (lang, admin) = (desk.look.lang, desk.admin());
        let cities = house.federation.cities();
        let cities = cities.iter().filter(|city| admin.within(city.city_id.as_str()).is_ok());
        let providers = house.federation.list_providers(None, lang)?;
        let failure = |failure: &Failure| (failure.code(), sentence(failure_words(*failure).get(lang)));
        Ok(Self {
            cities: cities.map(|city| (city.city_id.to_string(), city.name.clone())).collect(),
            providers: providers.into_iter().map(|card| (card.id, card.label)).collect(),
            failures: Failure::ALL.iter().map(failure).collect(),
        })
    }
}

/// A moment in the course of an attempt.
struct Step {
    what: &'static str,
    at: Timestamp,
    /// How long after the one before.
    after: String,
    /// Whether it is where it went wrong.
    bad: bool,
}

/// The attempts, newest first, and what they have in common; for the key of a city, those of that city.
pub(super) async fn page(
    desk: Desk,
    State(house): State<House>,
    Query(filter): Query<Filter>,
) -> Result<Response, ApiError> {
    let asked = |field: &String| Some(field.clone()).filter(|field| !field.is_empty());
    let city_id = desk.admin().narrowed(asked(&filter.city))?;
    let patterns = house.federation.sign_in_patterns(city_id.as_deref()).await?;
    let listing = Listing {
        city_id,
        provider: asked(&filter.provider),
        status: asked(&filter.status),
        failure: asked(&filter.failure),
        user_id: asked(&filter.user),
        cursor: asked(&filter.cursor),
        ..Listing::default()
    };
    let found = house.federation.list_attempts(&listing).await?;
    let page = ListPage {
        shell: desk.shell(LIST, desk.t("Sign-in attempts", "登录记录")),
        notices: notices(&patterns, desk.look.lang),
        attempts: found.items,
        choices: Choices::of(&desk, &house)?,
        next: found.next.map(|cursor| Filter { cursor, ..filter.clone() }.address()),
        filter,
    };
    desk.page(&page)
}

/// One attempt with all that is known of it.
pub(super) async fn one(
    desk: Desk,
    State(house): State<House>,
    Path(attempt_id): Path<String>,
) -> Result<Response, ApiError> {
    let shell = || {
        let list = desk.t("Sign-in attempts", "登录记录");
        desk.shell(LIST, desk.t("One attempt", "一次登录")).under(LIST, list)
    };
    let found = house.federation.told_attempt(&attempt_id).await?;
    // Whether another city has such an attempt is not told.
    let Some(told) = found.filter(|told| desk.admin().within(&told.attempt.city_id).is_ok()) else {
        return desk.page_with(StatusCode::NOT_FOUND, &GonePage { shell: shell() });
    };
    let providers = house.federation.list_providers(None, desk.look.lang)?;
    let label = providers.into_iter().find(|card| card.id == told.attempt.provider).map(|card| card.label);
    let page = OnePage {
        steps: steps(&told, &desk),
        provider: label.unwrap_or_else(|| told.attempt.provider.clone()),
        shell: shell(),
        told,
    };
    desk.page(&page)
}

/// The course of an attempt as far as it came.
fn steps(told: &ToldAttempt, desk: &Desk) -> Vec<Step> {
    let one = &told.attempt;
    let end = match one.status.as_str() {
        "done" => desk.t("Somebody was signed in", "登录成功"),
        _ => desk.t("It failed", "登录失败"),
    };
    let moments = [
        (desk.t("Started", "发起"), Some(one.started_at)),
        (desk.t("Somebody came back from the provider", "从登录服务返回"), one.returned_at),
        (end, one.ended_at),
        (desk.t("The product collected the token", "产品领取令牌"), one.collected_at),
    ];
    let mut before = one.started_at;
    let mut steps = Vec::new();
    for (what, at) in moments {
        let Some(at) = at else { continue };
        let bad = one.ended_at == Some(at) && one.status == "failed" && what == end;
        steps.push(Step { what, at, after: span(at.0 - before.0), bad });
        before = at;
    }
    steps
}

/// A span of time as short as it can be said.
fn span(millis: i64) -> String {
    match millis {
        ..=0 => String::new(),
        1..1000 => format!("+{millis} ms"),
        1000..60_000 => format!("+{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => format!("+{} min {} s", millis / 60_000, millis % 60_000 / 1000),
    }
}

/// A part of a sentence as one that stands alone.
fn sentence(part: &str) -> String {
    let mut letters = part.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// How a state looks, and its name.
fn state(shell: &Shell, status: &str) -> (&'static str, &'static str) {
    match status {
        "waiting" => ("calm", shell.t("waiting", "等待中")),
        "exchanging" => ("calm", shell.t("returned", "已返回")),
        "confirming" => ("calm", shell.t("to be confirmed", "待确认")),
        "done" => ("good", shell.t("signed in", "成功")),
        "failed" => ("bad", shell.t("failed", "失败")),
        "expired" => ("ask", shell.t("not confirmed", "未确认")),
        _ => ("ask", shell.t("never came back", "未返回")),
    }
}

/// What a state without a failure means, and what to do.
fn meaning(shell: &Shell, status: &str) -> &'static str {
    match status {
        "waiting" => shell.t(
            "The person is at the provider. It counts as never come back ten minutes after the start.",
            "用户正在登录服务处操作。发起十分钟后仍未返回，即记为“未返回”。",
        ),
        "exchanging" => {
            shell.t("Somebody came back, and the provider is being asked who it is.", "已返回，正在向登录服务查询身份。")
        }
        "confirming" => shell.t(
            "Another browser than the one that started came back, so the person is being asked to confirm.",
            "返回的浏览器与发起方不同，正在请用户确认。",
        ),
        "expired" => shell.t(
            "Somebody came back in another browser than the one that started, and did not confirm in time.",
            "返回的浏览器与发起方不同，且未在规定时间内确认。",
        ),
        "not_returned" => shell.t(
            "Nobody came back within ten minutes: the person gave up, or the provider refused our address. If that is so for many, the list says what it probably is.",
            "十分钟内无人返回：用户放弃，或登录服务拒绝了回调地址。如大量出现，列表上方会说明可能的原因。",
        ),
        "done" => shell.t("The person was signed in.", "用户已登录。"),
        _ => "",
    }
}

impl ListPage {
    fn state(&self, status: &str) -> (&'static str, &'static str) {
        state(&self.shell, status)
    }

    fn statuses(&self) -> Vec<(&'static str, &'static str)> {
        STATUSES.iter().map(|status| (*status, self.state(status).1)).collect()
    }

    fn provider<'a>(&'a self, id: &'a str) -> &'a str {
        label_of(&self.choices.providers, id)
    }

    /// Why it failed, in the page's language.
    fn reason(&self, told: &ToldAttempt) -> Option<(&'static str, &'static str)> {
        reason(told, self.shell.lang)
    }
}

impl OnePage {
    fn state(&self) -> (&'static str, &'static str) {
        state(&self.shell, &self.told.attempt.status)
    }

    fn meaning(&self) -> &'static str {
        meaning(&self.shell, &self.told.attempt.status)
    }

    fn reason(&self) -> Option<(&'static str, &'static str)> {
        reason(&self.told, self.shell.lang)
    }

    /// A moment to the second.
    fn exactly(&self, at: &Timestamp) -> String {
        second(*at)
    }

    /// The list of those that ended likewise.
    fn alike(&self) -> String {
        let one = &self.told.attempt;
        let failure = one.failure.map(|failure| failure.code().to_owned());
        let status = if failure.is_some() { String::new() } else { one.status.clone() };
        let (provider, failure) = (one.provider.clone(), failure.unwrap_or_default());
        Filter { provider, failure, status, ..Filter::default() }.address()
    }
}

fn reason(told: &ToldAttempt, lang: Lang) -> Option<(&'static str, &'static str)> {
    told.words.map(|words| (words.what.get(lang), words.remedy.get(lang)))
}
