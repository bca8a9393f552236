//! Webhooks: who is told of events, and the deliveries that wait in the outbox.

use crate::audit::{NewAudit, append as append_audit};
use crate::cities::{list, list_text};
use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::events::{NewEvent, append, insert};
use crate::housekeeping::BATCH;
use crate::keys::count_change;
use crate::outbox::due;
use crate::{Due, Store, StoreError};
use downcity_core::Timestamp;

const TABLE: &str = "webhooks";

/// The most events that one call sends again.
const REPLAYED: i64 = 10_000;

/// One address that is told of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub webhook_id: String,
    /// Where deliveries go.
    pub url: String,
    /// The kinds of event it listens to; all when empty.
    pub types: Vec<String>,
    /// The cities it listens to; all when empty.
    pub cities: Vec<String>,
    /// The key that deliveries are signed with, sealed.
    pub sealed: Vec<u8>,
    /// Whether it is told of anything.
    pub active: bool,
    /// Since when every delivery has failed.
    pub failing_since: Option<Timestamp>,
    /// When it was switched off because they had failed for too long.
    pub disabled_at: Option<Timestamp>,
    /// Rounds of deliveries that failed since the last that arrived.
    pub failures: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A webhook to be stored.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// How many there may be.
    pub most: i64,
    /// What to write into the event log.
    pub event: NewEvent,
}

/// A delivery as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub delivery_id: String,
    /// Of which event.
    pub event_id: String,
    /// What kind of event; absent when that is forgotten.
    pub kind: Option<String>,
    /// `waiting`, `sent` or `given_up`.
    pub state: String,
    /// How often it was tried.
    pub tries: i64,
    /// When it is due, while it waits.
    pub next_at: Timestamp,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When the event happened.
    pub created_at: Timestamp,
    /// When it arrived or was given up.
    pub ended_at: Option<Timestamp>,
}

/// Which deliveries are looked for.
#[derive(Debug, Clone)]
pub struct DeliveryQuery {
    /// Of this webhook.
    pub webhook_id: String,
    /// `waiting`, `sent` or `given_up`; all when empty.
    pub state: String,
    /// The last one that was seen already: its event's time, and its id.
    pub after: Option<(Timestamp, String)>,
    /// How many at most.
    pub limit: i64,
}

/// A try that failed.
#[derive(Debug, Clone)]
pub struct DeliveryFailure {
    /// The delivery.
    pub delivery_id: String,
    /// Its webhook.
    pub webhook_id: String,
    /// Why, without anything that was sent.
    pub error: String,
    /// When to try it again; absent to give it up.
    pub next_at: Option<Timestamp>,
    /// When to try the webhook with anything again.
    pub retry_at: Timestamp,
    /// Switches the webhook off if nothing has arrived since then.
    pub patience: Timestamp,
    /// What to write into the event log if it is switched off.
    pub disabled: NewEvent,
    /// The time.
    pub now: Timestamp,
}

/// What is to be sent again.
#[derive(Debug, Clone)]
pub struct Replay {
    /// To which webhook.
    pub webhook_id: String,
    /// Only the delivery of this event.
    pub event_id: Option<String>,
    /// Every event since then that it listens to and that has not arrived.
    pub since: Timestamp,
    /// The time.
    pub now: Timestamp,
}

const COLUMNS: &str = "select webhook_id, url, types, cities, sealed, active, failing_since, disabled_at, failures, created_at \
     from webhooks where ($1 = '' or webhook_id = $1) order by created_at desc, webhook_id desc";

