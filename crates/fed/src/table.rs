//! Aligned tables for people.

use downcity::Timestamp;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

/// Rows under headings, as wide as what is in them.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    /// Of the columns of what was drawn before.
    widths: Vec<usize>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let headings = headings.iter().map(|&heading| heading.to_owned()).collect();
        Self { rows: vec![headings], widths: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(plain).to_vec());
    }

    /// The table as text, without a line break at its end.
    pub(crate) fn draw(mut self) -> String {
        self.draw_and_go_on()
    }

    /// What is there so far, and forgets it: further rows continue below, in columns at least as wide.
    pub(crate) fn draw_and_go_on(&mut self) -> String {
        for row in &self.rows {
            self.widths.resize(self.widths.len().max(row.len()), 0);
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let lines: Vec<String> = self.rows.drain(..).map(|row| line(&row, &self.widths)).collect();
        lines.join("\n")
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(cell);
        line.push_str(&" ".repeat(width - cell.width() + 2));
    }
    line.trim_end().to_owned()
}

/// A value of the wire as people read it: times to the second, lists with spaces between.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => moment(text).unwrap_or_else(|| text.clone()),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(" "),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "–".to_owned(),
        other => other.to_string(),
    }
}

/// A time to the second, in UTC.
pub(crate) fn moment(text: &str) -> Option<String> {
    // Names and values are no times, even where a parser would take them for one.
    let bytes = text.as_bytes();
    let looks_like_one = bytes.len() >= 20 && bytes[4] == b'-' && bytes[10] == b'T';
    let at: Timestamp = looks_like_one.then(|| text.parse().ok())??;
    Some(at.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

/// What came over the wire must not move the cursor or change colours.
pub(crate) fn plain(cell: String) -> String {
    if cell.chars().any(char::is_control) {
        return cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_line_up_also_with_wide_letters() {
        let mut table = Table::new(&["CITY", "NAME", "STATUS"]);
        table.row(["city_a".into(), "示例".into(), "active".into()]);
        table.row(["c".into(), "Demo\x1b[2J".into(), "paused".into()]);
        let drawn = table.draw();
        let lines: Vec<&str> = drawn.lines().collect();
        let at = |line: &str, word: &str| line[..line.find(word).unwrap()].width();
        assert_eq!(at(lines[0], "STATUS"), at(lines[1], "active"));
        assert_eq!(at(lines[0], "STATUS"), at(lines[2], "paused"));
        assert!(!drawn.contains('\x1b'));
    }

    #[test]
    fn values_are_told_as_people_read_them() {
        assert_eq!(text(&json!("2026-09-21T14:13:20.123Z")), "2026-09-21 14:13:20Z");
        assert_eq!(text(&json!(["a", "b"])), "a b");
        assert_eq!(text(&json!("2026-not-a-time-but-T")), "2026-not-a-time-but-T");
        assert_eq!(text(&json!("二〇二六年九月二十一日下午两点")), "二〇二六年九月二十一日下午两点");
        assert_eq!(text(&Value::Null), "");
    }
}
