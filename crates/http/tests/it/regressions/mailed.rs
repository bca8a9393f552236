//! Failings of signing in by e-mail, with a real SMTP server taking the mails.

use crate::kit::{assert_error, ready_with};
use crate::mail::{PASSWORD, login, registered, with_mail};
use crate::support::{Answer, HOME, On, Plan, World};
use serde_json::json;

crate::on_both_engines!(verification_mail_never_sent, thirty_wrong_passwords_no_429);

/// Line 9: what says that a mail is on its way is told only where one can be sent, and it is sent.
async fn verification_mail_never_sent(on: On) {
    let world = World::ready(on).await;
    let address = json!({"email": "mei@example.com", "password": PASSWORD, "city_id": "city_demo"});
    for path in ["accounts/register", "accounts/password/forgot", "accounts/email/start", "accounts/login"] {
        let refused = world.post_from(HOME, path, address.clone()).await;
        assert_error(&refused, 400, "provider_not_configured");
    }
    let alice = world.sign_in("alice").await;
    let token = alice["user_token"].as_str().unwrap();
    let refused = world.post_as(token, "accounts/email/change", json!({"email": "mei@example.com"})).await;
    assert_error(&refused, 400, "provider_not_configured");
    let (world, mut post) = with_mail(on).await;
    for path in ["accounts/register", "accounts/email/start"] {
        world.post_from(HOME, path, address.clone()).await.ok();
        assert_eq!(post.next().await["to"], "mei@example.com");
    }
}

/// Line 10: guesses are slowed down however many addresses they come from, by every call that takes a password.
async fn thirty_wrong_passwords_no_429(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, "lilei@example.com").await;
    let start = json!({"provider": "email", "city_id": "city_demo"});
    let step = world.post_from(HOME, "accounts/login/start", start).await.ok();
    let mut codes = Vec::new();
    for n in 0..30 {
        let typed = json!({"email": "lilei@example.com", "password": format!("guess number {n}")});
        let from = format!("203.0.113.{n}");
        let answer = if n % 2 == 0 {
            world.post_from(&from, "accounts/login", typed).await
        } else {
            let body = json!({"login_id": step["login_id"], "input": typed});
            world.post_from(&from, "accounts/login/continue", body).await
        };
        assert!(answer.status == 401 || answer.status == 429, "{}", answer.text);
        if answer.status == 429 {
            assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
        }
        codes.push(answer.status);
    }
    assert!(codes.iter().filter(|status| **status == 429).count() >= 20, "{codes:?}");
    assert_eq!(login(&world, "lilei@example.com", PASSWORD).await.status, 200, "the owner is not locked out");
}

/// Line 10: the calls that cost a mail, a hash or a guess are counted by /64 as well (CVE-2026-45364).
#[tokio::test]
async fn ipv6_neighbours_bypass_limit() {
    let world = ready_with(Plan { starts_per_minute: 3, ..Plan::on(On::Sqlite) }).await;
    let raw = "SMTP_URL='smtp://127.0.0.1:9?tls=none'\nMAIL_FROM='Demo <no-reply@example.com>'";
    world.admin_post("env/import", json!({ "raw": raw })).await;
    let finish = json!({"login_id": "A".repeat(43), "code": "1234 5678"});
    let start = |n: i32| json!({"email": format!("a{n}@example.com"), "city_id": "city_demo"});
    let ask = async |net: u8, n: i32, mailing: bool| -> Answer {
        let from = format!("2001:db8:0:{net}::{n}");
        let (path, body) = if mailing {
            ("accounts/email/start", start(n))
        } else {
            ("accounts/email/finish", finish.clone())
        };
        world.post_from(&from, path, body).await
    };
    for (net, mailing, usual) in [(1, false, 404), (2, true, 200)] {
        for n in 1..=3 {
            assert_eq!(ask(net, n, mailing).await.status, usual);
        }
        assert_error(&ask(net, 4, mailing).await, 429, "too_many_tries");
        assert_eq!(ask(net + 10, 5, mailing).await.status, usual, "others are not hindered");
    }
}
