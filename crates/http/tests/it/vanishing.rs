//! Browsers that hang up: whatever was under way goes on, and the client that waits is told.

use crate::on_both_engines;
use crate::person::Browser;
use crate::support::{AWAY, HOME, On, World};
use downcity_service::core::attempt::EXCHANGE_LIMIT;
use downcity_store::testing::{number, tamper};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

on_both_engines!(
    a_browser_that_leaves_during_the_exchange_loses_nothing,
    a_browser_that_leaves_at_any_moment_loses_nothing,
    a_browser_that_leaves_while_it_confirms_loses_nothing,
    a_server_that_stopped_in_the_middle_is_no_reason_to_wait,
    what_an_admin_who_left_had_changed_is_noticed,
);

/// Sends a request and hangs up after a while, without reading an answer.
async fn send_and_hang_up(world: &World, head: &str, body: &str, after: Duration) {
    let mut stream = TcpStream::connect(world.base.trim_start_matches("http://")).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let length = body.len();
    let request = format!("{head}\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(after).await;
    // With no time to linger the other side is told at once that nobody reads any more.
    drop(stream);
}

async fn hang_up_during(world: &World, callback: &str, after: Duration) {
    let path = callback.strip_prefix(&world.base).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nx-forwarded-for: {HOME}");
    send_and_hang_up(world, &head, "", after).await;
}

async fn a_browser_that_leaves_during_the_exchange_loses_nothing(on: On) {
    let world = World::ready(on).await;
    world.sim.set(|switches| switches.token_delay_ms = 600);
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    let waiting = format!("accounts/oauth/result?state={state}&wait=20");
    let leave = hang_up_during(&world, &callback, Duration::from_millis(200));
    let (told, ()) = tokio::join!(world.get_from(HOME, &waiting), leave);
    assert_eq!(told.ok()["status"], "done");
    // Coming back later still shows the outcome.
    assert!(Browser::at(&world, HOME).come_back(&callback).await.shows("WeChat has confirmed you"));
    assert_eq!(world.sim.count("access_token"), 1);
}

async fn a_browser_that_leaves_at_any_moment_loses_nothing(on: On) {
    let world = World::ready(on).await;
    for round in 0..40 {
        let (url, state) = world.start().await;
        let callback = world.allow(&url, "alice");
        hang_up_during(&world, &callback, Duration::from_micros(round * 150)).await;
        // Whether the first visit counted or not, the next one finishes the sign-in, soon.
        let begun = Instant::now();
        let page = Browser::at(&world, HOME).come_back(&callback).await;
        assert!(page.shows("WeChat has confirmed you"), "round {round}: {}", page.answer.text);
        assert!(begun.elapsed() < Duration::from_secs(5), "round {round}");
        assert_eq!(world.result(&state).await.ok()["status"], "done", "round {round}");
    }
    assert_eq!(world.sim.count("access_token"), 40, "each code was exchanged once");
}

async fn a_browser_that_leaves_while_it_confirms_loses_nothing(on: On) {
    let world = World::ready(on).await;
    for round in 0..20 {
        let (url, state) = world.start().await;
        let browser = Browser::at(&world, AWAY);
        let page = browser.come_back(&world.allow(&url, "alice")).await;
        let head = format!(
            "POST /v1/accounts/oauth/confirm HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             cookie: dc_finish={}",
            browser.cookie("dc_finish").unwrap()
        );
        let body: Vec<_> = page.form("allow").iter().map(|(name, value)| format!("{name}={value}")).collect();
        let waiting = format!("accounts/oauth/result?state={state}&wait=20");
        let (tell, mut hear) = tokio::sync::oneshot::channel();
        let wait = async {
            let told = world.get_from(HOME, &waiting).await;
            let _ = tell.send(());
            told
        };
        let leave = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            send_and_hang_up(&world, &head, &body.join("&"), Duration::from_micros(round * 150)).await;
            // It presses the button again, since it saw no answer.
            tokio::time::sleep(Duration::from_millis(150)).await;
            let done = "select count(*) from login_attempts where stage = 'done'";
            let counted = number(&world.store, done).await == i64::try_from(round).unwrap() + 1;
            let woken = tokio::time::timeout(Duration::from_secs(5), &mut hear);
            assert!(
                !counted || woken.await.is_ok(),
                "round {round}: the first click counted and woke nobody"
            );
            browser.press(&page, "allow").await
        };
        let (told, next) = tokio::join!(wait, leave);
        assert!(next.shows("WeChat has confirmed you"), "round {round}: {}", next.answer.text);
        assert_eq!(told.ok()["status"], "done", "round {round}");
    }
}

async fn a_server_that_stopped_in_the_middle_is_no_reason_to_wait(on: On) {
    let world = World::ready(on).await;
    let browser = Browser::at(&world, HOME);
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    browser.come_back(&callback).await;
    // As a process leaves it that is killed during the exchange.
    let stopped = "update login_attempts set stage = 'exchanging', user_id = null, ended_at = null";
    assert_eq!(tamper(&world.store, stopped).await, 1);
    assert_eq!(world.result(&state).await.ok()["status"], "pending");
    world.clock.advance(EXCHANGE_LIMIT);
    let begun = Instant::now();
    let page = browser.come_back(&callback).await;
    assert!(page.shows("was interrupted on our side. Please start again."), "{}", page.answer.text);
    assert_eq!(world.result(&state).await.ok()["code"], "login_interrupted");
    assert!(begun.elapsed() < Duration::from_secs(5), "both are told at once: {:?}", begun.elapsed());
    assert_eq!(world.sim.count("access_token"), 1, "the code is not shown again");
}

/// The change is stored, and nobody came to tell this process.
async fn what_an_admin_who_left_had_changed_is_noticed(on: On) {
    let world = World::ready(on).await;
    tokio::spawn(Arc::clone(&world.federation).keep_house());
    let providers = async || world.get_from(HOME, "accounts/providers?city_id=city_demo").await.status;
    assert_eq!(providers().await, 200);
    tamper(&world.store, "update cities set status = 'paused' where city_id = 'city_demo'").await;
    tamper(&world.store, "update changes set count = count + 1").await;
    let begun = Instant::now();
    while providers().await != 403 {
        assert!(begun.elapsed() < Duration::from_secs(10), "still served");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
