//! Connections to the mail server. The mail library's own pool gives nothing but connecting a limit, and lends a
//! connection again whose answers are still to come when somebody stopped waiting for them.

use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Tls};
use lettre::transport::smtp::extension::ClientId;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// A server that has not accepted a connection by then is down.
const CONNECT: Duration = Duration::from_secs(20);
/// A kept connection that answers nothing by then is dead, and so is one that does not say good-bye.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// How long a connection is kept for the next mail.
const KEPT: Duration = Duration::from_secs(60);
/// How many are kept.
const MOST_KEPT: usize = 8;

/// The mail server, and connections to it that wait for the next mail.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) credentials: Option<Credentials>,
    pub(super) kept: Arc<Mutex<Vec<Kept>>>,
}

/// A connection on which nothing is owed, and since when.
pub(super) struct Kept {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl Server {
    /// Hands over one mail. Dropped before its end, it closes the connection it used.
    pub(super) async fn send(&self, message: &Message) -> Result<(), Error> {
        let mut connection = self.lend().await?;
        connection.send(message.envelope(), &message.formatted()).await?;
        self.keep(connection);
        Ok(())
    }

    /// Whether the server takes us in, and answers after that.
    pub(super) async fn answers(&self) -> Result<bool, Error> {
        let mut connection = self.connect().await?;
        let answers = connection.test_connected().await;
        tokio::spawn(say_goodbye(connection));
        Ok(answers)
    }

    /// A connection that is encrypted and signed in as the settings want it.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let (name, server) = (ClientId::default(), (self.host.as_str(), self.port));
        let from_the_start = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &name, from_the_start, None);
        let mut connection = connecting.await?;
        if let Tls::Required(parameters) = &self.tls {
            connection.starttls(parameters.clone(), &name).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    async fn lend(&self) -> Result<AsyncSmtpConnection, Error> {
        let kept = lock(&self.kept).pop().filter(|kept| kept.since.elapsed() < KEPT);
        if let Some(mut kept) = kept {
            if matches!(timeout(SIGN_OF_LIFE, kept.connection.test_connected()).await, Ok(true)) {
                return Ok(kept.connection);
            }
            // The others are no younger.
            lock(&self.kept).clear();
        }
        self.connect().await
    }

    /// Keeps a connection for a while, then says good-bye on it.
    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut kept = lock(&self.kept);
        if kept.len() >= MOST_KEPT {
            tokio::spawn(say_goodbye(connection));
            return;
        }
        kept.push(Kept { connection, since: Instant::now() });
        let all = Arc::downgrade(&self.kept);
        tokio::spawn(async move {
            sleep(KEPT).await;
            let Some(all) = all.upgrade() else { return };
            let old: Vec<_> = lock(&all).extract_if(.., |kept| kept.since.elapsed() >= KEPT).collect();
            for kept in old {
                say_goodbye(kept.connection).await;
            }
        });
    }
}

/// Ends a connection as RFC 5321 §4.1.1.10 wants it. What the server answers changes nothing.
async fn say_goodbye(mut connection: AsyncSmtpConnection) {
    let _ = timeout(SIGN_OF_LIFE, connection.quit()).await;
}

fn lock(kept: &Mutex<Vec<Kept>>) -> std::sync::MutexGuard<'_, Vec<Kept>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
