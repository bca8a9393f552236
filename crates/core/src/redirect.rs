//! Where a finished sign-in may send the browser.
//!
//! A `return_to` is compared whole with a city's list (RFC 9700 §2.1, §4.1.3): scheme, host, port, path and
//! query. Only the port is free, and only for `http://127.0.0.1` and `http://[::1]` (RFC 8252 §7.3).

use crate::Text;
use crate::network::leads_here;
use std::net::IpAddr;
use url::{Host, Url};

/// Where a program listens while somebody signs in with a browser beside it (RFC 8252 §7.3): in every city's list, on any
/// port. What the browser brings there comes to the machine of whoever signed in; since nobody may listen, it stands for nobody
/// (`docs/decisions/0040-programs-are-returned-to-by-default.md`).
pub const PROGRAMS: [&str; 2] = ["http://127.0.0.1/downcity", "http://[::1]/downcity"];

/// Why a `return_to` or a list entry can't be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RedirectError {
    /// Not an absolute URL, or too long.
    #[error("is not an absolute URL of at most 2,000 characters")]
    NotAUrl,
    /// Written in a form that browsers and servers read differently.
    #[error("must be written plainly: no user name, fragment, backslash, white space or dot segments")]
    Ambiguous,
    /// Neither https nor http on a loopback address.
    #[error("must be https, or http on 127.0.0.1, [::1] or localhost")]
    Scheme,
    /// An address where an origin is asked for; this is its origin.
    #[error("is more than an origin: write `{0}`")]
    MoreThanOrigin(String),
    /// Well formed, but not registered.
    #[error("is not in the city's allowed_redirects")]
    NotListed,
}

impl RedirectError {
    /// The same for people, to be read after the address.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::NotAUrl => Text::new(
                "is not an absolute URL of at most 2,000 characters.",
                "不是绝对 URL，或超过 2000 个字符。",
            ),
            Self::Ambiguous => Text::new(
                "must be written plainly: no user name, fragment, backslash, white space, dot segments or default port.",
                "必须采用标准写法：不含用户名、片段、反斜杠、空白、点号路径段或默认端口。",
            ),
            Self::Scheme => Text::new(
                "must be https, or http on 127.0.0.1, [::1] or localhost.",
                "必须使用 https，或在 127.0.0.1、[::1]、localhost 上使用 http。",
            ),
            Self::MoreThanOrigin(_) => Text::new(
                "is more than an origin: scheme, host and port alone, without a path or a slash at the end.",
                "不只是来源：只能包含协议、主机和端口，不带路径或末尾的斜杠。",
            ),
            Self::NotListed => {
                Text::new("is not in the city's allowed_redirects.", "不在城市的 allowed_redirects 中。")
            }
        }
    }
}

