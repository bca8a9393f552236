//! Everything that is not said in the same SQL to both engines. All of it is about connections, transactions and
//! other nodes; the queries themselves have no exception.

use std::time::Duration;

/// 1. How a write transaction begins on SQLite: it takes the write lock at once, so it can't fail half-way.
pub(crate) const BEGIN_SQLITE: &str = "begin immediate";

/// 2. How a write transaction begins on PostgreSQL. What requests race for is decided by guarded statements
///    (whose row lock makes the second wait, and look again) and by unique keys, and a write that meets another's key
///    is tried again from its start. So `serializable` would add nothing but false alarms: sign-ins of different
///    people share index pages, and were measured to be several times slower and to fail under load.
pub(crate) const BEGIN_POSTGRES: &str = "begin isolation level read committed";

/// 3. What every SQLite connection is told. FULL: an acknowledged commit survives a power cut.
pub(crate) const SETTINGS_SQLITE: &str = "
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma foreign_keys = on;
    pragma busy_timeout = 5000;
    pragma wal_autocheckpoint = 4000;
    pragma journal_size_limit = 67108864;
    pragma temp_store = memory;
    pragma trusted_schema = off;";

/// The writer's connection waits for the disk aside, so a commit only writes. It looks at the ends of indexes in random
/// places: 16 MiB keep the pages of some hundred thousand rows at hand.
pub(crate) const SETTINGS_SQLITE_WRITER: &str = "
    pragma synchronous = normal;
    pragma cache_size = -16384;";

/// 4. What every PostgreSQL connection is told. A server or role with `synchronous_commit = off` would
///    forget acknowledged commits in a power cut; stronger settings than `on` stay as they are. The limits
///    keep a hanging node or statement from stopping everybody else.
pub(crate) const SETTINGS_POSTGRES: &str = "
    select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
    set statement_timeout = '15s';
    set lock_timeout = '5s';
    set idle_in_transaction_session_timeout = '15s';";

/// How long a search may take. PostgreSQL is told above; SQLite is stopped by its reader.
pub(crate) const LONGEST_READ: Duration = Duration::from_secs(15);

/// The same for a connection that a pooler lends for one transaction: they come and go with it.
pub(crate) const BEGIN_POOLED: &str = "begin isolation level read committed; \
    set local statement_timeout = '15s'; set local lock_timeout = '5s'; \
    set local idle_in_transaction_session_timeout = '15s'; \
    select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'";

/// 5. Migrating on PostgreSQL happens on one node at a time: this lock is held by the same connection, or by the
///    transaction of one step. The number is arbitrary and ours; the time is how long another node's migration is
///    waited for. A step waits for a table's lock shortly only, since whoever asks for one keeps everybody behind him from
///    that table: it is taken again after a pause.
pub(crate) const MIGRATION_LOCK: &str = "set lock_timeout = '300s'; select pg_advisory_lock(71043127501)";
pub(crate) const MIGRATION_TURN: &str = "set local statement_timeout = 0; set local lock_timeout = '300s'; \
    select pg_advisory_xact_lock(71043127501); set local lock_timeout = '2s'";

/// 6. How a reader of everything begins on PostgreSQL: it sees one moment, and may take its time. On SQLite every
///    reader's transaction is like that.
pub(crate) const BEGIN_SNAPSHOT_POSTGRES: &str = "begin isolation level repeatable read read only; \
    set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0";

/// 7. How PostgreSQL's nodes tell each other what changed (`news.rs`): settings in the transaction of the change, by
///    these words in front of its `commit`; what comes of sign-ins after it, many in one message. What may not have been
///    heard is looked for: which of these attempts, ids with commas between them, somebody came back for or ended.
pub(crate) const LISTEN: &str = "listen downcity";
pub(crate) const TELL: &str = "select pg_notify('downcity', $1)";
pub(crate) const COMMIT_TELLING_SETTINGS: &str = "notify downcity, 'settings'; commit";
pub(crate) const GONE_ON: &str = "select attempt_id from login_attempts \
    where attempt_id = any(string_to_array($1, ',')) and stage <> 'waiting'";

/// 8. What the one PostgreSQL connection is told that fills a database: it may take its time, and nobody else fills it
///    meanwhile. Where migrating is part of a longer transaction, its lock is too.
pub(crate) const SETTINGS_COPY_POSTGRES: &str = "
    select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
    set statement_timeout = 0;
    set idle_in_transaction_session_timeout = 0;
    set lock_timeout = '30s';";
pub(crate) const COPY_LOCK: &str = "select pg_try_advisory_lock(71043127502)";
pub(crate) const MIGRATION_LOCK_WITHIN: &str = "select pg_advisory_xact_lock(71043127501)";

/// 9. How PostgreSQL makes others wait who would change a user. On SQLite writes come one after another.
pub(crate) const HOLD_USER: &str = "select user_id from users where user_id = $1 for no key update";

/// 10. What time it is where PostgreSQL is, in milliseconds: asked only to compare, since times are arguments.
pub(crate) const TIME_POSTGRES: &str = "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

/// How long a PostgreSQL connection is waited for.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
