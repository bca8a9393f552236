//! `fed status`: which Federation commands mean, and how it stands.

use crate::admin::Connection;
use crate::problem::{Problem, tame};
use crate::table::Table;
use crate::{on_this_thread, screen};
use downcity::Federation;
use serde_json::{Value, json};

/// Options of `fed status`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print the instruction for setting up what is missing, too
    #[arg(long)]
    instruction: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Asks and tells.
pub(crate) fn run(args: &Args) -> Result<(), Problem> {
    on_this_thread(async move {
        let caller = args.connection.admin()?;
        let raw = caller.admin.raw();
        let cities: Value = caller.answer(raw.get("cities", "list", &())).await?;
        let federation = Federation::new(&caller.target.url).map_err(Problem::usage)?;
        let guest = federation.guest(downcity::DEFAULT_CITY);
        let providers = caller.answer(guest.providers()).await?;
        let ways: Vec<String> = providers.items.into_iter().map(|provider| provider.id).collect();
        let count = cities["items"].as_array().map_or(0, Vec::len);
        let instruction = match args.instruction {
            true => Some(caller.answer(raw.text("federation", "instruction")).await?),
            false => None,
        };
        if caller.json {
            screen::say(json!({
                "url": caller.target.url,
                "name": caller.target.name,
                "key_from": caller.target.source,
                "cities": count,
                "providers": ways,
                "instruction": instruction,
            }));
            return Ok(());
        }
        let ways = if ways.is_empty() {
            "none; `fed status --instruction` tells what is missing".to_owned()
        } else {
            ways.join(" ")
        };
        let mut table = Table::new(&["FEDERATION", &caller.target.url]);
        for (name, value) in
            [("key from", caller.target.source.clone()), ("cities", count.to_string()), ("ways in", ways)]
        {
            table.row([name.to_owned(), value]);
        }
        screen::say(table.draw());
        if let Some(instruction) = instruction {
            screen::say(format_args!("\n{}", tame(instruction.trim_end())));
        }
        Ok(())
    })
}
