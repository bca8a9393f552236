//! People who are brought over from another system, each with all that is theirs in one transaction. What
//! exists here is left as it is, and who was brought over once is never brought over again.

use crate::db::{Fault, Tx, args};
use crate::events::{NewEvent, append};
use crate::keys::count_change;
use crate::{EnvRow, Store, StoreError};
use downcity_core::{IdentityKey, Timestamp, UserId};

/// Somebody who is to be brought over.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The id they have there and keep.
    pub user_id: UserId,
    /// Their verified address, folded.
    pub email: Option<String>,
    /// How they are called.
    pub display_name: Option<String>,
    /// Their picture, https.
    pub avatar_url: Option<String>,
    /// What they say of themselves.
    pub bio: Option<String>,
    /// Whether they were shut out there.
    pub disabled: bool,
    /// When they first signed in there.
    pub created_at: Timestamp,
    /// Their ways in.
    pub identities: Vec<ArrivingIdentity>,
    /// What to write into the event log.
    pub event: NewEvent,
}

/// A way in that somebody brings along.
#[derive(Debug, Clone)]
pub struct ArrivingIdentity {
    /// A fresh id.
    pub identity_id: String,
    /// The provider's id.
    pub provider: String,
    /// Its stable names; at least one.
    pub keys: Vec<IdentityKey>,
    /// For the provider `email`: a PHC string of another system's form.
    pub old_password: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Timestamp,
}

/// People to be brought over together.
#[derive(Debug, Clone)]
pub struct Arrivals {
    /// Who.
    pub people: Vec<Arrival>,
    /// Only say what would come of it.
    pub rehearse: bool,
    /// The time.
    pub now: Timestamp,
}

/// What came of bringing somebody over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrived {
    /// They are here now.
    Added {
        /// Whether their address is on them; another user may have it.
        email: bool,
        /// For each identity: who has it already, or nobody, and then it is theirs.
        held_by: Vec<Option<UserId>>,
    },
    /// There is a user of that id; nothing was changed.
    Present,
    /// They were brought over before and are gone since; nothing was changed.
    Gone,
}

impl Store {
    /// Brings people over, all of these or none; answers in their order.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn move_in(&self, arrivals: Arrivals) -> Result<Vec<Arrived>, StoreError> {
        self.db.write(arrivals, |arrivals, tx| Box::pin(all(arrivals, tx))).await
    }

    /// Adds settings that are not set yet; answers the names of those that were added.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn add_env(&self, rows: &[EnvRow]) -> Result<Vec<String>, StoreError> {
        self.db.write(rows.to_vec(), |rows, tx| Box::pin(add_env(rows, tx))).await
    }

    /// How many of a thousand passwords still have another system's form; 0 when none has.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn old_passwords_permille(&self) -> Result<u16, StoreError> {
        // The first part goes by an index of what is asked for: where nobody moved in, that is all.
        let sql = "select 'old', count(*) from passwords where old = 1";
        let count = |row: Option<crate::db::Row>| {
            row.map_or(Ok(0), |row| {
                row.read_as("passwords", |row| {
                    row.text("what")?;
                    row.int("count")
                })
            })
        };
        let old = count(self.db.read_row(sql, args![]).await?)?;
        if old == 0 {
            return Ok(0);
        }
        let all = count(self.db.read_row("select 'all', count(*) from passwords", args![]).await?)?;
        let permille = (old * 1000 + all - 1) / all.max(old);
        Ok(u16::try_from(permille).unwrap_or(1000))
    }
}

async fn all(arrivals: &Arrivals, tx: &mut Tx) -> Result<Vec<Arrived>, Fault> {
    let mut arrived = Vec::with_capacity(arrivals.people.len());
    for person in &arrivals.people {
        arrived.push(one(person, arrivals.now, tx).await?);
    }
    if arrivals.rehearse {
        tx.undo();
    }
    Ok(arrived)
}

