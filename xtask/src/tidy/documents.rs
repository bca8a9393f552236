//! Rules for documents as a whole: two languages, an architecture page that names every room, decisions in a row.

use super::links::headings;
use super::tree::{Break, Tree};

pub(crate) fn check(tree: &Tree) -> Vec<Break> {
    let mut breaks = Vec::new();
    twins(tree, &mut breaks);
    architecture(tree, &mut breaks);
    decisions(tree, &mut breaks);
    breaks
}

/// Every guide has its Chinese twin, and whatever has a twin has one of the same outline.
fn twins(tree: &Tree, breaks: &mut Vec<Break>) {
    for (path, text) in tree.ending(&[".md"]) {
        if let Some(base) = path.strip_suffix(".zh.md") {
            if !tree.has(&format!("{base}.md")) {
                breaks.push(Break::new(path, 1, format!("there is no English `{base}.md`")));
            }
            continue;
        }
        let twin = format!("{}.zh.md", path.trim_end_matches(".md"));
        let is_guide = path.strip_prefix("docs/").is_some_and(|rest| !rest.contains('/'));
        match tree.text(&twin) {
            None if is_guide => {
                breaks.push(Break::new(path, 1, format!("a guide has a Chinese twin, `{twin}`")));
            }
            None => {}
            Some(other) => {
                let (here, there) = (headings(text).len(), headings(other).len());
                if here != there {
                    let says = format!(
                        "{there} headings, but `{path}` has {here}: they say the same in the same order"
                    );
                    breaks.push(Break::new(&twin, 1, says));
                }
            }
        }
    }
}

fn architecture(tree: &Tree, breaks: &mut Vec<Break>) {
    const PAGE: &str = "ARCHITECTURE.md";
    let Some(text) = tree.text(PAGE) else {
        breaks.push(Break::new(PAGE, 1, "the project has an architecture page"));
        return;
    };
    for folder in tree.entries("crates") {
        let named = [format!("crates/{folder}"), format!("`{folder}`"), format!("{folder}/")];
        if !named.iter().any(|name| text.contains(name)) {
            breaks.push(Break::new(PAGE, 1, format!("the room `crates/{folder}` is not named")));
        }
    }
}

/// `NNNN-title.md`, from 0001 without a gap.
fn decisions(tree: &Tree, breaks: &mut Vec<Break>) {
    let mut expected = 1;
    for name in tree.entries("docs/decisions") {
        let path = format!("docs/decisions/{name}");
        let title = name.strip_suffix(".md").and_then(|stem| stem.split_once('-'));
        let number = title.and_then(|(digits, rest)| {
            let tidy = rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            (digits.len() == 4 && !rest.is_empty() && tidy).then(|| digits.parse::<u32>().ok())?
        });
        match number {
            None => {
                breaks.push(Break::new(&path, 1, "a decision is called `NNNN-title-in-small-letters.md`"));
            }
            Some(number) if number != expected => {
                breaks.push(Break::new(
                    &path,
                    1,
                    format!("decision {expected:04} comes first: no gap, no double"),
                ));
                expected = number + 1;
            }
            Some(_) => expected += 1,
        }
    }
}
