//! Where it listens, how it ends, and how little it keeps.

use std::io::ErrorKind;
use std::net::SocketAddr;

use wechat_sim::{Handle, Sim, SimConfig, SimError, router};

use crate::support::Fixture;

#[tokio::test]
async fn only_loopback() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let refused = Sim::start(SimConfig::default(), address.parse().unwrap()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        assert!(refused.to_string().contains("loopback only"), "{refused}");
    }
}

#[tokio::test]
async fn stopping_frees_the_port() {
    let fx = Fixture::new().await;
    let address = fx.sim.address();
    assert_eq!(fx.sim.url(), format!("http://{address}"));
    fx.get("/_sim/state").await;
    fx.sim.stop().await;
    Sim::start(SimConfig::default(), address).await.unwrap();
}

#[tokio::test]
async fn dropping_stops_it_too() {
    let fx = Fixture::new().await;
    let url = format!("{}/_sim/state", fx.sim.url());
    drop(fx.sim);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let fresh = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(fresh.get(url).send().await.is_err());
}

#[tokio::test]
async fn embedded_in_another_server() {
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let handle = Handle::new(SimConfig::default(), &format!("{base}/"));
    assert_eq!(handle.url(), base);
    let server = tokio::spawn(axum::serve(listener, router(handle)).into_future());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(http.get(format!("{base}/_sim/state")).send().await.unwrap().status(), 200);
    server.abort();
}

#[tokio::test]
async fn memory_is_bounded() {
    let fx = Fixture::with(SimConfig { remember: 10, log: 5, ..SimConfig::default() }).await;
    let first = fx.sim.open(&fx.authorize_url("s")).unwrap();
    let code = fx.sim.mint_code(&fx.sim.app().appid, "alice").unwrap();
    for _ in 0..10 {
        fx.sim.sign_in_as(&fx.authorize_url("s"), "alice").unwrap();
        fx.get("/sns/auth").await;
    }
    assert!(matches!(fx.sim.scan(&first), Err(SimError::UnknownSession(_))), "the oldest went");
    assert_eq!(fx.sns(&fx.exchange_path(&code)).await["errcode"], 40029);
    assert_eq!(fx.sim.requests().len(), 5);
    let huge = fx.authorize(&[("state", &"a".repeat(9000))]);
    assert!(matches!(fx.sim.open(&huge), Err(SimError::Page(_))), "what one session keeps is bounded too");
}

#[tokio::test]
async fn odd_requests_never_break_it() {
    let fx = Fixture::new().await;
    for path in [
        "/connect/qrconnect?appid=%ff%fe&state=%00&&&=",
        "/connect/l/qrconnect?uuid=%ff&last=99999999999999999999",
        "/connect/confirm",
        "/connect/confirm_reply?allow=allow",
        "/connect/qrcode/%2e%2e%2f",
        "/sns/oauth2/access_token?appid=%ff&secret=%00&code=%0d%0a&grant_type=authorization_code",
        "/sns/userinfo?access_token=%F0%9F&openid=",
        "/mmopen/vi_32/%ff/132",
        "/nowhere",
    ] {
        let status = fx.get(path).await.status().as_u16();
        assert!(status < 500, "{path}: {status}");
    }
}
