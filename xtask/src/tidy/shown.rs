//! What the security page says is shown by a test has to be shown by one, in both languages by the same.

use super::tree::{Break, Tree};

const PAGE: &str = "docs/security.md";
const TWIN: &str = "docs/security.zh.md";

pub(crate) fn check(tree: &Tree) -> Vec<Break> {
    let mut breaks = Vec::new();
    let (here, there) = (named(tree, PAGE), named(tree, TWIN));
    for (line, file, test) in &here {
        if !is_there(tree, file, test) {
            breaks.push(Break::new(PAGE, *line, format!("there is no test `{test}` in a file `{file}`")));
        }
    }
    let tests = |all: &[Named<'_>]| -> Vec<String> {
        all.iter().map(|(_, file, test)| format!("{file}::{test}")).collect()
    };
    if tests(&here) != tests(&there) {
        breaks.push(Break::new(TWIN, 1, format!("it does not name the tests of `{PAGE}` in the same order")));
    }
    breaks
}

/// Line, end of a file's path, and name of a test.
type Named<'a> = (usize, &'a str, &'a str);

/// The tests that the tables of a page name as `file::test`.
fn named<'a>(tree: &'a Tree, page: &str) -> Vec<Named<'a>> {
    let lines = tree.text(page).unwrap_or_default().lines().enumerate();
    let rows = lines.filter(|(_, line)| line.starts_with('|'));
    rows.flat_map(|(at, line)| {
        let code = line.split('`').skip(1).step_by(2);
        code.filter_map(move |code| code.split_once("::").map(|(file, test)| (at + 1, file, test)))
    })
    .collect()
}

fn is_there(tree: &Tree, file: &str, test: &str) -> bool {
    let end = format!("/{file}");
    tree.ending(&[end.as_str()]).any(|(path, text)| {
        if path.ends_with(".rs") {
            is_rust_test(text, test)
        } else {
            text.contains(&format!("test(\"{test}"))
        }
    })
}

/// Whether a function of that name has an attribute that makes it a test, or stands in a list of tests for both
/// engines.
fn is_rust_test(text: &str, name: &str) -> bool {
    let listed = text.split("on_both_engines!").skip(1).any(|rest| {
        let list = rest.split([')', '}']).next().unwrap_or_default();
        list.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
    });
    let head = format!("fn {name}(");
    let mut functions = text.match_indices(&head).map(|(at, _)| &text[..at]);
    functions.any(|before| {
        let above = before.trim_end().trim_end_matches("async").trim_end().lines().last().unwrap_or_default();
        let attribute = above.trim().strip_prefix("#[").is_some_and(|rest| rest.contains("test"));
        listed || attribute
    })
}
