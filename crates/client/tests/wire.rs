//! The client against a real HTTP server that follows the wire contract, or breaks it on purpose.

#![expect(clippy::unwrap_used, reason = "a panic is the report of a test; the lint misses helpers")]

mod support;

use axum::{
    Json, Router,
    body::Body,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{any, get, post},
};
use downcity::{
    AuditQuery, CityStatus, Confirm, DeliveryQuery, Error, ExposeSecret, Federation, NewAdminKey, NewCity,
    NewWebhook, OauthResult, OauthStartRequest, SecretString, TokenApply, Verdict,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{echo, serve};

const TOKEN: &str = "ub_very.secret.token";

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
async fn a_lost_answer_to_a_refresh_is_asked_for_again_and_a_refusal_is_not() {
    /// What each try meets in turn, and how many tries there were.
    async fn refresh(turns: &'static [u16]) -> (Result<SecretString, Error>, usize) {
        let count = Arc::new(AtomicUsize::new(0));
        let shared = Arc::clone(&count);
        let turn = post(async move || {
            let status = turns[shared.fetch_add(1, Ordering::Relaxed)];
            let body = json!({"user_token": "t", "city_id": "c", "refresh_token": "next",
                "expires_at": "2030-01-01T00:00:00Z"});
            (StatusCode::from_u16(status).unwrap(), Json(body))
        });
        let federation = serve(Router::new().route("/v1/accounts/token/refresh", turn)).await;
        let refreshed = federation.guest("c").refresh(&SecretString::from("old")).await;
        (refreshed.map(|refreshed| refreshed.refresh_token), count.load(Ordering::Relaxed))
    }
    let (next, tries) = refresh(&[502, 503, 200]).await;
    assert_eq!((next.unwrap().expose_secret(), tries), ("next", 3));
    for (turns, status, tries) in
        [(&[401, 200, 200], 401, 1), (&[429, 200, 200], 429, 1), (&[503, 503, 503], 503, 3)]
    {
        let (refused, tried) = refresh(turns).await;
        assert_eq!((refused.unwrap_err().status(), tried), (Some(status), tries));
    }
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
    assert_eq!(made.confirm, Some(Confirm::Auto));
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

#[tokio::test]
async fn keepers_are_typed_and_their_keys_are_never_printed() {
    let key = r#""key_id":"k1","name":"Li Lei","role":"viewer","city_id":null,"status":"active",
        "created_at":"2026-09-21T14:13:20Z","expires_at":null,"last_used_at":null,"revoked_at":null"#;
    let (list, made) =
        (format!(r#"{{"items":[{{{key}}}]}}"#), format!(r#"{{"admin_key":"ak_secret",{key}}}"#));
    let entry = r#"{"items":[{"audit_id":"a1","at":"2026-09-21T14:13:20Z","key_id":"local","key_name":"fed dev",
        "via":"machine","network":null,"action":"env.set","city_id":null,"subject":"A","before":null,
        "after":"••••"}],"next":"a1"}"#;
    let app = Router::new()
        .route("/v1/admin-keys/list", get(move || async move { list }))
        .route("/v1/admin-keys/create", post(move || async move { made }))
        .route("/v1/admin-keys/rotate", post(|| async { r#"{"key_id":"k1","admin_key":"ak_secret2"}"# }))
        .route("/v1/admin-keys/revoke", post(|| async { r#"{"success":true}"# }))
        .route("/v1/audit/list", get(move || async move { entry }));
    let admin = serve(app).await.admin(SecretString::from("key"));
    let keepers = admin.keepers();
    let new = NewAdminKey { name: "Li Lei".into(), role: "viewer".into(), ..NewAdminKey::default() };
    let made = keepers.create(&new).await.unwrap();
    assert_eq!(made.admin_key.expose_secret(), "ak_secret");
    assert!(!format!("{made:?}").contains("ak_secret"));
    assert_eq!(keepers.rotate("k1").await.unwrap().admin_key.expose_secret(), "ak_secret2");
    assert_eq!((keepers.keys().await.unwrap()[0].role.as_str(), made.key_id.as_str()), ("viewer", "k1"));
    keepers.revoke("k1").await.unwrap();
    let page = keepers.audit(&AuditQuery { action: Some("env"), ..AuditQuery::default() }).await.unwrap();
    assert_eq!((page.items[0].after.as_ref().unwrap(), page.next.as_deref()), (&json!("••••"), Some("a1")));
}

#[tokio::test]
async fn webhooks_are_typed_and_their_secret_is_never_printed() {
    let hook = r#"{"webhook_id":"w1","url":"https://a.test/hook","types":[],"cities":["city_a"],"status":"active",
        "failing_since":null,"disabled_at":null,"created_at":"2026-09-21T14:13:20Z"}"#;
    let (list, made) =
        (format!(r#"{{"items":[{hook}]}}"#), format!(r#"{{"secret":"whsec_x","webhook":{hook}}}"#));
    let deliveries = r#"{"items":[{"delivery_id":"d1","event_id":"e1","type":"user.signed_in","status":"waiting",
        "tries":1,"next_at":"2026-09-21T14:13:20Z","last_error":"no answer","created_at":"2026-09-21T14:13:20Z",
        "ended_at":null}],"next":null}"#;
    let app = Router::new()
        .route("/v1/webhooks/list", get(move || async move { list }))
        .route("/v1/webhooks/create", post(move || async move { made }))
        .route("/v1/webhooks/deliveries", get(move || async move { deliveries }))
        .route("/v1/webhooks/test", post(|| async { r#"{"success":true,"event_id":"e2"}"# }))
        .route("/v1/webhooks/replay", post(|| async { r#"{"success":true,"count":3}"# }))
        .fallback(any(|| async { r#"{"success":true}"# }));
    let admin = serve(app).await.admin(SecretString::from("key"));
    let webhooks = admin.webhooks();
    let new = NewWebhook { url: "https://a.test/hook".into(), ..NewWebhook::default() };
    let made = webhooks.create(&new);
    let made = made.await.unwrap();
    assert!(!format!("{made:?}").contains("whsec_x"));
    assert_eq!(made.webhook.cities, ["city_a"]);
    assert_eq!(webhooks.list().await.unwrap()[0].webhook_id, "w1");
    assert_eq!(webhooks.test("w1").await.unwrap(), "e2");
    let query = DeliveryQuery { webhook_id: "w1", ..DeliveryQuery::default() };
    let page = webhooks.deliveries(&query).await.unwrap();
    assert_eq!((page.items[0].kind.as_deref(), page.items[0].tries), (Some("user.signed_in"), 1));
    assert_eq!(webhooks.replay("w1", "e1").await.unwrap(), 3);
    let since = "2026-09-21T14:13:20Z".parse().unwrap();
    assert_eq!(webhooks.replay_since("w1", since).await.unwrap(), 3);
    webhooks.enable("w1").await.unwrap();
    webhooks.remove("w1").await.unwrap();
}

#[tokio::test]
async fn the_doctor_is_asked_with_patience_and_read_whole() {
    let report = r#"{"checked_at":"2026-09-21T14:13:20Z","took_ms":1200,"verdict":"failed","items":[
        {"check":"wechat.credentials","about":null,"verdict":"failed","code":"secret_wrong","title":"T","evidence":"E","remedy":"R"},
        {"check":"url.name","about":"b.test","verdict":"unheard_of","code":"x","title":"T","evidence":"E","remedy":null}]}"#;
    let app = Router::new().route("/v1/federation/doctor", get(move || async move { report }));
    let admin = serve(app).await.admin(SecretString::from("key"));
    let found = admin.doctor(Some("wechat")).await.unwrap();
    assert_eq!((found.verdict, found.took_ms), (Verdict::Failed, 1200));
    assert_eq!((found.items[0].code.as_str(), found.items[0].remedy.as_deref()), ("secret_wrong", Some("R")));
    assert_eq!((found.items[1].verdict, found.items[1].about.as_deref()), (Verdict::Other, Some("b.test")));
    let echo = serve(Router::new().fallback(any(echo))).await.admin(SecretString::from("key"));
    let asked: Value = echo.raw().get("federation", "doctor", &[("only", "url")]).await.unwrap();
    assert_eq!(asked["uri"], "/v1/federation/doctor?only=url");
    // A caller without patience gives up.
    let slow = Router::new().fallback(any(|| async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        "{}"
    }));
    let hasty = serve(slow).await.admin(SecretString::from("key")).raw().clone();
    let hasty = hasty.waiting(Duration::from_millis(50));
    let late = hasty.get::<Value>("x", "y", &()).await.unwrap_err();
    assert_eq!(late.code(), "timeout");
    let late = [hasty.text("x", "y").await.map(drop), hasty.download("x", "y", &()).await.map(drop)];
    for late in late.map(Result::unwrap_err) {
        assert_eq!((late.code(), late.is_temporary()), ("timeout", true), "{late}");
    }
}
