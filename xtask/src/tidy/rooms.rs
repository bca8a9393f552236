//! Which room may know which: the arrows between crates, and the libraries that a room must do without.

use super::tree::{Break, Tree, line_of};

/// Libraries that speak SQL or carry it.
const SQL: &[&str] = &[
    "rusqlite",
    "libsqlite3-sys",
    "tokio-postgres",
    "postgres",
    "deadpool-postgres",
    "tokio-postgres-rustls",
    "sqlx",
    "diesel",
];
const AXUM: &[&str] = &["axum", "axum-core", "axum-extra", "axum-server", "utoipa-axum"];
const HYPER: &[&str] = &["hyper", "hyper-util"];
const CALLS: &[&str] = &["reqwest", "ureq"];
const RUNTIME: &[&str] = &["tokio", "tokio-util", "futures"];

struct Room {
    folder: &'static str,
    /// Rooms of ours that it may know; `None` is all of them.
    knows: Option<&'static [&'static str]>,
    /// Libraries that it does without.
    without: &'static [&'static [&'static str]],
    /// Whether its tests are held to the same.
    tests_too: bool,
}

const ROOMS: &[Room] = &[
    Room { folder: "core", knows: Some(&[]), without: &[SQL, AXUM, HYPER, CALLS, RUNTIME], tests_too: true },
    Room {
        folder: "store",
        knows: Some(&["downcity-core"]),
        without: &[AXUM, HYPER, CALLS],
        tests_too: true,
    },
    Room {
        folder: "providers",
        knows: Some(&["downcity-core"]),
        without: &[SQL, AXUM, HYPER],
        tests_too: false,
    },
    Room {
        folder: "service",
        knows: Some(&["downcity-store", "downcity-providers", "downcity-core"]),
        without: &[SQL, AXUM, HYPER, CALLS],
        tests_too: false,
    },
    Room {
        folder: "http",
        knows: Some(&["downcity-service", "downcity-core"]),
        without: &[SQL, CALLS],
        tests_too: false,
    },
    Room { folder: "fed", knows: None, without: &[SQL], tests_too: false },
    Room { folder: "wechat-sim", knows: Some(&[]), without: &[SQL, CALLS], tests_too: false },
    // A program that waits for a browser of its own machine listens for it.
    Room { folder: "client", knows: Some(&[]), without: &[SQL, AXUM], tests_too: false },
];

pub(crate) fn check(tree: &Tree) -> Vec<Break> {
    let mut breaks = Vec::new();
    let ours: Vec<String> = manifests(tree).filter_map(|(_, _, table)| package_name(&table)).collect();
    for (path, text, manifest) in manifests(tree) {
        let folder = path.split('/').nth(1).unwrap_or_default();
        let Some(room) = ROOMS.iter().find(|room| room.folder == folder) else {
            let says = "this crate is no room of the house: give it its arrows in xtask/src/tidy/rooms.rs";
            breaks.push(Break::new(&path, 1, says));
            continue;
        };
        let own_name = package_name(&manifest).unwrap_or_default();
        for (kind, name) in dependencies(&manifest) {
            let is_test = kind == "dev-dependencies";
            if name == own_name || is_test && !room.tests_too {
                continue;
            }
            if let Some(says) = objection(room, &ours, &name) {
                breaks.push(Break::new(&path, line_naming(text, &name), says));
            }
        }
    }
    breaks
}

fn objection(room: &Room, ours: &[String], name: &str) -> Option<String> {
    let folder = room.folder;
    let stranger =
        ours.iter().any(|our| our == name) && room.knows.is_some_and(|knows| !knows.contains(&name));
    if stranger {
        return Some(format!("the room `{folder}` must not know `{name}`: arrows point inwards only"));
    }
    let forbidden = room.without.iter().any(|group| group.contains(&name));
    forbidden.then(|| format!("the room `{folder}` does without `{name}`"))
}

/// Path, text and content of each crate's manifest. One that does not parse stops cargo itself.
fn manifests(tree: &Tree) -> impl Iterator<Item = (String, &str, toml::Table)> {
    tree.entries("crates").into_iter().filter_map(|folder| {
        let path = format!("crates/{folder}/Cargo.toml");
        let text = tree.text(&path)?;
        Some((path, text, toml::from_str(text).ok()?))
    })
}

fn package_name(manifest: &toml::Table) -> Option<String> {
    Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
}

/// Kind and real name of every dependency, also of those for one platform only.
fn dependencies(manifest: &toml::Table) -> Vec<(&'static str, String)> {
    let platforms = manifest.get("target").and_then(toml::Value::as_table);
    let platforms = platforms.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table);
    let mut found = Vec::new();
    for table in platforms.chain([manifest]) {
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            for (key, value) in table.get(kind).and_then(toml::Value::as_table).into_iter().flatten() {
                let renamed = value.get("package").and_then(toml::Value::as_str);
                found.push((kind, renamed.unwrap_or(key).to_owned()));
            }
        }
    }
    found
}

fn line_naming(text: &str, name: &str) -> usize {
    text.match_indices(name)
        .find(|(at, _)| {
            let before = text[..*at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_');
            edge(before) && edge(after)
        })
        .map_or(1, |(at, _)| line_of(text, at))
}
