//! The model of what comes after a sign-in: sessions, their tokens, refreshing, and what ends them.

use super::hands::{Tokens, city};
use super::moves::{Move, Place, Policy};
use super::rules::{Model, Request, Session, same_network};
use std::collections::BTreeSet;

const REFRESH_AGAIN_WITHIN: i64 = 10;
const LONG: i64 = 7 * 86_400;
const SHORT: i64 = 900;
/// Clocks of other machines may be so much behind (`service/src/keys.rs`).
const LEEWAY: i64 = 30;
const IDLE: i64 = 14 * 86_400;
const ABSOLUTE: i64 = 30 * 86_400;

impl Session {
    pub(super) fn is_live(&self, now: i64) -> bool {
        !self.revoked && now < self.expires_at
    }

    pub(super) fn accepts(&self, token: &(Tokens, i64), now: i64) -> bool {
        self.is_live(now) && now < token.1 + LEEWAY
    }

    pub(super) fn refreshable(&self, now: i64) -> bool {
        let since = self.refreshed.map_or(self.expires_at - ABSOLUTE, |(at, _)| at);
        self.is_live(now) && now < since + IDLE
    }
}

impl Model {
    /// A token was handed out: nobody else has it, and it is the right person's.
    pub(super) fn begin(
        &mut self,
        tokens: Tokens,
        person: usize,
        refresh: bool,
        policy: Policy,
    ) -> Result<(), String> {
        self.is_new(&tokens, None)?;
        let city = city(policy);
        let fits = tokens.city_id == city && tokens.refresh_token.is_some() == refresh;
        self.users[person].0.get_or_insert_with(|| tokens.user_id.clone());
        let theirs = self.users[person].0.as_ref() == Some(&tokens.user_id);
        if !fits || !theirs || self.users[0].0 == self.users[1].0 {
            return Err(format!("a token for somebody else, or another city: {tokens:?}"));
        }
        let (expires_at, token_ends) = match refresh {
            true => (self.now + ABSOLUTE, self.now + SHORT),
            false => (self.now + LONG, self.now + LONG),
        };
        let chain = vec![(tokens, token_ends)];
        self.sessions.push(Session { person, city, chain, expires_at, revoked: false, refreshed: None });
        Ok(())
    }

    /// No other session has this token, and none had this refresh token. The user_token of one session is the same for
    /// a whole second.
    fn is_new(&self, tokens: &Tokens, mine: Option<usize>) -> Result<(), String> {
        let refresh = |one: &Tokens| one.refresh_token.is_some() && one.refresh_token == tokens.refresh_token;
        let before = |(index, session): (usize, &Session)| {
            let mut all = session.chain.iter().map(|(one, _)| one);
            all.any(|one| refresh(one) || (mine != Some(index) && one.user_token == tokens.user_token))
        };
        match self.sessions.iter().enumerate().any(before) {
            true => Err("a token that was handed out before".into()),
            false => Ok(()),
        }
    }

    pub(super) fn with_token(&mut self, request: &mut Request) -> Result<(), String> {
        let (mine, now) = (request.with.session, self.now);
        let session = &self.sessions[mine];
        let (person, city) = (session.person, session.city);
        if request.phase == 0 {
            if !session.accepts(&session.chain[request.with.link], now) {
                return request.ends("401 invalid_token");
            }
            if !matches!(request.this, Move::Me { .. }) {
                return request.goes_on(1);
            }
        }
        match request.this {
            Move::Logout { .. } => {
                self.sessions[mine].revoked = true;
                request.ends("200")
            }
            Move::Sessions { .. } => {
                let live = self.sessions.iter().filter(|one| one.person == person && one.is_live(now));
                let ids: BTreeSet<_> = live.map(|one| one.chain[0].0.session_id()).collect();
                request.ends("200")?;
                if ids == request.seen.ids {
                    Ok(())
                } else {
                    Err("other sessions are listed than there are".into())
                }
            }
            Move::EndSession { .. } => {
                let other = &mut self.sessions[request.with.other];
                if other.person != person || !other.is_live(now) {
                    return request.ends("404 unknown_session");
                }
                other.revoked = true;
                request.ends("200")
            }
            Move::EndOthers { .. } => {
                let all = self.sessions.iter_mut().enumerate().filter(|(index, _)| *index != mine);
                let others = all.filter(|(_, one)| one.person == person && one.is_live(now));
                let count = others.map(|(_, one)| one.revoked = true).count();
                self.ended[person] = Some(now);
                for attempt in self.attempts.iter_mut().flatten() {
                    attempt.revoke(person, now);
                }
                request.ends(&format!("200 {count}"))
            }
            _ => {
                request.ends("200")?;
                let expected: BTreeSet<_> =
                    self.users[person].0.iter().cloned().chain([city.to_owned()]).collect();
                if expected == request.seen.ids { Ok(()) } else { Err("the token is somebody else's".into()) }
            }
        }
    }

    pub(super) fn refresh(&mut self, request: &mut Request, from: Place) -> Result<(), String> {
        const ROTATE: u8 = 1;
        const AGAIN: u8 = 2;
        const END: u8 = 3;
        let now = self.now;
        let mine = Some(request.with.session);
        let new = request.seen.tokens.as_ref().map(|tokens| self.is_new(tokens, mine));
        let session = &mut self.sessions[request.with.session];
        let shown = request.with.link;
        let newest = session.chain.len() - 1;
        match request.phase {
            0 | AGAIN if !session.refreshable(now) => request.ends("401 invalid_refresh_token"),
            0 if shown == newest => request.goes_on(ROTATE),
            ROTATE if shown == newest && session.refreshable(now) => {
                request.ends("200")?;
                new.expect("200 has tokens")?;
                let tokens = request.seen.tokens.clone().expect("200 has tokens");
                session.chain.push((tokens, (now + SHORT).min(session.expires_at)));
                session.refreshed = Some((now, from));
                Ok(())
            }
            0 | ROTATE => request.goes_on(AGAIN),
            AGAIN => match session.refreshed {
                Some((when, first))
                    if shown + 1 == newest
                        && now < when + REFRESH_AGAIN_WITHIN
                        && same_network(first, from) =>
                {
                    request.ends("200")?;
                    match request.seen.tokens.as_ref() == Some(&session.chain[newest].0) {
                        true => Ok(()),
                        false => Err("a lost answer was given again, and it was another one".into()),
                    }
                }
                _ if shown < newest => request.goes_on(END),
                _ => request.ends("401 invalid_refresh_token"),
            },
            END => {
                session.revoked = true;
                request.ends("401 invalid_refresh_token")
            }
            _ => unreachable!("there are no more phases"),
        }
    }
}
