//! Audit: everything that admins did, with what stood there before and afterwards.

use super::desk::Desk;
use super::history::{self, Entry};
use super::shell::Shell;
use crate::error::ApiError;
use crate::extract::Query;
use crate::routes::House;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use downcity_service::audit::{AuditListing, NOUNS};
use downcity_service::core::Timestamp;
use serde::{Deserialize, Serialize};

const LIST: &str = "/admin/audit";

#[derive(Template)]
#[template(path = "workspace/audit.html")]
struct Page {
    shell: Shell,
    entries: Vec<Entry>,
    filter: Filter,
    /// Keys and cities by id and name, for whoever may see them all.
    keys: Vec<(String, String)>,
    cities: Vec<(String, String)>,
    /// The page with older ones.
    next: Option<String>,
}

/// Which entries are wanted, as forms and links send it.
#[derive(Default, Clone, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Filter {
    #[serde(skip_serializing_if = "String::is_empty")]
    key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    action: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    subject: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    city: String,
    /// A day of UTC, as the other end.
    #[serde(skip_serializing_if = "String::is_empty")]
    since: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    until: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    cursor: String,
}

impl Filter {
    fn listing(&self, desk: &Desk) -> Result<AuditListing, ApiError> {
        let asked = |field: &String| Some(field.trim().to_owned()).filter(|field| !field.is_empty());
        Ok(AuditListing {
            city_id: desk.admin().narrowed(asked(&self.city))?,
            key_id: asked(&self.key),
            action: asked(&self.action),
            subject: asked(&self.subject),
            since: day("since", &self.since, 0)?,
            until: day("until", &self.until, 1)?,
            cursor: asked(&self.cursor),
            limit: None,
        })
    }

    /// This filter as a query, from its first page on.
    fn query(&self) -> String {
        let first = Self { cursor: String::new(), ..self.clone() };
        serde_urlencoded::to_string(first).unwrap_or_default()
    }

    fn is_narrow(&self) -> bool {
        !self.query().is_empty()
    }
}

/// The beginning of a day of UTC, or of one some days later.
fn day(field: &'static str, text: &str, later: i32) -> Result<Option<Timestamp>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    let begins = text.parse::<jiff::civil::Date>().and_then(|day| {
        let day = day.checked_add(jiff::Span::new().try_days(later)?)?;
        day.to_zoned(jiff::tz::TimeZone::UTC)
    });
    let begins = begins.map_err(|_| ApiError::field(field, "must be a day such as 2026-01-31"))?;
    Ok(Some(Timestamp(begins.timestamp().as_millisecond())))
}

/// The entries, newest first; for the key of a city, those about that city.
pub(super) async fn page(
    desk: Desk,
    State(house): State<House>,
    Query(filter): Query<Filter>,
) -> Result<Response, ApiError> {
    let found = house.federation.list_audit(&filter.listing(&desk)?).await?;
    let (mut keys, mut cities) = (Vec::new(), Vec::new());
    if desk.admin().everywhere().is_ok() {
        keys = house.federation.admin_keys().await?.into_iter().map(|key| (key.key_id, key.name)).collect();
        let all = house.federation.cities();
        cities = all.iter().map(|city| (city.city_id.to_string(), city.name.clone())).collect();
    }
    let older = |cursor| Filter { cursor, ..filter.clone() };
    let next = found.next.map(|cursor| serde_urlencoded::to_string(older(cursor)).unwrap_or_default());
    desk.page(&Page {
        shell: desk.shell(LIST, desk.t("Audit", "审计记录")),
        entries: history::entries(&found.items, desk.look.lang),
        next: next.map(|query| format!("{LIST}?{query}")),
        filter,
        keys,
        cities,
    })
}

/// The same as a file, as the API gives it.
pub(super) async fn export(
    desk: Desk,
    State(house): State<House>,
    Query(filter): Query<Filter>,
) -> Result<Response, ApiError> {
    let listing = AuditListing { cursor: None, ..filter.listing(&desk)? };
    Ok(crate::audit::exported(&house.federation, listing).await?.into_response())
}

impl Page {
    /// What the filter offers to have been done: by its noun, and what was asked for.
    fn actions(&self) -> Vec<(&str, &'static str)> {
        let named = |noun: &&'static str| (*noun, self.noun(noun));
        let mut actions: Vec<(&str, &'static str)> = NOUNS.iter().map(named).collect();
        let asked = self.filter.action.as_str();
        if !asked.is_empty() && !NOUNS.contains(&asked) {
            actions.push((asked, ""));
        }
        actions
    }

    fn noun(&self, noun: &str) -> &'static str {
        let t = |en, zh| self.shell.t(en, zh);
        match noun {
            "admin" => t("signing in to the workspace", "登录工作台"),
            "admin_key" => t("admin keys", "管理员密钥"),
            "audit" => t("the record itself", "审计记录本身"),
            "backup" => t("backups", "备份"),
            "city" => t("cities", "城市"),
            "city_env" => t("settings of cities", "城市设置"),
            "database" => t("the database", "数据库"),
            "env" => t("settings", "设置"),
            "import" => t("imports", "导入"),
            "master_key" => t("the master key", "主密钥"),
            "provider" => t("providers", "登录方式"),
            "session" => t("sessions", "会话"),
            "signing_key" => t("signing keys", "签名密钥"),
            "token" => t("tokens issued by hand", "手动签发的令牌"),
            "user" => t("users", "用户"),
            "webhook" => t("webhooks", "Webhook 通知"),
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_utc_and_the_last_one_is_within() {
        assert_eq!(day("since", "", 0).unwrap(), None);
        assert_eq!(day("since", "1970-01-02", 0).unwrap(), Some(Timestamp(86_400_000)));
        assert_eq!(day("until", "1970-01-02", 1).unwrap(), Some(Timestamp(2 * 86_400_000)));
        for wrong in ["yesterday", "2026-02-30", "9999-12-31"] {
            assert_eq!(day("until", wrong, 1).unwrap_err().code, crate::error::Code::InvalidField, "{wrong}");
        }
    }
}
