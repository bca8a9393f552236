//! Failings of the flow between start, provider and the waiting client.

use crate::kit::{assert_error, assert_field, query_of, ready_with, start_with, started};
use crate::on_both_engines;
use crate::support::{AWAY, Answer, HOME, On, Plan, World};
use downcity_store::testing::tamper;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;
use wechat_sim::{Denial, Fault, FaultKind, StateEcho};

on_both_engines!(
    polled_result_phished,
    result_read_twice,
    state_replayed,
    denial_never_reported,
    unknown_city_fails_after_consent,
    start_floods_storage,
);

/// How many rows tables hold, counted by a statement that changes nothing else.
async fn attempts(world: &World) -> u64 {
    tamper(&world.store, "update login_attempts set lang = lang").await
}

async fn users(world: &World) -> u64 {
    tamper(&world.store, "update users set disabled = disabled").await
}

async fn sessions(world: &World) -> u64 {
    tamper(&world.store, "update sessions set provider = provider").await
}

/// Line 1: whoever starts a login and sends its `url` to somebody else does not get that person's token, and
/// whoever only knows the `state` does not either.
async fn polled_result_phished(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    let victim = world.come_back(AWAY, &callback).await;
    assert!(victim.header("location").contains("/v1/accounts/oauth/outcome?attempt="));
    assert_eq!(world.result(&state).await.ok()["status"], "pending", "the person has not confirmed");
    assert_eq!((users(&world).await, sessions(&world).await), (0, 0));
    // The other way round: a bystander who read `state` from a log, while the right client is at home.
    let (url, state) = world.start().await;
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    let bystander = world.get_from(AWAY, &format!("accounts/oauth/result?state={state}")).await;
    assert_error(&bystander, 403, "other_client");
    let bystander = world.get_from(AWAY, &format!("accounts/oauth/events?state={state}")).await;
    assert_error(&bystander, 403, "other_client");
    assert_eq!(world.result(&state).await.ok()["status"], "done", "the right one still gets it");
}

/// Line 2: after the minute for lost answers the token is gone for everybody, and one session was made.
async fn result_read_twice(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    let first = world.result(&state).await.ok();
    assert_eq!(world.result(&state).await.ok()["user_token"], first["user_token"]);
    assert_eq!(sessions(&world).await, 1);
    world.clock.advance(Duration::from_secs(60));
    for address in [HOME, AWAY] {
        let again = world.get_from(address, &format!("accounts/oauth/result?state={state}")).await;
        assert!(again.status == 410 || again.status == 403, "{}", again.text);
        assert!(!again.text.contains("user_token"));
    }
    assert_eq!(sessions(&world).await, 1);
}

/// Line 2 (cf. CVE-2025-46815): a second callback, with another person's valid code, changes nothing and
/// never reaches the provider.
async fn state_replayed(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    assert_eq!(world.come_back(HOME, &callback).await.status, 303);
    let other_code = world.sim.mint_code(&world.sim.app().appid, "zhangsan").unwrap();
    let replay = callback.replace(&query_of(&callback)["code"], &other_code);
    for _ in 0..3 {
        assert_eq!(world.come_back(HOME, &replay).await.status, 303);
        assert_eq!(world.come_back(HOME, &callback).await.status, 303);
    }
    assert_eq!(world.sim.count("access_token"), 1);
    let done = world.result(&state).await.ok();
    let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["display_name"], "Alice");
    assert_eq!(users(&world).await, 1);
    world.come_back(HOME, &replay).await;
    assert_eq!(world.result(&state).await.ok()["user_id"], done["user_id"], "also after collecting");
}

/// Requirement C2: a state that is not ours, in any form, makes no request and no row.
#[tokio::test]
async fn foreign_states_reach_nobody() {
    let world = World::ready(On::Sqlite).await;
    for echo in [StateEcho::Absent, StateEcho::Empty, StateEcho::Foreign] {
        world.sim.set(|s| s.state_echo = echo);
        let (url, _) = world.start().await;
        let back = world.come_back(HOME, &world.allow(&url, "alice")).await;
        assert_eq!(back.header("location"), "/v1/accounts/oauth/outcome?problem=unknown_login", "{echo:?}");
    }
    assert_eq!(world.sim.count("access_token"), 0);
    assert_eq!((users(&world).await, attempts(&world).await), (0, 3));
}

