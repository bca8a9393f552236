//! Fresh stores, and the words the tests share.

use downcity_core::attempt::{Finisher, LIFETIME, Starter};
use downcity_core::id::uuids_v7_of;
use downcity_core::identity::KeyKind;
use downcity_core::network::Network;
use downcity_core::{
    Attempt, AttemptId, City, CityId, CityStatus, ConfirmPolicy, Digest, ExternalIdentity, IdentityId,
    IdentityKey, Lang, OpaqueToken, Profile, Session, SessionId, Stage, Timestamp, UserId,
};
use downcity_store::{CityPatch, Claim, Completed, NewAudit, NewSession, SignIn, Store, testing};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// The time at which the tests' stories begin.
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A store with one city, and what keeps it alive.
pub(crate) struct Scratch {
    pub(crate) store: Store,
    place: Result<PathBuf, String>,
    _folder: Option<TempDir>,
    _pooler: Option<testing::Pooler>,
}

impl Scratch {
    pub(crate) async fn sqlite() -> Self {
        let (folder, path) = testing::fresh_sqlite();
        let store = Store::open_sqlite(&path).await.unwrap();
        Self { store, place: Ok(path), _folder: Some(folder), _pooler: None }.with_city().await
    }

    pub(crate) async fn postgres() -> Self {
        let url = testing::fresh_postgres().await;
        let store = Store::open_postgres(&url).await.unwrap();
        Self { store, place: Err(url), _folder: None, _pooler: None }.with_city().await
    }

    /// PostgreSQL through a PgBouncer in transaction mode.
    pub(crate) async fn pooled() -> Self {
        let url = testing::fresh_postgres().await;
        let pooler = testing::Pooler::start(&url);
        let store = Store::open_pooled_postgres(&pooler.url(&url), &url).await.unwrap();
        Self { store, place: Err(url), _folder: None, _pooler: Some(pooler) }.with_city().await
    }

    async fn with_city(self) -> Self {
        assert!(self.store.insert_city(&city("city_demo"), None).await.unwrap());
        self
    }

    /// The file's path, or the database's URL.
    pub(crate) fn place(&self) -> Result<&Path, &str> {
        self.place.as_deref().map_err(String::as_str)
    }
}

macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let scratch = crate::support::Scratch::sqlite().await;
                super::$name(scratch.store.clone()).await;
                scratch.store.close().await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let scratch = crate::support::Scratch::postgres().await;
                super::$name(scratch.store.clone()).await;
                scratch.store.close().await;
            })*
        }
        mod pooled {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let scratch = crate::support::Scratch::pooled().await;
                super::$name(scratch.store.clone()).await;
                scratch.store.close().await;
            })*
        }
    };
}
pub(crate) use on_both_engines;

pub(crate) fn later(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1000)
}

pub(crate) fn home() -> Network {
    Network::parse("192.0.2.1").unwrap()
}

pub(crate) fn away() -> Network {
    Network::parse("198.51.100.7").unwrap()
}

