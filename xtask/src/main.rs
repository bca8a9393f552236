//! Chores of the project, run as `cargo xtask …`: the house rules as a test, generated files, the bench.

mod chores;
mod sbom;
mod scale;
mod tidy;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <COMMAND>

  tidy             check the house rules; names each break and exits with 1 if there is one
  openapi          write docs/openapi.json and the types of the TypeScript client anew
  sbom             write what the binary is made of (CycloneDX) to target/sbom/fed.cdx.json
  scale [--write]  simulate Federations of growing size from docs/scale.toml; --write puts the rows into docs/scale.md
  bench [OPTIONS]  measure speed and memory (cargo xtask bench --help)
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let root = root();
    let outcome = match args.first().map(String::as_str) {
        Some("tidy") if args.len() == 1 => tidy(&root),
        Some("openapi") if args.len() == 1 => chores::openapi(&root),
        Some("sbom") if args.len() == 1 => {
            sbom::sbom(&root).map(|path| say(&mut std::io::stdout(), &path.display().to_string()))
        }
        Some("scale") if args.len() == 1 => {
            scale::scale(&root, false).map(|rows| say(&mut std::io::stdout(), rows.trim_end()))
        }
        Some("scale") if args[1..] == ["--write"] => scale::scale(&root, true).map(drop),
        Some("bench") => chores::bench(&root, &args[1..]),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            say(&mut std::io::stderr(), &text);
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder: the one above this package.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

fn tidy(root: &Path) -> Result<(), String> {
    let tree = tidy::Tree::of_git(root)?;
    let mut breaks = tidy::check(&tree);
    breaks.extend(tidy::banned_crates(&tree, &chores::built_crates(root)?));
    breaks.extend(tidy::refused_licences(&chores::built_licences(root)?));
    if breaks.is_empty() {
        say(&mut std::io::stdout(), &format!("tidy: {} files keep the house rules", tree.len()));
        return Ok(());
    }
    breaks.sort();
    let count = breaks.len();
    let lines: Vec<_> = breaks.iter().map(ToString::to_string).collect();
    Err(format!("{}\n\ntidy: {count} break(s) of the house rules", lines.join("\n")))
}

/// Writes a line; whoever closed the pipe does not want it.
fn say(out: &mut impl Write, text: &str) {
    let _ = writeln!(out, "{text}");
}
