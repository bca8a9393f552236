//! The in-process handle: what a test or a bench does with the simulated WeChat.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use url::Url;

use crate::clock::Clock;
use crate::config::{App, Person, SimConfig};
use crate::error::SimError;
use crate::ids;
use crate::qr::Ask;
use crate::sns::Params;
use crate::switches::Switches;
use crate::world::{Call, Lives, Moment, World};

/// A simulated WeChat. Clones share it.
#[derive(Debug, Clone)]
pub struct Handle {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: SimConfig,
    base: String,
    clock: Clock,
    world: Mutex<World>,
    stopped: watch::Sender<bool>,
}

impl Handle {
    /// A simulated WeChat whose hosts are all `base` (for instance `http://127.0.0.1:4000`). It listens on
    /// nothing: serve it with [`crate::router`], start it with [`crate::Sim`], or use it without HTTP.
    pub fn new(config: SimConfig, base: &str) -> Self {
        let world = Mutex::new(World::new(&config));
        let base = base.trim_end_matches('/').to_owned();
        let stopped = watch::Sender::new(false);
        Self { inner: Arc::new(Inner { config, base, clock: Clock::default(), world, stopped }) }
    }

    /// The base URL that stands for all of WeChat's hosts, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.inner.base
    }

    /// The first app.
    ///
    /// # Panics
    /// If the simulator was configured without apps.
    pub fn app(&self) -> App {
        self.world().apps.first().cloned().expect("the simulator was configured with an app")
    }

    /// Every app.
    pub fn apps(&self) -> Vec<App> {
        self.world().apps.clone()
    }

    /// Every person.
    pub fn people(&self) -> Vec<Person> {
        self.world().people.clone()
    }

    /// Adds an app, or replaces the one with its appid.
    pub fn put_app(&self, app: App) {
        self.world().put_app(app);
    }

    /// Adds a person, or replaces the one with their id.
    pub fn put_person(&self, person: Person) {
        self.world().put_person(person);
    }

    /// The openid of a person (by id) in an app: the same at every start.
    pub fn openid(&self, person: &str, appid: &str) -> String {
        ids::openid(person, appid)
    }

    /// The unionid of a person (by id) in an Open Platform account: the same at every start.
    pub fn unionid(&self, person: &str, open_account: &str) -> String {
        ids::unionid(person, open_account)
    }

    /// Opens the QR page of an authorize URL, as a browser would, and answers the QR code's uuid.
    ///
    /// # Errors
    /// [`SimError::NotQrconnect`] for a URL elsewhere, [`SimError::Page`] where the page shows a mistake.
    pub fn open(&self, qrconnect_url: &str) -> Result<String, SimError> {
        let ask = self.ask(qrconnect_url)?;
        let at = self.moment();
        Ok(self.world().open(&ask, at)?)
    }

    /// The phone reads the QR code (poll answer 404).
    ///
    /// # Errors
    /// [`SimError`] if the session is unknown, expired or over.
    pub fn scan(&self, uuid: &str) -> Result<(), SimError> {
        let at = self.moment();
        self.world().scan(uuid, at)
    }

    /// The person (by id) taps 允许, having scanned if need be (poll answer 405). Answers the callback URL
    /// that the QR page navigates to.
    ///
    /// # Errors
    /// [`SimError`] if the session or the person is unknown, or the session is expired or over.
    pub fn allow(&self, uuid: &str, person: &str) -> Result<String, SimError> {
        let at = self.moment();
        self.world().allow(uuid, person, at)
    }

    /// The person taps 拒绝 (poll answer 403). Answers the callback URL where [`Switches::denial`] has one.
    ///
    /// # Errors
    /// [`SimError`] if the session is unknown, expired or over.
    pub fn deny(&self, uuid: &str) -> Result<Option<String>, SimError> {
        let at = self.moment();
        self.world().deny(uuid, at)
    }

    /// Browser and phone in one: opens the authorize URL, scans, allows as this person (by id), and answers
    /// the callback URL. No HTTP takes place; nothing appears in [`Handle::requests`].
    ///
    /// # Errors
    /// As [`Handle::open`] and [`Handle::allow`].
    pub fn sign_in_as(&self, qrconnect_url: &str, person: &str) -> Result<String, SimError> {
        let ask = self.ask(qrconnect_url)?;
        let at = self.moment();
        let mut world = self.world();
        let uuid = world.open(&ask, at)?;
        world.allow(&uuid, person, at)
    }

    /// The uuid of the newest QR session that was opened with this state.
    ///
    /// # Errors
    /// [`SimError::UnknownSession`] if there is none.
    pub fn uuid_by_state(&self, state: &str) -> Result<String, SimError> {
        self.world().uuid_by_state(state)
    }

    /// A fresh code of a person (by id) for an app, without any page: for benches of the exchange.
    ///
    /// # Errors
    /// [`SimError::UnknownPerson`], [`SimError::UnknownApp`].
    pub fn mint_code(&self, appid: &str, person: &str) -> Result<String, SimError> {
        let at = self.moment();
        let mut world = self.world();
        let person = world.person_index(person)?;
        world.app(appid).ok_or_else(|| SimError::UnknownApp(appid.to_owned()))?;
        Ok(world.mint_code(appid, person, at))
    }

    /// Moves the simulator's clock forward and wakes the long polls.
    pub fn advance(&self, by: Duration) {
        self.inner.clock.advance(by);
        self.world().wake_all();
    }

    /// The simulator's time in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.inner.clock.now_ms()
    }

    /// The switches as they are.
    pub fn switches(&self) -> Switches {
        self.world().switches.clone()
    }

    /// Changes switches: `sim.set(|s| s.denial = Denial::Authdeny)`.
    pub fn set(&self, change: impl FnOnce(&mut Switches)) {
        let mut world = self.world();
        change(&mut world.switches);
        world.wake_all();
    }

    /// The HTTP calls received, oldest first (at most [`SimConfig::log`] of them).
    pub fn requests(&self) -> Vec<Call> {
        self.world().log.iter().cloned().collect()
    }

    /// How many calls of an endpoint were received (`access_token`, `userinfo`, `qrconnect`, `poll` …).
    pub fn count(&self, endpoint: &str) -> usize {
        self.world().log.iter().filter(|call| call.endpoint == endpoint).count()
    }

    /// Everything as at the start: sessions, codes, tokens, log, switches, clock, apps and people.
    pub fn reset(&self) {
        self.inner.clock.reset();
        let fresh = World::new(&self.inner.config);
        // The old sessions go with the old world, which ends their long polls.
        *self.world() = fresh;
    }

    pub(crate) fn config(&self) -> &SimConfig {
        &self.inner.config
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment { now_ms: self.now_ms(), lives: Lives::from(self.inner.config.lifetimes) }
    }

    /// The memory. Never held across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.inner.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every call that is being held.
    pub(crate) fn stop_held_calls(&self) {
        self.inner.stopped.send_replace(true);
    }

    /// Returns when the simulator stops.
    pub(crate) async fn stopping(&self) {
        let mut stopped = self.inner.stopped.subscribe();
        // An error means that the sender is gone, which this handle rules out; either way it is over.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }

    fn ask(&self, qrconnect_url: &str) -> Result<Ask, SimError> {
        let elsewhere = || SimError::NotQrconnect(qrconnect_url.to_owned());
        let rest = qrconnect_url.strip_prefix(self.url()).ok_or_else(elsewhere)?;
        if !rest.starts_with('/') {
            return Err(elsewhere());
        }
        let url = Url::parse(qrconnect_url).map_err(|_| elsewhere())?;
        if !url.path().eq_ignore_ascii_case("/connect/qrconnect") {
            return Err(elsewhere());
        }
        Ok(Ask::from_params(&Params::parse(url.query().unwrap_or_default().as_bytes(), b"")))
    }
}
