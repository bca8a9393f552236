//! accounts: providers, oauth/start, oauth/events, me, logout.

use crate::kit::{admin_try, assert_error, assert_field, start_with, started};
use crate::on_both_engines;
use crate::support::{Answer, HOME, On, World};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

on_both_engines!(logout_revokes_the_session_and_only_that, me_tells_what_clients_read);

#[tokio::test]
async fn provider_labels_follow_the_language() {
    let world = World::ready(On::Sqlite).await;
    for (accept, label) in
        [("zh-CN,zh;q=0.9,en;q=0.8", "微信"), ("en-GB", "WeChat"), ("fr", "WeChat"), ("fr, zh;q=0.1", "微信")]
    {
        let request = world.http.get(world.url("accounts/providers")).header("accept-language", accept);
        assert_eq!(Answer::of(request).await.ok()["items"][0]["label"], label, "{accept}");
    }
}

#[tokio::test]
async fn start_answers_what_clients_read() {
    let world = World::ready(On::Sqlite).await;
    let answer = start_with(&world, json!({})).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let started = answer.ok();
    let state = started["state"].as_str().unwrap();
    assert!(state.len() <= 64 && state.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
    assert_eq!(started["provider"], "wechat");
    assert!(started["interval"].as_u64().unwrap() > 0);
    assert!(started["expires_at"].as_str().unwrap().ends_with('Z'), "{started}");
    assert!(answer.header("set-cookie").contains("HttpOnly; SameSite=Lax"), "{:?}", answer.headers);
    let again = start_with(&world, json!({})).await.ok();
    assert_ne!(again["state"], started["state"]);
}

#[tokio::test]
async fn start_refuses_before_anybody_scans() {
    let world = World::ready(On::Sqlite).await;
    for (more, status, code) in [
        (json!({"city_id": "city_none"}), 404, "unknown_city"),
        (json!({"provider": "weixin"}), 400, "unknown_provider"),
        (json!({"provider": ""}), 400, "unknown_provider"),
        (json!({"provider": "x".repeat(100_000)}), 400, "unknown_provider"),
    ] {
        assert_error(&start_with(&world, more).await, status, code);
    }
    world.admin_post("cities/pause", json!({"city_id": "city_demo"})).await;
    assert_error(&start_with(&world, json!({})).await, 403, "city_paused");
    world.admin_post("cities/activate", json!({"city_id": "city_demo"})).await;
    assert_eq!(start_with(&world, json!({})).await.status, 200);
}

#[tokio::test]
async fn start_names_the_field_at_fault() {
    let world = World::ready(On::Sqlite).await;
    for (more, field) in [
        (json!({"city_id": "x".repeat(65)}), "city_id"),
        (json!({"city_id": "a b"}), "city_id"),
        (json!({"city_id": 7}), "city_id"),
        (json!({"provider": null}), "provider"),
        (json!({"provider": "weixin"}), "provider"),
        (json!({"provider": "github"}), "provider"),
        (json!({"provider": "email"}), "provider"),
        (json!({"lang": "fr"}), "lang"),
        (json!({"fast_login": "yes"}), "fast_login"),
        (json!({"code_challenge": "short"}), "code_challenge"),
        (
            json!({"code_challenge": "A".repeat(43), "code_challenge_method": "plain"}),
            "code_challenge_method",
        ),
        (json!({"code_challenge_method": "S256"}), "code_challenge"),
        (json!({"return_to": "https://not-listed.example/"}), "return_to"),
        (json!({"return_to": "not a url"}), "return_to"),
    ] {
        let answer = start_with(&world, more.clone()).await;
        assert_eq!(answer.json()["details"]["field"], field, "{more}: {}", answer.text);
        assert_eq!(answer.status, 400, "{more}");
    }
    let missing = world.post_from(HOME, "accounts/oauth/start", json!({"city_id": "city_demo"})).await;
    assert_field(&missing, "provider");
}

#[tokio::test]
async fn an_absent_city_means_city_downcity_which_always_exists() {
    let world = World::ready(On::Sqlite).await;
    let start = world.post_from(HOME, "accounts/oauth/start", json!({"provider": "wechat"})).await.ok();
    let callback = world.allow(start["url"].as_str().unwrap(), "alice");
    world.come_back(HOME, &callback).await;
    let done = world.result(start["state"].as_str().unwrap()).await.ok();
    assert_eq!(done["city_id"], "city_downcity");
}

#[tokio::test]
async fn language_and_fast_login_reach_wechat() {
    let world = World::ready(On::Sqlite).await;
    for (more, expected, unexpected) in [
        (json!({"lang": "zh"}), "&lang=cn", "fast_login"),
        (json!({"lang": "en", "fast_login": false}), "&fast_login=0", "lang=cn"),
        (json!({}), "#wechat_redirect", "&lang="),
    ] {
        let (url, _) = started(&world, more).await;
        assert!(url.contains(expected) && !url.contains(unexpected), "{url}");
    }
    // Of somebody who asked for none it is their browser's.
    for (accept, expected) in [("en-GB,en;q=0.9", "&lang=en#"), ("zh-CN", "&lang=cn#"), ("fr", "#")] {
        let request = world.http.post(world.url("accounts/oauth/start")).header("accept-language", accept);
        let started = Answer::of(request.json(&json!({"provider": "wechat"}))).await.ok();
        let state = started["state"].as_str().unwrap();
        let url = started["url"].as_str().unwrap();
        assert!(url.contains(&format!("&state={state}{expected}")), "{accept}: {url}");
    }
    world.admin_post("env/upsert", json!({"key": "WECHAT_FAST_LOGIN", "value": "0"})).await;
    assert!(started(&world, json!({})).await.0.contains("&fast_login=0"));
}

#[tokio::test]
async fn events_send_one_result_and_end() {
    let world = World::ready(On::Sqlite).await;
    let (url, state) = world.start().await;
    let path = format!("accounts/oauth/events?state={state}");
    let (events, callback_done) = tokio::join!(world.get_from(HOME, &path), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let callback = world.allow(&url, "alice");
        world.come_back(HOME, &callback).await;
        Instant::now()
    });
    assert!(callback_done.elapsed() < Duration::from_secs(3), "woken by the callback");
    assert_eq!(events.status, 200);
    assert_eq!(events.header("content-type"), "text/event-stream");
    assert_eq!(events.header("cache-control"), "no-store", "it carries a token");
    assert_eq!(events.text.matches("event: result").count(), 1, "{}", events.text);
    let data = events.text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["status"], "done");
    assert_eq!(world.get_as(data["user_token"].as_str().unwrap(), "accounts/me").await.status, 200);
}

