//! Each rule against a small tree in a folder of its own: the good tree keeps them all, and every change below
//! breaks exactly one.

use super::{Tree, banned_crates, check};
use std::collections::BTreeMap;
use std::path::Path;

const LOCK: &str =
    "[[package]]\nname = \"a\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
const GUIDE: &str = "# Guide\n\n## Set it up\n\n## `fed serve`, again\n";
const README: &str = "# Demo\n\nSee [the guide](docs/guide.md#set-it-up), [the end](docs/guide.md#fed-serve-again), \
    [下](#demo), [out](https://example.com/home/x) and `[no](link)`.\n";

fn manifest(name: &str, dependencies: &[&str]) -> String {
    let lines: String = dependencies.iter().map(|name| format!("{name}.workspace = true\n")).collect();
    format!("[package]\nname = \"{name}\"\n\n[dependencies]\n{lines}")
}

fn good() -> BTreeMap<String, String> {
    let files = [
        ("README.md", README.to_owned()),
        ("ARCHITECTURE.md", "# Rooms\n\n`core`, `store`, `service`, crates/http and fed/\n".to_owned()),
        ("Cargo.lock", LOCK.to_owned()),
        ("docs/guide.md", GUIDE.to_owned()),
        ("docs/guide.zh.md", "# 指南\n\n## 设置\n\n## 再来\n".to_owned()),
        ("docs/decisions/0001-rooms.md", "# Rooms\n".to_owned()),
        ("docs/decisions/0002-two-engines.md", "# Two engines\n".to_owned()),
        ("sdk/package-lock.json", "{\n  \"integrity\": \"sha512-x\"\n}\n".to_owned()),
        ("crates/core/Cargo.toml", manifest("downcity-core", &["serde"])),
        ("crates/store/Cargo.toml", manifest("downcity-store", &["downcity-core", "rusqlite", "tokio"])),
        ("crates/store/migrations/sqlite/V1__a.sql", "create table a (b text);\n".to_owned()),
        ("crates/store/migrations/postgres/V1__a.sql", "create table a (b text);\n".to_owned()),
        ("crates/service/Cargo.toml", manifest("downcity-service", &["downcity-core", "downcity-store"])),
        ("crates/service/src/lib.rs", rust("pub fn f(a: u8) -> u8 { a }")),
        ("crates/http/Cargo.toml", manifest("downcity-http", &["downcity-service", "axum"])),
        ("crates/http/templates/page.html", "<style>{{ style|safe }}</style>\n{{ name }}\n".to_owned()),
        ("crates/fed/Cargo.toml", manifest("fed", &["downcity-http", "downcity-store", "axum"])),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect()
}

fn rust(code: &str) -> String {
    format!("//! What it is for.\n\n{code}\n")
}

/// Writes the files into a fresh folder and reads them back as a tree, as the command does.
fn tree(files: &BTreeMap<String, String>) -> Tree {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    Tree::read(folder.path(), files.keys().map(String::as_str))
}

fn breaks(files: &BTreeMap<String, String>) -> Vec<String> {
    check(&tree(files)).iter().map(ToString::to_string).collect()
}

/// The good tree with one file written anew must break one rule, there, in these words.
#[track_caller]
fn one_break(path: &str, text: impl Into<String>, expected: &str) {
    let mut files = good();
    files.insert(path.to_owned(), text.into());
    let found = breaks(&files);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains(expected), "{found:?} does not say {expected:?}");
}

/// The good tree with one file written anew must stay good.
#[track_caller]
fn no_break(path: &str, text: impl Into<String>) {
    let mut files = good();
    files.insert(path.to_owned(), text.into());
    assert_eq!(breaks(&files), Vec::<String>::new());
}

#[test]
fn a_good_tree_has_no_breaks() {
    assert_eq!(breaks(&good()), Vec::<String>::new());
}

