//! Story: an admin signs in to the web workspace with their key, works there, and signs out.

use crate::admin::Admin;
use crate::audit::Deed;
use crate::federation::Federation;
use crate::limits::TooMany;
use crate::login::Client;
use downcity_core::{Digest, OpaqueToken, Role, Timestamp, Via};
use downcity_store::{ListedAdminSession, NewAdminSession, StoreError};
use serde_json::json;
use std::time::Duration;

/// How long a session lasts at the most.
pub const LIFETIME: Duration = Duration::from_secs(12 * 3600);
/// How long a session lasts without being used.
pub const IDLE: Duration = Duration::from_secs(30 * 60);
/// How exactly it is noted when a session was used.
const PRECISION: Duration = Duration::from_secs(60);

/// An admin who is signed in to the workspace.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Who.
    pub admin: Admin,
    /// The session's public id.
    pub session_id: String,
    /// When the session ends at the latest.
    pub expires_at: Timestamp,
    /// What every form of this session carries, against requests that other sites' pages forge.
    pub form_token: OpaqueToken,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum AdminSignInError {
    /// No admin key is like that, or it is not good any more.
    #[error("the admin key is not good")]
    WrongKey,
    /// Too many wrong keys from there.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Federation {
    /// Exchanges an admin key for a session; gives what its cookie holds. The session that the same browser had
    /// before (`replaces`) ends.
    ///
    /// # Errors
    /// See [`AdminSignInError`]. Wrong keys are limited by network; a good one is always let in.
    pub async fn admin_sign_in(
        &self,
        key: &str,
        from: &Client,
        replaces: Option<&OpaqueToken>,
    ) -> Result<OpaqueToken, AdminSignInError> {
        let Some(admin) = self.admin(key.trim(), from.network).await else {
            return Err(self.refuse_admin(from).await);
        };
        let admin = Admin { via: Via::Workspace, ..admin };
        let token = OpaqueToken::from_bytes(&self.random.bytes());
        let now = self.clock.now();
        let new = NewAdminSession {
            digest: token.digest(),
            session_id: downcity_core::id::uuid_v7(now, &self.random.bytes()),
            key_id: admin.key_id.clone(),
            key: Digest::of(key.trim()),
            network: from.network.to_string(),
            agent: from.agent.clone(),
            created_at: now,
            expires_at: now.plus(LIFETIME),
            replaces: replaces.map(OpaqueToken::digest),
        };
        let after = json!({"agent": from.agent});
        let deed = Deed {
            action: "admin.signed_in",
            subject: &new.session_id,
            after: Some(after),
            ..Deed::default()
        };
        let audit = self.audit_entry(&admin, deed);
        if self.store.begin_admin_session(new, audit).await? {
            Ok(token)
        } else {
            Err(self.refuse_admin(from).await)
        }
    }

    /// Counts a wrong key, and records it as long as there are not too many, from its network and from all.
    async fn refuse_admin(&self, from: &Client) -> AdminSignInError {
        if let Err(wait) = self.count_wrong_admin_key(from.network).await {
            return wait.into();
        }
        if !self.records_wrong_admin_key().await {
            return AdminSignInError::WrongKey;
        }
        let nobody = Admin {
            key_id: "unknown".to_owned(),
            name: String::new(),
            role: Role::Viewer,
            city: None,
            via: Via::Workspace,
            network: Some(from.network),
        };
        let after = Some(json!({"agent": from.agent}));
        let deed = Deed { action: "admin.sign_in_refused", subject: "", after, ..Deed::default() };
        let recorded = self.store.record_audit(self.audit_entry(&nobody, deed)).await;
        recorded.map_or_else(AdminSignInError::Store, |()| AdminSignInError::WrongKey)
    }

    /// Who is signed in with this cookie; `None` when the session or its key is over.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn admin_visit(
        &self,
        cookie: &OpaqueToken,
        from: &Client,
    ) -> Result<Option<Visit>, StoreError> {
        let now = self.clock.now();
        let found = self.store.admin_session(cookie.digest(), now, now.minus(IDLE)).await?;
        let Some(session) = found else { return Ok(None) };
        self.catch_up().await;
        if session.seen_at <= now.minus(PRECISION) {
            self.store.touch_admin_session(&session.session_id, &session.key_id, now).await?;
        }
        Ok(Some(Visit {
            admin: Admin {
                key_id: session.key_id,
                name: session.key_name,
                role: session.role,
                city: session.city_id,
                via: Via::Workspace,
                network: Some(from.network),
            },
            form_token: self.vault.derive("admin form token", &session.session_id),
            session_id: session.session_id,
            expires_at: session.expires_at,
        }))
    }

    /// Ends a session of the same key, at once on every node; false when there is none.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn admin_sign_out(&self, visit: &Visit) -> Result<bool, StoreError> {
        let deed = Deed { action: "admin.signed_out", subject: &visit.session_id, ..Deed::default() };
        let audit = self.audit_entry(&visit.admin, deed);
        self.store.end_admin_session(&visit.session_id, audit).await
    }

    /// Ends a workspace session of any admin, at once on every node; false when there is none.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn end_admin_session(&self, admin: &Admin, session_id: &str) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let open = self.store.listed_admin_session(session_id, now, now.minus(IDLE)).await?;
        let Some(session) = open else { return Ok(false) };
        let before = json!({
            "key_id": session.key_id,
            "network": session.network,
            "agent": session.agent,
            "created_at": session.created_at.0,
        });
        let deed = Deed {
            action: "admin.session_ended",
            subject: session_id,
            before: Some(before),
            ..Deed::default()
        };
        self.store.end_admin_session(session_id, self.audit_entry(admin, deed)).await
    }

    /// The workspace sessions that began with a key and are good now, newest first; those of all keys when `key_id`
    /// is empty.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn admin_sessions(&self, key_id: &str) -> Result<Vec<ListedAdminSession>, StoreError> {
        let now = self.clock.now();
        self.store.admin_sessions(key_id, now, now.minus(IDLE)).await
    }
}
