//! Fresh stores for tests, on real engines.

use std::path::PathBuf;
use tempfile::TempDir;

/// A path for a SQLite store in a folder of its own, which goes away with the returned guard.
///
/// # Panics
/// When the system has no room for a temporary folder.
#[must_use]
pub fn fresh_sqlite() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("downcity.db");
    (folder, path)
}

/// Creates an empty database on the server that PGHOST names, and returns its URL.
///
/// # Panics
/// When there is no such server: these tests don't skip.
pub async fn fresh_postgres() -> String {
    panic!("unfinished")
}
