//! Commands about people, and about what the Federation does with them: lists page by page, and changes.

use crate::support::{Fed, run, said};
use downcity::{Admin, TokenApply};
use serde_json::Value;

/// Signs made-up people in, by sign-ins of this machine.
async fn people(fed: &Fed, count: usize) -> Vec<String> {
    let guest = fed.client().guest("city_downcity");
    let mut ids = Vec::new();
    for n in 0..count {
        let body = serde_json::json!({ "name": format!("Person {n:03}") });
        let step: Value = guest.raw().post("accounts", "local/login", &body).await.unwrap();
        ids.push(step["user_id"].as_str().expect("signed in").to_owned());
    }
    ids
}

fn local() -> Fed {
    crate::support::Setup::default().args(["--allow-local-login"]).start()
}

fn json(fed: &Fed, args: &[&str]) -> Value {
    serde_json::from_str(&fed.run(args)).unwrap()
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page() {
    let fed = Fed::start();
    let admin = fed.admin();
    for n in 0..205 {
        token(&admin, &format!("u-{n}")).await;
    }
    let all = json(&fed, &["session", "list", "--all", "--json"]);
    assert_eq!(all["items"].as_array().unwrap().len(), 205);
    assert_eq!(all["next"], Value::Null);
    let some = json(&fed, &["session", "list", "--limit", "201", "--json"]);
    assert_eq!(some["items"].as_array().unwrap().len(), 201);
    let rest = json(&fed, &["session", "list", "--json", "--after", some["next"].as_str().unwrap()]);
    assert_eq!(rest["items"].as_array().unwrap().len(), 4);
    let output = run(fed.command(&["session", "list", "--limit", "3"]), "");
    let lines = String::from_utf8_lossy(&output.stdout).lines().count();
    assert!(lines == 4 && said(&output).contains("there are more"), "{}", said(&output));
    let table = fed.run(&["session", "list", "--all"]);
    assert_eq!((table.lines().count(), table.matches("SESSION").count()), (206, 1));
}

#[tokio::test]
async fn a_user_is_found_shut_out_merged_and_removed() {
    let fed = local();
    let ids = people(&fed, 3).await;
    assert!(fed.run(&["user", "list", "-q", "Person 001"]).contains(&ids[1]));
    let shown = fed.run(&["user", "show", &ids[1]]);
    assert!(shown.contains("Person 001") && shown.contains("user.signed_in"), "{shown}");
    fed.run(&["user", "disable", &ids[1], "--yes"]);
    assert!(fed.run(&["user", "list", "--status", "disabled"]).contains(&ids[1]));
    fed.run(&["user", "enable", &ids[1]]);
    let preview = fed.run(&["user", "merge", &ids[2], &ids[1], "--preview"]);
    assert!(preview.contains("would move"), "{preview}");
    for unasked in [vec!["user", "delete", &ids[0]], vec!["user", "merge", &ids[2], &ids[1]]] {
        let output = run(fed.command(&unasked), "y\n");
        assert!(output.status.code() == Some(2) && said(&output).contains("--yes"), "{}", said(&output));
    }
    assert!(fed.run(&["user", "merge", &ids[2], &ids[1], "--yes"]).contains("moved"));
    fed.run(&["user", "delete", &ids[0], "--yes"]);
    let left = json(&fed, &["user", "list", "--json"]);
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    let output = run(fed.command(&["user", "show", &ids[0]]), "");
    assert!(output.status.code() == Some(1) && said(&output).contains("unknown_user"), "{}", said(&output));
}

#[tokio::test]
async fn sessions_and_events_are_listed_and_sessions_ended() {
    let fed = local();
    let ids = people(&fed, 1).await;
    let sessions = json(&fed, &["session", "list", "--user", &ids[0], "--status", "active", "--json"]);
    let id = sessions["items"][0]["session_id"].as_str().unwrap();
    fed.run(&["session", "revoke", id, "--yes"]);
    let listed = fed.run(&["session", "list", "--user", &ids[0]]);
    assert!(listed.contains("revoked"), "{listed}");
    let events = fed.run(&["event", "list", "--user", &ids[0], "--type", "user.signed_in"]);
    assert_eq!(events.lines().count(), 2, "{events}");
    let none = fed.run(&["event", "list", "--since", "2099-01-01T00:00:00Z"]);
    assert!(none.is_empty(), "{none}");
}

#[tokio::test]
async fn webhooks_signing_keys_and_tokens_are_kept_from_the_terminal() {
    let fed = crate::support::Setup::default().args(["--allow-private-webhooks"]).start();
    let args = ["webhook", "create", "https://127.0.0.1:9/hook", "--type", "user.signed_in"];
    let output = run(fed.command(&args), "");
    let secret = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(output.status.success() && !secret.contains(char::is_whitespace), "{}", said(&output));
    let hooks = json(&fed, &["webhook", "list", "--json"]);
    let id = hooks["items"][0]["webhook_id"].as_str().unwrap();
    assert!(!fed.run(&["webhook", "list"]).contains(&secret));
    assert!(fed.run(&["webhook", "test", id]).contains("webhook deliveries"));
    assert!(fed.run(&["webhook", "deliveries", id]).contains("DELIVERY"));
    let yesterday = downcity::Timestamp::now() - std::time::Duration::from_secs(86_400);
    let replayed = fed.run(&["webhook", "replay", id, "--since", &yesterday.to_string()]);
    assert!(replayed.contains("on its way"), "{replayed}");
    fed.run(&["webhook", "enable", id]);
    fed.run(&["webhook", "remove", id, "--yes"]);
    assert!(fed.run(&["webhook", "list"]).contains("no webhook"));

    assert!(fed.run(&["signing-key", "rotate"]).contains("next"));
    let keys = json(&fed, &["signing-key", "list", "--json"]);
    let next = keys["items"].as_array().unwrap().iter().find(|key| key["status"] == "next").unwrap();
    fed.run(&["signing-key", "revoke", next["kid"].as_str().unwrap(), "--yes"]);

    let token = token(&fed.admin(), "u-1").await;
    assert!(fed.run_with(&["token", "introspect"], &token).contains("u-1"));
    assert!(fed.run_with(&["token", "introspect"], "ub_nonsense").contains("not good"));
    // Nobody can sign in yet, and that is how it ends.
    let output = run(fed.command(&["status", "--json", "--instruction"]), "");
    assert_eq!(output.status.code(), Some(1));
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&status["url"], &status["cities"]), (&fed.url().into(), &1.into()));
    assert!(status["instruction"].as_str().unwrap().contains("WECHAT_CLIENT_ID"));
}

async fn token(admin: &Admin, user_id: &str) -> String {
    use downcity::ExposeSecret;
    let request = TokenApply {
        city_id: "city_downcity".to_owned(),
        user_id: user_id.to_owned(),
        ..TokenApply::default()
    };
    admin.tokens().apply(&request).await.unwrap().user_token.expose_secret().to_owned()
}
