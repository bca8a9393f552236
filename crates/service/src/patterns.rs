//! What the last sign-in attempts have in common, spelled out: rules over what was seen, with no I/O.

use crate::moments::minute;
use downcity_core::attempt::COLLECT_WITHIN;
use downcity_core::{Failure, Lang, Said, Timestamp};
use downcity_providers::{mail, words};
use downcity_store::ListedAttempt;
use std::collections::{BTreeMap, BTreeSet};

/// So many in a row that did not come back say something where nobody ever did.
const NEVER_RETURNED: usize = 5;
/// And so many where others did: some people always change their mind.
const RETURNED_NO_MORE: usize = 20;
/// So many of a kind are no accident.
const SEVERAL: usize = 3;
/// So many that people themselves caused are worth a word.
const MANY: usize = 5;
/// So many networks that finish what one network starts are no household with phones.
const ELSEWHERE: usize = 5;
/// WeChat's two codes for a code that was used before.
const CODE_USED: [&str; 2] = ["40163", "40099"];
/// WeChat's code for a wrong AppSecret.
const WRONG_SECRET: &str = "40125";

/// How much something matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// People can't sign in.
    Error,
    /// Some can't, or soon nobody can.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// Something that needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// What kind of thing; stable.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen and what it probably means.
    pub text: Said,
    /// What to do.
    pub remedy: Said,
    /// The provider it is about.
    pub provider: Option<String>,
    /// The city it is about, if it is about one alone.
    pub city_id: Option<String>,
}

/// What is known besides the attempts.
pub(crate) struct Known<'a> {
    pub(crate) now: Timestamp,
    /// The name of a provider for people.
    pub(crate) label: &'a dyn Fn(&str, Lang) -> String,
    /// When the secret of a provider's app was set.
    pub(crate) secret_set_at: &'a dyn Fn(&str, &str) -> Option<Timestamp>,
}

/// Attempts with one app from one public address, newest first.
struct Group<'a> {
    provider: &'a str,
    app_id: &'a str,
    callback: &'a str,
    attempts: Vec<&'a ListedAttempt>,
}

/// What the attempts, newest first, have in common; the worst first.
pub(crate) fn patterns(attempts: &[ListedAttempt], known: &Known<'_>) -> Vec<Attention> {
    let mut groups: BTreeMap<(&str, &str, &str), Group<'_>> = BTreeMap::new();
    for one in attempts {
        let key = (one.provider.as_str(), one.app_id.as_str(), one.redirect_uri.as_str());
        let (provider, app_id, callback) = key;
        let group = groups.entry(key);
        let group = group.or_insert(Group { provider, app_id, callback, attempts: Vec::new() });
        group.attempts.push(one);
    }
    let rules = [
        not_returned,
        refused,
        code_used,
        unconfirmed,
        uncollected,
        denied,
        cancelled,
        started_for_others,
        interrupted,
    ];
    let mut found: Vec<Attention> =
        groups.values().flat_map(|group| rules.iter().filter_map(|rule| rule(group, known))).collect();
    found.sort_by_key(|one| one.severity);
    found
}

impl<'a> Group<'a> {
    fn with(&self, status: &str) -> usize {
        self.attempts.iter().filter(|one| one.status == status).count()
    }

    fn failed(&self, wanted: &[Failure]) -> usize {
        self.attempts
            .iter()
            .filter(|one| one.failure.is_some_and(|failure| wanted.contains(&failure)))
            .count()
    }

    /// Those that came back and are over.
    fn settled(&self) -> usize {
        self.with("done") + self.with("failed") + self.with("expired")
    }

    /// Those since the last success, newest first.
    fn since_success(&self) -> impl Iterator<Item = &&'a ListedAttempt> {
        self.attempts.iter().take_while(|one| one.status != "done")
    }

    fn host(&self) -> String {
        url::Url::parse(self.callback)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default()
    }

    fn found(&self, id: &'static str, severity: Severity, text: Said, remedy: Said) -> Option<Attention> {
        let first = self.attempts.first()?;
        let one_city = self.attempts.iter().all(|one| one.city_id == first.city_id);
        Some(Attention {
            id,
            severity,
            text,
            remedy,
            provider: Some(self.provider.to_owned()),
            city_id: one_city.then(|| first.city_id.clone()),
        })
    }
}

