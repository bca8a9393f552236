//! Broken ways to providers: wrong certificates, names that lead nowhere, and one provider that hangs beside others.

use super::github::{self, GitHub};
use super::issuer::{come_back_by_get, set_up, start};
use crate::doctor::tls::{Cert, Pass, Proxy};
use crate::doctor::{examined, finding, result};
use crate::kit::assert_error;
use crate::metrics::{scrape, value};
use crate::support::{HOME, On, Plan, World};
use crate::workspace::Keeper;
use futures::future::join_all;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use wechat_sim::{Fault, FaultKind};

/// The promise is 8 seconds; the rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(11);

/// A Federation that finds WeChat at this address and trusts this CA.
async fn ready(ca: PathBuf, wechat: &str) -> World {
    let plan =
        Plan { ca: Some(ca), wechat: Some(wechat.to_owned()), private_issuers: true, ..Plan::on(On::Sqlite) };
    let world = World::planned(plan).await;
    world.set_up_wechat().await;
    world.admin_post("cities/create", json!({"name": "Demo", "city_id": "city_demo"})).await;
    world
}

/// One sign-in with WeChat, from its start to its outcome.
async fn sign_in(world: &World) -> Value {
    let state = start(world, "wechat").await.ok()["state"].as_str().unwrap().to_owned();
    let code = world.sim.mint_code(&world.sim.app().appid, "alice").unwrap();
    come_back_by_get(world, &state, &[("code", &code)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_certificate_of_a_known_ca_is_what_it_takes() {
    let proxy = Proxy::start(Cert::GOOD).await;
    let world = ready(proxy.ca.clone(), &proxy.url).await;
    proxy.pass(Pass::To(world.sim.url().to_owned(), vec![("host", "api.weixin.qq.com".to_owned())]));
    assert_eq!(sign_in(&world).await["status"], "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_certificates_and_names_that_lead_nowhere_end_the_sign_in_soon() {
    let good = Proxy::start(Cert::GOOD).await;
    let expired = Proxy::start(Cert { days: (-90, -1), ..Cert::GOOD }).await;
    let not_yet = Proxy::start(Cert { days: (1, 90), ..Cert::GOOD }).await;
    let elsewhere = Proxy::start(Cert { name: "elsewhere.example", ..Cert::GOOD }).await;
    let cases = [
        ("expired", &expired.ca, expired.url.as_str()),
        ("not valid yet", &not_yet.ca, &not_yet.url),
        ("for another host", &elsewhere.ca, &elsewhere.url),
        ("of an unknown CA", &expired.ca, &good.url),
        ("no such name", &good.ca, "https://api.weixin.invalid"),
    ];
    for (what, ca, url) in cases {
        let world = ready(ca.clone(), url).await;
        let begun = Instant::now();
        let told = sign_in(&world).await;
        assert_eq!(told["code"], "provider_unavailable", "{what}: {told}");
        // An issuer is asked before anybody is sent anywhere, so nobody is.
        set_up(&world, "CORP", url).await;
        assert_error(&start(&world, "corp").await, 503, "provider_unavailable");
        assert!(begun.elapsed() < 2 * PATIENCE, "{what}: {:?}", begun.elapsed());
        assert_eq!(super::issuer::users(&world).await, 0, "{what}");
    }
    for proxy in [good, expired, not_yet, elsewhere] {
        assert_eq!(proxy.requests(), 0, "nothing was said to whoever could not show who it is");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_wechat_leaves_github_and_all_else_alone_and_shows() {
    let server = GitHub::start().await;
    let world = github::ready(On::Sqlite, &server).await;
    world.set_up_wechat().await;
    world.sim.set(|s| s.token_fault = Some(Fault::new(FaultKind::Hang)));
    let begun = Instant::now();
    // Fewer than there are places at the door: the rest of them is for GitHub and all else.
    let hung = join_all((0..200).map(|_| sign_in(&world)));
    let others = async {
        let (mut slowest, mut count) = (Duration::ZERO, 0);
        while begun.elapsed() < Duration::from_secs(5) {
            let asked = Instant::now();
            let state = start(&world, "github").await.ok()["state"].as_str().unwrap().to_owned();
            let done = come_back_by_get(&world, &state, &[("code", "a1b2c3d4e5f6a7b8c9d0")]).await;
            assert_eq!(done["status"], "done", "{done}");
            world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
            world.get_from(HOME, "accounts/providers").await.ok();
            (slowest, count) = (slowest.max(asked.elapsed()), count + 1);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        (slowest, count)
    };
    let (hung, (slowest, count)) = tokio::join!(hung, others);
    assert!(hung.iter().all(|told| told["code"] == "provider_unavailable"), "{hung:?}");
    assert!(begun.elapsed() < 2 * PATIENCE, "{:?}", begun.elapsed());
    assert!(
        slowest < Duration::from_secs(3) && count > 10,
        "{count} whole sign-ins with GitHub, {slowest:?}"
    );
    seen_everywhere(&world).await;
}

/// The open circuit shows in the workspace, in the metrics and in the doctor's report; GitHub's is closed.
async fn seen_everywhere(world: &World) {
    let text = scrape(world).await;
    let circuit = |id: &str| value(&text, &format!("downcity_provider_circuit_open{{provider=\"{id}\"}}"));
    assert_eq!((circuit("wechat"), circuit("github")), (Some(1.0), Some(0.0)), "{text}");
    let keeper = Keeper::owner(world).await;
    let page = keeper.get("/admin/providers").await.text;
    let card = |id: &str| {
        page.split(&format!("id=\"{id}\"")).nth(1).unwrap().split("</section>").next().unwrap().to_owned()
    };
    assert!(card("wechat").contains("does not answer"), "{}", card("wechat"));
    assert!(!card("github").contains("does not answer"));
    // The doctor asks by itself, whatever the circuit says.
    world.sim.set(|s| s.token_fault = None);
    let report = examined(world, "wechat").await;
    assert_eq!(result(&finding(&report, "wechat.circuit", None)), ("warning", "left_alone"));
    assert!(!examined(world, "github").await.to_string().contains("github.circuit"));
    // And it closes by itself, with the first who is let through.
    tokio::time::sleep(Duration::from_millis(2200)).await;
    assert_eq!(sign_in(world).await["status"], "done");
    world.admin_post("env/upsert", json!({"key": "UNRELATED", "value": "1"})).await;
    assert!(!examined(world, "wechat").await.to_string().contains("wechat.circuit"));
    assert!(!keeper.get("/admin/providers").await.text.contains("does not answer"));
}
