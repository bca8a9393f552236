//! Clocks that jump, forward and back: nothing is lost by it, and nobody is let in.

use crate::on_both_engines;
use crate::support::{HOME, On, Plan, World};
use serde_json::json;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const WEEK_AND_A_DAY: Duration = Duration::from_secs(8 * 86_400);

on_both_engines!(
    a_sign_in_survives_a_clock_that_is_set_back,
    a_sign_in_that_a_jump_took_past_its_end_lets_nobody_in,
    a_session_ends_with_a_jump_forward_and_not_with_one_back,
    a_limit_does_not_last_longer_for_a_clock_that_is_set_back,
);

async fn a_sign_in_survives_a_clock_that_is_set_back(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    world.clock.set_back(HOUR);
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    world.clock.set_back(HOUR);
    let done = world.result(&state).await.ok();
    assert_eq!(done["status"], "done", "{done}");
    assert_eq!(world.result(&state).await.code(), "already_collected", "and it is handed out once");
    let token = done["user_token"].as_str().unwrap();
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200);
    world.clock.advance(2 * HOUR);
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200, "and when the clock is set right");
    assert_eq!(world.result(&state).await.status, 410);
}

async fn a_sign_in_that_a_jump_took_past_its_end_lets_nobody_in(on: On) {
    let world = World::ready(on).await;
    let (url, early) = world.start().await;
    let callback = world.allow(&url, "alice");
    let (finished, late) = world.start().await;
    world.come_back(HOME, &world.allow(&finished, "alice")).await;
    world.clock.advance(HOUR);
    world.come_back(HOME, &callback).await;
    for state in [&early, &late] {
        let told = world.result(state).await;
        assert!(
            told.status == 410 || told.status == 404 || told.json()["status"] == "failed",
            "{}",
            told.text
        );
        assert!(!told.text.contains("user_token"), "{}", told.text);
    }
    // A new one is as good as ever.
    world.sign_in("alice").await;
}

async fn a_session_ends_with_a_jump_forward_and_not_with_one_back(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    let gone = world.sign_in("alice").await;
    let gone = gone["user_token"].as_str().unwrap();
    assert_eq!(world.post_as(gone, "accounts/logout", json!({})).await.status, 200);
    world.clock.set_back(HOUR);
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200);
    assert_eq!(world.get_as(gone, "accounts/me").await.status, 401, "a logout is not undone");
    world.clock.advance(HOUR + WEEK_AND_A_DAY);
    assert_eq!(world.get_as(token, "accounts/me").await.status, 401);
    world.clock.set_back(WEEK_AND_A_DAY);
    assert_eq!(world.get_as(gone, "accounts/me").await.status, 401, "nor by a jump there and back");
}

async fn a_limit_does_not_last_longer_for_a_clock_that_is_set_back(on: On) {
    let world = World::planned(Plan { starts_per_minute: 3, ..Plan::on(on) }).await;
    world.set_up_wechat().await;
    let start =
        async || world.post_from(HOME, "accounts/oauth/start", json!({"provider": "wechat"})).await.status;
    let exhaust = async || {
        for _ in 0..10 {
            if start().await == 429 {
                return;
            }
        }
        panic!("there is a limit");
    };
    exhaust().await;
    world.clock.set_back(HOUR);
    exhaust().await;
    world.clock.advance(Duration::from_secs(70));
    assert_eq!(start().await, 200, "a minute later, by the clock as it is now");
    exhaust().await;
    world.clock.advance(HOUR);
    assert_eq!(start().await, 200);
}