/// Line 13: every way of saying no ends the wait; where WeChat says nothing, the attempt runs out.
async fn denial_never_reported(on: On) {
    let world = World::ready(on).await;
    for denial in [Denial::StateOnly, Denial::Authdeny] {
        world.sim.set(|s| s.denial = denial);
        let (url, state) = world.start().await;
        let uuid = world.sim.open(&url).unwrap();
        let path = format!("accounts/oauth/result?state={state}&wait=20");
        let begun = Instant::now();
        let (told, ()) = tokio::join!(world.get_from(HOME, &path), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            world.sim.scan(&uuid).unwrap();
            let callback = world.sim.deny(&uuid).unwrap().unwrap();
            world.come_back(HOME, &callback).await;
        });
        assert!(begun.elapsed() < Duration::from_secs(3), "the waiting client was woken");
        let told = told.ok();
        assert_eq!(
            (&told["status"], &told["code"]),
            (&json!("failed"), &json!("access_denied")),
            "{denial:?}"
        );
    }
    world.sim.set(|s| s.denial = Denial::None);
    let (url, state) = world.start().await;
    let uuid = world.sim.open(&url).unwrap();
    world.sim.scan(&uuid).unwrap();
    assert_eq!(world.sim.deny(&uuid).unwrap(), None, "no callback comes");
    world.clock.advance(Duration::from_secs(600));
    assert_error(&world.result(&state).await, 410, "login_expired");
    assert_eq!(world.sim.count("access_token"), 0);
}

/// Line 18: a city that is not there is told at start; no attempt, no user.
async fn unknown_city_fails_after_consent(on: On) {
    let world = World::ready(on).await;
    for city in ["city_none", "city-demo", "CITY_DEMO"] {
        assert_error(&start_with(&world, json!({"city_id": city})).await, 404, "unknown_city");
    }
    assert_eq!((attempts(&world).await, users(&world).await), (0, 0));
    assert_eq!(world.sim.requests(), []);
}

/// Line 12: nothing that is refused leaves a row, and what is stored of one start is small.
async fn start_floods_storage(on: On) {
    let world = World::ready(on).await;
    let too_large = "x".repeat(256 * 1024);
    for more in [
        json!({"city_id": "city_none"}),
        json!({"city_id": "x".repeat(200_000)}),
        json!({"return_to": format!("https://a.example/{}", "x".repeat(200_000))}),
        json!({"code_challenge": "A".repeat(200_000)}),
        json!({"lang": "zh".repeat(100_000)}),
    ] {
        assert!((400..500).contains(&start_with(&world, more).await.status));
    }
    let over = start_with(&world, json!({"city_id": too_large})).await;
    assert_error(&over, 413, "body_too_large");
    assert_eq!(attempts(&world).await, 0);
    let request = world.http.post(world.url("accounts/oauth/start")).header("user-agent", "a".repeat(8000));
    assert_eq!(Answer::of(request.json(&json!({"provider": "wechat"}))).await.status, 200);
    assert_eq!(
        tamper(&world.store, "update login_attempts set lang = lang where length(starter_agent) <= 256")
            .await,
        1
    );
    // And what is over goes away.
    world.clock.advance(Duration::from_secs(30 * 86_400));
    world.store.sweep(world.federation.now()).await.unwrap();
    assert_eq!(attempts(&world).await, 0);
}

/// Line 12: one address starts only so many; neighbours in an IPv6 /64 count as one (CVE-2026-45364), others
/// are not hindered, and the answer says how long to wait.
#[tokio::test]
async fn starts_are_limited_and_ipv6_neighbours_do_not_bypass_limit() {
    let world = ready_with(Plan { starts_per_minute: 3, ..Plan::on(On::Sqlite) }).await;
    let body = json!({"provider": "wechat", "city_id": "city_demo"});
    for n in 0..3 {
        let from = format!("2001:db8:7:7::{n}");
        assert_eq!(world.post_from(&from, "accounts/oauth/start", body.clone()).await.status, 200);
    }
    let refused = world.post_from("2001:db8:7:7:ffff::9", "accounts/oauth/start", body.clone()).await;
    assert_error(&refused, 429, "too_many_tries");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(attempts(&world).await, 3, "a refused start is not stored");
    for other in ["2001:db8:7:8::1", "192.0.2.1"] {
        assert_eq!(world.post_from(other, "accounts/oauth/start", body.clone()).await.status, 200, "{other}");
    }
}

