//! A login attempt: one try to sign in, from `oauth/start` to its outcome.
//!
//! ```text
//! Waiting ── callback claims ──▶ Exchanging ──▶ Done ── collected once ──▶ (over)
//!    │                              │  └─▶ Confirming ── yes ──▶ Done
//!    └── time runs out ──▶ expired  └─▶ Failed ◀── no ──┘
//! ```
//!
//! The arrows are walked by guarded statements in the store, so that two requests can't walk the same one;
//! the rules that only look at an attempt are here.

use crate::city::ConfirmPolicy;
use crate::failure::Failure;
use crate::id::{AttemptId, CityId, SessionId, UserId};
use crate::lang::Lang;
use crate::network::Network;
use crate::pkce::Challenge;
use crate::redirect::is_site;
use crate::secret::Digest;
use crate::time::Timestamp;
use std::time::Duration;

/// How long an attempt lives from its start (security requirement C4: at most 10 minutes).
pub const LIFETIME: Duration = Duration::from_secs(600);
/// How long a finished sign-in waits to be collected (requirement P9).
pub const COLLECT_WITHIN: Duration = Duration::from_secs(60);
/// How long the same caller may ask again for a token whose answer was lost.
pub const ASK_AGAIN_WITHIN: Duration = Duration::from_secs(60);
/// After this long an exchange that reported nothing counts as interrupted. Above every time-out on the way
/// to a provider.
pub const EXCHANGE_LIMIT: Duration = Duration::from_secs(20);

/// Who started an attempt, as far as it can be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starter {
    /// The network address it was started from.
    pub network: Network,
    /// The `User-Agent`, shown as text to whoever confirms. At most 256 characters.
    pub agent: String,
    /// Digest of the login cookie, when a browser of the same site started it.
    pub browser: Option<Digest>,
}

/// Who finished an attempt: the browser that came back from the provider, or whoever took the last of our own steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finisher {
    /// The network address it came from.
    pub network: Network,
    /// The `User-Agent`. At most 256 characters.
    pub agent: String,
    /// Whether it was the client that started: the same browser or the same network.
    pub same_client: bool,
}

/// Where an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Started; nobody came back yet.
    Waiting,
    /// One callback claimed it and is talking to the provider.
    Exchanging {
        /// Since when.
        since: Timestamp,
    },
    /// The provider said who it is; the person is asked whether the waiting client is theirs.
    Confirming,
    /// The user is known; the token waits, or was collected.
    Done {
        /// Who signed in.
        user_id: UserId,
        /// When that was settled.
        at: Timestamp,
        /// When and by whom the token was first collected.
        collected: Option<(Timestamp, Network)>,
    },
    /// Ended without a token.
    Failed(Failure),
}

/// Who asked to have a provider linked to their account, instead of signing in with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The user.
    pub user_id: UserId,
    /// The session that asked. It must still be live when the provider has answered.
    pub session_id: SessionId,
}

/// One try to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its id; not a secret.
    pub attempt_id: AttemptId,
    /// The city it is for.
    pub city_id: CityId,
    /// The provider it was started with.
    pub provider: String,
    /// The app (client id) it was started with; the code is exchanged for no other.
    pub app_id: String,
    /// The callback address it was started with.
    pub redirect_uri: String,
    /// Where to send the browser, if the product asked for that.
    pub return_to: Option<String>,
    /// The PKCE challenge of the product that waits.
    pub challenge: Option<Challenge>,
    /// The language asked for at the start.
    pub lang: Lang,
    /// Who started it.
    pub starter: Starter,
    /// Set when a signed-in user links a provider.
    pub link: Option<Link>,
    /// Whether a refresh token was asked for.
    pub refreshable: bool,
    /// How often a code was typed, where the person has to type the one that their product shows.
    pub code_tries: Option<i64>,
    /// Digest of the authorization code that claimed it.
    pub claimed_code: Option<Digest>,
    /// Digest of the cookie of the browser that finished it.
    pub finisher: Option<Digest>,
    /// Who finished it. Absent until then.
    pub finished_by: Option<Finisher>,
    /// Where it stands.
    pub stage: Stage,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it ends if nobody comes back.
    pub expires_at: Timestamp,
}

