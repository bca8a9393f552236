//! Reads `.env` text: comments, `export`, single and double quotes. No substitution of any kind, since the
//! text comes from outside and the process has an environment of its own.

use downcity_core::Text;

/// A line that can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line}: {}", .why.en)]
pub(crate) struct BadLine {
    line: usize,
    pub(crate) why: Text,
}

const NO_EQUALS: Text = Text::new("has no `=`", "缺少“=”");
const NO_NAME: Text = Text::new("has no name before `=`", "“=”前没有名称");
const OPEN: Text = Text::new("has a quote that is not closed", "引号没有闭合");
const AFTER: Text = Text::new("has text after the closing quote", "闭合引号之后还有内容");

/// Each assignment of a `.env` text with the number of its line. Values are never part of an error.
pub(crate) fn lines(raw: &str) -> impl Iterator<Item = (usize, Result<(String, String), BadLine>)> {
    (1..).zip(raw.lines()).filter_map(|(number, line)| {
        let line = bare(line);
        let said = !line.is_empty() && !line.starts_with('#');
        said.then(|| (number, assignment(line).map_err(|why| BadLine { line: number, why })))
    })
}

/// Without white space around it, and without the mark at the beginning of a file: where files were put together that
/// is in the middle, and nobody sees it.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\u{feff}' || c.is_whitespace())
}

fn assignment(line: &str) -> Result<(String, String), Text> {
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (key, value) = line.split_once('=').ok_or(NO_EQUALS)?;
    let key = bare(key);
    if key.is_empty() {
        return Err(NO_NAME);
    }
    Ok((key.to_owned(), read_value(value.trim())?))
}

fn read_value(text: &str) -> Result<String, Text> {
    match text.chars().next() {
        Some('\'') => quoted(text, '\'', false),
        Some('"') => quoted(text, '"', true),
        _ => Ok(text.find(" #").map_or(text, |at| &text[..at]).trim_end().to_owned()),
    }
}

fn quoted(text: &str, quote: char, escapes: bool) -> Result<String, Text> {
    let mut value = String::new();
    let mut chars = text.chars();
    chars.next();
    loop {
        match chars.next() {
            None => return Err(OPEN),
            Some(c) if c == quote => break,
            Some('\\') if escapes => match chars.next() {
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('t') => value.push('\t'),
                Some(c) => value.push(c),
                None => return Err(OPEN),
            },
            Some(c) => value.push(c),
        }
    }
    let rest = chars.as_str().trim_start();
    if rest.is_empty() || rest.starts_with('#') { Ok(value) } else { Err(AFTER) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &str) -> Result<Vec<(String, String)>, BadLine> {
        lines(raw).map(|(_, line)| line).collect()
    }
    use proptest::prelude::*;

    fn one(raw: &str) -> (String, String) {
        parse(raw).unwrap().remove(0)
    }

    #[test]
    fn forms_people_write() {
        for (raw, value) in [
            ("A=b", "b"),
            ("export A=b # why", "b"),
            ("A='b # c'", "b # c"),
            (r#"A="b\"c\n" # d"#, "b\"c\n"),
            ("A=a=b==", "a=b=="),
            ("A=pa#ss", "pa#ss"),
            ("A=$HOME", "$HOME"),
            ("A=", ""),
        ] {
            assert_eq!(one(raw), ("A".into(), value.into()), "{raw}");
        }
        assert_eq!(parse("# x\n\n  \n").unwrap(), []);
        let (a, b) = (("A".into(), "b".into()), ("C".into(), "d".into()));
        assert_eq!(
            parse("\u{feff}A=b\r\n\u{feff}C=d").unwrap(),
            [a, b],
            "two files, each with a mark at its beginning"
        );
    }

    #[test]
    fn a_bad_line_is_named_without_its_value() {
        for raw in
            ["ok=1\nsecretvalue", "ok=1\n=secretvalue", "ok=1\nA='secretvalue", "ok=1\nA='x' secretvalue"]
        {
            let told = parse(raw).unwrap_err().to_string();
            assert!(told.starts_with("line 2:") && !told.contains("secretvalue"), "{told}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(raw in ".*") {
            let _ = parse(&raw);
        }

        #[test]
        fn single_quotes_keep_everything(value in "[^'\r\n]*") {
            prop_assert_eq!(one(&format!("A='{value}'")).1, value);
        }
    }
}