#[test]
fn arrows_point_inwards() {
    let at = "crates/store/Cargo.toml";
    one_break(
        at,
        manifest("downcity-store", &["downcity-service"]),
        "Cargo.toml:5: the room `store` must not",
    );
    one_break(
        "crates/core/Cargo.toml",
        manifest("downcity-core", &["downcity-store"]),
        "room `core` must not",
    );
    one_break(
        "crates/http/Cargo.toml",
        manifest("downcity-http", &["downcity-store"]),
        "room `http` must not",
    );
    let renamed =
        manifest("downcity-http", &[]) + "memory = { package = \"downcity-store\", path = \"../store\" }\n";
    one_break("crates/http/Cargo.toml", renamed, "room `http` must not know `downcity-store`");
}

#[test]
fn rooms_do_without_what_is_not_theirs() {
    one_break("crates/core/Cargo.toml", manifest("downcity-core", &["tokio"]), "without `tokio`");
    one_break("crates/store/Cargo.toml", manifest("downcity-store", &["reqwest"]), "without `reqwest`");
    one_break("crates/service/Cargo.toml", manifest("downcity-service", &["axum"]), "without `axum`");
    one_break("crates/service/Cargo.toml", manifest("downcity-service", &["rusqlite"]), "without `rusqlite`");
    one_break("crates/http/Cargo.toml", manifest("downcity-http", &["reqwest"]), "without `reqwest`");
    let only_there =
        manifest("downcity-http", &[]) + "[target.'cfg(unix)'.dependencies]\ntokio-postgres = \"0.7\"\n";
    one_break("crates/http/Cargo.toml", only_there, "without `tokio-postgres`");
}

#[test]
fn tests_are_free_but_for_the_lowest_rooms() {
    let tests =
        |name: &str, of: &str| manifest(name, &[]) + "[dev-dependencies]\n" + of + ".workspace = true\n";
    no_break("crates/http/Cargo.toml", tests("downcity-http", "reqwest"));
    no_break("crates/store/Cargo.toml", tests("downcity-store", "downcity-store"));
    one_break("crates/store/Cargo.toml", tests("downcity-store", "axum"), "without `axum`");
    one_break("crates/core/Cargo.toml", tests("downcity-core", "downcity-store"), "must not know");
}

#[test]
fn a_new_room_is_given_its_arrows() {
    let mut files = good();
    files.insert("crates/utils/Cargo.toml".to_owned(), manifest("utils", &[]));
    let found = breaks(&files);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("no room of the house") && found[1].contains("`crates/utils` is not named"));
}

#[test]
fn rust_files_say_what_they_are_for() {
    one_break("crates/core/src/lib.rs", "fn f() {}\n", "begins with a `//!`");
    one_break("crates/core/src/lib.rs", "//! Fine.\nfn f( {}\n", "not Rust");
}

#[test]
fn functions_and_files_stay_short() {
    let at = "crates/core/src/lib.rs";
    let body = |lines: usize| format!("fn f() {{\n{}}}", "    g();\n".repeat(lines));
    no_break(at, rust(&body(78)));
    one_break(at, rust(&body(79)), "lib.rs:3: `f` has 81 lines");
    one_break(at, rust(&format!("struct A;\nimpl A {{\n{}\n}}", body(79))), "has 81 lines");
    no_break(at, rust(&format!("#[test]\n{}", body(200))));
    no_break("crates/core/tests/it/main.rs", rust(&body(200)));
    no_break(at, rust("fn f(a: A, b: A, c: A, d: A, e: A, f: A) {}"));
    one_break(at, rust("fn f(a: A, b: A, c: A, d: A, e: A, f: A, g: A) {}"), "takes 7 parameters");
    one_break(at, rust(&"// word\n".repeat(500)), "are the most");
}

#[test]
fn words_that_are_not_left_behind() {
    let at = "crates/core/src/lib.rs";
    one_break(at, rust("#[allow(dead_code)]\nfn f() {}"), "lib.rs:3: no `allow`");
    one_break(at, rust("#![allow(dead_code)]"), "no `allow`");
    no_break(at, rust("#[expect(dead_code, reason = \"#[allow] is not used\")]\nfn f() {}"));
    one_break(at, rust("fn f() { todo!() }"), "`todo!`");
    one_break(at, rust("fn f() { g(dbg!(1)); }"), "`dbg!`");
    one_break(at, rust("fn f() { unimplemented!(\"later\") }"), "`unimplemented!`");
}

