//! What nodes on one PostgreSQL tell each other and hear, past a pooler, too.

use crate::support::{Scratch, attempt, city, claim, deed, later, patch, state};
use downcity_core::Failure;
use downcity_store::testing::{self, Pooler, fresh_postgres};
use downcity_store::{News, Others, Store, StoreError};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a store hears from now on.
async fn ears(store: &Store) -> UnboundedReceiver<News> {
    let (tell, mut told) = unbounded_channel();
    let store = store.clone();
    tokio::spawn(async move { store.hear(move |news| drop(tell.send(news))).await });
    assert_eq!(next(&mut told).await, News::Anything, "whatever was before was not heard");
    told
}

async fn next(told: &mut UnboundedReceiver<News>) -> News {
    tokio::time::timeout(PATIENCE, told.recv()).await.expect("something is heard").unwrap()
}

async fn until(told: &mut UnboundedReceiver<News>, wanted: &News) {
    while next(told).await != *wanted {}
}

/// Tells nothing for a moment.
async fn silent(told: &mut UnboundedReceiver<News>) {
    let heard = tokio::time::timeout(Duration::from_millis(300), told.recv()).await;
    assert!(heard.is_err(), "{heard:?}");
}

async fn what_one_tells_the_other_hears(one: Store, other: Store) {
    assert_eq!(other.others(), Others::Unheard);
    let _ = one.insert_city(&city("city_demo"), None).await.unwrap();
    let mut told = ears(&other).await;
    assert_eq!(other.others(), Others::Heard);
    let id = attempt("a").attempt_id;
    one.tell(&id);
    until(&mut told, &News::Attempt(id.clone())).await;
    // Settings are told when their change is committed, and only then.
    assert!(one.insert_city(&city("city_more"), None).await.unwrap());
    until(&mut told, &News::Settings).await;
    silent(&mut told).await;
    assert!(!one.insert_city(&city("city_more"), None).await.unwrap());
    silent(&mut told).await;
    let change = patch(&city("city_more"));
    one.update_city(change, deed("city.updated")).await.unwrap();
    until(&mut told, &News::Settings).await;
    one.insert_attempt(state("a"), &attempt("a")).await.unwrap();
    assert!(one.fail_attempt(&id, Failure::AccessDenied, later(1)).await.unwrap());
    silent(&mut told).await;
    // Many are told together, and each is told.
    let ids: Vec<_> = (0..500).map(|n| attempt(&format!("many{n}")).attempt_id).collect();
    ids.iter().for_each(|id| one.tell(id));
    for id in ids {
        assert_eq!(next(&mut told).await, News::Attempt(id));
    }
    // What was told last is on its way before a store is closed.
    one.tell(&id);
    one.close().await;
    until(&mut told, &News::Attempt(id)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_hear_each_other() {
    let scratch = Scratch::postgres().await;
    let other = Store::open_postgres(scratch.place().unwrap_err()).await.unwrap();
    what_one_tells_the_other_hears(scratch.store.clone(), other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_hear_each_other_past_a_pooler() {
    let url = fresh_postgres().await;
    let pooler = Pooler::start(&url);
    let one = Store::open_pooled_postgres(&pooler.url(&url), &url).await.unwrap();
    let other = Store::open_pooled_postgres(&pooler.url(&url), &url).await.unwrap();
    what_one_tells_the_other_hears(one, other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_has_only_a_pooler_knows_that_it_hears_nothing() {
    let url = fresh_postgres().await;
    let pooler = Pooler::start(&url);
    let pooled = pooler.url(&url);
    let store = Store::open_pooled_postgres(&pooled, &pooled).await.unwrap();
    let (tell, mut told) = unbounded_channel();
    let hearing = store.clone();
    tokio::spawn(async move { hearing.hear(move |news| drop(tell.send(news))).await });
    // Long enough for it to have found out, more than once.
    let heard = tokio::time::timeout(Duration::from_secs(5), told.recv()).await;
    assert!(heard.is_err() && store.others() == Others::Unheard, "{heard:?}");
    assert!(store.insert_city(&city("city_demo"), None).await.unwrap(), "all else goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_nobody_mentioned_is_named_in_the_error() {
    let url = fresh_postgres().await;
    let pooler = Pooler::start(&url);
    let store = Store::open_postgres(&pooler.url(&url)).await.unwrap();
    let (mut named, end) = (false, Instant::now() + PATIENCE);
    while !named && Instant::now() < end {
        let crowd = (0..32).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.ping().await })
        });
        for task in crowd.collect::<Vec<_>>() {
            if let Err(StoreError::Internal(text)) = task.await.unwrap() {
                named |= text.contains("--database-direct-url");
            }
        }
    }
    assert!(named, "a statement is missing on some connection, or there already");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_heard_of_and_replaced() {
    let scratch = Scratch::postgres().await;
    let mut told = ears(&scratch.store).await;
    let kill = "update changes set count = count where (select count(pg_terminate_backend(pid)) \
                from pg_stat_activity where datname = current_database() and query in ('listen downcity', '')) > 0";
    for _ in 0..3 {
        assert_eq!(testing::tamper(&scratch.store, kill).await, 1, "somebody listened");
        let end = Instant::now() + PATIENCE;
        until(&mut told, &News::Anything).await;
        assert!(Instant::now() < end);
        let id = attempt("again").attempt_id;
        scratch.store.tell(&id);
        until(&mut told, &News::Attempt(id)).await;
    }
}

#[tokio::test]
async fn what_was_not_heard_is_found_for_many_at_once() {
    let scratch = Scratch::postgres().await;
    let (one, other) = (&scratch.store, Store::open_postgres(scratch.place().unwrap_err()).await.unwrap());
    let _ = one.insert_city(&city("city_demo"), None).await.unwrap();
    let names = ["a", "b", "c", "d"];
    for name in names {
        one.insert_attempt(state(name), &attempt(name)).await.unwrap();
    }
    let [a, b, c, _] = names.map(|name| attempt(name).attempt_id);
    let asked = [a.clone(), b.clone(), c.clone(), attempt("nobody").attempt_id];
    assert_eq!(other.gone_on(&asked).await.unwrap(), []);
    assert!(one.fail_attempt(&a, Failure::AccessDenied, later(1)).await.unwrap());
    assert!(one.claim_attempt(&claim("b", "code"), later(1)).await.unwrap().is_some());
    assert!(one.fail_attempt(&attempt("d").attempt_id, Failure::AccessDenied, later(1)).await.unwrap());
    let found: HashSet<_> = other.gone_on(&asked).await.unwrap().into_iter().collect();
    assert_eq!(found, HashSet::from([a, b]), "nothing of what was not asked for");
    assert_eq!(other.gone_on(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_file_of_ones_own_has_nobody_to_hear() {
    let scratch = Scratch::sqlite().await;
    assert_eq!(scratch.store.others(), Others::None);
    let _ = scratch.store.insert_city(&city("city_demo"), None).await.unwrap();
    scratch.store.insert_attempt(state("a"), &attempt("a")).await.unwrap();
    assert!(
        scratch.store.fail_attempt(&attempt("a").attempt_id, Failure::AccessDenied, later(1)).await.unwrap()
    );
    assert_eq!(scratch.store.gone_on(&[attempt("a").attempt_id]).await.unwrap(), []);
    let store = Arc::new(scratch.store.clone());
    store.tell(&attempt("a").attempt_id);
    let heard = tokio::time::timeout(Duration::from_millis(200), store.hear(|news| panic!("{news:?}"))).await;
    assert!(heard.is_err());
}
