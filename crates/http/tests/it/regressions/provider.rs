//! Failings at the side of the provider: one that hangs, floods, or answers something else than it should.

use crate::kit::assert_error;
use crate::logs;
use crate::person::Browser;
use crate::support::{HOME, On, World};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wechat_sim::{Fault, FaultKind};

/// A sign-in with a fault at one of WeChat's two calls; gives what the person sees and what the client is told.
async fn seen(world: &World, at_token: bool, fault: Fault) -> (String, Value) {
    world.sim.set(|switches| {
        *switches = wechat_sim::Switches::default();
        let place = if at_token { &mut switches.token_fault } else { &mut switches.userinfo_fault };
        *place = Some(fault);
    });
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    let page = Browser::at(world, HOME).come_back(&callback).await.answer.text;
    (page, world.result(&state).await.ok())
}

/// Line 19: a provider that takes a request and says nothing keeps nobody: the browser is told within the time
/// that an exchange may take, and everything else goes on meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_hangs_request_hangs() {
    let world = World::ready(On::Sqlite).await;
    world.sim.set(|switches| switches.token_fault = Some(Fault::new(FaultKind::Hang)));
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    let begun = Instant::now();
    let back = world.come_back(HOME, &callback);
    let others = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        for _ in 0..20 {
            world.get_from(HOME, "accounts/providers").await.ok();
            world.start().await;
        }
        begun.elapsed()
    };
    let (back, others) = tokio::join!(back, others);
    assert_eq!(back.status, 303);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(others < Duration::from_secs(5), "others waited for it: {others:?}");
    let told = world.result(&state).await.ok();
    assert_eq!((&told["status"], &told["code"]), (&json!("failed"), &json!("provider_unavailable")));
}

/// Line 19: what is not JSON ends the sign-in in words of ours; no parser's message reaches anybody.
#[tokio::test]
async fn non_json_provider_answer_leaks_exception() {
    let world = World::ready(On::Sqlite).await;
    for kind in [FaultKind::Html, FaultKind::BadGateway, FaultKind::EmptyBody, FaultKind::Reset] {
        for at_token in [true, false] {
            let (page, told) = seen(&world, at_token, Fault::new(kind)).await;
            assert_eq!(told["code"], "provider_unavailable", "{kind:?}: {told}");
            for text in [page, told.to_string()] {
                for leak in ["serde", "expected value", "line 1", " column ", "EOF", "reqwest", "hyper"] {
                    assert!(!text.contains(leak), "{kind:?} leaks {leak:?}: {text}");
                }
            }
        }
    }
}

/// Line 19: an answer without end is not read to its end, nor logged.
#[tokio::test]
async fn oversized_provider_body() {
    logs::collect();
    let world = World::ready(On::Sqlite).await;
    for at_token in [true, false] {
        let (_, told) = seen(&world, at_token, Fault::new(FaultKind::Huge)).await;
        assert_eq!((&told["status"], &told["code"]), (&json!("failed"), &json!("provider_unavailable")));
    }
    let longest = logs::all().lines().map(str::len).max().unwrap_or_default();
    assert!(longest < 100_000, "{longest}");
    world.sim.set(|switches| *switches = wechat_sim::Switches::default());
    assert_eq!(world.sign_in("alice").await["status"], "done", "and the next one goes on");
}

/// Line 16: what an admin is shown when the database does not answer is an error, not an empty list.
#[tokio::test]
async fn admin_lists_hide_database_errors() {
    let world = World::ready(On::Sqlite).await;
    world.sign_in("alice").await;
    world.store.close().await;
    for path in ["accounts/users", "accounts/sessions", "accounts/events"] {
        let answer = crate::kit::admin_get(&world, path).await;
        assert_error(&answer, 503, "unavailable");
        assert!(answer.json().get("items").is_none(), "{}", answer.text);
    }
}
