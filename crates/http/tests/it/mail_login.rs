//! Signing in with a mailed code or link, with a real SMTP server taking the mails.

use crate::at_rest::{by_byte, database};
use crate::kit::{assert_error, assert_field, pkce, query_of};
use crate::mail::{PASSWORD, registered, token_of, with_mail};
use crate::on_both_engines;
use crate::person::Browser;
use crate::support::{AWAY, Answer, HOME, On, World};
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    a_mailed_code_signs_in_and_makes_the_account,
    the_answer_is_the_same_for_every_address,
    five_wrong_codes_end_the_tries,
    a_code_is_bound_to_the_client_that_started,
    a_code_is_good_once_and_for_ten_minutes,
    a_mailed_link_hands_nothing_to_whoever_started,
    a_mailed_link_signs_in_the_browser_that_started,
    a_mailed_link_goes_on_to_the_product,
    a_mailed_link_that_leads_to_a_program_works_where_it_was_asked_for,
    mail_scanner_consumes_link_to_sign_in,
    a_verifier_is_asked_for_before_the_code_is_used,
    mfa_or_disable_check_skipped_on_mailed_code,
    nothing_of_a_mailed_sign_in_is_stored_in_clear,
    a_new_password_voids_mailed_codes,
    ending_all_sessions_voids_what_was_mailed_before,
    what_was_mailed_is_forgotten_in_time,
);

const DONE: &str = "https://app.example.com/done";

/// Starts with an address, with more fields; gives the answer.
pub(crate) async fn start(world: &World, from: &str, email: &str, more: Value) -> Answer {
    let mut body = json!({"email": email, "city_id": "city_demo"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.post_from(from, "accounts/email/start", body).await
}

pub(crate) fn login_id(started: &Value) -> &str {
    started["login_id"].as_str().unwrap()
}

/// The code in a mail, as it is written there.
pub(crate) fn code_of(mail: &Value) -> String {
    let line = mail["text"].as_str().unwrap().lines().map(str::trim);
    let digits = |line: &&str| line.len() == 9 && line.bytes().all(|b| b.is_ascii_digit() || b == b' ');
    line.into_iter().find(digits).expect("a code").to_owned()
}

async fn finish(world: &World, from: &str, login_id: &str, code: &str) -> Answer {
    let body = json!({"login_id": login_id, "code": code, "city_id": "city_demo"});
    world.post_from(from, "accounts/email/finish", body).await
}

/// A code that is surely another one.
pub(crate) fn wrong(code: &str) -> String {
    let last = if code.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &code[..code.len() - 1])
}

async fn may_return(world: &World) {
    let body = json!({"city_id": "city_demo", "allowed_redirects": [DONE]});
    world.admin_post("cities/update", body).await;
}

async fn a_mailed_code_signs_in_and_makes_the_account(on: On) {
    let (world, mut post) = with_mail(on).await;
    let started = start(&world, HOME, " Mei@Example.com", json!({"lang": "zh"})).await.ok();
    let mail = post.next().await;
    assert_eq!(mail["to"], "mei@example.com");
    let code = code_of(&mail);
    assert!(mail["subject"].as_str().unwrap().contains("登录验证码"), "{mail}");
    assert!(mail["html"].as_str().unwrap().contains(&code), "{mail}");
    assert!(!mail["subject"].as_str().unwrap().contains(&code[..4]), "locked screens show subjects: {mail}");
    let path = format!("accounts/login/result?login_id={}", login_id(&started));
    assert_eq!(world.get_from(HOME, &path).await.ok()["status"], "pending");
    // Typed on another network, as phones do.
    let done = finish(&world, AWAY, login_id(&started), &code).await.ok();
    assert_eq!((&done["email"], &done["city_id"]), (&json!("mei@example.com"), &json!("city_demo")));
    let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["email"], "mei@example.com");
    assert_eq!(me["session"]["provider"], "email", "{me}");

    let again = start(&world, HOME, "mei@example.com", json!({})).await.ok();
    let code = code_of(&post.next().await).replace(' ', "");
    // From where they were before: anywhere else there would be a mail about that.
    assert_eq!(finish(&world, AWAY, login_id(&again), &code).await.ok()["user_id"], done["user_id"]);
    let known = registered(&world, &mut post, "lilei@example.com").await;
    let third = start(&world, HOME, "lilei@example.com", json!({})).await.ok();
    let code = code_of(&post.next().await);
    assert_eq!(finish(&world, HOME, login_id(&third), &code).await.ok()["user_id"], known["user_id"]);
}

