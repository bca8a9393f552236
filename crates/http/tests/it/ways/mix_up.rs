//! Answers that come from, or go to, the wrong provider (RFC 9207, RFC 9700 section 4.4), and answers that
//! are errors.

use super::issuer::{
    Issuer, POSTED, come_back, come_back_by_get, post, set_up, sign_in, start, started, users, with_issuer,
};
use crate::kit::assert_error;
use crate::support::{HOME, On};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn iss_of_another_issuer_is_refused_and_no_code_is_sent_anywhere() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let other = Issuer::start().await;
    set_up(&world, "OTHER", &other.base).await;
    let slash = format!("{}/", issuer.base);
    for iss in [other.base.as_str(), slash.as_str(), "", "https://evil.example"] {
        let (_, state) = started(&world, "corp").await;
        let failed = come_back(&world, &state, &[("code", "c0de"), ("iss", iss)]).await;
        assert_eq!(failed["code"], "provider_answer_refused", "{iss}");
    }
    // An error with a foreign `iss` says nothing about this provider either.
    let (_, state) = started(&world, "corp").await;
    let failed = come_back(&world, &state, &[("error", "access_denied"), ("iss", &other.base)]).await;
    assert_eq!(failed["code"], "provider_answer_refused");
    assert!(issuer.asked("/token").is_empty() && other.asked("/token").is_empty());

    // The right one is fine, and may be missing as long as the issuer does not promise it.
    let (_, state) = started(&world, "corp").await;
    let failed = come_back(&world, &state, &[("error", "access_denied"), ("iss", &issuer.base)]).await;
    assert_eq!(failed["code"], "access_denied");
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
    issuer.play(|script| script.metadata = json!({"authorization_response_iss_parameter_supported": true}));
    world.clock.advance(Duration::from_secs(3601));
    let before = issuer.asked("/token").len();
    assert_eq!(sign_in(&world, &issuer).await["code"], "provider_answer_refused");
    assert_eq!(issuer.asked("/token").len(), before, "not even the code was sent");
}

/// A code of one provider that comes back in a sign-in with another goes to that other one, where it is
/// worth nothing, and to nobody else.
#[tokio::test]
async fn a_code_goes_only_where_its_sign_in_was_started() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let other = Issuer::start().await;
    set_up(&world, "OTHER", &other.base).await;
    other.play(|script| script.token = Some((400, json!({"error": "invalid_grant"}).to_string())));
    let (_, state) = started(&world, "other").await;
    let failed = come_back(&world, &state, &[("code", "a-code-of-corp")]).await;
    assert_eq!(failed["code"], "code_rejected");
    assert!(issuer.asked("/token").is_empty());
    assert_eq!(other.asked("/token").len(), 1, "once");
    // Even a token of the right issuer for our client is no good in another sign-in: the nonce.
    let (_, state) = started(&world, "corp").await;
    let now = world.federation.now().0 / 1000;
    issuer.play(|script| (script.nonce, script.now) = ("of another sign-in".into(), now));
    assert_eq!(come_back(&world, &state, &[("code", "c")]).await["code"], "provider_answer_refused");
}

