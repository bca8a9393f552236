//! The user's own page "Accounts Service · WeChat Login Setup", sentence by sentence, in its order. Each test
//! quotes what it shows.

use crate::kit::{admin_get, assert_error, claims_of, query_of, ready_with, second_door};
use crate::on_both_engines;
use crate::support::{Answer, HOME, On, Plan, World};
use downcity_service::Outside;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wechat_sim::{App, AppKind, Fault, PageError, SimConfig, SimError};

on_both_engines!(
    both_keys_in_the_federation_env_turn_wechat_on,
    after_deployment_the_keys_are_written_through_the_admin_api,
    the_flow_returns_a_normal_city_user_token,
);

async fn providers(world: &World) -> Value {
    world.get_from(HOME, "accounts/providers").await.ok()["items"].clone()
}

async fn set(world: &World, key: &str, value: &str) {
    world.admin_post("env/upsert", json!({"key": key, "value": value})).await;
}

fn sim_with(app: App) -> SimConfig {
    SimConfig { apps: vec![app], ..SimConfig::default() }
}

/// "The accounts service reads these two environment variables: WECHAT_CLIENT_ID, WECHAT_CLIENT_SECRET …
/// AppID -> WECHAT_CLIENT_ID, AppSecret -> WECHAT_CLIENT_SECRET in Federation env." One alone is not enough.
async fn both_keys_in_the_federation_env_turn_wechat_on(on: On) {
    let world = World::new(on).await;
    let app = world.sim.app();
    assert_eq!(providers(&world).await, json!([]), "nothing is set");
    set(&world, "WECHAT_CLIENT_ID", &app.appid).await;
    assert_eq!(providers(&world).await, json!([]), "the AppID alone");
    let early = json!({"provider": "wechat"});
    let early = world.post_from(HOME, "accounts/oauth/start", early).await;
    assert_error(&early, 400, "provider_not_configured");
    set(&world, "WECHAT_CLIENT_SECRET", &app.secret).await;
    assert_eq!(providers(&world).await[0]["id"], "wechat");
    world.admin_post("env/remove", json!({"key": "WECHAT_CLIENT_ID"})).await;
    assert_eq!(providers(&world).await, json!([]), "the AppSecret alone");
}

/// The AppID goes into the address, the AppSecret to the token endpoint: with the two exchanged, or with the
/// secret wrong by one character, nobody signs in.
#[tokio::test]
async fn each_key_is_used_for_what_it_is() {
    let world = World::ready(On::Sqlite).await;
    let app = world.sim.app();
    let (url, _) = world.start().await;
    assert_eq!(query_of(&url)["appid"], app.appid);
    set(&world, "WECHAT_CLIENT_SECRET", &"0".repeat(32)).await;
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    world.come_back(HOME, &callback).await;
    let told = world.result(&state).await.ok();
    assert_eq!((&told["status"], &told["code"]), (&json!("failed"), &json!("provider_misconfigured")));
}

/// "If these prerequisites are missing, adding a wechat provider in code will not make real login work":
/// an app without approval or without the WeChat Login capability is refused by WeChat's own page.
#[tokio::test]
async fn an_app_without_approval_cannot_sign_anybody_in() {
    let app = App { kind: AppKind::Unapproved, ..App::website("wx5131a8c0f7d2e964") };
    let world = ready_with(Plan { sim: sim_with(app), ..Plan::on(On::Sqlite) }).await;
    let (url, _) = world.start().await;
    assert_eq!(world.sim.open(&url), Err(SimError::Page(PageError::Scope)));
}

