//! More requests than can be served, and peers that are slow, silent or send monsters: those who are let in keep their
//! pace, the rest are told at once, and memory is bounded.

use crate::support::{Cluster, Fed, Setup};
use downcity_store::testing::fresh_postgres;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Barrier;
use wechat_sim::{Sim, SimConfig};

/// Starts that are worked on at the same time (`http/src/admission.rs`).
const PLACES: usize = 256;

async fn ready(setup: Setup) -> (Sim, Fed) {
    let sim = Sim::start(SimConfig::default(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let fed = setup.simulator(sim.url()).args(["--starts-per-minute", "0"]).start();
    fed.set_up_wechat(&sim);
    (sim, fed)
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap()
}

/// One start: its status, its code, and how long it took. A refusal must say when to come again.
async fn start(http: &reqwest::Client, url: &str) -> (u16, String, Duration) {
    let begun = Instant::now();
    let request = http.post(format!("{url}/v1/accounts/oauth/start")).json(&json!({"provider": "wechat"}));
    let answer = request.send().await.expect("an answer");
    let (status, again) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
    let body: Value = answer.json().await.unwrap();
    assert!(status == 200 || status == 503 && again, "{status} {body}");
    (status, body["code"].as_str().unwrap_or_default().to_owned(), begun.elapsed())
}

/// So many clients start one sign-in after the other for a while; those who are refused wait a little. Gives how long
/// each one that was let in took, and each one that was refused, in order.
async fn press(url: &str, clients: usize, span: Duration) -> (Vec<Duration>, Vec<Duration>) {
    let (http, connected) = (http(), Arc::new(Barrier::new(clients)));
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (http, url, connected) = (http.clone(), url.to_owned(), Arc::clone(&connected));
            tokio::spawn(async move {
                let (mut took, mut refused) = (Vec::new(), Vec::new());
                http.get(format!("{url}/health")).send().await.expect("a connection");
                connected.wait().await;
                let end = Instant::now() + span;
                while Instant::now() < end {
                    let (status, code, after) = start(&http, &url).await;
                    if status == 200 {
                        took.push(after);
                    } else {
                        assert_eq!(code, "overloaded");
                        refused.push(after);
                        tokio::time::sleep(Duration::from_secs(2)).await;
                    }
                }
                (took, refused)
            })
        })
        .collect();
    let (mut all, mut refused) = (Vec::new(), Vec::new());
    for task in tasks {
        let (took, more) = task.await.unwrap();
        all.extend(took);
        refused.extend(more);
    }
    all.sort();
    refused.sort();
    (all, refused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak"]
async fn soak_of_ten_times_more_than_can_be_served_does_not_slow_those_who_are_let_in() {
    let (_sim, fed) = ready(Setup::default()).await;
    let p99 = |took: &[Duration]| took[took.len() * 99 / 100];
    let (calm, refused) = press(fed.url(), 64, Duration::from_secs(3)).await;
    assert_eq!(refused.len(), 0, "64 at a time are no load");
    let (pressed, refused) = press(fed.url(), 10 * PLACES, Duration::from_secs(6)).await;
    assert!(refused.len() > PLACES && pressed.len() > PLACES, "{} refused, {}", refused.len(), pressed.len());
    // Four times as many are worked on at a time, beside the refusals and the clients on the same cores.
    let bound = p99(&calm) * 16 + Duration::from_millis(500);
    assert!(p99(&pressed) < bound, "{:?} calm, {:?} under pressure", p99(&calm), p99(&pressed));
    assert!(p99(&refused) < bound, "{:?} calm, refused in {:?}", p99(&calm), p99(&refused));
    let (status, _, _) = start(&http(), fed.url()).await;
    assert_eq!(status, 200, "and when it is over all is as before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_that_wait_for_a_locked_table_leave_all_else_its_room() {
    let cluster = Cluster::start("");
    let (_sim, fed) = ready(Setup::default().database_url(&cluster.url())).await;
    let sql = "begin; lock table login_attempts in access exclusive mode; select pg_sleep(4); commit";
    let mut lock = Command::new("psql")
        .args([&cluster.url(), "-c", sql])
        .stdout(Stdio::null())
        .spawn()
        .expect("psql is installed with PostgreSQL");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let http = http();
    let tasks: Vec<_> = (0..2 * PLACES)
        .map(|_| {
            let (http, url) = (http.clone(), fed.url().to_owned());
            tokio::spawn(async move { start(&http, &url).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    for path in ["/health", "/v1/accounts/providers", "/v1/services"] {
        let begun = Instant::now();
        let answer = http.get(format!("{}{path}", fed.url())).send().await.unwrap();
        assert!(answer.status() == 200 && begun.elapsed() < Duration::from_secs(1), "{path}");
    }
    let mut at_once = 0;
    for task in tasks {
        let (status, code, after) = task.await.unwrap();
        assert!(after < Duration::from_secs(15), "{status} {code} {after:?}");
        at_once += usize::from(code == "overloaded");
    }
    assert_eq!(at_once, PLACES, "half of them found a place");
    assert!(lock.wait().unwrap().success());
    assert_eq!(start(&http, fed.url()).await.0, 200);
}

fn connect(fed: &Fed) -> TcpStream {
    let stream = TcpStream::connect(fed.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// What a peer gets until the connection ends.
fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_drip_are_refused_and_hold_nobodys_place() {
    let (_sim, fed) = ready(Setup::default()).await;
    let head = "POST /v1/accounts/oauth/start HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 200000\r\n\r\n{";
    let slow: Vec<_> = (0..2 * PLACES)
        .map(|_| {
            let mut stream = connect(&fed);
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    assert_eq!(start(&http(), fed.url()).await.0, 200, "the slow ones are in nobody's way");
    let answers =
        tokio::task::spawn_blocking(|| slow.into_iter().map(rest).collect::<Vec<_>>()).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let refused = answers.iter().filter(|answer| answer.contains("body_too_slow")).count();
    assert_eq!(refused, answers.len(), "{}", answers[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_idle_connections_cost_little_and_end() {
    let (_sim, fed) = ready(Setup::default()).await;
    let (before, files) = (fed.measure("VmRSS"), fed.open_files());
    // As far as the limit on open files of this process goes.
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(20_000);
    let many = usize::try_from(most / 4).unwrap().min(5_000);
    let mut idle: Vec<_> = (0..many).map(|_| connect(&fed)).collect();
    for stream in &mut idle {
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n").unwrap();
    }
    assert_eq!(start(&http(), fed.url()).await.0, 200, "there is room for others");
    let each = fed.measure("VmRSS").saturating_sub(before) * 1024 / many as u64;
    assert!(each < 32 * 1024, "{each} bytes for each of {many}");
    let end = Instant::now() + Duration::from_secs(40);
    while fed.open_files() > files + 20 {
        assert!(Instant::now() < end, "{} files are still open", fed.open_files());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    drop(idle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_sign_in_costs_little_on_sqlite() {
    waiting_costs_little(Setup::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_sign_in_costs_little_on_postgres() {
    waiting_costs_little(Setup::default().database_url(&fresh_postgres().await)).await;
}

/// Less than the buffers that hyper has for one connection, for each who comes to a crowd that waits.
async fn waiting_costs_little(setup: Setup) {
    const FIRST: usize = 200;
    const MANY: usize = 800;
    let (_sim, fed) = ready(setup).await;
    let (client, address) = (http(), format!("{}/v1/accounts/oauth/start", fed.url()));
    for way in ["result?wait=25&state=", "events?state="] {
        let mut states = Vec::new();
        for _ in 0..FIRST + MANY {
            let started = client.post(&address).json(&json!({"provider": "wechat"})).send().await.unwrap();
            let started: Value = started.json().await.unwrap();
            states.push(started["state"].as_str().expect("a state").to_owned());
        }
        // What it takes that anybody waits is not theirs.
        let mut waiting = crowd(&fed, way, &states[..FIRST]).await;
        let before = fed.measure("VmRSS");
        waiting.extend(crowd(&fed, way, &states[FIRST..]).await);
        let each = fed.measure("VmRSS").saturating_sub(before) * 1024 / MANY as u64;
        assert!(each < 16 * 1024, "{way}: {each} bytes for each of {MANY}");
        for mut stream in waiting {
            stream.set_nonblocking(true).unwrap();
            let told = stream.read(&mut [0; 64]).map_err(|why| why.kind());
            assert_eq!(told, Err(ErrorKind::WouldBlock), "{way}: it still waits");
        }
    }
}

/// Those who wait for these sign-ins, when all of them do.
async fn crowd(fed: &Fed, way: &str, states: &[String]) -> Vec<TcpStream> {
    let files = fed.open_files();
    let mut waiting = states
        .iter()
        .map(|state| {
            let mut stream = connect(fed);
            let head = format!("GET /v1/accounts/oauth/{way}{state} HTTP/1.1\r\nhost: x\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect::<Vec<_>>();
    // However many come at once, nobody who only waits is turned away.
    for stream in waiting.iter_mut().filter(|_| way.starts_with("events")) {
        let mut told = Vec::new();
        while !told.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            told.extend(byte);
        }
        assert!(told.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&told));
    }
    let end = Instant::now() + Duration::from_secs(20);
    while fed.open_files() < files + states.len() {
        assert!(Instant::now() < end, "{} files are open", fed.open_files());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    waiting
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn monsters_are_refused_within_bounded_memory() {
    let (_sim, fed) = ready(Setup::default()).await;
    let before = fed.measure("VmRSS");
    let long = Arc::new(format!("GET /health HTTP/1.1\r\nhost: x\r\nx-long: {}", "a".repeat(1 << 20)));
    let many = Arc::new(format!("GET /health HTTP/1.1\r\nhost: x\r\n{}\r\n", "x-a: b\r\n".repeat(5000)));
    let deep = "[".repeat(200_000);
    let deep = Arc::new(format!(
        "POST /v1/accounts/oauth/start HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{deep}",
        deep.len()
    ));
    for (monster, status) in [(long, "431"), (many, "431"), (deep, "400")] {
        let senders: Vec<_> = (0..32)
            .map(|_| {
                let (monster, mut stream) = (Arc::clone(&monster), connect(&fed));
                std::thread::spawn(move || {
                    // It may be refused before all of it is sent.
                    let _ = stream.write_all(monster.as_bytes());
                    rest(stream)
                })
            })
            .collect();
        let answers: Vec<_> = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
        // A reset may swallow the answer of one that goes on sending.
        let wrong =
            |answer: &&String| !answer.is_empty() && !answer.starts_with(&format!("HTTP/1.1 {status} "));
        assert_eq!(answers.iter().find(wrong), None);
        assert_eq!(start(&http(), fed.url()).await.0, 200);
    }
    let grown = fed.measure("VmRSS").saturating_sub(before);
    assert!(grown < 48 * 1024, "{grown} KiB");
}