/// Line 15: a stranger's header changes neither the limit nor who counts as the same client.
#[tokio::test]
async fn forwarded_for_spoofed() {
    let plan = Plan { starts_per_minute: 3, behind_proxy: false, ..Plan::on(On::Sqlite) };
    let world = ready_with(plan).await;
    let body = json!({"provider": "wechat", "city_id": "city_demo"});
    for n in 1..=3 {
        let answer = world.post_from(&format!("203.0.113.{n}"), "accounts/oauth/start", body.clone()).await;
        assert_eq!(answer.status, 200);
    }
    let fourth = world.post_from("203.0.113.4", "accounts/oauth/start", body.clone()).await;
    assert_error(&fourth, 429, "too_many_tries");
    // Behind a proxy of ours the sender's own part of the header, on the left, counts for nothing either.
    let world = ready_with(Plan { starts_per_minute: 3, ..Plan::on(On::Sqlite) }).await;
    for n in 1..=3 {
        let from = format!("203.0.113.{n}, {HOME}");
        assert_eq!(world.post_from(&from, "accounts/oauth/start", body.clone()).await.status, 200);
    }
    assert_error(&world.post_from(HOME, "accounts/oauth/start", body).await, 429, "too_many_tries");
}

/// Line 14: what the provider, or whoever wrote the callback address, says is never repeated to anybody.
#[tokio::test]
async fn provider_error_text_reflected() {
    let world = World::ready(On::Sqlite).await;
    let (_, state) = world.start().await;
    let markup = "%3Cscript%3Ealert(1)%3C/script%3E";
    let address = world.url(&format!(
        "accounts/oauth/callback?state={state}&error=access_denied&error_description={markup}&error_uri={markup}"
    ));
    let back = world.come_back(HOME, &address).await;
    let page =
        world.http.get(format!("{}{}", world.base, back.header("location"))).header("cookie", back.cookies());
    let page = Answer::of(page).await;
    let told = world.result(&state).await;
    assert_eq!(told.ok()["code"], "access_denied");
    let (_, state) = world.start().await;
    let address = world.url(&format!("accounts/oauth/callback?state={state}&error={markup}"));
    let odd = world.come_back(HOME, &address).await;
    let odd_told = world.result(&state).await;
    for answer in [&back, &page, &told, &odd, &odd_told] {
        assert!(
            !answer.text.contains("alert(1)") && !answer.header("location").contains("alert"),
            "{answer:?}"
        );
    }
    let problem = world.get_from(HOME, &format!("accounts/oauth/outcome?problem={markup}")).await;
    assert!(!problem.text.contains("alert(1)"), "{}", problem.text);
}

/// Line 14: causes are for the log. WeChat's own words and our store's do not reach the client.
#[tokio::test]
async fn internal_error_text_returned() {
    let world = World::ready(On::Sqlite).await;
    for fault in [Fault::errcode(40013), Fault::new(FaultKind::Html), Fault::new(FaultKind::BadGateway)] {
        world.sim.set(|s| s.token_fault = Some(fault));
        let (url, state) = world.start().await;
        world.come_back(HOME, &world.allow(&url, "alice")).await;
        let told = world.result(&state).await;
        assert_eq!(told.ok()["status"], "failed");
        for internal in ["rid:", "invalid appid", "40013", "<html", "502", "127.0.0.1", "secret"] {
            assert!(!told.text.contains(internal), "{internal}: {}", told.text);
        }
    }
    let (_, state) = world.start().await;
    world.store.close().await;
    let told = world.result(&state).await;
    assert_error(&told, 503, "unavailable");
    for internal in ["sqlite", "database", "closed", "channel", "Store"] {
        assert!(!told.text.contains(internal), "{internal}: {}", told.text);
    }
}

/// Line 5 (cf. GHSA-3529-5m8x-rpv3): one request with a foreign `Host` or `X-Forwarded-Host` changes neither
/// its own nor anybody's `redirect_uri`.
#[tokio::test]
async fn host_header_poisons_redirect() {
    for behind_proxy in [false, true] {
        let world = ready_with(Plan { behind_proxy, ..Plan::on(On::Sqlite) }).await;
        let own = format!("{}/v1/accounts/oauth/callback", world.base);
        let start = |name: &'static str, value: &str| {
            let request = world.http.post(world.url("accounts/oauth/start")).header(name, value);
            Answer::of(request.json(&json!({"provider": "wechat"})))
        };
        for (name, value) in [
            ("host", "evil.test"),
            ("x-forwarded-host", "evil.test"),
            ("x-forwarded-host", "evil.test, 127.0.0.1"),
            ("x-forwarded-proto", "gopher"),
            ("forwarded", "host=evil.test;proto=http"),
            ("x-original-url", "/evil"),
        ] {
            let started = start(name, value).await.ok();
            assert_eq!(query_of(started["url"].as_str().unwrap())["redirect_uri"], own, "{name}: {value}");
            let (url, _) = world.start().await;
            assert_eq!(query_of(&url)["redirect_uri"], own, "the next one");
        }
        let about =
            world.http.get(format!("{}/.well-known/downcity.json", world.base)).header("host", "evil.test");
        assert_eq!(Answer::of(about).await.ok()["callback_uri"], own);
    }
}

