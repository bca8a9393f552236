//! Start → open → wait → a user: the whole sign-in from a program's side.

use crate::caller::CALL_TIMEOUT;
use crate::loopback::{Ending, Loopback, browser_is_here};
use crate::{Caller, Error, OauthResult, OauthStart, OauthStartRequest, Pkce, SignInDone, Timestamp, User};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// Lifetime assumed when `expires_at` is missing or implausible (past, or over an hour ahead), which means that one of the
/// clocks is wrong.
const USUAL_LIFE: Duration = Duration::from_secs(600);
const LONGEST_LIFE: Duration = Duration::from_secs(3600);
/// How long the Federation keeps a token for whoever brings its code.
const COLLECTED_WITHIN: Duration = Duration::from_secs(60);
/// How long a browser takes from the Federation to here.
const ON_ITS_WAY: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// A pending answer that comes sooner than this did not wait, so this side must.
const TOO_SOON: Duration = Duration::from_secs(1);
/// How much longer than the asked wait a long poll may take.
const WAIT_GRACE: Duration = Duration::from_secs(10);

/// Shows a code to the person.
type Show = Arc<dyn Fn(&str) + Send + Sync>;

/// How to sign in.
#[derive(Clone)]
pub struct SignIn {
    provider: String,
    lang: Option<String>,
    fast_login: Option<bool>,
    refresh: Option<bool>,
    pkce: bool,
    here: Option<bool>,
    wait: Duration,
    show_code: Option<Show>,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, lang, fast_login, refresh, pkce, here, wait, show_code } = self;
        f.debug_struct("SignIn")
            .field("provider", provider)
            .field("lang", lang)
            .field("fast_login", fast_login)
            .field("refresh", refresh)
            .field("pkce", pkce)
            .field("here", here)
            .field("wait", wait)
            .field("show_code", &show_code.is_some())
            .finish()
    }
}

impl SignIn {
    /// With `provider` (`wechat`, …), PKCE, and long polls of 25 s. Where a browser can run on this machine, the page has to
    /// be opened here: see [`here`](Self::here).
    pub fn new(provider: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            lang: None,
            fast_login: None,
            refresh: None,
            pkce: true,
            here: None,
            wait: Duration::from_secs(25),
            show_code: None,
        }
    }

    /// How the person is shown the code that they type on the Federation's page, `XXXX-XXXX`, in a city whose `confirm`
    /// is `code`. It is called before the page is opened. Such a city refuses to sign in without.
    #[must_use]
    pub fn show_code(mut self, show: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.show_code = Some(Arc::new(show));
        self
    }

    /// Language of the provider's page: `en` or `cn`.
    #[must_use]
    pub fn lang(mut self, lang: &str) -> Self {
        self.lang = Some(lang.to_owned());
        self
    }

    /// Whether a WeChat desktop client may answer in place of a scan.
    #[must_use]
    pub fn fast_login(mut self, fast_login: bool) -> Self {
        self.fast_login = Some(fast_login);
        self
    }

    /// Asks for a refresh token too.
    #[must_use]
    pub fn refresh(mut self) -> Self {
        self.refresh = Some(true);
        self
    }

    /// The page is opened on this machine: the browser brings a one-time code to a port of this program (RFC 8252 §7.3), and
    /// only with it the token is given out. So it comes to the machine of whoever finished, and sending the page's address to
    /// somebody else gains nothing unless they hand over the address they end on.
    ///
    /// This is so without being said where a browser can run on this machine: not in an SSH session (`SSH_CONNECTION`) or a
    /// remote editor, and on Linux only with a display (`DISPLAY`, `WAYLAND_DISPLAY`). Without PKCE, or where no port can be
    /// had, it is as with [`elsewhere`](Self::elsewhere).
    #[must_use]
    pub fn here(mut self) -> Self {
        self.here = Some(true);
        self
    }

    /// The page may be opened on any device: the program waits at the Federation, which asks the person whether they started
    /// this when their browser is on another network.
    #[must_use]
    pub fn elsewhere(mut self) -> Self {
        self.here = Some(false);
        self
    }

    /// Without PKCE: whoever learns the `state` may then collect the token.
    #[must_use]
    pub fn without_pkce(mut self) -> Self {
        self.pkce = false;
        self
    }

    /// How long one poll waits at the Federation, in whole seconds.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }
}

/// A finished sign-in: a ready client, and what to keep for the next start.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignedIn {
    /// The user, ready for calls.
    pub user: User,
    /// The user's bearer, to be kept between runs.
    pub user_token: SecretString,
    /// Who signed in.
    pub user_id: String,
    /// Where.
    pub city_id: String,
    /// By which provider.
    pub provider: String,
    /// When the token runs out.
    pub expires_at: Option<Timestamp>,
    /// What [`Guest::refresh`](crate::Guest::refresh) trades for a fresh token, where it was asked for.
    pub refresh_token: Option<SecretString>,
}

