//! Sessions: stored, found, ended.

use crate::support::{away, deed, later, new_session, on_both_engines, openid, signed_in, user, wechat};
use downcity_core::{Digest, Session, UserId};
use downcity_store::{NewSession, Store, StoreError, testing};

on_both_engines! {
    a_session_is_found_by_its_key_alone,
    a_token_issued_by_hand_has_no_user,
    logout_revokes_nothing,
    what_was_found_before_is_not_told_after_a_change,
    a_key_belongs_to_one_session,
    of_many_uses_at_the_same_time_one_is_noted,
    a_column_added_by_a_newer_version_does_not_disturb,
}

async fn a_session_is_found_by_its_key_alone(store: Store) {
    signed_in(&store, "a", wechat(vec![openid("wx", "o1")])).await;
    let new = NewSession { network: away(), ..new_session("s", user("a"), later(0)) };
    store.insert_session(&new, deed("token.issued")).await.unwrap();
    let (session, owner) = store.session_with_user(new.sid).await.unwrap().unwrap();
    assert_eq!(session, new.session);
    assert_eq!(owner.unwrap().user_id, user("a"));
    assert_eq!(store.session_with_user(Digest::of("guess")).await.unwrap(), None);
}

async fn a_token_issued_by_hand_has_no_user(store: Store) {
    let new = new_session("s", UserId::parse("customer-42").unwrap(), later(0));
    let metadata = Some(r#"{"plan":"pro"}"#.to_owned());
    let new = NewSession { session: Session { metadata, provider: "token".into(), ..new.session }, ..new };
    store.insert_session(&new, deed("token.issued")).await.unwrap();
    assert_eq!(store.session_with_user(new.sid).await.unwrap(), Some((new.session, None)));
}

async fn logout_revokes_nothing(store: Store) {
    let new = new_session("s", user("a"), later(0));
    store.insert_session(&new, deed("token.issued")).await.unwrap();
    assert!(store.revoke_session(new.sid, later(1)).await.unwrap());
    assert!(!store.revoke_session(new.sid, later(2)).await.unwrap());
    let (session, _) = store.session_with_user(new.sid).await.unwrap().unwrap();
    assert_eq!(session.revoked_at, Some(later(1)));
    assert!(!session.is_live(later(2)));
    assert!(!store.revoke_session(Digest::of("guess"), later(1)).await.unwrap());
}

async fn of_many_uses_at_the_same_time_one_is_noted(store: Store) {
    let new = new_session("s", user("a"), later(0));
    store.insert_session(&new, deed("token.issued")).await.unwrap();
    let seen = || testing::number(&store, "select last_seen_at from sessions");
    for (now, lately, noted) in [(400, 100, 400), (401, 101, 400), (699, 399, 400), (700, 400, 700)] {
        store.touch_session(&new.session.session_id, later(now), later(lately)).await.unwrap();
        assert_eq!(seen().await, later(noted).0, "{now}");
    }
}

async fn a_key_belongs_to_one_session(store: Store) {
    let new = new_session("s", user("a"), later(0));
    store.insert_session(&new, deed("token.issued")).await.unwrap();
    assert!(matches!(store.insert_session(&new, deed("token.issued")).await, Err(StoreError::Internal(_))));
    let other = new_session("t", user("a"), later(0));
    let same_key = NewSession { sid: new.sid, ..other.clone() };
    assert!(matches!(
        store.insert_session(&same_key, deed("token.issued")).await,
        Err(StoreError::Internal(_))
    ));
    let same_id = NewSession { session: new.session, ..other };
    assert!(matches!(
        store.insert_session(&same_id, deed("token.issued")).await,
        Err(StoreError::Internal(_))
    ));
}

async fn a_column_added_by_a_newer_version_does_not_disturb(store: Store) {
    let new = new_session("s", user("a"), later(0));
    store.insert_session(&new, deed("token.issued")).await.unwrap();
    assert!(store.session_with_user(new.sid).await.unwrap().is_some());
    testing::tamper(&store, "alter table users add column extra text").await;
    assert!(store.session_with_user(new.sid).await.unwrap().is_some());
}

async fn what_was_found_before_is_not_told_after_a_change(store: Store) {
    signed_in(&store, "a", wechat(vec![openid("wx", "o1")])).await;
    let new = new_session("s", user("a"), later(0));
    store.insert_session(&new, deed("token.issued")).await.unwrap();
    for _ in 0..3 {
        let (session, _) = store.session_with_user(new.sid).await.unwrap().unwrap();
        assert_eq!(session.revoked_at, None);
    }
    store.revoke_session(new.sid, later(5)).await.unwrap();
    let (session, _) = store.session_with_user(new.sid).await.unwrap().unwrap();
    assert_eq!(session.revoked_at, Some(later(5)));
}
