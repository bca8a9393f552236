//! After a full run of many flows: what the database and the most talkative log hold, and what they must not.

use crate::logs;
use crate::on_both_engines;
use crate::person::Browser;
use crate::support::{AWAY, Answer, HOME, On, World};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use downcity_service::core::{Digest, OpaqueToken};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use wechat_sim::{Fault, FaultKind};

on_both_engines!(nothing_secret_is_stored_or_logged_in_clear);

/// What was secret in this run, each with what it is.
#[derive(Default)]
struct Secrets {
    all: Vec<(&'static str, String)>,
    /// Those of which a digest has to be stored.
    hashed: Vec<(&'static str, String)>,
}

impl Secrets {
    fn add(&mut self, what: &'static str, value: &str) {
        assert!(value.len() >= 16, "{what} is too short to be looked for: {value:?}");
        self.all.push((what, value.to_owned()));
    }

    fn add_hashed(&mut self, what: &'static str, value: &str) {
        self.add(what, value);
        self.hashed.push((what, value.to_owned()));
    }

    fn add_callback(&mut self, callback: &str) {
        let url = reqwest::Url::parse(callback).unwrap();
        let code = url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        self.add_hashed("an authorization code", &code);
    }

    fn add_cookies(&mut self, browser: &Browser<'_>) {
        if let Some(login) = browser.cookie("dc_login") {
            self.add("a login cookie", &login);
        }
        for entry in browser.cookie("dc_finish").unwrap_or_default().split('~') {
            if let Some(finisher) = entry.split('.').nth(1) {
                self.add_hashed("a finish cookie", finisher);
            }
        }
    }

    fn add_token(&mut self, done: &Value) {
        let token = done["user_token"].as_str().unwrap();
        self.add("a user_token", token);
        self.add("a signature", token.rsplit('.').next().unwrap());
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        self.add_hashed("a sid", claims["sid"].as_str().unwrap());
    }
}

async fn plain_sign_in(world: &World, secrets: &mut Secrets) -> Value {
    let browser = Browser::at(world, HOME);
    let (url, state) = browser.start(json!({})).await;
    secrets.add_hashed("a state", &state);
    let callback = world.allow(&url, "alice");
    secrets.add_callback(&callback);
    browser.come_back(&callback).await;
    browser.come_back(&callback).await;
    secrets.add_cookies(&browser);
    let login = browser.cookie("dc_login").unwrap();
    secrets.hashed.push(("a login cookie", login));
    let done = world.result(&state).await.ok();
    world.result(&state).await.ok();
    secrets.add_token(&done);
    done
}

async fn bound_and_returning(world: &World, secrets: &mut Secrets) {
    let home = "https://app.example.com/after";
    world.admin_post("cities/update", json!({"city_id": "city_demo", "allowed_redirects": [home]})).await;
    let verifier = "a-verifier-that-only-the-client-knows-0123456789";
    let challenge = URL_SAFE_NO_PAD.encode(Digest::of(verifier).0);
    secrets.add("a code_verifier", verifier);
    let browser = Browser::at(world, HOME);
    let (url, state) = browser.start(json!({"code_challenge": challenge, "return_to": home})).await;
    secrets.add_hashed("a state", &state);
    let callback = world.allow(&url, "zhangsan");
    secrets.add_callback(&callback);
    let onward = browser.get(&callback).await.header("location").to_owned();
    let code = onward.split("code=").nth(1).expect("a login code").split('&').next().unwrap().to_owned();
    secrets.add("a login code", &code);
    let result = format!("accounts/oauth/result?state={state}&code={code}&code_verifier=");
    assert_eq!(
        world.get_from(HOME, &format!("{result}{}", "x".repeat(43))).await.code(),
        "code_verifier_wrong"
    );
    let done = world.get_from(HOME, &format!("{result}{verifier}")).await.ok();
    secrets.add_token(&done);
}

async fn refreshing(world: &World, secrets: &mut Secrets) {
    let (url, state) = crate::kit::started(world, json!({"refresh": true})).await;
    world.come_back(HOME, &world.allow(&url, "alice")).await;
    let done = world.result(&state).await.ok();
    secrets.add_token(&done);
    secrets.add("a spent refresh token", done["refresh_token"].as_str().unwrap());
    let body = json!({"refresh_token": done["refresh_token"]});
    let next = world.post_from(HOME, "accounts/token/refresh", body).await.ok();
    secrets.add_token(&next);
    let token = next["refresh_token"].as_str().unwrap();
    secrets.add_hashed("a refresh token", token);
    secrets.add("what makes it secret", token.rsplit('.').next().unwrap());
}

async fn confirmed_or_not(world: &World, secrets: &mut Secrets) {
    for (decision, finally) in [("allow", "done"), ("deny", "failed"), ("wait", "pending")] {
        let (url, state) = world.start().await;
        secrets.add_hashed("a state", &state);
        let browser = Browser::at(world, AWAY);
        let callback = world.allow(&url, "lilei");
        secrets.add_callback(&callback);
        let page = browser.come_back(&callback).await;
        secrets.add("a form token", &page.field("form_token"));
        secrets.add_cookies(&browser);
        if decision != "wait" {
            browser.press(&page, decision).await;
        }
        let told = world.result(&state).await.ok();
        assert_eq!(told["status"], finally);
        if finally == "done" {
            secrets.add_token(&told);
        }
    }
}

async fn failing(world: &World, secrets: &mut Secrets) {
    let faults = [
        Fault::errcode(40029),
        Fault::errcode(40125),
        Fault::errcode(49999),
        Fault::new(FaultKind::Reset),
        Fault::new(FaultKind::BadGateway).after_work(),
        Fault::new(FaultKind::Huge),
    ];
    for (at_token, fault) in faults.iter().map(|fault| (true, fault)).chain(faults.iter().map(|f| (false, f)))
    {
        world.sim.set(|switches| {
            let place = if at_token { &mut switches.token_fault } else { &mut switches.userinfo_fault };
            *place = Some(*fault);
        });
        let (url, state) = world.start().await;
        secrets.add_hashed("a state", &state);
        let callback = world.allow(&url, "alice");
        secrets.add_callback(&callback);
        world.come_back(HOME, &callback).await;
        assert_eq!(world.result(&state).await.ok()["status"], "failed");
        world.sim.set(|switches| *switches = wechat_sim::Switches::default());
    }
}

async fn admin_and_mistakes(world: &World, secrets: &mut Secrets, done: &Value) {
    let admin = world.admin_key.expose_secret();
    secrets.add_hashed("the admin key", admin);
    secrets.add("WeChat's secret", &world.sim.app().secret);
    let another = "0123456789abcdef0123456789abcdef";
    secrets.add("another secret", another);
    let raw = format!("WECHAT_CLIENT_SECRET={another}\nMY_API_TOKEN={another}\n");
    world.admin_post("env/import", json!({"raw": raw})).await;
    world.set_up_wechat().await;
    let issued = json!({"city_id": "city_demo", "user_id": "own-7", "ttl": "1h", "metadata": {"a": 1}});
    secrets.add_token(&world.admin_post("cities/tokens/apply", issued).await);
    let token = done["user_token"].as_str().unwrap();
    for path in
        ["env/list", "env/catalog", "cities/list", "federation/instruction", "accounts/me", "services"]
    {
        for bearer in [admin, token, &token[..token.len() - 3], another] {
            world.get_as(bearer, path).await;
        }
        // Where they do not belong.
        world.get_from(HOME, &format!("{path}?user_token={token}&key={admin}&code={another}")).await;
    }
    for body in
        [json!({"provider": token}), json!({"provider": "wechat", "city_id": admin}), json!([another])]
    {
        world.post_from(HOME, "accounts/oauth/start", body).await;
    }
    world.post_as(admin, "env/upsert", json!({"key": another, "value": 7})).await;
    world.come_back(HOME, &world.url(&format!("accounts/oauth/callback?state={another}&code={token}"))).await;
    let twice = format!("accounts/oauth/callback?state={another}&state={token}");
    world.come_back(HOME, &world.url(&twice)).await;
    let login = json!({"city_id": "city_demo"});
    assert_eq!(world.post_as(token, "accounts/logout", login).await.status, 200);
    Answer::of(world.http.get(world.url("accounts/me")).header("authorization", another)).await;
}

/// Everything that the database holds, as bytes.
pub(crate) fn database(world: &World, on: On) -> Vec<u8> {
    if on == On::Postgres {
        let dump = Command::new("pg_dump").arg(&world.database).output().expect("pg_dump runs");
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        return dump.stdout;
    }
    let files = Path::new(&world.database).parent().unwrap().read_dir().unwrap();
    let names: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    assert!(names.iter().any(|name| name.to_str().unwrap().ends_with("-wal")), "{names:?}");
    names.iter().flat_map(|name| std::fs::read(name).unwrap()).collect()
}

/// Bytes as a text with one character a byte, for the standard library's search.
pub(crate) fn by_byte(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The forms that a secret could be written in.
fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let plain = STANDARD.encode(secret);
    vec![secret.to_owned(), hex, plain.trim_end_matches('=').to_owned(), format!("{:?}", secret.as_bytes())]
}

/// WeChat's tokens are `NN_` and 107 characters: only the simulator knows them, but their form is known.
fn wechat_tokens(text: &str) -> Vec<&str> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let long = text.split(word).filter(|word| word.len() >= 100);
    long.filter(|word| word.as_bytes()[2] == b'_' && word[..2].bytes().all(|b| b.is_ascii_digit())).collect()
}

async fn nothing_secret_is_stored_or_logged_in_clear(on: On) {
    logs::collect();
    let world = World::ready(on).await;
    let mut secrets = Secrets::default();
    let done = plain_sign_in(&world, &mut secrets).await;
    bound_and_returning(&world, &mut secrets).await;
    refreshing(&world, &mut secrets).await;
    confirmed_or_not(&world, &mut secrets).await;
    failing(&world, &mut secrets).await;
    admin_and_mistakes(&world, &mut secrets, &done).await;
    world.admin_post("federation/master-key/rotate", json!({})).await;

    let (stored, logged) = (by_byte(&database(&world, on)), logs::all());
    assert!(stored.contains(&by_byte("张三🌟".as_bytes())), "the search finds what is stored");
    assert!(logged.contains("signed in") && logged.contains("TRACE"), "the search finds what is logged");
    let mut found = Vec::new();
    for (what, secret) in &secrets.all {
        for form in forms(secret) {
            if stored.contains(&form) {
                found.push(format!("{what} is stored"));
            }
            if let Some(line) = logged.lines().find(|line| line.contains(&form)) {
                found.push(format!("{what} is logged: {line}"));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    for master in [[7; 32], [8; 32]] {
        assert!(!stored.contains(&by_byte(&master)), "the master key is stored");
        assert!(!logged.contains(&forms(&by_byte(&master))[1]), "the master key is logged");
    }
    assert_eq!(wechat_tokens(&logged), [""; 0], "logged");
    assert_eq!(wechat_tokens(&stored), [""; 0], "stored");
    assert_eq!(wechat_tokens(&format!("a 86_{} b", "x".repeat(107))).len(), 1, "the search finds them");
    for (what, secret) in &secrets.hashed {
        // Of a dated token the digest stands behind the date.
        let token = OpaqueToken::parse(secret);
        let digest = token.map_or_else(|| Digest::of(secret), |token| token.digest()).0;
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let there = stored.contains(&by_byte(&digest)) || stored.contains(&hex);
        assert!(there, "no digest of {what} is stored");
    }
}
