//! `fed status`: which Federation commands mean, and how it stands, on one screen.

use crate::admin::{Caller, Connection};
use crate::problem::{Problem, tame};
use crate::table::{Table, text};
use crate::{on_this_thread, screen};
use downcity::{Error, Timestamp};
use serde_json::{Value, json};

/// What stands below the options.
pub(crate) const AFTER_HELP: &str = "\
Exit code 0: it can serve, and nothing keeps people from signing in. 1: something does, see what is told. 2: the command
was called wrongly. 3: the admin key was refused. 4: no Federation answered, or its database does not answer
or takes no changes.

The key of a city sees that city's part. `fed doctor` looks closer, `fed overview` further back.";

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
        let status = ask(&caller, args.instruction).await?;
        screen::say(if caller.json { status.to_string() } else { draw(&status) });
        verdict(&status)
    })
}

/// Everything that is told, each part only if this key may see it and the Federation can tell it.
async fn ask(caller: &Caller, instruction: bool) -> Result<Value, Problem> {
    let (admin, raw) = (&caller.admin, caller.admin.raw());
    let ready = match raw.federation().ready().await {
        Ok(ready) => Ok(ready),
        Err(Error::Api(api)) if api.status == 503 => Err(api.message),
        Err(error) => return Err(caller.target.problem(&error)),
    };
    let mut status = json!({
        "url": caller.target.url,
        "name": caller.target.name,
        "key_from": caller.target.source,
        "ready": ready.is_ok(),
        "not_ready": ready.as_ref().err(),
        "version": ready.as_ref().ok().map(|ready| &ready.version),
    });
    // Asked first: it needs no database, and tells whether the key is one.
    let metrics = permitted(caller, admin.metrics().await)?.unwrap_or_default();
    status["started_at"] = json!(started(&metrics));
    status["writable"] =
        json!(series(&metrics, "downcity_store_writable").map(|value| value.starts_with('1')));
    if ready.is_err() {
        return Ok(status);
    }
    let database = raw.get::<Value>("federation", "doctor", &[("only", "database")]).await;
    let database = permitted(caller, database)?.unwrap_or_default();
    let finding = |check: &str| {
        let mut all = database["items"].as_array().into_iter().flatten();
        all.find(|finding| finding["check"] == check)
    };
    // A database that does not answer keeps the others from being reached.
    let schema = finding("database.schema").unwrap_or(&database["items"][0]);
    let others = finding("database.others").unwrap_or(&Value::Null);
    status["database"] = json!({ "schema": schema["verdict"], "evidence": schema["evidence"] });
    status["others"] = json!({ "code": others["code"], "evidence": others["evidence"] });
    let overview: Value = caller.answer(raw.get("federation", "overview", &json!({ "hours": 24 }))).await?;
    for part in ["cities", "people", "attention"] {
        status[part] = overview[part].clone();
    }
    status["providers"] = providers(&overview, &metrics);
    status["last_hour"] = last_hour(&overview);
    if instruction {
        status["instruction"] = json!(caller.answer(raw.text("federation", "instruction")).await?);
    }
    Ok(status)
}

/// What was asked for, or nothing where this key does not reach so far.
fn permitted<T>(caller: &Caller, answer: Result<T, Error>) -> Result<Option<T>, Problem> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Api(api)) if api.status == 403 => Ok(None),
        Err(error) => Err(caller.target.problem(&error)),
    }
}

/// The value of a series of the metrics.
fn series<'a>(metrics: &'a str, name: &str) -> Option<&'a str> {
    metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

/// When the node that answers began.
fn started(metrics: &str) -> Option<String> {
    let seconds: f64 = series(metrics, "process_start_time_seconds")?.parse().ok()?;
    Timestamp::from_second(seconds as i64).ok().map(|at| at.to_string())
}

