//! The findings as a page: ratios first, absolutes and the machine beside them.

use crate::cli::Effort;
use crate::idle::Idle;
use crate::limits::Limits;
use crate::machine::Machine;
use crate::people::POPULATIONS;
use crate::routes::{CONNECTIONS, ROUTES, Routes};
use crate::sign_in::{REQUESTS, Series, SignIns};
use crate::waiters::Waiters;

/// Everything that was measured in one run.
pub(crate) struct Found {
    pub(crate) machine: Machine,
    pub(crate) effort: Effort,
    pub(crate) limits: Option<Limits>,
    pub(crate) routes: Option<Routes>,
    pub(crate) sign_ins: Option<Vec<Series>>,
    pub(crate) waiters: Option<Vec<Waiters>>,
    pub(crate) idle: Option<Idle>,
}

/// Whom the page is for.
#[derive(Clone, Copy)]
pub(crate) enum Language {
    English,
    Chinese,
}

impl Language {
    pub(crate) fn pick<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}

/// The least that a route should reach against hello, at 64 connections.
pub(crate) const RATIO_TARGETS: [Option<f64>; 4] = [None, Some(0.9), Some(0.8), Some(0.6)];
/// The least share of what disk and processors allow that whole sign-ins should reach.
pub(crate) const SHARE_TARGET: f64 = 0.5;
/// How many times the median one sign-in in a hundred may take.
const TAIL_TARGET: f64 = 5.0;
/// What a sign-in among the most people may cost against one among nobody.
pub(crate) const CROWD_TARGET: f64 = 1.2;
/// The most memory, in MiB: idle, and under load.
pub(crate) const RESIDENT_TARGET: f64 = 20.0;
pub(crate) const LOADED_TARGET: f64 = 60.0;
/// The most memory for each client that waits, in KiB.
pub(crate) const WAITER_TARGET: f64 = 8.0;
/// The longest start, in milliseconds.
pub(crate) const START_TARGET: f64 = 60.0;

/// The whole page, in Markdown.
pub(crate) fn page(found: &Found, language: Language) -> String {
    let title = language.pick("# What was measured", "# 测量结果");
    let intro = language.pick(
        "Written by `cargo xtask bench --write`; the same command repeats it. Ratios hold from machine to machine, absolute numbers do not. Load generator, fake WeChat and server share the cores; rounds alternate, medians are told.",
        "由 `cargo xtask bench --write` 生成，重复执行即可复现。比值可跨机器比较，绝对值则不可。压测程序、模拟微信与服务器共用处理器；各轮交替进行，取中位数。",
    );
    let mut parts = vec![title.to_owned(), intro.to_owned(), machine(found, language)];
    parts.extend(found.routes.as_ref().map(|routes| self::routes(routes, language)));
    if let Some(series) = &found.sign_ins {
        parts.push(sign_ins(series, hello(found), language));
        parts.extend(crowds(series, language));
    }
    parts.extend(found.waiters.as_ref().map(|waiters| self::waiters(waiters, language)));
    parts.extend(found.idle.as_ref().map(|idle| self::idle(idle, found.sign_ins.as_deref(), language)));
    parts.extend(found.limits.as_ref().map(|limits| self::limits(limits, language)));
    parts.join("\n\n") + "\n"
}

/// Requests a second of the bare server, by connections; zero where it was not measured.
fn hello(found: &Found) -> [f64; CONNECTIONS.len()] {
    std::array::from_fn(|at| found.routes.as_ref().map_or(0.0, |routes| routes[at][0].tally.per_second))
}

/// What disk and processors allow at the same time: the lower of two limits, in sign-ins a second.
pub(crate) fn most(sign_ins: &SignIns, hello: f64) -> f64 {
    let commits = sign_ins.commit_limit;
    if hello > 0.0 { commits.min(hello / REQUESTS) } else { commits }
}

