//! Answers that issuers have the browser post (OAuth 2.0 Form Post Response Mode), and the sealed address that they are carried
//! on by.

use super::issuer::{
    CLIENT, Issuer, POSTED, SECRET, come_back, come_back_by_get, post, sign_in, start, started, with_issuer,
};
use crate::kit::{assert_error, query_of, with_master_key};
use crate::logs;
use crate::person::Browser;
use crate::support::{AWAY, Answer, HOME, On, Plan, World};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use downcity_store::testing::number;
use serde_json::json;
use std::time::Duration;

const UNKNOWN: &str = "/v1/accounts/oauth/outcome?problem=unknown_login";
const EXPIRED: &str = "/v1/accounts/oauth/outcome?problem=login_expired";

/// Prepares the issuer for a sign-in that began with this address.
fn expects(world: &World, issuer: &Issuer, url: &str) {
    let (nonce, now) = (query_of(url)["nonce"].clone(), world.federation.now().0 / 1000);
    issuer.play(|script| (script.nonce, script.now) = (nonce, now));
}

/// Where the browser is sent by what was carried on.
async fn carried_to(world: &World, sealed: &str) -> String {
    let back = world.come_back(HOME, &format!("{}{POSTED}{sealed}", world.base)).await;
    assert_eq!(back.status, 303, "{}", back.text);
    back.header("location").to_owned()
}

/// The cookies that say who started are there again after the redirect: elsewhere, and not asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_posts_is_known_again_and_its_address_holds_neither_code_nor_state() {
    logs::collect();
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let (browser, code) = (Browser::at(&world, HOME), "c0de-of-the-issuer");
    let (url, state) = browser.start(json!({"provider": "corp"})).await;
    assert_eq!(query_of(&url)["response_mode"], "form_post");
    expects(&world, &issuer, &url);
    let carried = post(&world, &state, &[("code", code)]).await;
    let sealed = carried.header("location").strip_prefix(POSTED).unwrap().to_owned();
    let plain = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
    for secret in [state.as_str(), code] {
        assert!(
            !sealed.contains(secret) && !plain.windows(secret.len()).any(|part| part == secret.as_bytes())
        );
    }
    assert!(issuer.asked("/token").is_empty(), "a POST alone does nothing");
    let form = [("code", code), ("state", &state), ("session_state", "x")];
    let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let browser = browser.moves_to(AWAY);
    let back = browser.post_across(&form).await;
    let page = browser.page(back.header("location")).await;
    assert!(!page.asks() && page.answer.status == 200, "{}", page.answer.text);
    assert_eq!(world.result(&state).await.ok()["status"], "done");
    // Another browser that brings the same is no other sign-in, and sees nothing.
    assert!(carried_to(&world, &sealed).await.starts_with("/v1/accounts/oauth/outcome?attempt="));
    assert_eq!(issuer.asked("/token").len(), 1, "once");
    // One that has none of the cookies is asked first.
    let (url, state) = Browser::at(&world, HOME).start(json!({"provider": "corp"})).await;
    expects(&world, &issuer, &url);
    let stranger = Browser::at(&world, AWAY);
    let form = [("code", "an0ther"), ("state", &state)].map(|(name, value)| (name.into(), value.to_owned()));
    let back = stranger.post_across(&form).await;
    assert!(stranger.page(back.header("location")).await.asks());
    assert!(!logs::all().contains(code) && !logs::all().contains(&state));
}

#[tokio::test]
async fn what_was_not_posted_here_within_a_minute_counts_for_nothing() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let (url, state) = started(&world, "corp").await;
    expects(&world, &issuer, &url);
    let carried = post(&world, &state, &[("code", "c0de")]).await;
    let sealed = carried.header("location").strip_prefix(POSTED).unwrap().to_owned();
    // Of another Federation, and of another place of this one.
    let form = [("code", "c0de"), ("state", state.as_str())];
    let elsewhere = with_master_key(&world, [9; 32]).await;
    let foreign = world.http.post(format!("{elsewhere}/v1/accounts/oauth/callback")).form(&form);
    let foreign = Answer::of(foreign).await;
    let foreign = foreign.header("location").strip_prefix(POSTED).unwrap().to_owned();
    let stored = world.store.env().await.unwrap().remove(0).sealed;
    let mut forged = vec![String::new(), "x".into(), "%00".into(), "A".repeat(200), foreign];
    forged.push(URL_SAFE_NO_PAD.encode(stored));
    forged.push(URL_SAFE_NO_PAD.encode(json!({"code": "c0de", "state": state}).to_string()));
    let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
    for at in [0, 1, 5, 16, 17, bytes.len() / 2, bytes.len() - 1] {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        forged.push(URL_SAFE_NO_PAD.encode(altered));
    }
    forged.extend([
        URL_SAFE_NO_PAD.encode(&bytes[..bytes.len() - 1]),
        format!("{sealed}A"),
        format!("{sealed}&code=x"),
    ]);
    for sealed in forged {
        assert_eq!(carried_to(&world, &sealed).await, UNKNOWN, "{sealed}");
    }
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(carried_to(&world, &sealed).await, EXPIRED);
    assert!(issuer.asked("/token").is_empty());
    // None of it ended the sign-in: the right one does.
    assert_eq!(world.result(&state).await.ok()["status"], "pending");
    assert_eq!(come_back(&world, &state, &[("code", "c0de")]).await["status"], "done");
}

