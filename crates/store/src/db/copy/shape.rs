//! A table as both engines have it, and parts of it in the order of its key.
//!
//! Keys are texts in the order of their bytes, whole numbers and bytes: both engines order them alike.

use super::{COPIED, COPYING, Cells, MOVED};
use crate::db::Val;

/// A table.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Its name.
    pub(crate) table: &'static str,
    /// Its columns.
    pub(super) columns: Vec<String>,
    /// Which of them are its key.
    key: Vec<usize>,
}

/// The rows whose keys come after one and go up to another.
#[derive(Debug, Default, Clone)]
pub(super) struct Range {
    /// None: from the first row.
    pub(super) after: Option<Cells>,
    /// None: to the last.
    pub(super) until: Option<Cells>,
}

impl Range {
    /// The values of its statement.
    pub(super) fn values(&self) -> impl Iterator<Item = &Val> {
        self.after.iter().chain(&self.until).flatten()
    }
}

impl Shape {
    pub(super) fn new(table: &'static str, columns: Vec<String>, key: Vec<usize>) -> Self {
        Self { table, columns, key }
    }

    /// Its key's columns.
    fn key_columns(&self) -> String {
        let names: Vec<&str> = self.key.iter().map(|&at| self.columns[at].as_str()).collect();
        names.join(", ")
    }

    /// The key of a row.
    pub(super) fn key_of(&self, row: &[Val]) -> Cells {
        self.key.iter().map(|&at| row[at].clone()).collect()
    }

    /// The same as bytes that differ where keys do.
    pub(super) fn key_bytes(&self, row: &[Val]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &at in &self.key {
            let (kind, value) = match &row[at] {
                Val::Null => (0, Vec::new()),
                Val::Int(int) => (1, int.to_be_bytes().to_vec()),
                Val::Text(text) => (2, text.as_bytes().to_vec()),
                Val::Bytes(raw) => (3, raw.clone()),
            };
            bytes.push(kind);
            bytes.extend_from_slice(&value.len().to_be_bytes());
            bytes.extend_from_slice(&value);
        }
        bytes
    }

    /// Reads a part in the order of the key; with a limit only its first rows.
    pub(super) fn select(&self, range: &Range, limit: Option<usize>) -> String {
        let key = self.key_columns();
        let places = |first: usize| {
            let all: Vec<String> = (first..first + self.key.len()).map(|at| format!("${at}")).collect();
            all.join(", ")
        };
        let mut conditions = Vec::new();
        if range.after.is_some() {
            conditions.push(format!("({key}) > ({})", places(1)));
        }
        if range.until.is_some() {
            let first = if range.after.is_some() { 1 + self.key.len() } else { 1 };
            conditions.push(format!("({key}) <= ({})", places(first)));
        }
        conditions.extend(self.ours());
        let conditions = if conditions.is_empty() {
            String::new()
        } else {
            format!(" where {}", conditions.join(" and "))
        };
        let limit = limit.map(|limit| format!(" limit {limit}")).unwrap_or_default();
        format!("select {} from {}{conditions} order by {key}{limit}", self.columns.join(", "), self.table)
    }

    /// Counts the rows.
    pub(super) fn count(&self) -> String {
        let only = self.ours().map(|only| format!(" where {only}")).unwrap_or_default();
        format!("select count(*) from {}{only}", self.table)
    }

    /// Removes one row by its key.
    pub(super) fn delete(&self) -> String {
        let fits: Vec<String> =
            (1..).zip(&self.key).map(|(at, &column)| format!("{} = ${at}", self.columns[column])).collect();
        format!("delete from {} where {}", self.table, fits.join(" and "))
    }

    /// What says how far the copy is belongs to each side alone.
    fn ours(&self) -> Option<String> {
        (self.table == "facts").then(|| format!("name not in ('{COPYING}', '{COPIED}', '{MOVED}')"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        let columns = ["a", "b", "c"].map(str::to_owned).to_vec();
        Shape::new("t", columns, vec![2, 0])
    }

    #[test]
    fn a_part_is_bounded_by_keys() {
        let end = |text: &str| Some(vec![Val::from(text), Val::from(1)]);
        let of = |after, until, limit| shape().select(&Range { after, until }, limit);
        assert_eq!(of(None, None, None), "select a, b, c from t order by c, a");
        assert_eq!(
            of(end("x"), None, Some(5)),
            "select a, b, c from t where (c, a) > ($1, $2) order by c, a limit 5"
        );
        assert_eq!(of(None, end("x"), None), "select a, b, c from t where (c, a) <= ($1, $2) order by c, a");
        assert_eq!(
            of(end("x"), end("y"), None),
            "select a, b, c from t where (c, a) > ($1, $2) and (c, a) <= ($3, $4) order by c, a"
        );
        assert_eq!(shape().delete(), "delete from t where c = $1 and a = $2");
    }

    #[test]
    fn keys_that_differ_differ_as_bytes() {
        let rows = [
            [Val::from("ab"), Val::Null, Val::from("c")],
            [Val::from("a"), Val::Null, Val::from("bc")],
            [Val::from(1), Val::Null, Val::from("")],
            [Val::from(&b"ab"[..]), Val::Null, Val::from("c")],
        ];
        let keys: std::collections::HashSet<_> = rows.iter().map(|row| shape().key_bytes(row)).collect();
        assert_eq!(keys.len(), rows.len());
    }
}
