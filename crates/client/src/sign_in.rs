//! Start → open → wait → a user: the whole sign-in from a program's side.

use crate::{Error, Guest, OauthResult, OauthStart, OauthStartRequest, Pkce, SignInDone, Timestamp, User};
use secrecy::SecretString;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// What is assumed of a login whose end is unknown, or lies where no login's can: this clock or the other is wrong.
const USUAL_LIFE: Duration = Duration::from_secs(600);
const LONGEST_LIFE: Duration = Duration::from_secs(3600);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// A pending answer that comes sooner than this did not wait, so this side must.
const TOO_SOON: Duration = Duration::from_secs(1);

/// How to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    provider: String,
    lang: Option<String>,
    fast_login: Option<bool>,
    pkce: bool,
    wait: Duration,
}

impl SignIn {
    /// With `provider` (`wechat`, …), PKCE, and long polls of 25 s.
    pub fn new(provider: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            lang: None,
            fast_login: None,
            pkce: true,
            wait: Duration::from_secs(25),
        }
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
}

pub(crate) async fn run(guest: &Guest, options: &SignIn, open: impl FnOnce(&str)) -> Result<SignedIn, Error> {
    let pkce = if options.pkce { Some(Pkce::new()?) } else { None };
    let request = OauthStartRequest {
        provider: &options.provider,
        return_to: None,
        code_challenge: pkce.as_ref().map(Pkce::challenge),
        code_challenge_method: pkce.as_ref().map(|_| "S256"),
        lang: options.lang.as_deref(),
        fast_login: options.fast_login,
    };
    let start = guest.start(&request).await?;
    let deadline = Instant::now() + life(start.expires_at, now());
    open(&start.url);
    let waiting = wait(guest, &start, pkce.as_ref().map(Pkce::verifier), options.wait);
    let done = timeout_at(deadline, waiting).await.map_err(|_| Error::Expired)??;
    Ok(signed_in(guest, done))
}

async fn wait(
    guest: &Guest,
    start: &OauthStart,
    verifier: Option<&SecretString>,
    wait: Duration,
) -> Result<SignInDone, Error> {
    let mut pause = FIRST_PAUSE;
    loop {
        let asked = Instant::now();
        match guest.result(&start.state, verifier, Some(wait)).await {
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
            Err(error) if error.status() == Some(410) => return Err(Error::Expired),
            Err(error) => return Err(error),
        }
    }
}

fn signed_in(guest: &Guest, done: SignInDone) -> SignedIn {
    let user = guest.raw().federation().user(done.user_token.clone());
    SignedIn {
        user: User::new(user.raw().clone().in_city(&done.city_id)),
        user_token: done.user_token,
        user_id: done.user_id,
        city_id: done.city_id,
        provider: done.provider,
        expires_at: done.expires_at,
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
    fn a_clock_that_is_off_is_not_believed() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let in_seconds = |seconds: i64| life(Timestamp::from_second(1_790_000_000 + seconds).ok(), now);
        assert_eq!(in_seconds(300), Duration::from_secs(300));
        assert_eq!(in_seconds(-1), USUAL_LIFE);
        assert_eq!(in_seconds(86_400), USUAL_LIFE);
        assert_eq!(life(None, now), USUAL_LIFE);
    }
}
