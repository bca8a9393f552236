//! How `fed serve` is configured, and what its first start makes.

use crate::support::{Cluster, Fed, READY, Setup, fed, read, run, said};
use serde_json::Value;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

fn serve(args: &[&str]) -> Command {
    let mut command = fed();
    command.arg("serve").args(args);
    command
}

/// A start that must be refused: exit code and what was said.
fn refused(command: Command) -> (Option<i32>, String) {
    let output = run(command, "");
    (output.status.code(), said(&output))
}

#[test]
fn flags_are_stronger_than_the_environment_and_that_than_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fed.toml");
    std::fs::write(&file, "public_url = \"https://file.example\"\n").unwrap();
    let file = file.to_str().unwrap();
    let by_file = Setup::default().args(["--config", file]).start();
    assert!(by_file.output().contains("https://file.example/v1/accounts/oauth/callback"));
    let by_env =
        Setup::default().args(["--config", file]).env("FED_PUBLIC_URL", "https://env.example").start();
    assert!(by_env.output().contains("https://env.example/v1/accounts/oauth/callback"));
    let by_flag = Setup::default()
        .args(["--config", file, "--public-url", "https://flag.example"])
        .env("FED_PUBLIC_URL", "https://env.example")
        .start();
    assert!(by_flag.output().contains("https://flag.example/v1/accounts/oauth/callback"));
    let callback_domain =
        by_flag.output().lines().any(|line| line.contains("授权回调域") && line.ends_with(" flag.example"));
    assert!(callback_domain, "{}", by_flag.output());
}

#[test]
fn an_unknown_key_in_the_file_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fed.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\n# a note\npublick_url = \"https://a.example\"\n")
        .unwrap();
    let (code, told) = refused(serve(&["--config", file.to_str().unwrap()]));
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("line 3") && told.contains("publick_url") && told.contains("public_url"), "{told}");
}

/// Line 20: refused before anything is made, however the network could reach it.
#[test]
fn local_login_reachable_from_network() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let open = ["--listen", "0.0.0.0:0", "--public-url", "https://a.example"];
    for args in [&open[..], &["--public-url", "https://a.example"], &["--trusted-proxy", "127.0.0.1"]] {
        let mut command = serve(args);
        let (code, told) = refused({
            command.arg("--allow-local-login").arg("--data").arg(&data);
            command
        });
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("anybody can sign in as anybody"), "{told}");
        assert!(!data.exists());
    }
    let local = Setup::default().args(["--allow-local-login"]).start();
    // The log is read beside the test, and may come a moment after the address.
    for _ in 0..250 {
        if local.log().contains("LOCAL SIGN-IN IS ON") {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("the log never said so: {}", local.log());
}

#[test]
fn help_describes_every_option_with_its_variable() {
    let told = said(&run(serve(&["--help"]), ""));
    for (option, variable) in [
        ("--config", "FED_CONFIG"),
        ("--public-url", "FED_PUBLIC_URL"),
        ("--also-public-url", "FED_ALSO_PUBLIC_URL"),
        ("--listen", "FED_LISTEN"),
        ("--allow-local-login", "FED_ALLOW_LOCAL_LOGIN"),
        ("--data", "FED_DATA"),
        ("--database-url", "FED_DATABASE_URL"),
        ("--master-key-file", "FED_MASTER_KEY_FILE"),
        ("--master-key-command", "FED_MASTER_KEY_COMMAND"),
        ("--trusted-proxy", "FED_TRUSTED_PROXY"),
        ("--token-life", "FED_TOKEN_LIFE"),
        ("--starts-per-minute", "FED_STARTS_PER_MINUTE"),
        ("--events-days", "FED_EVENTS_DAYS"),
        ("--audit-days", "FED_AUDIT_DAYS"),
        ("--ca-file", "FED_CA_FILE"),
        ("--wechat-simulator", "FED_WECHAT_SIMULATOR"),
        ("--log-format", "FED_LOG_FORMAT"),
        ("--log-level", "FED_LOG="),
    ] {
        assert!(told.contains(option) && told.contains(variable), "{option} {variable}: {told}");
    }
    let mut command = serve(&["--help"]);
    command.env("FED_DATABASE_URL", "postgres://u:hunter2@h/d");
    command.env("FED_MASTER_KEY", "ab".repeat(32));
    let told = said(&run(command, ""));
    assert!(!told.contains("hunter2") && !told.contains("abab"));
}

#[test]
fn what_would_be_unsafe_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for (args, why) in [
        (vec!["--listen", "0.0.0.0:0"], "https"),
        (vec!["--public-url", "http://a.example"], "https"),
        (
            vec![
                "--public-url",
                "https://a.example",
                "--listen",
                "0.0.0.0:0",
                "--wechat-simulator",
                "http://127.0.0.1:9",
            ],
            "sign in as anybody",
        ),
        (vec!["--listen", "127.0.0.1:0", "--wechat-simulator", "http://localhost:9"], "127.0.0.1"),
        (vec!["--listen", "127.0.0.1:0", "--wechat-simulator", "http://10.0.0.1:9"], "127.0.0.1"),
    ] {
        let mut command = serve(&args);
        command.arg("--data").arg(&data);
        let (code, told) = refused(command);
        assert!(code == Some(2) && told.contains(why), "{args:?}: {told}");
        assert!(!data.exists(), "{args:?}");
    }
}

