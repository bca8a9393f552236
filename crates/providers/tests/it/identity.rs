//! From WeChat's answers to a person.

use crate::fake::{ACCESS, APP_ID, CODE, Fake, OPENID, SECRET, UNIONID, person, say, token};
use downcity_core::identity::{IdentityKey, KeyKind};
use downcity_core::{ExternalIdentity, Failure};

fn keys(identity: &ExternalIdentity) -> Vec<(KeyKind, &str, &str)> {
    identity
        .keys
        .iter()
        .map(|IdentityKey { kind, scope, value }| (*kind, scope.as_str(), value.as_str()))
        .collect()
}

async fn with(token: impl Into<Vec<u8>>, person: impl Into<Vec<u8>>) -> Result<ExternalIdentity, Failure> {
    let fake = Fake::start().await;
    fake.token([say(token)]);
    fake.person([say(person)]);
    fake.identify().await.map_err(|error| {
        assert!(error.report.len() > 40, "the operator is told something: {error}");
        error.failure
    })
}

#[tokio::test]
async fn the_documented_answers_make_a_person() {
    let fake = Fake::start().await;
    let found = fake.identify().await.unwrap();
    assert_eq!(found.provider, "wechat");
    assert_eq!(keys(&found), [(KeyKind::Openid, APP_ID, OPENID), (KeyKind::Unionid, "", UNIONID)]);
    assert_eq!(found.profile.display_name.as_deref(), Some("张三🌟"));
    assert_eq!(found.profile.avatar_url.as_deref(), Some("https://thirdwx.qlogo.cn/mmopen/vi_32/ABC/132"));
    assert_eq!(found.profile.email, None, "WeChat has no address and none is made up");
    assert_eq!(
        fake.asked(),
        [
            format!(
                "/sns/oauth2/access_token?appid={APP_ID}&secret={SECRET}&code={CODE}&grant_type=authorization_code"
            ),
            format!("/sns/userinfo?access_token={ACCESS}&openid={OPENID}&lang=zh_CN"),
        ]
    );
}

