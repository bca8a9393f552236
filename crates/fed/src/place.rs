//! Where the data of a Federation on this machine are: what the commands that work on its database are told.

use crate::config::Options;
use crate::house::{self, Plan};
use crate::master::Source;
use crate::problem::Problem;
use downcity_providers::Outside;
use downcity_service::{Federation, Premises, Retention, Settings};
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A Federation's database and the key to it.
#[derive(clap::Args)]
pub(crate) struct Database {
    /// Its PostgreSQL database, if it has one; better in the environment than here
    #[arg(long, env = "FED_DATABASE_URL", value_name = "URL", hide_env_values = true, value_parser = crate::config::secret)]
    database_url: Option<SecretString>,
    /// The address of that database's server itself, where the other leads through a pooler
    #[arg(long, env = "FED_DATABASE_DIRECT_URL", value_name = "URL", hide_env_values = true, value_parser = crate::config::secret)]
    database_direct_url: Option<SecretString>,
    /// The file of its master key, where that does not lie in the data folder
    #[arg(long, env = "FED_MASTER_KEY_FILE", value_name = "FILE")]
    master_key_file: Option<PathBuf>,
    /// A command that prints its master key; or FED_MASTER_KEY holds the key itself
    #[arg(long, env = "FED_MASTER_KEY_COMMAND", value_name = "COMMAND")]
    master_key_command: Option<String>,
}

/// Options of commands that ask a running Federation, or work on its database themselves with `--offline`.
#[derive(clap::Args)]
pub(crate) struct Offline {
    /// Work on the database itself, while no Federation serves (on PostgreSQL also while one does)
    #[arg(long)]
    pub(crate) offline: bool,
    #[command(flatten, next_help_heading = "With --offline")]
    database: Database,
}

impl Offline {
    /// The Federation whose data are in this folder.
    pub(crate) async fn open(self, data: PathBuf) -> Result<Arc<Federation>, Problem> {
        let place = Place { config: None, data: Some(data), database: self.database };
        house::open_stories(place.plan()?).await
    }
}

/// Options of commands that work on a database themselves.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// The TOML file of `fed serve`, for the options below
    #[arg(long, env = "FED_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder of the Federation [default: ./data]
    #[arg(long, env = "FED_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,
    #[command(flatten)]
    database: Database,
}

impl Place {
    /// The plan of a Federation without a door.
    pub(crate) fn plan(self) -> Result<Plan, Problem> {
        let options = Options {
            config: self.config,
            data: self.data,
            database_url: self.database.database_url,
            database_direct_url: self.database.database_direct_url,
            master_key_file: self.database.master_key_file,
            master_key_command: self.database.master_key_command,
            ..Options::default()
        };
        let options = options.with_file()?;
        let data = options.data.unwrap_or_else(|| PathBuf::from("data"));
        Ok(Plan {
            master_key: Source::choose(options.master_key_file, options.master_key_command, &data)?,
            data,
            // One command has no use for a pooler.
            database_url: options.database_direct_url.or(options.database_url),
            database_direct_url: None,
            settings: nobody_asks(),
            trusted_proxies: Vec::new(),
            outside: Arc::new(Outside::real().map_err(Problem::new)?),
        })
    }
}

/// Settings of a Federation without a door.
fn nobody_asks() -> Settings {
    Settings {
        public_url: "http://127.0.0.1".parse().expect("a URL"),
        other_urls: Vec::new(),
        token_life: Duration::from_secs(1),
        starts_per_minute: 0,
        allow_local_login: false,
        retention: Retention::default(),
        premises: Premises::default(),
    }
}
