//! Several nodes on one PostgreSQL, as real processes: what one of them does is true on every other, at once where it
//! is heard and soon where it is not.

use crate::support::{Cluster, Fed, Flow, Nodes, Setup, SignIn, Wire, field};
use downcity_store::Store;
use downcity_store::testing::{fresh_postgres, number};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use url::Url;

/// How long a change may take to be true everywhere.
const SECOND: Duration = Duration::from_secs(1);
/// The middle of how long somebody who waits is not woken. Whoever only looked would take longer: half a second between
/// looks while others are not heard, three seconds while they are.
const AT_ONCE: Duration = Duration::from_millis(250);

/// How long after the browser had come back on the second node somebody was told who waited on the third one.
async fn woken_after(nodes: &Nodes, wait: impl AsyncFn(&SignIn) -> Value) -> Duration {
    let sign_in = nodes.begin(0).await;
    let waiting = async {
        let told = wait(&sign_in).await;
        assert_eq!(told["status"], "done", "{told}");
        Instant::now()
    };
    let coming_back = async {
        // Whoever waits has looked and found nothing.
        tokio::time::sleep(Duration::from_millis(200)).await;
        nodes.come_back(1, &sign_in).await;
        Instant::now()
    };
    let (told, back) = tokio::join!(waiting, coming_back);
    told.saturating_duration_since(back)
}

async fn median(nodes: &Nodes, wait: impl AsyncFn(&SignIn) -> Value) -> Duration {
    let mut all = Vec::new();
    for _ in 0..7 {
        all.push(woken_after(nodes, &wait).await);
    }
    all.sort();
    all[all.len() / 2]
}

