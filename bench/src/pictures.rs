//! What is drawn of the findings.

use crate::Failed;
use crate::people::POPULATIONS;
use crate::plot::{Bar, bars};
use crate::report::{
    CROWD_TARGET, Found, LOADED_TARGET, Language, RATIO_TARGETS, RESIDENT_TARGET, SHARE_TARGET, START_TARGET,
    WAITER_TARGET, most,
};
use crate::routes::{CONNECTIONS, ROUTES};
use std::path::Path;

/// Writes the pictures that a page shows, in its language.
pub(crate) fn write(found: &Found, language: Language, folder: &Path) -> Result<(), Failed> {
    std::fs::create_dir_all(folder)?;
    let ending = language.pick("svg", "zh.svg");
    for (name, picture) in [
        ("routes", routes(found, language)),
        ("sign-ins", sign_ins(found, language)),
        ("crowds", crowds(found, language)),
        ("waiters", waiters(found, language)),
        ("memory", memory(found, language)),
        ("starts", starts(found, language)),
    ] {
        if let Some(picture) = picture {
            std::fs::write(folder.join(format!("{name}.{ending}")), picture)?;
        }
    }
    Ok(())
}

fn routes(found: &Found, language: Language) -> Option<String> {
    let measured = found.routes.as_ref()?.first()?;
    let rows: Vec<Bar> = (0..ROUTES.len())
        .map(|at| Bar {
            name: ROUTES[at].to_owned(),
            value: measured[at].ratio,
            text: format!("{:.2} ({:.0}/s)", measured[at].ratio, measured[at].tally.per_second),
            aim: RATIO_TARGETS[at],
            other: at == 0,
        })
        .collect();
    let title = language.pick("Requests a second against a bare axum hello", "每秒请求数与裸 axum 的比值");
    let subtitle = language.pick("64 connections; the red line is the aim", "64 个连接；红线为目标");
    Some(bars(title, subtitle, &rows))
}

fn sign_ins(found: &Found, language: Language) -> Option<String> {
    let empty = found.sign_ins.as_ref()?.iter().filter(|series| series.people == POPULATIONS[0]);
    let hello = |at: usize| found.routes.as_ref().map_or(0.0, |routes| routes[at][0].tally.per_second);
    let rows: Vec<Bar> = empty
        .flat_map(|series| series.found.iter().enumerate().map(move |found| (series, found)))
        .map(|(series, (at, s))| {
            let together = language.pick("at a time", "并发");
            let name = format!("{}, {} {together}", series.engine.name(), CONNECTIONS[at]);
            Bar::ours(name, s.per_second, format!("{:.0}/s", s.per_second), most(s, hello(at)) * SHARE_TARGET)
        })
        .collect();
    let title = language.pick("Whole durable sign-ins a second", "每秒完整持久登录数");
    let subtitle = language.pick("The red line is the aim", "红线为目标");
    Some(bars(title, subtitle, &rows))
}

fn crowds(found: &Found, language: Language) -> Option<String> {
    let all = found.sign_ins.as_ref()?;
    all.iter().find(|series| series.people > 0)?;
    let rows: Vec<Bar> = all
        .iter()
        .map(|series| {
            let cost = series.cost_among(all);
            Bar {
                name: format!("{}, {}", series.engine.name(), series.people),
                value: cost,
                text: format!("{cost:.2}"),
                aim: Some(CROWD_TARGET),
                other: series.people == POPULATIONS[0],
            }
        })
        .collect();
    let title = language.pick("Cost of a sign-in among so many people", "数据库中有这么多人时一次登录的成本");
    let subtitle = language
        .pick("Against that among none; the red line must not be passed", "与无人时的比值；不得越过红线");
    Some(bars(title, subtitle, &rows))
}

fn waiters(found: &Found, language: Language) -> Option<String> {
    let waiters = found.waiters.as_ref()?.iter();
    let rows: Vec<Bar> = waiters
        .map(|waiters| {
            let text = format!("{:.1} KiB ({})", waiters.kib, waiters.count);
            Bar::ours(waiters.name(), waiters.kib, text, WAITER_TARGET)
        })
        .collect();
    let title = language.pick("Memory for each client that waits", "每个等待中的客户端占用的内存");
    let subtitle = language.pick("The red line must not be passed", "不得越过红线");
    Some(bars(title, subtitle, &rows))
}

fn memory(found: &Found, language: Language) -> Option<String> {
    let idle = found.idle.as_ref()?;
    let bar = |name, value: f64, aim| Bar::ours(name, value, format!("{value:.1} MiB"), aim);
    let among = |people: i64| match language {
        Language::English => format!("idle, {people} people"),
        Language::Chinese => format!("空闲，{people} 人"),
    };
    let mut rows = vec![bar(among(0), idle.resident, RESIDENT_TARGET)];
    let crowded = POPULATIONS[1..].iter().zip(&idle.crowded);
    rows.extend(crowded.map(|(people, (_, resident))| bar(among(*people), *resident, RESIDENT_TARGET)));
    for series in found.sign_ins.iter().flatten() {
        let name = format!("{}, {}", series.engine.name(), series.people);
        let loaded = language.pick("loaded", "压测后");
        rows.push(bar(format!("{loaded}: {name}"), series.resident, LOADED_TARGET));
    }
    let title = language.pick("Resident memory of the server", "服务器的常驻内存");
    let subtitle = language.pick("The red line must not be passed", "不得越过红线");
    Some(bars(title, subtitle, &rows))
}

fn starts(found: &Found, language: Language) -> Option<String> {
    let idle = found.idle.as_ref()?;
    let bar = |name, value: f64| Bar::ours(name, value, format!("{value:.0} ms"), START_TARGET);
    let mut rows = vec![
        bar(language.pick("first, keys made", "首次（含生成密钥）").to_owned(), idle.first_start),
        bar(language.pick("later", "再次启动").to_owned(), idle.later_start),
    ];
    for (people, (millis, _)) in POPULATIONS[1..].iter().zip(&idle.crowded) {
        let name = match language {
            Language::English => format!("later, {people} people"),
            Language::Chinese => format!("再次启动，{people} 人"),
        };
        rows.push(bar(name, *millis));
    }
    let title = language.pick("From exec to ready", "从启动到就绪");
    let subtitle = language.pick("The red line must not be passed", "不得越过红线");
    Some(bars(title, subtitle, &rows))
}
