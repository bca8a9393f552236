//! What keys and answers change. Pure: what has to be asked of the Federation comes back as calls.

use super::model::{
    About, Answer, Asked, Call, Input, List, Model, Notice, Over, Purpose, State, Trouble, empty_lists,
};
use super::tab::{Ask, Deed, Look, Request, Row, Search};
use super::tabs::TABS;
use downcity_service::core::Text;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::Value;

/// Rows that PageUp and PageDown move by.
const LEAP: usize = 10;

/// Something that happened.
pub(crate) enum Happened {
    Key(KeyEvent),
    Pasted(String),
    Answered(Call, Answer),
    /// A moment went by while something is waited for.
    Tick,
}

/// Changes the model; answers what to ask of the Federation.
pub(crate) fn update(model: &mut Model, happened: Happened) -> Vec<Call> {
    match happened {
        Happened::Tick => {
            model.frame += 1;
            Vec::new()
        }
        Happened::Answered(call, answer) => answered(model, &call, answer),
        Happened::Pasted(text) => {
            if let Some(input) = open_input(model) {
                text.chars().for_each(|letter| input.add(letter));
            }
            Vec::new()
        }
        Happened::Key(key) => pressed(model, key),
    }
}

/// Opens a Federation, with its first list on the way.
pub(crate) fn open(model: &mut Model, place: usize) -> Vec<Call> {
    model.place = Some(place);
    model.lists = empty_lists();
    model.over = None;
    model.notice = None;
    load(model)
}

fn pressed(model: &mut Model, key: KeyEvent) -> Vec<Call> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        match key.code {
            KeyCode::Char('c') => quit(model),
            KeyCode::Char('u') => open_input(model).into_iter().for_each(|input| input.text.clear()),
            _ => {}
        }
        return Vec::new();
    }
    // What a terminal sends for Alt and a letter is what it sends for Esc and the letter after it.
    if key.modifiers.contains(KeyModifiers::ALT) {
        let mut calls = pressed(model, KeyCode::Esc.into());
        calls.extend(pressed(model, key.code.into()));
        return calls;
    }
    match model.over.take() {
        // Whoever was just typing something else must not lose it.
        Some(once @ Over::Once { .. }) if !matches!(key.code, KeyCode::Enter | KeyCode::Esc) => {
            model.over = Some(once);
            Vec::new()
        }
        Some(Over::Help | Over::Once { .. }) => Vec::new(),
        Some(Over::About(about)) => in_about(model, about, key.code),
        Some(Over::Search(input)) => in_search(model, input, key.code),
        Some(Over::Asked(asked)) => in_question(model, asked, key.code),
        None if key.code == KeyCode::Char('?') => {
            model.over = Some(Over::Help);
            Vec::new()
        }
        None if key.code == KeyCode::Char('q') => {
            quit(model);
            Vec::new()
        }
        None if model.place.is_none() => in_choice(model, key.code),
        None => in_list(model, key.code),
    }
}

/// Ends it, unless something is on its way that is told once and would be lost.
fn quit(model: &mut Model) {
    model.quit = !awaits_once(model);
}

/// Whether what is told once is on its way; then says so.
fn awaits_once(model: &mut Model) -> bool {
    let awaited = model.once_waiting > 0;
    if awaited {
        let text =
            Text::new("A secret that is told once is on its way.", "仅显示一次的密钥正在返回，请稍候。");
        model.notice = Some(Notice { text: text.get(model.lang).to_owned(), bad: true });
    }
    awaited
}

fn in_choice(model: &mut Model, key: KeyCode) -> Vec<Call> {
    match key {
        KeyCode::Up | KeyCode::Char('k') => model.choosing = model.choosing.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => {
            model.choosing = (model.choosing + 1).min(model.places.len().saturating_sub(1));
        }
        KeyCode::Enter if model.choosing < model.places.len() => return open(model, model.choosing),
        _ => {}
    }
    Vec::new()
}

