//! What admins see of sign-in attempts: each outcome under its name, failures in words, no secret among them.

use crate::kit::{admin_get, admin_try, assert_error, assert_field};
use crate::on_both_engines;
use crate::support::{AWAY, HOME, On, World};
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    attempts_are_told_with_what_became_of_each,
    a_provider_s_own_code_is_kept_and_put_into_words,
    attempts_are_narrowed_and_paged,
    attempts_are_for_admins,
);

async fn attempts(world: &World, query: &str) -> Vec<Value> {
    let list = admin_get(world, &format!("accounts/attempts{query}")).await.ok();
    list["items"].as_array().unwrap().clone()
}

async fn statuses(world: &World) -> Vec<String> {
    attempts(world, "").await.iter().map(|one| one["status"].as_str().unwrap().to_owned()).collect()
}

async fn attempts_are_told_with_what_became_of_each(on: On) {
    let world = World::ready(on).await;
    // Those of the same millisecond stand in any order.
    let tick = || world.clock.advance(Duration::from_millis(2));
    let done = world.sign_in("alice").await;
    tick();
    let (waiting_url, state) = world.start().await;
    tick();
    let (url, _) = world.start().await;
    let callback = world.allow(&url, "zhangsan");
    world.come_back(AWAY, &callback).await;
    assert_eq!(statuses(&world).await, ["confirming", "waiting", "done"]);
    world.clock.advance(Duration::from_secs(601));
    assert_eq!(statuses(&world).await, ["expired", "not_returned", "done"]);
    let list = attempts(&world, "").await;
    let first = &list[2];
    assert_eq!((&first["user_id"], &first["network"]), (&done["user_id"], &json!(HOME)));
    assert_eq!((&first["failure"], &first["reason"]), (&Value::Null, &Value::Null));
    for field in ["started_at", "returned_at", "ended_at", "collected_at"] {
        assert!(first[field].is_string(), "{field}");
    }
    assert_eq!((&list[1]["returned_at"], &list[1]["collected_at"]), (&Value::Null, &Value::Null));
    assert!(list[0]["returned_at"].is_string());
    let told = json!(list).to_string();
    for secret in [state.as_str(), done["user_token"].as_str().unwrap(), &waiting_url, &callback] {
        assert!(!told.contains(secret));
    }
}

async fn a_provider_s_own_code_is_kept_and_put_into_words(on: On) {
    let world = World::ready(on).await;
    let wrong = json!({"key": "WECHAT_CLIENT_SECRET", "value": "0123456789abcdef0123456789abcdef"});
    world.admin_post("env/upsert", wrong).await;
    assert_eq!(world.sign_in("alice").await["code"], "provider_misconfigured");
    let (url, _) = world.start().await;
    let refused =
        format!("{}&error=access_denied", world.allow(&url, "alice").split("code=").next().unwrap());
    let refused = refused.replace("?&", "?");
    let state = crate::kit::query_of(&world.allow(&url, "alice"))["state"].clone();
    world.come_back(HOME, &format!("{}&state={state}", refused.trim_end_matches('&'))).await;
    let list = attempts(&world, "").await;
    let told = |one: &Value| (one["failure"].clone(), one["provider_code"].clone());
    assert_eq!(told(&list[0]), (json!("access_denied"), Value::Null));
    assert_eq!(told(&list[1]), (json!("provider_misconfigured"), json!("40125")));
    assert!(list[1]["reason"]["en"].as_str().unwrap().contains("AppSecret does not belong"));
    assert!(list[1]["reason"]["zh"].as_str().unwrap().contains("不匹配"));
    assert!(list[1]["remedy"]["en"].as_str().unwrap().contains("WECHAT_CLIENT_SECRET"));
    assert!(list[0]["reason"]["en"].as_str().unwrap().contains("refused"));
}

async fn attempts_are_narrowed_and_paged(on: On) {
    let world = World::ready(on).await;
    world.admin_post("cities/create", json!({"name": "Other", "city_id": "city_other"})).await;
    let done = world.sign_in("alice").await;
    world.start().await;
    let other = json!({"provider": "wechat", "city_id": "city_other"});
    world.post_from(HOME, "accounts/oauth/start", other).await.ok();
    let who = format!("?user_id={}", done["user_id"].as_str().unwrap());
    for (query, count) in [
        ("", 3),
        ("?city_id=city_other", 1),
        ("?provider=wechat", 3),
        ("?provider=github", 0),
        ("?status=done", 1),
        ("?status=waiting&city_id=city_demo", 1),
        ("?failure=access_denied", 0),
        (&who, 1),
    ] {
        assert_eq!(attempts(&world, query).await.len(), count, "{query}");
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = admin_get(&world, &format!("accounts/attempts?limit=1{cursor}")).await.ok();
        seen.push(page["items"][0]["attempt_id"].as_str().unwrap().to_owned());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let all: Vec<_> = attempts(&world, "").await;
    assert_eq!(seen, all.iter().map(|one| one["attempt_id"].as_str().unwrap()).collect::<Vec<_>>());
    assert_field(&admin_get(&world, "accounts/attempts?status=lost").await, "status");
    assert_field(&admin_get(&world, "accounts/attempts?limit=0").await, "limit");
}

async fn attempts_are_for_admins(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    for path in ["accounts/attempts", "providers/list"] {
        assert_error(&world.get_from(HOME, path).await, 401, "authentication_required");
        assert_error(&world.get_as(token, path).await, 403, "admin_only");
    }
    for path in ["providers/disable", "providers/enable"] {
        let body = json!({"provider": "wechat"});
        assert_error(&world.post_from(HOME, path, body.clone()).await, 401, "authentication_required");
        assert_error(&world.post_as(token, path, body).await, 403, "admin_only");
    }
    let unknown = admin_try(&world, "providers/disable", json!({"provider": "myspace"})).await;
    assert_error(&unknown, 400, "unknown_provider");
}