impl Store {
    /// All webhooks, newest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        let rows = self.db.read(COLUMNS, args![""]).await?;
        rows.into_iter().map(|row| row.read_as(TABLE, webhook)).collect()
    }

    /// One webhook.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn webhook(&self, webhook_id: &str) -> Result<Option<Webhook>, StoreError> {
        if webhook_id.is_empty() {
            return Ok(None);
        }
        let row = self.db.read_row(COLUMNS, args![webhook_id]).await?;
        row.map(|row| row.read_as(TABLE, webhook)).transpose()
    }

    /// Stores a webhook; false when there are as many as there may be.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn insert_webhook(&self, new: NewWebhook) -> Result<bool, StoreError> {
        self.db.write(new, |new, tx| Box::pin(create(new, tx))).await
    }

    /// Removes a webhook; false when there is none. Its deliveries are then to be forgotten:
    /// [`Self::forget_deliveries`].
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn remove_webhook(&self, webhook_id: &str, event: NewEvent) -> Result<bool, StoreError> {
        self.db.write((webhook_id.to_owned(), event), |(id, event), tx| Box::pin(remove(id, event, tx))).await
    }

    /// Switches a webhook on and forgets that it failed; false when there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn enable_webhook(
        &self,
        webhook_id: &str,
        event: NewEvent,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let data = (webhook_id.to_owned(), event, now);
        self.db.write(data, |(id, event, now), tx| Box::pin(enable(id, event, *now, tx))).await
    }

    /// Writes an event of which only one webhook is told; false when there is none that is active.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn tell_webhook(&self, webhook_id: &str, event: NewEvent) -> Result<bool, StoreError> {
        self.db.write((webhook_id.to_owned(), event), |(id, event), tx| Box::pin(tell(id, event, tx))).await
    }

    /// Webhooks with deliveries that are due.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn webhooks_due(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let sql = "select w.webhook_id from webhooks w where w.active = 1 and w.retry_at <= $1 and exists \
                   (select 1 from outbox o where o.target = w.webhook_id and o.kind = 'webhook' \
                   and o.state = 'waiting' and o.next_at <= $1 and o.taken_until <= $1)";
        let rows = self.db.read(sql, args![now]).await?;
        rows.into_iter().map(|row| row.read_as(TABLE, |row| row.text("webhook_id"))).collect()
    }

    /// Takes deliveries of one webhook that are due, for this node alone until `until`; what is not settled by
    /// then is due again.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn take_deliveries(
        &self,
        webhook_id: &str,
        now: Timestamp,
        until: Timestamp,
        most: i64,
    ) -> Result<Vec<Due>, StoreError> {
        let sql = "update outbox set taken_until = $1, tries = tries + 1 where taken_until <= $2 and \
                   state = 'waiting' and outbox_id in (select outbox_id from outbox where target = $3 \
                   and kind = 'webhook' and state = 'waiting' and next_at <= $2 and taken_until <= $2 \
                   order by next_at, outbox_id limit $4) \
                   returning outbox_id, target, event_id, sealed, tries, created_at";
        let rows = self.db.exec_rows(sql, args![until, now, webhook_id, most]).await?;
        rows.into_iter().map(|row| row.read_as("outbox", due)).collect()
    }

    /// Notes that a delivery arrived.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn note_delivery(
        &self,
        delivery_id: &str,
        webhook_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let data = (delivery_id.to_owned(), webhook_id.to_owned(), now);
        self.db.write(data, |(id, hook, now), tx| Box::pin(arrived(id, hook, *now, tx))).await
    }

    /// Gives up what waits for webhooks that are switched off, and forgets the deliveries of those that are no more, in small
    /// batches, so that sign-ins get their turn in between; says how many there were. Events that were written just then may
    /// bring more later.
    ///
    /// # Errors
    /// `Unavailable`; what was done until then stands.
    pub async fn give_up_deliveries(&self, now: Timestamp) -> Result<u64, StoreError> {
        // From one target to the next by the index, however many deliveries each has.
        let sql = "with recursive t (target) as ( \
                   select min(target) from outbox where kind = 'webhook' and state = 'waiting' union all \
                   select (select min(o.target) from outbox o where o.kind = 'webhook' and o.state = 'waiting' \
                   and o.target > t.target) from t where t.target is not null) \
                   select t.target, (select count(*) from webhooks w where w.webhook_id = t.target) from t \
                   where t.target is not null and not exists \
                   (select 1 from webhooks w where w.webhook_id = t.target and w.active = 1)";
        let mut total = 0;
        for row in self.db.read_aside(sql, args![]).await? {
            let (hook, there) = row.read_as("outbox", |row| Ok((row.text("target")?, row.flag("there")?)))?;
            if there {
                let sql = "update outbox set state = 'given_up', ended_at = $1, \
                           last_error = coalesce(last_error, 'the webhook was switched off') \
                           where state = 'waiting' and outbox_id in (select outbox_id from outbox where target = $2 \
                           and kind = 'webhook' and state = 'waiting' limit $3) \
                           and not exists (select 1 from webhooks where webhook_id = $2 and active = 1)";
                total += self.in_batches(sql, args![now, &hook, BATCH]).await?;
            } else {
                total += self.forget_deliveries(&hook).await?;
            }
        }
        Ok(total)
    }

    /// Forgets the deliveries of a webhook that was removed, in small batches; says how many there were.
    ///
    /// # Errors
    /// `Unavailable`; what was forgotten until then stays so.
    pub async fn forget_deliveries(&self, webhook_id: &str) -> Result<u64, StoreError> {
        let sql = "delete from outbox where outbox_id in (select outbox_id from outbox where target = $1 \
                   and kind = 'webhook' limit $2) and not exists (select 1 from webhooks where webhook_id = $1)";
        self.in_batches(sql, args![webhook_id, BATCH]).await
    }

    /// Notes that a delivery failed; true when its webhook was switched off for that. What else waits for it is then to be
    /// given up: [`Self::give_up_deliveries`].
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn note_failure(&self, failure: DeliveryFailure) -> Result<bool, StoreError> {
        self.db.write(failure, |failure, tx| Box::pin(failed(failure, tx))).await
    }

    /// A page of a webhook's deliveries, newest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn deliveries(&self, query: &DeliveryQuery) -> Result<Vec<Delivery>, StoreError> {
        let sql = "select o.outbox_id, o.event_id, e.type, o.state, o.tries, o.next_at, o.last_error, \
                   o.created_at, o.ended_at from outbox o left join events e on e.event_id = o.event_id \
                   where o.target = $1 and o.kind = 'webhook' and ($2 = '' or o.state = $2) \
                   and (o.created_at < $3 or (o.created_at = $3 and o.outbox_id < $4)) \
                   order by o.created_at desc, o.outbox_id desc limit $5";
        let (at, id) = query.after.clone().unwrap_or((Timestamp(i64::MAX), String::new()));
        let rows = self.db.read(sql, args![&query.webhook_id, &query.state, at, id, query.limit]).await?;
        rows.into_iter().map(|row| row.read_as("outbox", delivery)).collect()
    }

    /// Makes deliveries wait again, with their tries counted anew; says how many.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn replay(&self, replay: Replay, audit: NewAudit) -> Result<u64, StoreError> {
        self.db.write((replay, audit), |(replay, audit), tx| Box::pin(again(replay, audit, tx))).await
    }
}

