//! Overview: how sign-ins go, how each provider does, and what needs attention.

use super::attempts;
use super::chart::{Chart, HEIGHT, LEFT, WIDTH};
use super::desk::Desk;
use super::shell::Shell;
use crate::error::ApiError;
use crate::extract::Query;
use crate::routes::House;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use downcity_service::core::{Failure, Lang};
use downcity_service::overview::{Health, Overview, Step, Tally};
use downcity_service::patterns::{Attention, Severity};
use downcity_service::providers::ProviderStatus;
use serde::Deserialize;

const PAGE: &str = "/admin";

#[derive(Template)]
#[template(path = "workspace/overview.html")]
struct Page {
    shell: Shell,
    view: Overview,
    hours: i64,
    chart: Chart,
    notices: Vec<Notice>,
    reasons: Vec<Reason>,
}

/// Something that needs attention.
pub(super) struct Notice {
    pub(super) tone: &'static str,
    pub(super) text: String,
    pub(super) remedy: String,
    /// The card of the provider that it is about.
    pub(super) provider: Option<String>,
    /// The page with the attempts that it is about, where these say more than the card.
    pub(super) attempts: Option<String>,
}

/// Why sign-ins failed.
struct Reason {
    code: String,
    words: &'static str,
    count: u64,
}

/// Which span.
#[derive(Deserialize)]
pub(super) struct Span {
    hours: Option<i64>,
}

/// The last day, week or 30 days; for the key of a city, of that city.
pub(super) async fn page(
    desk: Desk,
    State(house): State<House>,
    Query(query): Query<Span>,
) -> Result<Response, ApiError> {
    let hours = query.hours.filter(|hours| [24, 168, 720].contains(hours)).unwrap_or(24);
    let city = desk.admin().city.as_ref().map(ToString::to_string);
    let view = house.federation.overview(hours, city.as_deref(), desk.look.lang).await?;
    let page = Page {
        shell: desk.shell(PAGE, desk.t("Overview", "概览")),
        chart: Chart::of(&view.series, |step| name(step, hours == 24)),
        notices: notices(&view.attention, desk.look.lang),
        reasons: reasons(&view.total, desk.look.lang),
        hours,
        view,
    };
    desk.page(&page)
}

/// What needs attention, in one language.
pub(super) fn notices(attention: &[Attention], lang: Lang) -> Vec<Notice> {
    let tone = |severity| match severity {
        Severity::Error => "bad",
        Severity::Warning => "ask",
        Severity::Info => "calm",
    };
    let notice = |one: &Attention| Notice {
        tone: tone(one.severity),
        text: one.text.get(lang).to_owned(),
        remedy: one.remedy.get(lang).to_owned(),
        provider: one.provider.clone(),
        attempts: (one.id == "people_cancel").then(|| {
            attempts::failed_as(Failure::LoginCancelled, one.provider.as_deref(), one.city_id.as_deref())
        }),
    };
    attention.iter().map(notice).collect()
}

/// The most frequent first.
fn reasons(total: &Tally, lang: Lang) -> Vec<Reason> {
    let words = |code: &str| Failure::from_code(code).map_or("", |failure| failure.text(lang));
    let reason =
        |(code, count): (&String, &u64)| Reason { code: code.clone(), words: words(code), count: *count };
    let mut reasons: Vec<Reason> = total.failed.iter().map(reason).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    reasons
}

/// What a step is called: its hour, or its day.
fn name(step: &Step, by_hour: bool) -> String {
    let format = if by_hour { "%H:%M" } else { "%m-%d" };
    let at = jiff::Timestamp::from_millisecond(step.at.0);
    at.map(|at| at.strftime(format).to_string()).unwrap_or_default()
}

impl Page {
    fn step(&self, step: &Step) -> String {
        name(step, self.hours == 24)
    }

    fn failed(&self, tally: &Tally) -> u64 {
        tally.failed.values().sum()
    }

    /// The failures of a step in one text.
    fn failed_by(&self, tally: &Tally) -> String {
        let by: Vec<String> = tally.failed.iter().map(|(code, count)| format!("{code} {count}")).collect();
        by.join(", ")
    }

    /// Where the bars begin, and where the numbers before them end.
    fn left(&self) -> (f64, f64) {
        (LEFT, LEFT - 8.0)
    }

    /// The drawing's size.
    fn view_box(&self) -> String {
        format!("0 0 {WIDTH} {HEIGHT}")
    }

    fn rate(&self, tally: &Tally) -> String {
        tally.success_rate().map_or_else(|| "—".to_owned(), |rate| format!("{:.0}%", rate * 100.0))
    }

    fn health(&self, one: &Health) -> (&'static str, &'static str) {
        match one.card.status {
            ProviderStatus::Broken => ("bad", self.shell.t("not usable", "无法使用")),
            ProviderStatus::Incomplete => ("ask", self.shell.t("incomplete", "未完成")),
            ProviderStatus::Off => ("calm", self.shell.t("switched off", "已停用")),
            ProviderStatus::NotSetUp => ("calm", self.shell.t("not set up", "未配置")),
            ProviderStatus::Enabled => match one.hour.success_rate().or(one.day.success_rate()) {
                Some(rate) if rate < 0.5 => ("bad", self.shell.t("failing", "大量失败")),
                Some(rate) if rate < 0.9 => ("ask", self.shell.t("some fail", "部分失败")),
                _ => ("good", self.shell.t("well", "正常")),
            },
        }
    }
}
