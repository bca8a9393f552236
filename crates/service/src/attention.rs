//! What needs attention beside sign-in attempts: half-done settings, mails and webhooks that do not arrive, keys that
//! end.

use crate::federation::Federation;
use crate::moments::day;
use crate::overview::is_half_done;
use crate::patterns::{Attention, Severity};
use crate::providers::{ProviderCard, ProviderStatus};
use downcity_core::{Lang, Said, Timestamp};
use downcity_store::{OutboxNumbers, StoreError, Webhook};
use std::time::Duration;

/// How long before its end a key needs attention.
const KEY_ENDS_WITHIN: Duration = Duration::from_secs(14 * 86_400);

impl Federation {
    /// What needs attention in a city, or everywhere where `city` is empty. Only then it
    /// names what belongs to no city.
    pub(crate) async fn attention(
        &self,
        cards: &[ProviderCard],
        city: &str,
        now: Timestamp,
    ) -> Result<Vec<Attention>, StoreError> {
        let mut found: Vec<Attention> =
            cards.iter().filter(|card| is_half_done(card)).map(|card| half_done(card, city)).collect();
        if !cards.iter().any(|card| card.status == ProviderStatus::Enabled) {
            found.push(no_way_in(city));
        }
        found.extend(cards.iter().filter(|card| self.breakers.is_open(&card.id)).map(left_alone));
        if !city.is_empty() {
            return Ok(found);
        }
        found.extend(mails(self.store.outbox_numbers(now).await?));
        found.extend(self.store.webhooks().await?.iter().filter_map(webhook));
        for key in self.store.ending_admin_keys(now, now.plus(KEY_ENDS_WITHIN)).await? {
            found.push(ending_key(&key.name, key.expires_at));
        }
        Ok(found)
    }
}

fn told(id: &'static str, severity: Severity, text: Said, remedy: Said) -> Attention {
    Attention { id, severity, text, remedy, provider: None, city_id: None }
}

/// Its circuit is open (`breaker.rs`).
fn left_alone(card: &ProviderCard) -> Attention {
    let label = &card.label;
    let text = Said::new(
        format!(
            "{label} has not answered several times in a row, so sign-ins with it end at once; it is tried again by itself."
        ),
        format!("{label} 已连续多次没有应答，因此使用它的登录会立即结束；系统会自动重试。"),
    );
    let remedy = Said::new(
        "If it lasts, run the checks: they say whether this machine reaches the provider.",
        "如持续出现，请运行检查，以确认本机能否连接该登录服务。",
    );
    let provider = Some(card.id.clone());
    Attention { provider, ..told("provider_left_alone", Severity::Error, text, remedy) }
}

fn half_done(card: &ProviderCard, city: &str) -> Attention {
    let (missing, label) = (card.missing.join(", "), &card.label);
    let (id, text, remedy) = match (&card.problem, card.status) {
        (Some(problem), _) => (
            "provider_broken",
            Said::new(
                format!("{label} can't be used: {}", problem.get(Lang::En)),
                format!("{label} 无法使用：{}", problem.get(Lang::Zh)),
            ),
            Said::new("Correct the settings in the Federation env.", "请在 Federation env 中更正设置。"),
        ),
        (None, ProviderStatus::Incomplete) => (
            "provider_incomplete",
            Said::new(
                format!("{label} is half set up: {missing} is missing, so nobody is offered it."),
                format!("{label} 只配置了一半：缺少 {missing}，因此不会提供给用户。"),
            ),
            Said::new(
                format!("Set {missing} in the Federation env, or remove what is there."),
                format!("请在 Federation env 中设置 {missing}，或移除已有的设置。"),
            ),
        ),
        _ => {
            let missing = card.city_missing.join(", ");
            (
                "city_app_incomplete",
                Said::new(
                    format!(
                        "{city} has half an app of its own at {label}: {missing} is missing, so the Federation's is used."
                    ),
                    format!(
                        "{city} 自己的 {label} 应用只配置了一半：缺少 {missing}，因此仍使用 Federation 的应用。"
                    ),
                ),
                Said::new(
                    format!("Set {missing} for the city, or remove what is there."),
                    format!("请为该城市设置 {missing}，或移除已有的设置。"),
                ),
            )
        }
    };
    let city_id = (!city.is_empty()).then(|| city.to_owned());
    Attention { provider: Some(card.id.clone()), city_id, ..told(id, Severity::Warning, text, remedy) }
}

fn no_way_in(city: &str) -> Attention {
    let text = Said::new(
        "Nobody can sign in: no provider is set up and switched on.",
        "没有人可以登录：没有已配置且启用的登录方式。",
    );
    let remedy = Said::new(
        "Set up WeChat: WECHAT_CLIENT_ID and WECHAT_CLIENT_SECRET in the Federation env.",
        "请配置微信：在 Federation env 中设置 WECHAT_CLIENT_ID 和 WECHAT_CLIENT_SECRET。",
    );
    let city_id = (!city.is_empty()).then(|| city.to_owned());
    Attention { city_id, ..told("no_provider", Severity::Error, text, remedy) }
}

fn mails(numbers: OutboxNumbers) -> Option<Attention> {
    let OutboxNumbers { mails_failing, mails_given_up } = numbers;
    if mails_failing == 0 && mails_given_up == 0 {
        return None;
    }
    let severity = if mails_given_up > 0 { Severity::Error } else { Severity::Warning };
    let text = Said::new(
        format!(
            "{mails_given_up} mails were given up in the last day, and {mails_failing} are being tried again."
        ),
        format!("过去一天有 {mails_given_up} 封邮件放弃发送，{mails_failing} 封正在重试。"),
    );
    let remedy = Said::new(
        "Check SMTP_URL and whether the mail server takes mail from this sender; the log names the server's answers.",
        "请检查 SMTP_URL，以及邮件服务器是否接受该发件人；日志中有服务器的应答。",
    );
    Some(Attention { provider: Some("email".to_owned()), ..told("mails_failing", severity, text, remedy) })
}

fn webhook(hook: &Webhook) -> Option<Attention> {
    let host = url::Url::parse(&hook.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let (host, id) = (host.unwrap_or_default(), &hook.webhook_id);
    let (severity, text) = if hook.disabled_at.is_some() && !hook.active {
        let text = Said::new(
            format!("The webhook to {host} was switched off because nothing arrived for too long."),
            format!("发往 {host} 的 webhook 因长期无法送达已被停用。"),
        );
        (Severity::Error, text)
    } else if hook.active && hook.failing_since.is_some() {
        let text = Said::new(
            format!("Deliveries to the webhook at {host} fail and are being tried again."),
            format!("发往 {host} 的 webhook 无法送达，正在重试。"),
        );
        (Severity::Warning, text)
    } else {
        return None;
    };
    let remedy = Said::new(
        format!(
            "Look at webhooks/deliveries of {id}; when the server answers again, use webhooks/enable and webhooks/replay."
        ),
        format!("请查看 {id} 的 webhooks/deliveries；服务器恢复后使用 webhooks/enable 和 webhooks/replay。"),
    );
    Some(told("webhook_failing", severity, text, remedy))
}

fn ending_key(name: &str, at: Timestamp) -> Attention {
    let day = day(at);
    let text = Said::new(
        format!("The admin key \"{name}\" ends on {day}."),
        format!("管理员密钥“{name}”将于 {day} 到期。"),
    );
    let remedy = Said::new(
        "Make a new key, put it where the old one is used, and revoke the old one.",
        "请创建新密钥，替换旧密钥后撤销旧密钥。",
    );
    told("admin_key_ends", Severity::Warning, text, remedy)
}
