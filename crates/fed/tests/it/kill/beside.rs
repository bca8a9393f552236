//! What goes on beside the sign-ins of a storm: people register by mail, and an admin changes settings, keys and people.
//! What was confirmed is there after the kill, and what was asked for and not confirmed is done or not, never half.

use super::{PEOPLE, Storm, Told};
use crate::support::{Fed, Mailbox, field};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wechat_sim::Handle;

const PASSWORD: &str = "correct horse battery";
const SETTING: &str = "GITHUB_CLIENT_ID";

/// A thing that is as it was confirmed to be, or as it was last asked to be.
#[derive(Debug, Default)]
struct Claimed<T> {
    sure: T,
    asked: Option<T>,
}

impl<T: Clone + PartialEq + Debug> Claimed<T> {
    fn ask(&mut self, value: T) {
        self.asked = Some(value);
    }

    fn confirm(&mut self) {
        self.sure = self.asked.take().expect("what was asked for");
    }

    /// Takes what is there for sure from now on.
    #[track_caller]
    fn settle(&mut self, found: T) {
        assert!(
            found == self.sure || self.asked.as_ref() == Some(&found),
            "{found:?} is there, where {:?} was confirmed and {:?} asked for",
            self.sure,
            self.asked
        );
        *self = Self { sure: found, asked: None };
    }
}

/// The mails that came, as (address, token of the link).
pub(super) type Mails = Arc<Mutex<HashMap<String, String>>>;

/// What those beside were told.
#[derive(Default)]
pub(super) struct Beside {
    mails: Mails,
    /// The user who is shut out and let in.
    barred: String,
    setting: Claimed<String>,
    disabled: Claimed<bool>,
    /// The latest admin key, whether it is good, and its id.
    key: Option<(String, String, Claimed<bool>)>,
    /// Addresses whose registration was confirmed: the mail must come.
    awaiting: Vec<String>,
    /// Those whose mailed token was used, with the user if that was confirmed.
    verified: Vec<(String, Option<String>)>,
    turns: usize,
}

impl Beside {
    /// Sets up mail, and signs the one in who will be shut out.
    pub(super) async fn of(fed: &Fed, sim: &Handle) -> Self {
        let mut mailbox = Mailbox::open().await;
        fed.run(&["env", "set", "MAIL_FROM", "Demo <no-reply@example.com>"]);
        fed.run_with(&["env", "set", "SMTP_URL", "-"], &mailbox.url);
        fed.run(&["env", "set", SETTING, "0"]);
        let mails = Mails::default();
        let kept = Arc::clone(&mails);
        tokio::spawn(async move {
            while let Some((to, text)) = mailbox.come().await {
                if let Some(rest) = text.split("for=verify&token=").nth(1) {
                    kept.lock().unwrap().insert(to, rest.chars().take(43).collect());
                }
            }
        });
        let guest = fed.client().guest("city_downcity");
        let sim = sim.clone();
        let open = |url: &str| {
            // One who is not in the storm.
            let callback = sim.sign_in_as(url, &format!("p{PEOPLE}")).unwrap();
            tokio::spawn(async move { crate::support::http().get(callback).send().await });
        };
        let barred = guest.sign_in(&downcity::SignIn::new("wechat"), open).await.unwrap().user_id;
        Self { mails, barred, setting: Claimed { sure: "0".into(), asked: None }, ..Self::default() }
    }
}

impl Storm {
    fn beside<T>(&self, work: impl FnOnce(&mut Beside) -> T) -> T {
        work(&mut self.told.lock().unwrap().beside)
    }

