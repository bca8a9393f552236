//! Which providers are there with which settings.

use crate::fake::{APP_ID, SECRET};
use downcity_core::{Lang, Secret};
use downcity_providers::{Outside, catalogue, configured};
use std::sync::Arc;

fn with(id: Option<&str>, secret: Option<&str>) -> Vec<String> {
    let env = |key: &str| match key {
        "WECHAT_CLIENT_ID" => id.map(Secret::from),
        "WECHAT_CLIENT_SECRET" => secret.map(Secret::from),
        _ => None,
    };
    let found = configured(&Arc::new(Outside::real().unwrap()), &env);
    found.iter().map(|provider| provider.app_id().to_owned()).collect()
}

#[test]
fn wechat_is_there_only_with_both_its_settings() {
    assert_eq!(with(Some(APP_ID), Some(SECRET)), [APP_ID]);
    assert_eq!(with(Some(" wxbdc5610cc59c1631\n"), Some(SECRET)), [APP_ID], "copied with white space");
    for (id, secret) in [
        (None, None),
        (Some(APP_ID), None),
        (None, Some(SECRET)),
        (Some(""), Some(SECRET)),
        (Some(APP_ID), Some("")),
        (Some(" \t"), Some(SECRET)),
        (Some(APP_ID), Some("\n")),
    ] {
        assert!(with(id, secret).is_empty(), "{id:?} {secret:?}");
    }
}

#[test]
fn it_says_what_it_is() {
    let provider = crate::fake::provider(&Arc::new(Outside::real().unwrap()));
    assert_eq!((provider.id(), provider.kind()), ("wechat", "oauth"));
    assert_eq!(provider.label(Lang::En), "WeChat");
    assert_eq!(provider.label(Lang::Zh), "微信");
}

#[test]
fn the_catalogue_lists_the_settings_in_both_languages() {
    let wechat = catalogue().iter().find(|provider| provider.id == "wechat").unwrap();
    let listed: Vec<_> = wechat.env.iter().map(|env| (env.key, env.required, env.secret)).collect();
    let expected = [
        ("WECHAT_CLIENT_ID", true, false),
        ("WECHAT_CLIENT_SECRET", true, true),
        ("WECHAT_FAST_LOGIN", false, false),
    ];
    assert_eq!(listed, expected);
    for env in wechat.env {
        assert!(env.description.get(Lang::En).is_ascii());
        assert!(env.description.get(Lang::Zh).chars().any(|c| c > '\u{3000}'));
    }
}

#[test]
fn a_value_in_the_wrong_place_is_noticed() {
    let warning = |key: &str, value: &str| {
        let env = catalogue()[0].env.iter().find(|env| env.key == key).unwrap();
        (env.check)(value).map(|text| {
            assert!(text.get(Lang::Zh).chars().any(|c| c > '\u{3000}'));
            text.get(Lang::En)
        })
    };
    assert_eq!(warning("WECHAT_CLIENT_ID", APP_ID), None);
    assert_eq!(warning("WECHAT_CLIENT_ID", " wxbdc5610cc59c1631 "), None);
    assert!(warning("WECHAT_CLIENT_ID", SECRET).unwrap().contains("AppSecret"));
    assert!(warning("WECHAT_CLIENT_ID", "gh_0123456789ab").unwrap().contains("Official Account"));
    assert!(warning("WECHAT_CLIENT_ID", "wx123").unwrap().contains("16"));
    assert_eq!(warning("WECHAT_CLIENT_SECRET", SECRET), None);
    assert!(warning("WECHAT_CLIENT_SECRET", APP_ID).unwrap().contains("AppID"));
    assert!(warning("WECHAT_CLIENT_SECRET", "hunter2").unwrap().contains("32"));
    assert_eq!(warning("WECHAT_FAST_LOGIN", "0"), None);
    assert_eq!(warning("WECHAT_FAST_LOGIN", "1"), None);
    assert!(warning("WECHAT_FAST_LOGIN", "nein").unwrap().contains('0'));
}
