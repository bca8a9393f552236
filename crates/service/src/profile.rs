//! Story: a person edits their profile. What they edited, the next sign-in leaves alone.

use crate::events::Actor;
use crate::federation::Federation;
use crate::login::Client;
use crate::sessions::SignedIn;
use downcity_core::User;
use downcity_core::identity::{clean_avatar, clean_text};
use downcity_store::{ProfileChange, StoreError};
use serde_json::json;

/// The longest name, in characters.
pub(crate) const NAME_LIMIT: usize = 64;
/// The longest text of oneself, in characters.
pub(crate) const BIO_LIMIT: usize = 1000;

/// What is to be changed. A field that is absent stays; one that holds `None` or an empty text is emptied.
#[derive(Debug, Clone, Default)]
pub struct ProfileEdit {
    /// How they want to be called.
    pub display_name: Option<Option<String>>,
    /// Their picture.
    pub avatar_url: Option<Option<String>>,
    /// What they say of themselves.
    pub bio: Option<Option<String>>,
    /// Their language.
    pub locale: Option<Option<String>>,
}

/// Why a profile was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The token names nobody who is a user here.
    #[error("not a user of this Federation")]
    NoUser,
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

/// A checked field: stays, is emptied, or gets a new value.
type Edited = Result<Option<Option<String>>, ProfileError>;

fn checked(
    field: &'static str,
    given: Option<&Option<String>>,
    check: impl FnOnce(&str) -> Result<Option<String>, String>,
) -> Edited {
    match given {
        None => Ok(None),
        Some(None) => Ok(Some(None)),
        Some(Some(text)) if text.trim().is_empty() => Ok(Some(None)),
        Some(Some(text)) => check(text.trim()).map(Some).map_err(|why| ProfileError::BadField { field, why }),
    }
}

/// A text of at most `max` characters; only its lines are kept apart when there may be several.
pub(crate) fn text(given: &str, max: usize, lines: bool) -> Result<Option<String>, String> {
    if given.chars().count() > max {
        return Err(format!("must be at most {max} characters"));
    }
    if !lines {
        return Ok(clean_text(given, max));
    }
    let kept: Vec<_> = given.lines().map(|line| clean_text(line, max).unwrap_or_default()).collect();
    let kept = kept.join("\n").trim().to_owned();
    Ok((!kept.is_empty()).then_some(kept))
}

fn avatar(given: &str) -> Result<Option<String>, String> {
    let https = given.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("https://"));
    let clean = clean_avatar(given).filter(|_| https);
    clean.map(Some).ok_or_else(|| "must be an https address of at most 1024 characters".to_owned())
}

/// A language tag as far as its form goes (RFC 5646 §2.1).
fn locale(given: &str) -> Result<Option<String>, String> {
    let mut parts = given.split('-');
    let language = parts.next().unwrap_or_default();
    let fine = (2..=8).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
        && given.len() <= 35;
    if fine { Ok(Some(given.to_owned())) } else { Err("must be a language tag such as `zh-CN`".to_owned()) }
}

impl Federation {
    /// Changes the person's profile.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn edit_profile(
        &self,
        who: &SignedIn,
        edit: &ProfileEdit,
        client: &Client,
    ) -> Result<User, ProfileError> {
        let user = who.user.as_deref().ok_or(ProfileError::NoUser)?;
        let name = checked("display_name", edit.display_name.as_ref(), |t| text(t, NAME_LIMIT, false))?;
        let bio = checked("bio", edit.bio.as_ref(), |t| text(t, BIO_LIMIT, true))?;
        let avatar_url = checked("avatar_url", edit.avatar_url.as_ref(), avatar)?;
        let locale = checked("locale", edit.locale.as_ref(), locale)?;
        let (id, city) = (user.user_id.as_str(), Some(who.session.city_id.as_str()));
        let event = |detail: &serde_json::Value| {
            self.event("user.updated", Actor::User, id, (city, Some(client.network)), detail)
        };
        let mut change = ProfileChange {
            user_id: user.user_id.clone(),
            display_name: name,
            avatar_url,
            bio,
            locale,
            event: event(&json!({})),
            now: self.clock.now(),
        };
        let fields = change.fields();
        if fields.is_empty() {
            return Ok(User::clone(user));
        }
        change.event = event(&json!({"fields": fields}));
        self.store.update_profile(change).await?.ok_or(ProfileError::NoUser)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_put_into_profiles() {
        assert_eq!(text(" 李雷\u{202e} ", 64, false), Ok(Some("李雷".to_owned())));
        assert_eq!(text("a\n\u{7}b", 64, true), Ok(Some("a\nb".to_owned())));
        assert!(text(&"长".repeat(65), 64, false).is_err());
        assert_eq!(avatar("https://x.example/a.png"), Ok(Some("https://x.example/a.png".to_owned())));
        for bad in
            ["http://x.example/a.png", "javascript:alert(1)", "data:image/png;base64,x", "https://u@x/"]
        {
            assert!(avatar(bad).is_err(), "{bad}");
        }
        assert!(locale("zh-Hans-CN").is_ok());
        for bad in ["z", "zh_CN", "中文", "en-", "<b>"] {
            assert!(locale(bad).is_err(), "{bad}");
        }
    }
}
