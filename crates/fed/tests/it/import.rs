//! `fed import`: into a data folder whose Federation is stopped, and into a PostgreSQL database beside a node
//! that runs.

use crate::support::{Fed, Setup, fed, run, said};
use downcity_store::testing::{foreign_sqlite, fresh_postgres};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

const OLD: &str = "\
    create table auth_users (id text primary key, name text, email text, emailVerified integer, createdAt integer); \
    insert into auth_users values ('usr_1', 'Li\x1b[2J', 'li@example.com', 1, 1714564800000), \
      ('usr_2', 'wechat_o1', 'wechat_o1@wechat.user', 0, 1714564800000); \
    create table auth_accounts (id text primary key, accountId text, providerId text, userId text, password text); \
    insert into auth_accounts values ('acc_1', 'o1', 'wechat', 'usr_2', null), ('acc_2', 'x', 'myspace', 'usr_1', null); \
    create table env (key text primary key, value text); \
    insert into env values ('GITHUB_CLIENT_SECRET', 'hunter2hunter2hunter2');";

fn import(file: &Path, data: &Path, more: &[&str]) -> Output {
    let mut command = fed();
    command.args(["import", "downcity", "--sqlite"]).arg(file).arg("--data").arg(data).args(more);
    run(command, "")
}

fn report(output: &Output) -> Value {
    assert!(output.status.success(), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_stopped_federation_takes_people_in() {
    let (_folder, old) = foreign_sqlite(OLD);
    let mut fed = Fed::start();
    let running = import(&old, &fed.data(), &["--apply"]);
    assert!(!running.status.success() && said(&running).contains("in use by another running process"));
    assert!(fed.stop().success());
    let dry = import(&old, &fed.data(), &[]);
    let told = said(&dry);
    assert!(dry.status.success() && told.contains("Nothing was written") && !told.contains("myspace"));
    assert!(told.contains("WOULD BE ADDED") && told.contains("can't be brought over"), "{told}");
    let counts = |found: u8, added: u8, present: u8, skipped: u8| json!({"found": found, "added": added, "present": present, "skipped": skipped});
    let dry = report(&import(&old, &fed.data(), &["--json"]));
    assert_eq!((&dry["applied"], &dry["users"]), (&json!(false), &counts(2, 2, 0, 0)));
    let done = report(&import(&old, &fed.data(), &["--json", "--apply"]));
    assert_eq!((&done["applied"], &done["users"]), (&json!(true), &counts(2, 2, 0, 0)));
    assert_eq!((&done["identities"], &done["env"]), (&counts(2, 1, 0, 1), &counts(1, 1, 0, 0)));
    let again = report(&import(&old, &fed.data(), &["--json", "--apply"]));
    assert_eq!((&again["users"], &again["env"]), (&counts(2, 0, 2, 0), &counts(1, 0, 1, 0)));
    let database = std::fs::read(fed.data().join("fed.db")).unwrap();
    assert!(!database.windows(14).any(|part| part == b"hunter2hunter2"), "settings are sealed");
    let fed = fed.restart();
    let users: Value = fed.admin().raw().get("accounts", "users", &()).await.unwrap();
    assert_eq!(users["items"].as_array().unwrap().len(), 2, "{users}");
}

#[tokio::test]
async fn a_node_on_postgres_goes_on_meanwhile() {
    let url = fresh_postgres().await;
    let fed = Setup::default().database_url(&url).start();
    let (_folder, old) = foreign_sqlite(OLD);
    let done = report(&import(&old, &fed.data(), &["--json", "--apply", "--database-url", &url]));
    assert_eq!(done["users"]["added"], 2);
    let users: Value = fed.admin().raw().get("accounts", "users", &()).await.unwrap();
    assert_eq!(users["items"].as_array().unwrap().len(), 2, "{users}");
    // The node hears of the settings within a second or so.
    for _ in 0..100 {
        if fed.run(&["env", "list"]).contains("GITHUB_CLIENT_SECRET") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the node never heard of the settings");
}

#[test]
fn nothing_is_made_where_no_federation_is_and_other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (_old_folder, old) = foreign_sqlite(OLD);
    let nowhere = import(&old, &data, &["--apply"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(said(&nowhere).contains("no Federation is here") && !data.exists(), "{}", said(&nowhere));
    let mut fed = Fed::start();
    assert!(fed.stop().success());
    let own = import(&fed.data().join("fed.db"), &fed.data(), &["--apply"]);
    assert!(!own.status.success(), "{}", said(&own));
    let missing = import(Path::new("none.sqlite"), &fed.data(), &[]);
    assert!(said(&missing).contains("there is no file none.sqlite"), "{}", said(&missing));
}
