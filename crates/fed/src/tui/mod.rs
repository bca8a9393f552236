//! `fed` alone in a terminal: the workspace. The model is plain data (`model.rs`), keys and answers change it
//! (`update.rs`), it is drawn anew after each change (`view.rs`), and calls run beside it (`calls.rs`).

mod calls;
mod model;
mod tab;
mod tabs;
#[cfg(test)]
mod tests;
mod update;
mod view;

use crate::admin::{Reach, Target};
use crate::on_this_thread;
use crate::problem::Problem;
use crate::saved::{Book, Entry};
use calls::Calls;
use downcity_service::core::Lang;
use model::{Model, Place};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyEventKind};
use ratatui::crossterm::execute;
use std::io::{self, IsTerminal};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use update::{Happened, open, update};

/// How long each picture of the spinner stays.
const FRAME: Duration = Duration::from_millis(120);

/// Options of `fed` alone.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The language of the workspace, en or zh [default: that of the terminal]
    #[arg(long, value_name = "LANG", value_parser = language)]
    lang: Option<Lang>,
    #[command(flatten)]
    reach: Reach,
}

fn language(text: &str) -> Result<Lang, String> {
    Lang::parse(text).ok_or_else(|| "must be en or zh".to_owned())
}

/// Whether somebody sits there.
pub(crate) fn in_a_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Shows the workspace until it is left.
pub(crate) fn run(args: &Args) -> Result<(), Problem> {
    let lang = args.lang.unwrap_or_else(of_the_terminal);
    let (targets, chosen) = targets(&args.reach)?;
    let place = |target: &Target| Place { name: target.name.clone(), url: target.url.clone() };
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let model = Model::new(lang, !unwanted, targets.iter().map(place).collect());
    on_this_thread(async {
        let fault = |why: io::Error| Problem::new(format_args!("the terminal can't be used: {why}"));
        // From here on a panic restores the terminal, too.
        let mut terminal = ratatui::try_init().map_err(fault)?;
        let _ = execute!(io::stdout(), EnableBracketedPaste);
        let (sender, happened) = unbounded_channel();
        let calls = Calls::new(targets, args.reach.insecure_http, lang, sender.clone());
        listen(sender);
        let shown = show(&mut terminal, model, chosen, &calls, happened).await;
        let _ = execute!(io::stdout(), DisableBracketedPaste);
        ratatui::restore();
        shown.map_err(fault)
    })
}

/// The language that the terminal speaks (POSIX: the first of these that is set).
fn of_the_terminal() -> Lang {
    let named = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    named.and_then(|tag| Lang::parse(&tag)).unwrap_or_default()
}

/// The Federations to choose from; and the one that is meant, where flags or the environment name one.
fn targets(reach: &Reach) -> Result<(Vec<Target>, Option<usize>), Problem> {
    let book = Book::read()?;
    let saved = |(name, entry): (&String, &Entry)| Target::saved(name, entry);
    let mut targets: Vec<Target> = book.entries.iter().map(saved).collect();
    // The one that commands mean when none is named comes first.
    targets.sort_by_key(|target| target.name != book.default);
    if reach.names_one() {
        targets.insert(0, reach.target()?);
        return Ok((targets, Some(0)));
    }
    targets.extend(Target::local());
    Ok((targets, None))
}

/// Keys come from a thread of their own, since waiting for them blocks.
fn listen(happened: UnboundedSender<Happened>) {
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            let sent = match event {
                Event::Key(key) if key.kind != KeyEventKind::Release => happened.send(Happened::Key(key)),
                Event::Paste(text) => happened.send(Happened::Pasted(text)),
                Event::Resize(..) => happened.send(Happened::Tick),
                _ => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
    });
}

async fn show(
    terminal: &mut DefaultTerminal,
    mut model: Model,
    chosen: Option<usize>,
    calls: &Calls,
    mut happened: UnboundedReceiver<Happened>,
) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    if let Some(place) = chosen {
        open(&mut model, place).into_iter().for_each(|call| calls.send(call));
    }
    while !model.quit {
        terminal.draw(|frame| view::draw(&model, frame))?;
        let next = tokio::select! {
            next = happened.recv() => next,
            () = tokio::time::sleep(FRAME), if model.waiting > 0 => Some(Happened::Tick),
            _ = terminate.recv() => None,
            _ = hang_up.recv() => None,
        };
        let Some(next) = next else { break };
        update(&mut model, next).into_iter().for_each(|call| calls.send(call));
    }
    Ok(())
}
