//! Users: found by the Federation, a page at a time, with their sessions and what happened to them.

use crate::tui::tab::{
    Ask, Column, Deed, Detail, Field, Look, More, Request, Row, Search, Tab, Width, items, named, nothing,
    said, seen, standing,
};
use downcity_service::core::{Lang, Text};
use serde_json::{Value, json};

pub(super) const TAB: Tab = Tab {
    title: Text::new("Users", "用户"),
    empty: Text::new("No user is as described.", "没有符合条件的用户。"),
    columns: &[
        Column { title: Text::new("NAME", "名称"), width: Width::Share(3) },
        Column { title: Text::new("E-MAIL", "邮箱"), width: Width::Share(3) },
        Column { title: Text::new("WAYS IN", "登录方式"), width: Width::Share(2) },
        Column { title: Text::new("STATUS", "状态"), width: Width::Fixed(8) },
        Column { title: Text::new("SINCE", "注册时间"), width: Width::Fixed(19) },
    ],
    search: Search::There,
    list: |look: &Look<'_>| Request::get("accounts", "users", look.query("q")),
    rows,
    about,
    more: &[
        More { title: Text::new("Sessions", "会话"), ask: |row| latest("sessions", row), lines: sessions },
        More { title: Text::new("What happened", "事件"), ask: |row| latest("events", row), lines: events },
    ],
    deeds: &[
        Deed {
            key: 'd',
            name: Text::new("disable", "停用"),
            to_row: true,
            ask: Ask::Yes(Text::new(
                "All their sessions end now, and no way in lets them in again.",
                "该用户的所有会话将立即结束，且无法再登录。",
            )),
            request: |row, _| Request::post("accounts", "users/disable", json!({ "user_id": row.id })),
            done: Text::new("The user is shut out.", "用户已停用。"),
            told_once: None,
        },
        Deed {
            key: 'e',
            name: Text::new("enable", "启用"),
            to_row: true,
            ask: Ask::Nothing,
            request: |row, _| Request::post("accounts", "users/enable", json!({ "user_id": row.id })),
            done: Text::new("The user may sign in again.", "用户可以重新登录。"),
            told_once: None,
        },
        Deed {
            key: 'm',
            name: Text::new("merge", "合并"),
            to_row: true,
            ask: Ask::Form(&[Field {
                label: Text::new(
                    "Id of the user who keeps everything; the selected one is removed",
                    "要保留的用户 ID；所选用户将并入其中并被删除",
                ),
                start: nothing,
                hidden: seen,
                optional: false,
            }]),
            request: merge,
            done: Text::new("The two are one user now.", "两个用户已合并。"),
            told_once: None,
        },
        Deed {
            key: 'x',
            name: Text::new("delete", "删除"),
            to_row: true,
            ask: Ask::Id(Text::new(
                "The user is removed for good, with every way in.",
                "该用户及其所有登录方式将被永久删除。",
            )),
            request: |row, _| Request::post("accounts", "users/delete", json!({ "user_id": row.id })),
            done: Text::new("The user is removed.", "用户已删除。"),
            told_once: None,
        },
    ],
};

fn latest(what: &'static str, row: &Row) -> Request {
    Request::get("accounts", what, json!({ "user_id": row.id, "limit": 20 }))
}

fn merge(row: &Row, form: &[String]) -> Request {
    let into = form.first().map_or("", |into| into.trim());
    Request::post("accounts", "users/merge", json!({ "from": row.id, "into": into, "preview": false }))
}

fn rows(answer: &Value, lang: Lang) -> Vec<Row> {
    let row = |item: &Value| {
        let id = item["user_id"].as_str().unwrap_or_default();
        let mut cells = ["display_name", "auth_email", "providers", "status", "auth_created_at"]
            .map(|field| said(&item[field]));
        cells[3] = standing(&item["status"], lang);
        if cells[0].is_empty() {
            cells[0] = id.to_owned();
        }
        Row::new(id, cells, item)
    };
    items(answer).iter().map(row).collect()
}

fn about(item: &Value, lang: Lang) -> Vec<Detail> {
    named(
        item,
        lang,
        &[
            (Text::new("User", "用户"), "user_id"),
            (Text::new("Name", "名称"), "display_name"),
            (Text::new("E-mail", "邮箱"), "auth_email"),
            (Text::new("Ways in", "登录方式"), "providers"),
            (Text::new("Status", "状态"), "status"),
            (Text::new("Since", "注册时间"), "auth_created_at"),
            (Text::new("Removed at", "删除时间"), "delete_at"),
        ],
    )
}

fn sessions(answer: &Value, lang: Lang) -> Vec<Detail> {
    let line = |item: &Value| {
        let mut rest = ["city_id", "provider", "status", "network", "agent"].map(|field| said(&item[field]));
        rest[2] = standing(&item["status"], lang);
        (said(&item["created_at"]), rest.join("  "))
    };
    items(answer).iter().map(line).collect()
}

fn events(answer: &Value, _: Lang) -> Vec<Detail> {
    let line = |item: &Value| {
        let rest = ["type", "city_id", "actor", "network"].map(|field| said(&item[field]));
        (said(&item["created_at"]), rest.join("  "))
    };
    items(answer).iter().map(line).collect()
}
