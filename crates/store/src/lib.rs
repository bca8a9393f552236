//! Memory: the only room with SQL, on SQLite and on PostgreSQL.
//!
//! One noun, one file; each query is written once, in the SQL that both engines share, and goes through the
//! façade in `db/`. What two requests may race for is one guarded statement with `returning`, or one write
//! transaction. Time, random ids and digests come in as arguments.

mod address_change;
mod admin_keys;
mod admin_sessions;
mod attempt_list;
mod audit;
mod cities;
pub mod copy;
mod data_keys;
mod db;
pub mod dump;
mod env;
mod error;
mod events;
mod foreign;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod housekeeping;
mod identities;
mod keys;
mod limits;
mod load;
mod login;
mod mail_tokens;
mod merging;
mod moving_in;
mod news;
mod notices;
mod numbers;
mod outbox;
mod passwords;
mod profiles;
mod refresh;
mod removal;
mod rotation;
mod sealed;
mod session_list;
mod sessions;
mod sign_in_counts;
mod switches;
#[cfg(feature = "testing")]
pub mod testing;
mod user_list;
mod users;
mod webhooks;

pub use address_change::{AddressChange, AddressChanged};
pub use admin_keys::{AdminKeyRow, KeyEnd};
pub use admin_sessions::{AdminSession, ListedAdminSession, NewAdminSession};
pub use attempt_list::{AttemptQuery, ListedAttempt};
pub use audit::{Audit, AuditQuery, NewAudit};
pub use cities::CityPatch;
pub use data_keys::{DataKeyRow, KeyPurpose, KeyTurn};
pub use db::LoadError;
pub use env::{CityEnvRow, EnvRow};
pub use error::{OLDEST_POSTGRES, OpenError, StoreError};
pub use events::{Event, EventQuery, NewEvent};
pub use foreign::{Cell, ForeignError, Rows, Wanted, read_foreign};
pub use health::Schema;
pub use housekeeping::{EVENTS_AT_A_TIME, OUTBOX_KEPT};
pub use identities::{Identity, LinkUp, Linked, Unlink, Unlinked};
pub use keys::SigningKeyRow;
pub use limits::{Permits, Try};
pub use load::{Backlog, StoreLoad};
pub use login::Claim;
pub use mail_tokens::{MailToken, NewMailToken, Offered, Purpose};
pub use merging::{Merge, Merged};
pub use moving_in::{Arrival, Arrivals, Arrived, ArrivingIdentity};
pub use news::{News, Others};
pub use notices::{Notice, Recipient};
pub use numbers::{CityNumbers, EndingKey, OutboxNumbers, PeopleNumbers};
pub use outbox::{Due, NewMail};
pub use passwords::{Account, ByPassword, ChangedBy, NewAccount, PasswordChange, Registered};
pub use profiles::ProfileChange;
pub use refresh::{NewRefresh, Refreshable, Rotation};
pub use removal::{Leaving, MailTrace, Removal};
pub use rotation::{KeyRemoval, KeyRevocation, NextKey};
pub use sealed::{Resealed, RowKey, SealedColumn, SealedRow};
pub use session_list::{Ending, Ends, ListedSession, SessionQuery};
pub use sessions::{Begun, Collected, FoundSession, NewSession};
pub use sign_in_counts::SignInCount;
pub use switches::{SwitchRow, Switching};
pub use user_list::{Disabling, ListedUser, UserQuery};
pub use users::{Completed, SignIn};
pub use webhooks::{Delivery, DeliveryFailure, DeliveryQuery, NewWebhook, Replay, Webhook};

use std::fmt;
use std::path::Path;

/// The engines that a store can stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file on this machine.
    Sqlite,
    /// A PostgreSQL server, shared by any number of nodes.
    Postgres,
}

/// The memory of a Federation. A cheap handle: clones share everything.
#[derive(Clone)]
pub struct Store {
    db: db::Db,
    recent: sessions::Recent,
}

impl Store {
    /// Opens the SQLite file at `path`, creates it where it is missing (mode 0600) and migrates it.
    ///
    /// # Errors
    /// [`OpenError::InUse`] when another process has it open; see the others there.
    pub async fn open_sqlite(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { db: db::Db::open_sqlite(path)?, recent: sessions::recent() })
    }

    /// Connects to the PostgreSQL database at `url` and migrates it.
    ///
    /// # Errors
    /// See [`OpenError`]; none contains the password.
    pub async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        Ok(Self { db: db::Db::open_postgres(url).await?, recent: sessions::recent() })
    }

    /// The same through a pooler that lends connections for one transaction at a time (PgBouncer in transaction mode).
    /// `server` leads past it: migrations, listening and backups take that way.
    ///
    /// # Errors
    /// See [`OpenError`]; none contains the password.
    pub async fn open_pooled_postgres(url: &str, server: &str) -> Result<Self, OpenError> {
        Ok(Self { db: db::Db::open_pooled_postgres(url, server).await?, recent: sessions::recent() })
    }

    /// Which engine this store stands on.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.db.engine()
    }

    /// Finishes what was handed over, then closes. Later calls answer `Unavailable`.
    pub async fn close(&self) {
        self.db.close().await;
    }

    /// Reads one row through a real connection.
    ///
    /// # Errors
    /// `Unavailable` when that is not possible now.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.changes().await.map(drop)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("engine", &self.engine()).finish()
    }
}