async fn again(replay: &Replay, audit: &NewAudit, tx: &mut Tx) -> Result<u64, Fault> {
    let sql = "insert into outbox (outbox_id, kind, target, event_id, next_at, state, created_at) \
                   select e.event_id || '-' || w.webhook_id, 'webhook', w.webhook_id, e.event_id, \
                   cast($1 as bigint), 'waiting', e.created_at from events e, webhooks w \
                   where w.webhook_id = $2 and w.active = 1 and e.created_at >= $3 \
                   and ($4 = '' or e.event_id = $4) and ($4 <> '' or e.type <> 'webhook.test') \
                   and ($4 <> '' or not exists (select 1 from outbox o \
                   where o.outbox_id = e.event_id || '-' || w.webhook_id and o.state <> 'given_up')) \
                   and (w.types = '[]' or $4 <> '' or w.types like '%\"' || replace(e.type, '_', '\\_') || '\"%' escape '\\') \
                   and (w.cities = '[]' or $4 <> '' or w.cities like '%\"' || replace(e.city_id, '_', '\\_') || '\"%' escape '\\') \
                   order by e.event_id limit $5 \
                   on conflict (outbox_id) do update set state = 'waiting', tries = 0, next_at = excluded.next_at, \
                   taken_until = 0, ended_at = null where outbox.state = 'given_up' or $4 <> ''";
    let event_id = replay.event_id.as_deref().unwrap_or_default();
    let args = args![replay.now, &replay.webhook_id, replay.since, event_id, REPLAYED];
    let count = tx.exec(sql, args).await?;
    if count > 0 {
        append_audit(audit, tx).await?;
    }
    Ok(count)
}

async fn create(new: &NewWebhook, tx: &mut Tx) -> Result<bool, Fault> {
    // The counter's row is the lock, so that the limit holds.
    count_change(tx).await?;
    let count = tx.row("select 'webhooks', count(*) from webhooks", args![]).await?;
    let count = count.map(|row| {
        row.read_as(TABLE, |row| {
            row.text("table")?;
            row.int("count")
        })
    });
    if count.transpose()?.unwrap_or(0) >= new.most {
        tx.undo();
        return Ok(false);
    }
    // Its own beginning is the first thing it is not told of.
    append(&new.event, tx).await?;
    let sql = "insert into webhooks (webhook_id, url, types, cities, sealed, active, created_at, updated_at) \
               values ($1, $2, $3, $4, $5, 1, $6, $6)";
    let hook = &new.webhook;
    let (types, cities) = (list_text(&hook.types), list_text(&hook.cities));
    let args = args![&hook.webhook_id, &hook.url, types, cities, hook.sealed.as_slice(), hook.created_at];
    tx.put(sql, args).await?;
    Ok(true)
}

