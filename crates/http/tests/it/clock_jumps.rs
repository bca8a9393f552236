//! Clocks that jump, forward and back: nothing is lost by it, and nobody is let in.

use crate::on_both_engines;
use crate::support::{HOME, On, World};
use serde_json::json;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const WEEK_AND_A_DAY: Duration = Duration::from_secs(8 * 86_400);

on_both_engines!(
    a_sign_in_survives_a_clock_that_is_set_back,
    a_sign_in_that_a_jump_took_past_its_end_lets_nobody_in,
    a_session_ends_with_a_jump_forward_and_is_there_after_one_back,
);

async fn a_sign_in_survives_a_clock_that_is_set_back(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    world.clock.set_back(HOUR);
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    world.clock.set_back(HOUR);
    let done = world.result(&state).await.ok();
    assert_eq!(done["status"], "done", "{done}");
    let token = done["user_token"].as_str().unwrap();
    world.clock.advance(2 * HOUR);
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200, "and when the clock is set right");
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

async fn a_session_ends_with_a_jump_forward_and_is_there_after_one_back(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    let gone = world.sign_in("alice").await;
    let gone = gone["user_token"].as_str().unwrap();
    assert_eq!(world.post_as(gone, "accounts/logout", json!({})).await.status, 200);
    world.clock.set_back(HOUR);
    assert_eq!(world.get_as(gone, "accounts/me").await.status, 401, "a logout is not undone");
    // A token from what is now the future is not accepted yet, and is when the clock is set right.
    assert_eq!(world.get_as(token, "accounts/me").await.status, 401);
    world.clock.advance(HOUR);
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200);
    world.clock.advance(WEEK_AND_A_DAY);
    assert_eq!(world.get_as(token, "accounts/me").await.status, 401);
    world.clock.set_back(WEEK_AND_A_DAY);
    assert_eq!(world.get_as(gone, "accounts/me").await.status, 401, "nor by a jump there and back");
}