/// An issuer sends the person on to WeChat's page, with the state of the sign-in with itself. WeChat has no PKCE, no nonce and
/// no `iss`, and looks at the host of the callback alone: only that it answers by GET tells its answer apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_of_wechat_that_an_issuer_led_to_its_own_sign_in_is_sent_nowhere() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    world.set_up_wechat().await;
    let led = |wechat: &str, state: &str, more: &str| {
        let mut url = url::Url::parse(wechat).unwrap();
        let of_page: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let changed = of_page.into_iter().map(|(name, value)| match name.as_str() {
            "state" => (name, state.to_owned()),
            "redirect_uri" => (name, format!("{value}{more}")),
            _ => (name, value),
        });
        url.query_pairs_mut().clear().extend_pairs(changed.collect::<Vec<_>>()).finish();
        url.to_string()
    };
    // The attacker's own sign-in with WeChat, into which the code would be put.
    let (wechat, own) = world.start().await;
    let iss = format!("?iss={}", issuer.base);
    let mut code = String::new();
    for more in ["", iss.as_str()] {
        let (_, state) = started(&world, "corp").await;
        let callback = world.allow(&led(&wechat, &state, more), "alice");
        assert!(callback.starts_with(&world.url("accounts/oauth/callback")) && callback.contains(&state));
        code = crate::kit::query_of(&callback)["code"].clone();
        assert_eq!(world.come_back(HOME, &callback).await.status, 303);
        let told = world.result(&state).await.ok();
        assert_eq!(
            (&told["status"], &told["code"]),
            (&json!("failed"), &json!("provider_answer_refused")),
            "{more}"
        );
    }
    // What the issuer posted itself can be carried along, but nothing counts beside it.
    let (_, state) = started(&world, "corp").await;
    let carried = post(&world, &state, &[("code", "of-the-issuer")]).await;
    let sealed = carried.header("location").strip_prefix(POSTED).unwrap();
    let callback = world.allow(&led(&wechat, &state, &format!("?posted={sealed}")), "alice");
    assert!(callback.contains(sealed), "{callback}");
    let back = world.come_back(HOME, &callback).await;
    assert_eq!(back.header("location"), "/v1/accounts/oauth/outcome?problem=unknown_login");
    assert_eq!(world.result(&state).await.ok()["status"], "pending");

    assert!(issuer.asked("/token").is_empty(), "the code did not get to the issuer");
    assert_eq!((world.sim.count("access_token"), users(&world).await), (0, 0), "nor to WeChat");
    // It was good all the same: in the sign-in that it would have been put into.
    assert_eq!(come_back_by_get(&world, &own, &[("code", &code)]).await["status"], "done");

    // In the query it would have got there: that is what the setting costs, and what is warned of.
    world.admin_post("env/upsert", json!({"key": "OIDC_CORP_RESPONSE_MODE", "value": "query"})).await;
    let (_, state) = started(&world, "corp").await;
    let callback = world.allow(&led(&wechat, &state, ""), "alice");
    world.come_back(HOME, &callback).await;
    assert!(issuer.asked("/token")[0].body.contains(&crate::kit::query_of(&callback)["code"]));
}

#[tokio::test]
async fn an_issuer_exchanged_in_between_gets_no_code() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let (_, state) = started(&world, "corp").await;
    let other = Issuer::start().await;
    set_up(&world, "CORP", &other.base).await;
    assert_eq!(come_back(&world, &state, &[("code", "c0de")]).await["code"], "provider_changed");
    assert!(issuer.asked("/token").is_empty() && other.asked("/token").is_empty());
}

#[tokio::test]
async fn discovery_of_another_issuer_is_refused_before_anybody_is_sent_there() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let slash = format!("{}/", issuer.base);
    let wrong = [
        json!({"issuer": slash}),
        json!({"issuer": "https://accounts.google.com"}),
        json!({"issuer": null}),
        json!({"token_endpoint": null}),
        json!({"jwks_uri": 7}),
        json!({"authorization_endpoint": "javascript:alert(1)"}),
        json!({"token_endpoint": "http://example.com/token"}),
        json!({"jwks_uri": "file:///etc/passwd"}),
        json!({"userinfo_endpoint": "https://user:password@example.com/"}),
    ];
    for metadata in wrong {
        issuer.play(|script| script.metadata = metadata.clone());
        let answer = start(&world, "corp").await;
        assert_error(&answer, 503, "provider_unavailable");
        assert_eq!(answer.header("retry-after"), "5");
        assert!(!answer.text.contains(&issuer.base), "{}", answer.text);
        world.clock.advance(Duration::from_secs(6));
    }
    assert_eq!(downcity_store::testing::number(&world.store, "select count(*) from login_attempts").await, 0);
    // Nobody can make us ask more often than every five seconds.
    let before = issuer.asked("/.well-known").len();
    for _ in 0..5 {
        assert_eq!(start(&world, "corp").await.status, 503);
    }
    assert_eq!(issuer.asked("/.well-known").len(), before + 1);
    issuer.play(|script| script.metadata = json!({}));
    world.clock.advance(Duration::from_secs(6));
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
}

