//! A database that is stopped, killed, cut off, silent, full or crowded: requests end in bounded time with an answer or
//! with 503 and `Retry-After`, nothing that was confirmed is lost, and service comes back by itself.

mod asker;
mod disk;
mod people;
mod replica;

use crate::support::{Cluster, Fed, Flow, Setup, Wire, nobody_is_half_made, none, run, said};
use asker::{Asker, BOUND};
use downcity_store::Store;
use downcity_store::testing::{fresh_postgres, number};
use people::{People, setup, wechat};
use std::process::{Child, Command, Stdio};
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
    nothing_is_halved(&store).await;
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
    nothing_is_halved(&store).await;
    store.close().await;
}

/// Cities without their entry in the record, which is written in the same transaction.
const HALVES: &str = "select count(*) from cities c where c.name = 'City' and 1 <> \
     (select count(*) from audit a where a.action = 'city.created' and a.subject = c.city_id)";

async fn nothing_is_halved(store: &Store) {
    none(store, &[HALVES]).await;
    nobody_is_half_made(store).await;
}

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
    nothing_is_halved(&store).await;
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
    assert!(told.iter().all(|(_, told)| told.status == 200), "those that it has are waited for");
    assert!(told.iter().all(|(_, told)| told.after < Duration::from_secs(15)));
    asker.recovers("later").await;
    asker.holds(&told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_whose_connections_others_hold_is_waited_for_and_says_so_at_a_start() {
    let cluster = Cluster::start(
        "-c max_connections=6 -c superuser_reserved_connections=0 -c client_connection_check_interval=100ms",
    );
    let url = cluster.url();
    let (mut fed, wire, mut people) = behind_a_wire(&url).await;
    let asker = Asker::of(&fed);
    asker.recovers("before").await;
    people.come(8).await;
    // Others take what the Federation has to give up for a moment.
    wire.set(Flow::Cut);
    let mut others: Vec<Child> = Vec::new();
    while others.len() < 6 {
        let mut other = Command::new("psql");
        other.args([&url, "-c", "select pg_sleep(60)"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut other = other.spawn().expect("psql is installed with PostgreSQL");
        tokio::time::sleep(Duration::from_millis(200)).await;
        if other.try_wait().unwrap().is_none() {
            others.push(other);
        }
    }
    wire.set(Flow::Open);
    let (told, ()) = tokio::join!(asker.crowd("held", 20), people.come(8));
    assert!(told.iter().all(|(_, told)| told.status == 503 && told.after < BOUND));
    assert_eq!((people.let_in(), people.put_off), (8, 8));
    for path in ["/health", "/v1/accounts/providers", "/.well-known/jwks.json"] {
        assert_eq!(asker.get(path).await.status, 200, "{path} needs no database");
    }
    // Another node can't start now, says why, and ends so that it is started again.
    let mut more = crate::support::fed();
    more.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(fed.data()).env("FED_DATABASE_URL", &url);
    let more = tokio::task::spawn_blocking(move || run(more, ""));
    let more = tokio::time::timeout(BOUND, more).await.expect("it does not wait for ever").unwrap();
    assert_eq!(more.status.code(), Some(1), "{}", said(&more));
    assert!(said(&more).contains("too many clients"), "{}", said(&more));
    for mut other in others.drain(..) {
        other.kill().unwrap();
        other.wait().unwrap();
    }
    asker.recovers("free").await;
    asker.holds(&told).await;
    people.are_in().await;
    fed.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_whose_disk_is_full_is_told_of_and_takes_changes_when_there_is_room() {
    let (cluster, sim) = (Cluster::on_a_small_disk(), wechat().await);
    let fed = setup(&sim).database_url(&cluster.url()).start();
    let (asker, mut people) = (Asker::of(&fed), People::of(&fed, sim));
    asker.recovers("before").await;
    people.come(8).await;
    cluster.set_full(true);
    // What finds room in the pages that are there goes on.
    let mut told = Vec::new();
    for round in 0..20 {
        told.extend(asker.crowd(&format!("full{round}"), 40).await);
        if told.iter().filter(|(_, told)| told.status == 503).count() > 20 {
            break;
        }
    }
    let refused = told.iter().filter(|(_, told)| told.status == 503).count();
    assert!(refused > 20 && told.iter().all(|(_, told)| told.after < BOUND), "{refused}");
    asker.is_told_writable(false).await;
    for path in ["/health", "/v1/accounts/providers", "/ready"] {
        assert_eq!(asker.get(path).await.status, 200, "{path} is only read");
    }
    assert_eq!(asker.listed("admin-keys/list").await.len(), 1, "and so is the database");
    people.come(8).await;
    cluster.set_full(false);
    asker.recovers("room").await;
    asker.holds(&told).await;
    people.are_in().await;
    let store = Store::open_postgres(&cluster.url()).await.unwrap();
    nothing_is_halved(&store).await;
    store.close().await;
    assert!(!fed.log().contains("panicked"), "{}", fed.log());
}
