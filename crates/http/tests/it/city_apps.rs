//! Several WeChat apps in one Federation: a city may have its own.

use crate::at_rest::{by_byte, database};
use crate::kit::{admin_get, admin_try, assert_error, assert_field, query_of, ready_with, second_door};
use crate::on_both_engines;
use crate::support::{Answer, HOME, On, Plan, World};
use serde_json::{Value, json};
use wechat_sim::{App, SimConfig};

on_both_engines!(
    people_are_the_same_in_all_apps_of_one_account,
    a_sign_in_ends_with_the_app_it_began_with,
    a_city_without_a_whole_app_uses_the_federations,
    a_city_can_be_the_only_one_with_wechat,
    settings_of_cities_are_kept_like_secrets,
    another_node_notices,
);

const OWN: &str = "wxaaaaaaaaaaaaaaaa";
const OTHER: &str = "wxbbbbbbbbbbbbbbbb";

/// A Federation with an app, and `city_own` for which none is set yet.
async fn two_cities(on: On) -> World {
    let other = App { open_account: "another-account".to_owned(), ..App::website(OTHER) };
    let mut sim = SimConfig::default();
    sim.apps.extend([App::website(OWN), other]);
    let world = ready_with(Plan { sim, ..Plan::on(on) }).await;
    world.admin_post("cities/create", json!({"name": "Own", "city_id": "city_own"})).await;
    world
}

async fn set(world: &World, key: &str, value: &str) -> Value {
    let body = json!({"city_id": "city_own", "key": key, "value": value});
    world.admin_post("cities/env/upsert", body).await
}

/// Gives `city_own` an app of the simulator's.
async fn set_app(world: &World, appid: &str) {
    let app = world.sim.apps().into_iter().find(|app| app.appid == appid).unwrap();
    set(world, "WECHAT_CLIENT_ID", &app.appid).await;
    assert_eq!(set(world, "WECHAT_CLIENT_SECRET", &app.secret).await["warning"], Value::Null);
}

async fn remove(world: &World, key: &str) {
    world.admin_post("cities/env/remove", json!({"city_id": "city_own", "key": key})).await;
}

/// Starts a sign-in; gives `(url, state)`.
async fn start(world: &World, city: &str) -> (String, String) {
    let body = json!({"provider": "wechat", "city_id": city});
    let started = world.post_from(HOME, "accounts/oauth/start", body).await.ok();
    (started["url"].as_str().unwrap().to_owned(), started["state"].as_str().unwrap().to_owned())
}

async fn finish(world: &World, (url, state): (String, String), person: &str) -> Value {
    let callback = world.allow(&url, person);
    assert_eq!(world.come_back(HOME, &callback).await.status, 303);
    world.result(&state).await.ok()
}

async fn app_of(world: &World, city: &str) -> String {
    query_of(&start(world, city).await.0)["appid"].clone()
}

