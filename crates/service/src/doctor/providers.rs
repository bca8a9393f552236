//! Checks of the ways to sign in: their settings, and what the providers say to made-up values.

use super::{Group, neighbours};
use crate::directory::{Directory, Setting};
use crate::federation::Federation;
use downcity_core::finding::{Finding, Said, Verdict};
use downcity_core::{CityId, Text};
use downcity_providers::{EnvKey, LoginProvider, Visit, catalogue, city_keys, env_key, issuers, mail};
use futures::FutureExt;
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::Arc;

const SETTINGS: Text = Text::new("Settings", "配置项");

impl Federation {
    /// One group for each way to sign in that there could be.
    pub(super) fn provider_groups<'a>(
        &'a self,
        directory: &'a Directory,
        visit: &'a Visit,
    ) -> Vec<Group<'a>> {
        let fixed =
            catalogue().iter().map(|spec| (spec.id.to_owned(), spec.env.iter().map(EnvKey::from).collect()));
        let named =
            issuers(directory.env.keys().map(String::as_str)).into_iter().map(|spec| (spec.id, spec.env));
        let all: Vec<(String, Vec<EnvKey>)> = fixed.chain(named).collect();
        all.into_iter()
            .map(|(id, env)| (id.clone(), self.check_provider(directory, visit, id, env).boxed()))
            .collect()
    }

    async fn check_provider(
        &self,
        directory: &Directory,
        visit: &Visit,
        id: String,
        env: Vec<EnvKey>,
    ) -> Vec<Finding> {
        let mut findings = settings(&id, &env, &directory.env, None);
        if let Some(provider) = directory.provider(&id) {
            findings.extend(provider.check(visit).await);
        }
        if id == mail::ID {
            findings.extend(neighbours::mail(directory).await);
        }
        for (city, app) in &directory.city_apps {
            let own: Vec<EnvKey> = city_keys().iter().filter_map(|key| env_key(key)).collect();
            if !env.iter().any(|key| own.iter().any(|own| own.key == key.key)) || app.env.is_empty() {
                continue;
            }
            findings.extend(settings(&id, &own, &app.env, Some(city)));
            if let Some(provider) = &app.provider {
                findings.extend(of_city(provider, visit, city).await);
            }
        }
        findings
    }
}

async fn of_city(provider: &Arc<dyn LoginProvider>, visit: &Visit, city: &CityId) -> Vec<Finding> {
    let about = |finding: Finding| match finding.about.clone() {
        Some(host) => finding.about(format!("{city}, {host}")),
        None => finding.about(city.as_str()),
    };
    provider.check(visit).await.into_iter().map(about).collect()
}

/// What is set, and whether it looks right.
fn settings(
    id: &str,
    env: &[EnvKey],
    set: &BTreeMap<String, Setting>,
    city: Option<&CityId>,
) -> Vec<Finding> {
    let find = |result, evidence: Said| {
        let finding = Finding::new((id, "settings"), SETTINGS, result, evidence);
        match city {
            Some(city) => finding.about(city.as_str()),
            None => finding,
        }
    };
    let of_city = city.map(|city| format!(" --city {city}")).unwrap_or_default();
    let filled = |key: &&EnvKey| {
        set.get(&key.key).is_some_and(|setting| !setting.value.expose_secret().trim().is_empty())
    };
    let missing: Vec<&str> =
        env.iter().filter(|key| key.required && !filled(key)).map(|key| key.key.as_str()).collect();
    let needed = env.iter().filter(|key| key.required).count();
    if missing.len() == needed {
        let nothing = Said::new(
            "It is not set up, so nobody can sign in this way.",
            "尚未配置，因此不能以此方式登录。",
        );
        return vec![find((Verdict::Skipped, "not_set_up"), nothing)];
    }
    if !missing.is_empty() {
        let names = missing.join(", ");
        let evidence = Said::new(
            format!("It is half set up and therefore off: {names} is missing."),
            format!("只配置了一部分，因此未启用：缺少 {names}。"),
        );
        let commands: Vec<String> = missing.iter().map(|key| format!("fed env set {key}{of_city}")).collect();
        let commands = commands.join("; ");
        let remedy =
            Said::new(format!("Set what is missing: {commands}"), format!("请补充缺少的配置：{commands}"));
        return vec![find((Verdict::Failed, "incomplete"), evidence).remedy(remedy)];
    }
    let odd =
        env.iter().filter_map(|key| Some((key, (key.check)(set.get(&key.key)?.value.expose_secret())?)));
    let odd: Vec<Finding> = odd
        .map(|(key, why)| {
            let key = &key.key;
            let evidence = Said::new(format!("{key} looks wrong."), format!("{key} 看起来不对。"));
            find((Verdict::Warning, "looks_wrong"), evidence)
                .remedy(Said::new(format!("{key}: {}", why.en), format!("{key}：{}", why.zh)))
        })
        .collect();
    if odd.is_empty() {
        return vec![find((Verdict::Ok, "fine"), Said::new("Everything needed is set.", "所需配置齐全。"))];
    }
    odd
}
