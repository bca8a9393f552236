//! Local sign-in for development: off unless turned on, and for this machine alone.

use crate::kit::{assert_error, assert_field, ready_with, second_door};
use crate::on_both_engines;
use crate::support::{Answer, HOME, On, Plan, World};
use serde_json::{Value, json};

on_both_engines!(a_local_person_signs_in_without_a_provider, a_local_person_signs_in_by_steps);

async fn with_local(on: On) -> World {
    ready_with(Plan { local_login: true, behind_proxy: false, ..Plan::on(on) }).await
}

/// A call from this machine, with more headers.
async fn call(world: &World, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = world.http.post(world.url(path)).json(&body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request).await
}

async fn local(world: &World, name: &str) -> Answer {
    call(world, "accounts/local/login", json!({"name": name, "city_id": "city_demo"}), &[]).await
}

async fn providers(world: &World) -> Vec<String> {
    let listed = Answer::of(world.http.get(world.url("accounts/providers"))).await.ok();
    listed["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn a_local_person_signs_in_without_a_provider(on: On) {
    let world = with_local(on).await;
    assert!(providers(&world).await.contains(&"local".to_owned()));
    let done = local(&world, " 李雷 ").await.ok();
    assert_eq!((&done["status"], &done["provider"]), (&json!("done"), &json!("local")));
    let token = done["user_token"].as_str().unwrap();
    let me = world.get_as(token, "accounts/me").await.ok();
    assert_eq!((&me["profile"]["display_name"], &me["city_id"]), (&json!("李雷"), &json!("city_demo")));
    assert_eq!(local(&world, "李雷").await.ok()["user_id"], done["user_id"]);
    assert_ne!(local(&world, "韩梅梅").await.ok()["user_id"], done["user_id"]);
    assert_field(&local(&world, " ").await, "name");
    assert_field(&local(&world, &"x".repeat(65)).await, "name");
    world.admin_post("accounts/users/disable", json!({"user_id": done["user_id"]})).await;
    assert_error(&local(&world, "李雷").await, 403, "user_disabled");
    let unknown = json!({"name": "a", "city_id": "city_none"});
    assert_error(&call(&world, "accounts/local/login", unknown, &[]).await, 404, "unknown_city");
}

async fn a_local_person_signs_in_by_steps(on: On) {
    let world = with_local(on).await;
    let start = json!({"provider": "local", "city_id": "city_demo"});
    let step = call(&world, "accounts/login/start", start.clone(), &[]).await.ok();
    assert_eq!((&step["status"], &step["inputs"][0]["name"]), (&json!("input_required"), &json!("name")));
    let go_on = |name: &str| json!({"login_id": step["login_id"], "input": {"name": name}});
    let forwarded = [("x-forwarded-for", HOME)];
    for refused in [
        call(&world, "accounts/login/start", start, &forwarded).await,
        call(&world, "accounts/login/continue", go_on("lilei"), &forwarded).await,
    ] {
        assert_error(&refused, 403, "local_only");
    }
    let done = call(&world, "accounts/login/continue", go_on("lilei"), &[]).await.ok();
    assert_eq!(done["status"], "done");
    assert_eq!(local(&world, "lilei").await.ok()["user_id"], done["user_id"]);
    let other = call(&world, "accounts/login/continue", go_on("hanmeimei"), &[]).await;
    assert_error(&other, 410, "already_collected");
}

/// Line 20. What `fed serve` refuses at its start is tested there; this is the second line.
#[tokio::test]
async fn local_login_reachable_from_network() {
    let off = ready_with(Plan { behind_proxy: false, ..Plan::on(On::Sqlite) }).await;
    assert_error(&local(&off, "lilei").await, 400, "provider_not_configured");
    assert!(!providers(&off).await.contains(&"local".to_owned()));
    let start = call(&off, "accounts/login/start", json!({"provider": "local"}), &[]).await;
    assert_error(&start, 400, "provider_not_configured");

    let world = with_local(On::Sqlite).await;
    let body = json!({"name": "lilei", "city_id": "city_demo"});
    for header in [
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
        ("via", "1.1 proxy"),
        ("x-real-ip", "127.0.0.1"),
        // A page elsewhere whose name was pointed at this machine.
        ("host", "evil.example:80"),
    ] {
        let refused = call(&world, "accounts/local/login", body.clone(), &[header]).await;
        assert_error(&refused, 403, "local_only");
    }
    let foreign =
        call(&world, "accounts/local/login", body.clone(), &[("origin", "https://evil.example")]).await;
    assert_error(&foreign, 403, "origin_not_allowed");
    let oauth = call(&world, "accounts/oauth/start", json!({"provider": "local"}), &[]).await;
    assert_error(&oauth, 400, "provider_has_no_page");

    // Behind a trusted proxy, a stranger stays one.
    let proxied = ready_with(Plan { local_login: true, ..Plan::on(On::Sqlite) }).await;
    let refused = proxied.post_from(HOME, "accounts/local/login", body).await;
    assert_error(&refused, 403, "local_only");
}

#[tokio::test]
async fn a_local_session_is_nothing_where_local_sign_in_is_off() {
    let world = with_local(On::Sqlite).await;
    let done = local(&world, "lilei").await.ok();
    let token = done["user_token"].as_str().unwrap();
    let outside = downcity_service::Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (_federation, base) = second_door(&world, &world.base, outside).await;
    let there = Answer::of(world.http.get(format!("{base}/v1/accounts/me")).bearer_auth(token)).await;
    assert_error(&there, 401, "invalid_token");
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200);
    let start = json!({"provider": "local", "city_id": "city_demo", "refresh": true});
    let step = call(&world, "accounts/login/start", start, &[]).await.ok();
    let go_on = json!({"login_id": step["login_id"], "input": {"name": "lilei"}});
    let done = call(&world, "accounts/login/continue", go_on, &[]).await.ok();
    let refresh = json!({"refresh_token": done["refresh_token"]});
    let there = Answer::of(world.http.post(format!("{base}/v1/accounts/token/refresh")).json(&refresh)).await;
    assert_error(&there, 401, "invalid_refresh_token");
    assert_eq!(call(&world, "accounts/token/refresh", refresh, &[]).await.status, 200);
}