/// Runs a way in that begins with the call `action`: `oauth/start`, or `identities/link`.
pub(crate) async fn run(
    caller: &Caller,
    action: &str,
    options: &SignIn,
    open: impl FnOnce(&str),
) -> Result<SignedIn, Error> {
    let pkce = if options.pkce { Some(Pkce::new()?) } else { None };
    let here = pkce.is_some() && options.here.unwrap_or_else(browser_is_here);
    // Where no port can be had, this side waits at the Federation.
    let mut port = if here { Loopback::open().await.ok() } else { None };
    let return_to = port.as_ref().map(Loopback::return_to);
    let request = OauthStartRequest {
        provider: &options.provider,
        return_to: return_to.as_deref(),
        code_challenge: pkce.as_ref().map(Pkce::challenge),
        code_challenge_method: pkce.as_ref().map(|_| "S256"),
        lang: options.lang.as_deref(),
        fast_login: options.fast_login,
        refresh: options.refresh,
    };
    let start: OauthStart = caller.post("accounts", action, &request).await?;
    let deadline = Instant::now() + life(start.expires_at, now());
    match (&start.user_code, &options.show_code) {
        (Some(code), Some(show)) => show(code),
        (Some(_), None) => {
            return Err(Error::Input(
                "this city has people type a code: say with `show_code` how it is shown".into(),
            ));
        }
        (None, _) => {}
    }
    open(&start.url);
    let query = ResultQuery::new(&start.state, pkce.as_ref().map(Pkce::verifier));
    let waiting = async {
        match &mut port {
            Some(port) => brought(caller, &start, query, options.wait, port).await,
            None => wait(caller, &start, query, options.wait).await,
        }
    };
    let done = timeout_at(deadline, waiting).await.unwrap_or(Err(Error::Expired));
    if let Some(port) = port {
        port.close(&start.state, ending(&done)).await;
    }
    Ok(signed_in(caller, done?))
}

/// Waits for the browser that brings the code, and tells it how it ended.
async fn brought(
    caller: &Caller,
    start: &OauthStart,
    query: ResultQuery<'_>,
    patience: Duration,
    port: &mut Loopback,
) -> Result<SignInDone, Error> {
    let over = over_without(caller, start, query, patience);
    let mut over = std::pin::pin!(over);
    let mut visits = VecDeque::new();
    loop {
        let visit = tokio::select! {
            Some(visit) = async { visits.pop_front() } => visit,
            visit = port.visit(&start.state) => visit,
            why = &mut over => {
                // Where there is a browser, it is on its way with the same.
                if let Ok(visit) = timeout(ON_ITS_WAY, port.visit(&start.state)).await {
                    visit.answer(Ending::NotSignedIn);
                }
                return Err(why);
            }
        };
        let code = visit.code.clone();
        let query = ResultQuery { code: code.as_deref(), ..query };
        let asked = wait(caller, start, query, patience);
        let mut asked = std::pin::pin!(asked);
        // Somebody may press twice, or load the page anew.
        let done = loop {
            tokio::select! {
                done = &mut asked => break done,
                again = port.visit(&start.state) => visits.push_back(again),
            }
        };
        let ending = ending(&done);
        visit.answer(ending);
        if !done.as_ref().is_err_and(lacks_code) {
            visits.into_iter().for_each(|again| again.answer(ending));
            return done;
        }
    }
}

/// Ends when the sign-in failed or ran out, whether a browser came here or not; and where one has finished it that does not
/// come, as on another device, when its token is handed out no more.
async fn over_without(
    caller: &Caller,
    start: &OauthStart,
    query: ResultQuery<'_>,
    patience: Duration,
) -> Error {
    match wait(caller, start, query, patience).await {
        Err(error) if !lacks_code(&error) => error,
        _ => {
            sleep(COLLECTED_WITHIN).await;
            Error::Expired
        }
    }
}

fn ending(done: &Result<SignInDone, Error>) -> Ending {
    if done.is_ok() { Ending::SignedIn } else { Ending::NotSignedIn }
}

/// Whether it was asked for without the code, or with another than that of the browser that finished.
fn lacks_code(error: &Error) -> bool {
    matches!(error.code(), "login_code_wrong" | "login_code_required")
}

#[derive(Clone, Copy, Serialize)]
struct ResultQuery<'a> {
    state: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_verifier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<u64>,
}

impl<'a> ResultQuery<'a> {
    fn new(state: &'a str, verifier: Option<&'a SecretString>) -> Self {
        Self { state, code: None, code_verifier: verifier.map(ExposeSecret::expose_secret), wait: None }
    }
}

/// Asks `oauth/result`.
pub(crate) async fn ask(
    caller: &Caller,
    state: &str,
    verifier: Option<&SecretString>,
    wait: Option<Duration>,
) -> Result<OauthResult, Error> {
    poll(caller, ResultQuery::new(state, verifier), wait).await
}

async fn poll(caller: &Caller, query: ResultQuery<'_>, wait: Option<Duration>) -> Result<OauthResult, Error> {
    let wait = wait.map(|wait| wait.as_secs());
    let query = ResultQuery { wait, ..query };
    caller.get_within(poll_timeout(wait), "accounts", "oauth/result", &query).await
}

