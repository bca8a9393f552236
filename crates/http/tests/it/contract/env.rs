//! env: settings and secrets of the Federation, for admins.

use crate::kit::{admin_get, admin_try, assert_error, assert_field};
use crate::on_both_engines;
use crate::support::{HOME, On, World};
use serde_json::{Value, json};

on_both_engines!(settings_are_kept_listed_and_removed, an_import_is_all_or_nothing);

async fn items(world: &World) -> Vec<Value> {
    admin_get(world, "env/list").await.ok()["items"].as_array().unwrap().clone()
}

async fn settings_are_kept_listed_and_removed(on: On) {
    let world = World::new(on).await;
    assert_eq!(items(&world).await, Vec::<Value>::new());
    let stored = world.admin_post("env/upsert", json!({"key": "WECHAT_FAST_LOGIN", "value": " 0 "})).await;
    assert_eq!(stored, json!({"success": true, "key": "WECHAT_FAST_LOGIN"}));
    let secret = "0123456789abcdef0123456789abcdef";
    world.admin_post("env/upsert", json!({"key": "WECHAT_CLIENT_SECRET", "value": secret})).await;
    let list = items(&world).await;
    assert_eq!(list.len(), 2);
    assert_eq!(list[0]["key"], "WECHAT_CLIENT_SECRET");
    assert_eq!((&list[0]["secret"], &list[0]["value"]), (&json!(true), &Value::Null));
    assert_eq!(list[0]["value_preview"], "••••cdef");
    assert_eq!((&list[1]["secret"], &list[1]["value"]), (&json!(false), &json!("0")));
    assert_eq!(list[1]["value_preview"], "0");
    assert!(list.iter().all(|item| item["source"] == "federation" && item["updated_at"].is_string()));
    let count = world.admin_post("env/refresh", json!({})).await;
    assert_eq!(count, json!({"success": true, "count": 2}));
    assert_error(&admin_try(&world, "env/refresh", json!("not an object")).await, 400, "bad_json");
    let gone = world.admin_post("env/remove", json!({"key": "WECHAT_FAST_LOGIN"})).await;
    assert_eq!(gone, json!({"success": true}));
    let again = admin_try(&world, "env/remove", json!({"key": "WECHAT_FAST_LOGIN"})).await;
    assert_error(&again, 404, "unknown_setting");
    assert_eq!(items(&world).await.len(), 1);
}

