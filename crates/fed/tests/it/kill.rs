//! kill -9 in the middle of a storm of sign-ins, registrations and changes of an admin, several times over: what was handed
//! out works, nobody is half made, and nobody waits for ever.

mod beside;
mod power;

use crate::support::{Fed, Setup, field, http, nobody_is_half_made, none, wechat_with};
use beside::Beside;
use downcity_store::Store;
use downcity_store::testing::{fresh_postgres, number, tamper};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use wechat_sim::Sim;

/// People who sign in, again and again.
const PEOPLE: usize = 24;
/// Sign-ins under way at the same time.
const WORKERS: usize = 12;
/// Rounds of an ordinary run, and of a soak.
const ROUNDS: usize = 10;
const SOAK_ROUNDS: usize = 200;
/// How many of the latest sign-ins are asked for their result again after each round.
const ASKED_AGAIN: usize = 60;
/// How long that may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A token that was handed out.
struct Handed {
    state: String,
    token: String,
    user_id: String,
    person: String,
}

/// What clients were told, however the server ended.
#[derive(Default)]
struct Told {
    /// Every state that was given, and the callback that its browser was sent to.
    started: Vec<(String, String)>,
    /// Every token that was handed out.
    tokens: Vec<Handed>,
    /// Every token whose logout was asked for, and those whose logout was confirmed.
    leaving: HashSet<String>,
    left: HashSet<String>,
    /// Every city that an admin was told is made.
    cities: Vec<String>,
    /// How often somebody set out to sign in.
    turns: usize,
    /// What others were told meanwhile.
    beside: Beside,
}

impl Told {
    /// Keeps the latest.
    fn forget_but(&mut self, latest: usize) {
        self.started.drain(..self.started.len().saturating_sub(latest));
        self.tokens.drain(..self.tokens.len().saturating_sub(latest));
    }
}

/// The storm: people sign in, and sometimes out, until the server is gone.
struct Storm {
    sim: wechat_sim::Handle,
    url: String,
    http: reqwest::Client,
    told: Mutex<Told>,
    over: AtomicBool,
    next: AtomicUsize,
    key: String,
}

impl Storm {
    async fn work(&self) {
        while !self.over.load(Ordering::Relaxed) {
            // An error is the server that went away; whoever was told nothing was promised nothing.
            if self.sign_in().await.is_none() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }

    async fn sign_in(&self) -> Option<()> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let person = format!("p{}", turn % PEOPLE);
        let started = self.call("accounts/oauth/start", &json!({"provider": "wechat"}), None).await?;
        let (url, state) = (field(&started, "url"), field(&started, "state"));
        let callback = self.sim.sign_in_as(&url, &person).expect("the simulated phone works");
        self.told.lock().unwrap().started.push((state.clone(), callback.clone()));
        self.http.get(callback).send().await.ok()?;
        let done = result(&self.http, &self.url, &state).await?;
        let (token, user_id) = (field(&done, "user_token"), field(&done, "user_id"));
        let handed = Handed { state, token: token.clone(), user_id, person };
        self.told.lock().unwrap().tokens.push(handed);
        if turn.is_multiple_of(16) {
            let city_id = format!("city_storm_{turn}");
            let body = json!({"name": "Storm", "city_id": city_id});
            self.call("cities/create", &body, Some(&self.key)).await?;
            self.told.lock().unwrap().cities.push(city_id);
        }
        if turn.is_multiple_of(5) {
            self.told.lock().unwrap().leaving.insert(token.clone());
            self.call("accounts/logout", &json!({}), Some(&token)).await?;
            self.told.lock().unwrap().left.insert(token);
        }
        Some(())
    }

    async fn call(&self, path: &str, body: &Value, token: Option<&str>) -> Option<Value> {
        let request = self.http.post(format!("{}/v1/{path}", self.url)).json(body);
        let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        let answer = request.send().await.ok()?;
        let status = answer.status();
        let body = answer.json::<Value>().await.ok()?;
        assert_eq!(status, 200, "{path}: {body}");
        Some(body)
    }
}

