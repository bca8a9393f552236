//! What the Federation stands on: database, disk, key files, keys, clock; and the report as a whole.

use super::{examined, finding, result, says};
use crate::kit::{admin_get, assert_error, assert_field};
use crate::on_both_engines;
use crate::support::{HOME, On, Plan, World};
use downcity_service::Premises;
use downcity_store::testing::{number, tamper};
use serde_json::{Value, json};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

on_both_engines!(the_database_is_measured, keys_that_end_are_told_in_time, a_whole_report_and_parts_of_it);

async fn the_database_is_measured(on: On) {
    let world = World::new(on).await;
    let report = examined(&world, "database").await;
    assert_eq!(result(&finding(&report, "database.reachable", None)), ("ok", "fine"));
    assert_eq!(result(&finding(&report, "database.schema", None)), ("ok", "fine"));
    // Nobody keeps house here, so nobody listens.
    let others = finding(&report, "database.others", None);
    match on {
        On::Sqlite => assert_eq!(result(&others), ("skipped", "none")),
        On::Postgres => {
            assert_eq!(result(&others), ("warning", "unheard"));
            says(&others, &["twice a second"], &["--database-direct-url"]);
        }
    }
    let writes = finding(&report, "database.writes", None);
    assert!(matches!(result(&writes).0, "ok" | "warning"), "{writes:#}");
    says(&writes, &["Of 7 writes", " ms"], &[]);
    assert_eq!(
        number(&world.store, "select count(*) from facts where name = 'doctor'").await,
        1,
        "really written"
    );
    tamper(&world.store, "insert into schema_steps (number, name) values (99, 'later')").await;
    world.admin_post("env/upsert", json!({"key": "UNRELATED", "value": "1"})).await;
    let schema = finding(&examined(&world, "database.schema").await, "database.schema", None);
    assert_eq!(result(&schema), ("warning", "other_version"));
    says(&schema, &["step 99"], &["same version"]);
}

async fn keys_that_end_are_told_in_time(on: On) {
    let world = World::new(on).await;
    let report = examined(&world, "keys").await;
    assert_eq!(result(&finding(&report, "keys.admin", None)), ("ok", "fine"));
    assert_eq!(result(&finding(&report, "keys.signing", None)), ("ok", "fine"));
    world
        .admin_post("admin-keys/create", json!({"name": "summer intern", "role": "viewer", "ttl": "10d"}))
        .await;
    let found = finding(&examined(&world, "keys").await, "keys.admin", None);
    assert_eq!(result(&found), ("warning", "end_soon"));
    says(&found, &["summer intern"], &["Make new keys"]);
    world.clock.advance(Duration::from_secs(400 * 86_400));
    world.admin_post("env/upsert", json!({"key": "UNRELATED", "value": "1"})).await;
    let found = finding(&examined(&world, "keys").await, "keys.signing", None);
    assert_eq!(result(&found), ("warning", "old"));
    says(&found, &["for 400 days"], &["federation/keys/rotate"]);
}

async fn a_whole_report_and_parts_of_it(on: On) {
    let world = World::ready(on).await;
    let report = admin_get(&world, "federation/doctor").await.ok();
    let items = report["items"].as_array().unwrap();
    let groups: std::collections::BTreeSet<_> =
        items.iter().map(|item| item["check"].as_str().unwrap().split('.').next().unwrap()).collect();
    let wanted = [
        "clock", "database", "disk", "email", "files", "github", "google", "keys", "url", "webhooks",
        "wechat",
    ];
    assert_eq!(groups, wanted.into_iter().collect());
    for item in items {
        let wrong = matches!(item["verdict"].as_str(), Some("warning" | "failed"));
        assert!(!wrong || item["remedy"].is_string(), "whatever is wrong has a remedy: {item:#}");
        assert!(
            !item["evidence"].as_str().unwrap().is_empty() && !item["title"].as_str().unwrap().is_empty()
        );
    }
    assert_eq!(result(&finding(&report, "clock.skew", None)), ("ok", "fine"));
    // Told again while it is young, and made anew when a setting changed.
    let again = admin_get(&world, "federation/doctor").await.ok();
    assert_eq!(again, report);
    world.admin_post("env/upsert", json!({"key": "UNRELATED", "value": "1"})).await;
    let anew = admin_get(&world, "federation/doctor").await.ok();
    assert_ne!(anew["checked_at"], report["checked_at"]);
    // One check alone.
    let one = examined(&world, "keys.signing").await;
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    let refused = admin_get(&world, "federation/doctor?only=nonsense").await;
    assert_field(&refused, "only");
    assert!(refused.json()["error"].as_str().unwrap().contains("database"));
    assert_error(&world.get_from(HOME, "federation/doctor").await, 401, "authentication_required");
}

