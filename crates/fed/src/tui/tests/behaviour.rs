//! What keys and answers change.

use super::*;

#[test]
fn a_federation_is_chosen_and_left_again() {
    let mut model = model(Lang::En);
    press(&mut model, KeyCode::Down);
    let calls = press(&mut model, KeyCode::Enter);
    assert_eq!((model.place, calls.len(), calls[0].place), (Some(1), 1, 1));
    press(&mut model, KeyCode::Char('f'));
    assert_eq!(model.place, None);
    press(&mut model, KeyCode::Up);
    press(&mut model, KeyCode::Enter);
    answer(&mut model, calls[0].clone(), samples::list(0));
    assert!(model.list().rows.is_empty(), "the answer of another Federation is not shown");
}

#[test]
fn a_million_users_are_paged_by_cursor_and_searched_by_the_federation() {
    let mut model = in_tab(Lang::En, tab("Users"));
    press(&mut model, KeyCode::Down);
    let forward = press(&mut model, KeyCode::Char('n'));
    assert_eq!(forward[0].request.body["cursor"], "older");
    answer(&mut model, forward[0].clone(), json!({ "items": [], "next": null }));
    assert!(model.list().rows.is_empty() && press(&mut model, KeyCode::Char('n')).is_empty());
    let back = press(&mut model, KeyCode::Char('p'));
    assert_eq!(back[0].request.body.get("cursor"), None);
    assert!(press(&mut model, KeyCode::Char('p')).is_empty(), "before the first page there is none");
    press(&mut model, KeyCode::Char('/'));
    write(&mut model, "李雷q");
    press(&mut model, KeyCode::Backspace);
    let search = press(&mut model, KeyCode::Enter);
    assert_eq!((&search[0].request.body["q"], search[0].request.body.get("cursor")), (&json!("李雷"), None));
    answer(&mut model, back[0].clone(), samples::list(tab("Users")));
    assert!(model.list().rows.is_empty(), "an answer that comes too late is not shown");
    answer(&mut model, search[0].clone(), samples::list(tab("Users")));
    assert_eq!((model.list().rows.len(), model.waiting), (2, 0));
}

#[test]
fn a_short_list_is_searched_here() {
    let mut model = in_tab(Lang::En, tab("Cities"));
    press(&mut model, KeyCode::Char('/'));
    write(&mut model, "纸船");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    let drawn = screen(&model);
    assert!(drawn.contains("city_demo") && !drawn.contains("city_downcity"), "{drawn}");
}

#[test]
fn a_city_is_removed_only_when_its_name_was_typed() {
    let mut model = in_tab(Lang::En, tab("Cities"));
    press(&mut model, KeyCode::Char('x'));
    write(&mut model, "city_dem");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    write(&mut model, "o");
    let call = press(&mut model, KeyCode::Enter).remove(0);
    assert!(!call.request.reads && call.request.action == "remove");
    assert_eq!(call.request.body, json!({ "city_id": "city_demo" }));
    let again = answer(&mut model, call, json!({ "success": true }));
    assert!(again[0].purpose == Purpose::List(tab("Cities")) && !model.notice.as_ref().unwrap().bad);
}

#[test]
fn a_form_sends_what_was_typed_and_keeps_what_may_not_be_empty() {
    let mut model = in_tab(Lang::En, tab("Cities"));
    press(&mut model, KeyCode::Char('c'));
    press(&mut model, KeyCode::Tab);
    press(&mut model, KeyCode::Tab);
    assert!(press(&mut model, KeyCode::Enter).is_empty(), "it has no name yet");
    update(&mut model, Happened::Pasted("Shop\n商店".to_owned()));
    press(&mut model, KeyCode::Enter);
    write(&mut model, "city_shop");
    press(&mut model, KeyCode::Enter);
    write(&mut model, "https://a.example https://b.example");
    let call = press(&mut model, KeyCode::Enter).remove(0);
    let wanted = json!({ "name": "Shop商店", "city_id": "city_shop",
        "allowed_origins": ["https://a.example", "https://b.example"] });
    assert_eq!(call.request.body, wanted);
}

#[test]
fn an_edited_city_keeps_what_was_not_changed() {
    let mut model = in_tab(Lang::En, tab("Cities"));
    press(&mut model, KeyCode::Char('e'));
    for _ in 0..3 {
        assert!(press(&mut model, KeyCode::Enter).is_empty());
    }
    let call = press(&mut model, KeyCode::Enter).remove(0);
    let wanted = json!({ "city_id": "city_demo", "name": "Paper Boat 纸船", "confirm": "auto",
        "allowed_origins": ["https://app.example.com"], "allowed_redirects": ["https://app.example.com/back"] });
    assert_eq!(call.request.body, wanted);
}

#[test]
fn a_secret_is_sent_and_never_drawn() {
    let mut model = in_tab(Lang::En, tab("Env"));
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Char('s'));
    write(&mut model, "hunter2");
    assert!(!screen(&model).contains("hunter2"));
    let call = press(&mut model, KeyCode::Enter).remove(0);
    assert_eq!(call.request.body, json!({ "key": "WECHAT_CLIENT_SECRET", "value": "hunter2" }));
}

