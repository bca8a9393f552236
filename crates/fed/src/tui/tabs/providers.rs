//! The ways to sign in: whether each can be used, what is missing, and what to register at the provider.

use crate::tui::tab::{
    Ask, Column, Deed, Detail, Look, More, Request, Row, Search, Tab, Width, in_lang, items, named, said,
    standing,
};
use downcity_service::core::{Lang, Text};
use serde_json::{Value, json};

pub(super) const TAB: Tab = Tab {
    title: Text::new("Providers", "登录方式"),
    empty: Text::new("This Federation knows no provider.", "此 Federation 没有登录方式。"),
    columns: &[
        Column { title: Text::new("PROVIDER", "登录方式"), width: Width::Share(2) },
        Column { title: Text::new("STATUS", "状态"), width: Width::Fixed(12) },
        Column { title: Text::new("APP ID", "应用 ID"), width: Width::Share(2) },
        Column { title: Text::new("MISSING", "缺少"), width: Width::Share(3) },
    ],
    search: Search::Here,
    list,
    rows,
    about,
    more: &[More {
        title: Text::new("Check", "检查"),
        ask: |row| Request::get("federation", "doctor", json!({ "only": row.id })),
        lines: super::doctor::findings,
    }],
    deeds: &[
        Deed {
            key: 'e',
            name: Text::new("enable", "启用"),
            to_row: true,
            ask: Ask::Nothing,
            request: |row, _| Request::post("providers", "enable", json!({ "provider": row.id })),
            done: Text::new("It is offered again.", "已重新启用。"),
            told_once: None,
        },
        Deed {
            key: 'd',
            name: Text::new("disable", "停用"),
            to_row: true,
            ask: Ask::Yes(Text::new(
                "Nobody can sign in with it until it is enabled again.",
                "重新启用之前，任何人都不能用它登录。",
            )),
            request: |row, _| Request::post("providers", "disable", json!({ "provider": row.id })),
            done: Text::new("It is not offered any more.", "已停用。"),
            told_once: None,
        },
    ],
};

fn list(_: &Look<'_>) -> Request {
    Request::get("providers", "list", json!({}))
}

fn rows(answer: &Value, lang: Lang) -> Vec<Row> {
    let row = |item: &Value| {
        let status = standing(&item["status"], lang);
        let missing = match item["missing"].as_array() {
            Some(missing) if !missing.is_empty() => said(&item["missing"]),
            _ => in_lang(&item["problem"], lang),
        };
        let cells = [said(&item["label"]), status, said(&item["app_id"]), missing];
        Row::new(item["id"].as_str().unwrap_or_default(), cells, item)
    };
    items(answer).iter().map(row).collect()
}

fn about(item: &Value, lang: Lang) -> Vec<Detail> {
    let mut about = named(
        item,
        lang,
        &[
            (Text::new("Provider", "登录方式"), "label"),
            (Text::new("App ID", "应用 ID"), "app_id"),
            (Text::new("Off since", "停用时间"), "off_at"),
            (Text::new("Missing", "缺少"), "missing"),
        ],
    );
    let problem = in_lang(&item["problem"], lang);
    if !problem.is_empty() {
        about.push((Text::new("Problem", "问题").get(lang).to_owned(), problem));
    }
    for callback in item["callbacks"].as_array().into_iter().flatten() {
        about.extend(named(
            callback,
            lang,
            &[
                (Text::new("Callback URL", "回调地址"), "url"),
                (Text::new("Callback domain", "授权回调域"), "domain"),
            ],
        ));
    }
    if item["status"] == "incomplete" || item["status"] == "not_set_up" {
        let next = Text::new("Set what is missing in the tab Env.", "请在“设置”页中补全缺少的项。");
        about.push((Text::new("Next", "下一步").get(lang).to_owned(), next.get(lang).to_owned()));
    }
    about
}
