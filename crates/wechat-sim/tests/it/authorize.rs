//! The authorize page: its mistakes, its parameters, its images and the script that embeds it.

use serde_json::Value;
use wechat_sim::{App, AppKind, Callback, Fault, FaultKind, SimError, StateEcho};

use crate::support::{CALLBACK, Fixture, param, uuid_in};

async fn page(fx: &Fixture, changes: &[(&str, &str)]) -> String {
    let answer = fx.http.get(fx.authorize(changes)).send().await.unwrap();
    assert_eq!(answer.status(), 200, "mistakes have status 200 too");
    answer.text().await.unwrap()
}

/// What the page's script is given.
fn conf(page: &str) -> Value {
    let from = page.split("id=\"conf\">").nth(1).expect("a QR page");
    serde_json::from_str(from.split("</script>").next().unwrap()).unwrap()
}

#[tokio::test]
async fn each_mistake_is_one_sentence_without_a_way_back() {
    let fx = Fixture::new().await;
    for (appid, kind) in [
        ("wx00000000000000a1", AppKind::OfficialAccount),
        ("wx00000000000000a2", AppKind::MiniProgram),
        ("wx00000000000000a3", AppKind::Unapproved),
    ] {
        fx.sim.put_app(App { kind, ..App::website(appid) });
    }
    fx.sim.put_app(App { callback_domain: "www.example.com".into(), ..App::website("wx00000000000000a4") });
    let table: [(&[(&str, &str)], &str); 11] = [
        (&[("appid", "")], "AppID 参数错误"),
        (&[("appid", "wx0000000000000000")], "AppID 参数错误"),
        (&[("redirect_uri", "")], "redirect_uri 参数错误"),
        (&[("redirect_uri", "www.example.com/cb")], "redirect_uri 参数错误"),
        (&[("redirect_uri", "https://evil.test/cb")], "redirect_uri 参数错误"),
        (
            &[("appid", "wx00000000000000a4"), ("redirect_uri", "https://example.com/cb")],
            "redirect_uri 参数错误",
        ),
        (&[("appid", "wx00000000000000a1")], "Scope 参数错误或没有 Scope 权限"),
        (&[("appid", "wx00000000000000a2")], "Scope 参数错误或没有 Scope 权限"),
        (&[("appid", "wx00000000000000a3")], "Scope 参数错误或没有 Scope 权限"),
        (&[("scope", "snsapi_userinfo")], "Scope 参数错误或没有 Scope 权限"),
        (&[("scope", "")], "Scope 参数错误或没有 Scope 权限"),
    ];
    for (changes, sentence) in table {
        let page = page(&fx, changes).await;
        assert!(page.contains(&format!("<p>{sentence}</p>")), "{changes:?}: {page}");
        assert!(page.len() < 1000 && !page.contains("href") && !page.contains("<script"), "{changes:?}");
    }
    // AppID comes before redirect_uri, redirect_uri before scope.
    assert!(page(&fx, &[("appid", "x"), ("redirect_uri", "x")]).await.contains("AppID"));
    assert!(page(&fx, &[("redirect_uri", "x"), ("scope", "x")]).await.contains("redirect_uri"));
}

#[tokio::test]
async fn what_the_real_page_tolerates() {
    let fx = Fixture::new().await;
    // wxLogin.js sends no response_type; some clients ask for two scopes; the state is optional.
    uuid_in(&page(&fx, &[("response_type", "")]).await);
    uuid_in(&page(&fx, &[("scope", "snsapi_login,snsapi_userinfo")]).await);
    assert_eq!(conf(&page(&fx, &[("state", "")]).await)["state"], "");
    let mixed_case = fx.authorize_url("s").replace("qrconnect", "qrConnect");
    uuid_in(&fx.http.get(mixed_case).send().await.unwrap().text().await.unwrap());
}

#[tokio::test]
async fn a_redirect_uri_that_is_not_encoded_loses_its_rest() {
    let fx = Fixture::new().await;
    let appid = fx.sim.app().appid;
    let raw = format!(
        "{}/connect/qrconnect?appid={appid}&redirect_uri={CALLBACK}?a=1&state=mine&scope=snsapi_login&state=real",
        fx.sim.url()
    );
    let callback = fx.sim.sign_in_as(&raw, "alice").unwrap();
    assert_eq!(param(&callback, "state").unwrap(), "mine", "the state of the site is lost");
}

