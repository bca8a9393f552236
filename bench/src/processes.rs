//! Processes that are measured: started on a free port, asked, watched through `/proc`, ended.

use crate::Failed;
use crate::answer::Answer;
use crate::people::{Engine, settle};
use crate::visitor::request;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Kernel clock ticks a second in `/proc`, on every Linux that we know (`getconf CLK_TCK`).
const TICKS: f64 = 100.0;

/// A server; ended when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Kept open, or the server's next line would fail.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts one of this program's own servers.
    pub(crate) fn own(role: &str) -> Result<Self, Failed> {
        Self::start(Command::new(std::env::current_exe()?).arg(role))
    }

    /// Starts `fed serve` as it ships, on any free port. Its log goes nowhere, at the usual level.
    pub(crate) fn fed(fed: &Path, data: &Path, options: &[&str]) -> Result<Self, Failed> {
        let mut command = Command::new(fed);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FED_")) {
            command.env_remove(name);
        }
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(options);
        Self::start(&mut command)
    }

    /// Waits for the line that says where it listens.
    fn start(command: &mut Command) -> Result<Self, Failed> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("a server without standard output")?);
        let mut line = String::new();
        loop {
            line.clear();
            if stdout.read_line(&mut line)? == 0 {
                child.kill()?;
                child.wait()?;
                return Err(format!("{:?} ended before it listened", command.get_program()).into());
            }
            if let Some((_, address)) = line.split_once("listening on http://") {
                let address = address.trim().parse()?;
                return Ok(Self { child, address, _stdout: stdout });
            }
        }
    }

    /// Asks once, on a connection of its own; gives status and body.
    pub(crate) fn ask(&self, line: &str, bearer: &str, body: &str) -> Result<(u16, String), Failed> {
        let mut stream = TcpStream::connect(self.address)?;
        let bytes = exchange(&mut stream, &request(self.address, line, bearer, body))?;
        let answer = Answer::read(&bytes).ok_or("half an answer")?;
        Ok((answer.status, String::from_utf8_lossy(answer.body).into_owned()))
    }

    /// Asks for something that must succeed.
    pub(crate) fn must(&self, line: &str, bearer: &str, body: &str) -> Result<String, Failed> {
        match self.ask(line, bearer, body)? {
            (200, body) => Ok(body),
            (status, body) => Err(format!("{line} answered {status} {body}").into()),
        }
    }

    /// Seconds of processor time that the process has used, in user space and in the kernel.
    pub(crate) fn processor_seconds(&self) -> Result<f64, Failed> {
        let stat = self.proc("stat")?;
        // The name in brackets may hold spaces; utime and stime are the 14th and 15th fields (proc(5)).
        let fields: Vec<&str> =
            stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').collect()).unwrap_or_default();
        let [user, system] = [11, 12].map(|at| fields.get(at).and_then(|ticks| ticks.parse::<f64>().ok()));
        Ok((user.ok_or("no utime")? + system.ok_or("no stime")?) / TICKS)
    }

    /// Resident memory in MiB.
    pub(crate) fn resident(&self) -> Result<f64, Failed> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }

    fn proc(&self, file: &str) -> Result<String, Failed> {
        Ok(std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request and reads until there is a whole answer.
pub(crate) fn exchange(stream: &mut TcpStream, request: &[u8]) -> Result<Vec<u8>, Failed> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(request)?;
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    while Answer::read(&bytes).is_none() {
        match stream.read(&mut chunk)? {
            0 => return Err("the server closed the connection before it had answered".into()),
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
    Ok(bytes)
}

/// A folder on the disk that holds the build, gone when dropped: a memory file system would flatter.
pub(crate) fn scratch() -> Result<tempfile::TempDir, Failed> {
    let beside = std::env::current_exe()?;
    let folder = beside.parent().ok_or("a program without a folder")?;
    Ok(tempfile::Builder::new().prefix("bench-data-").tempdir_in(folder)?)
}

/// A Federation on its own data, with the fake WeChat set up.
pub(crate) struct Federation {
    pub(crate) server: Server,
    _wechat: Server,
    _data: tempfile::TempDir,
}

impl Federation {
    /// With this many people who have signed in before.
    pub(crate) fn start(fed: &Path, engine: Engine, people: i64) -> Result<Self, Failed> {
        let wechat = Server::own("fake-wechat")?;
        let data = scratch()?;
        if engine == Engine::Sqlite {
            // A database that is there without its keys is never served: the first start makes both.
            drop(Server::fed(fed, data.path(), &[])?);
        }
        let database = settle(engine, data.path(), people)?;
        let simulator = format!("http://{}", wechat.address);
        let mut options = vec!["--wechat-simulator", simulator.as_str(), "--starts-per-minute", "0"];
        if let Some(database) = &database {
            options.extend(["--database-url", database.as_str()]);
        }
        let server = Server::fed(fed, data.path(), &options)?;
        let key = std::fs::read_to_string(data.path().join("admin.key"))?;
        // It must be their database, and no other one, that is measured.
        let users = server.must("GET /v1/accounts/users", key.trim(), "")?;
        if users.contains("user_settled") != (people > 0) {
            return Err(format!("of {people} people the server knows {users}").into());
        }
        let secret = "0123456789abcdef".repeat(2);
        for (name, value) in
            [("WECHAT_CLIENT_ID", "wx0123456789abcdef"), ("WECHAT_CLIENT_SECRET", secret.as_str())]
        {
            let body = format!(r#"{{"key":"{name}","value":"{value}"}}"#);
            server.must("POST /v1/env/upsert", key.trim(), &body)?;
        }
        Ok(Self { server, _wechat: wechat, _data: data })
    }
}
