//! Users: the people of a Federation.

use crate::id::UserId;
use crate::time::Timestamp;

/// One person. What a provider did not tell is absent; nothing is invented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Stable, never reused, says nothing about the person.
    pub user_id: UserId,
    /// A verified address, if there is one. WeChat gives none.
    pub email: Option<String>,
    /// How they want to be called.
    pub display_name: Option<String>,
    /// Their picture: https, or http for those of the WeChat simulator on this machine.
    pub avatar_url: Option<String>,
    /// What they say of themselves.
    pub bio: Option<String>,
    /// The language they chose, as a BCP 47 tag.
    pub locale: Option<String>,
    /// Whether an admin shut them out.
    pub disabled: bool,
    /// When they first signed in.
    pub created_at: Timestamp,
}