/// "The OAuth callback URL used by the accounts service is fixed: https://your-base-domain/v1/accounts/oauth/callback.
/// For example: https://downcity.example.com/v1/accounts/oauth/callback", and "the accounts service generates a
/// login URL under https://open.weixin.qq.com/connect/qrconnect with the current City redirect_uri." Here with
/// the real hosts, as `fed serve` has them.
#[tokio::test]
async fn the_login_url_is_under_the_real_qrconnect_with_the_fixed_callback() {
    let world = World::ready(On::Sqlite).await;
    let real = Outside::real().unwrap();
    let (federation, base) = second_door(&world, "https://downcity.example.com", real).await;
    let start = world.http.post(format!("{base}/v1/accounts/oauth/start"));
    let answer = Answer::of(start.json(&json!({"provider": "wechat", "city_id": "city_demo"}))).await;
    let url = answer.ok()["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("https://open.weixin.qq.com/connect/qrconnect?"), "{url}");
    assert!(url.ends_with("#wechat_redirect"), "{url}");
    let query = query_of(&url);
    let fixed = "https://downcity.example.com/v1/accounts/oauth/callback";
    assert_eq!(query["redirect_uri"], fixed);
    assert_eq!((query["response_type"].as_str(), query["scope"].as_str()), ("code", "snsapi_login"));
    let about = Answer::of(world.http.get(format!("{base}/.well-known/downcity.json"))).await.ok();
    assert_eq!(about["callback_uri"], fixed, "the address to register is told where operators look");
    assert!(federation.instruction().contains(fixed));
    // Over https the cookie of the starting browser can't be set by a neighbouring host.
    assert!(answer.header("set-cookie").starts_with("__Host-dc_login="), "{}", answer.header("set-cookie"));
    assert!(answer.header("set-cookie").contains("; Secure"));
    assert!(answer.header("strict-transport-security").contains("max-age="));
}

/// "The callback URL registered in the WeChat Open Platform Website App console must match this exact URL":
/// the registered domain lets exactly our callback through, and the callback path is the one that works.
#[tokio::test]
async fn the_registered_domain_and_the_fixed_path_match() {
    let app = App { callback_domain: "127.0.0.1".into(), ..App::website("wx5131a8c0f7d2e964") };
    let world = ready_with(Plan { sim: sim_with(app), ..Plan::on(On::Sqlite) }).await;
    let (url, state) = world.start().await;
    assert_eq!(query_of(&url)["redirect_uri"], format!("{}/v1/accounts/oauth/callback", world.base));
    let callback = world.allow(&url, "alice");
    assert!(callback.starts_with(&format!("{}/v1/accounts/oauth/callback?code=", world.base)), "{callback}");
    assert_eq!(world.come_back(HOME, &callback).await.status, 303);
    assert_eq!(world.result(&state).await.ok()["status"], "done");
}

/// "If you use a custom domain, register the same path under that custom domain": a request that comes in on a
/// listed custom domain gets the callback there; any other name gets the main one.
#[tokio::test]
async fn a_custom_domain_has_the_same_path() {
    let plan = Plan { other_urls: vec!["https://login.shop.example".into()], ..Plan::on(On::Sqlite) };
    let world = ready_with(plan).await;
    for (host, expected) in [
        ("login.shop.example", "https://login.shop.example".to_owned()),
        ("LOGIN.shop.example", "https://login.shop.example".to_owned()),
        ("login.shop.example:443", "https://login.shop.example".to_owned()),
        ("login.shop.example:80", world.base.clone()),
        ("login.shop.example.evil.test", world.base.clone()),
        ("evil.test", world.base.clone()),
    ] {
        let request = world.http.post(world.url("accounts/oauth/start")).header("host", host);
        let started = Answer::of(request.json(&json!({"provider": "wechat"}))).await.ok();
        let redirect_uri = query_of(started["url"].as_str().unwrap())["redirect_uri"].clone();
        assert_eq!(redirect_uri, format!("{expected}/v1/accounts/oauth/callback"), "{host}");
    }
}

/// "If the callback domain configured in WeChat does not match the real public City domain used by the
/// downcity, login usually fails immediately": WeChat's page refuses before anybody scans, and lets the same
/// sign-in through once both are aligned.
#[tokio::test]
async fn a_domain_that_does_not_match_fails_at_once() {
    let app = App { callback_domain: "shop.example.com".into(), ..App::website("wx5131a8c0f7d2e964") };
    let world = ready_with(Plan { sim: sim_with(app), ..Plan::on(On::Sqlite) }).await;
    world.sim.set(|s| s.strict_redirect = true);
    for (public, expected) in [
        ("https://other.example.com", Some(PageError::RedirectUri)),
        ("https://example.com", Some(PageError::RedirectUri)),
        ("https://shop.example.com:8443", Some(PageError::RedirectUri)),
        ("https://shop.example.com", None),
    ] {
        let outside = Outside::with_wechat_simulator(world.sim.url()).unwrap();
        let (_federation, base) = second_door(&world, public, outside).await;
        let start = world.http.post(format!("{base}/v1/accounts/oauth/start"));
        let started = Answer::of(start.json(&json!({"provider": "wechat"}))).await.ok();
        let opened = world.sim.open(started["url"].as_str().unwrap());
        assert_eq!(opened.err(), expected.map(SimError::Page), "{public}");
    }
}

/// "Ask the server which providers are actually enabled … If the response contains
/// { id: "wechat", type: "oauth", enabled: true } then render a WeChat login entry."
#[tokio::test]
async fn the_server_tells_which_providers_are_enabled() {
    let world = World::ready(On::Sqlite).await;
    let items = providers(&world).await;
    assert_eq!(items.as_array().unwrap().len(), 1);
    let wechat = &items[0];
    assert_eq!(wechat["id"], "wechat");
    assert_eq!(wechat["type"], "oauth");
    assert_eq!(wechat["enabled"], true);
    assert_eq!(wechat["label"], "WeChat");
}

/// "To start login: action("oauth/start").invoke({ provider: "wechat", city_id: "city_demo" }). Then send the
/// user to start.url, and use oauth/result to poll or confirm the result."
#[tokio::test]
async fn start_gives_url_and_state_and_the_result_can_be_polled() {
    let world = World::ready(On::Sqlite).await;
    let body = json!({"provider": "wechat", "city_id": "city_demo"});
    let start = world.post_from(HOME, "accounts/oauth/start", body).await.ok();
    let (url, state) = (start["url"].as_str().unwrap(), start["state"].as_str().unwrap());
    assert_eq!(query_of(url)["state"], state);
    assert_eq!(start["provider"], "wechat");
    assert_eq!(world.result(state).await.ok()["status"], "pending");
    assert_eq!(world.result(state).await.ok()["status"], "pending", "polling changes nothing");
    world.come_back(HOME, &world.allow(url, "alice")).await;
    let result = world.result(state).await.ok();
    assert_eq!(result["status"], "done");
    assert!(result["user_token"].as_str().unwrap().starts_with("ub_"));
}

/// "After WeChat login succeeds, the accounts service still returns a normal City user_token. So the downcity
/// does not need a special post-login client flow": the token has the same claims as one issued by hand, works
/// in the same calls with the `city_id` that clients add, and ends the same way.
async fn the_flow_returns_a_normal_city_user_token(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    let apply = json!({"city_id": "city_demo", "user_id": "product-user-1"});
    let by_hand = world.admin_post("cities/tokens/apply", apply).await;
    let names = |token: &str| claims_of(token).as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(token), names(by_hand["user_token"].as_str().unwrap()));
    let me = world.get_as(token, "accounts/me").await.ok();
    assert_eq!(me["city_id"], "city_demo");
    assert_eq!(me["profile"]["display_name"], "Alice");
    // As the simulator gives it: on this machine http stays http.
    assert!(me["profile"]["avatar_url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert_eq!(world.post_as(token, "accounts/logout", json!({"city_id": "city_demo"})).await.status, 200);
    assert_eq!(world.get_as(token, "accounts/me").await.status, 401);
}

/// "It is not Official Account login, and it is not Mini Program login"; common mistakes: "mixing Website App
/// login with Official Account login; … with Mini Program login": WeChat's page refuses such an AppID, the
/// exchange's answer is recognised and named, and the original id of such an account is warned about.
#[tokio::test]
async fn mixing_up_the_kinds_of_app_is_told() {
    for kind in [AppKind::OfficialAccount, AppKind::MiniProgram] {
        let app = App { kind, ..App::website("wx5131a8c0f7d2e964") };
        let world = ready_with(Plan { sim: sim_with(app), ..Plan::on(On::Sqlite) }).await;
        let (url, _) = world.start().await;
        assert_eq!(world.sim.open(&url), Err(SimError::Page(PageError::Scope)), "{kind:?}");
        assert_eq!(query_of(&url)["scope"], "snsapi_login", "only the website scope is ever asked for");
    }
    let world = World::ready(On::Sqlite).await;
    world.sim.set(|s| s.userinfo_fault = Some(Fault::errcode(48001)));
    let (url, state) = world.start().await;
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    let told = world.result(&state).await.ok();
    assert_eq!((&told["status"], &told["code"]), (&json!("failed"), &json!("wrong_app_type")));
    assert!(told["error"].as_str().unwrap().contains("Website App"), "{told}");
    let original = json!({"key": "WECHAT_CLIENT_ID", "value": "gh_0123456789ab"});
    let warned = world.admin_post("env/upsert", original).await;
    assert!(warned["warning"].as_str().unwrap().contains("Official Account or Mini Program"), "{warned}");
}

/// Common mistakes: "hardcoding the wechat button instead of checking providers first": the button that should
/// not be there gets a clear answer before anybody scans.
#[tokio::test]
async fn a_hardcoded_button_gets_a_clear_answer() {
    let world = World::new(On::Sqlite).await;
    let answer = world.post_from(HOME, "accounts/oauth/start", json!({"provider": "wechat"})).await;
    assert!(assert_error(&answer, 400, "provider_not_configured").contains("`providers`"));
    let answer = world.post_from(HOME, "accounts/oauth/start", json!({"provider": "weixin"})).await;
    assert_error(&answer, 400, "unknown_provider");
    assert_eq!(world.sim.requests(), [], "WeChat was not asked");
}

/// "After deployment, write WECHAT_CLIENT_ID and WECHAT_CLIENT_SECRET into Federation env through the Admin
/// API": effective at once, without a restart, and told to the admin as configured.
async fn after_deployment_the_keys_are_written_through_the_admin_api(on: On) {
    let world = World::new(on).await;
    let refused = json!({"key": "WECHAT_CLIENT_ID", "value": "wx5131a8c0f7d2e964"});
    assert_error(&world.post_from(HOME, "env/upsert", refused).await, 401, "authentication_required");
    let before = admin_get(&world, "federation/instruction").await.text;
    for key in ["WECHAT_CLIENT_ID", "WECHAT_CLIENT_SECRET"] {
        assert!(before.contains(key), "what is missing is named: {before}");
    }
    world.set_up_wechat().await;
    world.admin_post("cities/create", json!({"name": "Demo", "city_id": "city_demo"})).await;
    assert_eq!(providers(&world).await[0]["enabled"], true, "at once");
    assert_eq!(world.sign_in("alice").await["status"], "done", "in the same process");
    let after = admin_get(&world, "federation/instruction").await.text;
    assert!(after.contains("WeChat: ready"), "{after}");
    let catalogue = admin_get(&world, "env/catalog").await.ok();
    let settings = catalogue["items"][0]["env"].as_array().unwrap();
    for key in ["WECHAT_CLIENT_ID", "WECHAT_CLIENT_SECRET"] {
        let setting = settings.iter().find(|setting| setting["key"] == key).unwrap();
        assert_eq!((&setting["required"], &setting["configured"]), (&json!(true), &json!(true)));
    }
    let secret = world.sim.app().secret;
    for path in ["env/list", "env/catalog", "services", "federation/instruction"] {
        assert!(!admin_get(&world, path).await.text.contains(&secret), "{path}");
    }
    assert!(!after.contains(world.admin_key.expose_secret()));
}
