//! What comes back from WeChat's page, and what does not: refusals, foreign states and codes, expired codes,
//! mistakes on the page itself, settings changed in between.

use crate::logs;
use crate::person::Browser;
use crate::support::{AWAY, Answer, HOME, On, World};
use crate::switches::seen;
use downcity_service::core::attempt::LIFETIME;
use downcity_store::testing::{number, tamper};
use serde_json::json;
use std::time::Duration;
use wechat_sim::{App, AppKind, Denial, PageError, SimError, StateEcho};

/// The client asks until the sign-in has run out: it never waits for ever.
async fn pending_then_expired(world: &World, state: &str) {
    assert_eq!(world.result(state).await.ok()["status"], "pending");
    world.clock.advance(LIFETIME - Duration::from_millis(300));
    // The rest in real time: a client that waits is told when the time is over, not later.
    let waiting = format!("accounts/oauth/result?state={state}&wait=20");
    let told = world.get_from(HOME, &waiting).await;
    assert_eq!((told.status, told.code().as_str()), (410, "login_expired"), "{}", told.text);
    assert!(told.json()["error"].as_str().unwrap().contains("start again"));
}

/// Nobody asked WeChat anything and nobody was made.
async fn nothing_happened(world: &World) {
    assert_eq!(world.sim.count("access_token"), 0);
    assert_eq!(number(&world.store, "select count(*) from users").await, 0);
}

#[tokio::test]
async fn a_refusal_that_tells_nothing_runs_out() {
    let world = World::ready(On::Sqlite).await;
    let (url, state) = world.start().await;
    let uuid = world.sim.open(&url).unwrap();
    assert_eq!(world.sim.deny(&uuid).unwrap(), None, "the present WeChat sends nobody back");
    pending_then_expired(&world, &state).await;
    nothing_happened(&world).await;
}

#[tokio::test]
async fn a_refusal_that_comes_back_ends_the_sign_in_at_once() {
    logs::collect();
    for denial in [Denial::StateOnly, Denial::Authdeny] {
        let world = World::ready(On::Sqlite).await;
        world.sim.set(|switches| switches.denial = denial);
        let (url, state) = world.start().await;
        let callback = world.sim.deny(&world.sim.open(&url).unwrap()).unwrap().expect("a way back");
        let browser = Browser::at(&world, AWAY);
        let page = browser.come_back(&callback).await;
        assert!(
            page.shows("Sign-in refused") && page.shows("start again and allow it"),
            "{}",
            page.answer.text
        );
        tamper(&world.store, "update login_attempts set lang = 'zh'").await;
        let zh = browser.page(&page.path).await;
        assert!(zh.shows("已拒绝授权") && zh.shows("点击“允许”"), "{}", zh.answer.text);
        let told = world.result(&state).await.ok();
        assert_eq!((&told["status"], &told["code"]), (&json!("failed"), &json!("access_denied")));
        let log = logs::about(page.path.split("attempt=").nth(1).unwrap());
        assert!(log.contains("failure=\"access_denied\"") && !log.contains(" WARN "), "{log}");
        nothing_happened(&world).await;
        // Another try works.
        assert_eq!(world.sign_in("alice").await["status"], "done");
    }
}

#[tokio::test]
async fn a_callback_without_its_state_belongs_to_nobody() {
    let pages =
        [("en", "This sign-in is not known", "nothing happened"), ("zh", "未找到本次登录", "未进行任何操作")];
    for echo in [StateEcho::Absent, StateEcho::Empty, StateEcho::Foreign] {
        let world = World::ready(On::Sqlite).await;
        world.sim.set(|switches| switches.state_echo = echo);
        let (url, state) = world.start().await;
        let callback = world.allow(&url, "alice");
        for (lang, heading, text) in pages {
            let page = Browser::at(&world, HOME).lang(lang).come_back(&callback).await;
            assert_eq!(page.answer.status, 404, "{echo:?}");
            assert!(page.shows(heading) && page.shows(text), "{echo:?}: {}", page.answer.text);
            assert!(!page.shows("code=") && !page.path.contains(&state));
            assert!(!page.shows("class=\"place\""), "no product is known: {}", page.answer.text);
        }
        nothing_happened(&world).await;
        pending_then_expired(&world, &state).await;
    }
}

