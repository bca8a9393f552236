//! Generated junk against a running Federation.

use super::shapes::{Junk, REAL_STATE, Sender, junk};
use crate::on_both_engines;
use crate::support::{Answer, HOME, On, World};
use downcity_store::testing::tamper;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use serde_json::Value;
use std::cell::Cell;
use std::collections::HashSet;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

on_both_engines!(junk_is_refused_in_our_own_words_and_stores_nothing);

/// Longer than any answer takes, even on a machine with much to do.
const PATIENCE: Duration = Duration::from_secs(10);
struct Ground {
    world: World,
    /// Opens a connection for each request: one that a refused body was cut off on is closed.
    http: reqwest::Client,
    token: String,
    codes: HashSet<String>,
    /// Routes that people's browsers visit: they answer with pages and redirects.
    pages: HashSet<String>,
}

/// What admins have set, and how many rows there are of what sign-ins make.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    cities: Vec<String>,
    env: Vec<String>,
    rows: [u64; 4],
}

impl Ground {
    async fn new(on: On) -> Self {
        let world = World::ready(on).await;
        let token = world.sign_in("alice").await["user_token"].as_str().unwrap().to_owned();
        let document: Value = serde_json::from_str(&downcity_http::openapi_json()).unwrap();
        let codes = document["components"]["schemas"]["ErrorCode"]["enum"].as_array().unwrap();
        let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        let paths = document["paths"].as_object().unwrap();
        let pages = paths.iter().filter(|(_, methods)| {
            let text = methods.to_string();
            text.contains("\"303\"") || text.contains("text/html")
        });
        let pages = pages.map(|(path, _)| path.clone()).collect();
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        let http = http.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { world, http, token, codes, pages }
    }

    async fn kept(&self) -> Kept {
        let (federation, store) = (&self.world.federation, &self.world.store);
        Kept {
            cities: federation.cities().iter().map(|city| format!("{city:?}")).collect(),
            env: federation.env_list().iter().map(|item| format!("{item:?}")).collect(),
            rows: [
                tamper(store, "update users set disabled = disabled").await,
                tamper(store, "update sessions set provider = provider").await,
                tamper(store, "update login_attempts set lang = lang").await,
                tamper(store, "update sessions set provider = provider where revoked_at is null").await,
            ],
        }
    }

    async fn send(&self, junk: &Junk, state: &str) -> Result<Answer, TestCaseError> {
        let query = junk.query.replace(REAL_STATE, state);
        let url = format!("{}{}?{query}", self.world.base, junk.path);
        let mut request = self.http.request(junk.method.parse().unwrap(), url);
        request = match junk.sender {
            Sender::Guest => request,
            Sender::User => request.bearer_auth(&self.token),
            Sender::Admin => request.bearer_auth(self.world.admin_key.expose_secret()),
        };
        for (name, value) in &junk.headers {
            request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
        }
        if let Some(body) = &junk.body {
            request = request.body(body.clone());
        }
        let answer = tokio::time::timeout(PATIENCE, async {
            let response = request.send().await.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let text = response.text().await.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
            Ok(Answer { status, headers, text })
        });
        answer.await.unwrap_or_else(|_| Err(TestCaseError::fail("no answer in time")))
    }

    /// Whether an answer is one of ours, in every part.
    fn is_ours(&self, junk: &Junk, answer: &Answer) -> Result<(), String> {
        let page = self.pages.contains(&junk.path);
        if answer.header("x-request-id").is_empty() {
            return Err("no request id".into());
        }
        match answer.status {
            200 | 204 => Ok(()),
            303 if page && answer.header("location").starts_with("/v1/accounts/") => Ok(()),
            400..500 if junk.method == "HEAD" => Ok(()),
            400..500 if page && answer.header("content-type").starts_with("text/html") => {
                let plain = !answer.text.contains("alert(1)") && answer.text.len() < 10_000;
                if plain { Ok(()) } else { Err("the page repeats what was sent".into()) }
            }
            400..500 => self.is_our_error(answer),
            other => Err(format!("status {other}")),
        }
    }

    fn is_our_error(&self, answer: &Answer) -> Result<(), String> {
        let body: Value = serde_json::from_str(&answer.text).map_err(|_| "not JSON".to_owned())?;
        let known = body["code"].as_str().is_some_and(|code| self.codes.contains(code));
        let told = body["error"].as_str().is_some_and(|error| !error.is_empty());
        let named = body["request_id"] == answer.header("x-request-id");
        // Short, so that nobody can make us repeat what they sent.
        if known && told && named && answer.text.len() < 1000 { Ok(()) } else { Err("not our shape".into()) }
    }
}

async fn junk_is_refused_in_our_own_words_and_stores_nothing(on: On) {
    let ground = Ground::new(on).await;
    let here = Handle::current();
    let (refused, taken) = (Cell::new(0), Cell::new(0));
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let outcome = block_in_place(|| {
        TestRunner::new(config)
            .run(&junk(), |junk| {
                here.block_on(async {
                    // A fresh sign-in each time, since a callback uses it up; in a city that no junk can have paused.
                    let waiting = serde_json::json!({"provider": "wechat", "city_id": "city_demo"});
                    let waiting = ground.http.post(ground.world.url("accounts/oauth/start")).json(&waiting);
                    let waiting = Answer::of(waiting).await;
                    let state =
                        if waiting.status == 200 { waiting.json()["state"].clone() } else { Value::Null };
                    let before = ground.kept().await;
                    let answer = ground.send(&junk, state.as_str().unwrap_or("none")).await?;
                    let fail = |why: String| {
                        Err(TestCaseError::fail(format!("{why}: {} {}", answer.status, &answer.text)))
                    };
                    if let Err(why) = ground.is_ours(&junk, &answer) {
                        return fail(why);
                    }
                    let success = answer.status < 300;
                    let counter = if success { &taken } else { &refused };
                    counter.set(counter.get() + 1);
                    if !success && ground.kept().await != before {
                        return fail("a refused request changed something".into());
                    }
                    Ok(())
                })
            })
            .map_err(|problem| problem.to_string())
    });
    if let Err(problem) = outcome {
        panic!("{problem}");
    }
    assert!(refused.get() > 100, "most of it is refused: {}", refused.get());
    assert!(taken.get() > 0, "and some of it is harmless: {}", taken.get());
    let world = &ground.world;
    assert_eq!(world.get_from(HOME, "accounts/providers").await.status, 200, "the process is well");
}
