//! Fresh stores for tests, on real engines.

mod pooler;

pub use pooler::Pooler;

use crate::db::{Val, args};
use crate::session_list::{ALL_BUT, ONE};
use crate::user_list::{fitting, page, straight, walk};
use crate::users::user_columns;
use crate::{Engine, Store};
use downcity_core::Timestamp;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
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

/// Makes a SQLite file as another program would, from these statements.
///
/// # Panics
/// When a statement fails, or the system has no room for a temporary file.
#[must_use]
pub fn foreign_sqlite(sql: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("old.sqlite");
    let connection = rusqlite::Connection::open(&path).expect("a new file");
    connection.execute_batch(sql).expect("the statements are right");
    (folder, path)
}

/// Creates an empty database on the server that `PGHOST`, `PGPORT`, `PGUSER` and `PGPASSWORD` name (as
/// `pg_virtualenv` sets them), and returns its URL. The database goes away with the temporary server.
///
/// # Panics
/// When there is no such server: tests on PostgreSQL are never skipped.
pub async fn fresh_postgres() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("downcity_test_{}_{number}", std::process::id());
    let admin = url("postgres");
    let target = crate::db::Target::parse(&admin).expect("PGHOST and its companions make a URL");
    let client = target.single().await.expect("the PostgreSQL server that PGHOST names answers");
    client
        .batch_execute(&format!("drop database if exists {name}"))
        .await
        .expect("an old database goes away");
    client.batch_execute(&format!("create database {name}")).await.expect("a new database is made");
    url(&name)
}

fn url(database: &str) -> String {
    let Ok(host) = std::env::var("PGHOST") else {
        panic!(
            "no PostgreSQL server: PGHOST is not set. Run ./test, or `pg_virtualenv -t cargo nextest run …`"
        )
    };
    let variable = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let (port, user) = (variable("PGPORT", "5432"), variable("PGUSER", "postgres"));
    let password = variable("PGPASSWORD", "");
    format!("postgres://{user}:{password}@{host}:{port}/{database}?sslmode=disable")
}

/// Runs a statement behind the store's back: to put it into a state that its own functions never make.
///
/// # Panics
/// When the statement fails.
pub async fn tamper(store: &Store, sql: &'static str) -> u64 {
    store.db.exec(sql, Vec::new()).await.expect("the statement is right")
}

/// Runs statements in a database, named by its URL or its path, without opening a store.
///
/// # Panics
/// When one fails.
pub async fn meddle(database: &str, sql: &str) {
    if !database.starts_with("postgres:") {
        let connection = rusqlite::Connection::open(database).expect("the file is there");
        return connection.execute_batch(sql).expect("the statements are right");
    }
    let target = crate::db::Target::parse(database).expect("a URL");
    let client = target.single().await.expect("the server answers");
    client.batch_execute(sql).await.expect("the statements are right");
}

/// Makes a database, named by its URL or its path, as it stood when the schema had so many steps, and fills it with
/// these statements, whose bytes are written as `x'00ff'`.
///
/// # Panics
/// When the statements do not fit that schema.
pub async fn database_at_step(database: &str, step: usize, sql: &str) {
    let steps = &crate::db::steps()[..step];
    if database.starts_with("postgres:") {
        let target = crate::db::Target::parse(database).expect("a URL");
        let mut client = target.single().await.expect("the server answers");
        let transaction = client.transaction().await.expect("a transaction");
        crate::db::migrate_postgres_within(&transaction, steps).await.expect("these steps");
        transaction.commit().await.expect("and no more");
    } else {
        let mut connection = rusqlite::Connection::open(database).expect("a new file");
        crate::db::migrate_sqlite(&mut connection, Some(steps)).expect("these steps");
    }
    meddle(database, "delete from changes").await;
    let of_postgres = sql.replace(", x'", r", '\x").replace("(x'", r"('\x");
    meddle(database, if database.starts_with("postgres:") { &of_postgres } else { sql }).await;
}

/// Holds the write lock of a SQLite file until it is dropped.
pub struct Held(rusqlite::Connection);

impl Drop for Held {
    fn drop(&mut self) {
        // Nothing was written; a connection that is gone holds nothing either.
        let _ = self.0.execute_batch("rollback");
    }
}

/// Takes the write lock of a SQLite file, as another program would that writes into it for some time.
///
/// # Panics
/// When that is not possible.
#[must_use]
pub fn hold_sqlite(path: &std::path::Path) -> Held {
    let connection = rusqlite::Connection::open(path).expect("the file is there");
    connection.busy_timeout(std::time::Duration::from_secs(10)).expect("a setting");
    connection.execute_batch("begin immediate").expect("nobody else writes for long");
    Held(connection)
}

/// What SQLite itself finds wrong with a file: `ok`, or its complaints.
///
/// # Panics
/// When the file can't be opened.
#[must_use]
pub fn sqlite_integrity(path: &std::path::Path) -> String {
    let connection = rusqlite::Connection::open(path).expect("the file is there");
    let told = connection.query_row("pragma integrity_check", [], |row| row.get(0));
    told.expect("an answer")
}

/// Reads one whole number behind the store's back, for instance how many rows there are.
///
/// # Panics
/// When the query fails or does not answer with one.
pub async fn number(store: &Store, sql: &'static str) -> i64 {
    let row = store.db.read_row(sql, Vec::new()).await.expect("the query is right").expect("one row");
    row.read_as("(a test)", |row| row.int("number")).expect("a whole number")
}

