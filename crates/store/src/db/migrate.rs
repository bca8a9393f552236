//! Bringing a database to this version's schema: numbered steps, each a file for either engine, each in a
//! transaction of its own together with the note that it was taken.

use super::connect::{Target, explain};
use super::copy::COPYING;
use super::dialect;
use crate::OpenError;
use rusqlite::Connection;
use std::time::{Duration, Instant};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tracing::info;

/// How long a step's table is waited for in all, and how long between two tries.
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_secs(3);

/// One step, in both dialects.
struct Step {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! steps {
    ($($number:literal $name:literal,)*) => {
        &[$(Step {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/V", $number, "__", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/V", $number, "__", $name, ".sql")),
        }),*]
    };
}

/// All steps, oldest first. One that was ever released is never changed: what follows is a new one.
const STEPS: &[Step] = steps! {
    1 "sign_in",
    2 "accounts",
    3 "city_env",
    4 "tokens_and_limits",
    5 "moving_in",
    6 "workspace",
    7 "data_keys",
    8 "new_sign_ins",
    9 "backlogs",
    10 "attempts_by_date",
    11 "sessions_ended",
};

const TABLE: &str = "create table if not exists schema_steps (number bigint primary key, name text not null)";
const TAKEN: &str = "select number, name from schema_steps order by number";
const TAKE: &str = "insert into schema_steps (number, name) values ($1, $2)";

/// The newest step.
pub(crate) fn newest() -> i64 {
    STEPS.last().map_or(0, |step| step.number)
}

/// The steps that a database with these has still to take.
fn missing(taken: &[(i64, String)]) -> Result<&'static [Step], OpenError> {
    for (at, (number, name)) in taken.iter().enumerate() {
        let Some(step) = STEPS.get(at) else {
            return Err(OpenError::Migrate(format!(
                "it has step {number} ({name}), which is not known here (it was last used by a newer version of \
                 this program)"
            )));
        };
        if (step.number, step.name) != (*number, name.as_str()) {
            return Err(OpenError::Migrate(format!(
                "it has step {number} ({name}) where this program has {} ({})",
                step.number, step.name
            )));
        }
    }
    Ok(STEPS.get(taken.len()..).unwrap_or_default())
}

/// The names of all steps, oldest first.
pub(crate) fn steps() -> Vec<String> {
    STEPS.iter().map(|step| step.name.to_owned()).collect()
}

/// Whether a database with these steps can be brought to this version.
pub(crate) fn check_steps(names: &[String]) -> Result<(), OpenError> {
    let taken: Vec<(i64, String)> = (1..).zip(names.iter().cloned()).collect();
    missing(&taken).map(drop)
}

fn told(step: &Step, cause: &str) -> String {
    format!("step {} ({}): {cause}", step.number, step.name)
}

fn failed(step: &Step, cause: &str) -> OpenError {
    OpenError::Migrate(told(step, cause))
}

/// Why PostgreSQL did not take a step, sorted by what somebody has to do.
fn refusal(target: &Target, error: &tokio_postgres::Error, cause: String) -> OpenError {
    match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => OpenError::Forbidden { place: target.place(), cause },
        Some(&SqlState::DUPLICATE_TABLE) => OpenError::Occupied { place: target.place(), cause },
        _ => OpenError::Migrate(cause),
    }
}

