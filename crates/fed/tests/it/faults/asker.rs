//! Asks a Federation for changes and readings, and takes nothing but success or a clear "not now".

use crate::support::Fed;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Longer than that nobody waits for an answer, whatever happens to the database.
pub(super) const BOUND: Duration = Duration::from_secs(25);
/// How soon after a fault all is well again.
const RECOVERY: Duration = Duration::from_secs(30);

/// Talks to one Federation.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) http: reqwest::Client,
    pub(super) url: String,
    pub(super) key: String,
    /// Requests that were answered with success.
    pub(super) confirmed: Arc<AtomicUsize>,
}

/// What came back.
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) after: Duration,
}

impl Asker {
    pub(super) fn of(fed: &Fed) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(BOUND).build().unwrap();
        Self { http, url: fed.url().to_owned(), key: fed.admin_key(), confirmed: Arc::default() }
    }

    /// A change that is durable when it is answered with 200.
    pub(super) async fn make_city(&self, city_id: &str) -> Told {
        let body = json!({"name": "City", "city_id": city_id});
        self.told(self.http.post(format!("{}/v1/cities/create", self.url)).bearer_auth(&self.key).json(&body))
            .await
    }

    pub(super) async fn get(&self, path: &str) -> Told {
        self.told(self.http.get(format!("{}{path}", self.url))).await
    }

    /// Nothing but success, or a clear "not now".
    pub(super) async fn told(&self, request: reqwest::RequestBuilder) -> Told {
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
    pub(super) async fn recovers(&self, name: &str) {
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

    /// Waits until the metrics say that the database takes changes, or that it does not. Nothing is changed meanwhile.
    pub(super) async fn is_told_writable(&self, writable: bool) {
        let begun = Instant::now();
        let line = format!("downcity_store_writable {}\n", if writable { "1.0" } else { "0.0" });
        loop {
            let request = self.http.get(format!("{}/metrics", self.url)).bearer_auth(&self.key);
            let told = request.send().await.unwrap().text().await.unwrap();
            if told.contains(&line) {
                return;
            }
            assert!(begun.elapsed() < RECOVERY, "{line}: {told}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the admin API lists.
    pub(super) async fn listed(&self, path: &str) -> Vec<Value> {
        let request = self.http.get(format!("{}/v1/{path}", self.url)).bearer_auth(&self.key);
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        body["items"].as_array().unwrap_or_else(|| panic!("{body}")).clone()
    }

    /// Changes from several sides at once; gives how many were confirmed, by their names.
    pub(super) async fn crowd(&self, name: &str, size: usize) -> Vec<(String, Told)> {
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
    pub(super) async fn holds(&self, told: &[(String, Told)]) {
        let cities = self.listed("cities/list").await;
        for (city, _) in told.iter().filter(|(_, told)| told.status == 200) {
            assert!(
                cities.iter().any(|listed| listed["city_id"] == **city),
                "{city} was confirmed and is lost"
            );
        }
    }
}