/// How long a call may take that asks the Federation to wait for so many seconds.
pub(crate) fn poll_timeout(wait: Option<u64>) -> Duration {
    wait.map_or(CALL_TIMEOUT, |wait| Duration::from_secs(wait) + WAIT_GRACE)
}

/// Listens to `oauth/events`, at most for `patience`. Whoever's stream ends without a result comes again (WHATWG HTML, 9.2.3).
pub(crate) async fn listen(
    caller: &Caller,
    state: &str,
    verifier: Option<&SecretString>,
    patience: Duration,
) -> Result<OauthResult, Error> {
    let query = ResultQuery::new(state, verifier);
    let begun = Instant::now();
    loop {
        let left = patience.saturating_sub(begun.elapsed());
        let (pause, missing) = match caller.stream(left, "accounts", "oauth/events", &query).await {
            Ok(stream) => match event_data(&stream, "result") {
                Some(data) => return crate::caller::parse(&data),
                None => (FIRST_PAUSE, Error::Stalled),
            },
            Err(error) if error.is_temporary() => {
                (error.retry_after().map_or(FIRST_PAUSE, |wait| wait.max(FIRST_PAUSE)), error)
            }
            Err(error) => return Err(error),
        };
        if begun.elapsed() + pause >= patience {
            return Err(missing);
        }
        sleep(pause).await;
    }
}

/// The data of the first event of that name (WHATWG HTML, server-sent events).
fn event_data(stream: &[u8], name: &str) -> Option<Vec<u8>> {
    let (mut named, mut data) = (false, Vec::new());
    for line in stream.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"" if line.is_empty() && named && !data.is_empty() => return Some(data),
            b"" if line.is_empty() => (named, data) = (false, Vec::new()),
            b"event" => named = value == name.as_bytes(),
            b"data" => data.extend_from_slice(value),
            _ => {}
        }
    }
    (named && !data.is_empty()).then_some(data)
}

async fn wait(
    caller: &Caller,
    start: &OauthStart,
    query: ResultQuery<'_>,
    wait: Duration,
) -> Result<SignInDone, Error> {
    let mut pause = FIRST_PAUSE;
    loop {
        let asked = Instant::now();
        match poll(caller, query, Some(wait)).await {
            Ok(OauthResult::Done(done)) => return Ok(done),
            Ok(OauthResult::Failed { error, code }) => return Err(Error::SignIn { code, message: error }),
            Ok(OauthResult::Pending { interval }) => {
                pause = FIRST_PAUSE;
                if asked.elapsed() < TOO_SOON {
                    sleep(Duration::from_secs(interval.or(start.interval).unwrap_or(2).clamp(1, 30))).await;
                }
            }
            Err(error) if error.is_temporary() => {
                sleep(error.retry_after().unwrap_or(pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            // Who collected it, if not this program, is worth knowing.
            Err(error) if error.code() == "already_collected" => return Err(error),
            Err(error) if error.status() == Some(410) => return Err(Error::Expired),
            Err(error) => return Err(error),
        }
    }
}

/// A ready client for the user of a finished sign-in.
pub(crate) fn signed_in(caller: &Caller, done: SignInDone) -> SignedIn {
    let user = caller.federation().user(done.user_token.clone());
    SignedIn {
        user: User::new(user.raw().clone().in_city(&done.city_id)),
        user_token: done.user_token,
        user_id: done.user_id,
        city_id: done.city_id,
        provider: done.provider,
        expires_at: done.expires_at,
        refresh_token: done.refresh_token,
    }
}

/// Time left until `expires_at`, where two clocks agree well enough to tell.
fn life(expires_at: Option<Timestamp>, now: Timestamp) -> Duration {
    expires_at
        .and_then(|end| Duration::try_from(end.duration_since(now)).ok())
        .filter(|left| !left.is_zero() && *left <= LONGEST_LIFE)
        .unwrap_or(USUAL_LIFE)
}

fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "a client has no Clock: it runs in somebody else's program"
    )]
    let now = std::time::SystemTime::now();
    Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_as_browsers_read_them() {
        let of = |text: &str| event_data(text.as_bytes(), "result").map(|d| String::from_utf8(d).unwrap());
        assert_eq!(of("event: result\ndata: {\"a\":1}\n\n").as_deref(), Some("{\"a\":1}"));
        assert_eq!(of(":\n\n: keep\r\nevent:result\r\ndata:{}\r\n\r\n").as_deref(), Some("{}"));
        assert_eq!(of("event: other\ndata: 1\n\nevent: result\ndata: 2").as_deref(), Some("2"));
        assert_eq!(of("data: 1\n\n"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn a_clock_that_is_off_is_not_believed() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let in_seconds = |seconds: i64| life(Timestamp::from_second(1_790_000_000 + seconds).ok(), now);
        assert_eq!(in_seconds(300), Duration::from_secs(300));
        assert_eq!(in_seconds(-1), USUAL_LIFE);
        assert_eq!(in_seconds(86_400), USUAL_LIFE);
        assert_eq!(life(None, now), USUAL_LIFE);
    }
}
