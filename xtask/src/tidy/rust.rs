//! Rules for Rust sources: how they begin, how long they are, which words they do without.

use super::test_code::Outline;
use super::tree::{Break, Tree};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

const LONGEST_FUNCTION: usize = 80;
const MOST_PARAMETERS: usize = 6;
/// Folders where axum may be named: the door, the simulator's own door, the wiring, the bench's hello server.
const AXUM_HOMES: &[&str] = &["crates/http/", "crates/wechat-sim/", "crates/fed/", "bench/"];
/// Folders where SQL may be written: memory, and the bench that measures the bare engine.
const SQL_HOMES: &[&str] = &["crates/store/", "bench/"];

pub(crate) fn check(tree: &Tree) -> Vec<Break> {
    tree.ending(&[".rs"]).flat_map(|(path, text)| Source { path, breaks: Vec::new() }.check(text)).collect()
}

/// Files that hold nothing but tests.
fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "testing.rs" | "benches"))
}

struct Source<'a> {
    path: &'a str,
    breaks: Vec<Break>,
}

impl Source<'_> {
    fn check(mut self, text: &str) -> Vec<Break> {
        if !text.trim_start().starts_with("//!") {
            self.add(1, "a file begins with a `//!` that says what it is for");
        }
        let (Ok(file), Ok(tokens)) = (syn::parse_file(text), text.parse::<TokenStream>()) else {
            self.add(1, "this file is not Rust that a parser understands");
            return self.breaks;
        };
        let outline = Outline::of(&file);
        self.ignored(&outline);
        if !is_test_file(self.path) {
            self.functions(&outline);
        }
        self.tokens(tokens, &outline);
        self.breaks
    }

    fn add(&mut self, line: usize, says: impl Into<String>) {
        self.breaks.push(Break::new(self.path, line, says));
    }

    /// `./test --soak` finds the long tests by that word.
    fn ignored(&mut self, outline: &Outline) {
        for function in outline.functions.iter().filter(|function| function.ignored) {
            if !function.name.contains("soak") {
                let says =
                    format!("`{}` is ignored, and nothing runs it: call it `soak_of_…`", function.name);
                self.add(*function.lines.start(), says);
            }
        }
    }

    fn functions(&mut self, outline: &Outline) {
        for function in &outline.functions {
            let first = *function.lines.start();
            let (name, length) = (&function.name, function.lines.clone().count());
            if outline.is_test(first) {
                continue;
            }
            if length > LONGEST_FUNCTION {
                self.add(first, format!("`{name}` has {length} lines; {LONGEST_FUNCTION} are the most"));
            }
            if function.parameters > MOST_PARAMETERS {
                let count = function.parameters;
                self.add(first, format!("`{name}` takes {count} parameters; {MOST_PARAMETERS} are the most"));
            }
        }
    }

    /// Looks at every token, also inside macros.
    fn tokens(&mut self, stream: TokenStream, outline: &Outline) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            let line = token.span().start().line;
            let test = is_test_file(self.path) || outline.is_test(line);
            let rest = &tokens[at + 1..];
            match token {
                TokenTree::Group(group) => self.tokens(group.stream(), outline),
                TokenTree::Ident(word) => self.word(&word.to_string(), rest, line, test),
                TokenTree::Punct(mark) if mark.as_char() == '#' && is_allow(rest) => {
                    self.add(
                        line,
                        "no `allow`: use `#[expect(…, reason = \"…\")]`, which ends when it is needless",
                    );
                }
                TokenTree::Punct(mark) if mark.as_char() == '.' && is_unwrap(rest) && !test => {
                    self.add(
                        line,
                        "no `.unwrap()` outside tests: handle it, or `.expect(\"why it cannot be\")`",
                    );
                }
                TokenTree::Literal(literal) if !test => self.literal(&literal.to_string(), line),
                _ => {}
            }
        }
    }

    fn word(&mut self, word: &str, rest: &[TokenTree], line: usize, test: bool) {
        let called = matches!(rest.first(), Some(TokenTree::Punct(mark)) if mark.as_char() == '!');
        if called && matches!(word, "todo" | "unimplemented" | "dbg") {
            self.add(line, format!("no `{word}!` is left behind"));
        }
        let path = matches!(rest.first(), Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
        if word == "axum" && path && !test && !AXUM_HOMES.iter().any(|home| self.path.starts_with(home)) {
            self.add(line, "axum is known to the door only (crates/http)");
        }
    }

    fn literal(&mut self, literal: &str, line: usize) {
        if SQL_HOMES.iter().any(|home| self.path.starts_with(home)) {
            return;
        }
        let inside = literal.trim_start_matches(['r', 'b', '#', '"']).to_ascii_lowercase();
        let words: Vec<&str> = inside.split_whitespace().collect();
        let sql = match words.as_slice() {
            ["select", rest @ ..] => rest.contains(&"from"),
            ["insert", "into", ..] | ["delete", "from", ..] => true,
            ["update", _, "set", ..] => true,
            _ => false,
        };
        if sql {
            self.add(line, "SQL is written in crates/store only");
        }
    }
}

/// `[allow(…)]` or `![allow(…)]` after a `#`.
fn is_allow(rest: &[TokenTree]) -> bool {
    let rest = match rest {
        [TokenTree::Punct(mark), rest @ ..] if mark.as_char() == '!' => rest,
        rest => rest,
    };
    let Some(TokenTree::Group(group)) = rest.first() else { return false };
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(word)) if word == "allow")
}

/// `unwrap()` after a `.`.
fn is_unwrap(rest: &[TokenTree]) -> bool {
    match rest {
        [TokenTree::Ident(word), TokenTree::Group(group), ..] => {
            word == "unwrap" && group.delimiter() == Delimiter::Parenthesis && group.stream().is_empty()
        }
        _ => false,
    }
}
