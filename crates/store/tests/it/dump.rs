//! Backups: whole while others write, the same on either engine, and refused where they are not what was written.

use crate::support::{NOW, Scratch, signed_in, unionid, wechat};
use downcity_core::{Digest, Timestamp};
use downcity_store::dump::{DumpError, restore_postgres, restore_sqlite, verify};
use downcity_store::{DataKeyRow, KeyPurpose, LoadError, NewMail, Store, testing};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Every kind of value: bytes, nothing, texts of any script, the largest number.
async fn furnish(store: &Store) {
    signed_in(store, "a", wechat(vec![unionid("u-a")])).await;
    let key = |id: &str, purpose| DataKeyRow {
        data_key_id: id.into(),
        purpose,
        wrapped: (0..=255).collect(),
        master_key_id: "0a0b0c0d".into(),
        active: true,
        created_at: Timestamp(i64::MAX),
        emptied_at: None,
    };
    let keys = vec![key("00000001", KeyPurpose::Seal), key("00000002", KeyPurpose::Derive)];
    assert!(store.insert_first_data_keys(keys).await.unwrap());
    store.settle_fact("empty", b"").await.unwrap();
    for index in 0..450 {
        store.enqueue_mail(mail(&format!("first-{index}"))).await.unwrap();
    }
}

fn mail(id: &str) -> NewMail {
    let address = format!("张三+\"{id}\"@example.com\n");
    NewMail { outbox_id: id.into(), address, sealed: Digest::of(id).0.to_vec(), event_id: None, now: NOW }
}

/// A backup of the store in a file.
async fn backup(store: &Store, path: &Path) -> String {
    let mut parts = store.dump(NOW);
    let mut all = Vec::new();
    while let Some(part) = parts.recv().await {
        all.extend(part.unwrap());
    }
    std::fs::write(path, &all).unwrap();
    String::from_utf8(all).unwrap()
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.jsonl");
    (folder, path)
}

