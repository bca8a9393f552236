//! The two languages that people are spoken to in.

use serde::{Deserialize, Serialize};

/// A language of ours. The wire also knows WeChat's own word `cn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English: what a request without a preference gets.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// Reads `en`, `zh`, `cn` or a tag such as `zh-CN`.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "zh" | "cn" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The best of ours for an `Accept-Language` header (RFC 9110 §12.5.4): highest weight first, then order.
    #[must_use]
    pub fn accept(header: &str) -> Option<Self> {
        let mut best: Option<(u32, Self)> = None;
        for item in header.split(',').take(32) {
            let mut parts = item.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let weight = parts.find_map(|p| p.trim().strip_prefix("q=")).map_or(1000, thousandths);
            if let Some(lang) = Self::parse(tag)
                && weight > best.map_or(0, |(w, _)| w)
            {
                best = Some((weight, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }

    /// The tag for `<html lang>` and `Content-Language`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// The short name stored and sent: `en` or `zh`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }
}

/// A weight such as `0.8` in thousandths; what can't be read counts as nothing.
fn thousandths(text: &str) -> u32 {
    text.trim().parse::<f32>().map_or(0, |w| if (0.0..=1.0).contains(&w) { (w * 1000.0) as u32 } else { 0 })
}

/// One sentence in both languages. Having both in one value makes a missing translation impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Simplified Chinese.
    pub zh: &'static str,
}

impl Text {
    /// Pairs a sentence with its translation.
    #[must_use]
    pub const fn new(en: &'static str, zh: &'static str) -> Self {
        Self { en, zh }
    }

    /// The sentence in `lang`.
    #[must_use]
    pub const fn get(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_language_follows_weights() {
        assert_eq!(Lang::accept("zh-CN,zh;q=0.9,en;q=0.8"), Some(Lang::Zh));
        assert_eq!(Lang::accept("fr, zh;q=0.3, en;q=0.8"), Some(Lang::En));
        assert_eq!(Lang::accept("en;q=0, zh;q=0.1"), Some(Lang::Zh));
        assert_eq!(Lang::accept("fr-FR"), None);
        assert_eq!(Lang::accept(";;q=,,q=9"), None);
    }
}
