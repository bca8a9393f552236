//! return_to: the browser that finished brings a one-time code to the product, and only the code gets the
//! token.

use crate::kit::{assert_error, assert_field, pkce, query_of, start_with, started};
use crate::on_both_engines;
use crate::support::{AWAY, HOME, On, World};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use wechat_sim::Denial;

on_both_engines!(the_code_gets_the_token);

const DONE: &str = "https://app.example.com/done?from=wechat";

async fn listed(on: On) -> World {
    let world = World::ready(on).await;
    let redirects = json!([DONE, "http://127.0.0.1/cb", "http://localhost:3000/cb", "https://localhost/cb"]);
    world.admin_post("cities/update", json!({"city_id": "city_demo", "allowed_redirects": redirects})).await;
    world
}

async fn the_code_gets_the_token(on: On) {
    let world = listed(on).await;
    let (url, state) = started(&world, json!({"return_to": DONE})).await;
    // The browser is on a phone somewhere else: no question is asked, since the code travels with it.
    let back = world.come_back(AWAY, &world.allow(&url, "alice")).await;
    assert_eq!(back.status, 303);
    let location = back.header("location").to_owned();
    assert!(location.starts_with("https://app.example.com/done?from=wechat&"), "{location}");
    assert_eq!(back.header("referrer-policy"), "no-referrer");
    let brought = query_of(&location);
    assert_eq!(brought["state"], state);
    // A code, and no token: neither in the query nor where scripts of the page would find it (RFC 9700 §2.1.2).
    let names: BTreeSet<_> = brought.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["code", "from", "state"]));
    assert!(!location.contains('#') && !location.contains("ub_"), "{location}");
    let code = &brought["code"];
    assert!(code.len() >= 43, "at least 128 random bits");
    assert_error(&world.result(&state).await, 403, "login_code_required");
    let ask = |code: &str| format!("accounts/oauth/result?state={state}&code={code}");
    let wrong = format!("{}{}", &code[..42], if code.ends_with('A') { 'B' } else { 'A' });
    for wrong in [wrong.as_str(), "", "x"] {
        assert_error(&world.get_from(HOME, &ask(wrong)).await, 403, "login_code_wrong");
    }
    let done = world.get_from(HOME, &ask(code)).await.ok();
    assert_eq!(done["status"], "done");
    assert_eq!(world.get_from(HOME, &ask(code)).await.ok(), done, "a lost answer");
    world.clock.advance(Duration::from_secs(61));
    assert_error(&world.get_from(HOME, &ask(code)).await, 410, "already_collected");
}

#[tokio::test]
async fn the_code_of_one_sign_in_is_no_good_for_another() {
    let world = listed(On::Sqlite).await;
    let mut pairs = Vec::new();
    for person in ["alice", "zhangsan"] {
        let (url, state) = started(&world, json!({"return_to": DONE})).await;
        let back = world.come_back(HOME, &world.allow(&url, person)).await;
        pairs.push((state, query_of(back.header("location"))["code"].clone()));
    }
    let crossed = format!("accounts/oauth/result?state={}&code={}", pairs[0].0, pairs[1].1);
    assert_error(&world.get_from(HOME, &crossed).await, 403, "login_code_wrong");
}

#[tokio::test]
async fn loopback_needs_pkce_and_has_a_free_port() {
    let world = listed(On::Sqlite).await;
    for here in ["http://127.0.0.1:51234/cb", "https://localhost/cb"] {
        assert_field(&start_with(&world, json!({"return_to": here})).await, "code_challenge");
    }
    let (verifier, challenge) = pkce();
    let bound = json!({"return_to": "http://127.0.0.1:51234/cb", "code_challenge": challenge});
    let (url, state) = started(&world, bound).await;
    let back = world.come_back(HOME, &world.allow(&url, "alice")).await;
    assert!(back.header("location").starts_with("http://127.0.0.1:51234/cb?state="), "{:?}", back.headers);
    let code = &query_of(back.header("location"))["code"];
    let ask = format!("accounts/oauth/result?state={state}&code={code}");
    assert_error(&world.get_from(HOME, &ask).await, 403, "code_verifier_required");
    let polled = format!("accounts/oauth/result?state={state}&code_verifier={verifier}");
    assert_error(&world.get_from(HOME, &polled).await, 403, "login_code_required");
    let ask = format!("{ask}&code_verifier={verifier}");
    assert_eq!(world.get_from(HOME, &ask).await.ok()["status"], "done");
    for other in ["http://127.0.0.1:51234/other", "http://localhost:3001/cb", "http://127.0.0.2:51234/cb"] {
        let asked = json!({"return_to": other, "code_challenge": pkce().1});
        assert_field(&start_with(&world, asked).await, "return_to");
    }
}

