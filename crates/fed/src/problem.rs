//! What a command tells when it can't go on: what, why, and what to do next.

use crate::screen;
use std::fmt::{self, Display};
use std::process::ExitCode;

/// A failed command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    what: String,
    next: Option<String>,
    /// Whether the fault is in how the command was called or configured.
    usage: bool,
}

impl Problem {
    /// Something failed: exit code 1.
    pub(crate) fn new(what: impl Display) -> Self {
        Self { what: what.to_string(), next: None, usage: false }
    }

    /// The command line, the environment or the file asks for what can't be: exit code 2.
    pub(crate) fn usage(what: impl Display) -> Self {
        Self { usage: true, ..Self::new(what) }
    }

    /// The same with what to do next.
    pub(crate) fn next(self, next: impl Display) -> Self {
        Self { next: Some(next.to_string()), ..self }
    }

    /// The system gives no threads.
    pub(crate) fn runtime(cause: &std::io::Error) -> Self {
        Self::new(format_args!("the system gives no threads to run on: {cause}"))
    }

    /// What is wrong.
    #[cfg(test)]
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// Tells it on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        screen::tell(format_args!("error: {}", self.what));
        if let Some(next) = &self.next {
            screen::tell(format_args!("  what to do: {next}"));
        }
        ExitCode::from(if self.usage { 2 } else { 1 })
    }
}

/// On one line, for a log or as part of another message.
impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.next.as_ref().map_or(Ok(()), |next| write!(f, "; {next}"))
    }
}
