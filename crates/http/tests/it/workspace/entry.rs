//! In and out: keys, sessions, their cookies and their ends.

use super::{Keeper, OURS, audit, make_key, sign_in};
use crate::kit::{admin_try, assert_error};
use crate::on_both_engines;
use crate::person::Browser;
use crate::support::{AWAY, Answer, HOME, On, Plan, World};
use downcity_http::{Door, Listening, Serves, app};
use downcity_store::testing::number;
use secrecy::ExposeSecret;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

on_both_engines!(
    a_key_opens_the_workspace_and_signing_out_closes_it,
    a_session_ends_with_its_key,
    a_session_ends_when_it_is_idle_and_after_twelve_hours,
);

const COOKIE: &str = "dc_admin";

async fn a_key_opens_the_workspace_and_signing_out_closes_it(on: On) {
    let world = World::new(on).await;
    let browser = Browser::at(&world, HOME);
    let away = browser.get("/admin/?x=1").await;
    assert_eq!((away.status, away.header("location")), (303, "/admin"));
    let away = browser.get("/admin").await;
    assert_eq!((away.status, away.header("location")), (303, "/admin/sign-in?next=%2Fadmin"));
    assert!(browser.page("/admin/sign-in?next=%2Fadmin").await.shows("name=\"key\""));
    let entered = sign_in(&browser, &format!(" {}\n", world.admin_key.expose_secret())).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/admin"), "{}", entered.text);
    let line = entered.header("set-cookie");
    for part in ["dc_admin=", "; Path=/;", "HttpOnly", "SameSite=Strict", "Max-Age=43200"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!line.contains("Domain"), "{line}");
    assert_eq!(browser.get("/admin").await.status, 200);
    assert_eq!(browser.get("/admin/sign-in?next=%2Fadmin").await.status, 303, "already signed in");
    let entry = &audit(&world, "admin.signed_in").await[0];
    assert_eq!(
        (&entry["via"], &entry["key_name"], &entry["network"]),
        (&json!("workspace"), &json!("first"), &json!(HOME))
    );

    let key_id = entry["key_id"].as_str().unwrap();
    let listed = world.federation.admin_sessions(key_id).await.unwrap();
    assert_eq!((listed.len(), listed[0].network.as_str()), (1, HOME));
    assert!(listed[0].agent.contains("TestBrowser"));
    let head = world.http.head(format!("{}/admin", world.base));
    let head = head.header("cookie", format!("{COOKIE}={}", browser.cookie(COOKIE).unwrap()));
    assert_eq!(Answer::of(head).await.status, 200);

    let cookie = browser.cookie(COOKIE).unwrap();
    let form_token = browser.page("/admin").await.field("form_token");
    let out = browser.post("/admin/sign-out", &[("form_token", &form_token)], OURS).await;
    assert_eq!((out.status, out.header("location")), (303, "/admin/sign-in"), "{}", out.text);
    assert_eq!(audit(&world, "admin.signed_out").await.len(), 1);
    browser.set_cookie(COOKIE, &cookie);
    assert_eq!(browser.get("/admin").await.status, 303, "the cookie of before opens nothing");
}

async fn a_session_ends_with_its_key(on: On) {
    let world = World::new(on).await;
    for end in ["revoke", "rotate"] {
        let made = make_key(&world, "operator", None).await;
        let keeper = Keeper::with_key(&world, made["admin_key"].as_str().unwrap()).await;
        let other = Keeper::owner(&world).await;
        assert_eq!(keeper.get("/admin").await.status, 200);
        admin_try(&world, &format!("admin-keys/{end}"), json!({"key_id": made["key_id"]})).await.ok();
        assert_eq!(keeper.get("/admin").await.status, 303, "{end}");
        assert_eq!(other.get("/admin").await.status, 200, "{end}: another key's session stays");
    }
    let body = json!({"name": "short", "role": "viewer", "ttl": "10m"});
    let made = admin_try(&world, "admin-keys/create", body).await.ok();
    let keeper = Keeper::with_key(&world, made["admin_key"].as_str().unwrap()).await;
    world.clock.advance(Duration::from_secs(601));
    assert_eq!(keeper.get("/admin").await.status, 303, "the key has expired");
    let late = sign_in(&Browser::at(&world, HOME), made["admin_key"].as_str().unwrap()).await;
    assert_eq!(late.status, 401);
}

async fn a_session_ends_when_it_is_idle_and_after_twelve_hours(on: On) {
    let world = World::new(on).await;
    let (idle, busy) = (Keeper::owner(&world).await, Keeper::owner(&world).await);
    for quarter in 1..48 {
        world.clock.advance(Duration::from_secs(900));
        assert_eq!(busy.get("/admin").await.status, 200, "used every 15 minutes: {quarter}");
    }
    assert_eq!(idle.get("/admin").await.status, 303, "idle for hours");
    world.clock.advance(Duration::from_secs(900));
    assert_eq!(busy.get("/admin").await.status, 303, "twelve hours are over");
    let fresh = Keeper::owner(&world).await;
    world.clock.advance(Duration::from_secs(29 * 60));
    assert_eq!(fresh.get("/admin").await.status, 200);
    world.clock.advance(Duration::from_secs(31 * 60));
    assert_eq!(fresh.get("/admin").await.status, 303, "idle for half an hour");
}

