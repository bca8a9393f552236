//! Saved Federations: what is saved, who can read it, and which one a command means.

use crate::support::{Fed, fed, run, said};
use serde_json::Value;
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// `fed` of a person with a config folder of their own.
fn at(home: &TempDir, args: &[&str]) -> Command {
    let mut command = fed();
    command.args(args).env("XDG_CONFIG_HOME", home.path()).current_dir(home.path());
    command
}

fn done(command: Command, input: &str) -> String {
    let output = run(command, input);
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(command: Command, input: &str) -> (Option<i32>, String) {
    let output = run(command, input);
    (output.status.code(), said(&output))
}

#[test]
fn a_saved_federation_is_meant_without_further_words_and_by_its_name() {
    let (one, two, home) = (Fed::start(), Fed::start(), TempDir::new().unwrap());
    let key = one.admin_key();
    let told = done(at(&home, &["login", one.url(), "-", "--name", "one"]), &key);
    assert!(told.contains("saved") && !told.contains(&key), "{told}");
    done(at(&home, &["login", two.url(), "--name", "two", "--json"]), &two.admin_key());
    done(at(&home, &["env", "set", "WECHAT_CLIENT_ID", "wx0123456789abcdef"]), "");
    assert!(one.run(&["env", "list"]).contains("wx0123456789abcdef"), "the first one saved is the default");
    let listed = |name: &str| done(at(&home, &["env", "list", "--federation", name]), "");
    assert!(listed("one").contains("wx01") && !listed("two").contains("wx01"));
    let mut by_variable = at(&home, &["env", "list"]);
    by_variable.env("FED_FEDERATION", "two");
    assert!(!done(by_variable, "").contains("wx01"));
    done(at(&home, &["use", "two"]), "");
    assert!(!done(at(&home, &["env", "list"]), "").contains("wx01"));
    let saved: Value = serde_json::from_str(&done(at(&home, &["federations", "--json"]), "")).unwrap();
    assert_eq!((&saved["items"][1]["name"], &saved["items"][1]["default"]), (&"two".into(), &true.into()));
    assert!(!saved.to_string().contains(&key));
    done(at(&home, &["logout"]), "");
    let (code, told) = refused(at(&home, &["env", "list", "--federation", "two"]), "");
    assert!(code == Some(2) && told.contains("saved: one"), "{told}");
}

#[test]
fn the_key_is_kept_for_its_owner_only_and_a_file_that_others_can_read_is_refused() {
    let (one, home) = (Fed::start(), TempDir::new().unwrap());
    done(at(&home, &["login", one.url(), "--name", "one"]), &one.admin_key());
    let folder = home.path().join("downcity");
    let file = folder.join("federations.toml");
    let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let (code, told) = refused(at(&home, &["env", "list"]), "");
    assert!(code == Some(2) && told.contains("chmod 600") && !told.contains(&one.admin_key()), "{told}");
}

#[test]
fn a_key_that_is_refused_or_would_be_seen_is_not_saved() {
    let (one, home) = (Fed::start(), TempDir::new().unwrap());
    let (code, told) = refused(at(&home, &["login", one.url()]), "ak_wrong");
    assert!(code == Some(3) && !told.contains("ak_wrong"), "{told}");
    let (code, told) = refused(at(&home, &["login", "http://fed.example", "-"]), "ak_x");
    assert!(code == Some(2) && told.contains("unprotected"), "{told}");
    let (code, told) = refused(at(&home, &["login", one.url(), &one.admin_key()]), "");
    assert!(code == Some(2) && told.contains("shell's history"), "{told}");
    let (code, told) = refused(at(&home, &["login", "http://127.0.0.1:1", "-"]), "ak_x");
    assert!(code == Some(4), "{told}");
    assert!(!home.path().join("downcity/federations.toml").exists());
    done(at(&home, &["login", one.url(), "--name", "one"]), &one.admin_key());
    let (code, told) = refused(at(&home, &["login", "http://127.0.0.1:1", "--name", "one", "-"]), "ak_x");
    assert!(code == Some(4) || told.contains("saved already"), "{told}");
}