#[tokio::test]
async fn the_strict_rule_refuses_what_developers_need() {
    let fx = Fixture::new().await;
    fx.sim.put_app(App { callback_domain: "www.example.com".into(), ..App::website("wx00000000000000b1") });
    let ported = [("appid", "wx00000000000000b1"), ("redirect_uri", "https://www.example.com:8101/cb")];
    let plain = [("appid", "wx00000000000000b1"), ("redirect_uri", "https://www.example.com/cb")];
    uuid_in(&page(&fx, &ported).await);
    fx.sim.set(|switches| switches.strict_redirect = true);
    assert!(page(&fx, &ported).await.contains("redirect_uri 参数错误"));
    assert!(page(&fx, &[]).await.contains("redirect_uri 参数错误"), "loopback");
    uuid_in(&page(&fx, &plain).await);
}

#[tokio::test]
async fn a_page_that_explains_nothing_and_a_page_that_is_lost_on_the_way() {
    let fx = Fixture::new().await;
    fx.sim.set(|switches| switches.link_refused = true);
    assert!(page(&fx, &[]).await.contains("该链接无法访问"));
    fx.sim.set(|switches| switches.link_refused = false);
    let lost = |kind| fx.sim.set(|switches| switches.page_fault = Some(Fault::new(kind).times(1)));
    let get = async || fx.http.get(fx.authorize_url("s")).send().await.unwrap();
    lost(FaultKind::BadGateway);
    assert_eq!(get().await.status(), 502);
    lost(FaultKind::Html);
    assert!(!get().await.text().await.unwrap().contains("/connect/qrcode/"));
    lost(FaultKind::Reset);
    assert!(get().await.text().await.is_err(), "the connection breaks");
    // Pages have no error number.
    lost(FaultKind::Errcode);
    uuid_in(&page(&fx, &[]).await);
    uuid_in(&page(&fx, &[]).await);
}

#[tokio::test]
async fn the_state_is_decoded_once_and_echoed_raw() {
    let fx = Fixture::new().await;
    let callback = fx.sim.sign_in_as(&fx.authorize_url("a b&c=d#e+f%41"), "alice").unwrap();
    assert!(callback.ends_with("&state=a b&c=d#e+f%41"), "{callback}");
    let html = page(&fx, &[("state", "</script><script>alert(1)</script>")]).await;
    assert_eq!(conf(&html)["state"], "</script><script>alert(1)</script>");
    assert!(!html.contains("<script>alert"), "echoed raw to the site, never to our own page");
}

#[tokio::test]
async fn the_callback_is_appended_naively() {
    let fx = Fixture::new().await;
    let to =
        |redirect: &str| fx.sim.sign_in_as(&fx.authorize(&[("redirect_uri", redirect)]), "alice").unwrap();
    assert!(to("http://127.0.0.1/cb").starts_with("http://127.0.0.1/cb?code="));
    assert!(to("http://127.0.0.1/cb?a=1").starts_with("http://127.0.0.1/cb?a=1&code="));
    assert!(to("http://127.0.0.1/cb?a=1&amp;b=2").starts_with("http://127.0.0.1/cb?a=1&b=2&code="));
    assert!(
        to("http://127.0.0.1/#/login").starts_with("http://127.0.0.1/#/login?code="),
        "inside the fragment"
    );
}

#[tokio::test]
async fn states_other_than_the_given_one() {
    let fx = Fixture::new().await;
    let with = |echo| {
        fx.sim.set(|switches| switches.state_echo = echo);
        fx.sim.sign_in_as(&fx.authorize_url("mine"), "alice").unwrap()
    };
    assert_eq!(param(&with(StateEcho::Given), "state").as_deref(), Some("mine"));
    assert_eq!(param(&with(StateEcho::Absent), "state"), None);
    assert_eq!(param(&with(StateEcho::Empty), "state").as_deref(), Some(""));
    let foreign = param(&with(StateEcho::Foreign), "state").unwrap();
    assert!(foreign != "mine" && foreign.len() == 32);
    let html = page(&fx, &[]).await;
    assert_eq!(conf(&html)["state"].as_str().unwrap().len(), 32, "the page echoes it too");
}

#[tokio::test]
async fn the_strict_state_rule() {
    let fx = Fixture::new().await;
    fx.sim.set(|switches| switches.strict_state = true);
    uuid_in(&page(&fx, &[("state", &"a".repeat(128))]).await);
    for state in ["a".repeat(129), "with-dash".into(), "with_underscore".into()] {
        assert!(page(&fx, &[("state", &state)]).await.contains("state 参数过长"), "{state}");
    }
}

