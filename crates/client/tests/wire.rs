//! The client against a real HTTP server that follows the wire contract, or breaks it on purpose.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report; the lint does not see helpers of tests")]

use axum::{
    Json, Router,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get, post},
};
use downcity::{
    CityStatus, Error, ExposeSecret, Federation, NewCity, OauthResult, OauthStartRequest, Pkce, SecretString,
    SignIn, TokenApply,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const TOKEN: &str = "ub_very.secret.token";

async fn serve(app: Router) -> Federation {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    Federation::new(&format!("http://{address}")).unwrap()
}

/// Answers every call with what came in.
async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: String) -> Json<Value> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let body: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    Json(json!({ "method": method.as_str(), "uri": uri.to_string(), "bearer": bearer, "body": body }))
}

fn answers(status: u16, headers: &'static [(&str, &str)], body: &'static str) -> Router {
    let status = StatusCode::from_u16(status).unwrap();
    Router::new().fallback(any(move || async move {
        let mut response = (status, body).into_response();
        for (name, value) in headers {
            response.headers_mut().insert(*name, value.parse().unwrap());
        }
        response
    }))
}

#[tokio::test]
async fn calls_carry_method_path_query_body_and_bearer() {
    let federation = serve(Router::new().fallback(any(echo))).await;
    let guest = federation.guest("city_demo");

    let get: Value = guest.raw().get("accounts", "oauth/result", &[("state", "a b&c")]).await.unwrap();
    assert_eq!(get["method"], "GET");
    assert_eq!(get["uri"], "/v1/accounts/oauth/result?state=a+b%26c");
    assert_eq!(get["bearer"], Value::Null);

    let post: Value =
        guest.raw().post("accounts", "oauth/start", &json!({"provider": "wechat"})).await.unwrap();
    assert_eq!(post["body"], json!({"provider": "wechat", "city_id": "city_demo"}));
    let post: Value = guest.raw().post("x", "y", &json!({"city_id": "other"})).await.unwrap();
    assert_eq!(post["body"], json!({"city_id": "other"}), "a city named by the caller stays");

    let user = federation.user(SecretString::from(TOKEN));
    let post: Value = user.raw().post("x", "y", &json!({})).await.unwrap();
    assert_eq!(post["bearer"], format!("Bearer {TOKEN}"));
    assert_eq!(post["body"], json!({}));
    let refused = user.raw().post::<Value>("x", "y", &json!([1])).await.unwrap_err();
    assert_eq!(refused.code(), "invalid_input");
}

#[tokio::test]
async fn an_error_answer_is_read_whole() {
    let body =
        r#"{"error":"Too many tries.","code":"rate_limited","request_id":"req_1","details":{"field":"x"}}"#;
    let federation = serve(answers(429, &[("retry-after", "7")], body)).await;
    let error = federation.guest("c").providers().await.unwrap_err();
    assert_eq!(
        (error.status(), error.code(), error.request_id()),
        (Some(429), "rate_limited", Some("req_1"))
    );
    assert_eq!(error.message(), "Too many tries.");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(error.is_temporary());
    assert!(matches!(error, Error::Api(api) if api.details == Some(json!({"field": "x"}))));
}

#[tokio::test]
async fn a_stranger_s_error_page_is_not_repeated() {
    let federation = serve(answers(502, &[], "<h1>nginx secret page</h1>")).await;
    let error = federation.guest("c").providers().await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(502), "http_502"));
    assert!(!format!("{error} {error:?}").contains("nginx"));
}

#[tokio::test]
async fn redirects_are_errors() {
    let app = Router::new()
        .route("/v1/accounts/me", get(|| async { Redirect::temporary("/v1/accounts/elsewhere") }))
        .fallback(any(echo));
    let error = serve(app).await.user(SecretString::from(TOKEN)).me().await.unwrap_err();
    assert_eq!(error.status(), Some(307));
}

