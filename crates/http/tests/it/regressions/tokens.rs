//! Failings of the bearer: what is refused as a token, and what ends one.

use crate::kit::{assert_error, claims_of, own_key, second_door, signed_by_us};
use crate::on_both_engines;
use crate::support::{Answer, HOME, On, World};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use downcity_service::Outside;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(logout_revokes_nothing);

async fn signed_in(on: On) -> (World, String) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    (world, done["user_token"].as_str().unwrap().to_owned())
}

async fn refused(world: &World, token: &str, why: &str) {
    let answer = world.get_as(token, "accounts/me").await;
    assert_eq!(answer.status, 401, "{why}: {}", answer.text);
    assert_error(&answer, 401, "invalid_token");
}

/// Line 6: the token is refused after logout on this node and on another one, also where it was seen before.
async fn logout_revokes_nothing(on: On) {
    let (world, token) = signed_in(on).await;
    let outside = Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (_federation, other) = second_door(&world, &world.base, outside).await;
    let there = || Answer::of(world.http.get(format!("{other}/v1/accounts/me")).bearer_auth(&token));
    assert_eq!(world.get_as(&token, "accounts/me").await.status, 200);
    assert_eq!(there().await.status, 200);
    world.post_as(&token, "accounts/logout", json!({})).await.ok();
    refused(&world, &token, "here").await;
    assert_error(&there().await, 401, "invalid_token");
}

/// Line 6: every token has an end, and one without is refused though signed by us.
#[tokio::test]
async fn token_without_expiry() {
    let (world, token) = signed_in(On::Sqlite).await;
    let claims = claims_of(&token);
    assert!(claims["exp"].as_i64().unwrap() > claims["iat"].as_i64().unwrap());
    // The forging is right: the same claims give a token that works.
    let same = signed_by_us(&world, &claims).await;
    assert_eq!(world.get_as(&same, "accounts/me").await.status, 200);
    for name in ["exp", "iat", "iss", "aud", "sub", "sid", "jti", "city_id", "user_id"] {
        let mut without = claims.clone();
        without.as_object_mut().unwrap().remove(name);
        refused(&world, &signed_by_us(&world, &without).await, name).await;
    }
}

/// Requirement I3: tokens for another audience, of another issuer, from the future, or over, though signed
/// with our own key.
#[tokio::test]
async fn token_of_another_audience_or_issuer_accepted() {
    let (world, token) = signed_in(On::Sqlite).await;
    let claims = claims_of(&token);
    let now = claims["iat"].as_i64().unwrap();
    for (name, value) in [
        ("aud", json!("downcity:admin")),
        ("aud", json!("downcity:user ")),
        ("iss", json!("https://evil.test")),
        ("iss", json!(format!("{}/", world.base))),
        ("exp", json!(now - 31)),
        ("exp", json!(now.to_string())),
        ("iat", json!(now + 3600)),
        ("sid", json!("x")),
        ("jti", json!("x")),
        ("city_id", json!("city_downcity")),
    ] {
        let mut other = claims.clone();
        other[name] = value;
        refused(&world, &signed_by_us(&world, &other).await, &other.to_string()).await;
    }
    // Two public addresses on one store share the key, and still refuse each other's tokens.
    let (federation, _) = second_door(&world, "https://other.example.com", Outside::real().unwrap()).await;
    assert!(federation.authenticate(&token).await.is_err());
}

