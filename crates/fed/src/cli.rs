//! The command line.

use crate::command::{
    admin_key, attempt, audit, backup, city, db, demo, dev, doctor, env, event, import, login, manual,
    master_key, overview, provider, serve, session, signing_key, status, token, user, webhook, wechat_sim,
};
use crate::config::Options;
use crate::problem::{EXIT_CODES, Problem};
use crate::{screen, tui};
use clap::{CommandFactory, Parser, Subcommand};

/// Runs a Downcity Federation (accounts, WeChat sign-in) and keeps its settings. Alone in a terminal it opens the workspace.
#[derive(Parser)]
#[command(name = "fed", version, propagate_version = true, max_term_width = 110, after_long_help = EXIT_CODES)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    workspace: tui::Args,
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
    /// Save a Federation with its admin key, for all other commands
    Login(login::Login),
    /// Forget a saved Federation
    Logout(login::Logout),
    /// List the saved Federations
    Federations(login::Federations),
    /// Choose the Federation that commands mean when none is named
    Use(login::Use),
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
    /// The people of a running Federation
    #[command(subcommand)]
    User(user::Command),
    /// Who is signed in
    #[command(subcommand)]
    Session(session::Command),
    /// What happened to people
    #[command(subcommand)]
    Event(event::Command),
    /// Servers that a running Federation tells of events
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// The keys that tokens are signed with
    #[command(subcommand)]
    SigningKey(signing_key::Command),
    /// Who may do how much at a running Federation
    #[command(subcommand)]
    AdminKey(admin_key::Command),
    /// The ways to sign in, what each lacks, and whether it is offered
    #[command(subcommand)]
    Provider(provider::Command),
    /// Sign-ins of the last day, and why they ended
    #[command(subcommand)]
    Attempt(attempt::Command),
    /// How sign-ins go, and what needs attention
    Overview(overview::Args),
    /// What admins did
    #[command(subcommand)]
    Audit(audit::Command),
    /// Show which Federation commands act on, and how it stands
    #[command(after_long_help = status::AFTER_HELP)]
    Status(status::Args),
    /// Bring users over from another system
    #[command(subcommand)]
    Import(import::Command),
    /// Everything that a running Federation holds, into one file
    Backup(backup::BackupArgs),
    /// A new Federation out of such a file
    Restore(backup::RestoreArgs),
    /// Move a Federation to another database
    #[command(subcommand)]
    Db(db::Command),
    /// The key that secrets in the database depend on
    #[command(subcommand)]
    MasterKey(master_key::Command),
    /// Run a simulated WeChat on this machine, for any WeChat client
    WechatSim(wechat_sim::Args),
    /// Print the completions of a shell
    Completions(manual::Completions),
    /// Print the manual page, or write those of all commands into a folder
    Man(manual::Manual),
}

impl Cli {
    /// Does what was asked.
    pub(crate) fn run(self) -> Result<(), Problem> {
        let Some(command) = self.command else { return workspace(&self.workspace) };
        match command {
            // What serves goes on when the terminal that started it is closed.
            Command::Serve(options) => return serve::run(*options),
            Command::Dev(args) => return dev::run(args),
            Command::WechatSim(args) => return wechat_sim::run(&args),
            Command::Demo => demo::run(),
            Command::Login(args) => login::login(&args),
            Command::Logout(args) => login::logout(args),
            Command::Federations(args) => login::federations(&args),
            Command::Use(args) => login::choose(&args),
            Command::Env(command) => env::run(command),
            Command::City(command) => city::run(command),
            Command::Token(command) => token::run(command),
            Command::Doctor(args) => doctor::run(args),
            Command::User(command) => user::run(command),
            Command::Session(command) => session::run(command),
            Command::Event(command) => event::run(command),
            Command::Webhook(command) => webhook::run(command),
            Command::SigningKey(command) => signing_key::run(command),
            Command::AdminKey(command) => admin_key::run(command),
            Command::Provider(command) => provider::run(command),
            Command::Attempt(command) => attempt::run(command),
            Command::Overview(args) => overview::run(&args),
            Command::Audit(command) => audit::run(command),
            Command::Status(args) => status::run(&args),
            Command::Import(command) => import::run(command),
            Command::Backup(args) => backup::back_up(args),
            Command::Restore(args) => backup::restore(args),
            Command::Db(command) => db::run(command),
            Command::MasterKey(command) => master_key::run(command),
            Command::Completions(args) => manual::completions(&args),
            Command::Man(args) => manual::manual(&args),
        }?;
        screen::all_said()
    }
}

/// The workspace, where somebody sits; otherwise the help, as for any incomplete command.
fn workspace(args: &tui::Args) -> Result<(), Problem> {
    if tui::in_a_terminal() {
        return tui::run(args);
    }
    screen::tell(Cli::command().render_help());
    Err(Problem::usage("a command is missing")
        .next("the workspace opens where `fed` runs alone in a terminal"))
}

#[cfg(test)]
mod tests;
