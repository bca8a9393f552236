//! Moving in from a Downcity TypeScript database: what comes over, what does not, and that people get in
//! afterwards just as before.

use crate::kit::assert_error;
use crate::mail::{login, token_of, with_mail};
use crate::on_both_engines;
use crate::support::{HOME, On, World};
use downcity_service::moving_in::{Move, Report, Tally};
use downcity_store::testing::{foreign_sqlite, number};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::path::Path;

/// The tables as the TypeScript Federation makes them.
const TABLES: &str = "\
    create table auth_users (id text primary key, name text not null, email text not null unique, \
      emailVerified integer not null default 0, image text, createdAt integer not null, updatedAt integer not null); \
    create table auth_accounts (id text primary key, accountId text not null, providerId text not null, \
      userId text not null, accessToken text, refreshToken text, idToken text, accessTokenExpiresAt integer, \
      refreshTokenExpiresAt integer, scope text, password text, createdAt integer not null, updatedAt integer not null); \
    create table auth_profiles (user_id text primary key, email text not null, display_name text not null, \
      avatar_url text not null, bio text not null, created_at text not null, updated_at text not null); \
    create table cities (city_id text primary key, name text not null, status text not null, \
      created_at text not null, updated_at text not null); \
    create table env (key text primary key, value text not null, created_at text not null, updated_at text not null);";

const PASSWORD: &str = "correct horse battery";
/// Of that password, made by better-auth 1.7 itself (`hashPassword` of its `crypto/password`).
const HASH: &str = "e4df3baab5342b495f0a36973694931c:f6069d363330984b41e252080d989cd40adf7f2dcbab7129dba2bcadcd3cd939\
                    492a860879256aa865347851a5a409809450484e5743294b97a679d3f6dd59f2";

fn user(id: &str, name: &str, email: &str, verified: i64) -> String {
    format!(
        "insert into auth_users values ('{id}', '{name}', '{email}', {verified}, \
         'http://thirdwx.qlogo.cn/{id}/132', 1714564800000, 1714564800000);"
    )
}

fn account(id: &str, provider: &str, name: &str, user_id: &str, password: Option<&str>) -> String {
    let password = password.map_or("null".to_owned(), |hash| format!("'{hash}'"));
    format!(
        "insert into auth_accounts (id, accountId, providerId, userId, password, createdAt, updatedAt) \
         values ('{id}', '{name}', '{provider}', '{user_id}', {password}, 1714564800000, 1714564800000);"
    )
}

/// Two people, two cities, some settings.
fn usual() -> String {
    [
        TABLES.to_owned(),
        user("usr_li", "lilei", "LiLei@Example.com", 1),
        account("acc_1", "credential", "usr_li", "usr_li", Some(HASH)),
        "insert into auth_profiles values ('usr_li', 'lilei@example.com', '李雷', '', '你好', \
         '2024-05-01T12:00:00.000Z', '2024-05-01T12:00:00.000Z');"
            .to_owned(),
        user("usr_wx", "wechat_oUNION", "wechat_oUNION@wechat.user", 0),
        account("acc_2", "wechat", "oUNION", "usr_wx", None),
        "insert into cities values ('city_shop', '小店', 'active', '2024-05-01T12:00:00.000Z', 'x'), \
         ('city_old', 'Old', 'paused', 'x', 'x'), ('city_downcity', 'Theirs', 'paused', 'x', 'x');"
            .to_owned(),
        "insert into env values ('GITHUB_CLIENT_ID', 'Iv1.theirs', 'x', 'x'), \
         ('GITHUB_CLIENT_SECRET', 'a-secret-of-the-old-system', 'x', 'x'), \
         ('WECHAT_CLIENT_ID', 'wx_of_the_old_system', 'x', 'x'), ('EMPTY', '', 'x', 'x'), \
         ('DOWNCITY_FEDERATION_ADMIN_SECRET_KEY', 'admin_x', 'x', 'x'), ('BETTER_AUTH_SECRET', 'y', 'x', 'x');"
            .to_owned(),
    ]
    .concat()
}

const APPLY: Move = Move { apply: true, trust_unverified: false, wechat_app_id: None };

async fn bring(world: &World, path: &Path, how: &Move) -> Report {
    world.federation.move_in(path, how).await.unwrap()
}

fn tally(found: usize, added: usize, present: usize, skipped: usize) -> Tally {
    Tally { found, added, present, skipped }
}

