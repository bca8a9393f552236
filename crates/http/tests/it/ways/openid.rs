//! A whole sign-in at a certified OpenID Connect server that is not ours: npm `oidc-provider` in a process of
//! its own, with a person who fills in its forms.

use super::issuer::{CLIENT, SECRET, set_up, started, users};
use crate::on_both_engines;
use crate::support::{HOME, On, Plan, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The server's process; it ends when its standard input closes.
pub(crate) struct Server {
    pub(crate) issuer: String,
    // Whoever stops reading what it prints ends it.
    _prints: Lines<BufReader<ChildStdout>>,
    _child: Child,
    _stdin: ChildStdin,
}

impl Server {
    pub(crate) async fn start(callback: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oidc/server.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .envs([("CLIENT_ID", CLIENT), ("CLIENT_SECRET", SECRET), ("CALLBACK", callback)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node runs (./test installs it and the packages of tests/oidc)");
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = String::new();
        while !line.starts_with("http://127.0.0.1:") {
            line =
                lines.next_line().await.unwrap().expect("the server starts: run ./test once, it installs it");
        }
        Self { issuer: line, _prints: lines, _child: child, _stdin: stdin }
    }
}

/// A person at the server's pages.
struct Person<'w> {
    world: &'w World,
    cookies: BTreeMap<String, String>,
}

impl<'w> Person<'w> {
    fn at(world: &'w World) -> Self {
        Self { world, cookies: BTreeMap::new() }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> reqwest::Response {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header("cookie", pairs.join("; ")).send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match value {
                "" => drop(self.cookies.remove(name)),
                _ => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        answer
    }

    /// Follows redirects and fills in forms as `who`, or turns back, until the browser is sent to us.
    async fn walk(&mut self, url: &str, who: Option<&str>) -> String {
        let mut url = url::Url::parse(url).unwrap();
        for _ in 0..12 {
            if url.as_str().starts_with(&self.world.base) {
                return url.into();
            }
            let mut answer = self.send(self.world.http.get(url.clone())).await;
            if answer.status() == 200 {
                let page = answer.text().await.unwrap();
                let asks = |prompt: &str| page.contains(&format!("name=\"prompt\" value=\"{prompt}\""));
                let request = match (who, asks("login"), asks("consent")) {
                    (None, ..) => self.world.http.get(format!("{url}/abort")),
                    (Some(who), true, _) => {
                        let form = [("prompt", "login"), ("login", who), ("password", "any")];
                        self.world.http.post(url.clone()).form(&form)
                    }
                    (_, _, true) => self.world.http.post(url.clone()).form(&[("prompt", "consent")]),
                    _ => panic!("a page that asks for nothing: {page}"),
                };
                answer = self.send(request).await;
            }
            assert!(answer.status().is_redirection(), "{}", answer.text().await.unwrap());
            url = url.join(answer.headers()["location"].to_str().unwrap()).unwrap();
        }
        panic!("no way back: {url}");
    }
}

async fn ready(on: On) -> (World, Server) {
    let world = World::planned(Plan { private_issuers: true, ..Plan::on(on) }).await;
    world.admin_post("cities/create", json!({"name": "Demo", "city_id": "city_demo"})).await;
    let server = Server::start(&world.url("accounts/oauth/callback")).await;
    set_up(&world, "CORP", &server.issuer).await;
    (world, server)
}

/// A sign-in in a browser of its own; gives the callback's parameters and the outcome.
async fn sign_in(world: &World, who: Option<&str>) -> (Value, Value) {
    let (url, state) = started(world, "corp").await;
    let callback = Person::at(world).walk(&url, who).await;
    assert_eq!(world.come_back(HOME, &callback).await.status, 303);
    (json!(crate::kit::query_of(&callback)), world.result(&state).await.ok())
}

on_both_engines!(a_person_signs_in_at_a_certified_server);

async fn a_person_signs_in_at_a_certified_server(on: On) {
    let (world, server) = ready(on).await;
    let (callback, done) = sign_in(&world, Some("alice")).await;
    assert_eq!(callback["iss"], server.issuer, "RFC 9207");
    assert_eq!((&done["status"], &done["provider"]), (&json!("done"), &json!("corp")));
    let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["display_name"], "alice 李雷");
    assert_eq!(me["profile"]["email"], "alice@example.com");
    assert_eq!(me["profile"]["avatar_url"], "https://pictures.example.com/a.png");
    let (_, again) = sign_in(&world, Some("alice")).await;
    assert_eq!(again["user_id"], done["user_id"]);
    let (_, other) = sign_in(&world, Some("mallory")).await;
    assert_ne!(other["user_id"], done["user_id"]);
    let me = world.get_as(other["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["email"], Value::Null, "not verified there");
    assert_eq!(users(&world).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turning_back_at_the_server_ends_the_sign_in() {
    let (world, _server) = ready(On::Sqlite).await;
    let (callback, failed) = sign_in(&world, None).await;
    assert_eq!(callback["error"], "access_denied");
    assert_eq!((&failed["status"], &failed["code"]), (&json!("failed"), &json!("access_denied")));
    assert_eq!(users(&world).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_client_secret_and_a_used_code_are_told_apart() {
    let (world, _server) = ready(On::Sqlite).await;
    let (url, state) = started(&world, "corp").await;
    let callback = Person::at(&world).walk(&url, Some("alice")).await;
    world.admin_post("env/upsert", json!({"key": "OIDC_CORP_CLIENT_SECRET", "value": "wrong"})).await;
    world.come_back(HOME, &callback).await;
    assert_eq!(world.result(&state).await.ok()["code"], "provider_misconfigured");
    // A code that nobody gave out.
    world.admin_post("env/upsert", json!({"key": "OIDC_CORP_CLIENT_SECRET", "value": SECRET})).await;
    let (_, state) = started(&world, "corp").await;
    let mut forged = url::Url::parse(&callback).unwrap();
    let iss = crate::kit::query_of(&callback)["iss"].clone();
    forged
        .query_pairs_mut()
        .clear()
        .append_pair("code", "made-up")
        .append_pair("state", &state)
        .append_pair("iss", &iss);
    world.come_back(HOME, forged.as_str()).await;
    assert_eq!(world.result(&state).await.ok()["code"], "code_rejected");
}
