//! An OpenID Connect issuer that says what a test wants: every claim, header, key and answer can be bent.

use crate::support::{Answer, HOME, On, Plan, World};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

pub(crate) const CLIENT: &str = "downcity at corp";
pub(crate) const SECRET: &str = "s3cret+with/odd=signs&";

/// A signing key and what is published of it.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) header: Header,
    pub(crate) private: EncodingKey,
    pub(crate) public: Value,
}

impl Key {
    pub(crate) fn ec(kid: &str) -> Self {
        let private =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.as_ref()).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let public = json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256",
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)});
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::ES256) };
        Self { header, private: EncodingKey::from_ec_der(private.as_ref()), public }
    }

    pub(crate) fn ed(kid: &str) -> Self {
        let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(private.as_ref()).unwrap();
        let public = json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": URL_SAFE_NO_PAD.encode(pair.public_key())});
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        Self { header, private: EncodingKey::from_ed_der(private.as_ref()), public }
    }
}

/// What the issuer does.
pub(crate) struct Script {
    /// Laid over the metadata; null removes.
    pub(crate) metadata: Value,
    /// Signs ID tokens.
    pub(crate) key: Key,
    /// Published keys.
    pub(crate) published: Vec<Value>,
    /// Laid over the claims; null removes.
    pub(crate) claims: Value,
    /// In place of the ID token that would be made.
    pub(crate) id_token: Option<String>,
    /// In place of the token endpoint's answer.
    pub(crate) token: Option<(u16, String)>,
    /// What userinfo answers.
    pub(crate) userinfo: Option<Value>,
    /// In place of the sign-in page.
    pub(crate) authorize: Option<Canned>,
    /// In place of the metadata's answer.
    pub(crate) discovery: Option<Canned>,
    /// In place of the published keys.
    pub(crate) jwks: Option<Canned>,
    /// Metadata and keys are never answered.
    pub(crate) hangs: bool,
    /// The nonce of the running sign-in.
    pub(crate) nonce: String,
    /// The present moment of the Federation, in seconds.
    pub(crate) now: i64,
}

/// An answer as it is.
pub(crate) type Canned = (StatusCode, [(&'static str, String); 1], String);

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) authorization: String,
}

#[derive(Clone)]
pub(crate) struct Issuer {
    pub(crate) base: String,
    script: Arc<Mutex<Script>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let key = Key::ec("one");
        let script = Script {
            metadata: json!({}),
            published: vec![key.public.clone()],
            key,
            claims: json!({}),
            id_token: None,
            token: None,
            userinfo: None,
            authorize: None,
            discovery: None,
            jwks: None,
            hangs: false,
            nonce: String::new(),
            now: 0,
        };
        let issuer = Self {
            base: format!("http://{}", listener.local_addr().unwrap()),
            script: Arc::new(Mutex::new(script)),
            asked: Arc::default(),
        };
        let door = Router::new().fallback(serve).with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, door).await.unwrap() });
        issuer
    }

    /// Changes what it does.
    pub(crate) fn play<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap())
    }

    /// The requests so far to paths that begin so.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.path.starts_with(path)).cloned().collect()
    }

    /// The claims of an ID token for the running sign-in.
    pub(crate) fn claims(&self) -> Value {
        let base = &self.base;
        self.play(|script| {
            let claims = json!({"iss": base, "sub": "248289761001", "aud": CLIENT, "nonce": script.nonce,
                "iat": script.now, "exp": script.now + 300, "name": "Jane Doe"});
            laid_over(claims, &script.claims)
        })
    }

    fn metadata(&self) -> Value {
        let base = &self.base;
        let metadata = json!({"issuer": base, "authorization_endpoint": format!("{base}/authorize?tenant=7"),
            "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/jwks"),
            "userinfo_endpoint": format!("{base}/userinfo"), "code_challenge_methods_supported": ["plain", "S256"],
            "response_modes_supported": ["query", "fragment", "form_post"]});
        self.play(|script| laid_over(metadata, &script.metadata))
    }

    fn id_token(&self) -> String {
        let claims = self.claims();
        self.play(|script| match &script.id_token {
            Some(token) => token.clone(),
            None => jsonwebtoken::encode(&script.key.header, &claims, &script.key.private).unwrap(),
        })
    }
}

/// Replaces fields; null removes one.
fn laid_over(mut below: Value, above: &Value) -> Value {
    for (name, value) in above.as_object().unwrap() {
        match value {
            Value::Null => drop(below.as_object_mut().unwrap().remove(name)),
            value => below[name] = value.clone(),
        }
    }
    below
}

