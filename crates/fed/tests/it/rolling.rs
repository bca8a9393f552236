//! Nodes that are stopped and started while people sign in: nobody notices.

use crate::deploy::nginx_before;
use crate::support::{Fed, Identity, Nodes, Setup, field, free_port};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use downcity_store::testing::fresh_postgres;
use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpListener;
use url::Url;
use wechat_sim::App;

/// How often the balancer asks each node whether it is ready.
const ASKS: Duration = Duration::from_millis(100);
/// People who sign in at the same time.
const PEOPLE: usize = 6;
/// Clients that ask at the same time, each on a fresh connection.
const CROWD: usize = 48;
/// How often a node is stopped under them.
const ROUNDS: usize = 6;

/// A small balancer, as simple as they come: one node after the other of those whose `/ready` was 200 when it last
/// asked. It tries nothing twice.
struct Balancer {
    http: reqwest::Client,
    nodes: Vec<(String, AtomicBool)>,
    turn: AtomicUsize,
}

impl Balancer {
    fn open(listener: TcpListener, urls: Vec<String>) {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let nodes = urls.into_iter().map(|url| (url, AtomicBool::new(true))).collect();
        let balancer = Arc::new(Self { http, nodes, turn: AtomicUsize::new(0) });
        for at in 0..balancer.nodes.len() {
            let balancer = Arc::clone(&balancer);
            tokio::spawn(async move {
                let (url, ready) = &balancer.nodes[at];
                loop {
                    let answer = balancer.http.get(format!("{url}/ready")).send().await;
                    ready.store(answer.is_ok_and(|answer| answer.status() == 200), Ordering::Relaxed);
                    tokio::time::sleep(ASKS).await;
                }
            });
        }
        let app = Router::new().fallback(pass).with_state(balancer);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    }

    fn next(&self) -> Option<&str> {
        let ready: Vec<_> = self.nodes.iter().filter(|(_, ready)| ready.load(Ordering::Relaxed)).collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        (!ready.is_empty()).then(|| ready[turn % ready.len()].0.as_str())
    }
}

async fn pass(State(balancer): State<Arc<Balancer>>, request: Request) -> Response {
    let refused = |why: String| (StatusCode::BAD_GATEWAY, why).into_response();
    let Some(node) = balancer.next() else { return refused("no node is ready".into()) };
    let (head, body) = request.into_parts();
    let what = format!("{} {} at {node}", head.method, head.uri.path());
    let mut onward = balancer.http.request(head.method, format!("{node}{}", head.uri));
    for name in ["authorization", "content-type", "cookie"] {
        if let Some(value) = head.headers.get(name) {
            onward = onward.header(name, value);
        }
    }
    let answer = match onward.body(to_bytes(body, 1 << 20).await.unwrap()).send().await {
        Ok(answer) => answer,
        Err(why) => return refused(format!("{what}: {why:?}")),
    };
    let status = answer.status();
    match answer.bytes().await {
        Ok(bytes) => (status, Body::from(bytes)).into_response(),
        Err(why) => refused(format!("{what}: {why:?}")),
    }
}

/// Somebody who signs in and out again and again; a request that fails is a panic.
struct Person {
    http: reqwest::Client,
    base: String,
    sim: wechat_sim::Handle,
}

