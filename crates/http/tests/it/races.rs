//! Many requests at the same moment: one exchange, one user, one session, one outcome.

use crate::on_both_engines;
use crate::person::Browser;
use crate::support::{AWAY, Answer, HOME, On, World};
use downcity_store::testing::number;
use futures::future::join_all;
use serde_json::json;
use std::collections::HashSet;
use std::time::{Duration, Instant};

on_both_engines!(
    sixteen_callbacks_make_one_exchange_one_user_and_one_session,
    sixteen_first_sign_ins_of_one_person_make_one_user,
    sixteen_questions_for_the_result_hand_out_one_token,
    a_callback_that_comes_during_the_exchange_waits_for_its_outcome,
    a_callback_a_minute_later_shows_the_first_outcome,
    a_city_paused_before_the_result_hands_out_nothing,
    logout_ends_the_session_in_the_middle_of_requests,
    refusals_and_codes_at_once_have_one_outcome,
);

const MANY: usize = 16;

async fn rows(world: &World) -> (i64, i64, i64) {
    (
        number(&world.store, "select count(*) from users").await,
        number(&world.store, "select count(*) from identities").await,
        number(&world.store, "select count(*) from sessions").await,
    )
}

/// Each answer with a connection of its own, as sixteen browsers would have it.
async fn all_at_once(world: &World, callback: &str) -> Vec<Answer> {
    join_all((0..MANY).map(|_| world.come_back(HOME, callback))).await
}

async fn sixteen_callbacks_make_one_exchange_one_user_and_one_session(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    let answers = all_at_once(&world, &callback).await;
    let outcomes: HashSet<_> =
        answers.iter().map(|answer| (answer.status, answer.header("location"), answer.cookies())).collect();
    assert_eq!(outcomes.len(), 1, "the same page and the same cookie for all: {outcomes:?}");
    let browser = Browser::at(&world, HOME);
    for (name, value) in answers.iter().map(Answer::cookies).filter_map(|one| pair(&one)).take(1) {
        browser.set_cookie(&name, &value);
    }
    assert!(browser.page(answers[0].header("location")).await.shows("WeChat has confirmed you"));
    assert_eq!((world.sim.count("access_token"), world.sim.count("userinfo")), (1, 1));
    assert!(world.sim.requests().iter().all(|call| call.errcode == 0), "no code was shown twice");
    assert_eq!(world.result(&state).await.ok()["status"], "done");
    assert_eq!(rows(&world).await, (1, 1, 1));
}

fn pair(cookie: &str) -> Option<(String, String)> {
    cookie.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
}

async fn sixteen_first_sign_ins_of_one_person_make_one_user(on: On) {
    let world = World::ready(on).await;
    let one = async || {
        let (url, state) = world.start().await;
        (world.allow(&url, "alice"), state)
    };
    let attempts = join_all((0..MANY).map(|_| one())).await;
    let came_back = join_all(attempts.iter().map(|(callback, _)| world.come_back(HOME, callback))).await;
    assert!(came_back.iter().all(|answer| answer.status == 303));
    let done = join_all(attempts.iter().map(|(_, state)| world.result(state))).await;
    let done: Vec<_> = done.iter().map(Answer::ok).collect();
    assert!(done.iter().all(|told| told["status"] == "done"), "{done:?}");
    let users: HashSet<_> = done.iter().map(|told| told["user_id"].to_string()).collect();
    let tokens: HashSet<_> = done.iter().map(|told| told["user_token"].to_string()).collect();
    assert_eq!((users.len(), tokens.len()), (1, MANY));
    assert_eq!(rows(&world).await, (1, 1, i64::try_from(MANY).unwrap()));
    assert_eq!(number(&world.store, "select count(*) from identity_keys").await, 2, "unionid and openid");
}

async fn sixteen_questions_for_the_result_hand_out_one_token(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    // Half of them are waiting when the browser comes back, half come afterwards.
    let waiting = format!("accounts/oauth/result?state={state}&wait=20");
    let early = join_all((0..MANY / 2).map(|_| world.get_from(HOME, &waiting)));
    let late = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(world.come_back(HOME, &world.allow(&url, "alice")).await.status, 303);
        join_all((0..MANY / 2).map(|_| world.result(&state))).await
    };
    let (early, late) = tokio::join!(early, late);
    let told: HashSet<_> = early.iter().chain(&late).map(|answer| answer.ok().to_string()).collect();
    assert_eq!(told.len(), 1, "the same caller gets the same answer to the letter: {told:?}");
    assert_eq!(rows(&world).await, (1, 1, 1));
    let elsewhere = world.get_from(AWAY, &format!("accounts/oauth/result?state={state}")).await;
    assert_eq!(elsewhere.code(), "other_client", "knowing the state is not enough");
    // An answer that got lost may be asked for again for a minute, and then no more.
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.result(&state).await.ok().to_string(), *told.iter().next().unwrap());
    world.clock.advance(Duration::from_secs(2));
    let over = world.result(&state).await;
    assert_eq!((over.status, over.code().as_str()), (410, "already_collected"));
}