fn machine(found: &Found, language: Language) -> String {
    let Machine { processor, cores, memory_gib, system, file_system, load } = &found.machine;
    let Effort { rounds, time, .. } = found.effort;
    let seconds = time.as_secs_f64();
    match language {
        Language::English => format!(
            "{cores} cores of {processor}, {memory_gib:.0} GiB, {system}, {file_system}; load before: {load}. {rounds} rounds of {seconds} s."
        ),
        Language::Chinese => format!(
            "{processor} 的 {cores} 个核心，{memory_gib:.0} GiB 内存，{system}，{file_system}；测量前负载 {load}。共 {rounds} 轮，每次 {seconds} 秒。"
        ),
    }
}

fn routes(routes: &Routes, language: Language) -> String {
    let title = language.pick("## Routes against a bare axum hello", "## 各接口与裸 axum 的比较");
    let mut ratios = vec![head(language, language.pick("requests/s ÷ hello", "每秒请求数 ÷ hello"))];
    ratios[0].push(language.pick("target", "目标").to_owned());
    let tail = language.pick("p99 ÷ median, 64 at a time", "64 并发时 p99 ÷ 中位");
    let mut absolutes =
        vec![head(language, language.pick("requests/s (median, p99 in ms)", "每秒请求数（中位、p99 毫秒）"))];
    absolutes[0].push(tail.to_owned());
    let mut processor =
        vec![head(language, language.pick("server CPU, µs a request", "每个请求的服务器 CPU（微秒）"))];
    for (at, name) in ROUTES.iter().enumerate() {
        let of = |show: fn(&crate::routes::Measured) -> String| {
            let cells = routes.iter().map(|by_route| show(&by_route[at]));
            std::iter::once((*name).to_owned()).chain(cells).collect::<Vec<_>>()
        };
        let mut row = of(|measured| format!("{:.2}", measured.ratio));
        row.push(RATIO_TARGETS[at].map_or(String::new(), |target| {
            verdict(routes[0][at].ratio >= target, &format!("≥ {target}"), language)
        }));
        ratios.push(row);
        let mut row =
            of(|m| format!("{:.0} ({:.2}, {:.2})", m.tally.per_second, m.tally.median, m.tally.p99));
        let tail = routes[0][at].tally.p99 / routes[0][at].tally.median.max(0.001);
        row.push(match RATIO_TARGETS[at] {
            None => format!("{tail:.1}"),
            Some(_) => {
                let verdict = verdict(tail <= TAIL_TARGET, &format!("≤ {TAIL_TARGET}"), language);
                format!("{tail:.1} ({verdict})")
            }
        });
        absolutes.push(row);
        processor.push(of(|measured| format!("{:.1}", measured.processor)));
    }
    [title.to_owned(), picture("routes", language), table(&ratios), table(&absolutes), table(&processor)]
        .join("\n\n")
}

