//! Sign-ins for a long time, under `./test --soak`: memory and open files stay where they are.

use crate::support::{Fed, Setup, wechat_with};
use downcity::{OauthResult, OauthStartRequest};
use downcity_store::testing::fresh_postgres;
use std::time::{Duration, Instant};
use wechat_sim::Sim;

/// People who come again and again: the database does not grow with users.
const PEOPLE: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak"]
async fn soak_of_sign_ins_on_sqlite() {
    soak(Setup::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak"]
async fn soak_of_sign_ins_on_postgres() {
    soak(Setup::default().database_url(&fresh_postgres().await)).await;
}

/// `SOAK_SECONDS`, three minutes where nothing is said.
fn span() -> Duration {
    let told = std::env::var("SOAK_SECONDS").ok().map(|text| text.parse().expect("SOAK_SECONDS is a number"));
    Duration::from_secs(told.unwrap_or(180))
}

async fn soak(setup: Setup) {
    let sim = wechat_with(PEOPLE).await;
    let fed = setup.simulator(sim.url()).args(["--starts-per-minute", "0"]).start();
    fed.set_up_wechat(&sim);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let part = span() / 4;
    let mut seen = Vec::new();
    let mut count = 0;
    for _ in 0..4 {
        let end = Instant::now() + part;
        while Instant::now() < end {
            let crowd = (0..8).map(|n| sign_in(&fed, &sim, &http, count + n));
            futures_of(crowd).await;
            count += 8;
        }
        seen.push((fed.measure("VmRSS"), fed.open_files()));
    }
    assert!(count >= 64, "{count} sign-ins");
    // The first quarter fills pools and caches; after that nothing grows with the number of sign-ins.
    let ((memory, files), (memory_now, files_now)) = (seen[0], seen[3]);
    assert!(memory_now < memory + memory / 4 + 4096, "KiB and files after each quarter: {seen:?}");
    assert!(files_now <= files + 16, "KiB and files after each quarter: {seen:?}");
    assert!(!fed.log().contains("ERROR") && !fed.log().contains("panicked"), "{}", fed.log());
}

/// All of them at the same time.
async fn futures_of(crowd: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut all: Vec<_> = crowd.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        all.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// One whole sign-in, a look at oneself, and a logout.
async fn sign_in(fed: &Fed, sim: &Sim, http: &reqwest::Client, turn: usize) {
    let guest = fed.client().guest("city_downcity");
    let request = OauthStartRequest { provider: "wechat", ..OauthStartRequest::default() };
    let start = guest.start(&request).await.unwrap();
    let callback = sim.sign_in_as(&start.url, &format!("p{}", turn % PEOPLE)).unwrap();
    http.get(callback).send().await.unwrap();
    let OauthResult::Done(done) = guest.result(&start.state, None, None).await.unwrap() else {
        panic!("not done")
    };
    let user = fed.client().user(done.user_token);
    assert_eq!(user.me().await.unwrap().user.user_id, done.user_id);
    user.logout().await.unwrap();
}
