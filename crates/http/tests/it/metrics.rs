//! The metrics: who may read them, that they count what happens, that nothing from outside becomes a label, and that
//! the alerts and the dashboard name only what is there.

use crate::kit::assert_error;
use crate::on_both_engines;
use crate::support::{Answer, On, World};
use downcity_http::{Door, Listening, Serves, app};
use secrecy::ExposeSecret;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wechat_sim::{Fault, FaultKind};

on_both_engines!(
    what_happens_is_counted,
    whether_others_are_heard_is_told_where_there_are_others,
    a_database_that_is_gone_is_told_in_bounded_time
);

/// Asks as an admin.
pub(crate) async fn scrape(world: &World) -> String {
    let url = format!("{}/metrics", world.base);
    let answer = Answer::of(world.http.get(url).bearer_auth(world.admin_key.expose_secret())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    assert!(answer.text.ends_with("# EOF\n"));
    answer.text
}

/// The value of a series.
pub(crate) fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

async fn what_happens_is_counted(on: On) {
    let world = World::ready(on).await;
    world.sign_in("alice").await;
    let _left_alone = world.start().await;
    world.get_from("192.0.2.1", "accounts/nothing-of-ours").await;
    world.get_from("192.0.2.1", "accounts/me").await;
    let text = scrape(&world).await;
    let one = |series: &str| assert_eq!(value(&text, series), Some(1.0), "{series}\n{text}");
    one(r#"downcity_sign_ins_total{provider="wechat",outcome="done"}"#);
    one(r#"downcity_provider_call_duration_seconds_count{provider="wechat",outcome="ok"}"#);
    one(r#"downcity_requests_total{route="/v1/accounts/oauth/callback",status="3xx"}"#);
    one(r#"downcity_requests_total{route="/v1/accounts/me",status="4xx"}"#);
    one(r#"downcity_requests_total{route="unknown",status="4xx"}"#);
    one(r#"downcity_request_duration_seconds_count{route="/v1/accounts/me"}"#);
    one("downcity_attempts_waiting");
    one("downcity_store_up");
    one("downcity_store_writable");
    assert_eq!(value(&text, r#"downcity_provider_circuit_open{provider="wechat"}"#), Some(0.0), "{text}");
    assert_eq!(value(&text, r#"downcity_outbox_waiting{kind="mail"}"#), Some(0.0), "{text}");
    assert!(value(&text, "process_resident_memory_bytes").unwrap() > 1e6, "{text}");
    assert!(!text.contains("nothing-of-ours") && !text.contains("state="));
}

async fn whether_others_are_heard_is_told_where_there_are_others(on: On) {
    let world = World::ready(on).await;
    let heard = async || value(&scrape(&world).await, "downcity_hears_other_nodes");
    let of_others = |heard| (on == On::Postgres).then_some(heard);
    assert_eq!(heard().await, of_others(0.0), "nobody listens yet");
    let house = tokio::spawn(Arc::clone(&world.federation).keep_house());
    let end = Instant::now() + Duration::from_secs(20);
    while heard().await != of_others(1.0) {
        assert!(Instant::now() < end, "never heard");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    house.abort();
    while heard().await != of_others(0.0) {
        assert!(Instant::now() < end, "heard for ever");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn a_database_that_is_gone_is_told_in_bounded_time(on: On) {
    let world = World::ready(on).await;
    // An admin key needs no database: keys are in the snapshot of the settings.
    world.store.close().await;
    let asked = tokio::time::timeout(Duration::from_secs(5), scrape(&world)).await;
    let text = asked.expect("within the limit");
    if on == On::Postgres {
        assert_eq!(value(&text, "downcity_store_up"), Some(0.0), "{text}");
        assert!(value(&text, "downcity_attempts_waiting").unwrap().is_nan(), "{text}");
    }
}

#[tokio::test]
async fn guests_users_and_keys_of_one_city_are_refused() {
    let world = World::ready(On::Sqlite).await;
    let url = format!("{}/metrics", world.base);
    assert_error(&Answer::of(world.http.get(&url)).await, 401, "authentication_required");
    let token = world.sign_in("alice").await["user_token"].as_str().unwrap().to_owned();
    assert_error(&Answer::of(world.http.get(&url).bearer_auth(token)).await, 403, "admin_only");
    let body = json!({"name": "demo", "role": "operator", "city_id": "city_demo"});
    let of_city = world.admin_post("admin-keys/create", body).await;
    let key = of_city["admin_key"].as_str().unwrap_or_else(|| panic!("{of_city}"));
    assert_eq!(Answer::of(world.http.get(&url).bearer_auth(key)).await.status, 403);
    let viewer = world.admin_post("admin-keys/create", json!({"name": "scraper", "role": "viewer"})).await;
    let key = viewer["admin_key"].as_str().unwrap_or_else(|| panic!("{viewer}"));
    assert_eq!(Answer::of(world.http.get(&url).bearer_auth(key)).await.status, 200);
}

#[tokio::test]
async fn a_listener_of_its_own_tells_metrics_without_a_key_and_nothing_else() {
    let world = World::ready(On::Sqlite).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let federation = Arc::clone(&world.federation);
    let door =
        app(Door { federation, trusted_proxies: Vec::new(), serves: Serves::MetricsAlone, adopt: None });
    Listening::open(listener, 10, &door).unwrap();
    let metrics = Answer::of(world.http.get(format!("{base}/metrics"))).await;
    assert!(metrics.status == 200 && metrics.text.contains("downcity_store_up 1"), "{}", metrics.text);
    for path in ["/health", "/v1/accounts/providers", "/admin", "/openapi.json"] {
        assert_eq!(Answer::of(world.http.get(format!("{base}{path}"))).await.status, 404, "{path}");
    }
}

/// Every metric that a document names, as it stands in what a Federation tells that has lived a little.
#[tokio::test]
async fn every_metric_that_the_documents_name_is_there() {
    // Some are told of PostgreSQL only.
    let world = World::ready(On::Postgres).await;
    world.sign_in("alice").await;
    world.sim.set(|s| s.token_fault = Some(Fault::new(FaultKind::Reset)));
    let (url, _) = world.start().await;
    world.come_back(crate::support::HOME, &world.allow(&url, "alice")).await;
    let text = scrape(&world).await;
    let there: BTreeSet<&str> = text.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
    let typed: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let is_there = |name: &str| {
        let bare = name.strip_suffix("_total").unwrap_or(name);
        there.contains(name) || typed.contains(bare)
    };
    for document in ["alerts.yml", "grafana-dashboard.json"] {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/").to_owned() + document;
        let document = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{path}: {why}"));
        let words = document.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let named: BTreeSet<&str> =
            words.filter(|word| word.starts_with("downcity_") || word.starts_with("process_")).collect();
        assert!(!named.is_empty(), "{path}");
        let lost: Vec<&&str> = named.iter().filter(|name| !is_there(name)).collect();
        assert!(lost.is_empty(), "{path} names {lost:?}");
    }
}
