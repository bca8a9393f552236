//! `fed demo`: a whole sign-in over real HTTP, each step told in one line.

use crate::problem::Problem;
use crate::sandbox::{Sandbox, bind_loopback};
use crate::screen::{self, Paint, shortened};
use crate::telemetry::{self, LogFormat};
use crate::{house, on_all_cores};
use downcity::{ExposeSecret, Pkce};
use serde_json::{Value, json};
use std::time::Instant;
use url::Url;

mod wire;

use wire::Wire;

/// The sample city.
const CITY: &str = "city_demo";

/// Runs the demo and removes what it made.
pub(crate) fn run() -> Result<(), Problem> {
    telemetry::start(LogFormat::Text, "warn", None)?;
    on_all_cores(async {
        let mut signals = house::Signals::listen()?;
        let folder = tempfile::Builder::new()
            .prefix("fed-demo-")
            .tempdir()
            .map_err(|why| Problem::new(format_args!("a temporary folder can't be made: {why}")))?;
        let begun = Instant::now();
        let sandbox = Sandbox::start(&folder.path().join("data"), bind_loopback(0)?, 0).await?;
        let paint = Paint::detect();
        screen::say(paint.strong("A WeChat sign-in from start to end, on this machine"));
        screen::say(format_args!("  fed  {}  the Federation (SQLite in a temporary folder)", sandbox.url));
        screen::say(format_args!("  sim  {}  a simulated WeChat\n", sandbox.sim.url()));
        let walked = tokio::select! {
            walked = walk(&sandbox) => walked,
            _ = signals.next() => Err(Problem::new("stopped")),
        };
        sandbox
            .close(async {
                signals.next().await;
            })
            .await;
        walked?;
        let took = begun.elapsed().as_millis();
        screen::say(format_args!(
            "\nSigned in with WeChat and out again, all as expected, in {took} ms. Go on:"
        ));
        // Whoever came by cargo may have no `fed` in their path.
        let fed = if std::env::var_os("CARGO").is_some() { "cargo run --release --" } else { "fed" };
        screen::say(format_args!(
            "  {fed} dev           the same in your browser, with a sample product page"
        ));
        screen::say(format_args!("  {fed} serve --help  your own Federation, with the real WeChat"));
        Ok(())
    })
}

/// The steps. Each ends the demo if anything is not as it should be.
async fn walk(sandbox: &Sandbox) -> Result<(), Problem> {
    let wire = Wire::new(&sandbox.url, sandbox.sim.url())?;
    configure(&wire, sandbox).await?;
    let login = start(&wire).await?;
    let callback = phone(&wire, &login).await?;
    come_back(&wire, sandbox, &callback).await?;
    let token = collect(&wire, &login).await?;
    use_token(&wire, &token).await
}

/// What the admin does once, effective at once.
async fn configure(wire: &Wire, sandbox: &Sandbox) -> Result<(), Problem> {
    let (app, key) = (sandbox.sim.app(), sandbox.admin_key.expose_secret());
    let raw = format!("WECHAT_CLIENT_ID={}\nWECHAT_CLIENT_SECRET={}\n", app.appid, app.secret);
    let answer = wire.post("/v1/env/import", &json!({ "raw": raw }), Some(key)).await?;
    wire.step("configure", &answer, 200, |_| Some("WECHAT_CLIENT_ID, WECHAT_CLIENT_SECRET set".into()))?;
    let city = json!({ "name": "Demo", "city_id": CITY });
    let answer = wire.post("/v1/cities/create", &city, Some(key)).await?;
    wire.step("city", &answer, 200, |city| {
        Some(format!("{} is {}", text(city, "city_id")?, text(city, "status")?))
    })
}

/// A sign-in that was started.
struct Login {
    url: Url,
    state: String,
    pkce: Pkce,
}

/// What the product's front end does first: asks for the providers, starts, begins to wait.
async fn start(wire: &Wire) -> Result<Login, Problem> {
    let answer = wire.get("/v1/accounts/providers", None).await?;
    wire.step("providers", &answer, 200, |providers| {
        let wechat = providers["items"].as_array()?.iter().find(|item| item["id"] == "wechat")?;
        (wechat["enabled"] == true).then(|| "wechat is enabled: show its button".into())
    })?;
    let pkce = Pkce::new().map_err(Problem::new)?;
    let body = json!({
        "provider": "wechat",
        "city_id": CITY,
        "code_challenge": pkce.challenge(),
        "code_challenge_method": "S256",
    });
    let answer = wire.post("/v1/accounts/oauth/start", &body, None).await?;
    wire.step("start", &answer, 200, |start| {
        Some(format!("state={} url=sim/connect/qrconnect?…", shortened(&text(start, "state")?)))
    })?;
    let url = text(&answer.json(), "url").and_then(|url| Url::parse(&url).ok());
    let state = text(&answer.json(), "state");
    let (Some(url), Some(state)) = (url, state) else { return Err(Problem::new("oauth/start gave no url")) };
    let login = Login { url, state, pkce };
    let answer = wire.get(&login.result_path(), None).await?;
    wire.step("wait", &answer, 200, |result| pending(result).then(|| "status=pending".into()))?;
    Ok(login)
}

