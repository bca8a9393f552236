//! Sign-ins are added up exactly once, whatever becomes of them and whoever counts.

use crate::support::{
    NOW, Scratch, attempt, attempt_at, city, exchanging, later, on_both_engines, signed_in, sixteen, state,
    state_at,
};
use crate::support::{deed, unionid, wechat};
use downcity_core::{Attempt, CityId, Failure, Timestamp};
use downcity_store::{SignInCount, Store, testing};
use std::collections::BTreeMap;

on_both_engines! {
    every_outcome_is_counted_exactly_before_and_after_it_is_added_up,
    sixteen_who_add_up_at_the_same_time_add_up_once,
    a_removed_city_leaves_its_counts,
}

const HOUR: i64 = 3_600_000;

async fn counts(store: &Store, city: &str, now: Timestamp) -> BTreeMap<String, i64> {
    let rows = store.sign_in_counts(city, Timestamp(0), now).await.unwrap();
    let mut all = BTreeMap::new();
    for SignInCount { hour, provider, outcome, count } in rows {
        assert_eq!(hour.0 % HOUR, 0);
        assert_eq!(provider, "wechat");
        *all.entry(outcome).or_default() += count;
    }
    all
}

fn told(parts: &[(&str, i64)]) -> BTreeMap<String, i64> {
    parts.iter().map(|(outcome, count)| ((*outcome).to_owned(), *count)).collect()
}

/// Two done, three refused by WeChat, one denied, two waiting, one confirming, one in the middle.
async fn some_of_each(store: &Store) {
    for name in ["done-1", "done-2"] {
        signed_in(store, name, wechat(vec![unionid(name)])).await;
    }
    for name in ["wrong-1", "wrong-2", "wrong-3"] {
        let id = exchanging(store, name, NOW).await;
        let why = (Failure::ProviderMisconfigured, "40125");
        assert!(store.refuse_attempt(&id, why, later(1)).await.unwrap());
    }
    let id = exchanging(store, "denied", NOW).await;
    store.fail_attempt(&id, Failure::AccessDenied, later(1)).await.unwrap();
    for name in ["wait-1", "wait-2"] {
        store.insert_attempt(state(name), &attempt(name)).await.unwrap();
    }
    let id = exchanging(store, "confirm", NOW).await;
    store.hold_attempt(&id, b"sealed", later(1)).await.unwrap();
    exchanging(store, "middle", NOW).await;
}

async fn every_outcome_is_counted_exactly_before_and_after_it_is_added_up(store: Store) {
    some_of_each(&store).await;
    let young = told(&[
        ("access_denied", 1),
        ("confirming", 1),
        ("done", 2),
        ("exchanging", 1),
        ("provider_misconfigured", 3),
        ("waiting", 2),
    ]);
    assert_eq!(counts(&store, "", later(5)).await, young);
    assert_eq!(store.count_sign_ins(later(599)).await.unwrap(), 0, "nothing is over");
    assert_eq!(counts(&store, "", later(5)).await, young);
    let over = told(&[
        ("access_denied", 1),
        ("done", 2),
        ("expired", 1),
        ("login_interrupted", 1),
        ("not_returned", 2),
        ("provider_misconfigured", 3),
    ]);
    assert_eq!(counts(&store, "", later(601)).await, over);
    // One more that is younger stays where it is.
    let start = later(300);
    store.insert_attempt(state_at("fresh", start), &attempt_at("fresh", start)).await.unwrap();
    assert_eq!(store.count_sign_ins(later(660)).await.unwrap(), 6);
    assert_eq!(testing::number(&store, "select cast(sum(count) as bigint) from sign_in_counts").await, 10);
    let mut all = over.clone();
    all.insert("waiting".to_owned(), 1);
    assert_eq!(counts(&store, "", later(661)).await, all);
    assert_eq!(counts(&store, "city_demo", later(661)).await, all);
    assert_eq!(counts(&store, "city_none", later(661)).await, told(&[]));
    // What is forgotten stays counted, and what comes later is added.
    assert_eq!(store.count_sign_ins(later(1000)).await.unwrap(), 1);
    store.sweep(later(3 * 86_400)).await.unwrap();
    all.remove("waiting");
    all.insert("not_returned".to_owned(), 3);
    assert_eq!(counts(&store, "", later(3 * 86_400)).await, all);
    assert_eq!(store.count_sign_ins(later(660)).await.unwrap(), 0, "never backwards");
    store.sweep(later(401 * 86_400)).await.unwrap();
    assert_eq!(counts(&store, "", later(401 * 86_400)).await, told(&[]), "a year and some weeks");
}

async fn sixteen_who_add_up_at_the_same_time_add_up_once(store: Store) {
    some_of_each(&store).await;
    let nodes = store.clone();
    let added = sixteen(move |_| {
        let store = nodes.clone();
        async move { store.count_sign_ins(later(700)).await.unwrap() }
    });
    let mut added = added.await;
    added.sort_unstable();
    assert_eq!((added[14], added[15]), (0, 6), "{added:?}");
    assert_eq!(testing::number(&store, "select cast(sum(count) as bigint) from sign_in_counts").await, 10);
}

async fn a_removed_city_leaves_its_counts(store: Store) {
    assert!(store.insert_city(&city("city_gone"), None).await.unwrap());
    let gone = CityId::parse("city_gone").unwrap();
    let old = Attempt { city_id: gone.clone(), ..attempt("old") };
    store.insert_attempt(state("old"), &old).await.unwrap();
    store.count_sign_ins(later(660)).await.unwrap();
    assert!(store.remove_city(&gone, deed("city.removed")).await.unwrap());
    assert_eq!(counts(&store, "", later(661)).await, told(&[("not_returned", 1)]));
}

/// Two processes that share a PostgreSQL database.
#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_add_up_at_the_same_time_add_up_once() {
    let scratch = Scratch::postgres().await;
    let other = Store::open_postgres(scratch.place().unwrap_err()).await.unwrap();
    some_of_each(&scratch.store).await;
    let (a, b) = tokio::join!(scratch.store.count_sign_ins(later(700)), other.count_sign_ins(later(700)));
    assert_eq!(a.unwrap() + b.unwrap(), 6);
    assert_eq!(counts(&other, "", later(700)).await.values().sum::<i64>(), 10);
    other.close().await;
    scratch.store.close().await;
}
