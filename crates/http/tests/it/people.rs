//! What admins see of people and do, and what happened as the event log tells it.

use crate::kit::assert_error;
use crate::on_both_engines;
use crate::support::{Answer, HOME, On, World};
use downcity_store::testing::{number, tamper};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

on_both_engines!(
    users_are_listed_searched_and_paged,
    sessions_are_listed_searched_and_ended,
    disabled_user_keeps_working,
    mfa_or_disable_check_skipped_on_social_path,
    a_user_is_removed_for_good,
    a_removed_user_collects_nothing,
    two_users_become_one,
    a_merge_is_looked_at_first,
    events_tell_what_happened,
    only_admins_look_after_people,
);

impl World {
    async fn admin_get(&self, path: &str) -> Value {
        self.get_as(self.admin_key.expose_secret(), path).await.ok()
    }

    async fn admin_try(&self, path: &str, body: Value) -> Answer {
        self.post_as(self.admin_key.expose_secret(), path, body).await
    }
}

fn ids(list: &Value, key: &str) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
}

fn token(done: &Value) -> &str {
    done["user_token"].as_str().unwrap()
}

async fn users_are_listed_searched_and_paged(on: On) {
    let world = World::ready(on).await;
    let mut expected = Vec::new();
    for person in ["alice", "zhangsan"] {
        let done = world.sign_in(person).await;
        expected.insert(0, done["user_id"].as_str().unwrap().to_owned());
        world.clock.advance(std::time::Duration::from_millis(5));
    }
    let list = world.admin_get("accounts/users").await;
    assert_eq!((ids(&list, "user_id"), &list["next"]), (expected.clone(), &Value::Null));
    let item = &list["items"][0];
    for field in ["auth_email", "auth_name", "display_name", "avatar_url", "auth_created_at"] {
        assert!(item.get(field).is_some(), "{field} in {item}");
    }
    assert_eq!((&item["status"], &item["providers"]), (&json!("active"), &json!(["wechat"])));
    let first = world.admin_get("accounts/users?limit=1").await;
    assert_eq!(ids(&first, "user_id"), expected[..1]);
    let next = first["next"].as_str().unwrap();
    let second = world.admin_get(&format!("accounts/users?limit=1&cursor={next}")).await;
    assert_eq!((ids(&second, "user_id"), &second["next"]), (expected[1..].to_vec(), &Value::Null));
    let one = format!("accounts/users?q={}", expected[1].to_uppercase());
    assert_eq!(ids(&world.admin_get(&one).await, "user_id"), expected[1..]);
    tamper(&world.store, "update users set email = 'li_lei@example.com' where display_name is not null and user_id = (select max(user_id) from users)").await;
    assert_eq!(ids(&world.admin_get("accounts/users?q=LI_lei").await, "user_id"), expected[..1]);
    for nothing in ["q=li%25lei", "q=liXlei", "provider=github", "status=disabled"] {
        let found = world.admin_get(&format!("accounts/users?{nothing}")).await;
        assert_eq!(ids(&found, "user_id"), [""; 0], "{nothing}");
    }
    for (query, field) in
        [("limit=0", "limit"), ("limit=x", "limit"), ("cursor=x", "cursor"), ("status=x", "status")]
    {
        let refused = world.get_as(world.admin_key.expose_secret(), &format!("accounts/users?{query}")).await;
        assert_error(&refused, 400, "invalid_field");
        assert_eq!(refused.json()["details"]["field"], field);
    }
}

async fn sessions_are_listed_searched_and_ended(on: On) {
    let world = World::ready(on).await;
    let (alice, bob) = (world.sign_in("alice").await, world.sign_in("zhangsan").await);
    let list = world.admin_get("accounts/sessions").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let hers =
        world.admin_get(&format!("accounts/sessions?user_id={}", alice["user_id"].as_str().unwrap())).await;
    let item = &hers["items"][0];
    assert_eq!((&item["user_id"], &item["status"]), (&alice["user_id"], &json!("active")));
    assert!(item["expires_at"].is_string() && item["created_at"].is_string());
    let end = json!({"session_id": item["session_id"]});
    world.admin_try("accounts/sessions/admin-revoke", end.clone()).await.ok();
    assert_error(&world.get_as(token(&alice), "accounts/me").await, 401, "invalid_token");
    assert_error(&world.admin_try("accounts/sessions/admin-revoke", end).await, 404, "unknown_session");
    assert_eq!(world.get_as(token(&bob), "accounts/me").await.status, 200);
    let revoked = world.admin_get("accounts/sessions?status=revoked").await;
    assert_eq!(ids(&revoked, "user_id"), [alice["user_id"].as_str().unwrap()]);
    let active = world.admin_get(&format!("accounts/sessions?status=active&q={HOME}")).await;
    assert_eq!(ids(&active, "user_id"), [bob["user_id"].as_str().unwrap()]);
    let first = world.admin_get("accounts/sessions?limit=1").await;
    let second = world
        .admin_get(&format!("accounts/sessions?limit=1&cursor={}", first["next"].as_str().unwrap()))
        .await;
    assert_ne!(first["items"][0]["session_id"], second["items"][0]["session_id"]);
    assert_eq!(second["next"], Value::Null);
}

