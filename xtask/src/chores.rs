//! Chores that call other programs: cargo, npm, the bench.

use std::path::Path;
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

/// Builds the bench and the binary it measures as they ship, then runs the bench.
pub(crate) fn bench(root: &Path, args: &[String]) -> Result<(), String> {
    // By itself: built together with the bench it could get other features than it ships with.
    run(cargo(root).args(["build", "--release", "-p", "fed"]))?;
    run(cargo(root).args(["run", "--release", "--quiet", "-p", "bench", "--"]).args(args))
}

/// The name of every crate that some build of the workspace compiles, on any platform.
///
/// `Cargo.lock` will not do: it also lists optional crates that nothing turns on.
pub(crate) fn built_crates(root: &Path) -> Result<Vec<String>, String> {
    let mut tree = cargo(root);
    tree.args(["tree", "--workspace", "--target", "all", "--edges", "all", "--prefix", "none"]);
    let output = tree.args(["--format", "{p}"]).output().map_err(|error| format!("cargo tree: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
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