    /// One after the other registers, until the server is gone.
    pub(super) async fn register(&self) {
        while !self.over.load(Ordering::Relaxed) {
            if self.register_one().await.is_none() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }

    async fn register_one(&self) -> Option<()> {
        let turn = self.beside(|beside| {
            beside.turns += 1;
            beside.turns
        });
        let email = format!("new{turn}@example.com");
        let body = json!({"email": email, "password": PASSWORD, "name": "新人"});
        self.call("accounts/register", &body, None).await?;
        self.beside(|beside| beside.awaiting.push(email.clone()));
        let mails = self.beside(|beside| Arc::clone(&beside.mails));
        let token = loop {
            if let Some(token) = mails.lock().unwrap().get(&email).cloned() {
                break token;
            }
            if self.over.load(Ordering::Relaxed) {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        self.beside(|beside| {
            beside.awaiting.retain(|awaiting| *awaiting != email);
            beside.verified.push((email.clone(), None));
        });
        let done = self.call("accounts/verify-email", &json!({"token": token}), None).await?;
        let user_id = field(&done, "user_id");
        self.beside(|beside| {
            beside.verified.last_mut().expect("the only one who registers").1 = Some(user_id);
        });
        Some(())
    }

    /// An admin changes one thing after the other, until the server is gone.
    pub(super) async fn administer(&self) {
        while !self.over.load(Ordering::Relaxed) {
            if self.change().await.is_none() {
                // Nothing new is asked for before it is known what became of the last.
                return;
            }
        }
    }

    async fn change(&self) -> Option<()> {
        let key = Some(self.key.as_str());
        let (value, barred, disabled) = self.beside(|beside| {
            let value = (beside.setting.sure.parse::<usize>().expect("a number") + 1).to_string();
            beside.setting.ask(value.clone());
            (value, beside.barred.clone(), beside.disabled.sure)
        });
        self.call("env/upsert", &json!({"key": SETTING, "value": value}), key).await?;
        self.beside(|beside| {
            beside.setting.confirm();
            beside.disabled.ask(!disabled);
        });
        let what = if disabled { "accounts/users/enable" } else { "accounts/users/disable" };
        self.call(what, &json!({"user_id": barred}), key).await?;
        self.beside(|beside| beside.disabled.confirm());
        let made = self.call("admin-keys/create", &json!({"name": "Storm", "role": "viewer"}), key).await?;
        let (id, text) = (field(&made, "key_id"), field(&made, "admin_key"));
        let good = Claimed { sure: true, asked: Some(false) };
        self.beside(|beside| beside.key = Some((id.clone(), text, good)));
        self.call("admin-keys/revoke", &json!({"key_id": id}), key).await?;
        self.beside(|beside| beside.key.as_mut().expect("the latest").2.confirm());
        Some(())
    }
}

/// Every change that was confirmed is there, and nothing that nobody asked for.
pub(super) async fn changes_hold(fed: &Fed, told: &mut Told) {
    let http = crate::support::http();
    let get = async |path: &str, key: &str| {
        let answer = http.get(format!("{}/v1/{path}", fed.url())).bearer_auth(key).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (admin, beside) = (fed.admin_key(), &mut told.beside);
    let (_, env) = get("env/list", &admin).await;
    let set = env["items"].as_array().unwrap().iter().find(|item| item["key"] == SETTING);
    beside.setting.settle(field(set.expect("the setting"), "value"));
    let (_, one) = get(&format!("accounts/users/one?user_id={}", beside.barred), &admin).await;
    beside.disabled.settle(one["user"]["status"] == "disabled");
    if let Some((id, text, good)) = &mut beside.key {
        let (status, body) = get("cities/list", text).await;
        assert!(matches!(status, 200 | 401), "{id}: {body}");
        good.settle(status == 200);
    }
}

/// Whoever was told that they registered gets their mail, and with it an account; and whoever has one signs in.
pub(super) async fn registrations_hold(fed: &Fed, told: &mut Told) {
    let http = crate::support::http();
    let post = async |path: &str, body: Value| {
        let answer = http.post(format!("{}/v1/accounts/{path}", fed.url())).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let beside = &mut told.beside;
    for email in std::mem::take(&mut beside.awaiting) {
        let begun = Instant::now();
        let token = loop {
            if let Some(token) = beside.mails.lock().unwrap().get(&email).cloned() {
                break token;
            }
            let enough = begun.elapsed() < Duration::from_secs(30);
            assert!(enough, "{email} registered and gets no mail: {}", fed.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let (status, done) = post("verify-email", json!({"token": token})).await;
        assert_eq!(status, 200, "{email}: {done}");
        beside.verified.push((email, Some(field(&done, "user_id"))));
    }
    // What held once is not looked at again.
    let known = beside.verified.len().saturating_sub(6);
    for (email, user_id) in &mut beside.verified[known..] {
        if user_id.is_none() {
            // Whether the account was made before the end is not known, but one of the two lets them in.
            let token = beside.mails.lock().unwrap()[email.as_str()].clone();
            let (status, told) = post("verify-email", json!({"token": token})).await;
            assert!(status == 200 || told["code"] == "spent_token", "{email}: {told}");
        }
        let (status, done) = post("login", json!({"email": email, "password": PASSWORD})).await;
        assert_eq!(status, 200, "{email}: {done}");
        let found = field(&done, "user_id");
        assert_eq!(user_id.get_or_insert_with(|| found.clone()), &found, "{email} is two users");
    }
}
