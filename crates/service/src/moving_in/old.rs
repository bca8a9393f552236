//! The rows of a Downcity TypeScript database: what their cells mean. Nothing in them is taken for granted.

use super::Report;
use super::people::{Person, people};
use crate::hasher::from_better_auth;
use crate::profile::{self, BIO_LIMIT};
use downcity_core::email::Address;
use downcity_core::identity::{clean_avatar, clean_text};
use downcity_core::{Timestamp, UserId};
use downcity_store::Cell;

/// The longest stable name of a person at a provider.
const NAME_LIMIT: usize = 255;
/// Providers that the old system made addresses up for.
const MADE_UP_FOR: [&str; 3] = ["wechat", "github", "google"];

/// Everything about people in the old database.
pub(super) struct Source {
    pub(super) users: Vec<User>,
    pub(super) accounts: Vec<Account>,
    pub(super) profiles: Vec<Profile>,
    pub(super) trust_unverified: bool,
    pub(super) app_id: Option<String>,
}

impl Source {
    /// Each user with what is theirs.
    pub(super) fn people(self, report: &mut Report) -> Vec<Person> {
        people(self, report)
    }
}

/// A row of `auth_users`.
pub(super) struct User {
    pub(super) user_id: UserId,
    pub(super) email: Email,
    pub(super) verified: bool,
    pub(super) name: Option<String>,
    pub(super) avatar_url: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) banned: bool,
}

/// What stood where an address belongs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Email {
    Absent,
    /// Made up by the old system for a provider that gives none, with the part before the `@`.
    MadeUp(String),
    Unusable,
    Given(Address),
}

impl User {
    pub(super) fn read(row: &[Cell], now: Timestamp) -> Result<Self, &'static str> {
        let id = name(&row[0]).ok_or("has no id")?;
        Ok(Self {
            user_id: UserId::parse(&id).map_err(|_| "its id can't be a user's id here")?,
            name: text(&row[1]).and_then(|name| clean_text(name, 64)),
            email: email(&row[2]),
            verified: truth(&row[3]),
            avatar_url: text(&row[4]).and_then(clean_avatar),
            created_at: time(&row[5], now),
            banned: truth(&row[6]),
        })
    }
}

/// A row of `auth_accounts`.
pub(super) struct Account {
    pub(super) id: String,
    /// The provider's own name of the person.
    pub(super) account_id: Option<String>,
    pub(super) provider: String,
    pub(super) user_id: String,
    pub(super) password: OldPassword,
    pub(super) created_at: Timestamp,
    pub(super) used_at: Timestamp,
}

/// What stood where a password's hash belongs.
#[derive(Clone)]
pub(super) enum OldPassword {
    Absent,
    Unusable,
    Hash(String),
}

impl Account {
    pub(super) fn read(row: &[Cell], now: Timestamp) -> Result<Self, &'static str> {
        let created_at = time(&row[5], now);
        Ok(Self {
            id: name(&row[0]).unwrap_or_else(|| "?".to_owned()),
            account_id: name(&row[1]).filter(|name| is_graphic(name)),
            provider: text(&row[2]).ok_or("has no providerId")?.to_owned(),
            user_id: name(&row[3]).ok_or("has no userId")?,
            password: match &row[4] {
                Cell::Null => OldPassword::Absent,
                Cell::Text(text) => {
                    from_better_auth(text.trim()).map_or(OldPassword::Unusable, OldPassword::Hash)
                }
                _ => OldPassword::Unusable,
            },
            created_at,
            used_at: if row[6] == Cell::Null { created_at } else { time(&row[6], now) },
        })
    }
}

/// A row of `auth_profiles`.
pub(super) struct Profile {
    pub(super) user_id: String,
    pub(super) display_name: Option<String>,
    pub(super) avatar_url: Option<String>,
    pub(super) bio: Option<String>,
}

impl Profile {
    pub(super) fn read(row: &[Cell]) -> Result<Self, &'static str> {
        Ok(Self {
            user_id: name(&row[0]).ok_or("has no user_id")?,
            display_name: text(&row[1]).and_then(|name| clean_text(name, 64)),
            avatar_url: text(&row[2]).and_then(clean_avatar),
            bio: text(&row[3]).and_then(|bio| {
                let head: String = bio.chars().take(BIO_LIMIT).collect();
                profile::text(&head, BIO_LIMIT, true).ok().flatten()
            }),
        })
    }
}

