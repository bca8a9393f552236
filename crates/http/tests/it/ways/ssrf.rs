//! Failing 25, oidc_issuer_ssrf: an issuer's address is typed by somebody, and must not lead this server
//! into its own machine or network.

use super::issuer::{Issuer, set_up, start};
use crate::kit::assert_error;
use crate::support::{On, Plan, World};
use axum::http::StatusCode;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn oidc_issuer_ssrf() {
    let world = World::planned(Plan::on(On::Sqlite)).await;
    world.admin_post("cities/create", json!({"name": "Demo", "city_id": "city_demo"})).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for issuer in [
        format!("http://127.0.0.1:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("https://127.1:{port}"),
        format!("https://2130706433:{port}"),
        format!("https://[::ffff:127.0.0.1]:{port}"),
        format!("https://localhost:{port}"),
        format!("https://0.0.0.0:{port}"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://10.0.0.1".to_owned(),
        "file:///etc/passwd".to_owned(),
        "not an address".to_owned(),
    ] {
        set_up(&world, "CORP", &issuer).await;
        let answer = start(&world, "corp").await;
        assert_error(&answer, 503, "provider_unavailable");
        assert!(!answer.text.contains("127.0.0.1"), "{}", answer.text);
    }
    let came = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(came.is_err(), "not even a connection");
}

#[tokio::test]
async fn a_private_issuer_is_warned_of_when_it_is_set() {
    let world = World::planned(Plan::on(On::Sqlite)).await;
    let set = |value: &'static str| {
        world.admin_post("env/upsert", json!({"key": "OIDC_CORP_ISSUER", "value": value}))
    };
    assert!(set("https://10.0.0.1").await["warning"].as_str().unwrap().contains("--allow-private-issuers"));
    assert!(set("http://id.example.com").await["warning"].as_str().unwrap().contains("https"));
    assert!(
        set("https://a.example/.well-known/openid-configuration").await["warning"]
            .as_str()
            .unwrap()
            .contains("Leave")
    );
    assert!(
        set("https://id.example.com/realms/main").await.get("warning").is_none_or(serde_json::Value::is_null)
    );
}

/// What a public issuer's answers could do: lead elsewhere, or never end.
#[tokio::test]
async fn oidc_issuer_redirects_and_floods() {
    let (issuer, inside) = (Issuer::start().await, Issuer::start().await);
    let world = super::issuer::with_issuer(On::Sqlite, &issuer).await;
    let target = format!("{}/.well-known/openid-configuration", inside.base);
    let answers = [
        (StatusCode::FOUND, [("location", target.clone())], String::new()),
        (StatusCode::TEMPORARY_REDIRECT, [("location", target)], String::new()),
        (StatusCode::OK, [("content-type", "application/json".to_owned())], " ".repeat(65 * 1024)),
        (StatusCode::OK, [("content-type", "text/html".to_owned())], "<html>".to_owned()),
        (StatusCode::NOT_FOUND, [("content-type", "text/html".to_owned())], String::new()),
    ];
    for answer in answers {
        issuer.play(|script| script.discovery = Some(answer));
        assert_error(&start(&world, "corp").await, 503, "provider_unavailable");
        world.clock.advance(Duration::from_secs(6));
    }
    assert!(inside.asked("/").is_empty(), "no redirect was followed");
}
