//! Counts of sign-ins: attempts that are over are added up by the hour before they are forgotten, once, however many
//! nodes there are. What is not added up yet is counted where it stands.

use crate::attempt_list::status;
use crate::db::{Fault, Row, Tx, args};
use crate::login::ids_that_end;
use crate::{Store, StoreError};
use downcity_core::Timestamp;
use downcity_core::attempt::EXCHANGE_LIMIT;

const TABLE: &str = "sign_in_counts";
/// The fact that says up to which end of an attempt's time attempts are added up.
const UNTIL: &str = "sign_ins_counted_until";
/// How often a reader begins anew when attempts are added up while it reads.
const TRIES: u32 = 5;

/// How many sign-ins that began in one hour with one provider ended in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInCount {
    /// The hour's first moment.
    pub hour: Timestamp,
    /// The provider's id.
    pub provider: String,
    /// `done`, `expired`, `not_returned`, a failure's code; `waiting`, `exchanging`, `confirming` while it is not over.
    pub outcome: String,
    /// How many.
    pub count: i64,
}

impl Store {
    /// Adds up the attempts whose time was over by `until`; says how many hours and ways there were. Whoever comes second
    /// finds nothing left to add.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_sign_ins(&self, until: Timestamp) -> Result<u64, StoreError> {
        self.db.write(until, |until, tx| Box::pin(add_up(*until, tx))).await
    }

    /// Sign-ins that began since then, by hour, provider and outcome; of one city, or of all when empty.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn sign_in_counts(
        &self,
        city_id: &str,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<SignInCount>, StoreError> {
        let added = "select hour, provider, outcome, cast(sum(count) as bigint) from sign_in_counts \
                     where hour >= $1 and ($2 = '' or city_id = $2) group by hour, provider, outcome \
                     order by hour, provider, outcome";
        let standing = concat!(
            "select hour, provider, coalesce(failure, status) as outcome, count(*) from (select \
             created_at - created_at % 3600000 as hour, provider, ",
            status!(),
            " from login_attempts where expires_at > $3 and attempt_id >= $4 and ($5 = '' or city_id = $5)) a \
             where hour >= $6 group by hour, provider, coalesce(failure, status)"
        );
        for _ in 0..TRIES {
            let until = self.counted_until().await?;
            let mut rows = self.db.read_aside(added, args![since, city_id]).await?;
            let [first, _] = ids_that_end(until);
            let args = args![now, now.minus(EXCHANGE_LIMIT), until, first, city_id, since];
            rows.extend(self.db.read_aside(standing, args).await?);
            // Between the two reads attempts may have gone from the one to the other.
            if self.counted_until().await? == until {
                return rows.into_iter().map(|row| row.read_as(TABLE, counted)).collect();
            }
        }
        Err(StoreError::Unavailable("sign-ins were being added up all the time".into()))
    }

    async fn counted_until(&self) -> Result<Timestamp, StoreError> {
        let value = self.fact(UNTIL).await?;
        Ok(value.map_or(Timestamp(0), |value| read_until(&value)))
    }
}

/// Its row is the lock: the second node waits here, and finds what the first one has done.
async fn add_up(until: Timestamp, tx: &mut Tx) -> Result<u64, Fault> {
    let sql = "insert into facts (name, value) values ($1, $2) on conflict (name) do nothing";
    tx.put(sql, args![UNTIL, 0_i64.to_be_bytes().as_slice()]).await?;
    let sql = "update facts set value = value where name = $1 returning name, value";
    let row = tx.row(sql, args![UNTIL]).await?.ok_or_else(|| Fault::internal("a fact is gone"))?;
    let from = row.read_as("facts", |row| {
        row.text("name")?;
        Ok(read_until(&row.bytes("value")?))
    })?;
    if until <= from {
        tx.undo();
        return Ok(0);
    }
    let sql = concat!(
        "insert into sign_in_counts (hour, city_id, provider, outcome, count) \
         select hour, city_id, provider, coalesce(failure, status), count(*) from (select \
         created_at - created_at % 3600000 as hour, city_id, provider, ",
        status!(),
        " from login_attempts where expires_at > $3 and expires_at <= $1 and attempt_id >= $4 and attempt_id < $5) a where true \
         group by hour, city_id, provider, coalesce(failure, status) \
         on conflict (hour, city_id, provider, outcome) do update set count = sign_in_counts.count + excluded.count"
    );
    // Whatever is still being exchanged at the end of its time was interrupted.
    let ([first, _], [_, above]) = (ids_that_end(from), ids_that_end(until));
    let added = tx.exec(sql, args![until, until, from, first, above]).await?;
    let sql = "update facts set value = $1 where name = $2";
    tx.put(sql, args![until.0.to_be_bytes().as_slice(), UNTIL]).await?;
    Ok(added)
}

fn read_until(value: &[u8]) -> Timestamp {
    Timestamp(value.try_into().map_or(0, i64::from_be_bytes))
}

fn counted(row: &mut Row) -> Result<SignInCount, crate::db::Misfit> {
    Ok(SignInCount {
        hour: row.time("hour")?,
        provider: row.text("provider")?,
        outcome: row.text("outcome")?,
        count: row.int("count")?,
    })
}
