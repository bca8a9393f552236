//! What the Federation says to callers of its API, in the words of whoever types commands.

use crate::problem::Problem;
use downcity::{Error, Federation};

/// Calls that answers name as the next step, with the command that makes each.
const COMMANDS: [(&str, &str); 7] = [
    ("federation/keys/list", "`fed signing-key list`"),
    ("federation/master-key", "`fed master-key show`"),
    ("admin-keys/list", "`fed admin-key list`"),
    ("cities/env/remove", "`fed env remove --city`"),
    ("env/remove", "`fed env remove`"),
    ("providers/enable", "`fed provider enable`"),
    ("`providers`", "`fed provider list`"),
];

/// An answer's message with commands where it names calls.
pub(super) fn in_commands(message: &str) -> String {
    COMMANDS.iter().fold(message.to_owned(), |text, (call, command)| text.replace(call, command))
}

/// The Federation at an address that somebody typed.
pub(crate) fn federation_at(url: &str) -> Result<Federation, Problem> {
    Federation::new(url).map_err(|why| {
        let problem = match why {
            // Without its cause: the parser speaks of bases, which nobody typed.
            Error::Input(_) if !url.contains("://") => {
                Problem::usage("the Federation's address must begin with https:// or http://")
            }
            why => return Problem::usage(why),
        };
        // A key in the address's place is not told again.
        if url.starts_with("ak_") {
            return problem.next("give the address first; the key is asked for");
        }
        let here = ["localhost", "127.", "[::1]"].iter().any(|host| url.starts_with(host));
        problem.next(format_args!("write {}://{url}", if here { "http" } else { "https" }))
    })
}

/// Whether a failed TLS handshake met somebody who speaks plain http.
pub(super) fn speaks_http(url: &str, cause: &str) -> bool {
    url.starts_with("https:") && cause.contains("InvalidContentType")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_become_commands() {
        for (said, told) in [
            (
                "no signing key has this kid: ask federation/keys/list",
                "no signing key has this kid: ask `fed signing-key list`",
            ),
            (
                "must not be empty; use env/remove to remove a setting",
                "must not be empty; use `fed env remove` to remove a setting",
            ),
            ("the name is taken", "the name is taken"),
        ] {
            assert_eq!(in_commands(said), told);
        }
    }

    #[test]
    fn an_address_without_a_scheme_gets_one_proposed() {
        let told = |url: &str| federation_at(url).unwrap_err().to_string();
        assert!(told("foo").ends_with("write https://foo"), "{}", told("foo"));
        assert!(told("accounts.example.com:8443").ends_with("write https://accounts.example.com:8443"));
        assert!(told("localhost:43127").ends_with("write http://localhost:43127"));
        assert!(!told("ak_0123").contains("0123"), "{}", told("ak_0123"));
        assert!(told("ftp://foo").contains("must begin with https://"), "{}", told("ftp://foo"));
        assert!(federation_at("https://foo").is_ok());
    }
}
