//! People are mailed of a sign-in that is new for them, and end it by the link (security requirements M10 and P14).

use crate::at_rest::{by_byte, database};
use crate::kit::{admin_get, assert_error, query_of, started};
use crate::mail::{PASSWORD, Post, registered, token_of, with_mail};
use crate::on_both_engines;
use crate::person::Browser;
use crate::support::{AWAY, Answer, HOME, On, World};
use downcity_store::testing::{number, tamper};
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    a_new_sign_in_is_mailed_and_ended_by_its_link,
    the_first_sign_in_and_a_known_client_are_no_news,
    who_has_no_address_is_told_as_before,
    a_cross_device_sign_in_is_told_with_both_ends,
    a_products_server_is_not_taken_for_the_persons_browser,
    nobody_is_flooded_with_mails_about_sign_ins,
    an_operator_stops_the_mails,
    the_mail_speaks_the_persons_language,
    an_account_that_slept_is_told_of_its_first_sign_in,
);

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36";
const NEWER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36";
const ADDRESS: &str = "lilei@example.com";

fn token(done: &Value) -> &str {
    done["user_token"].as_str().unwrap()
}

async fn login(browser: &Browser<'_>) -> Answer {
    browser
        .call("accounts/login", json!({"email": ADDRESS, "password": PASSWORD, "city_id": "city_demo"}))
        .await
}

/// How many mails about sign-ins were ever asked for.
async fn told(world: &World) -> i64 {
    number(&world.store, "select count(*) from outbox where kind = 'mail' and event_id is not null").await
}

async fn signed_in_events(world: &World, user_id: &str) -> Vec<Value> {
    let path = format!("accounts/events?type=user.signed_in&user_id={user_id}");
    admin_get(world, &path).await.ok()["items"].as_array().unwrap().clone()
}

/// The next mail, which is about a sign-in.
async fn news(post: &mut Post) -> Value {
    let mail = post.next().await;
    assert!(mail["text"].as_str().unwrap().contains("for=end_session"), "{mail}");
    mail
}

async fn a_new_sign_in_is_mailed_and_ended_by_its_link(on: On) {
    let (world, mut post) = with_mail(on).await;
    for other in ["anna@example.com", "zhang@example.com"] {
        registered(&world, &mut post, other).await;
    }
    let first = registered(&world, &mut post, ADDRESS).await;
    let theirs = login(&Browser::at(&world, AWAY).agent(CHROME)).await.ok();
    let mail = news(&mut post).await;
    assert_eq!(mail["to"], ADDRESS);
    assert!(mail["subject"].as_str().unwrap().contains("New sign-in to your account"), "{mail}");
    for part in ["text", "html"] {
        let said = mail[part].as_str().unwrap();
        for fact in ["Demo", "Chrome · Windows", AWAY, " UTC"] {
            assert!(said.contains(fact), "{fact} in {said}");
        }
        assert!(!said.contains("AppleWebKit"), "nothing of what a client says of itself goes out: {said}");
    }
    let link = token_of(&mail);
    assert!(link.len() >= 43, "256 random bits");
    let stored = by_byte(&database(&world, on));
    assert!(!stored.contains(&by_byte(link.as_bytes())), "only a digest is stored");

    // Looking ends nothing, however often a scanner looks, and the token is good for nothing else.
    let reader = Browser::at(&world, "203.0.113.9");
    for _ in 0..2 {
        let page = reader.page(&format!("/v1/accounts/email/open?for=end_session&token={link}")).await;
        assert!(
            page.shows("End this sign-in?") && page.shows(AWAY) && page.shows("<p class=\"place\">Demo</p>"),
            "{}",
            page.answer.text
        );
        assert_eq!(world.get_as(token(&theirs), "accounts/me").await.status, 200);
    }
    for other in ["accounts/email/confirm", "accounts/email/enter", "accounts/email/change/confirm"] {
        assert_eq!(reader.submit(other, &[("token", &link)]).await.status, 410, "{other}");
    }
    let forged = [("sec-fetch-site", "cross-site")];
    let path = "/v1/accounts/email/end-session";
    assert_eq!(reader.post(path, &[("token", &link)], &forged).await.status, 403);
    assert_eq!(reader.submit("accounts/email/end-session", &[("token", &"A".repeat(43))]).await.status, 410);
    assert_eq!(world.get_as(token(&theirs), "accounts/me").await.status, 200);

    let ended = reader.submit("accounts/email/end-session", &[("token", &link)]).await;
    assert_eq!(ended.status, 200, "{}", ended.text);
    assert!(ended.text.contains("That sign-in is ended"), "{}", ended.text);
    assert_error(&world.get_as(token(&theirs), "accounts/me").await, 401, "invalid_token");
    assert_eq!(world.get_as(token(&first), "accounts/me").await.status, 200, "the others stay");
    assert_eq!(reader.submit("accounts/email/end-session", &[("token", &link)]).await.status, 410);
    let gone = reader.page(&format!("/v1/accounts/email/open?for=end_session&token={link}")).await;
    assert!(gone.answer.status == 410 && gone.shows("not good any more"), "{}", gone.answer.text);
    let list = admin_get(&world, "accounts/events?type=session.revoked").await.ok();
    assert_eq!(list["items"][0]["detail"]["by"], "mailed link", "{list}");
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
}