async fn an_import_is_all_or_nothing(on: On) {
    let world = World::new(on).await;
    let raw = "# WeChat\nexport WECHAT_CLIENT_ID=wx5131a8c0f7d2e964 # the AppID\n\
               WECHAT_CLIENT_SECRET=\"0123456789abcdef0123456789abcdef\"\nOTHER='a # b'\nOTHER=last\n";
    let answer = world.admin_post("env/import", json!({"raw": raw})).await;
    assert_eq!((&answer["success"], &answer["count"]), (&json!(true), &json!(3)));
    let mut keys: Vec<_> =
        answer["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned()).collect();
    keys.sort();
    assert_eq!(keys, ["OTHER", "WECHAT_CLIENT_ID", "WECHAT_CLIENT_SECRET"]);
    assert_eq!(world.get_from(HOME, "accounts/providers").await.ok()["items"][0]["id"], "wechat", "at once");
    for raw in
        ["GOOD=1\nhunter2-without-equals", "GOOD=1\nlower=hunter2", "GOOD=1\nEMPTY=", "GOOD=1\nOPEN='hunter2"]
    {
        let refused = admin_try(&world, "env/import", json!({"raw": raw})).await;
        assert_field(&refused, "raw");
        assert!(refused.text.contains("line 2"), "{}", refused.text);
        assert!(!refused.text.contains("hunter2"), "values are not repeated: {}", refused.text);
    }
    assert_eq!(items(&world).await.len(), 3, "nothing of the refused texts was stored");
}

#[tokio::test]
async fn an_import_of_nothing_is_nothing() {
    let world = World::new(On::Sqlite).await;
    let answer = world.admin_post("env/import", json!({"raw": "# only a comment\n"})).await;
    assert_eq!(answer, json!({"success": true, "count": 0, "keys": []}));
}

#[tokio::test]
async fn what_cannot_be_a_setting_is_refused() {
    let world = World::new(On::Sqlite).await;
    for (body, field) in [
        (json!({"value": "x"}), "key"),
        (json!({"key": "A"}), "value"),
        (json!({"key": "", "value": "x"}), "key"),
        (json!({"key": "lower", "value": "x"}), "key"),
        (json!({"key": "1A", "value": "x"}), "key"),
        (json!({"key": "A".repeat(65), "value": "x"}), "key"),
        (json!({"key": "A", "value": " \n"}), "value"),
        (json!({"key": "A", "value": "a\u{0}b"}), "value"),
        (json!({"key": "A", "value": "x".repeat(8193)}), "value"),
        (json!({"key": "A", "value": 7}), "value"),
    ] {
        assert_field(&admin_try(&world, "env/upsert", body).await, field);
    }
    assert_eq!(items(&world).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_full_env_can_still_be_changed() {
    let world = World::new(On::Sqlite).await;
    let raw: String = (0..1000).map(|n| format!("KEY_{n}=x\n")).collect();
    assert_eq!(world.admin_post("env/import", json!({"raw": raw})).await["count"], 1000);
    assert_field(&admin_try(&world, "env/upsert", json!({"key": "ONE_MORE", "value": "x"})).await, "key");
    let changed = admin_try(&world, "env/upsert", json!({"key": "KEY_7", "value": "y"})).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
}

#[tokio::test]
async fn the_catalogue_tells_what_is_needed_in_the_admins_language() {
    let world = World::ready(On::Sqlite).await;
    let catalogue = admin_get(&world, "env/catalog").await.ok();
    let service = &catalogue["items"][0];
    assert_eq!((&service["id"], &service["name"]), (&json!("accounts"), &json!("Accounts")));
    let setting =
        |key: &str| service["env"].as_array().unwrap().iter().find(|s| s["key"] == key).unwrap().clone();
    let id = setting("WECHAT_CLIENT_ID");
    assert_eq!((&id["required"], &id["configured"]), (&json!(true), &json!(true)));
    assert_eq!(id["value_preview"], world.sim.app().appid);
    let fast = setting("WECHAT_FAST_LOGIN");
    assert_eq!((&fast["required"], &fast["configured"]), (&json!(false), &json!(false)));
    assert_eq!(fast["value_preview"], Value::Null);
    assert!(
        !setting("WECHAT_CLIENT_SECRET")["value_preview"]
            .as_str()
            .unwrap()
            .contains(&world.sim.app().secret[..4])
    );
}

#[tokio::test]
async fn values_that_look_wrong_are_stored_with_a_warning() {
    let world = World::new(On::Sqlite).await;
    let swapped = json!({"key": "WECHAT_CLIENT_ID", "value": "0123456789abcdef0123456789abcdef"});
    let answer = world.admin_post("env/upsert", swapped).await;
    assert_eq!(answer["success"], true);
    assert!(answer["warning"].as_str().unwrap().contains("AppSecret"), "{answer}");
    let answer = world.admin_post("env/import", json!({"raw": "WECHAT_CLIENT_SECRET=short"})).await;
    assert_eq!(answer["warnings"][0]["key"], "WECHAT_CLIENT_SECRET");
    assert_eq!(items(&world).await.len(), 2);
    // What looks wrong may be the secret: the record keeps for ever what it is told.
    let right = json!({"key": "WECHAT_CLIENT_ID", "value": "wx5131a8c0f7d2e964"});
    world.admin_post("env/upsert", right).await;
    let record = admin_get(&world, "audit/list").await;
    assert!(!record.text.contains("0123456789abcdef0123456789abcdef"), "{}", record.text);
    assert!(record.text.contains("wx5131a8c0f7d2e964"), "{}", record.text);
}