/// The result that a stream of events ends with.
async fn event(nodes: &Nodes, node: usize, sign_in: &SignIn) -> Value {
    let path = format!("/v1/accounts/oauth/events?state={}", sign_in.state);
    let stream = nodes.request(node, Method::GET, &path).send().await.unwrap().text().await.unwrap();
    let data = stream.lines().find_map(|line| line.strip_prefix("data: "));
    serde_json::from_str(data.unwrap_or_else(|| panic!("no data in {stream}"))).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_may_visit_three_nodes_and_who_waits_is_woken_at_once() {
    let nodes = Nodes::start(3, &fresh_postgres().await).await;
    let polling = median(&nodes, async |sign_in| nodes.result(2, sign_in, 20).await).await;
    assert!(polling < AT_ONCE, "long poll: {polling:?}");
    let streaming = median(&nodes, async |sign_in| event(&nodes, 2, sign_in).await).await;
    assert!(streaming < AT_ONCE, "events: {streaming:?}");
    // Whatever the order of the nodes.
    for order in [[0, 0, 1], [1, 0, 0], [2, 1, 0], [1, 1, 1]] {
        let token = nodes.sign_in(order).await;
        for node in 0..3 {
            assert_eq!(nodes.get(node, "/v1/accounts/me", Some(&token)).await.0, 200, "{order:?} {node}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_cannot_hear_looks_and_hears_again_when_it_can() {
    let direct = fresh_postgres().await;
    let mut nodes = Nodes::start(2, &direct).await;
    let mut by_wire: Url = direct.parse().unwrap();
    let wire = Wire::to(by_wire.port().unwrap_or(5432)).await;
    by_wire.set_host(Some("127.0.0.1")).unwrap();
    by_wire.set_port(Some(wire.port)).unwrap();
    let third = nodes.setup("http://127.0.0.1:9").database_url(&direct);
    nodes.all.push(third.env("FED_DATABASE_DIRECT_URL", by_wire.as_str()).start());
    nodes.hears(2, 1).await;
    wire.set(Flow::Cut);
    let deaf = || nodes.all[2].log().contains("the other nodes are not heard");
    let end = Instant::now() + Duration::from_secs(20);
    while !deaf() {
        assert!(Instant::now() < end, "{}", nodes.all[2].log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let told = async || {
        let metrics = nodes.request(2, Method::GET, "/metrics").bearer_auth(nodes.all[0].admin_key());
        let metrics = metrics.send().await.unwrap().text().await.unwrap();
        let status: Value = serde_json::from_str(&nodes.all[2].run(&["status", "--json"])).unwrap();
        (metrics.contains("\ndowncity_hears_other_nodes 1.0\n"), field(&status["others"], "code"))
    };
    assert_eq!(told().await, (false, "unheard".to_owned()));
    for _ in 0..3 {
        let after = woken_after(&nodes, async |sign_in| nodes.result(2, sign_in, 20).await).await;
        assert!(after < 2 * SECOND, "by looking: {after:?}");
    }
    switch(&nodes, [0, 2], "disable").await;
    switch(&nodes, [1, 2], "enable").await;
    wire.set(Flow::Open);
    nodes.hears(2, 2).await;
    let again = median(&nodes, async |sign_in| nodes.result(2, sign_in, 20).await).await;
    assert!(again < AT_ONCE, "heard again: {again:?}");
    assert_eq!(told().await, (true, "fine".to_owned()));
}

/// Switches WeChat off or on on one node and waits until guests of another are no longer offered it, or are again.
async fn switch(nodes: &Nodes, [on, seen_on]: [usize; 2], how: &str) -> Duration {
    nodes.change(on, &format!("providers/{how}"), json!({"provider": "wechat"})).await;
    soon(2 * SECOND, how, async || {
        let (_, ways) = nodes.get(seen_on, "/v1/accounts/providers", None).await;
        ways["items"].as_array().unwrap().is_empty() == (how == "disable")
    })
    .await
}

/// Waits until something is true, and gives how long that took.
async fn soon(bound: Duration, what: &str, is_true: impl AsyncFn() -> bool) -> Duration {
    let begun = Instant::now();
    while !is_true().await {
        assert!(begun.elapsed() < bound, "{what}: not after {:?}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_one_node_changes_hold_on_every_node_within_a_second() {
    let nodes = Nodes::start(3, &fresh_postgres().await).await;
    let key = nodes.all[0].admin_key();
    let ways = async |node: usize| {
        let (_, ways) = nodes.get(node, "/v1/accounts/providers", None).await;
        ways["items"].as_array().unwrap().len()
    };
    let start = json!({"provider": "wechat"});
    for node in 0..3 {
        soon(SECOND, "WeChat is there", async || ways(node).await == 1).await;
    }
    // The Federation env.
    nodes.change(1, "env/remove", json!({"key": "WECHAT_CLIENT_ID"})).await;
    for node in 0..3 {
        soon(SECOND, "env removed", async || ways(node).await == 0).await;
    }
    let app = nodes.sim.app().appid;
    nodes.change(2, "env/upsert", json!({"key": "WECHAT_CLIENT_ID", "value": app})).await;
    for node in 0..3 {
        soon(SECOND, "env set", async || ways(node).await == 1).await;
    }
    // The pause of a city.
    nodes.change(0, "cities/create", json!({"city_id": "city_demo", "name": "Demo"})).await;
    let start_there = json!({"provider": "wechat", "city_id": "city_demo"});
    for (path, status) in [("cities/activate", 200), ("cities/pause", 403), ("cities/activate", 200)] {
        nodes.change(1, path, json!({"city_id": "city_demo"})).await;
        for node in 0..3 {
            let told = async || nodes.post(node, "accounts/oauth/start", start_there.clone(), None).await.0;
            soon(SECOND, path, async || told().await == status).await;
        }
    }
    // A provider that is switched off.
    for (path, status) in [("providers/disable", 403), ("providers/enable", 200)] {
        nodes.change(2, path, json!({"provider": "wechat"})).await;
        for node in 0..3 {
            let told = async || nodes.post(node, "accounts/oauth/start", start.clone(), None).await.0;
            soon(SECOND, path, async || told().await == status).await;
        }
    }
    // A signing key, which is published before it signs.
    nodes.change(0, "federation/keys/rotate", json!({})).await;
    for node in 0..3 {
        let keys = async || nodes.get(node, "/.well-known/jwks.json", None).await.1;
        soon(SECOND, "a new signing key", async || keys().await["keys"].as_array().unwrap().len() == 2).await;
    }
    // An admin key.
    let made = nodes.change(0, "admin-keys/create", json!({"name": "second", "role": "operator"})).await;
    let (second, key_id) = (field(&made, "admin_key"), field(&made, "key_id"));
    let allowed = async |node: usize| nodes.get(node, "/v1/cities/list", Some(&second)).await.0;
    // A new one is heard of; one that is known is looked up each time.
    for node in 0..3 {
        soon(SECOND, "a new admin key", async || allowed(node).await == 200).await;
    }
    nodes.change(1, "admin-keys/revoke", json!({"key_id": key_id})).await;
    for node in 0..3 {
        soon(SECOND, "a revoked admin key", async || allowed(node).await == 401).await;
    }
    assert_eq!(nodes.get(2, "/v1/cities/list", Some(&key)).await.0, 200);
    // They hear it: much sooner than whoever only looks each second.
    let mut all = Vec::new();
    for round in 0..8 {
        let how = if round % 2 == 0 { "disable" } else { "enable" };
        all.push(switch(&nodes, [round % 3, (round + 1) % 3], how).await);
    }
    all.sort();
    assert!(all[4] < AT_ONCE, "{all:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_whose_every_request_goes_to_another_node_sees_what_they_did() {
    let nodes = Nodes::start(3, &fresh_postgres().await).await;
    let key = nodes.all[0].admin_key();
    for round in 0..20 {
        let city = format!("city_{round}");
        nodes.change(round % 3, "cities/create", json!({"city_id": city, "name": "New"})).await;
        nodes.change((round + 1) % 3, "cities/pause", json!({"city_id": city})).await;
        let (_, cities) = nodes.get((round + 2) % 3, "/v1/cities/list", Some(&key)).await;
        let listed = cities["items"].as_array().unwrap().iter().find(|listed| listed["city_id"] == city);
        assert_eq!(listed.unwrap()["status"], "paused");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_out_on_one_node_is_out_on_every_node_at_once() {
    let nodes = Nodes::start(3, &fresh_postgres().await).await;
    let key = nodes.all[0].admin_key();
    let refused = async |token: &str, code: &str| {
        for node in 0..3 {
            let (_, told) = nodes.get(node, "/v1/accounts/me", Some(token)).await;
            assert_eq!(told["code"], code, "node {node}");
        }
    };
    let token = nodes.sign_in([0, 1, 2]).await;
    assert_eq!(nodes.post(1, "accounts/logout", json!({}), Some(&token)).await.0, 200);
    refused(&token, "invalid_token").await;
    let token = nodes.sign_in([1, 2, 0]).await;
    let (_, sessions) = nodes.get(0, "/v1/accounts/sessions/mine", Some(&token)).await;
    let session_id = field(&sessions["items"][0], "session_id");
    nodes.change(2, "accounts/sessions/admin-revoke", json!({"session_id": session_id})).await;
    refused(&token, "invalid_token").await;
    let token = nodes.sign_in([2, 0, 1]).await;
    let (_, me) = nodes.get(0, "/v1/accounts/me", Some(&token)).await;
    let user = json!({"user_id": field(&me["user"], "user_id")});
    nodes.change(1, "accounts/users/disable", user).await;
    for node in 0..3 {
        let (status, told) = nodes.get(node, "/v1/accounts/me", Some(&token)).await;
        assert!(status == 401 || status == 403, "node {node}: {told}");
        let sign_in = nodes.begin(node).await;
        nodes.come_back((node + 1) % 3, &sign_in).await;
        let told = nodes.result((node + 2) % 3, &sign_in, 5).await;
        assert_eq!(told["code"], "user_disabled", "{told}");
    }
    assert_eq!(nodes.get(2, "/v1/accounts/users", Some(&key)).await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_nodes_that_start_at_the_same_moment_on_nothing_make_one_federation() {
    let url = fresh_postgres().await;
    let master = "5a".repeat(32);
    let starting: Vec<_> = (0..4)
        .map(|_| {
            let (url, master) = (url.clone(), master.clone());
            std::thread::spawn(move || {
                Setup::default().database_url(&url).env("FED_MASTER_KEY", &master).start()
            })
        })
        .collect();
    let nodes: Vec<Fed> =
        starting.into_iter().map(|node| node.join().expect("each of them starts")).collect();
    let made = |node: &&Fed| node.data().join("admin.key").exists();
    assert_eq!(nodes.iter().filter(made).count(), 1, "one admin key was made, and told by whoever made it");
    let first = nodes.iter().find(made).unwrap();
    let keys: Vec<Value> = {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut all = Vec::new();
        for node in &nodes {
            let answer = http.get(format!("{}/.well-known/jwks.json", node.url())).send().await.unwrap();
            all.push(answer.json().await.unwrap());
            let list = http.get(format!("{}/v1/cities/list", node.url())).bearer_auth(first.admin_key());
            soon(SECOND, "the admin key", async || {
                list.try_clone().unwrap().send().await.unwrap().status() == 200
            })
            .await;
        }
        all
    };
    assert!(keys.iter().all(|set| set == &keys[0] && set["keys"].as_array().unwrap().len() == 1), "{keys:?}");
    let store = Store::open_postgres(&url).await.unwrap();
    let wrong = "select count(*) - (select max(number) from schema_steps) from schema_steps";
    assert_eq!(number(&store, wrong).await, 0, "each step was taken once");
    for one in ["select count(*) from cities", "select count(*) from admin_keys"] {
        assert_eq!(number(&store, one).await, 1, "{one}");
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waited_on_a_node_that_was_killed_gets_the_token_from_another_one() {
    let mut nodes = Nodes::start(3, &fresh_postgres().await).await;
    for _ in 0..3 {
        let sign_in = nodes.begin(2).await;
        let path = format!("/v1/accounts/oauth/result?state={}&wait=20", sign_in.state);
        let waiting = tokio::spawn(nodes.request(2, Method::GET, &path).send());
        tokio::time::sleep(Duration::from_millis(200)).await;
        nodes.all[2].kill();
        assert!(waiting.await.unwrap().is_err(), "nobody answers for the dead");
        let (told, ()) = tokio::join!(nodes.result(0, &sign_in, 20), nodes.come_back(1, &sign_in));
        assert_eq!(told["status"], "done", "{told}");
        let token = field(&told, "user_token");
        let dead = nodes.all.pop().unwrap();
        nodes.all.push(dead.restart());
        assert_eq!(nodes.get(2, "/v1/accounts/me", Some(&token)).await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_hold_for_all_nodes_together() {
    let cluster = Cluster::start("");
    let mut nodes = Nodes::none().await;
    for _ in 0..3 {
        let setup = nodes.setup("http://127.0.0.1:9").database_url(&cluster.url());
        nodes.all.push(setup.env("FED_STARTS_PER_MINUTE", "12").start());
    }
    nodes.configure();
    for node in 0..3 {
        let ways = async || nodes.get(node, "/v1/accounts/providers", None).await.1["items"][0].is_object();
        soon(2 * SECOND, "WeChat is there", ways).await;
    }
    let (mut fine, mut refused) = (0, 0);
    for n in 0..60 {
        let (status, told) =
            nodes.post(n % 3, "accounts/oauth/start", json!({"provider": "wechat"}), None).await;
        match status {
            200 => fine += 1,
            429 => refused += 1,
            _ => panic!("{status} {told}"),
        }
    }
    // What each further node grants before it tells the others may come on top (decision 0019).
    assert!((10..=12 + 2 * 3).contains(&fine) && refused == 60 - fine, "{fine} were let in");
}