/// Requirement I2: the algorithm comes from our key, never from the header.
#[tokio::test]
async fn algorithm_confusion() {
    let (world, token) = signed_in(On::Sqlite).await;
    let jwt = token.strip_prefix("ub_").unwrap();
    let (head, rest) = jwt.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let kid = serde_json::from_slice::<Value>(&B64.decode(head).unwrap()).unwrap()["kid"].clone();
    for alg in ["none", "None", "NONE", "HS256", "RS256", "ES256", "Ed25519", ""] {
        let header = B64.encode(json!({"alg": alg, "typ": "JWT", "kid": kid}).to_string());
        for signature in ["", signature] {
            refused(&world, &format!("ub_{header}.{payload}.{signature}"), alg).await;
        }
    }
    let jwks = Answer::of(world.http.get(format!("{}/.well-known/jwks.json", world.base))).await;
    let x = B64.decode(jwks.ok()["keys"][0]["x"].as_str().unwrap()).unwrap();
    let as_secret = [x.clone(), B64.encode(&x).into_bytes(), jwks.text.clone().into_bytes()];
    for secret in as_secret {
        for alg in [Algorithm::HS256, Algorithm::HS512] {
            let header = Header { kid: kid.as_str().map(str::to_owned), ..Header::new(alg) };
            let key = EncodingKey::from_secret(&secret);
            let forged = jsonwebtoken::encode(&header, &claims_of(&token), &key).unwrap();
            refused(&world, &format!("ub_{forged}"), "the public key as an HMAC secret").await;
        }
    }
}

/// Requirement I2: a header that brings or names its own key, or demands what we don't know.
#[tokio::test]
async fn token_brings_its_own_key() {
    let (world, token) = signed_in(On::Sqlite).await;
    let (kid, ours) = own_key(&world).await;
    let foreign = Ed25519KeyPair::generate().unwrap();
    let x = B64.encode(foreign.public_key().as_ref());
    let foreign = EncodingKey::from_ed_der(foreign.to_pkcs8().unwrap().as_ref());
    let payload = B64.encode(claims_of(&token).to_string());
    let sign = |header: Value, key: &EncodingKey| {
        let signed = format!("{}.{payload}", B64.encode(header.to_string()));
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), key, Algorithm::EdDSA).unwrap();
        format!("ub_{signed}.{signature}")
    };
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid});
    let base = json!({"alg": "EdDSA", "typ": "JWT", "kid": kid});
    assert_eq!(
        world.get_as(&sign(base.clone(), &ours), "accounts/me").await.status,
        200,
        "the forging is right"
    );
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.test/jwks.json")),
        ("x5u", json!("https://evil.test/cert")),
        ("x5c", json!(["AAAA"])),
        ("crit", json!(["exp"])),
        ("typ", json!("at+jwt")),
        ("typ", Value::Null),
        ("kid", json!("other")),
        ("kid", json!("../../etc/passwd")),
        ("kid", Value::Null),
    ] {
        let mut header = base.clone();
        header[name] = value;
        for key in [&foreign, &ours] {
            refused(&world, &sign(header.clone(), key), &header.to_string()).await;
        }
    }
    refused(&world, &sign(base, &foreign), "another key under our kid").await;
}

/// Line 17: a token is exactly itself: nothing after it, before it, or in another spelling.
#[tokio::test]
async fn token_with_trailing_garbage_accepted() {
    let (world, token) = signed_in(On::Sqlite).await;
    assert_eq!(world.get_as(&token, "accounts/me").await.status, 200, "seen and remembered as good");
    let jwt = token.strip_prefix("ub_").unwrap();
    let mut spellings = vec![
        format!("{token}x"),
        format!("{token}."),
        format!("{token}=="),
        format!("{token}.x"),
        format!("{token},x"),
        format!("{token} x"),
        format!("ub_{token}"),
        format!("UB_{jwt}"),
        jwt.to_owned(),
        format!(" {token}"),
        token[..token.len() - 1].to_owned(),
        "ub_".to_owned(),
        "ub_..".to_owned(),
        format!("ub_{}", "a.".repeat(5000)),
    ];
    // Base64 has four spellings of a last character that stands for two bits: only one is the token.
    let (body, last) = token.split_at(token.len() - 1);
    spellings.extend(
        "ABCDEFGHQRSTUVWXghijklmnwxyz0123_-"
            .chars()
            .map(String::from)
            .filter(|c| c != last)
            .map(|c| format!("{body}{c}")),
    );
    for spelling in spellings {
        refused(&world, &spelling, &spelling).await;
    }
}

