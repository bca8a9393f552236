//! Lists that may be long: page by page, shown as they come, never held as a whole.

use super::{Caller, understood};
use crate::problem::Problem;
use crate::screen;
use crate::table::Table;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::io::{self, IsTerminal, Write};

/// The most that the Federation puts on a page.
const LARGEST_PAGE: usize = 200;

/// How much of a list is wanted.
#[derive(Clone, clap::Args)]
pub(crate) struct Paging {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = count, conflicts_with = "all")]
    limit: usize,
    /// All of them, page by page
    #[arg(long)]
    all: bool,
    /// Go on where an earlier list ended: its "next"
    #[arg(long, value_name = "NEXT")]
    after: Option<String>,
}

fn count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&count| count > 0).ok_or_else(|| "must be a number from 1 on".to_owned())
}

/// A page as it came.
#[derive(Deserialize)]
struct RawPage {
    items: Vec<Value>,
    next: Option<String>,
}

impl Paging {
    /// Asks for page after page of `service/action` until enough is there; shows each as it comes.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        caller: &Caller,
        (service, action): (&str, &str),
        query: &Value,
        mut show: Listing<T>,
    ) -> Result<(), Problem> {
        let mut query: Map<String, Value> = query.as_object().cloned().unwrap_or_default();
        query.retain(|_, value| !value.is_null());
        let (mut cursor, mut shown) = (self.after.clone(), 0);
        let mut json = caller.json.then(JsonList::begin);
        loop {
            let wanted = if self.all { LARGEST_PAGE } else { (self.limit - shown).min(LARGEST_PAGE) };
            query.insert("limit".to_owned(), json!(wanted));
            if let Some(cursor) = &cursor {
                query.insert("cursor".to_owned(), json!(cursor));
            }
            let page: RawPage = caller.answer(caller.admin.raw().get(service, action, &query)).await?;
            shown += page.items.len();
            // A Federation whose list has no pages sends all at once, and no `next`.
            match &mut json {
                Some(json) => json.add(&page.items),
                None => show.add(page.items)?,
            }
            let ended = page.next.is_none() || page.next == cursor;
            cursor = page.next;
            if ended || (!self.all && shown >= self.limit) {
                break;
            }
            progress(shown);
        }
        done_with_progress();
        match json {
            Some(json) => json.end(cursor.as_deref()),
            None => show.end(cursor.as_deref()),
        }
        Ok(())
    }
}

/// Tells how far a long list is, where the list itself goes elsewhere.
fn progress(shown: usize) {
    say_beside(&format!("\r{shown} so far"));
}

fn done_with_progress() {
    say_beside("\r\x1b[K");
}

fn say_beside(text: &str) {
    if io::stderr().is_terminal() && !io::stdout().is_terminal() {
        let mut terminal = io::stderr().lock();
        let _ = write!(terminal, "{text}").and_then(|()| terminal.flush());
    }
}

/// `{"items": […], "next": …}`, written as the pages come.
struct JsonList {
    first: bool,
}

impl JsonList {
    fn begin() -> Self {
        screen::say("{\"items\":[");
        Self { first: true }
    }

    fn add(&mut self, items: &[Value]) {
        for item in items {
            let comma = if self.first { "" } else { "," };
            screen::say(format_args!("{comma}{item}"));
            self.first = false;
        }
    }

    fn end(self, next: Option<&str>) {
        let next = next.map(|next| format!(",\"next\":{}", json!(next))).unwrap_or_default();
        screen::say(format_args!("]{next}}}"));
    }
}

/// A list as a table for people.
pub(crate) struct Listing<T> {
    table: Table,
    row: fn(&mut Table, T),
    nothing: &'static str,
    any: bool,
}

impl<T: DeserializeOwned> Listing<T> {
    /// With headings, the row of each item, and what is told where there is none.
    pub(crate) fn new(headings: &[&str], nothing: &'static str, row: fn(&mut Table, T)) -> Self {
        Self { table: Table::new(headings), row, nothing, any: false }
    }

    fn add(&mut self, items: Vec<Value>) -> Result<(), Problem> {
        if items.is_empty() {
            return Ok(());
        }
        for item in items {
            (self.row)(&mut self.table, understood(item)?);
        }
        screen::say(self.table.draw_and_go_on());
        self.any = true;
        Ok(())
    }

    fn end(self, next: Option<&str>) {
        match next {
            Some(next) => screen::tell(format_args!("there are more: --all, --limit N, or --after {next}")),
            None if !self.any => screen::tell(self.nothing),
            None => {}
        }
    }
}
