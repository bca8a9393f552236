//! The doctor: every fault that it knows, switched on where it happens, and what it says of it.

mod address;
mod house;
mod neighbours;
mod providers;
pub(crate) mod tls;
mod wechat;

use crate::kit::admin_get;
use crate::support::{Answer, World};
use secrecy::ExposeSecret;
use serde_json::Value;

/// Runs some checks; each change before has to be one that it sees (settings), or time.
pub(crate) async fn examined(world: &World, only: &str) -> Value {
    admin_get(world, &format!("federation/doctor?only={only}")).await.ok()
}

/// The same in Chinese.
pub(crate) async fn examined_zh(world: &World, only: &str) -> Value {
    let request = world.http.get(world.url(&format!("federation/doctor?only={only}")));
    let request = request.bearer_auth(world.admin_key.expose_secret()).header("accept-language", "zh-CN");
    Answer::of(request).await.ok()
}

/// The finding of a check about one of several, or about nothing in particular.
#[track_caller]
pub(crate) fn finding(report: &Value, check: &str, about: Option<&str>) -> Value {
    let items = report["items"].as_array().unwrap();
    let mut found = items.iter().filter(|item| item["check"] == check && item["about"].as_str() == about);
    let first = found.next().unwrap_or_else(|| panic!("no finding of {check} about {about:?} in {report:#}"));
    assert_eq!(found.next(), None, "one finding of {check} about {about:?}");
    first.clone()
}

/// Verdict and code of a finding.
pub(crate) fn result(finding: &Value) -> (&str, &str) {
    (finding["verdict"].as_str().unwrap(), finding["code"].as_str().unwrap())
}

/// Checks that evidence and remedy hold these words.
#[track_caller]
pub(crate) fn says(finding: &Value, evidence: &[&str], remedy: &[&str]) {
    for word in evidence {
        assert!(finding["evidence"].as_str().unwrap().contains(word), "{word} in {finding:#}");
    }
    for word in remedy {
        assert!(finding["remedy"].as_str().unwrap_or_default().contains(word), "{word} in {finding:#}");
    }
}
