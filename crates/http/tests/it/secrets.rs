//! Secrets at rest: the master key is changed while everything goes on, databases of earlier versions are taken
//! over, and what is backed up is everything, sealed.

use crate::kit::{admin_get, admin_try, second_door};
use crate::mail::{PASSWORD, Post, register, set_up_mail, token_of, with_mail};
use crate::on_both_engines;
use crate::person::Browser;
use crate::support::{AWAY, HOME, MovableClock, On, World};
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use downcity_service::admin_keys::NewAdminKey;
use downcity_service::confirm::{ConfirmError, Decision, Typed};
use downcity_service::core::network::Network;
use downcity_service::core::{OpaqueToken, Timestamp};
use downcity_service::seams::{Clock, SystemRandom};
use downcity_service::vault::{MasterKeys, Vault, VaultError};
use downcity_service::{Federation, OpenError, Outside, Parts, Store};
use downcity_store::dump::{restore_postgres, restore_sqlite, verify};
use downcity_store::testing::{fresh_postgres, fresh_sqlite, number, tamper};
use downcity_store::{EnvRow, NewAudit, Resealed, RowKey, SealedColumn, StoreError};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

on_both_engines!(
    the_master_key_changes_while_everything_goes_on,
    other_nodes_take_over_data_keys,
    a_node_without_the_next_key_loses_nothing,
    what_another_key_has_sealed_is_left_for_later,
    sealing_anew_is_taken_up_again,
    a_database_of_an_earlier_version_is_taken_over,
    two_first_nodes_agree_on_the_data_keys,
    a_backup_holds_everything_and_opens_with_its_key_alone,
);

