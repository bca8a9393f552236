//! The way to a PostgreSQL server: its address, TLS and the pool.

use super::dialect;
use crate::{OLDEST_POSTGRES, OpenError};
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use futures::StreamExt;
use futures::stream::{BoxStream, poll_fn};
use rustls_platform_verifier::BuilderVerifierExt;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connections at most; PostgreSQL's own default limit for all nodes together is 100.
const POOL: usize = 16;

/// Where a database is and how to get there.
pub(crate) struct Target {
    config: Config,
    /// Absent: in clear.
    tls: Option<MakeRustlsConnect>,
}

impl Target {
    /// Reads a URL. `sslmode=disable` is in clear. `require` is TLS with the server's certificate checked
    /// against the system's roots, and so are `verify-ca` and `verify-full`: there is no unchecked TLS.
    /// `prefer` (the default) is the same where the server offers TLS, and in clear on this machine itself.
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        let url = ["verify-full", "verify-ca"]
            .iter()
            .fold(url.to_owned(), |url, mode| url.replace(&format!("sslmode={mode}"), "sslmode=require"));
        // The parser's own message is not passed on: in a malformed URL it may quote the password.
        let mut config: Config = url.parse().map_err(|_| OpenError::Url)?;
        if config.get_hosts().is_empty() || has_a_bare_at(&url) {
            return Err(OpenError::Url);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(dialect::CONNECT_TIMEOUT);
        }
        config.keepalives_idle(Duration::from_secs(30)).tcp_user_timeout(Duration::from_secs(20));
        if config.get_application_name().is_none() {
            config.application_name("downcity");
        }
        let local = config.get_hosts().iter().all(is_local);
        let clear = match config.get_ssl_mode() {
            SslMode::Disable => true,
            SslMode::Prefer => local,
            _ => false,
        };
        let tls = if clear { None } else { Some(tls()?) };
        if clear {
            config.ssl_mode(SslMode::Disable);
        }
        Ok(Self { config, tls })
    }

    /// Why it can't be reached, with the address that was tried, without user and password.
    fn unreachable(&self, cause: &dyn Error) -> OpenError {
        // There is one port for each host, or one for all.
        let ports = self.config.get_ports();
        let port = match ports {
            [] => ", port 5432".to_owned(),
            [first, rest @ ..] if rest.iter().all(|port| port == first) => format!(", port {first}"),
            ports => {
                let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
                format!(", ports {}", ports.join(", "))
            }
        };
        OpenError::Connect(format!("{}{port}, can't be reached: {}", self.place(), explain(cause)))
    }

    /// Where it is, without user and password.
    pub(crate) fn place(&self) -> String {
        let name = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        };
        let hosts: Vec<String> = self.config.get_hosts().iter().map(name).collect();
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or("postgres");
        format!("the PostgreSQL database {database} at {}", hosts.join(", "))
    }

    /// The pool; no connection is made yet. `ours`: a connection keeps what it is told, so it is told its settings.
    pub(crate) fn pool(&self, ours: bool) -> Result<Pool, OpenError> {
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match &self.tls {
            None => Manager::from_config(self.config.clone(), NoTls, how),
            Some(tls) => Manager::from_config(self.config.clone(), tls.clone(), how),
        };
        Pool::builder(manager)
            .max_size(POOL)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(dialect::CONNECT_TIMEOUT))
            .create_timeout(Some(dialect::CONNECT_TIMEOUT * 2))
            .post_create(Hook::async_fn(move |client, _| {
                Box::pin(async move {
                    let settings = if ours { dialect::SETTINGS_POSTGRES } else { "" };
                    client.batch_execute(settings).await.map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|error| self.unreachable(&error))
    }

    /// One connection outside the pool, which ends when the client is dropped.
    pub(crate) async fn single(&self) -> Result<Client, OpenError> {
        let refused = |error: tokio_postgres::Error| self.unreachable(&error);
        match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(refused)?;
                self.check_version(connection.parameter("server_version"))?;
                tokio::spawn(connection);
                Ok(client)
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await.map_err(refused)?;
                self.check_version(connection.parameter("server_version"))?;
                tokio::spawn(connection);
                Ok(client)
            }
        }
    }

    /// Refuses a server that is too old. It tells its version, such as `15.14 (Debian 15.14-0+deb12u1)`, to whoever
    /// connects.
    fn check_version(&self, version: Option<&str>) -> Result<(), OpenError> {
        // What is no number is a development version, or nobody's.
        let major = version
            .and_then(|version| version.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok());
        match (major, version) {
            (Some(major), Some(version)) if major < OLDEST_POSTGRES => {
                Err(OpenError::TooOld { place: self.place(), version: version.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// One connection whose messages somebody reads: nothing comes through while they don't.
    pub(crate) async fn listening(&self) -> Result<(Client, Messages), tokio_postgres::Error> {
        Ok(match &self.tls {
            None => {
                let (client, mut connection) = self.config.connect(NoTls).await?;
                (client, poll_fn(move |context| connection.poll_message(context)).boxed())
            }
            Some(tls) => {
                let (client, mut connection) = self.config.connect(tls.clone()).await?;
                (client, poll_fn(move |context| connection.poll_message(context)).boxed())
            }
        })
    }
}

/// What a server says without being asked.
pub(crate) type Messages = BoxStream<'static, Result<AsyncMessage, tokio_postgres::Error>>;

/// Whether a password may stand where the parser sees a host: what follows an @ in a password that is not
/// percent-encoded. Hosts are told in messages.
fn has_a_bare_at(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    rest.split('?').next().unwrap_or_default().matches('@').count() > 1
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

fn tls() -> Result<MakeRustlsConnect, OpenError> {
    let broken =
        |error: rustls::Error| OpenError::Connect(format!("TLS to PostgreSQL can't be set up: {error}"));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(broken)?
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// The error with its causes, which the drivers leave out of their own text.
pub(crate) fn explain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_too_old_is_refused() {
        let target = Target::parse("postgres://fed:secret@127.0.0.1/accounts").unwrap();
        for version in ["15.14 (Debian 15.14-0+deb12u1)", "13.0", "18beta1", "devel"] {
            assert!(target.check_version(Some(version)).is_ok(), "{version}");
        }
        assert!(target.check_version(None).is_ok());
        for version in ["12.22", "9.6.24"] {
            let told = target.check_version(Some(version)).unwrap_err().to_string();
            assert!(told.contains("accounts at 127.0.0.1") && told.contains(version), "{told}");
            assert!(told.contains("13 or later") && !told.contains("secret"), "{told}");
        }
    }
}
