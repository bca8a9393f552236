//! Starts `fed serve` as a real process on a free port and stops it when the test is over.

mod cluster;
mod collector;
mod disk;
mod front;
mod nodes;
mod process;
mod records;
mod relay;
mod wechat;

pub(crate) use cluster::{Cluster, Flow, Wire};
pub(crate) use collector::{Collector, Spy, text};
pub(crate) use disk::Disk;
pub(crate) use front::{Front, Identity, changed, free_port, shipped};
pub(crate) use nodes::{Nodes, SignIn, field};
pub(crate) use process::{fed, http, read, run, said};
pub(crate) use records::{nobody_is_half_made, none};
pub(crate) use relay::{Mailbox, Relay};
pub(crate) use wechat::wechat_with;

use downcity::{Admin, Federation, SecretString};
use process::{collect, deaf_fed, fed_with_files};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a start may take before the test gives up; the machine may be busy with other builds.
const PATIENCE: Duration = Duration::from_secs(30);
/// What `fed serve` prints before its address once it listens.
pub(crate) const READY: &str = "ready: listening on ";

/// How a Federation is started. The default: SQLite in a fresh folder, a free port, no simulator.
#[derive(Default)]
pub(crate) struct Setup {
    args: Vec<String>,
    env: Vec<(String, String)>,
    folder: Option<Arc<TempDir>>,
    deaf_to: Option<&'static str>,
    files: Option<u64>,
    usual_drain: bool,
}

impl Setup {
    /// Further arguments of `fed serve`.
    pub(crate) fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.args.extend(args.into_iter().map(str::to_owned));
        self
    }

    /// A variable of the process's environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The simulator at this address in WeChat's place.
    pub(crate) fn simulator(self, base: &str) -> Self {
        self.args(["--wechat-simulator", base])
    }

    /// A PostgreSQL database in SQLite's place.
    pub(crate) fn database_url(self, url: &str) -> Self {
        self.env("FED_DATABASE_URL", url)
    }

    /// The folder of another Federation, for instance one that was killed.
    pub(crate) fn folder(mut self, folder: &Arc<TempDir>) -> Self {
        self.folder = Some(Arc::clone(folder));
        self
    }

    /// A signal is ignored unless it asks for it.
    pub(crate) fn deaf_to(mut self, signal: &'static str) -> Self {
        self.deaf_to = Some(signal);
        self
    }

    /// The system gives it so many open files at the most.
    pub(crate) fn files(mut self, most: u64) -> Self {
        self.files = Some(most);
        self
    }

    /// As long a stop as by default, in place of none.
    pub(crate) fn without_drain_option(mut self) -> Self {
        self.usual_drain = true;
        self
    }

    /// Starts it and waits until it listens.
    pub(crate) fn start(self) -> Fed {
        self.start_on("127.0.0.1:0")
    }

    /// The same on an address of its own, for instance that of one that was stopped: tokens name it.
    pub(crate) fn start_on(self, listen: &str) -> Fed {
        let folder = self.folder.clone().unwrap_or_else(|| Arc::new(TempDir::new().expect("a temp folder")));
        let mut command = match (self.files, self.deaf_to) {
            (Some(most), _) => fed_with_files(most),
            (None, Some(signal)) => deaf_fed(signal),
            (None, None) => fed(),
        };
        command.args(["serve", "--listen", listen, "--data"]).arg(folder.path().join("data"));
        if !self.usual_drain {
            // Where a test is about stopping, it says so.
            command.env("FED_DRAIN", "0s");
        }
        command.args(&self.args).envs(self.env.iter().map(|(name, value)| (name, value)));
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("fed serve starts");
        let (output, first) = collect(child.stdout.take().expect("a pipe"));
        let (log, second) = collect(child.stderr.take().expect("a pipe"));
        let readers = vec![first, second];
        let mut fed = Fed { child, folder, setup: self, output, log, readers, url: String::new() };
        fed.url = fed.wait_for_address();
        fed
    }
}

/// A running `fed serve`. Dropping it kills it.
pub(crate) struct Fed {
    child: Child,
    folder: Arc<TempDir>,
    setup: Setup,
    output: Arc<Mutex<String>>,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    url: String,
}

impl Fed {
    /// With the defaults of [`Setup`].
    pub(crate) fn start() -> Self {
        Setup::default().start()
    }

    /// Its address, without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A number of `/proc/PID/status`, for instance `VmRSS` in KiB.
    pub(crate) fn measure(&self, name: &str) -> u64 {
        let status = read(format!("/proc/{}/status", self.pid()).as_ref());
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("a number")
    }

    /// How many files and connections it has open.
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("it runs").count()
    }

    /// Its data folder, with the keys and, on SQLite, the database.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The temporary folder round the data folder; kept as long as somebody holds it.
    pub(crate) fn folder(&self) -> &Arc<TempDir> {
        &self.folder
    }

    /// What it printed so far on standard output.
    pub(crate) fn output(&self) -> String {
        self.output.lock().expect("not poisoned").clone()
    }

    /// What it logged so far on standard error.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("not poisoned").clone()
    }

    /// The admin key that the first start made.
    pub(crate) fn admin_key(&self) -> String {
        read(&self.data().join("admin.key")).trim().to_owned()
    }

    /// The Rust client at its address.
    pub(crate) fn client(&self) -> Federation {
        Federation::new(&self.url).expect("a good address")
    }

    /// The Rust client with the admin key.
    pub(crate) fn admin(&self) -> Admin {
        self.client().admin(SecretString::from(self.admin_key()))
    }

    /// A `fed` command against this Federation; the admin key comes from its data folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = fed();
        command.args(args).args(["--url", &self.url, "--data"]).arg(self.data());
        command
    }

    /// Runs such a command and expects success; answers its standard output.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        self.run_with(args, "")
    }

    /// The same with something on standard input.
    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> String {
        let output = run(self.command(args), input);
        assert!(output.status.success(), "fed {args:?} failed: {}", said(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.read_to_the_end();
    }

    /// SIGTERM, and does not wait.
    pub(crate) fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// SIGTERM, and waits for the end.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.terminate();
        self.ended()
    }

    /// Waits for the end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                self.read_to_the_end();
                return status;
            }
            assert!(Instant::now() < end, "fed serve did not stop: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills it if it still runs and starts it again with the same data, on the same port.
    pub(crate) fn restart(mut self) -> Self {
        self.kill();
        let listen = self.url.trim_start_matches("http://").to_owned();
        let setup = std::mem::take(&mut self.setup);
        setup.folder(&self.folder).start_on(&listen)
    }

    /// What a process wrote last may still be on its way when it is gone.
    fn read_to_the_end(&mut self) {
        for reader in self.readers.drain(..) {
            reader.join().expect("nothing panics there");
        }
    }

    fn wait_for_address(&mut self) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(url) = self.output().lines().find_map(|line| line.strip_prefix(READY)) {
                let address = url.trim_start_matches("http://");
                TcpStream::connect(address).expect("it listens where it says");
                return url.to_owned();
            }
            let ended = self.child.try_wait().expect("a child");
            assert!(
                ended.is_none() && Instant::now() < end,
                "fed serve did not start: {}{}",
                self.output(),
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Fed {
    fn drop(&mut self) {
        self.kill();
    }
}