#[test]
fn a_user_is_shut_out_after_a_yes_only() {
    let mut model = in_tab(Lang::En, tab("Users"));
    for no in [KeyCode::Char('n'), KeyCode::Enter, KeyCode::Esc] {
        press(&mut model, KeyCode::Char('d'));
        assert!(press(&mut model, no).is_empty() && model.over.is_none());
    }
    press(&mut model, KeyCode::Char('d'));
    let call = press(&mut model, KeyCode::Char('y')).remove(0);
    assert_eq!((call.request.action, &call.request.body), ("users/disable", &json!({ "user_id": "usr_1" })));
}

#[test]
fn details_tell_more_when_more_comes() {
    let mut model = in_tab(Lang::En, tab("Users"));
    let calls = press(&mut model, KeyCode::Enter);
    assert_eq!(calls.iter().map(|call| call.request.action).collect::<Vec<_>>(), ["sessions", "events"]);
    let session = json!({ "items": [{ "created_at": "2026-09-21T14:13:20Z", "city_id": "city_demo", "status": "active" }] });
    answer(&mut model, calls[0].clone(), session);
    let drawn = screen(&model);
    assert!(drawn.contains("city_demo") && drawn.contains("One moment"), "{drawn}");
    let deed = press(&mut model, KeyCode::Char('e')).remove(0);
    assert_eq!(deed.request.action, "users/enable");
}

#[test]
fn a_failed_call_is_told_and_tried_again() {
    let mut model = model(Lang::En);
    let call = open(&mut model, 0).remove(0);
    let trouble = Trouble { what: "Nobody answers.".to_owned(), next: "Start it.".to_owned() };
    update(&mut model, Happened::Answered(call, Err(trouble)));
    assert!(model.list().state == State::Failed && screen(&model).contains("Nobody answers. Start it."));
    let again = press(&mut model, KeyCode::Char('r')).remove(0);
    answer(&mut model, again, samples::list(0));
    assert!(model.notice.is_none() && model.list().state == State::Loaded);
}

#[test]
fn control_letters_from_outside_are_not_drawn() {
    let mut model = in_tab(Lang::En, tab("Users"));
    let call = press(&mut model, KeyCode::Char('r')).remove(0);
    let evil = json!({ "items": [{ "user_id": "u\u{1b}[2J", "display_name": "a\u{1b}]0;x\u{7}b", "auth_email": "\r\n" }] });
    answer(&mut model, call, evil);
    assert!(!screen(&model).replace('\n', "").contains(char::is_control));
    press(&mut model, KeyCode::Enter);
    assert!(!screen(&model).replace('\n', "").contains(char::is_control));
}

#[test]
fn control_c_ends_it_everywhere() {
    for over in [None, Some('?'), Some('c'), Some('/')] {
        let mut model = in_tab(Lang::En, tab("Cities"));
        if let Some(key) = over {
            press(&mut model, KeyCode::Char(key));
        }
        update(&mut model, Happened::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)));
        assert!(model.quit);
    }
    let mut model = in_tab(Lang::En, tab("Cities"));
    press(&mut model, KeyCode::Char('/'));
    write(&mut model, "q");
    assert!(!model.quit && matches!(model.over, Some(Over::Search(_))), "in a search q is a letter");
}

#[test]
fn what_is_told_once_is_lost_to_no_key() {
    let rotate = |model: &mut Model| {
        press(model, KeyCode::Char('o'));
        press(model, KeyCode::Char('y')).remove(0)
    };
    let told = || json!({ "key_id": "key_1", "admin_key": "ak_new" });
    // Somebody goes on typing when it comes.
    let mut model = in_tab(Lang::En, tab("Keys"));
    let call = rotate(&mut model);
    press(&mut model, KeyCode::Char('/'));
    answer(&mut model, call, told());
    press(&mut model, KeyCode::Char('a'));
    assert!(screen(&model).contains("ak_new"));
    press(&mut model, KeyCode::Enter);
    assert!(!screen(&model).contains("ak_new"));
    // Leaves before it comes, and would quit.
    let call = rotate(&mut model);
    press(&mut model, KeyCode::Char('q'));
    assert!(!model.quit && screen(&model).contains("on its way"));
    press(&mut model, KeyCode::Char('o'));
    assert!(press(&mut model, KeyCode::Char('y')).is_empty(), "one after the other");
    press(&mut model, KeyCode::Esc);
    assert!(model.place.is_none());
    answer(&mut model, call, told());
    assert!(screen(&model).contains("ak_new"));
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Char('q'));
    assert!(model.quit);
    // Nothing comes of what failed.
    let mut model = in_tab(Lang::En, tab("Keys"));
    let call = rotate(&mut model);
    let trouble = Trouble { what: "No.".to_owned(), next: String::new() };
    update(&mut model, Happened::Answered(call, Err(trouble)));
    press(&mut model, KeyCode::Char('q'));
    assert!(model.quit);
}

#[test]
fn only_times_lose_their_last_letter() {
    let said = |value: Value| super::super::tab::said(&value);
    assert_eq!(said(json!("JAZZ")), "JAZZ");
    assert_eq!(said(json!(["https://a.example/cbZ"])), "https://a.example/cbZ");
    assert_eq!(said(json!("2026-09-21T14:13:20.000Z")), "2026-09-21 14:13:20");
}

#[test]
fn deeds_of_a_tab_take_no_key_of_the_list() {
    for tab in TABS {
        let keys: Vec<char> = tab.deeds.iter().map(|deed| deed.key).collect();
        for (at, key) in keys.iter().enumerate() {
            assert!(
                !"q?/rnpfjk123456789".contains(*key) && !keys[..at].contains(key),
                "{}: {key}",
                tab.title.en
            );
        }
    }
}
