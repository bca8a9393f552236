//! Entries of the audit record as pages show them.

use super::changes::Changes;
use crate::extract::escaped;
use downcity_service::core::{Lang, Text, Timestamp};
use downcity_service::rows::Audit;

/// One thing that an admin did.
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    /// The id of the key.
    pub(crate) key_id: String,
    /// Who: the name of the key.
    pub(crate) who: String,
    /// From where, and which way.
    pub(crate) from: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) city: Option<String>,
    pub(crate) changes: Changes,
}

impl Entry {
    /// The part of the audit record about what this was done to.
    pub(crate) fn record(&self) -> String {
        format!("/admin/audit?subject={}", escaped(&self.subject))
    }
}

/// Entries in words.
pub(crate) fn entries(rows: &[Audit], lang: Lang) -> Vec<Entry> {
    rows.iter().map(|row| entry(row, lang)).collect()
}

fn entry(row: &Audit, lang: Lang) -> Entry {
    let via = match row.via.as_str() {
        "workspace" => Text::new("workspace", "工作台"),
        "machine" => Text::new("on the machine", "本机命令"),
        _ => Text::new("API", "API"),
    };
    let via = via.get(lang);
    let unknown = Text::new("a wrong key", "无效密钥").get(lang);
    Entry {
        at: row.at,
        key_id: row.key_id.clone(),
        who: if row.key_name.is_empty() { unknown.to_owned() } else { row.key_name.clone() },
        from: row.network.as_ref().map_or_else(|| via.to_owned(), |network| format!("{network} · {via}")),
        action: row.action.clone(),
        subject: row.subject.clone(),
        city: row.city_id.clone(),
        changes: Changes::of(row.before.as_deref(), row.after.as_deref()),
    }
}
