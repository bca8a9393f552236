//! The files that rules look at, and what a rule says when one breaks it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;

/// One break of one rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Break {
    file: String,
    /// From 1.
    line: usize,
    says: String,
}

impl Break {
    pub(crate) fn new(file: &str, line: usize, says: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, says: says.into() }
    }
}

impl fmt::Display for Break {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.file, self.line, self.says)
    }
}

/// The project's files by their path from the root (with `/`), read whole. Files that are not text have none.
pub(crate) struct Tree(BTreeMap<String, Option<String>>);

impl Tree {
    /// What git tracks, and new files that it does not ignore: those come to be tracked soon.
    pub(crate) fn of_git(root: &Path) -> Result<Self, String> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
        let output = git.output().map_err(|error| format!("git does not start: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let listed = String::from_utf8_lossy(&output.stdout);
        Ok(Self::read(root, listed.split('\0').filter(|path| !path.is_empty())))
    }

    /// The named files of a folder; those that are gone count as not there.
    pub(crate) fn read<'a>(root: &Path, paths: impl Iterator<Item = &'a str>) -> Self {
        let files = paths.filter_map(|path| {
            let bytes = std::fs::read(root.join(path)).ok()?;
            Some((path.to_owned(), String::from_utf8(bytes).ok()))
        });
        Self(files.collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The text of a file, if it is there and is text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path)?.as_deref()
    }

    /// Whether there is such a file, or a folder with files in it.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty() || self.0.contains_key(path) || self.0.keys().any(|file| file.starts_with(&folder))
    }

    /// Paths of all files.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Text files whose name ends in one of these.
    pub(crate) fn ending<'a>(&'a self, ends: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let texts = self.0.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)));
        texts.filter(|(path, _)| ends.iter().any(|end| path.ends_with(end)))
    }

    /// Names of what lies directly in a folder, files and folders.
    pub(crate) fn entries(&self, folder: &str) -> Vec<&str> {
        let inside = self.paths().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
        let mut names: Vec<_> = inside.map(|rest| rest.split('/').next().unwrap_or(rest)).collect();
        names.dedup();
        names
    }
}

/// The line, from 1, on which this byte of a text lies.
pub(crate) fn line_of(text: &str, byte: usize) -> usize {
    text.as_bytes()[..byte.min(text.len())].iter().filter(|&&b| b == b'\n').count() + 1
}
