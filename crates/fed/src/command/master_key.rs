//! `fed master-key`: a new master key, and the change to it while the Federation serves.

use crate::admin::{Caller, Connection};
use crate::keys;
use crate::master::{MASTER_KEY, fresh};
use crate::problem::Problem;
use crate::{on_this_thread, screen};
use clap::Subcommand;
use downcity::MasterKey as State;
use downcity_service::vault::MasterKey;
use secrecy::ExposeSecret;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often to ask how much is left.
const EVERY: Duration = Duration::from_millis(300);
/// After this long without any progress the command stops waiting.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print a new master key
    New,
    /// Tell which master key the database needs, and how much is still to be sealed anew
    Show {
        #[command(flatten)]
        connection: Connection,
    },
    /// Change the master key of a running Federation, and seal everything anew
    #[command(after_long_help = "\
Where the key is a file on this machine and nobody shares the database, this does all: it puts a new key behind the \
present one in the file, has the Federation change to it, and keeps the old one beside it, for backups from before. \
Elsewhere put a new key (`fed master-key new`) behind the present one on every node first: as a second line of the \
file, a second word of FED_MASTER_KEY, a second line that the command prints; nodes read a variable only when they \
start. Then run this, and take the old key out afterwards.")]
    Rotate {
        /// The file of the master key, where that does not lie in the data folder
        #[arg(long, env = "FED_MASTER_KEY_FILE", value_name = "FILE")]
        master_key_file: Option<PathBuf>,
        /// No other node shares the PostgreSQL database, so that the file here is the only one
        #[arg(long)]
        only_node: bool,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    match command {
        Command::New => {
            screen::say(fresh().expose_secret());
            Ok(())
        }
        Command::Show { connection } => on_this_thread(async move {
            let caller = connection.admin()?;
            let state = caller.admin.master_key().await.map_err(|error| caller.target.problem(&error))?;
            tell(&connection, &state);
            Ok(())
        }),
        Command::Rotate { master_key_file, only_node, connection } => {
            let file = master_key_file.unwrap_or_else(|| connection.data_folder().join(MASTER_KEY));
            on_this_thread(async move { rotate(&file, only_node, &connection).await })
        }
    }
}

fn tell(connection: &Connection, state: &State) {
    if connection.json {
        screen::say(serde_json::to_value(state).unwrap_or_default());
        return;
    }
    let next = state.next_master_key_id.as_deref().unwrap_or("none");
    screen::say(format_args!(
        "master key   {}\nnext         {next}\ndata key     {}\nto be sealed anew: {}",
        state.master_key_id, state.data_key_id, state.left
    ));
}

async fn rotate(file: &Path, only_node: bool, connection: &Connection) -> Result<(), Problem> {
    let caller = connection.admin()?;
    let ask = async || caller.admin.master_key().await.map_err(|error| caller.target.problem(&error));
    let before = ask().await?;
    // A change that was interrupted after the Federation had made it is only brought to its end.
    let keys = held(file)?.unwrap_or_default();
    if keys.iter().any(|(id, _)| *id == before.master_key_id) {
        keys::check_replaceable(file)?;
    }
    let done = matches!(keys.as_slice(), [_, (id, _)] if *id == before.master_key_id);
    if !done {
        if before.next_master_key_id.is_none() {
            put_next(file, &before, only_node)?;
        }
        caller.admin.rotate_master_key().await.map_err(|error| caller.target.problem(&error))?;
    }
    let state = wait(&caller).await?;
    let kept = drop_old(file, &state)?;
    tell(connection, &state);
    match kept {
        Some(old) => screen::tell(format_args!(
            "The old key is in {}: it opens backups from before. Remove it when there are none any more.",
            old.display()
        )),
        None => {
            screen::tell("Take the old key out of its place on every node; keep it for backups from before.");
        }
    }
    Ok(())
}

/// The keys in a file, each with its id; none where there is no file.
fn held(file: &Path) -> Result<Option<Vec<(String, String)>>, Problem> {
    let Some(text) = keys::read_private(file)? else { return Ok(None) };
    let named = |word: &str| MasterKey::parse(word).map(|key| (key.name(), word.to_owned()));
    Ok(text.split_whitespace().map(named).collect())
}

/// Puts a new key behind the present one.
fn put_next(file: &Path, state: &State, only_node: bool) -> Result<(), Problem> {
    let by_hand = "put a new key (`fed master-key new`) behind the present one on every node, and restart those that \
                   have it in a variable; then do this again";
    if state.shared && !only_node {
        return Err(Problem::usage("other nodes may share this database, and they need the next key first")
            .next(format_args!("{by_hand}; or say --only-node")));
    }
    match held(file)?.as_deref() {
        Some([(id, present)]) if *id == state.master_key_id => {
            let next = fresh();
            keys::replace_private(file, &format!("{present}\n{}", next.expose_secret()))
                .map_err(|why| keys::unwritable(file, &why))
        }
        _ => Err(Problem::usage(format_args!(
            "{} does not hold the master key {}",
            file.display(),
            state.master_key_id
        ))
        .next(format_args!("name its file with --master-key-file; where it is no file here, {by_hand}"))),
    }
}

/// Waits until everything is sealed anew.
async fn wait(caller: &Caller) -> Result<State, Problem> {
    let (mut last, mut since) = (u64::MAX, Instant::now());
    loop {
        let state = caller.admin.master_key().await.map_err(|error| caller.target.problem(&error))?;
        if state.left == 0 {
            return Ok(state);
        }
        if state.left != last {
            screen::tell(format_args!("still to be sealed anew: {}", state.left));
            (last, since) = (state.left, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            return Err(Problem::new(format_args!("the master key is changed, but {last} values are not sealed anew"))
                .next("the server's log tells why; it tries again by itself. Keep both keys, and do this again later"));
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Leaves only the present key in the file; gives where the one before is kept.
fn drop_old(file: &Path, state: &State) -> Result<Option<PathBuf>, Problem> {
    let keys = held(file)?.unwrap_or_default();
    let [(old_id, old), (id, present)] = keys.as_slice() else { return Ok(None) };
    if *id != state.master_key_id {
        return Ok(None);
    }
    let mut kept = file.as_os_str().to_owned();
    kept.push(format!(".{old_id}.old"));
    let kept = PathBuf::from(kept);
    let written = keys::write_private(&kept, old).map_err(|why| keys::unwritable(&kept, &why))?;
    // Of an earlier run that was stopped; what else is there is not ours to lose the key for.
    if !written && keys::read_private(&kept)?.is_none_or(|there| there.trim() != *old) {
        return Err(Problem::new(format_args!("{} is there and holds something else", kept.display()))
            .next("move it away, and do this again: both keys are in the file as before"));
    }
    keys::replace_private(file, present).map_err(|why| keys::unwritable(file, &why))?;
    Ok(Some(kept))
}
