//! Cities: few, and read as a whole.

use crate::db::{Misfit, Row, args};
use crate::keys::count_change;
use crate::{Store, StoreError};
use downcity_core::{City, CityId, CityStatus, ConfirmPolicy};

const TABLE: &str = "cities";

impl Store {
    /// All cities, oldest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn cities(&self) -> Result<Vec<City>, StoreError> {
        let sql = "select city_id, name, status, allowed_origins, allowed_redirects, confirm, created_at, \
                   updated_at from cities order by created_at, city_id";
        self.db.read(sql, args![]).await?.into_iter().map(|row| row.read_as(TABLE, city)).collect()
    }

    /// Adds a city; false when its id is taken.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn insert_city(&self, city: &City) -> Result<bool, StoreError> {
        let sql = "insert into cities (city_id, name, status, allowed_origins, allowed_redirects, confirm, \
                   created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing";
        let args = args![
            city.city_id.as_str(),
            &city.name,
            city.status.as_str(),
            list_text(&city.allowed_origins),
            list_text(&city.allowed_redirects),
            city.confirm.as_str(),
            city.created_at,
            city.updated_at,
        ];
        self.change(sql, args).await
    }

    /// Changes a city, all but its id and time of creation; false when it is gone.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn update_city(&self, city: &City) -> Result<bool, StoreError> {
        let sql = "update cities set name = $1, status = $2, allowed_origins = $3, allowed_redirects = $4, \
                   confirm = $5, updated_at = $6 where city_id = $7";
        let args = args![
            &city.name,
            city.status.as_str(),
            list_text(&city.allowed_origins),
            list_text(&city.allowed_redirects),
            city.confirm.as_str(),
            city.updated_at,
            city.city_id.as_str(),
        ];
        self.change(sql, args).await
    }

    /// Removes a city with its attempts, sessions and switches; false when it is gone. Counts of its sign-ins stay, so
    /// that the Federation's sums do; those of its last minutes are not counted any more.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn remove_city(&self, id: &CityId) -> Result<bool, StoreError> {
        self.db
            .write(id.clone(), |id, tx| {
                Box::pin(async move {
                    let sql = "delete from provider_switches where city_id = $1";
                    tx.exec(sql, args![id.as_str()]).await?;
                    let gone =
                        tx.exec("delete from cities where city_id = $1", args![id.as_str()]).await? > 0;
                    if gone {
                        count_change(tx).await?;
                    }
                    Ok(gone)
                })
            })
            .await
    }

    /// Runs one statement on cities, env or keys and counts the change, if it was one.
    pub(crate) async fn change(
        &self,
        sql: &'static str,
        args: Vec<crate::db::Val>,
    ) -> Result<bool, StoreError> {
        self.db
            .write((sql, args), |(sql, args), tx| {
                Box::pin(async move {
                    let changed = tx.exec(sql, args.clone()).await? > 0;
                    if changed {
                        count_change(tx).await?;
                    }
                    Ok(changed)
                })
            })
            .await
    }
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
        confirm: ConfirmPolicy::parse(&row.text("confirm")?).ok_or_else(|| Misfit::in_column("confirm"))?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
