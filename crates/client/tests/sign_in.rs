//! A whole sign-in against a scripted Federation.

#![expect(clippy::unwrap_used, reason = "a panic is the report of a test; the lint misses helpers")]

mod support;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use downcity::{Error, Federation, Pkce, SecretString, SignIn};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::{echo, serve};

const TOKEN: &str = "ub_very.secret.token";

/// A Federation whose `oauth/result` gives one scripted answer after another, and keeps what it was asked.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<Vec<(u16, Value)>>>,
    asked: Arc<Mutex<Vec<HashMap<String, String>>>>,
    started: Arc<Mutex<Value>>,
    /// Answered at the end of a wait without the code, where the browser brings one.
    without_code: Option<(u16, Value)>,
    expires_at: Option<i64>,
    user_code: Option<&'static str>,
}

impl Script {
    fn new(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let mut answers: Vec<_> = answers.into_iter().collect();
        answers.reverse();
        Self { answers: Arc::new(Mutex::new(answers)), ..Self::default() }
    }

    async fn serve(&self) -> Federation {
        serve(
            Router::new()
                .route("/v1/accounts/oauth/start", post(start))
                .route("/v1/accounts/oauth/result", get(result))
                .fallback(any(echo))
                .with_state(self.clone()),
        )
        .await
    }
}

async fn start(State(script): State<Script>, Json(body): Json<Value>) -> Json<Value> {
    *script.started.lock().unwrap() = body;
    let expires_at = script.expires_at;
    let mut answer =
        json!({"url": "https://open.test/qr", "state": "st", "provider": "wechat", "expires_at": expires_at});
    if let Some(code) = script.user_code {
        answer["user_code"] = code.into();
    }
    Json(answer)
}

async fn result(State(script): State<Script>, Query(query): Query<HashMap<String, String>>) -> Response {
    let returns = script.started.lock().unwrap()["return_to"].is_string();
    let code = query.get("code").cloned();
    script.asked.lock().unwrap().push(query);
    if returns && code.is_none() {
        let Some((status, body)) = script.without_code.clone() else { return std::future::pending().await };
        return (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    }
    let next = script.answers.lock().unwrap().pop();
    let (status, body) = next.unwrap_or((200, json!({"status": "pending", "interval": 1})));
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

fn done() -> Value {
    json!({"status": "done", "user_token": TOKEN, "user_id": "u1", "city_id": "city_demo", "provider": "wechat",
        "expires_at": 1_790_000_000_000_i64})
}

#[tokio::test]
async fn a_sign_in_survives_hiccups_and_ends_with_a_user() {
    let script = Script::new([
        (503, json!({"error": "Busy.", "code": "unavailable"})),
        (200, json!({"status": "pending", "interval": 1})),
        (200, done()),
    ]);
    let federation = script.serve().await;
    let mut opened = None;
    let options = SignIn::new("wechat").elsewhere().lang("en").fast_login(false);
    let guest = federation.guest("city_demo");
    let signed_in = guest.sign_in(&options, |url| opened = Some(url.to_owned())).await.unwrap();

    assert_eq!(opened.as_deref(), Some("https://open.test/qr"));
    assert_eq!((signed_in.user_id.as_str(), signed_in.city_id.as_str()), ("u1", "city_demo"));
    let call: Value = signed_in.user.raw().post("x", "y", &json!({})).await.unwrap();
    assert_eq!(call["bearer"], format!("Bearer {TOKEN}"));
    assert_eq!(call["body"]["city_id"], "city_demo");

    let started = script.started.lock().unwrap().clone();
    assert_eq!(started["city_id"], "city_demo");
    assert_eq!((&started["lang"], &started["fast_login"]), (&json!("en"), &json!(false)));
    assert_eq!(started["code_challenge_method"], "S256");
    let asked = script.asked.lock().unwrap();
    assert_eq!((asked.len(), asked[0]["state"].as_str(), asked[0]["wait"].as_str()), (3, "st", "25"));
    let pkce = Pkce::from_verifier(SecretString::from(asked[2]["code_verifier"].clone()));
    assert_eq!(started["code_challenge"], pkce.challenge(), "the verifier shown is the challenge's");
}

#[tokio::test]
async fn without_pkce_nothing_of_it_is_sent() {
    let script = Script::new([(200, done())]);
    let guest = script.serve().await.guest("city_demo");
    guest.sign_in(&SignIn::new("wechat").here().without_pkce(), |_| ()).await.unwrap();
    let started = script.started.lock().unwrap().clone();
    assert!(started.get("code_challenge").is_none() && started.get("return_to").is_none(), "{started}");
    assert!(!script.asked.lock().unwrap()[0].contains_key("code_verifier"));
}

#[tokio::test]
async fn a_code_that_the_person_types_is_shown_before_the_page_is_opened() {
    let script = Script { user_code: Some("BCDF-GHJK"), ..Script::new([(200, done())]) };
    let guest = script.serve().await.guest("city_demo");
    let never = |_: &str| panic!("nobody is sent to a page that they can't answer");
    let error = guest.sign_in(&SignIn::new("wechat").elsewhere(), never).await.unwrap_err();
    assert!(matches!(&error, Error::Input(why) if why.contains("show_code")), "{error}");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = |what: &str| seen.lock().unwrap().push(what.to_owned());
    let shown = Arc::clone(&seen);
    let options =
        SignIn::new("wechat").elsewhere().show_code(move |code| shown.lock().unwrap().push(code.to_owned()));
    assert!(!format!("{options:?}").contains("BCDF"));
    guest.sign_in(&options, |url| keep(url)).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["BCDF-GHJK", "https://open.test/qr"]);
}

/// What a browser of this machine is told where it is sent back to.
struct Page {
    status: u16,
    text: String,
    policy: String,
}

async fn come_back(return_to: &str, query: &str) -> Page {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("{return_to}{query}")).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    Page { status: answer.status().as_u16(), policy, text: answer.text().await.unwrap() }
}

