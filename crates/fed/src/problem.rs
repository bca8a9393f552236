//! What a command tells when it can't go on: what, why, and what to do next.

use crate::screen;
use std::fmt::{self, Display};
use std::process::ExitCode;

/// What stands below `fed --help` about how commands end.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it failed, or the Federation said no
  2  the command, its configuration or its input can't be used; nothing was done
  3  the admin key was refused, or its role doesn't reach so far
  4  no Federation answered, or it can't serve just now: try again";

/// How a command ends that could not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Failed = 1,
    Usage = 2,
    Refused = 3,
    Unreachable = 4,
}

/// A failed command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    what: String,
    next: Option<String>,
    ending: Ending,
}

impl Problem {
    /// Something failed: exit code 1.
    pub(crate) fn new(what: impl Display) -> Self {
        Self { what: tame(&what.to_string()), next: None, ending: Ending::Failed }
    }

    /// The command line, the environment or the file asks for what can't be: exit code 2.
    pub(crate) fn usage(what: impl Display) -> Self {
        Self { ending: Ending::Usage, ..Self::new(what) }
    }

    /// The admin key is not accepted, or not for this: exit code 3.
    pub(crate) fn refused(what: impl Display) -> Self {
        Self { ending: Ending::Refused, ..Self::new(what) }
    }

    /// Nobody answers, or not now: exit code 4.
    pub(crate) fn unreachable(what: impl Display) -> Self {
        Self { ending: Ending::Unreachable, ..Self::new(what) }
    }

    /// The same, but another try may help: exit code 1.
    pub(crate) fn may_pass(self) -> Self {
        Self { ending: Ending::Failed, ..self }
    }

    /// The same with what to do next.
    pub(crate) fn next(self, next: impl Display) -> Self {
        Self { next: Some(tame(&next.to_string())), ..self }
    }

    /// The system gives no threads.
    pub(crate) fn runtime(cause: &std::io::Error) -> Self {
        Self::new(format_args!("the system gives no threads to run on: {cause}"))
    }

    /// What is wrong.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// Tells it on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        screen::tell(format_args!("error: {}", self.what));
        if let Some(next) = &self.next {
            screen::tell(format_args!("  what to do: {next}"));
        }
        ExitCode::from(self.ending as u8)
    }
}

/// On one line, for a log or as part of another message.
impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.next.as_ref().map_or(Ok(()), |next| write!(f, "; {next}"))
    }
}

/// A part of it may have come over the wire or out of a file: it must not move the cursor or change colours.
pub(crate) fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_text_does_not_reach_the_terminal_as_a_command() {
        let told = Problem::new("a\u{1b}[2Jb\u{9b}31mc\r\u{7}\nd").next("e\u{1b}]0;f\u{7}").to_string();
        assert_eq!(told, "a [2Jb 31mc  \nd; e ]0;f ");
    }
}
