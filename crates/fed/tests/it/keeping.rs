//! Commands for those who keep a Federation: admin keys, the audit record, providers, attempts.

use crate::support::{Fed, run, said};
use serde_json::Value;

fn json(fed: &Fed, args: &[&str]) -> Value {
    serde_json::from_str(&fed.run(args)).unwrap()
}

/// What a command ends with when it is run with this key.
fn with_key(fed: &Fed, key: &str, args: &[&str]) -> (Option<i32>, String) {
    let mut command = crate::support::fed();
    command.args(args).args(["--url", fed.url()]).env("FED_ADMIN_KEY", key);
    let output = run(command, "");
    (output.status.code(), said(&output))
}

#[test]
fn admin_keys_are_made_rotated_and_revoked() {
    let fed = Fed::start();
    let args = ["admin-key", "create", "shop team", "--role", "viewer", "--ttl", "30d"];
    let key = fed.run(&args).trim().to_owned();
    assert!(key.starts_with("ak_") && !key.contains(char::is_whitespace), "the key alone: {key}");
    assert_eq!(with_key(&fed, &key, &["city", "list"]).0, Some(0));
    let (code, told) = with_key(&fed, &key, &["city", "create", "Demo"]);
    assert!(code == Some(3) && told.contains("role_too_weak"), "{told}");
    let keys = json(&fed, &["admin-key", "list", "--json"]);
    let made = keys["items"].as_array().unwrap().iter().find(|key| key["name"] == "shop team").unwrap();
    let id = made["key_id"].as_str().unwrap();
    let listed = fed.run(&["admin-key", "list"]);
    assert!(listed.contains(id) && listed.contains("viewer") && !listed.contains(&key), "{listed}");
    let fresh = fed.run(&["admin-key", "rotate", id, "--yes"]).trim().to_owned();
    assert_eq!(with_key(&fed, &key, &["city", "list"]).0, Some(3));
    assert_eq!(with_key(&fed, &fresh, &["city", "list"]).0, Some(0));
    let unasked = run(fed.command(&["admin-key", "revoke", id]), "y\n");
    assert!(unasked.status.code() == Some(2) && said(&unasked).contains("--yes"), "{}", said(&unasked));
    fed.run(&["admin-key", "revoke", id, "--yes"]);
    assert_eq!(with_key(&fed, &fresh, &["city", "list"]).0, Some(3));
}

#[test]
fn a_key_of_one_city_is_saved_too_and_reaches_no_further() {
    let fed = Fed::start();
    fed.run(&["city", "create", "Demo", "--city-id", "city_demo"]);
    let key = fed.run(&["admin-key", "create", "demo", "--role", "operator", "--city", "city_demo"]);
    let home = tempfile::tempdir().unwrap();
    let mut login = crate::support::fed();
    login.args(["login", fed.url(), "-"]).env("XDG_CONFIG_HOME", home.path());
    let output = run(login, &key);
    assert!(output.status.success(), "{}", said(&output));
    let mut env = crate::support::fed();
    env.args(["env", "list"]).env("XDG_CONFIG_HOME", home.path()).current_dir(home.path());
    let output = run(env, "");
    assert!(output.status.code() == Some(3) && said(&output).contains("city_key"), "{}", said(&output));
}

#[test]
fn the_record_is_listed_and_exported_without_secrets() {
    let fed = Fed::start();
    fed.run(&["env", "set", "GITHUB_CLIENT_SECRET", "hunter2hunter2hunter2"]);
    fed.run(&["city", "create", "Demo", "--city-id", "city_demo"]);
    let listed = fed.run(&["audit", "list"]);
    assert!(
        listed.contains("env.set") && listed.contains("city_demo") && !listed.contains("hunter2"),
        "{listed}"
    );
    let narrowed = fed.run(&["audit", "list", "--action", "env", "--subject", "GITHUB_CLIENT_SECRET"]);
    assert_eq!(narrowed.lines().count(), 2, "{narrowed}");
    let lines = fed.run(&["audit", "export"]);
    let entries: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        entries.iter().any(|entry| entry["action"] == "city.created") && !lines.contains("hunter2"),
        "{lines}"
    );
    let file = fed.data().join("audit.ndjson");
    let path = file.to_str().unwrap();
    assert!(fed.run(&["audit", "export", "-o", path, "--since", "2020-01-01T00:00:00Z"]).is_empty());
    assert_eq!(crate::support::read(&file), lines);
    let again = run(fed.command(&["audit", "export", "-o", path]), "");
    assert!(again.status.code() == Some(2) && crate::support::read(&file) == lines, "{}", said(&again));
}

#[tokio::test]
async fn a_provider_is_switched_off_and_an_attempt_is_seen() {
    let fed = Fed::start();
    assert!(fed.run(&["provider", "list"]).contains("WECHAT_CLIENT_SECRET"), "it tells what is missing");
    fed.run(&["env", "set", "WECHAT_CLIENT_ID", "wx0123456789abcdef"]);
    fed.run_with(&["env", "set", "WECHAT_CLIENT_SECRET"], "0123456789abcdef0123456789abcdef");
    let listed = fed.run(&["provider", "list"]);
    assert!(listed.contains("enabled") && listed.contains("/v1/accounts/oauth/callback"), "{listed}");
    let guest = fed.client().guest("city_downcity");
    let start = serde_json::json!({ "provider": "wechat" });
    guest.raw().post::<Value>("accounts", "oauth/start", &start).await.unwrap();
    let attempts = json(&fed, &["attempt", "list", "--provider", "wechat", "--json"]);
    assert_eq!(attempts["items"][0]["status"], "waiting");
    assert!(fed.run(&["attempt", "list", "--status", "failed"]).is_empty());
    fed.run(&["provider", "disable", "wechat", "--yes"]);
    assert!(guest.providers().await.unwrap().items.is_empty());
    fed.run(&["provider", "enable", "wechat"]);
    assert_eq!(guest.providers().await.unwrap().items.len(), 1);
}
