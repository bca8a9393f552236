//! How far a key reaches: each role and each city, on every admin route that the OpenAPI document lists.

use super::key;
use crate::kit::assert_error;
use crate::on_both_engines;
use crate::support::{Answer, On, World};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::path::Path;

on_both_engines!(
    every_role_reaches_what_it_may_and_no_more,
    the_key_of_a_city_touches_nothing_else,
    the_key_of_a_city_keeps_that_city,
    the_key_of_a_city_issues_no_token_for_a_user_of_the_federation,
);

/// Every documented route that takes an admin key and nothing else: method and path below `/v1/`.
pub(super) fn admin_routes() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation["security"] == json!([{"admin_key": []}]) {
                routes.push((method.to_uppercase(), path.strip_prefix("/v1/").unwrap().to_owned()));
            }
        }
    }
    assert!(routes.len() >= 40, "the document lists the admin routes");
    routes
}

/// Calls that take an owner's key.
const OWNERS: &[&str] = &[
    "admin-keys/create",
    "admin-keys/rotate",
    "admin-keys/revoke",
    "admin-keys/sessions/end",
    "federation/keys/rotate",
    "federation/keys/revoke",
    "federation/master-key",
    "federation/master-key/rotate",
    "federation/backup",
];

/// Calls that change nothing although they are POSTs.
pub(super) const READS: &[&str] = &["accounts/token/introspect"];

async fn call(world: &World, key: &str, (method, path): &(String, String), body: &Value) -> Answer {
    if method != "GET" {
        return world.post_as(key, path, body.clone()).await;
    }
    let query: Vec<String> = body
        .as_object()
        .unwrap()
        .iter()
        .filter_map(|(name, value)| value.as_str().map(|value| format!("{name}={value}")))
        .collect();
    world.get_as(key, &format!("{path}?{}", query.join("&"))).await
}

fn code(answer: &Answer) -> String {
    serde_json::from_str::<Value>(&answer.text).map(|body| body["code"].to_string()).unwrap_or_default()
}

async fn every_role_reaches_what_it_may_and_no_more(on: On) {
    let world = World::ready(on).await;
    let (viewer, _) = key(&world, json!({"role": "viewer"})).await;
    let (operator, _) = key(&world, json!({"role": "operator"})).await;
    let (owner, _) = key(&world, json!({"role": "owner"})).await;
    for route in admin_routes() {
        let owners = OWNERS.contains(&route.1.as_str());
        let reading = route.0 == "GET" || READS.contains(&route.1.as_str());
        // Bodies without what is required: whoever may call is told so, and nothing is changed.
        let answer = call(&world, &viewer, &route, &json!({})).await;
        if reading && owners {
            assert_eq!((answer.status, code(&answer).as_str()), (403, "\"owner_only\""), "{route:?}");
        } else if reading {
            assert_ne!(answer.status, 403, "{route:?}: {}", answer.text);
        } else {
            assert_eq!((answer.status, code(&answer).as_str()), (403, "\"role_too_weak\""), "{route:?}");
        }
        let answer = call(&world, &operator, &route, &json!({})).await;
        let refused = (answer.status, code(&answer)) == (403, "\"owner_only\"".to_owned());
        assert_eq!(refused, owners, "{route:?}: {} {}", answer.status, answer.text);
        let answer = call(&world, &owner, &route, &json!({})).await;
        assert!(!matches!(answer.status, 401 | 403), "{route:?}: {}", answer.text);
    }
}

/// What an owner sees of everything that a key could change.
async fn picture(world: &World) -> Vec<String> {
    let mut seen = Vec::new();
    for path in [
        "cities/list",
        "cities/env/list",
        "env/list",
        "accounts/users",
        "accounts/sessions",
        "webhooks/list",
        "admin-keys/list",
        "federation/keys/list",
    ] {
        let mut body = world.get_as(world.admin_key.expose_secret(), path).await.ok();
        for item in body["items"].as_array_mut().unwrap() {
            if let Some(item) = item.as_object_mut() {
                item.remove("last_used_at");
                item.remove("last_seen_at");
            }
        }
        seen.push(format!("{path} {body}"));
    }
    seen
}

