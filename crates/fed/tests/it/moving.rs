//! `fed db copy`, with real processes: a Federation that serves moves to PostgreSQL, and whoever was signed in still is;
//! kill -9 at any point loses nothing and never leaves two that can be served.

use crate::support::{Fed, Setup, fed, http, run, said, wechat_with};
use downcity_store::testing::{fresh_postgres, number};
use downcity_store::{NewMail, OpenError, Store};
use serde_json::{Value, json};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wechat_sim::Sim;

const PEOPLE: usize = 40;

/// The command, on this data folder.
fn copy(data: &Path, url: &str, more: &[&str]) -> Command {
    let mut command = fed();
    command.args(["db", "copy", "--yes", "--data"]).arg(data).args(more).env("FED_DATABASE_URL", url);
    command
}

/// People who sign in at one address.
struct Crowd {
    sim: wechat_sim::Handle,
    http: reqwest::Client,
    url: String,
    /// Tokens that were handed out, whose they are, and which user that is.
    tokens: Mutex<Vec<(String, usize, String)>>,
    over: AtomicBool,
}

impl Crowd {
    fn of(sim: &Sim, url: &str) -> Arc<Self> {
        let (sim, url, tokens, over) =
            (sim.handle(), url.to_owned(), Mutex::default(), AtomicBool::default());
        Arc::new(Self { sim, http: http(), url, tokens, over })
    }

    /// None: the server is gone.
    async fn sign_in(&self, person: usize) -> Option<()> {
        let body = json!({"provider": "wechat"});
        let start = self.http.post(format!("{}/v1/accounts/oauth/start", self.url)).json(&body);
        let started: Value = start.send().await.ok()?.json().await.ok()?;
        let url = started["url"].as_str().unwrap_or_else(|| panic!("{started}"));
        let callback = self.sim.sign_in_as(url, &format!("p{person}")).expect("the simulated phone works");
        self.http.get(callback).send().await.ok()?;
        let state = started["state"].as_str().unwrap();
        let result = format!("{}/v1/accounts/oauth/result?state={state}", self.url);
        let done: Value = self.http.get(result).send().await.ok()?.json().await.ok()?;
        let text = |name: &str| done[name].as_str().map(str::to_owned);
        let (token, user_id) = (text("user_token")?, text("user_id")?);
        self.tokens.lock().unwrap().push((token, person, user_id));
        Some(())
    }

    async fn go_on(&self) {
        for turn in 0.. {
            if self.over.load(Ordering::Relaxed) || self.sign_in(turn % PEOPLE).await.is_none() {
                break;
            }
        }
    }

