//! What fuzzing calls here.

use super::answer::{self, Answer};
use super::errcode;
use super::identity::{Grant, identity};
use crate::fuzzing::{fit_to_store, fit_to_tell};
use crate::{Callback, CallbackQuery};
use downcity_core::identity::KeyKind;

/// The token answer, an empty line, the userinfo answer.
pub(crate) fn answers(bytes: &[u8]) {
    let at = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    let (token, person) = (&bytes[..at], bytes.get(at + 2..).unwrap_or_default());
    let mut fields = [token, person].map(|body| match answer::read(body) {
        Ok(Answer::Fine(fields)) => Some(fields),
        Ok(Answer::Refused(refusal)) => {
            assert_ne!(refusal.code, 0);
            fit_to_tell(&errcode::explain(&refusal, "/sns/userinfo"));
            None
        }
        Err(_) => None,
    });
    let (Some(token), Some(person)) = (fields[0].take(), fields[1].take()) else { return };
    match Grant::read(&token).and_then(|grant| identity("wxbdc5610cc59c1631", &grant, &person)) {
        Ok(found) => {
            fit_to_store(&found);
            assert!(
                found.keys.iter().any(|key| key.kind == KeyKind::Openid) && found.profile.email.is_none()
            );
        }
        Err(problem) => fit_to_tell(&problem),
    }
}

/// What WeChat sends back with the browser.
pub(crate) fn callback(query: &CallbackQuery) -> Callback<'_> {
    super::meaning(query)
}
