//! Cities, env, keys and facts, and the counter that tells other nodes.

use crate::support::{attempt, city, deed, later, new_session, on_both_engines, patch, state, user};
use downcity_core::{City, CityId, CityStatus, ConfirmPolicy};
use downcity_store::{EnvRow, NewAudit, SigningKeyRow, Store, StoreError, testing};

on_both_engines! {
    a_city_comes_changes_and_goes,
    a_removed_city_takes_its_attempts_and_sessions_along,
    env_is_set_all_or_nothing,
    the_first_signing_key_is_the_only_active_one,
    a_fact_is_settled_once,
    every_change_is_counted_and_nothing_else,
    a_damaged_city_is_an_error_and_not_an_empty_list,
    a_closed_store_says_so,
}

async fn a_city_comes_changes_and_goes(store: Store) {
    let demo = city("city_demo");
    assert_eq!(store.cities().await.unwrap(), vec![demo.clone()]);
    assert!(!store.insert_city(&demo, None).await.unwrap(), "the id is taken");
    let changed = City {
        name: "'; drop table cities; --".into(),
        status: CityStatus::Paused,
        allowed_origins: vec![],
        allowed_redirects: vec!["https://a/\n,\"[]".into()],
        confirm: ConfirmPolicy::Always,
        created_at: later(5),
        updated_at: later(5),
        ..demo.clone()
    };
    assert_eq!(
        store.update_city(patch(&changed), deed("city.changed")).await.unwrap(),
        Some(City { created_at: later(0), ..changed.clone() })
    );
    assert_eq!(store.cities().await.unwrap(), vec![City { created_at: later(0), ..changed.clone() }]);
    let none = patch(&city("city_none"));
    assert_eq!(store.update_city(none, deed("city.changed")).await.unwrap(), None);
    let younger = City { created_at: later(9), ..city("a_city") };
    assert!(store.insert_city(&younger, None).await.unwrap());
    let ids: Vec<_> = store.cities().await.unwrap().into_iter().map(|city| city.city_id).collect();
    assert_eq!(ids, [demo.city_id.clone(), younger.city_id], "oldest first");
    assert!(store.remove_city(&demo.city_id, deed("city.removed")).await.unwrap());
    assert!(!store.remove_city(&demo.city_id, deed("city.removed")).await.unwrap());
    assert_eq!(store.cities().await.unwrap().len(), 1);
}

async fn a_removed_city_takes_its_attempts_and_sessions_along(store: Store) {
    store.insert_attempt(state("a"), &attempt("a")).await.unwrap();
    let new = new_session("s", user("a"), later(0));
    store.insert_session(&new, deed("token.issued")).await.unwrap();
    store.insert_city(&city("other"), None).await.unwrap();
    let mut kept = new_session("kept", user("a"), later(0));
    kept.session.city_id = CityId::parse("other").unwrap();
    store.insert_session(&kept, deed("token.issued")).await.unwrap();
    assert!(store.remove_city(&city("city_demo").city_id, deed("city.removed")).await.unwrap());
    assert!(store.insert_city(&city("city_demo"), None).await.unwrap(), "even if it comes again");
    assert_eq!(store.attempt_by_state(state("a")).await.unwrap(), None);
    assert_eq!(store.session_with_user(new.sid).await.unwrap(), None);
    assert!(store.session_with_user(kept.sid).await.unwrap().is_some());
}

fn env_row(key: &str, sealed: &[u8]) -> EnvRow {
    EnvRow { key: key.into(), sealed: sealed.into(), updated_at: later(0) }
}

fn set(rows: &[&EnvRow]) -> Vec<(EnvRow, NewAudit)> {
    rows.iter().map(|row| ((*row).clone(), deed("env.set"))).collect()
}

