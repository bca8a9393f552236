//! `fed city`: the products of a running Federation.

use crate::admin::{Connection, Sure};
use crate::on_this_thread;
use crate::problem::Problem;
use crate::table::Table;
use clap::{Subcommand, ValueEnum};
use downcity::{City, CityList, CityUpdate, NewCity};
use serde_json::{Value, json};

/// What to do with the cities.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List all cities
    List(#[command(flatten)] Connection),
    /// Make a city
    Create {
        /// The name people see
        name: String,
        /// Its id, for example city_demo [default: a random one]
        #[arg(long, value_name = "ID")]
        city_id: Option<String>,
        #[command(flatten)]
        rules: Rules,
        #[command(flatten)]
        connection: Connection,
    },
    /// Change a city; what is not named stays as it is
    Update {
        /// Its id
        city_id: String,
        /// The name people see
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        rules: Rules,
        #[command(flatten)]
        connection: Connection,
    },
    /// Pause a city: it starts no sign-in and accepts no token
    Pause(Named),
    /// End a pause
    Activate(Named),
    /// Remove a city with its sessions; its users stay
    Remove {
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        named: Named,
    },
}

/// One city.
#[derive(clap::Args)]
pub(crate) struct Named {
    /// Its id
    city_id: String,
    #[command(flatten)]
    connection: Connection,
}

/// What a city allows.
#[derive(clap::Args)]
pub(crate) struct Rules {
    /// An origin whose pages may call the Federation, https://app.example.com; may be given several times,
    /// and takes the place of all that were allowed before ("" allows none)
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Option<Vec<String>>,
    /// An address that a browser may be sent to after a sign-in, matched exactly; may be given several times,
    /// and takes the place of all that were allowed before ("" allows none). http://127.0.0.1/downcity is
    /// always allowed, on any port: programs wait there beside a browser
    #[arg(long, value_name = "URL")]
    allow_redirect: Option<Vec<String>>,
    /// When a person is asked whether the waiting client is theirs
    #[arg(long)]
    confirm: Option<Confirm>,
}

/// When to ask.
#[derive(Clone, Copy, ValueEnum)]
enum Confirm {
    /// Every time, and the person types the code that the product shows
    Code,
    /// Every time
    Always,
    /// Unless the browser or network that finished is the one that started
    Auto,
    /// Never: whoever started a sign-in collects its token
    Never,
}

impl Rules {
    fn lists(&self) -> (Option<Vec<String>>, Option<Vec<String>>) {
        let some = |list: &Option<Vec<String>>| {
            list.as_ref().map(|list| list.iter().filter(|entry| !entry.is_empty()).cloned().collect())
        };
        (some(&self.allow_origin), some(&self.allow_redirect))
    }

    fn confirm(&self) -> Option<downcity::Confirm> {
        self.confirm.map(|confirm| match confirm {
            Confirm::Code => downcity::Confirm::Code,
            Confirm::Always => downcity::Confirm::Always,
            Confirm::Auto => downcity::Confirm::Auto,
            Confirm::Never => downcity::Confirm::Never,
        })
    }
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    on_this_thread(async move {
        match command {
            Command::List(connection) => {
                let caller = connection.admin()?;
                caller.show(caller.admin.raw().get("cities", "list", &()), list).await
            }
            Command::Create { name, city_id, rules, connection } => {
                let (allowed_origins, allowed_redirects) = rules.lists();
                let confirm = rules.confirm();
                let city = NewCity {
                    name,
                    city_id,
                    allowed_origins,
                    allowed_redirects,
                    confirm,
                    ..NewCity::default()
                };
                let caller = connection.admin()?;
                caller
                    .show(caller.admin.raw().post("cities", "create", &city), |city| about("made", &city))
                    .await
            }
            Command::Update { city_id, name, rules, connection } => {
                let (allowed_origins, allowed_redirects) = rules.lists();
                let confirm = rules.confirm();
                let change = CityUpdate {
                    city_id,
                    name,
                    allowed_origins,
                    allowed_redirects,
                    confirm,
                    ..CityUpdate::default()
                };
                let caller = connection.admin()?;
                caller
                    .show(caller.admin.raw().post("cities", "update", &change), |city| {
                        about("changed", &city)
                    })
                    .await
            }
            Command::Pause(named) => named.change("pause", "paused").await,
            Command::Activate(named) => named.change("activate", "activated").await,
            Command::Remove { sure, named } => {
                let id = &named.city_id;
                sure.ask_for(
                    id,
                    format_args!("{id} is removed, and everybody signed in there is signed out."),
                )?;
                let (caller, body) = (named.connection.admin()?, json!({ "city_id": named.city_id }));
                let told = |_: Value| format!("removed {} and its sessions", named.city_id);
                caller.show(caller.admin.raw().post("cities", "remove", &body), told).await
            }
        }
    })
}

impl Named {
    async fn change(&self, action: &str, done: &str) -> Result<(), Problem> {
        let (caller, body) = (self.connection.admin()?, json!({ "city_id": self.city_id }));
        let told = |city: City| format!("{done} {}, effective at once", city.city_id);
        caller.show(caller.admin.raw().post("cities", action, &body), told).await
    }
}

fn about(done: &str, city: &City) -> String {
    let mut text = format!("{done} {} ({}), {}", city.city_id, city.name, city.status);
    for (name, list) in [("origins", &city.allowed_origins), ("redirects", &city.allowed_redirects)] {
        if !list.is_empty() {
            text.push_str(&format!("\n  {name:<10}{}", list.join(" ")));
        }
    }
    text.push_str(&format!("\n  confirm   {}", confirm_of(city)));
    text
}

fn list(cities: CityList) -> String {
    let mut table = Table::new(&["CITY", "NAME", "STATUS", "CONFIRM", "ORIGINS", "REDIRECTS"]);
    for city in cities.items {
        let (status, confirm) = (city.status.to_string(), confirm_of(&city));
        let (origins, redirects) = (city.allowed_origins.join(" "), city.allowed_redirects.join(" "));
        table.row([city.city_id, city.name, status, confirm, origins, redirects]);
    }
    table.draw()
}

fn confirm_of(city: &City) -> String {
    city.confirm.map(|confirm| confirm.to_string()).unwrap_or_default()
}
