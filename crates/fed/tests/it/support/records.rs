//! What the records of a Federation must never say, whatever happened to it.

use downcity_store::Store;
use downcity_store::testing::number;

/// Halves of sign-ins and registrations.
const HALVES: [&str; 5] = [
    "select count(*) from users u where not exists (select 1 from identities i where i.user_id = u.user_id)",
    "select count(*) from users u where not exists \
     (select 1 from events e where e.user_id = u.user_id and e.type = 'user.signed_up')",
    "select count(*) from identities i where case i.provider when 'wechat' then 2 else 1 end <> \
     (select count(*) from identity_keys k where k.identity_id = i.identity_id)",
    "select count(*) from login_attempts a where stage = 'done' and not exists \
     (select 1 from users u where u.user_id = a.user_id)",
    "select count(*) from login_attempts a where collected_at is not null and not exists \
     (select 1 from sessions s where s.session_id = a.session_id)",
];

/// Nobody is half made: no user without a way in, no way in without its names, no finished sign-in of nobody.
pub(crate) async fn nobody_is_half_made(store: &Store) {
    none(store, &HALVES).await;
}

/// None of these count anything.
pub(crate) async fn none(store: &Store, wrong: &[&'static str]) {
    for sql in wrong {
        assert_eq!(number(store, sql).await, 0, "{sql}");
    }
}
