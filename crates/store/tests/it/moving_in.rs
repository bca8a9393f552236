//! People who are brought over: once each, with all that is theirs, and passwords that are replaced with care.

use crate::support::{later, on_both_engines, user};
use downcity_core::identity::KeyKind;
use downcity_core::{IdentityKey, UserId};
use downcity_store::{Arrival, Arrivals, Arrived, ArrivingIdentity, NewEvent, Store, testing};

on_both_engines! {
    a_better_hash_never_takes_a_newer_passwords_place,
    old_passwords_are_counted_until_they_are_gone,
    of_two_moves_at_once_each_person_comes_over_once,
}

fn arrival(name: &str) -> Arrival {
    let key = IdentityKey { kind: KeyKind::Sub, scope: String::new(), value: format!("{name}@example.com") };
    Arrival {
        user_id: user(name),
        email: Some(key.value.clone()),
        display_name: None,
        avatar_url: None,
        bio: None,
        disabled: false,
        created_at: later(0),
        identities: vec![ArrivingIdentity {
            identity_id: format!("identity-{name}"),
            provider: "email".into(),
            keys: vec![key],
            old_password: Some("$scrypt$old".into()),
            created_at: later(0),
            last_used_at: later(0),
        }],
        event: NewEvent {
            event_id: format!("event-{name}"),
            kind: "user.moved_in",
            user_id: Some(name.into()),
            city_id: None,
            actor: "system".into(),
            network: None,
            audit: None,
            detail: "{}".into(),
            at: later(0),
        },
    }
}

async fn arrive(store: &Store, names: &[&str]) -> Vec<Arrived> {
    let people = names.iter().map(|name| arrival(name)).collect();
    store.move_in(Arrivals { people, rehearse: false, now: later(1) }).await.unwrap()
}

async fn hash_of(store: &Store, id: &UserId) -> String {
    let address = store.address_of(id).await.unwrap().unwrap();
    store.account_by_address(&address).await.unwrap().unwrap().hash.unwrap()
}

async fn a_better_hash_never_takes_a_newer_passwords_place(store: Store) {
    arrive(&store, &["a"]).await;
    assert!(store.improve_password(&user("a"), "$scrypt$old", "$argon2id$new").await.unwrap());
    assert!(!store.improve_password(&user("a"), "$scrypt$old", "$argon2id$late").await.unwrap());
    assert_eq!(hash_of(&store, &user("a")).await, "$argon2id$new");
}

async fn old_passwords_are_counted_until_they_are_gone(store: Store) {
    assert_eq!(store.old_passwords_permille().await.unwrap(), 0);
    arrive(&store, &["a", "b", "c"]).await;
    assert_eq!(store.old_passwords_permille().await.unwrap(), 1000);
    store.improve_password(&user("a"), "$scrypt$old", "$argon2id$new").await.unwrap();
    assert_eq!(store.old_passwords_permille().await.unwrap(), 667);
    for name in ["b", "c"] {
        store.improve_password(&user(name), "$scrypt$old", "$argon2id$new").await.unwrap();
    }
    assert_eq!(store.old_passwords_permille().await.unwrap(), 0);
}

async fn of_two_moves_at_once_each_person_comes_over_once(store: Store) {
    let names = ["a", "b", "c", "d", "e"];
    let (one, two) = tokio::join!(arrive(&store, &names), arrive(&store, &names));
    for (one, two) in one.iter().zip(&two) {
        let added = |arrived: &Arrived| matches!(arrived, Arrived::Added { .. });
        assert!(added(one) != added(two), "{one:?} {two:?}");
    }
    for table in
        ["select count(*) from users", "select count(*) from identities", "select count(*) from events"]
    {
        assert_eq!(testing::number(&store, table).await, 5, "{table}");
    }
}
