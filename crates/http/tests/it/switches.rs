//! Every trap that WeChat sets (the simulator's switches): what the person sees in both languages, what the
//! client that waits is told, and what the operator reads.

use crate::logs;
use crate::person::{Browser, Page};
use crate::support::{HOME, On, World};
use downcity_store::testing::tamper;
use serde_json::Value;
use wechat_sim::{Fault, FaultKind, Switches};

/// What came of one sign-in.
pub(crate) struct Seen {
    /// The page in English and in Chinese.
    pub(crate) en: Page,
    pub(crate) zh: Page,
    /// What the waiting client was told.
    pub(crate) told: Value,
    /// The lines of the log that name this sign-in.
    pub(crate) log: String,
    /// Questions to the token interface and to userinfo.
    pub(crate) asked: (usize, usize),
}

/// Alice goes through a sign-in of a fresh person in the given world.
pub(crate) async fn seen(world: &World, prepare: impl AsyncFnOnce(&str)) -> Seen {
    let before = (world.sim.count("access_token"), world.sim.count("userinfo"));
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    prepare(&callback).await;
    let browser = Browser::at(world, HOME);
    let en = browser.come_back(&callback).await;
    // A page speaks the language that the sign-in was started in.
    tamper(&world.store, "update login_attempts set lang = 'zh'").await;
    let zh = browser.page(&en.path).await;
    // Coming back once more changes nothing and asks WeChat nothing.
    assert_eq!(browser.come_back(&callback).await.answer.text, zh.answer.text);
    let told = world.result(&state).await.ok();
    let attempt = en.path.split("attempt=").nth(1).expect("an attempt");
    let asked = (world.sim.count("access_token") - before.0, world.sim.count("userinfo") - before.1);
    let code = callback.split("code=").nth(1).unwrap_or("-").split('&').next().unwrap();
    for secret in [state.as_str(), code, &world.sim.app().secret] {
        assert!(!logs::all().contains(secret), "the log tells {secret}");
    }
    let log = logs::about(attempt);
    Seen { en, zh, told, log, asked }
}

/// Turns a switch.
type Turn = fn(&mut Switches);

/// One switch and what must come of it.
struct Row {
    name: &'static str,
    turn: Turn,
    /// The stable code, and what the person reads.
    code: &'static str,
    en: &'static str,
    zh: &'static str,
    /// What the operator reads.
    operator: &'static [&'static str],
    asked: (usize, usize),
}

const AGAIN: (&str, &str) = ("Please start again.", "请重新开始。");
const BUSY: (&str, &str) = ("is busy right now. Please wait a minute", "正忙，请一分钟后重新开始。");
const AWAY: (&str, &str) = ("could not be reached. Please start again in a moment.", "请稍后重新开始。");
const SETUP: (&str, &str) = ("Please tell its operator", "请联系运营人员");
const CLOSED: (&str, &str) = ("restricted or closed", "限制或注销");

const fn row(
    name: &'static str,
    turn: Turn,
    (code, (en, zh)): (&'static str, (&'static str, &'static str)),
    operator: &'static [&'static str],
    asked: (usize, usize),
) -> Row {
    Row { name, turn, code, en, zh, operator, asked }
}

fn token(fault: Fault) -> impl FnOnce(&mut Switches) {
    move |switches| switches.token_fault = Some(fault)
}

fn userinfo(fault: Fault) -> impl FnOnce(&mut Switches) {
    move |switches| switches.userinfo_fault = Some(fault)
}

