//! user_token: issued by an admin, verified offline, and what it says.

use crate::kit::{admin_try, assert_error, assert_field, claims_of};
use crate::on_both_engines;
use crate::support::{Answer, On, World};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(an_admin_issues_tokens_for_a_products_own_users, a_token_ends_when_it_says);

async fn an_admin_issues_tokens_for_a_products_own_users(on: On) {
    let world = World::ready(on).await;
    let metadata = json!({"plan": "pro", "数": [1, 2.5, null, {"deep": true}], "quote": "\"'\\\u{0}"});
    let body = json!({"city_id": "city_demo", "user_id": "shop-user_42", "metadata": metadata, "ttl": "1h"});
    let answer = admin_try(&world, "cities/tokens/apply", body).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let issued = answer.ok();
    assert_eq!((&issued["city_id"], &issued["user_id"]), (&json!("city_demo"), &json!("shop-user_42")));
    let token = issued["user_token"].as_str().unwrap();
    let me = world.get_as(token, "accounts/me").await.ok();
    assert_eq!(me["user"]["user_id"], "shop-user_42");
    assert_eq!(me["user"]["metadata"], metadata);
    assert_eq!((&me["profile"]["display_name"], &me["profile"]["email"]), (&Value::Null, &Value::Null));
    assert_eq!(me["session"]["provider"], "token");
    let claims = claims_of(token);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    assert_eq!(world.post_as(token, "accounts/logout", json!({})).await.status, 200);
    assert_error(&world.get_as(token, "accounts/me").await, 401, "invalid_token");
}

#[tokio::test]
async fn metadata_of_any_depth_that_is_taken_also_works() {
    let world = World::ready(On::Sqlite).await;
    for depth in [10, 100, 120, 124, 125, 126, 127, 128, 200] {
        let metadata = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        let body = format!(r#"{{"city_id":"city_demo","user_id":"u","metadata":{metadata}}}"#);
        let request =
            world.http.post(world.url("cities/tokens/apply")).header("content-type", "application/json");
        let key = secrecy::ExposeSecret::expose_secret(&world.admin_key);
        let answer = Answer::of(request.bearer_auth(key).body(body)).await;
        if answer.status != 200 {
            assert_error(&answer, 400, "bad_json");
            continue;
        }
        let me = world.get_as(answer.ok()["user_token"].as_str().unwrap(), "accounts/me").await;
        assert_eq!(me.status, 200, "depth {depth}: {}", me.text);
    }
}

#[tokio::test]
async fn the_largest_metadata_makes_a_token_that_works() {
    let world = World::ready(On::Sqlite).await;
    let apply = |length: usize| {
        let metadata = json!({"a": "\u{1}".repeat(length / 6)});
        json!({"city_id": "city_demo", "user_id": "u".repeat(128), "metadata": metadata})
    };
    let issued = world.admin_post("cities/tokens/apply", apply(4080)).await;
    let me = world.get_as(issued["user_token"].as_str().unwrap(), "accounts/me").await;
    assert_eq!(me.status, 200, "{}", me.text);
    assert_field(&admin_try(&world, "cities/tokens/apply", apply(4110)).await, "metadata");
}

#[tokio::test]
async fn lives_are_seconds_or_words() {
    let world = World::ready(On::Sqlite).await;
    for (ttl, seconds) in [
        (json!(90), 90),
        (json!("90"), 90),
        (json!("30m"), 1800),
        (json!("1h"), 3600),
        (json!("7d"), 604_800),
        (Value::Null, 604_800),
    ] {
        let body = json!({"city_id": "city_demo", "user_id": "u", "ttl": ttl});
        let issued = world.admin_post("cities/tokens/apply", body).await;
        let claims = claims_of(issued["user_token"].as_str().unwrap());
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), seconds, "{ttl}");
    }
    for ttl in
        [json!(0), json!(-1), json!(1.5), json!("1w"), json!("367d"), json!(""), json!([1]), json!(u64::MAX)]
    {
        let body = json!({"city_id": "city_demo", "user_id": "u", "ttl": ttl});
        assert_field(&admin_try(&world, "cities/tokens/apply", body).await, "ttl");
    }
}

#[tokio::test]
async fn tokens_are_not_issued_for_what_is_not() {
    let world = World::ready(On::Sqlite).await;
    let apply = |city: &str, user: &str| json!({"city_id": city, "user_id": user});
    assert_error(&admin_try(&world, "cities/tokens/apply", apply("none", "u")).await, 404, "unknown_city");
    assert_field(&admin_try(&world, "cities/tokens/apply", apply("city_demo", "")).await, "user_id");
    assert_field(&admin_try(&world, "cities/tokens/apply", apply("city_demo", "a b")).await, "user_id");
    for metadata in [json!([1]), json!("x"), json!(7)] {
        let body = json!({"city_id": "city_demo", "user_id": "u", "metadata": metadata});
        assert_field(&admin_try(&world, "cities/tokens/apply", body).await, "metadata");
    }
    world.admin_post("cities/pause", json!({"city_id": "city_demo"})).await;
    assert_error(
        &admin_try(&world, "cities/tokens/apply", apply("city_demo", "u")).await,
        403,
        "city_paused",
    );
}

async fn a_token_ends_when_it_says(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    let claims = claims_of(token);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 7 * 86_400, "the default");
    world.clock.advance(Duration::from_secs(7 * 86_400 - 2));
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200);
    world.clock.advance(Duration::from_secs(4));
    assert_error(&world.get_as(token, "accounts/me").await, 401, "invalid_token");
}

/// "Without the prefix any JWT library verifies the token offline against `/.well-known/jwks.json`."
#[tokio::test]
async fn any_library_verifies_a_token_offline() {
    let world = World::ready(On::Sqlite).await;
    let done = world.sign_in("alice").await;
    let jwks = Answer::of(world.http.get(format!("{}/.well-known/jwks.json", world.base))).await;
    assert!(!jwks.text.contains("\"d\""), "no private part");
    let set: JwkSet = serde_json::from_str(&jwks.text).unwrap();
    let token = done["user_token"].as_str().unwrap();
    let jwt = token.strip_prefix("ub_").expect("the prefix that clients and scanners know");
    let header = decode_header(jwt).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::EdDSA, Some("JWT")));
    let key = DecodingKey::from_jwk(set.find(header.kid.as_deref().unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["downcity:user"]);
    validation.set_issuer(&[&world.base]);
    let claims = decode::<Value>(jwt, &key, &validation).unwrap().claims;
    assert_eq!((&claims["sub"], &claims["user_id"]), (&done["user_id"], &done["user_id"]));
    assert_eq!(claims["city_id"], "city_demo");
    for name in ["iss", "aud", "sid", "jti", "iat", "exp"] {
        assert!(!claims[name].is_null(), "{name}");
    }
    for private in ["openid", "unionid", "email", "nickname", "Alice"] {
        assert!(!claims.to_string().contains(private), "{private}");
    }
    let mut foreign: Value = serde_json::from_str(&jwks.text).unwrap();
    foreign["keys"][0]["x"] = json!(URL_SAFE_NO_PAD.encode([9; 32]));
    let foreign: JwkSet = serde_json::from_value(foreign).unwrap();
    let foreign = DecodingKey::from_jwk(&foreign.keys[0]).unwrap();
    assert!(decode::<Value>(jwt, &foreign, &validation).is_err(), "the check can fail");
}
