//! How often somebody may do something: by address, by account, by city, and together on several nodes.

use crate::kit::{Node, assert_error, documented_routes, ready_with, started};
use crate::on_both_engines;
use crate::support::{AWAY, Answer, HOME, On, Plan, World};
use downcity_service::Store;
use downcity_store::testing::number;
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    every_guest_route_is_limited_by_address,
    a_bearer_that_nobody_looks_at_lifts_no_limit,
    a_city_is_limited_whoever_comes,
    an_account_is_refreshed_so_often_and_no_more,
    ipv6_neighbours_bypass_limit,
);

async fn limited(on: On, starts_per_minute: u32) -> World {
    ready_with(Plan { starts_per_minute, ..Plan::on(on) }).await
}

#[track_caller]
fn assert_wait(answer: &Answer) {
    assert_error(answer, 429, "too_many_tries");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
}

async fn every_guest_route_is_limited_by_address(on: On) {
    let world = limited(on, 2).await;
    // Looks: twenty for each start.
    for path in ["accounts/providers", "services", "accounts/oauth/result?state=x", "accounts/oauth/callback"]
    {
        let from = format!("192.0.2.{}", path.len());
        for n in 0..40 {
            assert_ne!(world.get_from(&from, path).await.status, 429, "{path} {n}");
        }
        assert_wait(&world.get_from(&from, path).await);
        assert_wait(&world.get_from(&from, "accounts/providers").await);
    }
    // An answer that an issuer has the browser post counts as the look that it leads to.
    for n in 0..41 {
        let told = world.post_from("192.0.2.200", "accounts/oauth/callback", json!({})).await;
        if n < 40 { assert_eq!(told.status, 303, "{n}") } else { assert_wait(&told) }
    }
    assert_wait(&world.get_from("192.0.2.200", "accounts/providers").await);
    assert_eq!(world.get_from(AWAY, "accounts/providers").await.status, 200, "others go on");
    // Work: as few as starts, each call having cost a hash or a mail, or been meant to.
    let refresh = json!({"refresh_token": format!("ur_{0}.0.{0}", "x".repeat(43))});
    for n in 0..3 {
        let told = world.post_from(HOME, "accounts/token/refresh", refresh.clone()).await;
        if n < 2 {
            assert_error(&told, 401, "invalid_refresh_token")
        } else {
            assert_wait(&told);
            String::new()
        };
    }
    let start = json!({"provider": "wechat", "city_id": "city_demo"});
    for n in 0..3 {
        let told = world.post_from(HOME, "accounts/oauth/start", start.clone()).await;
        if n < 2 { drop(told.ok()) } else { assert_wait(&told) }
    }
    // What only names public facts, and whoever is known, goes on.
    for _ in 0..100 {
        let health = world.http.get(format!("{}/.well-known/jwks.json", world.base));
        assert_eq!(Answer::of(health.header("x-forwarded-for", HOME)).await.status, 200);
    }
    world.admin_post("cities/tokens/apply", json!({"city_id": "city_demo", "user_id": "u"})).await;
}

/// Line 10 (CVE-2026-45364): a /64 is one address, on every kind of route.
async fn ipv6_neighbours_bypass_limit(on: On) {
    let world = limited(on, 1).await;
    let start = json!({"provider": "wechat", "city_id": "city_demo"});
    for n in 0..20 {
        let from = format!("2001:db8:7:7:{n:x}::{n:x}");
        assert_eq!(world.get_from(&from, "accounts/providers").await.status, 200);
        let told = world.post_from(&from, "accounts/oauth/start", start.clone()).await;
        if n == 0 { drop(told.ok()) } else { assert_wait(&told) }
    }
    assert_wait(&world.get_from("2001:db8:7:7:ffff::1", "accounts/providers").await);
    assert_eq!(world.get_from("2001:db8:7:8::1", "accounts/providers").await.status, 200);
}

async fn a_city_is_limited_whoever_comes(on: On) {
    let world = limited(on, 1).await;
    let start = |n: usize, city: &str| {
        let body = json!({"provider": "wechat", "city_id": city});
        let from = format!("198.51.{}.{}", n / 200, n % 200);
        let world = &world;
        async move { world.post_from(&from, "accounts/oauth/start", body).await }
    };
    for n in 0..50 {
        start(n, "city_demo").await.ok();
    }
    assert_wait(&start(50, "city_demo").await);
    start(51, "city_downcity").await.ok();
}