fn in_list(model: &mut Model, key: KeyCode) -> Vec<Call> {
    let last = model.list().shown(model.tab().search).len().saturating_sub(1);
    let list = model.list_mut();
    match key {
        KeyCode::Up | KeyCode::Char('k') => list.at = list.at.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => list.at = (list.at + 1).min(last),
        KeyCode::PageUp => list.at = list.at.saturating_sub(LEAP),
        KeyCode::PageDown => list.at = (list.at + LEAP).min(last),
        KeyCode::Home => list.at = 0,
        KeyCode::End => list.at = last,
        KeyCode::Char('n') => return turn(model, true),
        KeyCode::Char('p') => return turn(model, false),
        KeyCode::Char('r') => return load(model),
        KeyCode::Char('/') => {
            model.over = Some(Over::Search(Input { text: list.search.clone(), hidden: false }));
        }
        KeyCode::Char('f') | KeyCode::Esc => {
            model.place = None;
            model.notice = None;
        }
        KeyCode::Tab | KeyCode::Right => return go(model, (model.tab + 1) % TABS.len()),
        KeyCode::BackTab | KeyCode::Left => return go(model, (model.tab + TABS.len() - 1) % TABS.len()),
        KeyCode::Char(digit @ '1'..='9') => {
            let tab = digit as usize - '1' as usize;
            return if tab < TABS.len() { go(model, tab) } else { Vec::new() };
        }
        KeyCode::Enter => return about(model),
        KeyCode::Char(letter) => return begin(model, letter, selected(model)),
        _ => {}
    }
    Vec::new()
}

/// The selected row.
fn selected(model: &Model) -> Option<Row> {
    let list = model.list();
    list.shown(model.tab().search).get(list.at).map(|&row| row.clone())
}

fn go(model: &mut Model, tab: usize) -> Vec<Call> {
    model.tab = tab;
    model.notice = None;
    if model.list().state == State::Unknown { load(model) } else { Vec::new() }
}

/// To the next page, or the one before.
fn turn(model: &mut Model, forward: bool) -> Vec<Call> {
    let list = model.list_mut();
    match (forward, list.next.clone()) {
        (true, Some(next)) => list.pages.push(Some(next)),
        (false, _) if list.pages.len() > 1 => {
            list.pages.pop();
        }
        _ => return Vec::new(),
    }
    list.at = 0;
    load(model)
}

/// Asks for the page that the open tab stands on.
fn load(model: &mut Model) -> Vec<Call> {
    let tab = model.tab();
    let list = model.list_mut();
    if list.pages.is_empty() {
        list.pages.push(None);
    }
    let search = (tab.search == Search::There && !list.search.is_empty()).then(|| list.search.clone());
    let cursor = list.pages.last().cloned().flatten();
    let request = (tab.list)(&Look { search: search.as_deref(), cursor: cursor.as_deref() });
    list.state = State::Loading;
    let call = call(model, request, Purpose::List(model.tab));
    model.list_mut().call = call.iter().map(|call| call.number).sum();
    call
}

fn call(model: &mut Model, request: Request, purpose: Purpose) -> Vec<Call> {
    let Some(place) = model.place else { return Vec::new() };
    model.last_call += 1;
    model.waiting += 1;
    vec![Call { number: model.last_call, place, request, purpose }]
}

fn about(model: &mut Model) -> Vec<Call> {
    let Some(row) = selected(model) else { return Vec::new() };
    let tab = model.tab();
    let asked = tab.more.iter().flat_map(|more| call(model, (more.ask)(&row), Purpose::More));
    let calls: Vec<Call> = asked.collect();
    let more = calls.iter().map(|call| (call.number, None)).collect();
    let lines = (tab.about)(&row.item, model.lang);
    model.over = Some(Over::About(About { row, lines, scroll: 0, more }));
    calls
}

fn in_about(model: &mut Model, mut about: About, key: KeyCode) -> Vec<Call> {
    match key {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => return Vec::new(),
        KeyCode::Up | KeyCode::Char('k') => about.scroll = about.scroll.saturating_sub(1),
        KeyCode::PageUp => about.scroll = about.scroll.saturating_sub(LEAP),
        KeyCode::Down | KeyCode::Char('j') => about.scroll += 1,
        KeyCode::PageDown => about.scroll += LEAP,
        KeyCode::Char(letter) if model.tab().deeds.iter().any(|deed| deed.key == letter) => {
            return begin(model, letter, Some(about.row));
        }
        _ => {}
    }
    let lines = about.lines.len()
        + about.more.iter().flat_map(|(_, lines)| lines).map(|lines| lines.len() + 2).sum::<usize>();
    about.scroll = about.scroll.min(lines.saturating_sub(1));
    model.over = Some(Over::About(about));
    Vec::new()
}

