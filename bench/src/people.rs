//! A database that many people have signed in to before.

use crate::Failed;
use downcity_store::{Store, testing};
use std::path::Path;

/// How many people there are, told apart in one run.
pub(crate) const POPULATIONS: [i64; 3] = [0, 100_000, 1_000_000];

/// The file that `fed serve` keeps its SQLite database in.
pub(crate) const DATABASE: &str = "fed.db";

/// Where a Federation keeps its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// Both, where there is a PostgreSQL server to measure: the one that `PGHOST` names.
    pub(crate) fn all() -> &'static [Self] {
        let both: &[Self] = &[Self::Sqlite, Self::Postgres];
        if std::env::var_os("PGHOST").is_some() { both } else { &both[..1] }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Makes the database in `data`, or a fresh one on the server, and fills it; gives the URL of the latter.
pub(crate) fn settle(engine: Engine, data: &Path, people: i64) -> Result<Option<String>, Failed> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let url = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(testing::fresh_postgres().await),
        };
        let store = match &url {
            None => Store::open_sqlite(&data.join(DATABASE)).await?,
            Some(url) => Store::open_postgres(url).await?,
        };
        if engine == Engine::Postgres && !testing::waits_for_the_disk(&store).await {
            return Err("this PostgreSQL does not wait for the disk (fsync = off): it would flatter".into());
        }
        testing::settle(&store, people).await;
        store.close().await;
        Ok(url)
    })
}