async fn an_account_is_refreshed_so_often_and_no_more(on: On) {
    let world = World::ready(on).await;
    let sign_in = async || -> Value {
        let (url, state) = started(&world, json!({"refresh": true})).await;
        world.come_back(HOME, &world.allow(&url, "alice")).await;
        world.result(&state).await.ok()
    };
    let (mut held, other) = (sign_in().await, sign_in().await);
    let refresh = async |held: &Value| {
        let body = json!({"refresh_token": held["refresh_token"]});
        world.post_from(HOME, "accounts/token/refresh", body).await
    };
    for _ in 0..60 {
        held = refresh(&held).await.ok();
    }
    assert_wait(&refresh(&held).await);
    assert_wait(&refresh(&other).await);
    let me = world.get_as(held["user_token"].as_str().unwrap(), "accounts/me").await;
    assert_eq!(me.status, 200, "nothing else is the matter");
}

/// Another node with connections of its own to the same database; gives where it listens.
async fn another_node(world: &World, starts_per_minute: u32) -> String {
    let store = Store::open_postgres(&world.database).await.unwrap();
    Node { store, starts_per_minute, ..Node::of(world) }.open().await.1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_count_together() {
    let world = limited(On::Postgres, 8).await;
    let nodes = [world.base.clone(), another_node(&world, 8).await];
    let start = json!({"provider": "wechat", "city_id": "city_demo"});
    let ask = async |n: usize, from: &str, path: &str, body: &Value| {
        let request = world.http.post(format!("{}/v1/accounts/{path}", nodes[n % 2]));
        Answer::of(request.header("x-forwarded-for", from).json(body)).await
    };
    for n in 0..4 {
        ask(n, HOME, "oauth/start", &start).await.ok();
    }
    let rows = "select count(*) from limits";
    assert_eq!(number(&world.store, rows).await, 0, "what a person does costs no query");
    let mut fine = 4;
    for n in 0..16 {
        let told = ask(n, HOME, "oauth/start", &start).await;
        if told.status == 200 { fine += 1 } else { assert_wait(&told) }
    }
    assert_eq!(fine, 8, "as many as one node would allow, and not twice");
    assert!(number(&world.store, rows).await > 0);
    let clear = "select count(*) from limits where bucket like '%192%' or bucket like '%demo%'";
    assert_eq!(number(&world.store, clear).await, 0, "nobody's address is written down");
    for n in 0..2 {
        ask(n, AWAY, "oauth/start", &start).await.ok();
    }
    // The other kinds alike.
    let refresh = json!({"refresh_token": "ur_x"});
    let mut fine = 0;
    for n in 0..20 {
        let told = ask(n, HOME, "token/refresh", &refresh).await;
        if told.status == 401 { fine += 1 } else { assert_wait(&told) }
    }
    assert_eq!(fine, 8);
    // A minute later all begins anew, and what is over is forgotten.
    world.clock.advance(Duration::from_secs(61));
    ask(0, HOME, "oauth/start", &start).await.ok();
    world.store.sweep(world.federation.now()).await.unwrap();
    assert_eq!(number(&world.store, rows).await, 0);
}

/// Each look refuses a bearer that is not good, or counts whoever brings it. Starts and work are counted by their
/// stories, whatever is brought.
async fn a_bearer_that_nobody_looks_at_lifts_no_limit(on: On) {
    let world = limited(on, 2).await;
    let routes = documented_routes();
    let routes = routes.iter().filter(|(method, path, _)| method == "GET" && path.starts_with("/v1/"));
    for (n, (_, path, _)) in routes.enumerate() {
        let from = format!("198.51.100.{n}");
        let ask = async || {
            let request = world.http.get(format!("{}{path}", world.base));
            Answer::of(request.header("x-forwarded-for", &from).bearer_auth("ak_nobody")).await.status
        };
        let mut status = ask().await;
        for _ in 0..40 {
            if matches!(status, 401 | 429) {
                break;
            }
            status = ask().await;
        }
        assert!(matches!(status, 401 | 429), "{path}: {status}");
    }
}
