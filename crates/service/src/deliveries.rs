//! Story: webhooks are told of events from the outbox, and again when that fails: for three days, less and less
//! often. One that is slow or dead keeps no other from being told.

use crate::federation::Federation;
use crate::outbox::backoff;
use crate::webhooks::{base64, secret_place};
use aws_lc_rs::hmac;
use downcity_core::Timestamp;
use downcity_providers::HookMessage;
use downcity_store::{DeliveryFailure, Due, Event, StoreError, Webhook};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tracing::{debug, warn};

/// How long a node may take for what it took: above every time-out of a delivery.
const TURN: Duration = Duration::from_secs(60);
/// Deliveries to one webhook at the same time.
const EACH: usize = 4;
/// Deliveries at the same time.
const ALL: usize = 64;
/// How often a delivery is tried: with the pauses between, for three days.
const TRIES: i64 = 19;
/// After so long without any delivery that arrived, a webhook is switched off.
const PATIENCE: Duration = Duration::from_secs(3 * 86_400);
/// How often it is looked for what is due.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A receiver that wants to be told nothing any more (RFC 9110 §15.5.11).
const GONE: u16 = 410;

/// What came of a try.
enum Outcome {
    Arrived,
    /// Worth another try.
    Failed(String),
    /// Never worth another try.
    Hopeless(&'static str),
    /// The receiver is to be told nothing any more.
    Refused,
}

impl Federation {
    /// Delivers as long as it is not dropped. What is on its way then ends by itself.
    pub(crate) async fn keep_delivering(self: Arc<Self>) {
        let mut under_way = FuturesUnordered::new();
        let mut busy: HashMap<String, usize> = HashMap::new();
        loop {
            match self.take_more(&mut busy).await {
                Ok(taken) => under_way.extend(taken.into_iter().map(|due| {
                    let (federation, hook) = (Arc::clone(&self), due.target.clone());
                    let work = self.tasks.spawn(async move { federation.deliver(due).await });
                    async move { (hook, work.await) }
                })),
                Err(problem) => warn!(error = %problem, "could not look for deliveries; trying again"),
            }
            let ended = async {
                match under_way.is_empty() {
                    true => std::future::pending().await,
                    false => under_way.next().await,
                }
            };
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                Some((hook, _)) = ended => {
                    if let Some(count) = busy.get_mut(&hook) {
                        *count -= 1;
                    }
                    busy.retain(|_, count| *count > 0);
                }
            }
        }
    }

    /// Takes what is due, as far as there is room, and counts it as busy.
    async fn take_more(&self, busy: &mut HashMap<String, usize>) -> Result<Vec<Due>, StoreError> {
        let (now, mut taken) = (self.clock.now(), Vec::new());
        if !self.directory.load().has_webhooks {
            return Ok(taken);
        }
        for hook in self.store.webhooks_due(now).await? {
            let room = ALL.saturating_sub(busy.values().sum());
            let count = busy.get(&hook).copied().unwrap_or(0);
            let most = EACH.saturating_sub(count).min(room);
            if most == 0 {
                continue;
            }
            let most = i64::try_from(most).unwrap_or(1);
            let due = match self.store.take_deliveries(&hook, now, now.plus(TURN), most).await {
                Ok(due) => due,
                Err(problem) if taken.is_empty() => return Err(problem),
                // What was taken counts as busy until it is delivered; the rest is still due.
                Err(problem) => {
                    warn!(webhook_id = hook, error = %problem, "could not take what is due; trying again");
                    break;
                }
            };
            *busy.entry(hook).or_default() += due.len();
            taken.extend(due);
        }
        Ok(taken)
    }

