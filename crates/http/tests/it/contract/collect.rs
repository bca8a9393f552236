//! oauth/result: who gets the token, when, and how often.

use crate::kit::{assert_error, assert_field, pkce, started};
use crate::on_both_engines;
use crate::support::{AWAY, Answer, HOME, On, World};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

on_both_engines!(
    a_long_poll_is_woken_by_the_callback,
    the_token_is_handed_out_once_and_again_for_a_minute,
    pkce_decides_who_may_ask,
    an_attempt_ends_after_ten_minutes,
    a_finished_sign_in_waits_a_minute,
);

#[tokio::test]
async fn the_state_is_required_and_must_be_known() {
    let world = World::ready(On::Sqlite).await;
    for path in ["accounts/oauth/result", "accounts/oauth/result?state="] {
        assert_error(&world.get_from(HOME, path).await, 400, "state_required");
    }
    for state in ["x".repeat(43), "short".into(), "x".repeat(10_000)] {
        assert_error(&world.result(&state).await, 404, "unknown_login");
    }
    let state = world.start().await.1;
    for wait in ["-1", "soon", "1.5", "99999999999999999999999"] {
        let path = format!("accounts/oauth/result?state={state}&wait={wait}");
        assert_field(&world.get_from(HOME, &path).await, "wait");
    }
    assert_field(&world.get_from(HOME, "accounts/oauth/result?state=a&state=b").await, "state");
}

/// The answer comes because of the wake-up: the request would wait 25 s, and the callback comes after 0.4 s.
async fn a_long_poll_is_woken_by_the_callback(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    let path = format!("accounts/oauth/result?state={state}&wait=25");
    let begun = Instant::now();
    let (told, settled) = tokio::join!(world.get_from(HOME, &path), async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(world.come_back(HOME, &world.allow(&url, "alice")).await.status, 303);
        Instant::now()
    });
    let told_at = Instant::now();
    assert_eq!(told.ok()["status"], "done");
    assert!(told_at - begun >= Duration::from_millis(350), "it did wait");
    assert!(told_at.saturating_duration_since(settled) < Duration::from_secs(2), "{:?}", told_at - begun);
    assert_eq!(told.header("cache-control"), "no-store");
}

/// On one node the wake-up is no poll in disguise: well below the half second at which shared databases are
/// looked at again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_waiters_are_all_woken() {
    let world = World::ready(On::Sqlite).await;
    let mut delays = Vec::new();
    // A poll would be late by its rest in every round, a busy machine is so only in some.
    while delays.len() < 8 && delays.iter().all(|delay| *delay >= Duration::from_millis(250)) {
        let (url, state) = world.start().await;
        let path = format!("accounts/oauth/result?state={state}&wait=25");
        let waiters = futures::future::join_all((0..8).map(|_| world.get_from(HOME, &path)));
        let (told, settled) = tokio::join!(waiters, async {
            // Just after a poll every half second would have looked.
            tokio::time::sleep(Duration::from_millis(550)).await;
            world.come_back(HOME, &world.allow(&url, "alice")).await;
            Instant::now()
        });
        delays.push(settled.elapsed());
        let tokens: std::collections::HashSet<_> =
            told.iter().map(|answer| answer.ok()["user_token"].as_str().unwrap().to_owned()).collect();
        assert_eq!(tokens.len(), 1, "the same caller gets the same token");
    }
    assert!(delays.iter().any(|delay| *delay < Duration::from_millis(250)), "{delays:?}");
}

#[tokio::test]
async fn a_wait_that_sees_nothing_ends_as_pending() {
    let world = World::ready(On::Sqlite).await;
    let (_, state) = world.start().await;
    let begun = Instant::now();
    let told = world.get_from(HOME, &format!("accounts/oauth/result?state={state}&wait=1")).await.ok();
    assert_eq!(told["status"], "pending");
    assert!(told["interval"].as_u64().unwrap() > 0);
    assert!(begun.elapsed() >= Duration::from_millis(950), "{:?}", begun.elapsed());
}

async fn the_token_is_handed_out_once_and_again_for_a_minute(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    let first = world.result(&state).await.ok();
    world.clock.advance(Duration::from_secs(55));
    assert_eq!(world.result(&state).await.ok(), first, "a lost answer");
    let elsewhere = world.get_from(AWAY, &format!("accounts/oauth/result?state={state}")).await;
    assert_error(&elsewhere, 403, "other_client");
    world.clock.advance(Duration::from_secs(6));
    assert_error(&world.result(&state).await, 410, "already_collected");
    let token = first["user_token"].as_str().unwrap();
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200, "the token itself lives on");
}

