//! `fed login`, `logout`, `federations`, `use`: the Federations that a person works with.

use crate::admin::{Target, admin_at, federation_at};
use crate::command::env::secret_from_stdin;
use crate::problem::Problem;
use crate::saved::{self, Book, Entry};
use crate::table::Table;
use crate::{on_this_thread, screen};
use downcity::{Error, SecretString};
use serde_json::{Value, json};
use url::Url;

/// Options of `fed login`.
#[derive(clap::Args)]
pub(crate) struct Login {
    /// The Federation's address, https://accounts.example.com
    url: String,
    /// - reads the admin key from standard input; without it the key is asked for and not shown
    #[arg(value_name = "-", value_parser = only_dash)]
    key: Option<()>,
    /// The name to save it under [default: the host of its address]
    #[arg(long, value_name = "NAME", value_parser = saved::checked_name)]
    name: Option<String>,
    /// Make it the one that commands mean when none is named; the first is, without this
    #[arg(long)]
    default: bool,
    /// Send the admin key over plain http also to another machine
    #[arg(long)]
    insecure_http: bool,
    /// Print what was saved as JSON, without the key
    #[arg(long)]
    json: bool,
}

/// Options of `fed logout`.
#[derive(clap::Args)]
pub(crate) struct Logout {
    /// Which one [default: that of `fed use`]
    name: Option<String>,
    /// Print what was forgotten as JSON
    #[arg(long)]
    json: bool,
}

/// Options of `fed federations`.
#[derive(clap::Args)]
pub(crate) struct Federations {
    /// Print them as JSON, without their keys
    #[arg(long)]
    json: bool,
}

/// Options of `fed use`.
#[derive(clap::Args)]
pub(crate) struct Use {
    /// Which one
    name: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

fn only_dash(text: &str) -> Result<(), String> {
    let wrong = "only - is taken here: a key on the command line can be seen by others and stays in the shell's history";
    if text == "-" { Ok(()) } else { Err(wrong.to_owned()) }
}

/// Asks for the key, tries it, and saves it.
pub(crate) fn login(args: &Login) -> Result<(), Problem> {
    let url = federation_at(&args.url)?.url().to_owned();
    let name = args.name.clone().map_or_else(|| host(&url), Ok)?;
    // Before anything is typed: it may be refused.
    let untried = |key| Target { url: url.clone(), name: None, source: "what was typed".to_owned(), key };
    admin_at(&untried(SecretString::from("")), args.insecure_http, None)?;
    let key = match args.key {
        Some(()) => crate::command::env::piped_secret("the admin key")?,
        None => secret_from_stdin("the admin key", "fed login URL - < file")?,
    };
    let target = untried(SecretString::from(key.trim()));
    on_this_thread(tried(&target, args.insecure_http))?;
    let entry = Entry { url: url.clone(), admin_key: target.key.clone() };
    let is_default = saved::change(|book| {
        if let Some(other) = book.entries.get(&name).filter(|other| other.url != url) {
            return Err(Problem::usage(format_args!("{name} is saved already, for {}", other.url))
                .next("choose another name with --name"));
        }
        book.entries.insert(name.clone(), entry);
        if args.default || book.chosen().is_none() {
            book.default = Some(name.clone());
        }
        Ok(book.default.as_deref() == Some(name.as_str()))
    })?;
    if args.json {
        screen::say(json!({ "name": name, "url": url, "default": is_default }));
        return Ok(());
    }
    let next = if is_default {
        "Commands mean it when none is named.".to_owned()
    } else {
        format!("Commands mean it with --federation {name}, or always after `fed use {name}`.")
    };
    screen::say(format_args!("saved {url} as {name}. {next}"));
    Ok(())
}

/// A harmless question that only a good key gets an answer to. A key may be good for less than that.
async fn tried(target: &Target, insecure_http: bool) -> Result<(), Problem> {
    let admin = admin_at(target, insecure_http, None)?;
    match admin.raw().get::<Value>("cities", "list", &()).await {
        Ok(_) => Ok(()),
        Err(Error::Api(api)) if api.status == 403 => Ok(()),
        Err(error) => Err(target.problem(&error)),
    }
}

/// The host of an address, with its port where it is an unusual one.
fn host(url: &str) -> Result<String, Problem> {
    let url = Url::parse(url).map_err(Problem::usage)?;
    let host = url.host_str().unwrap_or_default();
    let name = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    saved::checked_name(&name)
        .map_err(|_| Problem::usage("the address gives no name").next("choose one with --name"))
}

/// Forgets one. The key itself stays good.
pub(crate) fn logout(args: Logout) -> Result<(), Problem> {
    let (name, url) = saved::change(|book| {
        let name = args.name.or_else(|| book.default.clone()).ok_or_else(|| {
            Problem::usage("no Federation is the default")
                .next("name the one that is meant: `fed federations` lists them")
        })?;
        let url = book.named(&name)?.url.clone();
        book.entries.remove(&name);
        book.default.take_if(|default| *default == name);
        Ok((name, url))
    })?;
    if args.json {
        screen::say(json!({ "name": name, "url": url }));
    } else {
        screen::say(format_args!("forgot {name}. Its admin key stays good: `fed admin-key revoke` ends one"));
    }
    Ok(())
}

/// Lists what is saved.
pub(crate) fn federations(args: &Federations) -> Result<(), Problem> {
    let book = Book::read()?;
    let is_default = |name: &str| book.default.as_deref() == Some(name);
    if args.json {
        let item = |(name, entry): (&String, &Entry)| json!({ "name": name, "url": entry.url, "default": is_default(name) });
        let items: Vec<Value> = book.entries.iter().map(item).collect();
        screen::say(json!({ "items": items }));
        return Ok(());
    }
    if book.entries.is_empty() {
        screen::tell("no Federation is saved yet; `fed login URL` saves one");
        return Ok(());
    }
    let mut table = Table::new(&["", "NAME", "ADDRESS"]);
    for (name, entry) in &book.entries {
        let mark = if is_default(name) { "*" } else { "" };
        table.row([mark.to_owned(), name.clone(), entry.url.clone()]);
    }
    screen::say(table.draw());
    Ok(())
}

/// Makes one the default.
pub(crate) fn choose(args: &Use) -> Result<(), Problem> {
    let url = saved::change(|book| {
        let url = book.named(&args.name)?.url.clone();
        book.default = Some(args.name.clone());
        Ok(url)
    })?;
    if args.json {
        screen::say(json!({ "name": args.name, "url": url, "default": true }));
    } else {
        screen::say(format_args!("commands mean {} ({url}) when none is named", args.name));
    }
    Ok(())
}
