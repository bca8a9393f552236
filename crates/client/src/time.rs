//! Times on the wire, read into [`Timestamp`]: Unix milliseconds, Unix seconds or RFC 3339 text.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};

/// A number below this is taken as seconds: as milliseconds it would lie before March 1973.
const SECONDS_BELOW: i64 = 100_000_000_000;

#[derive(Deserialize)]
#[serde(untagged)]
enum Wire {
    Number(i64),
    Text(String),
}

impl Wire {
    fn read(self) -> Result<Timestamp, jiff::Error> {
        match self {
            Self::Number(seconds) if seconds < SECONDS_BELOW => Timestamp::from_second(seconds),
            Self::Number(millis) => Timestamp::from_millisecond(millis),
            Self::Text(text) => text.parse(),
        }
    }
}

/// For `#[serde(deserialize_with)]` on a time that is always there.
pub(crate) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    Wire::deserialize(deserializer)?.read().map_err(D::Error::custom)
}

/// For `#[serde(default, deserialize_with)]` on a time that may be null or absent.
pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let wire = Option::<Wire>::deserialize(deserializer)?;
    wire.map(|wire| wire.read().map_err(D::Error::custom)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Probe {
        #[serde(deserialize_with = "required")]
        at: Timestamp,
        #[serde(default, deserialize_with = "optional")]
        maybe: Option<Timestamp>,
    }

    #[test]
    fn seconds_milliseconds_and_text_name_the_same_moment() {
        for at in ["1790000000", "1790000000000", "\"2026-09-21T14:13:20Z\"", "\"2026-09-21T22:13:20+08:00\""]
        {
            let probe: Probe = serde_json::from_str(&format!(r#"{{"at":{at},"maybe":null}}"#)).unwrap();
            assert_eq!(probe.at.as_second(), 1_790_000_000, "{at}");
            assert_eq!(probe.maybe, None);
        }
    }

    #[test]
    fn what_is_no_time_is_an_error() {
        for at in ["\"soon\"", "true", "null", "9223372036854775807"] {
            assert!(serde_json::from_str::<Probe>(&format!(r#"{{"at":{at}}}"#)).is_err(), "{at}");
        }
    }
}
