//! Entries of the audit record as pages show them.

use downcity_service::core::{Lang, Text, Timestamp};
use downcity_service::rows::Audit;
use serde_json::{Map, Value};

/// One thing that an admin did.
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    /// Who: the name of the key.
    pub(crate) who: String,
    /// From where, and which way.
    pub(crate) from: String,
    pub(crate) action: String,
    /// What it was done to, where that is not what the page is about.
    pub(crate) subject: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// Entries in words, on a page about `own`.
pub(crate) fn entries(rows: &[Audit], own: &str, lang: Lang) -> Vec<Entry> {
    rows.iter().map(|row| entry(row, own, lang)).collect()
}

fn entry(row: &Audit, own: &str, lang: Lang) -> Entry {
    let via = match row.via.as_str() {
        "workspace" => Text::new("workspace", "工作台"),
        "machine" => Text::new("on the machine", "本机命令"),
        _ => Text::new("API", "API"),
    };
    let via = via.get(lang);
    let (before, after) = sides(row.before.as_deref(), row.after.as_deref());
    Entry {
        at: row.at,
        who: row.key_name.clone(),
        from: row.network.as_ref().map_or_else(|| via.to_owned(), |network| format!("{network} · {via}")),
        action: row.action.clone(),
        subject: (row.subject != own).then(|| row.subject.clone()),
        before,
        after,
    }
}

/// What stood and what stands; of two objects only where they differ.
fn sides(before: Option<&str>, after: Option<&str>) -> (Option<String>, Option<String>) {
    let object =
        |side: Option<&str>| side.and_then(|json| serde_json::from_str::<Map<String, Value>>(json).ok());
    let (Some(mut old), Some(mut new)) = (object(before), object(after)) else {
        return (before.map(plain), after.map(plain));
    };
    let same: Vec<String> =
        old.iter().filter(|(key, value)| new.get(*key) == Some(value)).map(|(key, _)| key.clone()).collect();
    for key in &same {
        old.remove(key);
        new.remove(key);
    }
    let told = |side: Map<String, Value>| (!side.is_empty()).then(|| Value::Object(side).to_string());
    (told(old), told(new))
}

/// A JSON text without the quotes round it, anything else as it stands.
fn plain(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(Value::String(text)) => text,
        _ => json.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows_what_differs() {
        let told = |before, after| {
            let (before, after) = sides(before, after);
            (before.unwrap_or_default(), after.unwrap_or_default())
        };
        let (before, after) = (r#"{"name":"A","status":"active"}"#, r#"{"name":"A","status":"paused"}"#);
        assert_eq!(
            told(Some(before), Some(after)),
            (r#"{"status":"active"}"#.into(), r#"{"status":"paused"}"#.into())
        );
        assert_eq!(told(Some(before), Some(before)), (String::new(), String::new()));
        assert_eq!(told(None, Some(after)), (String::new(), after.to_owned()));
        assert_eq!(told(Some("\"••••cdef\""), Some("\"a\"")), ("••••cdef".into(), "a".into()));
    }
}
