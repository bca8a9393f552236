//! How sign-ins go, and the ways to sign in, as an admin sees them.

use crate::{Attempt, Caller, Error, Overview, Page, Person, ProviderCard};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Which attempts are looked for; absent fields look for all.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AttemptQuery<'a> {
    /// For this city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city_id: Option<&'a str>,
    /// With this provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<&'a str>,
    /// `waiting`, `exchanging`, `confirming`, `done`, `failed`, `expired` or `not_returned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'a str>,
    /// The code of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<&'a str>,
    /// Those that signed this user in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<&'a str>,
    /// How many on a page: 1 to 200, otherwise 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// [`Page::next`] of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<&'a str>,
}

/// How sign-ins go, from [`Admin::insight`](crate::Admin::insight). Every method may fail with any [`Error`] of a call.
#[derive(Debug, Clone, Copy)]
pub struct Insight<'a> {
    caller: &'a Caller,
}

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

impl<'a> Insight<'a> {
    pub(crate) fn new(caller: &'a Caller) -> Self {
        Self { caller }
    }

    /// The overview of the last 24, 168 or 720 hours, of one city or of all.
    pub async fn overview(&self, hours: u32, city_id: Option<&str>) -> Result<Overview, Error> {
        let mut query = vec![("hours", hours.to_string())];
        query.extend(city_id.map(|city| ("city_id", city.to_owned())));
        self.caller.get("federation", "overview", &query).await
    }

    /// A page of the last sign-in attempts, newest first. They are remembered for a day.
    pub async fn attempts(&self, query: &AttemptQuery<'_>) -> Result<Page<Attempt>, Error> {
        self.caller.get("accounts", "attempts", query).await
    }

    /// One user: profile, ways in, sessions, latest events. Fails with `unknown_user`.
    pub async fn person(&self, user_id: &str) -> Result<Person, Error> {
        self.caller.get("accounts", "users/one", &[("user_id", user_id)]).await
    }

    /// Every way to sign in, usable or not; in a city, or for the whole Federation.
    pub async fn providers(&self, city_id: Option<&str>) -> Result<Vec<ProviderCard>, Error> {
        let query: Vec<_> = city_id.map(|city| ("city_id", city)).into_iter().collect();
        let list: Items<ProviderCard> = self.caller.get("providers", "list", &query).await?;
        Ok(list.items)
    }

    /// Switches a provider off, in one city or everywhere.
    pub async fn disable_provider(&self, provider: &str, city_id: Option<&str>) -> Result<(), Error> {
        self.switch("disable", provider, city_id).await
    }

    /// Takes such a switch back.
    pub async fn enable_provider(&self, provider: &str, city_id: Option<&str>) -> Result<(), Error> {
        self.switch("enable", provider, city_id).await
    }

    async fn switch(&self, how: &str, provider: &str, city_id: Option<&str>) -> Result<(), Error> {
        let mut body = json!({ "provider": provider });
        if let Some(city) = city_id {
            body["city_id"] = city.into();
        }
        self.caller.post::<Value>("providers", how, &body).await.map(drop)
    }
}
