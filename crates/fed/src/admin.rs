//! The way to the Admin API of a running Federation: address, admin key, and what to tell when a call fails.

mod pages;
mod sure;
mod target;
mod words;

pub(crate) use pages::{Listing, Paging};
pub(crate) use sure::Sure;
pub(crate) use target::{Named, Target};
pub(crate) use words::federation_at;

use crate::config::lacks_https;
use crate::problem::Problem;
use crate::saved::{self, Book};
use crate::screen;
use downcity::{Admin, Error};
use downcity_service::core::Lang;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::PathBuf;
use url::Url;

/// Options of everything that talks to a running Federation. Which one is meant: the flags say, otherwise the
/// environment, otherwise the default of `fed login`, otherwise the one on this machine.
#[derive(Clone, Default, clap::Args)]
pub(crate) struct Reach {
    /// A Federation saved with `fed login` [env: FED_FEDERATION] [default: that of `fed use`]
    #[arg(long, value_name = "NAME", value_parser = saved::checked_name, conflicts_with = "url")]
    federation: Option<String>,

    /// The Federation's address [env: FED_URL] [default: http://127.0.0.1:43127 where none is saved]
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// The file with the admin key [env: FED_ADMIN_KEY_FILE, or the key itself in FED_ADMIN_KEY]
    #[arg(long, value_name = "FILE")]
    admin_key_file: Option<PathBuf>,

    /// The data folder of a Federation on this machine, for its admin.key [env: FED_DATA] [default: data]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,

    /// Send the admin key over plain http also to another machine
    #[arg(long)]
    pub(crate) insecure_http: bool,
}

/// Options of every command that asks a running Federation something.
#[derive(Clone, Default, clap::Args)]
pub(crate) struct Connection {
    #[command(flatten)]
    reach: Reach,

    /// Print the Federation's answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Connection {
    /// An admin at the Federation, with a key from where there is one.
    pub(crate) fn admin(&self) -> Result<Caller, Problem> {
        let target = self.reach.target()?;
        let admin = admin_at(&target, self.reach.insecure_http, None)?;
        Ok(Caller { admin, target, json: self.json })
    }

    /// The data folder on this machine.
    pub(crate) fn data_folder(&self) -> PathBuf {
        self.reach.data_folder()
    }
}

impl Reach {
    /// The data folder on this machine.
    pub(crate) fn data_folder(&self) -> PathBuf {
        let named = self.data.clone().or_else(|| Named::in_environment().data);
        named.unwrap_or_else(|| PathBuf::from("data"))
    }

    /// Which Federation is meant.
    pub(crate) fn target(&self) -> Result<Target, Problem> {
        Target::choose(&self.flags(), &Named::in_environment(), Book::read)
    }

    /// Whether flags or the environment name one.
    pub(crate) fn names_one(&self) -> bool {
        self.flags().names_any() || Named::in_environment().names_any()
    }

    fn flags(&self) -> Named {
        Named {
            url: self.url.clone(),
            federation: self.federation.clone(),
            key_file: self.admin_key_file.clone(),
            key: None,
            data: self.data.clone(),
        }
    }
}

/// An admin at a Federation. The key goes over plain http only to this machine, or where somebody insists.
pub(crate) fn admin_at(target: &Target, insecure_http: bool, lang: Option<Lang>) -> Result<Admin, Problem> {
    let mut federation = federation_at(&target.url)?;
    let url = Url::parse(&target.url);
    if url.is_ok_and(|url| lacks_https(&url)) && !insecure_http {
        let what = format!("the admin key would travel unprotected to {}", target.url);
        return Err(Problem::usage(what).next(
            "use an https address, or a tunnel (ssh -L 43127:127.0.0.1:43127 host); --insecure-http if you must",
        ));
    }
    if let Some(lang) = lang {
        federation = federation.in_language(lang.code());
    }
    Ok(federation.admin(target.key.clone()))
}

/// An admin who tells what went wrong.
pub(crate) struct Caller {
    pub(crate) admin: Admin,
    pub(crate) target: Target,
    pub(crate) json: bool,
}

impl Caller {
    /// Waits for an answer. With `--json` it is printed as it came; otherwise `show` makes a text of it.
    pub(crate) async fn show<T: DeserializeOwned>(
        &self,
        call: impl Future<Output = Result<Value, Error>>,
        show: impl FnOnce(T) -> String,
    ) -> Result<(), Problem> {
        let answer = self.answer(call).await?;
        if self.json {
            screen::say(answer);
            return Ok(());
        }
        for warning in warnings(&answer) {
            screen::tell(format_args!("warning: {warning}"));
        }
        screen::say(show(understood(answer)?));
        Ok(())
    }

    /// Waits for an answer; tells why there is none.
    pub(crate) async fn answer<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Problem> {
        call.await.map_err(|error| self.target.problem(&error))
    }
}

/// An answer as this version knows it.
pub(crate) fn understood<T: DeserializeOwned>(answer: Value) -> Result<T, Problem> {
    // The text of a serde error may quote a value, which may be a token.
    serde_json::from_value(answer).map_err(|_| {
        Problem::new("the Federation's answer has another form than this version of fed knows")
            .next("use the fed of the Federation's version, or --json")
    })
}

impl Target {
    /// What a failed call means, and what to do about it.
    pub(crate) fn problem(&self, error: &Error) -> Problem {
        let url = &self.url;
        match error {
            Error::Transport(cause) => {
                let mut deepest: &dyn std::error::Error = cause;
                while let Some(source) = deepest.source() {
                    deepest = source;
                }
                if words::speaks_http(url, &deepest.to_string()) {
                    return Problem::usage(format_args!("what answers at {url} speaks http, not https")).next(
                        "write http:// for the Federation's own port on this machine, or the address of the proxy \
                         that speaks https before it",
                    );
                }
                Problem::unreachable(format_args!("no Federation answers at {url}: {deepest}"))
                    .next("start it with `fed serve` or `fed dev`, or name another (--federation, --url)")
            }
            Error::Stalled => Problem::unreachable(format_args!("{url} did not answer in time"))
                .next("try again in a moment"),
            Error::Api(api) => {
                let id = api.request_id.as_ref().map(|id| format!(", request {id}")).unwrap_or_default();
                let message = words::in_commands(&api.message);
                let what = format!("{message} ({} {}{id})", api.status, api.code);
                match api.status {
                    401 => {
                        let what =
                            format!("the Federation at {url} refused the admin key from {}", self.source);
                        Problem::refused(what).next(
                            "use a key of this Federation: `fed login URL` saves one (or --admin-key-file, FED_ADMIN_KEY, --data)",
                        )
                    }
                    403 if matches!(
                        api.code.as_str(),
                        "admin_only" | "role_too_weak" | "owner_only" | "city_key"
                    ) =>
                    {
                        Problem::refused(what)
                    }
                    429 | 502 | 503 | 504 => Problem::unreachable(what).next("try again in a moment"),
                    _ => Problem::new(what),
                }
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
