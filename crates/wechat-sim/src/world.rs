//! All that the simulated WeChat remembers, behind one lock.

use std::collections::VecDeque;

use serde::Serialize;

use crate::capped::Capped;
use crate::clock::millis;
use crate::config::{App, Lifetimes, Person, SimConfig};
use crate::error::SimError;
use crate::ids::Ids;
use crate::qr::Session;
use crate::sns::grants::{Access, Code, Refresh};
use crate::switches::{FaultKind, Switches};

/// The memory of the simulator.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) apps: Vec<App>,
    /// Only grows: codes and tokens name a person by index.
    pub(crate) people: Vec<Person>,
    pub(crate) switches: Switches,
    pub(crate) sessions: Capped<Session>,
    pub(crate) codes: Capped<Code>,
    pub(crate) access: Capped<Access>,
    pub(crate) refresh: Capped<Refresh>,
    pub(crate) log: VecDeque<Call>,
    pub(crate) ids: Ids,
    log_cap: usize,
}

/// The present moment and how long things live, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now_ms: i64,
    pub(crate) lives: Lives,
}

/// [`Lifetimes`] in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lives {
    pub(crate) qr: i64,
    pub(crate) code: i64,
    pub(crate) access: i64,
    pub(crate) refresh: i64,
}

impl From<Lifetimes> for Lives {
    fn from(lifetimes: Lifetimes) -> Self {
        Self {
            qr: millis(lifetimes.qr),
            code: millis(lifetimes.code),
            access: millis(lifetimes.access_token),
            refresh: millis(lifetimes.refresh_token),
        }
    }
}

/// One call that the simulator received over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// When, in milliseconds since the Unix epoch, by the simulator's clock.
    pub at_ms: i64,
    /// The last segment of the real path (`qrconnect`, `access_token`, `userinfo` …); the long poll is `poll`.
    pub endpoint: &'static str,
    /// `GET` or `POST`.
    pub method: String,
    /// The appid that came along, or that a token belongs to.
    pub appid: String,
    /// The authorization code that came along.
    pub code: String,
    /// The openid that came along.
    pub openid: String,
    /// The QR session.
    pub uuid: String,
    /// The errcode of the answer, 0 for success.
    pub errcode: i32,
    /// The fault that took the answer's place.
    pub fault: Option<FaultKind>,
}

impl Call {
    pub(crate) fn new(endpoint: &'static str, method: &str, at: Moment) -> Self {
        Self {
            at_ms: at.now_ms,
            endpoint,
            method: method.to_owned(),
            appid: String::new(),
            code: String::new(),
            openid: String::new(),
            uuid: String::new(),
            errcode: 0,
            fault: None,
        }
    }
}

impl World {
    pub(crate) fn new(config: &SimConfig) -> Self {
        Self {
            apps: config.apps.clone(),
            people: config.people.clone(),
            switches: Switches::default(),
            sessions: Capped::new(config.remember),
            codes: Capped::new(config.remember),
            access: Capped::new(config.remember),
            refresh: Capped::new(config.remember),
            log: VecDeque::new(),
            ids: Ids::random(),
            log_cap: config.log,
        }
    }

    pub(crate) fn app(&self, appid: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.appid == appid)
    }

    pub(crate) fn person_index(&self, id: &str) -> Result<usize, SimError> {
        self.people.iter().position(|one| one.id == id).ok_or_else(|| SimError::UnknownPerson(id.to_owned()))
    }

    /// Adds an app, or replaces the one with its appid.
    pub(crate) fn put_app(&mut self, app: App) {
        match self.apps.iter_mut().find(|one| one.appid == app.appid) {
            Some(place) => *place = app,
            None => self.apps.push(app),
        }
    }

    /// Adds a person, or replaces the one with their id.
    pub(crate) fn put_person(&mut self, person: Person) {
        match self.people.iter_mut().find(|one| one.id == person.id) {
            Some(place) => *place = person,
            None => self.people.push(person),
        }
    }

    pub(crate) fn note(&mut self, call: Call) {
        if self.log.len() >= self.log_cap {
            self.log.pop_front();
        }
        if self.log_cap > 0 {
            self.log.push_back(call);
        }
    }

    /// Wakes every long poll, so that it looks at the clock and the switches again.
    pub(crate) fn wake_all(&self) {
        for (_, session) in self.sessions.newest_first() {
            session.wake.send_replace(());
        }
    }
}
