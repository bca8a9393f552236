//! News from whoever else writes to the database.

use crate::db::{Db, Row};
use crate::login::TABLE;
use crate::{Store, StoreError};
use downcity_core::AttemptId;

/// What somebody else changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// This attempt went on.
    Attempt(AttemptId),
    /// The settings are others: the number of [`Store::changes`] has grown.
    Settings,
    /// Whatever it was: it could not be heard.
    Anything,
}

/// Whoever else writes to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// Nobody: it is this process's own.
    None,
    /// Other nodes, and [`Store::hear`] hears them.
    Heard,
    /// Other nodes that are not heard: who wants to know has to look.
    Unheard,
}

impl Store {
    /// Whoever else writes to the database now.
    #[must_use]
    pub fn others(&self) -> Others {
        match &self.db {
            Db::Sqlite(_) => Others::None,
            Db::Postgres(db) if db.hears() => Others::Heard,
            Db::Postgres(_) => Others::Unheard,
        }
    }

    /// Tells the others that an attempt went on, after that was stored. Nobody waits for it, and nothing is promised:
    /// if this process ends in that moment, they find it by looking.
    pub fn tell(&self, attempt: &AttemptId) {
        match &self.db {
            Db::Sqlite(_) => {}
            Db::Postgres(db) => db.tell(attempt),
        }
    }

    /// Which of these attempts wait no longer for somebody to come back, whoever took them further. Of a database that is
    /// this process's own nothing is told: it knows what it did.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when an id is none.
    pub async fn gone_on(&self, ids: &[AttemptId]) -> Result<Vec<AttemptId>, StoreError> {
        let Db::Postgres(db) = &self.db else { return Ok(Vec::new()) };
        let id = |row: Row| row.read_as(TABLE, |row| Ok(AttemptId::trusted(row.text("attempt_id")?)));
        db.gone_on(ids).await?.into_iter().map(id).collect()
    }

    /// Hears the others until dropped; what this process itself tells comes back, too. Never ends.
    pub async fn hear(&self, tell: impl Fn(News) + Sync) {
        match &self.db {
            Db::Sqlite(_) => std::future::pending().await,
            Db::Postgres(db) => match db.hear(&tell).await {},
        }
    }
}
