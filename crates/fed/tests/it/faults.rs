//! A database that is stopped, killed, cut off, silent, full or crowded: requests end in bounded time with an answer or
//! with 503 and `Retry-After`, nothing that was confirmed is lost, and service comes back by itself.

use crate::support::{Cluster, Fed, Flow, Setup, Wire};
use downcity_store::Store;
use downcity_store::testing::{fresh_postgres, number};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use url::Url;

/// Longer than that nobody waits for an answer, whatever happens to the database.
const BOUND: Duration = Duration::from_secs(25);
/// How soon after a fault all is well again.
const RECOVERY: Duration = Duration::from_secs(30);

/// Talks to one Federation.
#[derive(Clone)]
struct Asker {
    http: reqwest::Client,
    url: String,
    key: String,
    /// Requests that were answered with success.
    confirmed: Arc<AtomicUsize>,
}

/// What came back.
struct Told {
    status: u16,
    after: Duration,
}

impl Asker {
    fn of(fed: &Fed) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(BOUND).build().unwrap();
        Self { http, url: fed.url().to_owned(), key: fed.admin_key(), confirmed: Arc::default() }
    }

    /// A change that is durable when it is answered with 200.
    async fn make_city(&self, city_id: &str) -> Told {
        let body = json!({"name": "City", "city_id": city_id});
        self.told(self.http.post(format!("{}/v1/cities/create", self.url)).bearer_auth(&self.key).json(&body))
            .await
    }

    async fn get(&self, path: &str) -> Told {
        self.told(self.http.get(format!("{}{path}", self.url))).await
    }

    /// Nothing but success, or a clear "not now".
    async fn told(&self, request: reqwest::RequestBuilder) -> Told {
        let begun = Instant::now();
        let answer = request.send().await.expect("an answer within the bound");
        let status = answer.status().as_u16();
        let wait =
            answer.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse::<u64>().ok());
        let text = answer.text().await.unwrap();
        if status == 200 {
            self.confirmed.fetch_add(1, Ordering::Relaxed);
        } else {
            assert_eq!(status, 503, "{text}");
            assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "Retry-After {wait:?}: {text}");
            let body: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(body["code"], "unavailable", "{text}");
        }
        Told { status, after: begun.elapsed() }
    }

    /// Waits until everything works, several times in a row.
    async fn recovers(&self, name: &str) {
        let begun = Instant::now();
        let mut good = 0;
        while good < 5 {
            // A name that no crowd takes.
            let city = format!("city_well_{name}_{}", begun.elapsed().as_micros());
            let well = self.get("/ready").await.status == 200 && self.make_city(&city).await.status == 200;
            good = if well { good + 1 } else { 0 };
            assert!(begun.elapsed() < RECOVERY, "{name}: service does not come back");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the admin API lists.
    async fn listed(&self, path: &str) -> Vec<Value> {
        let request = self.http.get(format!("{}/v1/{path}", self.url)).bearer_auth(&self.key);
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        body["items"].as_array().unwrap_or_else(|| panic!("{body}")).clone()
    }

    /// Changes from several sides at once; gives how many were confirmed, by their names.
    async fn crowd(&self, name: &str, size: usize) -> Vec<(String, Told)> {
        let tasks: Vec<_> = (0..size)
            .map(|n| {
                let (asker, city) = (self.clone(), format!("city_{name}_{n}"));
                tokio::spawn(async move {
                    let told = asker.make_city(&city).await;
                    (city, told)
                })
            })
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.push(task.await.unwrap());
        }
        all
    }

    /// Every confirmed city is there.
    async fn holds(&self, told: &[(String, Told)]) {
        let cities = self.listed("cities/list").await;
        for (city, _) in told.iter().filter(|(_, told)| told.status == 200) {
            assert!(
                cities.iter().any(|listed| listed["city_id"] == **city),
                "{city} was confirmed and is lost"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_restarted_or_killed_is_found_again() {
    let cluster = Cluster::start("");
    let fed = Setup::default().database_url(&cluster.url()).start();
    let asker = Asker::of(&fed);
    asker.recovers("first").await;
    for how in ["fast", "immediate"] {
        let storm = tokio::spawn({
            let (asker, how) = (asker.clone(), how.to_owned());
            async move { asker.crowd(&how, 40).await }
        });
        cluster.stop(how);
        let mut told = storm.await.unwrap();
        told.extend(asker.crowd(&format!("{how}_down"), 20).await);
        for (city, told) in &told {
            assert!(told.after < Duration::from_secs(15), "{city} {:?}", told.after);
        }
        assert_eq!(asker.get("/ready").await.status, 503, "{how}");
        for path in ["/health", "/v1/accounts/providers", "/.well-known/jwks.json"] {
            assert_eq!(asker.get(path).await.status, 200, "{path} needs no database");
        }
        cluster.resume();
        asker.recovers(how).await;
        asker.holds(&told).await;
    }
    assert!(!fed.log().contains("panicked"), "{}", fed.log());
}

async fn behind_a_wire(direct: &str) -> (Fed, Wire) {
    let mut url: Url = direct.parse().unwrap();
    let wire = Wire::to(url.port().unwrap_or(5432)).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(wire.port)).unwrap();
    (Setup::default().database_url(url.as_str()).start(), wire)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_in_the_middle_of_changes_halve_none() {
    let direct = fresh_postgres().await;
    let (fed, wire) = behind_a_wire(&direct).await;
    let asker = Asker::of(&fed);
    let mut told = Vec::new();
    asker.recovers("uncut").await;
    for round in 0..8 {
        let enough = asker.confirmed.load(Ordering::Relaxed) + 2 * round;
        let storm = tokio::spawn({
            let asker = asker.clone();
            async move { asker.crowd(&format!("r{round}"), 30).await }
        });
        while asker.confirmed.load(Ordering::Relaxed) < enough && !storm.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        wire.set(Flow::Cut);
        tokio::time::sleep(Duration::from_millis(30)).await;
        wire.set(Flow::Open);
        told.extend(storm.await.unwrap());
    }
    asker.recovers("cut").await;
    asker.holds(&told).await;
    let refused = told.iter().filter(|(_, told)| told.status != 200).count();
    assert!(refused > 0 && refused < told.len(), "the cuts came in the middle: {refused} of {}", told.len());
    // A city and its entry in the record are one transaction.
    let store = Store::open_postgres(&direct).await.unwrap();
    let halves = "select count(*) from cities c where c.name = 'City' and 1 <> \
                  (select count(*) from audit a where a.action = 'city.created' and a.subject = c.city_id)";
    assert_eq!(number(&store, halves).await, 0);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_falls_silent_is_given_up() {
    let (fed, wire) = behind_a_wire(&fresh_postgres().await).await;
    let asker = Asker::of(&fed);
    asker.recovers("before").await;
    wire.set(Flow::Stalled);
    let told = asker.crowd("silent", 40).await;
    assert!(told.iter().all(|(_, told)| told.status == 503 && told.after < BOUND));
    let health = asker.get("/health").await;
    assert!(health.status == 200 && health.after < Duration::from_secs(1), "{:?}", health.after);
    wire.set(Flow::Open);
    asker.recovers("after").await;
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
    let fed = Setup::default().may_outgrow_its_files().start();
    let asker = Asker::of(&fed);
    asker.recovers("before").await;
    let limit = |bytes: &str| {
        let pid = fed.pid().to_string();
        let done =
            Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}")]).status().unwrap();
        assert!(done.success());
    };
    limit("4096:unlimited");
    let told = asker.crowd("full", 20).await;
    assert!(told.iter().all(|(_, told)| told.status == 503 && told.after < Duration::from_secs(10)));
    for path in ["/health", "/v1/accounts/providers"] {
        assert_eq!(asker.get(path).await.status, 200, "{path} is only read");
    }
    assert_eq!(asker.listed("admin-keys/list").await.len(), 1, "and so is the database");
    limit("unlimited:unlimited");
    asker.recovers("room").await;
    asker.holds(&told).await;
    let cities = asker.listed("cities/list").await;
    assert!(cities.iter().all(|city| !city["city_id"].as_str().unwrap().starts_with("city_full")));
    assert!(!fed.log().contains("panicked"), "{}", fed.log());
}