fn in_search(model: &mut Model, mut input: Input, key: KeyCode) -> Vec<Call> {
    match key {
        KeyCode::Esc => return Vec::new(),
        KeyCode::Enter => {
            let there = model.tab().search == Search::There;
            let list = model.list_mut();
            input.text.trim().clone_into(&mut list.search);
            list.at = 0;
            if there {
                list.pages.clear();
                return load(model);
            }
            return Vec::new();
        }
        key => edit(&mut input, key),
    }
    model.over = Some(Over::Search(input));
    Vec::new()
}

fn edit(input: &mut Input, key: KeyCode) {
    match key {
        KeyCode::Backspace => drop(input.text.pop()),
        KeyCode::Char(letter) => input.add(letter),
        _ => {}
    }
}

/// The text that is typed into now.
fn open_input(model: &mut Model) -> Option<&mut Input> {
    match model.over.as_mut()? {
        Over::Search(input) => Some(input),
        Over::Asked(asked) => asked.fields.get_mut(asked.at),
        _ => None,
    }
}

/// Begins what this key stands for in the open tab: asks, or does it.
fn begin(model: &mut Model, letter: char, row: Option<Row>) -> Vec<Call> {
    let Some(deed) = model.tab().deeds.iter().find(|deed| deed.key == letter) else { return Vec::new() };
    let row = match row {
        Some(row) if deed.to_row => row,
        None if deed.to_row => return Vec::new(),
        _ => Row::default(),
    };
    let fields = match &deed.ask {
        Ask::Nothing => return act(model, deed, &row, &[]),
        Ask::Yes(_) => Vec::new(),
        Ask::Id(_) => vec![Input::default()],
        Ask::Form(fields) => {
            let field =
                |field: &super::tab::Field| Input { text: (field.start)(&row), hidden: (field.hidden)(&row) };
            fields.iter().map(field).collect()
        }
    };
    // Where the first field is filled already, the next one is what is to be typed.
    let at = fields.iter().position(|field| field.text.is_empty()).unwrap_or(0);
    model.over = Some(Over::Asked(Asked { deed, row, fields, at, wrong: None }));
    Vec::new()
}

fn in_question(model: &mut Model, mut asked: Asked, key: KeyCode) -> Vec<Call> {
    let last = asked.fields.len().saturating_sub(1);
    let agreed = match (&asked.deed.ask, key) {
        (_, KeyCode::Esc) => return Vec::new(),
        (Ask::Yes(_), KeyCode::Char('y' | 'Y')) => true,
        (Ask::Yes(_), KeyCode::Char('n' | 'N') | KeyCode::Enter) => return Vec::new(),
        (_, KeyCode::Enter) => asked.at == last,
        _ => false,
    };
    if agreed {
        match wrong(&asked) {
            None => {
                let typed: Vec<String> = asked.fields.into_iter().map(|field| field.text).collect();
                return act(model, asked.deed, &asked.row, &typed);
            }
            Some((at, text)) => {
                asked.at = at;
                asked.wrong = Some(text.get(model.lang).to_owned());
            }
        }
    } else {
        match key {
            KeyCode::Enter | KeyCode::Tab | KeyCode::Down => asked.at = (asked.at + 1).min(last),
            KeyCode::BackTab | KeyCode::Up => asked.at = asked.at.saturating_sub(1),
            key => {
                if let Some(field) = asked.fields.get_mut(asked.at) {
                    edit(field, key);
                }
            }
        }
    }
    model.over = Some(Over::Asked(asked));
    Vec::new()
}

