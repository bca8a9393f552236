//! Signing in by e-mail, with a real SMTP server that is not ours (npm `smtp-server`) taking the mails.

use crate::kit::assert_error;
use crate::on_both_engines;
use crate::support::{AWAY, Answer, HOME, On, World};
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The mail server's process; it ends when its standard input closes.
pub(crate) struct Post {
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) port: u16,
    _child: Child,
    _stdin: ChildStdin,
}

impl Post {
    pub(crate) async fn open(port: u16) -> Self {
        Self::with(port, "").await
    }

    /// With the only `user:password` that it takes, if any.
    pub(crate) async fn with(port: u16, login: &str) -> Self {
        let server = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smtp/server.mjs");
        let mut child = Command::new("node")
            .args([server, &port.to_string(), login])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node runs (./test installs it and the packages of tests/smtp)");
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines
            .next_line()
            .await
            .unwrap()
            .expect("the mail server starts: run ./test once, it installs it");
        let port = serde_json::from_str::<Value>(&first).unwrap()["port"].as_u64().unwrap();
        Self { lines, port: u16::try_from(port).unwrap(), _child: child, _stdin: stdin }
    }

    /// The next mail that arrives.
    pub(crate) async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(20), self.lines.next_line()).await;
        serde_json::from_str(&line.expect("a mail arrives").unwrap().unwrap()).unwrap()
    }

    /// Whether a mail arrives within a moment.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(400), self.lines.next_line()).await.is_err()
    }
}

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A Federation with mail set up, and the mail server.
pub(crate) async fn with_mail(on: On) -> (World, Post) {
    let (world, post) = (World::ready(on).await, Post::open(0).await);
    set_up_mail(&world, post.port).await;
    tokio::spawn(Arc::clone(&world.federation).keep_house());
    (world, post)
}

pub(crate) async fn set_up_mail(world: &World, port: u16) {
    let url = format!("smtp://127.0.0.1:{port}?tls=none");
    let raw = format!("SMTP_URL='{url}'\nMAIL_FROM='Demo <no-reply@example.com>'");
    world.admin_post("env/import", json!({ "raw": raw })).await;
}

pub(crate) async fn register(world: &World, email: &str) -> Answer {
    let body = json!({"email": email, "password": PASSWORD, "name": "李雷", "city_id": "city_demo"});
    world.post_from(HOME, "accounts/register", body).await
}

pub(crate) async fn login(world: &World, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password, "city_id": "city_demo"});
    world.post_from(HOME, "accounts/login", body).await
}

/// The token in a mail's link.
pub(crate) fn token_of(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    text.split("token=").nth(1).unwrap().chars().take(43).collect()
}

/// Registers and verifies by the API; gives the answer of verify-email.
pub(crate) async fn registered(world: &World, post: &mut Post, email: &str) -> Value {
    register(world, email).await.ok();
    let token = token_of(&post.next().await);
    world.post_from(HOME, "accounts/verify-email", json!({ "token": token })).await.ok()
}

on_both_engines!(
    a_person_registers_verifies_and_signs_in,
    unverified_account_signs_in,
    mail_scanner_consumes_link,
    nobody_learns_whether_an_address_has_an_account,
    a_forgotten_password_is_set_anew,
    a_changed_password_ends_the_other_sessions,
    lockout_by_stranger,
    a_second_registration_does_not_replace_the_first,
    a_link_that_is_used_for_an_unknown_city_stays_good,
    a_mail_server_that_is_down_delays_a_mail,
    disabled_user_signs_in_by_e_mail,
    an_address_is_given_up_with_its_password,
    who_leaves_takes_their_mails_along,
    who_signs_in_by_e_mail_may_refresh,
);