/// What somebody who waits may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing to tell yet.
    Pending,
    /// The token can be collected by a caller that proves the attempt is theirs.
    Ready,
    /// Ended without a token.
    Failed(Failure),
    /// Too late.
    Expired,
    /// The token was handed out, and the time to ask again is over.
    Collected,
}

/// What a caller brings to collect a token.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'a> {
    /// The PKCE verifier.
    pub code_verifier: Option<&'a str>,
    /// Whether the one-time code that the browser brought to `return_to` was given and is right.
    pub login_code: Option<bool>,
    /// Where the caller is.
    pub network: Network,
    /// The login cookie the caller sent.
    pub browser: Option<Digest>,
}

/// Why a caller may not collect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The attempt has a PKCE challenge and no verifier came.
    VerifierMissing,
    /// The verifier is not the right one.
    VerifierWrong,
    /// The attempt returns by `return_to`, and its one-time code did not come.
    LoginCodeMissing,
    /// The one-time code is not the right one.
    LoginCodeWrong,
    /// Started without PKCE and without `return_to`, and asked for by somebody else.
    OtherClient,
}

impl Attempt {
    /// Where the attempt stands at `now`, for somebody who waits.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        match &self.stage {
            Stage::Failed(failure) => Standing::Failed(*failure),
            Stage::Done { collected: Some((first, _)), .. } if now < first.plus(ASK_AGAIN_WITHIN) => {
                Standing::Ready
            }
            Stage::Done { collected: Some(_), .. } => Standing::Collected,
            Stage::Done { at, .. } if now < at.plus(COLLECT_WITHIN) => Standing::Ready,
            Stage::Done { .. } => Standing::Expired,
            Stage::Exchanging { since } if now >= since.plus(EXCHANGE_LIMIT) => {
                Standing::Failed(Failure::Interrupted)
            }
            Stage::Waiting | Stage::Confirming if now >= self.expires_at => Standing::Expired,
            Stage::Waiting | Stage::Exchanging { .. } | Stage::Confirming => Standing::Pending,
        }
    }

    /// Whether a client is surely the one that started the attempt: the same browser or the same network.
    #[must_use]
    pub fn is_started_by(&self, network: Network, browser: Option<Digest>) -> bool {
        let same_browser = self.starter.browser.is_some() && self.starter.browser == browser;
        same_browser || self.starter.network.same_as(network)
    }

    /// Whether the browser goes back to a [site](is_site) of the product.
    #[must_use]
    pub fn returns_to_site(&self) -> bool {
        self.return_to.as_deref().is_some_and(is_site)
    }

    /// Whether the token goes to another client than the one that finished, as with a QR code or an address that was
    /// passed on. Where it returns to the product's site, it goes to the browser that finished.
    #[must_use]
    pub fn is_cross_device(&self, collector: Network) -> bool {
        let finished = self.finished_by.as_ref();
        !self.returns_to_site()
            && finished.is_some_and(|by| !by.same_client && !by.network.same_as(collector))
    }

    /// Whether the person has to confirm before anything is handed out (contract, "Who may collect the token").
    #[must_use]
    pub fn needs_confirmation(
        &self,
        policy: ConfirmPolicy,
        network: Network,
        browser: Option<Digest>,
    ) -> bool {
        // A sign-in that began with a code needs it, also when the city asks for none any more.
        if self.code_tries.is_some() {
            return true;
        }
        let same_client = self.is_started_by(network, browser);
        if self.link.is_some() {
            // A person who finishes it elsewhere would add their own identity to somebody else's account.
            return matches!(policy, ConfirmPolicy::Always | ConfirmPolicy::Code) || !same_client;
        }
        match policy {
            ConfirmPolicy::Always | ConfirmPolicy::Code => true,
            ConfirmPolicy::Never => false,
            ConfirmPolicy::Auto => !self.returns_to_site() && !same_client,
        }
    }

    /// Checks the PKCE verifier (RFC 7636 §4.6): it belongs to the challenge that the attempt was started with.
    ///
    /// # Errors
    /// A [`Refusal`]; the attempt is left as it is.
    pub fn check_verifier(&self, verifier: Option<&str>) -> Result<(), Refusal> {
        match (&self.challenge, verifier) {
            (None, None) => Ok(()),
            (Some(_), None) => Err(Refusal::VerifierMissing),
            (Some(challenge), Some(verifier)) if challenge.accepts(verifier) => Ok(()),
            // A client that relies on PKCE must not take a sign-in that was started without (RFC 9700 §2.1.1).
            (_, Some(_)) => Err(Refusal::VerifierWrong),
        }
    }

    /// Checks what a caller must always show, however the attempt stands.
    ///
    /// # Errors
    /// A [`Refusal`]; the attempt is left as it is.
    pub fn check_caller(&self, proof: Proof<'_>) -> Result<(), Refusal> {
        self.check_verifier(proof.code_verifier)?;
        match proof.login_code {
            Some(false) => Err(Refusal::LoginCodeWrong),
            _ => Ok(()),
        }
    }

    /// Checks whether this caller may have the token. Call [`Attempt::check_caller`] first.
    ///
    /// Without PKCE and `return_to` the only thing that a caller knows is `state`, which travelled through
    /// the browser and the provider. So such a token goes only to the client that started the attempt.
    ///
    /// # Errors
    /// A [`Refusal`]; the attempt is left as it is.
    pub fn check_collector(&self, proof: Proof<'_>) -> Result<(), Refusal> {
        if self.return_to.is_some() && proof.login_code.is_none() {
            return Err(Refusal::LoginCodeMissing);
        }
        if self.challenge.is_some() || self.return_to.is_some() {
            return Ok(());
        }
        if self.is_started_by(proof.network, proof.browser) { Ok(()) } else { Err(Refusal::OtherClient) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(stage: Stage) -> Attempt {
        Attempt {
            attempt_id: AttemptId::trusted("a".into()),
            city_id: CityId::trusted("c".into()),
            provider: "wechat".into(),
            app_id: "wx0123456789abcdef".into(),
            redirect_uri: "https://x.example/cb".into(),
            return_to: None,
            challenge: None,
            lang: Lang::En,
            starter: Starter { network: home(), agent: String::new(), browser: None },
            link: None,
            refreshable: false,
            code_tries: None,
            claimed_code: None,
            finisher: None,
            finished_by: None,
            stage,
            created_at: Timestamp(0),
            expires_at: Timestamp(0).plus(LIFETIME),
        }
    }

    fn home() -> Network {
        Network::parse("192.0.2.1").unwrap()
    }

    fn away() -> Network {
        Network::parse("198.51.100.1").unwrap()
    }

    fn proof(network: Network) -> Proof<'static> {
        Proof { code_verifier: None, login_code: None, network, browser: None }
    }

    #[test]
    fn nobody_waits_for_ever() {
        let waiting = attempt(Stage::Waiting);
        assert_eq!(waiting.standing(Timestamp(599_999)), Standing::Pending);
        assert_eq!(waiting.standing(Timestamp(600_000)), Standing::Expired);
        let stuck = attempt(Stage::Exchanging { since: Timestamp(0) });
        assert_eq!(stuck.standing(Timestamp(19_999)), Standing::Pending);
        assert_eq!(stuck.standing(Timestamp(20_000)), Standing::Failed(Failure::Interrupted));
    }

    #[test]
    fn a_token_waits_a_minute_and_may_be_asked_for_again_for_one() {
        let done = |collected| {
            attempt(Stage::Done { user_id: UserId::trusted("u".into()), at: Timestamp(0), collected })
        };
        assert_eq!(done(None).standing(Timestamp(59_999)), Standing::Ready);
        assert_eq!(done(None).standing(Timestamp(60_000)), Standing::Expired);
        let collected = done(Some((Timestamp(10_000), home())));
        assert_eq!(collected.standing(Timestamp(69_999)), Standing::Ready);
        assert_eq!(collected.standing(Timestamp(70_000)), Standing::Collected);
    }

    #[test]
    fn polled_result_phished() {
        let known_state_only = attempt(Stage::Waiting);
        assert_eq!(known_state_only.check_collector(proof(away())), Err(Refusal::OtherClient));
        assert_eq!(known_state_only.check_collector(proof(home())), Ok(()));
        assert!(known_state_only.needs_confirmation(ConfirmPolicy::Auto, away(), None));
        assert!(!known_state_only.needs_confirmation(ConfirmPolicy::Auto, home(), None));
        assert!(known_state_only.needs_confirmation(ConfirmPolicy::Always, home(), None));
        assert!(!known_state_only.needs_confirmation(ConfirmPolicy::Never, away(), None));
    }

    #[test]
    fn a_code_that_was_shown_has_to_be_typed() {
        let mut shown = attempt(Stage::Waiting);
        assert!(shown.needs_confirmation(ConfirmPolicy::Code, home(), None), "in every case");
        shown.code_tries = Some(0);
        shown.return_to = Some("https://app.example/done".into());
        assert!(
            shown.needs_confirmation(ConfirmPolicy::Never, home(), None),
            "whatever the city wants by now"
        );
    }

    #[test]
    fn linking_elsewhere_is_always_asked_about() {
        let mut linking = attempt(Stage::Waiting);
        linking.link =
            Some(Link { user_id: UserId::trusted("u".into()), session_id: SessionId::trusted("s".into()) });
        linking.return_to = Some("https://app.example/done".into());
        assert!(linking.needs_confirmation(ConfirmPolicy::Never, away(), None));
        assert!(linking.needs_confirmation(ConfirmPolicy::Auto, away(), None));
        assert!(!linking.needs_confirmation(ConfirmPolicy::Auto, home(), None));
    }

    #[test]
    fn a_token_for_another_client_than_the_one_that_finished_is_cross_device() {
        let mut finished = attempt(Stage::Waiting);
        assert!(!finished.is_cross_device(home()), "before anybody finished");
        let by = |network, same_client| Some(Finisher { network, agent: String::new(), same_client });
        finished.finished_by = by(away(), false);
        assert!(finished.is_cross_device(home()));
        assert!(!finished.is_cross_device(away()), "who finished collects it, too");
        finished.return_to = Some("https://app.example/done".into());
        assert!(!finished.is_cross_device(home()), "the browser that finished carries the code");
        finished.return_to = None;
        finished.finished_by = by(away(), true);
        assert!(!finished.is_cross_device(home()), "the browser that started, on another network");
    }

    #[test]
    fn a_code_on_a_loopback_address_may_be_handed_over() {
        let mut program = attempt(Stage::Waiting);
        program.return_to = Some("http://127.0.0.1:51234/downcity".into());
        assert!(program.needs_confirmation(ConfirmPolicy::Auto, away(), None), "nobody may listen there");
        assert!(!program.needs_confirmation(ConfirmPolicy::Auto, home(), None));
        program.finished_by = Some(Finisher { network: away(), agent: String::new(), same_client: false });
        assert!(program.is_cross_device(home()) && !program.is_cross_device(away()));
        program.return_to = Some("https://app.example/done".into());
        assert!(!program.needs_confirmation(ConfirmPolicy::Auto, away(), None), "the product takes it");
    }

    #[test]
    fn no_cookie_is_not_the_same_browser() {
        assert!(attempt(Stage::Waiting).needs_confirmation(ConfirmPolicy::Auto, away(), None));
        let mut with_cookie = attempt(Stage::Waiting);
        with_cookie.starter.browser = Some(Digest::of("cookie"));
        assert!(!with_cookie.needs_confirmation(ConfirmPolicy::Auto, away(), Some(Digest::of("cookie"))));
        assert!(with_cookie.needs_confirmation(ConfirmPolicy::Auto, away(), Some(Digest::of("other"))));
    }

    #[test]
    fn pkce_is_never_skipped() {
        let mut bound = attempt(Stage::Waiting);
        bound.challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(bound.check_caller(proof(home())), Err(Refusal::VerifierMissing));
        let wrong =
            Proof { code_verifier: Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXx"), ..proof(home()) };
        assert_eq!(bound.check_caller(wrong), Err(Refusal::VerifierWrong));
        let right =
            Proof { code_verifier: Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), ..proof(away()) };
        assert_eq!(bound.check_caller(right), Ok(()));
        assert_eq!(bound.check_collector(right), Ok(()));
    }

    #[test]
    fn return_to_needs_the_code_that_the_browser_brought() {
        let mut returning = attempt(Stage::Waiting);
        returning.return_to = Some("https://app.example/done".into());
        assert_eq!(returning.check_collector(proof(home())), Err(Refusal::LoginCodeMissing));
        let wrong = Proof { login_code: Some(false), ..proof(home()) };
        assert_eq!(returning.check_caller(wrong), Err(Refusal::LoginCodeWrong));
    }
}
