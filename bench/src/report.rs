//! The findings as a page: ratios first, absolutes and the machine beside them.

use crate::cli::Effort;
use crate::idle::Idle;
use crate::machine::Machine;
use crate::routes::{CONNECTIONS, ROUTES, Routes};
use crate::sign_in::{COMMITS, SignIns};

/// Everything that was measured in one run.
pub(crate) struct Found {
    pub(crate) machine: Machine,
    pub(crate) effort: Effort,
    pub(crate) routes: Option<Routes>,
    pub(crate) sign_ins: Option<Vec<SignIns>>,
    pub(crate) idle: Option<Idle>,
}

/// Whom the page is for.
#[derive(Clone, Copy)]
pub(crate) enum Language {
    English,
    Chinese,
}

impl Language {
    fn pick<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}

/// The least that a route should reach against hello, at 64 connections.
const RATIO_TARGETS: [Option<f64>; 4] = [None, Some(0.85), Some(0.7), None];
/// The most memory, in MiB.
const RESIDENT_TARGET: f64 = 20.0;
/// The longest start, in milliseconds.
const START_TARGET: f64 = 100.0;

/// The whole page, in Markdown.
pub(crate) fn page(found: &Found, language: Language) -> String {
    let title = language.pick("# What was measured", "# 测量结果");
    let intro = language.pick(
        "Written by `cargo xtask bench --write`; the same command repeats it. Ratios hold from machine to machine, absolute numbers do not. Load generator, fake WeChat and server share the cores; rounds alternate, medians are told.",
        "由 `cargo xtask bench --write` 生成，重复执行即可复现。比值可跨机器比较，绝对值则不可。压测程序、模拟微信与服务器共用处理器；各轮交替进行，取中位数。",
    );
    let mut parts = vec![title.to_owned(), intro.to_owned(), machine(found, language)];
    parts.extend(found.routes.as_ref().map(|routes| self::routes(routes, language)));
    parts.extend(found.sign_ins.as_ref().map(|sign_ins| self::sign_ins(sign_ins, language)));
    parts.extend(found.idle.as_ref().map(|idle| self::idle(idle, language)));
    parts.join("\n\n") + "\n"
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
    let mut absolutes =
        vec![head(language, language.pick("requests/s (median, p99 in ms)", "每秒请求数（中位、p99 毫秒）"))];
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
        absolutes
            .push(of(|m| format!("{:.0} ({:.2}, {:.2})", m.tally.per_second, m.tally.median, m.tally.p99)));
        processor.push(of(|measured| format!("{:.1}", measured.processor)));
    }
    [title.to_owned(), table(&ratios), table(&absolutes), table(&processor)].join("\n\n")
}

fn sign_ins(found: &[SignIns], language: Language) -> String {
    let title = language.pick("## Whole sign-ins", "## 完整登录");
    let intro = match language {
        Language::English => format!(
            "`oauth/start`, `oauth/callback` and `oauth/result` of somebody new each time, with SQLite's `synchronous=FULL`. A sign-in is {COMMITS} durable writes; the limit is what the store's writer alone inserts a second at the same concurrency, divided by {COMMITS}."
        ),
        Language::Chinese => format!(
            "每次都是新用户，依次请求 `oauth/start`、`oauth/callback`、`oauth/result`，SQLite 使用 `synchronous=FULL`。一次登录有 {COMMITS} 次持久写入；上限为相同并发下存储写线程每秒单独插入的行数除以 {COMMITS}。"
        ),
    };
    let row = |name: &str, show: fn(&SignIns) -> String| {
        std::iter::once(name.to_owned()).chain(found.iter().map(show)).collect::<Vec<_>>()
    };
    let rows = [
        head(language, ""),
        row(language.pick("share of the group-commit limit", "占成组提交上限的比例"), |s| {
            format!("{:.2}", s.share)
        }),
        row(language.pick("sign-ins/s", "每秒登录数"), |s| format!("{:.0}", s.per_second)),
        row(language.pick("median, p99 (ms)", "中位、p99（毫秒）"), |s| {
            format!("{:.1}, {:.1}", s.median, s.p99)
        }),
        row(language.pick("durable inserts/s, writer alone", "写线程单独每秒插入数"), |s| {
            format!("{:.0}", s.inserts)
        }),
        row(language.pick("server CPU, ms a sign-in", "每次登录的服务器 CPU（毫秒）"), |s| {
            format!("{:.2}", s.processor)
        }),
    ];
    [title.to_owned(), intro, table(&rows)].join("\n\n")
}

fn idle(idle: &Idle, language: Language) -> String {
    let title = language.pick("## Idle memory and start", "## 空闲内存与启动");
    let target = |met: bool, text: &str| verdict(met, text, language);
    let text = |english: &str, chinese: &str| language.pick(english, chinese).to_owned();
    let start = |millis: f64| target(millis <= START_TARGET, &format!("≤ {START_TARGET} ms"));
    let rows = [
        vec![String::new(), text("measured", "实测"), text("target", "目标")],
        vec![
            text("resident memory, 5 s after it was ready", "就绪 5 秒后的常驻内存"),
            format!("{:.1} MiB", idle.resident),
            target(idle.resident <= RESIDENT_TARGET, &format!("≤ {RESIDENT_TARGET} MiB")),
        ],
        vec![
            text(
                "first start: exec to the answer of `/health`, keys made",
                "首次启动到 `/health` 应答（含生成密钥）",
            ),
            format!("{:.0} ms", idle.first_start),
            start(idle.first_start),
        ],
        vec![text("later start", "再次启动"), format!("{:.0} ms", idle.later_start), start(idle.later_start)],
        vec![
            text("slowest of all starts", "最慢的一次启动"),
            format!("{:.0} ms", idle.slowest),
            String::new(),
        ],
    ];
    [title.to_owned(), table(&rows)].join("\n\n")
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
    use crate::routes::Measured;
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
        Found {
            machine,
            effort: Effort { rounds: 1, time: Duration::from_secs(1), starts: 1 },
            routes: Some(vec![vec![measured; 4]; 3]),
            sign_ins: Some(vec![SignIns::default(); 3]),
            idle: Some(Idle { resident: 25.0, ..Idle::default() }),
        }
    }

    #[test]
    fn both_languages_have_the_same_outline_and_targets_are_judged() {
        let count = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
        let (english, chinese) = (page(&found(0.8), Language::English), page(&found(0.8), Language::Chinese));
        assert_eq!((count(&english), count(&chinese)), (4, 4));
        assert!(
            english.contains("| accounts/providers | 0.80 | 0.80 | 0.80 | ≥ 0.85: missed |"),
            "{english}"
        );
        assert!(english.contains("| accounts/me | 0.80 | 0.80 | 0.80 | ≥ 0.7: met |"), "{english}");
        assert!(chinese.contains("25.0 MiB | ≤ 20 MiB: 未达到"), "{chinese}");
    }
}