/// Waits until nothing is left to be sealed anew.
async fn sealed_anew(world: &World) -> Value {
    for _ in 0..400 {
        let state = admin_get(world, "federation/master-key").await.ok();
        if state["left"] == 0 {
            return state;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("sealing anew does not end");
}

async fn unlocked(store: &Store, keys: &[[u8; 32]]) -> Result<Vault, VaultError> {
    Vault::unlock(store, &MasterKeys::fixed(keys), Arc::new(SystemRandom), Timestamp(1)).await
}

async fn the_master_key_changes_while_everything_goes_on(on: On) {
    let (world, mut post) = with_mail(on).await;
    let own = json!({"city_id": "city_demo", "key": "WECHAT_CLIENT_SECRET", "value": "0123456789abcdef"});
    world.admin_post("cities/env/upsert", own).await;
    world.admin_post("webhooks/create", json!({"url": "https://hooks.example.com/x"})).await;
    let before = world.sign_in("alice").await;
    let (url, state) = world.start().await;
    let browser = Browser::at(&world, AWAY);
    let asked = browser.come_back(&world.allow(&url, "lilei")).await;
    assert!(asked.asks());
    register(&world, "lilei@example.com").await.ok();
    let token = token_of(&post.next().await);
    let old = admin_get(&world, "federation/master-key").await.ok();
    assert!(old["next_master_key_id"].is_string() && old["left"] == 0, "{old}");

    let turned = world.admin_post("federation/master-key/rotate", json!({})).await;
    assert_eq!(turned["master_key_id"], old["next_master_key_id"]);
    assert_ne!(turned["data_key_id"], old["data_key_id"]);
    let state_now = sealed_anew(&world).await;
    assert_eq!(state_now["next_master_key_id"], Value::Null);
    let again = admin_try(&world, "federation/master-key/rotate", json!({})).await;
    assert_eq!((again.status, again.code().as_str()), (409, "no_next_master_key"));

    browser.press(&asked, "allow").await;
    assert_eq!(world.result(&state).await.ok()["status"], "done", "an identity that waited");
    let verified = world.post_from(HOME, "accounts/verify-email", json!({ "token": token })).await;
    assert_eq!(verified.status, 200, "a mailed link: {}", verified.text);
    let me = world.get_as(before["user_token"].as_str().unwrap(), "accounts/me").await;
    assert_eq!(me.status, 200, "a session from before");
    assert_eq!(world.sign_in("alice").await["user_id"], before["user_id"], "settings and signing keys");
    let login = json!({"email": "lilei@example.com", "password": PASSWORD, "city_id": "city_demo"});
    world.post_from(HOME, "accounts/login", login).await.ok();
    let record = "select count(*) from audit where action = 'master_key.rotated'";
    assert_eq!(number(&world.store, record).await, 1);
    let refused = unlocked(&world.store, &[[7; 32]]).await.err().unwrap();
    assert!(matches!(refused, VaultError::WrongMasterKey { .. }), "{refused}");
    assert!(unlocked(&world.store, &[[8; 32]]).await.is_ok());
}

async fn other_nodes_take_over_data_keys(on: On) {
    let (world, mut post) = with_mail(on).await;
    let outside = || Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (_second, there) = second_door(&world, &world.base, outside()).await;
    world.admin_post("federation/master-key/rotate", json!({})).await;
    // Sealed with a data key that the second node has never heard of.
    register(&world, "lilei@example.com").await.ok();
    let token = token_of(&post.next().await);
    let verify =
        world.http.post(format!("{there}/v1/accounts/verify-email")).json(&json!({ "token": token }));
    let verified = verify.send().await.unwrap();
    assert_eq!(verified.status(), 200, "{}", verified.text().await.unwrap());
    let list = world.http.get(format!("{there}/v1/federation/master-key"));
    let list = list.bearer_auth(world.admin_key.expose_secret()).send().await.unwrap();
    assert_eq!(list.status(), 200);
}

async fn a_node_without_the_next_key_loses_nothing(on: On) {
    let world = World::ready(on).await;
    let late = Federation::open(parts(&world.store, &[[7; 32]], &world)).await.unwrap();
    world.admin_post("federation/master-key/rotate", json!({})).await;
    sealed_anew(&world).await;
    let told = late.reload().await.unwrap_err().to_string();
    assert!(told.contains("does not fit this database"), "it says what it needs: {told}");
    // It goes on sealing with the key that it knows, and the others can read that.
    let admin = downcity_service::admin::Admin::on_this_machine("a test");
    let _ = late.env_upsert(&admin, "MY_API_TOKEN", "0123456789abcdef").await;
    // And tells what is told once, although it can read nothing back.
    let new = NewAdminKey { name: "late".into(), role: "viewer".into(), city_id: None, ttl: None };
    let (row, key) = late.create_admin_key(&admin, &new).await.expect("told now or never");
    world.admin_post("env/refresh", json!({})).await;
    world.get_as(key.expose_secret(), "env/list").await.ok();
    let key = late.rotate_admin_key(&admin, &row.key_id).await;
    assert!(key.is_err(), "it has not heard of its own key yet");
    let items = admin_get(&world, "env/list").await.ok();
    assert!(items["items"].as_array().unwrap().iter().any(|item| item["key"] == "MY_API_TOKEN"), "{items}");
    world.federation.finish_resealing().await;
    sealed_anew(&world).await;
    let refused = Federation::open(parts(&world.store, &[[7; 32]], &world)).await.err().unwrap();
    assert!(matches!(refused, OpenError::Vault(VaultError::WrongMasterKey { .. })), "{refused}");
}

/// A node that does not have the data key yet, or not the master key that it is wrapped under, can't tell what it can't
/// open from what nobody can.
async fn what_another_key_has_sealed_is_left_for_later(on: On) {
    let (world, mut post) = (World::ready(on).await, Post::open(0).await);
    set_up_mail(&world, post.port).await;
    let without = Federation::open(parts(&world.store, &[[7; 32]], &world)).await.unwrap();
    let late = Federation::open(parts(&world.store, &[[7; 32], [8; 32]], &world)).await.unwrap();
    let (url, _) = world.start().await;
    let browser = Browser::at(&world, AWAY);
    let page = browser.come_back(&world.allow(&url, "lilei")).await;
    let cookie = browser.cookie("dc_finish").unwrap();
    let finisher = OpaqueToken::parse(cookie.split('.').nth(1).unwrap());
    world.admin_post("federation/master-key/rotate", json!({})).await;
    sealed_anew(&world).await;
    for number in 0..6 {
        register(&world, &format!("person{number}@example.com")).await.ok();
    }
    assert_eq!(without.send_mails().await.unwrap(), 6);
    let waiting =
        "select count(*) from outbox where state = 'waiting' and last_error like '%with another key%'";
    assert_eq!(number(&world.store, waiting).await, 6, "none is given up");
    let held =
        "select count(*) from login_attempts where stage = 'confirming' and sealed_identity is not null";
    let typed = Typed { code: String::new(), network: Network::parse(AWAY).unwrap() };
    let (attempt, form) = (page.field("attempt"), page.field("form_token"));
    let allow = without.login_confirm(&attempt, finisher.as_ref(), &form, Decision::Allow, &typed);
    let refused = allow.await.unwrap_err();
    assert!(matches!(refused, ConfirmError::Internal(StoreError::Unavailable(_))), "{refused}");
    assert_eq!(number(&world.store, held).await, 1, "the sign-in is not over");

    // All at the same time: whoever comes while it looks for the key waits for that.
    tamper(&world.store, "update outbox set next_at = 0").await;
    assert_eq!(late.send_mails().await.unwrap(), 6);
    for _ in 0..6 {
        post.next().await;
    }
    assert_eq!(number(&world.store, "select count(*) from outbox where state = 'sent'").await, 6);
}

async fn sealing_anew_is_taken_up_again(on: On) {
    let world = World::ready(on).await;
    let raw: String = (0..250).map(|at| format!("MY_{at}=value {at}\n")).collect();
    world.admin_post("env/import", json!({ "raw": raw })).await;
    let kept = world.store.env().await.unwrap();
    world.admin_post("federation/master-key/rotate", json!({})).await;
    sealed_anew(&world).await;
    // As if the process had died half-way: some rows are still what they were.
    let rows = world.store.env().await.unwrap();
    for (row, old) in rows.iter().zip(&kept).take(120) {
        assert_ne!(row.sealed, old.sealed);
        let back =
            Resealed { key: RowKey::Text(row.key.clone()), old: row.sealed.clone(), new: old.sealed.clone() };
        world.store.reseal(SealedColumn::Env, vec![back]).await.unwrap();
    }
    let state = admin_get(&world, "federation/master-key").await.ok();
    assert_eq!(state["left"], 120);
    let unfinished = "select count(*) from data_keys where active = 0 and emptied_at is null";
    world.clock.advance(Duration::from_secs(120));
    world.federation.finish_resealing().await;
    assert_eq!(admin_get(&world, "federation/master-key").await.ok()["left"], 0);
    assert_eq!(number(&world.store, unfinished).await, 0);
    world.admin_post("env/refresh", json!({})).await;
    // A value that nobody can open stays, and keeps nobody from the others.
    tamper(&world.store, "update data_keys set emptied_at = null").await;
    for (row, old) in world.store.env().await.unwrap().iter().zip(&kept).take(3) {
        let mut new = old.sealed.clone();
        *new.last_mut().unwrap() ^= u8::from(row.key == kept[0].key);
        let key = RowKey::Text(row.key.clone());
        let back = Resealed { key, old: row.sealed.clone(), new };
        world.store.reseal(SealedColumn::Env, vec![back]).await.unwrap();
    }
    world.federation.finish_resealing().await;
    assert_eq!(admin_get(&world, "federation/master-key").await.ok()["left"], 1);
    assert_eq!(number(&world.store, unfinished).await, 1);
}

/// What a Federation on this store is made of.
fn parts(store: &Store, keys: &[[u8; 32]], world: &World) -> Parts {
    Parts {
        settings: world.federation.settings().clone(),
        store: store.clone(),
        master_keys: MasterKeys::fixed(keys),
        outside: Arc::new(Outside::with_wechat_simulator(world.sim.url()).unwrap()),
        clock: Arc::new(MovableClock::default()) as Arc<dyn Clock>,
        random: Arc::new(SystemRandom),
    }
}

async fn fresh(on: On) -> (Store, Option<tempfile::TempDir>) {
    match on {
        On::Sqlite => {
            let (folder, path) = fresh_sqlite();
            (Store::open_sqlite(&path).await.unwrap(), Some(folder))
        }
        On::Postgres => (Store::open_postgres(&fresh_postgres().await).await.unwrap(), None),
    }
}

/// What the first versions did with the master key, written down once more.
fn of_old(label: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]), label)
}