fn not_returned(group: &Group<'_>, known: &Known<'_>) -> Option<Attention> {
    let (mut started, mut lost) = (0, 0);
    for one in group.attempts.iter().take_while(|one| one.returned_at.is_none() && one.status != "failed") {
        started += 1;
        lost += usize::from(one.status == "not_returned");
    }
    let ever = group.attempts.len() > started;
    if lost < if ever { RETURNED_NO_MORE } else { NEVER_RETURNED } {
        return None;
    }
    let (en, zh) = ((known.label)(group.provider, Lang::En), (known.label)(group.provider, Lang::Zh));
    if group.provider == mail::ID {
        let text = Said::new(
            format!(
                "{started} started by e-mail, 0 finished: the mails probably do not arrive, or land in spam."
            ),
            format!("{started} 次邮箱登录已发起，0 次完成：邮件很可能没有送达，或进了垃圾箱。"),
        );
        let remedy = Said::new(
            "Send yourself a code; check the mail server, and SPF, DKIM and DMARC of the sender's domain.",
            "请给自己发送一个验证码；检查邮件服务器，以及发件域名的 SPF、DKIM、DMARC。",
        );
        return group.found("mails_not_arriving", Severity::Error, text, remedy);
    }
    let (host, callback) = (group.host(), group.callback);
    let (text, remedy) = if group.provider == "wechat" {
        (
            Said::new(
                format!(
                    "{started} started, 0 returned: the callback domain in WeChat's console is probably not {host}."
                ),
                format!("{started} 次发起，0 次返回：微信开放平台中的“授权回调域”很可能不是 {host}。"),
            ),
            Said::new(
                format!(
                    "On open.weixin.qq.com, open the Website App and set its callback domain (授权回调域) to {host}: no https://, no path."
                ),
                format!(
                    "请在 open.weixin.qq.com 打开该网站应用，将“授权回调域”设为 {host}：不带 https://，不带路径。"
                ),
            ),
        )
    } else {
        (
            Said::new(
                format!(
                    "{started} started, 0 returned: the callback URL registered at {en} is probably not {callback}."
                ),
                format!("{started} 次发起，0 次返回：在{zh}登记的回调地址很可能不是 {callback}。"),
            ),
            Said::new(
                format!("Register exactly {callback} at {en}, and check the client id."),
                format!("请在{zh}登记完全一致的 {callback}，并检查客户端 ID。"),
            ),
        )
    };
    group.found("callback_domain", Severity::Error, text, remedy)
}

fn refused(group: &Group<'_>, known: &Known<'_>) -> Option<Attention> {
    let returned = group.since_success().filter(|one| matches!(one.status.as_str(), "failed" | "expired"));
    let returned: Vec<_> = returned.collect();
    let mut kinds: BTreeMap<(&str, Option<&str>), (usize, Failure)> = BTreeMap::new();
    for one in &returned {
        let Some(failure) = one.failure else { continue };
        kinds.entry((failure.code(), one.provider_code.as_deref())).or_insert((0, failure)).0 += 1;
    }
    let ((code, number), (count, failure)) = kinds.into_iter().max_by_key(|(_, (count, _))| *count)?;
    let severity = match failure {
        Failure::ProviderMisconfigured | Failure::WrongAppType => Severity::Error,
        Failure::ProviderBusy
        | Failure::ProviderUnavailable
        | Failure::AnswerRefused
        | Failure::CodeRejected
            if count >= SEVERAL && count * 5 >= returned.len() * 4 =>
        {
            Severity::Warning
        }
        _ => return None,
    };
    let words = words(group.provider, number, failure);
    let set_at = (number == Some(WRONG_SECRET))
        .then(|| (known.secret_set_at)(group.provider, group.app_id))
        .flatten()
        .map(minute);
    let name = number.unwrap_or(code);
    let counted = match count {
        1 => ("the only one".to_owned(), "唯一 1 次".to_owned()),
        _ if count == returned.len() => (format!("all {count}"), format!("全部 {count} 次")),
        _ => (count.to_string(), format!("{count} 次")),
    };
    let (what, remedy) = (words.what, words.remedy);
    let set = |before: &str, after: &str| {
        set_at.as_ref().map(|at| format!("{before}{at}{after}")).unwrap_or_default()
    };
    let text = Said::new(
        format!(
            "{} since the last success failed with {name}: {}{}.",
            counted.0,
            what.get(Lang::En),
            set(" (it was set at ", ")")
        ),
        format!(
            "自上次成功以来，{}登录失败，错误码 {name}：{}{}。",
            counted.1,
            what.get(Lang::Zh),
            set("（该值设置于 ", "）")
        ),
    );
    let remedy = Said::new(capital(remedy.get(Lang::En)), format!("{}。", remedy.get(Lang::Zh)));
    group.found("provider_refuses", severity, text, remedy)
}