const ROWS: &[Row] = &[
    row(
        "40029",
        |s| token(Fault::errcode(40029))(s),
        ("code_rejected", AGAIN),
        &["errcode 40029", "has to start again"],
        (1, 0),
    ),
    row(
        "42003",
        |s| token(Fault::errcode(42003))(s),
        ("code_rejected", AGAIN),
        &["errcode 42003", "too old"],
        (1, 0),
    ),
    row(
        "40163",
        |s| token(Fault::errcode(40163))(s),
        ("code_rejected", AGAIN),
        &["errcode 40163", "proxy or scanner"],
        (1, 0),
    ),
    row(
        "40013",
        |s| token(Fault::errcode(40013))(s),
        ("provider_misconfigured", SETUP),
        &["set WECHAT_CLIENT_ID"],
        (1, 0),
    ),
    row(
        "40125",
        |s| token(Fault::errcode(40125))(s),
        ("provider_misconfigured", SETUP),
        &["set WECHAT_CLIENT_SECRET"],
        (1, 0),
    ),
    row(
        "40164",
        |s| token(Fault::errcode(40164))(s),
        ("provider_misconfigured", SETUP),
        &["IP whitelist"],
        (1, 0),
    ),
    row(
        "-1 at the exchange is not repeated",
        |s| token(Fault::errcode(-1).times(1))(s),
        ("provider_busy", BUSY),
        &["errcode -1", "unless it lasts"],
        (1, 0),
    ),
    row(
        "45011 at the exchange",
        |s| token(Fault::errcode(45011).times(1))(s),
        ("provider_busy", BUSY),
        &["errcode 45011", "next minute"],
        (1, 0),
    ),
    row(
        "an unknown number",
        |s| token(Fault::errcode(49999))(s),
        ("provider_unavailable", AWAY),
        &["errcode 49999", "documentation of return codes"],
        (1, 0),
    ),
    row(
        "a bad gateway",
        |s| token(Fault::new(FaultKind::BadGateway))(s),
        ("provider_unavailable", AWAY),
        &["HTTP 502", "api.weixin.qq.com"],
        (1, 0),
    ),
    row(
        "a bad gateway after the code was used",
        |s| token(Fault::new(FaultKind::BadGateway).after_work())(s),
        ("provider_unavailable", AWAY),
        &["HTTP 502"],
        (1, 0),
    ),
    row(
        "a page in place of JSON",
        |s| token(Fault::new(FaultKind::Html))(s),
        ("provider_unavailable", AWAY),
        &["HTML or XML instead of JSON"],
        (1, 0),
    ),
    row(
        "nothing",
        |s| token(Fault::new(FaultKind::EmptyBody))(s),
        ("provider_unavailable", AWAY),
        &["empty"],
        (1, 0),
    ),
    row(
        "half an answer",
        |s| token(Fault::new(FaultKind::Reset))(s),
        ("provider_unavailable", AWAY),
        &["the connection broke"],
        (1, 0),
    ),
    row(
        "a huge answer",
        |s| token(Fault::new(FaultKind::Huge))(s),
        ("provider_unavailable", AWAY),
        &["larger than 64 KiB"],
        (1, 0),
    ),
    row(
        "-1 for the person, always",
        |s| userinfo(Fault::errcode(-1))(s),
        ("provider_busy", BUSY),
        &["errcode -1"],
        (1, 3),
    ),
    row(
        "45011 for the person",
        |s| userinfo(Fault::errcode(45011))(s),
        ("provider_busy", BUSY),
        &["errcode 45011"],
        (1, 1),
    ),
    row(
        "50002",
        |s| userinfo(Fault::errcode(50002))(s),
        ("account_restricted", CLOSED),
        &["only the person can settle that"],
        (1, 1),
    ),
    row(
        "48001",
        |s| userinfo(Fault::errcode(48001))(s),
        ("wrong_app_type", ("a Website App is needed", "需要使用“网站应用”")),
        &["errcode 48001", "passed review with WeChat Login"],
        (1, 1),
    ),
    row(
        "42001",
        |s| userinfo(Fault::errcode(42001))(s),
        ("code_rejected", AGAIN),
        &["errcode 42001", "something else uses the same AppID"],
        (1, 1),
    ),
    row(
        "50001",
        |s| userinfo(Fault::errcode(50001))(s),
        ("consent_missing", ("start again and allow it", "请重新开始并点击“允许”。")),
        &["did not grant"],
        (1, 1),
    ),
    row(
        "a bad gateway for the person",
        |s| userinfo(Fault::new(FaultKind::BadGateway))(s),
        ("provider_unavailable", AWAY),
        &["HTTP 502"],
        (1, 1),
    ),
    row(
        "half an answer for the person, always",
        |s| userinfo(Fault::new(FaultKind::Reset))(s),
        ("provider_unavailable", AWAY),
        &["the connection broke"],
        (1, 3),
    ),
    row(
        "a closed account",
        |s| s.nickname = wechat_sim::Nickname::Deactivated,
        ("account_restricted", CLOSED),
        &["account is closed"],
        (1, 1),
    ),
];

