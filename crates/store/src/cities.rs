//! Cities: few, and read as a whole.

use crate::audit::{NewAudit, append};
use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::housekeeping::BATCH;
use crate::keys::count_change;
use crate::{Store, StoreError};
use downcity_core::{City, CityId, CityStatus, ConfirmPolicy, Timestamp};

const TABLE: &str = "cities";
/// Sessions looked at by one statement.
const LOOKED_AT: i64 = 5000;

/// The columns of a [`City`], in the order in which [`city`] reads them.
macro_rules! columns {
    () => {
        "city_id, name, status, allowed_origins, allowed_redirects, confirm, confirm_code, created_at, updated_at"
    };
}

/// What is changed of a city; what is absent stays as it is.
#[derive(Debug, Clone)]
pub struct CityPatch {
    /// Which.
    pub city_id: CityId,
    /// The name people see.
    pub name: Option<String>,
    /// Whether it is in use.
    pub status: Option<CityStatus>,
    /// Origins whose pages may call the API.
    pub allowed_origins: Option<Vec<String>>,
    /// Addresses a sign-in may return to.
    pub allowed_redirects: Option<Vec<String>>,
    /// When to ask for confirmation.
    pub confirm: Option<ConfirmPolicy>,
    /// The time.
    pub now: Timestamp,
}

impl Store {
    /// All cities, oldest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn cities(&self) -> Result<Vec<City>, StoreError> {
        let sql = concat!("select ", columns!(), " from cities order by created_at, city_id");
        self.db.read(sql, args![]).await?.into_iter().map(|row| row.read_as(TABLE, city)).collect()
    }

    /// Adds a city; false when its id is taken.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn insert_city(&self, city: &City, audit: Option<NewAudit>) -> Result<bool, StoreError> {
        self.db.write((city.clone(), audit), |(city, audit), tx| Box::pin(insert(city, audit, tx))).await
    }

    /// Changes what is named of a city, and gives it as it stands then; `None` when it is gone. The entry of the
    /// audit record gets the city before and after.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn update_city(&self, patch: CityPatch, audit: NewAudit) -> Result<Option<City>, StoreError> {
        self.db.write((patch, audit), |(patch, audit), tx| Box::pin(update(patch, audit, tx))).await
    }

    /// Removes a city with its attempts, sessions, settings, switches and admin keys; false when it is gone. Counts of
    /// its sign-ins stay, so that the sums of the Federation do; those of its last minutes are not counted any more.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn remove_city(&self, id: &CityId, audit: NewAudit) -> Result<bool, StoreError> {
        self.empty_city(id).await?;
        self.db.write((id.clone(), audit), |(id, audit), tx| Box::pin(remove(id, audit, tx))).await
    }

    /// Removes the sessions and attempts of a city piece by piece, so that others get their turn: there may be millions.
    async fn empty_city(&self, id: &CityId) -> Result<(), StoreError> {
        let mut after = Vec::new();
        loop {
            // No index leads from cities to sessions, so all are looked at in the order of their keys.
            let sql = "select sid, sid from sessions where sid > $1 order by sid limit $2";
            let Some(last) = self.db.read(sql, args![after.as_slice(), LOOKED_AT]).await?.pop() else {
                break;
            };
            let last = last.read_as("sessions", |row| {
                row.bytes("sid")?;
                row.bytes("sid")
            })?;
            let piece = (id.clone(), after, last.clone());
            self.db.write(piece, |(id, after, last), tx| Box::pin(end_piece(id, after, last, tx))).await?;
            after = last;
        }
        let sql = "delete from login_attempts where attempt_id in (select attempt_id from login_attempts \
                   where city_id = $1 limit $2)";
        self.in_batches(sql, args![id.as_str(), BATCH]).await.map(drop)
    }

    /// Runs one statement on cities, env or keys, counts the change and records it, if it was one.
    pub(crate) async fn change(
        &self,
        sql: &'static str,
        args: Vec<crate::db::Val>,
        audit: NewAudit,
    ) -> Result<bool, StoreError> {
        self.db
            .write((sql, args, audit), |(sql, args, audit), tx| {
                Box::pin(async move {
                    let changed = tx.exec(sql, args.clone()).await? > 0;
                    if changed {
                        count_change(tx).await?;
                        append(audit, tx).await?;
                    }
                    Ok(changed)
                })
            })
            .await
    }
}

async fn insert(city: &City, audit: &Option<NewAudit>, tx: &mut Tx) -> Result<bool, Fault> {
    let sql = "insert into cities (city_id, name, status, allowed_origins, allowed_redirects, confirm, \
               confirm_code, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing";
    let args = args![
        city.city_id.as_str(),
        &city.name,
        city.status.as_str(),
        list_text(&city.allowed_origins),
        list_text(&city.allowed_redirects),
        stored(city.confirm),
        city.confirm == ConfirmPolicy::Code,
        city.created_at,
        city.updated_at,
    ];
    if tx.exec(sql, args).await? == 0 {
        return Ok(false);
    }
    count_change(tx).await?;
    if let Some(audit) = audit {
        append(&NewAudit { after: Some(shown(city)), ..audit.clone() }, tx).await?;
    }
    Ok(true)
}

