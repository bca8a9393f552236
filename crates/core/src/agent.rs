//! What a `User-Agent` (RFC 9110 §10.1.5) says of somebody's program, as far as it stays the same from one version to
//! the next.

/// Programs by what only they say of themselves. Many also name those below them, so the first that fits is the one.
const PROGRAMS: &[(&str, &str)] = &[
    ("MicroMessenger/", "WeChat"),
    ("QQBrowser/", "QQ Browser"),
    ("UCBrowser/", "UC Browser"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("OPR/", "Opera"),
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Systems by what is said on them; the first that fits is the one.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// The longest name of a program that is not in our list.
const LONGEST: usize = 24;

/// The program and the system, as far as they are in our lists.
#[must_use]
pub fn known(agent: &str) -> [Option<&'static str>; 2] {
    [PROGRAMS, SYSTEMS].map(|list| list.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name))
}

/// Program and system, such as `Chrome · Windows` or `curl`; `None` when nothing can be made of it.
///
/// Whoever sends the header chooses it, and it is shown in mails that we send: so what is not in our lists is the
/// first word alone, and only if it is one. A mail program makes no link of that, and nothing can be told in it.
#[must_use]
pub fn family(agent: &str) -> Option<String> {
    let [program, system] = known(agent);
    let first = || {
        let word = agent.split(['/', ' ', '(']).next().unwrap_or_default();
        let plain = word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-' || b == b'_');
        (plain && !word.is_empty() && word.len() <= LONGEST && word != "Mozilla").then_some(word)
    };
    let parts: Vec<&str> = [program.or_else(first), system].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_version_is_the_same_program() {
        let chrome = |version| {
            format!(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version} Safari/537.36"
            )
        };
        assert_eq!(family(&chrome("126.0.0.0")).as_deref(), Some("Chrome · Windows"));
        assert_eq!(family(&chrome("126.0.0.0")), family(&chrome("141.0.1.2")));
        let edge = format!("{} Edg/126.0.0.0", chrome("126.0.0.0"));
        assert_eq!(family(&edge).as_deref(), Some("Edge · Windows"));
        let wechat = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Mobile/15E148 MicroMessenger/8.0.49(0x18003130) NetType/WIFI Language/zh_CN";
        assert_eq!(family(wechat).as_deref(), Some("WeChat · iPhone"));
        let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/17.5 Safari/605.1.15";
        assert_eq!(family(safari).as_deref(), Some("Safari · macOS"));
        assert_eq!(family("curl/8.5.0").as_deref(), Some("curl"));
        assert_eq!(family("my-cli/1.2 (Linux x86_64)").as_deref(), Some("my-cli · Linux"));
    }

    #[test]
    fn nothing_can_be_told_in_it() {
        for odd in [
            "",
            "Mozilla/5.0",
            "evil.example/1",
            "https://evil.example",
            "Call+4912345",
            "打开网站/1",
            "a-name-that-is-longer-than-any-program-has/1",
            "<b>x</b>",
            "\n\nYour-account: evil.example",
        ] {
            assert_eq!(family(odd), None, "{odd}");
        }
        assert_eq!(family("Call us at evil.example").as_deref(), Some("Call"));
    }
}
