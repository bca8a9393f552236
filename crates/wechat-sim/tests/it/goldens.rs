//! The error bodies, byte by byte, and the order in which parameters are looked at.

use std::time::Duration;

use wechat_sim::{App, Fault, Switches};

use crate::support::{Fixture, without_rid};

/// The body of a call, its request id checked and replaced by `R`.
async fn body(fx: &Fixture, path: &str) -> String {
    let answer = fx.get(path).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
        (200, "text/plain")
    );
    without_rid(&answer.text().await.unwrap(), fx.sim.now_ms())
}

fn golden(errcode: i32, text: &str) -> String {
    format!(r#"{{"errcode":{errcode},"errmsg":"{text}, rid: R"}}"#)
}

#[tokio::test]
async fn token_endpoint() {
    let fx = Fixture::new().await;
    let app = fx.sim.app();
    let other = App::website("wx00000000000000c1");
    fx.sim.put_app(other.clone());
    let (id, secret) = (app.appid.as_str(), app.secret.as_str());
    let grant = "grant_type=authorization_code";
    let table = [
        // In the order in which WeChat looks: each line has everything that follows wrong as well.
        (String::new(), 41002, "appid missing"),
        ("appid=&secret=x".to_owned(), 41002, "appid missing"),
        ("appid=nobody".to_owned(), 41004, "appsecret missing"),
        ("appid=nobody&secret=x".to_owned(), 41008, "missing code"),
        ("appid=nobody&secret=x&code=x".to_owned(), 40002, "invalid grant_type"),
        ("appid=nobody&secret=x&code=x&grant_type=password".to_owned(), 40002, "invalid grant_type"),
        (format!("appid=nobody&secret=x&code=x&{grant}"), 40013, "invalid appid"),
        (format!("appid={id}&secret=x&code=x&{grant}"), 40125, "invalid appsecret"),
        (format!("appid={id}&secret={secret}&code=x&{grant}"), 40029, "invalid code"),
    ];
    for (query, errcode, text) in table {
        let path = format!("/sns/oauth2/access_token?{query}");
        assert_eq!(body(&fx, &path).await, golden(errcode, text), "{query}");
        assert_eq!(fx.sim.requests().last().unwrap().errcode, errcode);
    }
    let code = fx.sim.mint_code(id, "alice").unwrap();
    let (other_id, other_secret) = (&other.appid, &other.secret);
    let path = format!("/sns/oauth2/access_token?appid={other_id}&secret={other_secret}&code={code}&{grant}");
    assert_eq!(body(&fx, &path).await, golden(40029, "invalid code"), "a code of another app");
    assert!(body(&fx, &fx.exchange_path(&code)).await.starts_with(r#"{"access_token":"#));
    assert_eq!(body(&fx, &fx.exchange_path(&code)).await, golden(40163, "code been used"));
    fx.sim.set(|switches| switches.reused_code_is_40029 = true);
    assert_eq!(body(&fx, &fx.exchange_path(&code)).await, golden(40029, "invalid code"));
}

#[tokio::test]
async fn an_expired_code() {
    let fx = Fixture::new().await;
    let code = fx.sim.mint_code(&fx.sim.app().appid, "alice").unwrap();
    fx.sim.advance(Duration::from_secs(600));
    assert_eq!(body(&fx, &fx.exchange_path(&code)).await, golden(40029, "invalid code"));
    fx.sim.set(|switches| switches.expired_code_is_42003 = true);
    assert_eq!(body(&fx, &fx.exchange_path(&code)).await, golden(42003, "code expired"));
    let young = fx.sim.mint_code(&fx.sim.app().appid, "alice").unwrap();
    fx.sim.advance(Duration::from_secs(590));
    assert!(body(&fx, &fx.exchange_path(&young)).await.contains("access_token"));
}

#[tokio::test]
async fn a_wrong_secret_and_the_code() {
    let fx = Fixture::new().await;
    let code = fx.sim.mint_code(&fx.sim.app().appid, "alice").unwrap();
    let wrong = fx.exchange_path(&code).replace(&fx.sim.app().secret, "wrong");
    assert_eq!(body(&fx, &wrong).await, golden(40125, "invalid appsecret"));
    assert!(body(&fx, &fx.exchange_path(&code)).await.contains("access_token"), "the code was not burnt");
    let code = fx.sim.mint_code(&fx.sim.app().appid, "alice").unwrap();
    let wrong = fx.exchange_path(&code).replace(&fx.sim.app().secret, "wrong");
    fx.sim.set(|switches| switches.failed_exchange_burns_code = true);
    body(&fx, &wrong).await;
    assert_eq!(body(&fx, &fx.exchange_path(&code)).await, golden(40163, "code been used"));
}

#[tokio::test]
async fn token_endpoint_takes_a_form() {
    let fx = Fixture::new().await;
    let code = fx.sim.mint_code(&fx.sim.app().appid, "alice").unwrap();
    let path = fx.exchange_path(&code);
    let (path, form) = path.split_once('?').unwrap();
    let post = fx.http.post(format!("{}{path}", fx.sim.url()));
    let post = post.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
    assert!(post.send().await.unwrap().text().await.unwrap().contains("access_token"));
    assert_eq!(fx.sim.requests()[0].method, "POST");
}

#[tokio::test]
async fn refresh_endpoint() {
    let fx = Fixture::new().await;
    let id = fx.sim.app().appid;
    let tokens = fx.tokens("alice").await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let path = |query: &str| format!("/sns/oauth2/refresh_token?{query}");
    let good = path(&format!("appid={id}&grant_type=refresh_token&refresh_token={refresh}"));
    assert_eq!(body(&fx, &path("")).await, golden(41002, "appid missing"));
    assert_eq!(body(&fx, &path(&format!("appid={id}"))).await, golden(40002, "invalid grant_type"));
    let missing = path(&format!("appid={id}&grant_type=refresh_token"));
    assert_eq!(body(&fx, &missing).await, golden(41003, "refresh_token missing"));
    assert_eq!(body(&fx, &good.replace(&id, "wx0000000000000000")).await, golden(40013, "invalid appid"));
    let unknown = path(&format!("appid={id}&grant_type=refresh_token&refresh_token=x"));
    assert_eq!(body(&fx, &unknown).await, golden(40030, "invalid refresh_token"));

    fx.sim.advance(Duration::from_secs(7000));
    let same = fx.sns(&good).await;
    assert_eq!(same["access_token"], tokens["access_token"], "not expired: the same one lives longer");
    let keys: Vec<&str> = same.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(keys.len() == 5 && !keys.contains(&"unionid"));
    fx.sim.advance(Duration::from_secs(7000));
    assert_eq!(fx.sns(&Fixture::userinfo_path(&tokens)).await["nickname"], "Alice");
    fx.sim.advance(Duration::from_secs(300));
    assert_eq!(body(&fx, &Fixture::userinfo_path(&tokens)).await, golden(42001, "access_token expired"));
    let new = fx.sns(&good).await;
    assert_ne!(new["access_token"], tokens["access_token"], "expired: a new one");
    assert_eq!((&new["openid"], &new["refresh_token"]), (&tokens["openid"], &tokens["refresh_token"]));
    assert_eq!(fx.sns(&Fixture::userinfo_path(&new)).await["nickname"], "Alice");
    fx.sim.advance(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(body(&fx, &good).await, golden(42002, "refresh_token expired"));
}

#[tokio::test]
async fn userinfo_and_auth_endpoints() {
    let fx = Fixture::new().await;
    let tokens = fx.tokens("alice").await;
    let (token, openid) = (tokens["access_token"].as_str().unwrap(), tokens["openid"].as_str().unwrap());
    for endpoint in ["/sns/userinfo", "/sns/auth"] {
        let path = |query: String| format!("{endpoint}?{query}");
        assert_eq!(body(&fx, &path(format!("openid={openid}"))).await, golden(41001, "access_token missing"));
        assert_eq!(body(&fx, &path(format!("access_token={token}"))).await, golden(41009, "missing openid"));
        assert_eq!(
            body(&fx, &path(format!("access_token=x&openid={openid}"))).await,
            golden(40001, "invalid credential, access_token is invalid or not latest")
        );
        assert_eq!(
            body(&fx, &path(format!("access_token={token}&openid=oOther"))).await,
            golden(40003, "invalid openid")
        );
        let post = fx.http.post(format!("{}{endpoint}", fx.sim.url())).send().await.unwrap();
        assert_eq!(
            without_rid(&post.text().await.unwrap(), fx.sim.now_ms()),
            golden(43001, "require GET method")
        );
    }
    let good = format!("/sns/auth?access_token={token}&openid={openid}");
    assert_eq!(body(&fx, &good).await, r#"{"errcode":0,"errmsg":"ok"}"#, "the only success with an errcode");
    fx.sim.set(|switches| switches.userinfo_ignores_openid = true);
    assert_eq!(fx.sns(&format!("/sns/userinfo?access_token={token}")).await["nickname"], "Alice");
    fx.sim.advance(Duration::from_secs(7200));
    assert_eq!(body(&fx, &good).await, golden(42001, "access_token expired"));
    assert_eq!(body(&fx, &Fixture::userinfo_path(&tokens)).await, golden(42001, "access_token expired"));
}

#[tokio::test]
async fn forced_errcodes_at_every_endpoint() {
    let fx = Fixture::new().await;
    let table = [
        (-1, r#"{"errcode":-1,"errmsg":"system error, rid: R"}"#),
        (48001, r#"{"errcode":48001,"errmsg":"api unauthorized, rid: R"}"#),
        (50002, r#"{"errcode":50002,"errmsg":"user limited rid: R"}"#),
        (42001, r#"{"errcode":42001,"errmsg":"access_token expired, rid: R"}"#),
        (
            45011,
            r#"{"errcode":45011,"errmsg":"api minute-quota reach limit, must slower, retry next minute, rid: R"}"#,
        ),
    ];
    type Place = fn(&mut Switches) -> &mut Option<Fault>;
    let places: [(&str, Place); 4] = [
        ("/sns/oauth2/access_token", |switches| &mut switches.token_fault),
        ("/sns/oauth2/refresh_token", |switches| &mut switches.refresh_fault),
        ("/sns/auth", |switches| &mut switches.auth_fault),
        ("/sns/userinfo", |switches| &mut switches.userinfo_fault),
    ];
    for (path, place) in places {
        for (errcode, expected) in table {
            fx.sim.set(|switches| *place(switches) = Some(Fault::errcode(errcode)));
            assert_eq!(body(&fx, path).await, expected, "{path}");
        }
    }
}
