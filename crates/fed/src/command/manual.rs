//! `fed completions` and `fed man`: what shells and readers know of the command line, made from it.

use crate::cli::Cli;
use crate::problem::Problem;
use crate::screen;
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use std::io;
use std::path::PathBuf;

/// Options of `fed completions`.
#[derive(clap::Args)]
#[command(after_long_help = "\
Where they go:
  bash   fed completions bash > ~/.local/share/bash-completion/completions/fed
  zsh    fed completions zsh > ~/.zfunc/_fed    (with fpath+=~/.zfunc before compinit)
  fish   fed completions fish > ~/.config/fish/completions/fed.fish")]
pub(crate) struct Completions {
    /// For this shell
    shell: Shell,
}

/// Options of `fed man`.
#[derive(clap::Args)]
pub(crate) struct Manual {
    /// The folder for the pages of all commands; without it that of `fed` itself goes to standard output
    folder: Option<PathBuf>,
}

/// Prints what the shell sources.
pub(crate) fn completions(args: &Completions) -> Result<(), Problem> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "fed", &mut text);
    screen::write(String::from_utf8_lossy(&text));
    Ok(())
}

/// Writes one page for each command, or prints the first.
pub(crate) fn manual(args: &Manual) -> Result<(), Problem> {
    let Some(folder) = &args.folder else {
        let mut text = Vec::new();
        Man::new(Cli::command()).render(&mut text).map_err(Problem::new)?;
        screen::write(String::from_utf8_lossy(&text));
        return Ok(());
    };
    let fault = |why: io::Error| Problem::new(format_args!("{} can't be written: {why}", folder.display()));
    std::fs::create_dir_all(folder).map_err(fault)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(fault)
}