async fn a_person_registers_verifies_and_signs_in(on: On) {
    let (world, mut post) = with_mail(on).await;
    let providers = world.get_from(HOME, "accounts/providers").await.ok();
    let email = providers["items"].as_array().unwrap().iter().find(|item| item["id"] == "email").unwrap();
    assert_eq!((email["type"].as_str(), email["enabled"].as_bool()), (Some("email"), Some(true)));
    assert_eq!(register(&world, " LiLei@Example.com ").await.ok(), json!({"success": true}));
    let mail = post.next().await;
    assert_eq!(mail["to"], "lilei@example.com");
    assert!(mail["from"].as_str().unwrap().contains("no-reply@example.com"), "{mail}");
    assert!(mail["html"].as_str().unwrap().contains("Confirm"), "{mail}");
    let token = token_of(&mail);
    let done = world.post_from(HOME, "accounts/verify-email", json!({ "token": token })).await.ok();
    assert_eq!(
        (done["email"].as_str(), done["city_id"].as_str()),
        (Some("lilei@example.com"), Some("city_demo"))
    );
    let again = world.post_from(HOME, "accounts/verify-email", json!({ "token": token })).await;
    assert_eq!((again.status, again.code().as_str()), (410, "spent_token"));

    let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["email"], "lilei@example.com");
    assert_eq!(me["profile"]["display_name"], "李雷");
    let second = login(&world, "LILEI@example.com", PASSWORD).await.ok();
    assert_eq!(second["user_id"], done["user_id"]);
    assert_eq!(login(&world, "lilei@example.com", "wrong horse battery").await.code(), "wrong_credentials");
}

async fn who_signs_in_by_e_mail_may_refresh(on: On) {
    let (world, mut post) = with_mail(on).await;
    register(&world, "lilei@example.com").await.ok();
    let verify = json!({"token": token_of(&post.next().await), "refresh": true});
    let verified = world.post_from(HOME, "accounts/verify-email", verify).await.ok();
    let body = json!({"email": "lilei@example.com", "password": PASSWORD, "refresh": true});
    let signed_in = world.post_from(HOME, "accounts/login", body).await.ok();
    for held in [&verified, &signed_in] {
        let body = json!({"refresh_token": held["refresh_token"]});
        let next = world.post_from(HOME, "accounts/token/refresh", body).await.ok();
        assert_eq!(next["user_id"], held["user_id"]);
        let me = world.get_as(next["user_token"].as_str().unwrap(), "accounts/me").await.ok();
        assert_eq!(me["session"]["provider"], "email");
    }
    assert!(login(&world, "lilei@example.com", PASSWORD).await.ok().get("refresh_token").is_none());
    // A changed password ends what was begun with the old one, however it would go on.
    let token = signed_in["user_token"].as_str().unwrap();
    let change = json!({"current_password": PASSWORD, "password": "another long phrase"});
    world.post_as(token, "accounts/password/change", change).await.ok();
    let body = json!({"refresh_token": verified["refresh_token"]});
    let refused = world.post_from(HOME, "accounts/token/refresh", body).await;
    assert_eq!((refused.status, refused.code().as_str()), (401, "invalid_refresh_token"));
}

async fn unverified_account_signs_in(on: On) {
    let (world, mut post) = with_mail(on).await;
    register(&world, "lilei@example.com").await.ok();
    post.next().await;
    let refused = login(&world, "lilei@example.com", PASSWORD).await;
    assert_eq!((refused.status, refused.code().as_str()), (401, "wrong_credentials"));
}

async fn mail_scanner_consumes_link(on: On) {
    let (world, mut post) = with_mail(on).await;
    register(&world, "lilei@example.com").await.ok();
    let token = token_of(&post.next().await);
    for _ in 0..3 {
        let page = world.get_from(AWAY, &format!("accounts/email/open?for=verify&token={token}")).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("<form") && !page.text.contains("<script"), "{}", page.text);
        // Whoever opens it sees what the mail told of whoever registered, from another place here.
        for fact in ["lilei@example.com", HOME, "<dt>With</dt>"] {
            assert!(page.text.contains(fact), "{fact} in {}", page.text);
        }
        assert!(!page.text.contains(AWAY), "{}", page.text);
    }
    assert_eq!(
        login(&world, "lilei@example.com", PASSWORD).await.status,
        401,
        "opening the link did nothing"
    );
    let form = [("token", token.as_str())];
    let forged = world
        .http
        .post(world.url("accounts/email/confirm"))
        .form(&form)
        .header("sec-fetch-site", "cross-site");
    assert_eq!(Answer::of(forged).await.status, 403);
    let pressed = Answer::of(world.http.post(world.url("accounts/email/confirm")).form(&form)).await;
    assert_eq!(pressed.status, 200, "{}", pressed.text);
    assert_eq!(login(&world, "lilei@example.com", PASSWORD).await.status, 200);
    let spent = world.get_from(HOME, &format!("accounts/email/open?for=verify&token={token}")).await;
    assert!(spent.text.contains("spent_token"), "{}", spent.text);
}

