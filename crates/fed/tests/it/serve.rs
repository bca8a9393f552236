//! `fed serve` as a process: slow peers, an orderly end, kill -9, several nodes on one database.

use crate::support::{Fed, Setup, fed, read, run, said};
use downcity::{OauthResult, OauthStartRequest, Pkce};
use downcity_store::testing::fresh_postgres;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};
use wechat_sim::{Sim, SimConfig};

async fn simulator() -> Sim {
    Sim::start(SimConfig::default(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("a free port")
}

#[test]
fn a_head_that_never_ends_is_closed_and_a_connection_between_requests_is_kept() {
    let fed = Fed::start();
    let connect = || {
        let peer = TcpStream::connect(fed.url().trim_start_matches("http://")).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        peer
    };
    let (mut early, mut slow, mut kept) = (connect(), connect(), connect());
    slow.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
    let health = |peer: &mut TcpStream| {
        peer.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = [0; 15];
        peer.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        // The rest of this answer.
        while !answer.ends_with(b"}") {
            answer.rotate_left(1);
            peer.read_exact(&mut answer[14..]).unwrap();
        }
    };
    health(&mut kept);
    let begun = Instant::now();
    // Closed in good order or reset: either way nobody holds the place any longer.
    let _ = slow.read_to_end(&mut Vec::new());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(begun.elapsed() > Duration::from_secs(5), "but it gets some time: {:?}", begun.elapsed());
    // Between two requests nobody is in a hurry, nor before the first: proxies keep their connections for a minute.
    health(&mut kept);
    health(&mut early);
}

#[tokio::test]
async fn the_workspace_is_on_the_public_listener_or_on_its_own() {
    let get = async |url: String| {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        http.get(url).send().await.unwrap().status().as_u16()
    };
    let shared = Fed::start();
    assert_eq!(get(format!("{}/admin/sign-in", shared.url())).await, 200);
    let apart = Setup::default().args(["--admin-listen", "127.0.0.1:0"]).start();
    let told = apart.output();
    let own = told.split("Web workspace: ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(!own.starts_with(apart.url()), "{told}");
    assert_eq!(get(format!("{own}/sign-in")).await, 200);
    assert_eq!(get(own.replace("/admin", "/v1/accounts/providers")).await, 404);
    for path in ["/admin", "/admin/sign-in"] {
        assert_eq!(get(format!("{}{path}", apart.url())).await, 404, "{path}");
    }
    assert_eq!(get(format!("{}/v1/accounts/providers", apart.url())).await, 200);
    let closing = Setup::default().env("FED_ADMIN_LISTEN", "127.0.0.1:0").start();
    assert!(closing.output().contains("Web workspace: http://127.0.0.1:"), "{}", closing.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_survives_kill_minus_9_between_its_steps() {
    let sim = simulator().await;
    let fed = Setup::default().simulator(sim.url()).start();
    assert!(fed.log().contains("WECHAT IS SIMULATED"), "{}", fed.log());
    fed.set_up_wechat(&sim);
    let pkce = Pkce::new().unwrap();
    let request = OauthStartRequest {
        provider: "wechat",
        code_challenge: Some(pkce.challenge()),
        code_challenge_method: Some("S256"),
        ..OauthStartRequest::default()
    };
    let start = fed.client().guest("city_downcity").start(&request).await.unwrap();
    let fed = fed.restart();
    let callback = sim.sign_in_as(&start.url, "alice").unwrap();
    reqwest::Client::builder().no_proxy().build().unwrap().get(callback).send().await.unwrap();
    let fed = fed.restart();
    let guest = fed.client().guest("city_downcity");
    let result = guest.result(&start.state, Some(pkce.verifier()), None).await.unwrap();
    let OauthResult::Done(done) = result else { panic!("{result:?}") };
    let fed = fed.restart();
    let me = fed.client().user(done.user_token.clone()).me().await.unwrap();
    assert_eq!(me.user.user_id, done.user_id);
    fed.client().user(done.user_token.clone()).logout().await.unwrap();
    let fed = fed.restart();
    let refused = fed.client().user(done.user_token).me().await.unwrap_err();
    assert_eq!(refused.status(), Some(401), "what was revoked never comes back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_waiting_poll_and_the_process() {
    let sim = simulator().await;
    let mut fed = Setup::default().simulator(sim.url()).start();
    fed.set_up_wechat(&sim);
    let guest = fed.client().guest("city_downcity");
    let request = OauthStartRequest { provider: "wechat", ..OauthStartRequest::default() };
    let start = guest.start(&request).await.unwrap();
    let waiting =
        tokio::spawn(async move { guest.result(&start.state, None, Some(Duration::from_secs(30))).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    assert!(fed.stop().success(), "{}", fed.log());
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let _ = waiting.await.unwrap();
}

#[test]
fn only_one_process_opens_a_data_folder() {
    let first = Fed::start();
    let mut second = fed();
    second.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(first.data());
    let output = run(second, "");
    assert!(
        output.status.code() == Some(1) && said(&output).contains("in use by another"),
        "{}",
        said(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_needs_the_master_key_of_the_first() {
    let url = fresh_postgres().await;
    let first = Setup::default().database_url(&url).start();
    assert!(first.output().contains("copy it to every node"), "{}", first.output());
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut stranger = fed();
    stranger.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data).env("FED_DATABASE_URL", &url);
    let told = said(&run(stranger, ""));
    assert!(told.contains("copy master.key from its first node"), "{told}");
    assert!(!data.join("master.key").exists(), "the key that fits nothing is taken away again");

    let copy = folder.path().join("copied.key");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&copy).unwrap();
    file.write_all(read(&first.data().join("master.key")).as_bytes()).unwrap();
    let copy = copy.to_str().unwrap();
    let second = Setup::default().database_url(&url).args(["--master-key-file", copy]).start();
    assert!(!second.output().contains("Admin key"), "there is one already: {}", second.output());
    first.run(&["city", "create", "Demo", "--city-id", "city_demo"]);
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let admin = second.client().admin(first.admin_key().into());
        let cities = admin.cities().list().await.unwrap();
        if cities.items.iter().any(|city| city.city_id == "city_demo") {
            break;
        }
        assert!(Instant::now() < end, "a change on one node reaches the other");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let admin = first.admin().cities().list().await.unwrap();
    assert_eq!(admin.items.len(), 2);
    assert!(!first.log().contains(&url) && !second.output().contains(&url));
    assert!(first.folder().path().exists());
}
