//! Which passwords are taken: length, and not among the first that anybody would try.

/// The shortest password, in characters.
pub const PASSWORD_MIN: usize = 8;
/// The longest password, in characters.
pub const PASSWORD_MAX: usize = 256;

/// The passwords most often found in leaks, lower case, four characters and more, one a line.
const COMMON: &str = include_str!("../data/common-passwords.txt");
/// Digits and signs around a common word that hide nothing: `Monkey2024!`.
const DECORATION: usize = 5;
/// A pattern repeated is as easy as the pattern.
const LONGEST_PATTERN: usize = 4;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeakPassword {
    /// Outside 8 to 256 characters.
    Length,
    /// One of those that are tried first.
    Common,
}

/// Checks a new password: its length, and that it is not among the first that anybody would try, knowing the
/// `context` (the address, the product's name). No composition rules (NIST SP 800-63B-4 §3.1.1.2).
///
/// # Errors
/// See [`WeakPassword`].
pub fn check_password(password: &str, context: &[&str]) -> Result<(), WeakPassword> {
    let chars: Vec<char> = password.chars().collect();
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&chars.len()) {
        return Err(WeakPassword::Length);
    }
    if is_pattern(&chars) || forms(password).iter().any(|form| is_known(form, context)) {
        return Err(WeakPassword::Common);
    }
    Ok(())
}

/// The password as somebody who guesses sees it: in lower case, with letters for the usual signs, and without
/// what was put around it.
fn forms(password: &str) -> [String; 4] {
    let lower = password.to_lowercase();
    let letters: String = lower.chars().map(letter).collect();
    [bare(&lower).to_owned(), bare(&letters).to_owned(), lower, letters]
}

fn letter(sign: char) -> char {
    match sign {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '7' => 't',
        other => other,
    }
}

/// Without the few digits and signs at its ends.
fn bare(text: &str) -> &str {
    let core = text.trim_matches(|c: char| c.is_ascii() && !c.is_ascii_alphabetic());
    let around = text.len() - core.len();
    if around <= DECORATION { core } else { text }
}

fn is_known(form: &str, context: &[&str]) -> bool {
    let named = |word: &&str| word.len() > 3 && word.to_lowercase() == form;
    COMMON.lines().any(|common| common == form) || context.iter().any(named)
}

/// Whether it goes on by one rule: `abcdefgh`, `87654321`, `aaaaaaaa`, `12341234`.
fn is_pattern(chars: &[char]) -> bool {
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let mut steps = chars.windows(2).map(step);
    let first = steps.next().unwrap_or_default();
    let runs = first.abs() <= 1 && steps.all(|step| step == first);
    let repeats = |period: usize| chars.iter().zip(&chars[period..]).all(|(one, next)| one == next);
    runs || (1..=LONGEST_PATTERN).any(repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_refused() {
        let common = [
            "password",
            "12345678",
            "qwertyuiop",
            "P@ssw0rd",
            "iloveyou",
            "lilei@example.com",
            "Monkey2024!",
            "87654321",
            "abcdefgh",
            "aaaaaaaa",
            "12341234",
            "woaini1314",
            "PASSWORD1",
            "lilei1987",
            "abcabcabc",
        ];
        for bad in common {
            let checked = check_password(bad, &["lilei@example.com", "lilei"]);
            assert_eq!(checked, Err(WeakPassword::Common), "{bad}");
        }
    }

    #[test]
    fn anything_else_of_the_right_length_is_taken() {
        assert_eq!(check_password("short", &[]), Err(WeakPassword::Length));
        assert_eq!(check_password(&"x7".repeat(129), &[]), Err(WeakPassword::Length));
        for good in ["correct horse battery", "天气真好我们去爬山", "8f3k2m9x", "x7lilei-was-here"] {
            assert_eq!(check_password(good, &["lilei"]), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_list_is_as_the_check_reads_it() {
        assert!(COMMON.lines().count() > 10_000);
        for line in COMMON.lines() {
            assert!(line.len() > 3 && line.trim() == line && line.to_lowercase() == line, "{line:?}");
        }
    }
}
