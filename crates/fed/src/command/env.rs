//! `fed env`: settings and secrets of a running Federation.

use crate::admin::{Caller, Connection, understood};
use crate::problem::Problem;
use crate::table::Table;
use crate::{on_this_thread, screen};
use clap::Subcommand;
use downcity::{EnvCatalog, EnvChange, EnvList, Timestamp};
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

/// The longest text that is read, in bytes; the Federation takes less.
const LIMIT: u64 = 1024 * 1024;

/// What to do with the settings.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Set one value; without VALUE, or with -, it is read from standard input and stands in no shell history
    Set {
        /// Its name, for example WECHAT_CLIENT_ID
        key: String,
        /// The value, or - for standard input
        #[arg(allow_hyphen_values = true)]
        value: Option<String>,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        connection: Connection,
    },
    /// List what is set; secrets are never shown
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        connection: Connection,
    },
    /// List what can be set, and what of it is
    Catalog(#[command(flatten)] Connection),
    /// Remove one value
    Remove {
        /// Its name
        key: String,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        connection: Connection,
    },
    /// Set everything in a .env file, all or nothing
    Import {
        /// The file, or - for standard input
        file: PathBuf,
        #[command(flatten)]
        connection: Connection,
    },
    /// Make the Federation read its settings again
    Refresh(#[command(flatten)] Connection),
}

/// Whose settings.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// Of this city, in place of the Federation's: for a WeChat app of its own
    #[arg(long, value_name = "CITY_ID")]
    city: Option<String>,
}

impl Place {
    /// The service and the action of a call, and its body with the city.
    fn call(&self, action: &str, mut body: Value) -> (&'static str, String, Value) {
        match &self.city {
            None => ("env", action.to_owned(), body),
            Some(city) => {
                body["city_id"] = json!(city);
                ("cities", format!("env/{action}"), body)
            }
        }
    }

    /// As it is told.
    fn told(&self) -> String {
        self.city.as_ref().map(|city| format!(" for {city}")).unwrap_or_default()
    }
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    on_this_thread(async move {
        match command {
            Command::Set { key, value, place, connection } => set(&connection, &place, &key, value).await,
            Command::List { place, connection } => {
                let caller = connection.admin()?;
                let (service, action, query) = place.call("list", json!({}));
                caller.show(caller.admin.raw().get(service, &action, &query), list).await
            }
            Command::Catalog(connection) => {
                let caller = connection.admin()?;
                caller.show(caller.admin.raw().get("env", "catalog", &()), catalog).await
            }
            Command::Remove { key, place, connection } => {
                let caller = connection.admin()?;
                let (service, action, body) = place.call("remove", json!({ "key": key }));
                let call = caller.admin.raw().post(service, &action, &body);
                let told = |_: Value| format!("removed {key}{}, effective at once", place.told());
                caller.show(call, told).await
            }
            Command::Import { file, connection } => import(&connection, &file).await,
            Command::Refresh(connection) => {
                let (caller, body) = (connection.admin()?, json!({}));
                let told = |change: EnvChange| format!("read {} settings again", change.count.unwrap_or(0));
                caller.show(caller.admin.raw().post("env", "refresh", &body), told).await
            }
        }
    })
}

async fn set(
    connection: &Connection,
    place: &Place,
    key: &str,
    value: Option<String>,
) -> Result<(), Problem> {
    let caller = connection.admin()?;
    let value = match value.filter(|value| value != "-") {
        Some(value) => value,
        None => secret_from_stdin(key, &format!("fed env set {key} < file"))?,
    };
    let (service, action, body) = place.call("upsert", json!({ "key": key, "value": value }));
    let call = caller.admin.raw().post(service, &action, &body);
    caller.show(call, |_: Value| format!("set {key}{}, effective at once", place.told())).await?;
    let of_city = place.city.as_ref().map(|city| format!(" --city {city}"));
    tell_slips(&caller, &[key], &of_city.unwrap_or_default()).await;
    Ok(())
}

/// Products may keep settings of their own here, so a strange name is fine; one that is nearly known is a slip. Asked after
/// they are set: parts that are named by their settings are known once those are there.
async fn tell_slips(caller: &Caller, keys: &[impl AsRef<str>], of_city: &str) {
    let Ok(catalog) = caller.admin.env().catalog().await else { return };
    for key in keys.iter().map(AsRef::as_ref) {
        let known = catalog.items.iter().flat_map(|item| &item.env).map(|entry| &*entry.key);
        if let Some(meant) = nearly(key, known) {
            screen::tell(format_args!(
                "warning: nothing reads {key}; did you mean {meant}? `fed env remove {key}{of_city}` takes it away"
            ));
        }
    }
}

