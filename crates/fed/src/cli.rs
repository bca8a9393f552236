//! The command line.

use crate::command::{city, demo, dev, doctor, env, import, serve, token, wechat_sim};
use crate::config::Options;
use crate::problem::Problem;
use clap::{Parser, Subcommand};

/// Runs a Downcity Federation (accounts, WeChat sign-in) and keeps its settings.
#[derive(Parser)]
#[command(name = "fed", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a Federation
    #[command(after_long_help = serve::AFTER_HELP)]
    Serve(Box<Options>),
    /// Run a Federation, a simulated WeChat and a sample product page on this machine
    Dev(dev::Args),
    /// Show a whole sign-in on this machine, step by step, and end
    Demo,
    /// Settings and secrets of a running Federation, effective at once
    #[command(subcommand)]
    Env(env::Command),
    /// Cities (products) of a running Federation
    #[command(subcommand)]
    City(city::Command),
    /// Tokens made by hand
    #[command(subcommand)]
    Token(token::Command),
    /// Look a running Federation over: what works, what does not, and what to do
    #[command(after_long_help = doctor::AFTER_HELP)]
    Doctor(doctor::Args),
    /// Bring users over from another system
    #[command(subcommand)]
    Import(import::Command),
    /// Run a simulated WeChat on this machine, for any WeChat client
    WechatSim(wechat_sim::Args),
}

impl Cli {
    /// Does what was asked.
    pub(crate) fn run(self) -> Result<(), Problem> {
        match self.command {
            Command::Serve(options) => serve::run(*options),
            Command::Dev(args) => dev::run(args),
            Command::Demo => demo::run(),
            Command::Env(command) => env::run(command),
            Command::City(command) => city::run(command),
            Command::Token(command) => token::run(command),
            Command::Doctor(args) => doctor::run(args),
            Command::Import(command) => import::run(command),
            Command::WechatSim(args) => wechat_sim::run(&args),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }
}
