//! What many requests do at the same moment has one outcome.

use crate::support::{
    attempt, claim, deed, exchanging, home, later, new_session, on_both_engines, openid, sign_in, signed_in,
    sixteen, state, unionid, user, wechat,
};
use downcity_core::{IdentityId, UserId};
use downcity_store::{Collected, Completed, SigningKeyRow, Store, testing};
use std::collections::HashSet;

on_both_engines! {
    sixteen_callbacks_one_claim,
    concurrent_first_login_makes_three_users,
    concurrent_logins_of_a_known_user,
    concurrent_logins_of_different_people,
    concurrent_upgrades_and_moves_keep_one_user,
    sixteen_completions_of_one_attempt,
    sixteen_collect_one_session,
    sixteen_first_starts_one_key,
    sixteen_changes_are_all_counted,
    a_dropped_caller_leaves_no_connection_behind,
}

fn user_of(completed: Completed) -> UserId {
    match completed {
        Completed::SignedIn { user_id, .. } => user_id,
        other => panic!("{other:?}"),
    }
}

async fn sixteen_callbacks_one_claim(store: Store) {
    for round in 0..8 {
        let name = format!("a{round}");
        store.insert_attempt(state(&name), &attempt(&name)).await.unwrap();
        let claims = sixteen(|i| {
            let (store, claim) = (store.clone(), claim(&name, &i.to_string()));
            async move { store.claim_attempt(&claim, later(1)).await.unwrap() }
        })
        .await;
        let winners: Vec<_> = claims.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(store.attempt_by_state(state(&name)).await.unwrap().as_ref(), winners.first());
    }
}

async fn concurrent_first_login_makes_three_users(store: Store) {
    for round in 0..8 {
        let name = |i: usize| format!("r{round}-{i}");
        for i in 0..16 {
            exchanging(&store, &name(i), later(0)).await;
        }
        let done = sixteen(|i| {
            let store = store.clone();
            let person = wechat(vec![unionid(&format!("u{round}")), openid("wx", &format!("o{round}"))]);
            let sign_in = sign_in(&name(i), person, later(1));
            async move { store.complete_sign_in(&sign_in).await.unwrap() }
        })
        .await;
        let new =
            done.iter().filter(|done| matches!(done, Completed::SignedIn { new_user: true, .. })).count();
        let users: HashSet<_> = done.into_iter().map(user_of).collect();
        assert_eq!((new, users.len()), (1, 1));
    }
    assert_eq!(testing::tamper(&store, "update identity_keys set scope = scope").await, 16);
    assert_eq!(testing::tamper(&store, "update users set bio = ''").await, 8);
}

async fn concurrent_logins_of_a_known_user(store: Store) {
    let person = |name: String| {
        let mut person = wechat(vec![unionid("u"), openid("wx", "o")]);
        person.profile.display_name = Some(name);
        person
    };
    signed_in(&store, "first", person("x".into())).await;
    for i in 0..16 {
        exchanging(&store, &format!("a{i}"), later(100)).await;
    }
    let done = sixteen(|i| {
        let store = store.clone();
        let sign_in = sign_in(&format!("a{i}"), person(format!("name {i}")), later(101));
        async move { store.complete_sign_in(&sign_in).await.unwrap() }
    })
    .await;
    assert!(done.into_iter().all(|done| user_of(done) == user("first")));
}

async fn concurrent_logins_of_different_people(store: Store) {
    for i in 0..16 {
        exchanging(&store, &format!("a{i}"), later(0)).await;
    }
    let done = sixteen(|i| {
        let store = store.clone();
        let person = wechat(vec![unionid(&format!("u{i}")), openid("wx", &format!("o{i}"))]);
        let sign_in = sign_in(&format!("a{i}"), person, later(1));
        async move { store.complete_sign_in(&sign_in).await.unwrap() }
    })
    .await;
    let users: HashSet<_> = done.into_iter().map(user_of).collect();
    assert_eq!(users.len(), 16);
}

async fn concurrent_upgrades_and_moves_keep_one_user(store: Store) {
    signed_in(&store, "first", wechat(vec![openid("wx", "o")])).await;
    for i in 0..16 {
        exchanging(&store, &format!("a{i}"), later(0)).await;
    }
    let done = sixteen(|i| {
        let store = store.clone();
        let keys = match i % 4 {
            0 => vec![openid("wx", "o")],
            1 => vec![unionid("old"), openid("wx", "o")],
            2 => vec![unionid("new"), openid("wx", "o")],
            _ => vec![unionid("new"), openid("wx", "o"), openid("wx2", "o2")],
        };
        let sign_in = sign_in(&format!("a{i}"), wechat(keys), later(1));
        async move { store.complete_sign_in(&sign_in).await.unwrap() }
    })
    .await;
    assert!(done.into_iter().all(|done| user_of(done) == user("first")));
    assert_eq!(testing::tamper(&store, "update identities set last_used_at = 0").await, 1);
    assert_eq!(testing::tamper(&store, "update identity_keys set scope = scope").await, 3);
}

