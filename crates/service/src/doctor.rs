//! Story: the Federation looks itself over: what works, what does not, how that shows, and what to do.
//!
//! Checks ask what a sign-in asks, with made-up values, and change nothing that anybody sees. They run at once, each
//! with a time of its own. Their findings hold no secret.

mod address;
pub mod echo;
mod house;
mod neighbours;
mod providers;

use crate::directory::Directory;
use crate::federation::Federation;
use data_encoding::HEXLOWER;
use downcity_core::finding::{Finding, Said, Verdict};
use downcity_core::{Text, Timestamp};
use downcity_providers::Visit;
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A report is given again until it is that old: checks send requests to other servers, which should not be needless.
const FRESH: Duration = Duration::from_secs(5);
/// The group about the time.
const CLOCK: &str = "clock";
/// From here on a node's clock is told not to agree with PostgreSQL's, in milliseconds.
pub const CLOCKS_APART: i64 = 10_000;
/// How long one group of checks may take.
const PATIENCE: Duration = Duration::from_secs(25);

/// What was found.
#[derive(Debug, Clone)]
pub struct Report {
    /// When it was looked.
    pub checked_at: Timestamp,
    /// For how long.
    pub took: Duration,
    /// One for each check, in an order for reading.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The worst of the verdicts.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Skipped)
    }

    /// What of it is about one check, or else about its group.
    fn about(mut self, only: Option<&str>, group: Option<&str>) -> Self {
        let Some(only) = only else { return self };
        let reached = self.findings.iter().any(|finding| finding.is_meant(only));
        let wanted = if reached { Some(only) } else { group };
        self.findings.retain(|finding| wanted.is_none_or(|wanted| finding.is_meant(wanted)));
        self
    }
}

/// There is no check, and no group of checks, of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no check of that name: {}", .known.join(", "))]
pub struct UnknownCheck {
    /// The names of the groups.
    pub known: Vec<String>,
}

/// Reports by the group that was asked for, and the change of settings that they were made at. Locked while checks
/// run, so that there is one run at a time.
pub(crate) type Reports = tokio::sync::Mutex<HashMap<Option<String>, (i64, Instant, Report)>>;

type Group<'a> = (String, BoxFuture<'a, Vec<Finding>>);

impl Federation {
    /// Runs the checks: all, or with `only` those of one group (`wechat`, `url`, `database` …) or a single one
    /// (`wechat.credentials`). One run at a time; a report less than five seconds old is given again, unless a
    /// setting has changed since. If an earlier check of the group makes the one asked for impossible, the whole group is
    /// reported.
    ///
    /// # Errors
    /// When there is no group of that name.
    pub async fn check(&self, only: Option<&str>) -> Result<Report, UnknownCheck> {
        let mut reports = self.reports.lock().await;
        let directory = self.directory.load_full();
        reports.retain(|_, (changes, at, _)| *changes == directory.changes && at.elapsed() < FRESH);
        let group = only.and_then(|only| only.split('.').next()).map(str::to_owned);
        let whole = reports.get(&None).filter(|(_, _, report)| {
            report
                .findings
                .iter()
                .any(|finding| group.as_deref().is_none_or(|group| finding.group() == group))
        });
        let known = reports.get(&group).or(whole).map(|(_, _, report)| report.clone());
        let report = match known {
            Some(report) => report,
            None => {
                let report = self.examine(&directory, group.as_deref()).await?;
                reports.insert(group.clone(), (directory.changes, Instant::now(), report.clone()));
                report
            }
        };
        Ok(report.about(only, group.as_deref()))
    }

    async fn examine(&self, directory: &Directory, only: Option<&str>) -> Result<Report, UnknownCheck> {
        let (checked_at, began) = (self.clock.now(), Instant::now());
        let visit = self.visit();
        let mut groups = self.provider_groups(directory, &visit);
        let providers: BTreeSet<String> = groups.iter().map(|(group, _)| group.clone()).collect();
        groups.extend(self.own_groups());
        if let Some(only) = only {
            let known = groups.iter().map(|(group, _)| group.clone());
            let known: Vec<String> = known.chain([CLOCK.to_owned()]).collect();
            if !known.iter().any(|group| group == only) {
                return Err(UnknownCheck { known });
            }
            // What the time is elsewhere shows in the answers of providers.
            groups.retain(|(group, _)| group == only || (only == CLOCK && providers.contains(group)));
        }
        let runs = groups.into_iter().map(|(group, run)| async move {
            timeout(PATIENCE, run).await.unwrap_or_else(|_| vec![too_slow(&group)])
        });
        let mut findings: Vec<Finding> = join_all(runs).await.into_iter().flatten().collect();
        if only.is_none_or(|only| only == CLOCK) {
            let database = timeout(PATIENCE, self.database_skew()).await.ok().flatten();
            findings.push(of_clock(&visit.skews(), database));
        }
        findings.retain(|finding| only.is_none_or(|only| finding.group() == only));
        Ok(Report { checked_at, took: began.elapsed(), findings })
    }

    /// How far PostgreSQL's clock is ahead of this node's, in milliseconds. All nodes write down times for each other, and
    /// that clock is what they have in common. None on SQLite, and where it does not answer.
    pub async fn database_skew(&self) -> Option<i64> {
        let before = self.clock.now();
        let there = self.store.time().await.ok()??;
        // The answer was on its way for a while, and so was the question.
        Some(there.0 - i64::midpoint(before.0, self.clock.now().0))
    }

