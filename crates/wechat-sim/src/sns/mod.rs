//! The server APIs under `api.weixin.qq.com/sns`.

pub(crate) mod body;
pub(crate) mod errors;
pub(crate) mod grants;

use crate::switches::{Fault, FaultKind};
use crate::world::{Call, Moment, World};
use body::Body;

/// The four endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Token,
    Refresh,
    Auth,
    Userinfo,
}

impl Endpoint {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Token => "access_token",
            Self::Refresh => "refresh_token",
            Self::Auth => "auth",
            Self::Userinfo => "userinfo",
        }
    }
}

/// The parameters of a call; one that is empty counts as missing.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Query and form together; the first of a name wins.
    pub(crate) fn parse(query: &[u8], form: &[u8]) -> Self {
        let all = url::form_urlencoded::parse(query).chain(url::form_urlencoded::parse(form));
        Self(all.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(one, _)| one == name)?;
        Some(found.1.as_str()).filter(|value| !value.is_empty())
    }

    /// The value, or the empty string.
    pub(crate) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }
}

/// What goes back over the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The body WeChat would have sent.
    pub(crate) body: Vec<u8>,
    /// What takes its place on the way.
    pub(crate) fault: Option<FaultKind>,
    /// Real milliseconds to wait before answering.
    pub(crate) delay_ms: u64,
}

impl World {
    /// Answers one API call, with the switches that are on, and notes it in the log.
    pub(crate) fn call(
        &mut self,
        endpoint: Endpoint,
        method: &str,
        params: &Params,
        at: Moment,
        base: &str,
    ) -> Reply {
        let fault = self.take_fault(endpoint);
        let works =
            fault.is_none_or(|one| one.after_work || matches!(one.kind, FaultKind::Reset | FaultKind::Huge));
        let mut result = Ok(Body::default());
        if works {
            result = self.work(endpoint, method, params, at, base);
        }
        if let Some(Fault { kind: FaultKind::Errcode, errcode, .. }) = fault {
            result = Err(errcode);
        }
        let mut call = Call::new(endpoint.name(), method, at);
        call.appid = params.text("appid");
        call.code = params.text("code");
        call.openid = params.text("openid");
        call.errcode = result.as_ref().err().copied().unwrap_or(0);
        call.fault = fault.map(|one| one.kind);
        self.note(call);
        let body = result.unwrap_or_else(|errcode| Body::error(errcode, &self.ids.rid(at.now_ms)));
        let delay_ms = match endpoint {
            Endpoint::Token => self.switches.token_delay_ms,
            Endpoint::Userinfo => self.switches.userinfo_delay_ms,
            Endpoint::Refresh | Endpoint::Auth => 0,
        };
        let fault = fault.map(|one| one.kind).filter(|kind| *kind != FaultKind::Errcode);
        Reply { body: body.into_bytes(), fault, delay_ms }
    }

    fn work(
        &mut self,
        endpoint: Endpoint,
        method: &str,
        params: &Params,
        at: Moment,
        base: &str,
    ) -> Result<Body, i32> {
        match endpoint {
            Endpoint::Token => self.exchange(params, at),
            // The token endpoint takes a form too; nothing says so of the others.
            _ if method != "GET" => Err(43001),
            Endpoint::Refresh => self.renew(params, at),
            Endpoint::Auth => self.auth(params, at),
            Endpoint::Userinfo => self.userinfo(params, at, base),
        }
    }

    /// The fault that is due at an interface.
    fn take_fault(&mut self, endpoint: Endpoint) -> Option<Fault> {
        due(match endpoint {
            Endpoint::Token => &mut self.switches.token_fault,
            Endpoint::Refresh => &mut self.switches.refresh_fault,
            Endpoint::Auth => &mut self.switches.auth_fault,
            Endpoint::Userinfo => &mut self.switches.userinfo_fault,
        })
    }

    /// The fault that is due at the authorize page.
    pub(crate) fn take_page_fault(&mut self) -> Option<FaultKind> {
        due(&mut self.switches.page_fault).map(|fault| fault.kind).filter(|kind| *kind != FaultKind::Errcode)
    }
}

/// The fault that is due, counted down.
fn due(place: &mut Option<Fault>) -> Option<Fault> {
    let fault = (*place)?;
    match place.as_mut().and_then(|one| one.times.as_mut()) {
        Some(0) => {
            *place = None;
            return None;
        }
        Some(times) => *times -= 1,
        None => {}
    }
    Some(fault)
}
