//! Identities: the ways in that a user has; linking another, and giving one up.

use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::events::{NewEvent, append};
use crate::login::revoke_uncollected;
use crate::users::{add_identity, add_key, fail, find, settle};
use crate::{SignIn, Store, StoreError};
use downcity_core::attempt::Link;
use downcity_core::{Failure, IdentityId, Timestamp, UserId};

const TABLE: &str = "identities";

/// One way in that a user has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub identity_id: IdentityId,
    /// The provider.
    pub provider: String,
    /// The address, when the provider is `email`.
    pub address: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
}

/// An identity to be linked to a signed-in user.
#[derive(Debug, Clone)]
pub struct LinkUp {
    /// The attempt and the identity; its `user_id` is the user who links.
    pub sign_in: SignIn,
    /// Who asked for it.
    pub link: Link,
    /// What to write into the event log.
    pub event: NewEvent,
}

/// What came of linking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linked {
    /// The identity is theirs now.
    Added,
    /// It was theirs before.
    Already,
    /// It cannot be linked; the attempt failed with this.
    Refused(Failure),
    /// The attempt was over; nothing was changed.
    Lost,
}

/// An identity to be given up.
#[derive(Debug, Clone)]
pub struct Unlink {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub identity_id: IdentityId,
    /// The ways in that can be used now; one of these must be left.
    pub usable: Vec<String>,
    /// What to write into the event log.
    pub event: NewEvent,
    /// The time.
    pub now: Timestamp,
}

/// What came of giving an identity up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlinked {
    /// It is gone, and so are the sessions that began with its provider.
    Gone,
    /// The user has no such identity.
    Unknown,
    /// It is the last way in; nothing was changed.
    Last,
}

impl Store {
    /// A user's identities, oldest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn identities(&self, user_id: &UserId) -> Result<Vec<Identity>, StoreError> {
        let rows = self.db.read(OF_USER, args![user_id.as_str()]).await?;
        rows.into_iter().map(|row| row.read_as(TABLE, identity)).collect()
    }

    /// The names of a user at providers, as `(identity_id, kind, scope, value)`.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn identity_names(&self, user_id: &UserId) -> Result<Vec<[String; 4]>, StoreError> {
        let sql = "select k.identity_id, k.kind, k.scope, k.value from identity_keys k \
                   join identities i on i.identity_id = k.identity_id where i.user_id = $1 \
                   order by k.identity_id, k.kind, k.scope";
        let rows = self.db.read(sql, args![user_id.as_str()]).await?;
        let name = |row: &mut Row| {
            Ok([row.text("identity_id")?, row.text("kind")?, row.text("scope")?, row.text("value")?])
        };
        rows.into_iter().map(|row| row.read_as("identity_keys", name)).collect()
    }

    /// Links an identity to a signed-in user and settles the attempt, in one transaction. An identity that
    /// is somebody else's stays theirs.
    ///
    /// # Errors
    /// `Unavailable`; `Internal` when the identity has no name or an empty one.
    pub async fn link_identity(&self, link_up: LinkUp) -> Result<Linked, StoreError> {
        let keys = &link_up.sign_in.identity.keys;
        if keys.is_empty() || keys.iter().any(|key| key.value.is_empty()) {
            return Err(StoreError::Internal("an identity without a name, or with an empty one".into()));
        }
        self.db.write(link_up, |link_up, tx| Box::pin(link(link_up, tx))).await
    }

    /// Gives an identity up, unless it is the last way in.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn unlink_identity(&self, unlink: Unlink) -> Result<Unlinked, StoreError> {
        self.db.write(unlink, |unlink, tx| Box::pin(give_up(unlink, tx))).await
    }
}

/// Reads the identities of a user, oldest first.
pub(crate) const OF_USER: &str = "select i.identity_id, i.provider, k.value, i.created_at, i.last_used_at from identities i \
     left join identity_keys k on k.identity_id = i.identity_id and k.provider = 'email' and k.kind = 'sub' \
     where i.user_id = $1 order by i.created_at, i.identity_id";

