//! A provider that does not answer: callbacks fail at once after a few tries, in bounded time; other providers and
//! routes are unharmed; it comes back by itself; the state can be seen.

use crate::metrics::{scrape, value};
use crate::support::{HOME, On, World};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::time::{Duration, Instant};
use wechat_sim::{Fault, FaultKind};

/// One sign-in from its start to its outcome, and how long the callback took.
async fn attempt(world: &World, user: &str) -> (Value, Duration) {
    let (url, state) = world.start().await;
    let callback = world.allow(&url, user);
    let began = Instant::now();
    world.come_back(HOME, &callback).await;
    (world.result(&state).await.ok(), began.elapsed())
}

const CIRCUIT: &str = r#"downcity_provider_circuit_open{provider="wechat"}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resets_open_the_circuit_and_an_answer_closes_it() {
    let world = World::ready(On::Sqlite).await;
    world.sim.set(|s| s.token_fault = Some(Fault::new(FaultKind::Reset)));
    for _ in 0..5 {
        assert_eq!(attempt(&world, "alice").await.0["code"], "provider_unavailable");
    }
    let asked = world.sim.count("access_token");
    let (told, took) = attempt(&world, "alice").await;
    assert_eq!((&told["status"], &told["code"]), (&"failed".into(), &"provider_unavailable".into()));
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(world.sim.count("access_token"), asked, "nothing was asked");
    let text = scrape(&world).await;
    assert_eq!(value(&text, CIRCUIT), Some(1.0), "{text}");
    let refused = r#"downcity_provider_call_duration_seconds_count{provider="wechat",outcome="not_asked"}"#;
    assert_eq!(value(&text, refused), Some(1.0), "{text}");
    let overview = world.get_as(world.admin_key.expose_secret(), "federation/overview").await.ok();
    let seen = |overview: &Value| overview["attention"].to_string().contains("provider_left_alone");
    assert!(seen(&overview), "{overview}");
    // It is well again: after its rest the next person is let through, and is signed in.
    world.sim.set(|s| s.token_fault = None);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(world.sign_in("alice").await["status"], "done");
    assert_eq!(value(&scrape(&world).await, CIRCUIT), Some(0.0));
    assert!(!seen(&world.get_as(world.admin_key.expose_secret(), "federation/overview").await.ok()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_leave_the_circuit_closed() {
    let world = World::ready(On::Sqlite).await;
    world.sim.set(|s| s.token_fault = Some(Fault::errcode(40029)));
    for _ in 0..7 {
        assert_eq!(attempt(&world, "alice").await.0["code"], "code_rejected");
    }
    assert_eq!(world.sim.count("access_token"), 7, "each was asked about");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_provider_holds_nothing_else() {
    let world = World::ready(On::Sqlite).await;
    let token = world.sign_in("alice").await["user_token"].as_str().unwrap().to_owned();
    world.sim.set(|s| s.token_fault = Some(Fault::new(FaultKind::Hang)));
    let began = Instant::now();
    let hung = futures::future::join_all((0..40).map(|_| attempt(&world, "alice")));
    let others = async {
        let mut slowest = Duration::ZERO;
        while began.elapsed() < Duration::from_secs(3) {
            let asked = Instant::now();
            world.get_as(&token, "accounts/me").await.ok();
            world.get_from(HOME, "accounts/providers").await.ok();
            slowest = slowest.max(asked.elapsed());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        slowest
    };
    let (hung, slowest) = tokio::join!(hung, others);
    assert!(slowest < Duration::from_secs(1), "other routes: {slowest:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(hung.iter().all(|(told, _)| told["code"] == "provider_unavailable"), "{hung:?}");
    let (_, took) = attempt(&world, "alice").await;
    assert!(took < Duration::from_secs(1), "now they fail at once: {took:?}");
}
