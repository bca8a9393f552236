//! Switches as a whole: partial updates, refusals that name the key, and the ones no other file shows.

use serde_json::{Value, json};
use wechat_sim::{App, Switches};

use crate::support::{Fixture, param};

#[tokio::test]
async fn a_partial_update_leaves_the_rest() {
    let fx = Fixture::new().await;
    let (status, _) = fx.control("switches", json!({ "denial": "authdeny", "token_delay_ms": 5 })).await;
    assert_eq!(status, 200);
    let fault = json!({ "token_fault": { "kind": "errcode", "errcode": 45011, "times": 2 } });
    let (status, answer) = fx.control("switches", fault).await;
    assert_eq!((status, answer["switches"]["denial"].as_str()), (200, Some("authdeny")));
    assert_eq!(answer["switches"]["token_fault"]["after_work"], false);
    let (_, answer) = fx.control("switches", json!({ "token_fault": null })).await;
    assert_eq!(answer["switches"]["token_fault"], Value::Null);
    fx.control("reset", json!({})).await;
    assert_eq!(fx.sim.switches(), Switches::default());
}

#[tokio::test]
async fn a_wrong_key_or_value_is_named_and_changes_nothing() {
    let fx = Fixture::new().await;
    for (patch, named) in [
        (json!({ "denial": "authdeny", "nonsense": 1 }), "`nonsense`"),
        (json!({ "denial": "perhaps" }), "`denial`"),
        (json!({ "token_delay_ms": -1 }), "`token_delay_ms`"),
        (json!({ "token_fault": { "kind": "hang", "forever": true } }), "`token_fault`"),
        (json!([]), "object"),
    ] {
        let (status, answer) = fx.control("switches", patch.clone()).await;
        assert_eq!(status, 400, "{patch}");
        assert!(answer["error"].as_str().unwrap().contains(named), "{answer}");
        assert_eq!(fx.sim.switches(), Switches::default());
    }
}

#[tokio::test]
async fn a_code_of_another_app_in_the_callback() {
    let fx = Fixture::new().await;
    let other = App::website("wx00000000000000e1");
    fx.sim.put_app(other.clone());
    fx.sim.set(|switches| switches.code_of_app = Some(other.appid.clone()));
    let callback = fx.sim.sign_in_as(&fx.authorize_url("s"), "alice").unwrap();
    let code = param(&callback, "code").unwrap();
    assert_eq!(fx.sns(&fx.exchange_path(&code)).await["errcode"], 40029);
    let app = fx.sim.app();
    let path = fx.exchange_path(&code).replace(&app.appid, &other.appid).replace(&app.secret, &other.secret);
    assert!(fx.sns(&path).await["access_token"].is_string(), "valid, but not ours");
}

#[test]
fn the_readme_names_every_switch() {
    let readme = include_str!("../../README.md");
    let switches = serde_json::to_value(Switches::default()).unwrap();
    for name in switches.as_object().unwrap().keys() {
        assert!(readme.contains(&format!("`{name}`")), "README.md lacks the switch {name}");
    }
}
