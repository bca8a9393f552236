//! The control API, as a test in another language uses it.

use serde_json::{Value, json};

use crate::support::{CALLBACK, Fixture, param};

#[tokio::test]
async fn a_sign_in_driven_from_outside() {
    let fx = Fixture::new().await;
    fx.http.get(fx.authorize_url("state-x")).send().await.unwrap();
    let (status, scanned) = fx.control("scan", json!({ "state": "state-x" })).await;
    assert_eq!(status, 200);
    let state: Value = fx.get("/_sim/state").await.json().await.unwrap();
    assert_eq!(state["sessions"][0]["uuid"], scanned["uuid"]);
    assert_eq!(
        (&state["sessions"][0]["status"], &state["counts"]["qrconnect"]),
        (&"scanned".into(), &1.into())
    );
    let (status, allowed) = fx.control("allow", json!({ "uuid": scanned["uuid"], "user": "lilei" })).await;
    assert_eq!(status, 200);
    let callback = allowed["callback"].as_str().unwrap();
    assert!(callback.starts_with(CALLBACK));
    let tokens = fx.sns(&fx.exchange_path(&param(callback, "code").unwrap())).await;
    assert_eq!(tokens["openid"], fx.sim.openid("lilei", &fx.sim.app().appid));
    let (status, answer) = fx.control("deny", json!({ "state": "state-x" })).await;
    assert_eq!((status, answer["error"].as_str()), (409, Some("the QR session is over")));
    let state: Value = fx.get("/_sim/state").await.json().await.unwrap();
    assert_eq!(state["requests"].as_array().unwrap().last().unwrap()["endpoint"], "access_token");
    assert_eq!(
        (&state["apps"][0]["appid"], &state["users"][1]["id"]),
        (&fx.sim.app().appid.into(), &"alice".into())
    );
    assert!(!state["requests"].to_string().contains(&fx.sim.app().secret), "the log keeps no secret");
}

#[tokio::test]
async fn apps_people_clock_and_reset() {
    let fx = Fixture::new().await;
    let (status, answer) =
        fx.control("apps", json!({ "appid": "wx00000000000000f1", "kind": "mini_program" })).await;
    assert_eq!((status, answer["app"]["secret"].as_str().map(str::len)), (200, Some(32)));
    fx.control("users", json!({ "id": "wang", "nickname": "王五" })).await;
    fx.control("users", json!({ "id": "wang", "nickname": "王小五" })).await;
    assert_eq!(
        fx.sim.people().iter().filter(|person| person.nickname == "王小五").count(),
        1,
        "replaced, not added"
    );
    let before = fx.sim.now_ms();
    let (_, answer) = fx.control("clock", json!({ "advance_ms": 600_000 })).await;
    assert!(answer["now_ms"].as_i64().unwrap() >= before + 600_000);
    fx.control("reset", json!({})).await;
    assert_eq!((fx.sim.apps().len(), fx.sim.people().len()), (1, 3));
    assert!(fx.sim.now_ms() < before + 600_000 && fx.sim.requests().is_empty());
}

#[tokio::test]
async fn what_the_control_api_refuses() {
    let fx = Fixture::new().await;
    for (path, body, status) in [
        ("scan", json!({}), 400),
        ("scan", json!({ "uuid": "a", "state": "b" }), 400),
        ("scan", json!({ "uuid": "a", "usr": "b" }), 400),
        ("allow", json!({ "state": "unknown" }), 404),
        ("clock", json!({ "advance_ms": "soon" }), 400),
        ("apps", json!({ "appid": "wx1", "sort": "x" }), 400),
        ("users", json!({ "id": "a/b", "nickname": "x" }), 400),
        ("users", json!({ "id": "", "nickname": "x" }), 400),
    ] {
        let (got, answer) = fx.control(path, body.clone()).await;
        assert_eq!(got, status, "{path} {body}");
        assert!(answer["error"].is_string());
    }
    // A page of another site can send this form without asking; it must not drive the simulator.
    let plain =
        fx.http.post(format!("{}/_sim/reset", fx.sim.url())).body("{}").header("content-type", "text/plain");
    assert_eq!(plain.send().await.unwrap().status(), 415);
    let large = fx.http.post(format!("{}/_sim/reset", fx.sim.url())).json(&"x".repeat(100_000));
    assert_eq!(large.send().await.unwrap().status(), 413);
}
