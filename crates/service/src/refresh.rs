//! Story: a client whose short-lived token is over asks for the next one with its refresh token.
//!
//! A refresh token is good once. Each session has a chain of them, numbered, of which only the last is good; one
//! that comes a second time was in two hands, so the whole session ends (RFC 9700 §4.14.2). Only a lost answer is
//! forgiven: within ten seconds the same network gets the same answer again, as long as nobody used what it holds.

use crate::events::Actor;
use crate::federation::Federation;
use crate::limits::TooMany;
use crate::login::Client;
use crate::result::Handed;
use downcity_core::{Claims, Digest, OpaqueToken, Session, Timestamp};
use downcity_store::{Ending, Ends, NewRefresh, Refreshable, Rotation, StoreError};
use serde_json::json;
use std::time::Duration;
use tracing::warn;

/// Stands before every refresh token, so that leak scanners recognise it.
const PREFIX: &str = "ur_";
/// The life of a user_token whose session can be refreshed (security requirement I4).
pub(crate) const TOKEN_LIFE: Duration = Duration::from_secs(900);
/// How long a session that can be refreshed lives at most (requirement S3).
const ABSOLUTE: Duration = Duration::from_secs(30 * 86_400);
/// How long it lives at most when another device finished its sign-in (requirement M9).
const ABSOLUTE_ACROSS: Duration = Duration::from_secs(7 * 86_400);
/// How long a refresh token waits to be used (requirement S3).
const IDLE: Duration = Duration::from_secs(14 * 86_400);
/// How long the same caller may ask again after a lost answer (requirement I9).
const GRACE: Duration = Duration::from_secs(10);

/// What the next token is asked for with.
#[derive(Clone)]
pub struct RefreshToken {
    text: String,
    expires_at: Timestamp,
}

impl RefreshToken {
    /// The token itself, to be sent to its owner and nowhere else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

impl Handed {
    /// When the refresh token ends if it is not used.
    #[must_use]
    pub fn refresh_expires_at(&self) -> Option<Timestamp> {
        self.refresh.as_ref().map(|refresh| refresh.expires_at)
    }
}

/// Why no token is given.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Not a refresh token of ours, used before, out of time, or its session was ended. Not told apart.
    #[error("the refresh token is not valid")]
    Invalid,
    /// The session belongs to another city than the one that was named.
    #[error("the refresh token belongs to another city")]
    OtherCity,
    /// The city is paused.
    #[error("the city is paused")]
    CityPaused,
    /// An admin disabled the user.
    #[error("the user is disabled")]
    UserDisabled,
    /// Too many tries.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The store did not answer.
    #[error(transparent)]
    Internal(#[from] StoreError),
}

/// A refresh token, taken apart: the session's key, its number in the chain, and what makes it secret.
struct Shown<'a> {
    text: &'a str,
    sid: OpaqueToken,
    number: i64,
}

impl<'a> Shown<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.split('.');
        let (sid, written, secret) = (parts.next()?, parts.next()?, parts.next()?);
        let (sid, secret) = (OpaqueToken::parse(sid)?, OpaqueToken::parse(secret)?);
        let number: i64 = written.parse().ok()?;
        // One text for each token: a number is written in one way, and a secret has no date.
        let exact = number >= 0 && number.to_string() == written && !secret.is_dated();
        (exact && parts.next().is_none()).then_some(Self { text, sid, number })
    }
}

impl Federation {
    /// How long a session lives; `cross_device` as in [`Session`].
    pub(crate) fn session_life(&self, refreshable: bool, cross_device: bool) -> Duration {
        match (refreshable, cross_device) {
            (true, true) => ABSOLUTE_ACROSS,
            (true, false) => ABSOLUTE,
            (false, _) => self.settings.token_life,
        }
    }

