//! Which Federation a command means, and with which key: flags before the environment, that before the saved default,
//! and that before the data folder on this machine.

use crate::house::ADMIN_KEY;
use crate::keys;
use crate::problem::Problem;
use crate::saved::{Book, Entry};
use downcity::SecretString;
use std::path::{Path, PathBuf};

/// Where `fed serve` and `fed dev` listen when they are told nothing else.
pub(crate) const LOCAL_URL: &str = "http://127.0.0.1:43127";

/// What was named on the command line, or in the environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Named {
    pub(crate) url: Option<String>,
    pub(crate) federation: Option<String>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) key: Option<SecretString>,
    pub(crate) data: Option<PathBuf>,
}

impl Named {
    /// What the environment names; empty variables name nothing.
    pub(crate) fn in_environment() -> Self {
        let text = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self {
            url: text("FED_URL"),
            federation: text("FED_FEDERATION"),
            key_file: path("FED_ADMIN_KEY_FILE"),
            key: text("FED_ADMIN_KEY").map(|key| SecretString::from(key.trim())),
            data: path("FED_DATA"),
        }
    }

    /// Whether anything is named.
    pub(crate) fn names_any(&self) -> bool {
        self.url.is_some() || self.federation.is_some() || self.names_a_key()
    }

    fn names_a_key(&self) -> bool {
        self.key_file.is_some() || self.key.is_some() || self.data.is_some()
    }
}

/// A Federation to talk to.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Its address.
    pub(crate) url: String,
    /// The name that it is saved under.
    pub(crate) name: Option<String>,
    /// Where the key comes from, in words.
    pub(crate) source: String,
    /// Opens its Admin API.
    pub(crate) key: SecretString,
}

impl Target {
    /// A saved Federation.
    pub(crate) fn saved(name: &str, entry: &Entry) -> Self {
        Self {
            url: entry.url.clone(),
            name: Some(name.to_owned()),
            source: format!("the saved Federation {name}"),
            key: entry.admin_key.clone(),
        }
    }

    /// The one on this machine, where it was started in this folder.
    pub(crate) fn local() -> Option<Self> {
        let folders = ["data", "data/dev"].into_iter().map(Path::new);
        let (key, source) = folders.filter_map(|folder| from_folder(folder).ok()).next()?;
        Some(Self { url: LOCAL_URL.to_owned(), name: None, source, key })
    }

    /// The one that is meant. A saved key goes only to the address that it was saved with.
    pub(crate) fn choose(
        flags: &Named,
        env: &Named,
        book: impl Fn() -> Result<Book, Problem>,
    ) -> Result<Self, Problem> {
        let by_name = |name: &String| {
            let book = book()?;
            let target = Self::saved(name, book.named(name)?);
            // A key file on the command line is meant, whatever is saved.
            let Some(file) = &flags.key_file else { return Ok(target) };
            let (key, source) = from_file(file)?;
            Ok(Self { key, source, ..target })
        };
        for layer in [flags, env] {
            match (&layer.federation, &layer.url) {
                (Some(_), Some(_)) => {
                    return Err(Problem::usage("both FED_URL and FED_FEDERATION name a Federation")
                        .next("unset one of them, or use --url or --federation"));
                }
                (Some(name), None) => return by_name(name),
                (None, Some(url)) => return Self::at(url, flags, env, &book),
                (None, None) => {}
            }
        }
        if !flags.names_a_key() && !env.names_a_key() {
            let book = book()?;
            if let Some((name, entry)) = book.chosen() {
                return Ok(Self::saved(name, entry));
            }
        }
        Self::at(LOCAL_URL, flags, env, &book)
    }

    /// At an address, with a key from where there is one.
    fn at(
        url: &str,
        flags: &Named,
        env: &Named,
        book: impl Fn() -> Result<Book, Problem>,
    ) -> Result<Self, Problem> {
        let with = |(key, source)| Ok(Self { url: url.to_owned(), name: None, source, key });
        for layer in [flags, env] {
            match layer {
                Named { key_file: Some(path), .. } => return with(from_file(path)?),
                Named { key: Some(key), .. } => {
                    return with((key.clone(), "the variable FED_ADMIN_KEY".to_owned()));
                }
                Named { data: Some(folder), .. } => return with(from_folder(folder)?),
                _ => {}
            }
        }
        match book()?.at(url) {
            Some((name, entry)) => Ok(Self::saved(name, entry)),
            None => with(from_folder(Path::new("data"))?),
        }
    }
}

