//! An attempt's way through its stages.

use crate::support::{
    NOW, attempt, attempt_at, away, claim, deed, exchanging, later, on_both_engines, state, state_at,
};
use downcity_core::attempt::Starter;
use downcity_core::pkce::Challenge;
use downcity_core::{Attempt, AttemptId, Digest, Failure, Lang, OpaqueToken, Stage};
use downcity_store::{Claim, Store, StoreError, testing};

on_both_engines! {
    an_attempt_is_read_back_as_it_was_stored,
    the_callback_claims_once,
    an_expired_attempt_cannot_be_claimed,
    a_failed_attempt_stays_failed,
    a_held_identity_is_there_only_while_confirming,
    what_is_over_by_time_stays_over,
    a_contradicting_row_is_an_error_that_names_it,
    an_id_is_taken_once,
    a_state_is_told_from_all_others_of_its_moment,
    an_attempt_for_a_removed_city_asks_for_another_try,
    a_text_with_nul_is_refused,
}

async fn an_attempt_is_read_back_as_it_was_stored(store: Store) {
    let plain = attempt("plain");
    let full = Attempt {
        return_to: Some("https://app.example.com/done".into()),
        challenge: Some(Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap()),
        lang: Lang::En,
        starter: Starter { network: away(), agent: "a'b\"c;--".into(), browser: Some(Digest::of("cookie")) },
        ..attempt("full")
    };
    for stored in [plain, full] {
        let id = stored.attempt_id.clone();
        store.insert_attempt(state(id.as_str()), &stored).await.unwrap();
        assert_eq!(store.attempt_by_id(&id).await.unwrap().as_ref(), Some(&stored));
        assert_eq!(store.attempt_by_state(state(id.as_str())).await.unwrap().as_ref(), Some(&stored));
    }
    assert_eq!(store.attempt_by_state(state("nobody's")).await.unwrap(), None);
    assert_eq!(store.attempt_by_id(&AttemptId::parse("nobody").unwrap()).await.unwrap(), None);
}

async fn the_callback_claims_once(store: Store) {
    store.insert_attempt(state("a"), &attempt("a")).await.unwrap();
    let (code, cookie) = (Digest::of("code"), Digest::of("cookie"));
    let claim = claim("a", "code");
    let claimed = store.claim_attempt(&claim, later(5)).await.unwrap().unwrap();
    let expected = Attempt {
        stage: Stage::Exchanging { since: later(5) },
        claimed_code: Some(code),
        finisher: Some(cookie),
        finished_by: Some(claim.by.clone()),
        ..attempt("a")
    };
    assert_eq!(claimed, expected);
    let other = Claim { code: Digest::of("other"), ..claim.clone() };
    assert_eq!(store.claim_attempt(&other, later(6)).await.unwrap(), None);
    assert_eq!(store.attempt_by_state(state("a")).await.unwrap(), Some(expected));
    let unknown = Claim { state: state("unknown"), ..claim };
    assert_eq!(store.claim_attempt(&unknown, later(6)).await.unwrap(), None);
}

async fn an_expired_attempt_cannot_be_claimed(store: Store) {
    store.insert_attempt(state("a"), &attempt("a")).await.unwrap();
    let claim = claim("a", "code");
    assert_eq!(store.claim_attempt(&claim, later(600)).await.unwrap(), None);
    assert!(store.claim_attempt(&claim, later(599)).await.unwrap().is_some());
}

async fn a_failed_attempt_stays_failed(store: Store) {
    store.insert_attempt(state("a"), &attempt("a")).await.unwrap();
    let id = attempt("a").attempt_id;
    assert!(store.fail_attempt(&id, Failure::AccessDenied, later(1)).await.unwrap());
    assert!(!store.fail_attempt(&id, Failure::ProviderBusy, later(2)).await.unwrap());
    assert_eq!(store.claim_attempt(&claim("a", "code"), later(3)).await.unwrap(), None);
    assert!(!store.hold_attempt(&id, b"sealed", later(3)).await.unwrap());
    let stored = store.attempt_by_id(&id).await.unwrap().unwrap();
    assert_eq!(stored.stage, Stage::Failed(Failure::AccessDenied));
    let unknown = AttemptId::parse("unknown").unwrap();
    assert!(!store.fail_attempt(&unknown, Failure::AccessDenied, later(1)).await.unwrap());
}

