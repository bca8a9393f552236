//! What nodes on one PostgreSQL tell each other, and how they hear it (`docs/decisions/0026`).
//!
//! Telling goes through the pool, from wherever a change was made; hearing has a connection of its own. Messages name
//! attempts by their ids, which open nothing, and carry nothing else.

use super::fault::Fault;
use super::postgres::Postgres;
use super::{Row, dialect};
use crate::{News, StoreError};
use downcity_core::AttemptId;
use futures::StreamExt;
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::AsyncMessage;
use tracing::{debug, info, warn};

/// Ids in one message, which holds less than 8000 bytes.
const TOGETHER: usize = 100;
/// Attempts that may wait to be told of; of others nobody is told, and they are found by looking.
const UNTOLD: usize = 10_000;
/// How often a silent connection is asked whether it still stands, and how long it may take to answer.
const PULSE: Duration = Duration::from_secs(3);
/// Between tries to hear: at first, and at the most.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// What a message about settings says.
const SETTINGS: &str = "settings";
/// What a message to oneself begins with.
const TEST: &str = "test ";

/// What is to be told.
#[derive(Debug, Default)]
pub(crate) struct Mouth(Mutex<Untold>);

#[derive(Debug, Default)]
struct Untold {
    attempts: Vec<AttemptId>,
    /// Whether somebody is about to tell it.
    telling: bool,
}

/// Whether others are heard now.
#[derive(Debug, Default)]
pub(crate) struct Ear(AtomicBool);

/// Hears; no longer when dropped.
struct Hearing<'a>(&'a Ear);

impl<'a> Hearing<'a> {
    fn begin(ear: &'a Ear) -> Self {
        ear.0.store(true, Ordering::Relaxed);
        Self(ear)
    }
}

impl Drop for Hearing<'_> {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Relaxed);
    }
}

impl Mouth {
    fn lock(&self) -> std::sync::MutexGuard<'_, Untold> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is to be told next; when there is nothing, telling is over.
    fn take(&self) -> Option<String> {
        let mut untold = self.lock();
        let count = untold.attempts.len().min(TOGETHER);
        untold.telling = count > 0;
        let ids: Vec<_> = untold.attempts.drain(..count).collect();
        (count > 0).then(|| listed(&ids))
    }
}

impl Postgres {
    /// Tells the other nodes that an attempt went on, as soon as may be and without letting anybody wait for it. A
    /// message has no place in the transaction of the change: PostgreSQL commits transactions with messages one after
    /// the other, so sign-ins would no longer share the disk's time.
    pub(crate) fn tell(&self, attempt: &AttemptId) {
        let mut untold = self.mouth.lock();
        if untold.attempts.len() < UNTOLD {
            untold.attempts.push(attempt.clone());
        }
        if !std::mem::replace(&mut untold.telling, true) {
            let this = self.clone();
            self.writes.spawn(async move {
                while let Some(message) = this.mouth.take() {
                    if let Err(problem) = this.say(&message).await {
                        debug!(%problem, "could not tell the other nodes; they look by themselves");
                    }
                }
            });
        }
    }

    async fn say(&self, message: &str) -> Result<(), StoreError> {
        Ok(self.execute(dialect::TELL, &[message.into()]).await.map(drop)?)
    }

    /// The ids of those of these attempts that wait no longer.
    pub(crate) async fn gone_on(&self, ids: &[AttemptId]) -> Result<Vec<Row>, Fault> {
        self.read(dialect::GONE_ON, &[listed(ids).into()]).await
    }

    /// Whether the other nodes are heard now.
    pub(crate) fn hears(&self) -> bool {
        self.ear.0.load(Ordering::Relaxed)
    }