#[tokio::test]
async fn languages_layouts_and_delivery() {
    let fx = Fixture::new().await;
    let english = page(&fx, &[("lang", "en")]).await;
    assert!(english.contains("<html lang=\"en\">") && english.contains("Scan with WeChat to log in"));
    let phone = fx.text(&format!("/connect/confirm?uuid={}", uuid_in(&english))).await;
    assert!(phone.contains(">Allow</button>"));
    let chinese = page(&fx, &[("lang", "cn")]).await;
    for text in ["使用微信扫一扫登录", "扫描成功", "在微信中轻触允许即可登录", "你已取消此次登录", "重试"]
    {
        assert!(chinese.contains(text), "{text}");
    }
    assert!(chinese.contains("<body class=\"  scheme-light text-black\""));
    let embedded =
        page(&fx, &[("self_redirect", "true"), ("style", "white"), ("href", "https://x.test/a.css")]).await;
    assert!(embedded.contains("asks-embedded") && embedded.contains("text-white"));
    assert!(embedded.contains("<link rel=\"stylesheet\" href=\"https://x.test/a.css\">"));
    assert_eq!(conf(&embedded)["self_redirect"], "true");
    let lite =
        page(&fx, &[("href", "https://x.test/a.css"), ("stylelite", "1"), ("color_scheme", "dark")]).await;
    assert!(
        !lite.contains("rel=\"stylesheet\"") && lite.contains("lite scheme-dark"),
        "href is ignored with stylelite=1"
    );
    // What it offers after a cancel.
    assert!(lite.contains(">再次登录</button>") && !lite.contains(">重试</button>"));
    assert!(embedded.contains(">重试</button>") && !embedded.contains("再次登录"));
    let insecure = page(&fx, &[("href", "http://x.test/a.css")]).await;
    assert!(!insecure.contains("rel=\"stylesheet\""), "href must be https");
    fx.sim.set(|switches| (switches.callback, switches.callback_gap_ms) = (Callback::FetchThenNavigate, 70));
    let twice = conf(&page(&fx, &[]).await);
    assert_eq!(
        (&twice["callback"], &twice["gap_ms"]),
        (&Value::from("fetch_then_navigate"), &Value::from(70))
    );
}

#[tokio::test]
async fn refresh_gives_a_new_uuid_as_xml() {
    let fx = Fixture::new().await;
    let first = uuid_in(&page(&fx, &[]).await);
    let answer = fx.http.get(fx.authorize(&[("f", "xml")])).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/xml");
    let xml = answer.text().await.unwrap();
    let second = xml.split("<uuid><![CDATA[").nth(1).unwrap().split("]]></uuid>").next().unwrap();
    assert!(second.len() == 16 && second != first);
    fx.sim.allow(second, "alice").unwrap();
}

#[tokio::test]
async fn images_and_the_embedding_script() {
    let fx = Fixture::new().await;
    let uuid = uuid_in(&page(&fx, &[]).await);
    let qr = fx.get(&format!("/connect/qrcode/{uuid}")).await;
    assert_eq!(
        (qr.status().as_u16(), qr.headers()["content-type"].to_str().unwrap()),
        (200, "image/svg+xml")
    );
    assert_eq!(fx.get("/connect/qrcode/nobody").await.status(), 404);
    let avatar = fx.get("/mmopen/vi_32/zhangsan/132").await;
    assert_eq!(avatar.headers()["content-type"], "image/svg+xml");
    assert!(avatar.text().await.unwrap().contains(">张</text>"));
    assert_eq!(fx.get("/mmopen/vi_32/nobody/132").await.status(), 404);
    fx.sim.set(|switches| switches.avatar_gone = true);
    assert_eq!(fx.get("/mmopen/vi_32/zhangsan/132").await.status(), 404, "after a change of avatar");
    let script = fx.get("/connect/zh_CN/htmledition/js/wxLogin.js").await;
    assert!(script.headers()["content-type"].to_str().unwrap().starts_with("application/javascript"));
    assert!(script.text().await.unwrap().contains("window.WxLogin = WxLogin"));
    assert!(fx.text("/").await.contains(&fx.sim.app().appid));
}

#[tokio::test]
async fn a_url_elsewhere_is_refused_by_the_handle() {
    let fx = Fixture::new().await;
    let url = fx.authorize_url("s");
    for elsewhere in [
        url.replace(fx.sim.url(), "https://open.weixin.qq.com"),
        url.replace("/connect/qrconnect", "/connect/oauth2/authorize"),
        url.replace("/connect", "9/connect"),
    ] {
        assert!(
            matches!(fx.sim.sign_in_as(&elsewhere, "alice"), Err(SimError::NotQrconnect(_))),
            "{elsewhere}"
        );
    }
    assert!(matches!(fx.sim.sign_in_as(&url, "nobody"), Err(SimError::UnknownPerson(_))));
    assert!(matches!(fx.sim.open(&fx.authorize(&[("appid", "x")])), Err(SimError::Page(_))));
}