/// How the engine would look for users, as it tells itself: by walking down the list of sign-ups, or straight to the
/// one that is named.
///
/// # Panics
/// When the engine does not explain itself.
pub async fn plan_of_users(store: &Store, by_name: bool) -> String {
    let (page, name) = (args![Timestamp(i64::MAX), "", "", "", ""], args!["a", "a", 50_i64]);
    let sql = if by_name { straight!("<", "desc") } else { walk!("<", "desc") };
    let last = if by_name { name } else { args!["", 50_i64] };
    plan(store, sql, page.into_iter().chain(last).collect()).await
}

/// How the engine would end one session, and all of a user but one.
///
/// # Panics
/// When the engine does not explain itself.
pub async fn plans_of_ending(store: &Store) -> [String; 2] {
    let args = || args![Timestamp(0), "a", "b"];
    [plan(store, ONE, args()).await, plan(store, ALL_BUT, args()).await]
}

async fn plan(store: &Store, sql: &str, args: Vec<Val>) -> String {
    let how = if store.engine() == Engine::Sqlite { "explain query plan" } else { "explain" };
    let rows = store.db.read(format!("{how} {sql}").leak(), args).await.expect("a plan");
    let line = |row: crate::db::Row| {
        row.read_as("(a plan)", |row| {
            if store.engine() == Engine::Sqlite {
                for column in ["id", "parent", "notused"] {
                    row.int(column)?;
                }
            }
            row.text("detail")
        })
    };
    rows.into_iter().map(|row| line(row).expect("a line")).collect::<Vec<_>>().join("\n")
}

/// Numbers from $1 to $2, each with an id in the same order and one that looks drawn by lot.
macro_rules! settlers {
    ($($rest:literal),*) => {
        concat!(
            "with recursive n (i) as (select cast($1 as bigint) union all select i + 1 from n where i < $2), ",
            "p (i, id, lot) as (select i, cast(100000000000 + i as text), ",
            "cast(100000000000 + i * 7368787 % 99999999977 as text) from n) ",
            $($rest),*
        )
    };
}

/// The only difference is what bytes are called.
macro_rules! settle_sessions {
    ($bytes:literal) => {
        settlers!(
            "insert into sessions (sid, session_id, user_id, city_id, provider, network, agent, created_at, expires_at) ",
            "select cast(id || '00000000000000000000' as ",
            $bytes,
            "), 'session_settled-' || id, 'user_settled-00000000-' || id, 'city_old', 'wechat', '192.0.2.0/24', ",
            "'settled', 1700000000000 + i, 4000000000000 from p"
        )
    };
}

/// How many people one statement makes: PostgreSQL ends those that take longer than 15 s, and SQLite writes each page of
/// an index once for each statement.
const SETTLERS: [(Engine, i64); 2] = [(Engine::Postgres, 20_000), (Engine::Sqlite, 250_000)];

/// Fills a store with people who signed in through WeChat at some time: `people` of each of user, identity and session,
/// with ids in the order of their making, as ours are, and names at the provider in none. The same SQL for both engines.
///
/// # Panics
/// When a statement fails.
pub async fn settle(store: &Store, people: i64) {
    let sessions = match store.db.engine() {
        Engine::Sqlite => settle_sessions!("blob"),
        Engine::Postgres => settle_sessions!("bytea"),
    };
    tamper(
        store,
        "insert into cities (city_id, name, status, allowed_origins, allowed_redirects, confirm, \
                   created_at, updated_at) values ('city_old', 'Old', 'active', '[]', '[]', 'auto', 0, 0)",
    )
    .await;
    let many = SETTLERS.iter().find(|(engine, _)| *engine == store.db.engine()).map_or(1, |(_, many)| *many);
    for first in (1..=people).step_by(usize::try_from(many).unwrap_or(1)) {
        let last = people.min(first + many - 1);
        for sql in [SETTLE_USERS, SETTLE_IDENTITIES, SETTLE_UNIONIDS, SETTLE_OPENIDS, sessions] {
            store.db.exec(sql, args![first, last]).await.expect("the statement is right");
        }
    }
}

const SETTLE_USERS: &str = settlers!(
    "insert into users (user_id, display_name, disabled, created_at, updated_at) ",
    "select 'user_settled-00000000-' || id, 'Settler ' || lot, 0, 1700000000000 + i, 1700000000000 + i from p"
);
const SETTLE_IDENTITIES: &str = settlers!(
    "insert into identities (identity_id, user_id, provider, created_at, last_used_at) ",
    "select 'identity_settled-0000-' || id, 'user_settled-00000000-' || id, 'wechat', 1700000000000 + i, ",
    "1700000000000 + i from p"
);
const SETTLE_UNIONIDS: &str = settlers!(
    "insert into identity_keys (provider, kind, scope, value, identity_id) ",
    "select 'wechat', 'unionid', '', 'oUnionSettled' || lot, 'identity_settled-0000-' || id from p order by lot"
);
const SETTLE_OPENIDS: &str = settlers!(
    "insert into identity_keys (provider, kind, scope, value, identity_id) ",
    "select 'wechat', 'openid', 'wx0000000000000000', 'oOpenidSettled' || lot, 'identity_settled-0000-' || id from p order by lot"
);
/// Whether a PostgreSQL waits for the disk before it acknowledges a commit.
///
/// # Panics
/// When it does not say.
pub async fn waits_for_the_disk(store: &Store) -> bool {
    number(store, "select cast(case when current_setting('fsync') = 'on' then 1 else 0 end as bigint)").await
        == 1
}
