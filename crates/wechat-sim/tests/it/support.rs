//! A simulator on a free port, and a client that does what a browser and a site's server do.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::Value;
use wechat_sim::{Sim, SimConfig};

/// The callback of the imaginary site.
pub(crate) const CALLBACK: &str = "http://127.0.0.1:43127/callback";

/// A running simulator and a client.
pub(crate) struct Fixture {
    pub(crate) sim: Sim,
    pub(crate) http: Client,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(SimConfig::default()).await
    }

    pub(crate) async fn with(config: SimConfig) -> Self {
        let sim = Sim::start(config, SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { sim, http }
    }

    /// The authorize URL of the default app, with a state.
    pub(crate) fn authorize_url(&self, state: &str) -> String {
        self.authorize(&[("state", state)])
    }

    /// The authorize URL of the default app, with some parameters set or (with an empty value) left out.
    pub(crate) fn authorize(&self, changes: &[(&str, &str)]) -> String {
        let appid = self.sim.app().appid;
        let mut all = vec![
            ("appid", appid.as_str()),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "snsapi_login"),
            ("state", "s1"),
        ];
        for change in changes {
            all.retain(|(name, _)| name != &change.0);
            if !change.1.is_empty() {
                all.push(*change);
            }
        }
        let query = url_query(&all);
        format!("{}/connect/qrconnect?{query}#wechat_redirect", self.sim.url())
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.sim.url())).send().await.unwrap()
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        self.get(path).await.text().await.unwrap()
    }

    /// The answer of an `sns` endpoint as JSON, after a look at status and content type.
    pub(crate) async fn sns(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/plain", "no charset, no JSON type");
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    /// The path of an exchange of this code with the default app's secret.
    pub(crate) fn exchange_path(&self, code: &str) -> String {
        let app = self.sim.app();
        let (appid, secret) = (app.appid, app.secret);
        format!(
            "/sns/oauth2/access_token?appid={appid}&secret={secret}&code={code}&grant_type=authorization_code"
        )
    }

    /// Signs a person in and exchanges the code.
    pub(crate) async fn tokens(&self, person: &str) -> Value {
        let code = self.sim.mint_code(&self.sim.app().appid, person).unwrap();
        self.sns(&self.exchange_path(&code)).await
    }

    /// The path of userinfo for a token answer.
    pub(crate) fn userinfo_path(tokens: &Value) -> String {
        format!(
            "/sns/userinfo?access_token={}&openid={}",
            tokens["access_token"].as_str().unwrap(),
            tokens["openid"].as_str().unwrap()
        )
    }

    pub(crate) async fn control(&self, path: &str, body: Value) -> (u16, Value) {
        let answer =
            self.http.post(format!("{}/_sim/{path}", self.sim.url())).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

pub(crate) fn url_query(pairs: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://x/", pairs).unwrap();
    url.query().unwrap().to_owned()
}

/// A parameter of a URL.
pub(crate) fn param(url: &str, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).unwrap();
    url.query_pairs().find(|(one, _)| one == name).map(|(_, value)| value.into_owned())
}

/// The uuid in a QR page.
pub(crate) fn uuid_in(page: &str) -> String {
    let from = page.split("src=\"/connect/qrcode/").nth(1).expect("a QR page");
    from.split('"').next().unwrap().to_owned()
}

/// The body with the request id replaced by `R`, after a look at its form.
pub(crate) fn without_rid(body: &str, now_ms: i64) -> String {
    let Some(at) = body.find("rid: ") else { return body.to_owned() };
    let rid = &body[at + 5..at + 5 + 26];
    let groups: Vec<&str> = rid.split('-').collect();
    assert!(groups.len() == 3 && groups.iter().all(|group| group.len() == 8), "{rid}");
    let seconds = i64::from_str_radix(groups[0], 16).unwrap();
    assert!((seconds - now_ms / 1000).abs() <= 5, "the first group is the time: {rid}");
    body.replace(rid, "R")
}
