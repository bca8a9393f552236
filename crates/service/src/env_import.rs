//! Story: an admin looks at what a `.env` text would change, and then lets it.

use crate::admin_sessions::Visit;
use crate::dotenv;
use crate::env::{EnvError, Stored, VALUE_LIMIT, bad, checked_key, checked_value, preview};
use crate::federation::Federation;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use downcity_core::Text;
use downcity_providers::env_key;
use secrecy::ExposeSecret;
use std::collections::HashMap;

/// The longest text that can be looked at before it is taken, in bytes.
const TEXT_LIMIT: usize = 128 * 1024;

/// What one line would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportChange {
    /// Sets what is not set yet.
    New,
    /// Replaces the value that is set.
    Changed,
    /// Sets the value that is set already.
    Same,
    /// Nothing: a later line sets the same name.
    Overridden,
    /// It can't be used, so that nothing of the text can be taken.
    Invalid(Text),
}

/// One line of the text.
#[derive(Debug, Clone)]
pub struct ImportLine {
    /// Its number, from 1.
    pub number: usize,
    /// The name, where the line has one.
    pub key: String,
    /// What it would do.
    pub change: ImportChange,
    /// What may be shown of the value that is set now.
    pub before: Option<String>,
    /// What may be shown of the new value.
    pub after: Option<String>,
    /// What looks wrong about the new value; it can be taken all the same.
    pub warning: Option<Text>,
}

/// What the text would change.
#[derive(Debug, Clone)]
pub struct ImportPreview {
    /// Its lines, without comments and empty ones.
    pub lines: Vec<ImportLine>,
    /// The text, sealed for the session that looked at it; absent when it can't be taken.
    pub sealed: Option<String>,
}

/// Why a name can't be used.
#[must_use]
pub fn key_problem(key: &str) -> Option<Text> {
    checked_key(key).is_err().then_some(Text::new(
        "A name is 1 to 64 characters of A-Z, 0-9 and _, beginning with a letter.",
        "名称由 1 到 64 个 A-Z、0-9 和 _ 组成，并以字母开头。",
    ))
}

/// Why a value can't be used.
#[must_use]
pub fn value_problem(value: &str) -> Option<Text> {
    checked_value(value).err()?;
    Some(if value.trim().is_empty() {
        Text::new(
            "The value is empty. To take a setting away, remove it.",
            "值为空。如需清除该设置，请使用“删除”。",
        )
    } else if value.trim().len() > VALUE_LIMIT {
        Text::new("The value is longer than 8 KiB.", "值超过 8 KiB。")
    } else {
        Text::new("The value has control characters.", "值包含控制字符。")
    })
}

impl Federation {
    /// What a `.env` text would change. Nothing is changed yet.
    ///
    /// # Errors
    /// `BadField` when it is too long.
    pub fn preview_import(&self, visit: &Visit, raw: &str) -> Result<ImportPreview, EnvError> {
        if raw.len() > TEXT_LIMIT {
            return Err(bad("raw", "must be at most 128 KiB"));
        }
        let read: Vec<_> = dotenv::lines(raw).collect();
        let last: HashMap<&str, usize> = read
            .iter()
            .filter_map(|(number, line)| Some((line.as_ref().ok()?.0.as_str(), *number)))
            .collect();
        let line = |(number, line): &(usize, Result<(String, String), dotenv::BadLine>)| match line {
            Ok((key, value)) => self.line(*number, (key, value), last.get(key.as_str()) == Some(number)),
            Err(bad) => invalid(*number, "", bad.why),
        };
        let lines: Vec<ImportLine> = read.iter().map(line).collect();
        let fine = !lines.is_empty() && !lines.iter().any(|l| matches!(l.change, ImportChange::Invalid(_)));
        let sealed = || URL_SAFE_NO_PAD.encode(self.vault.seal(&place(visit), raw.as_bytes()));
        Ok(ImportPreview { sealed: fine.then(sealed), lines })
    }

    /// Takes a text that this session looked at.
    ///
    /// # Errors
    /// `BadField` when it is not one; else see [`EnvError`].
    pub async fn import_previewed(&self, visit: &Visit, sealed: &str) -> Result<Stored, EnvError> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok();
        let plain = bytes.and_then(|bytes| self.vault.open(&place(visit), &bytes).ok());
        let raw = plain.and_then(|plain| String::from_utf8(plain).ok());
        let raw = raw.ok_or_else(|| bad("raw", "is not a text that this session looked at: begin again"))?;
        self.env_import(&visit.admin, &raw).await
    }

    fn line(&self, number: usize, (key, value): (&str, &str), is_last: bool) -> ImportLine {
        if let Some(problem) = key_problem(key) {
            // What stands where a name should may be a part of a secret.
            return invalid(number, "", problem);
        }
        if let Some(problem) = value_problem(value) {
            return invalid(number, key, problem);
        }
        let directory = self.directory();
        let (set, value) = (directory.env.get(key).map(|set| set.value.expose_secret()), value.trim());
        let change = match set {
            _ if !is_last => ImportChange::Overridden,
            None => ImportChange::New,
            Some(set) if set == value => ImportChange::Same,
            Some(_) => ImportChange::Changed,
        };
        let warning = env_key(key).and_then(|spec| (spec.check)(value));
        // What looks wrong may be a secret that was meant for another name.
        let after = if warning.is_some() { "••••".to_owned() } else { preview(key, value) };
        let before = set.map(|set| preview(key, set));
        ImportLine { number, key: key.to_owned(), change, before, after: Some(after), warning }
    }
}

fn invalid(number: usize, key: &str, why: Text) -> ImportLine {
    let change = ImportChange::Invalid(why);
    ImportLine { number, key: key.to_owned(), change, before: None, after: None, warning: None }
}

/// Where the text stands between the two pages: in the hands of one session.
fn place(visit: &Visit) -> String {
    format!("admin_sessions/{}/import", visit.session_id)
}
