//! A signed-in user.

use crate::{Caller, Error, Me};
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
        self.caller.post::<Value>("accounts", "logout", &json!({})).await.map(drop)
    }
}
