//! The overview: exact numbers for every way a sign-in can end, and what needs attention, against the simulator's
//! switches.

use crate::kit::{admin_get, assert_error, assert_field, started};
use crate::on_both_engines;
use crate::support::{AWAY, HOME, On, World};
use downcity_store::testing::tamper;
use serde_json::{Value, json};
use std::time::Duration;
use wechat_sim::Fault;

on_both_engines!(
    sign_ins_are_counted_exactly_also_when_they_are_forgotten,
    a_wrong_callback_domain_is_spelled_out,
    a_wrong_secret_and_a_used_code_are_spelled_out,
    what_one_network_starts_and_others_finish_needs_attention,
    what_needs_attention_besides,
    people_are_counted_for_all_and_for_a_city,
);

async fn overview(world: &World, query: &str) -> Value {
    admin_get(world, &format!("federation/overview{query}")).await.ok()
}

fn found<'a>(overview: &'a Value, id: &str) -> Option<&'a Value> {
    overview["attention"].as_array().unwrap().iter().find(|one| one["id"] == id)
}

fn health<'a>(overview: &'a Value, provider: &str) -> &'a Value {
    let all = overview["providers"].as_array().unwrap();
    all.iter().find(|one| one["provider"]["id"] == provider).unwrap()
}

/// A sign-in that WeChat refuses with this number.
async fn refused(world: &World, errcode: i32) {
    world.sim.set(|switches| switches.token_fault = Some(Fault::errcode(errcode).times(1)));
    let (url, _) = world.start().await;
    let callback = world.allow(&url, "alice");
    world.come_back(HOME, &callback).await;
}

async fn sign_ins_are_counted_exactly_also_when_they_are_forgotten(on: On) {
    let world = World::ready(on).await;
    for person in ["alice", "zhangsan", "alice"] {
        world.sign_in(person).await;
    }
    for _ in 0..2 {
        refused(&world, 40029).await;
    }
    refused(&world, 45011).await;
    for _ in 0..4 {
        world.start().await;
    }
    let (url, _) = world.start().await;
    let callback = world.allow(&url, "zhangsan");
    world.come_back(AWAY, &callback).await;
    let total = overview(&world, "").await["total"].clone();
    let expected = json!({"started": 11, "returned": 7, "done": 3, "under_way": 5, "not_returned": 0, "expired": 0,
        "failed": {"code_rejected": 2, "provider_busy": 1}, "success_rate": 0.5});
    assert_eq!(total, expected);
    let over = json!({"started": 11, "returned": 7, "done": 3, "under_way": 0, "not_returned": 4, "expired": 1,
        "failed": {"code_rejected": 2, "provider_busy": 1}, "success_rate": 3.0 / 7.0});
    world.clock.advance(Duration::from_secs(700));
    assert_eq!(overview(&world, "").await["total"], over, "nobody has added up yet");
    assert!(world.federation.count_sign_ins().await);
    assert!(world.federation.count_sign_ins().await);
    let told = overview(&world, "?city_id=city_demo").await;
    assert_eq!(told["total"], over);
    assert_eq!((&told["step_seconds"], told["series"].as_array().unwrap().len()), (&json!(3600), 24));
    let steps = told["series"].as_array().unwrap().iter();
    assert_eq!(steps.map(|step| step["started"].as_u64().unwrap()).sum::<u64>(), 11);
    let wechat = health(&told, "wechat");
    assert_eq!((&wechat["last_day"]["done"], &wechat["last_day"]["started"]), (&json!(3), &json!(11)));
    assert!(wechat["last_success_at"].is_string() && wechat["last_failure_at"].is_string());
    world.clock.advance(Duration::from_secs(3 * 86_400));
    world.store.sweep(world.federation.now()).await.unwrap();
    assert_eq!(overview(&world, "").await["total"]["started"], 0);
    let month = overview(&world, "?hours=720").await;
    assert_eq!(month["total"], over, "attempts are forgotten, their counts are not");
    assert_eq!((&month["step_seconds"], month["series"].as_array().unwrap().len()), (&json!(86_400), 30));
    assert!(health(&month, "wechat")["last_success_at"].is_string());
    assert_eq!(overview(&world, "?hours=168").await["total"], over);
    assert_field(&admin_get(&world, "federation/overview?hours=25").await, "hours");
    assert_error(&admin_get(&world, "federation/overview?city_id=city_none").await, 404, "unknown_city");
}

async fn a_wrong_callback_domain_is_spelled_out(on: On) {
    let world = World::ready(on).await;
    assert_eq!(overview(&world, "").await["attention"], json!([]));
    for _ in 0..12 {
        world.start().await;
    }
    assert_eq!(overview(&world, "").await["attention"], json!([]), "they may still come back");
    world.clock.advance(Duration::from_secs(601));
    let told = overview(&world, "").await;
    let pattern = found(&told, "callback_domain").unwrap();
    let text = "12 started, 0 returned: the callback domain in WeChat's console is probably not 127.0.0.1.";
    assert_eq!((&pattern["text"]["en"], &pattern["severity"]), (&json!(text), &json!("error")));
    assert!(pattern["text"]["zh"].as_str().unwrap().contains("授权回调域"));
    assert_eq!((&pattern["provider"], &pattern["city_id"]), (&json!("wechat"), &json!("city_demo")));
    world.sign_in("alice").await;
    assert_eq!(overview(&world, "").await["attention"], json!([]), "it works again");
}