fn code_used(group: &Group<'_>, _: &Known<'_>) -> Option<Attention> {
    let used =
        |one: &&&ListedAttempt| one.provider_code.as_deref().is_some_and(|code| CODE_USED.contains(&code));
    let count = group.attempts.iter().filter(used).count();
    if count < 2 {
        return None;
    }
    let text = Said::new(
        format!(
            "{count} failed because their code had been used: something calls the callback twice, or exchanges codes with the same AppID."
        ),
        format!("{count} 次因 code 已被使用而失败：有程序重复访问回调地址，或用同一个 AppID 兑换 code。"),
    );
    let remedy = Said::new(
        "Look for a proxy, a security scanner or a second service behind the same callback domain.",
        "请检查代理、安全扫描器，或同一回调域下的另一个服务。",
    );
    group.found("code_used", Severity::Warning, text, remedy)
}

fn unconfirmed(group: &Group<'_>, _: &Known<'_>) -> Option<Attention> {
    let count = group.with("expired");
    if count < MANY || count * 2 < group.settled() {
        return None;
    }
    let text = Said::new(
        format!(
            "{count} came back and were never confirmed: the sign-in was started by another client than the browser that came back."
        ),
        format!("{count} 次返回后始终未确认：发起登录的客户端与返回的浏览器不是同一个。"),
    );
    let remedy = Said::new(
        "Let products start with a return_to to their site and a code_challenge, so that nothing has to be confirmed; behind a proxy, check that it passes the client's address on.",
        "请让产品使用指向其网站的 return_to 与 code_challenge 发起登录，这样无需确认；如有代理，请检查它是否传递客户端地址。",
    );
    group.found("never_confirmed", Severity::Warning, text, remedy)
}

fn uncollected(group: &Group<'_>, known: &Known<'_>) -> Option<Attention> {
    let late = known.now.minus(COLLECT_WITHIN);
    let lost = |one: &&&ListedAttempt| {
        one.status == "done"
            && !one.linking
            && one.collected_at.is_none()
            && one.ended_at.is_some_and(|at| at <= late)
    };
    let count = group.attempts.iter().filter(lost).count();
    if count < SEVERAL || count * 2 < group.with("done") {
        return None;
    }
    let text = Said::new(
        format!(
            "{count} succeeded and nobody collected the token: the product does not ask for the result, asks from another client, or without its code or code_verifier."
        ),
        format!(
            "{count} 次登录成功却无人领取令牌：产品没有查询结果，或从另一个客户端查询，或未带 code、code_verifier。"
        ),
    );
    let remedy = Said::new(
        "Look into the product's log for the answers of oauth/result (other_client, login_code_required, code_verifier_required).",
        "请在产品日志中查看 oauth/result 的应答（other_client、login_code_required、code_verifier_required）。",
    );
    group.found("never_collected", Severity::Warning, text, remedy)
}