#[test]
fn unwrap_is_for_tests() {
    let at = "crates/core/src/lib.rs";
    one_break(at, rust("fn f() {\n    g().unwrap();\n}"), "lib.rs:4: no `.unwrap()`");
    one_break(at, rust("fn f() { print!(\"{}\", g().unwrap()); }"), "no `.unwrap()`");
    one_break(at, rust("#[cfg(not(test))]\nfn f() { g().unwrap(); }"), "no `.unwrap()`");
    no_break(at, rust("fn f() { g().unwrap_or(1); }"));
    no_break(at, rust("#[cfg(test)]\nmod tests {\n    fn f() { g().unwrap(); }\n}"));
    no_break(at, rust("#[tokio::test]\nasync fn f() { g().unwrap(); }"));
    no_break("crates/core/tests/a.rs", rust("fn f() { g().unwrap(); }"));
}

#[test]
fn no_test_is_ignored_for_good() {
    let at = "crates/core/tests/a.rs";
    one_break(at, rust("#[test]\n#[ignore = \"slow\"]\nfn f() {}"), "`f` is ignored");
    no_break(at, rust("#[test]\n#[ignore = \"soak\"]\nfn soak_of_f() {}"));
}

#[test]
fn axum_and_sql_stay_in_their_rooms() {
    one_break("crates/service/src/lib.rs", rust("use axum::Router;"), "axum is known to the door only");
    no_break("crates/http/src/lib.rs", rust("use axum::Router;"));
    one_break("crates/service/src/lib.rs", rust("const Q: &str = \"select a from b\";"), "SQL is written in");
    one_break("crates/http/src/lib.rs", rust("const Q: &str = r#\"  DELETE FROM b\"#;"), "SQL is written in");
    no_break("crates/store/src/lib.rs", rust("const Q: &str = \"select a from b\";"));
    no_break("crates/service/src/lib.rs", rust("const Q: &str = \"select a city, then go on\";"));
}

#[test]
fn templates_escape() {
    let at = "crates/http/templates/page.html";
    one_break(at, "<p>{{ name|safe }}</p>\n", "page.html:1: only the page's own style");
    one_break(at, "<style>{{ style | safe }}</style><p>{{ x }}</p>\n", "only the page's own style");
}

#[test]
fn links_lead_somewhere() {
    one_break(
        "README.md",
        "# Demo\n\n[a](docs/none.md)\n",
        "README.md:3: the link `docs/none.md` leads nowhere",
    );
    one_break("README.md", "[a](docs/guide.md#none)\n", "has no `#none`");
    one_break("README.md", "[a](#none)\n", "has no `#none`");
    one_break("README.md", "[a](../shared/spec.md)\n", "leads out of the project");
    one_break("README.md", "[a][b]\n\n[b]: gone.md\n", "leads nowhere");
    one_break("README.md", "![a](picture.png)\n", "leads nowhere");
    no_break("README.md", "```\n[a](none.md)\n```\n\n[folder](docs/decisions/) [root](/docs/guide.md)\n");
    no_break("README.md", "# A\n\n# A\n\n[second](#a-1)\n");
}

#[test]
fn guides_speak_both_languages() {
    one_break("docs/other.md", "# Other\n", "Chinese twin, `docs/other.zh.md`");
    one_break("docs/guide.zh.md", "# 指南\n", "guide.zh.md:1: 1 headings, but `docs/guide.md` has 3");
    one_break("README.zh.md", "没有标题\n", "0 headings, but `README.md` has 1");
    one_break("CONTRIBUTING.zh.md", "# 贡献\n", "no English `CONTRIBUTING.md`");
}

