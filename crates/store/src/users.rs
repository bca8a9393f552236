//! Users and their identities: who somebody is, and finishing a sign-in.
//!
//! A person is known by the stable names that a provider gives (WeChat: unionid, and openid in one app),
//! never by a nickname or an address. The strongest name that is known decides; weaker and missing ones are
//! brought in line with it.

use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::events::{NewEvent, append};
use crate::passwords::{ByPassword, claim_address};
use crate::{Store, StoreError, login};
use downcity_core::attempt::EXCHANGE_LIMIT;
use downcity_core::{AttemptId, ExternalIdentity, Failure, IdentityId, IdentityKey, Timestamp, User, UserId};
use std::time::Duration;

/// `last_used_at` and the profile are the same for a person's concurrent sign-ins, so that these don't get
/// in each other's way: the time is only written when it is older than this.
pub(crate) const LAST_USED_PRECISION: Duration = Duration::from_secs(60);

/// A sign-in to be finished.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The attempt it finishes.
    pub attempt_id: AttemptId,
    /// Who the provider says it is.
    pub identity: ExternalIdentity,
    /// A fresh id, used when the person is new.
    pub user_id: UserId,
    /// A fresh id, used when the person is new.
    pub identity_id: IdentityId,
    /// What to write into the event log when the person is new.
    pub signed_up: Option<NewEvent>,
    /// When the attempt began. What ended all sessions of the person after that ended this, too.
    pub started_at: Timestamp,
    /// The password that was right: it has to be the person's still. Whoever knows it could begin anew at any time, so
    /// `started_at` does not count then.
    pub by: Option<ByPassword>,
    /// The time.
    pub now: Timestamp,
}

/// What came of finishing a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completed {
    /// The attempt is done.
    SignedIn {
        /// Who signed in.
        user_id: UserId,
        /// Whether they were not known before.
        new_user: bool,
        /// Another user who holds one of the weaker names; it was left with them.
        conflicts_with: Option<UserId>,
    },
    /// An admin shut this user out; the attempt failed with `user_disabled`.
    UserDisabled,
    /// All sessions of the user were ended, or another password was set, meanwhile; the attempt failed with
    /// `sign_in_revoked`.
    Revoked,
    /// The attempt was not exchanging or confirming any more; nothing was changed.
    Lost,
}

/// An identity that one of the names led to.
pub(crate) struct Known {
    pub(crate) identity_id: String,
    pub(crate) user_id: String,
    last_used_at: Timestamp,
    disabled: bool,
    sessions_ended_at: Option<Timestamp>,
    display_name: Option<String>,
    avatar_url: Option<String>,
    /// JSON array of the fields that the person edited.
    edited: String,
}

/// The columns of a [`User`], of a table called `u`, in the order in which [`user`] reads them.
macro_rules! user_columns {
    () => {
        "u.user_id, u.email, u.display_name, u.avatar_url, u.bio, u.locale, u.disabled, u.created_at"
    };
}
pub(crate) use user_columns;

impl Store {
    /// A user by id.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn user(&self, user_id: &UserId) -> Result<Option<User>, StoreError> {
        let sql = concat!("select ", user_columns!(), " from users u where u.user_id = $1");
        let row = self.db.read_row(sql, args![user_id.as_str()]).await?;
        row.map(|row| row.read_as("users", user)).transpose()
    }

    /// Finds or creates the user and settles the attempt, in one transaction. However many sign-ins of a new
    /// person are finished at the same time, one user comes of it.
    ///
    /// # Errors
    /// `Unavailable`; `Internal` when the identity has no name or an empty one.
    pub async fn complete_sign_in(&self, sign_in: &SignIn) -> Result<Completed, StoreError> {
        let keys = &sign_in.identity.keys;
        if keys.is_empty() || keys.iter().any(|key| key.value.is_empty()) {
            return Err(StoreError::Internal("an identity without a name, or with an empty one".into()));
        }
        self.db.write(sign_in.clone(), |sign_in, tx| Box::pin(complete(sign_in, tx))).await
    }
}

