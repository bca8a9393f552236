//! People who sign in while something is wrong with the database: they get in or are told to come again, and who got in
//! stays in.

use super::asker::{Asker, BOUND};
use crate::support::{Fed, Setup, field, http, wechat_with};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Instant;
use wechat_sim::{Handle, Sim};

const PEOPLE: usize = 8;
/// How often somebody asks for a result before they give up.
const TRIES: usize = 4;

/// Everybody who signs in on one Federation.
pub(super) struct People {
    sim: Sim,
    asker: Asker,
    promised: Vec<Promised>,
    /// How many were told to come again.
    pub(super) put_off: usize,
}

/// What somebody was given.
struct Promised {
    person: String,
    user_id: String,
    token: String,
    refresh: String,
}

/// WeChat, for a Federation that is about to start.
pub(super) async fn wechat() -> Sim {
    wechat_with(PEOPLE).await
}

/// A Federation with this WeChat, where as many may sign in as like.
pub(super) fn setup(sim: &Sim) -> Setup {
    Setup::default().simulator(sim.url()).args(["--starts-per-minute", "0"])
}

impl People {
    /// Of a Federation that was started with this WeChat.
    pub(super) fn of(fed: &Fed, sim: Sim) -> Self {
        fed.set_up_wechat(&sim);
        Self { sim, asker: Asker::of(fed), promised: Vec::new(), put_off: 0 }
    }

    /// So many sign in at once.
    pub(super) async fn come(&mut self, size: usize) {
        let tasks: Vec<_> = (0..size)
            .map(|n| {
                let (asker, sim, person) =
                    (self.asker.clone(), self.sim.handle(), format!("p{}", n % PEOPLE));
                tokio::spawn(async move { sign_in(&asker, &sim, person).await })
            })
            .collect();
        for task in tasks {
            match task.await.unwrap() {
                Some(promised) => self.promised.push(promised),
                None => self.put_off += 1,
            }
        }
    }

    /// Everybody who was let in still is, by their token and by their refresh token, and is one user.
    pub(super) async fn are_in(&mut self) {
        let mut users = HashMap::new();
        for one in &mut self.promised {
            let me =
                self.asker.http.get(format!("{}/v1/accounts/me", self.asker.url)).bearer_auth(&one.token);
            let me = success(me).await.unwrap_or_else(|| panic!("{} is out", one.user_id));
            assert_eq!(field(&me["user"], "user_id"), one.user_id);
            let next = post(&self.asker, "token/refresh", &json!({"refresh_token": one.refresh}));
            let next = success(next).await.expect("the session goes on");
            (one.token, one.refresh) = (field(&next, "user_token"), field(&next, "refresh_token"));
            let same = users.entry(&one.person).or_insert(&one.user_id);
            assert_eq!(*same, &one.user_id, "{} is two users", one.person);
        }
    }

    /// How many were let in so far.
    pub(super) fn let_in(&self) -> usize {
        self.promised.len()
    }
}

fn post(asker: &Asker, path: &str, body: &Value) -> RequestBuilder {
    asker.http.post(format!("{}/v1/accounts/{path}", asker.url)).json(body)
}

/// The answer, or none where the request was put off in bounded time and in clear words.
async fn success(request: RequestBuilder) -> Option<Value> {
    let begun = Instant::now();
    let answer = request.send().await.expect("an answer within the bound");
    assert!(begun.elapsed() < BOUND);
    let status = answer.status().as_u16();
    let wait = answer.headers().contains_key("retry-after");
    let body: Value = answer.json().await.unwrap();
    assert!(status == 200 || status == 503 && wait && body["code"] == "unavailable", "{status} {body}");
    (status == 200).then_some(body)
}

async fn sign_in(asker: &Asker, sim: &Handle, person: String) -> Option<Promised> {
    let body = json!({"provider": "wechat", "refresh": true});
    let started = success(post(asker, "oauth/start", &body)).await?;
    let callback = sim.sign_in_as(&field(&started, "url"), &person).unwrap();
    // The browser is sent on to a page that tells the outcome, or is told at once that it has to come again.
    let back = http().get(callback).send().await.expect("an answer within the bound");
    let wait = back.headers().contains_key("retry-after");
    assert!(back.status() == 303 || back.status() == 503 && wait, "{}", back.status());
    let path = format!("{}/v1/accounts/oauth/result?wait=2&state={}", asker.url, field(&started, "state"));
    for _ in 0..TRIES {
        let Some(told) = success(asker.http.get(&path)).await else { continue };
        match told["status"].as_str().unwrap() {
            "done" => {
                let [user_id, token, refresh] =
                    ["user_id", "user_token", "refresh_token"].map(|name| field(&told, name));
                return Some(Promised { person, user_id, token, refresh });
            }
            "failed" => {
                assert_eq!(told["code"], "login_interrupted", "{told}");
                return None;
            }
            status => assert_eq!(status, "pending"),
        }
    }
    None
}
