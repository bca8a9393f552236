//! What is forgotten, and when.

use crate::support::{attempt, deed, exchanging, later, new_session, on_both_engines, state, user};
use downcity_store::{Store, testing};

on_both_engines! {
    what_is_long_over_is_removed_in_batches,
    an_unconfirmed_identity_is_erased_when_its_time_is_over,
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
