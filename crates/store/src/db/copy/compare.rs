//! Makes a table in PostgreSQL the same as in SQLite, part by part: what is the same already is only read.

use super::shape::Range;
use super::{Cells, CopyError, Goal, Origin, Shape};
use std::collections::{HashMap, HashSet};

/// What a pass over tables came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Rows that SQLite has.
    pub rows: u64,
    /// Rows that were written to PostgreSQL, where they were missing or otherwise.
    pub written: u64,
    /// Rows that SQLite has no longer, and PostgreSQL had still.
    pub removed: u64,
}

/// Makes one table the same. `alone`: in a transaction that was begun before, in which what was written is read again
/// and compared; else each part is a transaction of its own, so that whoever is interrupted loses one part.
///
/// Rows that differ are removed before any is added, since one may have what is another's now (an address, the place of
/// the active key). What falls with a removed row belongs to a table that comes later, and is added again there.
pub(crate) async fn make_same(
    (origin, goal): (&Origin, &Goal),
    shape: &Shape,
    alone: bool,
    tally: &mut Tally,
    progress: &mut dyn FnMut(u64),
) -> Result<(), CopyError> {
    let mut pass = Pass { origin, goal, shape, alone, tally, progress };
    if goal.is_empty(shape).await? {
        let mut after = None;
        loop {
            let (range, rows) = origin.part(shape, after)?;
            pass.seen(&rows);
            pass.add(&range, &rows).await?;
            after = range.until;
            if after.is_none() {
                return Ok(());
            }
        }
    }
    for range in pass.remove_stale().await? {
        let rows = origin.rows(shape, &range)?;
        pass.add(&range, &rows).await?;
    }
    Ok(())
}

struct Pass<'a> {
    origin: &'a Origin,
    goal: &'a Goal,
    shape: &'a Shape,
    alone: bool,
    tally: &'a mut Tally,
    progress: &'a mut dyn FnMut(u64),
}

impl Pass<'_> {
    fn seen(&mut self, rows: &[Cells]) {
        self.tally.rows += rows.len() as u64;
        (self.progress)(self.tally.rows);
    }

    /// Removes what is not as in SQLite; gives the parts of the table that were not the same.
    async fn remove_stale(&mut self) -> Result<Vec<Range>, CopyError> {
        let (mut parts, mut after) = (Vec::new(), None);
        loop {
            let (range, rows) = self.origin.part(self.shape, after)?;
            self.seen(&rows);
            let there = self.goal.rows(self.shape, &range).await?;
            after = range.until.clone();
            if rows != there {
                let stale = self.stale(&rows, &there);
                self.begin().await?;
                self.goal.remove(self.shape, &stale).await?;
                self.commit().await?;
                parts.push(range);
            }
            if after.is_none() {
                return Ok(parts);
            }
        }
    }

    /// The keys of those that have to go.
    fn stale(&mut self, rows: &[Cells], there: &[Cells]) -> Vec<Cells> {
        let wanted: HashMap<Vec<u8>, &Cells> =
            rows.iter().map(|row| (self.shape.key_bytes(row), row)).collect();
        let mut stale = Vec::new();
        for row in there {
            match wanted.get(&self.shape.key_bytes(row)) {
                Some(same) if *same == row => continue,
                Some(_) => {}
                None => self.tally.removed += 1,
            }
            stale.push(self.shape.key_of(row));
        }
        stale
    }

    /// Adds what is missing in a part.
    async fn add(&mut self, range: &Range, rows: &[Cells]) -> Result<(), CopyError> {
        let there = self.goal.rows(self.shape, range).await?;
        let there: HashSet<Vec<u8>> = there.iter().map(|row| self.shape.key_bytes(row)).collect();
        let missing = rows.iter().filter(|row| !there.contains(&self.shape.key_bytes(row)));
        let missing: Vec<Cells> = missing.cloned().collect();
        self.tally.written += missing.len() as u64;
        self.begin().await?;
        self.goal.insert(self.shape, &missing).await?;
        self.commit().await?;
        if self.alone && self.goal.rows(self.shape, range).await? != rows {
            return Err(CopyError::Different(self.shape.table));
        }
        Ok(())
    }

    async fn begin(&self) -> Result<(), CopyError> {
        if self.alone { Ok(()) } else { self.goal.begin().await }
    }

    async fn commit(&self) -> Result<(), CopyError> {
        if self.alone { Ok(()) } else { self.goal.commit().await }
    }
}
