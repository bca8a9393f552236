//! The life of a QR code as the long poll tells it.

use std::time::{Duration, Instant};

use serde_json::json;
use wechat_sim::{Denial, SimConfig, SimError};

use crate::support::{CALLBACK, Fixture, param};

fn js(errcode: i32, code: &str) -> String {
    format!("window.wx_errcode={errcode};window.wx_code='{code}';")
}

async fn held_for(millis: u64) -> Fixture {
    Fixture::with(SimConfig { hold: Duration::from_millis(millis), ..SimConfig::default() }).await
}

/// Polls, does something after a moment, and answers what the poll said and how long after that it said it.
async fn wakes(fx: &Fixture, query: &str, act: impl FnOnce()) -> (String, Duration) {
    let url = format!("{}/connect/l/qrconnect?{query}", fx.sim.url());
    let request = fx.http.get(url).send();
    let poll = tokio::spawn(async move { request.await.unwrap().text().await.unwrap() });
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert!(!poll.is_finished(), "held while nothing happens");
    let acted = Instant::now();
    act();
    (poll.await.unwrap(), acted.elapsed())
}

#[tokio::test]
async fn every_change_wakes_the_poll_at_once() {
    let fx = Fixture::new().await;
    let soon = Duration::from_millis(100);
    let uuid = fx.sim.open(&fx.authorize_url("s")).unwrap();
    let (body, after) = wakes(&fx, &format!("uuid={uuid}"), || fx.sim.scan(&uuid).unwrap()).await;
    assert!(body == js(404, "") && after < soon, "{body} after {after:?}");
    let mut callback = String::new();
    let (body, after) = wakes(&fx, &format!("uuid={uuid}&last=404"), || {
        callback = fx.sim.allow(&uuid, "alice").unwrap();
    })
    .await;
    let code = param(&callback, "code").unwrap();
    assert!(body == js(405, &code) && after < soon, "{body} after {after:?}");
    assert_eq!(
        fx.text(&format!("/connect/l/qrconnect?uuid={uuid}&last=404")).await,
        js(405, &code),
        "read again"
    );
    let json = fx.get(&format!("/connect/l/qrconnect?uuid={uuid}&f=json")).await.text().await.unwrap();
    assert_eq!(json, format!(r#"{{"wx_errcode":405,"wx_code":"{code}"}}"#));

    let uuid = fx.sim.open(&fx.authorize_url("s")).unwrap();
    fx.sim.scan(&uuid).unwrap();
    let (body, after) = wakes(&fx, &format!("uuid={uuid}&last=404"), || {
        assert_eq!(fx.sim.deny(&uuid).unwrap(), None, "a refusal brings nothing back");
    })
    .await;
    assert!(body == js(403, "") && after < soon);

    let uuid = fx.sim.open(&fx.authorize_url("s")).unwrap();
    let (body, after) =
        wakes(&fx, &format!("uuid={uuid}"), || fx.sim.advance(Duration::from_secs(300))).await;
    assert!(body == js(402, "") && after < soon, "moving the clock wakes it too");
    let (body, _) = {
        let uuid = fx.sim.open(&fx.authorize_url("s")).unwrap();
        wakes(&fx, &format!("uuid={uuid}"), || fx.sim.reset()).await
    };
    assert_eq!(body, js(402, ""), "a forgotten code counts as expired");
}

#[tokio::test]
async fn the_hold_ends_with_408() {
    let fx = held_for(200).await;
    let uuid = fx.sim.open(&fx.authorize_url("s")).unwrap();
    let started = Instant::now();
    let answer = fx.get(&format!("/connect/l/qrconnect?uuid={uuid}")).await;
    assert_eq!(answer.headers()["content-type"], "text/javascript");
    assert_eq!(answer.text().await.unwrap(), js(408, ""));
    assert!(started.elapsed() >= Duration::from_millis(200));
    let json = fx.text(&format!("/connect/l/qrconnect?uuid={uuid}&f=json")).await;
    assert_eq!(json, r#"{"wx_errcode":408}"#);
    fx.sim.scan(&uuid).unwrap();
    assert_eq!(fx.text(&format!("/connect/l/qrconnect?uuid={uuid}&last=404")).await, js(408, ""));
}

#[tokio::test]
async fn expiry_needs_no_help_of_the_clock() {
    let mut config = SimConfig::default();
    config.lifetimes.qr = Duration::from_millis(300);
    let fx = Fixture::with(config).await;
    let uuid = fx.sim.open(&fx.authorize_url("s")).unwrap();
    let started = Instant::now();
    assert_eq!(fx.text(&format!("/connect/l/qrconnect?uuid={uuid}")).await, js(402, ""));
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn the_state_machine() {
    let fx = held_for(50).await;
    let open = || fx.sim.open(&fx.authorize_url("s")).unwrap();
    assert_eq!(fx.text("/connect/l/qrconnect?uuid=unknown").await, js(402, ""));
    assert!(matches!(fx.sim.scan("unknown"), Err(SimError::UnknownSession(_))));

    let done = open();
    fx.sim.allow(&done, "alice").unwrap();
    assert_eq!(fx.sim.allow(&done, "alice"), Err(SimError::Over), "one code only");
    assert_eq!(fx.sim.deny(&done), Err(SimError::Over));
    assert_eq!(fx.sim.scan(&done), Err(SimError::Over));

    let refused = open();
    fx.sim.deny(&refused).unwrap();
    assert_eq!(fx.sim.allow(&refused, "alice"), Err(SimError::Over));
    fx.sim.set(|switches| switches.rescan_after_denial = true);
    fx.sim.allow(&refused, "alice").unwrap();

    let (waiting, scanned) = (open(), open());
    fx.sim.scan(&scanned).unwrap();
    fx.sim.advance(Duration::from_secs(299));
    assert_eq!(fx.text(&format!("/connect/l/qrconnect?uuid={waiting}")).await, js(408, ""));
    fx.sim.advance(Duration::from_secs(1));
    assert_eq!(fx.sim.allow(&waiting, "alice"), Err(SimError::Expired));
    assert_eq!(fx.text(&format!("/connect/l/qrconnect?uuid={scanned}")).await, js(404, ""));
    fx.sim.set(|switches| switches.scanned_expires = true);
    assert_eq!(fx.text(&format!("/connect/l/qrconnect?uuid={scanned}")).await, js(402, ""));
    fx.sim.set(|switches| switches.poll_forced = Some(500));
    assert_eq!(fx.text(&format!("/connect/l/qrconnect?uuid={scanned}")).await, js(500, ""));
}

#[tokio::test]
async fn the_phone_page_by_http() {
    let fx = held_for(50).await;
    let uuid = fx.sim.open(&fx.authorize_url("s")).unwrap();
    // GET was seen as well as POST, and without our own `user` the first person answers.
    let reply = fx.text(&format!("/connect/confirm_reply?uuid={uuid}&snsapi_login=on&allow=allow")).await;
    assert!(reply.contains("已允许"));
    assert!(fx.text(&format!("/connect/confirm?uuid={uuid}")).await.contains("此次登录已结束"));
    assert!(fx.text("/connect/confirm?uuid=unknown").await.contains("二维码已过期"));
    let uuid = fx.sim.open(&fx.authorize_url("s")).unwrap();
    let reply = fx.text(&format!("/connect/confirm_reply?uuid={uuid}&allow=deny")).await;
    assert!(reply.contains("已拒绝"));
    assert_eq!(fx.text(&format!("/connect/l/qrconnect?uuid={uuid}")).await, js(403, ""));
    let uuid = fx.sim.open(&fx.authorize_url("s")).unwrap();
    let reply = fx.text(&format!("/connect/confirm_reply?uuid={uuid}&allow=allow&user=nobody")).await;
    assert!(reply.contains("系统错误"));
}

#[tokio::test]
async fn the_three_styles_of_refusal() {
    let fx = held_for(50).await;
    let deny = |style| {
        fx.sim.set(|switches| switches.denial = style);
        let uuid = fx.sim.open(&fx.authorize_url("mine")).unwrap();
        (fx.sim.deny(&uuid).unwrap(), format!("/connect/l/qrconnect?uuid={uuid}"))
    };
    let (callback, poll) = deny(Denial::None);
    assert_eq!((callback, fx.text(&poll).await), (None, js(403, "")));
    let (callback, poll) = deny(Denial::StateOnly);
    assert_eq!(callback, Some(format!("{CALLBACK}?state=mine")));
    assert_eq!(fx.text(&poll).await, js(405, ""), "the page goes back without a code");
    let (callback, poll) = deny(Denial::Authdeny);
    assert_eq!(callback, Some(format!("{CALLBACK}?code=authdeny&state=mine")));
    assert_eq!(fx.text(&poll).await, js(405, "authdeny"));
    let (status, answer) = fx.control("deny", json!({ "uuid": "x" })).await;
    assert_eq!((status, answer["error"].as_str()), (404, Some("no QR session x")));
}
