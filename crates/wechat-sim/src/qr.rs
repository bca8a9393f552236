//! The authorize page's rules and the life of one QR code.

use tokio::sync::watch;

use crate::config::AppKind;
use crate::error::{PageError, SimError};
use crate::redirect::redirect_allowed;
use crate::sns::Params;
use crate::switches::{Denial, StateEcho};
use crate::world::{Moment, World};

/// The longest redirect_uri or state that is kept; a longer one is cut off by nothing real, only by our memory.
const MAX_TEXT: usize = 8 * 1024;

/// What a site asks for on the authorize page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    pub(crate) appid: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) state: String,
    pub(crate) english: bool,
}

impl Ask {
    pub(crate) fn from_params(params: &Params) -> Self {
        Self {
            appid: params.text("appid"),
            redirect_uri: params.text("redirect_uri"),
            scope: params.text("scope"),
            state: params.text("state"),
            english: params.get("lang") == Some("en"),
        }
    }
}

/// One QR code and what became of it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) appid: String,
    pub(crate) redirect_uri: String,
    /// The state the site gave, decoded once.
    pub(crate) state: String,
    /// The state that goes back; `None` leaves the parameter out.
    pub(crate) echo: Option<String>,
    pub(crate) english: bool,
    pub(crate) opened_ms: i64,
    pub(crate) status: Status,
    /// Wakes the long polls of this session.
    pub(crate) wake: watch::Sender<()>,
}

/// The states of a QR code. Expiry is no state: it follows from the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    Waiting,
    Scanned,
    Confirmed { code: String },
    Refused(Denial),
}

/// What a long poll answers: `wx_errcode` and `wx_code`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PollAnswer {
    pub(crate) errcode: i32,
    pub(crate) code: String,
}

impl PollAnswer {
    pub(crate) fn bare(errcode: i32) -> Self {
        Self { errcode, code: String::new() }
    }
}

impl World {
    /// Checks a question in the order AppID, redirect_uri, scope, state.
    pub(crate) fn check(&self, ask: &Ask) -> Result<(), PageError> {
        if self.switches.link_refused {
            return Err(PageError::LinkRefused);
        }
        let app = self.app(&ask.appid).ok_or(PageError::AppId)?;
        let strict = self.switches.strict_redirect;
        if ask.redirect_uri.len() > MAX_TEXT
            || !redirect_allowed(&ask.redirect_uri, &app.callback_domain, strict)
        {
            return Err(PageError::RedirectUri);
        }
        if app.kind != AppKind::Website || !ask.scope.split(',').any(|scope| scope == "snsapi_login") {
            return Err(PageError::Scope);
        }
        let plain = ask.state.len() <= 128 && ask.state.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if ask.state.len() > MAX_TEXT || (self.switches.strict_state && (!plain || ask.state.is_empty())) {
            return Err(PageError::StateTooLong);
        }
        Ok(())
    }

    /// Opens a QR session and answers its uuid.
    pub(crate) fn open(&mut self, ask: &Ask, at: Moment) -> Result<String, PageError> {
        self.check(ask)?;
        let uuid = self.ids.uuid();
        let echo = match self.switches.state_echo {
            StateEcho::Given => Some(ask.state.clone()),
            StateEcho::Absent => None,
            StateEcho::Empty => Some(String::new()),
            StateEcho::Foreign => Some(self.ids.foreign_state()),
        };
        let session = Session {
            appid: ask.appid.clone(),
            redirect_uri: ask.redirect_uri.replace("&amp;", "&"),
            state: ask.state.clone(),
            echo,
            english: ask.english,
            opened_ms: at.now_ms,
            status: Status::Waiting,
            wake: watch::Sender::new(()),
        };
        // Twice its life: an expired code must still be told from an unknown one on the phone page.
        self.sessions.insert(
            &uuid,
            session,
            at.now_ms,
            at.now_ms.saturating_add(at.lives.qr.saturating_mul(2)),
        );
        Ok(uuid)
    }

