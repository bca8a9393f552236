//! What userinfo and the token answer say about a person, in all the shapes seen in the wild.

use serde_json::Value;
use wechat_sim::{App, Nickname, Person, UnionidIn};

use crate::support::Fixture;

#[tokio::test]
async fn unionid_here_and_there() {
    let fx = Fixture::new().await;
    for (place, in_token, in_userinfo) in [
        (UnionidIn::Both, true, true),
        (UnionidIn::UserinfoOnly, false, true),
        (UnionidIn::Nowhere, false, false),
        (UnionidIn::Empty, true, true),
    ] {
        fx.sim.set(|switches| switches.unionid = place);
        let tokens = fx.tokens("alice").await;
        let profile = fx.sns(&Fixture::userinfo_path(&tokens)).await;
        assert_eq!(tokens.get("unionid").is_some(), in_token, "{place:?}");
        assert_eq!(profile.get("unionid").is_some(), in_userinfo, "{place:?}");
        let empty = profile.get("unionid").is_some_and(|unionid| unionid == "");
        assert_eq!(empty, place == UnionidIn::Empty);
    }
}

#[tokio::test]
async fn one_account_one_unionid_and_each_app_its_openid() {
    let fx = Fixture::new().await;
    let first = fx.tokens("alice").await;
    let sibling = App::website("wx00000000000000d1");
    let stranger = App { open_account: "open-account-2".into(), ..App::website("wx00000000000000d2") };
    let exchange = async |app: &App| {
        fx.sim.put_app(app.clone());
        let code = fx.sim.mint_code(&app.appid, "alice").unwrap();
        let default = fx.sim.app();
        let path =
            fx.exchange_path(&code).replace(&default.appid, &app.appid).replace(&default.secret, &app.secret);
        fx.sns(&path).await
    };
    let second = exchange(&sibling).await;
    let third = exchange(&stranger).await;
    assert_ne!(first["openid"], second["openid"]);
    assert_eq!(first["unionid"], second["unionid"]);
    assert_ne!(first["unionid"], third["unionid"]);
    fx.sim.set(|switches| switches.migrated_to = Some("open-account-3".into()));
    let migrated = fx.tokens("alice").await;
    assert_eq!(migrated["openid"], first["openid"], "the openid stays");
    assert_eq!(migrated["unionid"], fx.sim.unionid("alice", "open-account-3"));
    assert_ne!(migrated["unionid"], first["unionid"]);
}

#[tokio::test]
async fn identities_are_the_same_at_every_start() {
    let fx = Fixture::new().await;
    // Fixed on purpose: a developer's database must find the same people after an upgrade of the simulator.
    assert_eq!(fx.sim.app().appid, "wx5131a8c0f7d2e964");
    assert_eq!(fx.sim.app().secret, "e6dcdc90c82abd353702f7f8f5e32c86");
    let openid = fx.sim.openid("alice", "wx5131a8c0f7d2e964");
    assert_eq!(openid, "o0dlvSpppz0PkPdmOYkGxD8aYqY1");
}

#[tokio::test]
async fn nicknames_that_make_trouble() {
    let fx = Fixture::new().await;
    let path = Fixture::userinfo_path(&fx.tokens("alice").await);
    let bytes = async |shape| {
        fx.sim.set(|switches| switches.nickname = shape);
        fx.get(&path).await.bytes().await.unwrap()
    };
    let name = |bytes: &[u8]| {
        let json: Value = serde_json::from_slice(bytes).unwrap();
        json["nickname"].as_str().unwrap().to_owned()
    };
    assert_eq!(name(&bytes(Nickname::Own).await), "Alice");
    assert!(name(&bytes(Nickname::Emoji).await).contains("👩‍👩‍👧‍👦"));
    assert!(name(&bytes(Nickname::Rtl).await).contains('\u{202e}'));
    assert_eq!(name(&bytes(Nickname::Empty).await), "");
    assert_eq!(name(&bytes(Nickname::Long).await).chars().count(), 64);
    assert!(name(&bytes(Nickname::Markup).await).starts_with("<img src=x onerror="));
    let bell = bytes(Nickname::Bell).await;
    assert!(bell.contains(&7) && serde_json::from_slice::<Value>(&bell).is_err(), "raw, so not JSON");
    let invalid = bytes(Nickname::InvalidUtf8).await;
    assert!(std::str::from_utf8(&invalid).is_err());
    let stray = bytes(Nickname::StrayBackslash).await;
    assert!(
        std::str::from_utf8(&stray).unwrap().contains("张\\三")
            && serde_json::from_slice::<Value>(&stray).is_err()
    );
    let gone: Value = serde_json::from_slice(&bytes(Nickname::Deactivated).await).unwrap();
    assert_eq!((&gone["nickname"], gone.get("unionid")), (&Value::from("用户已经注销"), None));
}

#[tokio::test]
async fn fields_old_new_missing_and_unknown() {
    let fx = Fixture::new().await;
    fx.sim.put_person(Person { sex: 2, avatar: false, ..Person::new("mei", "韩梅梅") });
    let tokens = fx.tokens("mei").await;
    let path = Fixture::userinfo_path(&tokens);
    let plain = fx.sns(&path).await;
    assert_eq!((&plain["sex"], &plain["headimgurl"]), (&Value::from(2), &Value::from("")), "no avatar");
    let alice = Fixture::userinfo_path(&fx.tokens("alice").await);
    let with_avatar = fx.sns(&alice).await;
    let url = with_avatar["headimgurl"].as_str().unwrap();
    assert!(url.ends_with("/132") && fx.http.get(url).send().await.unwrap().status() == 200);
    assert!(fx.text(&alice).await.contains(r"http:\/\/127.0.0.1"), "slashes are escaped");
    fx.sim.set(|switches| {
        switches.headimgurl_empty = true;
        switches.optional_fields_missing = true;
        switches.unknown_fields = true;
        switches.sex = Some(1);
        switches.region = true;
    });
    let odd = fx.sns(&alice).await;
    assert_eq!((odd.get("language"), odd.get("privilege")), (None, None));
    assert_eq!(
        (&odd["headimgurl"], &odd["sex"], &odd["province"]),
        (&"".into(), &1.into(), &"Guangdong".into())
    );
    assert!(odd["extra"]["nested"].is_array());
    assert!(fx.tokens("alice").await["extra"].is_object(), "the token answer has unknown fields too");
    fx.sim.set(|switches| switches.optional_fields_missing = false);
    assert_eq!(fx.sns(&alice).await["privilege"][0], "chinaunicom");
}
