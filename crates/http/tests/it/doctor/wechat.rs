//! WeChat: AppID, AppSecret, the authorize page, and what else is said there, with each fault of the simulator.

use super::{examined, examined_zh, finding, result, says};
use crate::support::{On, World};
use serde_json::json;
use wechat_sim::{App, AppKind, Fault, FaultKind, Switches};

/// One fault, and what has to be found.
struct Row {
    turn: fn(&mut Switches),
    check: &'static str,
    result: (&'static str, &'static str),
    evidence: &'static [&'static str],
    remedy: &'static [&'static str],
}

const fn token(
    turn: fn(&mut Switches),
    result: (&'static str, &'static str),
    evidence: &'static [&'static str],
    remedy: &'static [&'static str],
) -> Row {
    Row { turn, check: "wechat.credentials", result, evidence, remedy }
}

const fn page(
    turn: fn(&mut Switches),
    result: (&'static str, &'static str),
    evidence: &'static [&'static str],
    remedy: &'static [&'static str],
) -> Row {
    Row { turn, check: "wechat.authorize", result, evidence, remedy }
}

const ROWS: &[Row] = &[
    token(|_| (), ("ok", "fine"), &["errcode 40029", "only the made-up code", "wx5131a8c0f7d2e964"], &[]),
    token(
        |s| s.token_fault = Some(Fault::errcode(40013)),
        ("failed", "appid_wrong"),
        &["40013", "rid "],
        &["WECHAT_CLIENT_ID"],
    ),
    token(
        |s| s.token_fault = Some(Fault::errcode(40125)),
        ("failed", "secret_wrong"),
        &["40125"],
        &["WECHAT_CLIENT_SECRET"],
    ),
    token(
        |s| s.token_fault = Some(Fault::errcode(40243)),
        ("failed", "secret_frozen"),
        &["40243"],
        &["WECHAT_CLIENT_SECRET"],
    ),
    token(
        |s| s.token_fault = Some(Fault::errcode(40164)),
        ("failed", "ip_not_listed"),
        &["40164", "127.0.0.1"],
        &["Add 127.0.0.1", "IP whitelist"],
    ),
    token(
        |s| s.token_fault = Some(Fault::errcode(48001)),
        ("failed", "wrong_kind"),
        &["48001"],
        &["Website App"],
    ),
    token(
        |s| s.token_fault = Some(Fault::errcode(61007)),
        ("failed", "wrong_kind"),
        &["61007"],
        &["Website App"],
    ),
    token(
        |s| s.token_fault = Some(Fault::errcode(48004)),
        ("failed", "banned"),
        &["48004"],
        &["settle it with WeChat"],
    ),
    token(|s| s.token_fault = Some(Fault::errcode(45011)), ("warning", "busy"), &["45011"], &["in a minute"]),
    token(
        |s| s.token_fault = Some(Fault::errcode(49999)),
        ("warning", "unexpected"),
        &["49999"],
        &["return codes"],
    ),
    token(
        |s| s.token_fault = Some(Fault::new(FaultKind::BadGateway)),
        ("failed", "not_wechat"),
        &["HTTP 502", "HTML"],
        &["proxy"],
    ),
    token(
        |s| s.token_fault = Some(Fault::new(FaultKind::Html)),
        ("failed", "not_wechat"),
        &["HTTP 200", "HTML"],
        &["proxy"],
    ),
    token(
        |s| s.token_fault = Some(Fault::new(FaultKind::EmptyBody)),
        ("failed", "not_wechat"),
        &["empty"],
        &["proxy"],
    ),
    token(
        |s| s.token_fault = Some(Fault::new(FaultKind::Reset)),
        ("failed", "unreachable"),
        &["connection broke"],
        &["firewall"],
    ),
    token(
        |s| s.token_fault = Some(Fault::new(FaultKind::Huge)),
        ("failed", "too_large"),
        &["too large"],
        &[],
    ),
    token(
        |s| s.token_fault = Some(Fault::new(FaultKind::Hang)),
        ("failed", "unreachable"),
        &["in time"],
        &["firewall"],
    ),
    page(|_| (), ("ok", "fine"), &["QR code", "/v1/accounts/oauth/callback"], &[]),
    page(
        |s| s.strict_redirect = true,
        ("failed", "domain_mismatch"),
        &["redirect_uri 参数错误"],
        &["127.0.0.1", "no IP address"],
    ),
    page(|s| s.link_refused = true, ("failed", "link_refused"), &["该链接无法访问"], &["授权回调域"]),
    page(
        |s| s.page_fault = Some(Fault::new(FaultKind::BadGateway)),
        ("failed", "bad_status"),
        &["HTTP 502"],
        &["browser"],
    ),
    page(
        |s| s.page_fault = Some(Fault::new(FaultKind::Html)),
        ("warning", "unknown_page"),
        &["HTTP 200", "does not know"],
        &["browser"],
    ),
    page(
        |s| s.page_fault = Some(Fault::new(FaultKind::Reset)),
        ("failed", "unreachable"),
        &["connection broke"],
        &["firewall"],
    ),
    page(
        |s| s.page_fault = Some(Fault::new(FaultKind::Hang)),
        ("failed", "unreachable"),
        &["in time"],
        &["firewall"],
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_of_wechat_is_told_apart_with_its_remedy() {
    let world = World::ready(On::Sqlite).await;
    let secret = world.sim.app().secret;
    for row in ROWS {
        world.sim.set(|switches| *switches = Switches::default());
        world.sim.set(row.turn);
        anew(&world).await;
        let report = examined(&world, "wechat").await;
        let found = finding(&report, row.check, None);
        assert_eq!(result(&found), row.result, "{found:#}");
        says(&found, row.evidence, row.remedy);
        assert_eq!(
            row.result.0 == "ok",
            found["remedy"].is_null(),
            "whatever is wrong has a remedy: {found:#}"
        );
        assert!(!report.to_string().contains(&secret), "{report:#}");
        if row.result.0 == "failed" {
            assert_eq!(report["verdict"], "failed");
        }
    }
    let users = "select count(*) from users";
    assert_eq!(downcity_store::testing::number(&world.store, users).await, 0, "nobody was signed in");
}

/// Changes a setting, so that the last report is not told again.
async fn anew(world: &World) {
    world.admin_post("env/upsert", json!({"key": "UNRELATED", "value": "1"})).await;
}

async fn set(world: &World, key: &str, value: &str) {
    world.admin_post("env/upsert", json!({"key": key, "value": value})).await;
}

#[tokio::test]
async fn settings_that_are_wrong_are_told_in_both_languages_without_showing_a_secret() {
    let world = World::new(On::Sqlite).await;
    let app = world.sim.app();
    let nothing = examined(&world, "wechat").await;
    assert_eq!(result(&finding(&nothing, "wechat.settings", None)), ("skipped", "not_set_up"));
    assert_eq!(
        (nothing["items"].as_array().unwrap().len(), nothing["verdict"].as_str()),
        (1, Some("skipped"))
    );

    set(&world, "WECHAT_CLIENT_ID", &app.appid).await;
    let half = finding(&examined(&world, "wechat").await, "wechat.settings", None);
    assert_eq!(result(&half), ("failed", "incomplete"));
    says(&half, &["WECHAT_CLIENT_SECRET is missing"], &["fed env set WECHAT_CLIENT_SECRET"]);

    // Both settings mixed up: the secret stands where an AppID would be shown.
    set(&world, "WECHAT_CLIENT_ID", &app.secret).await;
    set(&world, "WECHAT_CLIENT_SECRET", &app.appid).await;
    let report = examined(&world, "wechat").await;
    assert_eq!(result(&finding(&report, "wechat.credentials", None)), ("failed", "appid_wrong"));
    assert_eq!(result(&finding(&report, "wechat.authorize", None)), ("failed", "appid_wrong"));
    assert!(report.to_string().contains("looks like the AppSecret"), "{report:#}");
    assert!(!report.to_string().contains(&app.secret), "{report:#}");

    set(&world, "WECHAT_CLIENT_ID", &app.appid).await;
    set(&world, "WECHAT_CLIENT_SECRET", &"0".repeat(32)).await;
    let report = examined_zh(&world, "wechat").await;
    let found = finding(&report, "wechat.credentials", None);
    assert_eq!(result(&found), ("failed", "secret_wrong"));
    assert_eq!(found["title"], "AppID 与 AppSecret");
    says(&found, &["不匹配", "40125"], &["请复制同一个“网站应用”的 AppSecret"]);
}

#[tokio::test]
async fn a_mistake_in_wechats_console_names_what_has_to_stand_there() {
    let world = World::ready(On::Sqlite).await;
    let app = world.sim.app();
    world.sim.put_app(App { callback_domain: "shop.example.com".to_owned(), ..app.clone() });
    let found = finding(&examined(&world, "wechat.authorize").await, "wechat.authorize", None);
    assert_eq!(result(&found), ("failed", "domain_mismatch"));
    says(&found, &["redirect_uri 参数错误"], &["(授权回调域) to exactly 127.0.0.1"]);
    for kind in [AppKind::Unapproved, AppKind::OfficialAccount, AppKind::MiniProgram] {
        world.sim.put_app(App { kind, ..app.clone() });
        anew(&world).await;
        let found = finding(&examined(&world, "wechat.authorize").await, "wechat.authorize", None);
        assert_eq!(result(&found), ("failed", "wrong_kind"), "{kind:?}");
        says(&found, &["Scope 参数错误"], &["has passed review with the capability WeChat Login"]);
    }
}

#[tokio::test]
async fn a_citys_own_app_is_checked_too() {
    let world = World::ready(On::Sqlite).await;
    world.sim.put_app(App::website("wx00000000000000c1"));
    let set = async |key: &str, value: &str| {
        let body = json!({"city_id": "city_demo", "key": key, "value": value});
        world.admin_post("cities/env/upsert", body).await;
    };
    set("WECHAT_CLIENT_ID", "wx00000000000000c1").await;
    let half = finding(&examined(&world, "wechat").await, "wechat.settings", Some("city_demo"));
    assert_eq!(result(&half), ("warning", "incomplete"));
    says(&half, &["the Federation's is used"], &["fed env set WECHAT_CLIENT_SECRET --city city_demo"]);
    set("WECHAT_CLIENT_SECRET", &"f".repeat(32)).await;
    let report = examined(&world, "wechat").await;
    assert_eq!(result(&finding(&report, "wechat.credentials", None)), ("ok", "fine"));
    assert_eq!(
        result(&finding(&report, "wechat.credentials", Some("city_demo"))),
        ("failed", "secret_wrong")
    );
    assert_eq!(result(&finding(&report, "wechat.authorize", Some("city_demo"))), ("ok", "fine"));
}

#[tokio::test]
async fn what_is_switched_off_is_said_to_be() {
    let world = World::ready(On::Sqlite).await;
    world.admin_post("providers/disable", json!({"provider": "wechat", "city_id": "city_demo"})).await;
    let found = finding(&examined(&world, "wechat").await, "wechat.switch", Some("city_demo"));
    assert_eq!(result(&found), ("skipped", "switched_off"));
    says(&found, &["switched off"], &["providers/enable"]);
    world.admin_post("providers/disable", json!({"provider": "wechat"})).await;
    let report = examined(&world, "wechat").await;
    assert_eq!(result(&finding(&report, "wechat.switch", None)), ("skipped", "switched_off"));
    assert_eq!(result(&finding(&report, "wechat.credentials", None)), ("ok", "fine"), "it would work");
}