async fn the_answer_is_the_same_for_every_address(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, "known@example.com").await;
    let mut shapes = Vec::new();
    for email in ["known@example.com", "new@example.com"] {
        let answer = start(&world, HOME, email, json!({})).await;
        let body = answer.ok();
        let mut names: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
        names.sort();
        shapes.push((answer.status, names, login_id(&body).len()));
        let mail = post.next().await;
        shapes.push((0, vec![mail["subject"].as_str().unwrap().to_owned()], 0));
    }
    assert_eq!(shapes[0], shapes[2]);
    assert_eq!(shapes[1], shapes[3], "the mails are the same, too");
    // An address that had enough mails is answered just the same, and nothing opens it.
    for _ in 0..2 {
        start(&world, HOME, "new@example.com", json!({})).await.ok();
        post.next().await;
    }
    let started = start(&world, AWAY, "new@example.com", json!({})).await.ok();
    assert!(post.is_quiet().await, "an address gets three mails in a quarter of an hour");
    assert_error(&finish(&world, AWAY, login_id(&started), "1234 5678").await, 410, "spent_token");
    assert_field(&start(&world, HOME, "no address", json!({})).await, "email");
    let city = json!({"email": "new@example.com", "city_id": "city_none"});
    let city = world.post_from(HOME, "accounts/email/start", city).await;
    assert_error(&city, 404, "unknown_city");
    let callback = format!("accounts/oauth/callback?state={}&code=1234", login_id(&started));
    let callback = world.get_from(HOME, &callback).await;
    assert!(callback.header("location").ends_with("problem=unknown_login"), "{callback:?}");
    let path = format!("accounts/oauth/result?state={}", login_id(&started));
    assert_eq!(world.get_from(HOME, &path).await.ok()["status"], "pending");
}

async fn five_wrong_codes_end_the_tries(on: On) {
    let (world, mut post) = with_mail(on).await;
    let started = start(&world, AWAY, "mei@example.com", json!({})).await.ok();
    let code = code_of(&post.next().await);
    let bad = wrong(&code);
    let guesses = (0..20).map(|_| finish(&world, AWAY, login_id(&started), &bad));
    let answers = futures::future::join_all(guesses).await;
    let wrong = answers.iter().filter(|answer| answer.code() == "wrong_code").count();
    let over = answers.iter().filter(|answer| answer.code() == "spent_token").count();
    assert_eq!((wrong, over), (5, 15), "guesses at the same time count like the others");
    assert_error(&finish(&world, AWAY, login_id(&started), &code).await, 410, "spent_token");
    let users = downcity_store::testing::number(&world.store, "select count(*) from users").await;
    assert_eq!(users, 0);
    // The owner is not locked out by that.
    let started = start(&world, HOME, "mei@example.com", json!({})).await.ok();
    let code = code_of(&post.next().await);
    assert_error(&finish(&world, HOME, login_id(&started), "").await, 403, "wrong_code");
    assert_eq!(finish(&world, HOME, login_id(&started), &code).await.status, 200);
}

async fn a_code_is_bound_to_the_client_that_started(on: On) {
    let (world, mut post) = with_mail(on).await;
    let theirs = start(&world, AWAY, "mei@example.com", json!({})).await.ok();
    post.next().await;
    let mine = start(&world, HOME, "mei@example.com", json!({})).await.ok();
    let code = code_of(&post.next().await);
    assert_error(&finish(&world, AWAY, login_id(&theirs), &code).await, 403, "wrong_code");
    let unknown = "A".repeat(43);
    assert_error(&finish(&world, AWAY, &unknown, &code).await, 404, "unknown_login");
    assert_error(&finish(&world, AWAY, "", &code).await, 404, "unknown_login");
    let (_, state) = world.start().await;
    assert_field(&finish(&world, AWAY, &state, &code).await, "login_id");
    assert_eq!(finish(&world, HOME, login_id(&mine), &code).await.status, 200);
}

