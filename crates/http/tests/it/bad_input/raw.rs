//! Requests that no HTTP library would send.

use crate::kit::raw;
use crate::support::{HOME, On, World};

fn status(answer: &str) -> u16 {
    let rest = answer.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    rest[..3].parse().unwrap()
}

#[tokio::test]
async fn odd_requests_are_answered_and_harm_nobody() {
    let world = World::ready(On::Sqlite).await;
    let long = "a".repeat(70_000);
    let heads: Vec<(String, &[u16])> = vec![
        ("GET /v1/accounts/%zz HTTP/1.1\r\nhost: x".into(), &[404]),
        ("GET /%00 HTTP/1.1\r\nhost: x".into(), &[404]),
        ("GET //evil.test/v1 HTTP/1.1\r\nhost: x".into(), &[404]),
        ("GET /v1/accounts/../../etc/passwd HTTP/1.1\r\nhost: x".into(), &[404]),
        ("GET /v1/accounts/%2e%2e/cities/list HTTP/1.1\r\nhost: x".into(), &[404]),
        ("GET http://evil.test/v1/accounts/providers HTTP/1.1\r\nhost: x".into(), &[200]),
        ("OPTIONS * HTTP/1.1\r\nhost: x".into(), &[404, 405]),
        ("CONNECT evil.test:443 HTTP/1.1\r\nhost: x".into(), &[400, 404, 405]),
        ("GET /v1/accounts/providers HTTP/1.1".into(), &[200, 400]),
        ("GET /v1/accounts/providers HTTP/1.1\r\nhost: a\r\nhost: b".into(), &[200, 400]),
        ("GET /v1/accounts/providers HTTP/9.9\r\nhost: x".into(), &[400, 505]),
        ("BREW\u{7} / HTTP/1.1\r\nhost: x".into(), &[400]),
        ("nonsense".into(), &[400]),
        (format!("GET /v1/accounts/providers?{long} HTTP/1.1\r\nhost: x"), &[414, 431]),
        (
            format!(
                "GET /v1/accounts/providers HTTP/1.1\r\nhost: x\r\n{}",
                "a: b\r\n".repeat(500).trim_end()
            ),
            &[431],
        ),
        (
            "POST /v1/accounts/oauth/start HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6"
                .into(),
            &[400],
        ),
        ("POST /v1/accounts/oauth/start HTTP/1.1\r\nhost: x\r\ncontent-length: -1".into(), &[400]),
        ("POST /v1/accounts/oauth/start HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999".into(), &[413]),
        ("POST /v1/accounts/oauth/start HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip".into(), &[400]),
    ];
    for (head, expected) in heads {
        let close = if head.contains("HTTP/1.1\r\n") { "\r\nconnection: close" } else { "" };
        let answer = raw(&world, format!("{head}{close}\r\n\r\n").as_bytes()).await;
        let head: String = head.chars().take(100).collect();
        assert!(expected.contains(&status(&answer)), "{head}: {answer}");
        assert!(!answer.contains("evil.test"), "{head}: {answer}");
    }
    let spoiled = raw(&world, b"GET /v1/\xff\xfe HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!((400..500).contains(&status(&spoiled)), "{spoiled}");
    assert_eq!(world.get_from(HOME, "accounts/providers").await.status, 200);
}

/// A body that never comes holds up nobody else, and what came of it does nothing.
#[tokio::test]
async fn a_body_that_never_comes_holds_up_nobody() {
    let world = World::ready(On::Sqlite).await;
    let head = "POST /v1/accounts/oauth/start HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{\"provider\":\"wechat\"";
    let (stalled, walked) = tokio::join!(raw(&world, head.as_bytes()), world.sign_in("alice"));
    assert_eq!(walked["status"], "done");
    assert!(stalled.is_empty() || status(&stalled) == 408, "{stalled}");
    let rows = downcity_store::testing::tamper(&world.store, "update login_attempts set lang = lang").await;
    assert_eq!(rows, 1, "the one that was walked");
}
