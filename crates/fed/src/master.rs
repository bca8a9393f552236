//! Where the master key comes from: a file, the environment, or a command. One of them, never two.
//!
//! A source holds one key of 64 hexadecimal digits, or two with space between them while the key is being changed:
//! the present one, then the next.

use crate::keys::{self, read_private};
use crate::problem::Problem;
use data_encoding::HEXLOWER;
use downcity_service::seams::{Random, SystemRandom};
use downcity_service::vault::{MasterKey, MasterKeys};
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// The variable that may hold the key.
const VARIABLE: &str = "FED_MASTER_KEY";
/// The master key's file in the data folder.
pub(crate) const MASTER_KEY: &str = "master.key";
/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much a command may print, in bytes.
const LIMIT: u64 = 4096;

/// One source.
#[derive(Clone)]
pub(crate) enum Source {
    /// A file that was named.
    File(PathBuf),
    /// The file in the data folder, which a first start makes.
    Own(PathBuf),
    /// The environment.
    Variable(SecretString),
    /// What a command prints.
    Command(String),
}

impl Source {
    /// The one source that is named, or the file in the data folder.
    pub(crate) fn choose(
        file: Option<PathBuf>,
        command: Option<String>,
        data: &Path,
    ) -> Result<Self, Problem> {
        let variable = std::env::var(VARIABLE).ok().filter(|text| !text.trim().is_empty());
        Self::of(file, command, variable.map(SecretString::from), data)
    }

    fn of(
        file: Option<PathBuf>,
        command: Option<String>,
        variable: Option<SecretString>,
        data: &Path,
    ) -> Result<Self, Problem> {
        match (file, command, variable) {
            (None, None, None) => Ok(Self::Own(data.join(MASTER_KEY))),
            (Some(path), None, None) => Ok(Self::File(path)),
            (None, Some(command), None) => Ok(Self::Command(command)),
            (None, None, Some(text)) => Ok(Self::Variable(text)),
            _ => {
                Err(Problem::usage("the master key is to come from more than one place").next(format_args!(
                    "name one of --master-key-file, --master-key-command and the variable {VARIABLE}"
                )))
            }
        }
    }

    /// Its file, where it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Own(path) => Some(path),
            Self::Variable(_) | Self::Command(_) => None,
        }
    }

    /// What to call it.
    fn name(&self) -> String {
        match self {
            Self::File(path) | Self::Own(path) => path.display().to_string(),
            Self::Variable(_) => format!("the variable {VARIABLE}"),
            Self::Command(_) => "what --master-key-command printed".to_owned(),
        }
    }

    /// What it holds now: one key or two.
    pub(crate) async fn read(&self) -> Result<Vec<MasterKey>, Problem> {
        let text = match self {
            Self::File(path) | Self::Own(path) => read_private(path)?.ok_or_else(|| self.missing(path))?,
            Self::Variable(text) => text.expose_secret().to_owned(),
            Self::Command(command) => printed(command).await?,
        };
        let keys = parse(&SecretString::from(text), &self.name());
        match self {
            // The command may have been without its source for a moment, and have told nobody: the next start tries again.
            Self::Command(_) => keys.map_err(Problem::may_pass),
            _ => keys,
        }
    }

    fn missing(&self, path: &Path) -> Problem {
        match self {
            Self::Own(_) => {
                Problem::usage(format_args!("no Federation is here: there is no {}", path.display()))
                    .next("start it once with `fed serve`, or name its folder with --data")
            }
            // A folder that is mounted later may bring it.
            _ => Problem::new(format_args!("there is no master key file {}", path.display())).next(
                format_args!(
                    "copy it from another node or a backup, or for a new Federation make one: \
                 (umask 077; fed master-key new > {})",
                    path.display()
                ),
            ),
        }
    }

    /// For the service: `first` is what was read already, later it is read anew.
    pub(crate) fn into_master_keys(self, first: Vec<MasterKey>) -> MasterKeys {
        let first = Arc::new(Mutex::new(Some(first)));
        MasterKeys::from_source(move || {
            let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            let source = self.clone();
            Box::pin(async move {
                match first {
                    Some(first) => Ok(first),
                    None => source.read().await.map_err(|problem| problem.to_string()),
                }
            })
        })
    }
}

fn parse(text: &SecretString, name: &str) -> Result<Vec<MasterKey>, Problem> {
    let words: Vec<&str> = text.expose_secret().split_whitespace().collect();
    let keys: Option<Vec<MasterKey>> = words.iter().map(|word| MasterKey::parse(word)).collect();
    match keys {
        Some(keys) if matches!(keys.len(), 1 | 2) => Ok(keys),
        _ => Err(Problem::usage(format_args!(
            "{name} holds no master key: 64 hexadecimal digits are expected"
        ))
        .next("give it the key that was made for this data (two, one after the other, while it is changed)")),
    }
}