/// The counter's row serves as the lock, so that what is read here is what is changed.
async fn update(patch: &CityPatch, audit: &NewAudit, tx: &mut Tx) -> Result<Option<City>, Fault> {
    count_change(tx).await?;
    let sql = concat!("select ", columns!(), " from cities where city_id = $1");
    let Some(row) = tx.row(sql, args![patch.city_id.as_str()]).await? else {
        tx.undo();
        return Ok(None);
    };
    let before = row.read_as(TABLE, city)?;
    let sql = concat!(
        "update cities set name = coalesce($1, name), status = coalesce($2, status), \
         allowed_origins = coalesce($3, allowed_origins), allowed_redirects = coalesce($4, allowed_redirects), \
         confirm = coalesce($5, confirm), confirm_code = coalesce($6, confirm_code), updated_at = $7 \
         where city_id = $8 returning ",
        columns!()
    );
    let args = args![
        patch.name.as_ref(),
        patch.status.map(CityStatus::as_str),
        patch.allowed_origins.as_deref().map(list_text),
        patch.allowed_redirects.as_deref().map(list_text),
        patch.confirm.map(stored),
        patch.confirm.map(|confirm| i64::from(confirm == ConfirmPolicy::Code)),
        patch.now,
        patch.city_id.as_str(),
    ];
    let row = tx.row(sql, args).await?.ok_or_else(|| Fault::internal("a locked city is gone"))?;
    let after = row.read_as(TABLE, city)?;
    let entry = NewAudit { before: Some(shown(&before)), after: Some(shown(&after)), ..audit.clone() };
    append(&entry, tx).await?;
    Ok(Some(after))
}

/// Removes what sessions of a city there are in a part of the table.
async fn end_piece(id: &CityId, after: &[u8], last: &[u8], tx: &mut Tx) -> Result<(), Fault> {
    for sql in [
        "delete from refresh_tokens where session_id in (select session_id from sessions \
         where sid > $1 and sid <= $2 and city_id = $3)",
        "delete from sessions where sid > $1 and sid <= $2 and city_id = $3",
    ] {
        tx.put(sql, args![after, last, id.as_str()]).await?;
    }
    Ok(())
}

/// The counter first, as everybody does who changes a city, so that two wait for each other in one order.
async fn remove(id: &CityId, audit: &NewAudit, tx: &mut Tx) -> Result<bool, Fault> {
    count_change(tx).await?;
    let sql = concat!("delete from cities where city_id = $1 returning ", columns!());
    let Some(row) = tx.row(sql, args![id.as_str()]).await? else {
        tx.undo();
        return Ok(false);
    };
    let before = row.read_as(TABLE, city)?;
    tx.put("delete from provider_switches where city_id = $1", args![id.as_str()]).await?;
    append(&NewAudit { before: Some(shown(&before)), ..audit.clone() }, tx).await?;
    Ok(true)
}

/// A city as the audit record shows it. Nothing of it is secret.
fn shown(city: &City) -> String {
    serde_json::json!({
        "name": city.name,
        "status": city.status.as_str(),
        "allowed_origins": city.allowed_origins,
        "allowed_redirects": city.allowed_redirects,
        "confirm": city.confirm.as_str(),
    })
    .to_string()
}

/// A list of texts as it is stored: a JSON array.
pub(crate) fn list_text(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

/// Reads such a list back.
pub(crate) fn list(text: &str, column: &str) -> Result<Vec<String>, Misfit> {
    serde_json::from_str(text).map_err(|_| Misfit::in_column(column))
}

fn city(row: &mut Row) -> Result<City, Misfit> {
    Ok(City {
        city_id: CityId::trusted(row.text("city_id")?),
        name: row.text("name")?,
        status: match row.text("status")?.as_str() {
            "active" => CityStatus::Active,
            "paused" => CityStatus::Paused,
            _ => return Err(Misfit::in_column("status")),
        },
        allowed_origins: list(&row.text("allowed_origins")?, "allowed_origins")?,
        allowed_redirects: list(&row.text("allowed_redirects")?, "allowed_redirects")?,
        confirm: confirm(row)?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// What stands in the column `confirm`, which knows no `code`: that is `always` with a mark beside it.
fn stored(confirm: ConfirmPolicy) -> &'static str {
    match confirm {
        ConfirmPolicy::Code => ConfirmPolicy::Always.as_str(),
        other => other.as_str(),
    }
}

fn confirm(row: &mut Row) -> Result<ConfirmPolicy, Misfit> {
    let named = ConfirmPolicy::parse(&row.text("confirm")?).ok_or_else(|| Misfit::in_column("confirm"))?;
    match (named, row.flag("confirm_code")?) {
        (named, false) => Ok(named),
        (ConfirmPolicy::Always, true) => Ok(ConfirmPolicy::Code),
        (_, true) => Err(Misfit::in_column("confirm_code")),
    }
}
