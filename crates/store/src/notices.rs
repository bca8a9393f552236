//! Telling people of a sign-in that is news to them, in the transaction that begins its session: so the mail is as
//! sure as the session. Who has no address costs no statement.

use crate::db::{Fault, Tx, args};
use crate::housekeeping::SESSIONS_KEPT;
use crate::outbox::{NewMail, enqueue};
use crate::session_list::{ListedSession, listed};
use crate::sessions::{NewSession, columns};
use crate::{Store, StoreError};
use downcity_core::network::Network;
use downcity_core::{Digest, Timestamp, UserId, agent};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How many of a user's latest sessions are looked at.
const LATEST: i64 = 200;

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Their folded address.
    pub address: String,
    /// The language tag they chose, if they did.
    pub locale: Option<String>,
}

/// Writes the mail.
type Write = Arc<dyn Fn(&Recipient) -> NewMail + Send + Sync>;

/// How a user is told of a sign-in.
#[derive(Clone)]
pub struct Notice {
    /// Digest of the mailed token that ends the session.
    pub ending: Digest,
    /// Names the bucket in which the user's mails are counted.
    pub bucket: String,
    /// How many mails a window holds.
    pub most: u32,
    /// How long a window is.
    pub window: Duration,
    /// Writes the mail, once it is known that there is to be one. It only computes: the transaction waits for it.
    pub write: Write,
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notice(…)")
    }
}

/// The verified address of the user that a column names, or null: that of the profile, else the one they sign in with.
/// The names of tables in here are no others': a column of `$user` that one of them hides would give anybody's address.
macro_rules! address {
    ($user:literal) => {
        concat!(
            "coalesce((select told.email from users told where told.user_id = ",
            $user,
            "), (select name.value from identities way join identity_keys name \
             on name.identity_id = way.identity_id where way.user_id = ",
            $user,
            " and way.provider = 'email' limit 1)) as address"
        )
    };
}
pub(crate) use address;

/// A user's verified address.
pub(crate) async fn address_of(user_id: &UserId, tx: &mut Tx) -> Result<Option<String>, Fault> {
    let sql = concat!("select u.user_id, ", address!("u.user_id"), " from users u where u.user_id = $1");
    let Some(row) = tx.row(sql, args![user_id.as_str()]).await? else { return Ok(None) };
    let address = row.read_as("users", |row| {
        row.text("user_id")?;
        row.opt_text("address")
    })?;
    Ok(address)
}

/// Puts the mail about a session that is about to begin into the outbox, if it is news. Gives the digest of the token
/// that is in it.
pub(crate) async fn tell(
    new: &NewSession,
    notice: &Notice,
    address: &str,
    tx: &mut Tx,
) -> Result<Option<Digest>, Fault> {
    let Some(locale) = news(new, tx).await? else { return Ok(None) };
    if !within_limit(notice, new.session.created_at, tx).await? {
        return Ok(None);
    }
    enqueue(&(notice.write)(&Recipient { address: address.to_owned(), locale }), tx).await?;
    Ok(Some(notice.ending))
}

/// Whether a session is news to its user; then, the language tag they chose.
async fn news(new: &NewSession, tx: &mut Tx) -> Result<Option<Option<String>>, Fault> {
    let sql = "select u.user_id, u.locale, u.created_at, coalesce(s.device_network, s.network), \
               coalesce(s.device_agent, s.agent) from users u \
               left join sessions s on s.user_id = u.user_id and s.provider <> 'token' \
               where u.user_id = $1 order by s.created_at desc limit $2";
    let (session, here) = (&new.session, device_of(new));
    let (mut locale, mut made_at, mut any, mut known) = (None, None, false, false);
    for row in tx.rows(sql, args![session.user_id.as_str(), LATEST]).await? {
        let earlier = row.read_as("sessions", |row| {
            row.text("user_id")?;
            locale = row.opt_text("locale")?;
            made_at = Some(row.time("users.created_at")?);
            Ok((row.opt_text("network")?, row.opt_text("agent")?))
        })?;
        let (Some(network), Some(program)) = earlier else { continue };
        any = true;
        known |= Network::parse(&network).is_some_and(|network| network.same_as(here.0))
            && agent::family(&program) == agent::family(here.1);
    }
    // An account that is older may have had sessions that are forgotten by now.
    let first = !any && made_at.is_some_and(|at| at.plus(SESSIONS_KEPT) > session.created_at);
    Ok((!first && (session.cross_device || !known)).then_some(locale))
}

/// What the person has before them.
fn device_of(new: &NewSession) -> (Network, &str) {
    new.device.as_ref().map_or((new.network, &new.agent), |(network, agent)| (*network, agent))
}

/// Counts one more mail; false when the window is full.
async fn within_limit(notice: &Notice, now: Timestamp, tx: &mut Tx) -> Result<bool, Fault> {
    let sql = "insert into limits (bucket, count, ends_at) values ($1, 1, $2) on conflict (bucket) do update \
               set count = case when limits.ends_at <= $3 then 1 else limits.count + 1 end, \
               ends_at = case when limits.ends_at <= $3 then excluded.ends_at else limits.ends_at end \
               where limits.ends_at <= $3 or limits.count < $4";
    let args = args![&notice.bucket, now.plus(notice.window), now, i64::from(notice.most)];
    Ok(tx.exec(sql, args).await? == 1)
}

impl Store {
    /// The session that a mailed token ends, while it is live.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn session_to_end(
        &self,
        ending: Digest,
        now: Timestamp,
    ) -> Result<Option<ListedSession>, StoreError> {
        let sql = concat!(
            "select ",
            columns!(),
            ", s.network, s.agent, s.last_seen_at, s.device_network, s.device_agent \
             from sessions s where s.ending = $1 and s.revoked_at is null and s.expires_at > $2"
        );
        let row = self.db.read_row(sql, args![ending, now]).await?;
        row.map(|row| row.read_as("sessions", listed)).transpose()
    }
}
