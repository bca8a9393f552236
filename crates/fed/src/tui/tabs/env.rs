//! Settings: what each service reads, and what of it is set. Values of secrets are never shown.

use super::audit::HISTORY;
use crate::tui::tab::{
    Ask, Column, Deed, Detail, Field, Look, Request, Row, Search, Tab, Width, items, named, nothing, said,
    seen, unseen,
};
use downcity_service::core::{Lang, Text};
use serde_json::{Value, json};

const NAME: Text = Text::new("Name", "名称");
const VALUE: Text = Text::new("Value", "值");

pub(super) const TAB: Tab = Tab {
    title: Text::new("Env", "设置"),
    empty: Text::new("There is nothing to set.", "没有可设置的项。"),
    columns: &[
        Column { title: Text::new("KEY", "名称"), width: Width::Fixed(22) },
        Column { title: Text::new("SET", "已设"), width: Width::Fixed(4) },
        Column { title: Text::new("NEEDED", "必需"), width: Width::Fixed(6) },
        Column { title: Text::new("VALUE", "值"), width: Width::Share(2) },
        Column { title: Text::new("WHAT IT IS", "说明"), width: Width::Share(3) },
    ],
    search: Search::Here,
    list,
    rows,
    about,
    more: &[HISTORY],
    deeds: &[
        Deed {
            key: 's',
            name: Text::new("set", "设置"),
            to_row: true,
            ask: Ask::Form(&[
                Field { label: NAME, start: |row| row.id.clone(), hidden: seen, optional: false },
                Field { label: VALUE, start: nothing, hidden: may_be_secret, optional: false },
            ]),
            request: set,
            done: Text::new("It is set, effective at once.", "已设置，立即生效。"),
            told_once: None,
        },
        Deed {
            key: 'a',
            name: Text::new("add", "新增"),
            to_row: false,
            ask: Ask::Form(&[
                Field { label: NAME, start: nothing, hidden: seen, optional: false },
                Field { label: VALUE, start: nothing, hidden: unseen, optional: false },
            ]),
            request: set,
            done: Text::new("It is set, effective at once.", "已设置，立即生效。"),
            told_once: None,
        },
        Deed {
            key: 'x',
            name: Text::new("remove", "删除"),
            to_row: true,
            ask: Ask::Id(Text::new(
                "What needs this setting can't be used without it.",
                "删除后，依赖该设置的功能将无法使用。",
            )),
            request: |row, _| Request::post("env", "remove", json!({ "key": row.id })),
            done: Text::new("It is removed, effective at once.", "已删除，立即生效。"),
            told_once: None,
        },
    ],
};

fn list(_: &Look<'_>) -> Request {
    Request::get("env", "catalog", json!({}))
}

fn set(_: &Row, typed: &[String]) -> Request {
    let (key, value) = (typed.first().map_or("", String::as_str), typed.get(1).map_or("", String::as_str));
    Request::post("env", "upsert", json!({ "key": key.trim(), "value": value }))
}

/// Anything but what is plainly an identifier: to hide too much does no harm.
fn may_be_secret(row: &Row) -> bool {
    let plain =
        ["_ID", "_URL", "_ISSUER", "_LABEL", "_SCOPE", "_SCOPES", "_HOST", "_PORT", "_FROM", "_LOGIN"];
    row.item["secret"].as_bool().unwrap_or_else(|| !plain.iter().any(|end| row.id.ends_with(end)))
}

fn rows(answer: &Value, _: Lang) -> Vec<Row> {
    let entries = items(answer).iter().flat_map(|service| service["env"].as_array().into_iter().flatten());
    let row = |entry: &Value| {
        let [set, needed] = ["configured", "required"].map(|field| said(&entry[field]));
        let cells =
            [said(&entry["key"]), set, needed, said(&entry["value_preview"]), said(&entry["description"])];
        Row::new(entry["key"].as_str().unwrap_or_default(), cells, entry)
    };
    entries.map(row).collect()
}

fn about(item: &Value, lang: Lang) -> Vec<Detail> {
    named(
        item,
        lang,
        &[
            (NAME, "key"),
            (Text::new("What it is", "说明"), "description"),
            (Text::new("Needed", "必需"), "required"),
            (Text::new("Set", "已设置"), "configured"),
            (VALUE, "value_preview"),
            (Text::new("Changed", "修改时间"), "updated_at"),
        ],
    )
}
