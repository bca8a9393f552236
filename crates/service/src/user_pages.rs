//! Story: an admin turns the pages of the users, forth and back, among any number of them.

use crate::federation::Federation;
use crate::people::{Listing, PeopleError, user_cursor};
use downcity_store::ListedUser;

/// A page, and where its neighbours begin.
#[derive(Debug, Clone)]
pub struct UserPage {
    /// Newest first.
    pub items: Vec<ListedUser>,
    /// The cursor of the page with those who signed up later, to be asked for with `later`.
    pub newer: Option<String>,
    /// The cursor of the page with those who signed up before.
    pub older: Option<String>,
}

impl Federation {
    /// A page of users beyond the cursor: those who signed up before, or with `later` the page in front of it. The first
    /// page is always a full one.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn turn_users(&self, listing: &Listing, later: bool) -> Result<UserPage, PeopleError> {
        let later = later && listing.cursor.is_some();
        let (limit, mut items) = self.users_beyond(listing, later).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        if later && !more {
            let first = Listing { cursor: None, ..listing.clone() };
            return Box::pin(self.turn_users(&first, false)).await;
        }
        if later {
            items.reverse();
        }
        let newer = items.first().filter(|_| listing.cursor.is_some()).map(user_cursor);
        let older = items.last().filter(|_| more || later).map(user_cursor);
        Ok(UserPage { items, newer, older })
    }
}
