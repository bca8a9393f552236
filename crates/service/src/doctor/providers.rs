//! Checks of the ways to sign in: their settings, and what the providers say to made-up values.

use super::{Group, neighbours};
use crate::directory::{CityApp, Directory, Setting};
use crate::federation::Federation;
use downcity_core::finding::{Finding, Said, Verdict};
use downcity_core::{CityId, Text};
use downcity_providers::{EnvKey, LoginProvider, Visit, catalogue, city_keys, env_key, issuers, mail};
use futures::{FutureExt, StreamExt, stream};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How many cities' apps are checked at once, and for how long they are gone through.
const AT_ONCE: usize = 8;
const FOR_CITIES: Duration = Duration::from_secs(18);
const SETTINGS: Text = Text::new("Settings", "配置项");
const SWITCH: Text = Text::new("Switch", "启用状态");

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
        let own: Vec<EnvKey> = city_keys().iter().filter_map(|key| env_key(key)).collect();
        let is_of_cities = env.iter().any(|key| own.iter().any(|own| own.key == key.key));
        let federation = async {
            let mut findings = self.check_settings(&id, &env, &directory.env, None);
            if let Some(provider) = directory.provider(&id) {
                findings.extend(provider.check(visit).await);
            }
            findings.extend(switches(directory, &id));
            findings.extend(self.breakers.is_open(&id).then(|| left_alone(&id)));
            if id == mail::ID {
                findings.extend(neighbours::mail(directory).await);
            }
            findings
        };
        let mut apps: Vec<_> =
            directory.city_apps.iter().filter(|(_, app)| is_of_cities && !app.env.is_empty()).collect();
        apps.sort_unstable_by_key(|(city, _)| city.as_str());
        let count = apps.len();
        let cities: Vec<_> =
            apps.into_iter().map(|app| self.check_city(visit, &id, &own, app).boxed()).collect();
        // A few at a time, since all go to the same place; those that are not reached in time are counted.
        let cities = stream::iter(cities).buffered(AT_ONCE).take_until(sleep(FOR_CITIES)).collect::<Vec<_>>();
        let (mut findings, cities) = tokio::join!(federation, cities);
        let left = count - cities.len();
        findings.extend(cities.into_iter().flatten());
        if left > 0 {
            findings.push(not_reached(&id, left));
        }
        findings
    }

    /// The app of a city.
    async fn check_city(
        &self,
        visit: &Visit,
        id: &str,
        env: &[EnvKey],
        (city, app): (&CityId, &CityApp),
    ) -> Vec<Finding> {
        let mut findings = self.check_settings(id, env, &app.env, Some(city));
        if let Some(provider) = &app.provider {
            findings.extend(of_city(provider, visit, city).await);
        }
        findings
    }

    /// What is set, and whether it looks right.
    fn check_settings(
        &self,
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
            let (verdict, evidence, remedy) = half_set_up(&missing, city);
            return vec![find((verdict, "incomplete"), evidence).remedy(remedy)];
        }
        let odd = env.iter().filter_map(|key| {
            let value = set.get(&key.key)?.value.expose_secret();
            // What only needs a permission that was given is not odd.
            let permitted = key.key.ends_with("_ISSUER") && self.outside.permits_private(value.trim());
            (key.check)(value).filter(|_| !permitted).map(|why| (key, why))
        });
        let odd: Vec<Finding> = odd
            .map(|(key, why)| {
                let key = &key.key;
                let evidence = Said::new(format!("{key} looks wrong."), format!("{key} 看起来不对。"));
                find((Verdict::Warning, "looks_wrong"), evidence)
                    .remedy(Said::new(format!("{key}: {}", why.en), format!("{key}：{}", why.zh)))
            })
            .collect();
        if odd.is_empty() {
            return vec![find(
                (Verdict::Ok, "fine"),
                Said::new("Everything needed is set.", "所需配置齐全。"),
            )];
        }
        odd
    }
}

