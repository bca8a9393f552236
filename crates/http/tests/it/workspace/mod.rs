//! The web workspace over HTTP: an admin at a browser without scripts.

mod attempts;
mod audit;
mod cities;
mod entry;
mod env;
mod forms;
mod keys;
mod pages;
mod providers;
mod users;

use crate::kit::admin_try;
use crate::person::Browser;
use crate::support::{Answer, HOME, World};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// What a browser says about a form that our own page sent.
const OURS: &[(&str, &str)] = &[("sec-fetch-site", "same-origin")];

/// An admin at a browser, signed in.
pub(crate) struct Keeper<'w> {
    browser: Browser<'w>,
    form_token: String,
}

impl<'w> Keeper<'w> {
    /// Signs in with the first key.
    pub(crate) async fn owner(world: &'w World) -> Self {
        Self::with_key(world, world.admin_key.expose_secret()).await
    }

    /// Signs in with a new key of this role, for all cities or one.
    async fn new(world: &'w World, role: &str, city_id: Option<&str>) -> Self {
        let made = make_key(world, role, city_id).await;
        Self::with_key(world, made["admin_key"].as_str().unwrap()).await
    }

    async fn with_key(world: &'w World, key: &str) -> Self {
        let browser = Browser::at(world, HOME);
        let entered = sign_in(&browser, key).await;
        assert_eq!((entered.status, entered.header("location")), (303, "/admin"), "{}", entered.text);
        let form_token = browser.page("/admin").await.field("form_token");
        Self { browser, form_token }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.browser.get(path).await
    }

    /// Sends a form as the page would.
    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut whole = vec![("form_token", self.form_token.as_str())];
        whole.extend(form);
        self.browser.post(path, &whole, OURS).await
    }

    /// Does something, and gives the page that the browser is led to.
    async fn act(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let done = self.post(path, form).await;
        assert_eq!(done.status, 303, "{path}: {}", done.text);
        self.get(done.header("location")).await
    }
}

pub(crate) async fn sign_in(browser: &Browser<'_>, key: &str) -> Answer {
    browser.post("/admin/sign-in", &[("key", key), ("next", "/admin")], OURS).await
}

/// A new key as the API tells it.
async fn make_key(world: &World, role: &str, city_id: Option<&str>) -> Value {
    let body = json!({"name": format!("a {role}"), "role": role, "city_id": city_id});
    admin_try(world, "admin-keys/create", body).await.ok()
}

/// Entries of the audit record, newest first.
async fn audit(world: &World, action: &str) -> Vec<Value> {
    let list = crate::kit::admin_get(world, &format!("audit/list?action={action}")).await.ok();
    list["items"].as_array().unwrap().clone()
}
