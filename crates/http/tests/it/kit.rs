//! Tools of several test files: the shape of errors, PKCE pairs, the documented routes, a second door on the
//! same store, and tokens forged with the Federation's own key.

use crate::support::{Answer, HOME, MovableClock, Plan, World};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use downcity_http::{Door, Listening, Serves, app};
use downcity_service::core::Digest;
use downcity_service::seams::{Clock, SystemRandom};
use downcity_service::vault::{MasterKeys, Vault};
use downcity_service::{Federation, Outside, Parts, Premises, Retention, Settings, Store};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// A Federation as planned, with WeChat set up and a city `city_demo`.
pub(crate) async fn ready_with(plan: Plan) -> World {
    let world = World::planned(plan).await;
    world.set_up_wechat().await;
    world.admin_post("cities/create", json!({"name": "Demo", "city_id": "city_demo"})).await;
    world
}

/// Checks that an answer is an error of ours in every part, and gives its sentence.
#[track_caller]
pub(crate) fn assert_error(answer: &Answer, status: u16, code: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    assert_eq!(body["code"], code, "{}", answer.text);
    assert_eq!(body["request_id"], answer.header("x-request-id"));
    assert!(!answer.header("x-request-id").is_empty());
    let sentence = body["error"].as_str().expect("`error` is a string").to_owned();
    assert!(!sentence.is_empty());
    sentence
}

/// The same, and that it names this field.
#[track_caller]
pub(crate) fn assert_field(answer: &Answer, field: &str) {
    let sentence = assert_error(answer, 400, "invalid_field");
    assert_eq!(answer.json()["details"]["field"], field, "{}", answer.text);
    assert!(sentence.starts_with(field), "{sentence}");
}

/// A PKCE verifier and its challenge (RFC 7636 §4.2).
pub(crate) fn pkce() -> (String, String) {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
    let challenge = URL_SAFE_NO_PAD.encode(Digest::of(&verifier).0);
    (verifier, challenge)
}

/// Every documented route: method in capitals, path, and the documented query parameters.
pub(crate) fn documented_routes() -> Vec<(String, String, Vec<String>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let names = parameters.iter().map(|p| p["name"].as_str().unwrap().to_owned()).collect();
            routes.push((method.to_uppercase(), path.clone(), names));
        }
    }
    assert!(routes.len() >= 28, "the document names every route");
    routes
}

/// The query of a URL.
pub(crate) fn query_of(url: &str) -> HashMap<String, String> {
    Url::parse(url).unwrap().query_pairs().into_owned().collect()
}

/// Starts a sign-in from `HOME` with more than the usual fields; the answer may be an error.
pub(crate) async fn start_with(world: &World, more: Value) -> Answer {
    let mut body = json!({"provider": "wechat", "city_id": "city_demo"});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    world.post_from(HOME, "accounts/oauth/start", body).await
}

/// Url and state of a start that must succeed.
pub(crate) async fn started(world: &World, more: Value) -> (String, String) {
    let started = start_with(world, more).await.ok();
    (started["url"].as_str().unwrap().to_owned(), started["state"].as_str().unwrap().to_owned())
}

/// Another node of a Federation: what it may have of its own.
pub(crate) struct Node {
    pub(crate) public_url: String,
    pub(crate) outside: Outside,
    pub(crate) store: Store,
    pub(crate) clock: Arc<MovableClock>,
    pub(crate) starts_per_minute: u32,
}

impl Node {
    /// With all that the first one has.
    pub(crate) fn of(world: &World) -> Self {
        Self {
            public_url: world.base.clone(),
            outside: Outside::with_wechat_simulator(world.sim.url()).unwrap(),
            store: world.store.clone(),
            clock: Arc::clone(&world.clock),
            starts_per_minute: 0,
        }
    }