    /// What belongs to no provider.
    fn own_groups(&self) -> Vec<Group<'_>> {
        vec![
            ("url".to_owned(), self.check_addresses().boxed()),
            ("database".to_owned(), self.check_database().boxed()),
            ("disk".to_owned(), self.check_disk().boxed()),
            ("files".to_owned(), self.check_files().boxed()),
            ("keys".to_owned(), self.check_keys().boxed()),
            ("webhooks".to_owned(), self.check_webhooks().boxed()),
        ]
    }

    fn visit(&self) -> Visit {
        let urls = std::iter::once(&self.settings.public_url).chain(&self.settings.other_urls);
        let made_up = HEXLOWER.encode(&self.random.bytes::<32>());
        let visit = Visit::new(urls.map(Self::callback_url).collect(), made_up, self.clock.now());
        visit.beside_wechat(self.directory().has_wechat())
    }
}

fn too_slow(group: &str) -> Finding {
    let evidence = Said::new(
        format!("The checks took more than {} seconds and were given up.", PATIENCE.as_secs()),
        format!("检查超过 {} 秒，已放弃。", PATIENCE.as_secs()),
    );
    let title = Text::new("Time", "用时");
    Finding::new((group, "time"), title, (Verdict::Failed, "too_slow"), evidence).remedy(Text::new(
        "Check again. If it lasts, look at the network and the load of this machine.",
        "请重新检查；如果持续出现，请检查网络和本机负载。",
    ))
}

const MACHINE: Text = Text::new("This machine's clock", "本机时钟");
const SET_CLOCK: Text = Text::new(
    "Set the clock by NTP (timedatectl set-ntp true): tokens would start or end at the wrong time.",
    "请通过 NTP 校准时钟（timedatectl set-ntp true），否则令牌的生效与过期时间会出错。",
);

/// Our clock beside those of providers and PostgreSQL's: the one that is further off.
fn of_clock(skews: &[i64], database: Option<i64>) -> Finding {
    // The middle one: one provider with a wrong clock says nothing about ours.
    let mut sorted = skews.to_vec();
    sorted.sort_unstable();
    let providers = sorted.get(sorted.len() / 2).copied();
    match database {
        Some(apart) if apart.abs() > CLOCKS_APART.max(providers.map_or(0, i64::abs)) => {
            of_database_clock(apart, providers.is_some_and(|skew| in_seconds(skew) <= 5))
        }
        _ => of_providers_clocks(providers, database.is_some()),
    }
}

fn in_seconds(skew: i64) -> i64 {
    (skew.abs() + 500) / 1000
}

/// Our clock beside PostgreSQL's, where the two disagree. Where ours is `confirmed` by others, the other one is wrong.
fn of_database_clock(skew: i64, confirmed: bool) -> Finding {
    let seconds = in_seconds(skew);
    let verdict = if seconds <= 30 { Verdict::Warning } else { Verdict::Failed };
    let (en, zh) = if skew > 0 { ("behind", "慢") } else { ("ahead of", "快") };
    let evidence = Said::new(
        format!("It is {seconds} seconds {en} PostgreSQL's clock, which the other nodes share."),
        format!("比 PostgreSQL 的时钟{zh} {seconds} 秒，而其他节点也使用该数据库。"),
    );
    let remedy = if confirmed {
        Text::new(
            "It agrees with the providers' clocks: set the clock of PostgreSQL's machine by NTP.",
            "本机时钟与登录服务的时钟一致：请通过 NTP 校准 PostgreSQL 所在机器的时钟。",
        )
    } else {
        SET_CLOCK
    };
    Finding::new((CLOCK, "skew"), MACHINE, (verdict, "skewed"), evidence).remedy(remedy)
}

/// Our clock beside those of providers. Tokens and sealed times are worth as much as it is.
fn of_providers_clocks(skew: Option<i64>, database_agrees: bool) -> Finding {
    let find = |result, evidence| Finding::new((CLOCK, "skew"), MACHINE, result, evidence);
    let Some(skew) = skew else {
        if database_agrees {
            let fine = Said::new("It agrees with PostgreSQL's clock.", "与 PostgreSQL 的时钟一致。");
            return find((Verdict::Ok, "fine"), fine);
        }
        let none = Said::new("No provider told the time.", "没有登录服务提供时间。");
        return find((Verdict::Skipped, "unknown"), none);
    };
    let seconds = in_seconds(skew);
    if seconds <= 5 {
        let fine = Said::new("It agrees with the providers' clocks.", "与登录服务的时钟一致。");
        return find((Verdict::Ok, "fine"), fine);
    }
    let (en, zh) = if skew > 0 { ("behind", "慢") } else { ("ahead of", "快") };
    let evidence = Said::new(
        format!("It is {seconds} seconds {en} the providers' clocks."),
        format!("比登录服务的时钟{zh} {seconds} 秒。"),
    );
    let verdict = if seconds > 30 { Verdict::Failed } else { Verdict::Warning };
    find((verdict, "skewed"), evidence).remedy(SET_CLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_that_is_further_off_is_told() {
        let told = |providers: &[i64], database| {
            let found = of_clock(providers, database);
            let said = format!("{found:?}");
            (found.verdict, said.contains("PostgreSQL"), said.contains("of PostgreSQL's machine"))
        };
        assert_eq!(told(&[], None), (Verdict::Skipped, false, false));
        assert_eq!(told(&[], Some(9_000)), (Verdict::Ok, true, false));
        assert_eq!(told(&[60_000, 0, 60_000], Some(15_000)), (Verdict::Failed, false, false));
        assert_eq!(told(&[6_000], Some(40_000)), (Verdict::Failed, true, false));
        assert_eq!(told(&[100, 60_000, -100], Some(-15_000)), (Verdict::Warning, true, true));
    }
}
