//! Moments as people read them: in one form everywhere, in UTC or, where Chinese speaks to a person, by Beijing's clock.

use downcity_core::{Lang, Timestamp};
use jiff::tz::{Offset, TimeZone};

/// To the minute, such as `2026-09-21 14:13 UTC`; empty beyond the year 9999.
#[must_use]
pub fn minute(at: Timestamp) -> String {
    written(at, "%Y-%m-%d %H:%M UTC")
}

/// To the minute, for a person who has to say whether that was them: in Chinese by Beijing's clock, such as
/// `北京时间 2026-09-21 22:13`; empty beyond the year 9999.
#[must_use]
pub fn minute_in(at: Timestamp, lang: Lang) -> String {
    match lang {
        Lang::En => minute(at),
        Lang::Zh => in_beijing(at),
    }
}

fn in_beijing(at: Timestamp) -> String {
    let zone = TimeZone::fixed(Offset::constant(8));
    jiff::Timestamp::from_millisecond(at.0)
        .map(|at| at.to_zoned(zone).strftime("北京时间 %Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

/// To the second, such as `2026-09-21 14:13:20 UTC`; empty beyond the year 9999.
#[must_use]
pub fn second(at: Timestamp) -> String {
    written(at, "%Y-%m-%d %H:%M:%S UTC")
}

/// The day, such as `2026-09-21`; empty beyond the year 9999.
pub(crate) fn day(at: Timestamp) -> String {
    written(at, "%Y-%m-%d")
}

fn written(at: Timestamp, form: &str) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| at.strftime(form).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_gives_beijings_time() {
        let (at, evening) = (Timestamp(1_790_000_000_000), Timestamp(1_790_010_000_000));
        assert_eq!(minute_in(at, Lang::En), minute(at));
        assert_eq!(minute_in(at, Lang::Zh), "北京时间 2026-09-21 22:13");
        assert_eq!(minute_in(evening, Lang::Zh), "北京时间 2026-09-22 01:00", "a day further");
        assert_eq!(minute_in(Timestamp(i64::MAX), Lang::Zh), "");
    }

    #[test]
    fn moments_are_written_in_utc() {
        let at = Timestamp(1_790_000_000_000);
        assert_eq!(minute(at), "2026-09-21 14:13 UTC");
        assert_eq!(second(at), "2026-09-21 14:13:20 UTC");
        assert_eq!(day(at), "2026-09-21");
        assert_eq!(day(Timestamp(i64::MAX)), "");
    }
}