fn from_file(path: &Path) -> Result<(SecretString, String), Problem> {
    found(path)?.ok_or_else(|| without_key(format!("there is no file {}", path.display())))
}

fn from_folder(folder: &Path) -> Result<(SecretString, String), Problem> {
    let path = folder.join(ADMIN_KEY);
    found(&path)?.ok_or_else(|| {
        let nowhere = "there is no admin key: no Federation is saved, none in FED_ADMIN_KEY, and no file";
        without_key(format!("{nowhere} {}", path.display()))
    })
}

fn found(path: &Path) -> Result<Option<(SecretString, String)>, Problem> {
    let text = keys::read_private(path)?;
    Ok(text.map(|text| (SecretString::from(text.trim()), path.display().to_string())))
}

fn without_key(what: String) -> Problem {
    Problem::usage(what).next(
        "save the Federation with `fed login URL`, name its data folder with --data, or the key's file with \
         --admin-key-file; the first start of `fed serve` made and showed the key",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use downcity::ExposeSecret;
    use std::fs;

    fn book() -> Result<Book, Problem> {
        let entry = |url: &str, key: &str| Entry { url: url.to_owned(), admin_key: SecretString::from(key) };
        let entries =
            [("one", entry("https://one.example", "ak_1")), ("two", entry("https://two.example", "ak_2"))];
        let entries = entries.map(|(name, entry)| (name.to_owned(), entry)).into();
        Ok(Book { default: Some("one".to_owned()), entries })
    }

    fn chosen(flags: &Named, env: &Named) -> (String, String) {
        let target = Target::choose(flags, env, book).unwrap();
        (target.url, target.key.expose_secret().to_owned())
    }

    fn pair(url: &str, key: &str) -> (String, String) {
        (url.to_owned(), key.to_owned())
    }

    #[test]
    fn flags_come_before_the_environment_and_that_before_the_saved_default() {
        let named = |name: &str| Named { federation: Some(name.to_owned()), ..Named::default() };
        let at = |url: &str| Named { url: Some(url.to_owned()), ..Named::default() };
        let none = Named::default();
        assert_eq!(chosen(&none, &none), pair("https://one.example", "ak_1"));
        assert_eq!(chosen(&none, &named("two")), pair("https://two.example", "ak_2"));
        assert_eq!(chosen(&named("one"), &named("two")), pair("https://one.example", "ak_1"));
        assert_eq!(chosen(&at("https://two.example/"), &named("one")), pair("https://two.example", "ak_2"));
        assert_eq!(chosen(&named("two"), &at("https://one.example")), pair("https://two.example", "ak_2"));
        let both = Named { url: Some("https://one.example".to_owned()), ..named("one") };
        assert!(Target::choose(&none, &both, book).is_err());
    }

    #[test]
    fn a_key_of_ones_own_means_the_local_federation_and_not_the_saved_default() {
        let folder = tempfile::tempdir().unwrap();
        keys::write_private(&folder.path().join(ADMIN_KEY), "ak_local").unwrap();
        let none = Named::default();
        let data = Named { data: Some(folder.path().to_owned()), ..Named::default() };
        assert_eq!(chosen(&data, &none), pair(LOCAL_URL, "ak_local"));
        assert_eq!(chosen(&none, &data), pair(LOCAL_URL, "ak_local"));
        let key = Named { key: Some(SecretString::from("ak_env")), ..Named::default() };
        assert_eq!(chosen(&none, &key), pair(LOCAL_URL, "ak_env"));
        assert_eq!(chosen(&data, &key), pair(LOCAL_URL, "ak_local"));
    }

    #[test]
    fn a_saved_key_goes_only_to_its_own_address() {
        let empty = tempfile::tempdir().unwrap();
        let url = Named {
            url: Some("https://three.example".to_owned()),
            data: Some(empty.path().to_owned()),
            ..Named::default()
        };
        assert!(Target::choose(&url, &Named::default(), book).unwrap_err().what().contains("no admin key"));
        fs::write(empty.path().join("x"), "").unwrap();
        let named = Named { federation: Some("three".to_owned()), ..Named::default() };
        assert!(Target::choose(&named, &Named::default(), book).unwrap_err().what().contains("one, two"));
    }
}
