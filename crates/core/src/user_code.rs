//! The code that a product shows and the person types on our page (RFC 8628 §6.1): eight letters that make no words and
//! look like no other.

/// The letters: 20, so that a code has more than 34 bits.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// How many of them.
const LENGTH: usize = 8;

/// A code of these random bytes, without the dash.
#[must_use]
pub fn of(random: [u8; 16]) -> String {
    let mut rest = u128::from_be_bytes(random);
    let mut code = String::with_capacity(LENGTH);
    for _ in 0..LENGTH {
        // 2^128 is so much more than 20^8 that no letter is likelier than another.
        let at = usize::try_from(rest % 20).unwrap_or_default();
        code.push(char::from(LETTERS[at]));
        rest /= 20;
    }
    code
}

/// As it is shown: `XXXX-XXXX`.
#[must_use]
pub fn shown(code: &str) -> String {
    let (first, last) = code.split_at(code.len() / 2);
    format!("{first}-{last}")
}

/// What was typed, as the code would be written: letters alone, in capitals. What is typed too long is cut off.
#[must_use]
pub fn folded(typed: &str) -> String {
    // Input methods for Chinese type letters of full width, too.
    let narrow = |c: char| match c {
        '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => {
            char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c)
        }
        c => c,
    };
    let letters = typed.chars().take(64).map(narrow).filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_uppercase()).take(2 * LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_eight_letters_and_every_byte_counts() {
        assert_eq!(of([0; 16]), "BBBBBBBB");
        let mut seen = std::collections::HashSet::new();
        for at in 0..16 {
            let mut random = [7; 16];
            random[at] ^= 1;
            let code = of(random);
            assert!(code.len() == LENGTH && code.bytes().all(|b| LETTERS.contains(&b)), "{code}");
            seen.insert(code);
        }
        assert!(seen.len() > 8, "{seen:?}");
        assert_eq!(shown("BCDFGHJK"), "BCDF-GHJK");
    }

    #[test]
    fn typed_is_as_shown_in_any_spelling() {
        for typed in
            ["BCDF-GHJK", "bcdfghjk", " b c d f – g h j k ", "BCDF—GHJK", "ｂｃｄｆ－ＧＨＪＫ", "bcdf_ghjk"]
        {
            assert_eq!(folded(typed), "BCDFGHJK", "{typed}");
        }
        assert_ne!(folded("BCDF-GHJK1"), "BCDFGHJK");
        assert_ne!(folded("BCDF-GHJKL"), "BCDFGHJK");
        assert!(folded(&"Z".repeat(10_000)).len() <= 16);
    }
}
