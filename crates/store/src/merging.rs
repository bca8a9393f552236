//! Merging two users who turned out to be one person: an admin looks first, then does it.

use crate::db::{Fault, Tx, args};
use crate::events::{NewEvent, append};
use crate::identities::Identity;
use crate::login::note_ending;
use crate::{Store, StoreError};
use downcity_core::{Timestamp, UserId};

/// Two users to be made one.
#[derive(Debug, Clone)]
pub struct Merge {
    /// Who goes.
    pub from: UserId,
    /// Who stays.
    pub into: UserId,
    /// Only look; change nothing.
    pub preview: bool,
    /// What to write into the event log.
    pub event: NewEvent,
    /// The time.
    pub now: Timestamp,
}

/// What a merge moves, or would move.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// The identities that move.
    pub identities: Vec<Identity>,
    /// How many live sessions of the one who goes end.
    pub sessions: i64,
    /// Whether the password moves.
    pub password_moves: bool,
    /// Whether the address in the profile moves.
    pub email_moves: bool,
    /// What the two have each, where the one who stays keeps their own: `password`, `email`.
    pub conflicts: Vec<&'static str>,
    /// Why it can't be done: one of them is disabled.
    pub disabled: bool,
}

impl Store {
    /// Moves the identities of one user to another and removes the one; `None` when either does not exist.
    /// Nothing is changed in a preview, or when one of them is disabled.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn merge_users(&self, merge: Merge) -> Result<Option<Merged>, StoreError> {
        self.db.write(merge, |merge, tx| Box::pin(run(merge, tx))).await
    }
}

/// What of a user decides what moves.
struct Side {
    email: Option<String>,
    disabled: bool,
    password: bool,
}

async fn side(user_id: &UserId, now: Timestamp, tx: &mut Tx) -> Result<Option<Side>, Fault> {
    // Locks the user until the merge is done.
    let sql = "update users set updated_at = $1 where user_id = $2 returning user_id, email, disabled";
    let Some(row) = tx.row(sql, args![now, user_id.as_str()]).await? else { return Ok(None) };
    let (email, disabled) = row.read_as("users", |row| {
        row.text("user_id")?;
        Ok((row.opt_text("email")?, row.flag("disabled")?))
    })?;
    let sql = "select user_id from passwords where user_id = $1";
    let password = tx.row(sql, args![user_id.as_str()]).await?.is_some();
    Ok(Some(Side { email, disabled, password }))
}

async fn run(merge: &Merge, tx: &mut Tx) -> Result<Option<Merged>, Fault> {
    // In one order, so that two merges of the same users wait for each other instead of for ever.
    let (first, second) =
        if merge.from < merge.into { (&merge.from, &merge.into) } else { (&merge.into, &merge.from) };
    let (one, two) = (side(first, merge.now, tx).await?, side(second, merge.now, tx).await?);
    let (Some(one), Some(two)) = (one, two) else {
        tx.undo();
        return Ok(None);
    };
    let (from, into) = if first == &merge.from { (one, two) } else { (two, one) };
    let merged = look(merge, &from, &into, tx).await?;
    if merge.preview || merged.disabled {
        tx.undo();
        return Ok(Some(merged));
    }
    take(merge, &from, &merged, tx).await?;
    Ok(Some(merged))
}

async fn look(merge: &Merge, from: &Side, into: &Side, tx: &mut Tx) -> Result<Merged, Fault> {
    let from_id = merge.from.as_str();
    let rows = tx.rows(crate::identities::OF_USER, args![from_id]).await?;
    let identities = rows
        .into_iter()
        .map(|row| row.read_as("identities", crate::identities::identity))
        .collect::<Result<Vec<_>, _>>()?;
    let sql = "select 'sessions', count(*) from sessions where user_id = $1 and revoked_at is null \
               and expires_at > $2";
    let sessions = match tx.row(sql, args![from_id, merge.now]).await? {
        Some(row) => row.read_as("sessions", |row| {
            row.text("table")?;
            row.int("count")
        })?,
        None => 0,
    };
    let both = [
        ("password", from.password && into.password),
        ("email", from.email.is_some() && into.email.is_some()),
    ];
    Ok(Merged {
        identities,
        sessions,
        password_moves: from.password && !into.password,
        email_moves: from.email.is_some() && into.email.is_none(),
        conflicts: both.into_iter().filter(|(_, both)| *both).map(|(name, _)| name).collect(),
        disabled: from.disabled || into.disabled,
    })
}

async fn take(merge: &Merge, from: &Side, merged: &Merged, tx: &mut Tx) -> Result<(), Fault> {
    let (from_id, into_id) = (merge.from.as_str(), merge.into.as_str());
    tx.put("update identities set user_id = $1 where user_id = $2", args![into_id, from_id]).await?;
    if merged.password_moves {
        tx.put("update passwords set user_id = $1 where user_id = $2", args![into_id, from_id]).await?;
    }
    if merged.email_moves {
        tx.put("update users set email = null where user_id = $1", args![from_id]).await?;
        tx.put("update users set email = $1 where user_id = $2", args![from.email.clone(), into_id]).await?;
    }
    let sql =
        "update sessions set revoked_at = $1 where user_id = $2 and revoked_at is null and expires_at > $1";
    tx.put(sql, args![merge.now, from_id]).await?;
    note_ending(into_id, merge.now, tx).await?;
    for sql in [
        "delete from refresh_tokens where session_id in (select session_id from sessions where user_id = $1)",
        "delete from login_attempts where user_id = $1",
        "delete from login_attempts where link_user_id = $1",
        "delete from users where user_id = $1",
    ] {
        tx.put(sql, args![from_id]).await?;
    }
    // What is known of the person goes where an export and a removal will look for it.
    for sql in [
        "update sessions set user_id = $1 where user_id = $2",
        "update events set user_id = $1 where user_id = $2",
    ] {
        tx.put(sql, args![into_id, from_id]).await?;
    }
    append(&merge.event, tx).await
}
