//! A proxy with TLS in front of a Federation, as nginx would be: real certificates, real connections, and every way
//! to pass a request on wrongly.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the proxy does with requests.
#[derive(Clone)]
pub(crate) enum Pass {
    /// To this address, with these headers in place of those of the same name.
    To(String, Vec<(&'static str, String)>),
    /// To this address, but not what begins with the path.
    ToBut(String, &'static str),
    /// Answered by the proxy itself.
    Answer(&'static str),
}

/// A certificate: for which name, from when until when, counted in days from now.
pub(crate) struct Cert {
    pub(crate) name: &'static str,
    pub(crate) days: (i64, i64),
}

impl Cert {
    pub(crate) const GOOD: Self = Self { name: "localhost", days: (-1, 90) };
}

/// The proxy.
pub(crate) struct Proxy {
    pub(crate) url: String,
    /// The CA to trust.
    pub(crate) ca: PathBuf,
    pass: Arc<Mutex<Pass>>,
    requests: Arc<AtomicUsize>,
    _dir: tempfile::TempDir,
}

impl Proxy {
    pub(crate) async fn start(cert: Cert) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let dir = tempfile::tempdir().unwrap();
        let (ca, acceptor) = certified(&cert);
        let path = dir.path().join("ca.pem");
        std::fs::write(&path, ca).unwrap();
        let pass =
            Arc::new(Mutex::new(Pass::Answer("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")));
        let told = Arc::clone(&pass);
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, pass) = (acceptor.clone(), told.lock().unwrap().clone());
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    // A handshake that the other side breaks off is what some tests are about.
                    if let Ok(stream) = acceptor.accept(stream).await
                        && serve(stream, &pass).await
                    {
                        counted.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        Self { url, ca: path, pass, requests, _dir: dir }
    }

    /// How many requests came through.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, pass: Pass) {
        *self.pass.lock().unwrap() = pass;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "certificates are made for the machine's clock, which TLS looks at"
)]
fn certified(cert: &Cert) -> (String, TlsAcceptor) {
    let day = |days: i64| {
        let span = Duration::from_secs(days.unsigned_abs() * 86_400 + 3600);
        let now = SystemTime::now();
        if days < 0 { now - span } else { now + span }
    };
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec![cert.name.to_owned()]).unwrap();
    (leaf.not_before, leaf.not_after) = (day(cert.days.0).into(), day(cert.days.1).into());
    let leaf = leaf.signed_by(&key, &root).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], private)
            .unwrap();
    (root.pem(), TlsAcceptor::from(Arc::new(config)))
}

/// One request on a connection, and its answer; false where none came.
async fn serve(mut stream: tokio_rustls::server::TlsStream<TcpStream>, pass: &Pass) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return false };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let answer = match pass {
        Pass::Answer(answer) => answer.as_bytes().to_vec(),
        Pass::ToBut(_, not) if path.starts_with(not) => {
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()
        }
        Pass::ToBut(base, _) => forward(base, &head, &[("x-forwarded-for", "203.0.113.7".to_owned())]).await,
        Pass::To(base, headers) => forward(base, &head, headers).await,
    };
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
    true
}

async fn forward(base: &str, head: &str, headers: &[(&'static str, String)]) -> Vec<u8> {
    let mut lines: Vec<String> = head
        .trim_end()
        .split("\r\n")
        .filter(|line| {
            let name = line.split(':').next().unwrap().to_ascii_lowercase();
            name != "connection" && !headers.iter().any(|(other, _)| *other == name)
        })
        .map(str::to_owned)
        .collect();
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push("connection: close".to_owned());
    let request = format!("{}\r\n\r\n", lines.join("\r\n"));
    let mut server = TcpStream::connect(base.strip_prefix("http://").unwrap()).await.unwrap();
    server.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = server.read_to_end(&mut answer).await;
    answer
}