/// Runs a command line as a shell does. What it tells on standard error, the person sees.
async fn printed(command: &str) -> Result<String, Problem> {
    let failed = |why: String| {
        Problem::new(format_args!("the master key command {why}"))
            .next("see that --master-key-command prints the key, within ten seconds, and ends with success")
    };
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    // A group of its own, so that whatever it started can be stopped with it.
    let child = shell.process_group(0).kill_on_drop(true).spawn();
    let mut child = child.map_err(|why| failed(format!("can't be run: {why}")))?;
    let group = child.id();
    let output = child.stdout.take().ok_or_else(|| failed("gives no output".into()))?;
    let run = async {
        let mut text = Vec::new();
        output.take(LIMIT + 1).read_to_end(&mut text).await?;
        if text.len() as u64 > LIMIT { Ok((None, text)) } else { Ok((Some(child.wait().await?), text)) }
    };
    let ran: Result<std::io::Result<_>, _> = tokio::time::timeout(PATIENCE, run).await;
    if !matches!(ran, Ok(Ok((Some(_), _)))) {
        stop(group);
    }
    let ended = ran.map_err(|_| failed("did not end".into()))?;
    match ended.map_err(|why| failed(format!("can't be run: {why}")))? {
        (None, _) => Err(failed(format!("printed more than {LIMIT} bytes"))),
        (Some(status), text) if status.success() => {
            String::from_utf8(text).map_err(|_| failed("printed what is no text".into()))
        }
        (Some(status), _) => Err(failed(format!("failed ({status})"))),
    }
}

fn stop(group: Option<u32>) {
    let group = group.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // An error means that nothing of it runs any more.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// A fresh key as it is written.
pub(crate) fn fresh() -> SecretString {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes);
    SecretString::from(HEXLOWER.encode(&bytes))
}

/// Makes the file in the data folder where there is none; says whether it did.
pub(crate) fn make(path: &Path) -> Result<bool, Problem> {
    if path.exists() {
        return Ok(false);
    }
    // Another process may be faster; then its key is the one.
    keys::write_private(path, fresh().expose_secret()).map_err(|why| keys::unwritable(path, &why))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn there_is_one_source_and_never_two() {
        let data = Path::new("/d");
        let (file, command) = (Some(PathBuf::from("/k")), Some("cat /k".to_owned()));
        let variable = || Some(SecretString::from(KEY));
        assert!(
            matches!(Source::of(None, None, None, data), Ok(Source::Own(path)) if path == data.join(MASTER_KEY))
        );
        assert!(matches!(Source::of(file.clone(), None, None, data), Ok(Source::File(_))));
        assert!(matches!(Source::of(None, command.clone(), None, data), Ok(Source::Command(_))));
        assert!(matches!(Source::of(None, None, variable(), data), Ok(Source::Variable(_))));
        for two in [
            Source::of(file.clone(), command.clone(), None, data),
            Source::of(file, None, variable(), data),
            Source::of(None, command, variable(), data),
        ] {
            assert!(two.err().unwrap().what().contains("more than one place"));
        }
    }

    #[test]
    fn one_key_or_two_are_read_and_nothing_else_is_taken_for_one() {
        let read = |text: &str| parse(&SecretString::from(text), "x").map(|keys| keys.len());
        assert_eq!(read(&format!("{KEY}\n")).ok(), Some(1));
        assert_eq!(read(&format!(" {KEY}\n{}\n", "0".repeat(64))).ok(), Some(2));
        for text in ["", "00", &format!("{KEY}0"), &format!("{KEY} 00"), &format!("{KEY} {KEY} {KEY}")] {
            let told = format!("{:?}", read(text).err().unwrap());
            assert!(told.contains("64 hexadecimal digits") && !told.contains(KEY), "{told}");
        }
    }

    #[tokio::test]
    async fn a_command_gives_the_key_or_a_reason() {
        assert_eq!(printed(&format!("echo {KEY} | tr a-z a-z")).await.unwrap().trim(), KEY);
        for (command, why) in [
            ("exit 3", "failed"),
            ("no-such-command-at-all 2>/dev/null", "failed"),
            ("yes", "printed more than"),
            ("printf '\\377'", "no text"),
        ] {
            let told = printed(command).await.unwrap_err();
            assert!(told.what().contains(why), "{command}: {told:?}");
        }
    }
}
