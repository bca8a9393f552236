//! Cities where the person types a code that the product shows (security requirements M3 and P5).

use crate::at_rest::{by_byte, database};
use crate::kit::{admin_get, start_with, started};
use crate::mail::with_mail;
use crate::mail_login;
use crate::on_both_engines;
use crate::person::{Browser, Page};
use crate::support::{AWAY, Answer, HOME, On, World};
use downcity_service::core::Digest;
use downcity_store::testing::{number, tamper};
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    the_code_that_is_shown_signs_in,
    five_wrong_codes_end_the_sign_in,
    the_code_of_another_sign_in_is_a_wrong_one,
    tries_at_the_same_time_get_no_sixth,
    wrong_codes_are_limited_by_address,
    no_code_is_stored_or_in_an_address,
    a_city_that_changes_its_mind_keeps_to_what_was_started,
    what_the_city_wants_is_stored_and_told,
    every_start_at_a_provider_has_a_code_and_no_other,
);

async fn ready(on: On) -> World {
    let world = World::ready(on).await;
    wants(&world, "code").await;
    world
}

async fn wants(world: &World, confirm: &str) {
    world.admin_post("cities/update", json!({"city_id": "city_demo", "confirm": confirm})).await;
}

/// Alice's sign-in, finished at `AWAY`: the page that asks for the code, the state and the code.
async fn asked(world: &World, browser: &Browser<'_>) -> (Page, String, String) {
    let start = start_with(world, json!({})).await.ok();
    let page = browser.come_back(&world.allow(start["url"].as_str().unwrap(), "alice")).await;
    assert!(page.asks() && page.shows("name=\"user_code\""), "{}", page.answer.text);
    let text = |name: &str| start[name].as_str().unwrap().to_owned();
    (page, text("state"), text("user_code"))
}

/// A code that is surely another one.
fn wrong(code: &str) -> String {
    let last = if code.ends_with('B') { 'C' } else { 'B' };
    format!("{}{last}", &code[..code.len() - 1])
}

