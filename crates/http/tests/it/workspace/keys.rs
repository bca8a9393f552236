//! The page of keys: made, given another secret, revoked; sessions of the workspace; signing keys.

use super::{Keeper, audit, make_key};
use crate::kit::admin_get;
use crate::on_both_engines;
use crate::support::{Answer, On, World};
use secrecy::ExposeSecret;
use serde_json::json;

on_both_engines!(
    a_key_is_made_and_shown_once,
    another_secret_ends_the_sessions_of_the_one_before,
    sessions_are_listed_and_ended,
);

const LIST: &str = "/admin/keys";

/// The key that a page shows.
fn shown(page: &Answer) -> String {
    let from = page.text.split("data-copy=\"ak_").nth(1).unwrap_or_else(|| panic!("no key: {}", page.text));
    format!("ak_{}", from.split('"').next().unwrap())
}

async fn works(world: &World, key: &str) -> bool {
    world.get_as(key, "cities/list").await.status == 200
}

async fn a_key_is_made_and_shown_once(on: On) {
    let world = World::ready(on).await;
    let keeper = Keeper::owner(&world).await;
    let form = [("name", "Li Lei"), ("role", "operator"), ("city", ""), ("ttl", "90d")];
    let made = keeper.post("/admin/keys/create", &form).await;
    assert_eq!((made.status, made.header("cache-control")), (200, "no-store"));
    let key = shown(&made);
    assert!(works(&world, &key).await);
    let entry = &audit(&world, "admin_key.created").await[0];
    assert_eq!((&entry["after"]["name"], &entry["via"]), (&json!("Li Lei"), &json!("workspace")));
    let list = keeper.get(LIST).await.text;
    assert!(list.contains(">Li Lei</a>") && !list.contains(&key), "{list}");
    let one = keeper.get(&format!("{LIST}/{}", entry["subject"].as_str().unwrap())).await.text;
    assert!(one.contains("operator") && one.contains("admin_key.created") && !one.contains(&key), "{one}");

    let form = [("name", "Han"), ("role", "viewer"), ("city", "city_demo"), ("ttl", "")];
    let key = shown(&keeper.post("/admin/keys/create", &form).await);
    assert_eq!(world.get_as(&key, "admin-keys/list").await.json()["code"], "city_key");
    for (name, role, city, ttl, told) in [
        (" ", "viewer", "", "", "A key needs a name"),
        ("x", "owner", "city_demo", "", "An owner&#39;s key is for the whole Federation"),
        ("x", "viewer", "city_none", "", "there is no city"),
        ("x", "viewer", "", "400d", "at most 366 days"),
    ] {
        let form = [("name", name), ("role", role), ("city", city), ("ttl", ttl)];
        let again = keeper.post("/admin/keys/create", &form).await;
        assert_eq!(again.status, 422, "{told}");
        assert!(again.text.contains(told), "{told}: {}", again.text);
        assert!(again.text.contains(&format!("name=\"name\" value=\"{name}\"")), "what was typed stays");
    }
}

async fn another_secret_ends_the_sessions_of_the_one_before(on: On) {
    let world = World::new(on).await;
    let made = make_key(&world, "viewer", None).await;
    let (id, old) = (made["key_id"].as_str().unwrap(), made["admin_key"].as_str().unwrap());
    let (keeper, theirs) = (Keeper::owner(&world).await, Keeper::with_key(&world, old).await);
    let page = keeper.post("/admin/keys/rotate", &[("key_id", id)]).await;
    let new = shown(&page);
    assert!(!works(&world, old).await && works(&world, &new).await);
    assert_eq!(theirs.get(LIST).await.status, 303, "their session is over");
    assert_eq!(audit(&world, "admin_key.rotated").await[0]["subject"], json!(id));

    let own = audit(&world, "admin.signed_in").await.last().unwrap()["key_id"].as_str().unwrap().to_owned();
    let page = keeper.post("/admin/keys/rotate", &[("key_id", &own)]).await;
    assert!(page.text.contains("your session is over"), "{}", page.text);
    assert_eq!(keeper.get(LIST).await.status, 303);
    assert!(works(&world, &shown(&page)).await);
    assert!(!works(&world, world.admin_key.expose_secret()).await);
}

async fn sessions_are_listed_and_ended(on: On) {
    let world = World::new(on).await;
    let made = make_key(&world, "viewer", None).await;
    let id = made["key_id"].as_str().unwrap();
    let keeper = Keeper::owner(&world).await;
    let theirs = Keeper::with_key(&world, made["admin_key"].as_str().unwrap()).await;
    let own = audit(&world, "admin.signed_in").await[1]["subject"].as_str().unwrap().to_owned();
    let session = audit(&world, "admin.signed_in").await[0]["subject"].as_str().unwrap().to_owned();
    for page in [keeper.get(LIST).await, keeper.get(&format!("{LIST}/{id}")).await] {
        assert!(page.text.contains(&format!("name=\"session_id\" value=\"{session}\"")), "{}", page.text);
        assert!(!page.text.contains(&own), "nobody ends their own here");
    }
    let form = [("session_id", session.as_str()), ("key_id", id)];
    let told = keeper.act("/admin/keys/end-session", &form).await;
    assert!(told.text.contains("The session is over, at once."), "{}", told.text);
    assert_eq!(theirs.get("/admin").await.status, 303);
    let entry = &audit(&world, "admin.session_ended").await[0];
    assert_eq!((&entry["subject"], &entry["before"]["key_id"]), (&json!(session), &json!(id)));
    let told = keeper.act("/admin/keys/end-session", &form).await;
    assert!(told.text.contains("was over already"), "{}", told.text);
    assert_eq!(audit(&world, "admin.session_ended").await.len(), 1);
}