fn sign_ins(series: &[Series], hello: [f64; CONNECTIONS.len()], language: Language) -> String {
    let title = language.pick("## Whole sign-ins", "## 完整登录");
    let intro = match language {
        Language::English => format!(
            "`oauth/start`, `oauth/callback` and `oauth/result` of somebody new each time. A sign-in is four writes; on SQLite two of them wait for the disk, on PostgreSQL all. The limit is the lower of two: the rows of that size that the store alone inserts durably a second in the same engine at the same concurrency, divided by as many; and hello's requests a second divided by {REQUESTS}, since a sign-in is three requests to us and two to the provider. The target is {SHARE_TARGET} of it, and a p99 of at most {TAIL_TARGET} × the median."
        ),
        Language::Chinese => format!(
            "每次都是新用户，依次请求 `oauth/start`、`oauth/callback`、`oauth/result`。一次登录有四次写入，在 SQLite 上其中两次等待磁盘，在 PostgreSQL 上全部等待。上限取两者中较低的：同一引擎、相同并发下存储层每秒单独持久插入同样大小的行数除以等待次数；hello 每秒请求数除以 {REQUESTS}（一次登录向我们发三个请求，向登录服务发两个）。目标为上限的 {SHARE_TARGET}，且 p99 不超过中位数的 {TAIL_TARGET} 倍。"
        ),
    };
    let mut rows = vec![vec![
        language.pick("engine, at a time", "引擎与并发").to_owned(),
        language.pick("sign-ins/s", "每秒登录数").to_owned(),
        language.pick("of the limit", "占上限").to_owned(),
        language.pick("median, p99 (ms)", "中位、p99（毫秒）").to_owned(),
        language.pick("p99 ÷ median", "p99 ÷ 中位").to_owned(),
        language.pick("server CPU, ms", "服务器 CPU（毫秒）").to_owned(),
        language.pick("inserts/s, store alone", "存储层单独每秒插入").to_owned(),
    ]];
    for (series, (at, s)) in series
        .iter()
        .filter(|series| series.people == POPULATIONS[0])
        .flat_map(|series| series.found.iter().enumerate().map(move |found| (series, found)))
    {
        rows.push(vec![
            format!("{}, {}", series.engine.name(), CONNECTIONS[at]),
            format!("{:.0}", s.per_second),
            format!("{:.2}", s.per_second / most(s, hello[at]).max(1.0)),
            format!("{:.1}, {:.1}", s.median, s.p99),
            format!("{:.1}", s.p99 / s.median.max(0.001)),
            format!("{:.2}", s.processor),
            format!("{:.0}", s.inserts),
        ]);
    }
    [title.to_owned(), intro, picture("sign-ins", language), table(&rows)].join("\n\n")
}

/// What it costs that many have signed in before, at the first number of connections.
fn crowds(series: &[Series], language: Language) -> Option<String> {
    series.iter().find(|series| series.people > 0)?;
    let mut rows = vec![vec![
        language.pick("people in the database", "数据库中的人数").to_owned(),
        language.pick("sign-ins/s", "每秒登录数").to_owned(),
        language.pick("server CPU, ms a sign-in", "每次登录的服务器 CPU（毫秒）").to_owned(),
        language.pick("cost ÷ that with none", "成本 ÷ 无人时").to_owned(),
        language.pick("resident after the load, MiB", "压测后的常驻内存（MiB）").to_owned(),
    ]];
    for one in series {
        let cost = one.cost_among(series);
        let found = one.found.first()?;
        rows.push(vec![
            format!("{}, {}", one.engine.name(), one.people),
            format!("{:.0}", found.per_second),
            format!("{:.2}", found.processor),
            match one.people {
                0 => "1.00".to_owned(),
                _ => format!(
                    "{cost:.2} ({})",
                    verdict(cost <= CROWD_TARGET, &format!("≤ {CROWD_TARGET}"), language)
                ),
            },
            format!("{:.0}", one.resident),
        ]);
    }
    let title = language.pick("## Among many people", "## 人数众多时");
    let intro = language.pick(
        "The cost is the server's processor time on SQLite. On PostgreSQL, which works in processes of its own, it is the time that a sign-in takes of the machine: one ÷ sign-ins a second.",
        "SQLite 上的成本为服务器的 CPU 时间；PostgreSQL 在自己的进程中工作，成本取一次登录占用整机的时间，即 1 ÷ 每秒登录数。",
    );
    Some([title.to_owned(), intro.to_owned(), picture("crowds", language), table(&rows)].join("\n\n"))
}

fn waiters(waiters: &[Waiters], language: Language) -> String {
    let title = language.pick("## Clients that wait", "## 等待中的客户端");
    let mut rows = vec![vec![
        String::new(),
        language.pick("at the same time", "同时等待").to_owned(),
        language.pick("got their token", "取得令牌").to_owned(),
        language.pick("callback to token, median and p99 (ms)", "回调到令牌的中位与 p99（毫秒）").to_owned(),
        language.pick("memory for each", "每个占用内存").to_owned(),
    ]];
    for w in waiters {
        let target = verdict(w.kib <= WAITER_TARGET, &format!("≤ {WAITER_TARGET} KiB"), language);
        rows.push(vec![
            w.name(),
            w.count.to_string(),
            w.served.to_string(),
            format!("{:.1}, {:.1}", w.median, w.p99),
            format!("{:.1} KiB ({target})", w.kib),
        ]);
    }
    [title.to_owned(), picture("waiters", language), table(&rows)].join("\n\n")
}

