//! A database that is stopped, killed, cut off, silent, full or crowded: requests end in bounded time with an answer or
//! with 503 and `Retry-After`, nothing that was confirmed is lost, and service comes back by itself.

mod asker;
mod disk;
mod people;
mod replica;

use crate::support::{Cluster, Fed, Flow, Setup, Wire, run, said};
use asker::{Asker, BOUND};
use downcity_store::Store;
use downcity_store::testing::{fresh_postgres, number};
use people::{HALF_MADE, People, setup, wechat};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;
use url::Url;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_restarted_or_killed_is_found_again() {
    let (cluster, sim) = (Cluster::start(""), wechat().await);
    let fed = setup(&sim).database_url(&cluster.url()).start();
    let (asker, mut people) = (Asker::of(&fed), People::of(&fed, sim));
    asker.recovers("first").await;
    people.come(16).await;
    assert_eq!(people.let_in(), 16);
    for how in ["fast", "immediate"] {
        let storm = tokio::spawn({
            let (asker, how) = (asker.clone(), how.to_owned());
            async move { asker.crowd(&how, 40).await }
        });
        tokio::join!(people.come(32), async {
            tokio::time::sleep(Duration::from_millis(40)).await;
            tokio::task::block_in_place(|| cluster.stop(how));
        });
        assert!(people.put_off > 0, "the stop came in the middle");
        let mut told = storm.await.unwrap();
        told.extend(asker.crowd(&format!("{how}_down"), 20).await);
        for (city, told) in &told {
            assert!(told.after < Duration::from_secs(15), "{city} {:?}", told.after);
        }
        assert_eq!(asker.get("/ready").await.status, 503, "{how}");
        // The log tells of it, and not of each request.
        asker.crowd(&format!("{how}_flood"), 100).await;
        let lines = fed.log().lines().filter(|line| line.contains("request failed")).count();
        assert!(lines > 0 && lines < 100, "{lines} lines: {}", fed.log());
        for path in ["/health", "/v1/accounts/providers", "/.well-known/jwks.json"] {
            assert_eq!(asker.get(path).await.status, 200, "{path} needs no database");
        }
        cluster.resume();
        asker.recovers(how).await;
        asker.holds(&told).await;
        people.are_in().await;
        people.come(8).await;
    }
    people.are_in().await;
    let store = Store::open_postgres(&cluster.url()).await.unwrap();
    assert_eq!((number(&store, HALVES).await, number(&store, HALF_MADE).await), (0, 0));
    store.close().await;
    assert!(!fed.log().contains("panicked"), "{}", fed.log());
}

/// Started with a way to its database that can be cut, and with people who sign in.
async fn behind_a_wire(direct: &str) -> (Fed, Wire, People) {
    let mut url: Url = direct.parse().unwrap();
    let wire = Wire::to(url.port().unwrap_or(5432)).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(wire.port)).unwrap();
    let sim = wechat().await;
    let fed = setup(&sim).database_url(url.as_str()).start();
    let people = People::of(&fed, sim);
    (fed, wire, people)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_in_the_middle_of_changes_halve_none() {
    let direct = fresh_postgres().await;
    let (fed, wire, mut people) = behind_a_wire(&direct).await;
    let asker = Asker::of(&fed);
    let mut told = Vec::new();
    asker.recovers("uncut").await;
    for round in 0..8 {
        let enough = asker.confirmed.load(Ordering::Relaxed) + 2 * round;
        let storm = tokio::spawn({
            let asker = asker.clone();
            async move { asker.crowd(&format!("r{round}"), 30).await }
        });
        tokio::join!(people.come(16), async {
            while asker.confirmed.load(Ordering::Relaxed) < enough && !storm.is_finished() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            for _ in 0..3 {
                wire.set(Flow::Cut);
                tokio::time::sleep(Duration::from_millis(30)).await;
                wire.set(Flow::Open);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        told.extend(storm.await.unwrap());
    }
    asker.recovers("cut").await;
    asker.holds(&told).await;
    let refused = told.iter().filter(|(_, told)| told.status != 200).count();
    assert!(refused > 0 && refused < told.len(), "the cuts came in the middle: {refused} of {}", told.len());
    assert!(people.put_off > 0 && people.let_in() > 0, "{} of {}", people.put_off, people.let_in());
    people.are_in().await;
    let store = Store::open_postgres(&direct).await.unwrap();
    assert_eq!((number(&store, HALVES).await, number(&store, HALF_MADE).await), (0, 0));
    store.close().await;
}

/// Cities without their entry in the record, which is written in the same transaction.
const HALVES: &str = "select count(*) from cities c where c.name = 'City' and 1 <> \
     (select count(*) from audit a where a.action = 'city.created' and a.subject = c.city_id)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_falls_silent_is_given_up() {
    let direct = fresh_postgres().await;
    let (fed, wire, mut people) = behind_a_wire(&direct).await;
    let asker = Asker::of(&fed);
    people.come(16).await;
    // Connections that wait in the pool are given up by whoever finds them silent, in the middle of a change.
    asker.crowd("before", 20).await;
    asker.recovers("before").await;
    wire.set(Flow::Stalled);
    let (told, ()) = tokio::join!(asker.crowd("silent", 40), people.come(8));
    assert!(told.iter().all(|(_, told)| told.status == 503 && told.after < BOUND));
    let health = asker.get("/health").await;
    assert!(health.status == 200 && health.after < Duration::from_secs(1), "{:?}", health.after);
    wire.set(Flow::Open);
    asker.recovers("after").await;
    assert_eq!((people.let_in(), people.put_off), (16, 8));
    people.are_in().await;
    people.come(8).await;
    // None of them comes back, and with it what it had begun.
    asker.crowd("later", 40).await;
    let store = Store::open_postgres(&direct).await.unwrap();
    let begun = "select count(*) from pg_stat_activity where datname = current_database() \
                 and state like 'idle in transaction%' and state_change < now() - interval '1 second'";
    assert_eq!(number(&store, HALVES).await, 0);
    assert_eq!(number(&store, begun).await, 0);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_without_free_connections_is_shared() {
    // Fewer than the pool would like to have.
    let cluster = Cluster::start("-c max_connections=6 -c superuser_reserved_connections=1");
    let fed = Setup::default().database_url(&cluster.url()).start();
    let asker = Asker::of(&fed);
    let told = asker.crowd("crowd", 80).await;
    assert!(told.iter().any(|(_, told)| told.status == 200));
    assert!(told.iter().all(|(_, told)| told.after < Duration::from_secs(15)));
    asker.recovers("later").await;
    asker.holds(&told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_changes_until_there_is_room() {
    let sim = wechat().await;
    let fed = setup(&sim).may_outgrow_its_files().start();
    let (asker, mut people) = (Asker::of(&fed), People::of(&fed, sim));
    asker.recovers("before").await;
    people.come(16).await;
    let limit = |bytes: &str| {
        let pid = fed.pid().to_string();
        let done =
            Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}")]).status().unwrap();
        assert!(done.success());
    };
    limit("4096:unlimited");
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
    limit("unlimited:unlimited");
    asker.is_told_writable(true).await;
    asker.recovers("room").await;
    asker.holds(&told).await;
    people.are_in().await;
    let cities = asker.listed("cities/list").await;
    assert!(cities.iter().all(|city| !city["city_id"].as_str().unwrap().starts_with("city_full")));
    assert!(!fed.log().contains("panicked"), "{}", fed.log());
}
