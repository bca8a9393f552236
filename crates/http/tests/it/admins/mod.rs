//! Who keeps the Federation: admin keys with roles, keys of one city, and the record of what they did.

mod reach;
mod record;

use crate::kit::assert_error;
use crate::on_both_engines;
use crate::support::{HOME, On, World};
use downcity_store::testing::number;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    a_key_is_made_used_rotated_and_revoked,
    a_key_ends_by_itself,
    the_last_owner_stays,
    a_key_works_on_another_node_and_ends_there_too,
    what_can_t_be_a_key_is_refused,
);

/// Makes an admin key; gives it and its id.
pub(super) async fn key(world: &World, more: Value) -> (String, String) {
    let mut body = json!({"name": "somebody", "role": "operator"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let made = world.admin_post("admin-keys/create", body).await;
    (made["admin_key"].as_str().unwrap().to_owned(), made["key_id"].as_str().unwrap().to_owned())
}

async fn listed(world: &World, key_id: &str) -> Value {
    let list = world.get_as(world.admin_key.expose_secret(), "admin-keys/list").await.ok();
    let items = list["items"].as_array().unwrap();
    items.iter().find(|item| item["key_id"] == key_id).expect("the key is listed").clone()
}

async fn a_key_is_made_used_rotated_and_revoked(on: On) {
    let world = World::ready(on).await;
    let (old, id) = key(&world, json!({"name": "Li Lei 李雷", "role": "viewer"})).await;
    let item = listed(&world, &id).await;
    assert_eq!(
        (&item["name"], &item["role"], &item["status"]),
        (&json!("Li Lei 李雷"), &json!("viewer"), &json!("active"))
    );
    assert_eq!((&item["city_id"], &item["expires_at"]), (&Value::Null, &Value::Null));
    assert!(item.get("admin_key").is_none() && old.starts_with("ak_"));
    world.get_as(&old, "env/list").await.ok();
    for _ in 0..50 {
        if listed(&world, &id).await["last_used_at"].is_string() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(listed(&world, &id).await["last_used_at"].is_string(), "its use was noted");
    let rotated = world.admin_post("admin-keys/rotate", json!({"key_id": id})).await;
    let new = rotated["admin_key"].as_str().unwrap();
    assert_error(&world.get_as(&old, "env/list").await, 401, "invalid_token");
    world.get_as(new, "env/list").await.ok();
    world.admin_post("admin-keys/revoke", json!({"key_id": id})).await;
    assert_error(&world.get_as(new, "env/list").await, 401, "invalid_token");
    assert_eq!(listed(&world, &id).await["status"], "revoked");
    let owner = world.admin_key.expose_secret();
    for call in ["admin-keys/rotate", "admin-keys/revoke"] {
        let again = world.post_as(owner, call, json!({"key_id": id})).await;
        assert_error(&again, 404, "unknown_admin_key");
    }
    let rows = number(&world.store, "select count(*) from admin_keys where length(digest) = 32").await;
    assert_eq!(rows, 2, "digests alone are stored");
}

async fn a_key_ends_by_itself(on: On) {
    let world = World::ready(on).await;
    let (guest, id) = key(&world, json!({"ttl": "1h"})).await;
    world.get_as(&guest, "cities/list").await.ok();
    world.clock.advance(Duration::from_secs(3601));
    assert_error(&world.get_as(&guest, "cities/list").await, 401, "invalid_token");
    assert_eq!(listed(&world, &id).await["status"], "expired");
    let owner = world.admin_key.expose_secret();
    let again = world.post_as(owner, "admin-keys/rotate", json!({"key_id": id})).await;
    assert_error(&again, 404, "unknown_admin_key");
}

async fn the_last_owner_stays(on: On) {
    let world = World::ready(on).await;
    let owner = world.admin_key.expose_secret();
    let list = world.get_as(owner, "admin-keys/list").await.ok();
    let first = list["items"][0]["key_id"].as_str().unwrap().to_owned();
    key(&world, json!({"role": "owner", "ttl": "30d"})).await;
    let refused = world.post_as(owner, "admin-keys/revoke", json!({"key_id": first})).await;
    assert_error(&refused, 409, "last_owner");
    world.get_as(owner, "cities/list").await.ok();
    let (heir, _) = key(&world, json!({"role": "owner"})).await;
    world.post_as(&heir, "admin-keys/revoke", json!({"key_id": first})).await.ok();
    assert_error(&world.get_as(owner, "cities/list").await, 401, "invalid_token");
}

async fn a_key_works_on_another_node_and_ends_there_too(on: On) {
    let world = World::ready(on).await;
    let outside = downcity_service::Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (other, base) = crate::kit::second_door(&world, &world.base, outside).await;
    let (made, id) = key(&world, json!({})).await;
    let ask = async || {
        other.reload_if_changed().await.unwrap();
        let request = world.http.get(format!("{base}/v1/cities/list")).bearer_auth(&made);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask().await, 200);
    world.admin_post("admin-keys/revoke", json!({"key_id": id})).await;
    assert_eq!(ask().await, 401);
}

async fn what_can_t_be_a_key_is_refused(on: On) {
    let world = World::ready(on).await;
    let owner = world.admin_key.expose_secret();
    let bad = [
        (json!({"name": "", "role": "viewer"}), "name"),
        (json!({"name": "x".repeat(81), "role": "viewer"}), "name"),
        (json!({"name": "x", "role": "root"}), "role"),
        (json!({"name": "x", "role": "owner", "city_id": "city_demo"}), "role"),
        (json!({"name": "x", "role": "viewer", "ttl": "0"}), "ttl"),
        (json!({"name": "x", "role": "viewer", "ttl": "400d"}), "ttl"),
    ];
    for (body, field) in bad {
        crate::kit::assert_field(&world.post_as(owner, "admin-keys/create", body).await, field);
    }
    let body = json!({"name": "x", "role": "viewer", "city_id": "city_none"});
    assert_error(&world.post_as(owner, "admin-keys/create", body).await, 404, "unknown_city");
    let list = world.get_as(owner, "admin-keys/list").await.ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "nothing was made");
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    assert_error(&world.get_as(token, "admin-keys/list").await, 403, "admin_only");
    assert_error(&world.get_from(HOME, "audit/list").await, 401, "authentication_required");
}
