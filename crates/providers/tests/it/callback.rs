//! What comes back with the browser.

use downcity_core::Failure;
use downcity_providers::{Callback, CallbackQuery, Outside};
use std::sync::Arc;

fn read(code: Option<&str>, error: Option<&str>) -> String {
    let provider = crate::fake::provider(&Arc::new(Outside::real().unwrap()));
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let (code, error, state) = (owned(code), owned(error), owned(Some("st")));
    let query = CallbackQuery { code, error, state, ..CallbackQuery::default() };
    match provider.read_callback(&query) {
        Callback::Code(code) => format!("code {code}"),
        Callback::Denied => "denied".into(),
        Callback::Error(failure) => failure.code().into(),
    }
}

#[test]
fn a_code_is_a_code() {
    for code in [crate::fake::CODE, "a", "A_-9", &"x".repeat(256)] {
        assert_eq!(read(Some(code), None), format!("code {code}"));
    }
    assert_eq!(read(Some("abc"), Some("")), "code abc", "an empty error is none");
}

#[test]
fn every_known_shape_of_refusal_is_one() {
    for (code, error) in [
        (None, None),
        (Some(""), None),
        (Some("authdeny"), None),
        (None, Some("access_denied")),
        (Some("abc"), Some("access_denied")),
    ] {
        assert_eq!(read(code, error), "denied", "{code:?} {error:?}");
    }
}

#[test]
fn what_is_no_code_never_gets_to_the_provider() {
    for code in [&"x".repeat(257), "a b", "a&b", "a%20", "é", "a\n", "<b>", "a/b", " "] {
        assert_eq!(read(Some(code), None), Failure::CodeRejected.code(), "{code}");
    }
    assert_eq!(read(None, Some("server_error")), Failure::ProviderUnavailable.code());
    assert_eq!(read(Some("abc"), Some("<script>")), Failure::ProviderUnavailable.code());
}

#[test]
fn nothing_of_it_is_printed() {
    let secretive = |text: &str| Some(text.to_owned());
    let query = CallbackQuery {
        code: secretive("c0de"),
        state: secretive("5tate"),
        error: secretive("err0r"),
        iss: secretive("i55"),
        by_post: false,
    };
    let shown = format!("{query:?} {:?}", Callback::Code("c0de"));
    for text in ["c0de", "5tate", "err0r", "i55"] {
        assert!(!shown.contains(text), "{shown}");
    }
}
