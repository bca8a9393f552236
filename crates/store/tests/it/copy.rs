//! From SQLite to PostgreSQL: the same row by row whatever happened meanwhile, one of them live at a time, taken up again
//! wherever it was interrupted, and nothing of anybody else overwritten.

use crate::support::{NOW, city, deed, new_session, signed_in, unionid, user, wechat};
use downcity_core::{CityId, Digest};
use downcity_store::copy::{CopyError, Copying, Tally};
use downcity_store::testing::{self, fresh_postgres, fresh_sqlite, number, tamper};
use downcity_store::{DataKeyRow, KeyPurpose, NewMail, OpenError, Store};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Keys that an engine might order otherwise.
const ODD: [&str; 12] = ["", " ", "!", "A", "Z", "_", "a", "a b", "é", "ß", "张三", "🌟"];

/// A Federation with people, and with more rows than one part holds.
async fn served(name: &str) -> (TempDir, PathBuf, Store) {
    let (folder, path) = fresh_sqlite();
    let store = Store::open_sqlite(&path).await.unwrap();
    let key = |id: &str, purpose| DataKeyRow {
        data_key_id: format!("{id}-{name}"),
        purpose,
        wrapped: (0..=255).collect(),
        master_key_id: "0a0b0c0d".into(),
        active: true,
        created_at: NOW,
        emptied_at: None,
    };
    let keys = vec![key("seal", KeyPurpose::Seal), key("derive", KeyPurpose::Derive)];
    assert!(store.insert_first_data_keys(keys).await.unwrap());
    store.insert_city(&city("city_demo"), None).await.unwrap();
    for name in ["a", "b", "c"] {
        signed_in(&store, name, wechat(vec![unionid(&format!("u-{name}"))])).await;
        let session = new_session(name, user(name), NOW);
        store.insert_session(&session, deed("token.issued")).await.unwrap();
    }
    for name in ODD {
        store.settle_fact(name, name.as_bytes()).await.unwrap();
    }
    tamper(&store, "update users set email = user_id || '@example.com'").await;
    mails(&store, "first", 2000).await;
    (folder, path, store)
}

async fn mails(store: &Store, name: &str, count: usize) {
    let mut writes = tokio::task::JoinSet::new();
    for index in 0..count {
        let (outbox_id, address) = (format!("{name}-{index:05}"), format!("张三+\"{index}\"@example.com\n"));
        let sealed = Digest::of(&outbox_id).0.to_vec();
        let mail = NewMail { sealed, outbox_id, address, event_id: None, now: NOW };
        let store = store.clone();
        writes.spawn(async move { store.enqueue_mail(mail).await.unwrap() });
    }
    while writes.join_next().await.is_some() {}
}

async fn begin(path: &Path, url: &str) -> Result<Copying, CopyError> {
    Copying::begin(path, url, "c0ffee".into()).await
}

/// Everything but what says how far the copy is, in an order that no engine chooses.
async fn content(store: &Store) -> Vec<String> {
    let mut parts = store.dump(NOW);
    let mut all = Vec::new();
    while let Some(part) = parts.recv().await {
        all.extend(part.unwrap());
    }
    let mut table = String::new();
    let mut lines = Vec::new();
    for line in String::from_utf8(all).unwrap().lines().skip(1) {
        if line.starts_with(r#"{"table"#) {
            table = line.to_owned();
        }
        let marks = ["[\"copying\",", "[\"copied\",", "[\"moved\",", "{\"end\""];
        if !marks.iter().any(|mark| line.starts_with(mark)) {
            lines.push(format!("{table} {line}"));
        }
    }
    lines.sort();
    lines
}

/// The last steps.
async fn finish(mut copying: Copying) -> Tally {
    assert!(copying.seize().unwrap());
    let (settled, tally) = copying.settle(&deed("database.moved"), |_| ()).await.unwrap();
    settled.mark().unwrap().release().await.unwrap();
    tally
}

/// Both hold the same; gives the store that is live.
async fn same_on_both(path: &Path, url: &str) -> Store {
    let moved = Store::open_sqlite(path).await.err().unwrap();
    assert!(matches!(&moved, OpenError::Moved { .. }), "{moved}");
    let old = path.with_file_name("unmarked.db");
    std::fs::copy(path, &old).unwrap();
    rusqlite::Connection::open(&old).unwrap().execute("delete from facts where name = 'moved'", []).unwrap();
    let (old, new) = (Store::open_sqlite(&old).await.unwrap(), Store::open_postgres(url).await.unwrap());
    assert_eq!(content(&old).await, content(&new).await);
    old.close().await;
    new
}

