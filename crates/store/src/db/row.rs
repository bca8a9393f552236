//! Rows as they come back, read from the first column to the last.

use super::Val;
use crate::StoreError;
use downcity_core::{Digest, Timestamp};

/// One row. Its first column is always the row's public key, which errors may name.
pub(crate) struct Row {
    key: String,
    cells: std::vec::IntoIter<Val>,
}

/// A column that does not hold what it must.
#[derive(Debug)]
pub(crate) struct Misfit(pub(crate) String);

impl Misfit {
    /// A column with a value that nobody writes.
    pub(crate) fn in_column(column: &str) -> Self {
        Self(format!("{column} holds what it never should"))
    }
}

impl Row {
    pub(crate) fn new(cells: Vec<Val>) -> Self {
        let key = match cells.first() {
            Some(Val::Text(key)) => key.clone(),
            Some(Val::Int(key)) => key.to_string(),
            _ => "?".to_owned(),
        };
        Self { key, cells: cells.into_iter() }
    }

    /// Reads the whole row with `read`; what does not fit becomes an error that names `table` and the row.
    pub(crate) fn read_as<T>(
        mut self,
        table: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, Misfit>,
    ) -> Result<T, StoreError> {
        match read(&mut self) {
            Ok(value) => Ok(value),
            Err(Misfit(what)) => Err(StoreError::Corrupt { table, row: self.key, what }),
        }
    }

    fn next(&mut self, column: &str) -> Result<Val, Misfit> {
        self.cells.next().ok_or_else(|| Misfit(format!("{column} is missing")))
    }

    pub(crate) fn opt_text(&mut self, column: &str) -> Result<Option<String>, Misfit> {
        match self.next(column)? {
            Val::Null => Ok(None),
            Val::Text(text) => Ok(Some(text)),
            _ => Err(Misfit(format!("{column} is not a text"))),
        }
    }

    pub(crate) fn text(&mut self, column: &str) -> Result<String, Misfit> {
        self.opt_text(column)?.ok_or_else(|| Misfit(format!("{column} is null")))
    }

    pub(crate) fn opt_int(&mut self, column: &str) -> Result<Option<i64>, Misfit> {
        match self.next(column)? {
            Val::Null => Ok(None),
            Val::Int(int) => Ok(Some(int)),
            _ => Err(Misfit(format!("{column} is not an integer"))),
        }
    }

    pub(crate) fn int(&mut self, column: &str) -> Result<i64, Misfit> {
        self.opt_int(column)?.ok_or_else(|| Misfit(format!("{column} is null")))
    }

    pub(crate) fn flag(&mut self, column: &str) -> Result<bool, Misfit> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Misfit(format!("{column} is neither 0 nor 1"))),
        }
    }

    pub(crate) fn opt_time(&mut self, column: &str) -> Result<Option<Timestamp>, Misfit> {
        Ok(self.opt_int(column)?.map(Timestamp))
    }

    pub(crate) fn time(&mut self, column: &str) -> Result<Timestamp, Misfit> {
        self.int(column).map(Timestamp)
    }

    pub(crate) fn opt_bytes(&mut self, column: &str) -> Result<Option<Vec<u8>>, Misfit> {
        match self.next(column)? {
            Val::Null => Ok(None),
            Val::Bytes(bytes) => Ok(Some(bytes)),
            _ => Err(Misfit(format!("{column} is not bytes"))),
        }
    }

    pub(crate) fn bytes(&mut self, column: &str) -> Result<Vec<u8>, Misfit> {
        self.opt_bytes(column)?.ok_or_else(|| Misfit(format!("{column} is null")))
    }

    pub(crate) fn opt_digest(&mut self, column: &str) -> Result<Option<Digest>, Misfit> {
        let Some(bytes) = self.opt_bytes(column)? else { return Ok(None) };
        Digest::from_stored(&bytes).map(Some).ok_or_else(|| Misfit(format!("{column} is not 32 bytes")))
    }

    pub(crate) fn digest(&mut self, column: &str) -> Result<Digest, Misfit> {
        self.opt_digest(column)?.ok_or_else(|| Misfit(format!("{column} is null")))
    }
}