/// Line 21.
#[tokio::test]
async fn open_redirect_on_return_to() {
    let world = World::ready(On::Sqlite).await;
    let body = json!({"city_id": "city_demo", "allowed_redirects": ["https://app.example.com/done"]});
    world.admin_post("cities/update", body).await;
    for bad in [
        "https://evil.test/done",
        "//evil.test",
        "/done",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://app.example.com/done",
        "https://app.example.com/done#x",
        "https://app.example.com/done?next=//evil.test",
        "https://app.example.com:8443/done",
        "HTTPS://app.example.com/done",
        "",
    ] {
        assert_field(&start_with(&world, json!({"return_to": bad})).await, "return_to");
    }
    // The browser routes take no address from their query.
    for query in ["return_to=https://evil.test", "redirect_uri=https://evil.test", "next=//evil.test"] {
        let back = world.get_from(HOME, &format!("accounts/oauth/callback?{query}")).await;
        assert_eq!(back.header("location"), "/v1/accounts/oauth/outcome?problem=unknown_login");
        let page = world.get_from(HOME, &format!("accounts/oauth/outcome?{query}")).await;
        assert!(!page.text.contains("evil.test"), "{}", page.text);
    }
    let (url, _) = started(&world, json!({"return_to": "https://app.example.com/done"})).await;
    let back = world.come_back(HOME, &world.allow(&url, "alice")).await;
    assert!(back.header("location").starts_with("https://app.example.com/done?state="));
}

/// Line 21.
#[tokio::test]
async fn return_to_prefix_confusion() {
    let world = World::ready(On::Sqlite).await;
    let listed = json!(["https://app.example.com/", "https://app.example.com/done"]);
    world.admin_post("cities/update", json!({"city_id": "city_demo", "allowed_redirects": listed})).await;
    for bad in [
        "https://app.example.com.evil.test/",
        "https://app.example.com@evil.test/",
        "https://evil.test\\@app.example.com/",
        "https://app.example.com\\.evil.test/",
        "https://app.example.com%2eevil.test/",
        "https://app.example.com/done/../evil",
        "https://app.example.com/done/x",
        "https://app.example.com/%64one",
        "https://app.example.com//evil.test",
        "https://app.example.com/done\n",
        " https://app.example.com/done",
        "https:app.example.com/done",
        "https:///app.example.com/done",
    ] {
        assert_field(&start_with(&world, json!({"return_to": bad})).await, "return_to");
    }
    assert_eq!(
        start_with(&world, json!({"return_to": "https://app.example.com"})).await.status,
        200,
        "the same address"
    );
}

/// Line 23: an attacker's callback address, opened by a victim, signs nobody's browser in: it asks first, sets
/// no cookie that any call accepts, and where it returns to the product it brings a state that the victim's
/// product never started.
#[tokio::test]
async fn oauth_login_csrf() {
    let world = World::ready(On::Sqlite).await;
    let (url, state) = world.start().await;
    let attackers = world.allow(&url, "alice");
    let victim = world.come_back(AWAY, &attackers).await;
    let cookies = victim.cookies();
    let with = |path: &str| {
        Answer::of(
            world.http.get(world.url(path)).header("cookie", cookies.clone()).header("x-forwarded-for", AWAY),
        )
    };
    assert_error(&with("accounts/me").await, 401, "authentication_required");
    assert_eq!(with(&format!("accounts/oauth/result?state={state}")).await.ok()["status"], "pending");
    let page = with(&victim.header("location")["/v1/".len()..]).await;
    assert!(page.text.contains("Demo") && page.text.contains("decision"), "asked first: {}", page.text);
    let body = json!({"city_id": "city_demo", "allowed_redirects": ["https://app.example.com/done"]});
    world.admin_post("cities/update", body).await;
    let (url, attackers_state) = started(&world, json!({"return_to": "https://app.example.com/done"})).await;
    let victim = world.come_back(AWAY, &world.allow(&url, "alice")).await;
    let (_, own_state) = started(&world, json!({"return_to": "https://app.example.com/done"})).await;
    let brought = query_of(victim.header("location"));
    assert_eq!(brought["state"], attackers_state);
    // The product asks with the state that it started: the attacker's code does not fit.
    let ask = format!("accounts/oauth/result?state={own_state}&code={}", brought["code"]);
    assert_error(&world.get_from(AWAY, &ask).await, 403, "login_code_wrong");
}
