//! The audit record: every admin action leaves an entry, and none leaks a secret.

use super::reach::{READS, admin_routes};
use crate::kit::{admin_get, admin_try, assert_field};
use crate::on_both_engines;
use crate::support::{HOME, On, Plan, World};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both_engines!(
    every_admin_action_is_on_record_and_no_secret_is,
    an_entry_says_who_when_from_where_and_what_changed,
    a_refused_call_leaves_no_entry,
    the_record_is_filtered_paged_and_exported,
);

/// Whatever is given to the Federation as a secret has this in it.
const CANARY: &str = "canary-0123456789-canary";

/// Tried in `secrets.rs`, where there is a next master key to change to.
const ELSEWHERE: &[&str] = &["federation/master-key/rotate"];

async fn entries(world: &World) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = admin_get(world, &format!("audit/list?limit=200{cursor}")).await.ok();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Every changing admin route with a body that works, in an order in which each can; and what is to be on record.
async fn actions(world: &World) -> Vec<(&'static str, Value, &'static str)> {
    let alice = world.sign_in("alice").await["user_id"].clone();
    let bob = world.sign_in("zhangsan").await["user_id"].clone();
    let (_, key_id) = super::key(world, json!({})).await;
    let hook = json!({"url": "http://127.0.0.1:9/hook"});
    let hook = world.admin_post("webhooks/create", hook).await["webhook"]["webhook_id"].clone();
    let events = admin_get(world, "accounts/events").await.ok();
    let sessions = admin_get(world, "accounts/sessions").await.ok();
    let city = json!({"city_id": "city_new"});
    let session = workspace_session(world).await;
    let setting = json!({"city_id": "city_new", "key": "WECHAT_CLIENT_SECRET", "value": CANARY});
    vec![
        ("cities/create", json!({"city_id": "city_new", "name": "New"}), "city.created"),
        ("cities/update", json!({"city_id": "city_new", "name": "Newer"}), "city.changed"),
        ("cities/pause", city.clone(), "city.paused"),
        ("cities/activate", city.clone(), "city.activated"),
        ("cities/tokens/apply", json!({"city_id": "city_new", "user_id": "theirs"}), "token.issued"),
        ("cities/env/upsert", setting.clone(), "city_env.set"),
        ("cities/env/remove", setting, "city_env.removed"),
        ("cities/remove", city, "city.removed"),
        ("env/upsert", json!({"key": "GITHUB_CLIENT_SECRET", "value": CANARY}), "env.set"),
        ("env/remove", json!({"key": "GITHUB_CLIENT_SECRET"}), "env.removed"),
        ("env/import", json!({"raw": format!("GOOGLE_CLIENT_SECRET={CANARY}")}), "env.set"),
        ("providers/disable", json!({"provider": "wechat"}), "provider.disabled"),
        ("providers/enable", json!({"provider": "wechat"}), "provider.enabled"),
        ("env/refresh", json!({}), "env.refreshed"),
        (
            "accounts/sessions/admin-revoke",
            json!({"session_id": sessions["items"][0]["session_id"]}),
            "session.revoked",
        ),
        ("accounts/users/disable", json!({"user_id": alice}), "user.disabled"),
        ("accounts/users/enable", json!({"user_id": alice}), "user.enabled"),
        ("accounts/users/merge", json!({"from": alice, "into": bob}), "user.merged"),
        ("accounts/users/delete", json!({"user_id": bob}), "user.deleted"),
        ("webhooks/create", json!({"url": "http://127.0.0.1:9/other"}), "webhook.created"),
        ("webhooks/enable", json!({"webhook_id": hook}), "webhook.enabled"),
        ("webhooks/test", json!({"webhook_id": hook}), "webhook.test"),
        (
            "webhooks/replay",
            json!({"webhook_id": hook, "event_id": events["items"][0]["event_id"]}),
            "webhook.replayed",
        ),
        ("webhooks/remove", json!({"webhook_id": hook}), "webhook.removed"),
        ("admin-keys/sessions/end", json!({"session_id": session}), "admin.session_ended"),
        ("admin-keys/create", json!({"name": "more", "role": "viewer"}), "admin_key.created"),
        ("admin-keys/rotate", json!({"key_id": key_id}), "admin_key.rotated"),
        ("admin-keys/revoke", json!({"key_id": key_id}), "admin_key.revoked"),
        ("federation/keys/rotate", json!({}), "signing_key.added"),
        ("federation/keys/revoke", json!({"kid": kid(world).await}), "signing_key.revoked"),
    ]
}

/// A session of the web workspace; gives its id.
async fn workspace_session(world: &World) -> Value {
    let browser = crate::person::Browser::at(world, HOME);
    crate::workspace::sign_in(&browser, world.admin_key.expose_secret()).await;
    let list = admin_get(world, "admin-keys/sessions").await.ok();
    assert!(list["items"][0].get("digest").is_none());
    list["items"][0]["session_id"].clone()
}

async fn kid(world: &World) -> Value {
    admin_get(world, "federation/keys/list").await.ok()["items"][0]["kid"].clone()
}

