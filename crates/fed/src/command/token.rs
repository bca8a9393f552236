//! `fed token`: a `user_token` made by hand, also for a product's own user ids.

use crate::admin::Connection;
use crate::on_this_thread;
use crate::problem::Problem;
use crate::screen;
use clap::Subcommand;
use downcity::{ExposeSecret, TokenAnswer, TokenApply};
use serde_json::Value;

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
        #[arg(long, value_name = "JSON", value_parser = json)]
        metadata: Option<Value>,
        #[command(flatten)]
        connection: Connection,
    },
}

fn json(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|why| format!("is not JSON: {why}"))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err("must be a JSON object such as {\"plan\":\"pro\"}".to_owned())
    }
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    let Command::Apply { city, user, ttl, metadata, connection } = command;
    let request = TokenApply { city_id: city, user_id: user, metadata, ttl };
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
