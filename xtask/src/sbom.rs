//! What the binary is made of (CycloneDX 1.5), as cargo builds it for this platform: no package that a feature only could
//! bring in, and nothing of the machine that it is made on.

use crate::chores;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A package by name and version.
type Package = (String, String);

/// The packages of a binary: what each says of its licence, and what each is built with.
#[derive(Default)]
struct Graph {
    licences: BTreeMap<Package, String>,
    needs: BTreeMap<Package, BTreeSet<Package>>,
}

/// Writes `target/sbom/fed.cdx.json` and tells where it is.
pub(crate) fn sbom(root: &Path) -> Result<PathBuf, String> {
    let tree =
        chores::tree(root, &["-p", "fed", "--edges", "normal,build", "--prefix", "depth"], "|{p}|{l}")?;
    let lock =
        std::fs::read_to_string(root.join("Cargo.lock")).map_err(|why| format!("Cargo.lock: {why}"))?;
    let document = document(&Graph::read(&tree)?, &checksums(&lock)?)?;
    let folder = root.join("target/sbom");
    let path = folder.join("fed.cdx.json");
    let text = format!("{document:#}\n");
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, text));
    written.map_err(|why| format!("{}: {why}", path.display()))?;
    Ok(path)
}

impl Graph {
    /// Reads lines of `cargo tree --prefix depth`: `DEPTH|NAME vVERSION …|LICENCE`.
    fn read(tree: &str) -> Result<Self, String> {
        let mut graph = Self::default();
        let mut above: Vec<Package> = Vec::new();
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let odd = || format!("cargo tree says `{line}`");
            let mut parts = line.splitn(3, '|');
            let (depth, package, licence) = match (parts.next(), parts.next(), parts.next()) {
                (Some(depth), Some(package), Some(licence)) => (depth, package, licence),
                _ => return Err(odd()),
            };
            let depth: usize = depth.parse().map_err(|_| odd())?;
            let mut words = package.split(' ');
            let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let package = (name.to_owned(), version.strip_prefix('v').ok_or_else(odd)?.to_owned());
            // What has been told in full before is marked.
            let licence = licence.trim_end_matches(" (*)").to_owned();
            graph.licences.insert(package.clone(), licence);
            graph.needs.entry(package.clone()).or_default();
            above.truncate(depth);
            if let Some(parent) = above.last() {
                graph.needs.entry(parent.clone()).or_default().insert(package.clone());
            }
            above.push(package);
        }
        Ok(graph)
    }
}

/// The checksum of each package that comes from the registry; our own have none.
fn checksums(lock: &str) -> Result<BTreeMap<Package, Option<String>>, String> {
    let lock: toml::Table = lock.parse().map_err(|why| format!("Cargo.lock: {why}"))?;
    let packages = lock.get("package").and_then(toml::Value::as_array).ok_or("Cargo.lock has no packages")?;
    let text = |package: &toml::Value, name: &str| {
        package.get(name).and_then(toml::Value::as_str).map(str::to_owned)
    };
    let entries = packages.iter().filter_map(|package| {
        Some(((text(package, "name")?, text(package, "version")?), text(package, "checksum")))
    });
    Ok(entries.collect())
}

fn document(graph: &Graph, checksums: &BTreeMap<Package, Option<String>>) -> Result<Value, String> {
    let mut components = Vec::new();
    let mut main = Value::Null;
    for (package @ (name, version), licence) in &graph.licences {
        let checksum =
            checksums.get(package).ok_or_else(|| format!("{name} {version} is not in Cargo.lock"))?;
        let mut component = json!({
            "type": if name == "fed" { "application" } else { "library" },
            "bom-ref": purl(package),
            "name": name,
            "version": version,
            "purl": purl(package),
            // The older way to write OR.
            "licenses": [{ "expression": licence.replace('/', " OR ") }],
        });
        if let Some(checksum) = checksum {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        if name == "fed" { main = component } else { components.push(component) }
    }
    let depends = graph.needs.iter().map(|(package, needs)| {
        json!({ "ref": purl(package), "dependsOn": needs.iter().map(purl).collect::<Vec<_>>() })
    });
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": main },
        "components": components,
        "dependencies": depends.collect::<Vec<_>>(),
    }))
}

fn purl((name, version): &Package) -> String {
    format!("pkg:cargo/{name}@{version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inventory_names_what_cargo_builds_and_what_it_is_built_with() {
        let tree = "0|fed v0.1.0 (/somewhere/fed)|MIT\n1|a v1.0.0|MIT/Apache-2.0\n2|c v3.0.0 (proc-macro)|Zlib\n\
            1|b v2.0.0|MIT\n2|a v1.0.0|MIT/Apache-2.0 (*)\n";
        let lock = "[[package]]\nname = \"fed\"\nversion = \"0.1.0\"\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\
            checksum = \"aa\"\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\nchecksum = \"bb\"\n[[package]]\n\
            name = \"c\"\nversion = \"3.0.0\"\nchecksum = \"cc\"\n[[package]]\nname = \"unused\"\nversion = \"9.0.0\"\n";
        let made = document(&Graph::read(tree).unwrap(), &checksums(lock).unwrap()).unwrap();
        let names: Vec<_> = made["components"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(made["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(made["components"][1]["hashes"][0]["content"], "bb");
        assert_eq!(made["metadata"]["component"]["purl"], "pkg:cargo/fed@0.1.0");
        assert_eq!(made["dependencies"][1]["dependsOn"], json!(["pkg:cargo/a@1.0.0"]), "b needs a");
        assert!(!made.to_string().contains("somewhere"));
        let other = checksums("[[package]]\nname = \"fed\"\nversion = \"0.1.0\"\n").unwrap();
        assert!(document(&Graph::read(tree).unwrap(), &other).unwrap_err().contains("a 1.0.0"));
    }
}
