//! The command line is whole: every call that an admin can make by HTTP can be made from the terminal.

use super::Cli;
use clap::{Command, CommandFactory};
use serde_json::Value;
use std::collections::BTreeSet;

/// Each admin operation of the OpenAPI document, and the command for it.
const COMMANDS: &[(&str, &str)] = &[
    ("accounts_attempts", "attempt list"),
    ("accounts_events", "event list"),
    ("accounts_sessions", "session list"),
    ("accounts_sessions_admin_revoke", "session revoke"),
    ("accounts_token_introspect", "token introspect"),
    ("accounts_users", "user list"),
    ("accounts_users_delete", "user delete"),
    ("accounts_users_disable", "user disable"),
    ("accounts_users_enable", "user enable"),
    ("accounts_users_merge", "user merge"),
    ("accounts_users_one", "user show"),
    ("admin_keys_create", "admin-key create"),
    ("admin_keys_list", "admin-key list"),
    ("admin_keys_revoke", "admin-key revoke"),
    ("admin_keys_rotate", "admin-key rotate"),
    ("admin_keys_sessions", "admin-key sessions"),
    ("admin_keys_sessions_end", "admin-key end-session"),
    ("audit_export", "audit export"),
    ("audit_list", "audit list"),
    ("cities_activate", "city activate"),
    ("cities_create", "city create"),
    ("cities_env_list", "env list"),
    ("cities_env_remove", "env remove"),
    ("cities_env_upsert", "env set"),
    ("cities_list", "city list"),
    ("cities_pause", "city pause"),
    ("cities_remove", "city remove"),
    ("cities_tokens_apply", "token apply"),
    ("cities_update", "city update"),
    ("env_catalog", "env catalog"),
    ("env_import", "env import"),
    ("env_list", "env list"),
    ("env_refresh", "env refresh"),
    ("env_remove", "env remove"),
    ("env_upsert", "env set"),
    ("federation_backup", "backup"),
    ("federation_doctor", "doctor"),
    ("federation_instruction", "status"),
    ("federation_keys_list", "signing-key list"),
    ("federation_keys_revoke", "signing-key revoke"),
    ("federation_keys_rotate", "signing-key rotate"),
    ("federation_master_key", "master-key show"),
    ("federation_master_key_rotate", "master-key rotate"),
    ("federation_overview", "overview"),
    ("providers_disable", "provider disable"),
    ("providers_enable", "provider enable"),
    ("providers_list", "provider list"),
    ("webhooks_create", "webhook create"),
    ("webhooks_deliveries", "webhook deliveries"),
    ("webhooks_enable", "webhook enable"),
    ("webhooks_list", "webhook list"),
    ("webhooks_remove", "webhook remove"),
    ("webhooks_replay", "webhook replay"),
    ("webhooks_test", "webhook test"),
];

/// The operations that take an admin key.
fn admin_operations() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let takes_key = |operation: &&Value| {
        let kinds = operation["security"].as_array().map_or(&[][..], Vec::as_slice);
        kinds.iter().any(|kind| kind.get("admin_key").is_some())
    };
    operations
        .filter(takes_key)
        .map(|operation| operation["operationId"].as_str().unwrap().to_owned())
        .collect()
}

fn find(words: &str) -> Command {
    words.split(' ').fold(Cli::command(), |command, word| {
        command.find_subcommand(word).unwrap_or_else(|| panic!("there is no `fed {words}`")).clone()
    })
}

#[test]
fn the_command_line_contradicts_itself_nowhere() {
    Cli::command().debug_assert();
}

#[test]
fn every_admin_operation_has_a_command() {
    let named: BTreeSet<String> = COMMANDS.iter().map(|(operation, _)| (*operation).to_owned()).collect();
    assert_eq!(admin_operations(), named);
    assert_eq!(named.len(), COMMANDS.len());
}

#[test]
fn every_such_command_stands_in_the_guides() {
    let guides =
        [include_str!("../../../../docs/terminal.md"), include_str!("../../../../docs/terminal.zh.md")];
    for (guide, (_, words)) in guides.iter().flat_map(|guide| COMMANDS.iter().map(move |one| (guide, one))) {
        // A line of the table names its nouns once, and each further verb alone.
        let (noun, verb) = words.split_once(' ').unwrap_or((words, ""));
        let named = |line: &str| match verb {
            "" => line.contains(&format!("`{noun}`")),
            verb => {
                let rest = line.split_once(&format!("`{noun} ")).map(|(_, rest)| rest);
                let rest =
                    rest.map(|rest| rest.split_once('；').or(rest.split_once(';')).map_or(rest, |it| it.0));
                rest.is_some_and(|rest| {
                    rest.starts_with(&format!("{verb}`")) || rest.contains(&format!("`{verb}`"))
                })
            }
        };
        assert!(guide.lines().filter(|line| line.starts_with('|')).any(named), "fed {words}");
    }
}

#[test]
fn every_such_command_says_json_and_takes_a_saved_federation() {
    for (_, words) in COMMANDS {
        let command = find(words);
        for option in ["json", "federation", "url"] {
            assert!(command.get_arguments().any(|a| a.get_long() == Some(option)), "fed {words} --{option}");
        }
    }
}

#[test]
fn what_destroys_asks_first() {
    let destroying = [
        "user delete",
        "user disable",
        "user merge",
        "session revoke",
        "webhook remove",
        "signing-key revoke",
        "admin-key revoke",
        "admin-key end-session",
        "admin-key rotate",
        "city remove",
        "provider disable",
    ];
    for words in destroying {
        assert!(find(words).get_arguments().any(|a| a.get_long() == Some("yes")), "fed {words} --yes");
    }
}

#[test]
fn a_key_whose_id_begins_with_a_hyphen_can_be_revoked() {
    for kid in ["E5cwwyAdh65u", "-E5cwwyAdh65u", "--5cwwyAdh65u", "-h5cwwyAdh65u", "-V5cwwyAdh65u"] {
        for line in [["--yes", kid], [kid, "--yes"]] {
            let found =
                Cli::command().try_get_matches_from(["fed", "signing-key", "revoke"].into_iter().chain(line));
            let found = found.unwrap_or_else(|error| panic!("{kid}: {error}"));
            let (_, found) = found.subcommand().unwrap();
            let (_, found) = found.subcommand().unwrap();
            assert_eq!(found.get_one::<String>("kid").map(String::as_str), Some(kid));
            assert!(found.get_flag("yes"), "{kid}");
        }
    }
}