    /// Uses a refresh token: gives the next user_token and the next refresh token.
    ///
    /// # Errors
    /// See [`RefreshError`]. A token that was used before ends its session.
    pub async fn refresh(
        &self,
        text: &str,
        city_id: Option<&str>,
        client: &Client,
    ) -> Result<Handed, RefreshError> {
        self.limits.count_guest(client.network)?;
        let shown = Shown::read(text).ok_or(RefreshError::Invalid)?;
        let found = self.refreshable(&shown, city_id).await?;
        // Only whoever has a token of the account can use its turns up.
        self.count_refresh(&found.session.user_id).await?;
        let now = self.clock.now();
        if shown.number == found.number && self.rotate(&shown, &found, client, now).await? {
            self.note_use(&found.session, found.last_seen_at, now);
            return Ok(self.hand_at(found.session, &shown.sid, shown.number + 1, now));
        }
        // Used before: look again, since that may have been a moment ago.
        let found = self.refreshable(&shown, city_id).await?;
        match found.used {
            Some((at, network)) if self.is_lost_answer(&shown, &found, (at, network), client) => {
                Ok(self.hand_at(found.session, &shown.sid, found.number, at))
            }
            Some(_) if shown.number < found.number => {
                self.end_family(&found.session, client).await?;
                Err(RefreshError::Invalid)
            }
            _ => Err(RefreshError::Invalid),
        }
    }

    /// What a refresh token stands on, if it is the one that is good now. Looking does not use it up.
    pub(crate) async fn good_refresh(&self, text: &str) -> Result<Option<Refreshable>, RefreshError> {
        let Some(shown) = Shown::read(text) else { return Ok(None) };
        let found = self.refreshable(&shown, None).await?;
        Ok((shown.number == found.number).then_some(found))
    }

    /// The session of a refresh token that is ours, whether that is the last one or an earlier one.
    async fn refreshable(
        &self,
        shown: &Shown<'_>,
        city_id: Option<&str>,
    ) -> Result<Refreshable, RefreshError> {
        let found = self.store.refreshable(shown.sid.digest()).await?.ok_or(RefreshError::Invalid)?;
        // The last one is known by its digest, and earlier ones because they follow from the master key.
        let ours = self.refresh_text(&found.session, &shown.sid, shown.number);
        if !found.digest.matches(shown.text) && !Digest::of(&ours).matches(shown.text) {
            return Err(RefreshError::Invalid);
        }
        let (session, now) = (&found.session, self.clock.now());
        // Told before anything else, so that the person knows what happened to their sessions.
        if found.user.as_ref().is_some_and(|user| user.disabled) {
            return Err(RefreshError::UserDisabled);
        }
        let live = session.is_live(now) && !self.is_from_elsewhere(session);
        if !live || now >= found.expires_at || found.user.is_none() {
            return Err(RefreshError::Invalid);
        }
        if city_id.is_some_and(|id| id != session.city_id.as_str()) {
            return Err(RefreshError::OtherCity);
        }
        match self.directory.load().cities.get(&session.city_id) {
            Some(city) if city.is_active() => Ok(found),
            Some(_) => Err(RefreshError::CityPaused),
            None => Err(RefreshError::Invalid),
        }
    }

    async fn rotate(
        &self,
        shown: &Shown<'_>,
        found: &Refreshable,
        client: &Client,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let next = self.refresh_text(&found.session, &shown.sid, shown.number + 1);
        let step = Rotation {
            session_id: found.session.session_id.clone(),
            number: shown.number,
            next: NewRefresh { digest: Digest::of(&next), expires_at: idle(&found.session, now) },
            network: client.network,
            now,
        };
        self.store.rotate_refresh(&step).await
    }

    /// Whether the same caller asks again, and nobody has used what the lost answer held.
    fn is_lost_answer(
        &self,
        shown: &Shown<'_>,
        found: &Refreshable,
        (at, network): (Timestamp, downcity_core::network::Network),
        client: &Client,
    ) -> bool {
        shown.number + 1 == found.number
            && self.clock.now() < at.plus(GRACE)
            && network.same_as(client.network)
    }

    /// Ends a session one of whose refresh tokens came twice.
    async fn end_family(&self, session: &Session, client: &Client) -> Result<(), StoreError> {
        let detail = json!({"session_id": session.session_id, "why": "refresh token used twice"});
        let (user, city) = (session.user_id.as_str(), Some(session.city_id.as_str()));
        let event = self.event("session.revoked", Actor::System, user, (city, Some(client.network)), &detail);
        let ends = Ends::One(session.session_id.clone());
        let ending = Ending { ends, event, now: self.clock.now() };
        self.store.end_sessions(ending).await?;
        warn!(
            user_id = %session.user_id, session_id = %session.session_id, network = %client.network,
            "a refresh token was used twice, so its session was ended: somebody may have copied it"
        );
        Ok(())
    }

