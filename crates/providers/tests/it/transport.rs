//! Broken ways to WeChat: nothing hangs, nothing is swallowed, and no code is sent a second time.

use crate::fake::{CODE, Fake, Made, Play, exchange, person, provider, say, token};
use downcity_core::{Failure, Secret};
use downcity_providers::{Exchange, Outside, ProviderError, configured};
use std::sync::Arc;
use std::time::{Duration, Instant};

const PART: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"access_token\":\"86_";

async fn timed(fake: &Fake) -> (ProviderError, Duration) {
    let start = Instant::now();
    let error = fake.identify().await.unwrap_err();
    assert_eq!(error.failure, Failure::ProviderUnavailable, "{error}");
    (error, start.elapsed())
}

/// The promise is 8 seconds; the rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(11);

#[tokio::test]
async fn a_code_is_sent_once_whatever_happens_to_it() {
    for play in [
        Play::Close,
        Play::Reset(b""),
        Play::Reset(PART),
        Play::Reset(b"HTTP/1.1 200 OK\r\nContent-Le"),
        Play::Reset(b"SSH-2.0-OpenSSH_9.2\r\n"),
        Play::Reset(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ] {
        let fake = Fake::start().await;
        fake.token([play, say(token())]);
        let (error, _) = timed(&fake).await;
        assert!(error.report.contains("/sns/oauth2/access_token"), "{error}");
        assert_eq!(fake.counts(), (1, 0));
    }
}

#[tokio::test]
async fn a_code_is_sent_once_even_on_a_connection_that_was_in_use() {
    let fake = Fake::start().await;
    fake.token([say(token()), Play::Close, say(token())]);
    fake.identify().await.unwrap();
    timed(&fake).await;
    assert_eq!(fake.counts(), (2, 1), "two sign-ins, two exchanges");
}

#[tokio::test]
async fn connections_that_the_other_side_closed_do_no_harm() {
    let fake = Fake::start().await;
    fake.token([Play::SayAndClose(token().into())]);
    fake.person([Play::SayAndClose(person().into())]);
    for _ in 0..5 {
        fake.identify().await.unwrap();
    }
    assert_eq!(fake.counts(), (5, 5));
}

async fn given_up(play: Play) {
    let fake = Fake::start().await;
    fake.token([play, say(token())]);
    let (error, took) = timed(&fake).await;
    assert!(took >= Duration::from_secs(7) && took < PATIENCE, "{took:?}");
    assert!(error.report.contains("in time"), "{error}");
    assert_eq!(fake.counts(), (1, 0));
}

#[tokio::test]
async fn a_silent_wechat_is_given_up_after_eight_seconds_and_asked_once() {
    tokio::join!(given_up(Play::Hang), given_up(Play::Trickle));
}

#[tokio::test]
async fn a_person_is_not_waited_for_beyond_eight_seconds() {
    let fake = Fake::start().await;
    fake.person([Play::Hang]);
    let (_, took) = timed(&fake).await;
    assert!(took < PATIENCE, "{took:?}");
    assert!(fake.counts().0 == 1 && (2..=3).contains(&fake.counts().1), "{:?}", fake.counts());
}

#[tokio::test]
async fn a_person_is_asked_for_again_after_a_fault() {
    for broken in [Play::Close, Play::Reset(PART), Play::Hang] {
        let fake = Fake::start().await;
        fake.person([broken, say(person())]);
        assert!(fake.identify().await.is_ok(), "a second try helps");
        assert_eq!(fake.counts(), (1, 2));
    }
    let fake = Fake::start().await;
    fake.person([Play::Close]);
    timed(&fake).await;
    assert_eq!(fake.counts(), (1, 3), "at most twice more");
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    for announced in [true, false] {
        let fake = Fake::start().await;
        fake.token([Play::Flood { bytes: 10 << 20, announced }]);
        let (error, _) = timed(&fake).await;
        assert!(error.report.contains("64 KiB"), "{error}");
        assert_eq!(fake.counts(), (1, 0));
    }
    let fake = Fake::start().await;
    fake.person([say(format!("{}{}", person(), " ".repeat(60 * 1024)))]);
    assert!(fake.identify().await.is_ok(), "what fits is read");
}

/// The same ways break to GitHub, whose client is the same one.
#[tokio::test]
async fn github_is_given_up_and_cut_off_in_the_same_way() {
    let html = Play::Say { status: 200, kind: "text/html", body: b"<html>sign in</html>".to_vec() };
    let plays = [
        Play::Hang,
        Play::Trickle,
        Play::Close,
        Play::Reset(PART),
        Play::Flood { bytes: 10 << 20, announced: true },
        Play::Flood { bytes: 10 << 20, announced: false },
        html,
    ];
    let mut tries = tokio::task::JoinSet::new();
    let one = |play| async move {
        let fake = Fake::start().await;
        // What is not WeChat's token interface is played by this list.
        fake.person([play, say(r#"{"access_token":"gho_x"}"#)]);
        let outside = Outside::with_wechat_simulator(&fake.base).unwrap().with_github_at(&fake.base).unwrap();
        let env = |key: &str| key.starts_with("GITHUB_").then(|| Secret::from("Ov23liAbCdEfGhIjKlMn"));
        let github = configured(&Arc::new(outside), &env).pop().unwrap();
        let begun = Instant::now();
        let given = Exchange { proofs: &Made, ..exchange(CODE, "https://x.example/") };
        let error = github.identify(&given).await.unwrap_err();
        assert_eq!(error.failure, Failure::ProviderUnavailable, "{error}");
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
        assert_eq!(fake.asked().len(), 1, "a code is sent once");
    };
    for play in plays {
        tries.spawn(one(play));
    }
    tries.join_all().await;
}

#[tokio::test]
async fn nobody_there_is_an_outage() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outside = Arc::new(Outside::with_wechat_simulator(&format!("http://{free}")).unwrap());
    let error = provider(&outside)
        .identify(&crate::fake::exchange(crate::fake::CODE, "https://x.example/"))
        .await
        .unwrap_err();
    assert_eq!(error.failure, Failure::ProviderUnavailable);
    assert!(error.report.contains("no connection") && error.report.contains("refused"), "{error}");
}

#[tokio::test]
async fn a_sign_in_that_is_given_up_leaves_no_request_behind() {
    let fake = Fake::start().await;
    fake.token([Play::Hang]);
    let given_up = tokio::time::timeout(Duration::from_millis(300), fake.identify()).await;
    assert!(given_up.is_err());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(fake.counts(), (1, 0));
}

/// A proxy would see the AppSecret wherever it ends TLS, so the environment's proxies are not for us. The
/// environment can only be set for another process: this test starts itself once more.
#[test]
fn the_environment_cannot_put_a_proxy_in_between() {
    const BASE: &str = "DOWNCITY_TEST_WECHAT";
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Ok(base) = std::env::var(BASE) {
        let outside = Arc::new(Outside::with_wechat_simulator(&base).unwrap());
        let found = runtime.block_on(
            provider(&outside).identify(&crate::fake::exchange(crate::fake::CODE, "https://x.example/")),
        );
        assert!(found.is_ok());
        return;
    }
    let (wechat, proxy) = runtime.block_on(async { tokio::join!(Fake::start(), Fake::start()) });
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "transport::the_environment_cannot_put_a_proxy_in_between"])
        .env(BASE, &wechat.base)
        .envs(["http_proxy", "https_proxy", "ALL_PROXY"].map(|name| (name, &proxy.base)))
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    assert_eq!((wechat.counts(), proxy.asked().len()), ((1, 1), 0));
}