async fn nobody_learns_whether_an_address_has_an_account(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, "lilei@example.com").await;
    let (known, unknown) =
        (register(&world, "lilei@example.com").await, register(&world, "new@example.com").await);
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    let mails = [post.next().await, post.next().await];
    let told = mails.iter().find(|mail| mail["to"] == "lilei@example.com").unwrap();
    assert!(told["subject"].as_str().unwrap().contains("account already"), "{told}");
    let known = login(&world, "lilei@example.com", "wrong horse battery").await;
    let unknown = login(&world, "nobody-here@example.com", "wrong horse battery").await;
    assert_eq!((known.status, known.code()), (unknown.status, unknown.code()));
    for email in ["lilei@example.com", "nobody-here@example.com"] {
        let forgot = world.post_from(HOME, "accounts/password/forgot", json!({ "email": email })).await;
        assert_eq!((forgot.status, forgot.text.as_str()), (200, r#"{"success":true}"#));
    }
    assert_eq!(post.next().await["to"], "lilei@example.com");
    assert!(post.is_quiet().await, "an address without an account gets no mail");
}

async fn a_forgotten_password_is_set_anew(on: On) {
    let (world, mut post) = with_mail(on).await;
    let done = registered(&world, &mut post, "lilei@example.com").await;
    let forgot = json!({"email": "lilei@example.com", "city_id": "city_demo"});
    world.post_from(HOME, "accounts/password/forgot", forgot.clone()).await.ok();
    let first = token_of(&post.next().await);
    world.post_from(HOME, "accounts/password/forgot", forgot).await.ok();
    let second = token_of(&post.next().await);
    let opened = world.get_from(AWAY, &format!("accounts/email/open?for=reset&token={second}")).await;
    assert!(opened.status == 200 && opened.text.contains("<form"), "{}", opened.text);
    let opened = world.get_from(AWAY, &format!("accounts/email/open?for=reset&token={first}")).await;
    assert!(opened.status == 410 && !opened.text.contains("<form"), "{}", opened.text);
    let reset = |token: String, password: &'static str| {
        world.post_from(AWAY, "accounts/password/reset", json!({"token": token, "password": password}))
    };
    assert_eq!(
        reset(first, "another long phrase").await.code(),
        "spent_token",
        "a newer link takes its place"
    );
    let weak = reset(second.clone(), "password1").await;
    assert_eq!((weak.status, weak.json()["details"]["field"].as_str()), (400, Some("password")));
    assert_eq!(reset(second.clone(), "another long phrase").await.status, 200);
    assert_eq!(reset(second, "one more long phrase").await.status, 410);
    assert_eq!(
        world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.status,
        401,
        "sessions end"
    );
    assert_eq!(login(&world, "lilei@example.com", PASSWORD).await.status, 401);
    assert_eq!(login(&world, "lilei@example.com", "another long phrase").await.status, 200);
    assert!(post.next().await["subject"].as_str().unwrap().contains("password was changed"));
}

