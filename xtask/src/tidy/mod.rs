//! The house rules as a test. Each file of this folder holds rules of one kind; `ARCHITECTURE.md` and
//! `CONTRIBUTING.md` give their reasons.

mod documents;
mod licences;
mod links;
mod locks;
mod rooms;
mod rust;
mod shown;
mod test_code;
mod texts;
mod tree;

#[cfg(test)]
mod tests;

pub(crate) use licences::refused as refused_licences;
pub(crate) use locks::banned_crates;
pub(crate) use tree::{Break, Tree};

/// Every break of a rule in the tree.
pub(crate) fn check(tree: &Tree) -> Vec<Break> {
    let rules: [fn(&Tree) -> Vec<Break>; 7] =
        [rooms::check, rust::check, texts::check, links::check, documents::check, locks::check, shown::check];
    rules.iter().flat_map(|rule| rule(tree)).collect()
}