#[tokio::test]
async fn a_callback_that_comes_too_late_is_refused_though_its_code_is_good() {
    let world = World::ready(On::Sqlite).await;
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    world.clock.advance(LIFETIME);
    for (lang, heading) in [("en", "This sign-in has run out"), ("zh", "本次登录已过期")] {
        let page = Browser::at(&world, HOME).lang(lang).come_back(&callback).await;
        assert!(page.answer.status == 410 && page.shows(heading), "{}", page.answer.text);
    }
    assert_eq!(world.result(&state).await.code(), "login_expired");
    nothing_happened(&world).await;
}

#[tokio::test]
async fn codes_that_are_foreign_used_or_too_old_are_rejected_once() {
    logs::collect();
    let world = World::ready(On::Sqlite).await;
    let other = App::website("wx00000000000000c2");
    world.sim.put_app(other.clone());
    world.sim.set(|switches| switches.code_of_app = Some(other.appid));
    let foreign = seen(&world, async |_| {}).await;
    world.sim.set(|switches| switches.code_of_app = None);
    let old = seen(&world, async |_| world.sim.advance(Duration::from_secs(600))).await;
    world.sim.set(|switches| switches.expired_code_is_42003 = true);
    let older = seen(&world, async |_| world.sim.advance(Duration::from_secs(600))).await;
    // Somebody else had the code first: a scanner, or whoever read it in a log.
    let steal = async |callback: &str| {
        let (app, code) =
            (world.sim.app(), callback.split("code=").nth(1).unwrap().split('&').next().unwrap());
        let query = [
            ("appid", app.appid.as_str()),
            ("secret", &app.secret),
            ("code", code),
            ("grant_type", "authorization_code"),
        ];
        let url = format!("{}/sns/oauth2/access_token", world.sim.url());
        assert!(Answer::of(world.http.get(url).query(&query)).await.text.contains("access_token"));
    };
    let used = seen(&world, steal).await;
    world.sim.set(|switches| switches.reused_code_is_40029 = true);
    let reused = seen(&world, steal).await;
    for (seen, errcode, asked) in
        [(foreign, 40029, 1), (old, 40029, 1), (older, 42003, 1), (used, 40163, 2), (reused, 40029, 2)]
    {
        assert_eq!(seen.told["code"], "code_rejected");
        assert!(seen.en.shows("took too long or was already used") && seen.zh.shows("已超时或已被使用"));
        assert!(seen.log.contains(&format!("provider_code={errcode}")), "{errcode}: {}", seen.log);
        assert_eq!(seen.asked, (asked, 0), "asked once by us");
    }
    assert_eq!(number(&world.store, "select count(*) from users").await, 0);
}

#[tokio::test]
async fn a_wrong_secret_is_the_operators_business_and_right_again_at_once() {
    logs::collect();
    let world = World::ready(On::Sqlite).await;
    let right = world.sim.app().secret;
    for burns in [false, true] {
        world.sim.set(|switches| switches.failed_exchange_burns_code = burns);
        let value = "f".repeat(32);
        world.admin_post("env/upsert", json!({"key": "WECHAT_CLIENT_SECRET", "value": value})).await;
        let seen = seen(&world, async |_| {}).await;
        assert_eq!(seen.told["code"], "provider_misconfigured");
        assert!(seen.en.shows("trying again will not help") && seen.zh.shows("重试无法解决"));
        assert!(seen.log.contains(" WARN ") && seen.log.contains("set WECHAT_CLIENT_SECRET"), "{}", seen.log);
        assert!(!logs::all().contains(&value), "the wrong secret is a secret too");
        world.admin_post("env/upsert", json!({"key": "WECHAT_CLIENT_SECRET", "value": right})).await;
        assert_eq!(world.sign_in("alice").await["status"], "done");
    }
}

