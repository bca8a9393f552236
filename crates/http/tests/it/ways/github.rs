//! GitHub, by answers in the shape that its documentation records (docs.github.com, "Authorizing OAuth
//! apps", REST "Get the authenticated user", "List email addresses for the authenticated user").

use super::issuer::{come_back_by_get, start, users};
use crate::kit::query_of;
use crate::on_both_engines;
use crate::support::{HOME, On, Plan, World};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use downcity_service::core::pkce::Challenge;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

const CLIENT: &str = "Ov23liAbCdEfGhIjKlMn";
const SECRET: &str = "0123456789abcdef0123456789abcdef01234567";
const TOKEN: &str = "gho_16C7e42F292c6912E7710c838347Ae178B4a";

/// Answers by path, and what was asked: path, body, headers.
#[derive(Clone)]
pub(crate) struct GitHub {
    pub(crate) base: String,
    answers: Arc<Mutex<HashMap<&'static str, (u16, Value)>>>,
    asked: Arc<Mutex<Vec<(String, String, HeaderMap)>>>,
}

impl GitHub {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let github = Self { base, answers: Arc::default(), asked: Arc::default() };
        github.answer(
            "/login/oauth/access_token",
            200,
            json!({"access_token": TOKEN, "scope": "read:user,user:email", "token_type": "bearer"}),
        );
        github.answer("/user", 200, octocat());
        github.answer(
            "/user/emails",
            200,
            json!([
            {"email": "old@example.com", "verified": true, "primary": false, "visibility": null},
            {"email": "Octocat@GitHub.com", "verified": true, "primary": true, "visibility": "public"}]),
        );
        let door = Router::new().fallback(serve).with_state(github.clone());
        tokio::spawn(async move { axum::serve(listener, door).await.unwrap() });
        github
    }

    pub(crate) fn answer(&self, path: &'static str, status: u16, body: Value) {
        self.answers.lock().unwrap().insert(path, (status, body));
    }

    fn asked(&self, path: &str) -> Vec<(String, String, HeaderMap)> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.0 == path).cloned().collect()
    }
}

async fn serve(
    State(github): State<GitHub>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, String); 1], String) {
    // GitHub's interfaces answer nobody without a name; its pages are for browsers.
    let page = uri.path() == "/login/oauth/authorize";
    assert!(page || headers["user-agent"].to_str().unwrap().starts_with("downcity/"));
    let body = String::from_utf8(body.to_vec()).unwrap();
    github.asked.lock().unwrap().push((uri.path().to_owned(), body, headers));
    match github.answers.lock().unwrap().get(uri.path()) {
        Some((status, body)) => {
            let to = body["location"].as_str().unwrap_or_default().to_owned();
            (StatusCode::from_u16(*status).unwrap(), [("location", to)], body.to_string())
        }
        None => {
            let body = json!({"message": "Not Found"}).to_string();
            (StatusCode::NOT_FOUND, [("x-nothing", String::new())], body)
        }
    }
}

/// Part of the documented answer of `GET /user`.
fn octocat() -> Value {
    json!({"login": "octocat", "id": 583_231, "node_id": "MDQ6VXNlcjU4MzIzMQ==", "type": "User", "site_admin": false,
        "avatar_url": "https://avatars.githubusercontent.com/u/583231?v=4", "name": "monalisa octocat",
        "company": "GitHub", "email": "unverified@example.com", "bio": "There once was...", "two_factor_authentication": true})
}

pub(crate) async fn ready(on: On, github: &GitHub) -> World {
    let world = World::planned(Plan { github: Some(github.base.clone()), ..Plan::on(on) }).await;
    world.admin_post("cities/create", json!({"name": "Demo", "city_id": "city_demo"})).await;
    let raw = format!("GITHUB_CLIENT_ID={CLIENT}\nGITHUB_CLIENT_SECRET={SECRET}");
    world.admin_post("env/import", json!({ "raw": raw })).await;
    world
}

async fn sign_in(world: &World) -> Value {
    let state = start(world, "github").await.ok()["state"].as_str().unwrap().to_owned();
    come_back_by_get(world, &state, &[("code", "a1b2c3d4e5f6a7b8c9d0")]).await
}

async fn profile(world: &World, done: &Value) -> Value {
    world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok()["profile"].clone()
}

on_both_engines!(a_person_signs_in_with_github);

