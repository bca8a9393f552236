//! What a check of the Federation found: a verdict, the evidence, and what to do.

use crate::{Lang, Text};
use serde::Serialize;
use std::fmt;

/// A sentence in both languages with names and numbers in it; a [`Text`] is one without.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl Said {
    /// Pairs a sentence with its translation.
    #[must_use]
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// The sentence in `lang`.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Zh => &self.zh,
        }
    }
}

impl From<Text> for Said {
    fn from(text: Text) -> Self {
        Self::new(text.en, text.zh)
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.en.fmt(f)
    }
}

/// How a check ended, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// There was nothing to check.
    Skipped,
    /// It is as it should be.
    Ok,
    /// It works, but not as it should, or not for long.
    Warning,
    /// It does not work.
    Failed,
}

impl Verdict {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// What one check found. It holds no secret: evidence is written here or is a number, a name or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which check: group and name, such as `wechat.credentials`.
    pub check: String,
    /// What was found, as a stable word for programs: `fine`, `secret_wrong` …
    pub code: &'static str,
    /// Which one, where a check looks at several: a city, a webhook, a further public address.
    pub about: Option<String>,
    /// What the check looks at.
    pub title: Said,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen.
    pub evidence: Said,
    /// What to do about it.
    pub remedy: Option<Said>,
}

impl Finding {
    /// A finding without a remedy; `group` and `name` make the check's id.
    #[must_use]
    pub fn new(
        (group, name): (&str, &str),
        title: impl Into<Said>,
        (verdict, code): (Verdict, &'static str),
        evidence: impl Into<Said>,
    ) -> Self {
        Self {
            check: format!("{group}.{name}"),
            code,
            about: None,
            title: title.into(),
            verdict,
            evidence: evidence.into(),
            remedy: None,
        }
    }

    /// The same with what to do.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<Said>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// The same about one of several.
    #[must_use]
    pub fn about(self, which: impl Into<String>) -> Self {
        Self { about: Some(which.into()), ..self }
    }

    /// The part of the check's id before the dot.
    #[must_use]
    pub fn group(&self) -> &str {
        self.check.split('.').next().unwrap_or_default()
    }

    /// Whether somebody who asks for `only`, a check or a whole group, means this one.
    #[must_use]
    pub fn is_meant(&self, only: &str) -> bool {
        self.check == only || self.group() == only
    }
}
