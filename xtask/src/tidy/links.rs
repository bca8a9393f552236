//! Links in documents that lead to files of the project, and to headings in them.

use super::tree::{Break, Tree, line_of};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::HashMap;

pub(crate) fn check(tree: &Tree) -> Vec<Break> {
    let mut breaks = Vec::new();
    for (path, text) in tree.ending(&[".md"]) {
        for (line, target) in links(text) {
            if let Some(says) = objection(tree, path, &target) {
                breaks.push(Break::new(path, line, says));
            }
        }
    }
    breaks
}

fn objection(tree: &Tree, from: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let Some(path) = resolve(from, file) else {
        return Some(format!("the link `{target}` leads out of the project"));
    };
    if !tree.has(&path) {
        return Some(format!("the link `{target}` leads nowhere: there is no `{path}`"));
    }
    let headings = path.ends_with(".md").then(|| tree.text(&path)).flatten().map(anchors)?;
    let anchor = anchor.filter(|anchor| !headings.iter().any(|heading| heading == anchor))?;
    Some(format!("the link `{target}` leads to no heading: `{path}` has no `#{anchor}`"))
}

/// The path from the root that a link means; nothing if it leaves the project.
fn resolve(from: &str, file: &str) -> Option<String> {
    if file.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = if file.starts_with('/') { Vec::new() } else { from.split('/').collect() };
    parts.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn events(text: &str) -> impl Iterator<Item = (Event<'_>, std::ops::Range<usize>)> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES).into_offset_iter()
}

/// Line and target of every link and picture.
fn links(text: &str) -> Vec<(usize, String)> {
    let targets = events(text).filter_map(|(event, bytes)| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some((line_of(text, bytes.start), dest_url.into_string()))
        }
        _ => None,
    });
    targets.collect()
}

/// The text of every heading.
pub(crate) fn headings(text: &str) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), None::<String>);
    for (event, _) in events(text) {
        match (event, &mut open) {
            (Event::Start(Tag::Heading { .. }), open) => *open = Some(String::new()),
            (Event::Text(words) | Event::Code(words), Some(heading)) => heading.push_str(&words),
            (Event::End(TagEnd::Heading(_)), open) => found.extend(open.take()),
            _ => {}
        }
    }
    found
}

/// The names under which code hosts let a link reach each heading: lower case, spaces as hyphens, no
/// punctuation, and a number for the second of a name.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let names = headings(text).into_iter().map(|heading| {
        let plain = heading.trim().to_lowercase();
        let kept = plain.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 { name } else { format!("{name}-{}", *count - 1) }
    });
    names.collect()
}
