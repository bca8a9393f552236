//! The Federation itself: services, instruction, health, ready, keys, discovery, the API's description.

use crate::kit::{admin_get, assert_error};
use crate::on_both_engines;
use crate::support::{Answer, HOME, On, World};
use serde_json::json;

on_both_engines!(health_and_readiness);

async fn get(world: &World, path: &str) -> Answer {
    Answer::of(world.http.get(format!("{}{path}", world.base))).await
}

async fn health_and_readiness(on: On) {
    let world = World::new(on).await;
    assert_eq!(get(&world, "/health").await.ok()["status"], "ok");
    assert_eq!(get(&world, "/ready").await.ok()["status"], "ready");
    world.store.close().await;
    assert_eq!(get(&world, "/health").await.status, 200, "the process still answers");
    let unready = get(&world, "/ready").await;
    assert_error(&unready, 503, "unavailable");
    assert!(unready.header("retry-after").parse::<u32>().unwrap() > 0);
}

#[tokio::test]
async fn keys_are_cacheable_and_open_to_all() {
    let world = World::new(On::Sqlite).await;
    let jwks = get(&world, "/.well-known/jwks.json").await;
    assert_eq!(jwks.header("content-type"), "application/json");
    assert_eq!(jwks.header("cache-control"), "public, max-age=300");
    assert_eq!(jwks.header("access-control-allow-origin"), "*");
    assert!(jwks.headers.get("access-control-allow-credentials").is_none());
    let key = &jwks.ok()["keys"][0];
    assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")));
    assert!(key["kid"].is_string() && key["x"].is_string() && key.get("d").is_none());
}

#[tokio::test]
async fn discovery_names_what_a_client_needs() {
    let world = World::new(On::Sqlite).await;
    let about = get(&world, "/.well-known/downcity.json").await.ok();
    assert_eq!(about["issuer"], world.base);
    assert_eq!(about["callback_uri"], format!("{}/v1/accounts/oauth/callback", world.base));
    for uri in ["jwks_uri", "openapi_uri"] {
        let uri = about[uri].as_str().unwrap();
        assert_eq!(Answer::of(world.http.get(uri)).await.status, 200, "{uri}");
    }
}

#[tokio::test]
async fn services_tell_their_settings_to_admins_alone() {
    let world = World::ready(On::Sqlite).await;
    let guest = world.get_from(HOME, "services").await.ok();
    for item in guest["items"].as_array().unwrap() {
        assert!(item["id"].is_string() && item["name"].is_string());
        assert_eq!(item["env"], json!([]), "an array, and empty");
    }
    let admin = admin_get(&world, "services").await.ok();
    let accounts = admin["items"].as_array().unwrap().iter().find(|item| item["id"] == "accounts").unwrap();
    assert!(accounts["env"].as_array().unwrap().iter().any(|env| env["key"] == "WECHAT_CLIENT_ID"));
}

#[tokio::test]
async fn the_instruction_is_text() {
    let world = World::new(On::Sqlite).await;
    let text = admin_get(&world, "federation/instruction").await;
    assert!(text.header("content-type").starts_with("text/plain"));
    assert!(text.text.contains("fed env set WECHAT_CLIENT_ID"), "{}", text.text);
}

#[tokio::test]
async fn the_served_description_is_the_checked_in_one() {
    let world = World::new(On::Sqlite).await;
    let served = get(&world, "/openapi.json").await.ok();
    let kept: serde_json::Value = serde_json::from_str(&downcity_http::openapi_json()).unwrap();
    assert_eq!(served, kept);
}