/// Ways to sign in that are set up in part at least, and whether the node leaves one alone.
fn providers(overview: &Value, metrics: &str) -> Value {
    let all = overview["providers"].as_array().into_iter().flatten();
    let begun = all.filter(|health| health["provider"]["status"] != "not_set_up");
    let told = begun.map(|health| {
        let id = health["provider"]["id"].as_str().unwrap_or_default();
        let circuit = series(metrics, &format!("downcity_provider_circuit_open{{provider=\"{id}\"}}"));
        json!({
            "id": id,
            "status": health["provider"]["status"],
            "left_alone": circuit.map(|value| value.starts_with('1')),
            "last_success_at": health["last_success_at"],
            "last_failure_at": health["last_failure_at"],
        })
    });
    told.collect()
}

/// Sign-ins that began in this hour and the one before, with all providers.
fn last_hour(overview: &Value) -> Value {
    let sum = |field: &str| -> u64 {
        let all = overview["providers"].as_array().into_iter().flatten();
        all.filter_map(|health| health["last_hour"][field].as_u64()).sum()
    };
    let failed: u64 = {
        let all = overview["providers"].as_array().into_iter().flatten();
        let codes = all.filter_map(|health| health["last_hour"]["failed"].as_object());
        codes.flat_map(|codes| codes.values()).filter_map(Value::as_u64).sum()
    };
    json!({ "started": sum("started"), "done": sum("done"), "under_way": sum("under_way"), "failed": failed })
}

fn draw(status: &Value) -> String {
    let mut table = Table::new(&["FEDERATION", status["url"].as_str().unwrap_or_default()]);
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            table.row([name.to_owned(), value]);
        }
    };
    row("key from", text(&status["key_from"]));
    row("version", text(&status["version"]));
    row("up since", text(&status["started_at"]));
    row(
        "ready",
        if status["ready"] == true {
            "yes".to_owned()
        } else {
            format!("no: {}", text(&status["not_ready"]))
        },
    );
    row("database", text(&status["database"]["evidence"]));
    if status["writable"] == false {
        row("changes", "all are refused: the database is full or read-only".to_owned());
    }
    if status["others"]["code"] != "none" {
        row("other nodes", text(&status["others"]["evidence"]));
    }
    row("cities", text(&status["cities"]));
    row("users", text(&status["people"]["users"]));
    row("live sessions", text(&status["people"]["live_sessions"]));
    if status["ready"] == true {
        let hour = &status["last_hour"];
        let part = |name: &str| format!("{} {}", text(&hour[name]), name.replace('_', " "));
        row("last two hours", ["started", "done", "under_way", "failed"].map(part).join(", "));
    }
    let mut told = table.draw();
    let providers = status["providers"].as_array().map_or(&[][..], Vec::as_slice);
    if !providers.is_empty() {
        let mut table = Table::new(&["PROVIDER", "STATUS", "LEFT ALONE", "LAST SIGN-IN", "LAST FAILURE"]);
        for provider in providers {
            let fields = ["id", "status", "left_alone", "last_success_at", "last_failure_at"];
            table.row(fields.map(|field| text(&provider[field])));
        }
        told.push_str(&format!("\n\n{}", table.draw()));
    } else if status["ready"] == true {
        told.push_str("\n\nno provider is set up; `fed status --instruction` tells what is missing");
    }
    for entry in status["attention"].as_array().into_iter().flatten() {
        let [what, remedy] = ["text", "remedy"].map(|field| tame(&text(&entry[field]["en"])));
        told.push_str(&format!("\n\n{}: {what}\n  what to do: {remedy}", text(&entry["severity"])));
    }
    if let Some(instruction) = status["instruction"].as_str() {
        told.push_str(&format!("\n\n{}", tame(instruction.trim_end())));
    }
    told
}

/// How the command ends.
fn verdict(status: &Value) -> Result<(), Problem> {
    if status["writable"] == false {
        return Err(Problem::unreachable(
            "the Federation runs and can't sign anybody in: its database takes no changes",
        )
        .next("make room on its disk, or see that it may be written; service comes back by itself"));
    }
    if status["ready"] != true {
        return Err(Problem::unreachable(
            "the Federation runs and can't serve: its database does not answer",
        )
        .next("look at the database and the last log lines; service comes back by itself"));
    }
    let mut attention = status["attention"].as_array().into_iter().flatten();
    if status["database"]["schema"] == "failed" || attention.any(|entry| entry["severity"] == "error") {
        return Err(Problem::new("something keeps people from signing in; see above"));
    }
    Ok(())
}
