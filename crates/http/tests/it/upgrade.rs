//! A database that an earlier version left, at every step of the schema, opens with this one and works: the files in
//! `upgrade/` hold what people had then, and the credentials that they have still.

use crate::kit::assert_error;
use crate::support::{HOME, MovableClock, On, World};
use downcity_service::Store;
use downcity_service::core::Timestamp;
use downcity_service::seams::{Clock, SystemClock};
use downcity_store::testing::{database_at_step, fresh_postgres, fresh_sqlite, meddle, number, tamper};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What people had: one file for each step.
const FILLED: [&str; 10] = [
    include_str!("upgrade/v1.sql"),
    include_str!("upgrade/v2.sql"),
    include_str!("upgrade/v3.sql"),
    include_str!("upgrade/v4.sql"),
    include_str!("upgrade/v5.sql"),
    include_str!("upgrade/v6.sql"),
    include_str!("upgrade/v7.sql"),
    include_str!("upgrade/v8.sql"),
    include_str!("upgrade/v9.sql"),
    include_str!("upgrade/v10.sql"),
];

/// The credentials of a file, which stand in its first lines.
fn notes(sql: &str) -> BTreeMap<&str, &str> {
    let lines = sql.lines().map_while(|line| line.strip_prefix("-- "));
    lines.filter_map(|line| line.split_once(' ')).filter(|(_, value)| !value.contains(' ')).collect()
}

/// Opens a database as it stood with the first `step` steps, some minutes after people last did something.
async fn opened(on: On, step: usize) -> (World, BTreeMap<&'static str, &'static str>) {
    let sql = FILLED[step - 1];
    let notes = notes(sql);
    let (folder, path) = fresh_sqlite();
    let database = match on {
        On::Sqlite => path.to_str().unwrap().to_owned(),
        On::Postgres => fresh_postgres().await,
    };
    database_at_step(&database, step, sql).await;
    let clock = MovableClock::default();
    let past = SystemClock.now().0 - notes["at"].parse::<i64>().unwrap();
    clock.set_back(Duration::from_millis(u64::try_from(past).unwrap()));
    clock.advance(Duration::from_secs(180));
    let world = World::upgraded(on, (folder, database), clock, notes["admin_key"]).await;
    (world, notes)
}

