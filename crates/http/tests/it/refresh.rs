//! Refresh tokens: a session that goes on, and what ends it.

use crate::kit::{admin_try, assert_error, assert_field, claims_of, second_door, started};
use crate::on_both_engines;
use crate::person::Browser;
use crate::support::{AWAY, Answer, HOME, On, World};
use downcity_service::Outside;
use downcity_store::testing::number;
use futures::future::join_all;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;

on_both_engines!(
    a_session_goes_on_by_refresh_tokens,
    sixteen_refreshes_at_once_have_one_outcome,
    a_lost_answer_can_be_asked_for_again,
    a_refresh_token_used_twice_ends_the_session,
    a_refresh_token_from_elsewhere_is_not_a_lost_answer,
    a_session_that_was_ended_is_not_refreshed,
    refreshing_ends_with_idleness_and_in_the_end,
    what_another_device_finished_is_refreshed_for_a_week,
    refreshing_and_logging_out_at_once_leaves_nothing,
    every_node_refreshes_and_notices_reuse,
);

const DAY: Duration = Duration::from_secs(86_400);

/// A whole sign-in of alice from `HOME` that asks for a refresh token.
async fn sign_in(world: &World) -> Value {
    let (url, state) = started(world, json!({"refresh": true})).await;
    assert_eq!(world.come_back(HOME, &world.allow(&url, "alice")).await.status, 303);
    let done = world.result(&state).await.ok();
    assert_eq!(world.result(&state).await.ok(), done, "a lost answer is the same to the letter");
    done
}

async fn ready(on: On) -> (World, Value) {
    let world = World::ready(on).await;
    let done = sign_in(&world).await;
    (world, done)
}

async fn refresh_from(world: &World, address: &str, held: &Value) -> Answer {
    let body = json!({"refresh_token": held["refresh_token"], "city_id": "city_demo"});
    world.post_from(address, "accounts/token/refresh", body).await
}

async fn refresh(world: &World, held: &Value) -> Answer {
    refresh_from(world, HOME, held).await
}

async fn me(world: &World, held: &Value) -> u16 {
    world.get_as(held["user_token"].as_str().unwrap(), "accounts/me").await.status
}

fn life(held: &Value) -> i64 {
    let claims = claims_of(held["user_token"].as_str().unwrap());
    claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
}

async fn assert_ended(world: &World, held: &Value) {
    assert_error(&refresh(world, held).await, 401, "invalid_refresh_token");
    assert_eq!(me(world, held).await, 401);
}

/// The next token is the last one: it ends with the session, `left` seconds from now at the most.
async fn assert_last(world: &World, held: &Value, left: u64) {
    let held = refresh(world, held).await.ok();
    let span = i64::try_from(left).unwrap();
    assert!((span - 100..=span).contains(&life(&held)), "no token outlives its session: {}", life(&held));
    assert_eq!(held["expires_at"], held["refresh_expires_at"]);
    world.clock.advance(Duration::from_secs(left));
    assert_ended(world, &held).await;
}

async fn a_session_goes_on_by_refresh_tokens(on: On) {
    let (world, done) = ready(on).await;
    assert_eq!(life(&done), 900, "short-lived");
    assert!(done["refresh_token"].as_str().unwrap().starts_with("ur_"));
    world.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(me(&world, &done).await, 401, "over");
    let answer = refresh(&world, &done).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let next = answer.ok();
    assert_eq!((&next["user_id"], &next["city_id"]), (&done["user_id"], &done["city_id"]));
    assert_ne!(next["refresh_token"], done["refresh_token"]);
    assert_ne!(next["user_token"], done["user_token"]);
    assert_eq!(life(&next), 900);
    let (old, new) =
        (claims_of(done["user_token"].as_str().unwrap()), claims_of(next["user_token"].as_str().unwrap()));
    for same in ["sid", "jti", "sub", "city_id"] {
        assert_eq!(old[same], new[same], "{same}: it is the same session, and nothing is widened");
    }
    let own = world.get_as(next["user_token"].as_str().unwrap(), "accounts/sessions/mine").await.ok();
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
    assert_eq!((&own["items"][0]["refreshable"], &own["items"][0]["current"]), (&json!(true), &json!(true)));
    assert_eq!(number(&world.store, "select count(*) as number from refresh_tokens").await, 1);
    // Who does not ask for it gets what was given before.
    let plain = world.sign_in("alice").await;
    assert!(plain.get("refresh_token").is_none() && plain.get("refresh_expires_at").is_none());
    assert_eq!(life(&plain), 7 * 86_400);
    let without = json!({"refresh_token": plain["user_token"]});
    let refused = world.post_from(HOME, "accounts/token/refresh", without).await;
    assert_error(&refused, 401, "invalid_refresh_token");
}

