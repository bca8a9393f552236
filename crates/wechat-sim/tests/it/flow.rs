//! A whole sign-in, step by step over HTTP, as browser, phone and server do it.

use serde_json::Value;

use crate::support::{CALLBACK, Fixture, param, uuid_in};

#[tokio::test]
async fn browser_phone_and_server() {
    let fx = Fixture::new().await;
    let page = fx.http.get(fx.authorize_url("state-1")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let page = page.text().await.unwrap();
    assert!(page.contains("<title>微信登录</title>") && page.contains("class=\"js_qrcode_img\""));
    let uuid = uuid_in(&page);
    assert_eq!(uuid.len(), 16);
    assert!(
        page.contains(&format!("/connect/l/qrconnect?uuid={uuid}\", usenewdomain = 1;")),
        "devtools find it"
    );

    let phone = fx.text(&format!("/connect/confirm?uuid={uuid}")).await;
    assert!(phone.contains("id=\"allow\"") && phone.contains("id=\"deny\"") && phone.contains("张三🌟"));
    let poll = fx.text(&format!("/connect/l/qrconnect?uuid={uuid}&_=1")).await;
    assert_eq!(poll, "window.wx_errcode=404;window.wx_code='';");

    let form = [("uuid", uuid.as_str()), ("snsapi_login", "on"), ("allow", "allow"), ("user", "alice")];
    let reply =
        fx.http.post(format!("{}/connect/confirm_reply", fx.sim.url())).form(&form).send().await.unwrap();
    assert!(reply.text().await.unwrap().contains("已允许"));
    let poll = fx.text(&format!("/connect/l/qrconnect?uuid={uuid}&last=404&_=2")).await;
    let code =
        poll.strip_prefix("window.wx_errcode=405;window.wx_code='").unwrap().strip_suffix("';").unwrap();
    assert!(
        code.len() == 32 && code.starts_with('0') && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
    );

    let answer = fx.get(&fx.exchange_path(code)).await.text().await.unwrap();
    let tokens: Value = serde_json::from_str(&answer).unwrap();
    let field = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let expected = format!(
        r#"{{"access_token":"{}","expires_in":7200,"refresh_token":"{}","openid":"{}","scope":"snsapi_login","unionid":"{}"}}"#,
        field("access_token"),
        field("refresh_token"),
        fx.sim.openid("alice", &fx.sim.app().appid),
        fx.sim.unionid("alice", &fx.sim.app().open_account),
    );
    assert_eq!(answer, expected, "compact, keys in the captured order");
    assert!(field("access_token").len() == 110 && field("access_token").starts_with("86_"));
    assert!(field("openid").len() == 28 && field("openid").starts_with('o') && field("unionid").len() == 28);

    let profile = fx.text(&Fixture::userinfo_path(&tokens)).await;
    let expected = format!(
        r#"{{"openid":"{}","nickname":"Alice","sex":0,"language":"","city":"","province":"","country":"","headimgurl":"{}","privilege":[],"unionid":"{}"}}"#,
        field("openid"),
        format!("{}/mmopen/vi_32/alice/132", fx.sim.url()).replace('/', r"\/"),
        field("unionid"),
    );
    assert_eq!(profile, expected);
    assert_eq!(fx.sim.count("access_token"), 1);
    fx.sim.stop().await;
}

#[tokio::test]
async fn in_process_and_without_http() {
    let fx = Fixture::new().await;
    let callback = fx.sim.sign_in_as(&fx.authorize_url("abc"), "lilei").unwrap();
    assert!(callback.starts_with(&format!("{CALLBACK}?code=0")) && callback.ends_with("&state=abc"));
    assert!(fx.sim.requests().is_empty());
    let tokens = fx.sns(&fx.exchange_path(&param(&callback, "code").unwrap())).await;
    assert_eq!(tokens["openid"], fx.sim.openid("lilei", &fx.sim.app().appid));
    assert_eq!(tokens.get("unionid"), None, "this person has none");
}
