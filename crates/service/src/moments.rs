//! Moments as people read them: in UTC, in one form everywhere.

use downcity_core::Timestamp;

/// To the minute, such as `2026-09-21 14:13 UTC`; empty beyond the year 9999.
#[must_use]
pub fn minute(at: Timestamp) -> String {
    written(at, "%Y-%m-%d %H:%M UTC")
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
    fn moments_are_written_in_utc() {
        let at = Timestamp(1_790_000_000_000);
        assert_eq!(minute(at), "2026-09-21 14:13 UTC");
        assert_eq!(second(at), "2026-09-21 14:13:20 UTC");
        assert_eq!(day(at), "2026-09-21");
        assert_eq!(day(Timestamp(i64::MAX)), "");
    }
}
