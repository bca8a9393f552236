//! Cities: the products of the Federation.

use super::audit::HISTORY;
use crate::tui::tab::{
    Ask, Column, Deed, Detail, Field, Look, Request, Row, Search, Tab, Width, items, named, nothing, said,
    seen, standing, typed, words,
};
use downcity_service::core::{Lang, Text};
use serde_json::{Value, json};

const NAME: Text = Text::new("Name that people see", "显示名称");
const ORIGINS: Text = Text::new("Allowed origins, with spaces between", "允许的来源（以空格分隔）");
const REDIRECTS: Text = Text::new("Allowed redirects, with spaces between", "允许的返回地址（以空格分隔）");
const CONFIRM: Text =
    Text::new("Confirm: code, always, auto or never", "确认方式：code、always、auto 或 never");

pub(super) const TAB: Tab = Tab {
    title: Text::new("Cities", "城市"),
    empty: Text::new("There is no city.", "没有城市。"),
    columns: &[
        Column { title: Text::new("CITY", "城市"), width: Width::Share(3) },
        Column { title: Text::new("NAME", "名称"), width: Width::Share(3) },
        Column { title: Text::new("STATUS", "状态"), width: Width::Fixed(7) },
        Column { title: Text::new("CONFIRM", "确认"), width: Width::Fixed(7) },
        Column { title: Text::new("ORIGINS", "来源"), width: Width::Share(4) },
    ],
    search: Search::Here,
    list: |_: &Look<'_>| Request::get("cities", "list", json!({})),
    rows,
    about,
    more: &[HISTORY],
    deeds: &[
        Deed {
            key: 'c',
            name: Text::new("create", "新建"),
            to_row: false,
            ask: Ask::Form(&[
                Field { label: NAME, start: nothing, hidden: seen, optional: false },
                Field {
                    label: Text::new(
                        "Id, such as city_demo (empty: a random one)",
                        "ID，如 city_demo（留空则随机）",
                    ),
                    start: nothing,
                    hidden: seen,
                    optional: true,
                },
                Field { label: ORIGINS, start: nothing, hidden: seen, optional: true },
            ]),
            request: create,
            done: Text::new("The city is made.", "城市已创建。"),
            told_once: None,
        },
        Deed {
            key: 'e',
            name: Text::new("edit", "编辑"),
            to_row: true,
            ask: Ask::Form(&[
                Field { label: NAME, start: |row| said(&row.item["name"]), hidden: seen, optional: false },
                Field {
                    label: ORIGINS,
                    start: |row| said(&row.item["allowed_origins"]),
                    hidden: seen,
                    optional: true,
                },
                Field {
                    label: REDIRECTS,
                    start: |row| said(&row.item["allowed_redirects"]),
                    hidden: seen,
                    optional: true,
                },
                Field {
                    label: CONFIRM,
                    start: |row| said(&row.item["confirm"]),
                    hidden: seen,
                    optional: false,
                },
            ]),
            request: edit,
            done: Text::new("The city is changed, effective at once.", "城市已修改，立即生效。"),
            told_once: None,
        },
        Deed {
            key: 'u',
            name: Text::new("pause", "暂停"),
            to_row: true,
            ask: Ask::Yes(Text::new(
                "It starts no sign-in and accepts no token until it is activated.",
                "重新启用之前，该城市不能登录，也不接受令牌。",
            )),
            request: |row, _| Request::post("cities", "pause", json!({ "city_id": row.id })),
            done: Text::new("The city is paused.", "城市已暂停。"),
            told_once: None,
        },
        Deed {
            key: 'a',
            name: Text::new("activate", "启用"),
            to_row: true,
            ask: Ask::Nothing,
            request: |row, _| Request::post("cities", "activate", json!({ "city_id": row.id })),
            done: Text::new("The city is active.", "城市已启用。"),
            told_once: None,
        },
        Deed {
            key: 'x',
            name: Text::new("remove", "删除"),
            to_row: true,
            ask: Ask::Id(Text::new(
                "The city goes with its settings, and everybody signed in there is signed out. Its users stay.",
                "城市及其设置将被删除，所有在该城市登录的会话将结束。用户会保留。",
            )),
            request: |row, _| Request::post("cities", "remove", json!({ "city_id": row.id })),
            done: Text::new("The city is removed.", "城市已删除。"),
            told_once: None,
        },
    ],
};

fn create(_: &Row, form: &[String]) -> Request {
    let [name, city_id, origins] = form else { return Request::post("cities", "create", json!({})) };
    let body = json!({ "name": name.trim(), "city_id": typed(city_id), "allowed_origins": words(origins) });
    Request::post("cities", "create", body)
}

fn edit(row: &Row, form: &[String]) -> Request {
    let [name, origins, redirects, confirm] = form else {
        return Request::post("cities", "update", json!({}));
    };
    let body = json!({
        "city_id": row.id,
        "name": name.trim(),
        "allowed_origins": words(origins),
        "allowed_redirects": words(redirects),
        "confirm": confirm.trim(),
    });
    Request::post("cities", "update", body)
}

fn rows(answer: &Value, lang: Lang) -> Vec<Row> {
    let row = |item: &Value| {
        let mut cells =
            ["city_id", "name", "status", "confirm", "allowed_origins"].map(|field| said(&item[field]));
        cells[2] = standing(&item["status"], lang);
        Row::new(item["city_id"].as_str().unwrap_or_default(), cells, item)
    };
    items(answer).iter().map(row).collect()
}

fn about(item: &Value, lang: Lang) -> Vec<Detail> {
    named(
        item,
        lang,
        &[
            (Text::new("City", "城市"), "city_id"),
            (Text::new("Name", "名称"), "name"),
            (Text::new("Status", "状态"), "status"),
            (Text::new("Confirm", "确认方式"), "confirm"),
            (Text::new("Origins", "来源"), "allowed_origins"),
            (Text::new("Redirects", "返回地址"), "allowed_redirects"),
            (Text::new("Made", "创建时间"), "created_at"),
            (Text::new("Changed", "修改时间"), "updated_at"),
        ],
    )
}
