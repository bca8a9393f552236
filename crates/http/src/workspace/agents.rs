//! What a `User-Agent` says, in two words. It is text from outside and may say anything.

/// Programs, the telling sign first: the later ones stand in the texts of the earlier ones, too.
const PROGRAMS: [(&str, &str); 8] = [
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
];
/// Systems, likewise.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("OpenHarmony", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// Program and system; the beginning of the text itself where neither is known.
pub(crate) fn short(agent: &str) -> String {
    let known = |list: &[(&str, &'static str)]| {
        list.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name)
    };
    match (known(&PROGRAMS), known(&SYSTEMS)) {
        (Some(program), Some(system)) => format!("{program} · {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => agent.split_whitespace().next().unwrap_or("—").chars().take(24).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn programs_and_systems_are_told_apart() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36";
        let wechat = "Mozilla/5.0 (Linux; Android 14) Chrome/116 Mobile Safari/537.36 MicroMessenger/8.0.47";
        for (agent, words) in [
            (chrome, "Chrome · Linux"),
            (wechat, "WeChat · Android"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) Version/17.5 Safari/604.1", "Safari · iPhone"),
            ("Mozilla/5.0 (Windows NT 10.0) Chrome/130 Safari/537.36 Edg/130.0", "Edge · Windows"),
            ("curl/8.5.0", "curl/8.5.0"),
            ("", "—"),
        ] {
            assert_eq!(short(agent), words);
        }
        assert_eq!(short(&"长".repeat(99)).chars().count(), 24);
    }
}
