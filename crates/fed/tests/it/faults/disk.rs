//! SQLite whose file somebody else writes, or whose disk is full, broken or went read-only.

use super::asker::Asker;
use super::people::{People, setup, wechat};
use crate::support::{Disk, Setup, run, said};
use downcity_store::testing::hold_sqlite;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_busy_is_waited_for_and_reading_goes_on() {
    let sim = wechat().await;
    let fed = setup(&sim).start();
    let (asker, mut people) = (Asker::of(&fed), People::of(&fed, sim));
    asker.recovers("before").await;
    people.come(16).await;
    let hold = || hold_sqlite(&fed.data().join("fed.db"));

    let held = hold();
    let waiting = tokio::spawn({
        let asker = asker.clone();
        async move { asker.crowd("short", 20).await }
    });
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!waiting.is_finished(), "changes wait");
    drop(held);
    let mut told = waiting.await.unwrap();
    assert!(told.iter().all(|(_, told)| told.status == 200), "and are made");

    let held = hold();
    let refused = tokio::spawn({
        let asker = asker.clone();
        async move { asker.crowd("long", 20).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    for path in ["/health", "/v1/accounts/providers", "/.well-known/jwks.json"] {
        let read = asker.get(path).await;
        assert!(read.status == 200 && read.after < Duration::from_secs(1), "{path} {:?}", read.after);
    }
    assert_eq!(asker.listed("admin-keys/list").await.len(), 1, "the database is read");
    people.come(8).await;
    let refused = refused.await.unwrap();
    assert!(refused.iter().all(|(_, told)| told.status == 503 && told.after < Duration::from_secs(15)));
    told.extend(refused);
    drop(held);
    asker.recovers("after").await;
    asker.holds(&told).await;
    assert!(people.put_off > 0, "some came while it was held");
    people.are_in().await;
    assert!(!fed.log().contains("panicked"), "{}", fed.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_lost_what_it_was_given_ends_the_process_and_the_next_one_serves() {
    let disk = Disk::new();
    let mut fed = disk.under(Setup::default()).start();
    let asker = Asker::of(&fed);
    asker.recovers("before").await;
    let mut told = asker.crowd("good", 20).await;
    disk.set_unsynced(true);
    let refused = asker.make_city("city_lost").await;
    assert!(refused.status == 503 && refused.after < Duration::from_secs(10), "{}", refused.status);
    told.push(("city_lost".to_owned(), refused));
    let ended = fed.ended();
    assert_eq!(ended.code(), Some(1), "so that it is started again: {}", fed.log());
    assert!(fed.log().contains("the disk did not keep what was written"), "{}", fed.log());

    disk.set_unsynced(false);
    let fed = fed.restart();
    let asker = Asker::of(&fed);
    asker.recovers("after").await;
    asker.holds(&told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_went_read_only_refuses_changes_until_it_is_mended() {
    let disk = Disk::new();
    let sim = wechat().await;
    let mut fed = disk.under(setup(&sim)).start();
    let (asker, mut people) = (Asker::of(&fed), People::of(&fed, sim));
    asker.recovers("before").await;
    let mut told = asker.crowd("good", 20).await;
    people.come(16).await;
    disk.set_read_only(true);
    let (refused, ()) = tokio::join!(asker.crowd("fixed", 20), people.come(8));
    assert_eq!((people.let_in(), people.put_off), (16, 8));
    assert!(refused.iter().all(|(_, told)| told.status == 503 && told.after < Duration::from_secs(10)));
    told.extend(refused);
    for path in ["/health", "/v1/accounts/providers"] {
        assert_eq!(asker.get(path).await.status, 200, "{path} is only read");
    }
    assert_eq!(asker.listed("admin-keys/list").await.len(), 1, "and so is the database");
    assert_eq!(asker.get("/ready").await.status, 200, "there is no other node for those who read");
    asker.is_told_writable(false).await;
    disk.set_read_only(false);
    asker.is_told_writable(true).await;
    asker.recovers("mended").await;
    asker.holds(&told).await;
    people.are_in().await;
    assert!(!fed.log().contains("panicked"), "{}", fed.log());

    // Started on such a disk it says so at once, and makes nothing.
    disk.set_read_only(true);
    fed.kill();
    let output = disk
        .over(crate::support::fed())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(fed.data())
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("Read-only file system"), "{}", said(&output));
    disk.set_read_only(false);
    let fed = fed.restart();
    let asker = Asker::of(&fed);
    asker.recovers("started").await;
    asker.holds(&told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_changes_until_there_is_room() {
    let sim = wechat().await;
    let disk = Disk::new();
    let fed = disk.under(setup(&sim)).start();
    let (asker, mut people) = (Asker::of(&fed), People::of(&fed, sim));
    asker.recovers("before").await;
    people.come(16).await;
    disk.set_full(true);
    let (told, ()) = tokio::join!(asker.crowd("full", 20), people.come(8));
    assert_eq!((people.let_in(), people.put_off), (16, 8));
    assert!(told.iter().all(|(_, told)| told.status == 503 && told.after < Duration::from_secs(10)));
    for path in ["/health", "/v1/accounts/providers"] {
        assert_eq!(asker.get(path).await.status, 200, "{path} is only read");
    }
    assert_eq!(asker.listed("admin-keys/list").await.len(), 1, "and so is the database");
    asker.is_told_writable(false).await;
    let status = run(fed.command(&["status"]), "");
    assert!(
        status.status.code() == Some(4) && said(&status).contains("full or read-only"),
        "{}",
        said(&status)
    );
    let kept = tempfile::tempdir().unwrap();
    fed.run(&["backup", kept.path().join("backup").to_str().unwrap()]);
    disk.set_full(false);
    asker.is_told_writable(true).await;
    asker.recovers("room").await;
    asker.holds(&told).await;
    people.are_in().await;
    let cities = asker.listed("cities/list").await;
    assert!(cities.iter().all(|city| !city["city_id"].as_str().unwrap().starts_with("city_full")));
    assert!(!fed.log().contains("panicked"), "{}", fed.log());
}