    /// The phone has read the QR code.
    pub(crate) fn scan(&mut self, uuid: &str, at: Moment) -> Result<(), SimError> {
        let again = self.switches.rescan_after_denial;
        let session = self.live(uuid, at)?;
        match session.status {
            Status::Scanned => return Ok(()),
            Status::Waiting => {}
            Status::Refused(_) if again => {}
            Status::Confirmed { .. } | Status::Refused(_) => return Err(SimError::Over),
        }
        session.change(Status::Scanned);
        Ok(())
    }

    /// The person tapped 允许: mints the code, once, and answers the callback URL.
    pub(crate) fn allow(&mut self, uuid: &str, person: &str, at: Moment) -> Result<String, SimError> {
        let person = self.person_index(person)?;
        self.scan(uuid, at)?;
        let asked_by = self.live(uuid, at)?.appid.clone();
        let appid = self.switches.code_of_app.clone().unwrap_or(asked_by);
        let code = self.mint_code(&appid, person, at);
        let session = self.live(uuid, at)?;
        let callback = session.callback(Some(&code));
        session.change(Status::Confirmed { code });
        Ok(callback)
    }

    /// The person tapped 拒绝: answers the callback URL where the denial style has one.
    pub(crate) fn deny(&mut self, uuid: &str, at: Moment) -> Result<Option<String>, SimError> {
        self.scan(uuid, at)?;
        let denial = self.switches.denial;
        let session = self.live(uuid, at)?;
        session.change(Status::Refused(denial));
        Ok(match denial {
            Denial::None => None,
            Denial::StateOnly => Some(session.callback(None)),
            Denial::Authdeny => Some(session.callback(Some("authdeny"))),
        })
    }

    /// What a poll would answer now. An unknown uuid counts as an expired one.
    pub(crate) fn poll(&self, uuid: &str, at: Moment) -> PollAnswer {
        if let Some(forced) = self.switches.poll_forced {
            return PollAnswer::bare(forced);
        }
        let Some(session) = self.sessions.get(uuid) else { return PollAnswer::bare(402) };
        if session.expired(self.switches.scanned_expires, at) {
            return PollAnswer::bare(402);
        }
        match &session.status {
            Status::Waiting => PollAnswer::bare(408),
            Status::Scanned => PollAnswer::bare(404),
            Status::Confirmed { code } => PollAnswer { errcode: 405, code: code.clone() },
            Status::Refused(Denial::None) => PollAnswer::bare(403),
            // The page goes back to the site, with what the style brings along.
            Status::Refused(Denial::StateOnly) => PollAnswer::bare(405),
            Status::Refused(Denial::Authdeny) => PollAnswer { errcode: 405, code: "authdeny".to_owned() },
        }
    }

    /// The uuid of the newest session that was opened with this state.
    pub(crate) fn uuid_by_state(&self, state: &str) -> Result<String, SimError> {
        let found = self.sessions.newest_first().find(|(_, session)| session.state == state);
        found.map(|(uuid, _)| uuid.to_owned()).ok_or_else(|| SimError::UnknownSession(state.to_owned()))
    }

    fn live(&mut self, uuid: &str, at: Moment) -> Result<&mut Session, SimError> {
        let scanned_expires = self.switches.scanned_expires;
        let session = self.sessions.get_mut(uuid).ok_or_else(|| SimError::UnknownSession(uuid.to_owned()))?;
        if session.expired(scanned_expires, at) { Err(SimError::Expired) } else { Ok(session) }
    }
}

impl Session {
    fn change(&mut self, status: Status) {
        self.status = status;
        self.wake.send_replace(());
    }

    pub(crate) fn expired(&self, scanned_too: bool, at: Moment) -> bool {
        let may_expire = self.status == Status::Waiting || (scanned_too && self.status == Status::Scanned);
        may_expire && at.now_ms.saturating_sub(self.opened_ms) >= at.lives.qr
    }

    /// The address the browser is sent to: appended naively, as WeChat's page does it.
    fn callback(&self, code: Option<&str>) -> String {
        let code = code.map(|code| format!("code={code}"));
        let state = self.echo.as_ref().map(|state| format!("state={state}"));
        let tail: Vec<String> = code.into_iter().chain(state).collect();
        let mark = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{mark}{}", self.redirect_uri, tail.join("&"))
    }
}
