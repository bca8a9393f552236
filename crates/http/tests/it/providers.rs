//! What admins see of providers, and how they switch them off and on.

use crate::kit::{admin_get, admin_try, assert_error, ready_with, second_door};
use crate::on_both_engines;
use crate::support::{Answer, HOME, On, Plan, World};
use downcity_service::Outside;
use downcity_service::core::Timestamp;
use downcity_store::AuditQuery;
use downcity_store::testing::number;
use serde_json::{Value, json};

on_both_engines!(
    every_provider_is_told_with_what_it_lacks,
    a_city_s_own_app_is_told,
    a_provider_is_switched_off_everywhere_or_in_one_city,
    a_switch_counts_on_other_nodes_and_is_on_record,
    email_can_be_switched_off,
);

async fn card(world: &World, id: &str, query: &str) -> Value {
    let list = admin_get(world, &format!("providers/list{query}")).await.ok();
    list["items"].as_array().unwrap().iter().find(|card| card["id"] == id).cloned().expect("a card")
}

async fn start(world: &World, city: &str) -> Answer {
    world.post_from(HOME, "accounts/oauth/start", json!({"provider": "wechat", "city_id": city})).await
}

async fn every_provider_is_told_with_what_it_lacks(on: On) {
    let other = vec!["https://login.example.cn:8443".to_owned()];
    let world = World::planned(Plan { other_urls: other, ..Plan::on(on) }).await;
    let fresh = card(&world, "wechat", "").await;
    assert_eq!(fresh["status"], "not_set_up");
    assert_eq!(fresh["missing"], json!(["WECHAT_CLIENT_ID", "WECHAT_CLIENT_SECRET"]));
    let appid = world.sim.apps()[0].appid.clone();
    world.admin_post("env/upsert", json!({"key": "WECHAT_CLIENT_ID", "value": appid})).await;
    let half = card(&world, "wechat", "").await;
    assert_eq!((&half["status"], &half["missing"]), (&json!("incomplete"), &json!(["WECHAT_CLIENT_SECRET"])));
    world.set_up_wechat().await;
    let whole = card(&world, "wechat", "").await;
    assert_eq!((&whole["status"], &whole["missing"]), (&json!("enabled"), &json!([])));
    assert_eq!(
        (&whole["app_id"], &whole["own_app"], &whole["label"]),
        (&json!(appid), &json!(false), &json!("WeChat"))
    );
    let own = format!("{}/v1/accounts/oauth/callback", world.base);
    let second = "https://login.example.cn:8443/v1/accounts/oauth/callback";
    let callbacks =
        json!([{"url": own, "domain": "127.0.0.1"}, {"url": second, "domain": "login.example.cn"}]);
    assert_eq!(whole["callbacks"], callbacks);
    world
        .admin_post("env/upsert", json!({"key": "OIDC_CORP_ISSUER", "value": "https://id.example.com"}))
        .await;
    assert_eq!(
        card(&world, "corp", "").await["missing"],
        json!(["OIDC_CORP_CLIENT_ID", "OIDC_CORP_CLIENT_SECRET"])
    );
    world.admin_post("env/upsert", json!({"key": "SMTP_URL", "value": "ftp://mail.example.com"})).await;
    world.admin_post("env/upsert", json!({"key": "MAIL_FROM", "value": "a@example.com"})).await;
    let mail = card(&world, "email", "").await;
    assert_eq!(
        (&mail["status"], &mail["kind"], &mail["callbacks"]),
        (&json!("broken"), &json!("email"), &json!([]))
    );
    assert!(mail["problem"]["zh"].as_str().unwrap().contains("smtps://"));
}

async fn a_city_s_own_app_is_told(on: On) {
    let world = World::ready(on).await;
    let (appid, secret) = ("wxfedcba9876543210", "fedcba9876543210fedcba9876543210");
    let set = |key: &str, value: &str| json!({"city_id": "city_demo", "key": key, "value": value});
    world.admin_post("cities/env/upsert", set("WECHAT_CLIENT_ID", appid)).await;
    let half = card(&world, "wechat", "?city_id=city_demo").await;
    assert_eq!((&half["own_app"], &half["city_missing"]), (&json!(false), &json!(["WECHAT_CLIENT_SECRET"])));
    world.admin_post("cities/env/upsert", set("WECHAT_CLIENT_SECRET", secret)).await;
    let whole = card(&world, "wechat", "?city_id=city_demo").await;
    assert_eq!((&whole["own_app"], &whole["app_id"]), (&json!(true), &json!(appid)));
    assert_eq!(card(&world, "wechat", "").await["own_app"], false);
    assert_error(&admin_get(&world, "providers/list?city_id=city_none").await, 404, "unknown_city");
}