/// Line 24 of the failings: a session is new at each sign-in, and the one before ends.
#[tokio::test]
async fn session_fixation() {
    let world = World::new(On::Sqlite).await;
    let browser = Browser::at(&world, HOME);
    let planted = "A".repeat(43);
    browser.set_cookie(COOKIE, &planted);
    sign_in(&browser, world.admin_key.expose_secret()).await;
    let first = browser.cookie(COOKIE).unwrap();
    assert_ne!(first, planted);
    sign_in(&browser, world.admin_key.expose_secret()).await;
    assert_ne!(browser.cookie(COOKIE).unwrap(), first);
    assert_eq!(browser.get("/admin").await.status, 200);
    browser.set_cookie(COOKIE, &first);
    assert_eq!(browser.get("/admin").await.status, 303, "the session before has ended");
}

/// Line 24 of the failings: the cookie opens the workspace and nothing else, and a bearer opens no page.
#[tokio::test]
async fn admin_cookie_used_on_user_api() {
    let world = World::ready(On::Sqlite).await;
    let keeper = Keeper::owner(&world).await;
    for path in ["accounts/me", "env/list", "accounts/users", "admin-keys/list"] {
        let call = keeper.browser.get(&format!("/v1/{path}")).await;
        assert_error(&call, 401, "authentication_required");
    }
    let call = keeper.browser.call("env/upsert", json!({"key": "A", "value": "b"})).await;
    assert_error(&call, 401, "authentication_required");
    let page = world.http.get(format!("{}/admin", world.base)).bearer_auth(world.admin_key.expose_secret());
    assert_eq!(Answer::of(page).await.status, 303);
}

#[tokio::test]
async fn wrong_keys_are_recorded_and_limited_by_network_and_lock_nobody_out() {
    let world = World::new(On::Sqlite).await;
    let (stranger, owner) = (Browser::at(&world, AWAY), Browser::at(&world, AWAY));
    for _ in 0..10 {
        let refused = sign_in(&stranger, "ak_wrong-and-not-repeated").await;
        assert_eq!(refused.status, 401);
        assert!(!refused.text.contains("wrong-and-not"), "{}", refused.text);
    }
    let limited = sign_in(&stranger, "ak_wrong").await;
    assert_eq!(limited.status, 429, "{}", limited.text);
    assert!(limited.header("retry-after").parse::<u32>().unwrap() > 0);
    assert!(limited.header("content-type").starts_with("text/html"));
    let record = audit(&world, "admin.sign_in_refused").await;
    assert_eq!(record.len(), 10, "what is over the limit fills no table");
    assert_eq!((&record[0]["key_id"], &record[0]["network"]), (&json!("unknown"), &json!(AWAY)));
    assert!(!record[0].to_string().contains("ak_"));
    assert_eq!(sign_in(&owner, world.admin_key.expose_secret()).await.status, 303, "a good key is let in");
    assert_eq!(
        sign_in(&Browser::at(&world, HOME), "ak_wrong").await.status,
        401,
        "elsewhere it is counted anew"
    );
}

#[tokio::test]
async fn whoever_has_many_networks_does_not_fill_the_record() {
    let world = World::new(On::Sqlite).await;
    for network in [
        "2001:db8::1",
        "2001:db8:0:1::1",
        "2001:db8:0:2::1",
        "2001:db8:0:3::1",
        "2001:db8:0:4::1",
        AWAY,
        HOME,
    ] {
        let stranger = Browser::at(&world, network);
        for _ in 0..10 {
            assert_eq!(sign_in(&stranger, "ak_wrong").await.status, 401);
        }
    }
    let recorded = "select count(*) from audit where action = 'admin.sign_in_refused'";
    assert_eq!(number(&world.store, recorded).await, 60);
    let owner = Browser::at(&world, HOME);
    assert_eq!(sign_in(&owner, world.admin_key.expose_secret()).await.status, 303, "a good key is let in");
}

/// With https the cookie carries the prefix that keeps neighbouring hosts out.
#[tokio::test]
async fn with_https_the_cookie_is_bound_to_the_host() {
    let world =
        World::planned(Plan { public_url: Some("https://fed.example.com".into()), ..Plan::on(On::Sqlite) })
            .await;
    let entered = sign_in(&Browser::at(&world, HOME), world.admin_key.expose_secret()).await;
    let line = entered.header("set-cookie");
    assert!(line.starts_with("__Host-dc_admin=") && line.ends_with("; Secure"), "{line}");
}

#[tokio::test]
async fn the_workspace_can_have_a_listener_of_its_own() {
    let world = World::new(On::Sqlite).await;
    let open = |serves| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let federation = Arc::clone(&world.federation);
        Listening::open(
            listener,
            10,
            &app(Door { federation, trusted_proxies: Vec::new(), serves, adopt: None }),
        )
        .unwrap();
        base
    };
    let (public, own) = (open(Serves::AllButWorkspace), open(Serves::WorkspaceAlone));
    let get = |base: &str, path: &str| Answer::of(world.http.get(format!("{base}{path}")));
    for path in ["/admin", "/admin/sign-in", "/admin/assets/x/workspace.css"] {
        assert_error(&get(&public, path).await, 404, "unknown_route");
    }
    assert_eq!(get(&public, "/health").await.status, 200);
    assert_eq!(get(&own, "/admin/sign-in").await.status, 200);
    assert_error(&get(&own, "/v1/accounts/providers").await, 404, "unknown_route");
}
