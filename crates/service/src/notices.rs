//! Story: a person is told of a sign-in that is new for them, and ends it if it was not theirs (security requirements
//! M10 and P14).

use crate::email::EmailError;
use crate::events::Actor;
use crate::federation::Federation;
use crate::letters::Letter;
use crate::login::Client;
use crate::moments::minute_in;
use crate::outbox::mail_place;
use downcity_core::network::Network;
use downcity_core::{City, Lang, OpaqueToken, Text, Timestamp, agent};
use downcity_store::{Ending, Ends, ListedSession, NewEvent, NewMail, NewSession, Notice, Recipient};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tracing::info;

/// How many such mails a user gets in [`WINDOW`]: an attacker who signs in again and again must not fill the mailbox until
/// its owner ignores these mails.
const MOST: u32 = 5;
/// See [`MOST`].
const WINDOW: Duration = Duration::from_secs(3600);

/// The session that a mailed link would end.
#[derive(Debug, Clone)]
pub struct AskedEnding {
    /// The city's name.
    pub city: String,
    /// When it began.
    pub at: Timestamp,
    /// From which network.
    pub network: String,
    /// With which program.
    pub agent: String,
}

/// What the mail says of a sign-in.
fn facts(place: &str, agent: &str, at: Timestamp, network: Network, lang: Lang) -> Vec<(Text, String)> {
    let mut facts = vec![(Text::new("Signed in to", "登录到"), place.to_owned())];
    facts.extend(whence(agent, at, network, lang));
    facts
}

/// Program, time and network of a request, as lines of a mail.
fn whence(agent: &str, at: Timestamp, network: Network, lang: Lang) -> impl Iterator<Item = (Text, String)> {
    // Never the header itself: its sender chooses the text, and could address the reader in our name.
    let family = agent::family(agent).map(|family| (Text::new("With", "程序"), family));
    let at = (Text::new("At", "时间"), minute_in(at, lang));
    family.into_iter().chain([at, (Text::new("IP address", "IP 地址"), network.shown())])
}

/// The lines of a registration's mail about the request that asked for it.
pub(crate) fn asked_by(client: &Client, at: Timestamp) -> Vec<(Text, String)> {
    whence(&client.agent, at, client.network, client.lang.unwrap_or_default()).collect()
}

impl Federation {
    /// The mail to the user about a new session; `None` where no such mails are sent. The store decides, in the transaction
    /// that begins the session, whether to send it and to which address.
    pub(crate) fn notice_of(
        &self,
        new: &NewSession,
        city: &City,
        signed_in: &NewEvent,
        lang: Option<Lang>,
    ) -> Option<Notice> {
        if !self.directory.load().mails_sign_ins {
            return None;
        }
        let token = self.mail_token();
        let (ending, link) = (token.digest(), self.mail_link("end_session", &token));
        let now = new.session.created_at;
        let outbox_id = downcity_core::id::uuid_v7(now, &self.random.bytes());
        let (network, agent) =
            new.device.as_ref().map_or((new.network, &new.agent), |(network, agent)| (*network, agent));
        let (vault, place, agent) = (Arc::clone(&self.vault), city.name.clone(), agent.clone());
        let event_id = Some(signed_in.event_id.clone());
        let write = move |to: &Recipient| {
            let theirs = to.locale.as_deref().and_then(Lang::parse).or(lang).unwrap_or_default();
            let facts = facts(&place, &agent, now, network, theirs);
            let mail = Letter::NewSignIn { link: &link, facts: &facts }.write(&to.address, &place, theirs);
            NewMail {
                sealed: vault.seal_json(&mail_place(&outbox_id), &mail),
                outbox_id: outbox_id.clone(),
                address: to.address.clone(),
                event_id: event_id.clone(),
                now,
            }
        };
        let bucket = format!("sign_in_mail:{}", new.session.user_id);
        Some(Notice { ending, bucket, most: MOST, window: WINDOW, write: Arc::new(write) })
    }

    /// What a mailed link would end. Looking changes nothing.
    ///
    /// # Errors
    /// `SpentToken`, or when the store does not answer.
    pub async fn asked_ending(&self, token: &str) -> Result<AskedEnding, EmailError> {
        let found = self.session_to_end(token).await?;
        let (network, agent) = found.device.unwrap_or((found.network, found.agent));
        Ok(AskedEnding {
            city: self.directory.load().city_name(&found.session.city_id),
            at: found.session.created_at,
            network,
            agent,
        })
    }

    /// Ends the session that a mailed link is for. Whoever has the link can do that and nothing else.
    ///
    /// # Errors
    /// `SpentToken` when the session is over or there is none, `TooMany`, or when the store does not answer.
    pub async fn end_by_link(&self, token: &str, client: &Client) -> Result<(), EmailError> {
        self.limits.count_guest(client.network)?;
        let session = self.session_to_end(token).await?.session;
        let (user, city) = (session.user_id.as_str(), Some(session.city_id.as_str()));
        let detail = json!({"session_id": session.session_id, "by": "mailed link"});
        let event = self.event("session.revoked", Actor::User, user, (city, Some(client.network)), &detail);
        let ends = Ends::OneOf(session.user_id.clone(), session.session_id.clone());
        let ending = Ending { ends, event, now: self.clock.now() };
        if self.store.end_sessions(ending).await? == 0 {
            return Err(EmailError::SpentToken);
        }
        info!(user_id = %session.user_id, session_id = %session.session_id, "session ended by a mailed link");
        Ok(())
    }

    async fn session_to_end(&self, token: &str) -> Result<ListedSession, EmailError> {
        let token = OpaqueToken::parse(token).ok_or(EmailError::SpentToken)?.digest();
        let found = self.store.session_to_end(token, self.clock.now()).await?;
        found.ok_or(EmailError::SpentToken)
    }
}
