//! What fuzzing calls here.

use super::identify::{identity, number, verified};
use crate::fuzzing::fit_to_store;
use crate::token::Fields;

/// The person, an empty line, the person's addresses.
pub(crate) fn answers(bytes: &[u8]) {
    let at = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    let email = verified(bytes.get(at + 2..).unwrap_or_default());
    assert!(email.as_deref().is_none_or(|email| email.contains('@')));
    let Ok(person) = serde_json::from_slice::<Fields>(&bytes[..at]) else { return };
    let Some(id) = number(&person) else { return };
    let found = identity(id, &person, email);
    fit_to_store(&found);
    assert!(found.keys[0].value != "0");
}
