//! PostgreSQL that is slow, takes no changes, or is lost: a replica that is promoted takes over, with everything that was
//! confirmed.

use super::asker::{Asker, BOUND};
use super::behind_a_wire;
use crate::support::{Cluster, Flow, Setup};
use downcity_store::testing::fresh_postgres;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A primary that confirms only what its standby has too, the standby, and the address of whichever takes changes.
fn pair() -> (Cluster, Cluster, String) {
    let primary = Cluster::start("-c wal_level=replica");
    let standby = primary.standby();
    let url = format!(
        "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres?sslmode=disable&target_session_attrs=read-write",
        primary.port(),
        standby.port(),
    );
    (primary, standby, url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_replica_takes_over_with_everything_that_was_confirmed() {
    let (primary, standby, url) = pair();
    let fed = Setup::default().database_url(&url).start();
    let asker = Asker::of(&fed);
    asker.recovers("both").await;
    let enough = asker.confirmed.load(Ordering::Relaxed) + 20;
    let storm = tokio::spawn({
        let asker = asker.clone();
        async move { asker.crowd("lost", 200).await }
    });
    while asker.confirmed.load(Ordering::Relaxed) < enough && !storm.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    primary.stop("immediate");
    let mut told = storm.await.unwrap();
    told.extend(asker.crowd("between", 20).await);
    assert!(told.iter().any(|(_, told)| told.status == 503), "the loss came in the middle");
    assert!(told.iter().all(|(_, told)| told.after < Duration::from_secs(15)));
    assert_eq!(asker.get("/ready").await.status, 503);
    assert_eq!(asker.get("/v1/accounts/providers").await.status, 200);
    standby.promote();
    asker.recovers("promoted").await;
    asker.holds(&told).await;
    assert!(!fed.log().contains("panicked"), "{}", fed.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_takes_no_changes_any_more_is_left_for_the_one_that_does() {
    let (primary, standby, url) = pair();
    let fed = Setup::default().database_url(&url).start();
    let asker = Asker::of(&fed);
    let mut told = asker.crowd("first", 40).await;
    asker.recovers("first").await;
    // It goes on answering, so no connection is lost.
    primary.sql("alter system set default_transaction_read_only = on");
    primary.sql("select pg_reload_conf()");
    let mut refused = 0;
    for round in 0..100 {
        let crowd = asker.crowd(&format!("fixed{round}"), 4).await;
        refused = crowd.iter().filter(|(_, told)| told.status == 503).count();
        told.extend(crowd);
        if refused == 4 {
            break;
        }
    }
    assert_eq!(refused, 4, "changes are refused, each with 503");
    assert_eq!(asker.get("/health").await.status, 200);
    standby.promote();
    asker.recovers("promoted").await;
    asker.holds(&told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_server_that_takes_no_changes_is_asked_again() {
    let cluster = Cluster::start("");
    let fed = Setup::default().database_url(&cluster.url()).start();
    let asker = Asker::of(&fed);
    asker.recovers("before").await;
    let set = |value: &str| {
        cluster.sql(&format!("alter system set default_transaction_read_only = {value}"));
        cluster.sql("select pg_reload_conf()");
    };
    set("on");
    let mut rounds = 0;
    while asker.make_city(&format!("city_r{rounds}")).await.status != 503 {
        rounds += 1;
        assert!(rounds < 200, "the server never hears of it");
    }
    let told = asker.crowd("fixed", 20).await;
    assert!(told.iter().all(|(_, told)| told.status == 503 && told.after < Duration::from_secs(15)));
    assert_eq!(asker.get("/v1/accounts/providers").await.status, 200);
    assert!(!asker.listed("cities/list").await.is_empty(), "reading goes on");
    assert_eq!(asker.get("/ready").await.status, 503, "another node may reach a server that takes changes");
    asker.is_told_writable(false).await;
    set("off");
    // Nobody changes anything: it is found out by whoever asks whether the node is ready.
    let begun = Instant::now();
    while asker.get("/ready").await.status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(10), "a node without traffic is never ready again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    asker.is_told_writable(true).await;
    asker.recovers("after").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_before_a_slow_postgres_is_told_in_time() {
    let (fed, wire, _people) = behind_a_wire(&fresh_postgres().await).await;
    let asker = Asker::of(&fed);
    asker.recovers("before").await;
    // Each waits for connections and for the picture of the settings: one step of each is in time, all of them are not.
    wire.set(Flow::Late(Duration::from_millis(400)));
    let told = asker.crowd("crowd", 40).await;
    let longest = told.iter().map(|(_, told)| told.after).max().unwrap();
    assert!(longest < Duration::from_secs(22), "{longest:?}");
    assert!(told.iter().any(|(_, told)| told.status == 503), "not so slow: {longest:?}");
    assert!(fed.log().contains("no answer within 20 s"), "{}", fed.log());
    wire.set(Flow::Open);
    asker.recovers("after").await;
    asker.holds(&told).await;
    assert!(!fed.log().contains("panicked"), "{}", fed.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_postgres_is_waited_for_within_bounds() {
    let (fed, wire, _people) = behind_a_wire(&fresh_postgres().await).await;
    let asker = Asker::of(&fed);
    asker.recovers("before").await;
    wire.set(Flow::Late(Duration::from_millis(100)));
    let told = asker.crowd("late", 4).await;
    assert!(told.iter().all(|(_, told)| told.status == 200), "slow is not down");
    asker.holds(&told).await;
    // More of them, and slower: they stand behind each other.
    wire.set(Flow::Late(Duration::from_millis(200)));
    let told = asker.crowd("slower", 8).await;
    assert!(told.iter().all(|(_, told)| told.after < BOUND));
    let health = asker.get("/health").await;
    assert!(health.status == 200 && health.after < Duration::from_secs(1), "{:?}", health.after);
    wire.set(Flow::Open);
    asker.recovers("after").await;
    asker.holds(&told).await;
}