async fn complete(sign_in: &SignIn, tx: &mut Tx) -> Result<Completed, Fault> {
    let mut known: Option<Known> = None;
    let mut missing = Vec::new();
    let mut conflicts_with = None;
    for key in &sign_in.identity.keys {
        match (find(sign_in, key, tx).await?, &known) {
            (None, _) => missing.push(key),
            (Some(found), None) => known = Some(found),
            (Some(other), Some(first)) if other.user_id != first.user_id => {
                conflicts_with.get_or_insert(UserId::trusted(other.user_id));
            }
            (Some(_), Some(_)) => {}
        }
    }
    let new_user = known.is_none();
    let (user_id, identity_id) = match known {
        Some(known) => {
            let known = hold(sign_in, known, tx).await?;
            if known.disabled {
                return refuse(sign_in, tx).await;
            }
            let stands = match &sign_in.by {
                Some(by) => by.stands(&known.user_id, tx).await?,
                None => login::began_later(sign_in.started_at, known.sessions_ended_at, sign_in.now),
            };
            if !stands {
                return revoked(sign_in, tx).await;
            }
            refresh(sign_in, &known, tx).await?;
            (UserId::trusted(known.user_id), known.identity_id)
        }
        None if sign_in.by.is_some() => return revoked(sign_in, tx).await,
        None => {
            if let Some(event) = &sign_in.signed_up {
                append(event, tx).await?;
            }
            (create(sign_in, tx).await?, sign_in.identity_id.as_str().to_owned())
        }
    };
    for key in missing {
        add_key(sign_in, key, &identity_id, tx).await?;
    }
    if !settle(sign_in, &user_id, tx).await? {
        tx.undo();
        return Ok(Completed::Lost);
    }
    Ok(Completed::SignedIn { user_id, new_user, conflicts_with })
}

/// Waits for whoever is just ending this user's sessions, taking this way in from them or giving it another name: either what
/// is settled here is found then, or this begins again. Gives what is known after that.
async fn hold(sign_in: &SignIn, known: Known, tx: &mut Tx) -> Result<Known, Fault> {
    if tx.is_alone() {
        return Ok(known);
    }
    tx.hold_user(&known.user_id).await?;
    for key in &sign_in.identity.keys {
        if let Some(found) = find(sign_in, key, tx).await?
            && (&found.user_id, &found.identity_id) == (&known.user_id, &known.identity_id)
        {
            return Ok(found);
        }
    }
    Err(Fault::Conflict(StoreError::Unavailable("the way in has just changed hands".into())))
}

async fn revoked(sign_in: &SignIn, tx: &mut Tx) -> Result<Completed, Fault> {
    let ended = fail(sign_in, Failure::SignInRevoked, tx).await?;
    Ok(if ended { Completed::Revoked } else { Completed::Lost })
}

/// The identity that has this name.
pub(crate) async fn find(sign_in: &SignIn, key: &IdentityKey, tx: &mut Tx) -> Result<Option<Known>, Fault> {
    let sql = "select i.identity_id, i.user_id, i.last_used_at, u.disabled, u.sessions_ended_at, \
               u.display_name, u.avatar_url, u.edited from identity_keys k join identities i on i.identity_id = k.identity_id \
               join users u on u.user_id = i.user_id \
               where k.provider = $1 and k.kind = $2 and k.scope = $3 and k.value = $4";
    let args = args![&sign_in.identity.provider, key.kind.as_str(), &key.scope, &key.value];
    let Some(row) = tx.row(sql, args).await? else { return Ok(None) };
    let known = row.read_as("identities", |row| {
        Ok(Known {
            identity_id: row.text("identity_id")?,
            user_id: row.text("user_id")?,
            last_used_at: row.time("last_used_at")?,
            disabled: row.flag("disabled")?,
            sessions_ended_at: row.opt_time("sessions_ended_at")?,
            display_name: row.opt_text("display_name")?,
            avatar_url: row.opt_text("avatar_url")?,
            edited: row.text("edited")?,
        })
    })?;
    Ok(Some(known))
}

/// Gives an identity a name it did not have, or in place of one of the same kind and scope: an app that
/// moves to another Open Platform account keeps its openids and gets new unionids.
pub(crate) async fn add_key(
    sign_in: &SignIn,
    key: &IdentityKey,
    identity_id: &str,
    tx: &mut Tx,
) -> Result<(), Fault> {
    let sql = "insert into identity_keys (provider, kind, scope, value, identity_id) values ($1, $2, $3, $4, $5) \
               on conflict (identity_id, kind, scope) do update set value = excluded.value";
    let args = args![&sign_in.identity.provider, key.kind.as_str(), &key.scope, &key.value, identity_id];
    tx.put(sql, args).await
}

