//! `fed token`: a `user_token` made by hand, also for a product's own user ids.

use crate::admin::Connection;
use crate::command::env::secret_from_stdin;
use crate::on_this_thread;
use crate::problem::Problem;
use crate::screen;
use crate::table::Table;
use clap::Subcommand;
use downcity::{ExposeSecret, Introspection, TokenAnswer, TokenApply};
use serde_json::{Value, json};

/// What to do with tokens.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a user_token; it alone is printed on standard output
    Apply {
        /// In which city
        #[arg(long, value_name = "ID")]
        city: String,
        /// For whom: an account's id or the product's own
        #[arg(long, value_name = "ID")]
        user: String,
        /// How long it lives: 30m, 1h, 7d, … [default: as long as others of the Federation]
        #[arg(long, value_name = "TIME")]
        ttl: Option<String>,
        /// A JSON object that comes back in `me` as `user.metadata`
        #[arg(long, value_name = "JSON", value_parser = object)]
        metadata: Option<Value>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Tell what a user_token is worth now; it is read from standard input, or asked for
    Introspect(#[command(flatten)] Connection),
}

fn object(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|why| format!("is not JSON: {why}"))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err("must be a JSON object such as {\"plan\":\"pro\"}".to_owned())
    }
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    let (request, connection) = match command {
        Command::Introspect(connection) => return on_this_thread(introspect(connection)),
        Command::Apply { city, user, ttl, metadata, connection } => {
            (TokenApply { city_id: city, user_id: user, metadata, ttl }, connection)
        }
    };
    on_this_thread(async move {
        let caller = connection.admin()?;
        let call = caller.admin.raw().post("cities", "tokens/apply", &request);
        caller
            .show(call, |token: TokenAnswer| {
                screen::tell(format_args!(
                    "for {} in {} until {}",
                    token.user_id, token.city_id, token.expires_at
                ));
                token.user_token.expose_secret().to_owned()
            })
            .await
    })
}

async fn introspect(connection: Connection) -> Result<(), Problem> {
    let caller = connection.admin()?;
    let token = secret_from_stdin("the user_token", "fed token introspect < file")?;
    let body = json!({ "token": token.trim() });
    let call = caller.admin.raw().post("accounts", "token/introspect", &body);
    caller
        .show(call, |answer: Introspection| {
            if !answer.active {
                return "not good: run out, revoked, or not of this Federation".to_owned();
            }
            let mut table = Table::new(&["GOOD", "yes"]);
            let rows = [("user", answer.user_id), ("city", answer.city_id), ("session", answer.session_id)];
            for (name, value) in rows {
                table.row([name.to_owned(), value.unwrap_or_default()]);
            }
            table.draw()
        })
        .await
}
