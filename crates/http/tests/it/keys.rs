//! The signing keys: rotation with overlap, an emergency, and how other nodes take part.

use crate::kit::{admin_get, admin_try, assert_error, claims_of, second_door, started};
use crate::on_both_engines;
use crate::support::{Answer, HOME, On, World};
use downcity_service::Outside;
use downcity_store::testing::{meddle, number};
use futures::future::join_all;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

on_both_engines!(
    keys_rotate_with_an_overlap,
    rotated_key_still_signs,
    a_retired_key_goes_when_its_last_token_is_over,
    a_revoked_key_opens_nothing,
    every_key_can_be_revoked_and_somebody_still_signs,
    sixteen_rotations_at_once_make_one_key,
    rotating_during_load_refuses_nobody,
);

const AHEAD: Duration = Duration::from_secs(360);

async fn keys(world: &World) -> Vec<Value> {
    admin_get(world, "federation/keys/list").await.ok()["items"].as_array().unwrap().clone()
}

async fn rotate(world: &World) -> Vec<Value> {
    let told = world.admin_post("federation/keys/rotate", json!({})).await;
    told["items"].as_array().unwrap().clone()
}

async fn revoke(world: &World, kid: &Value) -> Vec<Value> {
    let told = world.admin_post("federation/keys/revoke", json!({ "kid": kid })).await;
    told["items"].as_array().unwrap().clone()
}

fn statuses(keys: &[Value]) -> Vec<&str> {
    keys.iter().map(|key| key["status"].as_str().unwrap()).collect()
}

fn kid_of(token: &str) -> Value {
    json!(decode_header(token.strip_prefix("ub_").unwrap()).unwrap().kid.unwrap())
}

fn token(done: &Value) -> &str {
    done["user_token"].as_str().unwrap()
}

async fn me(world: &World, done: &Value) -> u16 {
    world.get_as(token(done), "accounts/me").await.status
}

async fn jwks(base: &str, world: &World) -> JwkSet {
    let answer = Answer::of(world.http.get(format!("{base}/.well-known/jwks.json"))).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert!(!answer.text.contains("\"d\""), "no private part");
    serde_json::from_str(&answer.text).unwrap()
}

/// Checks a token as somebody offline would, with a JWK set of an earlier time.
fn verifies(set: &JwkSet, world: &World, token: &str) -> bool {
    let jwt = token.strip_prefix("ub_").unwrap();
    let Some(key) = set.find(&decode_header(jwt).unwrap().kid.unwrap()) else { return false };
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["downcity:user"]);
    validation.set_issuer(&[&world.base]);
    validation.validate_exp = false;
    decode::<Value>(jwt, &DecodingKey::from_jwk(key).unwrap(), &validation).is_ok()
}

async fn keys_rotate_with_an_overlap(on: On) {
    let world = World::ready(on).await;
    let before = world.sign_in("alice").await;
    let first = keys(&world).await;
    assert_eq!(statuses(&first), ["active"]);
    let listed = rotate(&world).await;
    assert_eq!(statuses(&listed), ["next", "active"]);
    assert_eq!(listed[1]["kid"], first[0]["kid"]);
    assert_eq!(listed[0]["starts_at"], listed[1]["retired_at"]);
    assert_eq!(rotate(&world).await, listed, "while one is on its way there is no other");
    let published = jwks(&world.base, &world).await;
    assert_eq!(published.keys.len(), 2, "the next key is known before it signs");
    let meanwhile = world.sign_in("alice").await;
    assert_eq!(kid_of(token(&meanwhile)), first[0]["kid"], "the present one signs for some minutes");
    world.clock.advance(AHEAD);
    assert_eq!(statuses(&keys(&world).await), ["active", "retired"]);
    let after = world.sign_in("alice").await;
    assert_eq!(kid_of(token(&after)), listed[0]["kid"]);
    for one in [&before, &meanwhile, &after] {
        assert_eq!(me(&world, one).await, 200);
        assert!(verifies(&published, &world, token(one)), "also for who read the keys before");
    }
    let events = admin_get(&world, "accounts/events?type=signing_key.added").await.ok();
    let event = &events["items"][0];
    assert_eq!((events["items"].as_array().unwrap().len(), &event["user_id"]), (1, &Value::Null));
    assert!(event["actor"].as_str().unwrap().starts_with("admin:"), "{event}");
    assert_eq!(event["detail"]["kid"], listed[0]["kid"]);
}

