//! The workspace in a real terminal (tmux), against a running `fed dev`.

use crate::dev::Dev;
use crate::support::{Fed, fed, run, said};
use downcity::{Admin, Federation, SecretString};
use downcity_store::Store;
use downcity_store::testing::{fresh_postgres, settle};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long something may take to appear; the machine may be busy with other builds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A terminal with `fed` in it, and a config folder of its own.
struct Screen {
    folder: TempDir,
}

impl Screen {
    /// A terminal of 80x24 for `fed ARGS`; what it ends with is told at the end.
    fn open(folder: TempDir, variables: &[&str], args: &[&str]) -> Self {
        let screen = Self { folder };
        let config = format!("XDG_CONFIG_HOME={}", screen.folder.path().display());
        let fed = [env!("CARGO_BIN_EXE_fed")].into_iter().chain(args.iter().copied());
        let words: Vec<&str> = ["env", "-i", "TERM=tmux-256color", &config]
            .into_iter()
            .chain(variables.iter().copied())
            .chain(fed)
            .collect();
        let script = format!(
            "cd {}; {}; echo \"it ended with $?\"; stty -a; sleep 600",
            screen.folder.path().display(),
            words.join(" ")
        );
        screen.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "sh", "-c", &script]);
        screen
    }

    fn tmux(&self, args: &[&str]) -> String {
        let socket = self.folder.path().join("tmux");
        let mut command = Command::new("tmux");
        command.args(["-u", "-f", "/dev/null", "-S"]).arg(socket).args(args);
        let output = command.env_remove("TMUX").env("LANG", "C.UTF-8").output().expect("tmux is installed");
        assert!(output.status.success(), "tmux {args:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    fn write(&self, text: &str) {
        self.keys(&["-l", text]);
    }

    fn text(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until all of this stands on the screen.
    fn shows(&self, texts: &[&str]) -> String {
        self.until(&format!("{texts:?}"), |screen| texts.iter().all(|text| screen.contains(text)))
    }

    fn until(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.text();
            if fits(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "{what} did not come:\n{screen}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// It is over, and the terminal is as it was: it shows what is typed, and lines are lines.
    fn ended_well(&self) {
        let screen = self.shows(&["it ended with 0", "iexten"]);
        assert!(
            screen.contains(" echo ") && screen.contains(" icanon ") && !screen.contains("Downcity"),
            "{screen}"
        );
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Only the server of this test listens there.
        let socket = self.folder.path().join("tmux");
        let _ = Command::new("tmux").arg("-S").arg(socket).arg("kill-server").output();
    }
}

fn admin(dev: &Dev) -> Admin {
    let key = SecretString::from(dev.text("admin_key"));
    Federation::new(dev.text("federation_url")).unwrap().admin(key)
}

/// A config folder with the Federation saved as `shop`.
fn saved(dev: &Dev) -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut login = fed();
    login.args(["login", dev.text("federation_url"), "-", "--name", "shop"]);
    login.env("XDG_CONFIG_HOME", folder.path());
    let output = run(login, dev.text("admin_key"));
    assert!(output.status.success(), "{}", said(&output));
    folder
}

#[tokio::test]
async fn a_saved_federation_is_opened_and_its_cities_and_settings_changed() {
    let data = TempDir::new().unwrap();
    let dev = Dev::start(data.path());
    let admin = admin(&dev);
    let screen = Screen::open(saved(&dev), &["LANG=en_US.UTF-8"], &[]);
    screen.shows(&["Which Federation?", "shop"]);
    screen.keys(&["Enter"]);
    screen.shows(&["Providers", "Users", "Audit", "? help"]);
    screen.keys(&["4"]);
    screen.shows(&["city_demo", "Paper Boat 纸船"]);
    screen.keys(&["c"]);
    screen.shows(&["Name that people see"]);
    screen.write("Bookshop 书店");
    screen.keys(&["Enter"]);
    screen.write("city_books");
    screen.keys(&["Enter", "Enter"]);
    screen.shows(&["The city is made", "city_books", "Bookshop 书店"]);
    assert_eq!(admin.cities().list().await.unwrap().items.len(), 3);

    screen.keys(&["/"]);
    screen.write("books");
    screen.keys(&["Enter"]);
    screen.until("one city", |text| text.contains("city_books") && !text.contains("city_demo"));
    screen.keys(&["x"]);
    screen.shows(&["Type city_books"]);
    screen.write("city_book");
    screen.keys(&["Enter"]);
    screen.shows(&["nothing was done"]);
    assert_eq!(admin.cities().list().await.unwrap().items.len(), 3);
    screen.write("s");
    screen.keys(&["Enter"]);
    screen.shows(&["The city is removed"]);
    assert_eq!(admin.cities().list().await.unwrap().items.len(), 2);

    screen.keys(&["3"]);
    screen.shows(&["GITHUB_CLIENT_SECRET"]);
    screen.keys(&["a"]);
    screen.write("GITHUB_CLIENT_SECRET");
    screen.keys(&["Enter"]);
    screen.write("hunter2hunter2hunter2");
    let typed = screen.shows(&["•••"]);
    assert!(!typed.contains("hunter2"), "{typed}");
    screen.keys(&["Enter"]);
    screen.shows(&["It is set, effective at once"]);
    let env = admin.env().list().await.unwrap();
    assert!(env.items.iter().any(|item| item.key == "GITHUB_CLIENT_SECRET"));
    screen.keys(&["7"]);
    let record = screen.shows(&["env.set", "city.remove", "city.create"]);
    assert!(!record.contains("hunter2"), "{record}");
    screen.keys(&["q"]);
    screen.ended_well();
}

#[test]
fn it_speaks_chinese_fits_any_size_and_leaves_the_terminal_as_it_was() {
    let data = TempDir::new().unwrap();
    let dev = Dev::start(data.path());
    let screen = Screen::open(saved(&dev), &["LANG=zh_CN.UTF-8"], &["--federation", "shop"]);
    screen.keys(&["4"]);
    screen.shows(&["城市", "纸船", "新建", "退出"]);
    screen.keys(&["?"]);
    screen.shows(&["选择其他 Federation"]);
    screen.keys(&["Escape"]);
    screen.tmux(&["resize-window", "-x", "30", "-y", "8"]);
    screen.shows(&["40x10"]);
    screen.tmux(&["resize-window", "-x", "120", "-y", "30"]);
    screen.shows(&["纸船", "退出"]);
    screen.tmux(&["resize-window", "-x", "80", "-y", "24"]);
    screen.keys(&["C-c"]);
    screen.ended_well();
}

#[test]
fn without_colours_none_are_sent() {
    let data = TempDir::new().unwrap();
    let dev = Dev::start(data.path());
    // Foreground and background colours (ECMA-48 SGR 30-38, 40-48); 39 and 49 take them back.
    let coloured = |screen: &Screen| {
        let codes = screen.tmux(&["capture-pane", "-p", "-e"]);
        let numbers =
            codes.split("\u{1b}[").filter_map(|code| code.split_once('m')).flat_map(|(n, _)| n.split(';'));
        numbers
            .filter_map(|number| number.parse().ok())
            .any(|n: u32| matches!(n, 30..=38 | 40..=48 | 90..=107))
    };
    for (variables, wanted) in [(&["LANG=C.UTF-8"][..], true), (&["LANG=C.UTF-8", "NO_COLOR=1"][..], false)] {
        let screen = Screen::open(saved(&dev), variables, &["--federation", "shop"]);
        screen.keys(&["4"]);
        screen.shows(&["city_demo"]);
        assert_eq!(coloured(&screen), wanted, "{variables:?}");
    }
}

#[test]
fn a_federation_that_is_gone_is_told_in_words_and_nothing_freezes() {
    let data = TempDir::new().unwrap();
    let dev = Dev::start(data.path());
    let folder = saved(&dev);
    drop(dev);
    let screen = Screen::open(folder, &["LANG=C.UTF-8"], &["--federation", "shop"]);
    screen.shows(&["No Federation answers", "r tries again"]);
    screen.keys(&["?"]);
    screen.shows(&["choose another Federation"]);
    screen.keys(&["Escape", "f"]);
    screen.shows(&["Which Federation?"]);
    screen.keys(&["q"]);
    screen.ended_well();
}

#[tokio::test]
async fn in_a_terminal_the_key_is_asked_for_unseen_and_a_removal_asked_about() {
    let data = TempDir::new().unwrap();
    let dev = Dev::start(data.path());
    let folder = TempDir::new().unwrap();
    let screen = Screen::open(folder, &[], &["login", dev.text("federation_url")]);
    screen.shows(&["the admin key (not shown)"]);
    screen.write(dev.text("admin_key"));
    screen.keys(&["Enter"]);
    let told = screen.shows(&["saved http", "it ended with 0"]);
    assert!(!told.contains(dev.text("admin_key")), "{told}");

    for (typed, code, left) in [("city_dem", 2, 2), ("city_demo", 0, 1)] {
        let screen = Screen::open(saved(&dev), &[], &["city", "remove", "city_demo"]);
        screen.shows(&["Type city_demo to go on"]);
        screen.write(typed);
        screen.keys(&["Enter"]);
        screen.shows(&[&format!("it ended with {code}")]);
        assert_eq!(admin(&dev).cities().list().await.unwrap().items.len(), left, "{typed}");
    }
}

#[test]
fn without_a_terminal_it_tells_how_it_is_used() {
    let output = run(fed(), "");
    let told = said(&output);
    assert!(output.status.code() == Some(2) && told.contains("Usage:") && told.contains("login"), "{told}");
}

/// It is for whoever sits there; what is no terminal gets none (`config.rs`).
#[test]
fn on_a_terminal_the_first_start_shows_the_admin_key() {
    let folder = tempfile::tempdir().unwrap();
    let screen = Screen::open(folder, &[], &["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    screen.tmux(&["resize-window", "-x", "120", "-y", "60"]);
    let shown = screen.shows(&["Admin key, shown this once", "It is also in "]);
    let key = std::fs::read_to_string(screen.folder.path().join("data/admin.key")).unwrap();
    assert!(key.starts_with("ak_") && shown.contains(key.trim()), "{shown}");
}

/// A move of many rows shows how far it is, on a terminal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_to_postgres_shows_a_bar() {
    let fed = Fed::start();
    let file = fed.data().join("fed.db");
    let folder = Arc::clone(fed.folder());
    let (data, target) = (fed.data(), fresh_postgres().await);
    drop(fed);
    let store = Store::open_sqlite(&file).await.unwrap();
    settle(&store, 30_000).await;
    store.close().await;
    let url = format!("FED_DATABASE_URL='{target}'");
    let place = TempDir::new().unwrap();
    let args = ["db", "copy", "--yes", "--data", data.to_str().unwrap()];
    let screen = Screen::open(place, &[&url], &args);
    // A name, a bar that has begun, the rows of all rows, and when it ends.
    let bar = screen.until("a bar", |screen| {
        screen.lines().any(|line| line.contains('█') && line.contains(" rows, ") && line.ends_with(" left"))
    });
    assert!(bar.lines().all(|line| line.chars().count() <= 80), "{bar}");
    let end = screen.shows(&["it ended with 0"]);
    assert!(!end.contains('█') && end.contains("rows in "), "the bar is gone, and the sums stand: {end}");
    drop(folder);
}