    /// Without housekeeping; gives where it listens.
    pub(crate) async fn open(self) -> (Arc<Federation>, String) {
        let federation = Federation::open(Parts {
            settings: Settings {
                public_url: self.public_url.parse().unwrap(),
                other_urls: Vec::new(),
                token_life: Duration::from_secs(7 * 86_400),
                starts_per_minute: self.starts_per_minute,
                allow_local_login: false,
                retention: Retention::default(),
                premises: Premises::default(),
            },
            store: self.store,
            master_keys: MasterKeys::fixed(&[[7; 32], [8; 32]]),
            outside: Arc::new(self.outside),
            clock: self.clock as Arc<dyn Clock>,
            random: Arc::new(SystemRandom),
        });
        let federation = federation.await.unwrap();
        let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        let door = app(Door {
            federation: Arc::clone(&federation),
            trusted_proxies,
            serves: Serves::Everything,
            adopt: None,
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        Listening::open(listener, 1000, &door).unwrap();
        (federation, base)
    }
}

/// Another node on the same store with another public address or another outside; gives where it listens.
pub(crate) async fn second_door(world: &World, public: &str, outside: Outside) -> (Arc<Federation>, String) {
    Node { public_url: public.to_owned(), outside, ..Node::of(world) }.open().await
}

/// The Federation's own signing key and its `kid`, taken out of the vault as only a test can.
pub(crate) async fn own_key(world: &World) -> (String, EncodingKey) {
    let row = world.store.signing_keys().await.unwrap().remove(0);
    let masters = MasterKeys::fixed(&[[7; 32], [8; 32]]);
    let vault =
        Vault::unlock(&world.store, &masters, Arc::new(SystemRandom), world.clock.now()).await.unwrap();
    let private = vault.open(&format!("signing_keys/{}/sealed", row.kid), &row.sealed).unwrap();
    (row.kid, EncodingKey::from_ed_der(&private))
}

/// A `user_token` with these claims, signed with the Federation's own key.
pub(crate) async fn signed_by_us(world: &World, claims: &Value) -> String {
    let (kid, key) = own_key(world).await;
    let header = Header { kid: Some(kid), ..Header::new(Algorithm::EdDSA) };
    format!("ub_{}", jsonwebtoken::encode(&header, claims, &key).unwrap())
}

/// The claims of a token, unchecked.
pub(crate) fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A GET with the admin key.
pub(crate) async fn admin_get(world: &World, path: &str) -> Answer {
    world.get_as(world.admin_key.expose_secret(), path).await
}

/// A POST with the admin key; the answer may be an error.
pub(crate) async fn admin_try(world: &World, path: &str, body: Value) -> Answer {
    world.post_as(world.admin_key.expose_secret(), path, body).await
}

/// Sends bytes as they are and gives what came back, as far as it came, within two seconds.
pub(crate) async fn raw(world: &World, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = world.base.strip_prefix("http://").unwrap();
    let (mut read, mut write) = tokio::net::TcpStream::connect(address).await.unwrap().into_split();
    let mut answer = Vec::new();
    // The server may answer and close before everything is sent.
    let send = async {
        let _ = write.write_all(bytes).await;
        std::future::pending::<()>().await;
    };
    let receive = async {
        let mut part = [0; 4096];
        while let Ok(count @ 1..) = read.read(&mut part).await {
            answer.extend_from_slice(&part[..count]);
        }
    };
    let both = async {
        tokio::select! { () = send => {} () = receive => {} }
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), both).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A Federation of its own, with an empty store and another master key; gives where it listens.
pub(crate) async fn with_master_key(world: &World, master_key: [u8; 32]) -> String {
    let (dir, path) = downcity_store::testing::fresh_sqlite();
    let federation = Federation::open(Parts {
        settings: world.federation.settings().clone(),
        store: downcity_service::Store::open_sqlite(&path).await.unwrap(),
        master_keys: MasterKeys::fixed(&[master_key]),
        outside: Arc::new(Outside::with_wechat_simulator(world.sim.url()).unwrap()),
        clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
        random: Arc::new(SystemRandom),
    });
    let federation = federation.await.unwrap();
    // Kept until the process ends: the server has no end of its own.
    let _ = dir.keep();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    Listening::open(
        listener,
        1000,
        &app(Door { federation, trusted_proxies: Vec::new(), serves: Serves::Everything, adopt: None }),
    )
    .unwrap();
    base
}