/// A program needs no entry in a list, in any city. The code goes to the machine of whoever finished; where that is elsewhere,
/// they are asked all the same, since nobody may listen there and the starter have them read the address out.
#[tokio::test]
async fn a_program_beside_the_browser_is_in_no_list_and_needs_pkce() {
    let world = World::ready(On::Sqlite).await;
    let here = "http://127.0.0.1:51234/downcity";
    assert_field(&start_with(&world, json!({"return_to": here})).await, "code_challenge");
    let (verifier, challenge) = pkce();
    let (url, state) = started(&world, json!({"return_to": here, "code_challenge": challenge})).await;
    let back = world.come_back(HOME, &world.allow(&url, "alice")).await;
    assert!(back.header("location").starts_with(&format!("{here}?state=")), "{:?}", back.headers);
    let polled = format!("accounts/oauth/result?state={state}&code_verifier={verifier}");
    assert_error(&world.get_from(HOME, &polled).await, 403, "login_code_required");
    let code = &query_of(back.header("location"))["code"];
    assert_eq!(world.get_from(HOME, &format!("{polled}&code={code}")).await.ok()["status"], "done");

    let (verifier, challenge) = pkce();
    let (url, state) = started(&world, json!({"return_to": here, "code_challenge": challenge})).await;
    let back = world.come_back(AWAY, &world.allow(&url, "alice")).await;
    assert!(back.header("location").starts_with("/v1/accounts/oauth/outcome?"), "{:?}", back.headers);
    let polled = format!("accounts/oauth/result?state={state}&code_verifier={verifier}");
    assert_eq!(world.get_from(HOME, &polled).await.ok()["status"], "pending");
}

/// Whoever relies on PKCE is not given what was started without (RFC 9700 §2.1.1).
#[tokio::test]
async fn a_verifier_for_what_was_started_without_a_challenge_is_refused() {
    let world = listed(On::Sqlite).await;
    let (url, state) = started(&world, json!({"return_to": DONE})).await;
    let back = world.come_back(HOME, &world.allow(&url, "alice")).await;
    let code = &query_of(back.header("location"))["code"];
    let ask = format!("accounts/oauth/result?state={state}&code={code}");
    let with = format!("{ask}&code_verifier={}", pkce().0);
    assert_error(&world.get_from(HOME, &with).await, 403, "code_verifier_wrong");
    assert_eq!(world.get_from(HOME, &ask).await.ok()["status"], "done", "nothing was used up");
}

#[tokio::test]
async fn a_failure_travels_as_error() {
    let world = listed(On::Sqlite).await;
    world.sim.set(|s| s.denial = Denial::Authdeny);
    let (url, state) = started(&world, json!({"return_to": DONE})).await;
    let uuid = world.sim.open(&url).unwrap();
    world.sim.scan(&uuid).unwrap();
    let callback = world.sim.deny(&uuid).unwrap().unwrap();
    let back = world.come_back(HOME, &callback).await;
    let brought = query_of(back.header("location"));
    assert_eq!(back.status, 303);
    assert_eq!((brought["error"].as_str(), brought["state"].as_str()), ("access_denied", state.as_str()));
    assert!(!brought.contains_key("code"));
    let told = world.result(&state).await.ok();
    assert_eq!((&told["status"], &told["code"]), (&json!("failed"), &json!("access_denied")));
}

#[tokio::test]
async fn a_browser_that_comes_too_late_is_sent_back_to_the_product() {
    let world = listed(On::Sqlite).await;
    let (url, state) = started(&world, json!({"return_to": DONE})).await;
    let callback = world.allow(&url, "alice");
    world.clock.advance(std::time::Duration::from_secs(601));
    let back = world.come_back(HOME, &callback).await;
    assert!(back.header("location").starts_with(DONE), "{}", back.header("location"));
    let brought = query_of(back.header("location"));
    assert_eq!((brought["error"].as_str(), brought["state"].as_str()), ("login_expired", state.as_str()));
    assert_eq!(world.sim.count("access_token"), 0, "the code was sent nowhere");
    assert_error(&world.result(&state).await, 410, "login_expired");
}

#[tokio::test]
async fn a_reload_of_the_callback_brings_the_browser_there_again() {
    let world = listed(On::Sqlite).await;
    let (url, _) = started(&world, json!({"return_to": DONE})).await;
    let callback = world.allow(&url, "alice");
    let first = world.come_back(HOME, &callback).await.header("location").to_owned();
    assert_eq!(world.come_back(HOME, &callback).await.header("location"), first);
    assert_eq!(world.sim.count("access_token"), 1);
    // Another code with the same state is not the browser that finished: it learns nothing.
    let other = callback.replace(&query_of(&callback)["code"], "someothercode");
    let other = world.come_back(AWAY, &other).await;
    assert!(!other.header("location").contains("app.example.com"), "{}", other.header("location"));
    assert!(!other.header("location").contains("code="));
}