#[tokio::test]
async fn a_token_logged_out_is_not_handed_out_again() {
    let world = World::ready(On::Sqlite).await;
    let (url, state) = world.start().await;
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    let first = world.result(&state).await.ok();
    world.post_as(first["user_token"].as_str().unwrap(), "accounts/logout", json!({})).await.ok();
    assert_error(&world.result(&state).await, 410, "already_collected");
}

async fn pkce_decides_who_may_ask(on: On) {
    let world = World::ready(on).await;
    let (verifier, challenge) = pkce();
    let more = json!({"code_challenge": challenge, "code_challenge_method": "S256"});
    let (url, state) = started(&world, more).await;
    let ask = |verifier: &str| format!("accounts/oauth/result?state={state}&code_verifier={verifier}");
    assert_error(&world.result(&state).await, 403, "code_verifier_required");
    let wrong = format!("{}A", &verifier[..42]);
    assert_error(&world.get_from(HOME, &ask(&wrong)).await, 403, "code_verifier_wrong");
    assert_eq!(world.get_from(HOME, &ask(&verifier)).await.ok()["status"], "pending");
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    assert_error(&world.result(&state).await, 403, "code_verifier_required");
    assert_error(&world.get_from(HOME, &ask(&wrong)).await, 403, "code_verifier_wrong");
    assert_error(&world.get_from(HOME, &ask(&challenge)).await, 403, "code_verifier_wrong");
    let events = format!("accounts/oauth/events?state={state}&code_verifier={wrong}");
    assert_error(&world.get_from(HOME, &events).await, 403, "code_verifier_wrong");
    let done = world.get_from(AWAY, &ask(&verifier)).await.ok();
    assert_eq!(done["status"], "done", "the verifier counts, not the address");
    assert_eq!(world.get_from(HOME, &ask(&verifier)).await.ok(), done, "also for asking again");
}

async fn an_attempt_ends_after_ten_minutes(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    world.clock.advance(Duration::from_secs(598));
    assert_eq!(world.result(&state).await.ok()["status"], "pending");
    world.clock.advance(Duration::from_secs(2));
    assert_error(&world.result(&state).await, 410, "login_expired");
    let late = world.come_back(HOME, &callback).await;
    assert_eq!(late.status, 303);
    assert!(late.header("location").ends_with("problem=login_expired"), "{}", late.header("location"));
    assert_eq!(world.sim.count("access_token"), 0, "WeChat was not asked");
    assert_error(&world.result(&state).await, 410, "login_expired");
}

async fn a_finished_sign_in_waits_a_minute(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    world.clock.advance(Duration::from_secs(61));
    assert_error(&world.result(&state).await, 410, "login_expired");
}

/// Rule 3 of the contract: the browser that started may collect from anywhere, by its cookie.
#[tokio::test]
async fn the_browser_that_started_may_collect_from_another_address() {
    let world = World::ready(On::Sqlite).await;
    let body = json!({"provider": "wechat", "city_id": "city_demo"});
    let start = world.post_from(HOME, "accounts/oauth/start", body).await;
    let (cookies, started) = (start.cookies(), start.ok());
    let callback = world.allow(started["url"].as_str().unwrap(), "alice");
    let browser =
        |url: String| world.http.get(url).header("x-forwarded-for", AWAY).header("cookie", cookies.clone());
    assert_eq!(Answer::of(browser(callback)).await.status, 303);
    let state = started["state"].as_str().unwrap();
    let path = world.url(&format!("accounts/oauth/result?state={state}"));
    let stranger = world.http.get(&path).header("x-forwarded-for", AWAY);
    assert_error(&Answer::of(stranger).await, 403, "other_client");
    assert_eq!(Answer::of(browser(path)).await.ok()["status"], "done");
}

#[tokio::test]
async fn a_city_paused_meanwhile_gets_no_token() {
    let world = World::ready(On::Sqlite).await;
    let (url, before_callback) = world.start().await;
    let callback = world.allow(&url, "alice");
    let (other_url, before_collecting) = world.start().await;
    world.come_back(HOME, &world.allow(&other_url, "alice")).await;
    world.admin_post("cities/pause", json!({"city_id": "city_demo"})).await;
    world.come_back(HOME, &callback).await;
    for state in [before_callback, before_collecting] {
        let told = world.result(&state).await.ok();
        assert_eq!((&told["status"], &told["code"]), (&json!("failed"), &json!("city_unavailable")));
    }
}
