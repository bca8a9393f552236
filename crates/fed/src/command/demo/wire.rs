//! What goes over the wire in the demo, and how it is told.

use crate::problem::Problem;
use crate::screen::{self, Paint};
use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect};
use serde_json::Value;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;
use url::Url;

/// More redirects than any sign-in has.
const HOPS: usize = 5;

/// The demo's browser, product and admin in one.
pub(crate) struct Wire {
    /// The Federation's address.
    fed: String,
    /// The simulated WeChat's address.
    pub(crate) sim: String,
    client: Client,
    paint: Paint,
}

/// One answer, and what was asked.
pub(crate) struct Answer {
    method: &'static str,
    host: &'static str,
    path: String,
    status: StatusCode,
    location: Option<String>,
    /// Cookies that were set, as a browser sends them back.
    cookies: Vec<String>,
    body: String,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// What stands in the body between two texts.
    pub(crate) fn between(&self, before: &str, after: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(before)?;
        rest.split_once(after).map(|(found, _)| found.to_owned())
    }
}

impl Wire {
    /// Follows no redirect by itself and uses no proxy.
    pub(crate) fn new(fed: &str, sim: &str) -> Result<Self, Problem> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .map_err(|why| Problem::new(format_args!("no HTTP client can be made: {why}")))?;
        Ok(Self { fed: fed.to_owned(), sim: sim.to_owned(), client, paint: Paint::detect() })
    }

    /// `GET` of a path of the Federation or of a whole address.
    pub(crate) async fn get(&self, to: &str, bearer: Option<&str>) -> Result<Answer, Problem> {
        let url = self.whole(to);
        self.send("GET", &url, self.client.get(&url), bearer).await
    }

    /// `POST` of JSON to a path of the Federation.
    pub(crate) async fn post(&self, to: &str, body: &Value, bearer: Option<&str>) -> Result<Answer, Problem> {
        let url = self.whole(to);
        self.send("POST", &url, self.client.post(&url).json(body), bearer).await
    }

    /// `POST` of a form, as a page sends it.
    pub(crate) async fn post_form(&self, to: &str, form: &[(&str, &str)]) -> Result<Answer, Problem> {
        self.send("POST", to, self.client.post(to).form(form), None).await
    }

    /// `GET` as a browser does it: with redirects, and with the cookies set on the way.
    pub(crate) async fn follow(&self, to: &str) -> Result<Answer, Problem> {
        let mut answer = self.get(to, None).await?;
        let mut at = Url::parse(to).map_err(Problem::new)?;
        for _ in 0..HOPS {
            let Some(next) = answer.location.as_deref().and_then(|location| at.join(location).ok()) else {
                break;
            };
            let request = self.client.get(next.as_str()).header(header::COOKIE, answer.cookies.join("; "));
            let asked = answer.path;
            answer = self.send("GET", next.as_str(), request, None).await?;
            (answer.path, at) = (asked, next);
        }
        Ok(answer)
    }

    /// Tells a step whose answer is JSON, and ends the demo if it is not what was expected.
    pub(crate) fn step(
        &self,
        name: &str,
        answer: &Answer,
        status: u16,
        facts: impl FnOnce(&Value) -> Option<String>,
    ) -> Result<(), Problem> {
        let facts = Some(answer.json()).filter(|_| answer.status == status).and_then(|json| facts(&json));
        self.tell(name, answer, facts)
    }

    /// Tells a step whose answer is a page.
    pub(crate) fn page(&self, name: &str, answer: &Answer, facts: Option<String>) -> Result<(), Problem> {
        self.tell(name, answer, facts.filter(|_| answer.status == StatusCode::OK))
    }

    /// Tells a call that the Federation made to WeChat: it has to be exactly one.
    pub(crate) fn between_servers(
        &self,
        name: &str,
        path: &str,
        calls: usize,
        facts: &str,
    ) -> Result<(), Problem> {
        if calls != 1 {
            return Err(Problem::new(format_args!("{calls} calls of {path} were made, not one")));
        }
        self.line(name, ["GET", "sim", path], "", &format!("fed asks, once: {facts}"));
        Ok(())
    }

    fn tell(&self, name: &str, answer: &Answer, facts: Option<String>) -> Result<(), Problem> {
        let Answer { method, host, path, status, .. } = answer;
        if let Some(facts) = facts {
            self.line(name, [method, host, path], status.as_str(), &facts);
            return Ok(());
        }
        screen::say(format_args!("  {} {name}: {method} {host} {path} {status}", self.paint.bad("✗")));
        let json = answer.json();
        let said =
            json["error"].as_str().or(json["status"].as_str()).unwrap_or("no such answer was expected");
        Err(Problem::new(format_args!(
            "the step “{name}” did not go as expected: {method} {path} → {status}, {said}"
        )))
    }

    fn line(&self, name: &str, [method, host, path]: [&str; 3], status: &str, facts: &str) {
        let pad = |text: &str, width: usize| " ".repeat(width.saturating_sub(text.width()));
        screen::say(format_args!(
            "  {} {name}{} {method:<4} {host} {path}{} {status:<3}  {}",
            self.paint.good("✓"),
            pad(name, 9),
            pad(path, 27),
            self.paint.faint(facts),
        ));
    }

    fn whole(&self, to: &str) -> String {
        if to.starts_with('/') { format!("{}{to}", self.fed) } else { to.to_owned() }
    }

    async fn send(
        &self,
        method: &'static str,
        url: &str,
        request: RequestBuilder,
        bearer: Option<&str>,
    ) -> Result<Answer, Problem> {
        let host = if url.starts_with(&self.sim) { "sim" } else { "fed" };
        let path = Url::parse(url).map(|url| url.path().to_owned()).map_err(Problem::new)?;
        let request = match bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        };
        // The query holds secrets, so the address stays out of what is told.
        let broken =
            |why: reqwest::Error| Problem::new(format_args!("{method} {host} {path}: {}", why.without_url()));
        let response: Response = request.send().await.map_err(broken)?;
        let (status, headers) = (response.status(), response.headers());
        let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let set = headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookies = set.filter_map(|cookie| cookie.split(';').next()).map(str::to_owned).collect();
        let body = response.text().await.map_err(broken)?;
        Ok(Answer { method, host, path, status, location, cookies, body })
    }
}