async fn serve(
    State(issuer): State<Issuer>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    let header = headers.get("authorization").map_or("", |value| value.to_str().unwrap());
    let body = String::from_utf8(body.to_vec()).unwrap();
    let asked = Asked { path: uri.path().to_owned(), body, authorization: header.to_owned() };
    issuer.asked.lock().unwrap().push(asked);
    if issuer.play(|script| script.hangs) && !matches!(uri.path(), "/token" | "/userinfo") {
        std::future::pending::<()>().await;
    }
    match uri.path() {
        "/.well-known/openid-configuration" => match issuer.play(|script| script.discovery.clone()) {
            Some(answer) => answer.into_response(),
            None => issuer.metadata().to_string().into_response(),
        },
        "/authorize" => match issuer.play(|script| script.authorize.clone()) {
            Some(answer) => answer.into_response(),
            None => "Sign in".into_response(),
        },
        "/jwks" => match issuer.play(|script| script.jwks.clone()) {
            Some(answer) => answer.into_response(),
            None => {
                json!({"keys": issuer.play(|script| script.published.clone())}).to_string().into_response()
            }
        },
        "/token" => {
            if let Some((status, body)) = issuer.play(|script| script.token.clone()) {
                return (StatusCode::from_u16(status).unwrap(), body).into_response();
            }
            let answer = json!({"access_token": "upstream-access", "token_type": "Bearer", "id_token": issuer.id_token()});
            answer.to_string().into_response()
        }
        "/userinfo" => match issuer.play(|script| script.userinfo.clone()) {
            Some(body) => body.to_string().into_response(),
            None => StatusCode::FORBIDDEN.into_response(),
        },
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A Federation with this issuer under the name `corp`, and a city `city_demo`.
pub(crate) async fn with_issuer(on: On, issuer: &Issuer) -> World {
    let world = World::planned(Plan { private_issuers: true, ..Plan::on(on) }).await;
    world.admin_post("cities/create", json!({"name": "Demo", "city_id": "city_demo"})).await;
    set_up(&world, "CORP", &issuer.base).await;
    world
}

/// Sets an issuer's three settings.
pub(crate) async fn set_up(world: &World, name: &str, issuer: &str) {
    let raw = format!(
        "OIDC_{name}_ISSUER='{issuer}'\nOIDC_{name}_CLIENT_ID='{CLIENT}'\nOIDC_{name}_CLIENT_SECRET='{SECRET}'"
    );
    world.admin_post("env/import", json!({ "raw": raw })).await;
}

/// Starts a sign-in from `HOME`; the answer may be an error.
pub(crate) async fn start(world: &World, provider: &str) -> Answer {
    let body = json!({"provider": provider, "city_id": "city_demo"});
    world.post_from(HOME, "accounts/oauth/start", body).await
}

/// Starts a sign-in that must begin; gives the address of the provider's page and the state.
pub(crate) async fn started(world: &World, provider: &str) -> (String, String) {
    let started = start(world, provider).await.ok();
    (started["url"].as_str().unwrap().to_owned(), started["state"].as_str().unwrap().to_owned())
}

/// The issuer has the browser post these fields beside the state; gives the outcome.
pub(crate) async fn come_back(world: &World, state: &str, fields: &[(&str, &str)]) -> Value {
    let carried = post(world, state, fields).await;
    assert!(carried.header("location").starts_with(POSTED), "{}", carried.header("location"));
    let back = world.come_back(HOME, &format!("{}{}", world.base, carried.header("location"))).await;
    assert_eq!(back.status, 303, "{}", back.text);
    world.result(state).await.ok()
}

/// Where what was posted is carried on to.
pub(crate) const POSTED: &str = "/v1/accounts/oauth/callback?posted=";

/// An issuer's page posts these fields beside the state.
pub(crate) async fn post(world: &World, state: &str, fields: &[(&str, &str)]) -> Answer {
    let form: Vec<_> = fields.iter().copied().chain([("state", state)]).collect();
    let request = world.http.post(world.url("accounts/oauth/callback")).form(&form);
    let request = request.header("origin", "https://id.example.com").header("sec-fetch-site", "cross-site");
    let carried = Answer::of(request.header("x-forwarded-for", HOME)).await;
    assert_eq!((carried.status, carried.cookies().as_str()), (303, ""), "{}", carried.text);
    carried
}

/// The browser comes back from a provider that answers by GET, with these parameters beside the state; gives the outcome.
pub(crate) async fn come_back_by_get(world: &World, state: &str, parameters: &[(&str, &str)]) -> Value {
    let mut url = url::Url::parse(&world.url("accounts/oauth/callback")).unwrap();
    url.query_pairs_mut().append_pair("state", state).extend_pairs(parameters);
    let back = world.come_back(HOME, url.as_str()).await;
    assert_eq!(back.status, 303, "{}", back.text);
    world.result(state).await.ok()
}

/// A whole sign-in at the issuer under the name `corp`, as its script has it.
pub(crate) async fn sign_in(world: &World, issuer: &Issuer) -> Value {
    let (url, state) = started(world, "corp").await;
    let nonce = crate::kit::query_of(&url)["nonce"].clone();
    let now = world.federation.now().0 / 1000;
    issuer.play(|script| (script.nonce, script.now) = (nonce, now));
    come_back(world, &state, &[("code", "c0de")]).await
}

/// How many users there are.
pub(crate) async fn users(world: &World) -> i64 {
    downcity_store::testing::number(&world.store, "select count(*) from users").await
}
