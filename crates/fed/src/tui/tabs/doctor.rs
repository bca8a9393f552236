//! The doctor: what works, what does not, and what to do.

use crate::tui::tab::{Column, Detail, Look, Request, Row, Search, Tab, Width, items, named, said};
use downcity_service::core::{Lang, Text};
use serde_json::{Value, json};

pub(super) const TAB: Tab = Tab {
    title: Text::new("Doctor", "诊断"),
    empty: Text::new("There was nothing to check.", "没有可检查的项。"),
    columns: &[
        Column { title: Text::new("", ""), width: Width::Fixed(2) },
        Column { title: Text::new("OF", "类别"), width: Width::Fixed(9) },
        Column { title: Text::new("CHECK", "检查"), width: Width::Share(2) },
        Column { title: Text::new("WHAT WAS SEEN", "结果"), width: Width::Share(4) },
    ],
    search: Search::Here,
    list: |_: &Look<'_>| Request::get("federation", "doctor", json!({})),
    rows,
    about,
    more: &[],
    deeds: &[],
};

fn rows(answer: &Value, _: Lang) -> Vec<Row> {
    let row = |item: &Value| {
        let check = item["check"].as_str().unwrap_or_default();
        let group = check.split('.').next().unwrap_or_default().to_owned();
        let cells = [mark(item).to_owned(), group, title(item), said(&item["evidence"])];
        Row::new(check, cells, item)
    };
    items(answer).iter().map(row).collect()
}

fn mark(item: &Value) -> &'static str {
    match item["verdict"].as_str() {
        Some("ok") => "✓",
        Some("warning") => "!",
        Some("failed") => "✗",
        _ => "–",
    }
}

fn title(item: &Value) -> String {
    let (title, about) = (said(&item["title"]), said(&item["about"]));
    if about.is_empty() { title } else { format!("{title} ({about})") }
}

/// The same as more about something.
pub(super) fn findings(answer: &Value, lang: Lang) -> Vec<Detail> {
    let mut lines = Vec::new();
    for item in items(answer) {
        lines.push((mark(item).to_owned(), format!("{}: {}", title(item), said(&item["evidence"]))));
        let remedy = said(&item["remedy"]);
        if !remedy.is_empty() {
            lines.push((Text::new("What to do", "处理办法").get(lang).to_owned(), remedy));
        }
    }
    lines
}

fn about(item: &Value, lang: Lang) -> Vec<Detail> {
    named(
        item,
        lang,
        &[
            (Text::new("Check", "检查"), "title"),
            (Text::new("Name", "名称"), "check"),
            (Text::new("Of", "对象"), "about"),
            (Text::new("Verdict", "结论"), "verdict"),
            (Text::new("Code", "代码"), "code"),
            (Text::new("Seen", "结果"), "evidence"),
            (Text::new("What to do", "处理办法"), "remedy"),
        ],
    )
}
