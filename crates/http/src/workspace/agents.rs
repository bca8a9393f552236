//! What a `User-Agent` says, in two words. It is text from outside and may say anything.

use downcity_service::core::agent;

/// Program and system; the beginning of the text itself where neither is known.
pub(crate) fn short(agent: &str) -> String {
    let known: Vec<&str> = agent::known(agent).into_iter().flatten().collect();
    if known.is_empty() {
        agent.split_whitespace().next().unwrap_or("—").chars().take(24).collect()
    } else {
        known.join(" · ")
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
