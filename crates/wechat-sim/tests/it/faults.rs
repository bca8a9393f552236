//! What goes wrong on the way: slow, broken, huge and hanging answers.

use std::time::{Duration, Instant};

use wechat_sim::{Fault, FaultKind};

use crate::support::Fixture;

fn code(fx: &Fixture) -> String {
    fx.sim.mint_code(&fx.sim.app().appid, "alice").unwrap()
}

#[tokio::test]
async fn slow_while_the_code_is_consumed_already() {
    let fx = Fixture::new().await;
    fx.sim.set(|switches| switches.token_delay_ms = 3_000);
    let path = fx.exchange_path(&code(&fx));
    let url = format!("{}{path}", fx.sim.url());
    let first = fx.http.get(&url).timeout(Duration::from_millis(300)).send().await;
    assert!(first.unwrap_err().is_timeout());
    fx.sim.set(|switches| switches.token_delay_ms = 0);
    assert_eq!(fx.sns(&path).await["errcode"], 40163, "a retry comes too late");
    fx.sim.set(|switches| switches.userinfo_delay_ms = 200);
    let tokens = fx.tokens("alice").await;
    let started = Instant::now();
    fx.sns(&Fixture::userinfo_path(&tokens)).await;
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn busy_once_and_quota_for_some_calls() {
    let fx = Fixture::new().await;
    fx.sim.set(|switches| switches.token_fault = Some(Fault::errcode(-1).times(1)));
    let path = fx.exchange_path(&code(&fx));
    assert_eq!(fx.sns(&path).await["errcode"], -1);
    assert!(fx.sns(&path).await["access_token"].is_string(), "the same code still works");
    fx.sim.set(|switches| switches.token_fault = Some(Fault::errcode(-1).times(1).after_work()));
    let path = fx.exchange_path(&code(&fx));
    assert_eq!(fx.sns(&path).await["errcode"], -1);
    assert_eq!(fx.sns(&path).await["errcode"], 40163, "here the code went with it");
    fx.sim.set(|switches| switches.userinfo_fault = Some(Fault::errcode(45011).times(3)));
    let userinfo = Fixture::userinfo_path(&fx.tokens("alice").await);
    for _ in 0..3 {
        assert_eq!(fx.sns(&userinfo).await["errcode"], 45011);
    }
    assert_eq!(fx.sns(&userinfo).await["nickname"], "Alice");
    let faults = fx.sim.requests().iter().filter(|call| call.fault == Some(FaultKind::Errcode)).count();
    assert_eq!(faults, 5, "the log tells forced answers from real ones");
}

#[tokio::test]
async fn answers_that_are_not_json() {
    let fx = Fixture::new().await;
    let path = fx.exchange_path(&code(&fx));
    let set = |kind| fx.sim.set(|switches| switches.token_fault = Some(Fault::new(kind).times(1)));
    set(FaultKind::BadGateway);
    let answer = fx.get(&path).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
        (502, "text/html")
    );
    set(FaultKind::Html);
    let answer = fx.get(&path).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
        (200, "text/html")
    );
    set(FaultKind::EmptyBody);
    assert_eq!(fx.text(&path).await, "");
    assert!(fx.sns(&path).await["access_token"].is_string(), "none of them consumed the code");
}

#[tokio::test]
async fn a_connection_that_breaks_in_mid_answer() {
    let fx = Fixture::new().await;
    fx.sim.set(|switches| switches.token_fault = Some(Fault::new(FaultKind::Reset).times(1)));
    let path = fx.exchange_path(&code(&fx));
    let mut answer = fx.get(&path).await;
    assert_eq!(answer.status(), 200, "the head arrives");
    let announced = answer.content_length().unwrap();
    let first = answer.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"{\"access_token\":\"86_") && (first.len() as u64) < announced);
    assert!(answer.chunk().await.is_err(), "then the connection breaks");
    assert_eq!(fx.sns(&path).await["errcode"], 40163);
}

#[tokio::test]
async fn an_answer_of_ten_mebibytes() {
    let fx = Fixture::new().await;
    fx.sim.set(|switches| switches.token_fault = Some(Fault::new(FaultKind::Huge).times(1)));
    let answer = fx.get(&fx.exchange_path(&code(&fx))).await;
    assert_eq!(answer.content_length(), None, "no length warns the reader");
    let body = answer.bytes().await.unwrap();
    assert_eq!(body.len(), 10 * 1024 * 1024);
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert!(json["access_token"].is_string(), "good JSON: only a size limit helps");
}

#[tokio::test]
async fn no_answer_at_all() {
    let fx = Fixture::new().await;
    fx.sim.set(|switches| switches.userinfo_fault = Some(Fault::new(FaultKind::Hang)));
    let url = format!("{}/sns/userinfo", fx.sim.url());
    let hung = fx.http.get(&url).timeout(Duration::from_millis(400)).send().await;
    assert!(hung.unwrap_err().is_timeout());
    let waiting = tokio::spawn(fx.http.get(&url).send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let stopped = Instant::now();
    fx.sim.stop().await;
    assert!(stopped.elapsed() < Duration::from_secs(2), "stopping ends what hangs");
    let _ = waiting.await.unwrap();
}
