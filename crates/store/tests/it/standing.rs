//! What was found a moment ago must still stand when something is built on it; and what is removed leaves nothing behind.

use crate::support::{
    as_user, city, deed, exchanging, home, later, new_session, on_both_engines, openid, sign_in, signed_in,
    unionid, user, wechat,
};
use downcity_core::identity::KeyKind;
use downcity_core::{
    CityId, Digest, ExternalIdentity, IdentityId, IdentityKey, Profile, Role, SessionId, Timestamp,
};
use downcity_store::{
    AdminKeyRow, Begun, ByPassword, ChangedBy, Completed, Disabling, Ending, Ends, Engine, Merge,
    NewAdminSession, NewEvent, NewMail, NewMailToken, NewRefresh, PasswordChange, Purpose, SignIn, Store,
    Try, Unlink, Unlinked, testing,
};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

on_both_engines! {
    a_password_is_changed_only_while_the_old_one_and_the_session_stand,
    a_sign_in_by_password_is_settled_only_while_that_stands,
    a_session_by_password_begins_only_while_password_and_address_stand,
    no_sign_in_from_before_all_sessions_were_ended_is_finished_afterwards,
    a_mailed_reset_is_good_only_while_its_address_leads_to_the_account,
    a_try_that_nobody_looked_at_leaves_no_pause,
    of_a_sign_in_and_the_end_of_its_way_in_no_session_comes,
    a_session_is_collected_or_found_by_whoever_disables_its_user,
    a_workspace_session_begins_only_with_the_key_that_stands,
    what_a_merged_user_did_goes_to_the_one_who_stays,
    an_address_belongs_to_whoever_proved_it,
    a_removed_city_leaves_no_session_behind,
    sessions_are_ended_by_an_index,
}

fn event(kind: &'static str, who: &str) -> NewEvent {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    NewEvent {
        event_id: format!("e{:04}", COUNT.fetch_add(1, Ordering::Relaxed)),
        kind,
        user_id: Some(who.to_owned()),
        city_id: None,
        actor: "system".to_owned(),
        network: Some("192.0.2.1".to_owned()),
        detail: "{}".to_owned(),
        audit: None,
        at: later(0),
    }
}

fn mail(outbox_id: &str) -> NewMail {
    NewMail {
        outbox_id: outbox_id.into(),
        address: "a@example.com".into(),
        sealed: vec![7],
        event_id: None,
        now: later(1),
    }
}

/// `user-a`, who signs in with the address `a@example.com` and a password that is stored so.
async fn with_password(store: &Store, hash: &str) {
    signed_in(store, "a", wechat(vec![openid("wx", "o")])).await;
    let password =
        format!("insert into passwords (user_id, hash, changed_at) values ('user-a', '{hash}', 1)");
    for given in [
        "update identities set provider = 'email'",
        "update identity_keys set provider = 'email', kind = 'sub', scope = '', value = 'a@example.com'",
        password.leak(),
    ] {
        testing::tamper(store, given).await;
    }
}

async fn merge_b_into_a(store: &Store) {
    let merge = Merge {
        from: user("b"),
        into: user("a"),
        preview: false,
        event: event("user.merged", "user-a"),
        now: later(1),
    };
    store.merge_users(merge).await.unwrap().unwrap();
}

fn by(address: &str, hash: &str) -> ByPassword {
    ByPassword { address: address.into(), hash: hash.into() }
}

