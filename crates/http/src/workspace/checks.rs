//! Checks: the Federation looks itself over, and says what is wrong and what to do.

use super::desk::Desk;
use super::guard::Form;
use super::shell::Shell;
use crate::error::ApiError;
use crate::routes::House;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use downcity_service::core::Timestamp;
use downcity_service::core::finding::{Finding, Said, Verdict};
use downcity_service::doctor::Report;
use serde::Deserialize;

const PAGE: &str = "/admin/checks";

#[derive(Template)]
#[template(path = "workspace/checks.html")]
struct Page {
    shell: Shell,
    report: Option<Checked>,
}

/// What was found, as a part of another page.
#[derive(Template)]
#[template(path = "workspace/findings_part.html")]
struct Part {
    shell: Shell,
    report: Option<Checked>,
}

/// A report in the order of its sections.
struct Checked {
    at: Timestamp,
    sections: Vec<Section>,
}

/// What was found about one provider, or about everything else.
struct Section {
    heading: String,
    findings: Vec<Finding>,
}

impl Checked {
    /// Findings that stand side by side and are about the same; `labels` are the providers' ids and names.
    fn of(report: Report, labels: &[(String, String)], elsewhere: &str) -> Self {
        let heading = |group: &str| {
            let known = labels.iter().find(|(id, _)| id == group);
            known.map_or(elsewhere, |(_, label)| label.as_str()).to_owned()
        };
        let mut sections: Vec<Section> = Vec::new();
        for finding in report.findings {
            let heading = heading(finding.group());
            match sections.last_mut().filter(|last| last.heading == heading) {
                Some(last) => last.findings.push(finding),
                None => sections.push(Section { heading, findings: vec![finding] }),
            }
        }
        Self { at: report.checked_at, sections }
    }
}

impl Shell {
    /// A sentence in the page's language.
    pub(crate) fn said<'a>(&self, said: &'a Said) -> &'a str {
        said.get(self.lang)
    }

    /// How a verdict looks.
    pub(crate) fn tone_of(&self, finding: &Finding) -> &'static str {
        match finding.verdict {
            Verdict::Ok => "good",
            Verdict::Warning => "ask",
            Verdict::Failed => "bad",
            Verdict::Skipped => "calm",
        }
    }

    /// A verdict in words.
    pub(crate) fn verdict(&self, finding: &Finding) -> &'static str {
        match finding.verdict {
            Verdict::Ok => self.t("fine", "正常"),
            Verdict::Warning => self.t("look at this", "需注意"),
            Verdict::Failed => self.t("broken", "异常"),
            Verdict::Skipped => self.t("not checked", "未检查"),
        }
    }
}

/// What to check: one group, or with nothing all.
#[derive(Deserialize)]
pub(super) struct CheckForm {
    only: Option<String>,
}

/// The page, before anything was checked.
pub(super) async fn page(desk: Desk) -> Result<Response, ApiError> {
    desk.page(&Page { shell: shell(&desk), report: None })
}

/// Runs the checks and shows what they found.
pub(super) async fn run(
    desk: Desk,
    State(house): State<House>,
    Form(form): Form<CheckForm>,
) -> Result<Response, ApiError> {
    let report = house.federation.check(form.only.as_deref()).await?;
    let cards = house.federation.list_providers(None, desk.look.lang)?;
    let labels: Vec<_> = cards.into_iter().map(|card| (card.id, card.label)).collect();
    let report = Some(Checked::of(report, &labels, desk.t("The Federation itself", "Federation 自身")));
    if desk.look.partial {
        return desk.page(&Part { shell: shell(&desk), report });
    }
    desk.page(&Page { shell: shell(&desk), report })
}

fn shell(desk: &Desk) -> Shell {
    let mut shell = desk.shell(PAGE, desk.t("Checks", "检查"));
    shell.path = PAGE.to_owned();
    shell
}
