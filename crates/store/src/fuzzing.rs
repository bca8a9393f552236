//! What fuzzing calls here (`fuzz/`): backups, of which nothing is taken for granted.

use crate::dump::{DumpError, completed, verify_bytes};
use downcity_core::fuzzing::Fuzzed;

/// The functions by the names of their corpora.
pub const TARGETS: &[(&str, Fuzzed)] = &[("backup", backup)];

/// A backup, or one whose last line is missing.
fn backup(bytes: &[u8]) {
    if let Ok(whole) = verify_bytes(bytes) {
        assert!(whole.rows.len() <= 64 && whole.master_key_ids.iter().all(|id| id.is_ascii()));
        let mut changed = bytes.to_vec();
        let last = changed.len() / 2;
        changed[last] ^= 1;
        assert!(verify_bytes(&changed).is_err(), "a change is noticed");
        return;
    }
    let Ok((whole, outcome)) = completed(bytes) else { return };
    match outcome {
        Ok(_) => {
            let cut = &whole[..whole.len() - 1];
            assert!(matches!(verify_bytes(cut), Err(DumpError::CutOff)), "a missing end is noticed");
        }
        Err(problem) => assert!(matches!(problem, DumpError::Damaged(_)), "{problem:?}"),
    }
}