async fn the_key_of_a_city_touches_nothing_else(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let session = world.get_as(world.admin_key.expose_secret(), "accounts/sessions").await.ok();
    let session_id = session["items"][0]["session_id"].clone();
    world.admin_post("cities/create", json!({"name": "Own", "city_id": "city_own"})).await;
    let (own, own_id) = key(&world, json!({"city_id": "city_own"})).await;
    let before = picture(&world).await;
    // A body that has whatever any route asks for, about the other city.
    let body = json!({
        "token": done["user_token"], "city_id": "city_demo", "key": "WECHAT_CLIENT_ID", "value": "wx0000000000000000", "name": "Taken",
        "user_id": done["user_id"], "session_id": session_id, "raw": "A=b", "url": "https://x.example/",
        "webhook_id": "00000000-0000-7000-8000-000000000000", "event_id": "e", "role": "viewer",
        "key_id": own_id, "kid": "k", "from": done["user_id"], "into": done["user_id"], "provider": "wechat",
    });
    for route in admin_routes() {
        let answer = call(&world, &own, &route, &body).await;
        let shown = ["cities/list"].contains(&route.1.as_str());
        let inactive = READS.contains(&route.1.as_str()) && answer.json() == json!({"active": false});
        let refused = matches!(answer.status, 400 | 403) || shown || inactive;
        assert!(refused, "{route:?}: {} {}", answer.status, answer.text);
        if answer.status == 403 {
            let known = ["\"city_key\"", "\"owner_only\""];
            assert!(known.contains(&code(&answer).as_str()), "{route:?}: {}", answer.text);
        }
        // Without a city, lists show the own one alone, and nothing else is answered.
        if route.0 == "GET" {
            let answer = call(&world, &own, &route, &json!({})).await;
            assert!(matches!(answer.status, 200 | 400 | 403), "{route:?}: {}", answer.text);
            assert!(!answer.text.contains("city_demo"), "{route:?}: {}", answer.text);
        }
    }
    assert_eq!(picture(&world).await, before, "nothing was changed");
    let pause = world.post_as(&own, "cities/pause", json!({"city_id": "city_demo"})).await;
    assert_error(&pause, 403, "city_key");
}

async fn the_key_of_a_city_keeps_that_city(on: On) {
    let world = World::ready(on).await;
    // Entries of the same millisecond stand in any order.
    world.clock.advance(std::time::Duration::from_millis(2));
    let (own, _) = key(&world, json!({"city_id": "city_demo"})).await;
    world.sign_in("alice").await;
    let mine = json!({"city_id": "city_demo"});
    let tick = || world.clock.advance(std::time::Duration::from_millis(2));
    let list = world.get_as(&own, "cities/list").await.ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "city_downcity is not theirs");
    tick();
    world.post_as(&own, "cities/pause", mine.clone()).await.ok();
    tick();
    world.post_as(&own, "cities/activate", mine.clone()).await.ok();
    tick();
    let change = json!({"city_id": "city_demo", "confirm": "always"});
    assert_eq!(world.post_as(&own, "cities/update", change).await.ok()["confirm"], "always");
    tick();
    let set = json!({"city_id": "city_demo", "key": "WECHAT_CLIENT_ID", "value": "wx0123456789abcdef"});
    world.post_as(&own, "cities/env/upsert", set).await.ok();
    tick();
    let apply = json!({"city_id": "city_demo", "user_id": "theirs"});
    assert!(world.post_as(&own, "cities/tokens/apply", apply).await.ok()["user_token"].is_string());
    let sessions = world.get_as(&own, "accounts/sessions").await.ok();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 2);
    assert!(!world.get_as(&own, "accounts/events").await.ok()["items"].as_array().unwrap().is_empty());
    let entries = world.get_as(&own, "audit/list").await.ok();
    let actions: Vec<&str> =
        entries["items"].as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap()).collect();
    let expected = [
        "token.issued",
        "city_env.set",
        "city.changed",
        "city.activated",
        "city.paused",
        "admin_key.created",
        "city.created",
    ];
    assert_eq!(actions, expected, "newest first, and nothing about other cities");
    assert_error(&world.post_as(&own, "cities/remove", mine).await, 403, "city_key");
}

/// With such a token it would read and change what the user has in other cities.
async fn the_key_of_a_city_issues_no_token_for_a_user_of_the_federation(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    world.admin_post("cities/create", json!({"name": "Own", "city_id": "city_own"})).await;
    for city_id in ["city_own", "city_demo"] {
        let (own, _) = key(&world, json!({"city_id": city_id})).await;
        let apply = json!({"city_id": city_id, "user_id": done["user_id"]});
        assert_error(&world.post_as(&own, "cities/tokens/apply", apply.clone()).await, 403, "city_key");
        let theirs = json!({"city_id": city_id, "user_id": "shop-user_42"});
        world.post_as(&own, "cities/tokens/apply", theirs).await.ok();
        // Whoever keeps the whole Federation may.
        world.admin_post("cities/tokens/apply", apply).await;
    }
}