/// Line 6: after its time a rotated key signs nothing, whichever way a token comes about.
async fn rotated_key_still_signs(on: On) {
    let world = World::ready(on).await;
    let (url, state) = started(&world, json!({"refresh": true})).await;
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    let held = world.result(&state).await.ok();
    let old = keys(&world).await[0]["kid"].clone();
    assert_eq!(kid_of(token(&held)), old);
    rotate(&world).await;
    world.clock.advance(AHEAD);
    let body = json!({"refresh_token": held["refresh_token"]});
    let refreshed = world.post_from(HOME, "accounts/token/refresh", body).await.ok();
    let by_hand = json!({"city_id": "city_demo", "user_id": "own-7"});
    let by_hand = world.admin_post("cities/tokens/apply", by_hand).await;
    for new in [&refreshed, &by_hand, &world.sign_in("alice").await] {
        assert_ne!(kid_of(token(new)), old);
        assert_eq!(me(&world, new).await, 200);
    }
    let restarted = Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (_node, base) = second_door(&world, &world.base, restarted).await;
    assert_eq!(jwks(&base, &world).await.keys.len(), 2, "a node that starts now knows both");
}

async fn a_retired_key_goes_when_its_last_token_is_over(on: On) {
    let world = World::ready(on).await;
    let by_hand = json!({"city_id": "city_demo", "user_id": "own-7", "ttl": "10d"});
    let long = world.admin_post("cities/tokens/apply", by_hand).await;
    let short = world.sign_in("alice").await;
    rotate(&world).await;
    world.clock.advance(AHEAD);
    world.sign_in("alice").await;
    let hour = Duration::from_secs(3600);
    for (wait, left, why) in [
        (hour, 2, "its tokens are out"),
        (Duration::from_secs(7 * 86_400), 2, "one of them is still good"),
        (Duration::from_secs(3 * 86_400), 1, "the last is over"),
    ] {
        world.clock.advance(wait);
        world.federation.remove_spent_keys().await;
        assert_eq!(keys(&world).await.len(), left, "{why}");
        assert_eq!(jwks(&world.base, &world).await.keys.len(), left, "{why}");
    }
    assert_eq!((me(&world, &short).await, me(&world, &long).await), (401, 401));
    let removed = "select count(*) from events where type = 'signing_key.removed'";
    assert_eq!(number(&world.store, removed).await, 1);
    // Revoked sessions hold no key, and the key that signs is never removed.
    let gone = world.sign_in("alice").await;
    rotate(&world).await;
    world.post_as(token(&gone), "accounts/logout", json!({})).await.ok();
    world.clock.advance(Duration::from_secs(8 * 86_400));
    world.federation.remove_spent_keys().await;
    assert_eq!(statuses(&keys(&world).await), ["active"]);
    let done = world.sign_in("alice").await;
    assert_eq!(me(&world, &done).await, 200);
}