/// A text that is not empty.
pub(super) fn text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) if !text.trim().is_empty() => Some(text.trim()),
        _ => None,
    }
}

/// A name of something: a text, or a whole number in a column without a type.
fn name(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Int(number) => Some(number.to_string()),
        cell => text(cell).map(str::to_owned),
    }
}

fn is_graphic(name: &str) -> bool {
    name.len() <= NAME_LIMIT && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn truth(cell: &Cell) -> bool {
    match cell {
        Cell::Int(number) => *number != 0,
        Cell::Text(text) => matches!(text.trim(), "1" | "true" | "TRUE" | "True"),
        Cell::Null | Cell::Real(_) | Cell::Garbage => false,
    }
}

/// Milliseconds, seconds, ISO 8601 or SQLite's own form; `now` where nothing can be made of it, or where it
/// lies in the future.
pub(super) fn time(cell: &Cell, now: Timestamp) -> Timestamp {
    let millis = match cell {
        Cell::Int(number) => Some(scaled(*number)),
        Cell::Real(number) if number.is_finite() => format!("{number:.0}").parse().ok().map(scaled),
        Cell::Text(text) => written_time(text.trim()),
        Cell::Real(_) | Cell::Null | Cell::Garbage => None,
    };
    millis.map(Timestamp).filter(|at| at.0 > 0 && *at <= now).unwrap_or(now)
}

/// Seconds up to the year 2286 have ten digits, milliseconds since 1970 more.
fn scaled(number: i64) -> i64 {
    if number < 10_000_000_000 { number.saturating_mul(1000) } else { number }
}

fn written_time(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(scaled(number));
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

fn email(cell: &Cell) -> Email {
    let Cell::Text(text) = cell else {
        return if *cell == Cell::Null { Email::Absent } else { Email::Unusable };
    };
    let folded = text.trim().to_lowercase();
    if folded.is_empty() {
        return Email::Absent;
    }
    let made_up = |provider: &&str| {
        let mailbox = folded.strip_suffix(&format!("@{provider}.user"))?;
        mailbox.starts_with(&format!("{provider}_")).then(|| mailbox.to_owned())
    };
    if let Some(mailbox) = MADE_UP_FOR.iter().find_map(made_up) {
        return Email::MadeUp(mailbox);
    }
    Address::parse(&folded).map_or(Email::Unusable, Email::Given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_addresses_are_told_from_others() {
        let of = |text: &str| email(&Cell::Text(text.to_owned()));
        assert_eq!(of("wechat_oABC@wechat.user"), Email::MadeUp("wechat_oabc".into()));
        assert_eq!(of("GitHub_1@github.user"), Email::MadeUp("github_1".into()));
        assert!(matches!(of("wechat_o@example.com"), Email::Given(_)));
        assert!(matches!(of("li@wechat.user.example.com"), Email::Given(_)));
        assert!(matches!(of("wechat_o@github.user"), Email::Given(_)));
        assert_eq!(of(" "), Email::Absent);
        assert_eq!(of("a\0@b.cd"), Email::Unusable);
        assert_eq!(email(&Cell::Garbage), Email::Unusable);
    }

    #[test]
    fn times_come_in_many_forms() {
        let now = Timestamp(1_800_000_000_000);
        let at = Timestamp(1_714_564_800_000);
        for cell in [
            Cell::Int(1_714_564_800_000),
            Cell::Int(1_714_564_800),
            Cell::Real(1_714_564_800.0),
            Cell::Text("2024-05-01T12:00:00.000Z".into()),
            Cell::Text("2024-05-01 12:00:00".into()),
            Cell::Text("2024-05-01T14:00:00+02:00".into()),
            Cell::Text("1714564800000".into()),
        ] {
            assert_eq!(time(&cell, now), at, "{cell:?}");
        }
        for cell in [
            Cell::Null,
            Cell::Garbage,
            Cell::Int(-5),
            Cell::Int(i64::MAX),
            Cell::Real(f64::NAN),
            Cell::Text("soon".into()),
            Cell::Text("2924-05-01T12:00:00Z".into()),
        ] {
            assert_eq!(time(&cell, now), now, "{cell:?}");
        }
    }
}
