//! What a tab is made of: what it asks for, how an answer becomes rows, and what can be done with a row. The tabs
//! themselves are data, one file each in `tabs/`; how they behave is written once, in `update.rs`.

use crate::table::{moment, plain, text};
use downcity_service::core::{Lang, Text};
use serde_json::{Value, json};

/// A call of the Admin API.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    /// Whether it only reads.
    pub(crate) reads: bool,
    /// Its service, as in `/v1/{service}/{action}`.
    pub(crate) service: &'static str,
    /// Its action there.
    pub(crate) action: &'static str,
    /// Its query or body.
    pub(crate) body: Value,
}

impl Request {
    /// A call that only reads; what is null in `body` is left out.
    pub(crate) fn get(service: &'static str, action: &'static str, body: Value) -> Self {
        Self { reads: true, service, action, body: without_nulls(body) }
    }

    /// A call that changes something; what is null in `body` is left out.
    pub(crate) fn post(service: &'static str, action: &'static str, body: Value) -> Self {
        Self { reads: false, service, action, body: without_nulls(body) }
    }
}

fn without_nulls(mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    body
}

/// Which part of a list is wanted.
#[derive(Debug, Default)]
pub(crate) struct Look<'a> {
    /// What is searched for.
    pub(crate) search: Option<&'a str>,
    /// Where the page begins.
    pub(crate) cursor: Option<&'a str>,
}

impl Look<'_> {
    /// As the query of a paged list; `field` takes what is searched for.
    pub(crate) fn query(&self, field: &str) -> Value {
        json!({ "limit": 50, "cursor": self.cursor, field: self.search })
    }
}

/// One line of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row {
    /// What calls name it by.
    pub(crate) id: String,
    /// What the columns show.
    pub(crate) cells: Vec<String>,
    /// The whole item.
    pub(crate) item: Value,
}

impl Row {
    /// A row of an item.
    pub(crate) fn new<const N: usize>(id: &str, cells: [String; N], item: &Value) -> Self {
        Self { id: id.to_owned(), cells: cells.map(plain).to_vec(), item: item.clone() }
    }
}

/// A column of a list.
pub(crate) struct Column {
    /// Its heading.
    pub(crate) title: Text,
    /// How wide it is.
    pub(crate) width: Width,
}

/// How wide a column is.
#[derive(Clone, Copy)]
pub(crate) enum Width {
    /// So many cells.
    Fixed(u16),
    /// This share of what is left.
    Share(u16),
}

/// Where a search is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    /// In what was loaded: the list is short.
    Here,
    /// By the Federation.
    There,
}

/// A line of the details: a name and a value; a heading where the value is empty.
pub(crate) type Detail = (String, String);

/// More to tell about a row, by another call.
pub(crate) struct More {
    /// Stands above it.
    pub(crate) title: Text,
    /// What to ask.
    pub(crate) ask: fn(&Row) -> Request,
    /// What to tell of the answer.
    pub(crate) lines: fn(&Value, Lang) -> Vec<Detail>,
}

/// A field of a form.
pub(crate) struct Field {
    /// What is to be typed.
    pub(crate) label: Text,
    /// What stands there at first.
    pub(crate) start: fn(&Row) -> String,
    /// Whether it is hidden while it is typed.
    pub(crate) hidden: fn(&Row) -> bool,
    /// Whether it may be left empty.
    pub(crate) optional: bool,
}