async fn a_password_is_changed_only_while_the_old_one_and_the_session_stand(store: Store) {
    signed_in(&store, "a", wechat(vec![openid("wx", "o")])).await;
    testing::tamper(&store, "insert into passwords (user_id, hash, changed_at) values ('user-a', 'old', 1)")
        .await;
    let new = new_session("s", user("a"), later(0));
    store.insert_session(&new, deed("token.issued")).await.unwrap();
    let change = |checked: &str, hash: &str| PasswordChange {
        user_id: user("a"),
        hash: hash.into(),
        by: ChangedBy::Password { checked: checked.into(), keep: new.sid },
        event: event("password.changed", "user-a"),
        notice: mail(hash),
        now: later(1),
    };
    assert!(store.set_password(change("old", "second")).await.unwrap());
    // Checked before that, and set after it.
    assert!(!store.set_password(change("old", "thief's")).await.unwrap());
    let second = "select count(*) from passwords where user_id = 'user-a' and hash = 'second'";
    assert_eq!(testing::number(&store, second).await, 1);
    store.revoke_session(new.sid, later(2)).await.unwrap();
    assert!(!store.set_password(change("second", "thief's")).await.unwrap(), "by a session that was ended");
    assert_eq!(testing::number(&store, second).await, 1);
    // Whoever had signed in and not collected yet would have a session afterwards.
    let ended = "select count(*) from login_attempts where failure = 'sign_in_revoked' and user_id is null";
    assert_eq!(testing::number(&store, ended).await, 1);
    let told = "select count(*) from events where type = 'password.changed'";
    assert_eq!(testing::number(&store, told).await, 1);
    let mailed = "select count(*) from outbox where outbox_id = 'second'";
    assert_eq!(testing::number(&store, mailed).await, 1, "whoever asks may be gone; the owner is told");
    assert_eq!(testing::number(&store, "select count(*) from outbox").await, 1);
}

async fn a_sign_in_by_password_is_settled_only_while_that_stands(store: Store) {
    with_password(&store, "new").await;
    let who = |address: &str| ExternalIdentity {
        provider: "email".into(),
        keys: vec![IdentityKey { kind: KeyKind::Sub, scope: String::new(), value: address.into() }],
        profile: Profile::default(),
    };
    let begun = async |name: &'static str, address: &str, hash: &str| {
        exchanging(&store, name, later(0)).await;
        testing::tamper(&store, "update login_attempts set provider = 'email' where stage = 'exchanging'")
            .await;
        SignIn { by: Some(by(address, hash)), ..sign_in(name, who(address), later(1)) }
    };
    for (name, hash, stands) in [("b", "old", false), ("c", "new", true)] {
        let sign_in = begun(name, "a@example.com", hash).await;
        let completed = store.complete_sign_in(&sign_in).await.unwrap();
        assert_eq!(completed, if stands { as_user("a", false) } else { Completed::Revoked }, "{hash}");
    }
    // The account whose password it was is gone.
    let sign_in = begun("d", "nobody@example.com", "old").await;
    assert_eq!(store.complete_sign_in(&sign_in).await.unwrap(), Completed::Revoked);
    let ended = "select count(*) from login_attempts where failure = 'sign_in_revoked'";
    assert_eq!(testing::number(&store, ended).await, 2);
    assert_eq!(testing::number(&store, "select count(*) from users").await, 1);
}

async fn no_sign_in_from_before_all_sessions_were_ended_is_finished_afterwards(store: Store) {
    with_password(&store, "hash").await;
    signed_in(&store, "b", wechat(vec![openid("wx", "b")])).await;
    testing::tamper(&store, "update identities set user_id = 'user-a'").await;
    let reset = "insert into mail_tokens (digest, purpose, address, user_id, created_at, expires_at) \
                 select state, 'reset', 'a@example.com', user_id, 1, 9 from login_attempts";
    assert_eq!(testing::tamper(&store, reset).await, 2);
    let complete = async |name: &str, start: Timestamp, by: Option<ByPassword>| {
        exchanging(&store, name, later(1)).await;
        let sign_in = sign_in(name, wechat(vec![openid("wx", "b")]), later(2));
        store.complete_sign_in(&SignIn { started_at: start, by, ..sign_in }).await.unwrap()
    };
    assert_eq!(complete("c", later(0), None).await, as_user("a", false));
    for (ended_at, noted) in [(later(1), later(1)), (later(0), later(1))] {
        let ending = Ending {
            ends: Ends::AllBut(user("a"), SessionId::parse("none").unwrap()),
            event: event("session.revoked", "user-a"),
            now: ended_at,
        };
        store.end_sessions(ending).await.unwrap();
        let at =
            testing::number(&store, "select sessions_ended_at from users where user_id = 'user-a'").await;
        assert_eq!(at, noted.0, "another node's clock may be behind");
    }
    let resets = "select count(*) from mail_tokens where user_id = 'user-a'";
    assert_eq!(testing::number(&store, resets).await, 0, "a new password would begin the next session");
    assert_eq!(testing::number(&store, "select count(*) from mail_tokens").await, 1, "of somebody else");
    assert_eq!(complete("d", Timestamp(later(1).0 - 1), None).await, Completed::Revoked);
    assert_eq!(complete("e", later(1), None).await, as_user("a", false), "whoever begins afterwards may");
    // Whoever knows the password could begin anew.
    let known = Some(by("a@example.com", "hash"));
    assert_eq!(complete("f", later(0), known).await, as_user("a", false));
    // A clock that was ahead keeps nobody out once it is right, and another ending sets it right.
    testing::tamper(&store, "update users set sessions_ended_at = 9000000000000000").await;
    assert_eq!(complete("g", later(1), None).await, as_user("a", false));
    // Whatever was begun before a merge began as another user.
    merge_b_into_a(&store).await;
    assert_eq!(complete("h", later(0), None).await, Completed::Revoked);
}

