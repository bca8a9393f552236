//! What people and scripts see: standard output for answers, standard error for troubles.

use crate::problem::Problem;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

/// Why the first thing that was said did not arrive.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// A line on standard output. What does not arrive is told by [`all_said`].
pub(crate) fn say(line: impl Display) {
    write(format_args!("{line}\n"));
}

/// The same for a text as it is.
pub(crate) fn write(text: impl Display) {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        // A reader that went away (`| head`) is no trouble of ours.
        Err(why) if why.kind() != ErrorKind::BrokenPipe => drop(LOST.set(why)),
        _ => {}
    }
}

/// Whether everything that was said arrived: on a full disk an answer would be cut off, and a secret that is told once lost.
pub(crate) fn all_said() -> Result<(), Problem> {
    LOST.get().map_or(Ok(()), |why| {
        Err(Problem::new(format_args!("standard output can't be written: {why}"))
            .next("what was to be done is done; what it told is incomplete"))
    })
}

/// A line on standard error.
pub(crate) fn tell(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Colours, where standard output is a terminal that wants them (<https://no-color.org>).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// For standard output as it is.
    pub(crate) fn detect() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { on: io::stdout().is_terminal() && !unwanted && !dumb }
    }

    /// What went well.
    pub(crate) fn good(self, text: impl Display) -> String {
        self.with("32", text)
    }

    /// What did not.
    pub(crate) fn bad(self, text: impl Display) -> String {
        self.with("31", text)
    }

    /// What matters most.
    pub(crate) fn strong(self, text: impl Display) -> String {
        self.with("1", text)
    }

    /// What is beside the point.
    pub(crate) fn faint(self, text: impl Display) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: impl Display) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

/// The beginning of a secret: enough to recognise it by, never enough to use it.
pub(crate) fn shortened(secret: &str) -> String {
    let head: String = secret.chars().take(8).collect();
    format!("{head}…")
}
