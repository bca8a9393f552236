//! `token/introspect`: what a token is worth at this moment, told to admins alone (RFC 7662).

use crate::kit::{assert_error, assert_field, claims_of, second_door, signed_by_us, started};
use crate::on_both_engines;
use crate::support::{HOME, On, World};
use downcity_service::Outside;
use downcity_store::testing::number;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(a_good_token_is_described, what_would_be_refused_is_not_active);

async fn ask(world: &World, token: &str) -> Value {
    let hint = if token.starts_with("ur_") { "refresh_token" } else { "access_token" };
    world.admin_post("accounts/token/introspect", json!({"token": token, "token_type_hint": hint})).await
}

async fn sign_in(world: &World) -> Value {
    let (url, state) = started(world, json!({"refresh": true})).await;
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    world.result(&state).await.ok()
}

async fn a_good_token_is_described(on: On) {
    let world = World::ready(on).await;
    let done = sign_in(&world).await;
    let token = done["user_token"].as_str().unwrap();
    let (told, claims) = (ask(&world, token).await, claims_of(token));
    assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("Bearer")));
    for same in ["sub", "user_id", "city_id", "iss", "aud", "jti", "iat", "exp"] {
        assert_eq!(told[same], claims[same], "{same}");
    }
    assert_eq!((&told["provider"], &told["session_id"]), (&json!("wechat"), &claims["jti"]));
    assert!(!told.to_string().contains(claims["sid"].as_str().unwrap()), "not the session's key");
    let refresh = done["refresh_token"].as_str().unwrap();
    for _ in 0..3 {
        let told = ask(&world, refresh).await;
        assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("refresh_token")));
        assert_eq!((&told["sub"], &told["session_id"]), (&done["user_id"], &claims["jti"]));
        assert!(told.get("aud").is_none(), "it is for nobody but this Federation");
    }
    let body = json!({"token": refresh});
    let unasked = world.admin_post("accounts/token/introspect", body).await;
    assert_eq!(unasked, json!({"active": false}), "nobody takes it for a sign-in");
    let asked = "select max(number) as number from refresh_tokens";
    assert_eq!(number(&world.store, asked).await, 0, "looking does not use it up");
    let by_hand = json!({"city_id": "city_demo", "user_id": "own-7", "metadata": {"plan": "pro"}});
    let by_hand = world.admin_post("cities/tokens/apply", by_hand).await;
    let told = ask(&world, by_hand["user_token"].as_str().unwrap()).await;
    assert_eq!((&told["metadata"], &told["provider"]), (&json!({"plan": "pro"}), &json!("token")));
}

async fn assert_inactive(world: &World, token: &str, why: &str) {
    assert_eq!(ask(world, token).await, json!({"active": false}), "{why}");
}

async fn what_would_be_refused_is_not_active(on: On) {
    let world = World::ready(on).await;
    let (done, other) = (sign_in(&world).await, sign_in(&world).await);
    let (token, refresh) = (done["user_token"].as_str().unwrap(), done["refresh_token"].as_str().unwrap());
    let admin = world.admin_key.expose_secret();
    for nothing in ["", "x", "ub_", "ub_a.b.c", "ur_a.0.b", admin, &token[3..], &format!("{token}x")] {
        assert_inactive(&world, nothing, nothing).await;
    }
    let mut foreign = claims_of(token);
    foreign["aud"] = json!("downcity:admin");
    assert_inactive(&world, &signed_by_us(&world, &foreign).await, "another audience").await;

    let body = json!({"refresh_token": refresh});
    let next = world.post_from(HOME, "accounts/token/refresh", body).await.ok();
    assert_inactive(&world, refresh, "spent").await;
    let next_refresh = next["refresh_token"].as_str().unwrap();
    assert_eq!(ask(&world, next_refresh).await["active"], true, "asking about a spent one ends nothing");

    let city = json!({"city_id": "city_demo"});
    world.admin_post("cities/pause", city.clone()).await;
    for one in [token, next_refresh] {
        assert_inactive(&world, one, "a paused city").await;
    }
    world.admin_post("cities/activate", city).await;
    assert_eq!(ask(&world, token).await["active"], true);

    let outside = Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (node, _) = second_door(&world, &world.base, outside).await;
    world.post_as(token, "accounts/logout", json!({})).await.ok();
    for one in [token, next_refresh] {
        assert_inactive(&world, one, "logged out").await;
        assert!(node.introspect(one, one.starts_with("ur_")).await.unwrap().is_none(), "on every node");
    }
    let theirs = other["user_token"].as_str().unwrap();
    world.clock.advance(Duration::from_secs(1000));
    assert_inactive(&world, theirs, "over").await;
    let theirs = other["refresh_token"].as_str().unwrap();
    assert_eq!(ask(&world, theirs).await["active"], true);
    world.admin_post("accounts/users/disable", json!({"user_id": other["user_id"]})).await;
    assert_inactive(&world, theirs, "disabled").await;
}

#[tokio::test]
async fn only_admins_ask_what_a_token_is_worth() {
    // On SQLite reading goes on until the process ends.
    let world = World::ready(On::Postgres).await;
    let done = sign_in(&world).await;
    let token = done["user_token"].as_str().unwrap();
    let body = json!({ "token": token });
    let guest = world.post_from(HOME, "accounts/token/introspect", body.clone()).await;
    assert_error(&guest, 401, "authentication_required");
    assert_error(&world.post_as(token, "accounts/token/introspect", body).await, 403, "admin_only");
    let admin = world.admin_key.expose_secret();
    assert_field(&world.post_as(admin, "accounts/token/introspect", json!({})).await, "token");
    // An answer of "not active" must not be what a database that is down looks like.
    world.store.close().await;
    let down = world.post_as(admin, "accounts/token/introspect", json!({"token": token})).await;
    assert_error(&down, 503, "unavailable");
}