#[tokio::test]
async fn a_key_is_revoked_by_its_name_and_the_last_owner_s_stays() {
    let world = World::new(On::Sqlite).await;
    let made = make_key(&world, "operator", None).await;
    let (id, key) = (made["key_id"].as_str().unwrap(), made["admin_key"].as_str().unwrap());
    let keeper = Keeper::owner(&world).await;
    let told = keeper.act("/admin/keys/revoke", &[("key_id", id), ("confirm", "another")]).await;
    assert!(told.text.contains("Nothing was revoked"), "{}", told.text);
    assert!(works(&world, key).await);
    let told = keeper.act("/admin/keys/revoke", &[("key_id", id), ("confirm", "  a operator ")]).await;
    assert!(told.text.contains("a operator is revoked"), "{}", told.text);
    assert!(!works(&world, key).await);
    assert!(told.text.contains("revoked</span>"), "it stays in the list: {}", told.text);
    let one = keeper.get(&format!("{LIST}/{id}")).await.text;
    assert!(!one.contains("/admin/keys/revoke") && one.contains("admin_key.revoked"), "{one}");

    let own = audit(&world, "admin.signed_in").await[0]["key_id"].as_str().unwrap().to_owned();
    let one = keeper.get(&format!("{LIST}/{own}")).await.text;
    assert!(
        one.contains("the last owner&#39;s key") && !one.contains("action=\"/admin/keys/revoke\""),
        "{one}"
    );
    let told = keeper.act("/admin/keys/revoke", &[("key_id", &own), ("confirm", "first")]).await;
    assert!(told.text.contains("this is the last owner"), "{}", told.text);
    make_key(&world, "owner", None).await;
    let one = keeper.get(&format!("{LIST}/{own}")).await.text;
    assert!(one.contains("action=\"/admin/keys/revoke\""), "{one}");
    assert_eq!(keeper.get(&format!("{LIST}/none")).await.status, 404);
    let told = keeper.act("/admin/keys/rotate", &[("key_id", "none")]).await;
    assert!(told.text.contains("no admin key that is good"), "{}", told.text);
}

#[tokio::test]
async fn who_is_no_owner_looks_and_is_told_why_no_more() {
    let world = World::new(On::Sqlite).await;
    for (role, told) in
        [("viewer", "Your key may only look."), ("operator", "Only an owner&#39;s key may do this.")]
    {
        let keeper = Keeper::new(&world, role, None).await;
        let page = keeper.get(LIST).await.text;
        assert!(page.contains(told), "{role}: {page}");
        let main = page.split("<main").nth(1).unwrap();
        for button in main.split("<button").skip(1) {
            assert!(button.split('>').next().unwrap().contains(" disabled"), "{role}: {button}");
        }
    }
}

#[tokio::test]
async fn signing_keys_are_changed_in_good_time_or_at_once() {
    let world = World::ready(On::Sqlite).await;
    let keeper = Keeper::owner(&world).await;
    let token = world.sign_in("alice").await["user_token"].as_str().unwrap().to_owned();
    let kid =
        admin_get(&world, "federation/keys/list").await.ok()["items"][0]["kid"].as_str().unwrap().to_owned();
    let told = keeper.act("/admin/keys/signing/rotate", &[]).await;
    assert!(told.text.contains("signs in six minutes") && told.text.contains("next</span>"), "{}", told.text);
    let told = keeper.act("/admin/keys/signing/rotate", &[]).await;
    assert!(told.text.contains("on its way already"), "{}", told.text);
    assert_eq!(world.get_as(&token, "accounts/me").await.status, 200);
    let told = keeper.act("/admin/keys/signing/revoke", &[("kid", &kid), ("confirm", "wrong")]).await;
    assert!(told.text.contains("Nothing was revoked"), "{}", told.text);
    let told = keeper.act("/admin/keys/signing/revoke", &[("kid", &kid), ("confirm", &kid[..8])]).await;
    assert!(told.text.contains("The signing key is out"), "{}", told.text);
    assert_eq!(world.get_as(&token, "accounts/me").await.status, 401);
    let entry = &audit(&world, "signing_key.revoked").await[0];
    assert_eq!((&entry["subject"], &entry["via"]), (&json!(kid), &json!("workspace")));
    let told = keeper.act("/admin/keys/signing/revoke", &[("kid", "none"), ("confirm", "none")]).await;
    assert!(told.text.contains("flash bad"), "{}", told.text);
}
