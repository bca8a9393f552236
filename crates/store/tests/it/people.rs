//! Who somebody is: the rules for unionid and openid.

use crate::support::{
    as_user, attempt, deed, exchanging, later, new_session, on_both_engines, openid, sign_in, signed_in,
    unionid, user, wechat,
};
use downcity_core::identity::KeyKind;
use downcity_core::{ExternalIdentity, Failure, IdentityKey, Profile, Stage, User};
use downcity_store::{Completed, Store, StoreError, testing};

on_both_engines! {
    a_new_person_becomes_a_user_once,
    empty_unionid_merges_users,
    late_unionid_splits_user,
    migrated_unionid_duplicates,
    one_person_in_two_apps,
    two_users_stay_two_and_the_conflict_is_told,
    the_same_name_elsewhere_is_somebody_else,
    the_profile_is_refreshed_and_nothing_is_invented,
    linked_by_unverified_email,
    a_disabled_user_is_refused,
    an_attempt_that_is_over_changes_nothing,
    confirming_ends_in_done_and_erases_the_identity,
    an_attempt_is_bound_to_its_provider,
}

/// The user as a session of theirs shows them.
async fn stored_user(store: &Store, name: &str) -> User {
    let probe = new_session(&format!("probe-{}", rand_name()), user(name), later(0));
    store.insert_session(&probe, deed("token.issued")).await.unwrap();
    store.session_with_user(probe.sid).await.unwrap().unwrap().1.expect("a user")
}

fn rand_name() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

async fn a_new_person_becomes_a_user_once(store: Store) {
    let person = || wechat(vec![unionid("u1"), openid("wx", "o1")]);
    assert_eq!(signed_in(&store, "a", person()).await, as_user("a", true));
    assert_eq!(signed_in(&store, "b", person()).await, as_user("a", false));
    let attempt = store.attempt_by_id(&attempt("b").attempt_id).await.unwrap().unwrap();
    assert_eq!(attempt.stage, Stage::Done { user_id: user("a"), at: later(0), collected: None });
    let stored = stored_user(&store, "a").await;
    assert_eq!(stored.display_name.as_deref(), Some("张三🌟"));
    assert_eq!((stored.email, stored.avatar_url, stored.bio, stored.disabled), (None, None, None, false));
    assert_eq!(stored.created_at, later(0));
}

async fn empty_unionid_merges_users(store: Store) {
    assert_eq!(signed_in(&store, "a", wechat(vec![openid("wx", "o1")])).await, as_user("a", true));
    assert_eq!(signed_in(&store, "b", wechat(vec![openid("wx", "o2")])).await, as_user("b", true));
    exchanging(&store, "c", later(0)).await;
    for keys in [vec![], vec![unionid(""), openid("wx", "o3")], vec![unionid("u"), openid("wx", "")]] {
        let refused = store.complete_sign_in(&sign_in("c", wechat(keys), later(0))).await;
        assert!(matches!(refused, Err(StoreError::Internal(_))));
    }
}

async fn late_unionid_splits_user(store: Store) {
    assert_eq!(signed_in(&store, "a", wechat(vec![openid("wx", "o1")])).await, as_user("a", true));
    let upgraded = signed_in(&store, "b", wechat(vec![unionid("u1"), openid("wx", "o1")])).await;
    assert_eq!(upgraded, as_user("a", false));
    let by_unionid = signed_in(&store, "c", wechat(vec![unionid("u1"), openid("wx2", "other")])).await;
    assert_eq!(by_unionid, as_user("a", false), "from now on the unionid alone is enough");
    let without = signed_in(&store, "d", wechat(vec![openid("wx", "o1")])).await;
    assert_eq!(without, as_user("a", false), "and so is the openid");
}