async fn a_wrong_secret_and_a_used_code_are_spelled_out(on: On) {
    let world = World::ready(on).await;
    let wrong = json!({"key": "WECHAT_CLIENT_SECRET", "value": "0123456789abcdef0123456789abcdef"});
    world.admin_post("env/upsert", wrong).await;
    world.sign_in("alice").await;
    let told = overview(&world, "").await;
    let pattern = found(&told, "provider_refuses").unwrap();
    let text = pattern["text"]["en"].as_str().unwrap();
    assert!(
        text.starts_with("the only one since the last success failed with 40125: the AppSecret"),
        "{text}"
    );
    assert!(text.contains("it was set at 20"), "{text}");
    assert_eq!(health(&told, "wechat")["last_hour"]["success_rate"], 0.0);
    world.set_up_wechat().await;
    world.sign_in("alice").await;
    assert!(found(&overview(&world, "").await, "provider_refuses").is_none(), "mended");
    for _ in 0..2 {
        refused(&world, 40163).await;
    }
    let told = overview(&world, "").await;
    assert_eq!(found(&told, "code_used").unwrap()["severity"], "warning");
}

async fn what_one_network_starts_and_others_finish_needs_attention(on: On) {
    let world = World::ready(on).await;
    let product = json!({"city_id": "city_demo", "allowed_redirects": ["https://app.example.com/done"]});
    world.admin_post("cities/update", product).await;
    for number in 0..10 {
        // Every other one returns to the product's site: its server may have started them all.
        let returning = json!({"return_to": "https://app.example.com/done"});
        let (url, _) = started(&world, if number % 2 == 0 { json!({}) } else { returning }).await;
        world.come_back(&format!("198.51.100.{number}"), &world.allow(&url, "alice")).await;
        let told = overview(&world, "").await;
        assert_eq!(found(&told, "started_for_others").is_some(), number >= 8, "after {number}: {told}");
    }
    let told = overview(&world, "").await;
    let text = &found(&told, "started_for_others").unwrap()["text"]["en"];
    assert!(text.as_str().unwrap().starts_with("5 sign-ins that were started at 192.0.2.10"), "{text}");
}

async fn what_needs_attention_besides(on: On) {
    let world = World::new(on).await;
    assert_eq!(found(&overview(&world, "").await, "no_provider").unwrap()["severity"], "error");
    world.admin_post("env/upsert", json!({"key": "WECHAT_CLIENT_ID", "value": "wx0123456789abcdef"})).await;
    let told = overview(&world, "").await;
    let half = found(&told, "provider_incomplete").unwrap();
    assert!(half["text"]["en"].as_str().unwrap().contains("WECHAT_CLIENT_SECRET is missing"));
    world.set_up_wechat().await;
    world.admin_post("providers/disable", json!({"provider": "wechat"})).await;
    assert!(found(&overview(&world, "").await, "no_provider").is_some(), "switched off is no way in");
    world.admin_post("providers/enable", json!({"provider": "wechat"})).await;
    assert_eq!(overview(&world, "").await["attention"], json!([]));

    tamper(
        &world.store,
        "insert into outbox (outbox_id, kind, target, next_at, state, created_at, ended_at) \
        values ('m', 'mail', 'a@example.com', 1, 'given_up', 1, 99999999999999)",
    )
    .await;
    world.admin_post("webhooks/create", json!({"url": "https://hooks.example.com/secret-path"})).await;
    tamper(&world.store, "update webhooks set failing_since = 1").await;
    let soon = "update admin_keys set name = 'deploy', expires_at = created_at + 86400000";
    tamper(&world.store, soon).await;
    let told = overview(&world, "").await;
    assert!(found(&told, "mails_failing").unwrap()["text"]["en"].as_str().unwrap().starts_with("1 mails"));
    let hook = found(&told, "webhook_failing").unwrap().to_string();
    assert!(hook.contains("hooks.example.com") && !hook.contains("secret-path"));
    assert!(found(&told, "admin_key_ends").unwrap()["text"]["zh"].as_str().unwrap().contains("deploy"));
    let severities: Vec<_> =
        told["attention"].as_array().unwrap().iter().map(|one| one["severity"].as_str().unwrap()).collect();
    assert_eq!(severities, ["error", "warning", "warning"]);
    let city = overview(&world, "?city_id=city_downcity").await;
    assert_eq!(city["attention"], json!([]), "what is no city's is not told to one");
}

async fn people_are_counted_for_all_and_for_a_city(on: On) {
    let world = World::ready(on).await;
    world.sign_in("alice").await;
    world.sign_in("alice").await;
    world.sign_in("zhangsan").await;
    let expected = json!({"users": 2, "active_24h": 2, "active_30d": 2, "live_sessions": 3});
    assert_eq!(overview(&world, "").await["people"], expected);
    let nobody = json!({"users": 0, "active_24h": 0, "active_30d": 0, "live_sessions": 0});
    assert_eq!(overview(&world, "?city_id=city_downcity").await["people"], nobody);
    world.clock.advance(Duration::from_secs(2 * 86_400));
    world.sign_in("alice").await;
    let later = json!({"users": 2, "active_24h": 1, "active_30d": 2, "live_sessions": 4});
    assert_eq!(overview(&world, "?city_id=city_demo").await["people"], later);
    assert_eq!(overview(&world, "").await["cities"], 2);
}
