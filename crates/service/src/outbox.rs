//! Story: what waits in the outbox is sent, and tried again for three days when it can't be.

use crate::federation::Federation;
use downcity_core::Timestamp;
use downcity_providers::mail::{LONGEST, Mail, MailFailure, Mailer};
use downcity_store::{Due, StoreError};
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;
use tracing::{debug, warn};

/// How long a node may take for what it took: above what handing over a mail may take.
const TURN: Duration = Duration::from_secs(60);
const _: () = assert!(TURN.as_secs() > LONGEST.as_secs());
/// How many are under way at a time.
const MOST: usize = 8;
/// How often the outbox is looked into without being rung for: what is to be tried again is due by time.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After this long a mail is given up.
const PATIENCE: Duration = Duration::from_secs(3 * 86_400);

/// A mail under way.
type Sending = JoinHandle<Result<(), StoreError>>;

/// What came of the task that sent a mail.
fn outcome(ended: Result<Result<(), StoreError>, JoinError>) -> Result<(), StoreError> {
    ended.map_err(|error| StoreError::Internal(error.to_string()))?
}

/// Where a mail is stored, for the vault.
pub(crate) fn mail_place(outbox_id: &str) -> String {
    format!("outbox/{outbox_id}/sealed")
}

/// When to try again after so many tries: seconds first, hours in the end.
pub(crate) fn backoff(tries: i64) -> Duration {
    let steps = [5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600];
    let step = usize::try_from(tries.max(1) - 1).unwrap_or(0).min(steps.len() - 1);
    Duration::from_secs(steps[step])
}

impl Federation {
    /// Sends what lies in the outbox as it comes, as long as this is not dropped. A mail that its server is slow with
    /// keeps no other waiting.
    pub(crate) async fn keep_sending(self: Arc<Self>) {
        let mut under_way = FuturesUnordered::new();
        loop {
            match self.begin_mails(MOST - under_way.len()).await {
                Ok(begun) => under_way.extend(begun),
                Err(problem) => warn!(error = %problem, "could not look into the outbox; trying again"),
            }
            tokio::select! {
                _ = timeout(LOOK_EVERY, self.outbox_bell.notified()) => {}
                Some(ended) = under_way.next() => {
                    if let Err(problem) = outcome(ended) {
                        // It is due again when this node's turn is over.
                        warn!(error = %problem, "could not note what came of a mail");
                    }
                }
            }
        }
    }

    /// Sends what is due once and waits for that; answers how many mails it were.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn send_mails(self: &Arc<Self>) -> Result<usize, StoreError> {
        let begun = self.begin_mails(MOST).await?;
        let count = begun.len();
        for ended in join_all(begun).await {
            outcome(ended)?;
        }
        Ok(count)
    }

    /// Takes up to `most` mails that are due and begins to send them: in tasks of their own, which are waited for when
    /// this node stops, since a mail that the server has taken and that was not noted would be sent again.
    async fn begin_mails(self: &Arc<Self>, most: usize) -> Result<Vec<Sending>, StoreError> {
        // Without a mail server nothing is taken: the mails wait for one.
        let mailer = self.directory.load().mailer.clone().filter(|_| most > 0);
        let Some(mailer) = mailer else { return Ok(Vec::new()) };
        let (now, most) = (self.clock.now(), i64::try_from(most).unwrap_or(1));
        let due = self.store.take_mails(now, now.plus(TURN), most).await?;
        let begin = |due| {
            let (this, mailer) = (Arc::clone(self), Arc::clone(&mailer));
            self.tasks.spawn(async move { this.send_mail(&mailer, due).await })
        };
        Ok(due.into_iter().map(begin).collect())
    }

    async fn send_mail(&self, mailer: &Mailer, due: Due) -> Result<(), StoreError> {
        let (id, now) = (due.outbox_id.as_str(), self.clock.now());
        let mail = match self.open_mail(&due).await {
            Ok(mail) => mail,
            Err(failure) => return self.put_off(&due, &failure, now).await,
        };
        match mailer.send(&mail, id).await {
            Ok(()) => {
                self.metrics.sent("mail", "sent");
                debug!(outbox_id = id, tries = due.tries, "mail sent");
                self.store.mark_sent(id, now).await
            }
            Err(failure) => self.put_off(&due, &failure, now).await,
        }
    }

    async fn open_mail(&self, due: &Due) -> Result<Mail, MailFailure> {
        let unreadable = |temporary, why: &dyn Display| MailFailure {
            temporary,
            report: format!("the stored mail can't be read: {why}"),
        };
        let sealed = due.sealed.as_deref().ok_or_else(|| unreadable(false, &"it is gone"))?;
        let opened = self.unseal(&mail_place(&due.outbox_id), sealed).await;
        let plain = opened.map_err(|why| unreadable(why.may_pass(), &why))?;
        // The parser's own words may quote the mail.
        serde_json::from_slice(&plain).map_err(|_| unreadable(false, &"it is malformed"))
    }

    async fn put_off(&self, due: &Due, failure: &MailFailure, now: Timestamp) -> Result<(), StoreError> {
        let (outbox_id, tries, report) = (due.outbox_id.as_str(), due.tries, failure.report.as_str());
        self.metrics.sent("mail", "failed");
        if failure.temporary && now < due.created_at.plus(PATIENCE) {
            warn!(outbox_id, tries, report, "a mail could not be sent yet; trying again");
            return self.store.postpone(outbox_id, now.plus(backoff(tries)), report).await;
        }
        warn!(outbox_id, tries, report, "a mail was given up");
        self.store.give_up(outbox_id, now, report).await
    }
}
