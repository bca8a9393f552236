//! The Federation: everything the stories share, and how it is opened.

use crate::breaker::Breakers;
use crate::directory::{Directory, ReadError};
use crate::doctor::Reports;
use crate::hasher::Hasher;
use crate::keys::{KeyError, TokenKeys};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::seams::{Clock, Random};
use crate::vault::{MasterKeys, Vault, VaultError};
use crate::wake::Waiters;
use arc_swap::ArcSwap;
use downcity_core::id::{DEFAULT_CITY, Sequence};
use downcity_core::{City, CityId, CityStatus, ConfirmPolicy, Timestamp};
use downcity_providers::Outside;
use downcity_store::{Engine, PeopleNumbers, Store, StoreError};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;
use url::Url;

/// What is still under way when the node stops is waited for so long: more than servers need for a mail or a delivery.
const LAST_TASKS: Duration = Duration::from_secs(25);

/// What is fixed while the process runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Federation's real address, without a path.
    pub public_url: Url,
    /// Further public addresses that requests may come in on.
    pub other_urls: Vec<Url>,
    /// How long a `user_token` and its session live.
    pub token_life: Duration,
    /// Sign-ins that one network address may start in a minute; 0 switches the limit off.
    pub starts_per_minute: u32,
    /// Lets anybody on this machine sign in as anybody, for development. Only where nobody else can connect.
    pub allow_local_login: bool,
    /// How long it is remembered what happened.
    pub retention: Retention,
    /// Where the process keeps its files.
    pub premises: Premises,
}

/// How long it is remembered what happened; absent means for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Events.
    pub events: Option<Duration>,
    /// Entries of the audit record.
    pub audit: Option<Duration>,
}

impl Default for Retention {
    /// A year of events and some weeks, so that a month can be laid beside last year's; the audit record for ever.
    fn default() -> Self {
        Self { events: Some(Duration::from_secs(400 * 86_400)), audit: None }
    }
}

/// Where a process keeps its files, for the doctor to look at.
#[derive(Debug, Clone, Default)]
pub struct Premises {
    /// The data folder.
    pub data: Option<PathBuf>,
    /// Files that only their owner may read.
    pub private_files: Vec<PathBuf>,
}

/// What a Federation is made of.
pub struct Parts {
    /// What is fixed while the process runs.
    pub settings: Settings,
    /// The memory.
    pub store: Store,
    /// Where the key comes from that the vault stands on.
    pub master_keys: MasterKeys,
    /// The outside world.
    pub outside: Arc<Outside>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub random: Arc<dyn Random>,
}

