//! No answer, however strange, makes the reading panic, takes a secret into an error, or makes an unfit person.

use crate::fake::{ACCESS, CODE, Fake, Play, REFRESH, SECRET, person, say, token};
use downcity_core::{ExternalIdentity, Failure};
use downcity_providers::ProviderError;
use proptest::prelude::*;
use std::sync::LazyLock;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static FAKE: LazyLock<tokio::sync::Mutex<Fake>> =
    LazyLock::new(|| tokio::sync::Mutex::new(RUNTIME.block_on(Fake::start())));

fn identify(token: Play, person: Play) -> Result<ExternalIdentity, ProviderError> {
    let shared = &*FAKE;
    RUNTIME.block_on(async {
        let fake = shared.lock().await;
        fake.token([token]);
        fake.person([person]);
        fake.identify().await
    })
}

/// What must hold for any outcome at all.
fn check(outcome: Result<ExternalIdentity, ProviderError>) {
    match outcome {
        Err(error) => {
            let shown = format!("{error} {error:?}");
            for secret in [SECRET, CODE, ACCESS, REFRESH] {
                assert!(!shown.contains(secret), "{shown}");
            }
            assert!(shown.len() < 2000 && !error.report.contains(char::is_control), "{shown}");
        }
        Ok(found) => {
            assert!((1..=2).contains(&found.keys.len()));
            for key in &found.keys {
                let sane = key.value.bytes().all(|b| b.is_ascii_graphic());
                assert!(sane && (1..=128).contains(&key.value.len()), "{key:?}");
            }
            assert_eq!(found.profile.email, None);
            if let Some(name) = found.profile.display_name {
                assert!(!name.contains(char::is_control) && name.chars().count() <= 64, "{name:?}");
            }
            assert!(found.profile.avatar_url.is_none_or(|url| url.starts_with("https://")));
        }
    }
}

/// Real answers with pieces cut out, doubled and strewn with what breaks parsers.
fn torn(body: String) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\\".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"\\u".to_vec()),
        Just(b"\\ud83d".to_vec()),
        Just(b"{".to_vec()),
        Just(b",\"errcode\":".to_vec()),
        Just(vec![0xff, 0xc3]),
        Just(vec![0x07]),
        Just(SECRET.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), 0..6_usize, piece), 1..5).prop_map(move |cuts| {
        let mut bytes = body.clone().into_bytes();
        for (at, remove, piece) in cuts {
            let start = at.index(bytes.len() + 1);
            let end = bytes.len().min(start + remove);
            bytes.splice(start..end, piece);
        }
        bytes
    })
}

/// Well-formed answers in which every field may be of any type and hold anything, secrets included.
fn odd_fields() -> impl Strategy<Value = Vec<u8>> {
    const NAMES: [&str; 9] =
        ["errcode", "errmsg", "access_token", "openid", "unionid", "scope", "nickname", "headimgurl", "x"];
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("[[{}]]".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("JSON has no others", |n| n.is_finite()).prop_map(|n| n.to_string()),
        Just(format!("\"{SECRET}{CODE}\"")),
        Just("\"snsapi_login\"".to_owned()),
        "[ -~]{0,200}".prop_map(|s| format!("\"{s}\"")),
        "\\PC{0,80}".prop_map(|s| format!("\"{s}\"")),
    ];
    prop::collection::vec((prop::sample::select(&NAMES[..]), value), 0..8).prop_map(|fields| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(",")).into_bytes()
    })
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), first in any::<bool>()) {
        match first {
            true => check(identify(say(bytes), say(person()))),
            false => check(identify(say(token()), say(bytes))),
        }
    }

    #[test]
    fn torn_token_answers(bytes in torn(token())) {
        check(identify(say(bytes), say(person())));
    }

    #[test]
    fn torn_persons(bytes in torn(person())) {
        let outcome = identify(say(token()), say(bytes));
        prop_assert!(!matches!(&outcome, Err(error) if error.failure == Failure::ProviderMisconfigured && error.provider_code.is_none()));
        check(outcome);
    }

    #[test]
    fn odd_fields_in_either(bytes in odd_fields(), first in any::<bool>()) {
        match first {
            true => check(identify(say(bytes), say(person()))),
            false => check(identify(say(token()), say(bytes))),
        }
    }
}

#[test]
fn deep_nesting_is_an_outage_and_no_stack_overflow() {
    for body in ["[".repeat(60_000), r#"{"a":"#.repeat(12_000), "\\".repeat(60_000), "\"\\u".repeat(20_000)] {
        let error = identify(say(body), say(person())).unwrap_err();
        assert_eq!(error.failure, Failure::ProviderUnavailable);
    }
}
