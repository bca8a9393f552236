//! What an account and a sign-in cost a database, under `./test --soak`: `docs/scale.toml` says what is measured here.

use crate::support::{Fed, Setup, shipped, wechat_with};
use downcity::{OauthResult, OauthStartRequest};
use downcity_store::Store;
use downcity_store::testing::{fresh_postgres, number};
use wechat_sim::Sim;

/// How many people sign in, twice each; `SCALE_PEOPLE` for another number.
fn people() -> usize {
    std::env::var("SCALE_PEOPLE").ok().map_or(3000, |text| text.parse().expect("SCALE_PEOPLE is a number"))
}

/// How far a figure may be from what is written down: pages are never quite full.
const NEAR: f64 = 0.25;

/// Bytes of tables with their indexes.
macro_rules! size {
    ($tables:literal) => {
        concat!(
            "select sum(pg_total_relation_size(oid))::bigint as number from pg_class where relname in (",
            $tables,
            ")"
        )
    };
}

struct World {
    sim: Sim,
    fed: Fed,
    http: reqwest::Client,
}

async fn world(setup: Setup) -> World {
    let sim = wechat_with(people()).await;
    let fed = setup.simulator(sim.url()).args(["--starts-per-minute", "0"]).start();
    fed.set_up_wechat(&sim);
    World { sim, fed, http: reqwest::Client::builder().no_proxy().build().unwrap() }
}

impl World {
    /// Everybody signs in once, sixteen at a time.
    async fn everybody(&self) {
        let guest = self.fed.client().guest("city_downcity");
        let next = std::sync::atomic::AtomicUsize::new(0);
        let one = async || {
            loop {
                let person = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if person >= people() {
                    return;
                }
                let request = OauthStartRequest { provider: "wechat", ..OauthStartRequest::default() };
                let start = guest.start(&request).await.unwrap();
                let callback = self.sim.sign_in_as(&start.url, &format!("p{person}")).unwrap();
                self.http.get(callback).send().await.unwrap();
                let told = guest.result(&start.state, None, None).await.unwrap();
                assert!(matches!(told, OauthResult::Done(_)), "{told:?}");
            }
        };
        tokio::join!(one(), one(), one(), one(), one(), one(), one(), one());
    }
}

/// A figure of `docs/scale.toml`.
fn written(section: &str, name: &str) -> f64 {
    let table: toml::Table = shipped("docs/scale.toml").parse().unwrap();
    let value = &table[section][name];
    value.as_float().or(value.as_integer().map(|whole| whole as f64)).unwrap()
}

/// Fails where something else is written than was measured, and tells all that was.
fn compare(section: &str, figures: &[(&str, f64)]) {
    let told: Vec<String> = figures.iter().map(|(name, value)| format!("{name} = {value:.0}")).collect();
    let told = format!("[{section}]\n{}", told.join("\n"));
    for (name, measured) in figures {
        let written = written(section, name);
        assert!(
            (measured / written - 1.0).abs() < NEAR,
            "{name} is {written} in docs/scale.toml; measured:\n{told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "soak"]
async fn soak_of_sizes_on_postgres() {
    let url = fresh_postgres().await;
    let world = world(Setup::default().database_url(&url)).await;
    let count = people() as f64;
    let store = Store::open_postgres(&url).await.unwrap();
    let of = async |sql: &'static str| number(&store, sql).await as f64;
    let three = async || {
        [of(size!("'login_attempts'")).await, of(size!("'sessions'")).await, of(size!("'events'")).await]
    };
    let wal = "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as number";
    let rows = "select (select count(*) from users) + (select count(*) from identities) \
        + (select count(*) from identity_keys) as number";
    world.everybody().await;
    let account_rows = of(rows).await / count;
    let account = of(size!("'users', 'identities', 'identity_keys'")).await / count;
    let before = three().await;
    let log = of(wal).await;
    world.everybody().await;
    let after = three().await;
    let [attempt, session, event] = std::array::from_fn(|n| (after[n] - before[n]) / count);
    assert_eq!(of(rows).await / count, account_rows, "whoever comes again is the same user");
    compare(
        "postgres",
        &[
            ("account_rows", account_rows),
            ("account_bytes", account),
            ("attempt_bytes", attempt),
            ("session_bytes", session),
            ("event_bytes", event),
            ("wal_bytes", (of(wal).await - log) / count),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "soak"]
async fn soak_of_sizes_on_sqlite() {
    let mut world = world(Setup::default()).await;
    let count = people() as f64;
    // Whatever is in the log is in the file when the process has ended.
    let size = |world: &mut World| {
        assert!(world.fed.stop().success());
        std::fs::metadata(world.fed.data().join("fed.db")).unwrap().len() as f64
    };
    let again = async |world: World| World { fed: world.fed.restart(), ..world };
    let empty = size(&mut world);
    world = again(world).await;
    world.everybody().await;
    let first = size(&mut world);
    world = again(world).await;
    world.everybody().await;
    let second = size(&mut world);
    let sign_in = (second - first) / count;
    compare("sqlite", &[("account_bytes", (first - empty) / count - sign_in), ("sign_in_bytes", sign_in)]);
}
