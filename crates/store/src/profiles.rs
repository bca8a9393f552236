//! Profiles: what a person says of themselves. What they edited, the next sign-in leaves alone.

use crate::db::{Fault, Tx, args};
use crate::events::{NewEvent, append};
use crate::users::{user, user_columns};
use crate::{Store, StoreError};
use downcity_core::{Timestamp, User, UserId};

/// Changes to a profile. A field that is absent stays; one that holds `None` is emptied.
#[derive(Debug, Clone)]
pub struct ProfileChange {
    /// Whose.
    pub user_id: UserId,
    /// How they want to be called.
    pub display_name: Option<Option<String>>,
    /// Their picture, https.
    pub avatar_url: Option<Option<String>>,
    /// What they say of themselves.
    pub bio: Option<Option<String>>,
    /// Their language, as a BCP 47 tag.
    pub locale: Option<Option<String>>,
    /// What to write into the event log.
    pub event: NewEvent,
    /// The time.
    pub now: Timestamp,
}

impl ProfileChange {
    /// The names of the fields that are changed.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        let all = [
            ("display_name", self.display_name.is_some()),
            ("avatar_url", self.avatar_url.is_some()),
            ("bio", self.bio.is_some()),
            ("locale", self.locale.is_some()),
        ];
        all.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }
}

impl Store {
    /// Changes a profile; `None` when there is no such user.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn update_profile(&self, change: ProfileChange) -> Result<Option<User>, StoreError> {
        self.db.write(change, |change, tx| Box::pin(update(change, tx))).await
    }
}

async fn update(change: &ProfileChange, tx: &mut Tx) -> Result<Option<User>, Fault> {
    let user_id = change.user_id.as_str();
    let sql = "update users set updated_at = $1 where user_id = $2 returning user_id, edited";
    let Some(row) = tx.row(sql, args![change.now, user_id]).await? else { return Ok(None) };
    let edited = row.read_as("users", |row| {
        row.text("user_id")?;
        row.text("edited")
    })?;
    let mut edited: Vec<String> = serde_json::from_str(&edited).unwrap_or_default();
    for field in change.fields() {
        if !edited.iter().any(|known| known == field) {
            edited.push(field.to_owned());
        }
    }
    let sql = "update users set edited = $1, \
               display_name = case when cast($2 as bigint) = 1 then $3 else display_name end, \
               avatar_url = case when cast($4 as bigint) = 1 then $5 else avatar_url end, \
               bio = case when cast($6 as bigint) = 1 then $7 else bio end, \
               locale = case when cast($8 as bigint) = 1 then $9 else locale end where user_id = $10";
    let (name, avatar) = (change.display_name.clone(), change.avatar_url.clone());
    let (bio, locale) = (change.bio.clone(), change.locale.clone());
    let args = args![
        serde_json::Value::from(edited).to_string(),
        name.is_some(),
        name.flatten(),
        avatar.is_some(),
        avatar.flatten(),
        bio.is_some(),
        bio.flatten(),
        locale.is_some(),
        locale.flatten(),
        user_id,
    ];
    tx.put(sql, args).await?;
    append(&change.event, tx).await?;
    let sql = concat!("select ", user_columns!(), " from users u where u.user_id = $1");
    let row = tx.row(sql, args![user_id]).await?;
    Ok(row.map(|row| row.read_as("users", user)).transpose()?)
}
