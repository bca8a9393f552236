//! The Federations that a person saved with `fed login`: names, addresses and admin keys, in one file of their
//! config folder that nobody else can read.

use crate::keys;
use crate::problem::Problem;
use downcity::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The longest file that is read, in bytes: some thousand Federations.
const LIMIT: u64 = 1024 * 1024;
/// The longest name of a saved Federation.
const LONGEST_NAME: usize = 100;

/// Everything that is saved.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Book {
    /// The one that commands mean when none is named.
    pub(crate) default: Option<String>,
    /// All, by name.
    #[serde(default, rename = "federation")]
    pub(crate) entries: BTreeMap<String, Entry>,
}

/// One saved Federation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Its address, without a slash at its end.
    pub(crate) url: String,
    /// Opens its Admin API.
    #[serde(serialize_with = "exposed")]
    pub(crate) admin_key: SecretString,
}

/// This file is the one place where the key is kept in clear.
fn exposed<S: Serializer>(key: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.expose_secret())
}

impl Book {
    /// Reads what is saved; nothing is, where there is no file.
    pub(crate) fn read() -> Result<Self, Problem> {
        Self::read_in(&folder()?)
    }

    fn read_in(folder: &Path) -> Result<Self, Problem> {
        let path = file_in(folder);
        let Some(text) = keys::read_private_within(&path, LIMIT)? else { return Ok(Self::default()) };
        // The parser's text may quote the line, which may hold a key.
        toml::from_str(&text).map_err(|_| {
            Problem::usage(format_args!("{} is not as `fed login` writes it", path.display()))
                .next("mend it, or remove it and log in again")
        })
    }

    /// The saved Federation of this name.
    pub(crate) fn named(&self, name: &str) -> Result<&Entry, Problem> {
        self.entries.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.entries.keys().map(String::as_str).collect();
            let known = if names.is_empty() { "none is".to_owned() } else { names.join(", ") };
            Problem::usage(format_args!("no Federation is saved as {name} (saved: {known})"))
                .next("save it with `fed login URL --name NAME`, or see `fed federations`")
        })
    }

    /// The one that is meant when none is named.
    pub(crate) fn chosen(&self) -> Option<(&str, &Entry)> {
        let name = self.default.as_deref()?;
        Some((name, self.entries.get(name)?))
    }

    /// A saved Federation at this address.
    pub(crate) fn at(&self, url: &str) -> Option<(&str, &Entry)> {
        let url = url.trim_end_matches('/');
        self.entries.iter().find(|(_, entry)| entry.url == url).map(|(name, entry)| (name.as_str(), entry))
    }
}

/// Reads what is saved, changes it and writes it back; two commands at once wait for each other. The file is replaced
/// whole, so that a crash leaves the old or the new one.
pub(crate) fn change<T>(edit: impl FnOnce(&mut Book) -> Result<T, Problem>) -> Result<T, Problem> {
    change_in(&folder()?, edit)
}

fn change_in<T>(folder: &Path, edit: impl FnOnce(&mut Book) -> Result<T, Problem>) -> Result<T, Problem> {
    let fault = |why: io::Error| keys::unwritable(&file_in(folder), &why);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?;
    let mut lock = OpenOptions::new();
    let lock = lock.write(true).create(true).truncate(false).mode(0o600);
    let lock = lock.open(folder.join("federations.lock")).map_err(fault)?;
    lock.lock().map_err(fault)?;
    let mut book = Book::read_in(folder)?;
    let done = edit(&mut book)?;
    write(folder, &book).map_err(fault)?;
    Ok(done)
}

fn write(folder: &Path, book: &Book) -> io::Result<()> {
    let text = toml::to_string(book).map_err(io::Error::other)?;
    // For its owner only from its first byte on.
    let mut fresh = keys::beside(&file_in(folder))?;
    fresh.write_all(text.as_bytes())?;
    fresh.as_file().sync_all()?;
    fresh.persist(file_in(folder))?;
    File::open(folder)?.sync_all()
}

/// A name as it may be saved: what needs no quotes in a shell.
pub(crate) fn checked_name(name: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
    if name.is_empty() || name.len() > LONGEST_NAME || name.starts_with('-') || !name.chars().all(fits) {
        return Err(format!(
            "must be 1 to {LONGEST_NAME} letters, digits, dots, colons, dashes or underscores"
        ));
    }
    Ok(name.to_owned())
}

fn file_in(folder: &Path) -> PathBuf {
    folder.join("federations.toml")
}

/// `$XDG_CONFIG_HOME/downcity`, or `~/.config/downcity` (the XDG base directory specification: a path that is not
/// absolute is ignored).
fn folder() -> Result<PathBuf, Problem> {
    let absolute = |path: Option<OsString>| path.map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || absolute(std::env::var_os("HOME")).map(|home| home.join(".config"));
    let config = absolute(std::env::var_os("XDG_CONFIG_HOME")).or_else(home);
    config.map(|config| config.join("downcity")).ok_or_else(|| {
        Problem::usage("there is no folder for saved Federations: neither HOME nor XDG_CONFIG_HOME is set")
            .next("set one of them, or name the Federation with --url and --admin-key-file")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    fn add(folder: &Path, name: &str, url: &str) {
        let entry = Entry { url: url.to_owned(), admin_key: SecretString::from("ak_secret") };
        let edit = |book: &mut Book| Ok(book.entries.insert(name.to_owned(), entry));
        change_in(folder, edit).unwrap();
    }

    #[test]
    fn what_is_saved_comes_back_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("config/downcity");
        assert!(Book::read_in(&folder).unwrap().entries.is_empty());
        add(&folder, "fed.example.com", "https://fed.example.com");
        let book = Book::read_in(&folder).unwrap();
        let (name, entry) = book.at("https://fed.example.com/").unwrap();
        assert_eq!((name, entry.admin_key.expose_secret()), ("fed.example.com", "ak_secret"));
        assert!(!format!("{book:?}").contains("ak_secret"));
        assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
        assert_eq!(file_in(&folder).metadata().unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        add(folder.path(), "one", "https://one.example");
        set_permissions(file_in(folder.path()), Permissions::from_mode(0o640)).unwrap();
        let told = format!("{:?}", Book::read_in(folder.path()).unwrap_err());
        assert!(told.contains("chmod 600") && !told.contains("ak_secret"), "{told}");
    }

    #[test]
    fn a_broken_file_is_told_without_its_keys() {
        let folder = tempfile::tempdir().unwrap();
        keys::write_private(&file_in(folder.path()), "admin_key = ak_secret").unwrap();
        let told = format!("{:?}", Book::read_in(folder.path()).unwrap_err());
        assert!(told.contains("federations.toml") && !told.contains("ak_secret"), "{told}");
    }

    #[test]
    fn two_that_save_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let folder = folder.path();
                scope.spawn(move || add(folder, &format!("f{n}"), "https://x.example"));
            }
        });
        assert_eq!(Book::read_in(folder.path()).unwrap().entries.len(), 8);
    }

    #[test]
    fn names_need_no_quotes() {
        for name in ["fed.example.com", "a:8443", "x_1-y"] {
            assert_eq!(checked_name(name).unwrap(), name);
        }
        for name in ["", "-x", "a b", "ä", "a/b", &"a".repeat(101)] {
            assert!(checked_name(name).is_err(), "{name}");
        }
    }
}
