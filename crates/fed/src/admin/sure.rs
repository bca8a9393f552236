//! What people would notice at once, or can't be taken back, is asked for twice.

use crate::problem::Problem;
use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};

/// Options of every command that takes something from people.
#[derive(Clone, Copy, clap::Args)]
pub(crate) struct Sure {
    /// Do it without asking; needed where nobody can be asked
    #[arg(long, short)]
    yes: bool,
}

impl Sure {
    /// Asks for a yes.
    pub(crate) fn ask(self, what: impl Display) -> Result<(), Problem> {
        self.agreed(format_args!("{what}\nGo on? [y/N] "), |answer| {
            matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes" | "是")
        })
    }

    /// Asks for a name to be typed once more, for what takes much along.
    pub(crate) fn ask_for(self, name: &str, what: impl Display) -> Result<(), Problem> {
        self.agreed(format_args!("{what}\nType {name} to go on: "), |answer| answer == name)
    }

    fn agreed(self, question: impl Display, fits: impl Fn(&str) -> bool) -> Result<(), Problem> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(Problem::usage("this needs a yes, and nobody is here to be asked: nothing was done")
                .next("add --yes, which says it"));
        }
        let fault = |why: io::Error| Problem::new(format_args!("the answer can't be read: {why}"));
        let mut terminal = io::stderr().lock();
        write!(terminal, "{question}").and_then(|()| terminal.flush()).map_err(fault)?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(fault)?;
        if fits(answer.trim()) { Ok(()) } else { Err(Problem::usage("not agreed to: nothing was done")) }
    }
}
