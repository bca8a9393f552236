//! The receiver of webhooks, and what tests ask of it and of the Federation.

use crate::kit::{admin_get, ready_with};
use crate::support::{On, Plan, World};
use downcity_service::seams::Clock;
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The receiver's process; it ends when its standard input closes.
pub(crate) struct Receiver {
    lines: Lines<BufReader<ChildStdout>>,
    stdin: ChildStdin,
    pub(crate) port: u64,
    child: Child,
}

impl Receiver {
    pub(crate) async fn open(port: u64) -> Self {
        let server = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hooks/server.mjs");
        let mut child = Command::new("node")
            .args([server, &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node runs (./test installs it and the packages of tests/hooks)");
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next_line().await.unwrap().expect("the receiver starts: run ./test once");
        let port = serde_json::from_str::<Value>(&first).unwrap()["port"].as_u64().unwrap();
        Self { lines, stdin, port, child }
    }

    /// Checks with this secret too.
    pub(crate) async fn trust(&mut self, secret: &Value) {
        let line = format!("{}\n", secret.as_str().unwrap());
        self.stdin.write_all(line.as_bytes()).await.unwrap();
        assert!(self.next().await["keys"].is_number());
    }

    /// The next delivery that arrives.
    pub(crate) async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(20), self.lines.next_line()).await;
        serde_json::from_str(&line.expect("a delivery arrives").unwrap().unwrap()).unwrap()
    }

    /// So many deliveries, each verified; their bodies by the order in which they arrived.
    pub(crate) async fn bodies(&mut self, count: usize) -> Vec<Value> {
        let mut bodies = Vec::new();
        for _ in 0..count {
            let seen = self.next().await;
            assert_eq!((&seen["verified"], &seen["method"]), (&json!(true), &json!("POST")), "{seen}");
            let body: Value = serde_json::from_str(seen["body"].as_str().unwrap()).unwrap();
            assert_eq!(seen["headers"]["webhook-id"], body["data"]["event_id"]);
            bodies.push(body);
        }
        bodies
    }

    /// The kinds of so many deliveries, sorted.
    pub(crate) async fn kinds(&mut self, count: usize) -> Vec<String> {
        let mut kinds: Vec<_> =
            self.bodies(count).await.iter().map(|body| body["type"].as_str().unwrap().to_owned()).collect();
        kinds.sort();
        kinds
    }

    /// Whether nothing arrives for a moment.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(1200), self.lines.next_line()).await.is_err()
    }

    pub(crate) async fn close(mut self) -> u64 {
        self.child.kill().await.unwrap();
        self.port
    }
}

/// A Federation that keeps house and lets webhooks lead to this machine, and a receiver.
pub(crate) async fn with_receiver(on: On) -> (World, Receiver) {
    let world = ready_with(Plan { private_hooks: true, ..Plan::on(on) }).await;
    tokio::spawn(Arc::clone(&world.federation).keep_house());
    (world, Receiver::open(0).await)
}

/// Makes a webhook for a path of the receiver, whose secret it then trusts; gives its id.
pub(crate) async fn hook(world: &World, receiver: &mut Receiver, path: &str, more: Value) -> Value {
    let mut body = json!({"url": format!("http://127.0.0.1:{}{path}", receiver.port)});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    let made = world.admin_post("webhooks/create", body).await;
    receiver.trust(&made["secret"]).await;
    made["webhook"]["webhook_id"].clone()
}

pub(crate) async fn test(world: &World, hook: &Value) -> Value {
    world.admin_post("webhooks/test", json!({ "webhook_id": hook })).await["event_id"].clone()
}

pub(crate) async fn deliveries(world: &World, hook: &Value) -> Vec<Value> {
    let path = format!("webhooks/deliveries?webhook_id={}", hook.as_str().unwrap());
    admin_get(world, &path).await.ok()["items"].as_array().unwrap().clone()
}

/// Waits until the newest delivery of a webhook is as `fine` says.
pub(crate) async fn newest(world: &World, hook: &Value, fine: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let all = deliveries(world, hook).await;
        if let Some(first) = all.first().filter(|first| fine(first)) {
            return first.clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "{all:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until the newest delivery has failed so often, and no try of any is under way: each is due later than now. What is
/// under way is told as due when its minute is over, which no pause between tries comes near: they are 5, 30, 120 seconds.
pub(crate) async fn failed(world: &World, hook: &Value, tries: i64) {
    let begun = Instant::now();
    loop {
        let all = deliveries(world, hook).await;
        let now = world.clock.now().0;
        let later = |one: &Value| {
            let next = one["next_at"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            let due_in = next.map(|next| next.as_millisecond() - now);
            due_in.is_some_and(|span| span > 0 && !(30_001..=60_000).contains(&span))
        };
        if all.first().is_some_and(|first| first["tries"] == tries) && all.iter().all(later) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "{all:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) async fn item(world: &World, hook: &Value) -> Value {
    let list = admin_get(world, "webhooks/list").await.ok();
    list["items"].as_array().unwrap().iter().find(|item| item["webhook_id"] == *hook).unwrap().clone()
}
