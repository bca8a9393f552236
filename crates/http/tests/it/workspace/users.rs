//! Users in the workspace: found, paged, looked at, shut out, let in, merged, removed.

use super::{Keeper, audit};
use crate::kit::{admin_get, admin_try};
use crate::on_both_engines;
use crate::support::{Answer, On, World};
use downcity_store::testing::{number, tamper};
use serde_json::{Value, json};

on_both_engines!(
    somebody_is_found_by_every_name_they_have,
    many_users_are_paged_forth_and_back,
    a_user_is_looked_at_shut_out_and_let_in,
    a_user_is_removed_when_their_id_was_typed,
    two_users_become_one_after_a_look,
);

fn shows(page: &Answer, what: &[&str]) {
    for what in what {
        assert!(page.text.contains(what), "{what}: {}", page.text);
    }
}

fn id(done: &Value) -> &str {
    done["user_id"].as_str().unwrap()
}

/// The ids of the rows, in order.
fn rows(page: &Answer) -> Vec<String> {
    let table = page.text.split("id=\"found\"").nth(1).unwrap();
    let ids = table.split("<p><code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
    ids.collect()
}

/// Where a link of this kind leads.
fn link(page: &Answer, rel: &str) -> Option<String> {
    let rest = page.text.split(&format!("rel=\"{rel}\" href=\"")).nth(1)?;
    Some(rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&"))
}

async fn somebody_is_found_by_every_name_they_have(on: On) {
    let world = World::ready(on).await;
    let (alice, other) = (world.sign_in("alice").await, world.sign_in("zhangsan").await);
    let keeper = Keeper::owner(&world).await;
    let alice = id(&alice);
    let sql = format!(
        "update users set email = 'alice@example.com', display_name = 'Alice Lee' where user_id = '{alice}'"
    );
    tamper(&world.store, Box::leak(sql.into_boxed_str())).await;
    let person = admin_get(&world, &format!("accounts/users/one?user_id={alice}")).await.ok();
    let names: Vec<_> = person["identities"][0]["names"].as_array().unwrap().clone();
    let name =
        |kind: &str| names.iter().find(|name| name["kind"] == kind).unwrap()["value"].as_str().unwrap();
    for q in [alice, "alice%40example.com", "ce+LEE", name("openid"), name("unionid")] {
        let found = keeper.get(&format!("/admin/users?q={q}")).await;
        assert_eq!(rows(&found), [alice], "{q}");
        shows(&found, &["Alice Lee", "alice@example.com", ">WeChat<"]);
    }
    assert_eq!(rows(&keeper.get("/admin/users").await).len(), 2);
    let filtered =
        [("status=active", 2), ("status=disabled", 0), ("provider=wechat", 2), ("provider=github", 0)];
    for (query, count) in filtered.into_iter().chain([("city=city_demo", 2), ("city=city_downcity", 0)]) {
        assert_eq!(rows(&keeper.get(&format!("/admin/users?{query}")).await).len(), count, "{query}");
    }
    shows(&keeper.get("/admin/users?q=nobody").await, &["Nobody fits", "value=\"nobody\""]);
    let long = keeper.get(&format!("/admin/users?q={}", "x".repeat(129))).await;
    assert_eq!(long.status, 422);
    shows(&long, &["at most 128 characters"]);
    assert_eq!(keeper.get("/admin/users?status=odd").await.status, 400);
    assert_eq!(keeper.get("/admin/users?cursor=odd").await.status, 400);
    assert!(!id(&other).is_empty());
}

async fn many_users_are_paged_forth_and_back(on: On) {
    let world = World::ready(on).await;
    tamper(
        &world.store,
        "insert into users (user_id, display_name, created_at, updated_at) \
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 120) \
         select 'user-' || (1000 + i), 'Many', 1000 + i, 1000 from n",
    )
    .await;
    let keeper = Keeper::owner(&world).await;
    let first = keeper.get("/admin/users?q=many").await;
    assert_eq!((rows(&first).len(), rows(&first)[0].as_str()), (50, "user-1120"));
    assert_eq!(link(&first, "prev"), None);
    let second = keeper.get(&link(&first, "next").unwrap()).await;
    let third = keeper.get(&link(&second, "next").unwrap()).await;
    assert_eq!((rows(&third).len(), rows(&third).last().unwrap().as_str()), (20, "user-1001"));
    assert_eq!(link(&third, "next"), None);
    let back = keeper.get(&link(&third, "prev").unwrap()).await;
    assert_eq!(rows(&back), rows(&second), "the page before is the one that was seen");
    assert_eq!(rows(&keeper.get(&link(&back, "next").unwrap()).await), rows(&third));
    let top = keeper.get(&link(&back, "prev").unwrap()).await;
    assert_eq!((rows(&top), link(&top, "prev")), (rows(&first), None));
    shows(&top, &["value=\"many\""]);
}

async fn a_user_is_looked_at_shut_out_and_let_in(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let (alice, token) = (id(&done), done["user_token"].as_str().unwrap());
    let again = world.sign_in("alice").await;
    let keeper = Keeper::owner(&world).await;
    let path = format!("/admin/users/{alice}");
    let page = keeper.get(&path).await;
    shows(&page, &[alice, "unionid", "openid", "Signed up", "Signed in", "city_demo", "WeChat"]);
    assert!(!page.text.contains(token), "no token is shown");
    let sessions = admin_get(&world, &format!("accounts/sessions?user_id={alice}")).await.ok();
    let newest = sessions["items"][0]["session_id"].as_str().unwrap();
    let ended = keeper.act(&format!("{path}/session"), &[("session_id", newest)]).await;
    shows(&ended, &["The session is ended", "Session ended"]);
    let over = keeper.act(&format!("{path}/session"), &[("session_id", newest)]).await;
    shows(&over, &["was over already"]);
    let dead = again["user_token"].as_str().unwrap();
    assert_eq!(world.get_as(dead, "accounts/me").await.status, 401);
    assert_eq!(world.get_as(token, "accounts/me").await.status, 200, "the other session stays");

    let out = keeper.act(&format!("{path}/status"), &[("to", "disabled")]).await;
    shows(&out, &["Disabled: every session", "disabled</span>", "Enable"]);
    assert_ne!(world.get_as(token, "accounts/me").await.status, 200);
    assert_eq!(rows(&keeper.get("/admin/users?status=disabled").await), [alice]);
    let back = keeper.act(&format!("{path}/status"), &[("to", "enabled")]).await;
    shows(&back, &["they can sign in again"]);
    assert_eq!(id(&world.sign_in("alice").await), alice);
    for action in ["user.disabled", "user.enabled", "session.revoked"] {
        assert_eq!(audit(&world, action).await[0]["via"], "workspace", "{action}");
    }
    assert_eq!(keeper.get("/admin/users/nobody").await.status, 404);
}

async fn a_user_is_removed_when_their_id_was_typed(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let alice = id(&done);
    let keeper = Keeper::owner(&world).await;
    let path = format!("/admin/users/{alice}/delete");
    for wrong in ["", "alice"] {
        shows(&keeper.act(&path, &[("confirm", wrong)]).await, &["Nothing was changed", alice]);
    }
    shows(&keeper.act(&path, &[("confirm", alice)]).await, &["is removed"]);
    assert_eq!(number(&world.store, "select count(*) from users").await, 0);
    assert_eq!(audit(&world, "user.deleted").await[0]["subject"], alice);
    shows(&keeper.act(&path, &[("confirm", alice)]).await, &["flash bad", "no user"]);
}

async fn two_users_become_one_after_a_look(on: On) {
    let world = World::ready(on).await;
    let (one, two) = (world.sign_in("alice").await, world.sign_in("zhangsan").await);
    let (stays, goes) = (id(&one), id(&two));
    let keeper = Keeper::owner(&world).await;
    let path = format!("/admin/users/{stays}/merge");
    let wrong = [("nobody", "no user"), (stays, "this very account"), ("a%20b", "no user")];
    for (from, told) in wrong {
        let refused = keeper.get(&format!("{path}?from={from}")).await;
        assert_eq!(refused.status, 422, "{from}");
        assert!(refused.text.to_lowercase().contains(told), "{from}: {}", refused.text);
    }
    let look = keeper.get(&format!("{path}?from={goes}")).await;
    shows(&look, &[stays, goes, "badge good\">WeChat", "<dd>1</dd>"]);
    shows(&look, &[&format!("/admin/users/{goes}/merge?from={stays}")]);
    assert_eq!(number(&world.store, "select count(*) from users").await, 2, "only looked at");

    let form = |confirm| [("from", goes), ("confirm", confirm)];
    shows(&keeper.act(&path, &form(stays)).await, &["Nothing was changed", "badge good\">WeChat"]);
    admin_try(&world, "accounts/users/disable", json!({"user_id": goes})).await.ok();
    shows(&keeper.get(&format!("{path}?from={goes}")).await, &["One of the two is disabled"]);
    shows(&keeper.act(&path, &form(goes)).await, &["flash bad", "disabled"]);
    admin_try(&world, "accounts/users/enable", json!({"user_id": goes})).await.ok();
    let done = keeper.act(&path, &form(goes)).await;
    shows(&done, &["are one account now", "Merged with another account"]);
    assert_eq!(number(&world.store, "select count(*) from users").await, 1);
    assert_eq!(id(&world.sign_in("zhangsan").await), stays);
    assert_eq!(audit(&world, "user.merged").await[0]["via"], "workspace");
}

/// Requirement S10: the key of one city looks at who has been there, and changes nobody.
#[tokio::test]
async fn the_key_of_a_city_sees_who_has_been_there() {
    let world = World::ready(On::Sqlite).await;
    let done = world.sign_in("alice").await;
    let alice = id(&done);
    admin_try(&world, "cities/create", json!({"name": "Other", "city_id": "city_other"})).await.ok();
    let apply = json!({"city_id": "city_other", "user_id": alice});
    admin_try(&world, "cities/tokens/apply", apply).await.ok();
    tamper(
        &world.store,
        "insert into users (user_id, display_name, created_at, updated_at) values ('stranger', 'Stranger', 1, 1)",
    )
    .await;
    let keeper = Keeper::new(&world, "operator", Some("city_demo")).await;
    assert_eq!(rows(&keeper.get("/admin/users").await), [alice]);
    assert_eq!(rows(&keeper.get("/admin/users?city=city_demo").await), [alice]);
    let refused = keeper.get("/admin/users?city=city_other").await;
    assert_eq!(refused.status, 403);
    assert_eq!(keeper.get("/admin/users/stranger").await.status, 404);
    let page = keeper.get(&format!("/admin/users/{alice}")).await;
    shows(&page, &["city_demo", "Your key is for one city"]);
    for hidden in ["city_other", "unionid", "/status\"", "/delete\"", "/merge\"", "/session\""] {
        assert!(!page.text.contains(hidden), "{hidden}: {}", page.text);
    }
    let forms: [(&str, &[(&str, &str)]); 4] = [
        ("status", &[("to", "disabled")]),
        ("session", &[("session_id", "x")]),
        ("delete", &[("confirm", alice)]),
        ("merge", &[("from", "stranger"), ("confirm", "stranger")]),
    ];
    for (path, form) in forms {
        assert_eq!(keeper.post(&format!("/admin/users/{alice}/{path}"), form).await.status, 403, "{path}");
    }
    assert_eq!(number(&world.store, "select count(*) from users").await, 2);
}

#[tokio::test]
async fn names_from_outside_are_text_and_odd_ids_have_their_page() {
    let world = World::new(On::Sqlite).await;
    tamper(
        &world.store,
        "insert into users (user_id, display_name, created_at, updated_at) \
         values ('a/b|c?d#e', '<script>alert(1)</script>', 1, 1)",
    )
    .await;
    let keeper = Keeper::owner(&world).await;
    let list = keeper.get("/admin/users?q=%3Cscript").await;
    assert!(!list.text.contains("<script>alert"), "{}", list.text);
    let path = list.text.split("href=\"/admin/users/").nth(1).unwrap().split('"').next().unwrap();
    let page = keeper.get(&format!("/admin/users/{path}")).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("<script>alert"));
    shows(&page, &["a/b|c?d#e"]);
    let out = keeper.act(&format!("/admin/users/{path}/status"), &[("to", "disabled")]).await;
    shows(&out, &["Disabled: every session"]);
}

#[tokio::test]
async fn a_viewer_looks_at_users_and_changes_none() {
    let world = World::ready(On::Sqlite).await;
    let done = world.sign_in("alice").await;
    let keeper = Keeper::new(&world, "viewer", None).await;
    let page = keeper.get(&format!("/admin/users/{}", id(&done))).await;
    let main = page.text.split("<main").nth(1).unwrap();
    let open = main.split("<button").skip(1).filter(|button| {
        let tag = button.split('>').next().unwrap();
        !tag.contains("type=\"button\"") && !tag.contains(" disabled")
    });
    assert_eq!(open.count(), 0, "{main}");
    shows(&page, &["id=\"why-not\""]);
}
