//! What fuzzing calls here (`fuzz/`): providers' answers, and what comes back with the browser.

use crate::callback::plain_oauth;
use crate::line::Reply;
use crate::{Callback, CallbackQuery, ProviderError, github, oidc, token, wechat};
use downcity_core::fuzzing::Fuzzed;
use downcity_core::identity::{clean_avatar, clean_simulated_avatar};
use downcity_core::{ExternalIdentity, Failure};

/// The functions by the names of their corpora.
pub const TARGETS: &[(&str, Fuzzed)] = &[
    ("wechat_answer", wechat::fuzzing::answers),
    ("github_answer", github::fuzzing::answers),
    ("token_answer", token_answer),
    ("id_token", oidc::fuzzing::id_token),
    ("issuer", oidc::fuzzing::issuer),
];

/// What every provider makes of what comes back with the browser.
pub fn callback(query: &CallbackQuery) {
    for meaning in [plain_oauth(query), wechat::fuzzing::callback(query)] {
        if let Callback::Code(code) = meaning {
            assert_eq!(query.code.as_deref(), Some(code));
            assert!(!code.is_empty() && code.len() <= 4096 && !code.contains(char::is_control));
        }
    }
}

/// Any status with any body at a token endpoint.
fn token_answer(bytes: &[u8]) {
    let Some((status, body)) = bytes.split_first() else { return };
    let reply =
        Reply { status: 100 + 2 * u16::from(*status), body: body.to_vec(), date: None, location: None };
    match token::read("The token endpoint", &reply) {
        Ok(_) => assert!((200..300).contains(&reply.status), "only what succeeded has a token"),
        Err(problem) => fit_to_tell(&problem),
    }
    if let Some(error) = token::Told::read(&reply).error {
        assert!(error.len() <= 40 && error.is_ascii());
    }
}

/// Reports are one line for an operator, without anything that was sent to us.
pub(crate) fn fit_to_tell(problem: &ProviderError) {
    assert!(problem.report.len() < 2000 && !problem.report.contains(char::is_control), "{problem:?}");
    assert!(problem.failure != Failure::AccessDenied || !problem.report.is_empty());
}

/// A person that can be stored.
pub(crate) fn fit_to_store(found: &ExternalIdentity) {
    assert!((1..=2).contains(&found.keys.len()));
    assert!(found.keys.iter().all(|key| (1..=255).contains(&key.value.len())));
    let shown = found.profile.display_name.as_deref().unwrap_or("x");
    assert!((1..=64).contains(&shown.chars().count()) && !shown.contains(char::is_control));
    let clean = if found.provider == "wechat" { clean_simulated_avatar } else { clean_avatar };
    assert!(found.profile.avatar_url.as_deref().is_none_or(|url| clean(url).as_deref() == Some(url)));
}