fn has_note(report: &Report, row: &str, part: &str) -> bool {
    report.notes.iter().any(|note| note.row == row && note.what.contains(part))
}

async fn everything(world: &World) -> [i64; 7] {
    let mut counts = [0; 7];
    let queries = [
        "select count(*) from users",
        "select count(*) from identity_keys",
        "select count(*) from passwords",
        "select count(*) from cities",
        "select count(*) from env",
        "select count(*) from events",
        "select count from changes",
    ];
    for (count, query) in counts.iter_mut().zip(queries) {
        *count = number(&world.store, query).await;
    }
    counts
}

async fn admin_get(world: &World, path: &str) -> Value {
    world.get_as(world.admin_key.expose_secret(), path).await.ok()
}

on_both_engines!(
    who_moved_in_signs_in_with_the_old_password,
    a_dry_run_tells_the_same_and_changes_nothing,
    a_second_move_changes_nothing,
    who_left_after_moving_in_stays_away,
    a_person_of_wechat_comes_back_as_themselves,
    unverified_addresses_let_only_their_owner_in,
    an_operator_may_trust_unverified_addresses,
    what_exists_is_never_overwritten,
    hostile_rows_are_left_out_one_by_one,
    snake_case_and_missing_columns_are_fine,
    a_wrong_password_counts_as_ever,
);

async fn who_moved_in_signs_in_with_the_old_password(on: On) {
    let (world, _post) = with_mail(on).await;
    let (_folder, path) = foreign_sqlite(&usual());
    let report = bring(&world, &path, &APPLY).await;
    assert_eq!((report.users, report.passwords), (tally(2, 2, 0, 0), tally(1, 1, 0, 0)));
    assert_eq!(
        number(
            &world.store,
            "select count(*) from passwords where hash like '$scrypt$ln=14,r=16,p=1$%' and old = 1"
        )
        .await,
        1
    );
    assert_eq!(login(&world, "lilei@example.com", "wrong horse battery").await.code(), "wrong_credentials");
    // Each of the two would put a better hash in the old one's place.
    let (done, other) = tokio::join!(
        login(&world, "LILEI@example.com", PASSWORD),
        login(&world, "lilei@example.com", PASSWORD)
    );
    let done = done.ok();
    assert_eq!((&done["user_id"], &other.ok()["user_id"]), (&json!("usr_li"), &json!("usr_li")));
    let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["email"], "lilei@example.com");
    assert_eq!(me["profile"]["display_name"], "李雷");
    assert_eq!(me["profile"]["bio"], "你好");
    assert_eq!(me["profile"]["avatar_url"], "https://thirdwx.qlogo.cn/usr_li/132");
    let upgraded =
        "select count(*) from passwords where hash like '$argon2id$v=19$m=19456,t=2,p=1$%' and old = 0";
    assert_eq!(number(&world.store, upgraded).await, 1);
    assert_eq!(login(&world, "lilei@example.com", PASSWORD).await.ok()["user_id"], "usr_li");

    let cities = admin_get(&world, "cities/list").await;
    let status = |id: &str| {
        let items = cities["items"].as_array().unwrap();
        items.iter().find(|city| city["city_id"] == id).map(|city| city["status"].clone())
    };
    assert_eq!((status("city_shop"), status("city_old")), (Some(json!("active")), Some(json!("paused"))));
    assert_eq!(status("city_downcity"), Some(json!("active")), "what exists stays");
    let env = admin_get(&world, "env/list").await.to_string();
    assert!(
        env.contains("Iv1.theirs") && !env.contains("a-secret-of") && !env.contains("BETTER_AUTH"),
        "{env}"
    );
    let events = admin_get(&world, "accounts/events?type=user.moved_in").await;
    assert_eq!(events["items"].as_array().unwrap().len(), 2);
}

async fn a_dry_run_tells_the_same_and_changes_nothing(on: On) {
    let world = World::ready(on).await;
    let (_folder, path) = foreign_sqlite(&usual());
    let before = everything(&world).await;
    let told = bring(&world, &path, &Move::default()).await;
    assert_eq!(everything(&world).await, before);
    assert!(!told.applied);
    let done = bring(&world, &path, &APPLY).await;
    assert_eq!(Report { applied: true, ..told }, done);
    assert_eq!((done.users, done.identities), (tally(2, 2, 0, 0), tally(2, 2, 0, 0)));
    assert_eq!((done.cities, done.env), (tally(3, 2, 1, 0), tally(6, 2, 1, 3)));
}

