//! Story: an admin issues a `user_token` by hand, also for a product's own user ids.

use crate::admin::Admin;
use crate::audit::Deed;
use crate::cities::CityError;
use crate::federation::Federation;
use crate::result::Handed;
use downcity_core::network::Network;
use downcity_core::{OpaqueToken, Session, SessionId, Text, UserId};
use downcity_store::{NewSession, StoreError};
use serde_json::json;
use std::time::Duration;

/// The longest life of a token issued by hand.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// The longest metadata, as JSON text.
const METADATA_LIMIT: usize = 4096;

/// What an admin asks for.
#[derive(Debug, Clone)]
pub struct Apply {
    /// The city.
    pub city_id: String,
    /// The user, ours or the product's own.
    pub user_id: String,
    /// A JSON object that comes back in `me`.
    pub metadata: Option<serde_json::Value>,
    /// How long it lives; the usual life when absent.
    pub ttl: Option<Duration>,
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// No such city.
    #[error("unknown city")]
    UnknownCity,
    /// The city is paused.
    #[error("city is paused")]
    CityPaused,
    /// The key is for one city, and that is a person of the Federation, whose account reaches further.
    #[error("the key of a city issues no tokens for users of the Federation")]
    NotTheirs,
    /// A field has a value that can't be used.
    #[error("{field} {why}")]
    BadField {
        /// Its name on the wire.
        field: &'static str,
        /// What is wrong, to be read after the name.
        why: String,
    },
    /// The store did not answer.
    #[error(transparent)]
    Internal(#[from] StoreError),
}

fn bad(field: &'static str, why: impl Into<String>) -> ApplyError {
    ApplyError::BadField { field, why: why.into() }
}

/// Reads a life: whole seconds, or a number with `s`, `m`, `h` or `d`.
///
/// # Errors
/// With what is wrong, to be read after the field's name.
pub fn parse_ttl(text: &str) -> Result<Duration, &'static str> {
    let why = "must be seconds, or a number with s, m, h or d such as `30m`, and at most 366 days";
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(why),
    };
    let number: u64 = digits.parse().map_err(|_| why)?;
    let life = number.checked_mul(unit).map(Duration::from_secs).ok_or(why)?;
    if life.is_zero() || life > LONGEST { Err(why) } else { Ok(life) }
}

/// Why a text can't be the id of a user.
#[must_use]
pub fn user_id_problem(text: &str) -> Option<Text> {
    UserId::parse(text).is_err().then_some(Text::new(
        "A user's id is 1 to 128 visible characters of ASCII, without spaces.",
        "用户 ID 由 1 到 128 个可见 ASCII 字符组成，不含空格。",
    ))
}

/// Why a text is no life of a token.
#[must_use]
pub fn ttl_problem(text: &str) -> Option<Text> {
    parse_ttl(text).is_err().then_some(Text::new(
        "Write seconds, or a number with s, m, h or d such as 30m; at most 366 days.",
        "请填写秒数，或带 s、m、h、d 的数字（如 30m），最长 366 天。",
    ))
}

/// Why a text is no metadata.
#[must_use]
pub fn metadata_problem(text: &str) -> Option<Text> {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) if value.is_object() && value.to_string().len() <= METADATA_LIMIT => None,
        Ok(value) if value.is_object() => {
            Some(Text::new("The metadata is longer than 4096 bytes.", "元数据超过 4096 字节。"))
        }
        _ => Some(Text::new(
            "The metadata must be a JSON object, such as {\"plan\": \"pro\"}.",
            "元数据必须是 JSON 对象，例如 {\"plan\": \"pro\"}。",
        )),
    }
}

impl Federation {
    /// Issues a token with a session of its own, so that it can be revoked like any other.
    ///
    /// # Errors
    /// See [`ApplyError`].
    pub async fn apply_token(&self, admin: &Admin, apply: &Apply) -> Result<Handed, ApplyError> {
        let city = match self.city(&apply.city_id) {
            Ok(city) if city.is_active() => city,
            Ok(_) => return Err(ApplyError::CityPaused),
            Err(CityError::BadField { field, why }) => return Err(ApplyError::BadField { field, why }),
            Err(_) => return Err(ApplyError::UnknownCity),
        };
        let user_id = UserId::parse(&apply.user_id).map_err(|why| bad("user_id", why.to_string()))?;
        if admin.city.is_some() && self.store.user(&user_id).await?.is_some() {
            return Err(ApplyError::NotTheirs);
        }
        let metadata = match &apply.metadata {
            None | Some(serde_json::Value::Null) => None,
            Some(object) if object.is_object() => Some(object.to_string()),
            Some(_) => return Err(bad("metadata", "must be a JSON object")),
        };
        if metadata.as_ref().is_some_and(|text| text.len() > METADATA_LIMIT) {
            return Err(bad("metadata", format!("must be at most {METADATA_LIMIT} bytes as JSON")));
        }
        let now = self.clock.now();
        let sid = OpaqueToken::from_bytes(&self.random.bytes()).dated(now);
        let session = Session {
            session_id: SessionId::fresh(now, &self.random.bytes()),
            user_id,
            city_id: city.city_id.clone(),
            provider: "token".to_owned(),
            metadata,
            created_at: now,
            refreshable: false,
            expires_at: now.plus(apply.ttl.unwrap_or(self.settings.token_life)),
            revoked_at: None,
            cross_device: false,
        };
        let new = NewSession {
            sid: sid.digest(),
            session: session.clone(),
            network: Network::unknown(),
            agent: "issued by an admin".to_owned(),
            device: None,
            notice: None,
            refresh: None,
        };
        let (city_id, user_id) = (session.city_id.as_str(), session.user_id.as_str());
        let after =
            Some(json!({"session_id": session.session_id.as_str(), "expires_at": session.expires_at.0}));
        let deed =
            Deed { action: "token.issued", city_id: Some(city_id), subject: user_id, after, before: None };
        self.store.insert_session(&new, self.audit_entry(admin, deed)).await?;
        Ok(self.hand(session, &sid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_before_a_token_is_issued() {
        assert!(user_id_problem("auth0|1").is_none() && user_id_problem("a b").is_some());
        assert!(ttl_problem("7d").is_none() && ttl_problem("1w").is_some());
        assert!(metadata_problem("{\"plan\": \"pro\"}").is_none());
        for bad in ["", "[]", "\"a\"", "{", "{} {}"] {
            assert!(metadata_problem(bad).is_some(), "{bad}");
        }
        let of_length = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
        assert!(metadata_problem(&of_length(METADATA_LIMIT)).is_none());
        assert!(metadata_problem(&of_length(METADATA_LIMIT + 1)).is_some());
    }

    #[test]
    fn lives_people_write() {
        for (text, seconds) in [("90", 90), ("30m", 1800), ("1h", 3600), ("7d", 604_800), ("5s", 5)] {
            assert_eq!(parse_ttl(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0", "-1", "1w", "h", "1.5h", "367d", "99999999999999999999d", "1é"] {
            assert!(parse_ttl(text).is_err(), "{text}");
        }
    }
}
