//! The token is handed out once, and for a moment again to the same caller.

use crate::support::{
    attempt, away, claim, exchanging, home, later, new_session, on_both_engines, openid, sign_in, state,
    user, wechat,
};
use downcity_core::network::Network;
use downcity_core::pkce::Challenge;
use downcity_core::{Attempt, AttemptId, Stage};
use downcity_store::{Collected, Store, StoreError};

on_both_engines! {
    the_first_collects_and_the_same_caller_may_ask_again,
    result_read_twice,
    with_pkce_the_network_may_change,
    a_finished_sign_in_waits_a_minute,
    a_revoked_session_is_not_given_again,
    nothing_is_collected_before_the_end,
    a_session_for_somebody_else_is_refused,
}

/// An attempt that is done at `NOW`.
async fn done(store: &Store, name: &str) -> AttemptId {
    let id = exchanging(store, name, later(0)).await;
    store.complete_sign_in(&sign_in(name, wechat(vec![openid("wx", name)]), later(0))).await.unwrap();
    id
}

async fn the_first_collects_and_the_same_caller_may_ask_again(store: Store) {
    let id = done(&store, "a").await;
    let new = new_session("a", user("a"), later(5));
    let first = store.collect(&id, home(), later(5), &new, Vec::new()).await.unwrap();
    assert_eq!(first, Collected::First(new.session.clone()));
    let Stage::Done { collected, at, .. } = store.attempt_by_id(&id).await.unwrap().unwrap().stage else {
        panic!()
    };
    assert_eq!((collected, at), (Some((later(5), home())), later(0)));

    let other = new_session("other", user("a"), later(64));
    let again = store.collect(&id, home(), later(64), &other, Vec::new()).await.unwrap();
    assert_eq!(again, Collected::Again(new.session.clone()));
    assert_eq!(store.session_with_user(other.sid).await.unwrap(), None, "no second session");
    assert_eq!(store.session_with_user(new.sid).await.unwrap().unwrap().0, new.session);
}

async fn result_read_twice(store: Store) {
    let id = done(&store, "a").await;
    let new = new_session("a", user("a"), later(5));
    store.collect(&id, home(), later(5), &new, Vec::new()).await.unwrap();
    assert_eq!(
        store.collect(&id, away(), later(6), &new, Vec::new()).await.unwrap(),
        Collected::Lost,
        "another network"
    );
    assert_eq!(
        store.collect(&id, home(), later(65), &new, Vec::new()).await.unwrap(),
        Collected::Lost,
        "too late"
    );
    let id = done(&store, "b").await;
    let new = new_session("b", user("b"), later(5));
    store.collect(&id, Network::unknown(), later(5), &new, Vec::new()).await.unwrap();
    assert_eq!(
        store.collect(&id, Network::unknown(), later(6), &new, Vec::new()).await.unwrap(),
        Collected::Lost
    );
}

async fn with_pkce_the_network_may_change(store: Store) {
    let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    store.insert_attempt(state("a"), &Attempt { challenge, ..attempt("a") }).await.unwrap();
    store.claim_attempt(&claim("a", "code"), later(0)).await.unwrap();
    store.complete_sign_in(&sign_in("a", wechat(vec![openid("wx", "o1")]), later(0))).await.unwrap();
    let id = attempt("a").attempt_id;
    let new = new_session("a", user("a"), later(1));
    assert!(matches!(
        store.collect(&id, home(), later(1), &new, Vec::new()).await.unwrap(),
        Collected::First(_)
    ));
    assert!(matches!(
        store.collect(&id, away(), later(2), &new, Vec::new()).await.unwrap(),
        Collected::Again(_)
    ));
}

async fn a_finished_sign_in_waits_a_minute(store: Store) {
    let id = done(&store, "a").await;
    let new = new_session("a", user("a"), later(60));
    assert_eq!(store.collect(&id, home(), later(60), &new, Vec::new()).await.unwrap(), Collected::Lost);
    assert_eq!(store.session_with_user(new.sid).await.unwrap(), None);
    assert!(matches!(
        store.collect(&id, home(), later(59), &new, Vec::new()).await.unwrap(),
        Collected::First(_)
    ));
}

async fn a_revoked_session_is_not_given_again(store: Store) {
    let id = done(&store, "a").await;
    let new = new_session("a", user("a"), later(1));
    store.collect(&id, home(), later(1), &new, Vec::new()).await.unwrap();
    assert!(store.revoke_session(new.sid, later(2)).await.unwrap());
    assert_eq!(store.collect(&id, home(), later(3), &new, Vec::new()).await.unwrap(), Collected::Lost);
}

async fn nothing_is_collected_before_the_end(store: Store) {
    let id = exchanging(&store, "a", later(0)).await;
    let new = new_session("a", user("a"), later(1));
    assert_eq!(store.collect(&id, home(), later(1), &new, Vec::new()).await.unwrap(), Collected::Lost);
    store.hold_attempt(&id, b"sealed", later(1)).await.unwrap();
    assert_eq!(store.collect(&id, home(), later(1), &new, Vec::new()).await.unwrap(), Collected::Lost);
    let unknown = AttemptId::parse("unknown").unwrap();
    assert_eq!(store.collect(&unknown, home(), later(1), &new, Vec::new()).await.unwrap(), Collected::Lost);
}

async fn a_session_for_somebody_else_is_refused(store: Store) {
    let id = done(&store, "a").await;
    let wrong = new_session("a", user("b"), later(1));
    assert!(matches!(
        store.collect(&id, home(), later(1), &wrong, Vec::new()).await,
        Err(StoreError::Internal(_))
    ));
    let right = new_session("a", user("a"), later(2));
    let collected = store.collect(&id, home(), later(2), &right, Vec::new()).await.unwrap();
    assert!(matches!(collected, Collected::First(_)), "what failed left nothing behind");
}