/// Migrates the file; the lock on it is held. `until`: only these steps, for what is to come from an older database.
pub(crate) fn sqlite(connection: &mut Connection, until: Option<&[String]>) -> Result<(), OpenError> {
    let refused = |error: rusqlite::Error| OpenError::Migrate(explain(&error));
    connection.execute_batch(TABLE).map_err(refused)?;
    let read = |connection: &Connection| -> rusqlite::Result<Vec<(i64, String)>> {
        connection.prepare(TAKEN)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let taken = read(connection).map_err(refused)?;
    let most = until.map_or(STEPS.len(), |names| names.len().saturating_sub(taken.len()));
    for step in missing(&taken)?.iter().take(most) {
        let mut take = || {
            let transaction = connection.transaction()?;
            transaction.execute_batch(step.sqlite)?;
            transaction.execute(TAKE, (step.number, step.name))?;
            transaction.commit()
        };
        take().map_err(|error| failed(step, &explain(&error)))?;
    }
    Ok(())
}

/// Migrates the database, each step in a turn of its own; other nodes wait meanwhile. Nothing of it outlives a
/// transaction, so a pooler may stand between.
pub(crate) async fn postgres(target: &Target) -> Result<(), OpenError> {
    let mut client = target.single().await?;
    let began = Instant::now();
    loop {
        match turn(&mut client, target).await? {
            Turn::Taken => {}
            Turn::Nothing => return Ok(()),
            Turn::Locked(why) if began.elapsed() > PATIENCE => return Err(why),
            Turn::Locked(why) => {
                info!(%why, "a table is in use for long, by a backup for instance; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// What came of a turn.
enum Turn {
    /// A step was taken.
    Taken,
    /// None is missing.
    Nothing,
    /// Somebody uses a table that the step changes.
    Locked(OpenError),
}

/// Takes the next step, if one is missing.
async fn turn(client: &mut tokio_postgres::Client, target: &Target) -> Result<Turn, OpenError> {
    let refused = |error: tokio_postgres::Error| refusal(target, &error, explain(&error));
    let transaction = client.transaction().await.map_err(refused)?;
    transaction.batch_execute(dialect::MIGRATION_TURN).await.map_err(refused)?;
    if is_being_filled(&transaction).await.map_err(refused)? {
        return Err(OpenError::Copying { place: target.place() });
    }
    transaction.batch_execute(TABLE).await.map_err(refused)?;
    let rows = transaction.query_typed(TAKEN, &[]).await.map_err(refused)?;
    let taken = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let taken: Vec<(i64, String)> = taken.collect::<Result<_, _>>().map_err(refused)?;
    let Some(step) = missing(&taken)?.first() else {
        transaction.commit().await.map_err(refused)?;
        return Ok(Turn::Nothing);
    };
    if let Err(error) = take(&transaction, step).await {
        let locked = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
        let why = refusal(target, &error, told(step, &explain(&error)));
        return if locked { Ok(Turn::Locked(why)) } else { Err(why) };
    }
    transaction.commit().await.map_err(refused)?;
    Ok(Turn::Taken)
}

/// Whether a copy into it was begun and not ended.
async fn is_being_filled(
    transaction: &tokio_postgres::Transaction<'_>,
) -> Result<bool, tokio_postgres::Error> {
    if !transaction.query_one("select to_regclass('facts') is not null", &[]).await?.try_get::<_, bool>(0)? {
        return Ok(false);
    }
    let sql = "select exists (select 1 from facts where name = $1)";
    transaction.query_one(sql, &[&COPYING]).await?.try_get(0)
}

/// Takes these steps inside a transaction, in a database that has none.
pub(crate) async fn postgres_within(
    transaction: &tokio_postgres::Transaction<'_>,
    names: &[String],
) -> Result<(), OpenError> {
    check_steps(names)?;
    transaction.batch_execute(TABLE).await.map_err(|error| OpenError::Migrate(explain(&error)))?;
    for step in STEPS.iter().take(names.len()) {
        take(transaction, step).await.map_err(|error| failed(step, &explain(&error)))?;
    }
    Ok(())
}

async fn take(
    transaction: &tokio_postgres::Transaction<'_>,
    step: &Step,
) -> Result<(), tokio_postgres::Error> {
    transaction.batch_execute(step.postgres).await?;
    transaction.execute_typed(TAKE, &[(&step.number, Type::INT8), (&step.name, Type::TEXT)]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_file_is_a_step() {
        let listed: BTreeSet<String> =
            STEPS.iter().map(|step| format!("V{}__{}.sql", step.number, step.name)).collect();
        for engine in ["sqlite", "postgres"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
            let names = std::fs::read_dir(folder).unwrap();
            let found: BTreeSet<String> =
                names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            assert_eq!(found, listed, "{engine}");
        }
        assert!(STEPS.windows(2).all(|pair| pair[0].number < pair[1].number));
    }

    #[test]
    fn a_history_of_another_program_is_refused() {
        let taken = |steps: &[(i64, &str)]| -> Vec<(i64, String)> {
            steps.iter().map(|(number, name)| (*number, (*name).to_owned())).collect()
        };
        assert_eq!(missing(&[]).unwrap().len(), STEPS.len());
        assert_eq!(missing(&taken(&[(1, "sign_in")])).unwrap().len(), STEPS.len() - 1);
        let other = missing(&taken(&[(1, "something")])).err().unwrap().to_string();
        assert!(other.contains("step 1 (something) where this program has 1 (sign_in)"), "{other}");
        let mut newer: Vec<_> = STEPS.iter().map(|step| (step.number, step.name.to_owned())).collect();
        newer.push((999, "later".to_owned()));
        let newer = missing(&newer).err().unwrap().to_string();
        assert!(newer.contains("newer version"), "{newer}");
    }
}
