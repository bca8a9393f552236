//! A signed-in user.

use crate::{
    Caller, Error, Export, Identity, Me, OwnSession, ProfileUpdate, SignIn, SignedIn, Timestamp, sign_in,
    time,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

/// A signed-in user, from [`Federation::user`](crate::Federation::user) or a finished sign-in.
#[derive(Debug, Clone)]
pub struct User {
    caller: Caller,
}

impl User {
    pub(crate) fn new(caller: Caller) -> Self {
        Self { caller }
    }

    /// Calls by name.
    pub fn raw(&self) -> &Caller {
        &self.caller
    }

    /// Who this is.
    ///
    /// # Errors
    /// Any [`Error`] of a call; a token that is revoked, expired or wrong is status 401.
    pub async fn me(&self) -> Result<Me, Error> {
        self.caller.get("accounts", "me", &()).await
    }

    /// Revokes the session: the token is refused from now on, also in other copies of this client.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn logout(&self) -> Result<(), Error> {
        self.call("logout", &json!({})).await
    }

    /// Where this user is signed in, newest first.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn sessions(&self) -> Result<Vec<OwnSession>, Error> {
        self.list("sessions/mine").await
    }

    /// Ends one of this user's sessions, effective at once.
    ///
    /// # Errors
    /// Any [`Error`] of a call; `unknown_session`, status 404.
    pub async fn revoke_session(&self, session_id: &str) -> Result<(), Error> {
        self.call("sessions/revoke", &json!({ "session_id": session_id })).await
    }

    /// Ends all of this user's sessions but this one, and tells how many there were.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn revoke_other_sessions(&self) -> Result<u64, Error> {
        let answer: Count = self.caller.post("accounts", "sessions/revoke-others", &json!({})).await?;
        Ok(answer.count)
    }

    /// This user's ways in, oldest first.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn identities(&self) -> Result<Vec<Identity>, Error> {
        self.list("identities").await
    }

    /// Adds another way in: as [`Guest::sign_in`](crate::Guest::sign_in) signs in. Answers the same user with a fresh
    /// token, in place of this one: the session that asks ends.
    ///
    /// # Errors
    /// As for `sign_in`; `reauthentication_required` when the last sign-in is more than five minutes ago, and
    /// [`Error::SignIn`] with `identity_taken` for what is somebody else's.
    pub async fn link(&self, options: &SignIn, open: impl FnOnce(&str)) -> Result<SignedIn, Error> {
        sign_in::run(&self.caller, "identities/link", options, open).await
    }

    /// Gives a way in up, never the last one. Needs a sign-in of the last five minutes.
    ///
    /// # Errors
    /// Any [`Error`] of a call; `last_identity`, `unknown_identity`, `reauthentication_required`.
    pub async fn unlink(&self, identity_id: &str) -> Result<(), Error> {
        self.call("identities/unlink", &json!({ "identity_id": identity_id })).await
    }

    /// Edits the profile. What is edited, the next sign-in leaves alone.
    ///
    /// # Errors
    /// Any [`Error`] of a call; a field with a value that can't be used is status 400.
    pub async fn update_profile(&self, change: &ProfileUpdate) -> Result<Me, Error> {
        self.caller.post("accounts", "profile/update", change).await
    }

    /// Changes the password of somebody who knows the old one. Their other sessions end.
    ///
    /// # Errors
    /// Any [`Error`] of a call; `wrong_credentials`, status 401, when the old one is wrong.
    pub async fn change_password(&self, current: &SecretString, new: &SecretString) -> Result<(), Error> {
        let body = json!({ "current_password": current.expose_secret(), "password": new.expose_secret() });
        self.call("password/change", &body).await
    }

    /// Mails a link to `email`; the address is this account's once the link is confirmed. The old address is told.
    ///
    /// # Errors
    /// Any [`Error`] of a call; `reauthentication_required` when the last sign-in is more than five minutes ago.
    pub async fn change_email(&self, email: &str) -> Result<(), Error> {
        self.call("email/change", &json!({ "email": email })).await
    }

    /// Everything the Federation holds about this user.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn export(&self) -> Result<Export, Error> {
        self.caller.get("accounts", "export", &()).await
    }

    /// Removes the account, now or at the time that is answered; signing in before then keeps it. Every session ends
    /// at once. `user_id` must be this user's own. Needs a sign-in of the last five minutes.
    ///
    /// # Errors
    /// Any [`Error`] of a call; `reauthentication_required`.
    pub async fn delete(&self, user_id: &str) -> Result<Timestamp, Error> {
        let answer: Deleted = self.caller.post("accounts", "delete", &json!({ "user_id": user_id })).await?;
        Ok(answer.delete_at)
    }

    async fn call(&self, action: &str, body: &Value) -> Result<(), Error> {
        self.caller.post::<Value>("accounts", action, body).await.map(drop)
    }

    async fn list<T: serde::de::DeserializeOwned>(&self, action: &str) -> Result<Vec<T>, Error> {
        let answer: Items<T> = self.caller.get("accounts", action, &()).await?;
        Ok(answer.items)
    }
}

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

#[derive(Deserialize)]
struct Count {
    count: u64,
}

#[derive(Deserialize)]
struct Deleted {
    #[serde(deserialize_with = "time::required")]
    delete_at: Timestamp,
}