/// A checked address to send the browser to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// Reads one address strictly.
    ///
    /// # Errors
    /// See [`RedirectError`]; never `NotListed`.
    pub fn parse(text: &str) -> Result<Self, RedirectError> {
        if text.len() > 2000 {
            return Err(RedirectError::NotAUrl);
        }
        if text.bytes().any(|b| b <= b' ' || b == b'\\' || b == 0x7f) {
            return Err(RedirectError::Ambiguous);
        }
        let url = Url::parse(text).map_err(|_| RedirectError::NotAUrl)?;
        if url.host().is_none() {
            return Err(RedirectError::NotAUrl);
        }
        match url.scheme() {
            "https" => {}
            "http" if leads_here(&url) => {}
            _ => return Err(RedirectError::Scheme),
        }
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
            && text.starts_with(&format!("{}://", url.scheme()))
            && normal_form_of(text) == url.as_str();
        if plain { Ok(Self(url)) } else { Err(RedirectError::Ambiguous) }
    }

    /// Whether the target runs on the person's own machine (RFC 8252 §7.3).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Whether it leads to the machine on which it is read, by whatever scheme: there may be nobody, and its certificate proves
    /// nothing. Systems take an unspecified address for their own.
    #[must_use]
    pub fn leads_here(&self) -> bool {
        let is_own = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
        match self.0.host() {
            Some(Host::Domain(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                name == "localhost" || name.ends_with(".localhost")
            }
            Some(Host::Ipv4(ip)) => is_own(ip.into()),
            Some(Host::Ipv6(ip)) => is_own(ip.to_canonical()),
            None => false,
        }
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address with two query parameters added, what it had kept.
    #[must_use]
    pub fn with_query(&self, pairs: &[(&str, &str)]) -> String {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(pairs);
        url.into()
    }

    /// Whether this target is one of `listed`, or of [`PROGRAMS`].
    ///
    /// # Errors
    /// `NotListed` when no entry is the same address.
    pub fn check(self, listed: &[String]) -> Result<Self, RedirectError> {
        let mut entries = listed.iter().map(String::as_str).chain(PROGRAMS);
        let found = entries.any(|entry| Self::parse(entry).is_ok_and(|entry| self.equals(&entry)));
        if found { Ok(self) } else { Err(RedirectError::NotListed) }
    }

    fn equals(&self, entry: &Self) -> bool {
        let literal = |t: &Self| t.is_loopback() && !matches!(t.0.host(), Some(Host::Domain(_)));
        if literal(self) && literal(entry) {
            return (self.0.host(), self.0.path(), self.0.query())
                == (entry.0.host(), entry.0.path(), entry.0.query());
        }
        self.0 == entry.0
    }
}

/// The text as the parser would write it if it changed nothing but an empty path: anything else the parser
/// had to repair (dot segments, default ports, case of the host) is a form that others may read differently.
fn normal_form_of(text: &str) -> String {
    let after_scheme = text.find("://").map_or(0, |at| at + 3);
    let rest = text.get(after_scheme..).unwrap_or_default();
    match rest.find(['/', '?']) {
        None => format!("{text}/"),
        Some(at) if rest[at..].starts_with('?') => {
            let (head, tail) = text.split_at(after_scheme + at);
            format!("{head}/{tail}")
        }
        Some(_) => text.to_owned(),
    }
}

/// Whether an address that a sign-in returns to is a site of the product, and not a port of the person's own machine: there the
/// code is taken by whoever the browser belongs to. On the person's machine there may be nobody, and then whoever started
/// can talk the person into handing over what their address bar shows.
#[must_use]
pub fn is_site(address: &str) -> bool {
    Target::parse(address).is_ok_and(|target| !target.leads_here())
}

/// Checks an origin for a city's `allowed_origins`: scheme, host and port alone.
///
/// # Errors
/// See [`RedirectError`]; never `NotListed`.
pub fn parse_origin(text: &str) -> Result<String, RedirectError> {
    let target = Target::parse(text)?;
    let origin = target.0.origin().ascii_serialization();
    // Whatever else was wrong with it, the target has refused.
    if origin == text { Ok(origin) } else { Err(RedirectError::MoreThanOrigin(origin)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str) -> Result<(), RedirectError> {
        let listed = ["https://app.example.com/done", "http://127.0.0.1/cb", "http://localhost:3000/cb"];
        let listed: Vec<String> = listed.into_iter().map(str::to_owned).collect();
        Target::parse(text).and_then(|t| t.check(&listed)).map(drop)
    }

    #[test]
    fn open_redirect_on_return_to() {
        assert_eq!(allowed("https://app.example.com/done"), Ok(()));
        for bad in [
            "https://evil.test/done",
            "//app.example.com/done",
            "/done",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://app.example.com/done",
            "https://app.example.com/done#x",
            "https://app.example.com/done?x=1",
            "https://app.example.com:8443/done",
        ] {
            assert!(allowed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn return_to_prefix_confusion() {
        for bad in [
            "https://app.example.com.evil.test/done",
            "https://app.example.com@evil.test/done",
            "https://evil.test\\@app.example.com/done",
            "https:\\\\app.example.com/done",
            "https://app.example.com/x/../done",
            "https://app.example.com/%2e%2e/done",
            "https:app.example.com/done",
            "https:///app.example.com/done",
            "https://app.example.com/done\n",
            " https://app.example.com/done",
            "https://app.example.com:443/done",
            "https://APP.example.com/done",
            "https://app.example.com/done/",
        ] {
            assert!(allowed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_loopback_literals_have_a_free_port() {
        assert_eq!(allowed("http://127.0.0.1:51234/cb"), Ok(()));
        assert!(allowed("http://127.0.0.1:51234/other").is_err());
        assert!(allowed("http://[::1]:51234/cb").is_err());
        assert!(allowed("http://localhost:3001/cb").is_err());
        assert_eq!(allowed("http://localhost:3000/cb"), Ok(()));
    }

    #[test]
    fn programs_on_the_persons_machine_are_in_every_list() {
        let in_no_list = |text: &str| Target::parse(text).and_then(|target| target.check(&[])).map(drop);
        for program in
            ["http://127.0.0.1:51234/downcity", "http://127.0.0.1/downcity", "http://[::1]:9/downcity"]
        {
            assert_eq!(in_no_list(program), Ok(()), "{program}");
        }
        for other in [
            "http://localhost:51234/downcity",
            "http://127.0.0.2:51234/downcity",
            "https://127.0.0.1/downcity",
            "http://127.0.0.1:51234/downcity/",
            "http://127.0.0.1:51234/downcity?next=x",
            "http://127.0.0.1:51234/",
        ] {
            assert_eq!(in_no_list(other), Err(RedirectError::NotListed), "{other}");
        }
    }

    #[test]
    fn a_site_is_not_on_the_persons_machine() {
        assert!(is_site("https://app.example.com/done") && is_site("https://localhost.example.com/done"));
        for here in [
            "http://127.0.0.1:51234/downcity",
            "http://[::1]/downcity",
            "http://localhost:3000/cb",
            "https://localhost/cb",
            "https://127.0.0.2:8443/cb",
            "https://[::1]/cb",
            "https://app.localhost/cb",
            "https://localhost./cb",
            "https://0.0.0.0:8443/cb",
            "https://[::]:8443/cb",
            "https://[::ffff:7f00:1]:8443/cb",
            "not an address",
        ] {
            assert!(!is_site(here), "{here}");
        }
    }

    #[test]
    fn origins_are_bare() {
        assert_eq!(parse_origin("https://app.example.com").unwrap(), "https://app.example.com");
        // As it stands in an address bar: the answer says what to write.
        for (given, origin) in [
            ("https://app.example.com/", "https://app.example.com"),
            ("https://app.example.com:8443/", "https://app.example.com:8443"),
            ("https://app.example.com/x?y", "https://app.example.com"),
            ("http://[::1]:5173/", "http://[::1]:5173"),
        ] {
            assert_eq!(parse_origin(given), Err(RedirectError::MoreThanOrigin(origin.to_owned())));
            assert_eq!(parse_origin(origin).unwrap(), origin, "and that is taken");
        }
        for bad in ["https://app.example.com:443/", "*", "null", "http://app.example.com"] {
            assert!(
                parse_origin(bad).is_err_and(|why| !matches!(why, RedirectError::MoreThanOrigin(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn parameters_are_added_to_what_is_there() {
        let target = Target::parse("https://a.example/x?y=1").unwrap();
        assert_eq!(
            target.with_query(&[("state", "s"), ("code", "c")]),
            "https://a.example/x?y=1&state=s&code=c"
        );
    }
}
