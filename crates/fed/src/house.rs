//! Wires the rooms together: store, outside world, service, door. What `serve`, `dev` and `demo` share.

use crate::door;
use crate::keys;
use crate::master::{self, MASTER_KEY, Source};
use crate::problem::Problem;
use crate::screen;
use downcity_http::{Adopt, Door, Listening, Serves};
use downcity_providers::Outside;
use downcity_service::seams::{SystemClock, SystemRandom};
use downcity_service::vault::VaultError;
use downcity_service::{Federation, OpenError, Parts, Premises, Settings, StoreOpenError};
use downcity_store::Store;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The database's file in the data folder.
pub(crate) const DATABASE: &str = "fed.db";
/// The admin key's file in the data folder.
pub(crate) const ADMIN_KEY: &str = "admin.key";

/// What a house is built from.
pub(crate) struct Plan {
    /// The folder for keys and the SQLite database.
    pub(crate) data: PathBuf,
    /// PostgreSQL in place of SQLite.
    pub(crate) database_url: Option<SecretString>,
    /// The way past a pooler to that.
    pub(crate) database_direct_url: Option<SecretString>,
    /// Where the master key comes from.
    pub(crate) master_key: Source,
    /// What the service needs to know.
    pub(crate) settings: Settings,
    /// Proxies that are believed.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Where WeChat is.
    pub(crate) outside: Arc<Outside>,
}

/// An open Federation, and what its first start made.
pub(crate) struct House {
    /// The stories.
    pub(crate) federation: Arc<Federation>,
    /// The master key's file, if this is the first start with it. That it was made may be longer ago: in a start that
    /// failed later, and told nobody.
    pub(crate) new_master_key: Option<PathBuf>,
    /// The admin key, if it was made just now, and its file where that could be written.
    pub(crate) new_admin_key: Option<(SecretString, Option<PathBuf>)>,
    trusted_proxies: Vec<IpNet>,
}

impl House {
    /// Opens the store and the Federation, and makes the keys that a first start needs.
    pub(crate) async fn open(plan: Plan) -> Result<Self, Problem> {
        keys::make_folder(&plan.data)?;
        // Where it may not answer, a key is made only after it has: nothing is left of a start that reached nobody.
        let answered = match &plan.master_key {
            Source::Own(path) if plan.database_url.is_some() && !path.exists() => {
                Some(open_store(&plan).await?)
            }
            _ => None,
        };
        let made = make_master_key(&plan)?;
        let federation = open(&plan, answered, made.as_deref()).await?;
        let new_admin_key = admin_key(&federation, &plan.data).await?;
        let new_master_key = match &plan.master_key {
            Source::Own(path) if new_admin_key.is_some() => Some(path.clone()),
            _ => made,
        };
        Ok(Self { federation, new_master_key, new_admin_key, trusted_proxies: plan.trusted_proxies })
    }

    /// Opens the door, or with a listener for the workspace alone two, and starts housekeeping. `adopt` is for callers
    /// that are trusted to say which trace a request belongs to.
    pub(crate) fn serve(
        &self,
        listener: TcpListener,
        admin_listener: Option<TcpListener>,
        metrics_listener: Option<TcpListener>,
        adopt: Option<Adopt>,
    ) -> Result<Serving, Problem> {
        let federation = Arc::clone(&self.federation);
        let open = |listener, serves| {
            let (federation, trusted_proxies) = (Arc::clone(&federation), self.trusted_proxies.clone());
            door::open(listener, &downcity_http::app(Door { federation, trusted_proxies, serves, adopt }))
        };
        let apart = admin_listener.is_some();
        let door = open(listener, if apart { Serves::AllButWorkspace } else { Serves::Everything })?;
        let admin_door = admin_listener.map(|listener| open(listener, Serves::WorkspaceAlone)).transpose()?;
        let metrics_door =
            metrics_listener.map(|listener| open(listener, Serves::MetricsAlone)).transpose()?;
        let keeping = tokio::spawn(Arc::clone(&federation).keep_house());
        Ok(Serving { federation, door, admin_door, metrics_door, keeping })
    }
}