#[tokio::test]
async fn errors_are_told_apart_and_nothing_of_their_text_is_shown() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let text = "<script>alert('of the provider')</script>";
    for (error, code) in [
        ("access_denied", "access_denied"),
        ("consent_required", "consent_missing"),
        ("temporarily_unavailable", "provider_busy"),
        ("invalid_scope", "provider_misconfigured"),
        ("server_error", "provider_unavailable"),
        (text, "provider_unavailable"),
    ] {
        let (_, state) = started(&world, "corp").await;
        let failed =
            come_back(&world, &state, &[("error", error), ("error_description", text), ("code", "c")]).await;
        assert_eq!(failed["code"], code, "{error}");
        assert!(!failed.to_string().contains("of the provider"));
    }
    assert!(issuer.asked("/token").is_empty());
    let answer = |error: &str| json!({"error": error, "error_description": text}).to_string();
    let answers = [
        (400, answer("invalid_grant"), "code_rejected"),
        (200, answer("invalid_grant"), "code_rejected"),
        (401, answer("invalid_client"), "provider_misconfigured"),
        (401, "no".into(), "provider_misconfigured"),
        (400, answer("unauthorized_client"), "provider_misconfigured"),
        (400, answer("never heard of"), "provider_unavailable"),
        (429, String::new(), "provider_busy"),
        (500, answer("invalid_client"), "provider_unavailable"),
        (503, "<html>".into(), "provider_unavailable"),
        (302, String::new(), "provider_unavailable"),
        (200, "<html>".into(), "provider_unavailable"),
        (200, "[]".into(), "provider_unavailable"),
        (200, json!({"access_token": "a"}).to_string(), "provider_unavailable"),
        (200, json!({"id_token": "a.b.c"}).to_string(), "provider_answer_refused"),
        (200, format!("{{\"id_token\":\"{}\"}}", "x".repeat(70_000)), "provider_unavailable"),
    ];
    for (status, body, code) in answers {
        // With a refusal between them the failures are not in a row, so the issuer is asked each time.
        issuer.play(|script| script.token = Some((400, answer("invalid_grant"))));
        sign_in(&world, &issuer).await;
        issuer.play(|script| script.token = Some((status, body.clone())));
        let failed = sign_in(&world, &issuer).await;
        assert_eq!(failed["code"], code, "{status} {}", &body[..body.len().min(80)]);
        assert!(!failed.to_string().contains("of the provider"));
    }
    assert_eq!(users(&world).await, 0);
}

#[tokio::test]
async fn settings_make_and_unmake_a_provider() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    world.admin_post("env/upsert", json!({"key": "OIDC_CORP_LABEL", "value": "Corp 登录"})).await;
    let items = world.get_from(HOME, "accounts/providers").await.ok()["items"].clone();
    let corp = items.as_array().unwrap().iter().find(|item| item["id"] == "corp").unwrap().clone();
    assert_eq!(corp, json!({"id": "corp", "type": "oauth", "enabled": true, "label": "Corp 登录"}));
    let catalogue = crate::kit::admin_get(&world, "env/catalog").await.ok();
    let keys = catalogue["items"][0]["env"].as_array().unwrap();
    let find =
        |key: &str| keys.iter().find(|item| item["key"] == key).unwrap_or_else(|| panic!("{key}")).clone();
    assert_eq!(find("OIDC_CORP_ISSUER")["value_preview"], issuer.base);
    assert_eq!(
        (&find("OIDC_CORP_CLIENT_SECRET")["configured"], &find("OIDC_CORP_LABEL")["required"]),
        (&json!(true), &json!(false))
    );
    assert!(!catalogue.to_string().contains(super::issuer::SECRET));
    assert!(crate::kit::admin_get(&world, "federation/instruction").await.text.contains("Corp 登录: ready"));

    world.admin_post("env/remove", json!({"key": "OIDC_CORP_CLIENT_SECRET"})).await;
    assert_error(&start(&world, "corp").await, 400, "provider_not_configured");
    assert_error(&start(&world, "nobody").await, 400, "unknown_provider");
    // Names with a meaning of their own are taken.
    for name in ["WECHAT", "EMAIL", "LOCAL", "TOKEN", "GITHUB"] {
        set_up(&world, name, &issuer.base).await;
    }
    assert_eq!(
        world.get_from(HOME, "accounts/providers").await.ok()["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["type"] == "oauth")
            .count(),
        0
    );
}