async fn every_step_opens_and_works(on: On) {
    for step in 1..=FILLED.len() {
        let (world, notes) = opened(on, step).await;
        let me = world.get_as(notes["token"], "accounts/me").await;
        assert_eq!(me.status, 200, "step {step}: a session goes on: {}", me.text);
        let me = me.json();
        assert_eq!(me["user"]["user_id"], notes["user_id"], "step {step}");
        assert_eq!(me["profile"]["display_name"], "张三🌟", "step {step}");
        let left = world.get_as(notes["left"], "accounts/me").await;
        assert_eq!(left.status, 401, "step {step}: who left stays out: {}", left.text);
        let again = signs_in(&world, "zhangsan").await;
        assert_eq!(again["user_id"], notes["user_id"], "step {step}: the same person is the same user");
        let other = signs_in(&world, "alice").await;
        assert_ne!(other["user_id"], notes["user_id"], "step {step}: a new one is another");
        let waiting = world.result(notes["waiting"]).await;
        if step < 9 {
            // Of states without a date (docs/decisions/0041-attempts-are-found-by-their-date.md).
            assert_error(&waiting, 404, "unknown_login");
        } else {
            assert_eq!(waiting.ok()["status"], "pending", "step {step}: an attempt goes on");
        }
        admins_go_on(&world, step).await;
        if let Some(refresh) = notes.get("refresh_token") {
            let body = json!({"refresh_token": refresh});
            let next = world.post_from(HOME, "accounts/token/refresh", body.clone()).await.ok();
            assert!(next["user_token"].is_string(), "step {step}: {next}");
        }
        if step >= 5 {
            let mail = [("SMTP_URL", "smtp://127.0.0.1:9"), ("MAIL_FROM", "no-reply@example.com")];
            for (key, value) in mail {
                world.admin_post("env/upsert", json!({"key": key, "value": value})).await;
            }
            let body = json!({"email": "wang@example.com", "password": "correct horse battery"});
            let password = world.post_from(HOME, "accounts/login", body).await;
            assert_eq!(password.ok()["user_id"], "usr_1", "step {step}");
        }
        if let Some(ending) = notes.get("ending") {
            let live = "select count(*) from sessions where cross_device = 1 and revoked_at is null";
            assert_eq!(number(&world.store, live).await, 1, "step {step}");
            let form = world.http.post(world.url("accounts/email/end-session")).form(&[("token", ending)]);
            assert_eq!(form.send().await.unwrap().status(), 200, "step {step}: a mailed link goes on");
            assert_eq!(number(&world.store, live).await, 0, "step {step}");
            let cities = read(&world, "cities/list").await;
            assert!(cities.to_string().contains(r#""confirm":"code""#), "step {step}: {cities}");
        }
        let wrong = "select count(*) from users u where not exists \
                     (select 1 from identities i where i.user_id = u.user_id)";
        assert_eq!(number(&world.store, wrong).await, 0, "step {step}");
        world.store.close().await;
    }
}

async fn signs_in(world: &World, person: &str) -> Value {
    let (url, state) = world.start().await;
    let callback = world.allow(&url, person);
    // The address that tokens name is another than this test listens on.
    let (_, path) = callback.split_once("/v1/").unwrap();
    assert_eq!(world.come_back(HOME, &world.url(path)).await.status, 303);
    world.result(&state).await.ok()
}

/// A GET with the admin key that must succeed.
async fn read(world: &World, path: &str) -> Value {
    world.get_as(world.admin_key.expose_secret(), path).await.ok()
}

/// What was set is there, what was sealed opens, and all can be changed.
async fn admins_go_on(world: &World, step: usize) {
    let listed = read(world, "env/list").await;
    for key in ["WECHAT_CLIENT_ID", "WECHAT_CLIENT_SECRET", "MY_API_TOKEN"] {
        assert!(listed.to_string().contains(key), "step {step}: {listed}");
    }
    let cities = read(world, "cities/list").await;
    assert!(cities.to_string().contains("示范 Demo"), "step {step}: {cities}");
    let users = read(world, "accounts/users").await;
    assert!(users["items"].as_array().unwrap().len() >= 2, "step {step}: {users}");
    let keys = read(world, "admin-keys/list").await;
    let keys = keys["items"].as_array().unwrap();
    assert!(keys.iter().any(|key| key["role"] == "owner"), "step {step}: {keys:?}");
    world.admin_post("env/upsert", json!({"key": "MY_API_TOKEN", "value": "another"})).await;
    world.admin_post("cities/create", json!({"name": "New", "city_id": "city_new"})).await;
    if step >= 4 {
        let hooks = read(world, "webhooks/list").await;
        assert_eq!(hooks["items"].as_array().unwrap().len(), 1, "step {step}: {hooks}");
    }
}

/// And is as it was, for the program that made it.
async fn a_newer_database_is_refused_and_not_touched(on: On) {
    let (_folder, path) = fresh_sqlite();
    let database = match on {
        On::Sqlite => path.to_str().unwrap().to_owned(),
        On::Postgres => fresh_postgres().await,
    };
    database_at_step(&database, FILLED.len(), FILLED[FILLED.len() - 1]).await;
    let open = async || match on {
        On::Sqlite => Store::open_sqlite(Path::new(&database)).await,
        On::Postgres => Store::open_postgres(&database).await,
    };
    let store = open().await.unwrap();
    tamper(&store, "insert into schema_steps (number, name) values (99, 'of_tomorrow')").await;
    tamper(&store, "alter table cities add column of_tomorrow text").await;
    let before = content(&store).await;
    store.close().await;
    let refused = open().await.err().unwrap().to_string();
    assert!(refused.contains("newer version") && refused.contains("of_tomorrow"), "{refused}");
    meddle(&database, "delete from schema_steps where number = 99").await;
    let store = open().await.unwrap();
    assert_eq!(content(&store).await, before);
    store.close().await;
}

/// Somebody reads for long, as a backup does, while a new version changes a table: nobody behind it is kept waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_waits_for_a_table_keeps_nobody_from_it() {
    let database = fresh_postgres().await;
    // The next step changes the table of cities.
    database_at_step(&database, 7, FILLED[6]).await;
    let there = database.clone();
    let read = "begin; select count(*) from cities; select pg_sleep(7); commit";
    let reader = tokio::spawn(async move { meddle(&there, read).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let there = database.clone();
    let opening = tokio::spawn(async move { Store::open_postgres(&there).await });
    // As long as any statement of a request waits for a lock.
    let ask = "set lock_timeout = '5s'; select count(*) from cities";
    while !reader.is_finished() {
        meddle(&database, ask).await;
        assert!(!opening.is_finished() || reader.is_finished(), "the step waits for the reader");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let store = tokio::time::timeout(Duration::from_secs(20), opening).await.unwrap().unwrap().unwrap();
    assert_eq!(number(&store, "select count(*) from schema_steps").await, 11);
    store.close().await;
}

/// As when all machines are updated at once. Half of them open a database that others have just brought up to date.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_together_on_any_step_upgrade_it_once() {
    for (before, sql) in FILLED.iter().enumerate() {
        let database = fresh_postgres().await;
        database_at_step(&database, before + 1, sql).await;
        let nodes: Vec<_> = (0..4)
            .map(|_| {
                let database = database.clone();
                tokio::spawn(async move { Store::open_postgres(&database).await.unwrap() })
            })
            .collect();
        for node in nodes {
            let store = node.await.unwrap();
            assert_eq!(number(&store, "select count(*) from schema_steps").await, 11, "step {}", before + 1);
            let twice = "select count(*) - count(distinct name) from schema_steps";
            assert_eq!(number(&store, twice).await, 0, "step {}", before + 1);
            assert!(number(&store, "select count(*) from users").await >= 1, "step {}", before + 1);
            store.close().await;
        }
    }
}

async fn content(store: &Store) -> Vec<Vec<u8>> {
    let mut parts = store.dump(Timestamp(0));
    let mut all = Vec::new();
    while let Some(part) = parts.recv().await {
        all.push(part.unwrap());
    }
    all
}

crate::on_both_engines! {
    every_step_opens_and_works,
    a_newer_database_is_refused_and_not_touched,
}
