//! E-mail addresses as far as rules go.

use email_address::{EmailAddress, Options};

/// An address that mail can be sent to, folded: trimmed and in lower case, so that one mailbox has one form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address(String);

impl Address {
    /// Reads an address as a person types it (RFC 5321 §4.1.2, without quoted forms, literals and names).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let folded = text.trim().to_lowercase();
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        let plain = !folded.contains(['"', ' ', '(', ')', ',', ';', ':', '<', '>']) && folded.len() <= 254;
        let formed = EmailAddress::parse_with_options(&folded, options).is_ok();
        (plain && formed && !folded.chars().any(char::is_control)).then_some(Self(folded))
    }

    /// Takes an address that was checked when it was stored.
    #[must_use]
    pub fn trusted(text: String) -> Self {
        Self(text)
    }

    /// The folded address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    #[must_use]
    pub fn mailbox(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_form() {
        assert_eq!(Address::parse(" Li.Lei+x@Example.COM ").unwrap().as_str(), "li.lei+x@example.com");
        assert!(Address::parse("用户@例子.公司").is_some());
        for bad in [
            "",
            "a",
            "a@b",
            "@b.c",
            "a@b.c d",
            "a b@c.de",
            "<a@b.cd>",
            "A <a@b.cd>",
            "a@[127.0.0.1]",
            "a@b.cd\n@x",
        ] {
            assert!(Address::parse(bad).is_none(), "{bad:?}");
        }
        assert!(Address::parse(&format!("{}@b.cd", "a".repeat(250))).is_none());
    }
}