#[tokio::test]
async fn a_browser_of_this_machine_brings_the_code() {
    let wrong = (403, json!({"error": "Not this code.", "code": "login_code_wrong"}));
    let script = Script::new([wrong, (503, json!({"error": "Busy.", "code": "unavailable"})), (200, done())]);
    let guest = script.serve().await.guest("city_demo");
    let (pages, mut told) = tokio::sync::mpsc::unbounded_channel();
    let started = Arc::clone(&script.started);
    let open = move |_: &str| {
        let return_to = started.lock().unwrap()["return_to"].as_str().unwrap().to_owned();
        tokio::spawn(async move {
            for query in ["", "?state=other&code=c", "?state=st&code=guess", "?code=the+code&state=st"] {
                pages.send((return_to.clone(), come_back(&return_to, query).await)).unwrap();
            }
        });
    };
    let signed_in = guest.sign_in(&SignIn::new("wechat").here(), open).await.unwrap();
    assert_eq!(signed_in.user_id, "u1");

    let mut seen = Vec::new();
    let mut port = String::new();
    while let Some((return_to, page)) = told.recv().await {
        assert!(page.policy.starts_with("default-src 'none'"), "{}", page.policy);
        assert!(!page.text.contains("the code") && !page.text.contains(TOKEN), "{}", page.text);
        seen.push((page.status, page.text.contains("You are signed in")));
        port = return_to;
    }
    assert_eq!(seen, [(404, false), (200, false), (200, false), (200, true)]);
    assert!(reqwest::get(&port).await.is_err(), "the port is closed with the sign-in");
    let asked = script.asked.lock().unwrap();
    let codes: Vec<_> = asked.iter().filter_map(|query| query.get("code")).collect();
    assert_eq!(codes, ["guess", "the code", "the code"], "nothing is asked for a stranger");
    assert!(asked.iter().all(|query| query.contains_key("code_verifier")));
    assert!(port.starts_with("http://127.0.0.1:") && port.ends_with("/downcity"), "{port}");
}

#[tokio::test]
async fn a_failure_is_told_whether_the_browser_comes_back_or_not() {
    let failed = json!({"status": "failed", "error": "You said no.", "code": "access_denied"});
    let script = Script { without_code: Some((200, failed)), ..Script::new([]) };
    let guest = script.serve().await.guest("city_demo");
    let error = guest.sign_in(&SignIn::new("wechat").here(), |_| ()).await.unwrap_err();
    assert_eq!((error.code(), error.message().as_str()), ("access_denied", "You said no."));

    let started = Arc::clone(&script.started);
    let (told, page) = tokio::sync::oneshot::channel();
    let open = move |_: &str| {
        let return_to = started.lock().unwrap()["return_to"].as_str().unwrap().to_owned();
        tokio::spawn(async move {
            // The Federation tells the program first.
            tokio::time::sleep(Duration::from_millis(100)).await;
            told.send(come_back(&return_to, "?error=access_denied&state=st").await).ok();
        });
    };
    let error = guest.sign_in(&SignIn::new("wechat").here(), open).await.unwrap_err();
    assert_eq!(error.code(), "access_denied");
    assert!(page.await.unwrap().text.contains("You are not signed in"));
}