/// What is said where settings are missing: without them the provider is off, and a city's own app is not used.
fn half_set_up(missing: &[&str], city: Option<&CityId>) -> (Verdict, Said, Said) {
    let names = missing.join(", ");
    let of_city = city.map(|city| format!(" --city {city}")).unwrap_or_default();
    let commands: Vec<String> = missing.iter().map(|key| format!("fed env set {key}{of_city}")).collect();
    let commands = commands.join("; ");
    if city.is_none() {
        let evidence = Said::new(
            format!("It is half set up and therefore off: {names} is missing."),
            format!("只配置了一部分，因此未启用：缺少 {names}。"),
        );
        let remedy =
            Said::new(format!("Set what is missing: {commands}"), format!("请补充缺少的配置：{commands}"));
        return (Verdict::Failed, evidence, remedy);
    }
    let evidence = Said::new(
        format!("The city has half an app of its own: {names} is missing, so the Federation's is used."),
        format!("该城市自己的应用只配置了一半：缺少 {names}，因此仍使用 Federation 的应用。"),
    );
    let remedy = Said::new(
        format!("Set what is missing, or remove what is there: {commands}"),
        format!("请补充缺少的配置，或移除已有的设置：{commands}"),
    );
    (Verdict::Warning, evidence, remedy)
}

/// Where an admin switched it off.
fn switches(directory: &Directory, id: &str) -> Vec<Finding> {
    let mut off: Vec<_> = directory.switches.keys().filter(|(_, provider)| provider == id).collect();
    off.sort_unstable_by_key(|(city, _)| city.as_ref().map(|city| city.as_str().to_owned()));
    let told = off.into_iter().map(|(city, _)| {
        let evidence = Text::new(
            "It is switched off, so nobody can sign in this way.",
            "已停用，因此不能以此方式登录。",
        );
        let remedy = Text::new(
            "Switch it on when it is wanted again: providers/enable.",
            "需要时请重新启用：providers/enable。",
        );
        let finding =
            Finding::new((id, "switch"), SWITCH, (Verdict::Skipped, "switched_off"), evidence).remedy(remedy);
        match city {
            Some(city) => finding.about(city.as_str()),
            None => finding,
        }
    });
    told.collect()
}

/// Its circuit is open: people who come back from it are told to start again.
fn left_alone(id: &str) -> Finding {
    let evidence = Text::new(
        "It did not answer several times in a row, so this process leaves it alone for a while: who comes back from \
         it is told at once to start again.",
        "该服务连续多次无应答，本进程已暂停请求：此时返回的用户会立即被提示重新登录。",
    );
    let remedy = Text::new(
        "It is tried again by itself. If that lasts, look at its other checks, and at the network between.",
        "会自动重试。如果持续出现，请查看它的其他检查以及中间的网络。",
    );
    let title = Text::new("Answers", "应答");
    Finding::new((id, "circuit"), title, (Verdict::Warning, "left_alone"), evidence).remedy(remedy)
}

/// Cities whose turn did not come.
fn not_reached(id: &str, left: usize) -> Finding {
    let evidence = Said::new(
        format!("There was no time for the apps of {left} cities."),
        format!("有 {left} 个城市的应用未来得及检查。"),
    );
    let title = Text::new("Apps of cities", "城市的应用");
    Finding::new((id, "cities"), title, (Verdict::Warning, "not_reached"), evidence).remedy(Text::new(
        "Check again when the provider answers faster.",
        "请在登录服务应答较快时重新检查。",
    ))
}

async fn of_city(provider: &Arc<dyn LoginProvider>, visit: &Visit, city: &CityId) -> Vec<Finding> {
    let about = |finding: Finding| match finding.about.clone() {
        Some(host) => finding.about(format!("{city}, {host}")),
        None => finding.about(city.as_str()),
    };
    provider.check(visit).await.into_iter().map(about).collect()
}
