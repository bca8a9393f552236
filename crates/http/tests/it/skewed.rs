//! Two nodes on one PostgreSQL whose clocks differ: by a second, as machines that keep their time do, and by ten, where
//! the log of a start begins to warn.

use crate::kit::{Node, assert_error, ready_with};
use crate::support::{AWAY, Answer, HOME, MovableClock, On, Plan, World};
use downcity_service::core::Timestamp;
use downcity_service::seams::Clock;
use downcity_service::{Federation, Store};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How far the second node's clock is ahead of the first one's, in milliseconds.
const SKEWS: [i64; 4] = [-10_000, -1000, 1000, 10_000];

/// The first node, and the second.
struct Pair {
    world: World,
    nodes: [String; 2],
    second: Arc<Federation>,
    clock: Arc<MovableClock>,
}

impl Pair {
    async fn apart(skew: i64, starts_per_minute: u32) -> Self {
        let world = ready_with(Plan { starts_per_minute, ..Plan::on(On::Postgres) }).await;
        let clock = Arc::new(MovableClock::default());
        let span = Duration::from_millis(skew.unsigned_abs());
        if skew < 0 {
            clock.set_back(span);
        } else {
            clock.advance(span);
        }
        let store = Store::open_postgres(&world.database).await.unwrap();
        let node = Node { store, starts_per_minute, clock: Arc::clone(&clock), ..Node::of(&world) };
        let (second, base) = node.open().await;
        Self { nodes: [world.base.clone(), base], world, second, clock }
    }

    fn pass(&self, span: Duration) {
        self.world.clock.advance(span);
        self.clock.advance(span);
    }

    async fn post(&self, node: usize, path: &str, body: &Value) -> Answer {
        let request = self.world.http.post(format!("{}/v1/accounts/{path}", self.nodes[node]));
        Answer::of(request.header("x-forwarded-for", HOME).json(body)).await
    }

    async fn start(&self, node: usize) -> (String, String) {
        let body = json!({"provider": "wechat", "city_id": "city_demo", "refresh": true});
        let started = self.post(node, "oauth/start", &body).await.ok();
        (started["url"].as_str().unwrap().to_owned(), started["state"].as_str().unwrap().to_owned())
    }

    /// The person allows, and their browser comes back to this node.
    async fn come_back(&self, node: usize, url: &str) {
        let callback = self.world.allow(url, "alice").replace(&self.nodes[0], &self.nodes[node]);
        assert_eq!(self.world.come_back(HOME, &callback).await.status, 303);
    }

    async fn result(&self, node: usize, state: &str) -> Answer {
        let url = format!("{}/v1/accounts/oauth/result?state={state}", self.nodes[node]);
        Answer::of(self.world.http.get(url).header("x-forwarded-for", HOME)).await
    }

    /// A whole sign-in: started here, come back there, and its result asked for here.
    async fn sign_in(&self, node: usize) -> Value {
        let (url, state) = self.start(node).await;
        self.come_back(1 - node, &url).await;
        let done = self.result(node, &state).await.ok();
        assert_eq!(done["status"], "done", "{done}");
        done
    }

    async fn refresh(&self, node: usize, held: &Value) -> Answer {
        self.post(node, "token/refresh", &json!({"refresh_token": held["refresh_token"]})).await
    }

