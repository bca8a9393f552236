//! Story: the Federation keeps its own house: forgets what is over, and notices what other nodes changed.

use crate::admin::Admin;
use crate::audit::Deed;
use crate::federation::Federation;
use crate::moments::day;
use crate::panics::supervise;
use downcity_core::Timestamp;
use downcity_core::time::DAY;
use downcity_store::{EVENTS_AT_A_TIME, News, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

/// How often sign-ins that are over are added up.
const COUNT_EVERY: Duration = Duration::from_secs(60);
/// How long after its time an attempt is added up: by then every exchange has ended, on a node with another clock, too.
const COUNT_AFTER: Duration = Duration::from_secs(60);
/// How often limits forget who has been quiet.
const FORGET_EVERY: Duration = Duration::from_secs(60);
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// Between two batches of what is forgotten, so that the database is never busy with that alone.
const BREATH: Duration = Duration::from_millis(20);
/// How often changed settings are looked for without being heard of.
const NOTICE_EVERY: Duration = Duration::from_secs(1);

impl Federation {
    /// Runs until dropped; start it once a process. A panic in one of its loops is logged and stops that loop alone, for
    /// a moment.
    pub async fn keep_house(self: Arc<Self>) {
        tokio::join!(
            supervise("sending mails", || Arc::clone(&self).keep_sending()),
            supervise("delivering webhooks", || Arc::clone(&self).keep_delivering()),
            supervise("hearing other nodes", || self.keep_hearing()),
            supervise("looking at other nodes' sign-ins", || self.keep_looking()),
            supervise("noticing changed settings", || self.keep_noticing()),
            supervise("sweeping", || self.keep_order()),
            supervise("forgetting the past", || self.keep_forgetting()),
            supervise("forgetting quiet addresses", || self.keep_limits_small()),
        );
    }

    /// Looks soon whether settings have changed, also by this process: a request that changed one may have been dropped
    /// before it rang.
    pub fn look_at_settings(&self) {
        self.settings_bell.notify_one();
    }

    /// Hears what other nodes did.
    async fn keep_hearing(&self) {
        let heard = |news| match news {
            News::Attempt(id) => self.waiters.wake(&id),
            News::Settings => self.settings_bell.notify_one(),
            News::Anything => {
                self.waiters.look_now();
                self.settings_bell.notify_one();
            }
        };
        self.store.hear(heard).await;
    }

    /// Notices what others changed, beside all else: a pause or a revoked key has effect within a second, however long
    /// anything here takes. On SQLite, which nobody shares, that is what a request changed that could not read it again, or
    /// whose sender hung up before it did.
    async fn keep_noticing(&self) {
        let mut notice = interval(NOTICE_EVERY);
        notice.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = notice.tick() => {}
                () = self.settings_bell.notified() => {}
            }
            self.notice().await;
        }
    }

    async fn keep_order(&self) {
        let mut sweep = interval(SWEEP_EVERY);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut count = interval(COUNT_EVERY);
        count.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = sweep.tick() => self.sweep().await,
                _ = count.tick() => drop(self.count_sign_ins().await),
            }
        }
    }

    /// Beside all else, since it needs no database.
    async fn keep_limits_small(&self) {
        let mut turn = interval(FORGET_EVERY);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turn.tick().await;
            self.limits.forget_quiet();
        }
    }

    async fn sweep(&self) {
        self.remove_due_accounts().await;
        self.remove_spent_keys().await;
        self.finish_resealing().await;
        // What is forgotten must have been added up.
        if !self.count_sign_ins().await {
            return;
        }
        match self.store.sweep(self.clock.now()).await {
            Ok(0) => {}
            Ok(rows) => debug!(rows, "forgot what is over"),
            Err(problem) => warn!(error = %problem, "could not forget what is over; trying again later"),
        }
    }

    /// Forgets what happened too long ago, beside all else: there may be much of it.
    async fn keep_forgetting(&self) {
        let mut turn = interval(SWEEP_EVERY);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turn.tick().await;
            match self.forget_the_past().await {
                Ok(0) => {}
                Ok(rows) => debug!(rows, "forgot what happened long ago"),
                Err(problem) => {
                    warn!(error = %problem, "could not forget what happened long ago; trying again later");
                }
            }
        }
    }

    /// Forgets the events and the entries of the audit record whose time is over; says how many there were.
    ///
    /// # Errors
    /// When the store does not answer; what was forgotten until then stays forgotten.
    pub async fn forget_the_past(&self) -> Result<u64, StoreError> {
        let (now, retention) = (self.clock.now(), self.settings.retention);
        let mut total = 0;
        if let Some(kept) = retention.events {
            loop {
                let removed = self.store.forget_events(now.minus(kept)).await?;
                total += removed;
                if removed < EVENTS_AT_A_TIME {
                    break;
                }
                tokio::time::sleep(BREATH).await;
            }
        }
        if let Some(kept) = retention.audit {
            // By whole days: each removal leaves an entry, and one a day is enough.
            let before = Timestamp(now.minus(kept).0.div_euclid(DAY) * DAY);
            loop {
                let subject = day(before);
                let deed = Deed { action: "audit.forgotten", subject: &subject, ..Deed::default() };
                let entry = self.audit_entry(&Admin::on_this_machine("housekeeping"), deed);
                let removed = self.store.forget_audit(before, entry).await?;
                total += removed;
                if removed < EVENTS_AT_A_TIME {
                    break;
                }
                tokio::time::sleep(BREATH).await;
            }
        }
        Ok(total)
    }

    /// Adds up the sign-ins that are over; false when that failed.
    pub async fn count_sign_ins(&self) -> bool {
        match self.store.count_sign_ins(self.clock.now().minus(COUNT_AFTER)).await {
            Ok(_) => true,
            Err(problem) => {
                warn!(error = %problem, "could not add up sign-ins; trying again");
                false
            }
        }
    }

    async fn notice(&self) {
        match self.reload_if_changed().await {
            Ok(true) => debug!("took over changed settings"),
            Ok(false) => {}
            Err(problem) => warn!(error = %problem, "could not look for changed settings; trying again"),
        }
    }
}
