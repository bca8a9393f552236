//! What fuzzing calls here.

use super::old::{Account, Email, OldPassword, Profile, User, time};
use downcity_core::Timestamp;
use downcity_store::Cell;

/// The cells of a row, one a line, as they can stand in a table of another program.
pub(crate) fn old_rows(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let cell = |line: &str| match line {
        "null" => Cell::Null,
        "garbage" => Cell::Garbage,
        line => match (line.parse(), line.parse()) {
            (Ok(whole), _) => Cell::Int(whole),
            (_, Ok(real)) => Cell::Real(real),
            _ => Cell::Text(line.to_owned()),
        },
    };
    let mut row: Vec<Cell> = text.split('\n').map(cell).collect();
    row.resize(row.len().max(8), Cell::Null);
    let now = Timestamp(1_800_000_000_000);
    assert!(row.iter().all(|cell| (1..=now.0).contains(&time(cell, now).0)), "never in the future");
    if let Ok(user) = User::read(&row, now) {
        assert!(user.name.is_none_or(|name| name.chars().count() <= 64));
        assert!(user.avatar_url.is_none_or(|url| url.starts_with("https://")));
        if let Email::Given(address) = user.email {
            assert!(!address.as_str().ends_with("@wechat.user") || !address.as_str().starts_with("wechat_"));
        }
    }
    if let Ok(account) = Account::read(&row, now) {
        assert!(account.account_id.is_none_or(|name| name.len() <= 255 && name.is_ascii()));
        if let OldPassword::Hash(hash) = account.password {
            assert!(hash.starts_with('$') && hash.is_ascii());
        }
    }
    if let Ok(profile) = Profile::read(&row) {
        assert!(profile.display_name.is_none_or(|name| name.chars().count() <= 64));
    }
}