/// Why a Federation could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store did not answer.
    #[error("the database did not answer: {0}")]
    Store(#[from] StoreError),
    /// The master key is missing or another one, or a data key is damaged.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The settings could not be read.
    #[error("the settings in the database cannot be read: {0}")]
    Directory(#[from] ReadError),
    /// The signing keys could not be read.
    #[error("the signing keys cannot be read: {0}")]
    Keys(#[from] KeyError),
}

/// One running deployment: the stories are its methods.
pub struct Federation {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) vault: Arc<Vault>,
    pub(crate) master_keys: MasterKeys,
    /// When an unknown data key last made this node look for new ones; locked while it looks.
    pub(crate) data_keys_asked_at: tokio::sync::Mutex<i64>,
    pub(crate) outside: Arc<Outside>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    /// Of events and of the audit record, which are told in the order of their ids.
    pub(crate) ids: Sequence,
    pub(crate) directory: ArcSwap<Directory>,
    pub(crate) reloading: tokio::sync::Mutex<u64>,
    /// How often a new picture was asked for; the one above says up to which of these the present one goes.
    pub(crate) reloads_asked: std::sync::atomic::AtomicU64,
    pub(crate) token_keys: ArcSwap<TokenKeys>,
    pub(crate) reloading_keys: tokio::sync::Mutex<()>,
    /// When an unknown key last made this node look for new ones.
    pub(crate) keys_asked_at: tokio::sync::Mutex<i64>,
    pub(crate) waiters: Waiters,
    pub(crate) limits: Limits,
    pub(crate) hasher: Hasher,
    pub(crate) reports: Reports,
    pub(crate) metrics: Metrics,
    pub(crate) breakers: Breakers,
    /// Numbers of people by city, and when they were counted.
    pub(crate) numbers: tokio::sync::Mutex<HashMap<String, (Timestamp, PeopleNumbers)>>,
    /// Rung when something new lies in the outbox.
    pub(crate) outbox_bell: tokio::sync::Notify,
    /// Rung when another node changed settings.
    pub(crate) settings_bell: tokio::sync::Notify,
    /// Over when this node is about to stop.
    pub(crate) leaving: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl Federation {
    /// Opens a Federation: checks the master key, makes what a first start needs, reads the settings.
    ///
    /// # Errors
    /// See [`OpenError`]. A wrong master key changes nothing.
    pub async fn open(parts: Parts) -> Result<Arc<Self>, OpenError> {
        let Parts { settings, store, master_keys, outside, clock, random } = parts;
        let vault = Vault::unlock(&store, &master_keys, Arc::clone(&random), clock.now()).await?;
        let now = clock.now();
        if store.changes().await? == 0 {
            store.insert_city(&default_city(now), None).await?;
        }
        let token_keys = TokenKeys::open(&store, &vault, &settings.public_url, now).await?;
        let directory = Directory::read(&store, &vault, &outside).await?;
        let limits = Limits::new(settings.starts_per_minute);
        let (hasher, others) = (Hasher::new(Arc::clone(&random)), store.others());
        Ok(Arc::new(Self {
            settings,
            store,
            vault: Arc::new(vault),
            master_keys,
            data_keys_asked_at: tokio::sync::Mutex::new(0),
            ids: Sequence::default(),
            outside,
            clock,
            random,
            directory: ArcSwap::from_pointee(directory),
            reloading: tokio::sync::Mutex::new(0),
            reloads_asked: std::sync::atomic::AtomicU64::new(0),
            token_keys: ArcSwap::from_pointee(token_keys),
            reloading_keys: tokio::sync::Mutex::new(()),
            keys_asked_at: tokio::sync::Mutex::new(0),
            waiters: Waiters::default(),
            limits,
            hasher,
            reports: Reports::default(),
            metrics: Metrics::new(now, others),
            breakers: Breakers::default(),
            numbers: tokio::sync::Mutex::default(),
            outbox_bell: tokio::sync::Notify::new(),
            settings_bell: tokio::sync::Notify::new(),
            leaving: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What is fixed while the process runs.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the Federation can serve: a real read through the store. On PostgreSQL another node may reach a server that
    /// takes changes, so one whose server is read-only is not ready. There is no other node for SQLite, and a full disk is the
    /// same for all nodes: then those who only read are served.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn check_ready(&self) -> Result<(), StoreError> {
        self.store.ping().await?;
        if self.store.engine() == Engine::Postgres && !self.store.takes_writes(self.clock.now()).await {
            return Err(StoreError::TakesNoWrites("the last write was refused".into()));
        }
        Ok(())
    }

    /// Ends when the process has to be started anew, see [`Store::forsaken`].
    pub async fn forsaken(&self) {
        self.store.forsaken().await;
    }

    /// Which engine the memory stands on, and the newest step of its schema, where it tells.
    pub async fn memory(&self) -> (&'static str, Option<i64>) {
        let engine = match self.store.engine() {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
        };
        (engine, self.store.schema().await.ok().map(|schema| schema.taken))
    }

    /// This node is about to stop: it is not ready any more, and whoever waits here shall soon wait elsewhere.
    pub fn leave(&self) {
        self.leaving.cancel();
    }

    /// Whether this node is about to stop.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.leaving.is_cancelled()
    }

    /// Waits for running exchanges, mails and deliveries, but for no more than 25 seconds, then lets the store write what
    /// is queued. `hurry` ends the first.
    pub async fn close(&self, hurry: impl Future<Output = ()>) {
        self.leave();
        self.tasks.close();
        let ended = tokio::select! {
            () = self.tasks.wait() => true,
            () = tokio::time::sleep(LAST_TASKS) => false,
            () = hurry => false,
        };
        if !ended {
            warn!(tasks = self.tasks.len(), "stopping without waiting for what is still under way");
        }
        self.store.close().await;
    }

    /// Begins work that may take long, and that can be begun again: it ends unfinished, without an outcome, when this node
    /// is about to stop.
    pub(crate) fn spawn_resumable<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<Option<T>> {
        let leaving = self.leaving.clone();
        self.tasks.spawn(async move { leaving.run_until_cancelled(work).await })
    }

    /// The address the request came in on, if it is one of ours; else the main one. A `Host` that is not
    /// listed changes nothing.
    #[must_use]
    pub fn public_url_for(&self, host: Option<&str>) -> &Url {
        let listed = |url: &&Url| {
            let own_port = if url.scheme() == "https" { ":443" } else { ":80" };
            // Some proxies write the scheme's own port out.
            let host = host.map(|host| host.strip_suffix(own_port).unwrap_or(host));
            host.is_some_and(|host| authority(url).eq_ignore_ascii_case(host))
        };
        let all = std::iter::once(&self.settings.public_url).chain(&self.settings.other_urls);
        let mut all = all.filter(listed);
        all.next().unwrap_or(&self.settings.public_url)
    }

    /// The callback address to register with providers, for the given public address.
    #[must_use]
    pub fn callback_url(public: &Url) -> String {
        format!("{}/v1/accounts/oauth/callback", public.origin().ascii_serialization())
    }
}

/// Host and, where it is not the scheme's own, port, as browsers write them in `Host`.
pub(crate) fn authority(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => String::new(),
    }
}

/// The city that always exists.
fn default_city(now: Timestamp) -> City {
    City {
        city_id: CityId::trusted(DEFAULT_CITY.to_owned()),
        name: "Downcity".to_owned(),
        status: CityStatus::Active,
        allowed_origins: Vec::new(),
        allowed_redirects: Vec::new(),
        confirm: ConfirmPolicy::default(),
        created_at: now,
        updated_at: now,
    }
}
