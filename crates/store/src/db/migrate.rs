//! Bringing a database to this version's schema: two folders, with the same numbers and names.

use super::connect::{Target, explain};
use super::dialect;
use crate::OpenError;
use rusqlite::Connection;

mod sqlite_files {
    refinery::embed_migrations!("migrations/sqlite");
}

mod postgres_files {
    refinery::embed_migrations!("migrations/postgres");
}

fn failed(error: &refinery::Error) -> OpenError {
    let newer = matches!(error.kind(), refinery::error::Kind::MissingVersion(_));
    let hint = if newer { " (it was last used by a newer version of this program)" } else { "" };
    OpenError::Migrate(format!("{}{hint}", explain(error)))
}

/// Migrates the file; the lock on it is held.
pub(crate) fn sqlite(connection: &mut Connection) -> Result<(), OpenError> {
    sqlite_files::migrations::runner().run(connection).map(drop).map_err(|error| failed(&error))
}

/// Migrates the database; other nodes wait meanwhile.
pub(crate) async fn postgres(target: &Target) -> Result<(), OpenError> {
    let mut client = target.single().await?;
    let refused = |error: tokio_postgres::Error| OpenError::Migrate(explain(&error));
    client.batch_execute(dialect::MIGRATION_LOCK).await.map_err(refused)?;
    let done = postgres_files::migrations::runner().run_async(&mut client).await;
    // The lock goes with the connection.
    drop(client);
    done.map(drop).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_engines_have_the_same_migrations() {
        let list = |runner: refinery::Runner| -> Vec<(i32, String)> {
            runner.get_migrations().iter().map(|m| (m.version(), m.name().to_owned())).collect()
        };
        let sqlite = list(super::sqlite_files::migrations::runner());
        assert!(!sqlite.is_empty());
        assert_eq!(sqlite, list(super::postgres_files::migrations::runner()));
    }
}
