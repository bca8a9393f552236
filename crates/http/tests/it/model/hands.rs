//! Doing a move over HTTP, and what is seen of it.

use super::moves::{Brings, Move, Place, Policy, Shows};
use crate::kit::{claims_of, pkce};
use crate::support::{AWAY, Answer, HOME, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Whoever waits for an outcome that comes is told by then, even on a machine with much to do.
const AWAKE: Duration = Duration::from_secs(8);
/// Where sign-ins with a `return_to` return.
pub(super) const RETURN: &str = "https://app.example.com/done";

/// What the client of a sign-in holds, and the person's browser.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Held {
    pub(super) state: String,
    pub(super) verifier: Option<String>,
    /// The cookie of the browser that started.
    pub(super) started: String,
    /// The callback address that each person's browser would be sent to.
    pub(super) callbacks: Vec<String>,
    /// The code that the browser brought to the product.
    pub(super) login_code: Option<String>,
    /// The attempt's id and the cookie of the browser that finished.
    pub(super) finished: Option<(String, String)>,
    /// What the confirmation page's form carries.
    pub(super) form_token: Option<String>,
}

/// The tokens of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) user_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) user_id: String,
    pub(super) city_id: String,
}

impl Tokens {
    fn of(body: &Value) -> Self {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let needed = |name: &str| text(name).unwrap_or_else(|| panic!("no {name} in {body}"));
        Self {
            user_token: needed("user_token"),
            refresh_token: text("refresh_token"),
            user_id: needed("user_id"),
            city_id: needed("city_id"),
        }
    }

    pub(super) fn session_id(&self) -> String {
        claims_of(&self.user_token)["jti"].as_str().unwrap().to_owned()
    }
}

/// What was seen of a move: in words, and what was handed over.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) what: String,
    pub(super) started: Option<Held>,
    pub(super) login_code: Option<String>,
    pub(super) finished: Option<(String, String)>,
    pub(super) form_token: Option<String>,
    pub(super) tokens: Option<Tokens>,
    pub(super) ids: BTreeSet<String>,
}

impl Seen {
    fn words(what: impl Into<String>) -> Self {
        Self { what: what.into(), ..Self::default() }
    }

    /// An error by status and code, or what `read` makes of the body.
    fn of(answer: &Answer, read: impl FnOnce(Value) -> Self) -> Self {
        match answer.status {
            200 => read(answer.json()),
            status => Self::words(format!("{status} {}", answer.code())),
        }
    }
}

/// A move with what it needs, taken out of the model before it is done.
pub(super) struct Doing {
    pub(super) held: Held,
    /// The token or refresh token to be shown.
    pub(super) token: String,
    /// The session to be ended.
    pub(super) session_id: String,
    pub(super) people: Vec<String>,
    /// Whether something that happens at the same time is sure to settle the sign-in, so that it can be waited for.
    pub(super) will_settle: bool,
}

pub(super) fn city(policy: Policy) -> &'static str {
    match policy {
        Policy::Auto => "city_auto",
        Policy::Always => "city_always",
        Policy::Never => "city_never",
    }
}

fn from(request: reqwest::RequestBuilder, place: Place, held: &Held) -> reqwest::RequestBuilder {
    match place {
        Place::Home => request.header("x-forwarded-for", HOME),
        Place::Away => request.header("x-forwarded-for", AWAY),
        Place::AwayInSameBrowser => {
            request.header("x-forwarded-for", AWAY).header("cookie", held.started.clone())
        }
    }
}

/// Does a move and tells what was seen.
pub(super) async fn act(world: &World, this: &Move, doing: &Doing) -> Seen {
    let token = doing.token.as_str();
    match *this {
        Move::Start { pkce, return_to, refresh, policy, .. } => {
            start(world, (pkce, return_to, refresh), policy, &doing.people).await
        }
        Move::Callback { brings, from, .. } => callback(world, &doing.held, brings, from).await,
        Move::Result { from: place, verifier, code, wait, .. } => {
            let url = result_url(world, doing, (verifier, code), wait && doing.will_settle);
            let begun = Instant::now();
            let answer = Answer::of(from(world.http.get(url), place, &doing.held)).await;
            if begun.elapsed() > AWAKE {
                return Seen::words("woken too late");
            }
            Seen::of(&answer, |body| match body["status"].as_str() {
                Some("done") => Seen { tokens: Some(Tokens::of(&body)), ..Seen::words("done") },
                Some("failed") => Seen::words(format!("failed {}", body["code"].as_str().unwrap_or("?"))),
                other => Seen::words(other.unwrap_or("?")),
            })
        }
        Move::Confirm { allow, by_stranger, .. } => confirm(world, &doing.held, allow, by_stranger).await,
        Move::Me { .. } => {
            let answer = world.get_as(token, "accounts/me").await;
            Seen::of(&answer, |body| {
                let ids = [&body["user"]["user_id"], &body["city_id"]];
                let ids = ids.iter().map(|id| id.as_str().unwrap_or("?").to_owned()).collect();
                Seen { ids, ..Seen::words("200") }
            })
        }
        Move::Refresh { from: place, .. } => {
            let body = json!({"refresh_token": token});
            let request = world.http.post(world.url("accounts/token/refresh")).json(&body);
            let answer = Answer::of(from(request, place, &doing.held)).await;
            Seen::of(&answer, |body| Seen { tokens: Some(Tokens::of(&body)), ..Seen::words("200") })
        }
        Move::Logout { .. } => post(world, token, "logout", json!({})).await,
        Move::EndOthers { .. } => post(world, token, "sessions/revoke-others", json!({})).await,
        Move::EndSession { .. } => {
            post(world, token, "sessions/revoke", json!({"session_id": doing.session_id})).await
        }
        Move::Sessions { .. } => {
            let answer = world.get_as(token, "accounts/sessions/mine").await;
            Seen::of(&answer, |body| {
                let items = body["items"].as_array().unwrap().iter();
                let ids = items.map(|item| item["session_id"].as_str().unwrap().to_owned()).collect();
                Seen { ids, ..Seen::words("200") }
            })
        }
        Move::Wait { .. } => Seen::default(),
    }
}