async fn a_code_is_good_once_and_for_ten_minutes(on: On) {
    let (world, mut post) = with_mail(on).await;
    let started = start(&world, HOME, "mei@example.com", json!({})).await.ok();
    let code = code_of(&post.next().await);
    let (first, second) = tokio::join!(
        finish(&world, HOME, login_id(&started), &code),
        finish(&world, HOME, login_id(&started), &code)
    );
    assert_eq!(
        first.ok(),
        second.ok(),
        "an answer that was lost may be asked for again, from the same place"
    );
    assert_error(&finish(&world, AWAY, login_id(&started), &code).await, 410, "already_collected");
    let sessions = downcity_store::testing::number(&world.store, "select count(*) from sessions").await;
    assert_eq!(sessions, 1);
    world.clock.advance(Duration::from_secs(61));
    assert_error(&finish(&world, HOME, login_id(&started), &code).await, 410, "already_collected");
    let started = start(&world, HOME, "mei@example.com", json!({})).await.ok();
    let mail = post.next().await;
    world.clock.advance(Duration::from_secs(601));
    let late = finish(&world, HOME, login_id(&started), &code_of(&mail)).await;
    assert_error(&late, 410, "login_expired");
    let link = format!("accounts/email/open?for=sign_in&token={}", token_of(&mail));
    assert_eq!(world.get_from(HOME, &link).await.status, 410);
}

/// `polled_result_phished`, by mail: somebody starts with another person's address and waits for their click.
async fn a_mailed_link_hands_nothing_to_whoever_started(on: On) {
    let (world, mut post) = with_mail(on).await;
    let attacker = Browser::at(&world, AWAY);
    let body = json!({"email": "victim@example.com", "city_id": "city_demo"});
    let started = attacker.call("accounts/email/start", body).await.ok();
    let link = token_of(&post.next().await);
    for victim in [Browser::at(&world, HOME), Browser::at(&world, AWAY)] {
        let page = victim.page(&format!("/v1/accounts/email/open?for=sign_in&token={link}")).await;
        assert_eq!(page.answer.status, 200);
        assert!(page.answer.text.contains("did not start the sign-in"), "{}", page.answer.text);
        assert!(!page.answer.text.contains("<form"), "{}", page.answer.text);
        let pressed = victim.submit("accounts/email/enter", &[("token", &link)]).await;
        assert_eq!(pressed.status, 403, "{}", pressed.text);
        victim.set_cookie("dc_login", &"x".repeat(43));
        assert_eq!(victim.submit("accounts/email/enter", &[("token", &link)]).await.status, 403);
    }
    let waiting = format!("/v1/accounts/login/result?login_id={}", login_id(&started));
    assert_eq!(attacker.get(&waiting).await.ok()["status"], "pending");
}

async fn a_mailed_link_signs_in_the_browser_that_started(on: On) {
    let (world, mut post) = with_mail(on).await;
    let browser = Browser::at(&world, HOME);
    let body = json!({"email": "mei@example.com", "city_id": "city_demo"});
    let started = browser.call("accounts/email/start", body).await.ok();
    let link = token_of(&post.next().await);
    let page = browser.page(&format!("/v1/accounts/email/open?for=sign_in&token={link}")).await;
    assert!(page.answer.text.contains("mei@example.com") && page.answer.text.contains("Demo"));
    let forged = world.http.post(world.url("accounts/email/enter")).form(&[("token", &link)]);
    assert_eq!(Answer::of(forged.header("sec-fetch-site", "cross-site")).await.status, 403);
    let pressed = browser.submit("accounts/email/enter", &[("token", &link)]).await;
    assert_eq!(pressed.status, 303, "{}", pressed.text);
    assert!(!pressed.header("location").contains(&link), "{}", pressed.header("location"));
    let page = browser.page(pressed.header("location")).await;
    assert!(page.answer.text.contains("E-mail has confirmed you"), "{}", page.answer.text);
    let result = format!("/v1/accounts/login/result?login_id={}", login_id(&started));
    let elsewhere = Browser::at(&world, AWAY);
    assert_error(&elsewhere.get(&result).await, 403, "other_client");
    let done = browser.get(&result).await.ok();
    assert_eq!((&done["status"], &done["provider"]), (&json!("done"), &json!("email")));
    let again = browser.submit("accounts/email/enter", &[("token", &link)]).await;
    assert_eq!(again.status, 303, "pressing twice shows the outcome");
    world.clock.advance(Duration::from_secs(61));
    assert_error(&browser.get(&result).await, 410, "already_collected");
}