    async fn me(&self, node: usize, held: &Value) -> u16 {
        let request = self.world.http.get(format!("{}/v1/accounts/me", self.nodes[node]));
        Answer::of(request.bearer_auth(held["user_token"].as_str().unwrap())).await.status
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_and_goes_on_over_both() {
    for skew in SKEWS {
        let pair = Pair::apart(skew, 0).await;
        let mut users = Vec::new();
        for node in [0, 1] {
            let mut held = pair.sign_in(node).await;
            // Each step is taken by the other node than the one before, and both take what it gave.
            for turn in 0..4 {
                assert_eq!((pair.me(0, &held).await, pair.me(1, &held).await), (200, 200), "{skew} {turn}");
                pair.pass(Duration::from_secs(900));
                held = pair.refresh((node + turn) % 2, &held).await.ok();
            }
            let logout = pair.world.http.post(format!("{}/v1/accounts/logout", pair.nodes[node]));
            Answer::of(logout.bearer_auth(held["user_token"].as_str().unwrap())).await.ok();
            assert_eq!((pair.me(0, &held).await, pair.me(1, &held).await), (401, 401), "{skew}");
            users.push(held["user_id"].clone());
        }
        assert_eq!(users[0], users[1], "{skew}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_given_again_unless_the_clocks_are_further_apart_than_it_is_kept() {
    for skew in SKEWS {
        for node in [0, 1] {
            let pair = Pair::apart(skew, 0).await;
            let held = pair.sign_in(node).await;
            let next = pair.refresh(node, &held).await.ok();
            let again = pair.refresh(1 - node, &held).await;
            let ahead = if node == 0 { skew } else { -skew };
            if ahead < 10_000 {
                assert_eq!(again.ok(), next, "{skew} {node}");
                assert_eq!(pair.me(node, &next).await, 200);
            } else {
                // What it can't tell from a stolen one ends the session: an inconvenience, and no way in.
                assert_error(&again, 401, "invalid_refresh_token");
                assert_eq!(pair.me(node, &next).await, 401);
            }
            // Nowhere is one taken that is older by both clocks.
            let held = pair.sign_in(node).await;
            let next = pair.refresh(node, &held).await.ok();
            pair.pass(Duration::from_secs(21));
            assert_error(&pair.refresh(1 - node, &held).await, 401, "invalid_refresh_token");
            assert_eq!(pair.me(node, &next).await, 401, "{skew} {node}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_shared_and_end() {
    for skew in SKEWS {
        let pair = Pair::apart(skew, 8).await;
        let body = json!({"provider": "wechat", "city_id": "city_demo"});
        let press = async || {
            let mut fine = 0;
            for n in 0..24 {
                fine += usize::from(pair.post(n % 2, "oauth/start", &body).await.status == 200);
            }
            fine
        };
        // A node counts its first few by itself, before it asks the others.
        let fine = press().await;
        assert!((8..=10).contains(&fine), "{skew}: {fine}");
        pair.pass(Duration::from_secs(75));
        let fine = press().await;
        assert!((8..=10).contains(&fine), "{skew}: {fine} later");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sweep_of_one_takes_nothing_from_the_other() {
    for skew in SKEWS {
        let pair = Pair::apart(skew, 0).await;
        let (url, state) = pair.start(0).await;
        let (other_url, other) = pair.start(1).await;
        let kept = pair.sign_in(0).await;
        // Late in the life of an attempt, which is ten minutes.
        pair.pass(Duration::from_secs(580));
        let sweep = async |federation: &Federation, store: &Store, now: Timestamp| {
            assert!(federation.count_sign_ins().await);
            store.sweep(now).await.unwrap();
        };
        let store = Store::open_postgres(&pair.world.database).await.unwrap();
        sweep(&pair.second, &store, pair.clock.now()).await;
        sweep(&pair.world.federation, &store, pair.world.clock.now()).await;
        for (url, state) in [(url, state), (other_url, other)] {
            pair.come_back(0, &url).await;
            assert_eq!(pair.result(1, &state).await.ok()["status"], "done", "{skew}");
        }
        assert_eq!(pair.me(1, &kept).await, 200, "{skew}");
        // An hour later no result is there for anybody, by either clock.
        let (url, state) = pair.start(1).await;
        pair.come_back(0, &url).await;
        pair.pass(Duration::from_secs(3600));
        sweep(&pair.second, &store, pair.clock.now()).await;
        for node in [0, 1] {
            let told = pair.result(node, &state).await;
            assert!(matches!(told.status, 404 | 410) && !told.text.contains("user_token"), "{}", told.text);
        }
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_admin_does_at_one_holds_at_the_other_whatever_time_it_is_there() {
    for skew in SKEWS {
        let pair = Pair::apart(skew, 0).await;
        let held = pair.sign_in(1).await;
        let key = pair.world.admin_key.expose_secret();
        let there = async |path: &str, body: Value| {
            let request = pair.world.http.post(format!("{}/v1/{path}", pair.nodes[1])).bearer_auth(key);
            Answer::of(request.json(&body)).await
        };
        there("accounts/users/disable", json!({"user_id": held["user_id"]})).await.ok();
        assert_eq!((pair.me(0, &held).await, pair.me(1, &held).await), (403, 403), "{skew}");
        let answer = pair.refresh(0, &held).await;
        assert_eq!(answer.status, 403, "{skew}: {}", answer.text);
        let made = there("admin-keys/create", json!({"name": "short", "role": "viewer", "ttl": "60s"})).await;
        let made = made.ok();
        let short = made["admin_key"].as_str().unwrap();
        let listed = async || pair.world.get_as(short, "cities/list").await.status;
        pair.world.federation.reload_if_changed().await.unwrap();
        assert_eq!(listed().await, 200, "{skew}");
        there("admin-keys/revoke", json!({"key_id": made["key_id"]})).await.ok();
        pair.world.federation.reload_if_changed().await.unwrap();
        assert_eq!(listed().await, 401, "{skew}");
        let (_, state) = pair.start(0).await;
        there("cities/pause", json!({"city_id": "city_demo"})).await.ok();
        pair.world.federation.reload_if_changed().await.unwrap();
        assert!(!pair.result(0, &state).await.text.contains("user_token"), "{skew}");
        let start = json!({"provider": "wechat", "city_id": "city_demo"});
        let paused = pair.world.post_from(AWAY, "accounts/oauth/start", start).await;
        assert_eq!(paused.status, 403, "{skew}: {}", paused.text);
    }
}
