//! cities: the products of the Federation, for admins.

use crate::kit::{admin_get, admin_try, assert_error, assert_field};
use crate::on_both_engines;
use crate::support::{HOME, On, World};
use serde_json::{Value, json};

on_both_engines!(a_city_is_created_changed_paused_and_removed, removing_a_city_ends_its_sessions);

async fn ids(world: &World) -> Vec<String> {
    let list = admin_get(world, "cities/list").await.ok();
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|city| city["city_id"].as_str().unwrap().to_owned())
        .collect()
}

async fn a_city_is_created_changed_paused_and_removed(on: On) {
    let world = World::new(on).await;
    assert_eq!(ids(&world).await, ["city_downcity"], "which always exists");
    let made = world.admin_post("cities/create", json!({"name": " Shop 商店 ", "city_id": "shop-1"})).await;
    let fields =
        ["city_id", "name", "status", "allowed_origins", "allowed_redirects", "confirm", "created_at"];
    for field in fields.into_iter().chain(["updated_at"]) {
        assert!(made.get(field).is_some(), "{field}");
    }
    assert_eq!((&made["name"], &made["status"]), (&json!("Shop 商店"), &json!("active")));
    assert_eq!(made["confirm"], "auto");
    let random = world.admin_post("cities/create", json!({"name": "Other"})).await;
    assert!(random["city_id"].as_str().unwrap().starts_with("city_"));
    assert_eq!(ids(&world).await.len(), 3);
    let change = json!({"city_id": "shop-1", "name": "New", "confirm": "always",
        "allowed_origins": ["https://app.example.com"], "allowed_redirects": ["https://app.example.com/done"]});
    let changed = world.admin_post("cities/update", change).await;
    assert_eq!((&changed["name"], &changed["confirm"]), (&json!("New"), &json!("always")));
    let kept = world.admin_post("cities/update", json!({"city_id": "shop-1"})).await;
    assert_eq!(kept["allowed_origins"], json!(["https://app.example.com"]), "absent fields stay");
    let paused = world.admin_post("cities/pause", json!({"city_id": "shop-1"})).await;
    assert_eq!((&paused["status"], &paused["name"]), (&json!("paused"), &json!("New")));
    assert_eq!(world.admin_post("cities/activate", json!({"city_id": "shop-1"})).await["status"], "active");
    let gone = world.admin_post("cities/remove", json!({"city_id": "shop-1"})).await;
    assert_eq!(gone, json!({"success": true}));
    assert!(!ids(&world).await.contains(&"shop-1".to_owned()));
    // What a restarted process would read is what was told.
    world.federation.reload().await.unwrap();
    assert_eq!(ids(&world).await.len(), 2);
}

async fn removing_a_city_ends_its_sessions(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let (_, pending) = world.start().await;
    world.admin_post("cities/remove", json!({"city_id": "city_demo"})).await;
    let token = done["user_token"].as_str().unwrap();
    assert_error(&world.get_as(token, "accounts/me").await, 401, "invalid_token");
    assert_error(&world.result(&pending).await, 404, "unknown_login");
    world.admin_post("cities/create", json!({"name": "Demo again", "city_id": "city_demo"})).await;
    assert_error(&world.get_as(token, "accounts/me").await, 401, "invalid_token");
    let again = world.sign_in("alice").await;
    assert_eq!(again["user_id"], done["user_id"], "users belong to the Federation");
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = World::ready(On::Sqlite).await;
    let taken = json!({"name": "Demo", "city_id": "city_demo"});
    assert_error(&admin_try(&world, "cities/create", taken).await, 409, "city_taken");
    let permanent = json!({"city_id": "city_downcity"});
    assert_error(&admin_try(&world, "cities/remove", permanent).await, 409, "city_permanent");
    for path in ["update", "pause", "activate", "remove"] {
        let unknown = admin_try(&world, &format!("cities/{path}"), json!({"city_id": "city_none"})).await;
        assert_error(&unknown, 404, "unknown_city");
        assert_field(&admin_try(&world, &format!("cities/{path}"), json!({})).await, "city_id");
        assert_field(
            &admin_try(&world, &format!("cities/{path}"), json!({"city_id": "a/b"})).await,
            "city_id",
        );
    }
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": "城".repeat(81)}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": "\u{7}\u{202e}"}), "name"),
        (json!({"name": "x", "city_id": "城"}), "city_id"),
        (json!({"name": "x", "city_id": ""}), "city_id"),
        (json!({"name": "x", "confirm": "sometimes"}), "confirm"),
        (json!({"name": "x", "allowed_origins": "https://a.example"}), "allowed_origins"),
        (json!({"name": "x", "allowed_origins": ["https://a.example/"]}), "allowed_origins"),
        (json!({"name": "x", "allowed_origins": ["*"]}), "allowed_origins"),
        (json!({"name": "x", "allowed_origins": ["http://a.example"]}), "allowed_origins"),
        (json!({"name": "x", "allowed_redirects": ["javascript:alert(1)"]}), "allowed_redirects"),
        (json!({"name": "x", "allowed_redirects": vec!["https://a.example/x"; 51]}), "allowed_redirects"),
    ] {
        assert_field(&admin_try(&world, "cities/create", body).await, field);
    }
    let wrong_type = json!({"name": "x", "allowed_origins": [7]});
    let wrong_type = admin_try(&world, "cities/create", wrong_type).await;
    assert_eq!(wrong_type.json()["details"]["field"], "allowed_origins[0]", "{}", wrong_type.text);
    assert_eq!(ids(&world).await.len(), 2, "nothing was made");
}

/// Requirement S10, a matrix: each admin route refuses guests and users, and each role by its own code.
#[tokio::test]
async fn admin_routes_are_for_admins() {
    let world = World::ready(On::Sqlite).await;
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    let gets = ["cities/list", "env/list", "env/catalog", "federation/instruction"];
    let posts = [
        "cities/create",
        "cities/update",
        "cities/pause",
        "cities/activate",
        "cities/remove",
        "cities/tokens/apply",
        "env/upsert",
        "env/remove",
        "env/import",
        "env/refresh",
    ];
    // A body that would be taken, so that only the caller is at fault.
    let body: Value =
        json!({"name": "X", "city_id": "city_demo", "user_id": "u", "key": "A", "value": "b", "raw": "A=b"});
    for path in gets {
        assert_error(&world.get_from(HOME, path).await, 401, "authentication_required");
        assert_error(&world.get_as(token, path).await, 403, "admin_only");
        assert_error(&world.get_as("ak_wrong", path).await, 401, "invalid_token");
        assert_eq!(admin_get(&world, path).await.status, 200, "{path}");
    }
    for path in posts {
        assert_error(&world.post_from(HOME, path, body.clone()).await, 401, "authentication_required");
        assert_error(&world.post_as(token, path, body.clone()).await, 403, "admin_only");
        assert_error(&world.post_as("ak_wrong", path, body.clone()).await, 401, "invalid_token");
    }
    assert_eq!(ids(&world).await, ["city_demo", "city_downcity"]);
    assert_eq!(admin_get(&world, "env/list").await.ok()["items"].as_array().unwrap().len(), 2);
}
