//! What happened long ago is forgotten, and nobody notices while that goes on.

use crate::kit::{admin_get, ready_with};
use crate::on_both_engines;
use crate::support::{On, Plan, World};
use downcity_service::Retention;
use downcity_store::testing::{number, tamper};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

on_both_engines!(
    what_happened_is_forgotten_in_its_time,
    for_ever_is_for_ever,
    whoever_signs_in_while_much_is_forgotten_does_not_wait,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn kept(on: On, [events, audit]: [Option<u32>; 2]) -> World {
    let retention = Retention { events: events.map(|days| days * DAY), audit: audit.map(|days| days * DAY) };
    ready_with(Plan { retention, ..Plan::on(on) }).await
}

async fn listed(world: &World, path: &str) -> Vec<Value> {
    admin_get(world, path).await.ok()["items"].as_array().unwrap().clone()
}

async fn what_happened_is_forgotten_in_its_time(on: On) {
    let world = kept(on, [Some(10), Some(20)]).await;
    let done = world.sign_in("alice").await;
    let before = number(&world.store, "select count(*) from audit").await;
    world.clock.advance(9 * DAY);
    assert_eq!(world.federation.forget_the_past().await.unwrap(), 0);
    let old = listed(&world, "accounts/events").await;
    assert!(!old.is_empty());
    world.sign_in("zhangsan").await;
    world.clock.advance(2 * DAY);
    assert_eq!(world.federation.forget_the_past().await.unwrap(), old.len() as u64);
    let left = listed(&world, "accounts/events").await;
    assert!(!left.is_empty() && left.iter().all(|event| event["user_id"] != done["user_id"]), "{left:?}");
    let users = listed(&world, "accounts/users").await;
    assert_eq!(users.len(), 2, "who signed up is no event");
    // The record, and its own word about that: once for each day.
    world.clock.advance(10 * DAY);
    for _ in 0..3 {
        world.federation.forget_the_past().await.unwrap();
    }
    let record = listed(&world, "audit/list").await;
    assert_eq!(record.len(), 1, "{record:?}");
    let note = &record[0];
    assert_eq!((&note["action"], &note["key_id"]), (&json!("audit.forgotten"), &json!("local")));
    assert_eq!((&note["via"], &note["before"]["entries"]), (&json!("machine"), &json!(before)), "{note}");
    let day = note["subject"].as_str().unwrap();
    assert!(day.len() == 10 && note["at"].as_str().unwrap() > day, "{note}");
}

async fn for_ever_is_for_ever(on: On) {
    let world = kept(on, [None, None]).await;
    world.sign_in("alice").await;
    world.clock.advance(10_000 * DAY);
    assert_eq!(world.federation.forget_the_past().await.unwrap(), 0);
    assert!(!listed(&world, "audit/list").await.is_empty());
}

async fn whoever_signs_in_while_much_is_forgotten_does_not_wait(on: On) {
    let world = kept(on, [Some(400), None]).await;
    let many = "insert into events (event_id, type, actor, detail, created_at) with recursive n(i) as \
                (select 1 union all select i + 1 from n where i < 50000) \
                select 'e' || cast(i as text), 'user.signed_in', 'user', '{}', i from n";
    assert_eq!(tamper(&world.store, many).await, 50_000);
    let federation = Arc::clone(&world.federation);
    let forgetting = tokio::spawn(async move { federation.forget_the_past().await.unwrap() });
    let mut times = Vec::new();
    for person in ["alice", "zhangsan", "alice"] {
        let began = Instant::now();
        world.sign_in(person).await;
        times.push(began.elapsed());
    }
    assert!(!forgetting.is_finished(), "they came meanwhile");
    assert!(times.iter().all(|time| *time < Duration::from_secs(2)), "{times:?}");
    assert_eq!(forgetting.await.unwrap(), 50_000);
}