async fn send(browser: &Browser<'_>, page: &Page, decision: &str, code: &str) -> Answer {
    let mut form = page.form(decision);
    form.push(("user_code", code.to_owned()));
    let sent = browser.send_form(&form, &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    sent
}

/// Types a code and presses the button; the page that comes next.
async fn types(browser: &Browser<'_>, page: &Page, code: &str) -> Page {
    browser.page(send(browser, page, "allow", code).await.header("location")).await
}

async fn users(world: &World) -> i64 {
    number(&world.store, "select count(*) from users").await
}

async fn outcome(world: &World, state: &str) -> Value {
    world.result(state).await.ok()
}

async fn the_code_that_is_shown_signs_in(on: On) {
    let world = ready(on).await;
    let browser = Browser::at(&world, AWAY);
    let spellings: [fn(&str) -> String; 4] = [
        str::to_owned,
        |code| code.replace('-', "").to_lowercase(),
        |code| format!("  {} ", code.to_lowercase().replace('-', " ")),
        |code| code.chars().map(|c| format!("{c} ")).collect(),
    ];
    for spelled in spellings {
        let (page, state, code) = asked(&world, &browser).await;
        let (first, last) = code.split_once('-').expect("XXXX-XXXX");
        let letters =
            |part: &str| part.len() == 4 && part.bytes().all(|b| b"BCDFGHJKLMNPQRSTVWXZ".contains(&b));
        assert!(letters(first) && letters(last), "{code}");
        assert!(!page.shows(&code) && !page.shows(&code.replace('-', "")), "it is the person who brings it");
        // Pressing alone, as on the other page, does nothing and is no try.
        let pressed = browser.press(&page, "allow").await;
        assert!(pressed.asks() && !pressed.shows("more tries"), "{}", pressed.answer.text);
        assert_eq!(outcome(&world, &state).await["status"], "pending");
        let done = types(&browser, &page, &spelled(&code)).await;
        assert!(done.shows("WeChat has confirmed you"), "{}", done.answer.text);
        assert_eq!(outcome(&world, &state).await["status"], "done");
    }
    assert_eq!(users(&world).await, 1);
    // No is no, whatever is typed.
    let (page, state, code) = asked(&world, &browser).await;
    send(&browser, &page, "deny", &code).await;
    assert_eq!(outcome(&world, &state).await["code"], "login_cancelled");
    // And only the browser that finished may type.
    let (page, state, code) = asked(&world, &browser).await;
    let stranger = Browser::at(&world, HOME);
    let refused = send(&stranger, &page, "allow", &code).await;
    assert!(refused.header("location").ends_with("problem=cannot_confirm"), "{refused:?}");
    assert_eq!(outcome(&world, &state).await["status"], "pending");
}

const ENGLISH: &str = "update login_attempts set lang = 'en'";
const CHINESE: &str = "update login_attempts set lang = 'zh'";

async fn five_wrong_codes_end_the_sign_in(on: On) {
    let world = ready(on).await;
    let cases = [
        (
            "en",
            [
                "shows a code of eight letters",
                "Code from the window",
                "Type only a code that you see in a window that you opened yourself",
            ],
            "You have 4 more tries",
            "You have one more try",
            "The code was typed wrong too often",
        ),
        (
            "zh-CN",
            ["八个字母组成的验证码", "发起登录的窗口中的验证码", "只输入您自己打开的窗口中显示的验证码"],
            "还可以尝试 4 次",
            "还可以尝试 1 次",
            "验证码多次输入错误",
        ),
    ];
    for (lang, said, four, one, over) in cases {
        let browser = Browser::at(&world, AWAY).lang(lang);
        let (page, state, code) = asked(&world, &browser).await;
        tamper(&world.store, if lang == "en" { ENGLISH } else { CHINESE }).await;
        assert!(!page.shows("aria-invalid=\"") && !page.shows("id=\"wrong\""), "{}", page.answer.text);
        for text in said {
            assert!(page.shows(text), "{text} in {}", page.answer.text);
        }
        let first = types(&browser, &page, &wrong(&code)).await;
        assert!(first.shows(four) && first.shows("<p class=\"wide wrong\" id=\"wrong\">"));
        assert!(first.shows("aria-invalid=\"true\" aria-describedby=\"wrong\""), "{}", first.answer.text);
        for _ in 0..2 {
            types(&browser, &page, "ZZZZ-ZZZZ").await;
        }
        let fourth = types(&browser, &page, "x").await;
        assert!(fourth.asks() && fourth.shows(one), "{}", fourth.answer.text);
        let last = types(&browser, &page, &wrong(&code)).await;
        assert!(!last.asks() && last.shows(over) && last.shows("user_code_wrong"), "{}", last.answer.text);
        let told = outcome(&world, &state).await;
        assert_eq!((&told["status"], &told["code"]), (&json!("failed"), &json!("user_code_wrong")), "{told}");
        assert!(
            !types(&browser, &page, &code).await.shows("WeChat has confirmed you"),
            "the right one comes too late"
        );
        assert_eq!(outcome(&world, &state).await["code"], "user_code_wrong");
    }
    assert_eq!(users(&world).await, 0);
    let held = "select count(*) from login_attempts where sealed_identity is not null";
    assert_eq!(number(&world.store, held).await, 0, "who it was is forgotten");
}

async fn the_code_of_another_sign_in_is_a_wrong_one(on: On) {
    let world = ready(on).await;
    let (mine, theirs) = (Browser::at(&world, AWAY), Browser::at(&world, HOME));
    let (page, state, code) = asked(&world, &mine).await;
    let (_, _, other) = asked(&world, &theirs).await;
    assert_ne!(code, other);
    assert!(types(&mine, &page, &other).await.shows("You have 4 more tries"));
    assert_eq!(outcome(&world, &state).await["status"], "pending");
    assert!(types(&mine, &page, &code).await.shows("WeChat has confirmed you"));
}

async fn tries_at_the_same_time_get_no_sixth(on: On) {
    let world = ready(on).await;
    let browser = Browser::at(&world, AWAY);
    let (page, state, code) = asked(&world, &browser).await;
    let bad = wrong(&code);
    futures::future::join_all((0..16).map(|_| send(&browser, &page, "allow", &bad))).await;
    assert_eq!(number(&world.store, "select max(code_tries) from login_attempts").await, 5);
    assert_eq!(outcome(&world, &state).await["code"], "user_code_wrong");
    // Sixteen guesses of which one is right: it counts only if it was among the first five.
    let (page, state, code) = asked(&world, &browser).await;
    let other = Browser::at(&world, "203.0.113.7");
    other.set_cookie("dc_finish", &browser.cookie("dc_finish").unwrap());
    let tries = (0..16).map(|at| {
        let guess = if at == 15 { code.clone() } else { wrong(&code) };
        let (page, other) = (&page, &other);
        async move { send(other, page, "allow", &guess).await }
    });
    futures::future::join_all(tries).await;
    let told = outcome(&world, &state).await;
    let tried = number(&world.store, "select max(code_tries) from login_attempts").await;
    assert!(tried <= 5, "{tried}");
    assert!(told["code"] == "user_code_wrong" || told["status"] == "done", "{told}");
}

async fn wrong_codes_are_limited_by_address(on: On) {
    let world = ready(on).await;
    let browser = Browser::at(&world, AWAY);
    for _ in 0..4 {
        let (page, _, code) = asked(&world, &browser).await;
        futures::future::join_all((0..4).map(|_| types(&browser, &page, "ZZZZ-ZZZZ"))).await;
        // A right one is no wrong one: many people may be behind one address.
        assert!(types(&browser, &page, &code).await.shows("WeChat has confirmed you"));
    }
    let (page, _, _) = asked(&world, &browser).await;
    for _ in 0..4 {
        assert!(types(&browser, &page, "ZZZZ-ZZZZ").await.shows("more tr"));
    }
    let (page, state, code) = asked(&world, &browser).await;
    let refused = types(&browser, &page, &code).await;
    assert_eq!(refused.answer.status, 429, "{}", refused.answer.text);
    assert!(refused.shows("Too many wrong codes came from your network"), "{}", refused.answer.text);
    assert!(!refused.shows("try again"), "it says to wait: {}", refused.answer.text);
    assert_eq!(outcome(&world, &state).await["status"], "pending", "nothing was looked at");
    assert_eq!(
        number(&world.store, "select max(code_tries) from login_attempts where stage = 'confirming'").await,
        4
    );
    // Somewhere else it goes on, and here after ten minutes.
    let other = Browser::at(&world, "203.0.113.7");
    let (page, _, code) = asked(&world, &other).await;
    assert!(types(&other, &page, &code).await.shows("WeChat has confirmed you"));
    world.clock.advance(Duration::from_secs(601));
    let (page, _, code) = asked(&world, &browser).await;
    assert!(types(&browser, &page, &code).await.shows("WeChat has confirmed you"));
}

async fn no_code_is_stored_or_in_an_address(on: On) {
    let world = ready(on).await;
    let browser = Browser::at(&world, AWAY);
    let start = start_with(&world, json!({})).await.ok();
    let code = start["user_code"].as_str().unwrap();
    let plain = code.replace('-', "");
    let url = start["url"].as_str().unwrap();
    let callback = world.allow(url, "alice");
    let page = browser.come_back(&callback).await;
    let sent = send(&browser, &page, "allow", &wrong(code)).await;
    let done = send(&browser, &page, "allow", code).await;
    for address in [url, &callback, &page.path, sent.header("location"), done.header("location")] {
        assert!(!address.contains(code) && !address.contains(&plain), "{address}");
    }
    let stored = by_byte(&database(&world, on));
    for text in [code, plain.as_str()] {
        assert!(!stored.contains(&by_byte(text.as_bytes())), "in clear");
        assert!(
            !stored.contains(&by_byte(&Digest::of(text).0)),
            "34 bits are found from a digest without a key"
        );
    }
}

async fn a_city_that_changes_its_mind_keeps_to_what_was_started(on: On) {
    let world = ready(on).await;
    let browser = Browser::at(&world, HOME);
    let start = start_with(&world, json!({})).await.ok();
    wants(&world, "never").await;
    let page = browser.come_back(&world.allow(start["url"].as_str().unwrap(), "alice")).await;
    assert!(page.asks() && page.shows("name=\"user_code\""), "{}", page.answer.text);
    assert!(
        types(&browser, &page, start["user_code"].as_str().unwrap()).await.shows("WeChat has confirmed you")
    );
    let (url, state) = started(&world, json!({})).await;
    wants(&world, "code").await;
    let page = browser.come_back(&world.allow(&url, "alice")).await;
    assert!(page.asks() && !page.shows("name=\"user_code\""), "nobody was shown one: {}", page.answer.text);
    assert!(browser.press(&page, "allow").await.shows("WeChat has confirmed you"));
    assert_eq!(outcome(&world, &state).await["status"], "done");
}

async fn what_the_city_wants_is_stored_and_told(on: On) {
    let world = World::ready(on).await;
    let made = world
        .admin_post("cities/create", json!({"name": "Shop", "city_id": "shop", "confirm": "code"}))
        .await;
    assert_eq!(made["confirm"], "code");
    for confirm in ["always", "code", "auto", "code", "never"] {
        let changed = world.admin_post("cities/update", json!({"city_id": "shop", "confirm": confirm})).await;
        assert_eq!(changed["confirm"], confirm);
        let other = world.admin_post("cities/update", json!({"city_id": "shop", "name": "Shop 2"})).await;
        assert_eq!(other["confirm"], confirm, "what is not named stays");
        let list = admin_get(&world, "cities/list").await.ok();
        let listed = list["items"].as_array().unwrap().iter().find(|city| city["city_id"] == "shop").unwrap();
        assert_eq!(listed["confirm"], confirm, "as every node reads it");
    }
    let record = admin_get(&world, "audit/list?action=city.changed").await.ok();
    assert!(record.to_string().contains("\"confirm\":\"code\""), "{record}");
}

async fn every_start_at_a_provider_has_a_code_and_no_other(on: On) {
    let (world, mut post) = with_mail(on).await;
    assert!(start_with(&world, json!({})).await.ok().get("user_code").is_none(), "a city that wants none");
    wants(&world, "code").await;
    let steps = json!({"provider": "wechat", "city_id": "city_demo"});
    let step = world.post_from(HOME, "accounts/login/start", steps).await.ok();
    assert_eq!(step["user_code"].as_str().map(str::len), Some(9), "{step}");
    // A mailed code is typed where the sign-in was started: nobody is asked for another.
    let mailed = mail_login::start(&world, HOME, "mei@example.com", json!({})).await.ok();
    assert!(mailed.get("user_code").is_none(), "{mailed}");
    let code = mail_login::code_of(&post.next().await);
    let body = json!({"login_id": mail_login::login_id(&mailed), "code": code, "city_id": "city_demo"});
    let done = world.post_from(HOME, "accounts/email/finish", body).await.ok();
    let link = world.post_as(
        done["user_token"].as_str().unwrap(),
        "accounts/identities/link",
        json!({"provider": "wechat"}),
    );
    let link = link.await.ok();
    let browser = Browser::at(&world, HOME);
    let page = browser.come_back(&world.allow(link["url"].as_str().unwrap(), "alice")).await;
    assert!(page.shows("name=\"user_code\""), "{}", page.answer.text);
    assert!(
        types(&browser, &page, link["user_code"].as_str().unwrap()).await.shows("is linked to your account")
    );
}