/// Line 22: effective at once, for the token that is out and for every new one, until the user is let in again.
async fn disabled_user_keeps_working(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    let who = json!({"user_id": alice["user_id"]});
    world.admin_try("accounts/users/disable", who.clone()).await.ok();
    assert_error(&world.get_as(token(&alice), "accounts/me").await, 403, "user_disabled");
    let refused = world.sign_in("alice").await;
    assert_eq!((&refused["status"], &refused["code"]), (&json!("failed"), &json!("user_disabled")));
    assert_eq!(ids(&world.admin_get("accounts/users?status=disabled").await, "user_id").len(), 1);
    world.admin_try("accounts/users/enable", who).await.ok();
    assert_error(&world.get_as(token(&alice), "accounts/me").await, 401, "invalid_token");
    assert_eq!(world.sign_in("alice").await["user_id"], alice["user_id"]);
    assert_error(
        &world.admin_try("accounts/users/disable", json!({"user_id": "nobody"})).await,
        404,
        "unknown_user",
    );
}

/// Line 26 (CVE-2026-9091): who was shut out between the provider's answer and the collection gets no token,
/// and neither does a link of theirs.
async fn mfa_or_disable_check_skipped_on_social_path(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    let (url, state) = world.start().await;
    let link = world.http.post(world.url("accounts/identities/link")).bearer_auth(token(&alice));
    let link =
        Answer::of(link.header("x-forwarded-for", HOME).json(&json!({"provider": "wechat"}))).await.ok();
    let callback = world.allow(&url, "alice");
    assert_eq!(world.come_back(HOME, &callback).await.status, 303);
    world.admin_try("accounts/users/disable", json!({"user_id": alice["user_id"]})).await.ok();
    let refused = world.result(&state).await.ok();
    assert_eq!((&refused["status"], &refused["code"]), (&json!("failed"), &json!("user_disabled")));
    let callback = world.allow(link["url"].as_str().unwrap(), "zhangsan");
    world.come_back(HOME, &callback).await;
    let refused = world.result(link["state"].as_str().unwrap()).await.ok();
    assert_eq!((&refused["status"], &refused["code"]), (&json!("failed"), &json!("link_ended")));
    assert_eq!(number(&world.store, "select count(*) from sessions where revoked_at is null").await, 0);
}

async fn a_user_is_removed_for_good(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    let who = json!({"user_id": alice["user_id"]});
    world.admin_try("accounts/users/delete", who.clone()).await.ok();
    assert_error(&world.get_as(token(&alice), "accounts/me").await, 401, "invalid_token");
    assert_error(&world.admin_try("accounts/users/delete", who).await, 404, "unknown_user");
    assert_ne!(world.sign_in("alice").await["user_id"], alice["user_id"]);
}

async fn a_removed_user_collects_nothing(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    world.come_back(HOME, &callback).await;
    tamper(&world.store, "delete from users").await;
    let refused = world.result(&state).await.ok();
    assert_eq!(refused["status"], "failed", "{refused}");
    assert_eq!(number(&world.store, "select count(*) from sessions").await, 0);
}

async fn two_users_become_one(on: On) {
    let world = World::ready(on).await;
    let (alice, bob) = (world.sign_in("alice").await, world.sign_in("zhangsan").await);
    tamper(
        &world.store,
        "update users set email = 'bob@example.com' where user_id = (select max(user_id) from users)",
    )
    .await;
    let merge = json!({"from": bob["user_id"], "into": alice["user_id"]});
    let merged = world.admin_try("accounts/users/merge", merge.clone()).await.ok();
    assert_eq!((&merged["merged"], &merged["sessions"]), (&json!(true), &json!(1)));
    assert_error(&world.get_as(token(&bob), "accounts/me").await, 401, "invalid_token");
    assert_eq!(world.sign_in("zhangsan").await["user_id"], alice["user_id"]);
    let me = world.get_as(token(&alice), "accounts/me").await.ok();
    assert_eq!(me["profile"]["email"], "bob@example.com", "what was missing moves");
    assert_eq!(number(&world.store, "select count(*) from users").await, 1);
    assert_error(&world.admin_try("accounts/users/merge", merge).await, 404, "unknown_user");
    let same = json!({"from": alice["user_id"], "into": alice["user_id"]});
    assert_error(&world.admin_try("accounts/users/merge", same).await, 400, "invalid_field");
}

