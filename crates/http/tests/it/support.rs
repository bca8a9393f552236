//! A whole Federation for one test: its own store, simulator, clock and port, gone when the test ends.

use downcity_http::{Door, Listening, Serves, app};
use downcity_service::core::{Secret, Timestamp};
use downcity_service::seams::{Clock, SystemClock, SystemRandom};
use downcity_service::vault::MasterKeys;
use downcity_service::{Federation, Outside, Parts, Premises, Retention, Settings, Store};
use downcity_store::testing::{fresh_postgres, fresh_sqlite};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use wechat_sim::{Sim, SimConfig};

/// Which engine a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

/// Writes each test once and runs it on both engines, as `sqlite::name` and `postgres::name`.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::support::On::Sqlite).await; })* }
        mod postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::support::On::Postgres).await; })* }
    };
}

/// The machine's clock and an offset; or, once it was stopped, only what it is moved by.
#[derive(Default)]
pub(crate) struct MovableClock {
    offset: AtomicI64,
    /// 0 while it runs.
    stopped_at: AtomicI64,
}

impl MovableClock {
    pub(crate) fn set_back(&self, span: Duration) {
        self.offset.fetch_sub(i64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn advance(&self, span: Duration) {
        self.offset.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// From now on time passes only by `advance`, and it is a whole second.
    pub(crate) fn stop(&self) {
        self.stopped_at.store(SystemClock.now().0 / 1000 * 1000, Ordering::SeqCst);
        self.offset.store(0, Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let base = match self.stopped_at.load(Ordering::SeqCst) {
            0 => SystemClock.now().0,
            stopped => stopped,
        };
        Timestamp(base + self.offset.load(Ordering::SeqCst))
    }
}

/// How a test's Federation differs from the usual one.
pub(crate) struct Plan {
    pub(crate) on: On,
    pub(crate) sim: SimConfig,
    pub(crate) starts_per_minute: u32,
    pub(crate) local_login: bool,
    /// Peers on loopback count as proxies, so that tests can come from any address.
    pub(crate) behind_proxy: bool,
    pub(crate) public_url: Option<String>,
    pub(crate) other_urls: Vec<String>,
    /// OpenID Connect issuers may be on this machine.
    pub(crate) private_issuers: bool,
    /// Webhooks may lead to this machine.
    pub(crate) private_hooks: bool,
    /// Where GitHub is, and Google.
    pub(crate) github: Option<String>,
    pub(crate) google: Option<String>,
    /// The CA of a TLS server of the test; the real WeChat is then never asked, since none is set up.
    pub(crate) ca: Option<PathBuf>,
    /// Where WeChat is, behind TLS.
    pub(crate) wechat: Option<String>,
    /// How long it is remembered what happened.
    pub(crate) retention: Retention,
    /// Where the process would keep its files.
    pub(crate) premises: Premises,
}

impl Plan {
    pub(crate) fn on(on: On) -> Self {
        Self {
            on,
            sim: SimConfig::default(),
            starts_per_minute: 0,
            local_login: false,
            behind_proxy: true,
            other_urls: Vec::new(),
            private_issuers: false,
            private_hooks: false,
            github: None,
            google: None,
            public_url: None,
            ca: None,
            wechat: None,
            retention: Retention::default(),
            premises: Premises::default(),
        }
    }

    fn outside(&self, sim: &Sim) -> Outside {
        let mut outside = match &self.ca {
            Some(ca) => Outside::with_ca_file(ca).unwrap(),
            None => Outside::with_wechat_simulator(sim.url()).unwrap(),
        };
        if let Some(base) = &self.wechat {
            outside = outside.with_wechat_behind_tls(base).unwrap();
        }
        if let Some(base) = &self.github {
            outside = outside.with_github_at(base).unwrap();
        }
        if let Some(base) = &self.google {
            outside = outside.with_google_at(base).unwrap();
        }
        if self.private_hooks {
            outside = outside.allow_private_hooks();
        }
        if self.private_issuers { outside.allow_private_issuers() } else { outside }
    }
}

/// A running Federation and everything around it.
pub(crate) struct World {
    pub(crate) base: String,
    pub(crate) federation: Arc<Federation>,
    pub(crate) sim: Sim,
    pub(crate) clock: Arc<MovableClock>,
    pub(crate) admin_key: Secret,
    pub(crate) http: reqwest::Client,
    pub(crate) store: Store,
    /// The path of the SQLite file, or the URL of the PostgreSQL database.
    pub(crate) database: String,
    _dir: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new(on: On) -> Self {
        Self::planned(Plan::on(on)).await
    }

    /// With WeChat set up and a city `city_demo`.
    pub(crate) async fn ready(on: On) -> Self {
        let world = Self::new(on).await;
        world.set_up_wechat().await;
        world.admin_post("cities/create", json!({"name": "Demo", "city_id": "city_demo"})).await;
        world
    }

    pub(crate) async fn planned(plan: Plan) -> Self {
        let (dir, path) = fresh_sqlite();
        let database = match plan.on {
            On::Sqlite => path.to_str().unwrap().to_owned(),
            On::Postgres => fresh_postgres().await,
        };
        Self::placed(plan, (dir, database), MovableClock::default(), None).await
    }

    /// On a database that is there already, at another time. Tokens name the address that it had then.
    pub(crate) async fn upgraded(
        on: On,
        place: (tempfile::TempDir, String),
        clock: MovableClock,
        admin_key: &str,
    ) -> Self {
        let plan = Plan { public_url: Some("http://127.0.0.1:43912".into()), ..Plan::on(on) };
        Self::placed(plan, place, clock, Some(Secret::from(admin_key.to_owned()))).await
    }

    async fn placed(
        plan: Plan,
        (dir, database): (tempfile::TempDir, String),
        clock: MovableClock,
        admin_key: Option<Secret>,
    ) -> Self {
        let store = match plan.on {
            On::Sqlite => Store::open_sqlite(database.as_ref()).await.unwrap(),
            On::Postgres => Store::open_postgres(&database).await.unwrap(),
        };
        let sim = Sim::start(plan.sim.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let clock = Arc::new(clock);
        let settings = Settings {
            public_url: plan.public_url.as_ref().unwrap_or(&base).parse().unwrap(),
            other_urls: plan.other_urls.iter().map(|url| url.parse().unwrap()).collect(),
            token_life: Duration::from_secs(7 * 86_400),
            starts_per_minute: plan.starts_per_minute,
            allow_local_login: plan.local_login,
            retention: plan.retention,
            premises: plan.premises.clone(),
        };
        let federation = Federation::open(Parts {
            settings,
            store: store.clone(),
            master_keys: MasterKeys::fixed(&[[7; 32], [8; 32]]),
            outside: Arc::new(plan.outside(&sim)),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::new(SystemRandom),
        })
        .await
        .unwrap();
        let made = federation.make_first_admin_key().await.unwrap();
        let admin_key = made.or(admin_key).expect("an admin key");
        let trusted_proxies =
            if plan.behind_proxy { vec!["127.0.0.0/8".parse().unwrap()] } else { Vec::new() };
        let door = app(Door {
            federation: Arc::clone(&federation),
            trusted_proxies,
            serves: Serves::Everything,
            adopt: None,
        });
        Listening::open(listener, 1000, &door).unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        Self { base, federation, sim, clock, admin_key, http, store, database, _dir: dir }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/v1/{path}", self.base)
    }

    pub(crate) async fn set_up_wechat(&self) {
        let app = self.sim.apps()[0].clone();
        self.admin_post("env/upsert", json!({"key": "WECHAT_CLIENT_ID", "value": app.appid})).await;
        self.admin_post("env/upsert", json!({"key": "WECHAT_CLIENT_SECRET", "value": app.secret})).await;
    }

    /// A POST with the admin key that must succeed.
    pub(crate) async fn admin_post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(self.url(path)).bearer_auth(self.admin_key.expose_secret()).json(&body);
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    /// A GET as a guest from the given address.
    pub(crate) async fn get_from(&self, address: &str, path: &str) -> Answer {
        Answer::of(self.http.get(self.url(path)).header("x-forwarded-for", address)).await
    }

    /// A POST as a guest from the given address.
    pub(crate) async fn post_from(&self, address: &str, path: &str, body: Value) -> Answer {
        Answer::of(self.http.post(self.url(path)).header("x-forwarded-for", address).json(&body)).await
    }

    /// Starts a sign-in for `city_demo` from `HOME`; gives `(url, state)`.
    pub(crate) async fn start(&self) -> (String, String) {
        let started = self.post_from(
            HOME,
            "accounts/oauth/start",
            json!({"provider": "wechat", "city_id": "city_demo"}),
        );
        let started = started.await.ok();
        (started["url"].as_str().unwrap().to_owned(), started["state"].as_str().unwrap().to_owned())
    }

    /// The person scans and allows; gives the callback address that their browser is sent to.
    pub(crate) fn allow(&self, url: &str, user: &str) -> String {
        self.sim.sign_in_as(url, user).unwrap()
    }

    /// The browser at `address` goes to the callback.
    pub(crate) async fn come_back(&self, address: &str, callback: &str) -> Answer {
        Answer::of(self.http.get(callback).header("x-forwarded-for", address)).await
    }

    /// Asks for the outcome from `HOME`.
    pub(crate) async fn result(&self, state: &str) -> Answer {
        self.get_from(HOME, &format!("accounts/oauth/result?state={state}")).await
    }

    /// A whole sign-in from `HOME`; gives the `done` answer.
    pub(crate) async fn sign_in(&self, user: &str) -> Value {
        let (url, state) = self.start().await;
        let callback = self.allow(&url, user);
        assert_eq!(self.come_back(HOME, &callback).await.status, 303);
        self.result(&state).await.ok()
    }

    /// A GET with a bearer.
    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Answer {
        Answer::of(self.http.get(self.url(path)).bearer_auth(token)).await
    }

    /// A POST with a bearer.
    pub(crate) async fn post_as(&self, token: &str, path: &str, body: Value) -> Answer {
        Answer::of(self.http.post(self.url(path)).bearer_auth(token).json(&body)).await
    }
}

/// Where products and people of the tests are.
pub(crate) const HOME: &str = "192.0.2.10";
/// Somewhere else.
pub(crate) const AWAY: &str = "198.51.100.20";

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The body of an answer that must be 200.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// The stable code of an error.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The `name=value` of every cookie set.
    pub(crate) fn cookies(&self) -> String {
        let lines = self.headers.get_all("set-cookie").iter();
        let pairs: Vec<_> = lines.map(|line| line.to_str().unwrap().split(';').next().unwrap()).collect();
        pairs.join("; ")
    }
}
