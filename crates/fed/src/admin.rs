//! The way to the Admin API of a running Federation: address, admin key, and what to tell when a call fails.

use crate::config::lacks_https;
use crate::house::ADMIN_KEY;
use crate::problem::Problem;
use crate::{keys, screen};
use downcity::{Admin, Error, Federation, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::PathBuf;
use url::Url;

/// Options of every command that talks to a running Federation.
#[derive(Clone, clap::Args)]
pub(crate) struct Connection {
    /// The Federation's address
    #[arg(long, env = "FED_URL", value_name = "URL", default_value = "http://127.0.0.1:43127")]
    url: String,

    /// The file with the admin key; without it the variable FED_ADMIN_KEY is used, then admin.key in --data
    #[arg(long, env = "FED_ADMIN_KEY_FILE", value_name = "FILE")]
    admin_key_file: Option<PathBuf>,

    /// The data folder of a Federation on this machine, for its admin.key
    #[arg(long, env = "FED_DATA", value_name = "FOLDER", default_value = "data")]
    pub(crate) data: PathBuf,

    /// Send the admin key over plain http also to another machine
    #[arg(long)]
    insecure_http: bool,

    /// Print the Federation's answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Connection {
    /// An admin at the Federation, with a key from where there is one.
    pub(crate) fn admin(&self) -> Result<Caller<'_>, Problem> {
        let url = Url::parse(&self.url);
        if url.is_ok_and(|url| lacks_https(&url)) && !self.insecure_http {
            let what = format!("the admin key would travel unprotected to {}", self.url);
            return Err(Problem::usage(what).next(
                "use an https address, or a tunnel (ssh -L 43127:127.0.0.1:43127 host); --insecure-http if you must",
            ));
        }
        let (key, source) = self.key()?;
        let federation = Federation::new(&self.url).map_err(Problem::usage)?;
        Ok(Caller { admin: federation.admin(key), connection: self, source })
    }

    /// The key, and where it was found.
    fn key(&self) -> Result<(SecretString, String), Problem> {
        let fallback = self.data.join(ADMIN_KEY);
        let (path, named) = match (&self.admin_key_file, std::env::var("FED_ADMIN_KEY")) {
            (Some(path), _) => (path, true),
            (None, Ok(key)) if !key.trim().is_empty() => {
                return Ok((SecretString::from(key.trim()), "the variable FED_ADMIN_KEY".to_owned()));
            }
            (None, _) => (&fallback, false),
        };
        let key = keys::read_private(path)?.map(|text| SecretString::from(text.trim()));
        key.map(|key| (key, path.display().to_string())).ok_or_else(|| {
            let what = if named { "there is no file" } else { "there is no admin key: none in FED_ADMIN_KEY, and no file" };
            Problem::usage(format_args!("{what} {}", path.display())).next(
                "name the data folder of the Federation with --data, or the key's file with --admin-key-file; \
                 the first start of `fed serve` made and showed the key",
            )
        })
    }
}

/// An admin who tells what went wrong.
pub(crate) struct Caller<'a> {
    pub(crate) admin: Admin,
    connection: &'a Connection,
    source: String,
}

impl Caller<'_> {
    /// Waits for an answer. With `--json` it is printed as it came; otherwise `show` makes a text of it.
    pub(crate) async fn show<T: DeserializeOwned>(
        &self,
        call: impl Future<Output = Result<Value, Error>>,
        show: impl FnOnce(T) -> String,
    ) -> Result<(), Problem> {
        let answer = call.await.map_err(|error| self.problem(&error))?;
        if self.connection.json {
            screen::say(answer);
            return Ok(());
        }
        for warning in warnings(&answer) {
            screen::tell(format_args!("warning: {warning}"));
        }
        let read = serde_json::from_value(answer);
        // The text of a serde error may quote a value, which may be a token.
        let read = read.map_err(|_| {
            Problem::new("the Federation's answer has another form than this version of fed knows")
                .next("use the fed of the Federation's version, or --json")
        })?;
        screen::say(show(read));
        Ok(())
    }

    /// What to tell about a call that failed.
    pub(crate) fn problem(&self, error: &Error) -> Problem {
        let url = &self.connection.url;
        match error {
            Error::Transport(cause) => {
                let mut deepest: &dyn std::error::Error = cause;
                while let Some(source) = deepest.source() {
                    deepest = source;
                }
                Problem::new(format_args!("no Federation answers at {url}: {deepest}"))
                    .next("start it with `fed serve` or `fed dev`, or name another address with --url or FED_URL")
            }
            Error::Api(api) if api.status == 401 => {
                Problem::new(format_args!("the Federation at {url} refused the admin key from {}", self.source))
                    .next("use the key that this Federation's first start made (--admin-key-file, FED_ADMIN_KEY, --data)")
            }
            Error::Api(api) => {
                let id = api.request_id.as_ref().map(|id| format!(", request {id}")).unwrap_or_default();
                Problem::new(format_args!("{} ({} {}{id})", api.message, api.status, api.code))
            }
            Error::Input(why) => Problem::usage(why),
            other => Problem::new(other),
        }
    }
}

/// What the Federation finds odd about values that it took all the same.
fn warnings(answer: &Value) -> Vec<String> {
    let one = answer["warning"].as_str().map(str::to_owned);
    let many = answer["warnings"].as_array().into_iter().flatten();
    let named = |entry: &Value| Some(format!("{}: {}", entry["key"].as_str()?, entry["warning"].as_str()?));
    one.into_iter().chain(many.filter_map(named)).collect()
}
