//! Runs `fed` and listens to what it says.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// `fed` with an environment that nothing of the developer's leaks into.
pub(crate) fn fed() -> Command {
    alone(Command::new(env!("CARGO_BIN_EXE_fed")))
}

/// The same, without ears for a signal.
pub(super) fn deaf_fed(signal: &str) -> Command {
    let mut command = Command::new("sh");
    let deaf = format!("trap '' {signal}; exec \"$0\" \"$@\"");
    command.args(["-c", &deaf, env!("CARGO_BIN_EXE_fed")]);
    alone(command)
}

/// The same, with so many open files at the most.
pub(super) fn fed_with_files(most: u64) -> Command {
    let mut command = Command::new("sh");
    let limited = format!("ulimit -n {most}; exec \"$0\" \"$@\"");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_fed")]);
    alone(command)
}

fn alone(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if ["FED_", "OTEL_"].iter().any(|ours| name.to_string_lossy().starts_with(ours)) {
            command.env_remove(name);
        }
    }
    // Nothing is saved here: tests that save choose a folder of their own.
    command.env("XDG_CONFIG_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/nothing-saved"));
    command.stdin(Stdio::null());
    command
}

/// Runs a command to its end with `input` on its standard input.
pub(crate) fn run(mut command: Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("fed starts");
    // The command may end without reading its input; then there is nobody to write to.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("fed ends")
}

/// What a finished command said on both channels.
pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A client that goes straight to where it is sent and follows no redirect.
pub(crate) fn http() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.timeout(Duration::from_secs(25)).build().unwrap()
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Collects what a process writes, line by line, for as long as it lives.
pub(super) fn collect(pipe: impl Read + Send + 'static) -> (Arc<Mutex<String>>, JoinHandle<()>) {
    let text = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&text);
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut kept = kept.lock().expect("not poisoned");
            kept.push_str(&line);
            kept.push('\n');
        }
    });
    (text, reader)
}
