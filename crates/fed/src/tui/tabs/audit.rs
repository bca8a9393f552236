//! The audit record: what admins did, when, from where, and what it changed.

use crate::tui::tab::{Column, Detail, Look, More, Request, Row, Search, Tab, Width, items, named, said};
use downcity_service::core::{Lang, Text};
use serde_json::{Value, json};

pub(super) const TAB: Tab = Tab {
    title: Text::new("Audit", "审计"),
    empty: Text::new("Nothing was done yet.", "还没有任何操作。"),
    columns: &[
        Column { title: Text::new("WHEN", "时间"), width: Width::Fixed(19) },
        Column { title: Text::new("WHAT", "操作"), width: Width::Share(3) },
        Column { title: Text::new("TO WHAT", "对象"), width: Width::Share(3) },
        Column { title: Text::new("BY", "操作者"), width: Width::Share(2) },
        Column { title: Text::new("FROM", "来源"), width: Width::Share(2) },
    ],
    search: Search::There,
    list: |look: &Look<'_>| Request::get("audit", "list", look.query("action")),
    rows,
    about,
    more: &[],
    deeds: &[],
};

/// Who did what to something, as more about it.
pub(super) const HISTORY: More = More {
    title: Text::new("History", "历史"),
    ask: |row| Request::get("audit", "list", json!({ "subject": row.id, "limit": 20 })),
    lines: history,
};

fn history(answer: &Value, _: Lang) -> Vec<Detail> {
    let line = |item: &Value| {
        let [action, by, network, before, after] =
            ["action", "key_name", "network", "before", "after"].map(|field| said(&item[field]));
        let change = if before.is_empty() && after.is_empty() {
            String::new()
        } else {
            format!("{before} → {after}")
        };
        (said(&item["at"]), [action, by, network, change].join("  "))
    };
    items(answer).iter().map(line).collect()
}

fn rows(answer: &Value, _: Lang) -> Vec<Row> {
    let row = |item: &Value| {
        let mut cells = ["at", "action", "subject", "key_name", "network"].map(|field| said(&item[field]));
        if cells[4].is_empty() {
            cells[4] = said(&item["via"]);
        }
        Row::new(item["audit_id"].as_str().unwrap_or_default(), cells, item)
    };
    items(answer).iter().map(row).collect()
}

fn about(item: &Value, lang: Lang) -> Vec<Detail> {
    named(
        item,
        lang,
        &[
            (Text::new("When", "时间"), "at"),
            (Text::new("What", "操作"), "action"),
            (Text::new("To what", "对象"), "subject"),
            (Text::new("City", "城市"), "city_id"),
            (Text::new("By", "操作者"), "key_name"),
            (Text::new("Key", "密钥"), "key_id"),
            (Text::new("Through", "途径"), "via"),
            (Text::new("Network", "网络"), "network"),
            (Text::new("Before", "之前"), "before"),
            (Text::new("After", "之后"), "after"),
        ],
    )
}
