//! Aligned tables for people.

use unicode_width::UnicodeWidthStr;

/// Rows under headings, as wide as what is in them.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|&heading| heading.to_owned()).collect()] }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(plain).to_vec());
    }

    /// The table as text, without a line break at its end.
    pub(crate) fn draw(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        let lines = self.rows.iter().map(|row| line(row, &widths));
        lines.collect::<Vec<_>>().join("\n")
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

/// What came over the wire must not move the cursor or change colours.
fn plain(cell: String) -> String {
    if cell.chars().any(char::is_control) {
        return cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