async fn a_revoked_key_opens_nothing(on: On) {
    let world = World::ready(on).await;
    let (url, state) = started(&world, json!({"refresh": true})).await;
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    let held = world.result(&state).await.ok();
    assert_eq!(me(&world, &held).await, 200, "seen and remembered as good");
    let stolen = keys(&world).await[0]["kid"].clone();
    let listed = revoke(&world, &stolen).await;
    assert_eq!((statuses(&listed), listed[0]["kid"] == stolen), (vec!["active"], false));
    assert_error(&world.get_as(token(&held), "accounts/me").await, 401, "invalid_token");
    let told = world.admin_post("accounts/token/introspect", json!({"token": held["user_token"]})).await;
    assert_eq!(told, json!({"active": false}));
    assert!(!verifies(&jwks(&world.base, &world).await, &world, token(&held)));
    // Who can refresh goes on with the new key; everybody can sign in.
    let body = json!({"refresh_token": held["refresh_token"]});
    let next = world.post_from(HOME, "accounts/token/refresh", body).await.ok();
    assert_eq!((kid_of(token(&next)), me(&world, &next).await), (listed[0]["kid"].clone(), 200));
    assert_eq!(claims_of(token(&next))["sid"], claims_of(token(&held))["sid"]);
    assert_eq!(me(&world, &world.sign_in("alice").await).await, 200);
    let again = admin_try(&world, "federation/keys/revoke", json!({"kid": stolen})).await;
    assert_error(&again, 404, "unknown_key");
    let revoked = "select count(*) from events where type = 'signing_key.revoked'";
    assert_eq!(number(&world.store, revoked).await, 1);
}

async fn every_key_can_be_revoked_and_somebody_still_signs(on: On) {
    let world = World::ready(on).await;
    // The one that signs, while the next is on its way: that takes over at once.
    let listed = rotate(&world).await;
    let left = revoke(&world, &listed[1]["kid"]).await;
    assert_eq!((statuses(&left), &left[0]["kid"]), (vec!["active"], &listed[0]["kid"]));
    assert_eq!(kid_of(token(&world.sign_in("alice").await)), listed[0]["kid"]);
    // The next one: another takes its place and its time.
    let listed = rotate(&world).await;
    let left = revoke(&world, &listed[0]["kid"]).await;
    assert_eq!(statuses(&left), ["next", "active"]);
    assert_eq!(
        (left[0]["starts_at"] == listed[0]["starts_at"], left[0]["kid"] == listed[0]["kid"]),
        (true, false)
    );
    world.clock.advance(AHEAD);
    let done = world.sign_in("alice").await;
    assert_eq!((kid_of(token(&done)), me(&world, &done).await), (left[0]["kid"].clone(), 200));
    // A retired one: nothing else changes.
    let left = revoke(&world, &left[1]["kid"]).await;
    assert_eq!((statuses(&left), me(&world, &done).await), (vec!["active"], 200));
    // All at once, several times each.
    rotate(&world).await;
    let all: Vec<_> = keys(&world).await.iter().map(|key| key["kid"].clone()).collect();
    let tries = all.iter().cycle().take(12);
    let told =
        join_all(tries.map(|kid| admin_try(&world, "federation/keys/revoke", json!({"kid": kid})))).await;
    assert!(told.iter().all(|answer| matches!(answer.status, 200 | 404)), "{told:?}");
    assert_eq!(told.iter().filter(|answer| answer.status == 200).count(), all.len());
    assert_eq!(me(&world, &world.sign_in("alice").await).await, 200);
}

async fn sixteen_rotations_at_once_make_one_key(on: On) {
    let world = World::ready(on).await;
    let told = join_all((0..16).map(|_| rotate(&world))).await;
    let kids: HashSet<_> = told.iter().map(|keys| keys[0]["kid"].to_string()).collect();
    assert_eq!(kids.len(), 1, "{kids:?}");
    assert_eq!(number(&world.store, "select count(*) from signing_keys").await, 2);
    let added = "select count(*) from events where type = 'signing_key.added'";
    assert_eq!(number(&world.store, added).await, 1);
}