fn sealed_of_old(place: &str, plain: &str) -> Vec<u8> {
    let key = UnboundKey::new(&AES_256_GCM_SIV, of_old(b"downcity seal v1").as_ref()).unwrap();
    let mut body = plain.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key([3; 12]);
    LessSafeKey::new(key).seal_in_place_append_tag(nonce, Aad::from(place.as_bytes()), &mut body).unwrap();
    [&[1], &of_old(b"downcity key id v1").as_ref()[..4], &[3; 12], &body].concat()
}

fn entry() -> NewAudit {
    NewAudit {
        audit_id: "a".into(),
        key_id: "local".into(),
        key_name: "a test".into(),
        via: "machine",
        network: None,
        action: "env.set",
        city_id: None,
        subject: "MY_API_TOKEN".into(),
        before: None,
        after: None,
        at: Timestamp(1),
    }
}

async fn a_database_of_an_earlier_version_is_taken_over(on: On) {
    let world = World::new(on).await;
    let (store, _folder) = fresh(on).await;
    store.settle_fact("master_key_id", &of_old(b"downcity key id v1").as_ref()[..4]).await.unwrap();
    let sealed = sealed_of_old("env/MY_API_TOKEN/value", "0123456789abcdef");
    let row = EnvRow { key: "MY_API_TOKEN".into(), sealed, updated_at: Timestamp(1) };
    store.put_env(vec![(row, entry())]).await.unwrap();
    let refused = Federation::open(parts(&store, &[[9; 32]], &world)).await.err().unwrap();
    assert!(matches!(refused, OpenError::Vault(VaultError::WrongMasterKey { .. })), "{refused}");
    assert!(store.data_keys().await.unwrap().is_empty(), "nothing was changed");

    let federation = Federation::open(parts(&store, &[[7; 32], [8; 32]], &world)).await.unwrap();
    assert_eq!(federation.env_list()[0].value_preview, "••••cdef");
    let vault = unlocked(&store, &[[7; 32]]).await.unwrap();
    let mut mac =
        hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, of_old(b"downcity derive v1").as_ref()));
    mac.update(&7_u64.to_be_bytes());
    mac.update(b"sessionx");
    let derived = OpaqueToken::from_bytes(mac.sign().as_ref().try_into().unwrap());
    assert_eq!(vault.derive("session", "x"), derived);

    let admin = downcity_service::admin::Admin::on_this_machine("a test");
    federation.rotate_master_key(&admin).await.unwrap();
    federation.finish_resealing().await;
    assert_eq!(federation.master_key().await.unwrap().left, 0);
    let again = Federation::open(parts(&store, &[[8; 32]], &world)).await.unwrap();
    assert_eq!(again.env_list()[0].value_preview, "••••cdef");
    assert_eq!(unlocked(&store, &[[8; 32]]).await.unwrap().derive("session", "x"), derived);
    assert_eq!(store.env().await.unwrap()[0].sealed[0], 2, "in the form of now");
}

