//! What is forgotten, and when.

use crate::support::{attempt, deed, exchanging, later, new_session, on_both_engines, state, user};
use downcity_core::Timestamp;
use downcity_store::{AuditQuery, EVENTS_AT_A_TIME, Store, testing};

on_both_engines! {
    what_is_long_over_is_removed_in_batches,
    an_unconfirmed_identity_is_erased_when_its_time_is_over,
    events_are_forgotten_in_batches_but_for_what_still_waits,
    the_audit_record_says_what_was_removed_from_it,
    deliveries_that_nobody_wants_are_given_up_in_batches,
}

const DAY: i64 = 24 * 3600;

async fn what_is_long_over_is_removed_in_batches(store: Store) {
    for i in 0..1203 {
        let name = format!("old-{i}");
        store.insert_attempt(state(&name), &attempt(&name)).await.unwrap();
        if i % 3 == 0 {
            store
                .insert_session(&new_session(&name, user("a"), later(0)), deed("token.issued"))
                .await
                .unwrap();
        }
    }
    let mut young = attempt("young");
    young.expires_at = later(601);
    store.insert_attempt(state("young"), &young).await.unwrap();
    store.insert_session(&new_session("young", user("a"), later(1)), deed("token.issued")).await.unwrap();

    assert_eq!(store.sweep(later(600 + DAY - 1)).await.unwrap(), 0);
    assert_eq!(store.sweep(later(600 + DAY)).await.unwrap(), 1203);
    assert!(store.attempt_by_state(state("young")).await.unwrap().is_some());
    assert_eq!(store.attempt_by_state(state("old-7")).await.unwrap(), None);
    assert_eq!(store.sweep(later(37 * DAY)).await.unwrap(), 1 + 401);
    assert!(store.session_with_user(new_session("young", user("a"), later(1)).sid).await.unwrap().is_some());
    assert_eq!(store.sweep(later(37 * DAY + 1)).await.unwrap(), 1);
    assert_eq!(store.sweep(later(37 * DAY + 1)).await.unwrap(), 0);
}

async fn an_unconfirmed_identity_is_erased_when_its_time_is_over(store: Store) {
    let id = exchanging(&store, "a", later(0)).await;
    store.hold_attempt(&id, b"sealed", later(1)).await.unwrap();
    store.sweep(later(599)).await.unwrap();
    assert!(store.held_identity(&id).await.unwrap().is_some());
    store.sweep(later(600)).await.unwrap();
    assert_eq!(store.held_identity(&id).await.unwrap(), None);
    assert!(store.attempt_by_id(&id).await.unwrap().is_some(), "a late visitor is still told what happened");
    let left = testing::tamper(&store, "delete from login_attempts where sealed_identity is not null").await;
    assert_eq!(left, 0);
}

async fn events_are_forgotten_in_batches_but_for_what_still_waits(store: Store) {
    // One a second.
    let events = "insert into events (event_id, type, actor, detail, created_at) with recursive n(i) as \
                  (select 1 union all select i + 1 from n where i < 1203) \
                  select 'e' || cast(i as text), 'user.signed_in', 'user', '{}', i * 1000 from n";
    let second = |seconds: i64| Timestamp(seconds * 1000);
    assert_eq!(testing::tamper(&store, events).await, 1203);
    let outbox = "insert into outbox (outbox_id, kind, target, event_id, next_at, state, created_at) values \
                  ('e7-w', 'webhook', 'w', 'e7', 0, 'waiting', 0), ('e8-w', 'webhook', 'w', 'e8', 0, 'sent', 0), \
                  ('m', 'mail', 'a', null, 0, 'waiting', 0)";
    testing::tamper(&store, outbox).await;
    let left = async || testing::number(&store, "select count(*) from events").await;
    assert_eq!(store.forget_events(second(1)).await.unwrap(), 0, "not before its time");
    let end = second(1101);
    assert_eq!(store.forget_events(end).await.unwrap(), EVENTS_AT_A_TIME);
    assert_eq!(left().await, 703, "the oldest, and no more at a time");
    assert_eq!(
        testing::number(&store, "select min(created_at) from events where event_id <> 'e7'").await,
        second(502).0
    );
    assert_eq!(store.forget_events(end).await.unwrap(), EVENTS_AT_A_TIME);
    assert_eq!(store.forget_events(end).await.unwrap(), 99);
    assert_eq!(store.forget_events(end).await.unwrap(), 0);
    assert_eq!(left().await, 103 + 1);
    assert!(store.event("e7").await.unwrap().is_some(), "a delivery waits for it");
    assert!(store.event("e8").await.unwrap().is_none());
    testing::tamper(&store, "update outbox set state = 'sent', ended_at = 1 where outbox_id = 'e7-w'").await;
    assert_eq!(store.forget_events(end).await.unwrap(), 1);
}