#[tokio::test]
async fn a_page_that_is_loaded_twice_says_the_same_and_a_silent_connection_is_not_waited_for() {
    let lacking = (403, json!({"error": "Bring the code.", "code": "login_code_required"}));
    let busy = (503, json!({"error": "Busy.", "code": "unavailable"}));
    let script = Script { without_code: Some(lacking), ..Script::new([busy, (200, done())]) };
    let guest = script.serve().await.guest("city_demo");
    let started = Arc::clone(&script.started);
    let (told, mut pages) = tokio::sync::mpsc::unbounded_channel();
    let open = move |_: &str| {
        let return_to = started.lock().unwrap()["return_to"].as_str().unwrap().to_owned();
        let address = return_to.split('/').nth(2).unwrap().to_owned();
        for pause in [0, 200] {
            let (told, return_to) = (told.clone(), return_to.clone());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                told.send(come_back(&return_to, "?state=st&code=c").await)
            });
        }
        tokio::spawn(async move {
            let silent = tokio::net::TcpStream::connect(address).await.unwrap();
            tokio::time::sleep(Duration::from_secs(30)).await;
            drop(silent);
        });
    };
    let begun = Instant::now();
    guest.sign_in(&SignIn::new("wechat").here(), open).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    for _ in 0..2 {
        assert!(pages.recv().await.unwrap().text.contains("You are signed in"));
    }
}

/// How a sign-in ends that waits at the Federation.
async fn refused(script: &Script) -> Error {
    let guest = script.serve().await.guest("c");
    guest.sign_in(&SignIn::new("wechat").elsewhere(), |_| ()).await.unwrap_err()
}

#[tokio::test]
async fn a_refused_sign_in_says_why() {
    let failed = json!({"status": "failed", "error": "You said no.", "code": "access_denied"});
    let error = refused(&Script::new([(200, failed)])).await;
    assert_eq!((error.code(), error.message().as_str()), ("access_denied", "You said no."));
}

#[tokio::test]
async fn a_sign_in_that_ran_out_is_told_by_the_server_or_by_the_clock() {
    let gone = (410, json!({"error": "Too late.", "code": "gone", "request_id": "r"}));
    let error = refused(&Script::new([gone])).await;
    assert!(matches!(error, Error::Expired));
    assert_eq!(error.code(), "login_expired");
    // Who collected it, if not this program?
    let collected = json!({"error": "Handed out.", "code": "already_collected", "request_id": "r"});
    assert_eq!(refused(&Script::new([(410, collected)])).await.code(), "already_collected");

    #[expect(clippy::disallowed_methods, reason = "the end of a login is told by the wall clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let end = i64::try_from(now.as_millis()).unwrap() + 1500;
    let script = Script { expires_at: Some(end), ..Script::new([]) };
    let begun = Instant::now();
    let error = refused(&script).await;
    assert!(matches!(error, Error::Expired));
    assert!(begun.elapsed() < Duration::from_secs(10), "it must not poll for ever");
}

/// Streams of `oauth/events`, one after the other.
async fn streaming(streams: &'static [(u16, &'static str)]) -> Federation {
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let answer = move || {
        let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (status, text) = streams[at.min(streams.len() - 1)];
        let code = StatusCode::from_u16(status).unwrap();
        async move { (code, [("content-type", "text/event-stream"), ("retry-after", "0")], text) }
    };
    serve(Router::new().route("/v1/accounts/oauth/events", get(answer))).await
}

#[tokio::test]
async fn whoever_listens_comes_again_until_there_is_an_outcome_or_no_time() {
    const BUSY: &str = r#"{"error":"Not now.","code":"unavailable","request_id":"r"}"#;
    const GONE: &str = r#"{"error":"No such login.","code":"unknown_login","request_id":"r"}"#;
    const OVER: &str =
        "event: result\ndata: {\"status\":\"failed\",\"error\":\"No.\",\"code\":\"access_denied\"}\n\n";
    let ask = async |streams, patience| {
        streaming(streams).await.guest("c").events("st", None, Duration::from_millis(patience)).await
    };
    let told = ask(&[(200, "retry: 1000\n\n"), (503, BUSY), (200, OVER)], 20_000).await.unwrap();
    assert!(matches!(told, downcity::OauthResult::Failed { code, .. } if code == "access_denied"));
    let late = ask(&[(200, "retry: 1000\n\n")], 100).await.unwrap_err();
    assert_eq!(late.code(), "timeout");
    assert_eq!(ask(&[(503, BUSY)], 490).await.unwrap_err().code(), "unavailable");
    let wrong = ask(&[(404, GONE), (200, OVER)], 20_000).await.unwrap_err();
    assert_eq!(wrong.code(), "unknown_login", "it would not get better");
}

#[tokio::test]
async fn a_wrong_answer_ends_a_sign_in_at_once() {
    let unknown = (404, json!({"error": "No such login.", "code": "login_not_found", "request_id": "r9"}));
    let script = Script::new([unknown]);
    let error = refused(&script).await;
    assert_eq!(
        (error.status(), error.code(), error.request_id()),
        (Some(404), "login_not_found", Some("r9"))
    );
    assert_eq!(script.asked.lock().unwrap().len(), 1);
}
