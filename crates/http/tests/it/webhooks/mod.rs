//! Webhooks, with a real receiver that is not ours (Node) and checks signatures with the library of Standard Webhooks.

mod receiver;

use crate::kit::{admin_get, admin_try, assert_error, assert_field, ready_with, second_door};
use crate::on_both_engines;
use crate::support::{HOME, On, Plan, World};
use downcity_service::seams::Clock;
use downcity_service::{Federation, Outside};
use downcity_store::testing::{meddle, number};
use receiver::{Receiver, deliveries, failed, hook, item, newest, test, with_receiver};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

on_both_engines!(
    a_server_is_told_of_events,
    kinds_and_cities_are_chosen,
    a_test_goes_to_one_webhook_alone,
    a_receiver_that_is_down_is_told_later,
    what_a_dying_node_took_is_sent_by_another,
    a_slow_receiver_keeps_no_other_waiting,
    a_webhook_that_the_database_refuses_keeps_no_other_waiting,
    whatever_a_receiver_answers_does_no_harm,
    a_webhook_that_fails_for_days_is_switched_off_and_can_catch_up,
    a_receiver_that_is_gone_is_told_nothing_more,
    a_removed_webhook_is_told_nothing,
    an_event_is_sent_again_when_asked,
    what_was_missed_is_found_behind_all_that_arrived,
    the_signing_secret_is_shown_once_and_kept_sealed,
);