#[tokio::test]
async fn the_unionid_may_stand_in_either_answer_or_in_none() {
    let field = format!(r#","unionid":"{UNIONID}""#);
    let empty = r#","unionid":"""#;
    for (token, person) in [
        (token(), person().replace(&field, "")),
        (token().replace(&field, ""), person()),
        (token().replace(&field, empty), person()),
        (token(), person().replace(&field, r#","unionid":17"#)),
    ] {
        let found = with(token, person).await.unwrap();
        assert_eq!(keys(&found), [(KeyKind::Openid, APP_ID, OPENID), (KeyKind::Unionid, "", UNIONID)]);
    }
    for nothing in ["", empty, r#","unionid":null"#] {
        let found = with(token().replace(&field, nothing), person().replace(&field, nothing)).await.unwrap();
        assert_eq!(keys(&found), [(KeyKind::Openid, APP_ID, OPENID)], "{nothing}");
    }
}

#[tokio::test]
async fn answers_about_different_people_are_refused() {
    let other = person().replace(OPENID, "oSomebodyElse");
    assert_eq!(with(token(), other).await, Err(Failure::ProviderUnavailable));
    let other = person().replace(UNIONID, "oSomebodyElse");
    assert_eq!(with(token(), other).await, Err(Failure::ProviderUnavailable));
}

#[tokio::test]
async fn names_of_people_have_to_be_sane() {
    let long = "o".repeat(129);
    for bad in ["", " ", "a b", "é", "o\\u0000x", "o\\nx", &long] {
        let (token, person) = (token().replace(OPENID, bad), person().replace(OPENID, bad));
        assert_eq!(with(token, person).await, Err(Failure::ProviderUnavailable), "openid {bad}");
    }
    for bad in [" ", "a b", "é", &long] {
        let (token, person) = (token().replace(UNIONID, bad), person().replace(UNIONID, bad));
        assert_eq!(with(token, person).await, Err(Failure::ProviderUnavailable), "unionid {bad}");
    }
    let longest = "o".repeat(128);
    assert!(with(token().replace(OPENID, &longest), person().replace(OPENID, &longest)).await.is_ok());
}

#[tokio::test]
async fn missing_strange_and_new_fields_are_survived() {
    let bare = format!(r#"{{"access_token":"{ACCESS}","openid":"{OPENID}"}}"#);
    let found = with(bare, format!(r#"{{"openid":"{OPENID}"}}"#)).await.unwrap();
    assert_eq!(keys(&found), [(KeyKind::Openid, APP_ID, OPENID)]);
    assert_eq!((found.profile.display_name, found.profile.avatar_url), (None, None));

    let strange = format!(
        r#"{{"openid":"{OPENID}","nickname":17,"sex":"x","privilege":null,"headimgurl":["a"],"new":{{"a":[1]}},"errcode":0,"errmsg":"ok"}}"#
    );
    let token = token().replace("7200", r#""soon""#).replace("\"openid\"", r#""tomorrow":[{}],"openid""#);
    let found = with(token, strange).await.unwrap();
    assert_eq!(found.profile.display_name, None);

    for answer in ["{}", "[]", "null", "17", r#""x""#] {
        assert_eq!(with(answer, person()).await, Err(Failure::ProviderUnavailable), "{answer}");
    }
}

#[tokio::test]
async fn a_nickname_may_hold_anything() {
    for (raw, kept) in [
        (&b"\x07ring\x14\x00"[..], Some("ring")),
        (b"tab\there", Some("tabhere")),
        (b"back\\slash", Some("back\\slash")),
        (b"C:\\\\x\\", None),
        (b"\\ud83d alone", Some("alone")),
        (b"\\ud83c\\udf1f", Some("🌟")),
        (b"\\u4e2d\\u00", Some("中\\u00")),
        (b"\xff\xfebroken", Some("broken")),
        ("\u{202e}gpj".as_bytes(), Some("gpj")),
        (b"a\\\"b", Some("a\"b")),
        ("<script>alert(1)</script>".as_bytes(), Some("<script>alert(1)</script>")),
    ] {
        let text = person();
        let (before, after) = text.split_once("张三🌟").unwrap();
        let found = with(token(), [before.as_bytes(), raw, after.as_bytes()].concat()).await;
        let shown = String::from_utf8_lossy(raw);
        match kept {
            Some(kept) => assert_eq!(found.unwrap().profile.display_name.as_deref(), Some(kept), "{shown}"),
            None => assert_eq!(found, Err(Failure::ProviderUnavailable), "{shown}: it swallows a quote"),
        }
    }
    let long = person().replace("张三🌟", &"长".repeat(1000));
    assert_eq!(with(token(), long).await.unwrap().profile.display_name.unwrap().chars().count(), 64);
}

#[tokio::test]
async fn a_nickname_cannot_grow_into_a_field() {
    let person = person().replace("张三🌟", r#"x\\\",\"unionid\":\"oVictim\",\"y\":\"z\k"#);
    let found = with(token(), person).await.unwrap();
    assert_eq!(keys(&found)[1], (KeyKind::Unionid, "", UNIONID));
}

#[tokio::test]
async fn avatars_are_https_or_absent() {
    let picture = "https:\\/\\/thirdwx.qlogo.cn\\/mmopen\\/vi_32\\/ABC\\/132";
    for (sent, kept) in [
        ("http://wx.qlogo.cn/a/0", Some("https://wx.qlogo.cn/a/0")),
        ("", None),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
    ] {
        let found = with(token(), person().replace(picture, sent)).await.unwrap();
        assert_eq!(found.profile.avatar_url.as_deref(), kept, "{sent}");
    }
}

#[tokio::test]
async fn a_closed_account_is_recognised() {
    let closed = person().replace("张三🌟", "用户已经注销");
    let nameless = closed.replace(&format!(r#","unionid":"{UNIONID}""#), "");
    assert_eq!(with(token(), nameless).await, Err(Failure::AccountRestricted));
    assert!(with(token(), closed).await.is_ok(), "anybody may call themselves that");
}

#[tokio::test]
async fn the_wrong_kind_of_account_is_recognised_and_named() {
    for token in [
        token().replace("snsapi_login", "snsapi_base"),
        token().replace("snsapi_login", "snsapi_userinfo,"),
        token().replace(r#""scope":"snsapi_login""#, r#""is_snapshotuser":1"#),
        token().replace(r#""scope":"snsapi_login""#, r#""is_snapshotuser":"1","scope":" , ""#),
        token()
            .replace("snsapi_login", "snsapi_base")
            .replace(r#""scope""#, r#""is_snapshotuser":1,"scope""#),
    ] {
        let fake = Fake::start().await;
        fake.token([say(token)]);
        let error = fake.identify().await.unwrap_err();
        assert_eq!(error.failure, Failure::WrongAppType);
        for word in ["Official Account", "Mini Program", "Website App", "WECHAT_CLIENT_ID"] {
            assert!(error.report.contains(word), "{error}");
        }
        assert_eq!(fake.counts(), (1, 0), "nothing more is asked with such a token");
    }
    for fine in ["snsapi_login,", "snsapi_login,snsapi_userinfo", " snsapi_userinfo , snsapi_login", ""] {
        assert!(with(token().replace("snsapi_login", fine), person()).await.is_ok(), "{fine}");
    }
    for fine in [r#""is_snapshotuser":1,"scope":"snsapi_login""#, r#""is_snapshotuser":0"#, r#""scope":[1]"#]
    {
        let token = token().replace(r#""scope":"snsapi_login""#, fine);
        assert!(with(token, person()).await.is_ok(), "{fine}");
    }
}