async fn sixteen_refreshes_at_once_have_one_outcome(on: On) {
    let (world, mut held) = ready(on).await;
    for round in 1..=3 {
        let answers = join_all((0..16).map(|_| refresh(&world, &held))).await;
        let told: HashSet<_> = answers.iter().map(|answer| answer.ok().to_string()).collect();
        assert_eq!(told.len(), 1, "the same tokens to the letter for all: {told:?}");
        held = answers[0].ok();
        assert_eq!(me(&world, &held).await, 200);
        assert_eq!(number(&world.store, "select max(number) as number from refresh_tokens").await, round);
    }
    assert_eq!(number(&world.store, "select count(*) as number from refresh_tokens").await, 1);
    assert_eq!(number(&world.store, "select count(*) as number from sessions").await, 1);
}

async fn a_lost_answer_can_be_asked_for_again(on: On) {
    let (world, done) = ready(on).await;
    let next = refresh(&world, &done).await.ok();
    world.clock.advance(Duration::from_secs(9));
    assert_eq!(refresh(&world, &done).await.ok(), next, "the same answer to the letter");
    let after = refresh(&world, &next).await.ok();
    assert_eq!(me(&world, &after).await, 200);
    // Its answer did arrive, so it was not lost: somebody else has the token.
    assert_error(&refresh(&world, &done).await, 401, "invalid_refresh_token");
    assert_ended(&world, &after).await;
}

async fn a_refresh_token_used_twice_ends_the_session(on: On) {
    let (world, done) = ready(on).await;
    let bystander = sign_in(&world).await;
    let next = refresh(&world, &done).await.ok();
    world.clock.advance(Duration::from_secs(11));
    assert_error(&refresh(&world, &done).await, 401, "invalid_refresh_token");
    assert_ended(&world, &next).await;
    assert_ended(&world, &done).await;
    assert_eq!(me(&world, &bystander).await, 200, "her other session is another family");
    let events = world.get_as(
        secrecy::ExposeSecret::expose_secret(&world.admin_key),
        "accounts/events?type=session.revoked",
    );
    let events = events.await.ok();
    let items = events["items"].as_array().unwrap();
    assert_eq!((items.len(), items[0]["actor"].as_str()), (1, Some("system")), "told once: {events}");
    assert_eq!(items[0]["detail"]["why"], "refresh token used twice");
    // Long afterwards too: what was copied weeks ago is still known to be spent.
    let mut held = bystander.clone();
    for _ in 0..4 {
        world.clock.advance(5 * DAY);
        held = refresh(&world, &held).await.ok();
    }
    assert_error(&refresh_from(&world, AWAY, &bystander).await, 401, "invalid_refresh_token");
    assert_ended(&world, &held).await;
}

async fn a_refresh_token_from_elsewhere_is_not_a_lost_answer(on: On) {
    let (world, done) = ready(on).await;
    let next = refresh_from(&world, AWAY, &done).await.ok();
    assert_eq!(me(&world, &next).await, 200, "people travel");
    assert_error(&refresh(&world, &done).await, 401, "invalid_refresh_token");
    assert_ended(&world, &next).await;
}

async fn a_session_that_was_ended_is_not_refreshed(on: On) {
    let world = World::ready(on).await;
    let held = sign_in(&world).await;
    world.post_as(held["user_token"].as_str().unwrap(), "accounts/logout", json!({})).await.ok();
    assert_ended(&world, &held).await;
    let (held, other) = (sign_in(&world).await, sign_in(&world).await);
    let token = other["user_token"].as_str().unwrap();
    world.post_as(token, "accounts/sessions/revoke-others", json!({})).await.ok();
    assert_ended(&world, &held).await;
    let own = world.get_as(token, "accounts/sessions/mine").await.ok();
    let end = json!({"session_id": own["items"][0]["session_id"]});
    world.admin_post("accounts/sessions/admin-revoke", end).await;
    assert_ended(&world, &other).await;
    let held = sign_in(&world).await;
    world.admin_post("cities/pause", json!({"city_id": "city_demo"})).await;
    assert_error(&refresh(&world, &held).await, 403, "city_paused");
    world.admin_post("cities/activate", json!({"city_id": "city_demo"})).await;
    let held = refresh(&world, &held).await.ok();
    let who = json!({"user_id": held["user_id"]});
    world.admin_post("accounts/users/disable", who.clone()).await;
    assert_error(&refresh(&world, &held).await, 403, "user_disabled");
    world.admin_post("accounts/users/enable", who.clone()).await;
    assert_ended(&world, &held).await;
    let held = sign_in(&world).await;
    world.admin_post("accounts/users/delete", who).await;
    assert_ended(&world, &held).await;
    let held = sign_in(&world).await;
    admin_try(&world, "cities/remove", json!({"city_id": "city_demo"})).await.ok();
    assert_ended(&world, &held).await;
}

async fn refreshing_ends_with_idleness_and_in_the_end(on: On) {
    let (world, idle) = ready(on).await;
    let mut held = sign_in(&world).await;
    world.clock.advance(14 * DAY - Duration::from_secs(5));
    held = refresh(&world, &held).await.ok();
    world.clock.advance(Duration::from_secs(10));
    assert_ended(&world, &idle).await;
    world.clock.advance(14 * DAY - Duration::from_secs(20));
    held = refresh(&world, &held).await.ok();
    world.clock.advance(2 * DAY - Duration::from_secs(300));
    assert_last(&world, &held, 320).await;
    world.store.sweep(world.federation.now()).await.unwrap();
    assert_eq!(number(&world.store, "select count(*) as number from refresh_tokens").await, 0);
}

