//! Wire words of the Federation env.

use super::rfc3339;
use downcity_service::core::{CityId, Lang};
use downcity_service::env::{EnvItem as Item, EnvNeed, Stored};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is set. The value of a secret is never in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvList {
    pub(crate) items: Vec<EnvItem>,
}

/// One setting.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvItem {
    #[schema(example = "WECHAT_CLIENT_ID")]
    key: String,
    /// Null for a secret.
    #[schema(required)]
    value: Option<String>,
    /// The value, or for a long secret its last four characters.
    value_preview: String,
    secret: bool,
    /// Where it comes from: always `federation`.
    source: &'static str,
    #[schema(format = "date-time")]
    updated_at: String,
}

impl From<Item> for EnvItem {
    fn from(item: Item) -> Self {
        Self {
            key: item.key,
            value: item.value,
            value_preview: item.value_preview,
            secret: item.secret,
            source: "federation",
            updated_at: rfc3339(item.updated_at),
        }
    }
}

/// What is set for cities in place of the Federation's. The value of a secret is never in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CityEnvList {
    pub(crate) items: Vec<CityEnvItem>,
}

/// One setting of a city.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CityEnvItem {
    city_id: String,
    #[schema(example = "WECHAT_CLIENT_ID")]
    key: String,
    /// Null for a secret.
    #[schema(required)]
    value: Option<String>,
    /// The value, or for a long secret its last four characters.
    value_preview: String,
    secret: bool,
    /// Where it comes from: always `city`.
    source: &'static str,
    #[schema(format = "date-time")]
    updated_at: String,
}

impl From<(CityId, Item)> for CityEnvItem {
    fn from((city_id, item): (CityId, Item)) -> Self {
        Self {
            city_id: city_id.to_string(),
            key: item.key,
            value: item.value,
            value_preview: item.value_preview,
            secret: item.secret,
            source: "city",
            updated_at: rfc3339(item.updated_at),
        }
    }
}

/// Names a city, or none for all of them.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CityEnvQuery {
    /// Only this city's.
    pub(crate) city_id: Option<String>,
}

/// Sets one value of a city.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CityEnvUpsertRequest {
    pub(crate) city_id: String,
    /// `WECHAT_CLIENT_ID` or `WECHAT_CLIENT_SECRET`.
    pub(crate) key: String,
    /// At most 8192 bytes; white space around it is dropped.
    #[schema(write_only)]
    pub(crate) value: String,
}

/// Names a setting of a city.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CityEnvRemoveRequest {
    pub(crate) city_id: String,
    pub(crate) key: String,
}

/// What each service can use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvCatalog {
    pub(crate) items: Vec<EnvCatalogService>,
}

/// One service and its settings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvCatalogService {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) env: Vec<EnvCatalogItem>,
}

/// One setting that a service can use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvCatalogItem {
    pub(crate) key: String,
    pub(crate) description: &'static str,
    pub(crate) required: bool,
    pub(crate) configured: bool,
    #[schema(required)]
    pub(crate) value_preview: Option<String>,
}

impl EnvCatalogItem {
    pub(crate) fn of(need: EnvNeed, lang: Lang) -> Self {
        Self {
            key: need.key,
            description: need.description.get(lang),
            required: need.required,
            configured: need.configured,
            value_preview: need.value_preview,
        }
    }
}

/// Sets one value.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EnvUpsertRequest {
    /// 1 to 64 characters of A-Z, 0-9 and `_`.
    pub(crate) key: String,
    /// At most 8192 bytes; white space around it is dropped.
    #[schema(write_only)]
    pub(crate) value: String,
}

/// A stored value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvUpsertAnswer {
    success: bool,
    key: String,
    /// What looks wrong about the value; it was stored all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

impl EnvUpsertAnswer {
    pub(crate) fn of(key: String, stored: &Stored, lang: Lang) -> Self {
        let warning = stored.warnings.first().map(|(_, text)| text.get(lang).to_owned());
        Self { success: true, key, warning }
    }
}

/// Names a setting.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EnvRemoveRequest {
    pub(crate) key: String,
}

/// A `.env` text: comments, `export` and quotes are understood; nothing is substituted.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EnvImportRequest {
    #[schema(write_only)]
    pub(crate) raw: String,
}

/// What an import set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvImportAnswer {
    success: bool,
    count: usize,
    keys: Vec<String>,
    /// What looks wrong; the values were stored all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<EnvWarning>,
}

/// A value that looks wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvWarning {
    key: String,
    warning: &'static str,
}

impl EnvImportAnswer {
    pub(crate) fn of(stored: Stored, lang: Lang) -> Self {
        let warnings = stored.warnings.into_iter();
        let warnings = warnings.map(|(key, text)| EnvWarning { key, warning: text.get(lang) }).collect();
        Self { success: true, count: stored.keys.len(), keys: stored.keys, warnings }
    }
}

/// How many settings there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvCount {
    pub(crate) success: bool,
    pub(crate) count: usize,
}