async fn providers(world: &World, query: &str) -> Vec<String> {
    let listed = world.get_from(HOME, &format!("accounts/providers{query}")).await.ok();
    listed["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn people_are_the_same_in_all_apps_of_one_account(on: On) {
    let world = two_cities(on).await;
    let first = world.sim.app().appid.clone();
    set_app(&world, OWN).await;
    assert_eq!(
        (app_of(&world, "city_demo").await, app_of(&world, "city_own").await),
        (first, OWN.to_owned())
    );
    let here = finish(&world, start(&world, "city_demo").await, "alice").await;
    let there = finish(&world, start(&world, "city_own").await, "alice").await;
    assert_eq!((&there["status"], &there["city_id"]), (&json!("done"), &json!("city_own")));
    assert_eq!(here["user_id"], there["user_id"], "by unionid");
    // WeChat has no name for a person across accounts, and none for one without a unionid.
    set_app(&world, OTHER).await;
    let elsewhere = finish(&world, start(&world, "city_own").await, "alice").await;
    assert_ne!(elsewhere["user_id"], here["user_id"]);
    set_app(&world, OWN).await;
    let here = finish(&world, start(&world, "city_demo").await, "lilei").await;
    let there = finish(&world, start(&world, "city_own").await, "lilei").await;
    assert_ne!(here["user_id"], there["user_id"]);
}

async fn a_sign_in_ends_with_the_app_it_began_with(on: On) {
    let world = two_cities(on).await;
    let before = start(&world, "city_own").await;
    set_app(&world, OWN).await;
    let after = start(&world, "city_own").await;
    assert_eq!(finish(&world, before, "alice").await["status"], "done", "with the Federation's app");
    assert_eq!(finish(&world, after, "alice").await["status"], "done", "with the city's");
    let under_way = start(&world, "city_own").await;
    remove(&world, "WECHAT_CLIENT_ID").await;
    let ended = finish(&world, under_way, "alice").await;
    assert_eq!((&ended["status"], &ended["code"]), (&json!("failed"), &json!("provider_changed")));
    assert_eq!(app_of(&world, "city_own").await, world.sim.app().appid);
}

async fn a_city_without_a_whole_app_uses_the_federations(on: On) {
    let world = two_cities(on).await;
    let warned = set(&world, "WECHAT_CLIENT_ID", OWN).await;
    assert!(warned["warning"].as_str().unwrap().contains("both"), "{warned}");
    assert_eq!(app_of(&world, "city_own").await, world.sim.app().appid);
    let odd = set(&world, "WECHAT_CLIENT_ID", "0123456789abcdef0123456789abcdef").await;
    assert!(odd["warning"].as_str().unwrap().contains("AppSecret"), "{odd}");
    set_app(&world, OWN).await;
    assert_eq!(app_of(&world, "city_own").await, OWN);
    remove(&world, "WECHAT_CLIENT_SECRET").await;
    assert_eq!(app_of(&world, "city_own").await, world.sim.app().appid);
}

async fn a_city_can_be_the_only_one_with_wechat(on: On) {
    let world = two_cities(on).await;
    set_app(&world, OWN).await;
    world.admin_post("env/remove", json!({"key": "WECHAT_CLIENT_ID"})).await;
    assert_eq!(providers(&world, "").await, [""; 0]);
    assert_eq!(providers(&world, "?city_id=city_demo").await, [""; 0]);
    assert_eq!(providers(&world, "?city_id=city_own").await, ["wechat"]);
    let body = json!({"provider": "wechat", "city_id": "city_demo"});
    let refused = world.post_from(HOME, "accounts/oauth/start", body).await;
    assert_error(&refused, 400, "provider_not_configured");
    let done = finish(&world, start(&world, "city_own").await, "alice").await;
    assert_eq!(done["status"], "done");
    assert_error(&world.get_from(HOME, "accounts/providers?city_id=city_none").await, 404, "unknown_city");
    let own =
        world.get_as(done["user_token"].as_str().unwrap(), "accounts/providers?city_id=city_demo").await;
    assert_error(&own, 403, "city_mismatch");
    world.admin_post("cities/pause", json!({"city_id": "city_own"})).await;
    assert_error(&world.get_from(HOME, "accounts/providers?city_id=city_own").await, 403, "city_paused");
}

async fn settings_of_cities_are_kept_like_secrets(on: On) {
    let world = two_cities(on).await;
    set_app(&world, OWN).await;
    let secret = world.sim.apps().into_iter().find(|app| app.appid == OWN).unwrap().secret;
    let listed = admin_get(&world, "cities/env/list?city_id=city_own").await.ok();
    let items = listed["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["value"], &items[0]["source"]), (2, &json!(OWN), &json!("city")));
    assert_eq!((&items[1]["key"], &items[1]["value"]), (&json!("WECHAT_CLIENT_SECRET"), &Value::Null));
    assert!(!listed.to_string().contains(&secret), "{listed}");
    assert_eq!(admin_get(&world, "cities/env/list").await.ok(), listed);
    assert_eq!(admin_get(&world, "cities/env/list?city_id=city_demo").await.ok(), json!({"items": []}));
    assert!(!by_byte(&database(&world, on)).contains(&secret), "the secret is stored in clear");

    let upsert = |key: &str, city: &str| json!({"city_id": city, "key": key, "value": "x"});
    let path = "cities/env/upsert";
    assert_field(&admin_try(&world, path, upsert("SMTP_URL", "city_own")).await, "key");
    assert_field(&admin_try(&world, path, upsert("WECHAT_FAST_LOGIN", "city_own")).await, "key");
    assert_error(&admin_try(&world, path, upsert("WECHAT_CLIENT_ID", "none")).await, 404, "unknown_city");
    let gone = json!({"city_id": "city_demo", "key": "WECHAT_CLIENT_ID"});
    assert_error(&admin_try(&world, "cities/env/remove", gone).await, 404, "unknown_setting");
    let done = finish(&world, start(&world, "city_own").await, "alice").await;
    let user = done["user_token"].as_str().unwrap();
    let refused = world.post_as(user, path, upsert("WECHAT_CLIENT_ID", "city_own")).await;
    assert_error(&refused, 403, "admin_only");
    assert_error(&world.get_from(HOME, "cities/env/list").await, 401, "authentication_required");
    world.admin_post("cities/remove", json!({"city_id": "city_own"})).await;
    let left = downcity_store::testing::number(&world.store, "select count(*) from city_env").await;
    assert_eq!(left, 0, "they go with their city");
}

async fn another_node_notices(on: On) {
    let world = two_cities(on).await;
    let outside = downcity_service::Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (node, base) = second_door(&world, &world.base, outside).await;
    set_app(&world, OWN).await;
    assert!(node.reload_if_changed().await.unwrap());
    let body = json!({"provider": "wechat", "city_id": "city_own"});
    let started = world.http.post(format!("{base}/v1/accounts/oauth/start")).json(&body);
    let started = Answer::of(started.header("x-forwarded-for", HOME)).await.ok();
    assert_eq!(query_of(started["url"].as_str().unwrap())["appid"], OWN);
}