/// Requirement I5: rotate during load, zero failures.
async fn rotating_during_load_refuses_nobody(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let asking = async || {
        for _ in 0..25 {
            assert_eq!(me(&world, &done).await, 200);
            let by_hand = json!({"city_id": "city_demo", "user_id": "own-7"});
            let issued = world.admin_post("cities/tokens/apply", by_hand).await;
            assert_eq!(me(&world, &issued).await, 200);
        }
    };
    let rotating = async {
        for _ in 0..5 {
            rotate(&world).await;
            world.clock.advance(AHEAD);
        }
    };
    tokio::join!(join_all((0..4).map(|_| asking())), rotating);
    assert_eq!(keys(&world).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_knows_a_new_key_when_its_first_token_comes() {
    let world = World::ready(On::Postgres).await;
    let outside = Outside::with_wechat_simulator(world.sim.url()).unwrap();
    // Without housekeeping, so that nothing but the token itself can tell it.
    let (node, base) = second_door(&world, &world.base, outside).await;
    let there = async |bearer: &str| {
        Answer::of(world.http.get(format!("{base}/v1/accounts/me")).bearer_auth(bearer)).await.status
    };
    let before = world.sign_in("alice").await;
    assert_eq!(there(token(&before)).await, 200);
    let old = keys(&world).await[0]["kid"].clone();
    rotate(&world).await;
    world.clock.advance(AHEAD);
    let after = world.sign_in("alice").await;
    assert_ne!(kid_of(token(&after)), old);
    assert_eq!(there(token(&after)).await, 200, "it looks for the key it does not know");
    assert_eq!(there(token(&before)).await, 200);

    // Strange tokens don't make it ask for ever: once a second, however many come.
    rotate(&world).await;
    world.clock.advance(AHEAD);
    let latest = world.sign_in("alice").await;
    let strange =
        format!("ub_{}", token(&latest)[3..].replace(&token(&latest)[3..40], &token(&after)[3..40]));
    assert_eq!(there(&strange).await, 401);
    let forged = "ub_eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6IngifQ.e30.c2ln";
    assert_eq!(there(forged).await, 401);
    assert_eq!(there(token(&latest)).await, 200, "the forged one had made it look");

    // An emergency reaches it by the counter, which housekeeping looks at every second.
    let keeping = tokio::spawn(Arc::clone(&node).keep_house());
    assert_eq!(there(token(&latest)).await, 200);
    revoke(&world, &kid_of(token(&latest))).await;
    let noticed = async {
        while there(token(&latest)).await != 401 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3), noticed).await.expect("noticed within moments");
    keeping.abort();
}

/// However long a node's own work takes, what others changed has effect there within a second or so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_sweeps_for_long_notices_a_pause() {
    let world = World::ready(On::Postgres).await;
    let token = token(&world.sign_in("alice").await).to_owned();
    let outside = Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (node, there) = second_door(&world, &world.base, outside).await;
    let me = async || {
        let me = world.http.get(format!("{there}/v1/accounts/me")).bearer_auth(&token);
        me.send().await.unwrap().status().as_u16()
    };
    assert_eq!(me().await, 200);
    // Sweeping takes from this table, and somebody holds it.
    let database = world.database.clone();
    let hold = "begin; lock table limits in exclusive mode; select pg_sleep(4); commit";
    let held = tokio::spawn(async move { meddle(&database, hold).await });
    let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    let keeping = tokio::spawn(node.keep_house());
    while number(&world.store, waits).await == 0 {
        assert!(!held.is_finished(), "it was held for too short");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.admin_post("cities/pause", json!({"city_id": "city_demo"})).await;
    while me().await == 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!held.is_finished(), "it noticed while it was sweeping");
    keeping.abort();
    held.await.unwrap();
}

#[tokio::test]
async fn only_admins_see_and_change_keys() {
    let world = World::ready(On::Sqlite).await;
    let done = world.sign_in("alice").await;
    assert_error(&world.get_from(HOME, "federation/keys/list").await, 401, "authentication_required");
    assert_error(&world.get_as(token(&done), "federation/keys/list").await, 403, "admin_only");
    for path in ["federation/keys/rotate", "federation/keys/revoke"] {
        let body = json!({"kid": keys(&world).await[0]["kid"]});
        assert_error(&world.post_from(HOME, path, body.clone()).await, 401, "authentication_required");
        assert_error(&world.post_as(token(&done), path, body).await, 403, "admin_only");
    }
    for bad in [json!(""), json!("x"), json!("a\u{0}b"), json!("é".repeat(5000))] {
        let told = admin_try(&world, "federation/keys/revoke", json!({ "kid": bad })).await;
        assert_error(&told, 404, "unknown_key");
    }
    assert_eq!((keys(&world).await.len(), me(&world, &done).await), (1, 200));
}
