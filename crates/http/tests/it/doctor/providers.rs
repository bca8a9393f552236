//! GitHub, Google and OpenID Connect issuers, with each mistake that can be made with them.

use super::{examined, examined_zh, finding, result, says};
use crate::support::{On, Plan, World};
use crate::ways::github::{self, GitHub};
use crate::ways::issuer::{CLIENT, Issuer, SECRET, Script, set_up, with_issuer};
use crate::ways::openid::Server;
use axum::http::StatusCode;
use serde_json::json;

async fn anew(world: &World) {
    world.admin_post("env/upsert", json!({"key": "UNRELATED", "value": "1"})).await;
}

#[tokio::test]
async fn github_says_what_is_wrong_with_the_app() {
    const TOKEN: &str = "/login/oauth/access_token";
    const PAGE: &str = "/login/oauth/authorize";
    let server = GitHub::start().await;
    let world = github::ready(On::Sqlite, &server).await;
    let callback = world.url("accounts/oauth/callback");
    server.answer(PAGE, 302, json!({"location": "https://github.com/login?return_to=x"}));
    let said = |error: &str| json!({"error": error, "error_description": "…", "error_uri": "https://docs.github.com"});
    let rows = [
        (200, said("bad_verification_code"), ("ok", "fine"), "bad_verification_code", ""),
        (
            200,
            said("incorrect_client_credentials"),
            ("failed", "client_wrong"),
            "client id with this secret",
            "fed env set GITHUB_CLIENT_SECRET",
        ),
        (
            404,
            json!({"error": "Not Found"}),
            ("failed", "client_unknown"),
            "no such client id",
            "fed env set GITHUB_CLIENT_ID",
        ),
        (
            200,
            said("redirect_uri_mismatch"),
            ("failed", "callback_mismatch"),
            "another callback URL",
            callback.as_str(),
        ),
        (429, json!({}), ("warning", "busy"), "HTTP 429", "minute"),
        (200, json!("odd"), ("warning", "unexpected"), "HTTP 200", "proxy"),
    ];
    for (status, body, wanted, evidence, remedy) in rows {
        server.answer(TOKEN, status, body);
        anew(&world).await;
        let report = examined(&world, "github").await;
        let found = finding(&report, "github.credentials", None);
        assert_eq!(result(&found), wanted, "{found:#}");
        says(&found, &[evidence], &[remedy]);
        assert_eq!(result(&finding(&report, "github.authorize", None)), ("ok", "fine"));
        assert!(!report.to_string().contains("0123456789abcdef0123456789abcdef01234567"), "{report:#}");
    }
    let elsewhere = "https://shop.example.com/?error=redirect_uri_mismatch&error_description=x";
    for (status, body, wanted) in [
        (302, json!({ "location": elsewhere }), ("failed", "callback_mismatch")),
        (404, json!({}), ("failed", "client_unknown")),
        (500, json!({}), ("warning", "unexpected")),
    ] {
        server.answer(PAGE, status, body);
        anew(&world).await;
        let found = finding(&examined(&world, "github").await, "github.authorize", None);
        assert_eq!(result(&found), wanted, "{found:#}");
    }
}

#[tokio::test]
async fn an_issuer_is_examined_in_every_part() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let refused = |error: &str| Some((400, json!({ "error": error }).to_string()));
    issuer.play(|script| script.token = refused("invalid_grant"));
    let report = examined(&world, "corp").await;
    for check in
        ["corp.settings", "corp.discovery", "corp.answers", "corp.keys", "corp.credentials", "corp.authorize"]
    {
        assert_eq!(result(&finding(&report, check, None)), ("ok", "fine"), "{report:#}");
    }
    type Turn = fn(&mut Script);
    let rows: &[(Turn, &str, (&str, &str), &str)] = &[
        (
            |s| s.metadata = json!({"issuer": "https://other.example.com"}),
            "corp.discovery",
            ("failed", "other_issuer"),
            "Set the issuer exactly",
        ),
        (
            |s| s.metadata = json!({"token_endpoint": null}),
            "corp.discovery",
            ("failed", "not_metadata"),
            "Set the issuer exactly",
        ),
        (
            |s| s.metadata = json!({"token_endpoint": "http://id.example.com/t"}),
            "corp.discovery",
            ("failed", "endpoint_refused"),
            "https",
        ),
        (
            |s| s.discovery = Some((StatusCode::NOT_FOUND, [("x-a", "b".into())], String::new())),
            "corp.discovery",
            ("failed", "not_found"),
            "openid-configuration",
        ),
        (
            |s| s.metadata = json!({"response_modes_supported": ["query", "fragment"]}),
            "corp.answers",
            ("failed", "no_form_post"),
            "fed env set OIDC_CORP_RESPONSE_MODE query",
        ),
        (
            |s| s.metadata = json!({"response_modes_supported": null}),
            "corp.answers",
            ("failed", "no_form_post"),
            "Switch form_post on",
        ),
        (|s| s.published = Vec::new(), "corp.keys", ("failed", "no_keys"), "publish"),
        (
            |s| s.token = Some((401, json!({"error": "invalid_client"}).to_string())),
            "corp.credentials",
            ("failed", "client_wrong"),
            "fed env set OIDC_CORP_CLIENT_SECRET",
        ),
        (|s| s.token = Some((200, "<html>".into())), "corp.credentials", ("warning", "unexpected"), "proxy"),
        (
            |s| {
                s.authorize =
                    Some((StatusCode::BAD_REQUEST, [("x-a", "b".into())], "invalid_redirect_uri".into()));
            },
            "corp.authorize",
            ("failed", "callback_mismatch"),
            "Register exactly this callback URL",
        ),
        (
            |s| s.authorize = Some((StatusCode::BAD_GATEWAY, [("x-a", "b".into())], String::new())),
            "corp.authorize",
            ("warning", "busy"),
            "minute",
        ),
    ];
    for (turn, check, wanted, remedy) in rows {
        issuer.play(|script| {
            (script.metadata, script.discovery, script.authorize) = (json!({}), None, None);
            (script.token, script.published) = (refused("invalid_grant"), vec![script.key.public.clone()]);
            turn(script);
        });
        anew(&world).await;
        let report = examined(&world, "corp").await;
        let found = finding(&report, check, None);
        assert_eq!(result(&found), *wanted, "{found:#}");
        says(&found, &[], &[remedy]);
        assert!(!report.to_string().contains(SECRET), "{report:#}");
    }
    // Only the slash at the end differs.
    set_up(&world, "CORP", &format!("{}/", issuer.base)).await;
    issuer.play(|script| (script.metadata, script.authorize) = (json!({}), None));
    let found = finding(&examined(&world, "corp").await, "corp.discovery", None);
    assert_eq!(result(&found), ("failed", "slash"));
    // A check that was not reached is answered with what kept it.
    let report = examined(&world, "corp.keys").await;
    assert_eq!(result(&finding(&report, "corp.discovery", None)), ("failed", "slash"));
}