async fn remove(webhook_id: &str, event: &NewEvent, tx: &mut Tx) -> Result<bool, Fault> {
    if tx.exec("delete from webhooks where webhook_id = $1", args![webhook_id]).await? == 0 {
        return Ok(false);
    }
    count_change(tx).await?;
    append(event, tx).await?;
    Ok(true)
}

async fn enable(webhook_id: &str, event: &NewEvent, now: Timestamp, tx: &mut Tx) -> Result<bool, Fault> {
    let sql = "update webhooks set active = 1, disabled_at = null, failing_since = null, failures = 0, \
               retry_at = 0, updated_at = $1 where webhook_id = $2";
    if tx.exec(sql, args![now, webhook_id]).await? == 0 {
        return Ok(false);
    }
    append(event, tx).await?;
    Ok(true)
}

async fn tell(webhook_id: &str, event: &NewEvent, tx: &mut Tx) -> Result<bool, Fault> {
    let sql = "insert into outbox (outbox_id, kind, target, event_id, next_at, state, created_at) \
               select cast($1 as text) || '-' || webhook_id, 'webhook', webhook_id, $1, $2, 'waiting', $2 \
               from webhooks where webhook_id = $3 and active = 1";
    if tx.exec(sql, args![&event.event_id, event.at, webhook_id]).await? == 0 {
        return Ok(false);
    }
    insert(event, tx).await?;
    Ok(true)
}

/// Locks the webhook before the delivery, as everybody does.
async fn arrived(id: &str, webhook_id: &str, now: Timestamp, tx: &mut Tx) -> Result<(), Fault> {
    let sql = "update webhooks set failing_since = null, failures = 0, retry_at = 0 \
               where webhook_id = $1 and failures > 0";
    tx.put(sql, args![webhook_id]).await?;
    let sql = "update outbox set state = 'sent', last_error = null, ended_at = $1 \
               where outbox_id = $2 and state = 'waiting'";
    tx.put(sql, args![now, id]).await
}

async fn failed(failure: &DeliveryFailure, tx: &mut Tx) -> Result<bool, Fault> {
    let (id, hook, now) = (failure.delivery_id.as_str(), failure.webhook_id.as_str(), failure.now);
    // Deliveries that failed side by side are one round.
    let sql = "update webhooks set failures = failures + 1, failing_since = coalesce(failing_since, $1), \
               retry_at = $2 where webhook_id = $3 and active = 1 and retry_at <= $1";
    tx.put(sql, args![now, failure.retry_at, hook]).await?;
    let sql = "update webhooks set active = 0, disabled_at = $1, updated_at = $1 \
               where webhook_id = $2 and active = 1 and failing_since <= $3";
    let disabled = tx.exec(sql, args![now, hook, failure.patience]).await? > 0;
    match failure.next_at {
        Some(next_at) => {
            let sql = "update outbox set next_at = $1, taken_until = 0, last_error = $2 \
                       where outbox_id = $3 and state = 'waiting'";
            tx.put(sql, args![next_at, &failure.error, id]).await?;
        }
        None => {
            let sql = "update outbox set state = 'given_up', ended_at = $1, last_error = $2 \
                       where outbox_id = $3 and state = 'waiting'";
            tx.put(sql, args![now, &failure.error, id]).await?;
        }
    }
    if disabled {
        append(&failure.disabled, tx).await?;
    }
    Ok(disabled)
}

fn webhook(row: &mut Row) -> Result<Webhook, Misfit> {
    Ok(Webhook {
        webhook_id: row.text("webhook_id")?,
        url: row.text("url")?,
        types: list(&row.text("types")?, "types")?,
        cities: list(&row.text("cities")?, "cities")?,
        sealed: row.bytes("sealed")?,
        active: row.flag("active")?,
        failing_since: row.opt_time("failing_since")?,
        disabled_at: row.opt_time("disabled_at")?,
        failures: row.int("failures")?,
        created_at: row.time("created_at")?,
    })
}

fn delivery(row: &mut Row) -> Result<Delivery, Misfit> {
    Ok(Delivery {
        delivery_id: row.text("outbox_id")?,
        event_id: row.text("event_id")?,
        kind: row.opt_text("type")?,
        state: row.text("state")?,
        tries: row.int("tries")?,
        next_at: row.time("next_at")?,
        last_error: row.opt_text("last_error")?,
        created_at: row.time("created_at")?,
        ended_at: row.opt_time("ended_at")?,
    })
}
