//! The model: what a sign-in is, in as few words as possible, and what may be seen of each move.
//!
//! A request is a few phases, each of which happens at one moment: it looks, then it acts. Requests at the same time
//! may be done in any order of their phases; what was seen of all of them must fit one such order.

use super::hands::{Held, Seen, Tokens};
use super::moves::{Brings, Move, Place, Policy, SLOTS};

const LIFETIME: i64 = 600;
const COLLECT_WITHIN: i64 = 60;
const ASK_AGAIN_WITHIN: i64 = 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    Waiting,
    Exchanging,
    Confirming { person: usize },
    Done { person: usize, at: i64, collected: Option<(i64, Place)> },
    Failed(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attempt {
    pub(super) held: Held,
    pub(super) return_to: bool,
    pub(super) refresh: bool,
    pub(super) policy: Policy,
    pub(super) stage: Stage,
    pub(super) expires_at: i64,
    /// What the callback that came first brought.
    pub(super) claimed: Option<Brings>,
    pub(super) session: Option<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Session {
    pub(super) person: usize,
    pub(super) city: &'static str,
    pub(super) chain: Vec<(Tokens, i64)>,
    pub(super) expires_at: i64,
    pub(super) revoked: bool,
    /// When and where its newest refresh token was got.
    pub(super) refreshed: Option<(i64, Place)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    pub(super) now: i64,
    pub(super) attempts: [Option<Attempt>; SLOTS],
    pub(super) sessions: Vec<Session>,
    /// The user's id of each person, once it was told; and whether there is a user at all.
    pub(super) users: [(Option<String>, bool); 2],
    /// When all sessions of each person but one were last ended.
    pub(super) ended: [Option<i64>; 2],
}

/// What a request was made with: what was held at its beginning, whatever happens meanwhile.
#[derive(Debug, Clone, Default)]
pub(super) struct With {
    /// The session whose token is shown, and which one of its chain.
    pub(super) session: usize,
    pub(super) link: usize,
    /// The session to be ended.
    pub(super) other: usize,
    pub(super) login_code: bool,
    pub(super) form: bool,
    /// It waits for an outcome that is sure to come.
    pub(super) waits: bool,
}

/// A request on its way.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) this: Move,
    pub(super) with: With,
    pub(super) seen: Seen,
    pub(super) phase: u8,
    pub(super) over: bool,
}

impl Request {
    pub(super) fn new(this: Move, with: With, seen: Seen) -> Self {
        Self { this, with, seen, phase: 0, over: false }
    }

    /// It ends here, if this is what was seen.
    pub(super) fn ends(&mut self, expected: &str) -> Result<(), String> {
        self.over = true;
        match self.seen.what == expected {
            true => Ok(()),
            false => Err(format!("{:?}: `{}` was seen, not `{expected}`", self.this, self.seen.what)),
        }
    }

    /// It goes on, in another moment.
    pub(super) fn goes_on(&mut self, phase: u8) -> Result<(), String> {
        self.phase = phase;
        Ok(())
    }
}

pub(super) fn same_network(one: Place, other: Place) -> bool {
    (one == Place::Home) == (other == Place::Home)
}

impl Attempt {
    pub(super) fn needs_confirmation(&self, from: Place) -> bool {
        match self.policy {
            Policy::Always => true,
            Policy::Never => false,
            Policy::Auto => !self.return_to && from == Place::Away,
        }
    }

    pub(super) fn standing(&self, now: i64) -> &'static str {
        match self.stage {
            Stage::Failed(_) => "failed",
            Stage::Done { collected: Some((at, _)), .. } if now < at + ASK_AGAIN_WITHIN => "ready",
            Stage::Done { collected: Some(_), .. } => "410 already_collected",
            Stage::Done { at, .. } if now < at + COLLECT_WITHIN => "ready",
            Stage::Done { .. } => "410 login_expired",
            Stage::Waiting | Stage::Confirming { .. } if now >= self.expires_at => "410 login_expired",
            _ => "pending",
        }
    }

    /// What becomes of it when this person finishes it now: what began before all their sessions were ended lets nobody in.
    pub(super) fn finished(&self, person: usize, ended: [Option<i64>; 2], now: i64) -> Stage {
        match ended[person] {
            Some(ended) if self.expires_at - LIFETIME < ended => Stage::Failed("sign_in_revoked"),
            _ => Stage::Done { person, at: now, collected: None },
        }
    }

    /// Whether a callback or an answer that comes now ends the waiting.
    pub(super) fn settled_by(&self, this: &Move, now: i64) -> bool {
        match (this, &self.stage) {
            _ if self.standing(now) != "pending" => false,
            (Move::Callback { brings: Brings::WrongState, .. }, _) => false,
            (Move::Callback { brings: Brings::CodeOf(_), from, .. }, Stage::Waiting) => {
                !self.needs_confirmation(*from)
            }
            (Move::Callback { .. }, Stage::Waiting) => true,
            (Move::Confirm { by_stranger, .. }, Stage::Confirming { .. }) => !by_stranger,
            _ => false,
        }
    }
}

impl Model {
    pub(super) fn new(now: i64) -> Self {
        Self {
            now,
            attempts: [const { None }; SLOTS],
            sessions: Vec::new(),
            users: Default::default(),
            ended: Default::default(),
        }
    }

    /// How many users and sessions it has made.
    pub(super) fn made(&self) -> (i64, i64) {
        let users = self.users.iter().filter(|(_, made)| *made).count();
        (i64::try_from(users).unwrap(), i64::try_from(self.sessions.len()).unwrap())
    }

    pub(super) fn attempt(&mut self, at: usize) -> &mut Attempt {
        self.attempts[at].as_mut().expect("moves are about sign-ins that were started")
    }

    /// Takes the next phase of a request. `last` says that all others are over.
    pub(super) fn step(&mut self, request: &mut Request, last: bool) -> Result<(), String> {
        match request.this.clone() {
            Move::Start { at, return_to, refresh, policy, .. } => {
                request.ends("200")?;
                let held = request.seen.started.clone().unwrap_or_default();
                let (stage, expires_at) = (Stage::Waiting, self.now + LIFETIME);
                self.attempts[at] = Some(Attempt {
                    held,
                    return_to,
                    refresh,
                    policy,
                    stage,
                    expires_at,
                    claimed: None,
                    session: None,
                });
                Ok(())
            }
            Move::Callback { at, brings, from } => self.callback(request, at, brings, from),
            Move::Result { at, from, verifier, code, .. } => match request.phase {
                0 => self.look(request, at, from, (verifier, code), last),
                _ => self.collect(request, at, from),
            },
            Move::Confirm { at, allow, by_stranger } => self.confirm(request, at, (allow, by_stranger)),
            Move::Refresh { from, .. } => self.refresh(request, from),
            Move::Wait { seconds } => {
                self.now += seconds;
                request.over = true;
                Ok(())
            }
            Move::Me { .. }
            | Move::Logout { .. }
            | Move::Sessions { .. }
            | Move::EndSession { .. }
            | Move::EndOthers { .. } => self.with_token(request),
        }
    }
}
