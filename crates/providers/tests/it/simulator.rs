//! Whole sign-ins against the simulator: address, QR code, phone, callback, exchange, person.

use crate::fake::{Nothing, exchange};
use downcity_core::identity::KeyKind;
use downcity_core::{ExternalIdentity, Failure, Secret};
use downcity_providers::{
    Authorize, Callback, CallbackQuery, LoginProvider, Outside, ProviderError, configured,
};
use std::sync::Arc;
use url::Url;
use wechat_sim::{App, AppKind, Denial, Fault, FaultKind, Nickname, Sim, SimConfig, Switches, UnionidIn};

const CALLBACK: &str = "http://127.0.0.1:43127/v1/accounts/oauth/callback";
const STATE: &str = "st_0123456789-abcdef";

struct Stage {
    sim: Sim,
    app: App,
    wechat: Arc<dyn LoginProvider>,
}

impl Stage {
    async fn with(change: impl FnOnce(&mut Switches)) -> Self {
        let sim = Sim::start(SimConfig::default(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        sim.set(change);
        let app = sim.app();
        let wechat = wechat(&sim, &app.appid, &app.secret);
        Self { sim, app, wechat }
    }

    fn url(&self) -> String {
        let request = Authorize {
            state: STATE,
            redirect_uri: CALLBACK,
            lang: None,
            fast_login: None,
            proofs: &Nothing,
        };
        self.wechat.authorize_url(&request)
    }

    /// Scan, allow, callback; the code.
    fn code(&self, person: &str) -> String {
        let back = query(&self.sim.sign_in_as(&self.url(), person).unwrap());
        assert_eq!(back.state.as_deref(), Some(STATE));
        match self.wechat.read_callback(&back) {
            Callback::Code(code) => code.to_owned(),
            other => panic!("{other:?}"),
        }
    }

    async fn sign_in(&self, person: &str) -> Result<ExternalIdentity, ProviderError> {
        let code = self.code(person);
        self.wechat.identify(&exchange(&code, CALLBACK)).await
    }

    fn counts(&self) -> (usize, usize) {
        (self.sim.count("access_token"), self.sim.count("userinfo"))
    }
}

fn wechat(sim: &Sim, id: &str, secret: &str) -> Arc<dyn LoginProvider> {
    let outside = Arc::new(Outside::with_wechat_simulator(sim.url()).unwrap());
    let env = |key: &str| match key {
        "WECHAT_CLIENT_ID" => Some(Secret::from(id)),
        "WECHAT_CLIENT_SECRET" => Some(Secret::from(secret)),
        _ => None,
    };
    configured(&outside, &env).pop().unwrap()
}

fn query(callback: &str) -> CallbackQuery {
    let url = Url::parse(callback).unwrap();
    let read =
        |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    CallbackQuery {
        code: read("code"),
        state: read("state"),
        error: read("error"),
        iss: None,
        by_post: false,
    }
}

fn value(found: &ExternalIdentity, kind: KeyKind) -> Option<&str> {
    found.keys.iter().find(|key| key.kind == kind).map(|key| key.value.as_str())
}

#[tokio::test]
async fn a_person_signs_in() {
    let stage = Stage::with(|_| {}).await;
    let found = stage.sign_in("zhangsan").await.unwrap();
    let (appid, account) = (&stage.app.appid, &stage.app.open_account);
    assert_eq!(value(&found, KeyKind::Unionid), Some(stage.sim.unionid("zhangsan", account).as_str()));
    assert_eq!(value(&found, KeyKind::Openid), Some(stage.sim.openid("zhangsan", appid).as_str()));
    assert_eq!(found.keys[0].kind, KeyKind::Openid, "the one that never changes first");
    assert_eq!(found.profile.display_name.as_deref(), Some("张三🌟"));
    assert_eq!(stage.counts(), (1, 1));
}

#[tokio::test]
async fn every_place_for_a_unionid() {
    for (place, there) in [
        (UnionidIn::Both, true),
        (UnionidIn::UserinfoOnly, true),
        (UnionidIn::Nowhere, false),
        (UnionidIn::Empty, false),
    ] {
        let found = Stage::with(|s| s.unionid = place).await.sign_in("alice").await.unwrap();
        assert_eq!(value(&found, KeyKind::Unionid).is_some(), there, "{place:?}");
        assert!(value(&found, KeyKind::Openid).is_some());
    }
    let moved = Stage::with(|s| s.migrated_to = Some("open-account-2".into())).await;
    let found = moved.sign_in("alice").await.unwrap();
    assert_eq!(value(&found, KeyKind::Unionid), Some(moved.sim.unionid("alice", "open-account-2").as_str()));
}

#[tokio::test]
async fn every_way_of_refusing() {
    for (denial, comes) in [(Denial::None, false), (Denial::StateOnly, true), (Denial::Authdeny, true)] {
        let stage = Stage::with(|s| s.denial = denial).await;
        let uuid = stage.sim.open(&stage.url()).unwrap();
        stage.sim.scan(&uuid).unwrap();
        let back = stage.sim.deny(&uuid).unwrap();
        assert_eq!(back.is_some(), comes, "{denial:?}");
        if let Some(back) = back {
            assert_eq!(stage.wechat.read_callback(&query(&back)), Callback::Denied, "{denial:?}");
        }
        assert_eq!(stage.counts(), (0, 0));
    }
}

#[tokio::test]
async fn a_code_works_once_and_for_ten_minutes() {
    for other_number in [false, true] {
        let stage =
            Stage::with(|s| (s.reused_code_is_40029, s.expired_code_is_42003) = (other_number, other_number))
                .await;
        let code = stage.code("alice");
        stage.wechat.identify(&exchange(&code, CALLBACK)).await.unwrap();
        let again = stage.wechat.identify(&exchange(&code, CALLBACK)).await.unwrap_err();
        let number = if other_number { 40029 } else { 40163 };
        assert_eq!((again.failure, again.provider_code), (Failure::CodeRejected, Some(number)));

        let code = stage.code("alice");
        stage.sim.advance(std::time::Duration::from_secs(601));
        let late = stage.wechat.identify(&exchange(&code, CALLBACK)).await.unwrap_err();
        let number = if other_number { 42003 } else { 40029 };
        assert_eq!((late.failure, late.provider_code), (Failure::CodeRejected, Some(number)));
    }
}

#[tokio::test]
async fn wrong_settings_are_the_operators_matter() {
    let stage = Stage::with(|_| {}).await;
    let code = stage.code("alice");
    for (id, secret, number, key) in [
        (stage.app.appid.as_str(), "0123456789abcdef0123456789abcdef", 40125, "WECHAT_CLIENT_SECRET"),
        ("wx0000000000000000", stage.app.secret.as_str(), 40013, "WECHAT_CLIENT_ID"),
    ] {
        let error = wechat(&stage.sim, id, secret).identify(&exchange(&code, CALLBACK)).await.unwrap_err();
        assert_eq!((error.failure, error.provider_code), (Failure::ProviderMisconfigured, Some(number)));
        assert!(error.report.contains(key), "{error}");
    }
    stage.sim.put_app(App { kind: AppKind::OfficialAccount, ..App::website("wx1111111111111111") });
    let other = wechat(&stage.sim, "wx1111111111111111", &App::website("wx1111111111111111").secret);
    let error = other.identify(&exchange(&code, CALLBACK)).await.unwrap_err();
    assert_eq!(error.failure, Failure::CodeRejected, "another app's code");
}

#[tokio::test]
async fn every_strange_nickname() {
    for (nickname, wanted) in [
        (Nickname::Own, true),
        (Nickname::Emoji, true),
        (Nickname::Rtl, true),
        (Nickname::Bell, true),
        (Nickname::Empty, false),
        (Nickname::Long, true),
        (Nickname::InvalidUtf8, true),
        (Nickname::StrayBackslash, true),
        (Nickname::Markup, true),
    ] {
        let found = Stage::with(|s| s.nickname = nickname).await.sign_in("alice").await.unwrap();
        let name = found.profile.display_name;
        assert_eq!(name.is_some(), wanted, "{nickname:?}");
        assert!(name.is_none_or(|name| name.chars().count() <= 64 && !name.contains(char::is_control)));
    }
    let error = Stage::with(|s| s.nickname = Nickname::Deactivated).await.sign_in("alice").await;
    // The token answer may still name the person; userinfo no longer does.
    assert_eq!(error.unwrap_err().failure, Failure::AccountRestricted);
}

#[tokio::test]
async fn optional_and_unknown_fields() {
    let stage = Stage::with(|s| {
        (s.optional_fields_missing, s.unknown_fields, s.headimgurl_empty) = (true, true, true);
        (s.sex, s.region) = (Some(2), true);
    });
    let found = stage.await.sign_in("alice").await.unwrap();
    assert_eq!(found.profile.avatar_url, None);
}

#[tokio::test]
async fn every_fault_of_the_exchange_costs_one_request() {
    for (fault, failure) in [
        (Fault::errcode(-1), Failure::ProviderBusy),
        (Fault::errcode(45011), Failure::ProviderBusy),
        (Fault::new(FaultKind::BadGateway), Failure::ProviderUnavailable),
        (Fault::new(FaultKind::Html), Failure::ProviderUnavailable),
        (Fault::new(FaultKind::Reset), Failure::ProviderUnavailable),
        (Fault::new(FaultKind::Huge), Failure::ProviderUnavailable),
        (Fault::new(FaultKind::EmptyBody), Failure::ProviderUnavailable),
        (Fault::new(FaultKind::Hang), Failure::ProviderUnavailable),
        (Fault::new(FaultKind::BadGateway).after_work(), Failure::ProviderUnavailable),
    ] {
        let stage = Stage::with(|s| s.token_fault = Some(fault.times(1))).await;
        assert_eq!(stage.sign_in("alice").await.unwrap_err().failure, failure, "{fault:?}");
        assert_eq!(stage.counts(), (1, 0), "{fault:?}");
        assert!(stage.sign_in("alice").await.is_ok(), "{fault:?}: starting again helps");
    }
}

#[tokio::test]
async fn a_slow_exchange_uses_the_code_up_and_is_not_repeated() {
    let stage = Stage::with(|s| s.token_delay_ms = 9_500).await;
    let error = stage.sign_in("alice").await.unwrap_err();
    assert_eq!(error.failure, Failure::ProviderUnavailable);
    assert_eq!(stage.counts(), (1, 0));
}

#[tokio::test]
async fn every_fault_of_userinfo() {
    for (fault, failure) in [
        (Fault::errcode(48001), Failure::WrongAppType),
        (Fault::errcode(50002), Failure::AccountRestricted),
        (Fault::errcode(42001), Failure::CodeRejected),
        (Fault::errcode(45011), Failure::ProviderBusy),
        (Fault::new(FaultKind::BadGateway), Failure::ProviderUnavailable),
        (Fault::new(FaultKind::Html), Failure::ProviderUnavailable),
        (Fault::new(FaultKind::Huge), Failure::ProviderUnavailable),
    ] {
        let stage = Stage::with(|s| s.userinfo_fault = Some(fault)).await;
        assert_eq!(stage.sign_in("alice").await.unwrap_err().failure, failure, "{fault:?}");
        assert_eq!(stage.counts(), (1, 1), "{fault:?}");
    }
    for passing in [Fault::errcode(-1).times(2), Fault::new(FaultKind::Reset).times(2)] {
        let stage = Stage::with(|s| s.userinfo_fault = Some(passing)).await;
        assert!(stage.sign_in("alice").await.is_ok(), "{passing:?}");
        assert_eq!(stage.counts(), (1, 3), "{passing:?}");
    }
}
