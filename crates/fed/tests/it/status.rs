//! `fed status`: one screen about a Federation, and how it ends for programs.

use crate::support::{Cluster, Fed, Setup, run, said};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use wechat_sim::{Fault, FaultKind, Sim, SimConfig};

fn status(fed: &Fed, args: &[&str]) -> (Option<i32>, String) {
    let output = run(fed.command(&[&["status"], args].concat()), "");
    (output.status.code(), said(&output))
}

async fn sign_in(fed: &Fed, sim: &Sim) {
    let request =
        downcity::OauthStartRequest { provider: "wechat", ..downcity::OauthStartRequest::default() };
    let start = fed.client().guest("city_downcity").start(&request).await.unwrap();
    let callback = sim.sign_in_as(&start.url, "alice").unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    http.get(callback).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_screen_tells_how_a_federation_stands() {
    let sim = Sim::start(SimConfig::default(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let fed = Setup::default().simulator(sim.url()).start();
    let (code, told) = status(&fed, &[]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("Nobody can sign in") && told.contains("what to do: "), "{told}");

    fed.set_up_wechat(&sim);
    sign_in(&fed, &sim).await;
    let (code, told) = status(&fed, &[]);
    assert_eq!(code, Some(0), "{told}");
    for part in [fed.url(), env!("CARGO_PKG_VERSION"), "up since", "1 started, 1 done, 0 under way, 0 failed"]
    {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(told.lines().count() <= 24, "one screen: {told}");
    let (_, told) = status(&fed, &["--json"]);
    let json: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&json["ready"], &json["database"]["schema"]), (&true.into(), &"ok".into()), "{json}");
    assert!(json["database"]["evidence"].as_str().is_some_and(|text| !text.is_empty()), "{json}");
    assert_eq!(json["providers"][0]["left_alone"], false, "{json}");
    let started: downcity::Timestamp = json["started_at"].as_str().unwrap().parse().unwrap();
    assert!(downcity::Timestamp::now().duration_since(started).as_secs() < 120, "{json}");

    // WeChat stops answering: five people later it is left alone, and that keeps people out.
    sim.set(|s| s.token_fault = Some(Fault::new(FaultKind::Reset)));
    for _ in 0..5 {
        sign_in(&fed, &sim).await;
    }
    let (code, told) = status(&fed, &["--json"]);
    let json: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!((code, &json["providers"][0]["left_alone"]), (Some(1), &true.into()), "{told}");
    assert_eq!(json["last_hour"]["failed"], 5, "{told}");

    // The key of a city sees its part.
    let made =
        fed.run(&["admin-key", "create", "team", "--role", "viewer", "--city", "city_downcity", "--json"]);
    let made: Value = serde_json::from_str(&made).unwrap();
    let mut command = crate::support::fed();
    command.args(["status", "--json", "--url", fed.url()]);
    command.env("FED_ADMIN_KEY", made["admin_key"].as_str().unwrap());
    let output = run(command, "");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    assert_eq!((&json["ready"], &json["started_at"]), (&true.into(), &Value::Null), "{json}");
}

#[test]
fn a_federation_without_its_database_is_told_from_one_that_is_gone() {
    let cluster = Cluster::start("");
    let mut fed = Setup::default().database_url(&cluster.url()).start();
    cluster.stop("immediate");
    let (code, told) = status(&fed, &[]);
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("up since") && told.contains("its database does not answer"), "{told}");
    fed.kill();
    let (code, told) = status(&fed, &[]);
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("no Federation answers"), "{told}");
}