async fn env_is_set_all_or_nothing(store: Store) {
    assert_eq!(store.env().await.unwrap(), vec![]);
    let (one, two) = (env_row("ONE", b"1"), env_row("TWO", &[0, 255]));
    store.put_env(set(&[&two, &one])).await.unwrap();
    assert_eq!(store.env().await.unwrap(), [one.clone(), two.clone()]);
    let changed = env_row("ONE", b"changed");
    let refused = store.put_env(set(&[&changed, &env_row("NUL\0", b"")])).await;
    assert!(matches!(refused, Err(StoreError::Internal(_))));
    assert_eq!(store.env().await.unwrap(), [one, two.clone()], "none of them");
    store.put_env(set(&[&changed])).await.unwrap();
    assert!(store.remove_env("TWO", deed("env.removed")).await.unwrap());
    assert!(!store.remove_env("TWO", deed("env.removed")).await.unwrap());
    assert_eq!(store.env().await.unwrap(), [changed]);
}

async fn the_first_signing_key_is_the_only_active_one(store: Store) {
    let key = |kid: &str| SigningKeyRow {
        kid: kid.into(),
        sealed: vec![1, 0, 2],
        public: vec![3; 32],
        active: true,
        starts_at: later(0),
        retired_at: None,
        created_at: later(0),
    };
    assert!(store.insert_first_signing_key(&key("k1")).await.unwrap());
    assert!(!store.insert_first_signing_key(&key("k2")).await.unwrap());
    assert_eq!(store.signing_keys().await.unwrap(), [key("k1")]);
    let passive = SigningKeyRow { active: false, ..key("k3") };
    assert!(matches!(store.insert_first_signing_key(&passive).await, Err(StoreError::Internal(_))));
}

async fn a_fact_is_settled_once(store: Store) {
    assert_eq!(store.fact("master").await.unwrap(), None);
    assert_eq!(store.settle_fact("master", b"one").await.unwrap(), b"one");
    assert_eq!(store.settle_fact("master", b"two").await.unwrap(), b"one");
    assert_eq!(store.fact("master").await.unwrap().unwrap(), b"one");
}

async fn every_change_is_counted_and_nothing_else(store: Store) {
    let mut last = store.changes().await.unwrap();
    let mut expect = async |change: i64, what: &str| {
        let now = store.changes().await.unwrap();
        assert_eq!(now - last, change, "{what}");
        last = now;
    };
    store.update_city(patch(&city("city_demo")), deed("city.changed")).await.unwrap();
    expect(1, "a city changed").await;
    store.insert_city(&city("city_demo"), None).await.unwrap();
    store.update_city(patch(&city("none")), deed("city.changed")).await.unwrap();
    store.remove_env("NONE", deed("env.removed")).await.unwrap();
    store.put_env(Vec::new()).await.unwrap();
    expect(0, "nothing changed").await;
    store.put_env(set(&[&env_row("A", b"1"), &env_row("B", b"2")])).await.unwrap();
    expect(1, "one call").await;
    store.remove_env("A", deed("env.removed")).await.unwrap();
    expect(1, "env removed").await;
    store.insert_attempt(state("a"), &attempt("a")).await.unwrap();
    store.settle_fact("f", b"x").await.unwrap();
    expect(0, "not of this kind").await;
    store.remove_city(&city("city_demo").city_id, deed("city.removed")).await.unwrap();
    expect(1, "a city removed").await;
}

async fn a_damaged_city_is_an_error_and_not_an_empty_list(store: Store) {
    testing::tamper(&store, "update cities set allowed_redirects = '[1]'").await;
    let error = store.cities().await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt { table: "cities", row, .. } if row == "city_demo"),
        "{error}"
    );
}

async fn a_closed_store_says_so(store: Store) {
    store.ping().await.unwrap();
    store.close().await;
    store.close().await;
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    let write = store.insert_attempt(state("a"), &attempt("a")).await;
    assert!(matches!(write, Err(StoreError::Unavailable(_))), "{write:?}");
    let write = store.insert_city(&city("b"), None).await;
    assert!(matches!(write, Err(StoreError::Unavailable(_))), "{write:?}");
}