#[tokio::test]
async fn events_refuse_with_a_status_while_they_can() {
    let world = World::ready(On::Sqlite).await;
    assert_error(&world.get_from(HOME, "accounts/oauth/events").await, 400, "state_required");
    let unknown = format!("accounts/oauth/events?state={}", "x".repeat(43));
    assert_error(&world.get_from(HOME, &unknown).await, 404, "unknown_login");
}

/// A `result` is the outcome of the sign-in: what is wrong with the question is told to whoever asks again, by a status.
#[tokio::test]
async fn events_that_cannot_tell_the_outcome_end_without_one() {
    let world = World::ready(On::Sqlite).await;
    let done = "https://app.example.com/done";
    world.admin_post("cities/update", json!({"city_id": "city_demo", "allowed_redirects": [done]})).await;
    let (url, state) = started(&world, json!({"return_to": done})).await;
    let path = format!("accounts/oauth/events?state={state}");
    let (events, ()) = tokio::join!(world.get_from(HOME, &path), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.come_back(HOME, &world.allow(&url, "alice")).await;
    });
    assert_eq!(events.status, 200);
    assert_eq!(events.text.trim(), "retry: 1000");
    assert_error(&world.get_from(HOME, &path).await, 403, "login_code_required");
}

async fn me_tells_what_clients_read(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("zhangsan").await;
    let answer = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let me = answer.ok();
    assert_eq!(me["user"]["user_id"], done["user_id"]);
    assert_eq!(me["profile"]["user_id"], done["user_id"]);
    assert_eq!(me["profile"]["display_name"], "张三🌟");
    assert_eq!((&me["profile"]["email"], &me["profile"]["bio"]), (&Value::Null, &Value::Null));
    assert!(me["profile"].as_object().unwrap().contains_key("email"), "null, not absent");
    assert_eq!(me["session"]["provider"], "wechat");
    assert_eq!(me["session"]["expires_at"], done["expires_at"]);
    assert!(me["user"].get("metadata").is_none());
}

#[tokio::test]
async fn me_needs_a_user() {
    let world = World::ready(On::Sqlite).await;
    let guest = world.get_from(HOME, "accounts/me").await;
    assert_error(&guest, 401, "authentication_required");
    assert_eq!(guest.header("www-authenticate"), "Bearer");
    let admin = world.get_as(world.admin_key.expose_secret(), "accounts/me").await;
    assert_error(&admin, 403, "user_only");
}

#[tokio::test]
async fn the_scheme_may_be_in_any_letter_case() {
    let world = World::ready(On::Sqlite).await;
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    for scheme in ["bearer", "BEARER", "BeArEr"] {
        let request =
            world.http.get(world.url("accounts/me")).header("authorization", format!("{scheme} {token}"));
        assert_eq!(Answer::of(request).await.status, 200, "{scheme}");
    }
    let request = world.http.get(world.url("accounts/me")).header("authorization", format!("Basic {token}"));
    assert_error(&Answer::of(request).await, 401, "invalid_token");
}

async fn logout_revokes_the_session_and_only_that(on: On) {
    let world = World::ready(on).await;
    let (first, second) = (world.sign_in("alice").await, world.sign_in("alice").await);
    assert_eq!(first["user_id"], second["user_id"]);
    let (first, second) = (first["user_token"].as_str().unwrap(), second["user_token"].as_str().unwrap());
    assert_ne!(first, second);
    assert_eq!(world.post_as(first, "accounts/logout", json!({})).await.ok(), json!({"success": true}));
    assert_error(&world.get_as(first, "accounts/me").await, 401, "invalid_token");
    assert_error(&world.post_as(first, "accounts/logout", json!({})).await, 401, "invalid_token");
    assert_eq!(world.get_as(second, "accounts/me").await.status, 200);
    let bodyless = world.http.post(world.url("accounts/logout")).bearer_auth(second);
    assert_eq!(Answer::of(bodyless).await.status, 200, "a body is not needed");
}

#[tokio::test]
async fn a_user_may_name_only_their_own_city() {
    let world = World::ready(On::Sqlite).await;
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    let other = json!({"provider": "wechat", "city_id": "city_downcity"});
    assert_error(&world.post_as(token, "accounts/oauth/start", other).await, 403, "city_mismatch");
    let other = json!({"city_id": "city_downcity"});
    assert_error(&world.post_as(token, "accounts/logout", other).await, 403, "city_mismatch");
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200, "still signed in");
    let admin = json!({"provider": "wechat", "city_id": "city_downcity"});
    assert_eq!(admin_try(&world, "accounts/oauth/start", admin).await.status, 200);
}