/// The known name that `key` is a slip of, if it is not one itself.
fn nearly<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.map(|name| (strsim::osa_distance(key, name), name)).min()?;
    // Two slips; in a short name one makes another word already.
    let most = if key.len() < 8 { 1 } else { 2 };
    (1..=most).contains(&near.0).then_some(near.1)
}

/// A value that stands neither in a process list nor in a shell's history: asked for in a terminal and not shown,
/// otherwise from standard input.
pub(crate) fn secret_from_stdin(what: &str, pipe: &str) -> Result<String, Problem> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(format!("{what} (not shown): "))
            .map_err(|why| Problem::new(format_args!("the value can't be read: {why}")));
    }
    piped_secret(what).map_err(|problem| {
        problem.next(format_args!("pipe it in (`{pipe}`) or run the command in a terminal to be asked"))
    })
}

/// A value from standard input.
pub(crate) fn piped_secret(what: &str) -> Result<String, Problem> {
    let value = read(io::stdin(), "standard input")?;
    if value.trim().is_empty() {
        return Err(Problem::usage(format_args!("{what}: nothing came on standard input")));
    }
    Ok(value)
}

async fn import(connection: &Connection, file: &Path) -> Result<(), Problem> {
    let caller = connection.admin()?;
    let raw = if file == Path::new("-") {
        read(io::stdin(), "standard input")?
    } else {
        let name = file.display().to_string();
        let opened = std::fs::File::open(file);
        read(opened.map_err(|why| Problem::usage(format_args!("{name} can't be read: {why}")))?, &name)?
    };
    let body = json!({ "raw": raw });
    let told = |change: EnvChange| {
        format!("set {} values, effective at once: {}", change.keys.len(), change.keys.join(", "))
    };
    let mut keys = Vec::new();
    let call = async {
        let answer: Value = caller.admin.raw().post("env", "import", &body).await?;
        keys = understood::<EnvChange>(answer.clone()).map(|change| change.keys).unwrap_or_default();
        Ok(answer)
    };
    caller.show(call, told).await?;
    tell_slips(&caller, &keys, "").await;
    Ok(())
}

fn read(from: impl Read, name: &str) -> Result<String, Problem> {
    let mut text = String::new();
    from.take(LIMIT)
        .read_to_string(&mut text)
        .map_err(|why| Problem::usage(format_args!("{name} can't be read: {why}")))?;
    Ok(text)
}

fn list(env: EnvList) -> String {
    if env.items.is_empty() {
        return "nothing is set yet; `fed env catalog` shows what can be set".to_owned();
    }
    let mut table = Table::new(&["KEY", "VALUE", "SECRET", "CHANGED"]);
    for item in env.items {
        let value = item.value_preview.or(item.value).unwrap_or_default();
        table.row([item.key, value, yes(item.secret), moment(item.updated_at)]);
    }
    table.draw()
}

fn catalog(catalog: EnvCatalog) -> String {
    let mut table = Table::new(&["KEY", "SET", "NEEDED", "VALUE", "WHAT IT IS"]);
    for entry in catalog.items.into_iter().flat_map(|service| service.env) {
        let (set, needed) = (yes(entry.configured), yes(entry.required));
        table.row([
            entry.key,
            set,
            needed,
            entry.value_preview.unwrap_or_default(),
            entry.description.unwrap_or_default(),
        ]);
    }
    table.draw()
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "–" }.to_owned()
}

/// A time to the second, in UTC.
pub(crate) fn moment(at: Option<Timestamp>) -> String {
    at.map(|at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_a_name_of_ones_own() {
        let known = ["WECHAT_CLIENT_ID", "WECHAT_CLIENT_SECRET", "SMTP_URL"];
        let meant = |key: &str| nearly(key, known.into_iter());
        assert_eq!(meant("WECHAT_CLIENT_SECERT"), Some("WECHAT_CLIENT_SECRET"));
        assert_eq!(meant("WECHT_CLIENT_ID"), Some("WECHAT_CLIENT_ID"));
        assert_eq!(meant("SMTP_URI"), Some("SMTP_URL"));
        for fine in ["WECHAT_CLIENT_ID", "SMTP_URL", "STRIPE_KEY", "WECHAT_APP_ID", "S"] {
            assert_eq!(meant(fine), None, "{fine}");
        }
    }
}
