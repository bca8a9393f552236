//! Several nodes of one Federation, and people who sign in on them.

use super::{Fed, Setup};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use url::Url;
use wechat_sim::{Sim, SimConfig};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a node logs when it hears the others.
const HEARD: &str = "the other nodes are heard";

/// Real processes that share one database, one master key and one public address. Requests say which one they go to.
pub(crate) struct Nodes {
    pub(crate) sim: Sim,
    pub(crate) all: Vec<Fed>,
    pub(crate) http: reqwest::Client,
    folder: Arc<TempDir>,
}

/// A sign-in that was started.
pub(crate) struct SignIn {
    /// Names it.
    pub(crate) state: String,
    /// Path and query that the browser comes back to.
    pub(crate) callback: String,
}

impl Nodes {
    /// None yet, and nothing configured.
    pub(crate) async fn none() -> Self {
        let sim = Sim::start(SimConfig::default(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE * 2);
        let folder = Arc::new(TempDir::new().unwrap());
        Self { sim, all: Vec::new(), http: http.build().unwrap(), folder }
    }

    /// So many on one database, with WeChat configured; they hear each other.
    pub(crate) async fn start(count: usize, database_url: &str) -> Self {
        let mut nodes = Self::none().await;
        for _ in 0..count {
            let setup = nodes.setup("http://127.0.0.1:9").database_url(database_url);
            nodes.all.push(setup.start());
        }
        nodes.configure();
        for n in 0..count {
            nodes.hears(n, 1).await;
        }
        nodes
    }

    /// What they have in common.
    pub(crate) fn setup(&self, public_url: &str) -> Setup {
        let setup = Setup::default().simulator(self.sim.url()).folder(&self.folder);
        setup.args(["--public-url", public_url]).env("FED_STARTS_PER_MINUTE", "0")
    }

    /// WeChat's settings, on the first node.
    pub(crate) fn configure(&self) {
        self.all[0].set_up_wechat(&self.sim);
    }

    /// Waits until a node has begun to hear the others for so many times.
    pub(crate) async fn hears(&self, node: usize, times: usize) {
        let heard = async || self.all[node].log().matches(HEARD).count() >= times;
        assert!(true_within(PATIENCE, heard).await, "{}", self.all[node].log());
    }

    /// A request to one of them.
    pub(crate) fn request(&self, node: usize, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.all[node].url()))
    }

    /// A call of the API; its status and what it told.
    pub(crate) async fn post(
        &self,
        node: usize,
        path: &str,
        body: Value,
        bearer: Option<&str>,
    ) -> (u16, Value) {
        let request = self.request(node, Method::POST, &format!("/v1/{path}")).json(&body);
        told(bearer.into_iter().fold(request, RequestBuilder::bearer_auth).send().await.unwrap()).await
    }

    /// The same for a question.
    pub(crate) async fn get(&self, node: usize, path: &str, bearer: Option<&str>) -> (u16, Value) {
        let request = self.request(node, Method::GET, path);
        told(bearer.into_iter().fold(request, RequestBuilder::bearer_auth).send().await.unwrap()).await
    }

    /// The same with the admin key, and it must succeed.
    pub(crate) async fn change(&self, node: usize, path: &str, body: Value) -> Value {
        let (status, told) = self.post(node, path, body, Some(&self.all[0].admin_key())).await;
        assert_eq!(status, 200, "{path}: {told}");
        told
    }

    /// Starts a sign-in on one of them; a person allows it on their phone.
    pub(crate) async fn begin(&self, node: usize) -> SignIn {
        // A node may still be about to hear that there is WeChat now.
        let end = Instant::now() + PATIENCE;
        let started = loop {
            let (status, started) =
                self.post(node, "accounts/oauth/start", json!({"provider": "wechat"}), None).await;
            if status == 200 {
                break started;
            }
            assert!(Instant::now() < end, "{started}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let back = self.sim.handle().sign_in_as(&field(&started, "url"), "alice").unwrap();
        let back: Url = back.parse().unwrap();
        let callback = format!("{}?{}", back.path(), back.query().unwrap());
        SignIn { state: field(&started, "state"), callback }
    }

    /// The browser comes back on one of them.
    pub(crate) async fn come_back(&self, node: usize, sign_in: &SignIn) {
        let answer = self.request(node, Method::GET, &sign_in.callback).send().await.unwrap();
        assert_eq!(answer.status(), 303);
    }

    /// Asks one of them for the outcome, waiting for so many seconds.
    pub(crate) async fn result(&self, node: usize, sign_in: &SignIn, wait: u64) -> Value {
        let path = format!("/v1/accounts/oauth/result?state={}&wait={wait}", sign_in.state);
        let (status, told) = self.get(node, &path, None).await;
        assert_eq!(status, 200, "{told}");
        told
    }

    /// A whole sign-in; its token.
    pub(crate) async fn sign_in(&self, [start, back, wait]: [usize; 3]) -> String {
        let sign_in = self.begin(start).await;
        let (done, ()) = tokio::join!(self.result(wait, &sign_in, 20), self.come_back(back, &sign_in));
        assert_eq!(done["status"], "done", "{done}");
        field(&done, "user_token")
    }
}

/// Looks until something is true, for so long.
pub(super) async fn true_within(span: Duration, mut is_true: impl AsyncFnMut() -> bool) -> bool {
    let end = Instant::now() + span;
    while !is_true().await {
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    true
}

async fn told(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

/// A text of an answer.
pub(crate) fn field(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}
