//! The inventory that a release brings along (`cargo xtask sbom`) names what is really in the binary.

use crate::support::{run, said};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// Packages that left their name in the binary: the places that a panic would tell of lie in their sources.
fn traces_in(binary: &[u8]) -> BTreeSet<(String, String)> {
    let mark = b"/registry/src/";
    let begins = binary.windows(mark.len()).enumerate().filter(|(_, bytes)| bytes == mark);
    let places = begins.filter_map(|(at, _)| {
        let rest = &binary[at + mark.len()..binary.len().min(at + mark.len() + 200)];
        let folder = rest.split(|&byte| byte == b'/').nth(1)?.split(u8::is_ascii_control).next()?;
        let folder = std::str::from_utf8(folder).ok()?;
        // `md-5-0.11.0` is version 0.11.0 of md-5.
        let is_version = |text: &str| text.split('.').take(2).all(|part| part.parse::<u32>().is_ok());
        let cut = folder
            .match_indices('-')
            .map(|(at, _)| at)
            .find(|&at| folder[at + 1..].contains('.') && is_version(&folder[at + 1..]))?;
        Some((folder[..cut].to_owned(), folder[cut + 1..].to_owned()))
    });
    places.collect()
}

#[test]
fn the_inventory_names_every_package_that_is_in_the_binary() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut command = Command::new(env!("CARGO"));
    command.args(["xtask", "sbom"]).current_dir(root);
    let output = run(command, "");
    assert!(output.status.success(), "{}", said(&output));
    let path = String::from_utf8(output.stdout).unwrap();
    let text = std::fs::read_to_string(path.trim()).unwrap();
    let inventory: Value = serde_json::from_str(&text).unwrap();
    let components = inventory["components"].as_array().unwrap();
    let part = |component: &Value, name: &str| component[name].as_str().unwrap_or_default().to_owned();
    let named: BTreeSet<_> = components.iter().map(|one| (part(one, "name"), part(one, "version"))).collect();

    let found = traces_in(&std::fs::read(env!("CARGO_BIN_EXE_fed")).unwrap());
    assert!(found.len() > 50 && found.iter().any(|(name, _)| name == "rustls"), "{found:?}");
    let lost: Vec<_> = found.difference(&named).collect();
    assert!(lost.is_empty(), "in the binary and not in the inventory: {lost:?}");
    for component in components {
        assert!(!part(&component["licenses"][0], "expression").is_empty(), "{component}");
        let ours = ["downcity", "wechat-sim"].iter().any(|name| part(component, "name").starts_with(name));
        assert_eq!(component["hashes"][0]["content"].is_string(), !ours, "{component}");
    }
    assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "nothing of this machine");
}
