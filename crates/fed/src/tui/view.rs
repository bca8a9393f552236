//! Draws the model. Pure: the same model gives the same picture.

mod over;

use super::model::{List, Model, Notice, State};
use super::tab::{Tab, Width};
use super::tabs::TABS;
use downcity_service::core::{Lang, Text};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row as TableRow, Table, TableState, Wrap};
use unicode_width::UnicodeWidthStr;

/// What turns while something is waited for.
const SPINNER: [&str; 4] = ["◐", "◓", "◑", "◒"];
/// Less than this can't hold a list.
const SMALLEST: (u16, u16) = (40, 10);

/// How things look. Without colours everything can still be told apart.
#[derive(Clone, Copy)]
struct Paint {
    colour: bool,
}

impl Paint {
    fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    fn accent(self) -> Style {
        self.in_colour(Color::Cyan)
    }

    fn good(self) -> Style {
        self.in_colour(Color::Green)
    }

    fn bad(self) -> Style {
        self.in_colour(Color::Red)
    }

    fn in_colour(self, colour: Color) -> Style {
        if self.colour { self.strong().fg(colour) } else { self.strong() }
    }
}

/// Draws everything.
pub(crate) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let paint = Paint { colour: model.colour };
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = Text::new("This window is too small: 40x10 at least.", "窗口太小：至少需要 40x10。");
        frame.render_widget(Paragraph::new(text.get(model.lang)).wrap(Wrap { trim: true }), area);
        return;
    }
    let notice = notice_height(model, area.width);
    let [head, tabs, body, said, help] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(2),
        Constraint::Min(3),
        Constraint::Length(notice),
        Constraint::Length(1),
    ])
    .areas(area);
    draw_head(model, paint, frame, head);
    match model.place {
        None => draw_choice(model, paint, frame, tabs, body),
        Some(_) => {
            draw_tabs(model, paint, frame, tabs);
            draw_list(model, paint, frame, body);
        }
    }
    if let Some(notice) = &model.notice {
        let style = if notice.bad { paint.bad() } else { paint.good() };
        frame.render_widget(Paragraph::new(marked(notice)).style(style).wrap(Wrap { trim: true }), said);
    }
    frame.render_widget(Paragraph::new(help_line(model, help.width)).style(paint.faint()), help);
    over::draw(model, paint, frame, body);
}

/// How many lines the notice takes, at most four.
fn notice_height(model: &Model, width: u16) -> u16 {
    let Some(notice) = &model.notice else { return 0 };
    let text = Paragraph::new(marked(notice)).wrap(Wrap { trim: true });
    u16::try_from(text.line_count(width)).unwrap_or(1).clamp(1, 4)
}

fn marked(notice: &Notice) -> String {
    format!("{} {}", if notice.bad { "✗" } else { "✓" }, notice.text)
}

fn draw_head(model: &Model, paint: Paint, frame: &mut Frame<'_>, area: Rect) {
    let place = model.place.map(|place| &model.places[place]);
    let mut line = vec![Span::styled(" Downcity ", paint.accent())];
    if let Some(place) = place {
        let here = Text::new("this machine", "本机").get(model.lang);
        line.push(Span::styled(place.name.as_deref().unwrap_or(here).to_owned(), paint.strong()));
        line.push(Span::styled(format!("  {}", place.url), paint.faint()));
    }
    if model.waiting > 0 {
        line.push(Span::raw(format!("  {}", SPINNER[model.frame % SPINNER.len()])));
    }
    frame.render_widget(Line::from(line), area);
}

fn draw_choice(model: &Model, paint: Paint, frame: &mut Frame<'_>, title: Rect, area: Rect) {
    let heading = Text::new("Which Federation?", "选择 Federation");
    frame.render_widget(Paragraph::new(format!(" {}", heading.get(model.lang))).style(paint.strong()), title);
    if model.places.is_empty() {
        let text = Text::new(
            "None is saved, and there is none on this machine.\n\nfed login URL   saves one\nfed dev         starts one to try",
            "没有已保存的 Federation，本机也没有运行。\n\nfed login URL   保存一个\nfed dev         启动一个试用",
        );
        frame.render_widget(Paragraph::new(text.get(model.lang)), inside(area));
        return;
    }
    let here = Text::new("this machine", "本机").get(model.lang);
    let line = |place: &super::model::Place| {
        let name = place.name.as_deref().unwrap_or(here).to_owned();
        TableRow::new([Cell::from(name), Cell::from(place.url.clone()).style(paint.faint())])
    };
    let widths = [Constraint::Fill(1), Constraint::Fill(2)];
    let table = Table::new(model.places.iter().map(line), widths).row_highlight_style(paint.chosen());
    let mut state = TableState::new().with_selected(model.choosing);
    frame.render_stateful_widget(table, inside(area), &mut state);
}