impl Login {
    fn result_path(&self) -> String {
        let verifier = self.pkce.verifier().expose_secret();
        format!("/v1/accounts/oauth/result?state={}&code_verifier={verifier}", self.state)
    }
}

/// What the person does: opens the QR page, scans, allows. Answers the address that the page then goes to.
async fn phone(wire: &Wire, login: &Login) -> Result<Url, Problem> {
    let answer = wire.get(login.url.as_str(), None).await?;
    let uuid = answer.between("/connect/qrcode/", "\"").unwrap_or_default();
    wire.page(
        "QR page",
        &answer,
        (!uuid.is_empty()).then(|| format!("a QR code is shown, uuid={}", shortened(&uuid))),
    )?;
    let answer = wire.get(&format!("{}/connect/confirm?uuid={uuid}", wire.sim), None).await?;
    wire.page("scan", &answer, answer.between("value=\"", "\"").map(|_| "the phone asks: allow?".into()))?;
    let form = [("uuid", uuid.as_str()), ("allow", "allow"), ("user", "zhangsan")];
    let answer = wire.post_form(&format!("{}/connect/confirm_reply", wire.sim), &form).await?;
    wire.page("allow", &answer, Some("张三 allows it on the phone".into()))?;
    let answer = wire.get(&format!("{}/connect/l/qrconnect?uuid={uuid}&last=404", wire.sim), None).await?;
    let code = answer.between("wx_code='", "'").filter(|code| !code.is_empty());
    let told = code.as_ref().map(|code| format!("405 code={}", shortened(code)));
    wire.page("QR page", &answer, told)?;
    let code = code.unwrap_or_default();
    let redirect =
        login.url.query_pairs().find(|(name, _)| name == "redirect_uri").map(|(_, value)| value.into_owned());
    let callback = redirect.and_then(|redirect| {
        Url::parse_with_params(&redirect, [("code", code.as_str()), ("state", login.state.as_str())]).ok()
    });
    callback.ok_or_else(|| Problem::new("the sign-in address has no redirect_uri"))
}

/// The browser comes back, and the Federation asks WeChat who it was: once, server to server.
async fn come_back(wire: &Wire, sandbox: &Sandbox, callback: &Url) -> Result<(), Problem> {
    let answer = wire.follow(callback.as_str()).await?;
    let title = answer.between("<title>", "</title>").map(|title| format!("page: “{}”", title.trim()));
    wire.page("callback", &answer, title)?;
    let asked = (sandbox.sim.count("access_token"), sandbox.sim.count("userinfo"));
    wire.between_servers("exchange", "/sns/oauth2/access_token", asked.0, "code → openid, unionid")?;
    wire.between_servers("profile", "/sns/userinfo", asked.1, "nickname, avatar")
}

/// The product collects the token, with the verifier that only it knows.
async fn collect(wire: &Wire, login: &Login) -> Result<String, Problem> {
    let answer = wire.get(&login.result_path(), None).await?;
    wire.step("result", &answer, 200, |result| {
        let token = text(result, "user_token").filter(|token| token.starts_with("ub_"))?;
        (result["status"] == "done").then(|| format!("status=done user_token={}", shortened(&token)))
    })?;
    text(&answer.json(), "user_token").ok_or_else(|| Problem::new("oauth/result gave no token"))
}

/// A normal `user_token` of the city: it says who the user is until they log out.
async fn use_token(wire: &Wire, token: &str) -> Result<(), Problem> {
    let answer = wire.get("/v1/accounts/me", Some(token)).await?;
    wire.step("me", &answer, 200, |me| {
        let user = shortened(&text(&me["user"], "user_id")?);
        Some(format!("{}, user_id={user}, {}", text(&me["profile"], "display_name")?, text(me, "city_id")?))
    })?;
    let answer = wire.post("/v1/accounts/logout", &json!({}), Some(token)).await?;
    wire.step("logout", &answer, 200, |out| {
        (out["success"] == true).then(|| "the session is revoked".into())
    })?;
    let answer = wire.get("/v1/accounts/me", Some(token)).await?;
    wire.step("refused", &answer, 401, |error| Some(format!("the old token: {}", text(error, "code")?)))
}

fn pending(result: &Value) -> bool {
    result["status"] == "pending"
}

fn text(object: &Value, key: &str) -> Option<String> {
    object[key].as_str().map(str::to_owned)
}