async fn migrated_unionid_duplicates(store: Store) {
    assert_eq!(
        signed_in(&store, "a", wechat(vec![unionid("old"), openid("wx", "o1")])).await,
        as_user("a", true)
    );
    let moved = signed_in(&store, "b", wechat(vec![unionid("new"), openid("wx", "o1")])).await;
    assert_eq!(moved, as_user("a", false));
    assert_eq!(
        signed_in(&store, "c", wechat(vec![unionid("new"), openid("wx2", "x")])).await,
        as_user("a", false)
    );
    let stranger = signed_in(&store, "d", wechat(vec![unionid("old"), openid("wx3", "y")])).await;
    assert_eq!(stranger, as_user("d", true), "the old unionid was replaced");
}

async fn one_person_in_two_apps(store: Store) {
    assert_eq!(
        signed_in(&store, "a", wechat(vec![unionid("u1"), openid("wx1", "o1")])).await,
        as_user("a", true)
    );
    assert_eq!(
        signed_in(&store, "b", wechat(vec![unionid("u1"), openid("wx2", "o2")])).await,
        as_user("a", false)
    );
    assert_eq!(signed_in(&store, "c", wechat(vec![openid("wx2", "o2")])).await, as_user("a", false));
    assert_eq!(signed_in(&store, "d", wechat(vec![openid("wx1", "o2")])).await, as_user("d", true));
}

async fn two_users_stay_two_and_the_conflict_is_told(store: Store) {
    signed_in(&store, "a", wechat(vec![unionid("u1"), openid("wx1", "o1")])).await;
    signed_in(&store, "b", wechat(vec![openid("wx2", "o2")])).await;
    // The app of 'b' came under the account of the other: whoever it knew stays who they are.
    let both = signed_in(&store, "c", wechat(vec![openid("wx2", "o2"), unionid("u1")])).await;
    let conflict =
        Completed::SignedIn { user_id: user("b"), new_user: false, conflicts_with: Some(user("a")) };
    assert_eq!(both, conflict);
    assert_eq!(
        signed_in(&store, "e", wechat(vec![openid("wx1", "o1"), unionid("u1")])).await,
        as_user("a", false)
    );
    assert_eq!(signed_in(&store, "d", wechat(vec![openid("wx2", "o2")])).await, as_user("b", false));
}

async fn the_same_name_elsewhere_is_somebody_else(store: Store) {
    signed_in(&store, "a", wechat(vec![openid("wx", "x")])).await;
    assert_eq!(signed_in(&store, "b", wechat(vec![unionid("x")])).await, as_user("b", true), "another kind");
    assert_eq!(
        signed_in(&store, "c", wechat(vec![openid("wx2", "x")])).await,
        as_user("c", true),
        "another scope"
    );
    assert_eq!(
        signed_in(&store, "d", wechat(vec![openid("wx", "X")])).await,
        as_user("d", true),
        "another case"
    );
}

async fn the_profile_is_refreshed_and_nothing_is_invented(store: Store) {
    let person = |profile| ExternalIdentity { profile, ..wechat(vec![openid("wx", "o1")]) };
    let told = |name: Option<&str>, avatar: Option<&str>| {
        let (display_name, avatar_url) = (name.map(str::to_owned), avatar.map(str::to_owned));
        Profile { display_name, avatar_url, email: None }
    };
    let shown = |user: User| (user.display_name, user.avatar_url);
    signed_in(&store, "a", person(told(None, None))).await;
    assert_eq!(shown(stored_user(&store, "a").await), (None, None));
    signed_in(&store, "b", person(told(Some("One"), Some("https://a/1")))).await;
    assert_eq!(shown(stored_user(&store, "a").await), (Some("One".into()), Some("https://a/1".into())));
    signed_in(&store, "c", person(told(Some("Two"), None))).await;
    assert_eq!(shown(stored_user(&store, "a").await), (Some("Two".into()), Some("https://a/1".into())));
}

