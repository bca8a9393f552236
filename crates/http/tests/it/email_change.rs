//! Moving an account to another e-mail address: confirmed at the new one, told to the old one.

use crate::kit::{assert_error, assert_field};
use crate::mail::{PASSWORD, login, register, registered, token_of, with_mail};
use crate::on_both_engines;
use crate::support::{AWAY, Answer, HOME, On, World};
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    an_account_moves_to_another_address,
    mail_scanner_consumes_link_to_a_new_address,
    a_taken_address_is_refused_without_telling,
    an_address_taken_meanwhile_is_refused,
    moving_needs_a_fresh_sign_in,
    a_move_dies_with_the_session_that_asked,
    a_newer_request_takes_the_older_ones_place,
    an_account_without_an_address_gets_one,
);

async fn ask(world: &World, bearer: &str, email: &str) -> Answer {
    world.post_as(bearer, "accounts/email/change", json!({ "email": email })).await
}

async fn press(world: &World, token: &str) -> Answer {
    let url = world.url("accounts/email/change/confirm");
    Answer::of(world.http.post(url).header("x-forwarded-for", AWAY).form(&[("token", token)])).await
}

fn token(done: &Value) -> &str {
    done["user_token"].as_str().unwrap()
}

async fn an_account_moves_to_another_address(on: On) {
    let (world, mut post) = with_mail(on).await;
    let other = registered(&world, &mut post, "old@example.com").await;
    let mine = login(&world, "old@example.com", PASSWORD).await.ok();
    world.post_from(HOME, "accounts/password/forgot", json!({"email": "old@example.com"})).await.ok();
    let reset = token_of(&post.next().await);
    assert_eq!(ask(&world, token(&mine), " New@Example.com ").await.ok(), json!({"success": true}));
    let mail = post.next().await;
    assert_eq!(mail["to"], "new@example.com");
    assert!(mail["text"].as_str().unwrap().contains("for=change"), "{mail}");
    assert_eq!(login(&world, "old@example.com", PASSWORD).await.status, 200, "nothing has changed yet");

    let pressed = press(&world, &token_of(&mail)).await;
    assert_eq!(pressed.status, 200, "{}", pressed.text);
    let told = post.next().await;
    assert_eq!(told["to"], "old@example.com");
    assert!(told["subject"].as_str().unwrap().contains("address was changed"), "{told}");
    assert!(!told.to_string().contains("new@example.com"), "{told}");
    assert_eq!(login(&world, "old@example.com", PASSWORD).await.code(), "wrong_credentials");
    assert_eq!(login(&world, "new@example.com", PASSWORD).await.ok()["user_id"], mine["user_id"]);
    let me = world.get_as(token(&mine), "accounts/me").await.ok();
    assert_eq!(me["profile"]["email"], "new@example.com", "the session that asked stays");
    assert_error(&world.get_as(token(&other), "accounts/me").await, 401, "invalid_token");
    let again = press(&world, &token_of(&mail)).await;
    assert_eq!(again.status, 410, "{}", again.text);
    let reset = json!({"token": reset, "password": "another horse battery"});
    let reset = world.post_from(HOME, "accounts/password/reset", reset).await;
    assert_eq!(reset.code(), "spent_token", "what was mailed to the old address is void");
    let events = world.get_as(token(&mine), "accounts/export").await.ok();
    let moved =
        events["events"].as_array().unwrap().iter().any(|event| event["type"] == "user.email_changed");
    assert!(moved, "{events}");
}

async fn mail_scanner_consumes_link_to_a_new_address(on: On) {
    let (world, mut post) = with_mail(on).await;
    let done = registered(&world, &mut post, "old@example.com").await;
    ask(&world, token(&done), "new@example.com").await.ok();
    let link = token_of(&post.next().await);
    for _ in 0..3 {
        let page = world.get_from(AWAY, &format!("accounts/email/open?for=change&token={link}")).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("<form") && page.text.contains("new@example.com"), "{}", page.text);
        assert!(page.text.contains("Demo") && !page.text.contains("<script"), "{}", page.text);
        assert!(page.text.contains("<p class=\"place\">Demo</p>"), "{}", page.text);
        assert!(page.text.contains("just now\n"), "{}", page.text);
    }
    assert_eq!(login(&world, "new@example.com", PASSWORD).await.status, 401, "opening the link did nothing");
    let forged = world.http.post(world.url("accounts/email/change/confirm")).form(&[("token", &link)]);
    assert_eq!(Answer::of(forged.header("sec-fetch-site", "cross-site")).await.status, 403);
    let zh = world.http.get(world.url(&format!("accounts/email/open?for=change&token={link}")));
    world.clock.advance(std::time::Duration::from_secs(185));
    let zh = Answer::of(zh.header("accept-language", "zh-CN")).await;
    assert!(zh.text.contains("今后使用此邮箱地址") && zh.text.contains("3 分钟前\n北京时间 "), "{}", zh.text);
    assert_eq!(press(&world, &link).await.status, 200);
    let spent = world.get_from(AWAY, &format!("accounts/email/open?for=change&token={link}")).await;
    assert_eq!(spent.status, 410, "{}", spent.text);
}