fn idle(idle: &Idle, series: Option<&[Series]>, language: Language) -> String {
    let title = language.pick("## Memory and start", "## 内存与启动");
    let target = |met: bool, text: &str| verdict(met, text, language);
    let text = |english: &str, chinese: &str| language.pick(english, chinese).to_owned();
    let start = |millis: f64| target(millis <= START_TARGET, &format!("≤ {START_TARGET} ms"));
    let mut rows = vec![
        vec![String::new(), text("measured", "实测"), text("target", "目标")],
        vec![
            text("resident memory, 5 s after it was ready", "就绪 5 秒后的常驻内存"),
            format!("{:.1} MiB", idle.resident),
            target(idle.resident <= RESIDENT_TARGET, &format!("≤ {RESIDENT_TARGET} MiB")),
        ],
    ];
    if let Some(first) = series.and_then(<[Series]>::first) {
        rows.push(vec![
            text("the same after the load of whole sign-ins", "完整登录压测之后"),
            format!("{:.1} MiB", first.resident),
            target(first.resident <= LOADED_TARGET, &format!("≤ {LOADED_TARGET} MiB")),
        ]);
    }
    rows.push(vec![
        text(
            "first start: exec to a good answer of `/ready`, keys made",
            "首次启动到 `/ready` 应答就绪（含生成密钥）",
        ),
        format!("{:.0} ms", idle.first_start),
        start(idle.first_start),
    ]);
    rows.push(vec![
        text("later start", "再次启动"),
        format!("{:.0} ms", idle.later_start),
        start(idle.later_start),
    ]);
    for (people, (millis, resident)) in POPULATIONS[1..].iter().zip(&idle.crowded) {
        let name = match language {
            Language::English => format!("later start with {people} people in the database"),
            Language::Chinese => format!("数据库中有 {people} 人时再次启动"),
        };
        rows.push(vec![name, format!("{millis:.0} ms"), start(*millis)]);
        rows.push(vec![
            text("resident memory 5 s after it", "该次启动 5 秒后的常驻内存"),
            format!("{resident:.1} MiB"),
            target(*resident <= RESIDENT_TARGET, &format!("≤ {RESIDENT_TARGET} MiB")),
        ]);
    }
    let slowest = text("slowest of all starts", "最慢的一次启动");
    rows.push(vec![slowest, format!("{:.0} ms", idle.slowest), String::new()]);
    [title.to_owned(), picture("memory", language), picture("starts", language), table(&rows)].join("\n\n")
}

fn limits(limits: &Limits, language: Language) -> String {
    let title = language.pick("## What the machine allows", "## 机器的上限");
    let row = |english: &str, chinese: &str, value: f64| {
        vec![language.pick(english, chinese).to_owned(), format!("{value:.0}")]
    };
    let rows = [
        vec![language.pick("on one core", "单核").to_owned(), language.pick("a second", "每秒").to_owned()],
        row("writes of 4 KiB, each waited for", "4 KiB 写入，逐次等待磁盘", limits.syncs),
        row("Ed25519 signatures", "Ed25519 签名", limits.signatures),
        row("Ed25519 verifications", "Ed25519 验签", limits.verifications),
        row("Argon2id hashes (19 MiB, 2 passes)", "Argon2id 哈希（19 MiB，两轮）", limits.hashes),
    ];
    [title.to_owned(), table(&rows)].join("\n\n")
}

