//! Every error number of WeChat's: what the person is told, and that the operator is told what to do.

use crate::fake::{Fake, Play, person, say, token};
use downcity_core::Failure;
use downcity_core::Failure::{
    AccessDenied, AccountRestricted, CodeRejected, ConsentMissing, ProviderBusy, ProviderMisconfigured,
    ProviderUnavailable, WrongAppType,
};

/// Written from the protocol's table, not from the program's: number, failure, a word the operator must read.
pub(crate) const NUMBERS: &[(i64, Failure, &str)] = &[
    (-1, ProviderBusy, "busy"),
    (40001, CodeRejected, "start again"),
    (40002, ProviderMisconfigured, "bug"),
    (40003, ProviderUnavailable, "openid"),
    (40013, ProviderMisconfigured, "WECHAT_CLIENT_ID"),
    (40014, CodeRejected, "start again"),
    (40029, CodeRejected, "start again"),
    (40030, CodeRejected, "refresh token"),
    (40097, ProviderMisconfigured, "bug"),
    (40099, CodeRejected, "already"),
    (40101, ProviderMisconfigured, "bug"),
    (40125, ProviderMisconfigured, "WECHAT_CLIENT_SECRET"),
    (40163, CodeRejected, "already"),
    (40164, ProviderMisconfigured, "whitelist"),
    (40226, AccountRestricted, "person"),
    (40243, ProviderMisconfigured, "frozen"),
    (41001, ProviderMisconfigured, "bug"),
    (41002, ProviderMisconfigured, "WECHAT_CLIENT_ID"),
    (41003, ProviderMisconfigured, "bug"),
    (41004, ProviderMisconfigured, "WECHAT_CLIENT_SECRET"),
    (41005, ProviderUnavailable, "other interfaces"),
    (41006, ProviderUnavailable, "other interfaces"),
    (41007, ProviderUnavailable, "other interfaces"),
    (41008, AccessDenied, "refused"),
    (41009, ProviderMisconfigured, "bug"),
    (42001, CodeRejected, "start again"),
    (42002, CodeRejected, "refresh token"),
    (42003, CodeRejected, "start again"),
    (42007, CodeRejected, "password"),
    (43001, ProviderMisconfigured, "bug"),
    (43002, ProviderMisconfigured, "bug"),
    (43003, ProviderMisconfigured, "bug"),
    (45009, ProviderBusy, "daily quota"),
    (45011, ProviderBusy, "minute"),
    (48001, WrongAppType, "Official Account or a Mini Program"),
    (48004, ProviderMisconfigured, "banned"),
    (50001, ConsentMissing, "grant"),
    (50002, AccountRestricted, "restricted"),
    (61003, WrongAppType, "third-party platform"),
    (61004, WrongAppType, "third-party platform"),
    (61005, WrongAppType, "third-party platform"),
    (61006, WrongAppType, "third-party platform"),
    (61007, WrongAppType, "third-party platform"),
    (61009, WrongAppType, "third-party platform"),
    (61010, WrongAppType, "third-party platform"),
    (61023, WrongAppType, "third-party platform"),
    (61024, WrongAppType, "third-party platform"),
    (99999, ProviderUnavailable, "documentation"),
    (i64::MAX, ProviderUnavailable, "documentation"),
];

