//! What fuzzing calls here (`fuzz/`), and of the rooms below.

use crate::{dotenv, keys, moving_in, refresh};
use downcity_core::fuzzing::Fuzzed;
pub use downcity_providers::fuzzing::callback;

/// The functions by the names of their corpora.
const OWN: &[(&str, Fuzzed)] = &[
    ("env_text", env_text),
    ("user_token", keys::fuzzing::user_token),
    ("refresh_token", refresh::fuzzing::refresh_token),
    ("old_rows", moving_in::fuzzing::old_rows),
];

/// Those of this room and of all below it.
pub fn targets() -> impl Iterator<Item = (&'static str, Fuzzed)> {
    let below = [
        downcity_core::fuzzing::TARGETS,
        downcity_providers::fuzzing::TARGETS,
        downcity_store::fuzzing::TARGETS,
        OWN,
    ];
    below.into_iter().flatten().copied()
}

/// `.env` text: what was read, written plainly, is read again.
fn env_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().count();
    assert!(dotenv::lines(&text).all(|(number, _)| (1..=lines).contains(&number)));
    let read = |text: &str| dotenv::lines(text).map(|(_, line)| line).collect::<Result<Vec<_>, _>>();
    let Ok(pairs) = read(&text) else { return };
    for (key, value) in pairs {
        assert!(!key.is_empty() && !key.contains(['=', '\n']) && key.trim() == key);
        let plain =
            !key.starts_with('#') && !key.starts_with("export ") && !value.contains(['\'', '\n', '\r']);
        if plain {
            let again = read(&format!("{key}='{value}'")).expect("a plain line");
            assert_eq!(again, [(key, value)]);
        }
    }
}