async fn link(link_up: &LinkUp, tx: &mut Tx) -> Result<Linked, Fault> {
    let LinkUp { sign_in, link, event } = link_up;
    // Before all else: whoever ends the session that asked comes first or finds the link.
    tx.hold_user(link.user_id.as_str()).await?;
    let sql = "update users set updated_at = $1 where user_id = $2 and disabled = 0 and exists \
               (select 1 from sessions s where s.session_id = $3 and s.user_id = users.user_id \
               and s.revoked_at is null and s.expires_at > $1)";
    let asked = args![sign_in.now, link.user_id.as_str(), link.session_id.as_str()];
    if tx.exec(sql, asked).await? == 0 {
        return refuse(sign_in, Failure::LinkEnded, tx).await;
    }
    let (mut own, mut missing) = (None, Vec::new());
    for key in &sign_in.identity.keys {
        match find(sign_in, key, tx).await? {
            None => missing.push(key),
            Some(known) if known.user_id == link.user_id.as_str() => {
                own.get_or_insert(known.identity_id);
            }
            Some(_) => return refuse(sign_in, Failure::IdentityTaken, tx).await,
        }
    }
    let linked = if own.is_some() { Linked::Already } else { Linked::Added };
    let identity_id = own.unwrap_or_else(|| sign_in.identity_id.as_str().to_owned());
    if linked == Linked::Added {
        add_identity(sign_in, &identity_id, tx).await?;
        append(event, tx).await?;
    }
    for key in missing {
        add_key(sign_in, key, &identity_id, tx).await?;
    }
    if settle(sign_in, &link.user_id, tx).await? {
        return Ok(linked);
    }
    tx.undo();
    Ok(Linked::Lost)
}

async fn refuse(sign_in: &SignIn, why: Failure, tx: &mut Tx) -> Result<Linked, Fault> {
    Ok(if fail(sign_in, why, tx).await? { Linked::Refused(why) } else { Linked::Lost })
}

async fn give_up(unlink: &Unlink, tx: &mut Tx) -> Result<Unlinked, Fault> {
    let user_id = unlink.user_id.as_str();
    // Locks the user: of two that are given up at the same time, the second sees that it is the last.
    tx.put("update users set updated_at = $1 where user_id = $2", args![unlink.now, user_id]).await?;
    let rows = tx.rows(OF_USER, args![user_id]).await?;
    let all: Vec<Identity> =
        rows.into_iter().map(|row| row.read_as(TABLE, identity)).collect::<Result<_, _>>()?;
    let Some(at) = all.iter().position(|one| one.identity_id == unlink.identity_id) else {
        return Ok(Unlinked::Unknown);
    };
    let gone = &all[at];
    let others = || all.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, one)| one);
    if !others().any(|one| unlink.usable.contains(&one.provider)) {
        return Ok(Unlinked::Last);
    }
    tx.put("delete from identities where identity_id = $1", args![gone.identity_id.as_str()]).await?;
    if let Some(address) = &gone.address {
        let sql = "update users set email = null where user_id = $1 and email = $2";
        tx.put(sql, args![user_id, address]).await?;
        tx.put("delete from mail_tokens where address = $1", args![address]).await?;
        if !others().any(|one| one.provider == gone.provider) {
            tx.put("delete from passwords where user_id = $1", args![user_id]).await?;
        }
    }
    revoke_uncollected((user_id, &gone.provider), Failure::SignInRevoked, unlink.now, tx).await?;
    let sql =
        "update sessions set revoked_at = $1 where user_id = $2 and provider = $3 and revoked_at is null";
    tx.put(sql, args![unlink.now, user_id, &gone.provider]).await?;
    append(&unlink.event, tx).await?;
    Ok(Unlinked::Gone)
}

/// Reads the columns of an [`Identity`] in their usual order.
pub(crate) fn identity(row: &mut Row) -> Result<Identity, Misfit> {
    Ok(Identity {
        identity_id: IdentityId::trusted(row.text("identity_id")?),
        provider: row.text("provider")?,
        address: row.opt_text("value")?,
        created_at: row.time("created_at")?,
        last_used_at: row.time("last_used_at")?,
    })
}
