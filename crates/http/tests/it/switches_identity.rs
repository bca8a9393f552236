//! Who somebody is, whatever WeChat sends: unionid here, there or nowhere, other apps, other accounts, and
//! nicknames that break things.

use crate::logs;
use crate::on_both_engines;
use crate::support::{On, World};
use downcity_store::testing::number;
use serde_json::{Value, json};
use wechat_sim::{App, Nickname, Switches, UnionidIn};

on_both_engines!(
    the_unionid_may_come_late_leave_and_change,
    two_apps_of_one_account_share_their_people,
    a_migrated_app_keeps_its_people,
    no_unionid_at_all,
);

async fn user_id(world: &World, person: &str) -> String {
    world.sign_in(person).await["user_id"].as_str().unwrap().to_owned()
}

async fn counts(world: &World) -> (i64, i64, i64) {
    (
        number(&world.store, "select count(*) from users").await,
        number(&world.store, "select count(*) from identities").await,
        number(&world.store, "select count(*) from identity_keys").await,
    )
}

async fn use_app(world: &World, app: &App) {
    world.admin_post("env/upsert", json!({"key": "WECHAT_CLIENT_ID", "value": app.appid})).await;
    world.admin_post("env/upsert", json!({"key": "WECHAT_CLIENT_SECRET", "value": app.secret})).await;
}

async fn the_unionid_may_come_late_leave_and_change(on: On) {
    let world = World::ready(on).await;
    let mut users = Vec::new();
    for place in [
        UnionidIn::Nowhere,
        UnionidIn::Empty,
        UnionidIn::UserinfoOnly,
        UnionidIn::Both,
        UnionidIn::Empty,
        UnionidIn::Nowhere,
    ] {
        world.sim.set(|switches| switches.unionid = place);
        users.push(user_id(&world, "alice").await);
    }
    users.dedup();
    assert_eq!(users.len(), 1, "one person, one user: {users:?}");
    assert_eq!(counts(&world).await, (1, 1, 2), "the openid, and the unionid once it was there");
    // Empty unionids of two people are no common name.
    world.sim.set(|switches| switches.unionid = UnionidIn::Empty);
    assert_ne!(user_id(&world, "zhangsan").await, users[0]);
    assert_eq!(number(&world.store, "select count(*) from identity_keys where value = ''").await, 0);
}

async fn no_unionid_at_all(on: On) {
    let world = World::ready(on).await;
    let (first, second) = (user_id(&world, "lilei").await, user_id(&world, "lilei").await);
    assert_eq!(first, second);
    assert_eq!(counts(&world).await, (1, 1, 1));
}

async fn two_apps_of_one_account_share_their_people(on: On) {
    let world = World::ready(on).await;
    let (alice, lilei) = (user_id(&world, "alice").await, user_id(&world, "lilei").await);
    let second = App::website("wx00000000000000a2");
    world.sim.put_app(second.clone());
    use_app(&world, &second).await;
    assert_ne!(world.sim.openid("alice", &second.appid), world.sim.openid("alice", &world.sim.app().appid));
    assert_eq!(user_id(&world, "alice").await, alice, "known by the unionid");
    assert_ne!(
        user_id(&world, "lilei").await,
        lilei,
        "without a unionid nothing says that it is the same person"
    );
    assert_eq!(counts(&world).await, (3, 3, 3 + 2), "alice has two openids and one unionid");
    // An app of another Open Platform account knows other people, by its own names.
    let foreign = App { open_account: "open-account-2".to_owned(), ..App::website("wx00000000000000a3") };
    world.sim.put_app(foreign.clone());
    use_app(&world, &foreign).await;
    assert_ne!(user_id(&world, "alice").await, alice);
    let first = world.sim.app();
    use_app(&world, &first).await;
    assert_eq!(user_id(&world, "alice").await, alice);
}

async fn a_migrated_app_keeps_its_people(on: On) {
    let world = World::ready(on).await;
    let alice = user_id(&world, "alice").await;
    for account in ["open-account-2", "open-account-3", "open-account-3"] {
        world.sim.set(|switches| switches.migrated_to = Some(account.to_owned()));
        assert_eq!(user_id(&world, "alice").await, alice, "the openid stays, so it is the same person");
        assert_eq!(counts(&world).await, (1, 1, 2), "the unionid was replaced, not added");
    }
    let newest = world.sim.unionid("alice", "open-account-3");
    // A second app of the new account finds her by the new unionid.
    let app = App { open_account: "open-account-3".to_owned(), ..App::website("wx00000000000000b2") };
    world.sim.put_app(app.clone());
    use_app(&world, &app).await;
    assert_eq!(user_id(&world, "alice").await, alice, "{newest}");
}

async fn profile(world: &World, turn: impl FnOnce(&mut Switches)) -> Value {
    world.sim.set(|switches| *switches = Switches::default());
    world.sim.set(turn);
    let done = world.sign_in("zhangsan").await;
    world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok()["profile"].clone()
}

#[tokio::test]
async fn nicknames_and_pictures_that_break_things_do_not() {
    logs::collect();
    let world = World::ready(On::Sqlite).await;
    let names = [
        (Nickname::Own, json!("张三🌟")),
        (Nickname::Emoji, json!("👩‍👩‍👧‍👦🏳️‍🌈👍🏽张三")),
        (Nickname::Rtl, json!("שלוםabc")),
        (Nickname::Bell, json!("张三")),
        (Nickname::Long, json!("微信昵称".repeat(16))),
        (Nickname::InvalidUtf8, json!("张")),
        (Nickname::StrayBackslash, json!("张\\三")),
        (Nickname::Markup, json!("<img src=x onerror=alert(1)>\"'&")),
        // Nothing told: what was known stays.
        (Nickname::Empty, json!("<img src=x onerror=alert(1)>\"'&")),
    ];
    for (nickname, expected) in names {
        let profile = profile(&world, |switches| switches.nickname = nickname).await;
        assert_eq!(profile["display_name"], expected, "{nickname:?}");
        assert_eq!(profile["email"], Value::Null, "no address is made up");
        assert!(profile["avatar_url"].as_str().unwrap().starts_with(world.sim.url()));
    }
    assert_eq!(counts(&world).await.0, 1, "nicknames are no names");
    let fresh = World::ready(On::Sqlite).await;
    let bare = profile(&fresh, |switches| {
        (switches.nickname, switches.headimgurl_empty) = (Nickname::Empty, true);
    });
    let bare = bare.await;
    assert_eq!((&bare["display_name"], &bare["avatar_url"]), (&Value::Null, &Value::Null));
    assert!(!logs::all().contains(" WARN "), "nothing of this is an operator's business");
}

#[tokio::test]
async fn missing_unknown_and_old_fields_change_nothing() {
    let world = World::ready(On::Sqlite).await;
    let usual = profile(&world, |_| {}).await;
    let turns: [fn(&mut Switches); 6] = [
        |switches| switches.optional_fields_missing = true,
        |switches| switches.unknown_fields = true,
        |switches| switches.sex = Some(1),
        |switches| switches.sex = Some(2),
        |switches| switches.region = true,
        |switches| switches.avatar_gone = true,
    ];
    for turn in turns {
        assert_eq!(profile(&world, turn).await, usual);
    }
}