    /// Hears the other nodes until dropped.
    pub(crate) async fn hear(&self, tell: &(impl Fn(News) + Sync)) -> Infallible {
        let (mut pause, mut said) = (PAUSE, false);
        loop {
            let began = Instant::now();
            let heard = AtomicBool::new(false);
            let Err(problem) = self.hear_once(tell, &heard).await;
            if heard.into_inner() {
                (pause, said) = (PAUSE, false);
            }
            if !std::mem::replace(&mut said, true) {
                warn!(%problem, "the other nodes are not heard; this node looks by itself until they are");
            }
            debug!(%problem, after = ?began.elapsed(), "trying again to hear the other nodes");
            // Not all nodes at the same moment.
            sleep(pause / 2 + pause.mul_f64(fraction() / 2.0)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Hears until the connection is lost.
    async fn hear_once(
        &self,
        tell: &(impl Fn(News) + Sync),
        heard: &AtomicBool,
    ) -> Result<Infallible, StoreError> {
        let connected = timeout(dialect::CONNECT_TIMEOUT * 2, self.server.listening()).await;
        let (client, mut messages) = connected.map_err(|_| silent())?.map_err(Fault::from)?;
        let (test, tested) = (format!("{TEST}{:016x}", RandomState::new().hash_one(0)), Notify::new());
        let listening = async {
            while let Some(message) = messages.next().await {
                match message.map_err(Fault::from)? {
                    AsyncMessage::Notification(note) if note.payload() == test => tested.notify_one(),
                    AsyncMessage::Notification(note) => read(note.payload()).for_each(tell),
                    _ => {}
                }
            }
            Err(StoreError::Unavailable("the connection has ended".into()))
        };
        let asking = async {
            let answer = timeout(PULSE, client.batch_execute(dialect::LISTEN)).await;
            answer.map_err(|_| silent())?.map_err(Fault::from)?;
            self.say(&test).await?;
            timeout(PULSE, tested.notified()).await.map_err(|_| deaf())?;
            let _hearing = Hearing::begin(&self.ear);
            if !heard.swap(true, Ordering::Relaxed) {
                info!("the other nodes are heard");
            }
            // Whatever happened before was not heard.
            tell(News::Anything);
            loop {
                sleep(PULSE).await;
                let answer = timeout(PULSE, client.batch_execute("")).await;
                answer.map_err(|_| silent())?.map_err(Fault::from)?;
            }
        };
        tokio::select! {
            ended = listening => ended,
            ended = asking => ended,
        }
    }
}

/// With commas between them, which no id has.
fn listed(ids: &[AttemptId]) -> String {
    ids.iter().map(AttemptId::as_str).collect::<Vec<_>>().join(",")
}

/// What a message says. Of words that only a later version knows this one does not know what they are about.
fn read(message: &str) -> impl Iterator<Item = News> {
    message.split(',').filter_map(|word| match word {
        SETTINGS => Some(News::Settings),
        test if test.starts_with(TEST) => None,
        id => AttemptId::parse(id).ok().map(News::Attempt),
    })
}

fn silent() -> StoreError {
    StoreError::Unavailable("it does not answer".into())
}

fn deaf() -> StoreError {
    StoreError::Unavailable(
        "it takes messages but does not deliver them; past a pooler in transaction mode leads --database-direct-url"
            .into(),
    )
}

/// From 0 to 1.
fn fraction() -> f64 {
    f64::from(u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_are_written() {
        let mouth = Mouth::default();
        let ids: Vec<_> = (0..=TOGETHER).map(|n| AttemptId::trusted(format!("att_{n:032}"))).collect();
        mouth.lock().attempts.clone_from(&ids);
        let messages: Vec<_> = std::iter::from_fn(|| mouth.take()).collect();
        assert!(messages.len() == 2 && messages.iter().all(|message| message.len() < 8000));
        let news: Vec<_> = messages.iter().flat_map(|message| read(message)).collect();
        assert_eq!(news, ids.into_iter().map(News::Attempt).collect::<Vec<_>>());
        assert!(!mouth.lock().telling);
        assert_eq!(read("settings").collect::<Vec<_>>(), [News::Settings]);
        assert_eq!(read("test 0123").chain(read("")).count(), 0);
    }
}