async fn a_changed_password_ends_the_other_sessions(on: On) {
    let (world, mut post) = with_mail(on).await;
    let other = registered(&world, &mut post, "lilei@example.com").await;
    let mine = login(&world, "lilei@example.com", PASSWORD).await.ok();
    let (other, mine) = (other["user_token"].as_str().unwrap(), mine["user_token"].as_str().unwrap());
    let change = |current: &str| json!({"current_password": current, "password": "another long phrase"});
    let wrong = world.post_as(mine, "accounts/password/change", change("wrong horse battery")).await;
    assert_eq!(wrong.code(), "wrong_credentials");
    let elsewhere =
        json!({"current_password": PASSWORD, "password": "another long phrase", "city_id": "city_x"});
    let refused = world.post_as(mine, "accounts/password/change", elsewhere).await;
    assert_error(&refused, 403, "city_mismatch");
    let reset = json!({"token": "x", "password": "another long phrase", "city_id": "city_x"});
    assert_error(&world.post_as(mine, "accounts/password/reset", reset).await, 403, "city_mismatch");
    world.post_as(mine, "accounts/password/change", change(PASSWORD)).await.ok();
    assert_eq!(world.get_as(mine, "accounts/me").await.status, 200);
    assert_eq!(world.get_as(other, "accounts/me").await.status, 401);
    assert_eq!(post.next().await["to"], "lilei@example.com");
}

async fn lockout_by_stranger(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, "lilei@example.com").await;
    let mut last = String::new();
    for _ in 0..8 {
        let body =
            json!({"email": "lilei@example.com", "password": "a stranger guesses", "city_id": "city_demo"});
        last = world.post_from(AWAY, "accounts/login", body).await.code();
    }
    assert_eq!(last, "too_many_tries", "wrong passwords slow a stranger down");
    assert_eq!(
        login(&world, "lilei@example.com", PASSWORD).await.status,
        200,
        "the owner signs in where they are known"
    );
}

/// Somebody registers with an address whose owner has just done so: the owner's link makes the owner's account.
async fn a_second_registration_does_not_replace_the_first(on: On) {
    let (world, mut post) = with_mail(on).await;
    register(&world, "lilei@example.com").await.ok();
    let first = post.next().await;
    let body =
        json!({"email": "lilei@example.com", "password": "what a stranger knows", "city_id": "city_demo"});
    world.post_from(AWAY, "accounts/register", body).await.ok();
    let second = post.next().await;
    for (mail, from) in [(&first, HOME), (&second, AWAY)] {
        assert!(mail["text"].as_str().unwrap().contains(from), "it says whose registration it is: {mail}");
    }
    let verify =
        |mail: &Value| world.post_from(HOME, "accounts/verify-email", json!({"token": token_of(mail)}));
    verify(&first).await.ok();
    assert_eq!(verify(&second).await.code(), "spent_token");
    assert_eq!(login(&world, "lilei@example.com", "what a stranger knows").await.status, 401);
    assert_eq!(login(&world, "lilei@example.com", PASSWORD).await.status, 200);
}

async fn a_link_that_is_used_for_an_unknown_city_stays_good(on: On) {
    let (world, mut post) = with_mail(on).await;
    world.admin_post("cities/create", json!({"name": "Paused", "city_id": "city_paused"})).await;
    world.admin_post("cities/pause", json!({"city_id": "city_paused"})).await;
    register(&world, "lilei@example.com").await.ok();
    let token = token_of(&post.next().await);
    for city in ["city_nowhere", "city_paused"] {
        let body = json!({"token": token, "city_id": city});
        assert_ne!(world.post_from(HOME, "accounts/verify-email", body).await.status, 200);
    }
    world.post_from(HOME, "accounts/verify-email", json!({ "token": token })).await.ok();
}

async fn a_mail_server_that_is_down_delays_a_mail(on: On) {
    let (world, post) = with_mail(on).await;
    let port = post.port;
    drop(post);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(register(&world, "lilei@example.com").await.status, 200, "the request does not fail");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut post = Post::open(port).await;
    world.clock.advance(Duration::from_secs(60));
    world.federation.send_mails().await.unwrap();
    assert_eq!(post.next().await["to"], "lilei@example.com");
    // A server that says "later" is asked again; one that says "never" is not.
    register(&world, "busy@example.com").await.ok();
    register(&world, "nobody@example.com").await.ok();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.clock.advance(Duration::from_secs(600));
        world.federation.send_mails().await.unwrap();
    }
    assert_eq!(post.next().await["to"], "busy@example.com");
    assert!(post.is_quiet().await);
}

