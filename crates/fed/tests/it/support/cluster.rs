//! A PostgreSQL server of a test's own, which may be stopped and killed, and a way to a server that can be cut.

use super::disk;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

/// A server in a temporary folder. Dropping it stops it.
pub(crate) struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    options: String,
    /// Whether its tables are on a disk that may be full.
    small: bool,
}

impl Cluster {
    /// Makes a server with these options and starts it.
    pub(crate) fn start(options: &str) -> Self {
        let cluster = Self::placed(options);
        cluster.run("initdb", &["-A", "trust", "-U", "postgres", "--no-sync"]);
        cluster.resume();
        cluster
    }

    /// A server whose tables are on a disk that may be full. Its log is on another.
    pub(crate) fn on_a_small_disk() -> Self {
        let mut cluster = Self::placed("");
        cluster.small = true;
        std::fs::copy(disk::layer(), cluster.folder.path().join("disk.so")).unwrap();
        cluster.run("initdb", &["-A", "trust", "-U", "postgres", "--no-sync"]);
        cluster.resume();
        cluster
    }

    pub(crate) fn set_full(&self, on: bool) {
        let flag = self.folder.path().join("full");
        if on { std::fs::write(flag, "").unwrap() } else { std::fs::remove_file(flag).unwrap() }
    }

    /// A replica of this server, which from now on confirms only what the replica has applied.
    pub(crate) fn standby(&self) -> Self {
        let standby = Self::placed("");
        let (port, data) = (self.port.to_string(), standby.folder.path().join("data"));
        let data = data.to_str().unwrap();
        standby.run(
            "pg_basebackup",
            &["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-D", data, "-R", "-c", "fast"],
        );
        standby.resume();
        self.sql("alter system set synchronous_standby_names = '*'");
        self.sql("alter system set synchronous_commit = 'remote_apply'");
        self.sql("select pg_reload_conf()");
        standby
    }

    /// Makes a replica the one that takes changes.
    pub(crate) fn promote(&self) {
        self.run("pg_ctl", &["-w", "promote"]);
    }

    /// Runs a statement.
    pub(crate) fn sql(&self, statement: &str) {
        let port = self.port.to_string();
        self.run("psql", &["-X", "-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-c", statement]);
    }

    /// A place for a server.
    fn placed(options: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let installed =
            std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed (see ./test)");
        let programs = installed.map(|version| version.unwrap().path().join("bin")).max().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let options = format!("-p {port} -c listen_addresses=127.0.0.1 -c fsync=off {options}");
        let cluster = Self { folder, programs, port, options, small: false };
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(cluster.folder.path()).status().unwrap();
            assert!(owned.success());
        }
        cluster
    }

    /// Starts it again.
    pub(crate) fn resume(&self) {
        let folder = self.folder.path().display();
        let options = format!("{} -k {folder}", self.options);
        let log = format!("{folder}/log");
        self.run("pg_ctl", &["-w", "-l", &log, "-o", &options, "start"]);
    }

    /// Stops it: `fast` in good order, `immediate` as a crash does.
    pub(crate) fn stop(&self, how: &str) {
        self.run("pg_ctl", &["-w", "-m", how, "stop"]);
    }

    /// Its address, for `FED_DATABASE_URL`.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn run(&self, program: &str, args: &[&str]) {
        let done = self.command(program, args).status().unwrap();
        assert!(done.success(), "{program} {args:?}");
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let path = self.programs.join(program);
        // PostgreSQL does not run as root.
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        if self.small {
            // PostgreSQL names its tables from its own folder.
            let beside = |name| self.folder.path().join(name);
            command.env("LD_PRELOAD", beside("disk.so")).env("DISK_FOLDER", "base/");
            command.env("DISK_FULL", beside("full"));
        }
        command.args(args).env("PGDATA", self.folder.path().join("data")).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.command("pg_ctl", &["-w", "-m", "immediate", "stop"]).status();
    }
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// What becomes of bytes on a [`Wire`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// They pass.
    Open,
    /// They stay where they are, and nobody is told.
    Stalled,
    /// They pass so much later.
    Late(Duration),
    /// Connections end, and new ones end at once.
    Cut,
}

/// A way to a server.
pub(crate) struct Wire {
    pub(crate) port: u16,
    flow: Arc<watch::Sender<Flow>>,
}

impl Wire {
    /// Opens one to a server on this machine.
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let flow = Arc::new(watch::Sender::new(Flow::Open));
        let heard = Arc::clone(&flow);
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                let ((from, to), (back_from, back_to)) = (near.into_split(), far.into_split());
                tokio::spawn(carry(from, back_to, heard.subscribe()));
                tokio::spawn(carry(back_from, to, heard.subscribe()));
            }
        });
        Self { port: own, flow }
    }

    pub(crate) fn set(&self, flow: Flow) {
        self.flow.send_replace(flow);
    }
}

async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut flow: watch::Receiver<Flow>,
) {
    let mut cut = flow.clone();
    // What is under way does not hold up what follows it.
    let (on_its_way, mut arriving) = tokio::sync::mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let sent = async move {
        let mut piece = [0; 8192];
        loop {
            let length = from.read(&mut piece).await.unwrap_or(0);
            let delay = match flow.wait_for(|flow| *flow != Flow::Stalled).await.map(|flow| *flow) {
                Ok(Flow::Late(delay)) => delay,
                _ => Duration::ZERO,
            };
            if length == 0 || on_its_way.send((Instant::now() + delay, piece[..length].to_vec())).is_err() {
                break;
            }
        }
    };
    let arrived = async move {
        while let Some((when, piece)) = arriving.recv().await {
            tokio::time::sleep_until(when).await;
            if to.write_all(&piece).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        _ = async { tokio::join!(sent, arrived) } => {}
        _ = cut.wait_for(|flow| *flow == Flow::Cut) => {}
    }
}