/// Line 17: a bearer that is not good is refused everywhere, also where a guest would do.
#[tokio::test]
async fn bad_token_treated_as_guest() {
    let (world, token) = signed_in(On::Sqlite).await;
    world.post_as(&token, "accounts/logout", json!({})).await.ok();
    let live = world.sign_in("alice").await["user_token"].as_str().unwrap().to_owned();
    let (_, state) = world.start().await;
    let start = json!({"provider": "wechat"});
    for authorization in [
        "Bearer ub_x".to_owned(),
        format!("Bearer {token}"),
        "Bearer".into(),
        "Bearer ".into(),
        "Basic YTpi".into(),
        "x".into(),
        "".into(),
        "Bearer ak_x".into(),
        format!("DPoP {live}"),
    ] {
        let send = |request: reqwest::RequestBuilder| {
            Answer::of(request.header("authorization", authorization.clone()))
        };
        for path in [
            "accounts/providers".to_owned(),
            "services".to_owned(),
            "accounts/me".to_owned(),
            "cities/list".to_owned(),
            format!("accounts/oauth/result?state={state}"),
            format!("accounts/oauth/events?state={state}"),
        ] {
            assert_error(&send(world.http.get(world.url(&path))).await, 401, "invalid_token");
        }
        let started = send(world.http.post(world.url("accounts/oauth/start")).json(&start)).await;
        assert_error(&started, 401, "invalid_token");
    }
    let two = world.http.get(world.url("accounts/providers"));
    let two = two.header("authorization", "Bearer ub_x").header("authorization", "Bearer ub_y");
    assert_error(&Answer::of(two).await, 401, "invalid_token");
    assert_eq!(world.get_from(HOME, "accounts/providers").await.status, 200);
}

/// Line 17: what is not JSON is not "no input".
#[tokio::test]
async fn malformed_json_treated_as_empty() {
    let (world, token) = signed_in(On::Sqlite).await;
    for body in [
        "{",
        "nope",
        "{\"a\":}",
        "[]",
        "\"\"",
        "\u{feff}{}",
        "{}{}",
        "{\"city_id\":\"city_demo\",}",
        " ",
        "null",
    ] {
        let request = world.http.post(world.url("accounts/logout")).bearer_auth(&token);
        let answer = Answer::of(request.header("content-type", "application/json").body(body)).await;
        assert_error(&answer, 400, "bad_json");
    }
    let form = world.http.post(world.url("accounts/logout")).bearer_auth(&token).body("city_id=city_demo");
    assert_error(&Answer::of(form).await, 415, "unsupported_media_type");
    assert_eq!(world.get_as(&token, "accounts/me").await.status, 200, "nothing was done");
}

/// Requirement I4: at most 30 seconds of leeway, and time that runs backwards does not revive a token.
#[tokio::test]
async fn a_token_over_stays_over() {
    let (world, _) = signed_in(On::Sqlite).await;
    let apply = json!({"city_id": "city_demo", "user_id": "u", "ttl": 60});
    let issued = world.admin_post("cities/tokens/apply", apply).await;
    let token = issued["user_token"].as_str().unwrap();
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200);
    world.clock.advance(Duration::from_secs(61));
    refused(&world, token, "remembered as good, and over").await;
}

/// Line 24: no cookie opens anything, whatever it is called and holds; callers show who they are with a bearer.
#[tokio::test]
async fn admin_cookie_used_on_user_api() {
    let (world, token) = signed_in(On::Sqlite).await;
    for secret in [world.admin_key.expose_secret(), token.as_str()] {
        for name in ["__Host-login", "__Host-admin", "admin", "session", "authorization", "user_token"] {
            for path in ["accounts/me", "accounts/users", "cities/list", "env/list"] {
                let request = world.http.get(world.url(path)).header("cookie", format!("{name}={secret}"));
                assert_error(&Answer::of(request).await, 401, "authentication_required");
            }
        }
    }
    assert_eq!(world.get_as(&token, "accounts/me").await.status, 200);
    let users = world.http.get(world.url("accounts/users")).bearer_auth(world.admin_key.expose_secret());
    assert_eq!(Answer::of(users).await.status, 200, "the same secrets as bearers open what is theirs");
}