async fn a_callback_that_comes_during_the_exchange_waits_for_its_outcome(on: On) {
    let world = World::ready(on).await;
    world.sim.set(|switches| switches.token_delay_ms = 800);
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    let second = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(world.result(&state).await.ok()["status"], "pending");
        let begun = Instant::now();
        (world.come_back(HOME, &callback).await, begun.elapsed())
    };
    let (first, (second, waited)) = tokio::join!(world.come_back(HOME, &callback), second);
    assert_eq!((first.status, first.header("location")), (303, second.header("location")));
    assert_eq!(first.cookies(), second.cookies());
    assert!(waited > Duration::from_millis(200) && waited < Duration::from_secs(5), "{waited:?}");
    assert_eq!(world.sim.count("access_token"), 1);
    assert_eq!(world.result(&state).await.ok()["status"], "done");
}

async fn a_callback_a_minute_later_shows_the_first_outcome(on: On) {
    let world = World::ready(on).await;
    let browser = Browser::at(&world, HOME);
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    let page = browser.come_back(&callback).await;
    let done = world.result(&state).await.ok();
    world.clock.advance(Duration::from_secs(60));
    world.sim.advance(Duration::from_secs(60));
    let again = browser.come_back(&callback).await;
    assert_eq!(again.path, page.path);
    assert_eq!(again.answer.text, page.answer.text, "the page can be reloaded, and shows what happened");
    for _ in 0..2 {
        assert_eq!(browser.page(&page.path).await.answer.text, page.answer.text);
    }
    assert_eq!(world.sim.count("access_token"), 1, "WeChat is not asked again");
    assert_eq!(rows(&world).await, (1, 1, 1));
    assert_eq!(world.result(&state).await.code(), "already_collected");
    let token = done["user_token"].as_str().unwrap();
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200, "the first sign-in stands");
    // The same for one that failed.
    let (url, state) = world.start().await;
    let refused = world.allow(&url, "alice").replace("code=", "code=authdeny&x=");
    let page = browser.come_back(&refused).await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(browser.come_back(&refused).await.answer.text, page.answer.text);
    assert_eq!(world.result(&state).await.ok()["code"], "access_denied");
}

async fn a_city_paused_before_the_result_hands_out_nothing(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    assert_eq!(world.come_back(HOME, &world.allow(&url, "alice")).await.status, 303);
    world.admin_post("cities/pause", json!({"city_id": "city_demo"})).await;
    let told = world.result(&state).await.ok();
    assert_eq!((told["status"].as_str(), told["code"].as_str()), (Some("failed"), Some("city_unavailable")));
    assert_eq!(rows(&world).await.2, 0, "no session");
    // Paused between the scan and the callback: nobody is made.
    world.admin_post("cities/activate", json!({"city_id": "city_demo"})).await;
    let browser = Browser::at(&world, HOME).lang("zh");
    let (url, state) = browser.start(json!({})).await;
    let callback = world.allow(&url, "zhangsan");
    world.admin_post("cities/pause", json!({"city_id": "city_demo"})).await;
    let page = browser.come_back(&callback).await;
    assert!(page.shows("该产品目前不接受登录"), "{}", page.answer.text);
    assert_eq!(world.result(&state).await.ok()["code"], "city_unavailable");
    assert_eq!(rows(&world).await.0, 1, "only the one from before");
}

async fn logout_ends_the_session_in_the_middle_of_requests(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    let ask = async || {
        let mut seen = Vec::new();
        for _ in 0..20 {
            seen.push(world.get_as(token, "accounts/me").await.status);
        }
        seen
    };
    let leave = async || {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let out = world.post_as(token, "accounts/logout", json!({})).await;
        (out.status, world.get_as(token, "accounts/me").await.status)
    };
    let asking = join_all((0..4).map(|_| ask()));
    let leaving = join_all((0..4).map(|_| leave()));
    let (seen, left) = tokio::join!(asking, leaving);
    assert!(left.iter().any(|(out, _)| *out == 200), "{left:?}");
    assert!(left.iter().all(|(out, me)| matches!(out, 200 | 401) && *me == 401), "refused at once: {left:?}");
    for one in seen {
        assert!(one.is_sorted() && one.iter().all(|status| matches!(status, 200 | 401)), "{one:?}");
    }
    assert_eq!(world.get_as(token, "accounts/me").await.code(), "invalid_token");
}

async fn refusals_and_codes_at_once_have_one_outcome(on: On) {
    let world = World::ready(on).await;
    for round in 0..4 {
        let (url, state) = world.start().await;
        let fine = world.allow(&url, "alice");
        let refused = fine.replace("code=", "code=authdeny&x=");
        let asked = world.sim.count("access_token");
        let (one, two) = if round % 2 == 0 { (&fine, &refused) } else { (&refused, &fine) };
        let (first, second) = tokio::join!(world.come_back(HOME, one), world.come_back(HOME, two));
        assert_eq!((first.status, second.status), (303, 303));
        assert_eq!(first.header("location"), second.header("location"));
        assert_ne!(first.cookies().is_empty(), second.cookies().is_empty(), "only who came first finished");
        let told = world.result(&state).await.ok();
        let exchanges = world.sim.count("access_token") - asked;
        match told["status"].as_str().unwrap() {
            "done" => assert_eq!(exchanges, 1),
            _ => assert_eq!((told["code"].as_str(), exchanges), (Some("access_denied"), 0)),
        }
    }
}
