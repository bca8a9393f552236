//! Mail servers and the servers of webhooks, real ones, in every state.

use super::{examined, finding, result, says};
use crate::kit::ready_with;
use crate::mail::Post;
use crate::support::{On, Plan, World};
use axum::Router;
use axum::http::{Method, StatusCode};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

async fn mailed(world: &World, url: &str) -> serde_json::Value {
    let raw = format!("SMTP_URL='{url}'\nMAIL_FROM='Demo <no-reply@example.com>'");
    world.admin_post("env/import", json!({ "raw": raw })).await;
    let report = examined(world, "email").await;
    assert!(!report.to_string().contains("pass-word"), "{report:#}");
    finding(&report, "email.server", None)
}

#[tokio::test]
async fn a_mail_server_is_asked_without_a_mail() {
    let world = World::new(On::Sqlite).await;
    let nothing = finding(&examined(&world, "email").await, "email.settings", None);
    assert_eq!(result(&nothing), ("skipped", "not_set_up"));
    let mut open = Post::open(0).await;
    let port = open.port;
    let found = mailed(&world, &format!("smtp://127.0.0.1:{port}?tls=none")).await;
    assert_eq!(result(&found), ("ok", "fine"), "{found:#}");
    assert!(open.is_quiet().await, "no mail was sent");

    let found = mailed(&world, &format!("smtp://me:pass-word@127.0.0.1:{port}?tls=none")).await;
    assert_eq!(result(&found), ("failed", "no_password"), "{found:#}");
    says(&found, &["127.0.0.1"], &["Leave user and password out"]);

    let found = mailed(&world, &format!("smtp://127.0.0.1:{port}")).await;
    assert_eq!(found["verdict"], "failed", "no STARTTLS there: {found:#}");

    let locked = Post::with(0, "me:pass-word").await;
    let port = locked.port;
    let found = mailed(&world, &format!("smtp://me:pass-word@127.0.0.1:{port}?tls=none")).await;
    assert_eq!(result(&found), ("ok", "fine"), "{found:#}");
    let found = mailed(&world, &format!("smtp://me:pass-words@127.0.0.1:{port}?tls=none")).await;
    assert_eq!(result(&found), ("failed", "password_wrong"), "{found:#}");
    says(&found, &["refuses user and password"], &["app password"]);

    drop(locked);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let found = mailed(&world, &format!("smtp://{free}?tls=none")).await;
    assert_eq!(result(&found), ("failed", "unreachable"), "{found:#}");
    says(&found, &["does not answer"], &["firewall", "465"]);

    let found = mailed(&world, "smtp://mail.example.com?tls=none").await;
    assert_eq!(result(&found), ("failed", "unusable"), "{found:#}");
    says(&found, &[], &["smtps://user:password@host"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_of_webhooks_are_asked_without_an_event() {
    let status = Arc::new(AtomicU16::new(405));
    let posts = Arc::new(AtomicUsize::new(0));
    let (told, counted) = (Arc::clone(&status), Arc::clone(&posts));
    let door = Router::new().fallback(move |method: Method| async move {
        counted.fetch_add(usize::from(method != Method::HEAD), Ordering::SeqCst);
        StatusCode::from_u16(told.load(Ordering::SeqCst)).unwrap()
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, door).await.unwrap() });
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();

    let world = ready_with(Plan { private_hooks: true, ..Plan::on(On::Sqlite) }).await;
    let none = finding(&examined(&world, "webhooks").await, "webhooks.target", None);
    assert_eq!(result(&none), ("skipped", "none"));
    let hook = async |address: std::net::SocketAddr| {
        let url = format!("http://{address}/secret-path-of-a-hook");
        let made = world.admin_post("webhooks/create", json!({ "url": url })).await;
        made["webhook"]["webhook_id"].as_str().unwrap().to_owned()
    };
    let (good, dead) = (hook(there).await, hook(free).await);
    let report = examined(&world, "webhooks").await;
    let found = finding(&report, "webhooks.target", Some(&good));
    assert_eq!(result(&found), ("ok", "fine"), "{found:#}");
    says(&found, &["HTTP 405"], &[]);
    let found = finding(&report, "webhooks.target", Some(&dead));
    assert_eq!(result(&found), ("failed", "unreachable"), "{found:#}");
    says(&found, &["does not answer"], &["Start that server"]);
    assert!(!report.to_string().contains("secret-path"), "{report:#}");

    status.store(503, Ordering::SeqCst);
    world.admin_post("env/upsert", json!({"key": "UNRELATED", "value": "1"})).await;
    let found = finding(&examined(&world, "webhooks").await, "webhooks.target", Some(&good));
    assert_eq!(result(&found), ("warning", "ailing"), "{found:#}");
    assert_eq!(posts.load(Ordering::SeqCst), 0, "nothing was delivered");
}

#[tokio::test]
async fn a_webhook_that_leads_inside_is_not_asked() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let inside = format!("http://{}/", listener.local_addr().unwrap());
    let world = ready_with(Plan { private_hooks: true, ..Plan::on(On::Sqlite) }).await;
    world.admin_post("webhooks/create", json!({ "url": inside })).await;
    // The same data, opened by a process that was not told to allow it.
    let outside = downcity_service::Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (strict, _) = crate::kit::second_door(&world, &world.base, outside).await;
    let report = strict.check(Some("webhooks")).await.unwrap();
    assert_eq!(report.findings[0].code, "unreachable");
    let came = tokio::time::timeout(std::time::Duration::from_millis(200), listener.accept()).await;
    assert!(came.is_err(), "not even a connection");
}