#[tokio::test]
async fn each_error_of_wechat_is_told_to_the_person_the_client_and_the_operator() {
    logs::collect();
    let world = World::ready(On::Sqlite).await;
    for row in ROWS {
        // A refusal is an answer: with one between them the failures are not in a row, and the circuit stays closed.
        world.sim.set(|switches| *switches = Switches::default());
        world.sim.set(token(Fault::errcode(40029)));
        seen(&world, async |_| {}).await;
        world.sim.set(|switches| *switches = Switches::default());
        world.sim.set(row.turn);
        let seen = seen(&world, async |_| {}).await;
        let name = row.name;
        assert!(seen.en.shows(row.en) && seen.en.shows(row.code), "{name}: {}", seen.en.answer.text);
        assert!(seen.zh.shows(row.zh) && seen.zh.shows(row.code), "{name}: {}", seen.zh.answer.text);
        assert_eq!(seen.told["status"], "failed", "{name}");
        assert_eq!(seen.told["code"], row.code, "{name}");
        assert!(!seen.told["error"].as_str().unwrap().is_empty(), "{name}");
        for part in row.operator {
            let warned = seen.log.lines().any(|line| line.contains(" WARN ") && line.contains(part));
            assert!(warned, "{name}: no warning with {part:?} in {}", seen.log);
        }
        assert!(seen.log.contains(&format!("failure=\"{}\"", row.code)), "{name}: {}", seen.log);
        assert_eq!(seen.asked, row.asked, "{name}: a code is exchanged once, whatever happens");
    }
    assert_eq!(downcity_store::testing::number(&world.store, "select count(*) from users").await, 0);
}

#[tokio::test]
async fn what_passes_is_waited_out_for_the_person_but_never_for_the_code() {
    logs::collect();
    let fine: [(&str, Turn, usize); 6] = [
        ("-1 once", |s| userinfo(Fault::errcode(-1).times(1))(s), 2),
        ("-1 twice", |s| userinfo(Fault::errcode(-1).times(2))(s), 3),
        ("half an answer once", |s| userinfo(Fault::new(FaultKind::Reset).times(1))(s), 2),
        ("slow", |s| s.userinfo_delay_ms = 400, 1),
        ("a slow exchange", |s| s.token_delay_ms = 400, 1),
        ("a lenient userinfo", |s| s.userinfo_ignores_openid = true, 1),
    ];
    let world = World::ready(On::Sqlite).await;
    for (name, turn, asked) in fine {
        world.sim.set(|switches| *switches = Switches::default());
        world.sim.set(turn);
        let seen = seen(&world, async |_| {}).await;
        assert!(seen.en.shows("WeChat has confirmed you") && seen.zh.shows("微信验证成功"), "{name}");
        assert_eq!(seen.told["status"], "done", "{name}");
        assert!(!seen.log.contains(" WARN "), "{name}: nothing to do for anybody: {}", seen.log);
        assert_eq!(seen.asked, (1, asked), "{name}");
    }
}

/// What never answers is given up after 8 seconds. The code may have been used, so it is not shown again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_given_up_in_time() {
    logs::collect();
    let silent: [(Turn, usize); 3] = [
        (|s| token(Fault::new(FaultKind::Hang))(s), 0),
        (|s| s.token_delay_ms = 20_000, 0),
        (|s| userinfo(Fault::new(FaultKind::Hang))(s), 3),
    ];
    let all = silent.map(|(turn, persons)| async move {
        let world = World::ready(On::Sqlite).await;
        world.sim.set(turn);
        let begun = std::time::Instant::now();
        let seen = seen(&world, async |_| {}).await;
        let took = begun.elapsed().as_secs_f64();
        assert!((7.0..10.0).contains(&took), "{took}");
        assert!(seen.en.shows(AWAY.0) && seen.zh.shows(AWAY.1), "{}", seen.en.answer.text);
        assert_eq!(seen.told["code"], "provider_unavailable");
        assert!(seen.log.contains("in time"), "{}", seen.log);
        assert_eq!(seen.asked, (1, persons));
    });
    futures::future::join_all(all).await;
}
