//! What fuzzing calls here (`fuzz/`): each function takes any bytes and fails where a promise does not hold.

use crate::email::Address;
use crate::identity::{clean_avatar, clean_simulated_avatar, clean_text};
use crate::network::Network;
use crate::pkce::Challenge;
use crate::redirect::{PROGRAMS, Target, parse_origin};
use crate::{AttemptId, CityId, Lang, OpaqueToken, SessionId, UserId};
use url::{Host, Url};

/// A part of the program that reads what comes from outside.
pub type Fuzzed = fn(&[u8]);

/// The functions by the names of their corpora.
pub const TARGETS: &[(&str, Fuzzed)] = &[
    ("state", state),
    ("return_url", return_url),
    ("accept_language", accept_language),
    ("user_agent", user_agent),
    ("user_code", user_code),
];

/// States, ids and PKCE values: what is taken is what was given, in characters that are safe everywhere.
fn state(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let safe = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if let Some(token) = OpaqueToken::parse(&text) {
        assert!(token.reveal() == text && matches!(text.len(), 43 | 51) && safe(&text));
        // Looked at as a date, whatever it is.
        let _ = token.digest();
    }
    if let Some(challenge) = Challenge::parse(&text) {
        assert_eq!(challenge.as_str(), text);
        assert!(!challenge.accepts(&text), "a challenge is not its own verifier");
    }
    if Challenge::of(&text).accepts(&text) {
        let formed = text.bytes().all(|b| b.is_ascii_graphic());
        assert!(formed && (43..=128).contains(&text.len()), "RFC 7636 section 4.1");
    }
    for id in [
        AttemptId::parse(&text).map(|id| id.to_string()),
        SessionId::parse(&text).map(|id| id.to_string()),
        CityId::parse(&text).map(|id| id.to_string()),
    ]
    .into_iter()
    .flatten()
    {
        assert!(id == text && !id.is_empty() && id.len() <= 128 && id.is_ascii());
    }
    if let Ok(id) = UserId::parse(&text) {
        assert!(id.as_str() == text && !text.chars().any(char::is_control));
    }
}

/// `return_to` in the first line, a city's list in the others.
fn return_url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let asked = lines.next().unwrap_or_default();
    let listed: Vec<String> = lines.map(str::to_owned).collect();
    if let Ok(origin) = parse_origin(asked) {
        assert!(origin == asked && Target::parse(&origin).is_ok());
    }
    let Ok(target) = Target::parse(asked) else { return };
    let url = Url::parse(asked).expect("a target is a URL");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    assert!(url.scheme() == "https" || (url.scheme() == "http" && target.is_loopback()));
    assert_eq!(Target::parse(target.as_str()).as_ref(), Ok(&target), "what was taken is taken again");
    let onward = Url::parse(&target.with_query(&[("state", "s"), ("code", "c&d")])).expect("still a URL");
    assert_eq!(onward.origin(), url.origin(), "a query leads nowhere else");
    let pairs: Vec<_> = onward.query_pairs().collect();
    assert!(pairs.iter().any(|(name, value)| name == "code" && value == "c&d"));
    if target.check(&listed).is_ok() {
        let literal = matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_))) && url.scheme() == "http";
        let same = |entry: &str| match Url::parse(entry) {
            Ok(entry) if literal => {
                (entry.host(), entry.path(), entry.query()) == (url.host(), url.path(), url.query())
            }
            Ok(entry) => entry == url,
            Err(_) => false,
        };
        let mut entries = listed.iter().map(String::as_str).chain(PROGRAMS);
        assert!(entries.any(same), "only what is listed, and where programs listen, is taken");
    }
}

/// `Accept-Language` and tags of languages.
fn accept_language(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let folded = text.to_ascii_lowercase();
    let named = |lang| match lang {
        Lang::En => folded.contains("en"),
        Lang::Zh => folded.contains("zh") || folded.contains("cn"),
    };
    assert!(Lang::accept(&text).is_none_or(named) && Lang::parse(&text).is_none_or(named));
}

/// Texts of other people: agents, nicknames, addresses of pictures, of mail and of networks.
fn user_agent(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(family) = crate::agent::family(&text) {
        let plain = |c: char| c.is_ascii_alphabetic() || matches!(c, ' ' | '·' | '-' | '_');
        assert!(
            family.chars().all(plain) && family.len() <= 48,
            "nothing that could lead anywhere: {family}"
        );
    }
    if let Some(clean) = clean_text(&text, 256) {
        assert!((1..=256).contains(&clean.chars().count()) && !clean.contains(char::is_control));
        let again = clean_text(&clean, 256).expect("what is clean stays");
        assert!(again == clean.trim(), "cleaning twice changes nothing");
    }
    if let Some(picture) = clean_avatar(&text) {
        let url = Url::parse(&picture).expect("an address");
        assert!(url.scheme() == "https" && url.username().is_empty());
    }
    if let Some(picture) = clean_simulated_avatar(&text) {
        let url = Url::parse(&picture).expect("an address");
        let here = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            host => host == Some(Host::Domain("localhost")),
        };
        assert!(url.scheme() == "https" || (url.scheme() == "http" && here));
        assert!(url.username().is_empty());
    }
    if let Some(address) = Address::parse(&text) {
        assert_eq!(
            Address::parse(address.as_str()).as_ref(),
            Some(&address),
            "folding twice changes nothing"
        );
        assert!(address.as_str().contains('@') && !address.as_str().contains(['\r', '\n', '<', '>', ',']));
    }
    if let Some(network) = Network::parse(&text) {
        assert_eq!(Network::parse(&network.to_string()), Some(network));
    }
}

/// Typed codes: a code is found in any spelling, and what is typed never grows.
fn user_code(bytes: &[u8]) {
    let typed = String::from_utf8_lossy(bytes);
    let folded = crate::user_code::folded(&typed);
    assert!(folded.len() <= 16 && folded.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
    assert_eq!(crate::user_code::folded(&folded), folded, "what is folded stays");
    let mut random = [0; 16];
    for (to, from) in random.iter_mut().zip(bytes) {
        *to = *from;
    }
    let code = crate::user_code::of(random);
    assert_eq!(crate::user_code::folded(&crate::user_code::shown(&code).to_lowercase()), code);
}
