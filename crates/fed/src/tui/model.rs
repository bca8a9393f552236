//! What the screen shows, as plain data: it can be made in a test, changed by `update.rs` and drawn by `view.rs`
//! without a terminal or a network.

use super::tab::{Deed, Detail, Request, Row, Search, Tab};
use super::tabs::TABS;
use downcity_service::core::Lang;
use serde_json::Value;

/// A Federation that can be chosen.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The name it is saved under; none for the one on this machine.
    pub(crate) name: Option<String>,
    /// Its address.
    pub(crate) url: String,
}

/// Everything.
pub(crate) struct Model {
    pub(crate) lang: Lang,
    /// Whether colours are wanted.
    pub(crate) colour: bool,
    pub(crate) places: Vec<Place>,
    /// The selected one while it is chosen.
    pub(crate) choosing: usize,
    /// The chosen one.
    pub(crate) place: Option<usize>,
    /// The open tab.
    pub(crate) tab: usize,
    /// The list of each tab.
    pub(crate) lists: Vec<List>,
    /// What lies over the list.
    pub(crate) over: Option<Over>,
    /// What was told last.
    pub(crate) notice: Option<Notice>,
    /// How many answers are waited for.
    pub(crate) waiting: usize,
    /// How many of them hold what is told once.
    pub(crate) once_waiting: usize,
    /// Which picture of the spinner is shown.
    pub(crate) frame: usize,
    /// The number of the last call.
    pub(crate) last_call: u64,
    /// Whether it is over.
    pub(crate) quit: bool,
}

impl Model {
    /// With these Federations to choose from.
    pub(crate) fn new(lang: Lang, colour: bool, places: Vec<Place>) -> Self {
        Self {
            lang,
            colour,
            places,
            choosing: 0,
            place: None,
            tab: 0,
            lists: empty_lists(),
            over: None,
            notice: None,
            waiting: 0,
            once_waiting: 0,
            frame: 0,
            last_call: 0,
            quit: false,
        }
    }

    /// The open tab.
    pub(crate) fn tab(&self) -> &'static Tab {
        TABS[self.tab]
    }

    /// The list of the open tab.
    pub(crate) fn list(&self) -> &List {
        &self.lists[self.tab]
    }

    /// The same, to be changed.
    pub(crate) fn list_mut(&mut self) -> &mut List {
        &mut self.lists[self.tab]
    }
}

/// Lists of which nothing is known yet.
pub(crate) fn empty_lists() -> Vec<List> {
    TABS.iter().map(|_| List::default()).collect()
}

/// The list of a tab: one page of it.
#[derive(Default)]
pub(crate) struct List {
    pub(crate) state: State,
    pub(crate) rows: Vec<Row>,
    /// The selected one, among those shown.
    pub(crate) at: usize,
    /// What is searched for.
    pub(crate) search: String,
    /// Where this page began, and those before it.
    pub(crate) pages: Vec<Option<String>>,
    /// Where the next page begins.
    pub(crate) next: Option<String>,
    /// The call that an answer is waited for from; answers of older ones come too late.
    pub(crate) call: u64,
}

/// How much is known of a list.
#[derive(Default, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing; nothing was asked either.
    #[default]
    Unknown,
    /// An answer is waited for.
    Loading,
    /// The page is there.
    Loaded,
    /// There was no answer.
    Failed,
}

impl List {
    /// The rows that are shown: all, or where a search is made here, those that have the words.
    pub(crate) fn shown(&self, search: Search) -> Vec<&Row> {
        let wanted = self.search.to_lowercase();
        let has = |row: &&Row| {
            search == Search::There
                || wanted.is_empty()
                || row.id.to_lowercase().contains(&wanted)
                || row.cells.iter().any(|cell| cell.to_lowercase().contains(&wanted))
        };
        self.rows.iter().filter(has).collect()
    }
}

/// What lies over the list.
pub(crate) enum Over {
    /// All keys.
    Help,
    /// Everything about a row.
    About(About),
    /// What is searched for is typed.
    Search(Input),
    /// Something is asked before it is done.
    Asked(Asked),
    /// Something that is told this once.
    Once { title: String, text: String },
}

/// Everything about a row.
pub(crate) struct About {
    pub(crate) row: Row,
    pub(crate) lines: Vec<Detail>,
    pub(crate) scroll: usize,
    /// The calls that more is waited for from, in their order, and what came.
    pub(crate) more: Vec<(u64, Option<Vec<Detail>>)>,
}

/// What is asked before something is done.
pub(crate) struct Asked {
    pub(crate) deed: &'static Deed,
    pub(crate) row: Row,
    /// The fields of a form, or the one for the row's id.
    pub(crate) fields: Vec<Input>,
    /// The field that is typed into.
    pub(crate) at: usize,
    /// What is wrong with what was typed.
    pub(crate) wrong: Option<String>,
}

/// Text that is typed.
#[derive(Default, Clone)]
pub(crate) struct Input {
    pub(crate) text: String,
    pub(crate) hidden: bool,
}

/// The longest text that is taken, in bytes.
const LONGEST: usize = 16 * 1024;

impl Input {
    /// A letter; what would move the cursor is no text.
    pub(crate) fn add(&mut self, letter: char) {
        if !letter.is_control() && self.text.len() < LONGEST {
            self.text.push(letter);
        }
    }

    /// As it is shown.
    pub(crate) fn shown(&self) -> String {
        if self.hidden { "•".repeat(self.text.chars().count()) } else { self.text.clone() }
    }
}

/// What was told last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) bad: bool,
}

/// A call on its way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) number: u64,
    /// The Federation it goes to.
    pub(crate) place: usize,
    pub(crate) request: Request,
    pub(crate) purpose: Purpose,
}

/// What its answer is for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Purpose {
    /// The list of this tab.
    List(usize),
    /// More about a row.
    More,
    /// It was done: the tab, and which of its deeds.
    Done(usize, char),
}

/// What a call ended with.
pub(crate) type Answer = Result<Value, Trouble>;

/// Why there is no answer, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) what: String,
    pub(crate) next: String,
}