async fn a_mailed_reset_is_good_only_while_its_address_leads_to_the_account(store: Store) {
    with_password(&store, "old").await;
    let token = Digest::of("token");
    store
        .issue_mail_token(NewMailToken {
            digest: token,
            purpose: Purpose::Reset,
            address: "a@example.com".into(),
            user_id: Some("user-a".into()),
            sealed: None,
            expires_at: later(60),
            mail: mail("reset"),
        })
        .await
        .unwrap();
    let set = async || {
        let change = PasswordChange {
            user_id: user("a"),
            hash: "new".into(),
            by: ChangedBy::Token { token, tries: String::new() },
            event: event("password.changed", "user-a"),
            notice: mail("notice"),
            now: later(1),
        };
        store.set_password(change).await.unwrap()
    };
    testing::tamper(&store, "update identity_keys set value = 'new@example.com'").await;
    assert!(!set().await, "whoever reads the mails to the old address set a password");
    testing::tamper(&store, "update identity_keys set value = 'a@example.com'").await;
    assert!(set().await);
}

async fn a_session_by_password_begins_only_while_password_and_address_stand(store: Store) {
    with_password(&store, "old").await;
    testing::tamper(&store, "update users set delete_at = 7").await;
    let begin = async |name: &str, address: &str, hash: &str| {
        let (new, told) = (new_session(name, user("a"), later(0)), vec![event("user.signed_in", "user-a")]);
        store.begin_session(new, Some(by(address, hash)), told).await.unwrap()
    };
    assert_eq!(begin("1", "a@example.com", "older").await, Begun::Outdated);
    assert_eq!(begin("2", "former@example.com", "old").await, Begun::Outdated);
    for untouched in [
        "select count(*) from sessions",
        "select count(*) from events where type in ('user.signed_in', 'user.deletion_cancelled')",
        "select count(*) from users where delete_at is null",
    ] {
        assert_eq!(testing::number(&store, untouched).await, 0, "{untouched}");
    }
    assert_eq!(begin("3", "a@example.com", "old").await, Begun::Stands);
}

async fn a_try_that_nobody_looked_at_leaves_no_pause(store: Store) {
    let pause = |count| Duration::from_secs(if count > 1 { 600 } else { 0 });
    let take = |now| Try { bucket: "b".to_owned(), free: 0, pause, now };
    for _ in 0..3 {
        assert_eq!(store.take_try(take(later(0))).await.unwrap(), None);
        store.give_try_back("b", later(0)).await.unwrap();
    }
    for _ in 0..3 {
        assert_eq!(store.take_try(take(later(0))).await.unwrap(), None, "after those that were given back");
        assert_eq!(store.take_try(take(later(1))).await.unwrap(), None);
        let until = store.take_try(take(later(2))).await.unwrap();
        assert_eq!(until, Some(later(1).plus(Duration::from_secs(600))));
        store.give_try_back("b", later(2)).await.unwrap();
        store.give_try_back("b", later(2)).await.unwrap();
    }
}

