//! One's own account: sessions, ways in, profile, export, leaving.

use crate::kit::{assert_error, pkce, query_of, started};
use crate::on_both_engines;
use crate::person::Browser;
use crate::support::{AWAY, Answer, HOME, On, World};
use downcity_store::testing::{number, tamper};
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    own_sessions_are_listed_and_ended,
    nobody_ends_the_sessions_of_others,
    when_a_session_was_last_seen_is_known_to_five_minutes,
    another_way_in_is_linked_and_given_up,
    a_link_comes_with_a_refresh_token_where_the_old_session_had_one,
    an_identity_of_somebody_else_is_not_taken,
    linking_needs_a_fresh_sign_in,
    what_another_device_finished_changes_no_way_in,
    a_link_dies_with_the_session_that_asked_for_it,
    what_ends_sessions_ends_sign_ins_that_nobody_has_collected,
    linking_from_elsewhere_is_asked_about,
    the_last_way_in_stays,
    edited_fields_survive_the_next_sign_in,
    profiles_take_only_what_fits,
    everything_held_is_told,
    leaving_at_once_leaves_nothing,
    leaving_can_be_taken_back_by_signing_in,
    what_is_due_is_removed,
);

fn token(done: &Value) -> &str {
    done["user_token"].as_str().unwrap()
}

/// Starts a link for the bearer from `HOME`.
async fn start_link(world: &World, bearer: &str) -> Answer {
    let request = world.http.post(world.url("accounts/identities/link")).bearer_auth(bearer);
    Answer::of(request.header("x-forwarded-for", HOME).json(&json!({"provider": "wechat"}))).await
}

/// Links the WeChat account of `person` to the bearer's account; gives the outcome.
async fn link(world: &World, bearer: &str, person: &str) -> Value {
    let started = start_link(world, bearer).await.ok();
    let callback = world.allow(started["url"].as_str().unwrap(), person);
    assert_eq!(world.come_back(HOME, &callback).await.status, 303);
    world.result(started["state"].as_str().unwrap()).await.ok()
}

async fn own_sessions_are_listed_and_ended(on: On) {
    let world = World::ready(on).await;
    let (first, second) = (world.sign_in("alice").await, world.sign_in("alice").await);
    world.sign_in("zhangsan").await;
    let list = world.get_as(token(&second), "accounts/sessions/mine").await.ok();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{list}");
    assert_eq!((&items[0]["current"], &items[1]["current"]), (&json!(true), &json!(false)));
    assert_eq!((&items[0]["provider"], &items[0]["network"]), (&json!("wechat"), &json!(HOME)));
    let other = json!({"session_id": items[1]["session_id"]});
    assert_eq!(
        world.post_as(token(&second), "accounts/sessions/revoke", other.clone()).await.ok()["success"],
        true
    );
    assert_error(&world.get_as(token(&first), "accounts/me").await, 401, "invalid_token");
    assert_error(
        &world.post_as(token(&second), "accounts/sessions/revoke", other).await,
        404,
        "unknown_session",
    );
    let third = world.sign_in("alice").await;
    let ended = world.post_as(token(&third), "accounts/sessions/revoke-others", json!({})).await.ok();
    assert_eq!(ended["count"], 1);
    assert_error(&world.get_as(token(&second), "accounts/me").await, 401, "invalid_token");
    assert_eq!(world.get_as(token(&third), "accounts/me").await.status, 200);
}

async fn nobody_ends_the_sessions_of_others(on: On) {
    let world = World::ready(on).await;
    let (alice, bob) = (world.sign_in("alice").await, world.sign_in("zhangsan").await);
    let list = world.get_as(token(&alice), "accounts/sessions/mine").await.ok();
    let hers = json!({"session_id": list["items"][0]["session_id"]});
    assert_error(&world.post_as(token(&bob), "accounts/sessions/revoke", hers).await, 404, "unknown_session");
    let ended = world.post_as(token(&bob), "accounts/sessions/revoke-others", json!({})).await.ok();
    assert_eq!(ended["count"], 0);
    assert_eq!(world.get_as(token(&alice), "accounts/me").await.status, 200);
    let identity = &world.get_as(token(&alice), "accounts/identities").await.ok()["items"][0]["identity_id"];
    let gone =
        world.post_as(token(&bob), "accounts/identities/unlink", json!({"identity_id": identity})).await;
    assert_error(&gone, 404, "unknown_identity");
}

