//! Which redirect_uri an app may use.

use url::Url;

use crate::config::ANY_LOOPBACK;

/// The callback-domain rule: an http(s) URL whose host is the configured one. `strict` adds what real WeChat
/// refuses and a developer's machine needs: ports, IP addresses, `localhost`.
pub(crate) fn redirect_allowed(uri: &str, domain: &str, strict: bool) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let Some(host) = url.host_str() else { return false };
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    if strict {
        let plain = url.domain().is_some() && !is_loopback(host) && url.port().is_none();
        return plain && host.eq_ignore_ascii_case(domain);
    }
    host.eq_ignore_ascii_case(domain) || (domain == ANY_LOOPBACK && is_loopback(host))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::redirect_allowed;

    #[test]
    fn redirect_rule_table() {
        let table = [
            // (redirect_uri, callback domain, accepted by default, accepted by the strict rule)
            ("https://www.example.com/a/b?c=d", "www.example.com", true, true),
            ("http://www.example.com/cb", "www.example.com", true, true),
            ("https://WWW.Example.COM/cb", "www.example.com", true, true),
            ("https://www.example.com:443/cb", "www.example.com", true, true),
            ("http://www.example.com:80/cb", "www.example.com", true, true),
            ("https://www.example.com:8101/cb", "www.example.com", true, false),
            ("https://example.com/cb", "www.example.com", false, false),
            ("https://pay.example.com/cb", "www.example.com", false, false),
            ("https://www.example.com.evil.test/cb", "www.example.com", false, false),
            ("https://www.example.com@evil.test/cb", "www.example.com", false, false),
            ("https://user@www.example.com/cb", "www.example.com", false, false),
            ("www.example.com/cb", "www.example.com", false, false),
            ("//www.example.com/cb", "www.example.com", false, false),
            ("ftp://www.example.com/cb", "www.example.com", false, false),
            ("javascript:alert(1)", "www.example.com", false, false),
            ("", "www.example.com", false, false),
            // The classic mistakes in the console's field: scheme, path, port.
            ("https://www.example.com/cb", "https://www.example.com", false, false),
            ("https://www.example.com/cb", "www.example.com/cb", false, false),
            ("https://www.example.com:8101/cb", "www.example.com:8101", false, false),
            ("http://127.0.0.1:43127/cb", "loopback", true, false),
            ("http://[::1]:43127/cb", "loopback", true, false),
            ("http://localhost:5173/cb", "loopback", true, false),
            ("http://shop.localhost/cb", "loopback", true, false),
            ("http://192.168.1.5/cb", "loopback", false, false),
            ("http://127.0.0.1.evil.test/cb", "loopback", false, false),
            ("http://127.0.0.1:43127/cb", "127.0.0.1", true, false),
            ("http://127.0.0.1/cb", "127.0.0.1", true, false),
        ];
        for (uri, domain, default, strict) in table {
            assert_eq!(redirect_allowed(uri, domain, false), default, "{uri} on {domain}");
            assert_eq!(redirect_allowed(uri, domain, true), strict, "{uri} on {domain}, strict");
        }
    }
}
