//! What lies over the list: help, details, search, questions, what is told once.

use super::Paint;
use crate::table::plain;
use crate::tui::model::{About, Asked, Input, Model, Over};
use crate::tui::tab::Ask;
use downcity_service::core::{Lang, Text};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

/// Draws it over the list.
pub(super) fn draw(model: &Model, paint: Paint, frame: &mut Frame<'_>, area: Rect) {
    match &model.over {
        None => {}
        Some(Over::Help) => {
            let title = Text::new("Keys", "按键").get(model.lang);
            boxed(frame, area, title, help(model, paint), 0);
        }
        Some(Over::About(about)) => {
            let lines = about_lines(model, paint, about);
            boxed(frame, area, model.tab().title.get(model.lang), lines, about.scroll);
        }
        Some(Over::Search(input)) => {
            let title = Text::new("Search", "搜索").get(model.lang);
            let small = Rect { height: area.height.min(3), ..area };
            boxed(frame, small, title, vec![typed(input, true, paint)], 0);
        }
        Some(Over::Asked(asked)) => {
            boxed(frame, area, asked.deed.name.get(model.lang), question(model.lang, paint, asked), 0);
        }
        Some(Over::Once { title, text }) => {
            let keep = Text::new("Keep it now: it is not shown again.", "请立即保存：不会再次显示。");
            let lines = vec![
                Line::styled(text.clone(), paint.strong()),
                Line::default(),
                Line::raw(keep.get(model.lang)),
            ];
            boxed(frame, area, title, lines, 0);
        }
    }
}

fn boxed(frame: &mut Frame<'_>, area: Rect, title: &str, lines: Vec<Line<'_>>, scroll: usize) {
    frame.render_widget(Clear, area);
    let scroll = u16::try_from(scroll).unwrap_or(u16::MAX);
    let text = Paragraph::new(lines).wrap(Wrap { trim: false }).scroll((scroll, 0));
    frame.render_widget(text.block(Block::bordered().title(format!(" {title} "))), area);
}

/// The keys that count in it.
pub(super) fn keys(over: &Over, keys: &mut Vec<(String, Text)>) {
    let mut key = |key: &str, text| keys.push((key.to_owned(), text));
    match over {
        Over::Help | Over::Once { .. } => key("Enter", Text::new("close", "关闭")),
        Over::About(_) => {
            key("↑↓", Text::new("scroll", "滚动"));
            key("Esc", Text::new("back", "返回"));
        }
        Over::Search(_) => {
            key("Enter", Text::new("search", "搜索"));
            key("Esc", Text::new("back", "返回"));
        }
        Over::Asked(asked) => {
            match asked.deed.ask {
                Ask::Yes(_) => {
                    key("y", Text::new("yes", "是"));
                    key("n", Text::new("no", "否"));
                }
                _ => {
                    key("Enter", Text::new("next, at the end: do it", "下一项，最后执行"));
                    key("Ctrl-U", Text::new("clear", "清空"));
                }
            }
            key("Esc", Text::new("back", "返回"));
        }
    }
}

fn help<'a>(model: &Model, paint: Paint) -> Vec<Line<'a>> {
    let mut keys = vec![
        (
            "↑ ↓  j k".to_owned(),
            Text::new("up and down; PageUp, PageDown, Home, End", "上下移动；PageUp、PageDown、Home、End"),
        ),
        ("← →  Tab  1–9".to_owned(), Text::new("from tab to tab", "切换标签页")),
        ("Enter".to_owned(), Text::new("everything about the selected line", "查看所选行的详情")),
        ("/".to_owned(), Text::new("search; an empty search shows all again", "搜索；清空则显示全部")),
        ("n  p".to_owned(), Text::new("next page, page before", "下一页、上一页")),
        ("r".to_owned(), Text::new("ask the Federation again", "重新加载")),
        ("f  Esc".to_owned(), Text::new("choose another Federation", "选择其他 Federation")),
        ("q  Ctrl-C".to_owned(), Text::new("quit", "退出")),
    ];
    if model.place.is_some() {
        keys.extend(model.tab().deeds.iter().map(|deed| (deed.key.to_string(), deed.name)));
    }
    let line = |(key, text): (String, Text)| {
        let gap = " ".repeat(16_usize.saturating_sub(key.width()));
        Line::from(vec![Span::styled(format!("{key}{gap}"), paint.strong()), Span::raw(text.get(model.lang))])
    };
    keys.into_iter().map(line).collect()
}

fn about_lines<'a>(model: &Model, paint: Paint, about: &About) -> Vec<Line<'a>> {
    let wide = about.lines.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let line = |(name, value): &(String, String), wide: usize| {
        let gap = " ".repeat(wide.saturating_sub(name.width()) + 2);
        Line::from(vec![Span::styled(format!("{name}{gap}"), paint.faint()), Span::raw(plain(value.clone()))])
    };
    let mut lines: Vec<Line<'_>> = about.lines.iter().map(|detail| line(detail, wide)).collect();
    for (more, (_, told)) in model.tab().more.iter().zip(&about.more) {
        lines.push(Line::default());
        lines.push(Line::styled(more.title.get(model.lang), paint.strong()));
        match told {
            None => lines.push(Line::raw(Text::new("One moment…", "请稍候…").get(model.lang))),
            Some(told) if told.is_empty() => lines.push(Line::raw("–")),
            Some(told) => lines.extend(told.iter().map(|detail| line(detail, 0))),
        }
    }
    lines
}

fn question<'a>(lang: Lang, paint: Paint, asked: &Asked) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    if !asked.row.id.is_empty() {
        lines.push(Line::styled(plain(asked.row.id.clone()), paint.strong()));
    }
    match &asked.deed.ask {
        Ask::Nothing => {}
        Ask::Yes(what) => {
            lines.push(Line::raw(what.get(lang)));
            lines.push(Line::raw(Text::new("Go on? y / n", "继续吗？y / n").get(lang)));
        }
        Ask::Id(what) => {
            lines.push(Line::raw(what.get(lang)));
            let ask = match lang {
                Lang::En => format!("Type {} to go on:", asked.row.id),
                Lang::Zh => format!("请输入 {} 以继续：", asked.row.id),
            };
            lines.push(Line::raw(ask));
            lines.extend(asked.fields.iter().map(|input| typed(input, true, paint)));
        }
        Ask::Form(fields) => {
            for (at, (field, input)) in fields.iter().zip(&asked.fields).enumerate() {
                let style = if at == asked.at { paint.strong() } else { Style::new() };
                lines.push(Line::styled(field.label.get(lang), style));
                lines.push(typed(input, at == asked.at, paint));
            }
        }
    }
    if let Some(wrong) = &asked.wrong {
        lines.push(Line::default());
        lines.push(Line::styled(wrong.clone(), paint.bad()));
    }
    lines
}

/// What is typed, with where the next letter goes.
fn typed<'a>(input: &Input, open: bool, paint: Paint) -> Line<'a> {
    let cursor = if open { Span::styled(" ", paint.chosen()) } else { Span::raw("") };
    let mark = if open { "> " } else { "  " };
    Line::from(vec![Span::styled(mark, paint.accent()), Span::raw(input.shown()), cursor])
}