/// Lines 22 and 26: the check for disabled users stands on this way in too, also after a new password.
async fn disabled_user_signs_in_by_e_mail(on: On) {
    let (world, mut post) = with_mail(on).await;
    let done = registered(&world, &mut post, "lilei@example.com").await;
    world.admin_post("accounts/users/disable", json!({"user_id": done["user_id"]})).await;
    let refused = login(&world, "lilei@example.com", PASSWORD).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "user_disabled"));
    let wrong = login(&world, "lilei@example.com", "wrong horse battery").await;
    assert_eq!(wrong.code(), "wrong_credentials", "told only to who knows the password");
    world.post_from(HOME, "accounts/password/forgot", json!({"email": "lilei@example.com"})).await.ok();
    let token = token_of(&post.next().await);
    let reset = json!({"token": token, "password": "another horse battery"});
    world.post_from(HOME, "accounts/password/reset", reset).await.ok();
    let refused = login(&world, "lilei@example.com", "another horse battery").await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "user_disabled"));
    let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await;
    assert_eq!(me.code(), "user_disabled");
}

async fn an_address_is_given_up_with_its_password(on: On) {
    let (world, mut post) = with_mail(on).await;
    let done = registered(&world, &mut post, "lilei@example.com").await;
    let token = done["user_token"].as_str().unwrap();
    let list = world.get_as(token, "accounts/identities").await.ok();
    assert_eq!(
        (&list["items"][0]["provider"], &list["items"][0]["email"]),
        (&json!("email"), &json!("lilei@example.com"))
    );
    let gone = json!({"identity_id": list["items"][0]["identity_id"]});
    assert_eq!(
        world.post_as(token, "accounts/identities/unlink", gone.clone()).await.code(),
        "last_identity"
    );
    let link = world.http.post(world.url("accounts/identities/link")).bearer_auth(token);
    let link = link.header("x-forwarded-for", HOME).json(&json!({"provider": "wechat"}));
    let started = Answer::of(link).await.ok();
    let callback = world.allow(started["url"].as_str().unwrap(), "alice");
    world.come_back(HOME, &callback).await;
    let linked = world.result(started["state"].as_str().unwrap()).await.ok();
    assert_eq!(linked["user_id"], done["user_id"]);
    let goes_on = linked["user_token"].as_str().unwrap();
    let by_wechat = world.sign_in("alice").await;
    let by_wechat = by_wechat["user_token"].as_str().unwrap();
    world.post_as(by_wechat, "accounts/identities/unlink", gone).await.ok();
    let me = world.get_as(by_wechat, "accounts/me").await.ok();
    assert_eq!((&me["profile"]["user_id"], &me["profile"]["email"]), (&done["user_id"], &Value::Null));
    for ended in [token, goes_on] {
        assert_eq!(world.get_as(ended, "accounts/me").await.status, 401, "sessions of that way in ended");
    }
    assert_eq!(login(&world, "lilei@example.com", PASSWORD).await.code(), "wrong_credentials");
    let email = world.post_as(by_wechat, "accounts/identities/link", json!({"provider": "email"})).await;
    assert_eq!(email.code(), "invalid_field");
}

async fn who_leaves_takes_their_mails_along(on: On) {
    let (world, mut post) = with_mail(on).await;
    let done = registered(&world, &mut post, "lilei@example.com").await;
    let token = done["user_token"].as_str().unwrap();
    let export = world.get_as(token, "accounts/export").await.ok();
    assert_eq!(export["mails"][0]["address"], "lilei@example.com");
    assert!(export["user"]["password_changed_at"].is_string(), "{export}");
    assert!(!export.to_string().contains("argon2"), "{export}");
    world.post_as(token, "accounts/delete", json!({"user_id": done["user_id"]})).await.ok();
    for sql in [
        "select count(*) from outbox",
        "select count(*) from mail_tokens",
        "select count(*) from passwords",
        "select count(*) from identity_keys",
    ] {
        assert_eq!(downcity_store::testing::number(&world.store, sql).await, 0, "{sql}");
    }
    assert_eq!(login(&world, "lilei@example.com", PASSWORD).await.code(), "wrong_credentials");
}
