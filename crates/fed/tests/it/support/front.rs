//! Programs of others in front of a Federation or beside it, in a temporary folder: nginx, Caddy, Prometheus.

use crate::support::read;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The text of a file that is shipped, by its path from the root of the project.
pub(crate) fn shipped(path: &str) -> String {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path))
}

/// The text with parts replaced; each has to be there.
pub(crate) fn changed(text: String, parts: &[(&str, &str)]) -> String {
    parts.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "`{from}` is not in {text}");
        text.replace(from, to)
    })
}

/// A certificate for localhost in a folder: its own, its key and the authority's.
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) authority: PathBuf,
}

impl Identity {
    /// Makes one.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        Self {
            certificate: write("certificate.pem", certificate.pem()),
            key: write("key.pem", key.serialize_pem()),
            authority: write("authority.pem", authority.pem()),
        }
    }
}

/// A program that runs until it is dropped.
pub(crate) struct Front {
    child: Child,
    pub(crate) folder: TempDir,
}

impl Front {
    /// Starts a program and waits until something listens at the port.
    pub(crate) fn start(mut command: Command, folder: TempDir, port: u16) -> Self {
        let log = std::fs::File::create(folder.path().join("said")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why} (see ./test)"));
        let mut front = Self { child, folder };
        let end = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = front.child.try_wait().unwrap();
            let told = read(&front.folder.path().join("said"));
            assert!(ended.is_none() && Instant::now() < end, "{command:?} does not listen: {told}");
            std::thread::sleep(Duration::from_millis(20));
        }
        front
    }

    /// The text of a file in its folder.
    pub(crate) fn file(&self, name: &str) -> String {
        read(&self.folder.path().join(name))
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // In good order first: nginx has children that would go on by themselves.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
