//! A sign-in in steps: one state machine for every way in.

use crate::kit::{assert_error, assert_field, pkce};
use crate::mail::{PASSWORD, registered, token_of, with_mail};
use crate::mail_login::{code_of, login_id, wrong};
use crate::on_both_engines;
use crate::person::Browser;
use crate::support::{AWAY, Answer, HOME, On, World};
use serde_json::{Value, json};

on_both_engines!(
    a_provider_by_steps,
    a_mailed_code_by_steps,
    a_password_by_steps,
    the_address_of_a_mailed_code_cannot_be_exchanged,
    a_sign_in_that_somebody_else_finished_hands_nothing_out,
    steps_that_make_no_sense_are_refused,
);

async fn start(world: &World, more: Value) -> Answer {
    let mut body = json!({"provider": "email", "city_id": "city_demo"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.post_from(HOME, "accounts/login/start", body).await
}

async fn go_on(world: &World, login_id: &str, input: Value) -> Answer {
    let body = json!({"login_id": login_id, "input": input, "city_id": "city_demo"});
    world.post_from(HOME, "accounts/login/continue", body).await
}

async fn result(world: &World, from: &str, login_id: &str) -> Answer {
    world.get_from(from, &format!("accounts/login/result?login_id={login_id}")).await
}

fn names(step: &Value) -> Vec<&str> {
    step["inputs"].as_array().unwrap().iter().map(|input| input["name"].as_str().unwrap()).collect()
}

async fn a_provider_by_steps(on: On) {
    let world = World::ready(on).await;
    let step = start(&world, json!({"provider": "wechat"})).await.ok();
    assert_eq!((&step["status"], &step["provider"]), (&json!("redirect_required"), &json!("wechat")));
    assert_eq!(step["login_id"], step["state"]);
    assert_eq!(result(&world, HOME, login_id(&step)).await.ok()["status"], "pending");
    let refused = go_on(&world, login_id(&step), json!({"code": "1234 5678"})).await;
    assert_field(&refused, "login_id");
    let callback = world.allow(step["url"].as_str().unwrap(), "alice");
    world.come_back(HOME, &callback).await;
    assert_error(&result(&world, AWAY, login_id(&step)).await, 403, "other_client");
    let done = result(&world, HOME, login_id(&step)).await.ok();
    assert_eq!((&done["status"], &done["provider"]), (&json!("done"), &json!("wechat")));
    assert_eq!(world.result(login_id(&step)).await.ok(), done, "as oauth/result tells it");
    assert_error(&start(&world, json!({"provider": "nobody"})).await, 400, "unknown_provider");
    assert_error(&start(&world, json!({})).await, 400, "provider_not_configured");
    assert_error(&world.get_from(HOME, "accounts/login/result").await, 400, "state_required");
}

async fn a_mailed_code_by_steps(on: On) {
    let (world, mut post) = with_mail(on).await;
    // There is no page to send a browser to, which is no fault of the settings.
    let body = json!({"provider": "email", "city_id": "city_demo"});
    let refused = world.post_from(HOME, "accounts/oauth/start", body).await;
    let said = assert_error(&refused, 400, "provider_has_no_page");
    assert!(said.contains("email/start") && said.contains("login/start"), "{said}");
    let step = start(&world, json!({})).await.ok();
    assert_eq!((&step["status"], &step["provider"]), (&json!("input_required"), &json!("email")));
    assert_eq!(names(&step), ["email", "password"]);
    assert_eq!((&step["inputs"][0]["type"], &step["inputs"][0]["required"]), (&json!("email"), &json!(true)));
    let next = go_on(&world, login_id(&step), json!({"email": "mei@example.com", "password": ""})).await.ok();
    assert_eq!((&next["status"], names(&next)), (&json!("input_required"), vec!["code"]));
    assert_eq!(next["login_id"], step["login_id"]);
    let code = code_of(&post.next().await);
    let refused = go_on(&world, login_id(&step), json!({"code": wrong(&code)})).await;
    assert_error(&refused, 403, "wrong_code");
    // The mail went astray: once more, with the same code.
    go_on(&world, login_id(&step), json!({"email": "Mei@example.com"})).await.ok();
    assert_eq!(code_of(&post.next().await), code);
    let done = go_on(&world, login_id(&step), json!({ "code": code })).await.ok();
    assert_eq!((&done["status"], &done["provider"]), (&json!("done"), &json!("email")));
    assert_eq!(result(&world, HOME, login_id(&step)).await.ok(), done);
    assert!(done.get("refresh_token").is_none(), "{done}");
    let at_once = start(&world, json!({"email": "mei@example.com", "refresh": true})).await.ok();
    assert_eq!(names(&at_once), ["code"]);
    let code = code_of(&post.next().await);
    let second = go_on(&world, login_id(&at_once), json!({ "code": code })).await.ok();
    assert_eq!(second["user_id"], done["user_id"]);
    let next = json!({"refresh_token": second["refresh_token"]});
    let next = world.post_from(HOME, "accounts/token/refresh", next).await.ok();
    assert_eq!(next["user_id"], second["user_id"]);
    assert_ne!(next["refresh_token"], second["refresh_token"]);
}

async fn a_password_by_steps(on: On) {
    let (world, mut post) = with_mail(on).await;
    let known = registered(&world, &mut post, "lilei@example.com").await;
    let (verifier, challenge) = pkce();
    let step = start(&world, json!({"code_challenge": challenge})).await.ok();
    let typed = |password: &str| json!({"email": "lilei@example.com", "password": password});
    let mut body = json!({"login_id": login_id(&step), "input": typed(PASSWORD)});
    let refused = world.post_from(HOME, "accounts/login/continue", body.clone()).await;
    assert_error(&refused, 403, "code_verifier_required");
    body["code_verifier"] = json!(verifier);
    body["input"] = typed("wrong horse battery");
    let refused = world.post_from(HOME, "accounts/login/continue", body.clone()).await;
    assert_error(&refused, 401, "wrong_credentials");
    body["input"] = json!({"email": "nobody@example.com", "password": PASSWORD});
    let refused = world.post_from(HOME, "accounts/login/continue", body.clone()).await;
    assert_error(&refused, 401, "wrong_credentials");
    body["input"] = typed(PASSWORD);
    let done = world.post_from(HOME, "accounts/login/continue", body).await.ok();
    assert_eq!((&done["status"], &done["user_id"]), (&json!("done"), &known["user_id"]));
    assert!(post.is_quiet().await, "no mail for who knows the password");
}

/// Or the code of one's own mailbox would open another's account.
async fn the_address_of_a_mailed_code_cannot_be_exchanged(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, "victim@example.com").await;
    let step = start(&world, json!({"email": "attacker@example.com"})).await.ok();
    let code = code_of(&post.next().await);
    let exchanged = go_on(&world, login_id(&step), json!({"email": "victim@example.com"})).await;
    assert_field(&exchanged, "email");
    assert!(post.is_quiet().await);
    let done = go_on(&world, login_id(&step), json!({ "code": code })).await.ok();
    let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["email"], "attacker@example.com");
}