async fn a_mailed_link_goes_on_to_the_product(on: On) {
    let (world, mut post) = with_mail(on).await;
    may_return(&world).await;
    let elsewhere = json!({"return_to": "https://evil.example.com/"});
    assert_field(&start(&world, HOME, "mei@example.com", elsewhere).await, "return_to");
    let started = start(&world, HOME, "mei@example.com", json!({"return_to": DONE})).await.ok();
    let link = token_of(&post.next().await);
    // The mail is read on a phone; the phone is signed in, and the product there names whom.
    let phone = Browser::at(&world, AWAY);
    let page = phone.page(&format!("/v1/accounts/email/open?for=sign_in&token={link}")).await;
    assert!(page.answer.text.contains("mei@example.com"), "{}", page.answer.text);
    assert!(page.answer.text.contains(HOME), "where it was started: {}", page.answer.text);
    let pressed = phone.submit("accounts/email/enter", &[("token", &link)]).await;
    let page = phone.page(pressed.header("location")).await;
    let onward = page.answer.text.split("0;url=").nth(1).expect("goes on").split('"').next().unwrap();
    let onward = onward.replace("&amp;", "&").replace("&#38;", "&");
    assert!(onward.starts_with(DONE), "{onward}");
    let brought = query_of(&onward);
    assert_eq!(brought["state"], login_id(&started));
    let result = format!("accounts/login/result?login_id={}", login_id(&started));
    assert_error(&world.get_from(HOME, &result).await, 403, "login_code_required");
    let done = world.get_from(AWAY, &format!("{result}&code={}", brought["code"])).await.ok();
    assert_eq!(done["status"], "done");
    let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["email"], "mei@example.com");
}

/// On the person's own machine there may be nobody who takes the code, and the starter have it read out.
async fn a_mailed_link_that_leads_to_a_program_works_where_it_was_asked_for(on: On) {
    let (world, mut post) = with_mail(on).await;
    let program = json!({"return_to": "http://127.0.0.1:51234/downcity", "code_challenge": pkce().1});
    let started = start(&world, HOME, "mei@example.com", program).await.ok();
    let link = token_of(&post.next().await);
    let phone = Browser::at(&world, AWAY);
    let pressed = phone.submit("accounts/email/enter", &[("token", &link)]).await;
    assert_ne!(pressed.status, 303, "{}", pressed.text);
    let path = format!("accounts/login/result?login_id={}", login_id(&started));
    assert_error(&world.get_from(HOME, &path).await, 403, "code_verifier_required");
}

async fn mail_scanner_consumes_link_to_sign_in(on: On) {
    let (world, mut post) = with_mail(on).await;
    may_return(&world).await;
    let started = start(&world, HOME, "mei@example.com", json!({"return_to": DONE})).await.ok();
    let mail = post.next().await;
    for _ in 0..3 {
        let link = format!("accounts/email/open?for=sign_in&token={}", token_of(&mail));
        let page = world.get_from(AWAY, &link).await;
        assert!(page.text.contains("<form") && !page.text.contains("<script"), "{}", page.text);
    }
    let path = format!("accounts/login/result?login_id={}", login_id(&started));
    assert_eq!(world.get_from(HOME, &path).await.ok()["status"], "pending", "opening the link did nothing");
    assert_eq!(finish(&world, HOME, login_id(&started), &code_of(&mail)).await.status, 200);
}

async fn a_verifier_is_asked_for_before_the_code_is_used(on: On) {
    let (world, mut post) = with_mail(on).await;
    let (verifier, challenge) = pkce();
    let started = start(&world, HOME, "mei@example.com", json!({"code_challenge": challenge})).await.ok();
    let code = code_of(&post.next().await);
    for _ in 0..6 {
        let refused = finish(&world, HOME, login_id(&started), &code).await;
        assert_error(&refused, 403, "code_verifier_required");
    }
    let mut body = json!({"login_id": login_id(&started), "code": code, "code_verifier": "x".repeat(43)});
    let refused = world.post_from(HOME, "accounts/email/finish", body.clone()).await;
    assert_error(&refused, 403, "code_verifier_wrong");
    body["code_verifier"] = json!(verifier);
    assert_eq!(world.post_from(HOME, "accounts/email/finish", body).await.status, 200);
}