#[tokio::test]
async fn an_endless_or_wrong_answer_is_an_error() {
    let app = Router::new()
        .route(
            "/v1/accounts/providers",
            get(|| async { Response::new(Body::from(vec![b' '; 5 * 1024 * 1024])) }),
        )
        .route(
            "/v1/cities/tokens/apply",
            post(|| async { format!(r#"{{"user_token": 5, "x": "{TOKEN}"}}"#) }),
        );
    let federation = serve(app).await;
    let error = federation.guest("c").providers().await.unwrap_err();
    assert_eq!(error.code(), "invalid_answer");
    let admin = federation.admin(SecretString::from("key"));
    let error = admin.tokens().apply(&TokenApply::default()).await.unwrap_err();
    assert_eq!(error.code(), "invalid_answer");
    assert!(!format!("{error} {error:?}").contains(TOKEN));
}

#[tokio::test]
async fn no_answer_is_a_network_error_that_names_no_state() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Federation::new(&url).unwrap().guest("c").result("st_secret", None, None).await.unwrap_err();
    assert_eq!(error.code(), "network_error");
    assert!(error.is_temporary());
    assert!(!format!("{error} {error:?}").contains("st_secret"));
}

#[tokio::test]
async fn secrets_are_not_in_debug_output() {
    let answer = r#"{"status":"done","user_token":"ub_very.secret.token","user_id":"u","city_id":"c","provider":"wechat"}"#;
    let federation = serve(answers(200, &[], answer)).await;
    let result = federation.guest("c").result("s", None, None).await.unwrap();
    assert!(matches!(&result, OauthResult::Done(done) if done.user_token.expose_secret() == TOKEN));
    let (user, admin) =
        (federation.user(SecretString::from(TOKEN)), federation.admin(SecretString::from(TOKEN)));
    assert!(!format!("{result:?} {user:?} {admin:?}").contains(TOKEN));

    let start = r#"{"url":"https://open.test/?state=st_1","state":"st_1","provider":"wechat","interval":2}"#;
    let start =
        serve(answers(200, &[], start)).await.guest("c").start(&OauthStartRequest::default()).await.unwrap();
    assert!(!format!("{start:?}").contains("st_1"));
}

#[tokio::test]
async fn the_admin_api_is_typed() {
    let city = r#"{"city_id":"city_a","name":"A","status":"paused","created_at":1790000000000,"updated_at":null,
        "allowed_redirects":["https://a.test/back"],"confirm":"auto"}"#;
    let list = format!(r#"{{"items":[{city}]}}"#);
    let env = r#"{"items":[{"key":"WECHAT_CLIENT_SECRET","value":null,"value_preview":"••••","secret":true,
        "source":"store","updated_at":"2026-09-21T14:13:20Z"}]}"#;
    let app = Router::new()
        .route("/v1/cities/create", post(move || async move { city }))
        .route("/v1/cities/list", get(move || async move { list }))
        .route("/v1/cities/remove", post(|| async { r#"{"success":true}"# }))
        .route("/v1/env/list", get(move || async move { env }))
        .route("/v1/env/import", post(|| async { r#"{"success":true,"count":2,"keys":["A","B"]}"# }))
        .route("/v1/env/upsert", post(|body: String| async move { echoed_key(&body) }));
    let admin = serve(app).await.admin(SecretString::from("key"));

    let made = admin.cities().create(&NewCity { name: "A".into(), ..NewCity::default() }).await.unwrap();
    assert_eq!((made.city_id.as_str(), made.status), ("city_a", CityStatus::Paused));
    assert_eq!(made.more["confirm"], "auto");
    assert_eq!(admin.cities().list().await.unwrap().items[0].allowed_redirects, ["https://a.test/back"]);
    admin.cities().remove("city_a").await.unwrap();
    let item = &admin.env().list().await.unwrap().items[0];
    assert_eq!((item.value.as_ref(), item.secret), (None, true));
    assert_eq!(item.updated_at.unwrap().as_second(), 1_790_000_000);
    assert_eq!(admin.env().import(&SecretString::from("A=1\nB=2")).await.unwrap().keys, ["A", "B"]);
    let changed = admin.env().upsert("WECHAT_CLIENT_ID", &SecretString::from("wx1")).await.unwrap();
    assert_eq!(changed.key.as_deref(), Some("WECHAT_CLIENT_ID=wx1"));
}

fn echoed_key(body: &str) -> Json<Value> {
    let body: Value = serde_json::from_str(body).unwrap();
    let text = |field: &str| body[field].as_str().unwrap().to_owned();
    Json(json!({ "success": true, "key": format!("{}={}", text("key"), text("value")) }))
}

/// A Federation whose `oauth/result` gives one scripted answer after another, and keeps what it was asked.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<Vec<(u16, Value)>>>,
    asked: Arc<Mutex<Vec<HashMap<String, String>>>>,
    started: Arc<Mutex<Value>>,
    expires_at: Option<i64>,
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
    Json(
        json!({"url": "https://open.test/qr", "state": "st", "provider": "wechat", "expires_at": expires_at}),
    )
}

async fn result(State(script): State<Script>, Query(query): Query<HashMap<String, String>>) -> Response {
    script.asked.lock().unwrap().push(query);
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
    let options = SignIn::new("wechat").lang("en").fast_login(false);
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
    guest.sign_in(&SignIn::new("wechat").without_pkce(), |_| ()).await.unwrap();
    assert!(script.started.lock().unwrap().get("code_challenge").is_none());
    assert!(!script.asked.lock().unwrap()[0].contains_key("code_verifier"));
}

#[tokio::test]
async fn a_refused_sign_in_says_why() {
    let failed = json!({"status": "failed", "error": "You said no.", "code": "access_denied"});
    let guest = Script::new([(200, failed)]).serve().await.guest("c");
    let error = guest.sign_in(&SignIn::new("wechat"), |_| ()).await.unwrap_err();
    assert_eq!((error.code(), error.message().as_str()), ("access_denied", "You said no."));
}

#[tokio::test]
async fn a_sign_in_that_ran_out_is_told_by_the_server_or_by_the_clock() {
    let gone = (410, json!({"error": "Too late.", "code": "gone", "request_id": "r"}));
    let guest = Script::new([gone]).serve().await.guest("c");
    let error = guest.sign_in(&SignIn::new("wechat"), |_| ()).await.unwrap_err();
    assert!(matches!(error, Error::Expired));
    assert_eq!(error.code(), "login_expired");

    #[expect(clippy::disallowed_methods, reason = "the end of a login is told by the wall clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let end = i64::try_from(now.as_millis()).unwrap() + 1500;
    let script = Script { expires_at: Some(end), ..Script::new([]) };
    let begun = Instant::now();
    let error = script.serve().await.guest("c").sign_in(&SignIn::new("wechat"), |_| ()).await.unwrap_err();
    assert!(matches!(error, Error::Expired));
    assert!(begun.elapsed() < Duration::from_secs(10), "it must not poll for ever");
}

#[tokio::test]
async fn a_wrong_answer_ends_a_sign_in_at_once() {
    let unknown = (404, json!({"error": "No such login.", "code": "login_not_found", "request_id": "r9"}));
    let script = Script::new([unknown]);
    let error = script.serve().await.guest("c").sign_in(&SignIn::new("wechat"), |_| ()).await.unwrap_err();
    assert_eq!(
        (error.status(), error.code(), error.request_id()),
        (Some(404), "login_not_found", Some("r9"))
    );
    assert_eq!(script.asked.lock().unwrap().len(), 1);
}
