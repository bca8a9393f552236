//! Clocks that jump, forward and back, and clocks that show a leap second by showing another one twice: nothing is lost
//! by it, and nobody is let in.

use crate::kit::{admin_get, assert_error, claims_of, ready_with, started};
use crate::on_both_engines;
use crate::support::{HOME, On, Plan, World};
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const WEEK_AND_A_DAY: Duration = Duration::from_secs(8 * 86_400);

on_both_engines!(
    a_sign_in_survives_a_clock_that_is_set_back,
    a_sign_in_that_a_jump_took_past_its_end_lets_nobody_in,
    a_session_ends_with_a_jump_forward_and_is_there_after_one_back,
    a_leap_second_at_any_step_of_a_sign_in_stops_nobody,
    a_leap_second_between_refreshes_ends_no_session,
    a_leap_second_gives_nobody_more_tries_and_takes_none,
    a_leap_second_makes_housekeeping_forget_and_count_nothing_twice,
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

const SECOND: Duration = Duration::from_secs(1);

/// A Federation whose time stands still at the end of a second that it is about to show again.
async fn before_midnight(on: On, starts_per_minute: u32) -> World {
    let world = ready_with(Plan { starts_per_minute, ..Plan::on(on) }).await;
    world.clock.stop();
    world.clock.advance(Duration::from_millis(999));
    world
}

async fn a_leap_second_at_any_step_of_a_sign_in_stops_nobody(on: On) {
    let world = before_midnight(on, 0).await;
    for step in 0..4 {
        let at = |this: i32| {
            if this == step {
                world.clock.set_back(SECOND);
            }
        };
        let (url, state) = world.start().await;
        at(0);
        let callback = world.allow(&url, "alice");
        assert_eq!(world.come_back(HOME, &callback).await.status, 303, "step {step}");
        at(1);
        let done = world.result(&state).await.ok();
        assert_eq!(done["status"], "done", "step {step}: {done}");
        at(2);
        let token = done["user_token"].as_str().unwrap();
        let now = world.federation.now().0 / 1000;
        assert!(step != 2 || claims_of(token)["iat"].as_i64() == Some(now + 1), "made in the future");
        assert_eq!(world.get_as(token, "accounts/me").await.status, 200, "step {step}");
        assert_eq!(world.result(&state).await.ok(), done, "a lost answer is the same, step {step}");
        at(3);
        // Nor does what was ended come back with the second.
        assert_eq!(world.post_as(token, "accounts/logout", json!({})).await.status, 200);
        world.clock.set_back(SECOND);
        assert_eq!(world.get_as(token, "accounts/me").await.status, 401, "step {step}");
        world.clock.advance(2 * SECOND);
    }
}

async fn a_leap_second_between_refreshes_ends_no_session(on: On) {
    let world = before_midnight(on, 0).await;
    let (url, state) = started(&world, json!({"refresh": true})).await;
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    let mut held = world.result(&state).await.ok();
    let refresh = async |held: &Value| {
        world.post_from(HOME, "accounts/token/refresh", json!({"refresh_token": held["refresh_token"]})).await
    };
    for _ in 0..3 {
        world.clock.set_back(SECOND);
        let next = refresh(&held).await.ok();
        world.clock.set_back(SECOND);
        assert_eq!(refresh(&held).await.ok(), next, "a lost answer is the same to the letter");
        assert_eq!(world.get_as(next["user_token"].as_str().unwrap(), "accounts/me").await.status, 200);
        held = next;
    }
    // And a copy that is used late is still noticed.
    let next = refresh(&held).await.ok();
    world.clock.set_back(SECOND);
    world.clock.advance(13 * SECOND);
    assert_error(&refresh(&held).await, 401, "invalid_refresh_token");
    assert_error(&refresh(&next).await, 401, "invalid_refresh_token");
}

async fn a_leap_second_gives_nobody_more_tries_and_takes_none(on: On) {
    let world = before_midnight(on, 8).await;
    let mut fine = 0;
    for _ in 0..16 {
        let body = json!({"provider": "wechat", "city_id": "city_demo"});
        let told = world.post_from(HOME, "accounts/oauth/start", body).await;
        match told.status {
            200 => fine += 1,
            _ => {
                assert_error(&told, 429, "too_many_tries");
                let wait: u64 = told.header("retry-after").parse().unwrap();
                assert!((1..=62).contains(&wait), "{wait}");
            }
        }
        if fine == 4 {
            world.clock.set_back(SECOND);
        }
    }
    assert_eq!(fine, 8);
}

async fn a_leap_second_makes_housekeeping_forget_and_count_nothing_twice(on: On) {
    let world = before_midnight(on, 0).await;
    let token = world.sign_in("alice").await["user_token"].as_str().unwrap().to_owned();
    world.clock.advance(Duration::from_secs(700));
    let (url, state) = world.start().await;
    for _ in 0..3 {
        assert!(world.federation.count_sign_ins().await);
        world.store.sweep(world.federation.now()).await.unwrap();
        world.clock.set_back(SECOND);
        assert_eq!(world.get_as(&token, "accounts/me").await.status, 200);
    }
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    assert_eq!(world.result(&state).await.ok()["status"], "done");
    let total = admin_get(&world, "federation/overview").await.ok()["total"].clone();
    assert_eq!((&total["started"], &total["done"]), (&json!(2), &json!(2)), "{total}");
}