#[tokio::test]
async fn an_app_exchanged_in_between_is_not_sent_the_other_ones_code() {
    logs::collect();
    let world = World::ready(On::Sqlite).await;
    let other = App::website("wx00000000000000d2");
    world.sim.put_app(other.clone());
    let seen_change = seen(&world, async |_| {
        world.admin_post("env/upsert", json!({"key": "WECHAT_CLIENT_ID", "value": other.appid})).await;
    });
    let seen_change = seen_change.await;
    assert_eq!(seen_change.told["code"], "provider_changed");
    assert!(seen_change.en.shows("settings changed while you were signing in"));
    assert!(seen_change.zh.shows("登录配置已变更"));
    assert!(
        seen_change.log.contains(" WARN ") && seen_change.log.contains("have to start again"),
        "{}",
        seen_change.log
    );
    assert_eq!(seen_change.asked, (0, 0));
    // The same when it was taken away altogether.
    world.set_up_wechat().await;
    let gone = seen(&world, async |_| {
        world.admin_post("env/remove", json!({"key": "WECHAT_CLIENT_SECRET"})).await;
    });
    assert_eq!(gone.await.told["code"], "provider_changed");
}

/// On WeChat's own page nobody comes back, so all that can be told is that the time is over.
#[tokio::test]
async fn mistakes_on_wechats_page_are_seen_there_and_the_client_is_not_left_waiting() {
    let world = World::ready(On::Sqlite).await;
    let app = world.sim.app();
    let kinds = [AppKind::OfficialAccount, AppKind::MiniProgram, AppKind::Unapproved];
    let mut wrong: Vec<_> = kinds.map(|kind| (App { kind, ..app.clone() }, PageError::Scope)).into();
    wrong
        .push((App { callback_domain: "www.example.com".to_owned(), ..app.clone() }, PageError::RedirectUri));
    for (app, expected) in wrong {
        world.sim.put_app(app);
        let (url, state) = world.start().await;
        assert_eq!(world.sim.sign_in_as(&url, "alice"), Err(SimError::Page(expected)));
        pending_then_expired(&world, &state).await;
    }
    world.sim.put_app(app);
    world.admin_post("env/upsert", json!({"key": "WECHAT_CLIENT_ID", "value": "wx000000000000dead"})).await;
    let (url, state) = world.start().await;
    assert_eq!(world.sim.sign_in_as(&url, "alice"), Err(SimError::Page(PageError::AppId)));
    pending_then_expired(&world, &state).await;
    nothing_happened(&world).await;
}

#[tokio::test]
async fn real_wechats_rule_for_the_callback_domain_is_met_by_a_real_domain() {
    let world = World::ready(On::Sqlite).await;
    world.sim.set(|switches| switches.strict_redirect = true);
    let (url, _) = world.start().await;
    let refused = world.sim.open(&url);
    assert_eq!(
        refused,
        Err(SimError::Page(PageError::RedirectUri)),
        "127.0.0.1 and a port: never in production"
    );
}

#[tokio::test]
async fn the_state_is_short_and_comes_back_unchanged() {
    let world = World::ready(On::Sqlite).await;
    for _ in 0..50 {
        let (url, state) = world.start().await;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(state.len() <= 64 && state.chars().all(plain), "{state}");
        assert!(world.allow(&url, "alice").ends_with(&format!("&state={state}")));
    }
}

#[tokio::test]
async fn an_expired_qr_code_can_be_replaced_as_long_as_the_sign_in_lives() {
    let world = World::ready(On::Sqlite).await;
    let (url, state) = world.start().await;
    let first = world.sim.open(&url).unwrap();
    world.sim.advance(Duration::from_secs(300));
    world.clock.advance(Duration::from_secs(300));
    assert_eq!(world.sim.allow(&first, "alice"), Err(SimError::Expired));
    assert_eq!(world.result(&state).await.ok()["status"], "pending");
    // The page's own button asks for a new code with the same address.
    assert_eq!(world.come_back(HOME, &world.allow(&url, "alice")).await.status, 303);
    assert_eq!(world.result(&state).await.ok()["status"], "done");
}

/// Something reads the callback's address before the browser gets there, without cookies and from elsewhere.
#[tokio::test]
async fn a_scanner_that_is_faster_than_the_browser_gains_nothing() {
    let world = World::ready(On::Sqlite).await;
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    assert_eq!(world.come_back(AWAY, &callback).await.status, 303);
    assert_eq!(world.result(&state).await.ok()["status"], "pending", "it was not where the sign-in began");
    let browser = Browser::at(&world, HOME);
    let page = browser.come_back(&callback).await;
    assert!(page.asks(), "the person is asked");
    assert!(browser.press(&page, "allow").await.shows("WeChat has confirmed you"));
    assert_eq!(world.result(&state).await.ok()["status"], "done");
    assert_eq!(world.sim.count("access_token"), 1);
}