/// The first field that can't be left as it is, and why.
fn wrong(asked: &Asked) -> Option<(usize, Text)> {
    match &asked.deed.ask {
        Ask::Id(_) if asked.fields[0].text.trim() != asked.row.id => {
            Some((0, Text::new("That is not it: nothing was done.", "输入不符：未执行任何操作。")))
        }
        Ask::Form(fields) => {
            let empty = |(field, input): (&super::tab::Field, &Input)| {
                !field.optional && input.text.trim().is_empty()
            };
            let at = fields.iter().zip(&asked.fields).position(empty)?;
            Some((at, Text::new("This can't be empty.", "此项不能为空。")))
        }
        _ => None,
    }
}

fn act(model: &mut Model, deed: &Deed, row: &Row, typed: &[String]) -> Vec<Call> {
    if deed.told_once.is_some() {
        // Of two, the second would take the first one's place on the screen.
        if awaits_once(model) {
            return Vec::new();
        }
        model.once_waiting += 1;
    }
    call(model, (deed.request)(row, typed), Purpose::Done(model.tab, deed.key))
}

fn answered(model: &mut Model, call: &Call, answer: Answer) -> Vec<Call> {
    model.waiting = model.waiting.saturating_sub(1);
    let left = model.place != Some(call.place);
    if let Purpose::Done(tab, key) = call.purpose
        && let Some(deed) = deed_of(tab, key)
        && let Some(field) = deed.told_once
    {
        model.once_waiting = model.once_waiting.saturating_sub(1);
        if left && let Ok(answer) = &answer {
            let text = answer[field].as_str().unwrap_or_default().to_owned();
            model.over = Some(Over::Once { title: deed.done.get(model.lang).to_owned(), text });
        }
    }
    if left {
        return Vec::new();
    }
    match (&call.purpose, answer) {
        (Purpose::List(tab), answer) => {
            if model.lists[*tab].call == call.number {
                listed(model, *tab, answer);
            }
        }
        (_, Err(trouble)) => model.notice = Some(bad(&trouble)),
        (Purpose::More, Ok(answer)) => told_more(model, call.number, &answer),
        (Purpose::Done(tab, key), Ok(answer)) => return done(model, *tab, *key, &answer),
    }
    Vec::new()
}

fn bad(trouble: &Trouble) -> Notice {
    Notice { text: format!("{} {}", trouble.what, trouble.next).trim().to_owned(), bad: true }
}

fn listed(model: &mut Model, tab: usize, answer: Answer) {
    let (lang, list): (_, &mut List) = (model.lang, &mut model.lists[tab]);
    match answer {
        Ok(answer) => {
            list.rows = (TABS[tab].rows)(&answer, lang);
            list.next = answer["next"].as_str().map(str::to_owned);
            list.at = list.at.min(list.rows.len().saturating_sub(1));
            list.state = State::Loaded;
            model.notice.take_if(|notice| notice.bad);
        }
        Err(trouble) => {
            list.state = State::Failed;
            model.notice = Some(bad(&trouble));
        }
    }
}

fn told_more(model: &mut Model, number: u64, answer: &Value) {
    let (lang, tab) = (model.lang, model.tab());
    let Some(Over::About(about)) = &mut model.over else { return };
    for ((call, lines), more) in about.more.iter_mut().zip(tab.more) {
        if *call == number {
            *lines = Some((more.lines)(answer, lang));
        }
    }
}

fn deed_of(tab: usize, key: char) -> Option<&'static Deed> {
    TABS[tab].deeds.iter().find(|deed| deed.key == key)
}

/// It was done: tells so, and asks for the list anew.
fn done(model: &mut Model, tab: usize, key: char, answer: &Value) -> Vec<Call> {
    let Some(deed) = deed_of(tab, key) else { return Vec::new() };
    let text = deed.done.get(model.lang).to_owned();
    match deed.told_once.and_then(|field| answer[field].as_str()) {
        Some(secret) => model.over = Some(Over::Once { title: text, text: secret.to_owned() }),
        None => {
            let warning = answer["warning"].as_str().map(|warning| format!(" ⚠ {warning}"));
            model.notice =
                Some(Notice { text: format!("{text}{}", warning.unwrap_or_default()), bad: false });
        }
    }
    if model.tab == tab {
        return load(model);
    }
    model.lists[tab].state = State::Unknown;
    Vec::new()
}