async fn what_another_device_finished_is_refreshed_for_a_week(on: On) {
    let world = World::ready(on).await;
    let (url, state) = started(&world, json!({"refresh": true})).await;
    let finisher = Browser::at(&world, AWAY);
    finisher.press(&finisher.come_back(&world.allow(&url, "alice")).await, "allow").await;
    let held = world.result(&state).await.ok();
    world.clock.advance(7 * DAY - Duration::from_secs(300));
    assert_last(&world, &held, 300).await;
}

async fn refreshing_and_logging_out_at_once_leaves_nothing(on: On) {
    let world = World::ready(on).await;
    for _ in 0..4 {
        let held = sign_in(&world).await;
        let token = held["user_token"].as_str().unwrap();
        let (refreshed, out) =
            tokio::join!(refresh(&world, &held), world.post_as(token, "accounts/logout", json!({})));
        assert_eq!(out.status, 200);
        assert!(matches!(refreshed.status, 200 | 401), "{}", refreshed.text);
        if refreshed.status == 200 {
            assert_ended(&world, &refreshed.ok()).await;
        }
        assert_ended(&world, &held).await;
    }
}

async fn every_node_refreshes_and_notices_reuse(on: On) {
    let (world, done) = ready(on).await;
    let outside = Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (_federation, other) = second_door(&world, &world.base, outside).await;
    let there = async |held: &Value| {
        let request = world.http.post(format!("{other}/v1/accounts/token/refresh"));
        let body = json!({"refresh_token": held["refresh_token"]});
        Answer::of(request.header("x-forwarded-for", HOME).json(&body)).await
    };
    let next = there(&done).await.ok();
    assert_eq!(me(&world, &next).await, 200);
    assert_eq!(refresh(&world, &done).await.ok(), next, "a lost answer is given again by every node");
    refresh(&world, &next).await.ok();
    assert_error(&there(&done).await, 401, "invalid_refresh_token");
    assert_ended(&world, &next).await;
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let (world, done) = ready(On::Sqlite).await;
    let (hers, text) = (sign_in(&world).await, done["refresh_token"].as_str().unwrap());
    let parts: Vec<_> = text.strip_prefix("ur_").unwrap().split('.').collect();
    let theirs: Vec<_> = hers["refresh_token"].as_str().unwrap()[3..].split('.').collect();
    let ask = |token: Value| world.post_from(HOME, "accounts/token/refresh", json!({"refresh_token": token}));
    for bad in [
        String::new(),
        "ur_".into(),
        text[3..].to_owned(),
        format!("{text}x"),
        format!(" {text}"),
        text.to_uppercase(),
        format!("ur_{}.1.{}", parts[0], parts[2]),
        format!("ur_{}.00.{}", parts[0], parts[2]),
        format!("ur_{}.-1.{}", parts[0], parts[2]),
        format!("ur_{}.0.{}", parts[0], theirs[2]),
        format!("ur_{}.0.{}", theirs[0], parts[2]),
        format!("ur_{}.0.{}", parts[0], "A".repeat(43)),
        done["user_token"].as_str().unwrap().to_owned(),
    ] {
        assert_error(&ask(json!(bad)).await, 401, "invalid_refresh_token");
    }
    assert_field(&world.post_from(HOME, "accounts/token/refresh", json!({})).await, "refresh_token");
    assert_field(&ask(json!(7)).await, "refresh_token");
    // No grant but its own (RFC 9700 §2.4), and no endpoint that would take another.
    let password =
        json!({"grant_type": "password", "username": "alice", "password": "correct horse battery"});
    assert_field(&world.post_from(HOME, "accounts/token/refresh", password.clone()).await, "refresh_token");
    for path in ["/token", "/authorize", "/oauth/token", "/oauth/authorize", "/v1/oauth/token"] {
        let answer = Answer::of(world.http.post(format!("{}{path}", world.base)).form(&password)).await;
        assert_error(&answer, 404, "unknown_route");
    }
    let elsewhere = json!({"refresh_token": text, "city_id": "city_downcity"});
    assert_error(&world.post_from(HOME, "accounts/token/refresh", elsewhere).await, 403, "city_mismatch");
    let bearer = world.post_as("ub_x", "accounts/token/refresh", json!({"refresh_token": text})).await;
    assert_error(&bearer, 401, "invalid_token");
    // None of that ended anything.
    let next = refresh(&world, &done).await.ok();
    assert_eq!((me(&world, &next).await, me(&world, &hers).await), (200, 200));
    // A refresh token opens nothing by itself.
    assert_eq!(world.get_as(next["refresh_token"].as_str().unwrap(), "accounts/me").await.status, 401);
}