/// Lines 22 and 26: the checks for disabled users and paused cities stand on this way in, too.
async fn mfa_or_disable_check_skipped_on_mailed_code(on: On) {
    let (world, mut post) = with_mail(on).await;
    let known = registered(&world, &mut post, "lilei@example.com").await;
    world.admin_post("accounts/users/disable", json!({"user_id": known["user_id"]})).await;
    let started = start(&world, HOME, "lilei@example.com", json!({})).await.ok();
    let code = code_of(&post.next().await);
    assert_error(&finish(&world, HOME, login_id(&started), &code).await, 403, "user_disabled");
    let started = start(&world, HOME, "mei@example.com", json!({})).await.ok();
    let code = code_of(&post.next().await);
    world.admin_post("cities/pause", json!({"city_id": "city_demo"})).await;
    assert_error(&finish(&world, HOME, login_id(&started), &code).await, 403, "city_paused");
    assert_error(&start(&world, HOME, "new@example.com", json!({})).await, 403, "city_paused");
    let users = downcity_store::testing::number(&world.store, "select count(*) from users").await;
    assert_eq!(users, 1, "nobody was made");
}

async fn nothing_of_a_mailed_sign_in_is_stored_in_clear(on: On) {
    let (world, mut post) = with_mail(on).await;
    let started = start(&world, HOME, "mei@example.com", json!({})).await.ok();
    let mail = post.next().await;
    let (code, link) = (code_of(&mail), token_of(&mail));
    let stored = by_byte(&database(&world, on));
    assert!(stored.contains("mei@example.com"), "the search finds what is stored");
    for secret in [code.as_str(), &code.replace(' ', ""), &link, login_id(&started)] {
        assert!(!stored.contains(secret), "{secret}");
    }
}

async fn a_new_password_voids_mailed_codes(on: On) {
    let (world, mut post) = with_mail(on).await;
    let known = registered(&world, &mut post, "lilei@example.com").await;
    let started = start(&world, HOME, "lilei@example.com", json!({})).await.ok();
    let code = code_of(&post.next().await);
    let change = json!({"current_password": PASSWORD, "password": "another horse battery"});
    let token = known["user_token"].as_str().unwrap();
    world.post_as(token, "accounts/password/change", change).await.ok();
    assert_error(&finish(&world, HOME, login_id(&started), &code).await, 410, "spent_token");
}

/// Whoever could read the mails for a while has read them.
async fn ending_all_sessions_voids_what_was_mailed_before(on: On) {
    let (world, mut post) = with_mail(on).await;
    let known = registered(&world, &mut post, "lilei@example.com").await;
    let started = start(&world, HOME, "lilei@example.com", json!({})).await.ok();
    let code = code_of(&post.next().await);
    let forgot = json!({"email": "lilei@example.com"});
    world.post_from(HOME, "accounts/password/forgot", forgot).await.ok();
    let reset = token_of(&post.next().await);
    world.clock.advance(Duration::from_secs(1));
    let token = known["user_token"].as_str().unwrap();
    world.post_as(token, "accounts/sessions/revoke-others", json!({})).await.ok();
    assert_error(&finish(&world, HOME, login_id(&started), &code).await, 410, "login_expired");
    let body = json!({"token": reset, "password": "another horse battery"});
    assert_error(&world.post_from(HOME, "accounts/password/reset", body).await, 410, "spent_token");
    let body = json!({"email": "lilei@example.com", "password": PASSWORD, "city_id": "city_demo"});
    world.post_from(HOME, "accounts/login", body).await.ok();
}

/// Line 12: what anybody can make us store has an end.
async fn what_was_mailed_is_forgotten_in_time(on: On) {
    let (world, mut post) = with_mail(on).await;
    start(&world, HOME, "mei@example.com", json!({})).await.ok();
    post.next().await;
    let tokens =
        async || downcity_store::testing::number(&world.store, "select count(*) from mail_tokens").await;
    world.store.sweep(world.federation.now()).await.unwrap();
    assert_eq!(tokens().await, 1);
    world.clock.advance(Duration::from_secs(600 + 24 * 3600 + 1));
    world.store.sweep(world.federation.now()).await.unwrap();
    assert_eq!(tokens().await, 0);
}
