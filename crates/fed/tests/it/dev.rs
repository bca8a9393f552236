//! `fed dev`: everything a person needs to try a sign-in, left running.

use crate::support::{fed, run, said};
use downcity::{Federation, SecretString, SignIn};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use wechat_sim::{Handle, SimConfig};

/// A running `fed dev --json`, killed when dropped.
pub(crate) struct Dev {
    child: Child,
    ready: Value,
}

impl Dev {
    pub(crate) fn start(data: &std::path::Path) -> Self {
        let mut command = fed();
        command.args(["dev", "--port", "0", "--json", "--data"]).arg(data);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("fed dev starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let ready = serde_json::from_str(&line).expect("JSON");
        Self { child, ready }
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap_or_else(|| panic!("{key}"))
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_sample_page_may_call_the_federation_and_wechat_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let first_key = {
        let dev = Dev::start(folder.path());
        dev.text("admin_key").to_owned()
    };
    let dev = Dev::start(folder.path());
    assert_eq!(dev.text("admin_key"), first_key, "kept from one run to the next");
    let federation = Federation::new(dev.text("federation_url")).unwrap();
    let providers = federation.guest(dev.text("city_id")).providers().await.unwrap();
    assert_eq!(providers.items[0].id, "wechat");
    let cities = federation.admin(SecretString::from(dev.text("admin_key"))).cities().list().await.unwrap();
    let city = cities.items.iter().find(|city| city.city_id == dev.text("city_id")).unwrap();
    assert!(city.allowed_origins.iter().any(|origin| origin == dev.text("product_url")), "{city:?}");
}

#[tokio::test]
async fn what_the_developer_allowed_outlives_a_restart_and_old_ports_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let origins = async |dev: &Dev| {
        let federation = Federation::new(dev.text("federation_url")).unwrap();
        let admin = federation.admin(SecretString::from(dev.text("admin_key")));
        let cities = admin.cities().list().await.unwrap();
        cities.items.into_iter().find(|city| city.city_id == "city_demo").unwrap().allowed_origins
    };
    let own = "http://localhost:5173";
    let first = {
        let dev = Dev::start(folder.path());
        let url = dev.text("federation_url");
        let mut command = fed();
        let sample = dev.text("product_url");
        command.args(["city", "update", "city_demo", "--allow-origin", own, "--allow-origin", sample]);
        let updated = run(
            {
                command.args(["--url", url, "--data"]).arg(folder.path());
                command
            },
            "",
        );
        assert!(updated.status.success(), "{}", said(&updated));
        sample.to_owned()
    };
    let dev = Dev::start(folder.path());
    let now = origins(&dev).await;
    assert!(now.iter().any(|origin| origin == own), "{now:?}");
    assert!(now.iter().any(|origin| origin == dev.text("product_url")), "{now:?}");
    assert!(first == dev.text("product_url") || !now.contains(&first), "{now:?}");
}

#[tokio::test]
async fn the_sample_page_is_its_own_origin_with_a_strict_policy() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(folder.path());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = http.get(dev.text("product_url")).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
    assert!(policy.contains(dev.text("federation_url")) && !policy.contains("unsafe"), "{policy}");
    let page = page.text().await.unwrap();
    for link in page.split(['"']).filter(|part| part.starts_with('/') && !part.starts_with("/>")) {
        let file = http.get(format!("{}{link}", dev.text("product_url"))).send().await.unwrap();
        assert_eq!(file.status(), 200, "{link}");
    }
    assert!(!page.contains("://"), "nothing of a third party");
    let script =
        http.get(format!("{}/product.js", dev.text("product_url"))).send().await.unwrap().text().await;
    assert!(!script.unwrap().contains("\"wechat\""), "the button is not hardcoded");
}

#[tokio::test]
async fn a_person_can_sign_in_through_the_simulator() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(folder.path());
    let sim = dev.text("simulator_url").to_owned();
    let federation = Federation::new(dev.text("federation_url")).unwrap();
    let guest = federation.guest(dev.text("city_id"));
    let open = |url: &str| {
        assert!(url.starts_with(&sim), "{url}");
        let state = url.split("state=").nth(1).unwrap().split(['&', '#']).next().unwrap().to_owned();
        let (sim, url) = (sim.clone(), url.to_owned());
        tokio::spawn(async move {
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            http.get(url).send().await.unwrap();
            let tap = serde_json::json!({ "state": state, "user": "alice" });
            let answer = http.post(format!("{sim}/_sim/allow")).json(&tap).send().await.unwrap();
            let answer: Value = answer.json().await.unwrap();
            http.get(answer["callback"].as_str().unwrap()).send().await.unwrap();
        });
    };
    // Once the program waits at the Federation, and once the browser brings the code to a port of the program.
    guest.sign_in(&SignIn::new("wechat").elsewhere(), open).await.unwrap();
    let signed_in = guest.sign_in(&SignIn::new("wechat").here(), open).await.unwrap();
    let me = signed_in.user.me().await.unwrap();
    assert_eq!(me.profile.display_name.as_deref(), Some("Alice"));
    assert_eq!(me.city_id.as_deref(), Some("city_demo"));
    let picture = me.profile.avatar_url.unwrap();
    assert!(picture.starts_with(&sim), "the simulator speaks http: {picture}");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(http.get(picture).send().await.unwrap().status(), 200);
}

#[test]
fn the_simulator_alone_says_where_it_is_and_what_to_use() {
    let mut command = fed();
    command.args(["wechat-sim", "--port", "0"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let (first, second) = (lines.next().unwrap(), lines.next().unwrap());
    let _ = child.kill();
    let _ = child.wait();
    assert!(first.starts_with("Simulated WeChat at http://127.0.0.1:"), "{first}");
    let app = Handle::new(SimConfig::default(), "http://127.0.0.1:1").app();
    assert!(second.contains(&app.appid) && second.contains(&app.secret), "{second}");
}