/// Opens the stories of a Federation that has been started before, for a command that works on its database
/// without a door. Makes neither folder nor keys.
pub(crate) async fn open_stories(plan: Plan) -> Result<Arc<Federation>, Problem> {
    let database = plan.data.join(DATABASE);
    if plan.database_url.is_none() && !database.exists() {
        let what = format_args!("no Federation is here: there is no {}", database.display());
        return Err(
            Problem::usage(what).next("start it once with `fed serve`, or name its folder with --data")
        );
    }
    open(&plan, None, None).await
}

/// A Federation that answers requests.
pub(crate) struct Serving {
    federation: Arc<Federation>,
    door: Listening,
    admin_door: Option<Listening>,
    metrics_door: Option<Listening>,
    keeping: JoinHandle<()>,
}

impl Serving {
    /// Is not ready any more but serves for as long as `grace`, then ends running requests, then lets the store write
    /// what is queued. `hurry` ends all but the last.
    pub(crate) async fn close(self, grace: Duration, hurry: impl Future<Output = ()>) {
        let hurried = CancellationToken::new();
        let hurrying = async {
            hurry.await;
            hurried.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = self.close_in_order(grace, &hurried) => {}
            () = hurrying => {}
        }
    }

    async fn close_in_order(self, grace: Duration, hurried: &CancellationToken) {
        self.federation.leave();
        // An error means that it took as long as it may.
        let _ = tokio::time::timeout(grace, hurried.cancelled()).await;
        let admin_door = async { Some(self.admin_door?.close(hurried.cancelled()).await) };
        let doors = tokio::join!(self.door.close(hurried.cancelled()), admin_door);
        let metrics_door = match self.metrics_door {
            // Measured to the end; nobody is hurt by a scrape that is cut off.
            Some(door) => Some(door.close(std::future::ready(())).await),
            None => None,
        };
        self.keeping.abort();
        let _ = self.keeping.await;
        self.federation.close(hurried.cancelled()).await;
        // Only now: what requests have begun runs on the threads of the doors.
        drop((doors, metrics_door));
    }
}

/// Makes the master key that a first start needs, where it is not to come from elsewhere; gives its file.
fn make_master_key(plan: &Plan) -> Result<Option<PathBuf>, Problem> {
    let Source::Own(path) = &plan.master_key else { return Ok(None) };
    let database = plan.data.join(DATABASE);
    if plan.database_url.is_none() && database.exists() && !path.exists() {
        // A fresh key could open nothing in there.
        let what =
            format!("{} is there, but its master key {} is missing", database.display(), path.display());
        return Err(Problem::usage(what).next("put the key back from a backup; nothing was changed"));
    }
    Ok(master::make(path)?.then(|| path.clone()))
}

/// The files of this process, as far as they are there: an admin key may lie elsewhere.
fn premises(plan: &Plan) -> Premises {
    let admin_key = Some(plan.data.join(ADMIN_KEY)).filter(|path| path.exists());
    let private_files = plan.master_key.file().map(Path::to_owned).into_iter().chain(admin_key).collect();
    Premises { data: Some(plan.data.clone()), private_files }
}

async fn open_store(plan: &Plan) -> Result<Store, Problem> {
    let store = match (&plan.database_url, &plan.database_direct_url) {
        (Some(url), None) => Store::open_postgres(url.expose_secret()).await,
        (Some(url), Some(server)) => {
            Store::open_pooled_postgres(url.expose_secret(), server.expose_secret()).await
        }
        (None, _) => Store::open_sqlite(&plan.data.join(DATABASE)).await,
    };
    store.map_err(not_opened)
}

/// `answered`: the store, where it is open already. `made`: the key's file, where this start made it.
async fn open(plan: &Plan, answered: Option<Store>, made: Option<&Path>) -> Result<Arc<Federation>, Problem> {
    // Before the database: without a key nothing is made or changed.
    let keys = plan.master_key.read().await?;
    let store = match answered {
        Some(store) => store,
        None => open_store(plan).await?,
    };
    let parts = Parts {
        settings: Settings { premises: premises(plan), ..plan.settings.clone() },
        store,
        master_keys: plan.master_key.clone().into_master_keys(keys),
        outside: Arc::clone(&plan.outside),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    };
    Federation::open(parts).await.map_err(|why| match (why, made) {
        (OpenError::Vault(VaultError::WrongMasterKey { .. }), Some(path)) => {
            // Only now is it sure that nothing was sealed with it.
            let _ = std::fs::remove_file(path);
            Problem::usage("this database belongs to a Federation that has a master key already").next(format_args!(
                "copy {MASTER_KEY} from its first node to {} (mode 0600), or name it with --master-key-file",
                path.display()
            ))
        }
        (why @ OpenError::Vault(VaultError::WrongMasterKey { .. }), None) => Problem::usage(why),
        (why, _) => Problem::new(why),
    })
}