async fn post(world: &World, token: &str, path: &str, body: Value) -> Seen {
    let answer = world.post_as(token, &format!("accounts/{path}"), body).await;
    Seen::of(&answer, |body| match body["count"].as_u64() {
        Some(count) => Seen::words(format!("200 {count}")),
        None => Seen::words("200"),
    })
}

async fn start(
    world: &World,
    (with_pkce, return_to, refresh): (bool, bool, bool),
    policy: Policy,
    people: &[String],
) -> Seen {
    let mut body = json!({"provider": "wechat", "city_id": city(policy), "refresh": refresh});
    let mut held = Held::default();
    if with_pkce {
        let (verifier, challenge) = pkce();
        body["code_challenge"] = json!(challenge);
        held.verifier = Some(verifier);
    }
    if return_to {
        body["return_to"] = json!(RETURN);
    }
    let answer = world.post_from(HOME, "accounts/oauth/start", body).await;
    held.started = answer.cookies();
    Seen::of(&answer, |body| {
        let url = body["url"].as_str().unwrap();
        held.state = body["state"].as_str().unwrap().to_owned();
        held.callbacks = people.iter().map(|person| world.allow(url, person)).collect();
        Seen { started: Some(held), ..Seen::words("200") }
    })
}

async fn callback(world: &World, held: &Held, brings: Brings, place: Place) -> Seen {
    let base = world.url("accounts/oauth/callback");
    let url = match brings {
        Brings::CodeOf(person) => held.callbacks[person].clone(),
        Brings::BadCode => format!("{base}?code=0123456789abcdef&state={}", held.state),
        Brings::Refusal => format!("{base}?code=authdeny&state={}", held.state),
        Brings::WrongState => held.callbacks[0].replace(&held.state, &"x".repeat(43)),
    };
    let answer = Answer::of(from(world.http.get(url), place, held)).await;
    let location = answer.header("location");
    if answer.status != 303 {
        return Seen::words(format!("{} {}", answer.status, answer.text));
    }
    if let Some(attempt) = location.strip_prefix("/v1/accounts/oauth/outcome?attempt=") {
        let cookies = answer.cookies();
        return match cookies.is_empty() {
            true => Seen::words("our page"),
            false => Seen {
                finished: Some((attempt.to_owned(), cookies)),
                ..Seen::words("our page, as the browser that finished")
            },
        };
    }
    if let Some(problem) = location.strip_prefix("/v1/accounts/oauth/outcome?problem=") {
        return Seen::words(format!("problem {problem}"));
    }
    let query = crate::kit::query_of(location);
    if !location.starts_with(RETURN) || query.get("state") != Some(&held.state) {
        return Seen::words(format!("sent to {location}"));
    }
    match query.get("error") {
        Some(error) => Seen::words(format!("the product, {error}")),
        None => Seen { login_code: query.get("code").cloned(), ..Seen::words("the product, with a code") },
    }
}

fn result_url(world: &World, doing: &Doing, (verifier, code): (Shows, Shows), wait: bool) -> String {
    let held = &doing.held;
    let mut url = world.url(&format!("accounts/oauth/result?state={}", held.state));
    let wrong = "w".repeat(43);
    let pairs = [("code_verifier", verifier, &held.verifier), ("code", code, &held.login_code)];
    for (name, shows, right) in pairs {
        let value = match shows {
            Shows::Right => right.as_ref(),
            Shows::Wrong => Some(&wrong),
            Shows::Nothing => None,
        };
        if let Some(value) = value {
            url.push_str(&format!("&{name}={value}"));
        }
    }
    if wait {
        url.push_str("&wait=20");
    }
    url
}

async fn confirm(world: &World, held: &Held, allow: bool, by_stranger: bool) -> Seen {
    let (attempt, cookie) = held.finished.clone().expect("somebody finished");
    // Whoever knows the page but did not finish there has no cookie for it, and can only make one up.
    let forged = format!("dc_finish={attempt}.{}.{}", "A".repeat(43), held.state);
    let cookie = if by_stranger { forged } else { cookie };
    let mut form_token = held.form_token.clone();
    if form_token.is_none() && !by_stranger {
        let page = world.http.get(format!("{}/v1/accounts/oauth/outcome?attempt={attempt}", world.base));
        let page = Answer::of(page.header("cookie", &cookie)).await;
        let field = page.text.split("name=\"form_token\" value=\"").nth(1);
        form_token = field.and_then(|rest| rest.split('"').next()).map(str::to_owned);
        if form_token.is_none() {
            return Seen::words("the page does not ask");
        }
    }
    let decision = if allow { "allow" } else { "deny" };
    let token = form_token.clone().unwrap_or_else(|| "A".repeat(43));
    let form = [("attempt", attempt.as_str()), ("form_token", &token), ("decision", decision)];
    let request = world.http.post(world.url("accounts/oauth/confirm")).form(&form).header("cookie", cookie);
    let answer = Answer::of(request).await;
    let what = match answer.header("location").strip_prefix("/v1/accounts/oauth/outcome?problem=") {
        Some(problem) => format!("problem {problem}"),
        None => format!("{} taken", answer.status),
    };
    Seen { form_token, ..Seen::words(what) }
}
