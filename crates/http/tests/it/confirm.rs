//! The confirmation page: started in one place, finished in another, and nothing handed out before the click.

use crate::on_both_engines;
use crate::person::{Browser, Page};
use crate::support::{AWAY, HOME, On, World};
use downcity_service::core::attempt::LIFETIME;
use downcity_store::testing::number;
use serde_json::json;
use std::time::{Duration, Instant};

on_both_engines!(
    nothing_is_handed_out_before_the_click,
    a_denied_sign_in_makes_nobody,
    what_began_before_all_sessions_were_ended_lets_nobody_in,
    a_paused_city_releases_nobody,
    an_answer_counts_once,
    an_answer_that_comes_too_late_changes_nothing,
    only_the_page_of_the_browser_that_finished_counts,
);

async fn users(world: &World) -> i64 {
    number(&world.store, "select count(*) from users").await
}

async fn sessions(world: &World) -> i64 {
    number(&world.store, "select count(*) from sessions").await
}

/// Nobody was made and the client is still waiting.
async fn nothing_happened(world: &World, state: &str) {
    assert_eq!(world.result(state).await.ok()["status"], "pending");
    assert_eq!((users(world).await, sessions(world).await), (0, 0));
}

/// Started at `HOME`, come back at `AWAY`: the page that asks, and the state.
async fn asked<'w>(world: &'w World, browser: &Browser<'w>) -> (Page, String) {
    let (url, state) = world.start().await;
    let page = browser.come_back(&world.allow(&url, "alice")).await;
    assert!(page.asks(), "{}", page.answer.text);
    (page, state)
}

async fn nothing_is_handed_out_before_the_click(on: On) {
    let world = World::ready(on).await;
    let browser = Browser::at(&world, AWAY);
    let (page, state) = asked(&world, &browser).await;
    nothing_happened(&world, &state).await;
    // Looking, reloading, and anything else that is no POST approves nothing.
    for path in [
        page.path.clone(),
        format!("{}&decision=allow&form_token={}", page.path, page.field("form_token")),
        format!("/v1/accounts/oauth/confirm?attempt={}&decision=allow", page.field("attempt")),
    ] {
        let looked = browser.get(&path).await;
        assert!(matches!(looked.status, 200 | 405), "{path}: {}", looked.status);
        nothing_happened(&world, &state).await;
    }
    assert_eq!(world.sim.count("access_token"), 1);
    // The click wakes the client that waits.
    let (begun, waiting) = (Instant::now(), format!("accounts/oauth/result?state={state}&wait=20"));
    let (told, next) = tokio::join!(world.get_from(HOME, &waiting), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        browser.press(&page, "allow").await
    });
    assert!(begun.elapsed() < Duration::from_secs(10), "woken, not timed out");
    assert!(next.shows("WeChat has confirmed you"), "{}", next.answer.text);
    let done = told.ok();
    assert_eq!(done["status"], "done");
    let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["display_name"], "Alice");
    assert_eq!((users(&world).await, sessions(&world).await), (1, 1));
    assert_eq!(world.sim.count("access_token"), 1, "the click asks nothing of WeChat");
}

async fn a_denied_sign_in_makes_nobody(on: On) {
    let world = World::ready(on).await;
    let browser = Browser::at(&world, AWAY);
    let (page, state) = asked(&world, &browser).await;
    let next = browser.press(&page, "deny").await;
    assert!(next.shows("Sign-in cancelled") && !next.shows("login_cancelled"), "{}", next.answer.text);
    let told = world.result(&state).await.ok();
    assert_eq!((told["status"].as_str(), told["code"].as_str()), (Some("failed"), Some("login_cancelled")));
    assert_eq!((users(&world).await, sessions(&world).await), (0, 0));
    let held = "select count(*) from login_attempts where sealed_identity is not null";
    assert_eq!(number(&world.store, held).await, 0, "what WeChat told is forgotten");
}

/// Else whoever holds one would have a fresh session after the owner has thrown everybody out.
async fn what_began_before_all_sessions_were_ended_lets_nobody_in(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    let browser = Browser::at(&world, AWAY);
    let (page, parked) = asked(&world, &browser).await;
    let (url, held_back) = world.start().await;
    let callback = world.allow(&url, "alice");
    world.clock.advance(Duration::from_secs(1));
    let token = alice["user_token"].as_str().unwrap();
    world.post_as(token, "accounts/sessions/revoke-others", json!({})).await.ok();
    let told = browser.press(&page, "allow").await;
    assert!(told.shows("were ended while this one was under way"), "{}", told.answer.text);
    assert_eq!(world.come_back(HOME, &callback).await.status, 303);
    for state in [parked, held_back] {
        let told = world.result(&state).await.ok();
        assert_eq!((&told["status"], &told["code"]), (&json!("failed"), &json!("sign_in_revoked")));
    }
    assert_eq!((users(&world).await, sessions(&world).await), (1, 1));
    world.sign_in("alice").await;
}

