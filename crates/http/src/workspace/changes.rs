//! What an entry of the audit record changed, field by field: what stood there before beside what stands there now.

use crate::pages::readable;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A field that has another value than before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Its name; empty where the whole is one value.
    pub(crate) name: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// What an entry changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) changed: Vec<Change>,
    /// Fields that stayed as they were.
    pub(crate) same: Vec<String>,
}

impl Changes {
    /// Compares two texts of JSON as the record has them.
    pub(crate) fn of(before: Option<&str>, after: Option<&str>) -> Self {
        let (before, after) = (fields(before), fields(after));
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let mut found = Self::default();
        for name in names {
            let (old, new) = (before.get(name), after.get(name));
            if old == new {
                found.same.push(name.clone());
            } else {
                found.changed.push(Change { name: name.clone(), before: old.cloned(), after: new.cloned() });
            }
        }
        found
    }

    /// Whether anything stood there before.
    pub(crate) fn had(&self) -> bool {
        self.changed.iter().any(|change| change.before.is_some())
    }

    /// Whether anything stands there afterwards.
    pub(crate) fn has(&self) -> bool {
        self.changed.iter().any(|change| change.after.is_some())
    }

    /// The names of what stayed.
    pub(crate) fn same_names(&self) -> String {
        self.same.join(", ")
    }
}

/// The fields of a value, by name; what is nested by its path.
fn fields(json: Option<&str>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    match json.map(|json| (json, serde_json::from_str(json))) {
        None => {}
        Some((_, Ok(value))) => lay_out(String::new(), &value, &mut found),
        Some((json, Err(_))) => {
            found.insert(String::new(), json.to_owned());
        }
    }
    found
}

fn lay_out(name: String, value: &Value, found: &mut BTreeMap<String, String>) {
    let text = match value {
        Value::Null => return,
        Value::Array(items) if items.is_empty() => return,
        Value::Object(inner) => {
            for (part, value) in inner {
                let path = if name.is_empty() { part.clone() } else { format!("{name}.{part}") };
                lay_out(path, value, found);
            }
            return;
        }
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(plain).collect::<Vec<_>>().join("\n")
        }
        Value::Number(number) if name.ends_with("_at") => {
            number.as_i64().map_or_else(|| number.to_string(), readable)
        }
        other => plain(other),
    };
    found.insert(name, if text.is_empty() { "\"\"".to_owned() } else { text });
}

/// A text without quotes round it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: &str, before: Option<&str>, after: Option<&str>) -> Change {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Change { name: name.to_owned(), before: owned(before), after: owned(after) }
    }

    #[test]
    fn fields_that_differ_stand_side_by_side_and_the_others_are_named() {
        let before =
            r#"{"name":"Demo","status":"active","allowed_origins":["https://a.test"],"expires_at":0}"#;
        let after =
            r#"{"name":"Shop","status":"active","allowed_origins":["https://a.test","https://b.test"]}"#;
        let found = Changes::of(Some(before), Some(after));
        let origins = Some("https://a.test\nhttps://b.test");
        assert_eq!(
            found.changed,
            [
                change("allowed_origins", Some("https://a.test"), origins),
                change("expires_at", Some("1970-01-01 00:00 UTC"), None),
                change("name", Some("Demo"), Some("Shop")),
            ]
        );
        assert_eq!(found.same_names(), "status");
    }

    #[test]
    fn what_is_no_object_or_no_json_is_one_value() {
        let found = Changes::of(None, Some(r#""••••cdef""#));
        assert_eq!(found.changed, [change("", None, Some("••••cdef"))]);
        let found = Changes::of(Some("not json"), Some(r#"{"a":{"b":true,"c":null},"d":""}"#));
        let expected = [
            change("", Some("not json"), None),
            change("a.b", None, Some("true")),
            change("d", None, Some("\"\"")),
        ];
        assert_eq!(found.changed, expected);
        assert_eq!(Changes::of(None, None), Changes::default());
        assert_eq!(Changes::of(Some("null"), Some(r#"{"list":[]}"#)), Changes::default());
    }
}
