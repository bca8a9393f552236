//! A person at their browser: an address, a language and cookies; goes to pages and presses buttons.

use crate::support::{Answer, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Where the form of the confirmation page goes.
pub(crate) const CONFIRM: &str = "accounts/oauth/confirm";

/// A browser. Its cookies are kept and sent as real ones are; it follows no redirect by itself.
pub(crate) struct Browser<'w> {
    world: &'w World,
    address: &'static str,
    lang: &'static str,
    agent: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl<'w> Browser<'w> {
    pub(crate) fn at(world: &'w World, address: &'static str) -> Self {
        let agent = "Mozilla/5.0 (X11; Linux x86_64) TestBrowser/1".to_owned();
        Self { world, address, lang: "en", agent, cookies: Mutex::default() }
    }

    pub(crate) fn lang(self, lang: &'static str) -> Self {
        Self { lang, ..self }
    }

    pub(crate) fn agent(self, agent: &str) -> Self {
        Self { agent: agent.to_owned(), ..self }
    }

    /// The same person takes the same browser elsewhere.
    pub(crate) fn moves_to(self, address: &'static str) -> Self {
        Self { address, ..self }
    }

    /// Starts a sign-in for `city_demo`, with further fields; gives `(url, state)`.
    pub(crate) async fn start(&self, more: Value) -> (String, String) {
        let mut body = json!({"provider": "wechat", "city_id": "city_demo"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let request = self.world.http.post(self.world.url("accounts/oauth/start")).json(&body);
        let started = self.send(request).await.ok();
        (started["url"].as_str().unwrap().to_owned(), started["state"].as_str().unwrap().to_owned())
    }

    /// Goes to an address; one that starts with a slash is ours.
    pub(crate) async fn get(&self, url: &str) -> Answer {
        let ours = if url.starts_with('/') { self.world.base.as_str() } else { "" };
        self.send(self.world.http.get(format!("{ours}{url}"))).await
    }

    /// Goes to the callback and on to the page about the outcome.
    pub(crate) async fn come_back(&self, callback: &str) -> Page {
        let back = self.get(callback).await;
        assert_eq!(back.status, 303, "{}", back.text);
        self.page(back.header("location")).await
    }

    /// A page of ours.
    pub(crate) async fn page(&self, path: &str) -> Page {
        let answer = self.get(path).await;
        assert!(answer.header("content-type").starts_with("text/html"), "{path}: {}", answer.text);
        Page { path: path.to_owned(), answer }
    }

    /// Presses a button of the confirmation page; gives the page that comes next.
    pub(crate) async fn press(&self, page: &Page, decision: &str) -> Page {
        let pressed = self.send_form(&page.form(decision), &[]).await;
        assert_eq!(pressed.status, 303, "{}", pressed.text);
        self.page(pressed.header("location")).await
    }

    /// Sends a form to where the confirmation page's goes.
    pub(crate) async fn send_form(&self, form: &[(&str, String)], headers: &[(&str, &str)]) -> Answer {
        let mut request = self.world.http.post(self.world.url(CONFIRM)).form(form);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// A call of the product's page.
    pub(crate) async fn call(&self, path: &str, body: Value) -> Answer {
        self.send(self.world.http.post(self.world.url(path)).json(&body)).await
    }

    /// Sends a form to a page, with further headers.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let mut request = self.world.http.post(format!("{}{path}", self.world.base)).form(form);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// A page of another site has the browser post a form here, which takes none of our cookies along, since they are
    /// `Lax`; then it follows the redirect by GET, which does.
    pub(crate) async fn post_across(&self, form: &[(String, String)]) -> Answer {
        let request = self.world.http.post(self.world.url("accounts/oauth/callback")).form(form);
        let request =
            request.header("origin", "https://id.example.com").header("sec-fetch-site", "cross-site");
        let kept = std::mem::take(&mut *self.cookies.lock().unwrap());
        let carried = self.send(request).await;
        self.cookies.lock().unwrap().extend(kept);
        assert_eq!(carried.status, 303, "{}", carried.text);
        self.get(carried.header("location")).await
    }

    /// Sends any form of ours.
    pub(crate) async fn submit(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send(self.world.http.post(self.world.url(path)).form(form)).await
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let cookies: Vec<_> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = request
            .header("x-forwarded-for", self.address)
            .header("accept-language", self.lang)
            .header("user-agent", &self.agent);
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let answer = Answer::of(request).await;
        for pair in answer.cookies().split("; ").filter_map(|pair| pair.split_once('=')) {
            self.set_cookie(pair.0, pair.1);
        }
        answer
    }
}

/// A page as it was shown.
pub(crate) struct Page {
    pub(crate) path: String,
    pub(crate) answer: Answer,
}

impl Page {
    /// Whether it shows a text, after escaping.
    pub(crate) fn shows(&self, text: &str) -> bool {
        self.answer.text.contains(text)
    }

    /// Whether it asks for confirmation.
    pub(crate) fn asks(&self) -> bool {
        self.shows("name=\"form_token\"")
    }

    /// The value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> String {
        let from = self.answer.text.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("such a field");
        from.split('"').next().unwrap().to_owned()
    }

    /// What pressing a button sends.
    pub(crate) fn form(&self, decision: &str) -> Vec<(&'static str, String)> {
        vec![
            ("attempt", self.field("attempt")),
            ("form_token", self.field("form_token")),
            ("decision", decision.to_owned()),
        ]
    }

    /// The address that the page sends the browser on to.
    pub(crate) fn onward(&self) -> Option<String> {
        let from = self.answer.text.split("<a class=\"button\" href=\"").nth(1)?;
        Some(from.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&"))
    }
}
