//! Users as an admin sees them: listed and searched, shut out and let in again.

use crate::db::{Fault, Row, Tx, args};
use crate::events::{NewEvent, append};
use crate::login::end_sign_ins;
use crate::users::{user, user_columns};
use crate::{Store, StoreError};
use downcity_core::{Failure, Timestamp, User, UserId};

const TABLE: &str = "users";

/// A user with what an admin wants to know besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUser {
    /// The user.
    pub user: User,
    /// When the account is to be removed, if its owner asked for that.
    pub delete_at: Option<Timestamp>,
    /// The ways in, each once, by name.
    pub providers: Vec<String>,
}

/// Which users an admin looks for. Empty texts look for all.
#[derive(Debug, Clone, Default)]
pub struct UserQuery {
    /// The whole id or address, or a name at a provider such as an openid. Where it fits, nobody else is found.
    pub exact: String,
    /// In lower case: part of the id, the name or the address, with `%` and `_` escaped by `\`.
    pub part: String,
    /// `active`, `disabled` or `deleting`.
    pub status: String,
    /// Who has a way in by this provider.
    pub provider: String,
    /// Who has a session in this city that is remembered.
    pub city_id: String,
    /// The last one that was seen already: when they signed up, and their id.
    pub after: Option<(Timestamp, String)>,
    /// Those who signed up later than that one, oldest first; otherwise those before, newest first.
    pub later: bool,
    /// How many at most.
    pub limit: i64,
}

/// A user to be shut out or let in.
#[derive(Debug, Clone)]
pub struct Disabling {
    /// Who.
    pub user_id: UserId,
    /// Shut out, or let in.
    pub disabled: bool,
    /// What to write into the event log, if that changed anything.
    pub event: NewEvent,
    /// The time.
    pub now: Timestamp,
}

/// Users that fit everything but the search, of a table called `u`, and beyond the page that was seen: `$1` to `$5`.
macro_rules! fitting {
    ($beyond:literal) => {
        concat!(
            "(u.created_at, u.user_id) ",
            $beyond,
            " ($1, $2) \
         and ($3 = '' or $3 = case when u.disabled = 1 then 'disabled' \
         when u.delete_at is not null then 'deleting' else 'active' end) \
         and ($4 = '' or exists (select 1 from identities i where i.user_id = u.user_id and i.provider = $4)) \
         and ($5 = '' or exists (select 1 from sessions s where s.user_id = u.user_id and s.city_id = $5))"
        )
    };
}

/// A page of users with their ways in, beyond the one that was seen (`<` with `desc`, `>` with `asc`). What narrows it
/// down stands last, and ends with the limit.
macro_rules! page {
    ($beyond:literal, $order:literal, $narrowed:literal, $limit:literal) => {
        concat!(
            "select ",
            user_columns!(),
            ", u.delete_at, i.provider from (select * from users u where ",
            fitting!($beyond),
            $narrowed,
            " order by u.created_at ",
            $order,
            ", u.user_id ",
            $order,
            $limit,
            ") u left join identities i on i.user_id = u.user_id order by u.created_at ",
            $order,
            ", u.user_id ",
            $order,
            ", i.provider"
        )
    };
}

/// Walks down the index of sign-ups, and looks at each user on the way where something is searched for.
macro_rules! walk {
    ($beyond:literal, $order:literal) => {
        page!(
            $beyond,
            $order,
            " and ($6 = '' or lower(u.user_id) like '%' || $6 || '%' escape '\\' \
             or lower(u.display_name) like '%' || $6 || '%' escape '\\' \
             or lower(u.email) like '%' || $6 || '%' escape '\\' \
             or exists (select 1 from identities i join identity_keys k on k.identity_id = i.identity_id \
             where i.user_id = u.user_id and i.provider = 'email' and k.value like '%' || $6 || '%' escape '\\'))",
            " limit $7"
        )
    };
}

/// Goes straight to whoever has this id, address or name at a provider: `$6` folded, `$7` as it was typed.
macro_rules! straight {
    ($beyond:literal, $order:literal) => {
        page!(
            $beyond,
            $order,
            " and u.user_id in (select user_id from users where user_id = $6 \
             union select user_id from users where email = $6 \
             union select i.user_id from identity_keys k join identities i on i.identity_id = k.identity_id \
             where k.value in ($6, $7))",
            " limit $8"
        )
    };
}
#[cfg(feature = "testing")]
pub(crate) use {fitting, page, straight, walk};

impl Store {
    /// A page of users. A search that looks at very many users is given up after 15 seconds.
    ///
    /// # Errors
    /// `TooLong`; `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn users(&self, query: &UserQuery) -> Result<Vec<ListedUser>, StoreError> {
        let UserQuery { exact, part, status, provider, city_id, after, later, limit } = query;
        let (at, id) = after.clone().unwrap_or((Timestamp(i64::MAX), String::new()));
        if !exact.is_empty() {
            let args = args![at, &id, status, provider, city_id, exact.to_lowercase(), exact, *limit];
            let sql = if *later { straight!(">", "asc") } else { straight!("<", "desc") };
            let found = self.db.read(sql, args).await?;
            if !found.is_empty() {
                return listed_users(found);
            }
        }
        let args = args![at, id, status, provider, city_id, part, *limit];
        let sql = if *later { walk!(">", "asc") } else { walk!("<", "desc") };
        listed_users(self.db.read_aside(sql, args).await?)
    }

    /// Shuts a user out, which ends their sessions, or lets them in again; false when there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn set_disabled(&self, disabling: Disabling) -> Result<bool, StoreError> {
        self.db.write(disabling, |disabling, tx| Box::pin(set(disabling, tx))).await
    }
}

/// Puts the rows together: one for each way in of a user.
fn listed_users(rows: Vec<Row>) -> Result<Vec<ListedUser>, StoreError> {
    let mut list: Vec<ListedUser> = Vec::new();
    for row in rows {
        let (found, provider) = row.read_as(TABLE, listed)?;
        match list.last_mut() {
            Some(last) if last.user.user_id == found.user.user_id => {
                last.providers.extend(provider.filter(|p| last.providers.last() != Some(p)));
            }
            _ => list.push(ListedUser { providers: provider.into_iter().collect(), ..found }),
        }
    }
    Ok(list)
}

async fn set(disabling: &Disabling, tx: &mut Tx) -> Result<bool, Fault> {
    let Disabling { user_id, disabled, event, now } = disabling;
    let sql = "update users set disabled = $1, updated_at = $2 where user_id = $3 and disabled <> $1";
    if tx.exec(sql, args![*disabled, *now, user_id.as_str()]).await? == 0 {
        return Ok(tx
            .row("select user_id from users where user_id = $1", args![user_id.as_str()])
            .await?
            .is_some());
    }
    if *disabled {
        end_sign_ins(user_id.as_str(), Failure::UserDisabled, *now, tx).await?;
        let sql = "update sessions set revoked_at = $1 where user_id = $2 and revoked_at is null and expires_at > $1";
        tx.put(sql, args![*now, user_id.as_str()]).await?;
    }
    append(event, tx).await?;
    Ok(true)
}

fn listed(row: &mut Row) -> Result<(ListedUser, Option<String>), crate::db::Misfit> {
    let user = user(row)?;
    let delete_at = row.opt_time("delete_at")?;
    Ok((ListedUser { user, delete_at, providers: Vec::new() }, row.opt_text("provider")?))
}
