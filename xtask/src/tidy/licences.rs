//! Under which licences others may use what we build on: only those that ask for no more than to be named.

use super::tree::Break;

/// By their SPDX names.
const FINE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages, each with its licence, that may not be built on.
pub(crate) fn refused(built: &[(String, String)]) -> Vec<Break> {
    let refused = built.iter().filter(|(_, licence)| !is_fine(licence));
    let says = |(package, licence): &(String, String)| {
        let says = format!(
            "{package} has the licence `{licence}`, which is not on the list (xtask/src/tidy/licences.rs)"
        );
        Break::new("Cargo.lock", 1, says)
    };
    refused.map(says).collect()
}

/// Whether a licence expression (SPDX 2.3, annex D) leaves a choice of which all parts are fine.
fn is_fine(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    either(&mut words) && words.is_empty()
}

/// `all OR all …`, from the end of the list.
fn either(words: &mut Vec<&str>) -> bool {
    let mut fine = all(words);
    while words.last() == Some(&"OR") {
        words.pop();
        fine |= all(words);
    }
    fine
}

/// `one AND one …`
fn all(words: &mut Vec<&str>) -> bool {
    let mut fine = one(words);
    while words.last() == Some(&"AND") {
        words.pop();
        fine &= one(words);
    }
    fine
}

/// `NAME`, `NAME WITH EXCEPTION` (which permits more, never less), or `( either )`.
fn one(words: &mut Vec<&str>) -> bool {
    match words.pop() {
        Some("(") => {
            let fine = either(words);
            words.pop() == Some(")") && fine
        }
        Some(name) => {
            if words.last() == Some(&"WITH") {
                words.truncate(words.len().saturating_sub(2));
            }
            FINE.contains(&name)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_fine_if_one_choice_is() {
        for fine in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "(MIT OR GPL-3.0-only) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
            "ISC AND (Apache-2.0 OR ISC)",
        ] {
            assert!(is_fine(fine), "{fine}");
        }
        for bad in
            ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "(MIT", "MIT)", "MIT MIT", "AND", "LicenseRef-own"]
        {
            assert!(!is_fine(bad), "{bad}");
        }
        let built = [("a v1".to_owned(), "MIT".to_owned()), ("b v2".to_owned(), "AGPL-3.0-only".to_owned())];
        let breaks = refused(&built);
        assert_eq!(breaks.len(), 1);
        assert!(breaks[0].to_string().contains("b v2 has the licence `AGPL-3.0-only`"));
    }
}