#[test]
fn the_architecture_page_names_every_room() {
    one_break("ARCHITECTURE.md", "# `core` `service` `http` `fed`\n", "`crates/store` is not named");
    let mut files = good();
    files.remove("ARCHITECTURE.md");
    assert!(breaks(&files)[0].contains("has an architecture page"));
}

#[test]
fn decisions_stand_in_a_row() {
    one_break("docs/decisions/0004-late.md", "# Late\n", "decision 0003 comes first");
    one_break("docs/decisions/0002-zwei.md", "# Again\n", "decision 0003 comes first");
    one_break("docs/decisions/notes.md", "# Notes\n", "is called");
}

#[test]
fn what_we_build_on_comes_from_the_registry() {
    let git = "source = \"git+https://example.com/a#1\"\n";
    one_break(
        "Cargo.lock",
        format!("{LOCK}{git}"),
        "Cargo.lock:4: `git+https://example.com/a#1` is no source",
    );
    let line = "{\n  \"resolved\": \"https://example.com/a.tgz\"\n}\n";
    one_break("sdk/package-lock.json", line, "package-lock.json:2: a lock file names no registry host");
    one_break("sdk/.npmrc", "registry=https://example.com\n", "the machine's business");
    one_break(".cargo/config.toml", "[source.crates-io]\n", "the machine's business");
}

#[test]
fn banned_crates_need_a_decision() {
    let built = ["serde".to_owned(), "ring".to_owned()];
    let found = banned_crates(&tree(&good()), &built);
    assert_eq!(found.len(), 1);
    assert!(found[0].to_string().contains("`ring` is built"));
    let mut files = good();
    let why = "# Ring\n\nPermits the crate ring.\n";
    files.insert("docs/decisions/0003-ring.md".to_owned(), why.to_owned());
    assert_eq!(banned_crates(&tree(&files), &built), []);
}

#[test]
fn no_path_of_one_machine() {
    for home in ["root", "home", "work"] {
        one_break("README.md", format!("Run /{home}/me/fed\n"), "README.md:1: `/");
    }
    no_break("README.md", "https://example.com/home/x and ./home/x and {base}/home/x\n");
}

#[test]
fn both_engines_have_the_same_migrations() {
    one_break("crates/store/migrations/sqlite/V2__b.sql", "select 1;\n", "V2__b.sql:1: the other engine");
}

#[test]
fn what_is_said_to_be_shown_is_shown_by_a_test() {
    let told = |tests: &[&str]| format!("# Security\n\n| 1 | {} |\n", tests.join(", "));
    let found = |english: &str, chinese: &str| {
        let mut files = good();
        let rust = "//! Tests.\n\non_both_engines!(one, two);\n\nasync fn two(on: On) {}\n\nfn helper() {}\n\n#[test]\nfn three() {}\n";
        files.insert("crates/http/tests/it/a.rs".to_owned(), rust.to_owned());
        files.insert("tests/a.test.js".to_owned(), "test(\"four and more\", f);\n".to_owned());
        files.insert("docs/security.md".to_owned(), english.to_owned());
        files.insert("docs/security.zh.md".to_owned(), chinese.to_owned());
        breaks(&files)
    };
    let good = told(&["`it/a.rs::two`", "`a.rs::three`", "`a.test.js::four`"]);
    assert_eq!(found(&good, &good), Vec::<String>::new());
    for bad in ["`a.rs::one`", "`a.rs::helper`", "`b.rs::two`", "`a.rs::thre`", "`a.test.js::five`"] {
        let told = told(&[bad]);
        let found = found(&told, &told);
        assert!(found.len() == 1 && found[0].contains("security.md:3: there is no test"), "{found:?}");
    }
    let other = found(&good, &told(&["`it/a.rs::two`"]));
    assert!(other.len() == 1 && other[0].contains("security.zh.md:1: it does not name"), "{other:?}");
}

#[test]
fn files_that_are_gone_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Tree::read(folder.path(), ["gone.rs"].into_iter()).len(), 0);
    assert!(Tree::of_git(Path::new(folder.path())).is_err(), "not a git folder");
}
