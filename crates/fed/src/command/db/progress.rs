//! What `fed db copy` tells while it works: a bar for people, a JSON object a line for programs.

use crate::screen;
use downcity_service::moving_out::Tally;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// How often programs are told.
const EVERY: Duration = Duration::from_secs(1);
/// How the bar looks; it is on standard error, and only where that is a terminal.
const BAR: &str = "{msg} {wide_bar} {human_pos}/{human_len} rows, {per_sec}, {eta} left";

/// The teller.
#[derive(Clone, Copy)]
pub(super) struct Progress {
    json: bool,
}

/// What is told of one pass over all rows.
pub(super) struct Pass {
    json: bool,
    name: &'static str,
    of: u64,
    bar: ProgressBar,
    begun: Instant,
    next: Cell<Instant>,
}

impl Progress {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// A pass over about so many rows.
    pub(super) fn pass(self, name: &'static str, of: u64) -> Pass {
        let bar = if self.json { ProgressBar::hidden() } else { ProgressBar::new(of) };
        bar.set_style(ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(name);
        let begun = Instant::now();
        Pass { json: self.json, name, of, bar, begun, next: Cell::new(begun + EVERY) }
    }

    /// What the person has to know or do now.
    pub(super) fn step(self, name: &str, sentence: &str) {
        if self.json {
            screen::say(json!({"step": name}));
        } else {
            screen::tell(sentence);
        }
    }

    /// The outcome.
    pub(super) fn done(self, text: &str, object: &Value) {
        if self.json {
            screen::say(object);
        } else {
            screen::say(text);
        }
    }
}

impl Pass {
    /// So many rows were looked at.
    pub(super) fn tell(&self, rows: u64) {
        self.bar.set_position(rows);
        if self.json && Instant::now() >= self.next.get() {
            screen::say(json!({"pass": self.name, "rows": rows, "of": self.of}));
            self.next.set(Instant::now() + EVERY);
        }
    }

    /// All were.
    pub(super) fn end(self, tally: &Tally) {
        self.bar.finish_and_clear();
        let (name, seconds) = (self.name, self.begun.elapsed().as_secs_f64());
        let Tally { rows, written, removed } = tally;
        if self.json {
            screen::say(json!({
                "pass": name, "rows": rows, "of": rows, "written": written, "removed": removed, "seconds": seconds,
            }));
        } else {
            screen::tell(format_args!(
                "{name}: {rows} rows in {seconds:.1} s, of which {written} were written and {removed} removed"
            ));
        }
    }
}
