//! Users as an admin sees them: listed and searched, shut out and let in again.

use crate::db::{Fault, Row, Tx, args};
use crate::events::{NewEvent, append};
use crate::users::{user, user_columns};
use crate::{Store, StoreError};
use downcity_core::{Timestamp, User, UserId};

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
    /// In lower case: part of the id, the name or the address, with `%` and `_` escaped by `\`.
    pub part: String,
    /// `active`, `disabled` or `deleting`.
    pub status: String,
    /// Who has a way in by this provider.
    pub provider: String,
    /// The last one that was seen already: when they signed up, and their id.
    pub after: Option<(Timestamp, String)>,
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

impl Store {
    /// A page of users, newest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn users(&self, query: &UserQuery) -> Result<Vec<ListedUser>, StoreError> {
        let sql = concat!(
            "select ",
            user_columns!(),
            ", u.delete_at, i.provider from (select * from users u \
             where (u.created_at < $1 or (u.created_at = $1 and u.user_id < $2)) \
             and ($3 = '' or $3 = case when u.disabled = 1 then 'disabled' \
             when u.delete_at is not null then 'deleting' else 'active' end) \
             and ($4 = '' or exists (select 1 from identities i where i.user_id = u.user_id and i.provider = $4)) \
             and ($5 = '' or lower(u.user_id) like '%' || $5 || '%' escape '\\' \
             or lower(u.display_name) like '%' || $5 || '%' escape '\\' \
             or lower(u.email) like '%' || $5 || '%' escape '\\' \
             or exists (select 1 from identities i join identity_keys k on k.identity_id = i.identity_id \
             where i.user_id = u.user_id and i.provider = 'email' and k.value like '%' || $5 || '%' escape '\\')) \
             order by u.created_at desc, u.user_id desc limit $6) u \
             left join identities i on i.user_id = u.user_id \
             order by u.created_at desc, u.user_id desc, i.provider"
        );
        let (at, id) = query.after.clone().unwrap_or((Timestamp(i64::MAX), String::new()));
        let args = args![at, id, &query.status, &query.provider, &query.part, query.limit];
        let mut list: Vec<ListedUser> = Vec::new();
        for row in self.db.read(sql, args).await? {
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

    /// Shuts a user out, which ends their sessions, or lets them in again; false when there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn set_disabled(&self, disabling: Disabling) -> Result<bool, StoreError> {
        self.db.write(disabling, |disabling, tx| Box::pin(set(disabling, tx))).await
    }
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
        let sql = "update sessions set revoked_at = $1 where user_id = $2 and revoked_at is null and expires_at > $1";
        tx.exec(sql, args![*now, user_id.as_str()]).await?;
    }
    append(event, tx).await?;
    Ok(true)
}

fn listed(row: &mut Row) -> Result<(ListedUser, Option<String>), crate::db::Misfit> {
    let user = user(row)?;
    let delete_at = row.opt_time("delete_at")?;
    Ok((ListedUser { user, delete_at, providers: Vec::new() }, row.opt_text("provider")?))
}