async fn when_a_session_was_last_seen_is_known_to_five_minutes(on: On) {
    let world = World::ready(on).await;
    let done = world.sign_in("alice").await;
    let seen = async || {
        let list = world.get_as(token(&done), "accounts/sessions/mine").await.ok();
        list["items"][0]["last_seen_at"].clone()
    };
    assert_eq!(seen().await, Value::Null);
    world.clock.advance(Duration::from_secs(301));
    world.get_as(token(&done), "accounts/me").await.ok();
    let mut first = Value::Null;
    for _ in 0..100 {
        first = seen().await;
        if !first.is_null() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(first.is_string());
    world.clock.advance(Duration::from_secs(200));
    seen().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(seen().await, first, "not written again before its time");
}

async fn another_way_in_is_linked_and_given_up(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    let linked = link(&world, token(&alice), "zhangsan").await;
    assert_eq!((&linked["status"], &linked["user_id"]), (&json!("done"), &alice["user_id"]));
    // The same person goes on with the fresh token; nobody would end the other session.
    assert_error(&world.get_as(token(&alice), "accounts/me").await, 401, "invalid_token");
    let list = world.get_as(token(&linked), "accounts/identities").await.ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert!(!list.to_string().contains("openid"), "{list}");
    let by_bob = world.sign_in("zhangsan").await;
    assert_eq!(by_bob["user_id"], alice["user_id"], "both lead to the same account");
    let name = &world.get_as(token(&linked), "accounts/me").await.ok()["profile"]["display_name"];
    assert!(name.is_string());
    let again = link(&world, token(&by_bob), "zhangsan").await;
    assert_eq!(again["status"], "done", "linking what is linked changes nothing");
    let gone = json!({"identity_id": list["items"][1]["identity_id"]});
    world.post_as(token(&again), "accounts/identities/unlink", gone).await.ok();
    assert_error(&world.get_as(token(&again), "accounts/me").await, 401, "invalid_token");
    assert_ne!(world.sign_in("zhangsan").await["user_id"], alice["user_id"], "bob is somebody else now");
    assert_eq!(world.sign_in("alice").await["user_id"], alice["user_id"]);
}

/// The session that asks ends with it: nobody loses their refresh token by linking.
async fn a_link_comes_with_a_refresh_token_where_the_old_session_had_one(on: On) {
    let world = World::ready(on).await;
    for (had, asked, comes) in
        [(false, None, false), (true, None, true), (true, Some(false), false), (false, Some(true), true)]
    {
        let (url, state) = started(&world, json!({"refresh": had})).await;
        world.come_back(HOME, &world.allow(&url, "alice")).await;
        let alice = world.result(&state).await.ok();
        assert_eq!(alice["refresh_token"].is_string(), had);
        let request = world.http.post(world.url("accounts/identities/link")).bearer_auth(token(&alice));
        let mut body = json!({"provider": "wechat"});
        asked.into_iter().for_each(|asked: bool| body["refresh"] = json!(asked));
        let link = Answer::of(request.header("x-forwarded-for", HOME).json(&body)).await.ok();
        world.come_back(HOME, &world.allow(link["url"].as_str().unwrap(), "zhangsan")).await;
        let linked = world.result(link["state"].as_str().unwrap()).await.ok();
        assert_eq!(linked["refresh_token"].is_string(), comes, "{had}, {asked:?}: {linked}");
    }
}

async fn an_identity_of_somebody_else_is_not_taken(on: On) {
    let world = World::ready(on).await;
    let (bob, alice) = (world.sign_in("zhangsan").await, world.sign_in("alice").await);
    let refused = link(&world, token(&alice), "zhangsan").await;
    assert_eq!((&refused["status"], &refused["code"]), (&json!("failed"), &json!("identity_taken")));
    assert_eq!(world.sign_in("zhangsan").await["user_id"], bob["user_id"]);
    let list = world.get_as(token(&alice), "accounts/identities").await.ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

async fn linking_needs_a_fresh_sign_in(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    let by_hand = json!({"city_id": "city_demo", "user_id": alice["user_id"]});
    let by_hand = world.admin_post("cities/tokens/apply", by_hand).await;
    assert_error(&start_link(&world, token(&by_hand)).await, 403, "reauthentication_required");
    world.clock.advance(Duration::from_secs(301));
    assert_error(&start_link(&world, token(&alice)).await, 403, "reauthentication_required");
    for path in ["accounts/delete", "accounts/identities/unlink"] {
        let body = json!({"identity_id": "x", "user_id": alice["user_id"]});
        let refused = world.post_as(token(&alice), path, body).await;
        assert_error(&refused, 403, "reauthentication_required");
    }
    let again = world.sign_in("alice").await;
    start_link(&world, token(&again)).await.ok();
}

/// Whoever waits may have talked somebody else into finishing, and a way in that they link outlives the session.
async fn what_another_device_finished_changes_no_way_in(on: On) {
    let world = World::ready(on).await;
    for (key, value) in [("SMTP_URL", "smtp://127.0.0.1:9"), ("MAIL_FROM", "no-reply@example.com")] {
        world.admin_post("env/upsert", json!({"key": key, "value": value})).await;
    }
    let (url, state) = started(&world, json!({"refresh": true})).await;
    let finisher = Browser::at(&world, AWAY);
    finisher.press(&finisher.come_back(&world.allow(&url, "alice")).await, "allow").await;
    let mut across = world.result(&state).await.ok();
    for turn in 0..2 {
        assert_eq!(
            world.get_as(token(&across), "accounts/me").await.status,
            200,
            "all else is as with others"
        );
        assert_error(&start_link(&world, token(&across)).await, 403, "reauthentication_required");
        let own = world.get_as(token(&across), "accounts/identities").await.ok();
        let body = json!({
            "identity_id": own["items"][0]["identity_id"], "user_id": across["user_id"], "email": "mine@example.com"
        });
        for path in ["accounts/delete", "accounts/identities/unlink", "accounts/email/change"] {
            let refused = world.post_as(token(&across), path, body.clone()).await;
            assert_error(&refused, 403, "reauthentication_required");
        }
        let refresh = json!({"refresh_token": across["refresh_token"]});
        across = world.post_from(HOME, "accounts/token/refresh", refresh).await.ok();
        assert!(across["user_token"].is_string(), "{turn}: a token is no sign-in");
    }
    // The browser that finished, and the one that brings the code of a `return_to`, are the person's.
    let here = world.sign_in("alice").await;
    start_link(&world, token(&here)).await.ok();
    let redirects = json!({"city_id": "city_demo", "allowed_redirects": ["https://app.example.com/done"]});
    world.admin_post("cities/update", redirects).await;
    let (url, state) = started(&world, json!({"return_to": "https://app.example.com/done"})).await;
    let back = world.come_back(AWAY, &world.allow(&url, "alice")).await;
    let code = query_of(back.header("location"))["code"].clone();
    let done = world.get_from(HOME, &format!("accounts/oauth/result?state={state}&code={code}")).await.ok();
    start_link(&world, token(&done)).await.ok();

    // A code that came to a port of the person's machine may have been handed over.
    world.admin_post("cities/update", json!({"city_id": "city_demo", "confirm": "never"})).await;
    for (collector, refused) in [(HOME, true), (AWAY, false)] {
        let (verifier, challenge) = pkce();
        let program = json!({"return_to": "http://127.0.0.1:51234/downcity", "code_challenge": challenge});
        let (url, state) = started(&world, program).await;
        let back = world.come_back(AWAY, &world.allow(&url, "alice")).await;
        let code = query_of(back.header("location"))["code"].clone();
        let result = format!("accounts/oauth/result?state={state}&code={code}&code_verifier={verifier}");
        let done = world.get_from(collector, &result).await.ok();
        let link = start_link(&world, token(&done)).await;
        if refused {
            assert_error(&link, 403, "reauthentication_required");
        } else {
            link.ok();
        }
        let mine = world.get_as(token(&done), "accounts/sessions/mine").await.ok();
        let this = mine["items"].as_array().unwrap().iter().find(|one| one["current"] == true).unwrap();
        assert_eq!((&this["cross_device"], &this["device"]), (&json!(refused), &Value::Null), "{this}");
    }
}

async fn a_link_dies_with_the_session_that_asked_for_it(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    let started = start_link(&world, token(&alice)).await.ok();
    world.post_as(token(&alice), "accounts/logout", json!({})).await.ok();
    let callback = world.allow(started["url"].as_str().unwrap(), "zhangsan");
    world.come_back(HOME, &callback).await;
    let refused = world.result(started["state"].as_str().unwrap()).await.ok();
    assert_eq!((&refused["status"], &refused["code"]), (&json!("failed"), &json!("link_ended")));
    assert_eq!(number(&world.store, "select count(*) from identities").await, 1);

    // Also when it was finished before, and not collected yet.
    let alice = world.sign_in("alice").await;
    let state = finished_link(&world, token(&alice), "zhangsan").await;
    world.post_as(token(&alice), "accounts/logout", json!({})).await.ok();
    let refused = world.result(&state).await.ok();
    assert_eq!((&refused["status"], &refused["code"]), (&json!("failed"), &json!("link_ended")));
    assert_eq!(number(&world.store, "select count(*) from sessions where revoked_at is null").await, 0);
}

/// Finishes a link and leaves its outcome where it is; gives its `state`.
async fn finished_link(world: &World, bearer: &str, person: &str) -> String {
    let started = start_link(world, bearer).await.ok();
    let callback = world.allow(started["url"].as_str().unwrap(), person);
    assert_eq!(world.come_back(HOME, &callback).await.status, 303);
    started["state"].as_str().unwrap().to_owned()
}

/// Finishes a sign-in and leaves its outcome where it is; gives its `state`.
async fn finished(world: &World, person: &str) -> String {
    let (url, state) = started(world, json!({})).await;
    assert_eq!(world.come_back(HOME, &world.allow(&url, person)).await.status, 303);
    state
}

/// Else whoever holds one would have a fresh session after the owner has thrown everybody out.
async fn what_ends_sessions_ends_sign_ins_that_nobody_has_collected(on: On) {
    let world = World::ready(on).await;
    let refused = async |state: &str, code: &str, how: &str| {
        let told = world.result(state).await.ok();
        assert_eq!((&told["status"], &told["code"]), (&json!("failed"), &json!(code)), "{how}");
    };
    let alice = world.sign_in("alice").await;
    let state = finished(&world, "alice").await;
    world.post_as(token(&alice), "accounts/sessions/revoke-others", json!({})).await.ok();
    refused(&state, "sign_in_revoked", "the others were ended").await;

    let alice = link(&world, token(&alice), "zhangsan").await;
    let state = finished(&world, "zhangsan").await;
    let list = world.get_as(token(&alice), "accounts/identities").await.ok();
    let foreign = json!({"identity_id": list["items"][1]["identity_id"]});
    world.post_as(token(&alice), "accounts/identities/unlink", foreign).await.ok();
    refused(&state, "sign_in_revoked", "its way in was given up").await;

    let state = finished(&world, "alice").await;
    for disabled in ["disable", "enable"] {
        let user = json!({"user_id": alice["user_id"]});
        world.admin_post(&format!("accounts/users/{disabled}"), user).await;
    }
    refused(&state, "user_disabled", "the user was shut out meanwhile").await;

    // Who signs in afterwards does.
    let state = finished(&world, "alice").await;
    assert_eq!(world.result(&state).await.ok()["status"], "done");
}

/// Whoever sends somebody a link of their own would get that person's WeChat into their account.
async fn linking_from_elsewhere_is_asked_about(on: On) {
    let world = World::ready(on).await;
    world.admin_post("cities/update", json!({"city_id": "city_demo", "confirm": "never"})).await;
    let alice = world.sign_in("alice").await;
    let started = start_link(&world, token(&alice)).await.ok();
    let callback = world.allow(started["url"].as_str().unwrap(), "zhangsan");
    let back = world.come_back(AWAY, &callback).await;
    assert_eq!(back.status, 303);
    assert_eq!(world.result(started["state"].as_str().unwrap()).await.ok()["status"], "pending");
    let page =
        world.http.get(format!("{}{}", world.base, back.header("location").trim_start_matches(&world.base)));
    let page = Answer::of(page.header("cookie", back.cookies()).header("x-forwarded-for", AWAY)).await;
    assert!(
        page.text.contains("Did you ask to link") && page.text.contains("to confirm a link"),
        "{}",
        page.text
    );
    assert_eq!(number(&world.store, "select count(*) from identities").await, 1);
}

async fn the_last_way_in_stays(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    let id = |list: &Value, at: usize| json!({"identity_id": list["items"][at]["identity_id"]});
    let list = world.get_as(token(&alice), "accounts/identities").await.ok();
    let last = world.post_as(token(&alice), "accounts/identities/unlink", id(&list, 0)).await;
    assert_error(&last, 409, "last_identity");
    let alice = link(&world, token(&alice), "zhangsan").await;
    let list = world.get_as(token(&alice), "accounts/identities").await.ok();
    let unlink =
        async |at| world.post_as(token(&alice), "accounts/identities/unlink", id(&list, at)).await.status;
    let (one, two) = tokio::join!(unlink(0), unlink(1));
    let mut both = [one, two];
    both.sort_unstable();
    assert_eq!(both[0], 200, "{both:?}");
    assert!(both[1] == 409 || both[1] == 401, "of two at the same time one is the last: {both:?}");
    assert_eq!(number(&world.store, "select count(*) from identities").await, 1);
}

async fn edited_fields_survive_the_next_sign_in(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    let before = world.get_as(token(&alice), "accounts/me").await.ok();
    let edit = json!({"display_name": "李雷", "bio": "你好\nhello", "locale": "zh-CN"});
    let after = world.post_as(token(&alice), "accounts/profile/update", edit).await.ok();
    assert_eq!(after["profile"]["display_name"], "李雷");
    assert_eq!(after["profile"]["locale"], "zh-CN");
    assert_eq!(after["profile"]["avatar_url"], before["profile"]["avatar_url"], "what is absent stays");
    tamper(&world.store, "update users set avatar_url = 'https://old.example/a'").await;
    let again = world.sign_in("alice").await;
    let me = world.get_as(token(&again), "accounts/me").await.ok();
    assert_eq!(me["profile"]["display_name"], "李雷", "edited: stays");
    assert_eq!(me["profile"]["bio"], "你好\nhello");
    assert_eq!(
        me["profile"]["avatar_url"], before["profile"]["avatar_url"],
        "not edited: follows the provider"
    );
    let emptied = json!({"display_name": null, "avatar_url": ""});
    world.post_as(token(&again), "accounts/profile/update", emptied).await.ok();
    let again = world.sign_in("alice").await;
    let me = world.get_as(token(&again), "accounts/me").await.ok();
    assert_eq!((&me["profile"]["display_name"], &me["profile"]["avatar_url"]), (&Value::Null, &Value::Null));
}

async fn profiles_take_only_what_fits(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    for (field, value) in [
        ("display_name", json!("x".repeat(65))),
        ("display_name", json!(7)),
        ("avatar_url", json!("http://x.example/a.png")),
        ("avatar_url", json!("javascript:alert(1)")),
        ("bio", json!("x".repeat(1001))),
        ("locale", json!("zh_CN")),
    ] {
        let refused = world.post_as(token(&alice), "accounts/profile/update", json!({field: value})).await;
        assert_error(&refused, 400, "invalid_field");
        assert_eq!(refused.json()["details"]["field"], field);
    }
    let by_hand = json!({"city_id": "city_demo", "user_id": "own-1"});
    let by_hand = world.admin_post("cities/tokens/apply", by_hand).await;
    let refused = world.post_as(token(&by_hand), "accounts/profile/update", json!({"bio": "x"})).await;
    assert_error(&refused, 404, "unknown_user");
    let city = json!({"bio": "x", "city_id": "city_downcity"});
    assert_error(&world.post_as(token(&alice), "accounts/profile/update", city).await, 403, "city_mismatch");
}

async fn everything_held_is_told(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    world.sign_in("zhangsan").await;
    let export = world.get_as(token(&alice), "accounts/export").await.ok();
    assert_eq!(export["user"]["user_id"], alice["user_id"]);
    assert_eq!(export["identities"][0]["provider"], "wechat");
    assert!(export["identities"][0]["names"].as_array().unwrap().len() >= 2, "{export}");
    assert_eq!(export["sessions"].as_array().unwrap().len(), 1, "nobody else's");
    let kinds: Vec<_> = export["events"].as_array().unwrap().iter().map(|e| e["type"].clone()).collect();
    assert_eq!(kinds, [json!("user.signed_in"), json!("user.signed_up")]);
    assert_eq!(export["mails"], json!([]));
    assert!(!export.to_string().contains(token(&alice)));
}

async fn leaving_at_once_leaves_nothing(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    tamper(&world.store, "update users set email = 'a@example.com'").await;
    for body in [json!({}), json!({"user_id": "somebody-else"})] {
        assert_error(&world.post_as(token(&alice), "accounts/delete", body).await, 400, "invalid_field");
    }
    let mail = "insert into outbox (outbox_id, kind, target, event_id, next_at, state, created_at) \
                values ('o', 'mail', 'a@example.com', 'e', 0, 'sent', 0)";
    tamper(&world.store, mail).await;
    leave(&world, &alice).await.ok();
    assert_error(&world.get_as(token(&alice), "accounts/me").await, 401, "invalid_token");
    for table in ["users", "identities", "identity_keys", "sessions", "login_attempts", "outbox", "passwords"]
    {
        let rows = match table {
            "users" => number(&world.store, "select count(*) from users").await,
            "identities" => number(&world.store, "select count(*) from identities").await,
            "identity_keys" => number(&world.store, "select count(*) from identity_keys").await,
            "sessions" => number(&world.store, "select count(*) from sessions").await,
            "login_attempts" => number(&world.store, "select count(*) from login_attempts").await,
            "outbox" => number(&world.store, "select count(*) from outbox").await,
            _ => number(&world.store, "select count(*) from passwords").await,
        };
        assert_eq!(rows, 0, "{table}");
    }
    let personal = "select count(*) from events where network is not null or detail <> '{}'";
    assert_eq!(number(&world.store, personal).await, 0, "of events only the id stays");
    assert_ne!(world.sign_in("alice").await["user_id"], alice["user_id"], "no id is used again");
}

async fn leave(world: &World, done: &Value) -> Answer {
    world.post_as(token(done), "accounts/delete", json!({"user_id": done["user_id"]})).await
}

async fn set_grace(world: &World) {
    let days = json!({"key": "ACCOUNT_DELETE_GRACE_DAYS", "value": "7"});
    world.admin_post("env/upsert", days).await;
}

async fn leaving_can_be_taken_back_by_signing_in(on: On) {
    let world = World::ready(on).await;
    set_grace(&world).await;
    let alice = world.sign_in("alice").await;
    leave(&world, &alice).await.ok();
    assert_error(&world.get_as(token(&alice), "accounts/me").await, 401, "invalid_token");
    world.clock.advance(Duration::from_secs(6 * 86_400));
    assert_eq!(world.sign_in("alice").await["user_id"], alice["user_id"]);
    let cancelled = "select count(*) from events where type = 'user.deletion_cancelled'";
    assert_eq!(number(&world.store, cancelled).await, 1);
    world.clock.advance(Duration::from_secs(2 * 86_400));
    world.federation.remove_due_accounts().await;
    assert_eq!(number(&world.store, "select count(*) from users").await, 1, "who came back stays");
}

async fn what_is_due_is_removed(on: On) {
    let world = World::ready(on).await;
    set_grace(&world).await;
    let alice = world.sign_in("alice").await;
    world.sign_in("zhangsan").await;
    leave(&world, &alice).await.ok();
    world.federation.remove_due_accounts().await;
    assert_eq!(number(&world.store, "select count(*) from users").await, 2, "not yet");
    world.clock.advance(Duration::from_secs(7 * 86_400 + 1));
    world.federation.remove_due_accounts().await;
    assert_eq!(number(&world.store, "select count(*) from users").await, 1);
    assert_ne!(world.sign_in("alice").await["user_id"], alice["user_id"]);
}