async fn a_paused_city_releases_nobody(on: On) {
    let world = World::ready(on).await;
    let browser = Browser::at(&world, AWAY);
    let (page, state) = asked(&world, &browser).await;
    world.admin_post("cities/pause", json!({"city_id": "city_demo"})).await;
    let next = browser.press(&page, "allow").await;
    assert!(next.shows("does not accept sign-ins at the moment"), "{}", next.answer.text);
    world.admin_post("cities/activate", json!({"city_id": "city_demo"})).await;
    assert_eq!(world.result(&state).await.ok()["code"], "city_unavailable", "it stays ended");
    assert_eq!((users(&world).await, sessions(&world).await), (0, 0));
}

async fn an_answer_counts_once(on: On) {
    let world = World::ready(on).await;
    let browser = Browser::at(&world, AWAY);
    // Allow after deny.
    let (page, state) = asked(&world, &browser).await;
    browser.press(&page, "deny").await;
    assert!(browser.press(&page, "allow").await.shows("Sign-in cancelled"));
    assert_eq!(world.result(&state).await.ok()["code"], "login_cancelled");
    assert_eq!(users(&world).await, 0);
    // Many at once, then deny after allow.
    let (page, state) = asked(&world, &browser).await;
    let pressed = futures::future::join_all((0..8).map(|_| browser.press(&page, "allow"))).await;
    assert!(pressed.iter().all(|next| next.shows("WeChat has confirmed you")), "each sees the one outcome");
    assert!(browser.press(&page, "deny").await.shows("WeChat has confirmed you"), "too late to deny");
    assert_eq!(world.result(&state).await.ok()["status"], "done");
    assert_eq!((users(&world).await, sessions(&world).await), (1, 1));
}

async fn an_answer_that_comes_too_late_changes_nothing(on: On) {
    let world = World::ready(on).await;
    let browser = Browser::at(&world, AWAY);
    let (page, state) = asked(&world, &browser).await;
    world.clock.advance(LIFETIME);
    let next = browser.press(&page, "allow").await;
    assert!(next.shows("This sign-in has run out") && !next.asks(), "{}", next.answer.text);
    let told = world.result(&state).await;
    assert_eq!((told.status, told.code().as_str()), (410, "login_expired"));
    assert_eq!((users(&world).await, sessions(&world).await), (0, 0));
}

async fn only_the_page_of_the_browser_that_finished_counts(on: On) {
    let world = World::ready(on).await;
    let browser = Browser::at(&world, AWAY);
    let (page, state) = asked(&world, &browser).await;
    let other = Browser::at(&world, AWAY);
    let (other_page, other_state) = asked(&world, &other).await;

    let token = |value: String| {
        let mut form = page.form("allow");
        form[1].1 = value;
        form
    };
    let cross_site = [("sec-fetch-site", "cross-site")];
    let same_site = [("sec-fetch-site", "same-site")];
    let stranger = Browser::at(&world, HOME);
    let forged = Browser::at(&world, AWAY);
    forged.set_cookie("dc_finish", &format!("{}.{}.{state}", page.field("attempt"), "A".repeat(43)));
    let tries = [
        ("no cookie", &stranger, page.form("allow"), &[][..]),
        ("no cookie, deny", &stranger, page.form("deny"), &[]),
        ("another browser's cookie", &other, page.form("allow"), &[]),
        ("a made-up cookie", &forged, page.form("allow"), &[]),
        ("a wrong form token", &browser, token("A".repeat(43)), &[]),
        ("no form token", &browser, token(String::new()), &[]),
        ("another attempt's form token", &browser, token(other_page.field("form_token")), &[]),
        ("another site's page", &browser, page.form("allow"), &cross_site),
        ("a neighbouring site's page", &browser, page.form("allow"), &same_site),
        ("an unknown answer", &browser, page.form("maybe"), &[]),
    ];
    for (what, who, form, headers) in tries {
        let refused = who.send_form(&form, headers).await;
        assert_eq!(refused.status, 303, "{what}");
        assert_eq!(refused.header("location"), "/v1/accounts/oauth/outcome?problem=cannot_confirm", "{what}");
        let shown = who.page(refused.header("location")).await;
        assert!(shown.answer.status == 403 && shown.shows("This can&#39;t be confirmed here"), "{what}");
        nothing_happened(&world, &state).await;
        nothing_happened(&world, &other_state).await;
    }
    assert_eq!(stranger.page(&page.path).await.answer.status, 403, "the page is not for strangers either");
    let fine = browser.send_form(&page.form("allow"), &[("sec-fetch-site", "same-origin")]).await;
    assert!(browser.page(fine.header("location")).await.shows("WeChat has confirmed you"));
    assert_eq!(world.result(&state).await.ok()["status"], "done");
    assert_eq!(world.result(&other_state).await.ok()["status"], "pending");
}