async fn a_provider_is_switched_off_everywhere_or_in_one_city(on: On) {
    let world = World::ready(on).await;
    world.admin_post("cities/create", json!({"name": "Other", "city_id": "city_other"})).await;
    let (url, state) = world.start().await;
    world.admin_post("providers/disable", json!({"provider": "wechat", "city_id": "city_demo"})).await;
    assert_error(&start(&world, "city_demo").await, 403, "provider_disabled");
    start(&world, "city_other").await.ok();
    let listed = world.get_from(HOME, "accounts/providers?city_id=city_demo").await.ok();
    assert_eq!(listed["items"], json!([]));
    let callback = world.allow(&url, "alice");
    world.come_back(HOME, &callback).await;
    assert_eq!(world.result(&state).await.ok()["status"], "done", "what is under way may finish");
    let steps = json!({"provider": "wechat", "city_id": "city_demo"});
    assert_error(&world.post_from(HOME, "accounts/login/start", steps).await, 403, "provider_disabled");
    let there = card(&world, "wechat", "?city_id=city_demo").await;
    assert_eq!((&there["status"], &there["off_at"]), (&json!("off"), &Value::Null));
    assert!(there["city_off_at"].is_string());
    assert_eq!(card(&world, "wechat", "").await["status"], "enabled");

    world.admin_post("providers/disable", json!({"provider": "wechat"})).await;
    world.admin_post("providers/enable", json!({"provider": "wechat", "city_id": "city_demo"})).await;
    assert_error(&start(&world, "city_demo").await, 403, "provider_disabled");
    assert_error(&start(&world, "city_other").await, 403, "provider_disabled");
    world.admin_post("providers/enable", json!({"provider": "wechat"})).await;
    start(&world, "city_demo").await.ok();

    world.admin_post("providers/disable", json!({"provider": "wechat", "city_id": "city_other"})).await;
    world.admin_post("cities/remove", json!({"city_id": "city_other"})).await;
    assert_eq!(number(&world.store, "select count(*) from provider_switches").await, 0);
    let nowhere = json!({"provider": "wechat", "city_id": "city_other"});
    assert_error(&admin_try(&world, "providers/enable", nowhere).await, 404, "unknown_city");
}

async fn a_switch_counts_on_other_nodes_and_is_on_record(on: On) {
    let world = World::ready(on).await;
    let outside = Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (node, base) = second_door(&world, &world.base, outside).await;
    world.admin_post("providers/disable", json!({"provider": "wechat"})).await;
    world.admin_post("providers/disable", json!({"provider": "wechat"})).await;
    assert!(node.reload_if_changed().await.unwrap());
    let body = json!({"provider": "wechat", "city_id": "city_demo"});
    let there = Answer::of(world.http.post(format!("{base}/v1/accounts/oauth/start")).json(&body)).await;
    assert_error(&there, 403, "provider_disabled");
    let query = AuditQuery {
        city_id: String::new(),
        key_id: String::new(),
        action: "provider".to_owned(),
        subject: "wechat".to_owned(),
        since: Timestamp(0),
        until: Timestamp(i64::MAX),
        after: String::new(),
        limit: 9,
    };
    let record = world.store.audit(&query).await.unwrap();
    assert_eq!(record.len(), 1, "what changed nothing is not on record");
    assert_eq!(record[0].action, "provider.disabled");
    assert_eq!(
        (record[0].before.as_deref(), record[0].after.as_deref()),
        (Some(r#"{"enabled":true}"#), Some(r#"{"enabled":false}"#))
    );
}

async fn email_can_be_switched_off(on: On) {
    let world = ready_with(Plan::on(on)).await;
    world.admin_post("env/upsert", json!({"key": "SMTP_URL", "value": "smtp://127.0.0.1:1"})).await;
    world.admin_post("env/upsert", json!({"key": "MAIL_FROM", "value": "a@example.com"})).await;
    let ways = world.get_from(HOME, "accounts/providers").await.ok();
    assert!(ways["items"].as_array().unwrap().iter().any(|way| way["id"] == "email"));
    world.admin_post("providers/disable", json!({"provider": "email"})).await;
    let ways = world.get_from(HOME, "accounts/providers").await.ok();
    assert!(ways["items"].as_array().unwrap().iter().all(|way| way["id"] != "email"));
    let who = json!({"email": "li@example.com", "password": "correct horse battery"});
    for (path, body) in [
        ("accounts/register", who.clone()),
        ("accounts/login", who.clone()),
        ("accounts/password/forgot", json!({"email": "li@example.com"})),
        ("accounts/email/start", json!({"email": "li@example.com"})),
        ("accounts/login/start", json!({"provider": "email"})),
    ] {
        assert_error(&world.post_from(HOME, path, body).await, 403, "provider_disabled");
    }
    assert_eq!(card(&world, "email", "").await["status"], "off");
}