async fn of_a_sign_in_and_the_end_of_its_way_in_no_session_comes(store: Store) {
    for round in 0..24 {
        let (name, again) = (format!("a{round}"), format!("b{round}"));
        let who = || wechat(vec![openid("wx", &name)]);
        signed_in(&store, &name, who()).await;
        let other = format!(
            "insert into identities (identity_id, user_id, provider, created_at, last_used_at) \
             values ('other-{name}', 'user-{name}', 'github', 1, 1)"
        );
        testing::tamper(&store, other.leak()).await;
        exchanging(&store, &again, later(0)).await;
        let unlink = Unlink {
            user_id: user(&name),
            identity_id: IdentityId::parse(&format!("identity-{name}")).unwrap(),
            usable: vec!["github".to_owned()],
            event: event("user.unlinked", user(&name).as_str()),
            now: later(1),
        };
        let (completing, by, sign_in) = (store.clone(), store.clone(), sign_in(&again, who(), later(1)));
        let completed = tokio::spawn(async move { completing.complete_sign_in(&sign_in).await });
        let unlinked = tokio::spawn(async move { by.unlink_identity(unlink).await });
        completed.await.unwrap().unwrap();
        assert_eq!(unlinked.await.unwrap().unwrap(), Unlinked::Gone);
    }
    // Whoever came later is somebody new.
    let left = "select count(*) from login_attempts a where a.stage = 'done' and not exists \
                (select 1 from identities i where i.user_id = a.user_id and i.provider = 'wechat')";
    assert_eq!(testing::number(&store, left).await, 0);
}

async fn a_session_is_collected_or_found_by_whoever_disables_its_user(store: Store) {
    for round in 0..24 {
        let name = format!("a{round}");
        let id = exchanging(&store, &name, later(0)).await;
        store.complete_sign_in(&sign_in(&name, wechat(vec![openid("wx", &name)]), later(0))).await.unwrap();
        let new = new_session(&name, user(&name), later(1));
        let disabling = Disabling {
            user_id: user(&name),
            disabled: true,
            event: event("user.disabled", user(&name).as_str()),
            now: later(1),
        };
        let (collecting, by) = (store.clone(), store.clone());
        let collected =
            tokio::spawn(async move { collecting.collect(&id, home(), later(1), &new, Vec::new()).await });
        let disabled = tokio::spawn(async move { by.set_disabled(disabling).await });
        collected.await.unwrap().unwrap();
        assert!(disabled.await.unwrap().unwrap());
    }
    let live = "select count(*) from sessions s join users u on u.user_id = s.user_id \
                where u.disabled = 1 and s.revoked_at is null";
    assert_eq!(testing::number(&store, live).await, 0);
}

async fn a_workspace_session_begins_only_with_the_key_that_stands(store: Store) {
    let (old, new) = (Digest::of("old"), Digest::of("new"));
    let key = AdminKeyRow {
        key_id: "k".into(),
        digest: old,
        name: "n".into(),
        role: Role::Owner,
        city_id: None,
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
        created_at: later(0),
    };
    store.insert_admin_key(&key, deed("admin_key.created")).await.unwrap();
    let begin = async |name: &str, key: Digest| {
        let session = NewAdminSession {
            digest: Digest::of(name),
            session_id: name.into(),
            key_id: "k".into(),
            key,
            network: "192.0.2.1".into(),
            agent: "UA".into(),
            created_at: later(1),
            expires_at: later(100),
            replaces: None,
        };
        store.begin_admin_session(session, deed("admin.signed_in")).await.unwrap()
    };
    assert!(begin("one", old).await);
    assert!(store.replace_admin_key("k", new, deed("admin_key.replaced")).await.unwrap());
    assert!(!begin("two", old).await, "the key was checked before it was replaced");
    assert_eq!(store.admin_sessions("k", later(2), Timestamp(0)).await.unwrap(), []);
    assert!(begin("three", new).await);
    store.insert_admin_key(&AdminKeyRow { key_id: "l".into(), digest: old, ..key }, deed("x")).await.unwrap();
    store.revoke_admin_key("k", deed("admin_key.revoked")).await.unwrap();
    assert!(!begin("four", new).await);
}