#[tokio::test]
async fn many_who_ask_at_once_get_one_run() {
    let world = World::ready(On::Sqlite).await;
    let before = world.sim.count("access_token");
    let asked = futures::future::join_all((0..8).map(|_| examined(&world, "wechat"))).await;
    assert!(asked.iter().all(|report| *report == asked[0]));
    assert_eq!(world.sim.count("access_token") - before, 1);
}

#[tokio::test]
async fn a_clock_that_is_wrong_shows_in_what_providers_say() {
    let world = World::ready(On::Sqlite).await;
    world.clock.advance(Duration::from_secs(600));
    let found = finding(&examined(&world, "clock").await, "clock.skew", None);
    assert_eq!(result(&found), ("failed", "skewed"), "{found:#}");
    says(&found, &["600 seconds ahead of"], &["NTP"]);
    let nobody = World::new(On::Sqlite).await;
    let found = finding(&examined(&nobody, "clock").await, "clock.skew", None);
    assert_eq!(result(&found), ("skipped", "unknown"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_not_postgresqls_is_told_and_no_key_is_blamed_for_it() {
    let world = World::new(On::Postgres).await;
    let found = finding(&examined(&world, "clock").await, "clock.skew", None);
    assert_eq!(result(&found), ("ok", "fine"), "{found:#}");
    world.clock.set_back(Duration::from_secs(900));
    world.admin_post("env/upsert", json!({"key": "UNRELATED", "value": "1"})).await;
    let found = finding(&examined(&world, "clock").await, "clock.skew", None);
    assert_eq!(result(&found), ("failed", "skewed"), "{found:#}");
    says(&found, &["900 seconds behind PostgreSQL's clock"], &["NTP"]);
    let found = finding(&examined(&world, "keys").await, "keys.signing", None);
    assert_eq!(result(&found), ("failed", "not_yet"), "{found:#}");
    says(&found, &["not there yet"], &["rotate nothing"]);
}

#[tokio::test]
async fn key_files_that_others_can_read_and_the_space_that_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let (data, key) = (dir.path().to_owned(), dir.path().join("master.key"));
    std::fs::write(&key, "0".repeat(64)).unwrap();
    let mode =
        |path: &std::path::Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    mode(&data, 0o700);
    mode(&key, 0o600);
    let premises = Premises { data: Some(data.clone()), private_files: vec![key.clone()] };
    let world = World::planned(Plan { premises, ..Plan::on(On::Sqlite) }).await;
    let looked = async || {
        world.admin_post("env/upsert", json!({"key": "UNRELATED", "value": "1"})).await;
        examined(&world, "files").await
    };
    assert_eq!(result(&finding(&looked().await, "files.modes", None)), ("ok", "fine"));
    mode(&key, 0o640);
    let found = finding(&looked().await, "files.modes", None);
    assert_eq!(result(&found), ("failed", "open_to_others"));
    says(&found, &["master.key", "mode 0640"], &["chmod 600 ", "master.key"]);
    mode(&key, 0o600);
    mode(&data, 0o755);
    says(&finding(&looked().await, "files.modes", None), &["mode 0755"], &["chmod 700 "]);
    mode(&data, 0o700);
    std::fs::remove_file(&key).unwrap();
    let found = finding(&looked().await, "files.modes", None);
    assert_eq!(result(&found), ("failed", "missing"));
    says(&found, &["master.key"], &["backup"]);
    let space: Value = finding(&examined(&world, "disk").await, "disk.space", None);
    says(&space, &["iB free", data.to_str().unwrap()], &[]);
    let elsewhere = World::planned(Plan::on(On::Postgres)).await;
    assert_eq!(
        result(&finding(&examined(&elsewhere, "disk").await, "disk.space", None)),
        ("skipped", "elsewhere")
    );
}

#[tokio::test]
async fn a_database_that_is_gone_is_told() {
    let world = World::new(On::Sqlite).await;
    world.store.close().await;
    let report = world.federation.check(Some("database")).await.unwrap();
    let found = &report.findings[0];
    assert_eq!((found.check.as_str(), found.code), ("database.reachable", "unreachable"));
}