    /// The first refresh token of a session, if it can be refreshed.
    pub(crate) fn first_refresh(&self, session: &Session, sid: &OpaqueToken) -> Option<NewRefresh> {
        session.refreshable.then(|| NewRefresh {
            digest: Digest::of(&self.refresh_text(session, sid, 0)),
            expires_at: idle(session, session.created_at),
        })
    }

    /// A refresh token: derived, so that a lost answer can be given again, and only its digest is stored.
    fn refresh_text(&self, session: &Session, sid: &OpaqueToken, number: i64) -> String {
        let secret = self.vault.derive("refresh token", &format!("{}/{number}", session.session_id));
        format!("{PREFIX}{}.{number}.{}", sid.reveal(), secret.reveal())
    }

    /// The first tokens of a session.
    pub(crate) fn hand(&self, session: Session, sid: &OpaqueToken) -> Handed {
        let at = session.created_at;
        self.hand_at(session, sid, 0, at)
    }

    /// The tokens of a session at a step of its chain. The same step gives the same bytes.
    fn hand_at(&self, session: Session, sid: &OpaqueToken, number: i64, issued_at: Timestamp) -> Handed {
        let expires_at = match session.refreshable {
            true => issued_at.plus(TOKEN_LIFE).min(session.expires_at),
            false => session.expires_at,
        };
        let refresh = session.refreshable.then(|| RefreshToken {
            text: self.refresh_text(&session, sid, number),
            expires_at: idle(&session, issued_at),
        });
        let claims = Claims {
            iss: self.settings.public_url.origin().ascii_serialization(),
            aud: downcity_core::token::AUDIENCE.to_owned(),
            sub: session.user_id.clone(),
            user_id: session.user_id.clone(),
            city_id: session.city_id.clone(),
            sid: sid.reveal().to_owned(),
            jti: session.session_id.clone(),
            iat: issued_at.seconds(),
            exp: expires_at.seconds(),
            metadata: session.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        };
        let user_token = self.token_keys.load().sign(&claims, issued_at);
        Handed { user_token, session, expires_at, refresh }
    }
}

/// When a refresh token that is given now ends.
fn idle(session: &Session, now: Timestamp) -> Timestamp {
    now.plus(IDLE).min(session.expires_at)
}

#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing {
    //! What fuzzing calls here.

    use super::{PREFIX, Shown};

    /// A refresh token: there is one text for each.
    pub(crate) fn refresh_token(bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let Some(shown) = Shown::read(&text) else { return };
        let secret = text.rsplit('.').next().unwrap_or_default();
        assert_eq!(secret.len(), 43);
        assert_eq!(text, format!("{PREFIX}{}.{}.{secret}", shown.sid.reveal(), shown.number));
        assert_eq!(shown.text, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_form_is_read() {
        let part = "x".repeat(43);
        let good = format!("ur_{part}.7.{part}");
        assert_eq!(Shown::read(&good).map(|shown| shown.number), Some(7));
        let dated = "x".repeat(51);
        assert!(Shown::read(&format!("ur_{dated}.7.{part}")).is_some(), "as sessions are named");
        for bad in [
            String::new(),
            format!("ub_{part}.7.{part}"),
            format!("ur_{part}.7"),
            format!("ur_{part}.7.{part}.x"),
            format!("ur_{part}.x.{part}"),
            format!("ur_{part}.-1.{part}"),
            format!("ur_{part}.+7.{part}"),
            format!("ur_{part}.07.{part}"),
            format!("ur_{part}.7.{dated}"),
            format!("ur_{part}.99999999999999999999.{part}"),
            format!("ur_{part}x.7.{part}"),
            format!("ur_{part}.7.{part}="),
        ] {
            assert!(Shown::read(&bad).is_none(), "{bad}");
        }
    }
}
