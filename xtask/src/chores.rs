//! Chores that call other programs: cargo, npm, the bench.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Writes `docs/openapi.json` from the routes, then the TypeScript types from that document.
pub(crate) fn openapi(root: &Path) -> Result<(), String> {
    let mut test = cargo(root);
    test.args(["test", "--quiet", "-p", "downcity-http", "--test", "it"])
        .arg("the_checked_in_document_is_fresh")
        .env("UPDATE_OPENAPI", "1");
    run(&mut test)?;
    let sdk = root.join("sdk/typescript");
    if !sdk.join("node_modules").is_dir() {
        run(Command::new("npm").args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(&sdk))?;
    }
    run(Command::new("npm").args(["run", "--silent", "generate"]).current_dir(&sdk))
}

/// Builds the bench and the binary it measures as they ship, then runs the bench: with a throw-away PostgreSQL that waits
/// for the disk, where Debian's `pg_virtualenv` is installed.
pub(crate) fn bench(root: &Path, args: &[String]) -> Result<(), String> {
    // By itself: built together with the bench it could get other features than it ships with.
    run(cargo(root).args(["build", "--release", "-p", "fed"]))?;
    run(cargo(root).args(["build", "--release", "-p", "bench"]))?;
    let program = cargo_target(root).join("release/bench");
    let there = |name: &str| Command::new(name).arg("--help").output().is_ok();
    if std::env::var_os("PGHOST").is_some() || !there("pg_virtualenv") {
        return run(Command::new(program).args(args).current_dir(root));
    }
    let mut server = Command::new("pg_virtualenv");
    run(server.args(["-t", "-o", "fsync=on"]).arg(program).args(args).current_dir(root))
}

/// The name of every crate that some build of the workspace compiles, on any platform.
///
/// `Cargo.lock` will not do: it also lists optional crates that nothing turns on.
pub(crate) fn built_crates(root: &Path) -> Result<Vec<String>, String> {
    let text = tree(root, &["--workspace", "--target", "all", "--edges", "all", "--prefix", "none"], "{p}")?;
    Ok(text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

/// Every package that some build of the workspace compiles, with its licence.
pub(crate) fn built_licences(root: &Path) -> Result<Vec<(String, String)>, String> {
    let args = ["--workspace", "--target", "all", "--edges", "normal,build,dev", "--prefix", "none"];
    let text = tree(root, &args, "{p}|{l}")?;
    let lines = text.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('|'));
    let named = lines.map(|(package, licence)| {
        let mut words = package.split(' ');
        (
            format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default()),
            licence.to_owned(),
        )
    });
    Ok(named.collect::<std::collections::BTreeSet<_>>().into_iter().collect())
}

/// What `cargo tree` says with these arguments, a package a line.
pub(crate) fn tree(root: &Path, args: &[&str], format: &str) -> Result<String, String> {
    let mut tree = cargo(root);
    let output = tree.arg("tree").args(args).args(["--format", format]).output();
    let output = output.map_err(|error| format!("cargo tree: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where cargo puts what it builds.
fn cargo_target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("{name} does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}")) }
}