async fn linked_by_unverified_email(store: Store) {
    let person = |sub: &str| ExternalIdentity {
        provider: "wechat".into(),
        keys: vec![IdentityKey { kind: KeyKind::Sub, scope: "https://issuer".into(), value: sub.into() }],
        profile: Profile { display_name: None, avatar_url: None, email: Some("Zoë@Example.com".into()) },
    };
    assert_eq!(signed_in(&store, "a", person("s1")).await, as_user("a", true));
    assert_eq!(signed_in(&store, "b", person("s2")).await, as_user("b", true), "an address links nobody");
    assert_eq!(stored_user(&store, "a").await.email.as_deref(), Some("zoë@example.com"));
    assert_eq!(stored_user(&store, "b").await.email, None);
}

async fn a_disabled_user_is_refused(store: Store) {
    let person = || wechat(vec![openid("wx", "o1")]);
    signed_in(&store, "a", person()).await;
    assert_eq!(testing::tamper(&store, "update users set disabled = 1").await, 1);
    assert!(stored_user(&store, "a").await.disabled);
    assert_eq!(signed_in(&store, "b", person()).await, Completed::UserDisabled);
    let attempt = store.attempt_by_id(&attempt("b").attempt_id).await.unwrap().unwrap();
    assert_eq!(attempt.stage, Stage::Failed(Failure::UserDisabled));
    let again = store.complete_sign_in(&sign_in("b", person(), later(0))).await.unwrap();
    assert_eq!(again, Completed::Lost);
}

async fn an_attempt_that_is_over_changes_nothing(store: Store) {
    let person = || wechat(vec![unionid("u1"), openid("wx", "o1")]);
    let id = exchanging(&store, "a", later(0)).await;
    let late = store.complete_sign_in(&sign_in("a", person(), later(20))).await.unwrap();
    assert_eq!(late, Completed::Lost, "the exchange counts as interrupted");
    store.fail_attempt(&id, Failure::ProviderBusy, later(1)).await.unwrap();
    assert_eq!(store.complete_sign_in(&sign_in("a", person(), later(1))).await.unwrap(), Completed::Lost);
    let unknown = store.complete_sign_in(&sign_in("unknown", person(), later(1))).await.unwrap();
    assert_eq!(unknown, Completed::Lost);
    for table in ["delete from identity_keys", "delete from identities", "delete from users"] {
        assert_eq!(testing::tamper(&store, table).await, 0, "no half-made users: {table}");
    }
    signed_in(&store, "b", person()).await;
    let id = attempt("b").attempt_id;
    assert_eq!(store.complete_sign_in(&sign_in("b", person(), later(1))).await.unwrap(), Completed::Lost);
    assert!(!store.fail_attempt(&id, Failure::ProviderBusy, later(1)).await.unwrap(), "done stays done");
}

async fn confirming_ends_in_done_and_erases_the_identity(store: Store) {
    let person = || wechat(vec![openid("wx", "o1")]);
    let id = exchanging(&store, "a", later(0)).await;
    store.hold_attempt(&id, b"sealed", later(1)).await.unwrap();
    let late = store.complete_sign_in(&sign_in("a", person(), later(600))).await.unwrap();
    assert_eq!(late, Completed::Lost, "the attempt has expired");
    assert_eq!(
        store.complete_sign_in(&sign_in("a", person(), later(599))).await.unwrap(),
        as_user("a", true)
    );
    assert_eq!(store.held_identity(&id).await.unwrap(), None);
    let left = testing::tamper(&store, "delete from login_attempts where sealed_identity is not null").await;
    assert_eq!(left, 0);
}

async fn an_attempt_is_bound_to_its_provider(store: Store) {
    exchanging(&store, "a", later(0)).await;
    let other = ExternalIdentity { provider: "github".into(), ..wechat(vec![openid("wx", "o1")]) };
    assert_eq!(store.complete_sign_in(&sign_in("a", other, later(0))).await.unwrap(), Completed::Lost);
}
