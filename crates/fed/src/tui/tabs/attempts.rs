//! Sign-in attempts: how far each got, and why it ended, in words.

use crate::tui::tab::{
    Column, Detail, Look, Request, Row, Search, Tab, Width, in_lang, items, named, said, standing,
};
use downcity_service::core::{Lang, Text};
use serde_json::Value;

pub(super) const TAB: Tab = Tab {
    title: Text::new("Attempts", "登录记录"),
    empty: Text::new("Nobody has tried to sign in today.", "今天还没有人尝试登录。"),
    columns: &[
        Column { title: Text::new("STARTED", "开始时间"), width: Width::Fixed(19) },
        Column { title: Text::new("PROVIDER", "登录方式"), width: Width::Fixed(8) },
        Column { title: Text::new("CITY", "城市"), width: Width::Fixed(14) },
        Column { title: Text::new("STATUS", "状态"), width: Width::Fixed(12) },
        Column { title: Text::new("WHY", "原因"), width: Width::Share(4) },
    ],
    search: Search::Here,
    list: |look: &Look<'_>| Request::get("accounts", "attempts", look.query("q")),
    rows,
    about,
    more: &[],
    deeds: &[],
};

fn rows(answer: &Value, lang: Lang) -> Vec<Row> {
    let row = |item: &Value| {
        let reason = in_lang(&item["reason"], lang);
        let why = if reason.is_empty() { said(&item["failure"]) } else { reason };
        let status = standing(&item["status"], lang);
        let cells = [said(&item["started_at"]), said(&item["provider"]), said(&item["city_id"]), status, why];
        Row::new(item["attempt_id"].as_str().unwrap_or_default(), cells, item)
    };
    items(answer).iter().map(row).collect()
}

fn about(item: &Value, lang: Lang) -> Vec<Detail> {
    let mut about = named(
        item,
        lang,
        &[
            (Text::new("Attempt", "记录"), "attempt_id"),
            (Text::new("Provider", "登录方式"), "provider"),
            (Text::new("City", "城市"), "city_id"),
            (Text::new("Status", "状态"), "status"),
            (Text::new("Failure", "失败代码"), "failure"),
            (Text::new("Provider's code", "登录服务的错误码"), "provider_code"),
            (Text::new("User", "用户"), "user_id"),
            (Text::new("Started", "开始"), "started_at"),
            (Text::new("Returned", "返回"), "returned_at"),
            (Text::new("Ended", "结束"), "ended_at"),
            (Text::new("Collected", "领取"), "collected_at"),
            (Text::new("Network", "网络"), "network"),
            (Text::new("Browser", "浏览器"), "agent"),
        ],
    );
    for (name, field) in
        [(Text::new("Why", "原因"), "reason"), (Text::new("What to do", "处理办法"), "remedy")]
    {
        let text = in_lang(&item[field], lang);
        if !text.is_empty() {
            about.push((name.get(lang).to_owned(), text));
        }
    }
    about
}