/// Whoever started may know a password of their own; the token of the person who clicked is not theirs.
async fn a_sign_in_that_somebody_else_finished_hands_nothing_out(on: On) {
    let (world, mut post) = with_mail(on).await;
    let done = "https://app.example.com/done";
    let body = json!({"city_id": "city_demo", "allowed_redirects": [done]});
    world.admin_post("cities/update", body).await;
    registered(&world, &mut post, "attacker@example.com").await;
    let step = start(&world, json!({"email": "victim@example.com", "return_to": done})).await.ok();
    let link = token_of(&post.next().await);
    let victim = Browser::at(&world, AWAY);
    assert_eq!(victim.submit("accounts/email/enter", &[("token", &link)]).await.status, 303);
    let own = json!({"email": "attacker@example.com", "password": PASSWORD});
    let refused = go_on(&world, login_id(&step), own.clone()).await;
    assert_error(&refused, 410, "already_collected");
    assert_error(&result(&world, HOME, login_id(&step)).await, 403, "login_code_required");
    // The other way round: the victim's click does not sign them in as the attacker.
    let step = start(&world, json!({"email": "victim@example.com", "return_to": done})).await.ok();
    let link = token_of(&post.next().await);
    assert_eq!(go_on(&world, login_id(&step), own).await.ok()["status"], "done");
    assert_eq!(victim.submit("accounts/email/enter", &[("token", &link)]).await.status, 410);
}

async fn steps_that_make_no_sense_are_refused(on: On) {
    let (world, _post) = with_mail(on).await;
    let step = start(&world, json!({})).await.ok();
    for input in [
        json!({}),
        json!({"password": PASSWORD}),
        json!({"email": "a@example.com", "code": "1"}),
        json!({"code": "1", "password": PASSWORD}),
    ] {
        assert_field(&go_on(&world, login_id(&step), input).await, "input");
    }
    let early = go_on(&world, login_id(&step), json!({"code": "1234 5678"})).await;
    assert_error(&early, 410, "spent_token");
    assert_error(&go_on(&world, "unknown", json!({"code": "1"})).await, 404, "unknown_login");
    world.clock.advance(std::time::Duration::from_secs(601));
    let late = go_on(&world, login_id(&step), json!({"email": "a@example.com"})).await;
    assert_error(&late, 410, "login_expired");
}
