//! Failings of who somebody is.

use crate::kit::{admin_get, assert_error};
use crate::on_both_engines;
use crate::support::{On, World};
use downcity_store::testing::tamper;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wechat_sim::{Nickname, Person, UnionidIn};

on_both_engines!(
    prehijack_synthetic_email,
    linked_by_nickname,
    empty_unionid_merges_users,
    late_unionid_splits_user,
    migrated_unionid_duplicates,
    disabled_user_keeps_working,
);

/// Line 3: no address is made up for anybody, in `me` or in the store, so nobody can register it beforehand.
async fn prehijack_synthetic_email(on: On) {
    let world = World::ready(on).await;
    for person in ["alice", "zhangsan", "lilei"] {
        let done = world.sign_in(person).await;
        let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await;
        assert_eq!(me.ok()["profile"]["email"], Value::Null);
        assert!(!me.text.contains('@'), "{}", me.text);
    }
    assert_eq!(tamper(&world.store, "update users set email = null where email is null").await, 3);
}

/// Line 4 (GHSA-g38m-r43w-p2q7, CVE-2026-9092): two people with one nickname are two users, and a changed
/// nickname is the same user.
async fn linked_by_nickname(on: On) {
    let world = World::ready(on).await;
    world.sim.put_person(Person::new("impostor", "Alice"));
    let (alice, impostor) = (world.sign_in("alice").await, world.sign_in("impostor").await);
    assert_ne!(alice["user_id"], impostor["user_id"]);
    world.sim.set(|s| s.nickname = Nickname::Emoji);
    assert_eq!(world.sign_in("alice").await["user_id"], alice["user_id"]);
    // A product's own id that equals a name signs nobody in as them.
    let apply = json!({"city_id": "city_demo", "user_id": "Alice"});
    assert_ne!(world.admin_post("cities/tokens/apply", apply).await["user_id"], alice["user_id"]);
}

/// Line 8: an empty unionid is none.
async fn empty_unionid_merges_users(on: On) {
    let world = World::ready(on).await;
    world.sim.set(|s| s.unionid = UnionidIn::Empty);
    let (alice, zhangsan) = (world.sign_in("alice").await, world.sign_in("zhangsan").await);
    assert_ne!(alice["user_id"], zhangsan["user_id"]);
    assert_eq!(world.sign_in("alice").await["user_id"], alice["user_id"]);
    assert_eq!(
        tamper(&world.store, "update identity_keys set value = value where kind = 'unionid'").await,
        0
    );
}

/// Line 8: somebody known by openid alone is the same user when the unionid appears, and from then on by either.
async fn late_unionid_splits_user(on: On) {
    let world = World::ready(on).await;
    world.sim.set(|s| s.unionid = UnionidIn::Nowhere);
    let first = world.sign_in("alice").await;
    for place in [UnionidIn::UserinfoOnly, UnionidIn::Both, UnionidIn::Nowhere] {
        world.sim.set(|s| s.unionid = place);
        assert_eq!(world.sign_in("alice").await["user_id"], first["user_id"], "{place:?}");
    }
    assert_eq!(tamper(&world.store, "update users set disabled = disabled").await, 1);
    assert_eq!(tamper(&world.store, "update identity_keys set value = value").await, 2);
}

/// Line 8: after the app moved to another Open Platform account unionids change and openids stay.
async fn migrated_unionid_duplicates(on: On) {
    let world = World::ready(on).await;
    let before = world.sign_in("alice").await;
    world.sim.set(|s| s.migrated_to = Some("open-account-2".into()));
    assert_eq!(world.sign_in("alice").await["user_id"], before["user_id"]);
    assert_eq!(world.sign_in("alice").await["user_id"], before["user_id"]);
    assert_eq!(
        tamper(&world.store, "update identity_keys set value = value where kind = 'unionid'").await,
        1
    );
}

/// Lines 22 and 26 (CVE-2026-9091): a disabled user's token stops working at once, and the way in by WeChat
/// runs the same check.
async fn disabled_user_keeps_working(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    tamper(&world.store, "update users set disabled = 1").await;
    assert_error(&world.get_as(token, "accounts/me").await, 403, "user_disabled");
    let again = world.sign_in("alice").await;
    assert_eq!((&again["status"], &again["code"]), (&json!("failed"), &json!("user_disabled")));
    tamper(&world.store, "update users set disabled = 0").await;
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200);
}

/// Line 22: a paused city's tokens stop at once, come back with it, and no new ones are made.
#[tokio::test]
async fn paused_city_keeps_working() {
    let world = World::ready(On::Sqlite).await;
    let done = world.sign_in("alice").await;
    let token = done["user_token"].as_str().unwrap();
    let city = json!({"city_id": "city_demo"});
    world.admin_post("cities/pause", city.clone()).await;
    assert_error(&world.get_as(token, "accounts/me").await, 403, "city_paused");
    assert_error(&world.get_as(token, "accounts/providers").await, 403, "city_paused");
    world.admin_post("cities/activate", city).await;
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200);
}

/// Line 11: no answer to an admin shows a secret; a short one shows nothing of itself.
#[tokio::test]
async fn secrets_listed_in_clear() {
    let world = World::ready(On::Sqlite).await;
    let secrets = ["hunter2", "0123456789abcdef-and-more", &world.sim.app().secret];
    world.admin_post("env/upsert", json!({"key": "SHORT_ONE", "value": secrets[0]})).await;
    let stored = world.admin_post("env/upsert", json!({"key": "LONG_ONE", "value": secrets[1]})).await;
    let imported = world.admin_post("env/import", json!({"raw": "THIRD=hunter2"})).await;
    let mut answers = vec![stored.to_string(), imported.to_string()];
    for path in ["env/list", "env/catalog", "services", "federation/instruction", "cities/list"] {
        answers.push(admin_get(&world, path).await.text);
    }
    for answer in answers {
        for secret in secrets.iter().copied().chain([world.admin_key.expose_secret()]) {
            assert!(!answer.contains(secret), "{secret}: {answer}");
        }
        assert!(!answer.contains("ter2"), "not even the end of a short one: {answer}");
    }
}