/// What is asked before something is done.
pub(crate) enum Ask {
    /// Nothing: it is as easily undone.
    Nothing,
    /// Whether it is meant.
    Yes(Text),
    /// To type the row's id: it can't be undone.
    Id(Text),
    /// To fill a form.
    Form(&'static [Field]),
}

/// Something that can be done.
pub(crate) struct Deed {
    /// The key to press.
    pub(crate) key: char,
    /// What it is called in the help line.
    pub(crate) name: Text,
    /// Whether it is done to the selected row.
    pub(crate) to_row: bool,
    /// What is asked before.
    pub(crate) ask: Ask,
    /// The call, with what was typed into the form.
    pub(crate) request: fn(&Row, &[String]) -> Request,
    /// What is told afterwards.
    pub(crate) done: Text,
    /// The field of the answer that is told this once: a new key.
    pub(crate) told_once: Option<&'static str>,
}

/// One kind of thing that is kept.
pub(crate) struct Tab {
    /// Its name.
    pub(crate) title: Text,
    /// What is told where there is nothing.
    pub(crate) empty: Text,
    /// The columns of its list.
    pub(crate) columns: &'static [Column],
    /// Where a search is made.
    pub(crate) search: Search,
    /// The call for its list.
    pub(crate) list: fn(&Look<'_>) -> Request,
    /// The rows of an answer.
    pub(crate) rows: fn(&Value, Lang) -> Vec<Row>,
    /// Everything about one row.
    pub(crate) about: fn(&Value, Lang) -> Vec<Detail>,
    /// What is asked further about one row.
    pub(crate) more: &'static [More],
    /// What can be done.
    pub(crate) deeds: &'static [Deed],
}

/// The items of an answer.
pub(crate) fn items(answer: &Value) -> &[Value] {
    answer["items"].as_array().map_or(&[], Vec::as_slice)
}

/// A value as people read it; the columns are narrow.
pub(crate) fn said(value: &Value) -> String {
    match value {
        Value::Bool(true) => "✓".to_owned(),
        // Without the zone, which is the same everywhere.
        Value::String(at) => moment(at).map_or_else(|| at.clone(), |at| at.trim_end_matches('Z').to_owned()),
        value => text(value),
    }
}

/// A sentence that the Federation sends in both languages.
pub(crate) fn in_lang(value: &Value, lang: Lang) -> String {
    value[lang.code()].as_str().or_else(|| value.as_str()).unwrap_or_default().to_owned()
}

/// How something stands, in words: the Federation's own word where it has no other.
pub(crate) fn standing(value: &Value, lang: Lang) -> String {
    let word = match value.as_str().unwrap_or_default() {
        "active" => Text::new("active", "正常"),
        "paused" => Text::new("paused", "已暂停"),
        "disabled" => Text::new("disabled", "已停用"),
        "deleting" => Text::new("deleting", "注销中"),
        "expired" => Text::new("expired", "已过期"),
        "revoked" => Text::new("revoked", "已撤销"),
        "enabled" => Text::new("enabled", "已启用"),
        "off" => Text::new("switched off", "已停用"),
        "incomplete" => Text::new("incomplete", "未完成"),
        "broken" => Text::new("broken", "无法使用"),
        "not_set_up" => Text::new("not set up", "未配置"),
        "waiting" => Text::new("waiting", "等待中"),
        "exchanging" => Text::new("exchanging", "已返回"),
        "confirming" => Text::new("confirming", "待确认"),
        "done" => Text::new("done", "成功"),
        "failed" => Text::new("failed", "失败"),
        "not_returned" => Text::new("not returned", "未返回"),
        other => return other.to_owned(),
    };
    word.get(lang).to_owned()
}

/// Named values of an item; those without a value are left out.
pub(crate) fn named(item: &Value, lang: Lang, fields: &[(Text, &str)]) -> Vec<Detail> {
    let value = |field: &str| match field {
        "status" => standing(&item[field], lang),
        _ => said(&item[field]),
    };
    let told = fields.iter().map(|(name, field)| (name.get(lang).to_owned(), value(field)));
    told.filter(|(_, value)| !value.is_empty()).collect()
}

/// For fields that begin empty.
pub(crate) fn nothing(_: &Row) -> String {
    String::new()
}

/// For fields that can be seen.
pub(crate) fn seen(_: &Row) -> bool {
    false
}

/// For fields that may hold a secret.
pub(crate) fn unseen(_: &Row) -> bool {
    true
}

/// What was typed, or nothing.
pub(crate) fn typed(text: &str) -> Value {
    if text.trim().is_empty() { Value::Null } else { json!(text.trim()) }
}

/// Words with spaces or commas between them, as a list.
pub(crate) fn words(text: &str) -> Value {
    json!(text.split([' ', ',']).filter(|word| !word.is_empty()).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_is_not_sent() {
        let look = Look { search: None, cursor: Some("c") };
        let request = Request::get("accounts", "users", look.query("q"));
        assert_eq!(request.body, json!({ "limit": 50, "cursor": "c" }));
    }
}
