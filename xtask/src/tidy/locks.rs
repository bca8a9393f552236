//! Rules for what we build on: where it comes from, and what must not come in.

use super::tree::{Break, Tree};

/// The only source of crates.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// Crates that must not be built: a second TLS or crypto stack, and RSA with its open timing advisory.
const BANNED: &[&str] = &["openssl-sys", "native-tls", "ring", "rsa"];

pub(crate) fn check(tree: &Tree) -> Vec<Break> {
    let mut breaks = Vec::new();
    lines(tree, &["Cargo.lock"], &mut breaks, |line| {
        let source = line.strip_prefix("source = \"")?.trim_end_matches('"');
        (source != REGISTRY)
            .then(|| format!("`{source}` is no source of ours: crates come from the crate registry"))
    });
    lines(tree, &["package-lock.json"], &mut breaks, |line| {
        let named = line.trim_start().starts_with("\"resolved\"") && line.contains("://");
        named.then(|| "a lock file names no registry host (npm's omit-lockfile-registry-resolved)".to_owned())
    });
    lines(tree, &[".npmrc"], &mut breaks, |line| {
        line.contains("registry=").then(|| "which registry to use is the machine's business".to_owned())
    });
    lines(tree, &[".cargo/config.toml"], &mut breaks, |line| {
        let named = line.starts_with("[source") || line.starts_with("[registries");
        named.then(|| "which registry to use is the machine's business".to_owned())
    });
    breaks
}

/// Banned crates among those that are built. A decision permits one by a line `Permits the crate NAME.`
pub(crate) fn banned_crates(tree: &Tree, built: &[String]) -> Vec<Break> {
    let banned = BANNED.iter().filter(|name| built.iter().any(|crate_name| crate_name == *name));
    let breaks = banned.filter(|name| !permitted(tree, name)).map(|name| {
        Break::new(
            "Cargo.lock",
            1,
            format!("`{name}` is built; see `cargo tree --target all -i {name}` for whom"),
        )
    });
    breaks.collect()
}

fn permitted(tree: &Tree, name: &str) -> bool {
    let decisions = tree.ending(&[".md"]).filter(|(path, _)| path.starts_with("docs/decisions/"));
    let line = format!("Permits the crate {name}.");
    decisions.into_iter().any(|(_, text)| text.lines().any(|found| found == line))
}

/// Puts a question to every line of the files of these names.
fn lines(tree: &Tree, names: &[&str], breaks: &mut Vec<Break>, ask: impl Fn(&str) -> Option<String>) {
    for (path, text) in tree.ending(names) {
        for (number, line) in (1..).zip(text.lines()) {
            breaks.extend(ask(line).map(|says| Break::new(path, number, says)));
        }
    }
}