#[tokio::test]
async fn what_no_issuer_posts_leads_to_the_page_that_says_so() {
    let world = World::ready(On::Sqlite).await;
    let long = "x".repeat(6000);
    for body in ["code=a&state=b&state=c", &format!("code={long}"), "code=%ff&code=a"] {
        let request = world.http.post(world.url("accounts/oauth/callback")).body(body.to_owned());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = Answer::of(request).await;
        assert_eq!((answer.status, answer.header("location")), (303, UNKNOWN));
    }
    // Nothing at all, and a state of nobody's, belong to no sign-in either.
    for body in ["", "state=b", "\u{0}", "{\"code\":\"a\"}"] {
        let request = world.http.post(world.url("accounts/oauth/callback")).body(body);
        let answer = Answer::of(request).await;
        let sealed = answer.header("location").strip_prefix(POSTED).unwrap().to_owned();
        assert_eq!(carried_to(&world, &sealed).await, UNKNOWN, "{body}");
    }
}

/// Who answers by GET is not heard by POST, and the other way round; only an error is, which takes nothing anywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_taken_from_a_post_for_who_answers_by_get() {
    let (issuer, google) = (Issuer::start().await, Issuer::start().await);
    let plan = Plan { private_issuers: true, google: Some(google.base.clone()), ..Plan::on(On::Sqlite) };
    let world = World::planned(plan).await;
    world.set_up_wechat().await;
    world.admin_post("cities/create", json!({"name": "Demo", "city_id": "city_demo"})).await;
    super::issuer::set_up(&world, "CORP", &issuer.base).await;
    let raw = format!("GOOGLE_CLIENT_ID='{CLIENT}'\nGOOGLE_CLIENT_SECRET='{SECRET}'");
    world.admin_post("env/import", json!({ "raw": raw })).await;
    let code = world.sim.mint_code(&world.sim.app().appid, "alice").unwrap();
    for (provider, answer) in [
        ("wechat", ("code", code.as_str())),
        ("google", ("code", "c0de")),
        ("wechat", ("error", "access_denied")),
    ] {
        let (url, state) = started(&world, provider).await;
        assert!(!query_of(&url).contains_key("response_mode"), "{url}");
        let told = come_back(&world, &state, &[answer]).await;
        assert_eq!(told["code"], "provider_answer_refused", "{provider}");
    }
    assert!(google.asked("/token").is_empty());
    assert_eq!(world.sim.count("access_token"), 0);

    let (_, state) = started(&world, "corp").await;
    let told = come_back_by_get(&world, &state, &[("code", "c0de")]).await;
    assert_eq!(told["code"], "provider_answer_refused");
    let (_, state) = started(&world, "corp").await;
    assert_eq!(
        come_back_by_get(&world, &state, &[("error", "access_denied")]).await["code"],
        "access_denied"
    );
    let (_, state) = started(&world, "corp").await;
    assert_eq!(come_back(&world, &state, &[("error", "access_denied")]).await["code"], "access_denied");
    assert!(issuer.asked("/token").is_empty());
}

#[tokio::test]
async fn an_issuer_that_cannot_post_is_refused_before_anybody_is_sent_there_until_it_is_trusted() {
    logs::collect();
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let mode = |value: &'static str| {
        world.admin_post("env/upsert", json!({"key": "OIDC_CORP_RESPONSE_MODE", "value": value}))
    };
    for modes in [json!(null), json!(["query", "fragment"])] {
        issuer.play(|script| script.metadata = json!({"response_modes_supported": modes}));
        world.clock.advance(Duration::from_secs(3601));
        let answer = start(&world, "corp").await;
        assert_error(&answer, 503, "provider_unavailable");
    }
    assert_eq!(number(&world.store, "select count(*) from login_attempts").await, 0);
    assert!(logs::all().contains("set OIDC_CORP_RESPONSE_MODE to query"));
    // A slip trusts nobody.
    assert!(mode("qeury").await["warning"].as_str().unwrap().contains("form_post"));
    assert_error(&start(&world, "corp").await, 503, "provider_unavailable");

    assert!(mode(" Query ").await["warning"].is_null());
    let (url, state) = started(&world, "corp").await;
    assert!(!query_of(&url).contains_key("response_mode"), "{url}");
    expects(&world, &issuer, &url);
    assert_eq!(come_back_by_get(&world, &state, &[("code", "c0de")]).await["status"], "done");
    assert_eq!(sign_in(&world, &issuer).await["code"], "provider_answer_refused", "it does not post");
    assert_eq!(issuer.asked("/token").len(), 1);
    // A sign-in that began with one and comes back with the other is refused.
    let (_, state) = started(&world, "corp").await;
    issuer.play(|script| script.metadata = json!({}));
    world.clock.advance(Duration::from_secs(300));
    world.admin_post("env/remove", json!({"key": "OIDC_CORP_RESPONSE_MODE"})).await;
    assert_eq!(
        come_back_by_get(&world, &state, &[("code", "c0de")]).await["code"],
        "provider_answer_refused"
    );
}