fn body(code: i64) -> String {
    format!(r#"{{"errcode":{code},"errmsg":"whatever it says, rid: 65a77521-424c0123-2e4091cc"}}"#)
}

#[tokio::test]
async fn every_number_on_the_exchange() {
    for (code, failure, word) in NUMBERS.iter().copied() {
        let fake = Fake::start().await;
        fake.token([say(body(code)), say(token())]);
        let error = fake.identify().await.unwrap_err();
        assert_eq!((error.failure, error.provider_code), (failure, Some(code)));
        assert!(error.report.contains(word), "{error}");
        assert!(error.report.contains(&format!("errcode {code}, rid 65a77521-424c0123-2e4091cc")), "{error}");
        assert!(!error.report.contains("whatever it says"), "foreign text: {error}");
        assert_eq!(fake.counts(), (1, 0), "{code}: a code is exchanged once");
    }
}

#[tokio::test]
async fn every_number_on_the_person() {
    for (code, failure, word) in NUMBERS.iter().copied().filter(|(code, ..)| *code != -1) {
        let fake = Fake::start().await;
        fake.person([say(body(code)), say(person())]);
        let error = fake.identify().await.unwrap_err();
        assert_eq!((error.failure, error.provider_code), (failure, Some(code)));
        assert!(error.report.contains(word), "{error}");
        assert_eq!(fake.counts(), (1, 1), "{code}: only -1 is worth asking again");
    }
}

#[tokio::test]
async fn a_busy_wechat_is_asked_for_the_person_three_times() {
    let fake = Fake::start().await;
    fake.person([say(body(-1)), say(body(-1)), say(person())]);
    assert!(fake.identify().await.is_ok());
    assert_eq!(fake.counts(), (1, 3));

    let fake = Fake::start().await;
    fake.person([say(body(-1))]);
    let error = fake.identify().await.unwrap_err();
    assert_eq!((error.failure, error.provider_code), (ProviderBusy, Some(-1)));
    assert_eq!(fake.counts(), (1, 3), "and not a fourth time");
}

#[tokio::test]
async fn the_number_counts_before_anything_else_does() {
    for (number, failure) in [
        (r#""errcode":40029"#, CodeRejected),
        (r#""errcode":"40029""#, CodeRejected),
        (r#""errcode":40029.5"#, ProviderUnavailable),
        (r#""errcode":true"#, ProviderUnavailable),
        (r#""errcode":{}"#, ProviderUnavailable),
        (r#""errcode":"soon""#, ProviderUnavailable),
        (r#""errcode":99999999999999999999"#, ProviderUnavailable),
    ] {
        let fake = Fake::start().await;
        fake.token([say(token().replacen('{', &format!("{{{number},"), 1))]);
        assert_eq!(fake.identify().await.unwrap_err().failure, failure, "{number}");
        assert_eq!(fake.counts().1, 0);
    }
    for fine in [r#""errcode":0,"errmsg":"ok""#, r#""errcode":"0""#, r#""errcode":null"#] {
        let fake = Fake::start().await;
        fake.token([say(token().replacen('{', &format!("{{{fine},"), 1))]);
        assert!(fake.identify().await.is_ok(), "{fine}");
    }
}

#[tokio::test]
async fn a_request_id_is_kept_only_in_its_form() {
    for (errmsg, kept) in [
        ("user limited rid: 65a77521-424c0123-2e4091cc", true),
        ("invalid appsecret, hints: [ req_id: abc ]", false),
        ("x, rid: 5ec2e7000011112222333344445ec2e7", false),
        ("x, rid: 65a77521-424c0123-2e4091cc-65a77521", false),
        ("", false),
    ] {
        let fake = Fake::start().await;
        fake.token([say(format!(r#"{{"errcode":40125,"errmsg":"{errmsg}"}}"#))]);
        let error = fake.identify().await.unwrap_err();
        assert_eq!(error.report.contains(", rid "), kept, "{error}");
        assert!(!error.report.contains("5ec2e7"), "{error}");
    }
}

#[tokio::test]
async fn what_is_not_wechats_format_is_an_outage() {
    let html = "<!DOCTYPE html><html><title>502</title></html>";
    let answer = |status, kind, body: &str| Play::Say { status, kind, body: body.into() };
    for (play, word) in [
        (answer(200, "text/html", html), "HTML"),
        (answer(200, "application/json", ""), "empty"),
        (answer(200, "text/plain", "busy"), "not JSON"),
        (answer(502, "text/html", html), "HTTP 502"),
        (answer(500, "text/plain", &token()), "HTTP 500"),
        (answer(404, "text/plain", &token()), "HTTP 404"),
        (answer(403, "text/html", html), "HTTP 403"),
        (Play::Redirect("/sns/elsewhere".into()), "HTTP 302"),
    ] {
        let fake = Fake::start().await;
        fake.token([play.clone(), say(token())]);
        let error = fake.identify().await.unwrap_err();
        assert_eq!((error.failure, error.provider_code), (ProviderUnavailable, None), "{word}");
        assert!(error.report.contains(word) && error.report.contains("proxy"), "{error}");
        assert_eq!(fake.asked().len(), 1, "{word}: neither repeated nor redirected");

        let fake = Fake::start().await;
        fake.person([play, say(person())]);
        assert_eq!(fake.identify().await.unwrap_err().failure, ProviderUnavailable, "{word}");
        assert_eq!(fake.asked().len(), 2, "{word}");
    }
}

#[tokio::test]
async fn a_number_is_read_at_any_status_but_a_server_error() {
    let fake = Fake::start().await;
    fake.token([Play::Say { status: 412, kind: "application/json; charset=gbk", body: body(45011).into() }]);
    assert_eq!(fake.identify().await.unwrap_err().failure, ProviderBusy);
}