/// Line 11 of the known failings: the first start makes the keys and says where the admin key is, no later one does. What is no
/// terminal, such as a journal, gets no key.
#[test]
fn admin_key_printed_each_start() {
    let first = Fed::start();
    let mode = |name: &str| first.data().join(name).metadata().unwrap().mode() & 0o777;
    assert_eq!((mode("master.key"), mode("admin.key"), mode("fed.db")), (0o600, 0o600, 0o600));
    assert_eq!(first.data().metadata().unwrap().mode() & 0o777, 0o700);
    let key = first.admin_key();
    let master = read(&first.data().join("master.key"));
    let shown = first.output();
    assert!(
        shown.contains("The admin key is in ") && shown.contains("admin.key") && !shown.contains(&key),
        "{shown}"
    );
    assert!(
        shown.contains("fed env set WECHAT_CLIENT_ID") && shown.contains("fed env set WECHAT_CLIENT_SECRET"),
        "{shown}"
    );
    assert!(shown.lines().last().unwrap().starts_with(READY), "{shown}");
    assert!(!first.log().contains(&key), "{}", first.log());
    assert!(!shown.contains(master.trim()) && !first.log().contains(master.trim()));
    assert!(first.run(&["city", "list"]).contains("city_downcity"));

    let second = first.restart();
    assert!(!second.output().contains(&key) && !second.output().contains("Admin key"), "{}", second.output());
    assert_eq!(second.admin_key(), key);
    assert_eq!(read(&second.data().join("master.key")), master);
    assert!(second.run(&["env", "list"]).contains("nothing is set"), "the key still opens the Admin API");
}

#[test]
fn a_first_start_that_reaches_no_database_makes_no_key_and_the_next_one_tells_of_it() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    let failed = |url: &str| {
        let mut command = serve(&["--listen", "127.0.0.1:0", "--data"]);
        command.arg(&data).env("FED_DATABASE_URL", url);
        let refused = refused(command);
        assert!(!data.join("master.key").exists(), "{url}");
        refused
    };
    let (code, told) = failed("mysql://somebody:hunter2@db.example/accounts");
    assert!(code == Some(2) && told.contains("postgres://user") && told.contains("what to do"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    let (code, told) = failed("postgres://somebody:hunter2@127.0.0.1:1/accounts");
    assert_eq!(code, Some(1), "{told}");
    for part in ["database accounts at 127.0.0.1, port 1", "what to do", "--database-url"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("hunter2") && !told.contains("somebody"), "{told}");
    let first = Setup::default().folder(&folder).start();
    assert!(first.output().contains("First start: the master key is "), "{}", first.output());
    let second = first.restart();
    assert!(!second.output().contains("First start"), "{}", second.output());
}

/// On SQLite the key comes before the file, and a start may end between them.
#[test]
fn a_key_that_nobody_was_told_of_is_told_by_the_first_start_that_succeeds() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let made = run(
        {
            let mut command = fed();
            command.args(["master-key", "new"]);
            command
        },
        "",
    );
    std::fs::write(data.join("master.key"), made.stdout).unwrap();
    std::fs::set_permissions(data.join("master.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let first = Setup::default().folder(&folder).start();
    assert!(first.output().contains("First start: the master key is "), "{}", first.output());
}

#[test]
fn a_log_level_that_is_none_is_refused_and_does_not_silence_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for level in ["inof", "WARNING", "info,downcity_http", "info,downcity_http=dbug"] {
        let mut command = serve(&["--listen", "127.0.0.1:0", "--data"]);
        command.arg(&data).env("FED_LOG", level);
        let (code, told) = refused(command);
        assert!(code == Some(2) && told.contains("error, warn, info, debug or trace"), "{level}: {told}");
        assert!(!data.exists(), "{level}");
    }
}

#[test]
fn a_key_file_that_others_can_read_stops_the_start_with_the_remedy() {
    let mut first = Fed::start();
    assert!(first.stop().success(), "SIGTERM ends it in good order: {}", first.log());
    let key = first.data().join("master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut command = serve(&["--listen", "127.0.0.1:0", "--data"]);
    command.arg(first.data());
    let (code, told) = refused(command);
    assert!(code == Some(2) && told.contains("chmod 600"), "{told}");
}

#[test]
fn a_lost_master_key_is_not_replaced() {
    let mut first = Fed::start();
    first.stop();
    let key = first.data().join("master.key");
    std::fs::remove_file(&key).unwrap();
    let mut command = serve(&["--listen", "127.0.0.1:0", "--data"]);
    command.arg(first.data());
    let (code, told) = refused(command);
    assert!(code == Some(2) && told.contains("backup") && !key.exists(), "{told}");
    std::fs::write(&key, "0".repeat(64)).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = serve(&["--listen", "127.0.0.1:0", "--data"]);
    command.arg(first.data());
    let (code, told) = refused(command);
    assert!(code == Some(2) && told.contains("does not fit this database"), "{told}");
}

#[test]
fn log_lines_are_json_where_that_is_asked_for() {
    let mut fed = Setup::default().args(["--log-format", "json", "--log-level", "debug"]).start();
    fed.stop();
    let log = fed.log();
    assert!(log.lines().count() > 0);
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
    }
}

#[test]
fn a_database_that_it_may_not_use_is_refused_with_the_remedy() {
    let cluster = Cluster::start("");
    let serve_as = |user: &str| {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut command = serve(&["--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
        command.env("FED_DATABASE_URL", cluster.url().replace("postgres@", &format!("{user}@")));
        refused(command)
    };
    // As PostgreSQL 15 makes a database for everybody.
    cluster.sql("create role guest login");
    let (code, told) = serve_as("guest");
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("may not make or change tables") && told.contains("OWNER TO"), "{told}");
    cluster.sql("create table cities (name text)");
    let (code, told) = serve_as("postgres");
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("not of a Federation") && told.contains("CREATE DATABASE fed"), "{told}");
}