/// Takes over what the provider told anew about somebody who is known, all but what they edited themselves.
async fn refresh(sign_in: &SignIn, known: &Known, tx: &mut Tx) -> Result<(), Fault> {
    let profile = &sign_in.identity.profile;
    let news = |field: &str, told: &Option<String>, stored: &Option<String>| {
        let edited = known.edited.contains(&format!("\"{field}\""));
        if edited || told == stored { None } else { told.clone() }
    };
    let name = news("display_name", &profile.display_name, &known.display_name);
    let avatar = news("avatar_url", &profile.avatar_url, &known.avatar_url);
    if name.is_some() || avatar.is_some() {
        let sql = "update users set display_name = coalesce($1, display_name), \
                   avatar_url = coalesce($2, avatar_url), updated_at = $3 where user_id = $4";
        tx.put(sql, args![name, avatar, sign_in.now, &known.user_id]).await?;
    }
    if known.last_used_at.plus(LAST_USED_PRECISION) <= sign_in.now {
        let sql = "update identities set last_used_at = $1 where identity_id = $2";
        tx.put(sql, args![sign_in.now, &known.identity_id]).await?;
    }
    Ok(())
}

/// Creates the user and an identity without names yet. An address that a provider tells and another user has is left out:
/// it links nobody to anybody.
async fn create(sign_in: &SignIn, tx: &mut Tx) -> Result<UserId, Fault> {
    let SignIn { identity, user_id, identity_id, now, .. } = sign_in;
    let mut email = identity.profile.email.as_ref().map(|email| email.to_lowercase());
    if identity.provider == "email" {
        claim_address(email.as_deref().unwrap_or_default(), user_id.as_str(), tx).await?;
    } else if let Some(address) = &email
        && tx.row("select user_id from users where email = $1", args![address]).await?.is_some()
    {
        email = None;
    }
    let sql = "insert into users (user_id, email, display_name, avatar_url, disabled, created_at, updated_at) \
               values ($1, $2, $3, $4, 0, $5, $6)";
    let (name, avatar) = (identity.profile.display_name.as_ref(), identity.profile.avatar_url.as_ref());
    tx.put(sql, args![user_id.as_str(), email, name, avatar, *now, *now]).await?;
    add_identity(sign_in, identity_id.as_str(), tx).await?;
    Ok(user_id.clone())
}

/// Adds an identity without names to the user of `sign_in`.
pub(crate) async fn add_identity(sign_in: &SignIn, identity_id: &str, tx: &mut Tx) -> Result<(), Fault> {
    let sql = "insert into identities (identity_id, user_id, provider, created_at, last_used_at) \
               values ($1, $2, $3, $4, $4)";
    let SignIn { identity, user_id, now, .. } = sign_in;
    tx.put(sql, args![identity_id, user_id.as_str(), &identity.provider, *now]).await
}

/// Walks the arrow to `done`; false when somebody else, or time, was faster.
pub(crate) async fn settle(sign_in: &SignIn, user_id: &UserId, tx: &mut Tx) -> Result<bool, Fault> {
    let sql = "update login_attempts set stage = 'done', user_id = $1, ended_at = $2, sealed_identity = null \
               where attempt_id = $3 and provider = $4 and ((stage = 'exchanging' and claimed_at > $5) \
               or (stage = 'confirming' and expires_at > $2))";
    let args = args![
        user_id.as_str(),
        sign_in.now,
        sign_in.attempt_id.as_str(),
        &sign_in.identity.provider,
        sign_in.now.minus(EXCHANGE_LIMIT),
    ];
    Ok(tx.exec(sql, args).await? == 1)
}

/// Ends the attempt as failed; false when it had ended before.
pub(crate) async fn fail(sign_in: &SignIn, why: Failure, tx: &mut Tx) -> Result<bool, Fault> {
    let args = args![why.code(), sign_in.now, sign_in.attempt_id.as_str()];
    Ok(tx.exec(login::FAIL, args).await? == 1)
}

async fn refuse(sign_in: &SignIn, tx: &mut Tx) -> Result<Completed, Fault> {
    let ended = fail(sign_in, Failure::UserDisabled, tx).await?;
    Ok(if ended { Completed::UserDisabled } else { Completed::Lost })
}

/// Reads the columns of a [`User`] in their usual order.
pub(crate) fn user(row: &mut Row) -> Result<User, Misfit> {
    Ok(User {
        user_id: UserId::trusted(row.text("user_id")?),
        email: row.opt_text("email")?,
        display_name: row.opt_text("display_name")?,
        avatar_url: row.opt_text("avatar_url")?,
        bio: row.opt_text("bio")?,
        locale: row.opt_text("locale")?,
        disabled: row.flag("disabled")?,
        created_at: row.time("created_at")?,
    })
}
