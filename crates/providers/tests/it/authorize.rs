//! The address the person is sent to.

use crate::fake::{APP_ID, Nothing, SECRET};
use downcity_core::{Lang, Secret};
use downcity_providers::{Authorize, LoginProvider, Outside, configured};
use std::sync::Arc;

const CALLBACK: &str = "https://downcity.example.com/v1/accounts/oauth/callback";

fn wechat(fast_login: Option<&str>) -> Arc<dyn LoginProvider> {
    let env = |key: &str| match key {
        "WECHAT_CLIENT_ID" => Some(Secret::from(APP_ID)),
        "WECHAT_CLIENT_SECRET" => Some(Secret::from(SECRET)),
        "WECHAT_FAST_LOGIN" => fast_login.map(Secret::from),
        _ => None,
    };
    configured(&Arc::new(Outside::real().unwrap()), &env).pop().unwrap()
}

fn plain() -> Authorize<'static> {
    Authorize { state: "st_-9", redirect_uri: CALLBACK, lang: None, fast_login: None, proofs: &Nothing }
}

#[test]
fn it_is_the_documented_address_in_the_documented_order() {
    assert_eq!(
        wechat(None).authorize_url(&plain()),
        "https://open.weixin.qq.com/connect/qrconnect?appid=wxbdc5610cc59c1631\
         &redirect_uri=https%3A%2F%2Fdowncity.example.com%2Fv1%2Faccounts%2Foauth%2Fcallback\
         &response_type=code&scope=snsapi_login&state=st_-9#wechat_redirect"
    );
}

#[test]
fn language_and_fast_login_are_there_only_when_asked_for() {
    let url = |lang, fast_login, setting| {
        let url = wechat(setting).authorize_url(&Authorize { lang, fast_login, ..plain() });
        url.split_once("&state=st_-9").unwrap().1.to_owned()
    };
    assert_eq!(url(Some(Lang::Zh), None, None), "&lang=cn#wechat_redirect");
    assert_eq!(url(Some(Lang::En), None, None), "&lang=en#wechat_redirect");
    assert_eq!(url(None, Some(false), None), "&fast_login=0#wechat_redirect");
    assert_eq!(url(None, Some(true), None), "#wechat_redirect");
    assert_eq!(url(Some(Lang::En), Some(false), None), "&lang=en&fast_login=0#wechat_redirect");
    for off in ["0", " 0 ", "false", "OFF"] {
        assert_eq!(url(None, None, Some(off)), "&fast_login=0#wechat_redirect", "{off}");
        assert_eq!(
            url(None, Some(true), Some(off)),
            "&fast_login=0#wechat_redirect",
            "{off}: one cannot undo it"
        );
    }
    for on in ["1", "true", "", "  "] {
        assert_eq!(url(None, None, Some(on)), "#wechat_redirect", "{on}");
    }
}

#[test]
fn what_stands_in_a_redirect_address_cannot_leave_its_parameter() {
    let redirect_uri = "https://x.example/cb?a=b c+d&state=evil#frag,%41'é~*";
    let url = wechat(None).authorize_url(&Authorize { redirect_uri, ..plain() });
    assert!(!url.contains(' ') && !url.contains('+') && url.is_ascii());
    let parsed = url::Url::parse(&url).unwrap();
    let pairs: Vec<_> = parsed.query_pairs().into_owned().collect();
    let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["appid", "redirect_uri", "response_type", "scope", "state"]);
    assert_eq!(pairs[1].1, redirect_uri);
    assert_eq!(pairs[4].1, "st_-9");
    assert_eq!(parsed.fragment(), Some("wechat_redirect"));
}

#[test]
fn the_simulator_gets_the_same_parameters_at_its_own_host() {
    let outside = Arc::new(Outside::with_wechat_simulator("http://[::1]:8080/").unwrap());
    let url = crate::fake::provider(&outside).authorize_url(&plain());
    let real = wechat(None).authorize_url(&plain());
    assert_eq!(url, real.replace("https://open.weixin.qq.com", "http://[::1]:8080"));
}