impl Person {
    async fn told(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
        token: Option<&str>,
    ) -> (u16, Value) {
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        assert!(status == 200 || status == 303, "{url}: {status} {text}");
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    async fn sign_in_and_out(&self) {
        let api = |path: &str| format!("{}/v1/accounts/{path}", self.base);
        let body = json!({"provider": "wechat"});
        let (_, started) = self.told(Method::POST, &api("oauth/start"), Some(&body), None).await;
        let result = api(&format!("oauth/result?state={}&wait=20", field(&started, "state")));
        let waiting = async {
            loop {
                let (_, told) = self.told(Method::GET, &result, None, None).await;
                match told["status"].as_str() {
                    Some("pending") => {}
                    Some("done") => return field(&told, "user_token"),
                    _ => panic!("{told}"),
                }
            }
        };
        let coming_back = async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            let back = self.sim.sign_in_as(&field(&started, "url"), "alice").unwrap();
            self.told(Method::GET, &back, None, None).await;
        };
        let (token, ()) = tokio::join!(waiting, coming_back);
        self.told(Method::GET, &api("me"), None, Some(&token)).await;
        self.told(Method::POST, &api("logout"), Some(&json!({})), Some(&token)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_of_three_nodes_fails_not_one_request() {
    let database = fresh_postgres().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let mut nodes = some(3, &base, &database).await;
    Balancer::open(listener, nodes.all.iter().map(|node| node.url().to_owned()).collect());
    let http = nodes.http.clone();
    roll(&mut nodes, &http, &base).await;
}

/// nginx asks no node whether it is ready: a node that is gone for a moment must not be taken for one that is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_of_two_nodes_behind_the_shipped_nginx_file_fails_not_one_request() {
    let database = fresh_postgres().await;
    let folder = TempDir::new().unwrap();
    let identity = Identity::in_folder(folder.path());
    let authority = reqwest::Certificate::from_pem(&std::fs::read(&identity.authority).unwrap()).unwrap();
    let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).tls_certs_only([authority]);
    let port = free_port();
    let base = format!("https://localhost:{port}");
    let mut nodes = some(2, &base, &database).await;
    nodes.sim.put_app(App { callback_domain: "localhost".to_owned(), ..nodes.sim.app() });
    let ports: Vec<u16> =
        nodes.all.iter().map(|node| Url::parse(node.url()).unwrap().port().unwrap()).collect();
    let _front = nginx_before(folder, &identity, port, &ports);
    roll(&mut nodes, &http.build().unwrap(), &base).await;
}

/// So many nodes that drain for two seconds.
async fn some(count: usize, base: &str, database: &str) -> Nodes {
    let mut nodes = Nodes::none().await;
    for _ in 0..count {
        let setup = nodes.setup(base).database_url(database);
        nodes.all.push(setup.env("FED_DRAIN", "2s").start());
    }
    nodes.configure();
    nodes
}

/// People sign in at `base` while one node after the other is restarted.
async fn roll(nodes: &mut Nodes, http: &reqwest::Client, base: &str) {
    let count = nodes.all.len();
    // All have heard that there is WeChat now.
    for node in 0..count {
        nodes.begin(node).await;
    }
    let over = Arc::new(AtomicBool::new(false));
    let people: Vec<_> = (0..PEOPLE)
        .map(|_| {
            let person = Person { http: http.clone(), base: base.to_owned(), sim: nodes.sim.handle() };
            let over = Arc::clone(&over);
            tokio::spawn(async move {
                let mut count = 0;
                while !over.load(Ordering::Relaxed) {
                    person.sign_in_and_out().await;
                    count += 1;
                }
                count
            })
        })
        .collect();
    for _ in 0..count {
        // The first becomes the last, and so each has its turn.
        let mut node = nodes.all.remove(0);
        node.terminate();
        let restarted = tokio::task::spawn_blocking(move || {
            assert!(node.ended().success(), "{}", node.log());
            assert!(!node.log().contains("panicked"), "{}", node.log());
            node.restart()
        });
        nodes.all.push(restarted.await.unwrap());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    over.store(true, Ordering::Relaxed);
    for person in people {
        let count: usize = person.await.expect("not one request failed");
        assert!(count > 5, "{count} sign-ins of one person");
    }
}

/// What became of a request on a connection of its own: served, refused by a listener that is not there any more, or else
/// a request that was lost.
async fn posted(http: &reqwest::Client, url: &str) -> Result<bool, String> {
    match http.post(url).json(&json!({"provider": "wechat"})).send().await {
        Ok(answer) if answer.status() == 200 => Ok(true),
        Ok(answer) => Err(format!("{} {}", answer.status(), answer.text().await.unwrap_or_default())),
        Err(why) if why.is_connect() && format!("{why:?}").contains("ConnectionRefused") => Ok(false),
        Err(why) => Err(format!("{why:?}")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_connected_when_a_node_stops_is_served() {
    let mut nodes = Nodes::start(1, &fresh_postgres().await).await;
    nodes.begin(0).await;
    // Nothing is kept: each request comes on a fresh connection.
    let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    for round in 0..ROUNDS {
        let url = format!("{}/v1/accounts/oauth/start", nodes.all[0].url());
        let asking: Vec<_> = (0..CROWD)
            .map(|_| {
                let (http, url) = (http.clone(), url.clone());
                tokio::spawn(async move {
                    let mut served = 0;
                    while posted(&http, &url).await? {
                        served += 1;
                    }
                    Ok::<usize, String>(served)
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(400)).await;
        let mut node = nodes.all.remove(0);
        node.terminate();
        let mut served = 0;
        for one in asking {
            served += one.await.unwrap().unwrap_or_else(|lost| panic!("round {round}: {lost}"));
        }
        assert!(served > CROWD, "round {round}: {served}");
        let restarted = tokio::task::spawn_blocking(move || {
            assert!(node.ended().success(), "{}", node.log());
            assert!(!node.log().contains("request failed"), "{}", node.log());
            node.restart()
        });
        nodes.all.push(restarted.await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_told_to_stop_says_so_and_goes_on_serving() {
    let database = fresh_postgres().await;
    let mut nodes = Nodes::none().await;
    let setup = nodes.setup("http://127.0.0.1:9").database_url(&database);
    nodes.all.push(setup.env("FED_DRAIN", "5m").start());
    nodes.configure();
    let (waited, listened) = (nodes.begin(0).await, nodes.begin(0).await);
    let poll =
        nodes.request(0, Method::GET, &format!("/v1/accounts/oauth/result?state={}&wait=25", waited.state));
    let stream =
        nodes.request(0, Method::GET, &format!("/v1/accounts/oauth/events?state={}", listened.state));
    let (poll, stream) = (tokio::spawn(poll.send()), tokio::spawn(stream.send()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(nodes.get(0, "/ready", None).await.0, 200);
    nodes.all[0].terminate();
    let begun = Instant::now();
    loop {
        let (status, told) = nodes.get(0, "/ready", None).await;
        if status == 503 {
            assert_eq!(told["code"], "stopping");
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(1), "still ready");
    }
    let told: Value = poll.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(told["status"], "pending", "whoever waits shall ask again");
    let events = stream.await.unwrap().unwrap().text().await.unwrap();
    assert!(events.contains("retry:") && !events.contains("data:"), "{events}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // It serves whoever has not noticed, and sends them elsewhere afterwards.
    nodes.come_back(0, &waited).await;
    let path = format!("/v1/accounts/oauth/result?state={}", waited.state);
    let answer = nodes.request(0, Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.headers()["connection"], "close");
    assert_eq!(answer.json::<Value>().await.unwrap()["status"], "done");
    let begun = Instant::now();
    let (status, _) =
        nodes.get(0, "/v1/accounts/oauth/result?wait=20&state=".to_owned().as_str(), None).await;
    assert_eq!(status, 400, "and checks what it is asked");
    // A second signal is for somebody in a hurry.
    nodes.all[0].terminate();
    assert!(nodes.all[0].ended().success());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn nobody_waits_for_a_node_that_no_other_can_stand_in_for() {
    // The file of SQLite is one process's own; so the default is no time at all.
    let mut fed = Setup::default().without_drain_option().start();
    let begun = Instant::now();
    assert!(fed.stop().success());
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn a_terminal_that_is_closed_ends_it_in_good_order_unless_it_was_to_stay() {
    let hang_up = |fed: &Fed| {
        let sent = Command::new("kill").args(["-HUP", &fed.pid().to_string()]).status();
        assert!(sent.unwrap().success());
    };
    let mut fed = Setup::default().start();
    hang_up(&fed);
    assert!(fed.ended().success(), "{}", fed.log());
    assert!(fed.log().contains("stopping"), "{}", fed.log());
    // As under nohup.
    let mut fed = Setup::default().deaf_to("HUP").start();
    hang_up(&fed);
    std::thread::sleep(Duration::from_millis(300));
    assert!(!fed.log().contains("stopping"), "{}", fed.log());
    assert!(fed.stop().success());
}