async fn a_second_move_changes_nothing(on: On) {
    let world = World::new(on).await;
    let (_folder, path) = foreign_sqlite(&usual());
    bring(&world, &path, &APPLY).await;
    let before = everything(&world).await;
    let again = bring(&world, &path, &APPLY).await;
    assert_eq!(everything(&world).await, before);
    assert_eq!((again.users, again.identities), (tally(2, 0, 2, 0), tally(2, 0, 2, 0)));
    assert_eq!((again.passwords, again.cities), (tally(1, 0, 1, 0), tally(3, 0, 3, 0)));
    assert_eq!(again.env, tally(6, 0, 3, 3));
}

async fn who_left_after_moving_in_stays_away(on: On) {
    let world = World::new(on).await;
    let (_folder, path) = foreign_sqlite(&usual());
    bring(&world, &path, &APPLY).await;
    world.admin_post("accounts/users/delete", json!({"user_id": "usr_li"})).await;
    let again = bring(&world, &path, &APPLY).await;
    assert_eq!(again.users, tally(2, 0, 1, 1));
    assert!(has_note(&again, "usr_li", "gone since"), "{:?}", again.notes);
    assert_eq!(number(&world.store, "select count(*) from users where user_id = 'usr_li'").await, 0);
}

/// The old system kept the unionid where there was one and else the openid, and did not say which.
async fn a_person_of_wechat_comes_back_as_themselves(on: On) {
    let world = World::ready(on).await;
    let app = world.sim.apps()[0].clone();
    let unionid = world.sim.unionid("zhangsan", &app.open_account);
    let openid = world.sim.openid("alice", &app.appid);
    let sql = [
        TABLES.to_owned(),
        user("usr_union", "a", "wechat_a@wechat.user", 0),
        account("acc_1", "wechat", &unionid, "usr_union", None),
        user("usr_open", "b", "wechat_b@wechat.user", 0),
        account("acc_2", "wechat", &openid, "usr_open", None),
    ];
    let (_folder, path) = foreign_sqlite(&sql.concat());
    let report = bring(&world, &path, &APPLY).await;
    assert_eq!(report.identities, tally(2, 2, 0, 0), "{:?}", report.notes);
    for _ in 0..2 {
        assert_eq!(world.sign_in("zhangsan").await["user_id"], "usr_union");
        assert_eq!(world.sign_in("alice").await["user_id"], "usr_open");
    }
    let twice = "select count(*) from identity_keys k join identity_keys o \
                 on o.value = k.value and o.kind <> k.kind";
    assert_eq!(number(&world.store, twice).await, 0, "each name is of its own kind by now");
    let me = world.sign_in("zhangsan").await;
    let me = world.get_as(me["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["email"], Value::Null, "no invented address");
}

/// `unverified_account_signs_in` and `prehijack_synthetic_email`, brought along from elsewhere.
async fn unverified_addresses_let_only_their_owner_in(on: On) {
    let (world, mut post) = with_mail(on).await;
    let sql = [
        TABLES.to_owned(),
        user("usr_1", "x", "victim@example.com", 0),
        account("acc_1", "credential", "usr_1", "usr_1", Some(HASH)),
        user("usr_2", "y", "linked@example.com", 0),
        account("acc_2", "credential", "usr_2", "usr_2", Some(HASH)),
        account("acc_3", "github", "4711", "usr_2", None),
        user("usr_3", "z", "wechat_oVICTIM@wechat.user", 1),
        account("acc_4", "credential", "usr_3", "usr_3", Some(HASH)),
    ];
    let (_folder, path) = foreign_sqlite(&sql.concat());
    let report = bring(&world, &path, &APPLY).await;
    assert_eq!((report.users, report.passwords), (tally(3, 3, 0, 0), tally(3, 0, 0, 3)));
    assert_eq!(report.identities, tally(4, 2, 0, 2));
    assert!(has_note(&report, "usr_1", "never verified"), "{:?}", report.notes);
    assert!(has_note(&report, "usr_2", "never verified"), "{:?}", report.notes);
    assert!(has_note(&report, "usr_3", "without any way"), "{:?}", report.notes);
    for address in ["victim@example.com", "linked@example.com", "wechat_ovictim@wechat.user"] {
        assert_eq!(login(&world, address, PASSWORD).await.code(), "wrong_credentials", "{address}");
    }
    let emails = "select count(*) from users where email is not null";
    assert_eq!(number(&world.store, emails).await, 0);
    // Its owner has the mailbox.
    let asked = json!({"email": "victim@example.com"});
    world.post_from(HOME, "accounts/password/forgot", asked).await.ok();
    let token = token_of(&post.next().await);
    let new = json!({"token": token, "password": "another horse battery"});
    world.post_from(HOME, "accounts/password/reset", new).await.ok();
    let done = login(&world, "victim@example.com", "another horse battery").await.ok();
    assert_eq!(done["user_id"], "usr_1");
}

async fn an_operator_may_trust_unverified_addresses(on: On) {
    let (world, _post) = with_mail(on).await;
    let sql = [
        TABLES.to_owned(),
        user("usr_1", "x", "li@example.com", 0),
        account("acc_1", "credential", "usr_1", "usr_1", Some(HASH)),
        user("usr_2", "y", "told-by-github@example.com", 0),
        account("acc_2", "github", "4711", "usr_2", None),
    ];
    let (_folder, path) = foreign_sqlite(&sql.concat());
    bring(&world, &path, &Move { trust_unverified: true, ..APPLY }).await;
    assert_eq!(login(&world, "li@example.com", PASSWORD).await.ok()["user_id"], "usr_1");
    let emails = "select count(*) from users where email is not null";
    assert_eq!(number(&world.store, emails).await, 1, "what a provider told is no address of an account");
}

async fn what_exists_is_never_overwritten(on: On) {
    let (world, mut post) = with_mail(on).await;
    let here = crate::mail::registered(&world, &mut post, "lilei@example.com").await;
    world.admin_post("env/upsert", json!({"key": "GITHUB_CLIENT_ID", "value": "Iv1.ours"})).await;
    world.admin_post("cities/create", json!({"name": "Ours", "city_id": "city_shop"})).await;
    let (_folder, path) = foreign_sqlite(&usual());
    let report = bring(&world, &path, &APPLY).await;
    assert_eq!((report.users, report.passwords), (tally(2, 2, 0, 0), tally(1, 0, 0, 1)));
    assert_eq!(report.identities, tally(2, 1, 1, 0));
    let holder = here["user_id"].as_str().unwrap();
    assert!(has_note(&report, "usr_li", holder), "{:?}", report.notes);
    assert_eq!(login(&world, "lilei@example.com", PASSWORD).await.ok()["user_id"], holder);
    let env = admin_get(&world, "env/list").await.to_string();
    assert!(env.contains("Iv1.ours") && !env.contains("Iv1.theirs"), "{env}");
    assert!(admin_get(&world, "cities/list").await.to_string().contains("Ours"));
}

async fn hostile_rows_are_left_out_one_by_one(on: On) {
    let (world, _post) = with_mail(on).await;
    let sql = [
        TABLES.replace(" not null", "").replace(" primary key", "").replace(" unique", ""),
        // One address in two spellings: it stays with who verified it.
        user("usr_true", "t", "li@example.com", 1),
        account("acc_1", "credential", "usr_true", "usr_true", Some(HASH)),
        user("usr_false", "f", "LI@Example.com", 0),
        account("acc_2", "credential", "usr_false", "usr_false", Some(&HASH.replace("e4df", "0000"))),
        // Orphans, doubles, strangers.
        account("acc_3", "credential", "usr_none", "usr_none", Some(HASH)),
        account("acc_4", "github", "4711", "usr_true", None),
        account("acc_5", "github", "4711", "usr_false", None),
        account("acc_6", "github", "4711; drop table users", "usr_false", None),
        account("acc_7", "credential", "usr_true", "usr_true", Some("second")),
        account("acc_8", "myspace", "tom", "usr_false", None),
        "insert into auth_profiles (user_id, display_name) values ('usr_none', 'x'), ('usr_true', 'A'), \
         ('usr_true', 'B');"
            .to_owned(),
        // Garbage.
        user("usr_true", "again", "second@example.com", 1),
        user("has space", "s", "space@example.com", 1),
        "insert into auth_users (id, email, emailVerified) values (null, 'null@example.com', 1), \
         (x'0001', 'blob@example.com', 1), ('usr_nul', 'nul' || char(0) || '@example.com', 1), \
         ('usr_' || char(0), 'n@example.com', 1), ('usr_odd', x'ffff', 'maybe'), \
         ('usr_long', hex(zeroblob(40000)), 1);"
            .to_owned(),
        "insert into auth_users (id, name, image, createdAt) values \
         ('usr_names', 'a' || char(0) || char(8238) || 'b', 'javascript:alert(1)', 'never');"
            .to_owned(),
        "insert into cities (city_id, name) values ('../etc', 'x'), ('city_nameless', char(0)), \
         ('city_odd', 'Odd' || char(0)), (null, 'x');"
            .to_owned(),
        "update cities set status = 'exploded' where city_id = 'city_odd';".to_owned(),
        "insert into env (key, value) values ('lower', 'x'), ('WITH' || char(0), 'x'), ('VALUE', 'a' || char(0)), \
         (null, 'x'), ('BLOB', x'00'), ('FINE', 'yes'), ('FINE', 'no');"
            .to_owned(),
    ];
    let (_folder, path) = foreign_sqlite(&sql.concat());
    let report = bring(&world, &path, &APPLY).await;
    assert_eq!(report.users, tally(11, 6, 0, 5), "{:?}", report.notes);
    assert_eq!(report.identities, tally(8, 2, 0, 6), "{:?}", report.notes);
    assert_eq!(report.cities, tally(4, 1, 0, 3), "{:?}", report.notes);
    assert_eq!(report.env, tally(7, 1, 0, 6), "{:?}", report.notes);
    for (row, part) in [
        ("usr_false", "the same address"),
        ("acc_3", "no user"),
        ("acc_5", "another row"),
        ("acc_6", "no accountId that can be used"),
        ("acc_7", "second password"),
        ("acc_8", "can't be brought over"),
        ("usr_none", "no user"),
        ("usr_true", "second profile"),
        ("usr_true", "second user"),
        ("has space", "can't be a user's id"),
        ("usr_nul", "address can't be used"),
        ("VALUE", "control characters"),
    ] {
        assert!(has_note(&report, row, part), "{row} {part}: {:?}", report.notes);
    }
    assert!(report.notes.iter().all(|note| !note.row.contains('\0') && !note.row.contains('@')));
    assert_eq!(login(&world, "li@example.com", PASSWORD).await.ok()["user_id"], "usr_true");
    let users = admin_get(&world, "accounts/users?q=usr_names").await;
    let odd = &users["items"][0];
    assert_eq!((&odd["display_name"], &odd["avatar_url"]), (&json!("ab"), &Value::Null));
    assert!(
        admin_get(&world, "cities/list").await.to_string().contains("paused"),
        "an unknown status lets nobody in"
    );
}

async fn snake_case_and_missing_columns_are_fine(on: On) {
    let (world, _post) = with_mail(on).await;
    let (_folder, path) = foreign_sqlite(&format!(
        "create table auth_users (id text, email text, email_verified text, created_at text); \
         create table auth_accounts (provider_id text, user_id text, password text, account_id); \
         insert into auth_users values ('usr_li', 'li@example.com', 'true', '2024-05-01 12:00:00'); \
         insert into auth_accounts values ('credential', 'usr_li', '{HASH}', null), \
         ('github', 'usr_li', null, 4711);"
    ));
    let report = bring(&world, &path, &APPLY).await;
    assert_eq!((report.users, report.identities), (tally(1, 1, 0, 0), tally(2, 2, 0, 0)));
    let done = login(&world, "li@example.com", PASSWORD).await.ok();
    assert_eq!(done["user_id"], "usr_li");
    let listed = admin_get(&world, "accounts/users").await;
    assert_eq!(listed["items"][0]["auth_created_at"], "2024-05-01T12:00:00Z");
    let (_folder, other) = foreign_sqlite("create table t (x)");
    let refused = world.federation.move_in(&other, &APPLY).await.unwrap_err().to_string();
    assert!(refused.contains("not a Downcity database"), "{refused}");
}

async fn a_wrong_password_counts_as_ever(on: On) {
    let (world, _post) = with_mail(on).await;
    let (_folder, path) = foreign_sqlite(&usual());
    bring(&world, &path, &APPLY).await;
    for _ in 0..6 {
        assert_eq!(login(&world, "lilei@example.com", "wrong horse battery").await.status, 401);
    }
    assert_error(&login(&world, "lilei@example.com", PASSWORD).await, 429, "too_many_tries");
    let old = "select count(*) from passwords where old = 1";
    assert_eq!(number(&world.store, old).await, 1, "a refused try upgrades nothing");
}