fn picture(name: &str, language: Language) -> String {
    let ending = language.pick("svg", "zh.svg");
    format!("![{name}](bench/{name}.{ending})")
}

fn verdict(met: bool, target: &str, language: Language) -> String {
    let outcome = if met { language.pick("met", "达到") } else { language.pick("missed", "未达到") };
    format!("{target}: {outcome}")
}

/// A table's first line: its subject, then each number of connections.
fn head(language: Language, subject: &str) -> Vec<String> {
    let unit = language.pick("at a time", "并发");
    let columns = CONNECTIONS.iter().map(|count| format!("{count} {unit}"));
    std::iter::once(subject.to_owned()).chain(columns).collect()
}

/// A Markdown table; the first row is its head.
fn table(rows: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| format!("| {} |", row.join(" | "));
    let rule = rows.first().map_or(String::new(), |head| format!("|{}", " --- |".repeat(head.len())));
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.insert(1, rule);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Tally;
    use crate::people::Engine;
    use crate::routes::Measured;
    use crate::waiters::Manner;
    use std::time::Duration;

    fn found(ratio: f64) -> Found {
        let machine = Machine {
            processor: "P".into(),
            cores: 2,
            memory_gib: 4.0,
            system: "S".into(),
            file_system: "ext4".into(),
            load: "0.1".into(),
        };
        let measured = Measured { ratio, tally: Tally::default(), processor: 1.0 };
        let series = |people, processor| Series {
            engine: Engine::Sqlite,
            people,
            found: vec![SignIns { processor, ..SignIns::default() }; 3],
            resident: 30.0,
        };
        let waiters = Waiters {
            engine: Engine::Postgres,
            manner: Manner::LongPoll,
            count: 1000,
            kib: 7.0,
            served: 999,
            median: 0.5,
            p99: 1.25,
        };
        Found {
            machine,
            effort: Effort { rounds: 1, time: Duration::from_secs(1), starts: 1, crowded: true, waiters: 1 },
            limits: Some(Limits::default()),
            routes: Some(vec![vec![measured; 4]; 3]),
            sign_ins: Some(vec![series(0, 1.0), series(1_000_000, 1.3)]),
            waiters: Some(vec![waiters]),
            idle: Some(Idle { resident: 25.0, crowded: vec![(2.0, 19.0), (61.0, 21.0)], ..Idle::default() }),
        }
    }

    #[test]
    fn both_languages_have_the_same_outline_and_targets_are_judged() {
        let count = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
        let (english, chinese) = (page(&found(0.8), Language::English), page(&found(0.8), Language::Chinese));
        assert_eq!((count(&english), count(&chinese)), (7, 7));
        for line in [
            "| accounts/providers | 0.80 | 0.80 | 0.80 | ≥ 0.9: missed |",
            "| accounts/me | 0.80 | 0.80 | 0.80 | ≥ 0.8: met |",
            "| SQLite, 1000000 | 0 | 1.30 | 1.30 (≤ 1.2: missed) | 30 |",
            "| later start with 1000000 people in the database | 61 ms | ≤ 60 ms: missed |",
            "| resident memory 5 s after it | 21.0 MiB | ≤ 20 MiB: missed |",
            "| PostgreSQL, oauth/result?wait | 1000 | 999 | 0.5, 1.2 | 7.0 KiB (≤ 8 KiB: met) |",
        ] {
            assert!(english.contains(line), "{line}: {english}");
        }
        assert!(chinese.contains("25.0 MiB | ≤ 20 MiB: 未达到"), "{chinese}");
    }

    #[test]
    fn the_lower_limit_counts() {
        let sign_ins = SignIns { commit_limit: 5_000.0, ..SignIns::default() };
        assert!((most(&sign_ins, 100_000.0) - 5_000.0).abs() < 1e-9);
        assert!((most(&sign_ins, 5_000.0) - 1_000.0).abs() < 1e-9);
        assert!((most(&sign_ins, 0.0) - 5_000.0).abs() < 1e-9);
    }
}
