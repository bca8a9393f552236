//! Entries of the audit record as pages show them.

use downcity_service::core::{Lang, Text, Timestamp};
use downcity_service::rows::Audit;
use serde_json::Value;

/// One thing that an admin did.
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    /// Who: the name of the key.
    pub(crate) who: String,
    /// From where, and which way.
    pub(crate) from: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
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
    Entry {
        at: row.at,
        who: row.key_name.clone(),
        from: row.network.as_ref().map_or_else(|| via.to_owned(), |network| format!("{network} · {via}")),
        action: row.action.clone(),
        subject: row.subject.clone(),
        before: row.before.as_deref().map(plain),
        after: row.after.as_deref().map(plain),
    }
}

/// A JSON text without the quotes round it, anything else as it stands.
fn plain(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(Value::String(text)) => text,
        _ => json.to_owned(),
    }
}