/// The outcome of a sign-in, if the server is there to tell it.
async fn result(http: &reqwest::Client, url: &str, state: &str) -> Option<Value> {
    let path = format!("{url}/v1/accounts/oauth/result?state={state}");
    let answer = http.get(path).send().await.ok()?;
    answer.json().await.ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_minus_9_during_sign_ins_on_sqlite() {
    storm_and_kill(None, ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak"]
async fn soak_of_kill_minus_9_on_sqlite() {
    storm_and_kill(None, SOAK_ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak"]
async fn soak_of_kill_minus_9_on_postgres() {
    storm_and_kill(Some(fresh_postgres().await), SOAK_ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_minus_9_during_sign_ins_on_postgres() {
    storm_and_kill(Some(fresh_postgres().await), ROUNDS).await;
}

/// Sets up what people sign in and register with.
async fn set_up(fed: &Fed, sim: &Sim) -> Told {
    fed.set_up_wechat(sim);
    Told { beside: Beside::of(fed, &sim.handle()).await, ..Told::default() }
}

async fn storm_and_kill(database_url: Option<String>, rounds: usize) {
    let sim = wechat_with(PEOPLE + 1).await;
    let mut setup = Setup::default().simulator(sim.url()).args(["--starts-per-minute", "0"]);
    if let Some(url) = &database_url {
        setup = setup.database_url(url);
    }
    let mut fed = setup.start();
    let mut told = set_up(&fed, &sim).await;
    for round in 0..rounds {
        // At random points: after one token to forty, and up to thirty milliseconds more.
        let random = RandomState::new().hash_one(round);
        let rest = Duration::from_micros(random / 64 % 30_000);
        told = rain(&mut fed, &sim, told, 1 + (random % 40) as usize, rest).await;
        nothing_is_half_done(&fed, database_url.as_deref(), false).await;
        fed = fed.restart();
        all_holds(&fed, &mut told).await;
        // What held once is not looked at again, so that a soak of many rounds takes no longer each time.
        told.forget_but(400);
    }
    fed.kill();
    nothing_is_half_done(&fed, database_url.as_deref(), true).await;
    let fed = fed.restart();
    nobody_waits_for_ever(fed.url(), &told).await;
    assert!(!fed.log().contains("ERROR") && !fed.log().contains("panicked"), "{}", fed.log());
}

/// One storm, ended by kill -9.
async fn rain(fed: &mut Fed, sim: &Sim, told: Told, tokens: usize, rest: Duration) -> Told {
    let enough = told.tokens.len() + tokens;
    let storm = Arc::new(Storm {
        sim: sim.handle(),
        url: fed.url().to_owned(),
        http: http(),
        next: AtomicUsize::new(told.turns),
        key: fed.admin_key(),
        told: Mutex::new(told),
        over: AtomicBool::new(false),
    });
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let storm = Arc::clone(&storm);
        workers.spawn(async move { storm.work().await });
    }
    let (one, other) = (Arc::clone(&storm), Arc::clone(&storm));
    workers.spawn(async move { one.register().await });
    workers.spawn(async move { other.administer().await });
    let end = Instant::now() + PATIENCE;
    while storm.told.lock().unwrap().tokens.len() < enough {
        assert!(Instant::now() < end && !workers.is_empty(), "sign-ins do not get through");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(rest).await;
    fed.kill();
    storm.over.store(true, Ordering::Relaxed);
    while let Some(worked) = workers.join_next().await {
        worked.expect("nothing but the end of the server stops a sign-in");
    }
    let mut told = std::mem::take(&mut *storm.told.lock().unwrap());
    told.turns = storm.next.load(Ordering::Relaxed);
    told
}

/// Everything that anybody was told.
async fn all_holds(fed: &Fed, told: &mut Told) {
    what_was_told_holds(fed.url(), told).await;
    cities_hold(fed, told).await;
    beside::changes_hold(fed, told).await;
    beside::registrations_hold(fed, told).await;
}

/// Every city that an admin was told is made is there, and no token is there twice.
async fn cities_hold(fed: &Fed, told: &Told) {
    let cities = fed.admin().cities().list().await.unwrap();
    for city in &told.cities {
        assert!(
            cities.items.iter().any(|listed| listed.city_id == *city),
            "{city} was confirmed and is lost"
        );
    }
    let tokens: HashSet<_> = told.tokens.iter().map(|handed| &handed.token).collect();
    assert_eq!(tokens.len(), told.tokens.len(), "no token is handed out twice");
}

/// Every token works, or was logged out for good; and a person is one user however often they came.
async fn what_was_told_holds(url: &str, told: &Told) {
    let http = http();
    let mut users: HashMap<&str, &str> = HashMap::new();
    let mut given_again = 0;
    for Handed { state, token, user_id, .. } in told.tokens.iter().rev().take(ASKED_AGAIN) {
        // Who collected it gets the same again for a moment, and nobody another one.
        let again = result(&http, url, state).await.expect("an answer");
        let same = again["user_token"] == **token;
        assert!(same || again["user_token"].is_null() && again["code"].is_string(), "{user_id}: {again}");
        given_again += usize::from(same);
    }
    assert!(given_again > 0, "those of a moment ago are given again");
    for Handed { token, user_id, person, .. } in &told.tokens {
        let answer = http.get(format!("{url}/v1/accounts/me")).bearer_auth(token).send().await.unwrap();
        let (status, me) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
        if told.left.contains(token) {
            assert_eq!(status, 401, "a logout that was confirmed holds: {me}");
        } else if status == 200 {
            assert_eq!(me["user"]["user_id"], **user_id);
            assert_eq!(me["profile"]["display_name"], format!("Person {}", &person[1..]));
        } else {
            // The server may have been killed between doing a logout and saying so.
            assert!(status == 401 && told.leaving.contains(token), "a token that was handed out: {me}");
        }
        assert_eq!(users.entry(person).or_insert(user_id), &user_id, "{person} is two users");
    }
}

/// What no audit record and no session may say.
const WRONG: [&str; 4] = [
    "select count(*) from cities c where c.name = 'Storm' and 1 <> \
     (select count(*) from audit a where a.action = 'city.created' and a.subject = c.city_id)",
    "select count(*) from admin_keys a where a.name = 'Storm' and 1 <> \
     (select count(*) from audit r where r.action = 'admin_key.created' and r.subject = a.key_id)",
    "select count(*) from admin_keys a where a.name = 'Storm' and \
     (case when a.revoked_at is null then 0 else 1 end) <> \
     (select count(*) from audit r where r.action = 'admin_key.revoked' and r.subject = a.key_id)",
    "select count(*) from sessions s where s.provider = 'wechat' and not exists \
     (select 1 from login_attempts a where a.session_id = s.session_id)",
];

/// Looks into the database behind the dead server's back, and takes its hold off mails.
async fn nothing_is_half_done(fed: &Fed, database_url: Option<&str>, let_time_pass: bool) {
    let store = match database_url {
        Some(url) => Store::open_postgres(url).await.unwrap(),
        None => Store::open_sqlite(&fed.data().join("fed.db")).await.unwrap(),
    };
    nobody_is_half_made(&store).await;
    none(&store, &WRONG).await;
    let from_wechat = "select count(distinct i.user_id) from identities i where i.provider = 'wechat'";
    let users = number(&store, from_wechat).await;
    assert!((1..=i64::try_from(PEOPLE + 1).unwrap()).contains(&users), "{users}");
    // In place of waiting: the minute is over for which the dead server had taken mails to send.
    tamper(&store, "update outbox set taken_until = 0 where state = 'waiting'").await;
    if let_time_pass {
        // In place of waiting: every attempt that is not settled began eleven minutes earlier.
        let earlier = "update login_attempts set claimed_at = claimed_at - 660000, \
                       created_at = created_at - 660000, expires_at = expires_at - 660000 \
                       where stage in ('waiting', 'exchanging', 'confirming')";
        tamper(&store, earlier).await;
    }
    store.close().await;
}

/// Whoever asks now is told an end, and a browser that comes back is shown one.
async fn nobody_waits_for_ever(url: &str, told: &Told) {
    let http = http();
    let mut ends: HashMap<String, usize> = HashMap::new();
    for (state, callback) in &told.started {
        let answer = result(&http, url, state).await.expect("an answer");
        let end = answer["code"].as_str().or(answer["status"].as_str()).unwrap_or_default().to_owned();
        let known = ["done", "login_interrupted", "login_expired", "already_collected"];
        assert!(known.contains(&end.as_str()), "{answer}");
        if ends.insert(end.clone(), ends.get(&end).copied().unwrap_or(0) + 1).is_none() {
            let back = http.get(callback).send().await.unwrap();
            assert_eq!(back.status(), 303, "{end}");
        }
    }
}
