//! A whole sign-in at a certified OpenID Connect server that is not ours: npm `oidc-provider` in a process of
//! its own, with a person who fills in its forms.

use super::issuer::{CLIENT, SECRET, set_up, started, users};
use crate::on_both_engines;
use crate::person::Browser;
use crate::support::{AWAY, HOME, On, Plan, World};
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

    /// Follows redirects and fills in forms as `who`, or turns back, until a page is there that posts something to us;
    /// gives what it posts.
    async fn walk(&mut self, url: &str, who: Option<&str>) -> Form {
        let mut url = url::Url::parse(url).unwrap();
        for _ in 0..12 {
            let mut answer = self.send(self.world.http.get(url.clone())).await;
            // It shows an error with 400, and posts that too.
            if !answer.status().is_redirection() {
                let page = answer.text().await.unwrap();
                let to_us = format!("action=\"{}\"", self.world.url("accounts/oauth/callback"));
                if page.contains(&to_us) {
                    return inputs(&page);
                }
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

/// The fields of a form.
type Form = Vec<(String, String)>;

/// The hidden fields of a page.
fn inputs(page: &str) -> Form {
    let part = |input: &str, name: &str| {
        let from = input.split_once(&format!("{name}=\"")).unwrap().1;
        from.split('"').next().unwrap().replace("&amp;", "&")
    };
    let inputs = page.split("<input type=\"hidden\" ").skip(1);
    inputs.map(|input| (part(input, "name"), part(input, "value"))).collect()
}

fn field(form: &Form, name: &str) -> Value {
    form.iter().find(|(key, _)| key == name).map_or(Value::Null, |(_, value)| json!(value))
}

async fn ready(on: On) -> (World, Server) {
    let world = World::planned(Plan { private_issuers: true, ..Plan::on(on) }).await;
    world.admin_post("cities/create", json!({"name": "Demo", "city_id": "city_demo"})).await;
    let server = Server::start(&world.url("accounts/oauth/callback")).await;
    set_up(&world, "CORP", &server.issuer).await;
    (world, server)
}

/// A sign-in in a browser that goes elsewhere in between: without its cookies it would be asked first. Gives what was posted
/// to us, and the outcome.
async fn sign_in(world: &World, who: Option<&str>) -> (Form, Value) {
    let browser = Browser::at(world, HOME);
    let (url, state) = browser.start(json!({"provider": "corp"})).await;
    let posted = Person::at(world).walk(&url, who).await;
    let back = browser.moves_to(AWAY).post_across(&posted).await;
    assert_eq!(back.status, 303, "{}", back.text);
    (posted, world.result(&state).await.ok())
}

on_both_engines!(a_person_signs_in_at_a_certified_server);

async fn a_person_signs_in_at_a_certified_server(on: On) {
    let (world, server) = ready(on).await;
    let (posted, done) = sign_in(&world, Some("alice")).await;
    assert_eq!(field(&posted, "iss"), server.issuer, "RFC 9207");
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
    let (posted, failed) = sign_in(&world, None).await;
    assert_eq!(field(&posted, "error"), "access_denied");
    assert_eq!((&failed["status"], &failed["code"]), (&json!("failed"), &json!("access_denied")));
    assert_eq!(users(&world).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_client_secret_and_a_used_code_are_told_apart() {
    let (world, _server) = ready(On::Sqlite).await;
    let (url, state) = started(&world, "corp").await;
    let mut posted = Person::at(&world).walk(&url, Some("alice")).await;
    let browser = Browser::at(&world, HOME);
    world.admin_post("env/upsert", json!({"key": "OIDC_CORP_CLIENT_SECRET", "value": "wrong"})).await;
    browser.post_across(&posted).await;
    assert_eq!(world.result(&state).await.ok()["code"], "provider_misconfigured");
    // A code that nobody gave out.
    world.admin_post("env/upsert", json!({"key": "OIDC_CORP_CLIENT_SECRET", "value": SECRET})).await;
    let (_, state) = started(&world, "corp").await;
    for (name, value) in &mut posted {
        match name.as_str() {
            "code" => "made-up".clone_into(value),
            "state" => state.clone_into(value),
            _ => {}
        }
    }
    browser.post_across(&posted).await;
    assert_eq!(world.result(&state).await.ok()["code"], "code_rejected");
}
