//! Providers: a card for each way to sign in, with what to paste at the provider and how to set it up.

use super::desk::Desk;
use super::guard::Form;
use super::shell::Shell;
use crate::error::ApiError;
use crate::routes::House;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use downcity_service::providers::{ProviderCard, ProviderStatus};
use serde::Deserialize;

const LIST: &str = "/admin/providers";

#[derive(Template)]
#[template(path = "workspace/providers.html")]
struct Page {
    shell: Shell,
    cards: Vec<Card>,
    /// The city that a key is limited to.
    city: Option<String>,
}

/// A provider and how it is set up.
pub(super) struct Card {
    pub(super) of: ProviderCard,
    guide: Guide,
}

/// Which guide stands beside a card.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guide {
    WeChat,
    Mail,
    GitHub,
    Google,
    Issuer,
}

impl Card {
    pub(super) fn of(of: ProviderCard) -> Self {
        let guide = match of.id.as_str() {
            "wechat" => Guide::WeChat,
            "email" => Guide::Mail,
            "github" => Guide::GitHub,
            "google" => Guide::Google,
            _ => Guide::Issuer,
        };
        Self { of, guide }
    }

    /// How the status looks.
    pub(super) fn tone(&self) -> &'static str {
        match self.of.status {
            ProviderStatus::Enabled => "good",
            ProviderStatus::Broken => "bad",
            ProviderStatus::Off | ProviderStatus::Incomplete => "ask",
            ProviderStatus::NotSetUp => "calm",
        }
    }

    /// The status in words.
    pub(super) fn status(&self, shell: &Shell) -> &'static str {
        match self.of.status {
            ProviderStatus::Enabled => shell.t("enabled", "已启用"),
            ProviderStatus::Off => shell.t("switched off", "已停用"),
            ProviderStatus::Incomplete => shell.t("incomplete", "未完成"),
            ProviderStatus::Broken => shell.t("not usable", "无法使用"),
            ProviderStatus::NotSetUp => shell.t("not set up", "未配置"),
        }
    }

    /// Whether it is set up, so that it can be switched.
    pub(super) fn is_usable(&self) -> bool {
        matches!(self.of.status, ProviderStatus::Enabled | ProviderStatus::Off)
    }

    /// Whether there is anything to check.
    fn is_checkable(&self) -> bool {
        self.of.status != ProviderStatus::NotSetUp
    }

    /// Whether it is switched off where this admin can switch it.
    fn is_off(&self, city: &Option<String>) -> bool {
        if city.is_some() { self.of.city_off_at.is_some() } else { self.of.off_at.is_some() }
    }

    /// Whether the guide is open at first: while it is needed.
    fn is_guide_open(&self) -> bool {
        !self.is_usable() && self.guide == Guide::WeChat || self.of.status == ProviderStatus::Incomplete
    }
}

/// Which provider to switch, and how.
#[derive(Deserialize)]
pub(super) struct SwitchForm {
    pub(super) provider: String,
    pub(super) to: To,
}

/// On or off.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum To {
    On,
    Off,
}

/// A card for each provider; for the key of a city as they are in that city.
pub(super) async fn page(desk: Desk, State(house): State<House>) -> Result<Response, ApiError> {
    let city = city_of(&desk);
    let cards = house.federation.list_providers(city.as_deref(), desk.look.lang)?;
    let shell = desk.shell(LIST, desk.t("Providers", "登录方式"));
    desk.page(&Page { shell, cards: cards.into_iter().map(Card::of).collect(), city })
}

/// Switches a provider off, or on again.
pub(super) async fn switch(
    desk: Desk,
    State(house): State<House>,
    Form(form): Form<SwitchForm>,
) -> Result<Response, ApiError> {
    let (city, id) = (city_of(&desk), form.provider.as_str());
    let done = match form.to {
        To::On => house.federation.enable_provider(desk.admin(), id, city.as_deref()).await,
        To::Off => house.federation.disable_provider(desk.admin(), id, city.as_deref()).await,
    };
    if let Err(error) = done {
        return desk.failed(LIST, error);
    }
    let said = match form.to {
        To::On => desk.t("Switched on: it is offered again, at once.", "已启用：立即恢复提供。"),
        To::Off => desk.t(
            "Switched off: nobody can start to sign in with it. Sign-ins under way may finish.",
            "已停用：无法再发起登录，正在进行的登录可以完成。",
        ),
    };
    desk.done(LIST, said)
}

fn city_of(desk: &Desk) -> Option<String> {
    desk.admin().city.as_ref().map(ToString::to_string)
}