async fn the_first_sign_in_and_a_known_client_are_no_news(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, ADDRESS).await;
    assert_eq!(told(&world).await, 0, "the first is no news");
    login(&Browser::at(&world, AWAY).agent(CHROME)).await.ok();
    news(&mut post).await;
    login(&Browser::at(&world, AWAY).agent(CHROME)).await.ok();
    login(&Browser::at(&world, AWAY).agent(NEWER)).await.ok();
    assert_eq!(told(&world).await, 1, "nor the same browser, nor a newer version of it");
    login(&Browser::at(&world, AWAY).agent("evil.example/1")).await.ok();
    let mail = news(&mut post).await;
    assert!(!mail.to_string().contains("evil.example"), "no client writes in our name: {mail}");
    login(&Browser::at(&world, "203.0.113.5").agent(CHROME)).await.ok();
    assert!(news(&mut post).await.to_string().contains("203.0.113.5"), "another network is");
    assert_eq!(told(&world).await, 3);
}

async fn who_has_no_address_is_told_as_before(on: On) {
    let (world, _post) = with_mail(on).await;
    let first = world.sign_in("alice").await;
    let (url, state) = world.start().await;
    let finisher = Browser::at(&world, AWAY).agent(CHROME);
    finisher.press(&finisher.come_back(&world.allow(&url, "alice")).await, "allow").await;
    let second = world.result(&state).await.ok();
    assert_eq!(second["user_id"], first["user_id"]);
    assert_eq!(number(&world.store, "select count(*) from outbox").await, 0);
    let list = world.get_as(token(&second), "accounts/sessions/mine").await.ok();
    assert_eq!(
        (&list["items"][0]["cross_device"], &list["items"][1]["cross_device"]),
        (&json!(true), &json!(false))
    );
    let events = signed_in_events(&world, first["user_id"].as_str().unwrap()).await;
    let detail = &events[0]["detail"];
    assert_eq!(detail["cross_device"], true, "{detail}");
    assert_eq!((&detail["starter"]["network"], &detail["finisher"]["network"]), (&json!(HOME), &json!(AWAY)));
    assert_eq!(detail["finisher"]["agent"], CHROME);
    assert!(events[1]["detail"]["cross_device"].is_null(), "{events:?}");
}

async fn a_cross_device_sign_in_is_told_with_both_ends(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, "anna@example.com").await;
    world.sign_in("alice").await;
    tamper(&world.store, "update users set email = 'alice@example.com' where display_name = 'Alice'").await;
    world.sign_in("alice").await;
    assert_eq!(told(&world).await, 0, "a client that is known, and finished what it started");
    let (url, state) = world.start().await;
    let finisher = Browser::at(&world, AWAY).agent(CHROME);
    finisher.press(&finisher.come_back(&world.allow(&url, "alice")).await, "allow").await;
    assert_eq!(told(&world).await, 0, "nobody has a session yet");
    let done = world.result(&state).await.ok();
    // The client that has the token is known, and yet another one finished.
    let mail = news(&mut post).await;
    assert_eq!(mail["to"], "alice@example.com");
    assert!(mail["text"].as_str().unwrap().contains(HOME), "{mail}");
    assert_eq!(world.result(&state).await.ok()["user_token"], done["user_token"], "asked for again");
    assert_eq!(told(&world).await, 1, "a lost answer is no other sign-in");
    let list = admin_get(&world, "accounts/sessions").await.ok();
    let across = list["items"].as_array().unwrap().iter().filter(|one| one["cross_device"] == true).count();
    assert_eq!(across, 1, "{list}");
    let reader = Browser::at(&world, AWAY);
    let link = token_of(&mail);
    assert_eq!(reader.submit("accounts/email/end-session", &[("token", &link)]).await.status, 200);
    assert_error(&world.get_as(token(&done), "accounts/me").await, 401, "invalid_token");
}

/// A product's server starts and collects at `HOME`, the person's browser goes back to it.
async fn through_a_server(world: &World, browser: &Browser<'_>) -> Value {
    let (url, state) = started(world, json!({"return_to": "https://app.example.com/done"})).await;
    let back = browser.get(&world.allow(&url, "alice")).await;
    let code = query_of(back.header("location"))["code"].clone();
    world.get_from(HOME, &format!("accounts/oauth/result?state={state}&code={code}")).await.ok()
}

