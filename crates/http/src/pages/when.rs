//! Moments as people read them.

use downcity_service::core::{Lang, Timestamp};
use downcity_service::moments::{minute, minute_in};

/// A moment for whoever keeps a Federation, in UTC.
pub(crate) fn readable(millis: i64) -> String {
    minute(Timestamp(millis))
}

/// A moment for a person who has to say whether that was them: how long ago, and on the next line by the clock.
pub(super) fn past(millis: i64, now: Timestamp, lang: Lang) -> String {
    format!("{}\n{}", ago(now.0 - millis, lang), minute_in(Timestamp(millis), lang))
}

/// The largest unit says enough. What another node's clock puts ahead of ours is now.
fn ago(millis: i64, lang: Lang) -> String {
    let minutes = millis.max(0) / 60_000;
    let (count, en, zh) = match minutes {
        0 => return downcity_service::core::Text::new("just now", "刚刚").get(lang).to_owned(),
        1..60 => (minutes, "minute", "分钟"),
        60..1440 => (minutes / 60, "hour", "小时"),
        _ => (minutes / 1440, "day", "天"),
    };
    match lang {
        Lang::En => format!("{count} {en}{} ago", if count == 1 { "" } else { "s" }),
        Lang::Zh => format!("{count} {zh}前"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_says_how_long_ago_and_what_the_clock_said() {
        const MINUTE: i64 = 60_000;
        let at = 1_790_000_000_000;
        let told = |later: i64, lang| past(at, Timestamp(at + later), lang);
        assert_eq!(told(3 * MINUTE, Lang::En), "3 minutes ago\n2026-09-21 14:13 UTC");
        assert_eq!(told(3 * MINUTE, Lang::Zh), "3 分钟前\n北京时间 2026-09-21 22:13");
        let cases = [
            (-MINUTE, "just now", "刚刚"),
            (MINUTE - 1, "just now", "刚刚"),
            (MINUTE, "1 minute ago", "1 分钟前"),
            (60 * MINUTE - 1, "59 minutes ago", "59 分钟前"),
            (60 * MINUTE, "1 hour ago", "1 小时前"),
            (1440 * MINUTE - 1, "23 hours ago", "23 小时前"),
            (2880 * MINUTE, "2 days ago", "2 天前"),
        ];
        for (later, en, zh) in cases {
            assert!(told(later, Lang::En).starts_with(&format!("{en}\n")), "{}", told(later, Lang::En));
            assert!(told(later, Lang::Zh).starts_with(&format!("{zh}\n")), "{}", told(later, Lang::Zh));
        }
        assert_eq!(readable(i64::MAX), "", "what no calendar has is not told");
    }
}
