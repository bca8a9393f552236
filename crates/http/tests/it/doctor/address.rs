//! The public address: name, certificate, proxy, callback path.

use super::tls::{Cert, Pass, Proxy};
use super::{examined, finding, result, says};
use crate::kit::second_door;
use crate::support::{Answer, HOME, On, Plan, World};
use downcity_service::Outside;
use serde_json::Value;
use std::time::Duration;

const FOR: (&str, &str) = ("x-forwarded-for", "203.0.113.7");

/// A Federation whose public address is the proxy's.
async fn behind(proxy: &Proxy, plan: Plan) -> World {
    let world =
        World::planned(Plan { public_url: Some(proxy.url.clone()), ca: Some(proxy.ca.clone()), ..plan })
            .await;
    proxy.pass(Pass::To(world.base.clone(), vec![(FOR.0, FOR.1.to_owned())]));
    world
}

/// The address is looked at anew, however young the last report is: the doctor's own memory sees only settings.
async fn looked(world: &World) -> Value {
    world.admin_post("env/upsert", serde_json::json!({"key": "UNRELATED", "value": "1"})).await;
    examined(world, "url").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_address_is_fine_in_every_part() {
    let proxy = Proxy::start(Cert::GOOD).await;
    let world = behind(&proxy, Plan::on(On::Sqlite)).await;
    let report = looked(&world).await;
    for check in ["url.name", "url.certificate", "url.reached", "url.proxy", "url.callback"] {
        let found = finding(&report, check, None);
        assert_eq!(result(&found), ("ok", "fine"), "{found:#}");
        assert!(found["remedy"].is_null(), "{found:#}");
    }
    says(&finding(&report, "url.certificate", None), &["ends in 90 days"], &[]);
    says(&finding(&report, "url.proxy", None), &["203.0.113.7"], &[]);
    assert_eq!(report["verdict"], "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_that_are_no_good_are_told_apart() {
    let rows = [
        (Cert { days: (-30, 20), ..Cert::GOOD }, ("warning", "ends_soon"), "ends in 20 days", "certbot"),
        (Cert { days: (-90, -1), ..Cert::GOOD }, ("failed", "expired"), "has ended", "certbot"),
        (Cert { days: (2, 90), ..Cert::GOOD }, ("failed", "not_yet_valid"), "not valid yet", "clock"),
        (
            Cert { name: "shop.example.com", ..Cert::GOOD },
            ("failed", "other_name"),
            "other names",
            "localhost",
        ),
    ];
    for (cert, wanted, evidence, remedy) in rows {
        let proxy = Proxy::start(cert).await;
        let world = behind(&proxy, Plan::on(On::Sqlite)).await;
        let found = finding(&looked(&world).await, "url.certificate", None);
        assert_eq!(result(&found), wanted, "{found:#}");
        says(&found, &[evidence], &[remedy]);
    }
    // Made by somebody whom this machine does not trust.
    let (proxy, other) = (Proxy::start(Cert::GOOD).await, Proxy::start(Cert::GOOD).await);
    let plan =
        Plan { public_url: Some(proxy.url.clone()), ca: Some(other.ca.clone()), ..Plan::on(On::Sqlite) };
    let world = World::planned(plan).await;
    let found = finding(&looked(&world).await, "url.certificate", None);
    assert_eq!(result(&found), ("failed", "unknown_issuer"), "{found:#}");
    says(&found, &[], &["fullchain.pem", "--ca-file"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_proxy_does_wrong_is_told_with_its_line_of_configuration() {
    let proxy = Proxy::start(Cert::GOOD).await;
    let world = behind(&proxy, Plan::on(On::Sqlite)).await;
    let base = || world.base.clone();
    let sender = || (FOR.0, FOR.1.to_owned());
    let judged = async |pass, check, wanted: (&str, &str), evidence: &[&str], remedy: &[&str]| {
        proxy.pass(pass);
        let found = finding(&looked(&world).await, check, None);
        assert_eq!(result(&found), wanted, "{found:#}");
        says(&found, evidence, remedy);
    };
    let host = vec![sender(), ("host", "127.0.0.1:8080".to_owned())];
    judged(
        Pass::To(base(), host),
        "url.proxy",
        ("warning", "host_changed"),
        &["127.0.0.1:8080"],
        &["$http_host"],
    )
    .await;
    judged(
        Pass::To(base(), Vec::new()),
        "url.proxy",
        ("failed", "sender_missing"),
        &["127.0.0.1"],
        &["X-Forwarded-For"],
    )
    .await;
    judged(
        Pass::ToBut(base(), "/v1/accounts/oauth/callback"),
        "url.callback",
        ("failed", "elsewhere"),
        &["/v1/accounts/oauth/callback", "HTTP 404"],
        &["with its query"],
    )
    .await;
    let gone = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
    judged(Pass::Answer(gone), "url.reached", ("failed", "proxy_finds_nobody"), &["HTTP 502"], &["--listen"])
        .await;
    let wall = "HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\nrobot?";
    judged(Pass::Answer(wall), "url.reached", ("failed", "something_else"), &["HTTP 403"], &["robots"]).await;
    let moved =
        "HTTP/1.1 301 Moved\r\nlocation: https://www.example.com/x?secret=1\r\ncontent-length: 0\r\n\r\n";
    judged(
        Pass::Answer(moved),
        "url.reached",
        ("failed", "redirects"),
        &["https://www.example.com (HTTP 301)"],
        &["--public-url"],
    )
    .await;
    let fake = "HTTP/1.1 200 OK\r\ncontent-length: 109\r\n\r\n{\"proof\":\"x\",\"host\":null,\"network\":\"192.0.2.1\",\"peer\":\"192.0.2.1\",\"from_trusted_proxy\":true,\"names_sender\":true}";
    judged(Pass::Answer(fake), "url.reached", ("failed", "something_else"), &["HTTP 200"], &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_not_trusted_is_named_to_be() {
    let proxy = Proxy::start(Cert::GOOD).await;
    let world = behind(&proxy, Plan { behind_proxy: false, ..Plan::on(On::Sqlite) }).await;
    let found = finding(&looked(&world).await, "url.proxy", None);
    assert_eq!(result(&found), ("failed", "proxy_not_trusted"), "{found:#}");
    says(&found, &["A proxy at 127.0.0.1"], &["--trusted-proxy 127.0.0.1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_federation_at_the_address_is_not_taken_for_this_one() {
    let proxy = Proxy::start(Cert::GOOD).await;
    let world = behind(&proxy, Plan::on(On::Sqlite)).await;
    let other = World::new(On::Sqlite).await;
    // Another master key, as every other Federation has; the test's worlds share one.
    let stranger = crate::kit::with_master_key(&other, [8; 32]).await;
    proxy.pass(Pass::To(stranger, vec![(FOR.0, FOR.1.to_owned())]));
    let found = finding(&looked(&world).await, "url.reached", None);
    assert_eq!(result(&found), ("failed", "other_federation"), "{found:#}");
    says(&found, &["HTTP 404"], &["same database and master key"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_of_the_same_federation_is_this_one() {
    let world = World::new(On::Postgres).await;
    let outside = Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (node, _) = second_door(&world, &world.base, outside).await;
    let report = node.check(Some("url")).await.unwrap();
    let codes: Vec<_> =
        report.findings.iter().map(|finding| (finding.check.as_str(), finding.code)).collect();
    assert_eq!(codes, [("url.reached", "fine"), ("url.proxy", "fine"), ("url.callback", "fine")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_at_the_address_and_further_addresses() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let others = vec![format!("http://{free}"), "https://no-such-name.invalid".to_owned()];
    let world = World::planned(Plan { other_urls: others, ..Plan::on(On::Sqlite) }).await;
    let report = looked(&world).await;
    assert_eq!(result(&finding(&report, "url.reached", None)), ("ok", "fine"));
    let dead = finding(&report, "url.reached", Some(&free.to_string()));
    assert_eq!(result(&dead), ("failed", "unreachable"), "{dead:#}");
    says(&dead, &["does not answer"], &["firewall", "/etc/hosts"]);
    let nameless = finding(&report, "url.name", Some("no-such-name.invalid"));
    assert_eq!(result(&nameless), ("failed", "no_address"), "{nameless:#}");
    says(&nameless, &["leads nowhere"], &["DNS record"]);
}

/// Tickets are no key to anything, and end.
#[tokio::test]
async fn only_a_live_ticket_of_this_federation_is_answered() {
    let world = World::new(On::Sqlite).await;
    let asked = async |ticket: &str| {
        let answer: Answer = world.get_from(HOME, &format!("federation/echo?ticket={ticket}")).await;
        (answer.status, answer.code())
    };
    for made_up in ["", "x", &"A".repeat(43), &"_".repeat(43), "%00"] {
        assert_eq!(asked(made_up).await, (404, "unknown_ticket".to_owned()), "{made_up}");
    }
    // One that the doctor sent, caught on its way.
    let catcher = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", catcher.local_addr().unwrap());
    let elsewhere = World::planned(Plan { public_url: Some(base), ..Plan::on(On::Sqlite) }).await;
    let caught = tokio::spawn(async move {
        let (mut stream, _) = catcher.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let count = tokio::io::AsyncReadExt::read(&mut stream, &mut head).await.unwrap();
        let head = String::from_utf8_lossy(&head[..count]).into_owned();
        head.split("ticket=").nth(1).unwrap().split(' ').next().unwrap().to_owned()
    });
    examined(&elsewhere, "url").await;
    let ticket = caught.await.unwrap();
    assert!(elsewhere.federation.echo(&ticket).is_some());
    elsewhere.clock.advance(Duration::from_secs(61));
    assert!(elsewhere.federation.echo(&ticket).is_none(), "its time is over");
    let mut bent = ticket.into_bytes();
    bent[20] ^= 1;
    assert!(elsewhere.federation.echo(&String::from_utf8(bent).unwrap()).is_none());
}