async fn a_merge_is_looked_at_first(on: On) {
    let world = World::ready(on).await;
    let (alice, bob) = (world.sign_in("alice").await, world.sign_in("zhangsan").await);
    let look = json!({"from": bob["user_id"], "into": alice["user_id"], "preview": true});
    let told = world.admin_try("accounts/users/merge", look.clone()).await.ok();
    assert_eq!((&told["merged"], &told["conflicts"]), (&json!(false), &json!([])));
    assert_eq!(told["identities"].as_array().unwrap().len(), 1);
    assert_eq!(world.get_as(token(&bob), "accounts/me").await.status, 200, "nothing happened");
    world.admin_try("accounts/users/disable", json!({"user_id": bob["user_id"]})).await.ok();
    assert_eq!(world.admin_try("accounts/users/merge", look).await.ok()["conflicts"], json!(["disabled"]));
    let merge = json!({"from": bob["user_id"], "into": alice["user_id"]});
    assert_error(&world.admin_try("accounts/users/merge", merge).await, 409, "merge_disabled");
    assert_eq!(number(&world.store, "select count(*) from users").await, 2);
}

async fn events_tell_what_happened(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    world.post_as(token(&alice), "accounts/profile/update", json!({"bio": "hi"})).await.ok();
    world.post_as(token(&alice), "accounts/logout", json!({})).await.ok();
    world.sign_in("zhangsan").await;
    let user_id = alice["user_id"].as_str().unwrap();
    world.admin_try("accounts/users/disable", json!({"user_id": user_id})).await.ok();
    let list = world.admin_get(&format!("accounts/events?user_id={user_id}")).await;
    let expected = ["user.disabled", "user.signed_out", "user.updated", "user.signed_in", "user.signed_up"];
    assert_eq!(ids(&list, "type"), expected);
    assert!(list["items"][0]["actor"].as_str().unwrap().starts_with("admin:"));
    assert_eq!((&list["items"][3]["actor"], &list["items"][3]["network"]), (&json!("user"), &json!(HOME)));
    let ups = world.admin_get("accounts/events?type=user.signed_up&city_id=city_demo").await;
    assert_eq!(ups["items"].as_array().unwrap().len(), 2);
    assert_eq!(world.admin_get("accounts/events?since=2999-01-01T00:00:00Z").await["items"], json!([]));
    let first = world.admin_get("accounts/events?limit=1").await;
    let rest = world.admin_get(&format!("accounts/events?cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 6);
    assert!(!list.to_string().contains(token(&alice)));
    let wrong = world.get_as(world.admin_key.expose_secret(), "accounts/events?since=yesterday").await;
    assert_error(&wrong, 400, "invalid_field");
}

async fn only_admins_look_after_people(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    for path in ["accounts/users", "accounts/sessions", "accounts/events"] {
        assert_error(&world.get_as(token(&alice), path).await, 403, "admin_only");
        assert_error(&world.get_from(HOME, path).await, 401, "authentication_required");
    }
    for path in ["users/disable", "users/enable", "users/delete", "users/merge", "sessions/admin-revoke"] {
        let path = format!("accounts/{path}");
        assert_error(&world.post_as(token(&alice), &path, json!({})).await, 403, "admin_only");
        assert_error(&world.post_from(HOME, &path, json!({})).await, 401, "authentication_required");
    }
    for path in [
        "sessions/revoke",
        "sessions/revoke-others",
        "identities/link",
        "identities/unlink",
        "profile/update",
        "delete",
    ] {
        let path = format!("accounts/{path}");
        assert_error(&world.post_from(HOME, &path, json!({})).await, 401, "authentication_required");
        assert_error(&world.admin_try(&path, json!({})).await, 403, "user_only");
    }
    for path in ["sessions/mine", "identities", "export"] {
        let path = format!("accounts/{path}");
        assert_error(&world.get_from(HOME, &path).await, 401, "authentication_required");
        assert_error(&world.get_as(world.admin_key.expose_secret(), &path).await, 403, "user_only");
    }
}
