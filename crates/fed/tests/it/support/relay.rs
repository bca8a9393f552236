//! A relay before a Federation that remembers which calls came through, and a mail server that is not ours.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use downcity::Federation;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A relay, and what it saw.
#[derive(Clone)]
pub(crate) struct Relay {
    to: String,
    http: reqwest::Client,
    seen: Arc<Mutex<BTreeSet<String>>>,
}

impl Relay {
    /// Opens one before the Federation at `to`; answers the client's way through it.
    pub(crate) async fn open(to: &str) -> (Self, Federation) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let relay = Self { to: to.to_owned(), http, seen: Arc::default() };
        let app = Router::new().fallback(pass).with_state(relay.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (relay, Federation::new(&format!("http://{address}")).unwrap())
    }

    /// The documented calls of a service that never came through, as `post /v1/accounts/login`.
    pub(crate) fn never_called(&self, service: &str, but: &[&str]) -> Vec<String> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        let document: Value = serde_json::from_str(&super::read(path.as_ref())).unwrap();
        let prefix = format!("/v1/{service}/");
        let mut missing = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            let Some(name) = path.strip_prefix(&prefix) else { continue };
            if but.iter().any(|but| name.starts_with(but)) {
                continue;
            }
            for method in methods.as_object().unwrap().keys() {
                let call = format!("{method} {path}");
                if !self.seen.lock().unwrap().contains(&call) {
                    missing.push(call);
                }
            }
        }
        missing
    }
}

async fn pass(State(relay): State<Relay>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let call = format!("{} {}", head.method.as_str().to_lowercase(), head.uri.path());
    relay.seen.lock().unwrap().insert(call);
    let url = format!("{}{}", relay.to, head.uri);
    let mut onward = relay.http.request(head.method, url);
    for name in ["authorization", "content-type", "accept"] {
        if let Some(value) = head.headers.get(name) {
            onward = onward.header(name, value);
        }
    }
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let answer = onward.body(body).send().await.unwrap();
    let mut back = Response::builder().status(answer.status());
    for name in ["content-type", "retry-after"] {
        if let Some(value) = answer.headers().get(name) {
            back = back.header(name, value);
        }
    }
    back.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}

/// The mail server of the tests of `http`.
pub(crate) struct Mailbox {
    lines: Lines<BufReader<ChildStdout>>,
    /// For `SMTP_URL`.
    pub(crate) url: String,
    _child: Child,
    _stdin: ChildStdin,
}

impl Mailbox {
    /// Starts it.
    pub(crate) async fn open() -> Self {
        let server = concat!(env!("CARGO_MANIFEST_DIR"), "/../http/tests/smtp/server.mjs");
        let mut child = Command::new("node")
            .args([server, "0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node runs (./test installs it and the packages of the mail server)");
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next_line().await.unwrap().expect("the mail server starts: run ./test once");
        let port = &serde_json::from_str::<Value>(&first).unwrap()["port"];
        let url = format!("smtp://127.0.0.1:{port}?tls=none");
        Self { lines, url, _child: child, _stdin: stdin }
    }

    /// The next mail, whenever it comes: to whom, and its text. None when the server is gone.
    pub(crate) async fn come(&mut self) -> Option<(String, String)> {
        let line = self.lines.next_line().await.ok()??;
        let mail: Value = serde_json::from_str(&line).unwrap();
        Some((mail["to"].as_str().unwrap().to_owned(), mail["text"].as_str().unwrap().to_owned()))
    }

    /// The text of the next mail.
    pub(crate) async fn next(&mut self) -> String {
        let mail = tokio::time::timeout(Duration::from_secs(30), self.come()).await;
        mail.expect("a mail comes").expect("the mail server is there").1
    }

    /// The code in the next mail: eight digits, in two groups.
    pub(crate) async fn code(&mut self) -> downcity::SecretString {
        let text = self.next().await;
        let digits = |line: &&str| {
            let digits = line.chars().filter(char::is_ascii_digit).count();
            digits == 8 && line.trim().len() <= 9
        };
        text.lines().find(digits).unwrap_or_else(|| panic!("no code in {text}")).trim().into()
    }

    /// The one-time token in the next mail's link.
    pub(crate) async fn token(&mut self) -> downcity::SecretString {
        let text = self.next().await;
        let token: String = text.split("token=").nth(1).unwrap().chars().take(43).collect();
        token.into()
    }
}