async fn one(person: &Arrival, now: Timestamp, tx: &mut Tx) -> Result<Arrived, Fault> {
    let user_id = person.user_id.as_str();
    if tx.row("select user_id from users where user_id = $1", args![user_id]).await?.is_some() {
        return Ok(Arrived::Present);
    }
    let sql = "insert into moved_in (user_id, moved_at) values ($1, $2) on conflict (user_id) do nothing";
    if tx.exec(sql, args![user_id, now]).await? == 0 {
        return Ok(Arrived::Gone);
    }
    let email = free_address(person, tx).await?;
    let sql = "insert into users (user_id, email, display_name, avatar_url, bio, disabled, created_at, updated_at) \
               values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let args = args![
        user_id,
        email,
        person.display_name.as_ref(),
        person.avatar_url.as_ref(),
        person.bio.as_ref(),
        person.disabled,
        person.created_at,
        now,
    ];
    tx.put(sql, args).await?;
    let mut held_by = Vec::with_capacity(person.identities.len());
    for identity in &person.identities {
        let holder = holder(identity, tx).await?;
        if holder.is_none() {
            add_identity(person, identity, tx).await?;
        }
        held_by.push(holder);
    }
    append(&person.event, tx).await?;
    Ok(Arrived::Added { email: email.is_some(), held_by })
}

async fn free_address<'a>(person: &'a Arrival, tx: &mut Tx) -> Result<Option<&'a str>, Fault> {
    let Some(address) = person.email.as_deref() else { return Ok(None) };
    let holder = tx.row("select user_id from users where email = $1", args![address]).await?;
    Ok(holder.is_none().then_some(address))
}

/// Who has one of the identity's names.
async fn holder(identity: &ArrivingIdentity, tx: &mut Tx) -> Result<Option<UserId>, Fault> {
    let sql = "select i.user_id from identity_keys k join identities i on i.identity_id = k.identity_id \
               where k.provider = $1 and k.kind = $2 and k.scope = $3 and k.value = $4";
    for key in &identity.keys {
        let args = args![&identity.provider, key.kind.as_str(), &key.scope, &key.value];
        if let Some(row) = tx.row(sql, args).await? {
            let holder = row.read_as("identities", |row| row.text("user_id"))?;
            return Ok(Some(UserId::trusted(holder)));
        }
    }
    Ok(None)
}

async fn add_identity(person: &Arrival, identity: &ArrivingIdentity, tx: &mut Tx) -> Result<(), Fault> {
    let user_id = person.user_id.as_str();
    let sql = "insert into identities (identity_id, user_id, provider, created_at, last_used_at) \
               values ($1, $2, $3, $4, $5)";
    let (made, used) = (identity.created_at, identity.last_used_at);
    tx.put(sql, args![&identity.identity_id, user_id, &identity.provider, made, used]).await?;
    let sql =
        "insert into identity_keys (provider, kind, scope, value, identity_id) values ($1, $2, $3, $4, $5)";
    for key in &identity.keys {
        let args =
            args![&identity.provider, key.kind.as_str(), &key.scope, &key.value, &identity.identity_id];
        tx.put(sql, args).await?;
    }
    let Some(hash) = &identity.old_password else { return Ok(()) };
    let sql = "insert into passwords (user_id, hash, changed_at, old) values ($1, $2, $3, 1)";
    tx.put(sql, args![user_id, hash, used]).await
}

async fn add_env(rows: &[EnvRow], tx: &mut Tx) -> Result<Vec<String>, Fault> {
    let sql = "insert into env (key, sealed, updated_at) values ($1, $2, $3) on conflict (key) do nothing";
    let mut added = Vec::new();
    for row in rows {
        if tx.exec(sql, args![&row.key, row.sealed.as_slice(), row.updated_at]).await? == 1 {
            added.push(row.key.clone());
        }
    }
    if !added.is_empty() {
        count_change(tx).await?;
    }
    Ok(added)
}