async fn a_held_identity_is_there_only_while_confirming(store: Store) {
    let id = exchanging(&store, "a", later(0)).await;
    assert_eq!(store.held_identity(&id).await.unwrap(), None);
    assert!(store.hold_attempt(&id, b"sealed \0 bytes", later(1)).await.unwrap());
    assert!(!store.hold_attempt(&id, b"other", later(1)).await.unwrap());
    assert_eq!(store.held_identity(&id).await.unwrap().unwrap(), b"sealed \0 bytes");
    assert_eq!(store.attempt_by_id(&id).await.unwrap().unwrap().stage, Stage::Confirming);
    assert!(store.fail_attempt(&id, Failure::LoginCancelled, later(2)).await.unwrap());
    assert_eq!(store.held_identity(&id).await.unwrap(), None);
    let left = testing::tamper(&store, "delete from login_attempts where sealed_identity is not null").await;
    assert_eq!(left, 0, "the sealed identity is erased, not only hidden");
}

async fn what_is_over_by_time_stays_over(store: Store) {
    let id = exchanging(&store, "a", later(0)).await;
    assert!(
        !store.hold_attempt(&id, b"sealed", later(20)).await.unwrap(),
        "the exchange counts as interrupted"
    );
    assert!(store.hold_attempt(&id, b"sealed", later(19)).await.unwrap());
}

async fn a_contradicting_row_is_an_error_that_names_it(store: Store) {
    let stored = attempt("a");
    store.insert_attempt(state("a"), &stored).await.unwrap();
    for damage in [
        "update login_attempts set stage = 'done'",
        "update login_attempts set stage = 'waiting', user_id = 'somebody'",
        "update login_attempts set user_id = null, collected_at = 1",
        "update login_attempts set collected_by = '192.0.2.1'",
        "update login_attempts set collected_by = null, collected_at = null, starter_network = 'nowhere'",
        "update login_attempts set starter_network = '192.0.2.1', lang = 'xx'",
        "update login_attempts set lang = 'zh', stage = 'failed', ended_at = 1",
    ] {
        assert_eq!(testing::tamper(&store, damage).await, 1);
        let error = store.attempt_by_state(state("a")).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Corrupt { table: "login_attempts", row, .. } if row == stored.attempt_id.as_str()),
            "{damage}"
        );
        assert!(!error.to_string().contains("nowhere"), "{error}");
    }
    // What a newer version beside this one calls it says nothing here, and is no damage.
    testing::tamper(&store, "update login_attempts set failure = 'of_a_newer_version'").await;
    let read = store.attempt_by_state(state("a")).await.unwrap().unwrap();
    assert_eq!(read.stage, Stage::Failed(Failure::Interrupted));
}

async fn an_id_is_taken_once(store: Store) {
    store.insert_attempt(state("a"), &attempt("a")).await.unwrap();
    let again = store.insert_attempt(state("b"), &attempt("a")).await;
    assert!(matches!(again, Err(StoreError::Internal(_))));
    assert_eq!(store.attempt_by_state(state("b")).await.unwrap(), None);
}

/// No index leads to a state, only its date.
async fn a_state_is_told_from_all_others_of_its_moment(store: Store) {
    let names: Vec<_> = (0..40).map(|number| format!("a{number}")).collect();
    for (name, start) in names.iter().zip((0..40).map(|number| later(number / 20))) {
        store.insert_attempt(state_at(name, start), &attempt_at(name, start)).await.unwrap();
    }
    for (name, start) in names.iter().zip((0..40).map(|number| later(number / 20))) {
        let found = store.attempt_by_state(state_at(name, start)).await.unwrap();
        assert_eq!(found.as_ref(), Some(&attempt_at(name, start)));
        let elsewhere = if start == NOW { later(1) } else { NOW };
        assert_eq!(store.attempt_by_state(state_at(name, elsewhere)).await.unwrap(), None);
        let claim = Claim { state: state_at(name, start), ..claim(name, "code") };
        let claimed = store.claim_attempt(&claim, later(5)).await.unwrap().unwrap();
        assert_eq!(claimed.attempt_id, attempt_at(name, start).attempt_id);
        assert_eq!(store.claim_attempt(&claim, later(5)).await.unwrap(), None);
    }
    let undated = OpaqueToken::from_bytes(&[7; 32]).digest();
    assert_eq!(store.attempt_by_state(undated).await.unwrap(), None);
    let astray = store.insert_attempt(undated, &attempt("b")).await;
    assert!(matches!(astray, Err(StoreError::Internal(_))), "it could not be found again");
}

async fn an_attempt_for_a_removed_city_asks_for_another_try(store: Store) {
    assert!(store.remove_city(&attempt("a").city_id, deed("city.removed")).await.unwrap());
    let result = store.insert_attempt(state("a"), &attempt("a")).await;
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
}

async fn a_text_with_nul_is_refused(store: Store) {
    let strange = Attempt { app_id: "hush\0hush".into(), ..attempt("a") };
    let error = store.insert_attempt(state("a"), &strange).await.unwrap_err();
    assert!(matches!(&error, StoreError::Internal(_)));
    assert!(!error.to_string().contains("hush"), "{error}");
    store.ping().await.unwrap();
}
