//! The workspace without a terminal: what keys and answers change, and every screen as it is drawn, in both languages.

use super::model::{Call, Model, Over, Place, Purpose, State, Trouble};
use super::tabs::TABS;
use super::update::{Happened, open, update};
use super::view;
use downcity_service::core::Lang;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

mod behaviour;
mod samples;
mod screens;

/// A model with two Federations to choose from.
fn model(lang: Lang) -> Model {
    let place = |name: Option<&str>, url: &str| Place { name: name.map(str::to_owned), url: url.to_owned() };
    let places =
        vec![place(Some("shop"), "https://accounts.example.com"), place(None, "http://127.0.0.1:43127")];
    Model::new(lang, true, places)
}

/// A model in a tab of the first Federation, with the sample answer in its list.
fn in_tab(lang: Lang, tab: usize) -> Model {
    let mut model = model(lang);
    let mut calls = open(&mut model, 0);
    answer(&mut model, calls.remove(0), samples::list(0));
    for call in press(&mut model, KeyCode::Char(char::from_digit(tab as u32 + 1, 10).unwrap())) {
        answer(&mut model, call, samples::list(tab));
    }
    assert!(model.tab == tab && model.list().state == State::Loaded);
    model
}

/// The number of the tab of this name.
fn tab(title: &str) -> usize {
    TABS.iter().position(|tab| tab.title.en == title).unwrap()
}

fn press(model: &mut Model, key: KeyCode) -> Vec<Call> {
    update(model, Happened::Key(KeyEvent::new(key, KeyModifiers::NONE)))
}

fn write(model: &mut Model, text: &str) {
    for letter in text.chars() {
        assert!(press(model, KeyCode::Char(letter)).is_empty());
    }
}

fn answer(model: &mut Model, call: Call, answer: Value) -> Vec<Call> {
    update(model, Happened::Answered(call, Ok(answer)))
}

/// What stands on the screen.
fn screen_of(model: &Model, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view::draw(model, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y: u16| {
        let (mut line, mut x) = (String::new(), 0);
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            // The cell after a wide letter is its second half.
            x += u16::try_from(symbol.width().max(1)).unwrap();
        }
        line.trim_end().to_owned()
    };
    (0..height).map(line).collect::<Vec<_>>().join("\n")
}

fn screen(model: &Model) -> String {
    screen_of(model, 80, 24)
}