fn inside(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

fn draw_tabs(model: &Model, paint: Paint, frame: &mut Frame<'_>, area: Rect) {
    let title = |(at, tab): (usize, &&Tab)| {
        let style = if at == model.tab { paint.chosen() } else { Style::new() };
        Span::styled(format!(" {} ", tab.title.get(model.lang)), style)
    };
    let mut tabs: Vec<Span<'_>> = TABS.iter().enumerate().map(title).collect();
    // Where not all fit, those before the open one make room.
    let width = |tabs: &[Span<'_>]| tabs.iter().map(Span::width).sum::<usize>();
    let mut open = model.tab;
    while open > 0 && width(&tabs[..=open]) > usize::from(area.width) {
        tabs.remove(0);
        open -= 1;
    }
    let list = model.list();
    let mut second = Vec::new();
    if !list.search.is_empty() {
        second.push(Span::styled(format!(" /{}", list.search), paint.accent()));
    }
    if list.pages.len() > 1 || list.next.is_some() {
        let page = list.pages.len().max(1);
        let text = match model.lang {
            Lang::En => format!(" page {page}"),
            Lang::Zh => format!(" 第 {page} 页"),
        };
        second.push(Span::styled(text, paint.faint()));
    }
    frame.render_widget(Paragraph::new(vec![Line::from(tabs), Line::from(second)]), area);
}

fn draw_list(model: &Model, paint: Paint, frame: &mut Frame<'_>, area: Rect) {
    let (tab, list) = (model.tab(), model.list());
    let rows = list.shown(tab.search);
    if rows.is_empty() {
        frame.render_widget(Paragraph::new(nothing(model, tab, list)).style(paint.faint()), inside(area));
        return;
    }
    let widths = tab.columns.iter().map(|column| match column.width {
        Width::Fixed(cells) => Constraint::Length(cells),
        Width::Share(share) => Constraint::Fill(share),
    });
    let heading = TableRow::new(tab.columns.iter().map(|column| column.title.get(model.lang)));
    let lines = rows.iter().map(|row| TableRow::new(row.cells.iter().map(String::as_str)));
    let table =
        Table::new(lines, widths).header(heading.style(paint.strong())).row_highlight_style(paint.chosen());
    let mut state = TableState::new().with_selected(list.at);
    frame.render_stateful_widget(table, inside(area), &mut state);
}

fn nothing(model: &Model, tab: &Tab, list: &List) -> &'static str {
    let text = match list.state {
        State::Unknown | State::Loading => Text::new("One moment…", "请稍候…"),
        State::Failed => Text::new("There is no answer; r tries again.", "没有响应；按 r 重试。"),
        State::Loaded if list.search.is_empty() => tab.empty,
        State::Loaded => Text::new("Nothing has these words; / changes them.", "没有匹配项；按 / 修改搜索。"),
    };
    text.get(model.lang)
}

/// The keys that count now; where not all fit, help and quit are among those that do.
fn help_line(model: &Model, width: u16) -> String {
    let mut keys: Vec<(String, Text)> = Vec::new();
    let mut always: Vec<(String, Text)> = Vec::new();
    if let Some(over) = &model.over {
        over::keys(over, &mut keys);
    } else if model.place.is_none() {
        keys.push(("Enter".to_owned(), Text::new("open", "打开")));
    } else {
        keys.push(("Enter".to_owned(), Text::new("details", "详情")));
        keys.push(("/".to_owned(), Text::new("search", "搜索")));
        keys.extend(model.tab().deeds.iter().map(|deed| (deed.key.to_string(), deed.name)));
        if model.list().next.is_some() {
            keys.push(("n".to_owned(), Text::new("next page", "下一页")));
        }
        keys.push(("←→".to_owned(), Text::new("tabs", "切换")));
    }
    if model.over.is_none() {
        always.push(("?".to_owned(), Text::new("help", "帮助")));
        always.push(("q".to_owned(), Text::new("quit", "退出")));
    }
    let told = |(key, text): (String, Text)| format!("  {key} {}", text.get(model.lang));
    let always: String = always.into_iter().map(told).collect();
    let mut line = String::new();
    for key in keys.into_iter().map(told) {
        if line.width() + key.width() + always.width() <= usize::from(width) {
            line.push_str(&key);
        }
    }
    format!("{line}{always}").split_off(1)
}