async fn the_audit_record_says_what_was_removed_from_it(store: Store) {
    for seconds in 0..503 {
        let entry = downcity_store::NewAudit { at: later(seconds), ..deed("env.set") };
        store.record_audit(entry).await.unwrap();
    }
    let note = || downcity_store::NewAudit { at: later(1000), ..deed("audit.forgotten") };
    assert_eq!(store.forget_audit(later(0), note()).await.unwrap(), 0);
    assert_eq!(testing::number(&store, "select count(*) from audit").await, 503, "nothing to tell");
    assert_eq!(store.forget_audit(later(502), note()).await.unwrap(), 500);
    assert_eq!(store.forget_audit(later(502), note()).await.unwrap(), 2);
    assert_eq!(store.forget_audit(later(502), note()).await.unwrap(), 0);
    let all = AuditQuery {
        city_id: String::new(),
        key_id: String::new(),
        action: String::new(),
        subject: String::new(),
        since: later(0),
        until: later(2000),
        after: String::new(),
        limit: 10,
    };
    let mut told: Vec<_> =
        store.audit(&all).await.unwrap().into_iter().map(|e| (e.action, e.before)).collect();
    told.sort();
    let entries = |count: u32| Some(format!("{{\"entries\":{count}}}"));
    let forgotten = "audit.forgotten".to_owned();
    let wanted = [(forgotten.clone(), entries(2)), (forgotten, entries(500)), ("env.set".to_owned(), None)];
    assert_eq!(told, wanted);
}

async fn deliveries_that_nobody_wants_are_given_up_in_batches(store: Store) {
    let hooks = "insert into webhooks (webhook_id, url, types, cities, sealed, active, created_at, updated_at) \
                 select column1, 'https://hooks.test', '[]', '[]', sealed_identity, column2, 1, 1 from \
                 (values ('dead', 0), ('live', 1)) v, login_attempts where attempt_id like '%-a'";
    let id = exchanging(&store, "a", later(0)).await;
    store.hold_attempt(&id, b"sealed", later(1)).await.unwrap();
    assert_eq!(testing::tamper(&store, hooks).await, 2);
    // Of 'gone' there is no webhook any more: an event was written while it was removed.
    for hook in ["dead", "live", "gone"] {
        let waiting = format!(
            "insert into outbox (outbox_id, kind, target, event_id, next_at, state, created_at) with recursive n(i) as \
             (select 1 union all select i + 1 from n where i < 1203) \
             select '{hook}' || cast(i as text), 'webhook', '{hook}', 'e', 0, 'waiting', 0 from n"
        );
        assert_eq!(testing::tamper(&store, waiting.leak()).await, 1203);
    }
    assert_eq!(store.give_up_deliveries(later(2)).await.unwrap(), 2 * 1203);
    assert_eq!(store.give_up_deliveries(later(2)).await.unwrap(), 0);
    let left = "select count(*) from outbox where state = 'waiting' and target = 'live'";
    assert_eq!(testing::number(&store, left).await, 1203);
    let ended =
        "select count(*) from outbox where state = 'given_up' and ended_at is not null and last_error <> ''";
    assert_eq!(testing::number(&store, ended).await, 1203);
    assert_eq!(testing::number(&store, "select count(*) from outbox where target = 'gone'").await, 0);
    assert_eq!(store.forget_deliveries("live").await.unwrap(), 0, "it is there");
}