/// An issuer that answers in the query is a risk for people who use WeChat, and only for them.
#[tokio::test]
async fn an_issuer_that_answers_in_the_query_is_warned_of_beside_wechat() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let mode = |value: &'static str| {
        world.admin_post("env/upsert", json!({"key": "OIDC_CORP_RESPONSE_MODE", "value": value}))
    };
    mode("query").await;
    let report = examined(&world, "corp").await;
    assert!(!report.to_string().contains("corp.answers"), "{report:#}");
    assert_eq!(result(&finding(&report, "corp.settings", None)), ("ok", "fine"));
    world.set_up_wechat().await;
    let found = finding(&examined(&world, "corp").await, "corp.answers", None);
    assert_eq!(result(&found), ("warning", "by_query"));
    says(&found, &["WeChat"], &["fed env remove OIDC_CORP_RESPONSE_MODE"]);
    let found = finding(&examined_zh(&world, "corp").await, "corp.answers", None);
    says(&found, &["微信"], &["fed env remove OIDC_CORP_RESPONSE_MODE"]);
    mode("qeury").await;
    let report = examined(&world, "corp").await;
    assert_eq!(result(&finding(&report, "corp.settings", None)), ("warning", "looks_wrong"));
    assert_eq!(
        result(&finding(&report, "corp.answers", None)),
        ("ok", "fine"),
        "a slip takes no defence away"
    );
}

#[tokio::test]
async fn google_shows_its_own_page_for_a_callback_it_does_not_know() {
    let google = Issuer::start().await;
    let plan = Plan { private_issuers: true, google: Some(google.base.clone()), ..Plan::on(On::Sqlite) };
    let world = World::planned(plan).await;
    let raw = format!("GOOGLE_CLIENT_ID='{CLIENT}'\nGOOGLE_CLIENT_SECRET='{SECRET}'");
    world.admin_post("env/import", json!({ "raw": raw })).await;
    google.play(|script| {
        script.token = Some((401, json!({"error": "invalid_client"}).to_string()));
        let to = "https://accounts.google.com/signin/oauth/error?authError=Chw".to_owned();
        script.authorize = Some((StatusCode::FOUND, [("location", to)], String::new()));
    });
    let report = examined(&world, "google").await;
    assert_eq!(result(&finding(&report, "google.settings", None)), ("warning", "looks_wrong"));
    let found = finding(&report, "google.credentials", None);
    assert_eq!(result(&found), ("failed", "client_wrong"));
    says(&found, &[], &["fed env set GOOGLE_CLIENT_ID"]);
    assert_eq!(result(&finding(&report, "google.authorize", None)), ("failed", "callback_mismatch"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certified_openid_server_agrees() {
    let world = World::planned(Plan { private_issuers: true, ..Plan::on(On::Sqlite) }).await;
    let server = Server::start(&world.url("accounts/oauth/callback")).await;
    set_up(&world, "CORP", &server.issuer).await;
    let report = examined(&world, "corp").await;
    for check in ["corp.discovery", "corp.keys", "corp.credentials", "corp.authorize"] {
        assert_eq!(result(&finding(&report, check, None)), ("ok", "fine"), "{report:#}");
    }
    world.admin_post("env/upsert", json!({"key": "OIDC_CORP_CLIENT_SECRET", "value": "another"})).await;
    let found = finding(&examined(&world, "corp").await, "corp.credentials", None);
    assert_eq!(result(&found), ("failed", "client_wrong"), "{found:#}");
    let other = Server::start("https://shop.example.com/callback").await;
    set_up(&world, "CORP", &other.issuer).await;
    let report = examined(&world, "corp").await;
    assert_eq!(
        result(&finding(&report, "corp.authorize", None)),
        ("failed", "callback_mismatch"),
        "{report:#}"
    );
}