async fn a_products_server_is_not_taken_for_the_persons_browser(on: On) {
    let (world, mut post) = with_mail(on).await;
    let redirects = json!({"city_id": "city_demo", "allowed_redirects": ["https://app.example.com/done"]});
    world.admin_post("cities/update", redirects).await;
    through_a_server(&world, &Browser::at(&world, AWAY).agent(CHROME)).await;
    tamper(&world.store, "update users set email = 'alice@example.com'").await;
    through_a_server(&world, &Browser::at(&world, AWAY).agent(NEWER)).await;
    assert_eq!(told(&world).await, 0, "the same browser through the same server");
    let done = through_a_server(&world, &Browser::at(&world, "203.0.113.5").agent(CHROME)).await;
    let mail = news(&mut post).await;
    let said = mail["text"].as_str().unwrap();
    assert!(
        said.contains("203.0.113.5") && said.contains("Chrome · Windows") && !said.contains(HOME),
        "{said}"
    );
    let list = world.get_as(token(&done), "accounts/sessions/mine").await.ok();
    let item = &list["items"][0];
    assert_eq!(
        (&item["network"], &item["device"]["network"]),
        (&json!(HOME), &json!("203.0.113.5")),
        "{item}"
    );
    assert_eq!(item["cross_device"], false, "the browser that finished brought the code: {item}");
}

async fn nobody_is_flooded_with_mails_about_sign_ins(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, ADDRESS).await;
    let places: Vec<String> = (0..12).map(|at| format!("203.0.113.{at}")).collect();
    let body = json!({"email": ADDRESS, "password": PASSWORD, "city_id": "city_demo"});
    // No more at a time than tries that nobody has looked at yet.
    for some in places.chunks(4) {
        let tries = some.iter().map(|place| world.post_from(place, "accounts/login", body.clone()));
        for answer in futures::future::join_all(tries).await {
            answer.ok();
        }
    }
    assert_eq!(told(&world).await, 5);
    for _ in 0..5 {
        news(&mut post).await;
    }
    // They take nothing from what the person may ask for.
    let forgot = json!({"email": ADDRESS, "city_id": "city_demo"});
    world.post_from(HOME, "accounts/password/forgot", forgot).await.ok();
    assert!(post.next().await["text"].as_str().unwrap().contains("for=reset"));
    world.clock.advance(Duration::from_secs(3601));
    world.post_from("203.0.113.200", "accounts/login", body).await.ok();
    assert_eq!(told(&world).await, 6, "an hour later there are more");
}

async fn an_operator_stops_the_mails(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, ADDRESS).await;
    world.admin_post("env/upsert", json!({"key": "SIGN_IN_MAILS", "value": "0"})).await;
    login(&Browser::at(&world, AWAY)).await.ok();
    assert_eq!(told(&world).await, 0);
    world.admin_post("env/remove", json!({"key": "SIGN_IN_MAILS"})).await;
    login(&Browser::at(&world, "203.0.113.5")).await.ok();
    assert_eq!(told(&world).await, 1);
    let odd = world.admin_post("env/upsert", json!({"key": "SIGN_IN_MAILS", "value": "perhaps"})).await;
    assert!(odd.to_string().contains("Only 0 stops these mails"), "{odd}");
}

async fn the_mail_speaks_the_persons_language(on: On) {
    let (world, mut post) = with_mail(on).await;
    let me = registered(&world, &mut post, ADDRESS).await;
    world.post_as(token(&me), "accounts/profile/update", json!({"locale": "zh-CN"})).await.ok();
    login(&Browser::at(&world, AWAY).agent(CHROME)).await.ok();
    let mail = news(&mut post).await;
    assert!(mail["subject"].as_str().unwrap().contains("您的账号有新的登录"), "{mail}");
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("IP 地址：") && text.contains("程序：Chrome") && !text.contains("址:"), "{mail}");
    assert!(text.contains("时间：北京时间 ") && !text.contains("UTC"), "{mail}");
    let reader = Browser::at(&world, AWAY).lang("zh-CN");
    let link = token_of(&mail);
    let page = reader.page(&format!("/v1/accounts/email/open?for=end_session&token={link}")).await;
    assert!(page.shows("结束此次登录？"), "{}", page.answer.text);
    let ended = reader.submit("accounts/email/end-session", &[("token", &link)]).await;
    assert!(ended.text.contains("该登录已结束"), "{}", ended.text);
}

async fn an_account_that_slept_is_told_of_its_first_sign_in(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, ADDRESS).await;
    // By now nothing is known of the sessions it had.
    world.clock.advance(Duration::from_secs(60 * 86_400));
    tamper(&world.store, "delete from sessions").await;
    login(&Browser::at(&world, HOME)).await.ok();
    news(&mut post).await;
}
