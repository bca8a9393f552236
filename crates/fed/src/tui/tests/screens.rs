//! Every screen in both languages, at 80x24, as snapshots.

use super::*;

fn shot(name: &str, make: impl Fn(Lang) -> Model) {
    for lang in [Lang::En, Lang::Zh] {
        insta::assert_snapshot!(format!("{name}-{}", lang.code()), screen(&make(lang)));
    }
}

#[test]
fn the_choice_of_federations() {
    shot("choice", model);
    shot("choice-of-none", |lang| Model::new(lang, true, Vec::new()));
}

#[test]
fn the_list_of_every_tab() {
    for (at, tab) in TABS.iter().enumerate() {
        shot(&format!("tab-{}", tab.title.en.to_lowercase()), |lang| in_tab(lang, at));
    }
}

#[test]
fn the_details_of_every_tab() {
    for (at, tab) in TABS.iter().enumerate() {
        shot(&format!("about-{}", tab.title.en.to_lowercase()), |lang| {
            let mut model = in_tab(lang, at);
            press(&mut model, KeyCode::Enter);
            model
        });
    }
}

#[test]
fn the_help_of_a_tab() {
    shot("help", |lang| {
        let mut model = in_tab(lang, tab("Cities"));
        press(&mut model, KeyCode::Char('?'));
        model
    });
}

#[test]
fn a_form_with_a_hidden_value_and_one_with_a_mistake() {
    shot("form-env", |lang| {
        let mut model = in_tab(lang, tab("Env"));
        press(&mut model, KeyCode::Down);
        press(&mut model, KeyCode::Char('s'));
        write(&mut model, "hunter2");
        model
    });
    shot("form-city", |lang| {
        let mut model = in_tab(lang, tab("Cities"));
        press(&mut model, KeyCode::Char('c'));
        for _ in 0..3 {
            press(&mut model, KeyCode::Enter);
        }
        model
    });
}

#[test]
fn questions_and_what_is_told_once() {
    shot("typed", |lang| {
        let mut model = in_tab(lang, tab("Cities"));
        press(&mut model, KeyCode::Char('x'));
        write(&mut model, "city_de");
        model
    });
    shot("yes", |lang| {
        let mut model = in_tab(lang, tab("Users"));
        press(&mut model, KeyCode::Char('d'));
        model
    });
    shot("once", |lang| {
        let mut model = in_tab(lang, tab("Keys"));
        press(&mut model, KeyCode::Char('o'));
        let call = press(&mut model, KeyCode::Char('y')).remove(0);
        answer(&mut model, call, json!({ "key_id": "key_1", "admin_key": "ak_new" }));
        model
    });
}

#[test]
fn waiting_and_trouble() {
    shot("waiting", |lang| {
        let mut model = model(lang);
        open(&mut model, 0);
        model
    });
    shot("trouble", |lang| {
        let mut model = model(lang);
        let call = open(&mut model, 0).remove(0);
        let trouble = Trouble { what: "What is wrong.".to_owned(), next: "What to do about it. ".repeat(6) };
        update(&mut model, Happened::Answered(call, Err(trouble)));
        model
    });
}

#[test]
fn every_size_is_drawn() {
    let mut model = in_tab(Lang::Zh, tab("Users"));
    for over in [None, Some('?'), Some('x'), Some('/')] {
        if let Some(key) = over {
            model.over = None;
            press(&mut model, KeyCode::Char(key));
        }
        for width in (1..130).step_by(7) {
            for height in 1..30 {
                screen_of(&model, width, height);
            }
        }
    }
    assert!(screen_of(&model, 30, 8).contains("40x10"));
}

#[test]
fn without_colours_there_are_none() {
    let mut model = in_tab(Lang::En, tab("Users"));
    for colour in [true, false] {
        model.colour = colour;
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| view::draw(&model, frame)).unwrap();
        let reset = ratatui::style::Color::Reset;
        let coloured =
            terminal.backend().buffer().content().iter().any(|cell| cell.fg != reset || cell.bg != reset);
        assert_eq!(coloured, colour);
    }
}