async fn what_a_merged_user_did_goes_to_the_one_who_stays(store: Store) {
    signed_in(&store, "a", wechat(vec![openid("wx", "o")])).await;
    signed_in(&store, "b", wechat(vec![openid("wx2", "o")])).await;
    store.record(event("user.signed_in", "user-b")).await.unwrap();
    store.insert_session(&new_session("s", user("b"), later(0)), deed("token.issued")).await.unwrap();
    merge_b_into_a(&store).await;
    for table in ["sessions", "events"] {
        let left = format!("select count(*) from {table} where user_id = 'user-b'");
        assert_eq!(testing::number(&store, left.leak()).await, 0, "{table}");
    }
    let theirs = "select count(*) from sessions where user_id = 'user-a' and revoked_at is not null";
    assert_eq!(testing::number(&store, theirs).await, 1, "it is over, and theirs to see");
}

async fn an_address_belongs_to_whoever_proved_it(store: Store) {
    let told = |provider: &str, address: &str| ExternalIdentity {
        provider: provider.into(),
        keys: vec![IdentityKey { kind: KeyKind::Sub, scope: String::new(), value: address.into() }],
        profile: Profile { email: Some(address.into()), ..Profile::default() },
    };
    let complete = async |name: &str, identity: ExternalIdentity| {
        exchanging(&store, name, later(0)).await;
        let provider = format!("update login_attempts set provider = '{}'", identity.provider);
        testing::tamper(&store, provider.leak()).await;
        store.complete_sign_in(&sign_in(name, identity, later(0))).await.unwrap()
    };
    // Whoever signs in there first; the address may have belonged to somebody else for long.
    assert_eq!(complete("stranger", told("corp", "bob@corp.test")).await, as_user("stranger", true));
    let email = async |name: &str| store.user(&user(name)).await.unwrap().unwrap().email;
    assert_eq!(email("stranger").await.as_deref(), Some("bob@corp.test"));
    assert_eq!(complete("bob", told("email", "bob@corp.test")).await, as_user("bob", true));
    assert_eq!((email("stranger").await, email("bob").await.as_deref()), (None, Some("bob@corp.test")));
    // And from then on no provider tells it of anybody else.
    assert_eq!(complete("late", told("other", "bob@corp.test")).await, as_user("late", true));
    assert_eq!((email("late").await, email("bob").await.as_deref()), (None, Some("bob@corp.test")));
}

async fn a_removed_city_leaves_no_session_behind(store: Store) {
    store.insert_city(&city("city_other"), None).await.unwrap();
    for (name, place) in [("a", "city_demo"), ("b", "city_other"), ("c", "city_demo")] {
        let mut new = new_session(name, user(name), later(0));
        new.session.city_id = CityId::parse(place).unwrap();
        new.session.refreshable = true;
        new.refresh = Some(NewRefresh { digest: Digest::of(name), expires_at: later(1000) });
        signed_in(&store, name, wechat(vec![unionid(name)])).await;
        assert_eq!(store.begin_session(new, None, Vec::new()).await.unwrap(), Begun::Stands);
    }
    let demo = CityId::parse("city_demo").unwrap();
    assert!(store.remove_city(&demo, deed("city.removed")).await.unwrap());
    for table in ["sessions", "refresh_tokens"] {
        let left = format!("select count(*) from {table} where session_id = 'session-b'");
        assert_eq!(testing::number(&store, left.leak()).await, 1, "{table}");
        let all = format!("select count(*) from {table}");
        assert_eq!(testing::number(&store, all.leak()).await, 1, "{table}");
    }
    assert_eq!(testing::number(&store, "select count(*) from login_attempts").await, 0);
}

async fn sessions_are_ended_by_an_index(store: Store) {
    let [one, all_but] = testing::plans_of_ending(&store).await;
    let (by_id, by_user) = match store.engine() {
        Engine::Sqlite => ("(session_id=?)", "(user_id=?)"),
        // It takes no index of an empty table, whatever there is.
        Engine::Postgres => ("session_id = ", "user_id = "),
    };
    assert!(one.contains(by_id) && all_but.contains(by_user), "{one}\n{all_but}");
}