fn not_opened(why: StoreOpenError) -> Problem {
    match why {
        // Nothing is broken: what was asked for is not there, or not yet.
        StoreOpenError::Moved { .. } => Problem::usage(why),
        StoreOpenError::Copying { .. } => Problem::unreachable(why),
        StoreOpenError::Url => Problem::usage(why).next("write --database-url (FED_DATABASE_URL) in that form"),
        StoreOpenError::TooOld { .. } => {
            Problem::usage(why).next("bring the server to a newer version, or use another one; 15 is what is tested")
        }
        StoreOpenError::Forbidden { .. } => Problem::usage(why).next(
            "give the database to that user: ALTER DATABASE name OWNER TO user; or make one for it, as an administrator \
             of the server: CREATE DATABASE fed OWNER fed",
        ),
        StoreOpenError::Occupied { .. } => Problem::usage(why)
            .next("use a database of its own: CREATE DATABASE fed OWNER fed"),
        StoreOpenError::Connect(_) => Problem::new(why).next(
            "see that PostgreSQL runs there and that this machine may connect, and look at host, port, user, password \
             and database in --database-url (FED_DATABASE_URL)",
        ),
        why => Problem::new(why),
    }
}

/// Makes the first admin key and keeps it in the data folder, where `fed` commands find it.
async fn admin_key(
    federation: &Federation,
    data: &Path,
) -> Result<Option<(SecretString, Option<PathBuf>)>, Problem> {
    let Some(key) = federation.make_first_admin_key().await.map_err(Problem::new)? else { return Ok(None) };
    let path = data.join(ADMIN_KEY);
    // The key is told only this once: whatever goes wrong with the file, it has to be shown.
    let kept = match keys::write_private(&path, key.expose_secret()) {
        Ok(true) => Some(path),
        Ok(false) => {
            screen::tell(format_args!("warning: {} holds another key and stays as it is", path.display()));
            None
        }
        Err(why) => {
            screen::tell(format_args!("warning: {} can't be written: {why}", path.display()));
            None
        }
    };
    Ok(Some((key, kept)))
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// SIGTERM, from a supervisor, or SIGHUP, from a terminal that is closed: in a way that nobody notices.
    ToStop,
    /// SIGINT, from somebody at a keyboard.
    ToStopAtOnce,
}

/// SIGTERM, SIGINT and SIGHUP.
pub(crate) struct Signals {
    term: Signal,
    int: Signal,
    /// Absent where whoever started this (nohup) wants it to outlive its terminal.
    hup: Option<Signal>,
}

impl Signals {
    /// From now on a signal is answered in an orderly way.
    pub(crate) fn listen() -> Result<Self, Problem> {
        let fault = |why| Problem::new(format_args!("signals can't be received: {why}"));
        Ok(Self {
            term: signal(SignalKind::terminate()).map_err(fault)?,
            int: signal(SignalKind::interrupt()).map_err(fault)?,
            hup: (!ignores_hangup()).then(|| signal(SignalKind::hangup())).transpose().map_err(fault)?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Asked {
        let hangup = async {
            match &mut self.hup {
                Some(hup) => hup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.term.recv() => Asked::ToStop,
            _ = hangup => Asked::ToStop,
            _ = self.int.recv() => Asked::ToStopAtOnce,
        }
    }
}

/// Whether this process was started deaf to SIGHUP, which is signal 1, as Linux tells it.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored =
        status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// The address that a listener really has.
pub(crate) fn address_of(listener: &TcpListener) -> Result<SocketAddr, Problem> {
    listener.local_addr().map_err(|why| Problem::new(format_args!("the listen address can't be read: {why}")))
}