async fn a_person_signs_in_with_github(on: On) {
    let github = GitHub::start().await;
    let world = ready(on, &github).await;
    let items = world.get_from(HOME, "accounts/providers").await.ok()["items"].clone();
    assert_eq!(items[0], json!({"id": "github", "type": "oauth", "enabled": true, "label": "GitHub"}));
    let started = start(&world, "github").await.ok();
    let url = started["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{}/login/oauth/authorize?", github.base)), "{url}");
    let sent = query_of(url);
    assert_eq!((sent["client_id"].as_str(), sent["scope"].as_str()), (CLIENT, "read:user user:email"));
    assert_eq!(sent["redirect_uri"], world.url("accounts/oauth/callback"));
    assert_eq!(sent["code_challenge_method"], "S256");

    let done = come_back_by_get(&world, &sent["state"], &[("code", "a1b2c3d4e5f6a7b8c9d0")]).await;
    assert_eq!((&done["status"], &done["provider"]), (&json!("done"), &json!("github")));
    let (_, form, headers) = github.asked("/login/oauth/access_token").remove(0);
    assert_eq!(headers["accept"], "application/json");
    let form: HashMap<_, _> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), (CLIENT, SECRET));
    assert_eq!(
        (form["code"].as_str(), &form["redirect_uri"]),
        ("a1b2c3d4e5f6a7b8c9d0", &sent["redirect_uri"])
    );
    assert!(Challenge::parse(&sent["code_challenge"]).unwrap().accepts(&form["code_verifier"]));
    let (_, _, headers) = github.asked("/user").remove(0);
    assert_eq!(headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(headers["x-github-api-version"], "2022-11-28");
    let told = profile(&world, &done).await;
    assert_eq!(
        (&told["display_name"], &told["email"]),
        (&json!("monalisa octocat"), &json!("octocat@github.com"))
    );
    assert_eq!(told["avatar_url"], "https://avatars.githubusercontent.com/u/583231?v=4");

    // Renamed: still the same person. The login name in somebody else's hands: somebody else.
    let mut person = octocat();
    (person["login"], person["name"]) = (json!("mona"), Value::Null);
    github.answer("/user", 200, person.clone());
    assert_eq!(sign_in(&world).await["user_id"], done["user_id"]);
    (person["login"], person["id"]) = (json!("octocat"), json!(583_232));
    github.answer("/user", 200, person);
    let other = sign_in(&world).await;
    assert_ne!(other["user_id"], done["user_id"]);
    let told = profile(&world, &other).await;
    assert_eq!(told["display_name"], "octocat");
    assert_eq!(told["email"], Value::Null, "the address is the first one's");
    assert_eq!(users(&world).await, 2);
}

#[tokio::test]
async fn only_a_verified_primary_address_is_shown() {
    let github = GitHub::start().await;
    let world = ready(On::Sqlite, &github).await;
    let one = |verified: bool, primary: bool| json!([{"email": "a@example.com", "verified": verified, "primary": primary, "visibility": null}]);
    let answers = [
        (200, one(false, true)),
        (200, one(true, false)),
        (200, json!([])),
        (200, json!({})),
        (404, json!({"message": "Not Found"})),
        (403, json!({"message": "Resource not accessible by integration"})),
        (500, json!("")),
    ];
    for (number, (status, body)) in (1..).zip(answers) {
        github.answer("/user/emails", status, body.clone());
        let mut person = octocat();
        person["id"] = json!(number);
        github.answer("/user", 200, person);
        let done = sign_in(&world).await;
        assert_eq!(done["status"], "done", "{body}");
        assert_eq!(profile(&world, &done).await["email"], Value::Null, "{body}");
    }
}

#[tokio::test]
async fn githubs_errors_come_with_200_and_are_told_apart() {
    let github = GitHub::start().await;
    let world = ready(On::Sqlite, &github).await;
    for (error, code) in [
        ("bad_verification_code", "code_rejected"),
        ("incorrect_client_credentials", "provider_misconfigured"),
        ("redirect_uri_mismatch", "provider_misconfigured"),
        ("unverified_user_email", "account_restricted"),
        ("something new", "provider_unavailable"),
    ] {
        let body = json!({"error": error, "error_description": "<b>text of GitHub</b>", "error_uri": "https://docs.github.com/"});
        github.answer("/login/oauth/access_token", 200, body);
        let failed = sign_in(&world).await;
        assert_eq!(failed["code"], code, "{error}");
        assert!(!failed.to_string().contains("text of GitHub"));
    }
    assert!(github.asked("/user").is_empty());
    assert_eq!(github.asked("/login/oauth/access_token").len(), 5, "a code is sent once");
    github.answer("/login/oauth/access_token", 200, json!({"access_token": TOKEN}));
    for (status, body) in [
        (401, json!({"message": "Bad credentials"})),
        (500, json!({})),
        (200, json!({"login": "octocat"})),
        (200, json!({"id": "583231"})),
        (200, json!({"id": 0})),
        (200, json!([])),
        (302, json!({})),
    ] {
        github.answer("/user", status, body.clone());
        assert_eq!(sign_in(&world).await["code"], "provider_unavailable", "{status} {body}");
    }
    assert_eq!(users(&world).await, 0);
}

#[tokio::test]
async fn a_refusal_and_a_foreign_issuer_end_the_sign_in() {
    let github = GitHub::start().await;
    let world = ready(On::Sqlite, &github).await;
    let ends: [(&[(&str, &str)], &str); 4] = [
        (
            &[
                ("error", "access_denied"),
                ("error_description", "The user has denied your application access."),
            ],
            "access_denied",
        ),
        (&[("error", "redirect_uri_mismatch")], "provider_misconfigured"),
        (&[("code", "c0de"), ("iss", "https://accounts.google.com")], "provider_answer_refused"),
        (&[], "code_rejected"),
    ];
    for (parameters, code) in ends {
        let state = start(&world, "github").await.ok()["state"].as_str().unwrap().to_owned();
        assert_eq!(come_back_by_get(&world, &state, parameters).await["code"], code);
    }
    assert!(github.asked.lock().unwrap().is_empty(), "nothing was asked of GitHub");
    let state = start(&world, "github").await.ok()["state"].as_str().unwrap().to_owned();
    let done =
        come_back_by_get(&world, &state, &[("code", "c0de"), ("iss", "https://github.com/login/oauth")])
            .await;
    assert_eq!(done["status"], "done");
}