async fn sixteen_completions_of_one_attempt(store: Store) {
    exchanging(&store, "a", later(0)).await;
    let done = sixteen(|i| {
        let store = store.clone();
        let mut sign_in = sign_in("a", wechat(vec![openid("wx", &format!("o{i}"))]), later(1));
        sign_in.user_id = user(&i.to_string());
        sign_in.identity_id = IdentityId::parse(&format!("identity-{i}")).unwrap();
        async move { store.complete_sign_in(&sign_in).await.unwrap() }
    })
    .await;
    assert_eq!(done.iter().filter(|done| **done != Completed::Lost).count(), 1);
    assert_eq!(testing::tamper(&store, "update users set bio = ''").await, 1, "those who lost made nobody");
}

async fn sixteen_collect_one_session(store: Store) {
    for round in 0..8 {
        let name = format!("a{round}");
        let id = exchanging(&store, &name, later(0)).await;
        store.complete_sign_in(&sign_in(&name, wechat(vec![openid("wx", &name)]), later(0))).await.unwrap();
        let collected = sixteen(|i| {
            let (store, id) = (store.clone(), id.clone());
            let new = new_session(&format!("{name}-{i}"), user(&name), later(1));
            async move { store.collect(&id, home(), later(1), &new, Vec::new()).await.unwrap() }
        })
        .await;
        let first: Vec<_> = collected.iter().filter(|c| matches!(c, Collected::First(_))).collect();
        let [Collected::First(session)] = first[..] else { panic!("{first:?}") };
        let again = Collected::Again(session.clone());
        assert!(collected.iter().all(|c| *c == again || matches!(c, Collected::First(_))), "{collected:?}");
    }
    assert_eq!(testing::tamper(&store, "update sessions set agent = ''").await, 8);
}

async fn sixteen_first_starts_one_key(store: Store) {
    let before = store.changes().await.unwrap();
    let admin = sixteen(|i| {
        let store = store.clone();
        let row = crate::admins::key(&format!("key-{i}"), downcity_core::Role::Owner);
        async move { store.insert_first_admin_key(&row, deed("admin_key.created")).await.unwrap() }
    })
    .await;
    assert_eq!(admin.into_iter().filter(|won| *won).count(), 1);
    assert_eq!(store.admin_keys().await.unwrap().len(), 1);
    let signing = sixteen(|i| {
        let store = store.clone();
        let (kid, sealed, public) = (format!("kid-{i}"), vec![1], vec![2]);
        let row = SigningKeyRow {
            kid,
            sealed,
            public,
            active: true,
            starts_at: later(0),
            retired_at: None,
            created_at: later(0),
        };
        async move { store.insert_first_signing_key(&row).await.unwrap() }
    })
    .await;
    assert_eq!(signing.into_iter().filter(|won| *won).count(), 1);
    assert_eq!(store.signing_keys().await.unwrap().len(), 1);
    assert_eq!(store.changes().await.unwrap(), before + 2, "who changed nothing is not counted");
    let facts = sixteen(|i| {
        let store = store.clone();
        async move { store.settle_fact("which", format!("{i}").as_bytes()).await.unwrap() }
    })
    .await;
    let facts: HashSet<_> = facts.into_iter().collect();
    assert_eq!(facts.len(), 1, "all are told the same");
}

async fn sixteen_changes_are_all_counted(store: Store) {
    let before = store.changes().await.unwrap();
    let removed = sixteen(|i| {
        let store = store.clone();
        async move { store.insert_city(&crate::support::city(&format!("city_{i}")), None).await.unwrap() }
    })
    .await;
    assert!(removed.into_iter().all(|inserted| inserted));
    assert_eq!(store.changes().await.unwrap(), before + 16);
}

async fn a_dropped_caller_leaves_no_connection_behind(store: Store) {
    for round in 0..40_u32 {
        let name = format!("a{round}");
        let id = exchanging(&store, &name, later(0)).await;
        let sign_in = sign_in(&name, wechat(vec![openid("wx", &name)]), later(1));
        let cut = std::time::Duration::from_micros(u64::from(round) * 50);
        // Whether it was in time does not matter here; that it is whole or not at all does.
        let _ = tokio::time::timeout(cut, store.complete_sign_in(&sign_in)).await;
        let _ = tokio::time::timeout(cut, store.attempt_by_id(&id)).await;
    }
    let all = sixteen(|i| {
        let store = store.clone();
        async move {
            let name = format!("after-{i}");
            signed_in(&store, &name, wechat(vec![openid("wx", &name)])).await
        }
    })
    .await;
    assert!(all.into_iter().all(|done| matches!(done, Completed::SignedIn { new_user: true, .. })));
    let half = testing::tamper(
        &store,
        "delete from users where user_id not in (select i.user_id from identities i join identity_keys k \
         on k.identity_id = i.identity_id join login_attempts a on a.user_id = i.user_id)",
    )
    .await;
    assert_eq!(half, 0);
}
