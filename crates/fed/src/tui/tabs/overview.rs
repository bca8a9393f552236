//! How sign-ins go: what needs attention, the numbers of the last day, each provider's health, and hour by hour.

use crate::tui::tab::{
    Column, Detail, Look, Request, Row, Search, Tab, Width, in_lang, named, said, standing,
};
use downcity_service::core::{Lang, Text};
use serde_json::{Value, json};

/// The width of the longest bar.
const BAR: u64 = 36;

pub(super) const TAB: Tab = Tab {
    title: Text::new("Overview", "概览"),
    empty: Text::new("There is nothing to tell yet.", "暂无数据。"),
    columns: &[
        Column { title: Text::new("WHAT", "项目"), width: Width::Share(2) },
        Column { title: Text::new("NUMBER", "数量"), width: Width::Fixed(12) },
        Column { title: Text::new("OF THE LAST 24 HOURS", "最近 24 小时"), width: Width::Share(3) },
    ],
    search: Search::Here,
    list: |_: &Look<'_>| Request::get("federation", "overview", json!({ "hours": 24 })),
    rows,
    about,
    more: &[],
    deeds: &[],
};

fn rows(answer: &Value, lang: Lang) -> Vec<Row> {
    let list = |field: &str| answer[field].as_array().cloned().unwrap_or_default();
    let mut rows: Vec<Row> = list("attention").iter().map(|entry| attention(entry, lang)).collect();
    rows.extend(numbers(answer, lang));
    rows.extend(list("providers").iter().map(|health| provider(health, lang)));
    let steps = list("series");
    let most = steps.iter().map(|step| count(step, "started")).max().unwrap_or(0);
    // The newest first: it is what is looked for.
    rows.extend(steps.iter().rev().map(|step| hour(step, most)));
    rows
}

fn count(item: &Value, field: &str) -> u64 {
    item[field].as_u64().unwrap_or(0)
}

fn attention(entry: &Value, lang: Lang) -> Row {
    let (mark, word) = match entry["severity"].as_str() {
        Some("error") => ("✗", Text::new("error", "错误")),
        Some("warning") => ("!", Text::new("warning", "警告")),
        _ => ("·", Text::new("hint", "提示")),
    };
    let cells = [format!("{mark} {}", word.get(lang)), String::new(), in_lang(&entry["text"], lang)];
    Row::new(entry["id"].as_str().unwrap_or_default(), cells, entry)
}

fn numbers(answer: &Value, lang: Lang) -> Vec<Row> {
    let total = &answer["total"];
    let started = count(total, "started");
    let mut rows: Vec<Row> = [
        (Text::new("started", "已发起"), "started"),
        (Text::new("returned", "已返回"), "returned"),
        (Text::new("done", "成功"), "done"),
        (Text::new("under way", "进行中"), "under_way"),
        (Text::new("not returned", "未返回"), "not_returned"),
        (Text::new("expired", "已过期"), "expired"),
    ]
    .into_iter()
    .map(|(name, field)| number(name.get(lang), count(total, field), started))
    .collect();
    for (code, many) in total["failed"].as_object().into_iter().flatten() {
        let failed = Text::new("failed", "失败").get(lang);
        rows.push(number(&format!("{failed}: {code}"), many.as_u64().unwrap_or(0), started));
    }
    for (name, field) in [
        (Text::new("users", "用户"), "users"),
        (Text::new("active users", "活跃用户"), "active_24h"),
        (Text::new("live sessions", "有效会话"), "live_sessions"),
    ] {
        let many = &answer["people"][field];
        rows.push(Row::new(field, [name.get(lang).to_owned(), said(many), String::new()], &Value::Null));
    }
    rows
}

fn number(name: &str, many: u64, of: u64) -> Row {
    Row::new(name, [name.to_owned(), many.to_string(), bar(many, of)], &Value::Null)
}

fn bar(many: u64, of: u64) -> String {
    let cells = (many * BAR).checked_div(of).unwrap_or(0).min(BAR);
    "█".repeat(usize::try_from(cells).unwrap_or(0))
}

fn provider(health: &Value, lang: Lang) -> Row {
    let provider = &health["provider"];
    let last = match (said(&health["last_success_at"]), lang) {
        (at, _) if at.is_empty() => Text::new("nobody signed in yet", "尚无成功登录").get(lang).to_owned(),
        (at, Lang::En) => format!("last sign-in {at}"),
        (at, Lang::Zh) => format!("最近成功登录 {at}"),
    };
    let cells = [said(&provider["label"]), standing(&provider["status"], lang), last];
    Row::new(provider["id"].as_str().unwrap_or_default(), cells, health)
}

fn hour(step: &Value, most: u64) -> Row {
    let (started, done) = (count(step, "started"), count(step, "done").min(count(step, "started")));
    let good = bar(done, most);
    let rest = bar(started, most).chars().count() - good.chars().count();
    let cells = [said(&step["at"]), started.to_string(), format!("{good}{}", "░".repeat(rest))];
    Row::new(step["at"].as_str().unwrap_or_default(), cells, step)
}

fn about(item: &Value, lang: Lang) -> Vec<Detail> {
    let mut about = Vec::new();
    for (name, field) in
        [(Text::new("Seen", "现象"), "text"), (Text::new("What to do", "处理办法"), "remedy")]
    {
        let text = in_lang(&item[field], lang);
        if !text.is_empty() {
            about.push((name.get(lang).to_owned(), text));
        }
    }
    about.extend(named(
        item,
        lang,
        &[
            (Text::new("Provider", "登录方式"), "provider"),
            (Text::new("City", "城市"), "city_id"),
            (Text::new("From", "开始"), "at"),
            (Text::new("Started", "已发起"), "started"),
            (Text::new("Returned", "已返回"), "returned"),
            (Text::new("Done", "成功"), "done"),
            (Text::new("Last sign-in", "最近成功"), "last_success_at"),
            (Text::new("Last failure", "最近失败"), "last_failure_at"),
        ],
    ));
    // A provider's health has the whole provider in it: its own tab tells about that.
    about.retain(|(_, value)| !value.starts_with('{'));
    about
}