async fn every_admin_action_is_on_record_and_no_secret_is(on: On) {
    let world = crate::kit::ready_with(Plan { private_hooks: true, ..Plan::on(on) }).await;
    let actions = actions(&world).await;
    let covered: BTreeSet<String> = actions.iter().map(|(path, _, _)| (*path).to_owned()).collect();
    let elsewhere = [READS, ELSEWHERE].concat();
    let changes = |(method, path): &(String, String)| method != "GET" && !elsewhere.contains(&path.as_str());
    let changing = admin_routes().into_iter().filter(changes).map(|(_, path)| path);
    assert_eq!(covered, changing.collect(), "every changing admin route is tried here");
    let mut secrets = vec![world.admin_key.expose_secret().to_owned(), CANARY.to_owned()];
    for (path, body, action) in actions {
        let before = entries(&world).await.len();
        let answer = world.admin_post(path, body).await;
        for secret in ["admin_key", "secret", "user_token"] {
            secrets.extend(answer[secret].as_str().map(str::to_owned));
        }
        let after = entries(&world).await;
        assert_eq!((after.len() - before, after[0]["action"].as_str()), (1, Some(action)), "{path}");
        assert_eq!(after[0]["key_name"], "first", "{path}");
    }
    assert!(secrets.len() >= 5, "the answers had secrets in them: {}", secrets.len());
    let all = admin_get(&world, "audit/export").await;
    for secret in secrets {
        assert!(!all.text.contains(&secret), "a secret is on record");
    }
}

async fn an_entry_says_who_when_from_where_and_what_changed(on: On) {
    let world = World::ready(on).await;
    let (helper, id) = super::key(&world, json!({"name": "Han Meimei"})).await;
    let body = json!({"city_id": "city_demo", "name": "Demo 2", "confirm": "always"});
    let request = world.http.post(world.url("cities/update")).bearer_auth(&helper).json(&body);
    request.header("x-forwarded-for", HOME).send().await.unwrap();
    let entry = entries(&world).await.remove(0);
    let expected = json!({
        "audit_id": entry["audit_id"], "at": entry["at"], "key_id": id, "key_name": "Han Meimei", "via": "api",
        "network": HOME, "action": "city.changed", "city_id": "city_demo", "subject": "city_demo",
        "before": {"name": "Demo", "status": "active", "allowed_origins": [], "allowed_redirects": [], "confirm": "auto"},
        "after": {"name": "Demo 2", "status": "active", "allowed_origins": [], "allowed_redirects": [], "confirm": "always"},
    });
    assert_eq!(entry, expected);
    world
        .admin_post("env/upsert", json!({"key": "WECHAT_CLIENT_SECRET", "value": "0123456789abcdefWXYZ"}))
        .await;
    let entry = entries(&world).await.remove(0);
    assert_eq!((&entry["subject"], &entry["after"]), (&json!("WECHAT_CLIENT_SECRET"), &json!("••••WXYZ")));
    world.admin_post("env/remove", json!({"key": "WECHAT_CLIENT_SECRET"})).await;
    let entry = entries(&world).await.remove(0);
    assert_eq!((&entry["before"], &entry["after"]), (&json!("••••WXYZ"), &Value::Null));
}

async fn a_refused_call_leaves_no_entry(on: On) {
    let world = World::ready(on).await;
    let (viewer, _) = super::key(&world, json!({"role": "viewer"})).await;
    let before = entries(&world).await;
    world.post_as(&viewer, "cities/pause", json!({"city_id": "city_demo"})).await;
    for (path, body) in [
        ("cities/create", json!({"name": "Again", "city_id": "city_demo"})),
        ("cities/pause", json!({"city_id": "city_none"})),
        ("cities/remove", json!({"city_id": "city_downcity"})),
        ("env/remove", json!({"key": "NOT_SET"})),
        ("env/import", json!({"raw": "A=1\nno line"})),
        ("accounts/users/disable", json!({"user_id": "nobody"})),
        ("webhooks/remove", json!({"webhook_id": "00000000-0000-7000-8000-000000000000"})),
        ("admin-keys/revoke", json!({"key_id": "none"})),
    ] {
        assert!(admin_try(&world, path, body).await.status >= 400, "{path}");
    }
    assert_eq!(entries(&world).await, before);
}

async fn the_record_is_filtered_paged_and_exported(on: On) {
    let world = World::ready(on).await;
    for number in 0..5 {
        world
            .admin_post("env/upsert", json!({"key": "GITHUB_CLIENT_ID", "value": format!("id{number}")}))
            .await;
    }
    let count = async |query: &str| {
        let list = admin_get(&world, &format!("audit/list?{query}")).await.ok();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!(count("subject=GITHUB_CLIENT_ID").await, 5);
    assert_eq!(count("action=env.set&subject=GITHUB_CLIENT_ID").await, 5);
    assert_eq!(count("action=city").await, 1);
    assert_eq!(count("city_id=city_demo").await, 1);
    assert_eq!(count("since=2100-01-01T00:00:00Z").await, 0);
    assert_eq!(count("until=2000-01-01T00:00:00Z").await, 0);
    assert_eq!(count("key_id=local").await, 1, "the first key was made by the first start");
    let page = admin_get(&world, "audit/list?limit=3&action=env").await.ok();
    let next = page["next"].as_str().unwrap();
    let rest = admin_get(&world, &format!("audit/list?limit=200&action=env&cursor={next}")).await.ok();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (4, &Value::Null));
    let export = admin_get(&world, "audit/export?action=env").await;
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> = export.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let both = [page["items"].as_array().unwrap().as_slice(), rest["items"].as_array().unwrap()].concat();
    assert_eq!(lines, both);
    for (query, field) in [("limit=0", "limit"), ("since=yesterday", "since"), ("action=%25", "action")] {
        assert_field(&admin_get(&world, &format!("audit/list?{query}")).await, field);
        if field != "limit" {
            assert_field(&admin_get(&world, &format!("audit/export?{query}")).await, field);
        }
    }
}
