//! Admin keys: who may do how much, for how long, and when they last did.

use super::audit::HISTORY;
use crate::tui::tab::{
    Ask, Column, Deed, Detail, Field, Look, Request, Row, Search, Tab, Width, items, named, nothing, said,
    seen, standing, typed,
};
use downcity_service::core::{Lang, Text};
use serde_json::{Value, json};

pub(super) const TAB: Tab = Tab {
    title: Text::new("Keys", "密钥"),
    empty: Text::new("There is no admin key.", "没有管理员密钥。"),
    columns: &[
        Column { title: Text::new("NAME", "名称"), width: Width::Share(3) },
        Column { title: Text::new("ROLE", "角色"), width: Width::Fixed(8) },
        Column { title: Text::new("CITY", "城市"), width: Width::Share(2) },
        Column { title: Text::new("STATUS", "状态"), width: Width::Fixed(7) },
        Column { title: Text::new("LAST USED", "最近使用"), width: Width::Fixed(19) },
    ],
    search: Search::Here,
    list: |_: &Look<'_>| Request::get("admin-keys", "list", json!({})),
    rows,
    about,
    more: &[HISTORY],
    deeds: &[
        Deed {
            key: 'c',
            name: Text::new("create", "新建"),
            to_row: false,
            ask: Ask::Form(&[
                Field {
                    label: Text::new("Who holds it, or what it is for", "持有人或用途"),
                    start: nothing,
                    hidden: seen,
                    optional: false,
                },
                Field {
                    label: Text::new("Role: viewer, operator or owner", "角色：viewer、operator 或 owner"),
                    start: |_| "operator".to_owned(),
                    hidden: seen,
                    optional: false,
                },
                Field {
                    label: Text::new("For this city only (empty: all)", "仅用于此城市（留空为全部）"),
                    start: nothing,
                    hidden: seen,
                    optional: true,
                },
                Field {
                    label: Text::new(
                        "Ends after, such as 90d (empty: never)",
                        "有效期，如 90d（留空为永久）",
                    ),
                    start: nothing,
                    hidden: seen,
                    optional: true,
                },
            ]),
            request: create,
            done: Text::new("The new admin key, told this once", "新的管理员密钥，仅显示一次"),
            told_once: Some("admin_key"),
        },
        Deed {
            key: 'o',
            name: Text::new("rotate", "轮换"),
            to_row: true,
            ask: Ask::Yes(Text::new(
                "Whoever uses the key has to be given the new one: the old one ends now.",
                "旧密钥将立即失效，使用者需要换用新密钥。",
            )),
            request: |row, _| Request::post("admin-keys", "rotate", json!({ "key_id": row.id })),
            done: Text::new("The new admin key, told this once", "新的管理员密钥，仅显示一次"),
            told_once: Some("admin_key"),
        },
        Deed {
            key: 'x',
            name: Text::new("revoke", "撤销"),
            to_row: true,
            ask: Ask::Yes(Text::new("The key is refused from now on.", "该密钥将立即失效。")),
            request: |row, _| Request::post("admin-keys", "revoke", json!({ "key_id": row.id })),
            done: Text::new("The key is revoked.", "密钥已撤销。"),
            told_once: None,
        },
    ],
};

fn create(_: &Row, form: &[String]) -> Request {
    let [name, role, city_id, ttl] = form else { return Request::post("admin-keys", "create", json!({})) };
    let body =
        json!({ "name": name.trim(), "role": role.trim(), "city_id": typed(city_id), "ttl": typed(ttl) });
    Request::post("admin-keys", "create", body)
}

fn rows(answer: &Value, lang: Lang) -> Vec<Row> {
    let row = |item: &Value| {
        let mut cells = ["name", "role", "city_id", "status", "last_used_at"].map(|field| said(&item[field]));
        cells[3] = standing(&item["status"], lang);
        Row::new(item["key_id"].as_str().unwrap_or_default(), cells, item)
    };
    items(answer).iter().map(row).collect()
}

fn about(item: &Value, lang: Lang) -> Vec<Detail> {
    named(
        item,
        lang,
        &[
            (Text::new("Key", "密钥"), "key_id"),
            (Text::new("Name", "名称"), "name"),
            (Text::new("Role", "角色"), "role"),
            (Text::new("City", "城市"), "city_id"),
            (Text::new("Status", "状态"), "status"),
            (Text::new("Made", "创建时间"), "created_at"),
            (Text::new("Ends", "到期时间"), "expires_at"),
            (Text::new("Last used", "最近使用"), "last_used_at"),
            (Text::new("Revoked", "撤销时间"), "revoked_at"),
        ],
    )
}