    /// The status that a token has somewhere.
    async fn status(&self, url: &str, token: &str) -> (u16, Value) {
        let answer = self.http.get(format!("{url}/v1/accounts/me")).bearer_auth(token).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_federation_that_serves_moves_to_postgres() {
    let sim = wechat_with(PEOPLE).await;
    let start = || Setup::default().simulator(sim.url()).args(["--starts-per-minute", "0"]);
    let mut old = start().start();
    old.set_up_wechat(&sim);
    old.run(&["city", "create", "Demo", "--city-id", "city_demo"]);
    let made = old.run(&["admin-key", "create", "second", "--role", "viewer", "--json"]);
    let made: Value = serde_json::from_str(&made).unwrap();
    let second = made["admin_key"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let crowd = Crowd::of(&sim, old.url());
    for person in 0..PEOPLE {
        crowd.sign_in(person).await.unwrap();
    }
    let left = crowd.tokens.lock().unwrap().remove(0).0;
    let logout = crowd.http.post(format!("{}/v1/accounts/logout", old.url())).bearer_auth(&left);
    assert_eq!(logout.json(&json!({})).send().await.unwrap().status(), 200);

    let url = fresh_postgres().await;
    let before = crowd.tokens.lock().unwrap().len();
    let signing_in: Vec<_> = (0..3)
        .map(|_| {
            tokio::spawn({
                let crowd = Arc::clone(&crowd);
                async move { crowd.go_on().await }
            })
        })
        .collect();
    let stop = format!("sleep 1; kill -TERM {}", old.pid());
    let (data, target) = (old.data(), url.clone());
    let moved = tokio::task::spawn_blocking(move || {
        run(copy(&data, &target, &["--json", "--stop-command", &stop]), "")
    });
    let moved = moved.await.unwrap();
    crowd.over.store(true, Ordering::Relaxed);
    for task in signing_in {
        task.await.unwrap();
    }
    assert!(moved.status.success(), "{}", said(&moved));
    let lines: Vec<Value> = String::from_utf8(moved.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let steps: Vec<&str> = lines.iter().filter_map(|line| line["step"].as_str()).collect();
    assert_eq!(steps, ["stopping", "same", "marked"], "{lines:?}");
    let done = lines.last().unwrap();
    assert!(done["done"] == true && done["rows"].as_u64().unwrap() > 100, "{done}");
    assert!(done["written"].as_u64().unwrap() > 0, "sign-ins went on while it was copied: {done}");
    assert!(done["seconds"]["stopped"].as_f64().unwrap() < 20.0, "{done}");
    assert!(crowd.tokens.lock().unwrap().len() > before);
    assert!(old.ended().success());

    let again = run(serve(&old.data()), "");
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));
    assert!(said(&again).contains("was moved to the PostgreSQL database"), "{}", said(&again));
    let address = old.url().trim_start_matches("http://");
    let new = start().folder(old.folder()).database_url(&url).start_on(address);
    assert!(!new.output().contains("Admin key"), "its admin keys came along: {}", new.output());
    let tokens = crowd.tokens.lock().unwrap().clone();
    for (token, person, user_id) in &tokens {
        let (status, me) = crowd.status(new.url(), token).await;
        assert_eq!(status, 200, "a token that was handed out: {me}");
        assert_eq!(me["user"]["user_id"], **user_id);
        assert_eq!(me["profile"]["display_name"], format!("Person {person}"));
    }
    assert_eq!(crowd.status(new.url(), &left).await.0, 401, "who left stays out");
    let later = Crowd::of(&sim, new.url());
    for (_, person, user_id) in tokens.iter().take(10) {
        later.sign_in(*person).await.unwrap();
        let (_, _, same) = later.tokens.lock().unwrap().last().unwrap().clone();
        assert_eq!(same, *user_id, "the same person is the same user");
    }
    let admin = new.client().admin(second.into());
    assert!(admin.cities().list().await.unwrap().items.iter().any(|city| city.city_id == "city_demo"));
    assert!(new.run(&["env", "list"]).contains("WECHAT_CLIENT_SECRET"));
    assert!(new.run(&["audit", "list"]).contains("database.moved"));
}

fn serve(data: &Path) -> Command {
    let mut command = fed();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    command
}

/// Which side can be served.
#[derive(Debug, PartialEq, Eq)]
enum Live {
    Sqlite,
    Neither,
    Postgres,
}

async fn live(file: &Path, url: &str) -> Live {
    let sqlite = match Store::open_sqlite(file).await {
        Ok(store) => {
            store.close().await;
            true
        }
        Err(OpenError::Moved { .. }) => false,
        Err(other) => panic!("{other}"),
    };
    if sqlite {
        // Not opened where it might be empty still: that would make it a database of its own.
        return Live::Sqlite;
    }
    match Store::open_postgres(url).await {
        Ok(store) => {
            store.close().await;
            Live::Postgres
        }
        Err(OpenError::Copying { .. }) => Live::Neither,
        Err(other) => panic!("{other}"),
    }
}

/// A Federation that was served, with this many mails.
async fn with_mails(mails: usize) -> Fed {
    let mut fed = Fed::start();
    fed.stop();
    let store = Store::open_sqlite(&fed.data().join("fed.db")).await.unwrap();
    let mut writes = tokio::task::JoinSet::new();
    for index in 0..mails {
        let (store, outbox_id) = (store.clone(), format!("mail-{index:05}"));
        let now = downcity_service::core::Timestamp(1);
        let mail =
            NewMail { outbox_id, address: "a@example.com".into(), sealed: vec![7; 64], event_id: None, now };
        writes.spawn(async move { store.enqueue_mail(mail).await.unwrap() });
        if index % 1000 == 999 {
            while writes.join_next().await.is_some() {}
        }
    }
    while writes.join_next().await.is_some() {}
    store.close().await;
    fed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_minus_9_while_it_moves() {
    const MAILS: usize = 6_000;
    let fed = with_mails(MAILS).await;
    let (data, file, url) = (fed.data(), fed.data().join("fed.db"), fresh_postgres().await);
    let mut longest = Duration::from_millis(50);
    let mut seen = Vec::new();
    for round in 0..12 {
        let mut child =
            copy(&data, &url, &["--json"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let random = RandomState::new().hash_one(round);
        let moment = longest.mul_f64((random % 1000) as f64 / 1000.0);
        tokio::time::sleep(moment).await;
        if child.try_wait().unwrap().is_none() {
            longest = longest.mul_f64(1.4);
        }
        let _ = child.kill();
        child.wait().unwrap();
        seen.push(live(&file, &url).await);
        if seen.last() == Some(&Live::Postgres) {
            break;
        }
    }
    ends_whole(&data, &url, MAILS).await;
    assert!(seen.contains(&Live::Sqlite), "it was killed in the middle: {seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_minus_9_at_each_step_of_the_stop() {
    const MAILS: usize = 500;
    for (step, after) in [("compared", Live::Sqlite), ("same", Live::Neither), ("marked", Live::Postgres)] {
        let fed = with_mails(MAILS).await;
        let (data, file, url) = (fed.data(), fed.data().join("fed.db"), fresh_postgres().await);
        let mut child = copy(&data, &url, &["--json"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains(&format!("\"{step}\""))), "{step}");
        child.kill().unwrap();
        child.wait().unwrap();
        // The step that was told was done; whether the next one was too is a matter of moments.
        let found = live(&file, &url).await;
        let possible = [Live::Sqlite, Live::Neither, Live::Postgres];
        let least = possible.iter().position(|live| *live == after).unwrap().saturating_sub(1);
        assert!(possible[least..].contains(&found), "{step}: {found:?}");
        ends_whole(&data, &url, MAILS).await;
    }
}

/// The same again goes on to the end.
async fn ends_whole(data: &Path, url: &str, mails: usize) {
    let done = run(copy(data, url, &[]), "");
    assert!(done.status.success(), "{}", said(&done));
    assert!(said(&done).contains("FED_DATABASE_URL"), "{}", said(&done));
    assert_eq!(live(&data.join("fed.db"), url).await, Live::Postgres);
    let store = Store::open_postgres(url).await.unwrap();
    let count = number(&store, "select count(*) from outbox").await;
    assert_eq!(usize::try_from(count).unwrap(), mails);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_asks_first_waits_for_the_end_of_the_server_and_refuses_what_does_not_fit() {
    let mut fed = Fed::start();
    let url = fresh_postgres().await;
    let mut unsure = crate::support::fed();
    unsure.args(["db", "copy", "--data"]).arg(fed.data()).env("FED_DATABASE_URL", &url);
    let unsure = run(unsure, "");
    assert!(unsure.status.code() == Some(2) && said(&unsure).contains("--yes"), "{}", said(&unsure));
    let mut nowhere = crate::support::fed();
    nowhere.args(["db", "copy", "--yes", "--data"]).arg(fed.data());
    let nowhere = run(nowhere, "");
    assert!(
        nowhere.status.code() == Some(2) && said(&nowhere).contains("FED_DATABASE_URL"),
        "{}",
        said(&nowhere)
    );
    let gone = run(copy(&fed.data(), "postgres://u:hunter2@127.0.0.1:1/d", &[]), "");
    assert!(gone.status.code() == Some(4) && !said(&gone).contains("hunter2"), "{}", said(&gone));
    let failed = run(copy(&fed.data(), &url, &["--stop-command", "exit 3"]), "");
    assert!(
        failed.status.code() == Some(1) && said(&failed).contains("serves from SQLite"),
        "{}",
        said(&failed)
    );
    assert!(fed.run(&["city", "list"]).contains("city"), "and it does");

    let mut waiting =
        copy(&fed.data(), &url, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(waiting.stderr.take().unwrap()).lines();
    assert!(told.any(|line| line.unwrap().contains("now stop the server")));
    std::thread::sleep(Duration::from_millis(300));
    assert!(waiting.try_wait().unwrap().is_none(), "it waits");
    fed.run(&["city", "create", "Late", "--city-id", "city_late"]);
    let begun = Instant::now();
    assert!(fed.stop().success());
    let done = waiting.wait_with_output().unwrap();
    assert!(done.status.success() && begun.elapsed() < Duration::from_secs(20), "{}", said(&done));
    assert!(said(&done).contains("Each was read from both sides and is the same"), "{}", said(&done));
    let new = Setup::default().folder(fed.folder()).database_url(&url).start();
    assert!(new.run(&["city", "list"]).contains("city_late"));

    let other = Fed::start();
    let refused = run(copy(&other.data(), &url, &[]), "");
    assert!(
        refused.status.code() == Some(2) && said(&refused).contains("nothing is overwritten"),
        "{}",
        said(&refused)
    );
    assert!(new.run(&["city", "list"]).contains("city_late"), "and goes on");
}
