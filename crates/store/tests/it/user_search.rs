//! Finding one among very many: by a whole id, address, openid or unionid at once, on both engines.

use crate::support::on_both_engines;
use downcity_core::Timestamp;
use downcity_store::testing::{plan_of_users, tamper};
use downcity_store::{Engine, Store, UserQuery};

on_both_engines! {
    somebody_is_found_among_many_by_a_whole_name_through_indexes,
    many_are_paged_to_the_last_without_a_gap,
    names_are_found_in_whatever_letters_they_are_written,
}

const MANY: usize = 20_000;

/// Twenty thousand users with an identity, an openid and a unionid each.
async fn many(store: &Store) {
    let users = "insert into users (user_id, email, display_name, created_at, updated_at) \
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) \
        select 'user-' || i, 'mail' || i || '@example.com', 'Li Lei ' || i, 1000 + i / 3, 1000 from n";
    assert_eq!(tamper(store, users).await, 20_000);
    tamper(
        store,
        "insert into identities (identity_id, user_id, provider, created_at, last_used_at) \
        select 'id-' || user_id, user_id, 'wechat', 1, 1 from users",
    )
    .await;
    tamper(
        store,
        "insert into identity_keys (provider, kind, scope, value, identity_id) \
        select 'wechat', 'openid', 'wx1', 'oOpen-' || user_id, 'id-' || user_id from users",
    )
    .await;
    tamper(
        store,
        "insert into identity_keys (provider, kind, scope, value, identity_id) \
        select 'wechat', 'unionid', '', 'oUnion-' || user_id, 'id-' || user_id from users",
    )
    .await;
    // What the planner knows of the tables; a server does so by itself.
    tamper(store, "analyze").await;
}

fn named(exact: &str) -> UserQuery {
    UserQuery { exact: exact.to_owned(), part: exact.to_lowercase(), limit: 51, ..UserQuery::default() }
}

async fn names_are_found_in_whatever_letters_they_are_written(store: Store) {
    for name in ["Élise", "ИВАН", "李雷", "Straße"] {
        let insert = format!(
            "insert into users (user_id, display_name, created_at, updated_at) values ('{name}', '{name}', 1, 1)"
        );
        tamper(&store, insert.leak()).await;
    }
    for typed in ["Élise", "élise", "ÉLISE", "Иван", "ИВАН", "李雷", "straße"] {
        assert_eq!(store.users(&named(typed)).await.unwrap().len(), 1, "{typed}");
    }
}

async fn somebody_is_found_among_many_by_a_whole_name_through_indexes(store: Store) {
    many(&store).await;
    for name in ["user-777", "USER-777", "mail777@Example.com", "oOpen-user-777", "oUnion-user-777"] {
        let found = store.users(&named(name)).await.unwrap();
        assert_eq!(found.len(), 1, "{name}: nobody whose name only begins so");
        assert_eq!(found[0].user.user_id.as_str(), "user-777");
        assert_eq!(found[0].providers, ["wechat"]);
    }
    assert_eq!(store.users(&named("oopen-user-777")).await.unwrap(), [], "an openid has its case");
    assert_eq!(
        store.users(&named("li lei 777")).await.unwrap().len(),
        11,
        "part of a name: 777 and 7770 to 7779"
    );
    let disabled = UserQuery { status: "disabled".to_owned(), ..named("user-777") };
    assert_eq!(store.users(&disabled).await.unwrap(), []);

    let (straight, walk) = (plan_of_users(&store, true).await, plan_of_users(&store, false).await);
    match store.engine() {
        Engine::Sqlite => {
            assert!(!straight.contains("SCAN users") && !straight.contains("SCAN k"), "{straight}");
            assert!(straight.contains("identity_keys_by_value"), "{straight}");
            assert!(walk.contains("USING INDEX users_by_creation") && !walk.contains("SCAN users"), "{walk}");
        }
        Engine::Postgres => {
            assert!(
                !straight.contains("Seq Scan on users") && !straight.contains("Seq Scan on identity_keys"),
                "{straight}"
            );
            assert!(straight.contains("identity_keys_by_value"), "{straight}");
            assert!(walk.contains("Backward using users_by_creation"), "{walk}");
            assert!(!walk.contains("Seq Scan on users"), "{walk}");
        }
    }
}

async fn many_are_paged_to_the_last_without_a_gap(store: Store) {
    many(&store).await;
    let mut after: Option<(Timestamp, String)> = None;
    let mut seen = std::collections::HashSet::new();
    loop {
        let query = UserQuery { after: after.clone(), limit: 1000, ..UserQuery::default() };
        let page = store.users(&query).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.user.created_at, last.user.user_id.to_string()));
        for one in page {
            assert!(seen.insert(one.user.user_id));
        }
    }
    assert_eq!(seen.len(), MANY);
    let query = UserQuery {
        after: Some((Timestamp(0), String::new())),
        later: true,
        limit: 4,
        ..UserQuery::default()
    };
    let oldest = store.users(&query).await.unwrap();
    let ids: Vec<_> = oldest.iter().map(|one| one.user.user_id.as_str()).collect();
    assert_eq!(ids, ["user-1", "user-2", "user-3", "user-4"], "the other way round, also at the same moment");
    let from = Some((oldest[1].user.created_at, "user-2".to_owned()));
    let further = store.users(&UserQuery { after: from, ..query }).await.unwrap();
    assert_eq!(further[..2], oldest[2..], "and on from there");
}