async fn a_server_is_told_of_events(on: On) {
    let (world, mut receiver) = with_receiver(on).await;
    let hook = hook(&world, &mut receiver, "/ok/here?x=1", json!({})).await;
    let done = world.sign_in("alice").await;
    let mut seen = vec![receiver.next().await, receiver.next().await];
    seen.sort_by_key(|one| one["headers"]["webhook-id"].to_string());
    for one in &seen {
        assert_eq!((&one["verified"], &one["path"]), (&json!(true), &json!("/ok/here?x=1")), "{one}");
        assert_eq!(one["headers"]["content-type"], "application/json");
        assert!(one["headers"]["user-agent"].as_str().unwrap().starts_with("downcity/"));
        assert!(one["headers"].get("authorization").is_none());
        assert!(!one["body"].as_str().unwrap().contains(HOME), "network addresses stay here");
    }
    let body: Value = serde_json::from_str(seen[1]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["type"], "user.signed_in");
    assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
    let data = &body["data"];
    assert_eq!((&data["user_id"], &data["city_id"]), (&done["user_id"], &json!("city_demo")));
    assert_eq!((&data["actor"], &data["detail"]["provider"]), (&json!("user"), &json!("wechat")));
    let first: Value = serde_json::from_str(seen[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(first["type"], "user.signed_up");
    let sent = newest(&world, &hook, |one| one["status"] == "sent").await;
    assert_eq!((&sent["tries"], &sent["type"]), (&json!(1), &json!("user.signed_in")));
    assert_eq!((&sent["event_id"], &sent["last_error"]), (&data["event_id"], &Value::Null));
    assert_eq!(item(&world, &hook).await["status"], "active");
    assert!(receiver.is_quiet().await, "each event once");
}

async fn kinds_and_cities_are_chosen(on: On) {
    let (world, mut receiver) = with_receiver(on).await;
    world.admin_post("cities/create", json!({"name": "Like it", "city_id": "cityXdemo"})).await;
    let out = json!({"types": ["user.signed_out", "webhook.removed"]});
    let out = hook(&world, &mut receiver, "/ok/out", out).await;
    let demo = json!({"cities": ["city_demo"], "types": ["user.signed_in", "webhook.removed"]});
    hook(&world, &mut receiver, "/ok/demo", demo).await;
    hook(&world, &mut receiver, "/ok/like", json!({"cities": ["cityXdemo"]})).await;
    let done = world.sign_in("alice").await;
    let seen = receiver.next().await;
    assert_eq!((&seen["path"], &seen["verified"]), (&json!("/ok/demo"), &json!(true)), "{seen}");
    world.post_as(done["user_token"].as_str().unwrap(), "accounts/logout", json!({})).await.ok();
    assert_eq!(receiver.next().await["path"], "/ok/out");
    // What belongs to no city goes to those that listen to all.
    let gone = hook(&world, &mut receiver, "/ok/gone", json!({"types": ["user.merged"]})).await;
    world.admin_post("webhooks/remove", json!({ "webhook_id": gone })).await;
    let seen = receiver.next().await;
    assert_eq!(seen["path"], "/ok/out", "{seen}");
    assert!(receiver.is_quiet().await);
    assert_eq!(deliveries(&world, &out).await.len(), 2);
    for (field, bad) in [
        ("types", json!(["user.signed_inn"])),
        ("types", json!(["%"])),
        ("cities", json!(["city_none"])),
        ("cities", json!(["\""])),
        ("cities", json!(vec!["city_demo"; 51])),
    ] {
        let body = json!({"url": "https://app.example.com/", field: bad});
        assert_field(&admin_try(&world, "webhooks/create", body).await, field);
    }
}

async fn a_test_goes_to_one_webhook_alone(on: On) {
    let (world, mut receiver) = with_receiver(on).await;
    let chosen = json!({"types": ["user.merged"], "cities": ["city_demo"]});
    let chosen = hook(&world, &mut receiver, "/ok/chosen", chosen).await;
    hook(&world, &mut receiver, "/ok/all", json!({})).await;
    let event_id = test(&world, &chosen).await;
    let seen = receiver.next().await;
    assert_eq!((&seen["path"], &seen["headers"]["webhook-id"]), (&json!("/ok/chosen"), &event_id));
    assert_eq!(seen["verified"], true);
    assert!(receiver.is_quiet().await);
}

async fn a_receiver_that_is_down_is_told_later(on: On) {
    let (world, mut receiver) = with_receiver(on).await;
    let made = json!({"url": format!("http://127.0.0.1:{}/ok", receiver.port), "types": ["user.signed_in"]});
    let made = world.admin_post("webhooks/create", made).await;
    let hook = made["webhook"]["webhook_id"].clone();
    let port = receiver.close().await;
    world.sign_in("alice").await;
    let waiting = newest(&world, &hook, |one| !one["last_error"].is_null()).await;
    assert_eq!(waiting["status"], "waiting");
    world.sign_in("alice").await;
    world.sign_in("alice").await;
    let all = deliveries(&world, &hook).await;
    let events: HashSet<_> = all.iter().map(|one| one["event_id"].to_string()).collect();
    assert_eq!(events.len(), 3);
    let report = waiting["last_error"].as_str().unwrap();
    assert!(report.contains("no connection") && !report.contains("127.0.0.1"), "{report}");
    let failing = item(&world, &hook).await;
    assert_eq!((&failing["status"], failing["failing_since"].is_null()), (&json!("failing"), false));

    receiver = Receiver::open(port).await;
    receiver.trust(&made["secret"]).await;
    world.clock.advance(Duration::from_secs(700));
    let told: HashSet<_> =
        receiver.bodies(3).await.iter().map(|body| body["data"]["event_id"].to_string()).collect();
    assert_eq!(told, events, "each of them, and none twice");
    newest(&world, &hook, |one| one["status"] == "sent").await;
    let up = item(&world, &hook).await;
    assert_eq!((&up["status"], &up["failing_since"]), (&json!("active"), &Value::Null));
    assert!(receiver.is_quiet().await);
}

async fn what_a_dying_node_took_is_sent_by_another(on: On) {
    let world = ready_with(Plan { private_hooks: true, ..Plan::on(on) }).await;
    let mut receiver = Receiver::open(0).await;
    let hook = hook(&world, &mut receiver, "/ok", json!({})).await;
    let event_id = test(&world, &hook).await;
    // A node that takes it and is killed before it has sent, or before it has noted that it has.
    let now = world.federation.now();
    let until = now.plus(Duration::from_secs(60));
    let taken = world.store.take_deliveries(hook.as_str().unwrap(), now, until, 8).await.unwrap();
    assert_eq!(taken.len(), 1);
    tokio::spawn(Arc::clone(&world.federation).keep_house());
    assert!(receiver.is_quiet().await, "it is that node's turn");
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(receiver.bodies(1).await[0]["data"]["event_id"], event_id);
    assert_eq!(newest(&world, &hook, |one| one["status"] == "sent").await["tries"], 2);
}

async fn a_slow_receiver_keeps_no_other_waiting(on: On) {
    let (world, mut receiver) = with_receiver(on).await;
    let mut quick = Receiver::open(0).await;
    let slow = hook(&world, &mut receiver, "/slow/4000", json!({})).await;
    let dead = json!({"url": "http://127.0.0.1:1/"});
    world.admin_post("webhooks/create", dead).await;
    for _ in 0..10 {
        world.admin_post("cities/tokens/apply", json!({"city_id": "city_demo", "user_id": "u"})).await;
        test(&world, &slow).await;
    }
    let hook = hook(&world, &mut quick, "/ok", json!({})).await;
    let begun = Instant::now();
    for _ in 0..20 {
        test(&world, &hook).await;
    }
    quick.bodies(20).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

/// What was taken for one is delivered, also when taking for the next fails.
async fn a_webhook_that_the_database_refuses_keeps_no_other_waiting(on: On) {
    let (world, mut receiver) = with_receiver(on).await;
    let chosen = json!({"types": ["user.signed_in"]});
    let free = hook(&world, &mut receiver, "/ok/free", chosen.clone()).await;
    let jammed = hook(&world, &mut receiver, "/ok/jammed", chosen).await;
    let jam = match on {
        On::Sqlite => format!(
            "create trigger jam before update on outbox when new.target = {} begin select raise(abort, 'no'); end",
            jammed.to_string().replace('"', "'")
        ),
        On::Postgres => format!(
            "create function jam() returns trigger as 'begin raise exception ''no''; end' language plpgsql; \
             create trigger jam before update on outbox for each row when (new.target = {}) execute function jam()",
            jammed.to_string().replace('"', "'")
        ),
    };
    meddle(&world.database, &jam).await;
    for _ in 0..6 {
        world.sign_in("alice").await;
        assert_eq!(receiver.next().await["path"], "/ok/free");
    }
    newest(&world, &free, |one| one["status"] == "sent").await;
    let off = if on == On::Sqlite { "drop trigger jam" } else { "drop trigger jam on outbox" };
    meddle(&world.database, off).await;
    for _ in 0..6 {
        assert_eq!(receiver.next().await["path"], "/ok/jammed", "at once, not when a turn is over");
    }
}

async fn whatever_a_receiver_answers_does_no_harm(on: On) {
    let (world, mut receiver) = with_receiver(on).await;
    for (path, status, report) in [
        ("/status/200", "sent", None),
        ("/status/299", "sent", None),
        ("/huge", "sent", None),
        ("/stall", "sent", None),
        ("/slow/300", "sent", None),
        ("/redirect", "waiting", Some("the receiver answered 307")),
        ("/status/404", "waiting", Some("the receiver answered 404")),
        ("/status/500", "waiting", Some("the receiver answered 500")),
    ] {
        let hook = hook(&world, &mut receiver, path, json!({"types": ["user.merged"]})).await;
        test(&world, &hook).await;
        assert_eq!(receiver.next().await["path"], path);
        let one = newest(&world, &hook, |one| one["status"] == "sent" || !one["last_error"].is_null()).await;
        assert_eq!((one["status"].as_str(), one["last_error"].as_str()), (Some(status), report), "{path}");
    }
    assert!(receiver.is_quiet().await, "no redirect is followed");
}

async fn a_webhook_that_fails_for_days_is_switched_off_and_can_catch_up(on: On) {
    let (world, mut receiver) = with_receiver(on).await;
    let made = json!({"url": format!("http://127.0.0.1:{}/ok", receiver.port)});
    let made = world.admin_post("webhooks/create", made).await;
    let hook = made["webhook"]["webhook_id"].clone();
    let other = json!({"types": ["webhook.disabled"]});
    let mut watcher = Receiver::open(0).await;
    receiver::hook(&world, &mut watcher, "/ok", other).await;
    let port = receiver.close().await;
    world.sign_in("alice").await;
    failed(&world, &hook, 1).await;
    let since = deliveries(&world, &hook).await.last().unwrap()["created_at"].clone();
    // Tries go on with longer and longer pauses.
    for (tries, wait) in [(2, 10), (3, 31), (4, 121), (5, 601)] {
        world.clock.advance(Duration::from_secs(wait));
        failed(&world, &hook, tries).await;
    }
    assert_eq!(item(&world, &hook).await["status"], "failing");
    world.clock.advance(Duration::from_secs(3 * 86_400));
    newest(&world, &hook, |one| one["status"] == "given_up").await;
    let off = item(&world, &hook).await;
    assert_eq!((&off["status"], off["disabled_at"].is_string()), (&json!("disabled"), true), "{off}");
    let told = &watcher.bodies(1).await[0];
    assert_eq!((&told["type"], &told["data"]["actor"]), (&json!("webhook.disabled"), &json!("system")));
    assert_eq!(told["data"]["detail"]["webhook_id"], hook);
    let disabled = "select count(*) from events where type = 'webhook.disabled'";
    assert_eq!(number(&world.store, disabled).await, 1);
    // What happens meanwhile is in the event log, and can be sent later.
    world.sign_in("zhangsan").await;
    for path in ["webhooks/test", "webhooks/replay"] {
        let body = json!({"webhook_id": hook, "since": since});
        assert_error(&admin_try(&world, path, body).await, 409, "webhook_disabled");
    }
    receiver = Receiver::open(port).await;
    receiver.trust(&made["secret"]).await;
    world.admin_post("webhooks/enable", json!({ "webhook_id": hook })).await;
    assert_eq!(receiver.kinds(1).await, ["webhook.enabled"], "told from now on");
    let again = world.admin_post("webhooks/replay", json!({"webhook_id": hook, "since": since})).await;
    let expected = [
        "user.signed_in",
        "user.signed_in",
        "user.signed_up",
        "user.signed_up",
        "webhook.created",
        "webhook.disabled",
    ];
    assert_eq!(again["count"], expected.len());
    assert_eq!(receiver.kinds(expected.len()).await, expected, "and of what it missed");
    newest(&world, &hook, |one| one["status"] == "sent").await;
    let again = world.admin_post("webhooks/replay", json!({"webhook_id": hook, "since": since})).await;
    assert_eq!(again["count"], 0, "what arrived is not sent again");
    assert!(receiver.is_quiet().await && watcher.is_quiet().await);
}

async fn a_receiver_that_is_gone_is_told_nothing_more(on: On) {
    let (world, mut receiver) = with_receiver(on).await;
    let hook = hook(&world, &mut receiver, "/status/410", json!({"types": ["user.merged"]})).await;
    test(&world, &hook).await;
    receiver.next().await;
    newest(&world, &hook, |one| one["status"] == "given_up").await;
    assert_eq!(item(&world, &hook).await["status"], "disabled");
    let refused = admin_try(&world, "webhooks/test", json!({ "webhook_id": hook })).await;
    assert_error(&refused, 409, "webhook_disabled");
}

async fn a_removed_webhook_is_told_nothing(on: On) {
    let (world, mut receiver) = with_receiver(on).await;
    let gone = hook(&world, &mut receiver, "/status/500", json!({})).await;
    world.sign_in("alice").await;
    receiver.bodies(2).await;
    newest(&world, &gone, |one| !one["last_error"].is_null()).await;
    world.admin_post("webhooks/remove", json!({ "webhook_id": gone })).await;
    world.sign_in("zhangsan").await;
    world.clock.advance(Duration::from_secs(3600));
    assert!(receiver.is_quiet().await);
    assert_eq!(number(&world.store, "select count(*) from outbox").await, 0);
    let path = format!("webhooks/deliveries?webhook_id={}", gone.as_str().unwrap());
    assert_error(&admin_get(&world, &path).await, 404, "unknown_webhook");
    for path in ["webhooks/remove", "webhooks/test", "webhooks/enable"] {
        for id in [&gone, &json!("x"), &json!(""), &json!("a\u{0}b")] {
            let refused = admin_try(&world, path, json!({ "webhook_id": id })).await;
            assert_error(&refused, 404, "unknown_webhook");
        }
    }
}

async fn an_event_is_sent_again_when_asked(on: On) {
    let (world, mut receiver) = with_receiver(on).await;
    let hook = hook(&world, &mut receiver, "/ok", json!({})).await;
    world.sign_in("alice").await;
    let bodies = receiver.bodies(2).await;
    newest(&world, &hook, |one| one["status"] == "sent").await;
    let again = |event: &Value| {
        let body = json!({"webhook_id": hook, "event_id": event});
        admin_try(&world, "webhooks/replay", body)
    };
    let event = &bodies[0]["data"]["event_id"];
    assert_eq!(again(event).await.ok()["count"], 1);
    assert_eq!(receiver.bodies(1).await[0], bodies[0], "under the same webhook-id");
    assert!(receiver.is_quiet().await);
    for unknown in [json!("01234567-89ab-7cde-8f01-23456789abcd"), json!("x"), json!("")] {
        assert_error(&again(&unknown).await, 404, "unknown_event");
    }
    for bad in [
        json!({"webhook_id": hook}),
        json!({"webhook_id": hook, "event_id": event, "since": "2026-01-01T00:00:00Z"}),
    ] {
        assert_field(&admin_try(&world, "webhooks/replay", bad).await, "event_id");
    }
    let bad = json!({"webhook_id": hook, "since": "yesterday"});
    assert_field(&admin_try(&world, "webhooks/replay", bad).await, "since");
    // The list is paged.
    let path = format!("webhooks/deliveries?webhook_id={}&limit=1", hook.as_str().unwrap());
    let first = admin_get(&world, &path).await.ok();
    let second = format!("{path}&cursor={}", first["next"].as_str().unwrap());
    let second = admin_get(&world, &second).await.ok();
    assert_ne!(first["items"][0]["delivery_id"], second["items"][0]["delivery_id"]);
    assert_eq!(second["next"], Value::Null);
    let none = admin_get(&world, &format!("{path}&status=given_up")).await.ok();
    assert_eq!(none["items"], json!([]));
    assert_field(&admin_get(&world, &format!("{path}&status=x")).await, "status");
}

async fn what_was_missed_is_found_behind_all_that_arrived(on: On) {
    let world = ready_with(Plan { private_hooks: true, ..Plan::on(on) }).await;
    let made = json!({"url": "http://127.0.0.1:9/", "types": ["user.signed_out"]});
    let hook = world.admin_post("webhooks/create", made).await["webhook"]["webhook_id"].clone();
    let (id, now) = (hook.as_str().unwrap(), world.clock.now().0);
    let fill = format!(
        "insert into events (event_id, type, actor, detail, created_at) \
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 10040) \
         select 'e' || (100000 + i), 'user.signed_out', 'user', '{{}}', {now} from n; \
         insert into outbox (outbox_id, kind, target, event_id, next_at, state, created_at, ended_at) \
         select event_id || '-{id}', 'webhook', '{id}', event_id, 0, \
         case when event_id <= 'e110010' then 'sent' else 'given_up' end, {now}, {now} \
         from events where type = 'user.signed_out'"
    );
    meddle(&world.database, &fill).await;
    let since = |days: i64| {
        let at = jiff::Timestamp::from_millisecond(now - days * 86_400_000).unwrap();
        json!({"webhook_id": hook, "since": at.to_string()})
    };
    assert_field(&admin_try(&world, "webhooks/replay", since(31)).await, "since");
    assert_eq!(world.admin_post("webhooks/replay", since(29)).await["count"], 30);
    let waiting = "select count(*) from outbox where state = 'waiting' and event_id > 'e110010'";
    assert_eq!(number(&world.store, waiting).await, 30);
    assert_eq!(world.admin_post("webhooks/replay", since(29)).await["count"], 0);
}

async fn the_signing_secret_is_shown_once_and_kept_sealed(on: On) {
    let (world, mut receiver) = with_receiver(on).await;
    let url = format!("http://127.0.0.1:{}/ok", receiver.port);
    let body = json!({"url": url, "types": ["user.merged"]});
    let (one, two) = (
        world.admin_post("webhooks/create", body.clone()).await,
        world.admin_post("webhooks/create", body).await,
    );
    let secret = one["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret != two["secret"].as_str().unwrap());
    let list = admin_get(&world, "webhooks/list").await;
    assert!(!list.text.contains(&secret[6..]) && !list.text.contains("whsec_"), "{}", list.text);
    use base64::Engine;
    let key = base64::engine::general_purpose::STANDARD.decode(&secret[6..]).unwrap();
    assert_eq!(key.len(), 32);
    let stored = world.store.webhooks().await.unwrap();
    assert!(stored.iter().all(|hook| !hook.sealed.windows(16).any(|part| part == &key[..16])));
    // A secret that was moved to another row opens nothing there.
    let swap = "update webhooks set sealed = (select sealed from webhooks order by webhook_id limit 1)";
    downcity_store::testing::tamper(&world.store, swap).await;
    receiver.trust(&one["secret"]).await;
    receiver.trust(&two["secret"]).await;
    let ids = [&one["webhook"]["webhook_id"], &two["webhook"]["webhook_id"]];
    for id in ids {
        test(&world, id).await;
    }
    receiver.bodies(1).await;
    assert!(receiver.is_quiet().await);
    let mut states = Vec::new();
    for id in ids {
        states.push(newest(&world, id, |one| one["status"] != "waiting").await["status"].to_string());
    }
    states.sort();
    assert_eq!(states, [r#""given_up""#, r#""sent""#]);
}

/// Line 25: private, loopback, link-local, by number or by name. Nothing is ever sent there.
#[tokio::test]
async fn webhook_ssrf() {
    let world = World::ready(On::Sqlite).await;
    let mut receiver = Receiver::open(0).await;
    let port = receiver.port;
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://127.1:{port}/"),
        format!("https://0x7f000001:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "https://169.254.169.254/latest/meta-data".into(),
        "https://10.0.0.1/".into(),
        "https://[fd00::1]/".into(),
        "http://app.example.com/".into(),
        "https://user:password@app.example.com/".into(),
        "ftp://app.example.com/".into(),
        "file:///etc/passwd".into(),
        "app.example.com".into(),
        String::new(),
        format!("https://app.example.com/{}", "x".repeat(2048)),
    ] {
        assert_field(&admin_try(&world, "webhooks/create", json!({ "url": url })).await, "url");
    }
    // A name says nothing yet; where it leads is seen when the connection is made, whatever it led to before.
    let made = json!({"url": format!("https://localhost:{port}/")});
    let made = world.admin_post("webhooks/create", made).await;
    let hook = made["webhook"]["webhook_id"].clone();
    test(&world, &hook).await;
    assert_eq!(world.federation.deliver_due().await.unwrap(), 1);
    let failed = &deliveries(&world, &hook).await[0];
    assert!(failed["last_error"].as_str().unwrap().contains("no public address"), "{failed}");
    assert!(receiver.is_quiet().await);
}

#[tokio::test]
async fn only_admins_have_webhooks_and_not_any_number() {
    let world = World::ready(On::Sqlite).await;
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    for path in ["create", "remove", "enable", "test", "replay"] {
        let path = format!("webhooks/{path}");
        let guest = world.post_from(HOME, &path, json!({"url": "https://a.example/"})).await;
        assert_error(&guest, 401, "authentication_required");
        assert_error(&world.post_as(token, &path, json!({})).await, 403, "admin_only");
    }
    for path in ["list", "deliveries?webhook_id=x"] {
        let path = format!("webhooks/{path}");
        assert_error(&world.get_from(HOME, &path).await, 401, "authentication_required");
        assert_error(&world.get_as(token, &path).await, 403, "admin_only");
    }
    let make = || admin_try(&world, "webhooks/create", json!({"url": "https://a.example/"}));
    let made = futures::future::join_all((0..55).map(|_| make())).await;
    assert_eq!(made.iter().filter(|answer| answer.status == 200).count(), 50);
    assert_error(&make().await, 409, "too_many_webhooks");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_deliver_each_event_once() {
    let (world, mut receiver) = with_receiver(On::Postgres).await;
    let outside = Outside::with_wechat_simulator(world.sim.url()).unwrap().allow_private_hooks();
    let (node, _) = second_door(&world, &world.base, outside).await;
    let keeping = tokio::spawn(Arc::clone(&node).keep_house());
    let hook = hook(&world, &mut receiver, "/slow/20", json!({})).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let mut expected = HashSet::new();
    for _ in 0..40 {
        expected.insert(test(&world, &hook).await.to_string());
    }
    let told: Vec<_> =
        receiver.bodies(40).await.iter().map(|body| body["data"]["event_id"].to_string()).collect();
    assert_eq!(told.iter().cloned().collect::<HashSet<_>>(), expected);
    assert!(receiver.is_quiet().await, "none of them twice");
    let by_each = [sent(&world.federation).await, sent(&node).await];
    assert_eq!(by_each.iter().sum::<u32>(), 40, "{by_each:?}");
    assert!(!by_each.contains(&0), "both took their part: {by_each:?}");
    keeping.abort();
}

/// How many deliveries a node has made, by its own count.
async fn sent(node: &Federation) -> u32 {
    let metrics = node.metrics_text().await;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("downcity_sends_total{kind=\"webhook\",outcome=\"sent\"} "));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}
