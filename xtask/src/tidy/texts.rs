//! Rules that look at plain text: length, templates, paths of one machine, migrations of both engines.

use super::tree::{Break, Tree};

const LONGEST_FILE: usize = 500;
/// Written by people and read by people.
const SOURCES: &[&str] = &[".rs", ".ts", ".js", ".mjs", ".html", ".css", ".sql"];
/// Templates whose values go into scripts unescaped, as WeChat's own page has them. The simulator makes both
/// values itself: its own address, and JSON without `<`.
const SAFE_IN_SCRIPTS: &[&str] = &["crates/wechat-sim/templates/qrconnect.html"];

pub(crate) fn check(tree: &Tree) -> Vec<Break> {
    let mut breaks = Vec::new();
    lengths(tree, &mut breaks);
    templates(tree, &mut breaks);
    machine_paths(tree, &mut breaks);
    migrations(tree, &mut breaks);
    breaks
}

fn lengths(tree: &Tree, breaks: &mut Vec<Break>) {
    for (path, text) in tree.ending(SOURCES) {
        let made = path.ends_with(".gen.ts") || path.ends_with(".min.js");
        let lines = text.lines().count();
        if lines > LONGEST_FILE && !made {
            breaks.push(Break::new(path, lines, format!("{lines} lines; {LONGEST_FILE} are the most")));
        }
    }
}

fn templates(tree: &Tree, breaks: &mut Vec<Break>) {
    let pages = tree.ending(&[".html"]).filter(|(path, _)| path.contains("/templates/"));
    for (path, text) in pages.filter(|(path, _)| !SAFE_IN_SCRIPTS.contains(path)) {
        for (number, line) in (1..).zip(text.lines()) {
            let dense: String = line.chars().filter(|c| !c.is_whitespace()).collect();
            let style = dense.starts_with("<style>{{") && dense.ends_with("}}</style>");
            if dense.contains("|safe") && !style {
                breaks.push(Break::new(
                    path,
                    number,
                    "only the page's own style goes in unescaped (`|safe`)",
                ));
            }
        }
    }
}

fn machine_paths(tree: &Tree, breaks: &mut Vec<Break>) {
    // In halves, so that this file may be checked too.
    let homes = ["work", "root", "home"].map(|folder| format!("/{folder}/"));
    for (path, text) in tree.ending(&[""]) {
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(home) = homes.iter().find(|home| stands_alone(line, home)) {
                breaks.push(Break::new(path, number, format!("`{home}…` is a path of one machine")));
            }
        }
    }
}

/// Whether the path begins here: not in the middle of a URL or of another path.
fn stands_alone(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~}*)/".contains(c))
    })
}

fn migrations(tree: &Tree, breaks: &mut Vec<Break>) {
    let folders = ["crates/store/migrations/sqlite", "crates/store/migrations/postgres"];
    let [sqlite, postgres] = folders.map(|folder| tree.entries(folder));
    for (folder, has, other) in [(folders[0], &sqlite, &postgres), (folders[1], &postgres, &sqlite)] {
        for name in has.iter().filter(|name| !other.contains(name)) {
            let path = format!("{folder}/{name}");
            breaks.push(Break::new(&path, 1, "the other engine has no migration of this name"));
        }
    }
}