async fn a_taken_address_is_refused_without_telling(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, "bob@example.com").await;
    let alice = registered(&world, &mut post, "alice@example.com").await;
    let (taken, free) = (
        ask(&world, token(&alice), "bob@example.com").await,
        ask(&world, token(&alice), "free@example.com").await,
    );
    assert_eq!((taken.status, &taken.text), (free.status, &free.text));
    let mails = [post.next().await, post.next().await];
    let told = mails.iter().find(|mail| mail["to"] == "bob@example.com").unwrap();
    assert!(told["subject"].as_str().unwrap().contains("account already"), "{told}");
    assert!(!told["text"].as_str().unwrap().contains("token="), "{told}");
    assert_field(&ask(&world, token(&alice), "Alice@example.com").await, "email");
    assert_field(&ask(&world, token(&alice), "no address").await, "email");
}

async fn an_address_taken_meanwhile_is_refused(on: On) {
    let (world, mut post) = with_mail(on).await;
    let alice = registered(&world, &mut post, "alice@example.com").await;
    register(&world, "new@example.com").await.ok();
    let registration = token_of(&post.next().await);
    ask(&world, token(&alice), "new@example.com").await.ok();
    let link = token_of(&post.next().await);
    let bob = world.post_from(HOME, "accounts/verify-email", json!({ "token": registration })).await.ok();
    let refused = press(&world, &link).await;
    assert_eq!(refused.status, 410, "{}", refused.text);
    assert!(post.is_quiet().await, "nobody is told of a change that was none");
    assert_eq!(login(&world, "new@example.com", PASSWORD).await.ok()["user_id"], bob["user_id"]);
    assert_eq!(login(&world, "alice@example.com", PASSWORD).await.ok()["user_id"], alice["user_id"]);
}

async fn moving_needs_a_fresh_sign_in(on: On) {
    let (world, mut post) = with_mail(on).await;
    let done = registered(&world, &mut post, "old@example.com").await;
    let by_hand = json!({"city_id": "city_demo", "user_id": done["user_id"]});
    let by_hand = world.admin_post("cities/tokens/apply", by_hand).await;
    assert_error(&ask(&world, token(&by_hand), "new@example.com").await, 403, "reauthentication_required");
    let guest = world.post_from(HOME, "accounts/email/change", json!({"email": "new@example.com"})).await;
    assert_error(&guest, 401, "authentication_required");
    world.clock.advance(Duration::from_secs(301));
    assert_error(&ask(&world, token(&done), "new@example.com").await, 403, "reauthentication_required");
    assert!(post.is_quiet().await);
}

async fn a_move_dies_with_the_session_that_asked(on: On) {
    let (world, mut post) = with_mail(on).await;
    let done = registered(&world, &mut post, "old@example.com").await;
    ask(&world, token(&done), "new@example.com").await.ok();
    let link = token_of(&post.next().await);
    world.post_as(token(&done), "accounts/logout", json!({})).await.ok();
    assert_eq!(press(&world, &link).await.status, 410);
    assert_eq!(login(&world, "old@example.com", PASSWORD).await.status, 200);
    // A new password voids it too, and time does.
    let done = login(&world, "old@example.com", PASSWORD).await.ok();
    ask(&world, token(&done), "new@example.com").await.ok();
    let link = token_of(&post.next().await);
    let change = json!({"current_password": PASSWORD, "password": "another horse battery"});
    world.post_as(token(&done), "accounts/password/change", change).await.ok();
    assert!(post.next().await["subject"].as_str().unwrap().contains("password was changed"));
    assert_eq!(press(&world, &link).await.status, 410);
    ask(&world, token(&done), "later@example.com").await.ok();
    let link = token_of(&post.next().await);
    world.clock.advance(Duration::from_secs(3601));
    assert_eq!(press(&world, &link).await.status, 410);
}

async fn a_newer_request_takes_the_older_ones_place(on: On) {
    let (world, mut post) = with_mail(on).await;
    let alice = registered(&world, &mut post, "alice@example.com").await;
    let bob = registered(&world, &mut post, "bob@example.com").await;
    ask(&world, token(&alice), "first@example.com").await.ok();
    let first = token_of(&post.next().await);
    ask(&world, token(&alice), "second@example.com").await.ok();
    let second = token_of(&post.next().await);
    ask(&world, token(&bob), "second@example.com").await.ok();
    post.next().await;
    assert_eq!(press(&world, &first).await.status, 410);
    assert_eq!(press(&world, &second).await.status, 200, "a stranger's request voids nobody else's");
    assert_eq!(login(&world, "second@example.com", PASSWORD).await.ok()["user_id"], alice["user_id"]);
}

async fn an_account_without_an_address_gets_one(on: On) {
    let (world, mut post) = with_mail(on).await;
    let (first, second) = (world.sign_in("alice").await, world.sign_in("alice").await);
    ask(&world, token(&second), "alice@example.com").await.ok();
    assert_eq!(press(&world, &token_of(&post.next().await)).await.status, 200);
    assert!(post.is_quiet().await, "there is no old address to tell");
    let me = world.get_as(token(&first), "accounts/me").await.ok();
    assert_eq!(me["profile"]["email"], "alice@example.com", "nobody is signed out");
    let list = world.get_as(token(&first), "accounts/identities").await.ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 2, "{list}");
    world.post_from(HOME, "accounts/password/forgot", json!({"email": "alice@example.com"})).await.ok();
    let reset = json!({"token": token_of(&post.next().await), "password": PASSWORD});
    world.post_from(HOME, "accounts/password/reset", reset).await.ok();
    assert_eq!(login(&world, "alice@example.com", PASSWORD).await.ok()["user_id"], second["user_id"]);
}