/// The lines between the first and the last, in an order that no engine chooses.
fn content(text: &str) -> Vec<String> {
    let mut table = String::new();
    let lines = text.lines().skip(1).filter(|line| !line.starts_with(r#"{"end""#));
    let mut lines: Vec<String> = lines
        .map(|line| {
            if line.starts_with('{') {
                table = line.to_owned();
            }
            format!("{table} {line}")
        })
        .collect();
    lines.sort();
    lines
}

async fn restored_on_both(text: &str, path: &Path) {
    let target = path.with_file_name("restored.db");
    restore_sqlite(&target, path, |_| ()).unwrap();
    let url = testing::fresh_postgres().await;
    restore_postgres(&url, path, |_| ()).await.unwrap();
    let stores = [Store::open_sqlite(&target).await.unwrap(), Store::open_postgres(&url).await.unwrap()];
    for store in &stores {
        let again = backup(store, &path.with_file_name("again")).await;
        assert_eq!(content(&again), content(text));
        assert!(store.changes().await.unwrap() > 0);
        store.close().await;
    }
    let refused = restore_sqlite(&target, path, |_| ()).unwrap_err();
    assert!(matches!(refused, LoadError::NotEmpty), "{refused}");
    let refused = restore_postgres(&url, path, |_| ()).await.unwrap_err();
    assert!(matches!(refused, LoadError::NotEmpty), "{refused}");
}

/// Takes a backup in the middle of writes: of each write it has all or nothing.
async fn a_backup_under_load(scratch: Scratch) {
    let store = scratch.store.clone();
    furnish(&store).await;
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for index in 0..400 {
                store.enqueue_mail(mail(&format!("later-{index:04}"))).await.unwrap();
            }
        }
    });
    let (_folder, path) = folder();
    while !testing::number(&store, "select count(*) from outbox").await > 460 {
        tokio::task::yield_now().await;
    }
    let text = backup(&store, &path).await;
    writer.await.unwrap();
    let verified = verify(&path, |_| ()).unwrap();
    assert_eq!(verified.master_key_ids, ["0a0b0c0d"]);
    assert_eq!(verified.data_keys.len(), 2);
    assert_eq!(verified.data_keys[0].wrapped.len(), 256);
    let mails = verified.rows["outbox"];
    let later = text.lines().filter(|line| line.starts_with("[\"later-")).count() as u64;
    assert_eq!(mails, 450 + later);
    let last = text.lines().filter_map(|line| line.strip_prefix("[\"later-")).map(|line| &line[..4]).max();
    assert_eq!(last.map_or(0, |last| last.parse::<u64>().unwrap() + 1), later, "none is missing in between");
    restored_on_both(&text, &path).await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_sqlite_under_load_is_of_one_moment() {
    a_backup_under_load(Scratch::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_postgres_under_load_is_of_one_moment() {
    a_backup_under_load(Scratch::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_what_was_written_is_refused_and_leaves_nothing() {
    let scratch = Scratch::sqlite().await;
    furnish(&scratch.store).await;
    let (_folder, path) = folder();
    let text = backup(&scratch.store, &path).await;
    scratch.store.close().await;
    let cut = |at: usize| text[..at].to_owned();
    let without_a_row = text.replacen(text.lines().find(|line| line.contains("first-7\"")).unwrap(), "", 1);
    let cases = [
        (cut(text.len() - 1), "cut off"),
        (cut(text.rfind("{\"end\"").unwrap()), "cut off"),
        (cut(text.find("first-9").unwrap()), "cut off"),
        (text.replacen("first-7\"", "first-x\"", 1), "checksum"),
        (without_a_row, "damaged"),
        (format!("{text}[1]\n"), "follows its last line"),
        (text.replacen("\"table\":\"users\"", "\"table\":\"strange\"", 1), "not known"),
        (text.replacen("\"version\":1", "\"version\":2", 1), "newer"),
        (text.replacen("\"sign_in\"", "\"else\"", 1), "step 1 (else)"),
        ("{}\n".to_owned(), "no backup"),
        ("SQLite format 3\0".to_owned(), "no backup"),
    ];
    let target = path.with_file_name("restored.db");
    let url = testing::fresh_postgres().await;
    for (bad, why) in cases {
        std::fs::write(&path, &bad).unwrap();
        let told = verify(&path, |_| ()).unwrap_err().to_string();
        assert!(told.contains(why), "{why}: {told}");
        let refused = restore_postgres(&url, &path, |_| ()).await.unwrap_err();
        assert!(matches!(refused, LoadError::Pieces(_)), "{refused}");
        assert!(matches!(restore_sqlite(&target, &path, |_| ()), Err(LoadError::Pieces(_))));
        if target.exists() {
            let store = Store::open_sqlite(&target).await.unwrap();
            assert_eq!(testing::number(&store, "select count(*) from users").await, 0, "{why}");
            store.close().await;
            std::fs::remove_file(&target).unwrap();
        }
    }
    // After all of these the database is as empty as before.
    std::fs::write(&path, &text).unwrap();
    restore_postgres(&url, &path, |_| ()).await.unwrap();
    assert!(matches!(verify(Path::new("/no/such/file"), |_| ()), Err(DumpError::Io(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_older_schema_is_migrated() {
    let scratch = Scratch::sqlite().await;
    furnish(&scratch.store).await;
    let (_folder, path) = folder();
    let text = backup(&scratch.store, &path).await;
    scratch.store.close().await;
    // As the first version would have written it: one step, and of its tables those that have not changed since, but for a
    // column of cities that came later.
    let without = |mut value: serde_json::Value, at: &mut Option<usize>| {
        if let Some(columns) = value.get_mut("columns").and_then(serde_json::Value::as_array_mut) {
            *at = columns.iter().position(|name| name == "confirm_code");
            at.map(|at| columns.remove(at));
        } else if let (Some(at), Some(cells)) = (*at, value.as_array_mut()) {
            cells.remove(at);
        }
        value.to_string()
    };
    let mut later = None;
    let mut kept = Vec::new();
    let mut keep = true;
    let mut rows = std::collections::BTreeMap::new();
    let mut table = String::new();
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(steps) = value.get("steps") {
            kept.push(line.replace(&steps.to_string(), "[\"sign_in\"]"));
        } else if let Some(name) = value["table"].as_str() {
            table = name.to_owned();
            keep = ["cities", "identities", "facts", "changes"].contains(&name) && name != "identities";
            if keep {
                rows.insert(table.clone(), 0_u64);
                kept.push(without(value, &mut later));
            }
        } else if value.is_array() && keep {
            *rows.get_mut(&table).unwrap() += 1;
            kept.push(without(value, &mut later));
        }
    }
    let body = format!("{}\n", kept.join("\n"));
    let sha256: String = Digest::of(&body).0.iter().map(|byte| format!("{byte:02x}")).collect();
    let end = serde_json::json!({"end": {"rows": rows, "sha256": sha256}});
    std::fs::write(&path, format!("{body}{end}\n")).unwrap();
    assert!(verify(&path, |_| ()).unwrap().data_keys.is_empty());
    let target = path.with_file_name("restored.db");
    restore_sqlite(&target, &path, |_| ()).unwrap();
    let url = testing::fresh_postgres().await;
    restore_postgres(&url, &path, |_| ()).await.unwrap();
    for store in [Store::open_sqlite(&target).await.unwrap(), Store::open_postgres(&url).await.unwrap()] {
        assert_eq!(store.cities().await.unwrap().len(), 1);
        assert!(store.data_keys().await.unwrap().is_empty());
        store.close().await;
    }
}