async fn two_first_nodes_agree_on_the_data_keys(on: On) {
    let (store, _folder) = fresh(on).await;
    let open = || {
        let store = store.clone();
        tokio::spawn(async move { unlocked(&store, &[[7; 32]]).await.unwrap() })
    };
    let (one, other) = (open(), open());
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    assert_eq!(store.data_keys().await.unwrap().len(), 2);
    assert_eq!(other.open("here", &one.seal("here", b"x")).unwrap(), b"x");
    assert_eq!(one.derive("a", "b"), other.derive("a", "b"));
}

async fn a_backup_holds_everything_and_opens_with_its_key_alone(on: On) {
    let mut world = World::ready(on).await;
    let before = world.sign_in("alice").await;
    assert_eq!(world.get_from(HOME, "federation/backup").await.code(), "authentication_required");
    let viewer = json!({"name": "looks", "role": "operator"});
    let viewer = world.admin_post("admin-keys/create", viewer).await;
    let viewer = viewer["admin_key"].as_str().unwrap().to_owned();
    assert_eq!(world.get_as(&viewer, "federation/backup").await.code(), "owner_only");

    let answer = admin_get(&world, "federation/backup").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/x-ndjson"));
    for secret in [world.admin_key.expose_secret(), world.sim.app().secret.as_str(), viewer.as_str()] {
        assert!(!answer.text.contains(secret), "a secret is in the backup in clear");
    }
    assert!(answer.text.contains("backup.taken"), "it is on record, in itself too");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.jsonl");
    std::fs::write(&file, &answer.text).unwrap();
    verify(&file, |_| ()).unwrap();

    // Into the other engine.
    let path = folder.path().join("restored.db");
    let store = match on {
        On::Postgres => {
            restore_sqlite(&path, &file, |_| ()).unwrap();
            Store::open_sqlite(&path).await.unwrap()
        }
        On::Sqlite => {
            let url = fresh_postgres().await;
            restore_postgres(&url, &file, |_| ()).await.unwrap();
            Store::open_postgres(&url).await.unwrap()
        }
    };
    assert!(Federation::open(parts(&store, &[[9; 32]], &world)).await.is_err());
    world.store = store;
    let outside = Outside::with_wechat_simulator(world.sim.url()).unwrap();
    let (_federation, base) = second_door(&world, &world.base, outside).await;
    let me = world.http.get(format!("{base}/v1/accounts/me"));
    let me = me.bearer_auth(before["user_token"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(me.status(), 200, "whoever was signed in still is");
    let before_base = std::mem::replace(&mut world.base, base);
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice").replace(&before_base, &world.base);
    assert_eq!(world.come_back(HOME, &callback).await.status, 303);
    let after = world.result(&state).await.ok();
    assert_eq!(after["user_id"], before["user_id"], "sign-in goes on with the same people");
}
