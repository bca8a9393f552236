//! Every call of the accounts service, by the Rust client, against the real program: none may be left out.

use crate::support::{Fed, Mailbox, Relay, Setup};
use downcity::{
    Admin, AttemptQuery, Confirm, Error, EventQuery, ExposeSecret, Federation, Guest, LoginInput, LoginStep,
    NewCity, OauthResult, OauthStartRequest, Pkce, ProfileUpdate, Register, SecretString, SessionQuery,
    SignIn, SignedIn, UserQuery,
};
use std::time::Duration;
use wechat_sim::{Sim, SimConfig};

const PASSWORD: &str = "correct horse battery";

struct World {
    fed: Fed,
    sim: Sim,
    mailbox: Mailbox,
    relay: Relay,
    client: Federation,
}

impl World {
    async fn open() -> Self {
        let sim = Sim::start(SimConfig::default(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let fed = Setup::default().simulator(sim.url()).start();
        let mailbox = Mailbox::open().await;
        let app = sim.app();
        for (key, value) in [
            ("WECHAT_CLIENT_ID", app.appid.as_str()),
            ("WECHAT_CLIENT_SECRET", app.secret.as_str()),
            ("SMTP_URL", mailbox.url.as_str()),
            ("MAIL_FROM", "Demo <no-reply@example.com>"),
        ] {
            fed.admin().env().upsert(key, &SecretString::from(value)).await.unwrap();
        }
        let (relay, client) = Relay::open(fed.url()).await;
        Self { fed, sim, mailbox, relay, client }
    }

    fn guest(&self) -> Guest {
        self.client.guest("city_downcity")
    }

    fn admin(&self) -> Admin {
        self.client.admin(SecretString::from(self.fed.admin_key()))
    }

    /// The browser of a person: they scan, allow, and go to the callback.
    fn browser(&self, person: &'static str) -> impl FnOnce(&str) + use<> {
        let sim = self.sim.handle();
        move |url: &str| {
            let callback = sim.sign_in_as(url, person).unwrap();
            tokio::spawn(async move {
                let http = reqwest::Client::builder().no_proxy().build().unwrap();
                http.get(callback).send().await.unwrap();
            });
        }
    }

    async fn registered(&mut self, email: &str) -> SignedIn {
        let password = secret(PASSWORD);
        let register = Register { email, password: &password, name: Some("李雷") };
        self.guest().register(&register).await.unwrap();
        let token = self.mailbox.token().await;
        self.guest().verify_email(&token).await.unwrap()
    }
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, code: &str) {
    assert_eq!(result.unwrap_err().code(), code);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_client_makes_every_call_of_the_accounts_service() {
    let mut world = World::open().await;
    an_address(&mut world).await;
    sessions(&world).await;
    ways_in(&mut world).await;
    oneself(&mut world).await;
    people(&mut world).await;
    codes_and_steps(&mut world).await;
    tokens(&world).await;
    outcomes(&world).await;
    let pages = [
        "email/open",
        "email/confirm",
        "email/reset",
        "email/enter",
        "email/end-session",
        "email/change/confirm",
        "oauth/callback",
        "oauth/confirm",
        "oauth/outcome",
    ];
    assert_eq!(world.relay.never_called("accounts", &pages), Vec::<String>::new());
}

async fn an_address(world: &mut World) {
    let done = world.registered("lilei@example.com").await;
    assert_eq!((done.provider.as_str(), done.city_id.as_str()), ("email", "city_downcity"));
    assert!(done.expires_at.is_some());
    assert_eq!(done.user.me().await.unwrap().profile.email.as_deref(), Some("lilei@example.com"));
    let guest = world.guest();
    refused(guest.login("lilei@example.com", &secret("wrong horse")).await, "wrong_credentials");
    let again = guest.login("LiLei@example.com", &secret(PASSWORD)).await.unwrap();
    assert_eq!(again.user_id, done.user_id);
    guest.forgot_password("lilei@example.com").await.unwrap();
    let token = world.mailbox.token().await;
    guest.reset_password(&token, &secret("another horse battery")).await.unwrap();
    refused(guest.reset_password(&token, &secret("another horse battery")).await, "spent_token");
    world.mailbox.next().await;
    refused(again.user.me().await, "invalid_token");
    let third = guest.login("lilei@example.com", &secret("another horse battery")).await.unwrap();
    let (old, new) = (secret("another horse battery"), secret(PASSWORD));
    third.user.change_password(&old, &new).await.unwrap();
    world.mailbox.next().await;
    third.user.me().await.unwrap();
}

async fn sessions(world: &World) {
    let guest = world.guest();
    let options = SignIn::new("wechat");
    let one = guest.sign_in(&options, world.browser("alice")).await.unwrap();
    let two = guest.sign_in(&options, world.browser("alice")).await.unwrap();
    let three = guest.sign_in(&options, world.browser("alice")).await.unwrap();
    let mine = three.user.sessions().await.unwrap();
    assert_eq!(mine.iter().map(|one| one.current).collect::<Vec<_>>(), [true, false, false]);
    three.user.revoke_session(&mine[2].session_id).await.unwrap();
    refused(one.user.me().await, "invalid_token");
    refused(three.user.revoke_session(&mine[2].session_id).await, "unknown_session");
    assert_eq!(three.user.revoke_other_sessions().await.unwrap(), 1);
    refused(two.user.me().await, "invalid_token");
    three.user.logout().await.unwrap();
    refused(three.user.me().await, "invalid_token");
}

async fn ways_in(world: &mut World) {
    let done = world.registered("hanmeimei@example.com").await;
    let options = SignIn::new("wechat");
    let linked = done.user.link(&options, world.browser("zhangsan")).await.unwrap();
    assert_eq!(linked.user_id, done.user_id);
    let ways = linked.user.identities().await.unwrap();
    assert_eq!(ways.len(), 2);
    let wechat = ways.iter().find(|way| way.provider == "wechat").unwrap();
    assert_eq!(wechat.label, "WeChat");
    refused(done.user.me().await, "invalid_token");
    // It goes on from a sign-in by e-mail, which stays one when WeChat is given up.
    linked.user.unlink(&wechat.identity_id).await.unwrap();
    let email = ways.iter().find(|way| way.email.is_some()).unwrap();
    refused(linked.user.unlink(&email.identity_id).await, "last_identity");
    world.guest().sign_in(&options, world.browser("zhangsan")).await.unwrap();
    refused(linked.user.link(&options, world.browser("zhangsan")).await, "identity_taken");
}

async fn oneself(world: &mut World) {
    let done = world.registered("leaver@example.com").await;
    let change =
        ProfileUpdate { display_name: Some(Some("Li".into())), bio: Some(None), ..ProfileUpdate::default() };
    let me = done.user.update_profile(&change).await.unwrap();
    assert_eq!((me.profile.display_name.as_deref(), me.profile.bio), (Some("Li"), None));
    let held = done.user.export().await.unwrap();
    assert_eq!((held.identities.len(), held.user["display_name"].as_str()), (1, Some("Li")));
    assert!(held.events.iter().any(|event| event.kind == "user.signed_up"));
    refused(done.user.delete("somebody").await, "invalid_field");
    done.user.delete(&done.user_id).await.unwrap();
    refused(done.user.me().await, "invalid_token");
}

async fn people(world: &mut World) {
    let (one, two) = (world.registered("one@example.com").await, world.registered("two@example.com").await);
    let admin = world.admin();
    let people = admin.people();
    let query = UserQuery { q: Some("one@example.com"), ..UserQuery::default() };
    let found = people.users(&query).await.unwrap();
    assert_eq!((found.items.len(), &found.items[0].user_id, found.next), (1, &one.user_id, None));
    let insight = admin.insight();
    let person = insight.person(&one.user_id).await.unwrap();
    assert_eq!(
        (person.user.user_id, person.identities.len(), person.sessions.len()),
        (one.user_id.clone(), 1, 1)
    );
    assert_eq!(insight.attempts(&AttemptQuery::default()).await.unwrap().next, None);
    assert_eq!(insight.overview(168, None).await.unwrap().series.len(), 7);
    insight.disable_provider("email", None).await.unwrap();
    let cards = insight.providers(None).await.unwrap();
    assert_eq!(cards.iter().find(|card| card.id == "email").unwrap().status, "off");
    insight.enable_provider("email", None).await.unwrap();
    let first = people.users(&UserQuery { limit: Some(1), ..UserQuery::default() }).await.unwrap();
    let next = UserQuery { limit: Some(1), cursor: first.next.as_deref(), ..UserQuery::default() };
    assert_ne!(people.users(&next).await.unwrap().items[0].user_id, first.items[0].user_id);
    let query = SessionQuery { user_id: Some(&one.user_id), ..SessionQuery::default() };
    let sessions = people.sessions(&query).await.unwrap();
    people.revoke_session(&sessions.items[0].session_id).await.unwrap();
    refused(one.user.me().await, "invalid_token");
    people.disable(&one.user_id).await.unwrap();
    refused(world.guest().login("one@example.com", &secret(PASSWORD)).await, "user_disabled");
    people.enable(&one.user_id).await.unwrap();
    let preview = people.preview_merge(&one.user_id, &two.user_id).await.unwrap();
    assert!(!preview.merged && preview.identities.len() == 1 && !preview.conflicts.is_empty());
    assert!(people.merge(&one.user_id, &two.user_id).await.unwrap().merged);
    let query = EventQuery { kind: Some("user.merged"), ..EventQuery::default() };
    assert_eq!(people.events(&query).await.unwrap().items.len(), 1);
    people.delete(&two.user_id).await.unwrap();
    refused(people.delete(&two.user_id).await, "unknown_user");
    let city = NewCity { name: "A".into(), confirm: Some(Confirm::Always), ..NewCity::default() };
    assert_eq!(admin.cities().create(&city).await.unwrap().confirm, Some(Confirm::Always));
}

async fn codes_and_steps(world: &mut World) {
    let guest = world.guest();
    let mailed = guest.mail_code("coder@example.com").await.unwrap();
    let code = world.mailbox.code().await;
    let done = guest.sign_in_with_code(&mailed, &code).await.unwrap();
    assert_eq!(done.user.me().await.unwrap().profile.email.as_deref(), Some("coder@example.com"));
    let LoginStep::InputRequired { login_id, inputs, .. } = guest.start_login("email").await.unwrap() else {
        panic!("something is asked for")
    };
    assert_eq!(inputs[0].name, "email");
    let input = LoginInput { email: Some("coder@example.com".into()), ..LoginInput::default() };
    let step = guest.continue_login(&login_id, &input).await.unwrap();
    let LoginStep::InputRequired { login_id, .. } = step else { panic!("{step:?}") };
    let input = LoginInput { code: Some(world.mailbox.code().await), ..LoginInput::default() };
    assert!(!format!("{input:?}").contains('1'));
    let step = guest.continue_login(&login_id, &input).await.unwrap();
    let LoginStep::Done(again) = step else { panic!("{step:?}") };
    assert_eq!(again.user_id, done.user_id);
    let step = guest.start_login("wechat").await.unwrap();
    let LoginStep::RedirectRequired { login_id, url, .. } = step else { panic!("{step:?}") };
    let open = world.browser("alice");
    open(&url);
    let outcome = guest.login_result(&login_id, Some(Duration::from_secs(20))).await.unwrap();
    assert!(matches!(outcome, OauthResult::Done(_)), "{outcome:?}");
    done.user.change_email("coder2@example.com").await.unwrap();
    world.mailbox.next().await;
    // Only a Federation started for it has names without proof.
    assert!(guest.local_login("lilei").await.is_err());
}

async fn tokens(world: &World) {
    let guest = world.guest();
    let done = guest.sign_in(&SignIn::new("wechat").refresh(), world.browser("alice")).await.unwrap();
    let first = done.refresh_token.unwrap();
    let fresh = guest.refresh(&first).await.unwrap();
    let admin = world.admin();
    assert!(admin.introspect(&fresh.user_token).await.unwrap().active);
    assert!(!admin.introspect(&secret("ub_x")).await.unwrap().active);
    let third = guest.refresh(&fresh.refresh_token).await.unwrap();
    assert_eq!(guest.refresh(&first).await.unwrap_err().status(), Some(401));
    refused(third.user.me().await, "invalid_token");
    assert!(!admin.keys().list().await.unwrap().is_empty());
    let keys = admin.keys().rotate().await.unwrap();
    let next = keys.iter().find(|key| key.status != "active").unwrap();
    admin.keys().revoke(&next.kid).await.unwrap();
    let cities = admin.cities();
    cities.set_env("city_downcity", "WECHAT_CLIENT_ID", &secret("wx0123456789abcdef")).await.unwrap();
    assert_eq!(cities.env("city_downcity").await.unwrap().items.len(), 1);
    cities.remove_env("city_downcity", "WECHAT_CLIENT_ID").await.unwrap();
}

async fn outcomes(world: &World) {
    let guest = world.guest();
    assert!(!guest.providers().await.unwrap().items.is_empty());
    let pkce = Pkce::new().unwrap();
    let request = OauthStartRequest {
        provider: "wechat",
        code_challenge: Some(pkce.challenge()),
        code_challenge_method: Some("S256"),
        ..OauthStartRequest::default()
    };
    let start = guest.start(&request).await.unwrap();
    let wrong = guest.events("unknown_state_0123456789", None, Duration::from_secs(5)).await;
    assert_eq!(wrong.unwrap_err().status(), Some(404));
    let late = guest.events(&start.state, Some(pkce.verifier()), Duration::from_millis(200)).await;
    refused(late, "timeout");
    let open = world.browser("lilei");
    let listening = guest.events(&start.state, Some(pkce.verifier()), Duration::from_secs(30));
    let (outcome, ()) = tokio::join!(listening, async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        open(&start.url);
    });
    let OauthResult::Done(done) = outcome.unwrap() else { panic!("not done") };
    assert!(done.user_token.expose_secret().starts_with("ub_"));
}