pub(crate) fn city(id: &str) -> City {
    City {
        city_id: CityId::parse(id).unwrap(),
        name: "示范 Demo".into(),
        status: CityStatus::Active,
        allowed_origins: vec!["https://app.example.com".into()],
        allowed_redirects: vec!["https://app.example.com/done?x=\"1\"".into(), "http://127.0.0.1/cb".into()],
        confirm: ConfirmPolicy::Auto,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// All of a city as a change to it.
pub(crate) fn patch(city: &City) -> CityPatch {
    CityPatch {
        city_id: city.city_id.clone(),
        name: Some(city.name.clone()),
        status: Some(city.status),
        allowed_origins: Some(city.allowed_origins.clone()),
        allowed_redirects: Some(city.allowed_redirects.clone()),
        confirm: Some(city.confirm),
        now: city.updated_at,
    }
}

/// An entry of the audit record with an id of its own.
pub(crate) fn deed(action: &'static str) -> NewAudit {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    NewAudit {
        audit_id: format!("a{:04}", COUNT.fetch_add(1, Ordering::Relaxed)),
        key_id: "k".into(),
        key_name: "管理员".into(),
        via: "api",
        network: Some("192.0.2.1".into()),
        action,
        city_id: None,
        subject: "it".into(),
        before: None,
        after: None,
        at: NOW,
    }
}

pub(crate) fn attempt(name: &str) -> Attempt {
    attempt_at(name, NOW)
}

/// One that starts then: its id says so, as its [`state_at`] does.
pub(crate) fn attempt_at(name: &str, start: Timestamp) -> Attempt {
    let [moment, _] = uuids_v7_of(start);
    Attempt {
        attempt_id: AttemptId::parse(&(moment + name)).unwrap(),
        city_id: CityId::parse("city_demo").unwrap(),
        provider: "wechat".into(),
        app_id: "wx0123456789abcdef".into(),
        redirect_uri: "https://id.example.com/v1/accounts/oauth/callback".into(),
        return_to: None,
        challenge: None,
        lang: Lang::Zh,
        starter: Starter { network: home(), agent: "UA 🌟".into(), browser: None },
        link: None,
        refreshable: false,
        code_tries: None,
        claimed_code: None,
        finisher: None,
        finished_by: None,
        stage: Stage::Waiting,
        created_at: start,
        expires_at: start.plus(LIFETIME),
    }
}

/// The digest of the `state` of the attempt with this name.
pub(crate) fn state(name: &str) -> Digest {
    state_at(name, NOW)
}

/// The same of one that starts then.
pub(crate) fn state_at(name: &str, start: Timestamp) -> Digest {
    OpaqueToken::from_bytes(&Digest::of(&format!("state of {name}")).0).dated(start).digest()
}

/// What claims the attempt with this name.
pub(crate) fn claim(name: &str, code: &str) -> Claim {
    let by = Finisher { network: away(), agent: "手机 UA".into(), same_client: false };
    Claim { state: state(name), code: Digest::of(code), cookie: Digest::of("cookie"), by }
}

/// Starts an attempt and claims it at `now`.
pub(crate) async fn exchanging(store: &Store, name: &str, now: Timestamp) -> AttemptId {
    let attempt = Attempt { created_at: now, expires_at: now.plus(LIFETIME), ..attempt(name) };
    store.insert_attempt(state(name), &attempt).await.unwrap();
    let claimed = store.claim_attempt(&claim(name, "code"), now).await.unwrap();
    claimed.expect("a waiting attempt").attempt_id
}

pub(crate) fn unionid(value: &str) -> IdentityKey {
    IdentityKey { kind: KeyKind::Unionid, scope: String::new(), value: value.into() }
}

pub(crate) fn openid(app: &str, value: &str) -> IdentityKey {
    IdentityKey { kind: KeyKind::Openid, scope: app.into(), value: value.into() }
}

pub(crate) fn wechat(keys: Vec<IdentityKey>) -> ExternalIdentity {
    let profile = Profile { display_name: Some("张三🌟".into()), avatar_url: None, email: None };
    ExternalIdentity { provider: "wechat".into(), keys, profile }
}

/// A sign-in of an attempt that is exchanging, with ids made from the attempt's name.
pub(crate) fn sign_in(name: &str, identity: ExternalIdentity, now: Timestamp) -> SignIn {
    SignIn {
        attempt_id: attempt(name).attempt_id,
        identity,
        signed_up: None,
        started_at: attempt(name).created_at,
        by: None,
        user_id: UserId::parse(&format!("user-{name}")).unwrap(),
        identity_id: IdentityId::parse(&format!("identity-{name}")).unwrap(),
        now,
    }
}

/// Walks a whole sign-in up to `done`.
pub(crate) async fn signed_in(store: &Store, name: &str, identity: ExternalIdentity) -> Completed {
    exchanging(store, name, NOW).await;
    store.complete_sign_in(&sign_in(name, identity, NOW)).await.unwrap()
}

/// What a sign-in of a known or new user without conflict answers.
pub(crate) fn as_user(name: &str, new_user: bool) -> Completed {
    Completed::SignedIn { user_id: user(name), new_user, conflicts_with: None }
}

/// The user that the attempt with this name created.
pub(crate) fn user(name: &str) -> UserId {
    UserId::parse(&format!("user-{name}")).unwrap()
}

pub(crate) fn new_session(name: &str, user_id: UserId, now: Timestamp) -> NewSession {
    NewSession {
        sid: Digest::of(&format!("sid of {name}")),
        session: Session {
            session_id: SessionId::parse(&format!("session-{name}")).unwrap(),
            user_id,
            city_id: CityId::parse("city_demo").unwrap(),
            provider: "wechat".into(),
            metadata: None,
            created_at: now,
            refreshable: false,
            expires_at: Timestamp(now.0 + 7 * 24 * 3_600_000),
            revoked_at: None,
            cross_device: false,
        },
        network: home(),
        agent: "UA".into(),
        device: None,
        notice: None,
        refresh: None,
    }
}

/// Runs `work` 16 times at once and gives back all answers.
pub(crate) async fn sixteen<T, F, W>(work: W) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
    W: Fn(usize) -> F,
{
    let tasks: Vec<_> = (0..16).map(|i| tokio::spawn(work(i))).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}
