//! `fed doctor` against a running Federation: what it shows, and how it ends.

use crate::support::{Setup, run, said};
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use wechat_sim::{App, Sim, SimConfig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_report_is_for_people_and_the_exit_code_for_programs() {
    let sim = Sim::start(SimConfig::default(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let fed = Setup::default().simulator(sim.url()).start();
    let app = sim.app();
    fed.run(&["env", "set", "WECHAT_CLIENT_ID", &app.appid]);
    fed.run_with(&["env", "set", "WECHAT_CLIENT_SECRET"], &app.secret);
    let told = fed.run(&["doctor"]);
    for part in [
        "✓ AppID and AppSecret",
        "wechat.credentials",
        "✓ Authorize page and callback domain",
        "✓ Public URL leads here",
        "✓ Callback path",
        "✓ Database schema",
        "✓ Files of keys",
        "iB free",
        "– Settings  github.settings",
        " 0 failed",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(!told.contains(&app.secret), "{told}");

    // What is wrong is told with its remedy, and by the exit code.
    sim.put_app(App { callback_domain: "accounts.example.com".to_owned(), ..app.clone() });
    fed.run_with(&["env", "set", "WECHAT_CLIENT_SECRET"], &"0".repeat(32));
    let output = run(fed.command(&["doctor", "--only", "wechat"]), "");
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("✗ AppID and AppSecret") && told.contains("→ Copy the AppSecret"), "{told}");
    assert!(told.contains("to exactly 127.0.0.1") && told.contains("error: 2 checks failed"), "{told}");
    assert!(!told.contains("database."), "only what was asked for: {told}");

    let output = run(fed.command(&["doctor", "--only", "wechat.settings", "--json"]), "");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((json["verdict"].as_str(), json["items"][0]["code"].as_str()), (Some("ok"), Some("fine")));

    let output = run(fed.command(&["doctor", "--only", "nonsense"]), "");
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("only must be one of"), "{}", said(&output));
}

#[test]
fn a_key_file_that_others_can_read_is_found_while_it_runs() {
    let fed = Setup::default().start();
    let key = fed.data().join("master.key");
    std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let output = run(fed.command(&["doctor", "--only", "files"]), "");
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(&format!("chmod 600 {}", key.display())), "{told}");
}