async fn cannot_be_served(url: &str) {
    let refused = Store::open_postgres(url).await.err().unwrap();
    assert!(matches!(&refused, OpenError::Copying { .. }), "{refused}");
    assert!(refused.to_string().contains("fed db copy"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_while_it_is_copied_comes_along() {
    let (_folder, path, store) = served("x").await;
    let url = fresh_postgres().await;
    let mut copying = begin(&path, &url).await.unwrap();
    let mut told = 0;
    let first = copying.load(|rows| told = rows).await.unwrap();
    assert!(told > 2000 && first == Tally { rows: told, written: told, removed: 0 }, "{first:?} {told}");
    assert!(!copying.seize().unwrap(), "the store has it still");

    // Addresses change hands, a person and a whole city go, rows come before, between and behind the others.
    for sql in [
        "update users set email = null where user_id = 'user-a'",
        "update users set email = 'user-a@example.com' where user_id = 'user-b'",
        "update users set email = 'user-b@example.com' where user_id = 'user-a'",
        "delete from users where user_id = 'user-c'",
        "delete from outbox where outbox_id like '%7'",
        "update outbox set tries = 3 where outbox_id like 'first-00_99'",
        "update sessions set revoked_at = 5 where user_id = 'user-b'",
        "update facts set value = x'00ff' where name = 'é'",
    ] {
        assert!(tamper(&store, sql).await > 0, "{sql}");
    }
    store.insert_city(&city("city_next"), None).await.unwrap();
    assert!(store.remove_city(&CityId::parse("city_demo").unwrap(), deed("city.removed")).await.unwrap());
    mails(&store, "earlier", 1100).await;
    mails(&store, "later", 1500).await;
    let again = copying.load(|_| ()).await.unwrap();
    assert!(again.written > 2600 && again.removed > 200, "{again:?}");
    tamper(&store, "update outbox set tries = 4 where outbox_id = 'later-00007'").await;
    store.close().await;

    cannot_be_served(&url).await;
    let last = finish(copying).await;
    assert_eq!((last.written, last.removed), (2, 0), "one row, and the entry of the record: {last:?}");
    let new = same_on_both(&path, &url).await;
    assert_eq!(number(&new, "select count(*) from audit where action = 'database.moved'").await, 1);
    assert_eq!(number(&new, "select count(*) from users where email = 'user-b@example.com'").await, 1);
    new.close().await;
    assert!(begin(&path, &url).await.unwrap().is_ended(), "the same again finds it done");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_every_interruption_one_side_is_live_or_the_same_again_makes_it() {
    let (_folder, path, store) = served("x").await;
    store.close().await;
    let url = fresh_postgres().await;
    let live = async |path: &Path| match Store::open_sqlite(path).await {
        Ok(store) => {
            store.close().await;
            true
        }
        Err(error) => {
            assert!(matches!(&error, OpenError::Moved { .. }), "{error}");
            false
        }
    };
    // Before the first row.
    drop(begin(&path, &url).await.unwrap());
    cannot_be_served(&url).await;
    assert!(live(&path).await);
    // In the middle of the first pass.
    let mut copying = begin(&path, &url).await.unwrap();
    let half = copying.load(|rows| assert!(rows < 1500, "stop here"));
    assert!(AssertUnwindSafe(half).catch_unwind().await.is_err());
    drop(copying);
    cannot_be_served(&url).await;
    assert!(live(&path).await);
    // While everything is compared.
    let mut copying = begin(&path, &url).await.unwrap();
    let again = copying.load(|_| ()).await.unwrap();
    assert!((1..1500).contains(&again.written), "what was there is not copied again: {again:?}");
    assert!(copying.seize().unwrap());
    let entry = deed("database.moved");
    let compared = copying.settle(&entry, |rows| assert!(rows < 1500, "here"));
    assert!(AssertUnwindSafe(compared).catch_unwind().await.is_err());
    cannot_be_served(&url).await;
    assert!(live(&path).await);
    // Before the file is marked.
    let mut copying = begin(&path, &url).await.unwrap();
    assert!(copying.seize().unwrap());
    drop(copying.settle(&deed("database.moved"), |_| ()).await.unwrap());
    cannot_be_served(&url).await;
    assert!(live(&path).await);
    // Between the two marks neither side is live.
    let mut copying = begin(&path, &url).await.unwrap();
    assert!(copying.seize().unwrap());
    drop(copying.settle(&deed("database.moved"), |_| ()).await.unwrap().0.mark().unwrap());
    cannot_be_served(&url).await;
    assert!(!live(&path).await);
    let copying = begin(&path, &url).await.unwrap();
    assert!(copying.is_moved() && !copying.is_ended());
    assert_eq!(finish(copying).await.written, 0);
    let new = same_on_both(&path, &url).await;
    assert_eq!(number(&new, "select count(*) from audit where action = 'database.moved'").await, 1);
    new.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_anybody_else_is_overwritten() {
    let (_folder, path, store) = served("x").await;
    store.close().await;
    let occupied = async |url: &str| {
        let refused = begin(&path, url).await.err().unwrap();
        assert!(matches!(&refused, CopyError::Occupied(_)), "{refused}");
    };
    // A Federation that is served.
    let url = fresh_postgres().await;
    let other = Store::open_postgres(&url).await.unwrap();
    other.insert_city(&city("city_theirs"), None).await.unwrap();
    occupied(&url).await;
    assert_eq!(other.cities().await.unwrap().len(), 1);
    // Tables of another program.
    tamper(&other, "drop table schema_steps").await;
    occupied(&url).await;
    other.close().await;
    // A copy of another Federation.
    let url = fresh_postgres().await;
    let (_other_folder, other, store) = served("y").await;
    store.close().await;
    begin(&other, &url).await.unwrap().load(|_| ()).await.unwrap();
    occupied(&url).await;
    // A copy that was moved, and another place for the same.
    let copying = begin(&other, &url).await.unwrap();
    let busy = begin(&other, &url).await.err().unwrap();
    assert!(matches!(&busy, CopyError::Busy(_)), "{busy}");
    finish(copying).await;
    let elsewhere = fresh_postgres().await;
    let refused = begin(&other, &elsewhere).await.err().unwrap();
    assert!(matches!(&refused, CopyError::MovedElsewhere(_)), "{refused}");
    Store::open_postgres(&elsewhere).await.unwrap().close().await;
    // Nothing to copy.
    let (_empty_folder, empty) = fresh_sqlite();
    assert!(matches!(begin(&empty, &url).await, Err(CopyError::Missing(_))));
    assert!(!empty.exists());
    Store::open_sqlite(&empty).await.unwrap().close().await;
    assert!(matches!(begin(&empty, &url).await, Err(CopyError::NeverServed(_))));
    let older = rusqlite::Connection::open(&empty).unwrap();
    older.execute("delete from schema_steps where number > 6", []).unwrap();
    assert!(matches!(begin(&empty, &url).await, Err(CopyError::OtherVersion(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_did_to_the_copy_meanwhile_does_not_stay() {
    let (_folder, path, store) = served("x").await;
    store.close().await;
    let url = fresh_postgres().await;
    let mut copying = begin(&path, &url).await.unwrap();
    copying.load(|_| ()).await.unwrap();
    // A way in behind the guard, as an administrator of the server has it.
    testing::meddle(
        &url,
        "delete from identities; \
         update users set display_name = 'Mallory'; \
         insert into admin_keys (key_id, digest, name, created_at) \
           values ('mallory', decode(repeat('00', 32), 'hex'), 'Mallory', 1); \
         update outbox set last_error = '' where outbox_id = 'first-01000'",
    )
    .await;
    finish(copying).await;
    let new = same_on_both(&path, &url).await;
    assert_eq!(number(&new, "select count(*) from admin_keys").await, 0);
    new.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_went_is_told_without_the_password() {
    let (_folder, path, store) = served("x").await;
    store.close().await;
    let url = fresh_postgres().await;
    finish(begin(&path, &url).await.unwrap()).await;
    let told = Store::open_sqlite(&path).await.err().unwrap().to_string();
    let (_, place) = url.split_once('@').unwrap();
    let database = place.rsplit('/').next().unwrap().split('?').next().unwrap();
    assert!(told.contains(database) && told.contains("FED_DATABASE_URL"), "{told}");
    let password = url.split_once('@').unwrap().0.rsplit(':').next().unwrap();
    assert!(password.is_empty() || !told.contains(password), "{told}");
}
