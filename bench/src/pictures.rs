//! What is drawn of the findings.

use crate::Failed;
use crate::people::POPULATIONS;
use crate::plot::{Bar, bars};
use crate::report::{Found, Language, RATIO_TARGETS, SHARE_TARGET, most};
use crate::routes::{CONNECTIONS, ROUTES};
use std::path::Path;

/// Writes the pictures that a page shows, in its language.
pub(crate) fn write(found: &Found, language: Language, folder: &Path) -> Result<(), Failed> {
    std::fs::create_dir_all(folder)?;
    let ending = language.pick("svg", "zh.svg");
    for (name, picture) in [("routes", routes(found, language)), ("sign-ins", sign_ins(found, language))] {
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
        .map(|(series, (at, s))| Bar {
            name: format!(
                "{}, {} {}",
                series.engine.name(),
                CONNECTIONS[at],
                language.pick("at a time", "并发")
            ),
            value: s.per_second,
            text: format!("{:.0}/s", s.per_second),
            aim: Some(most(s, hello(at)) * SHARE_TARGET),
            other: false,
        })
        .collect();
    let title = language.pick("Whole durable sign-ins a second", "每秒完整持久登录数");
    let subtitle = language.pick("The red line is the aim", "红线为目标");
    Some(bars(title, subtitle, &rows))
}