fn denied(group: &Group<'_>, _: &Known<'_>) -> Option<Attention> {
    let count = group.failed(&[Failure::AccessDenied, Failure::ConsentMissing]);
    if count < MANY || count * 2 < group.settled() {
        return None;
    }
    let text = Said::new(
        format!(
            "{count} people refused at the provider: they may not know the name or the picture of the app that is shown there."
        ),
        format!("{count} 人在登录服务处拒绝了授权：他们可能不认识那里显示的应用名称或图标。"),
    );
    let remedy = Said::new(
        "Compare name and picture of the app in the provider's console with those of the product.",
        "请核对登录服务控制台中应用的名称与图标是否与产品一致。",
    );
    group.found("people_refuse", Severity::Info, text, remedy)
}

fn cancelled(group: &Group<'_>, _: &Known<'_>) -> Option<Attention> {
    let count = group.failed(&[Failure::LoginCancelled]);
    if count < SEVERAL {
        return None;
    }
    let text = Said::new(
        format!(
            "{count} sign-ins were answered with No by whoever was asked to confirm them: somebody may be sending links or codes to people."
        ),
        format!("{count} 次登录被用户否认（确认时选择“不是我”）：可能有人在向用户散发登录链接或二维码。"),
    );
    let remedy = Said::new(
        "Look at where these attempts were started from, and warn people.",
        "请查看这些登录从何处发起，并提醒用户。",
    );
    group.found("people_cancel", Severity::Warning, text, remedy)
}

/// Who sends on the addresses of sign-ins that they started gets them finished all over the place.
fn started_for_others(group: &Group<'_>, _: &Known<'_>) -> Option<Attention> {
    #[derive(Default)]
    struct Starter<'a> {
        returned: usize,
        elsewhere: usize,
        networks: BTreeSet<&'a str>,
    }
    let mut starters: BTreeMap<&str, Starter<'_>> = BTreeMap::new();
    for one in group.attempts.iter().filter(|one| !one.returns_to_site) {
        let Some(finisher) = one.finisher.as_deref() else { continue };
        let starter = starters.entry(&one.network).or_default();
        starter.returned += 1;
        if finisher != one.network {
            starter.elsewhere += 1;
            starter.networks.insert(finisher);
        }
    }
    // Of many people behind one address some are always elsewhere by then.
    let seen = |one: &Starter<'_>| one.networks.len() >= ELSEWHERE && one.elsewhere * 2 >= one.returned;
    let starters = starters.into_iter().filter(|(_, one)| seen(one));
    let (starter, one) = starters.max_by_key(|(_, one)| one.networks.len())?;
    let (count, others) = (one.elsewhere, one.networks.len());
    let text = Said::new(
        format!(
            "{count} sign-ins that were started at {starter} came back from {others} other networks: a product's server starts them, or somebody sends people the addresses of sign-ins of their own."
        ),
        format!(
            "从 {starter} 发起的 {count} 次登录从另外 {others} 个网络返回：可能是产品的服务器在发起登录，也可能有人把自己发起的登录链接发给了别人。"
        ),
    );
    let remedy = Said::new(
        "If it is a server of yours, have the person's browser start, or let it return to the product's site. If you don't know that address, keep it out, warn people, and let the city ask for a code that is typed.",
        "如果是您自己的服务器，请改由用户的浏览器发起，或使用指向产品网站的 return_to。如果不认识该地址，请将其拦截，提醒用户，并让城市要求输入验证码。",
    );
    group.found("started_for_others", Severity::Warning, text, remedy)
}

fn interrupted(group: &Group<'_>, _: &Known<'_>) -> Option<Attention> {
    let count = group.failed(&[Failure::Interrupted]);
    if count < 2 {
        return None;
    }
    let text = Said::new(
        format!(
            "{count} were interrupted: a server stopped, or lost its database, in the middle of sign-ins."
        ),
        format!("{count} 次被中断：服务器在登录过程中停止，或失去了数据库连接。"),
    );
    let remedy = Said::new(
        "Look into the log for crashes and for errors of the database; let a stopping server have 20 seconds.",
        "请查看日志中的崩溃与数据库错误；停止服务器时请留出 20 秒。",
    );
    group.found("interrupted", Severity::Warning, text, remedy)
}

/// A part of a sentence as a sentence.
fn capital(part: &str) -> String {
    let mut letters = part.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

#[cfg(test)]
#[path = "patterns/tests.rs"]
mod tests;