    /// Delivers everything that is due once and waits for that; says how much it was.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn deliver_due(self: &Arc<Self>) -> Result<usize, StoreError> {
        let taken = self.take_more(&mut HashMap::new()).await?;
        let count = taken.len();
        futures::future::join_all(taken.into_iter().map(|due| Arc::clone(self).deliver(due))).await;
        Ok(count)
    }

    async fn deliver(self: Arc<Self>, due: Due) {
        if let Err(problem) = self.try_delivery(&due).await {
            // It is due again when this node's turn is over.
            warn!(delivery_id = due.outbox_id, error = %problem, "could not note what came of a delivery");
        }
    }

    async fn try_delivery(&self, due: &Due) -> Result<(), StoreError> {
        let Some(hook) = self.store.webhook(&due.target).await?.filter(|hook| hook.active) else {
            return self.store.give_up(&due.outbox_id, self.clock.now(), "the webhook is gone").await;
        };
        let event = match &due.event_id {
            Some(id) => self.store.event(id).await?,
            None => None,
        };
        let outcome = match event {
            Some(event) => self.send(&hook, &event).await,
            None => Outcome::Hopeless("the event is forgotten"),
        };
        let (delivery_id, tries, now) = (due.outbox_id.as_str(), due.tries, self.clock.now());
        match outcome {
            Outcome::Arrived => {
                self.metrics.sent("webhook", "sent");
                debug!(delivery_id, tries, "delivered");
                self.store.note_delivery(delivery_id, &hook.webhook_id, now).await
            }
            Outcome::Hopeless(why) => self.store.give_up(delivery_id, now, why).await,
            Outcome::Failed(report) => {
                let next_at = (tries < TRIES).then(|| now.plus(backoff(tries)));
                self.note_failure(&hook, delivery_id, report, (next_at, now.minus(PATIENCE))).await
            }
            // Nothing arrived since now: that switches it off.
            Outcome::Refused => {
                let report = "the receiver answered 410: it wants nothing any more".to_owned();
                self.note_failure(&hook, delivery_id, report, (None, now)).await
            }
        }
    }

    async fn send(&self, hook: &Webhook, event: &Event) -> Outcome {
        let key = match self.unseal(&secret_place(&hook.webhook_id), &hook.sealed).await {
            Ok(key) => key,
            Err(why) if why.may_pass() => return Outcome::Failed(format!("nothing was sent: {why}")),
            Err(_) => return Outcome::Hopeless("the signing secret is damaged"),
        };
        let (timestamp, body) = (self.clock.now().seconds(), body(event));
        let signature = signature(&key, &event.event_id, timestamp, &body);
        let message =
            HookMessage { url: &hook.url, id: &event.event_id, timestamp, signature: &signature, body };
        match self.outside.deliver(message).await {
            Ok(200..=299) => Outcome::Arrived,
            Ok(GONE) => Outcome::Refused,
            Ok(status) => Outcome::Failed(format!("the receiver answered {status}")),
            Err(report) => Outcome::Failed(report),
        }
    }

    async fn note_failure(
        &self,
        hook: &Webhook,
        delivery_id: &str,
        error: String,
        (next_at, patience): (Option<Timestamp>, Timestamp),
    ) -> Result<(), StoreError> {
        let (webhook_id, now) = (hook.webhook_id.as_str(), self.clock.now());
        self.metrics.sent("webhook", "failed");
        warn!(webhook_id, delivery_id, report = error, "a delivery failed");
        let detail = json!({"webhook_id": webhook_id, "why": error});
        let disabled = self.general_event("webhook.disabled", crate::events::Actor::System, "", &detail);
        let failure = DeliveryFailure {
            delivery_id: delivery_id.to_owned(),
            webhook_id: webhook_id.to_owned(),
            error,
            next_at,
            retry_at: now.plus(backoff(hook.failures + 1)),
            patience,
            disabled,
            now,
        };
        if self.store.note_failure(failure).await? {
            warn!(webhook_id, "a webhook was switched off: nothing has arrived for too long");
            self.store.give_up_deliveries(now).await?;
        }
        Ok(())
    }
}

/// What a receiver is told of an event. Network addresses stay here.
fn body(event: &Event) -> String {
    let at = jiff::Timestamp::from_millisecond(event.at.0).map(|at| at.to_string()).unwrap_or_default();
    let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
    json!({
        "type": event.kind,
        "timestamp": at,
        "data": {
            "event_id": event.event_id,
            "user_id": event.user_id,
            "city_id": event.city_id,
            "actor": event.actor,
            "detail": detail,
        },
    })
    .to_string()
}

/// HMAC-SHA256 over id, time and body (Standard Webhooks 1.0, symmetric signatures).
fn signature(key: &[u8], id: &str, timestamp: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", base64(tag.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::base64::Engine;

    /// The example of the specification's reference libraries.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let key = ::base64::engine::general_purpose::STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = signature(
            &key.unwrap(),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
