//! Moving a Federation from SQLite to PostgreSQL, while it serves but for a short stop.
//!
//! 1. PostgreSQL gets the schema and the fact `copying`, which keeps everybody out.
//! 2. [`Copying::load`] copies what SQLite holds at one moment, while the server goes on.
//! 3. [`Copying::seize`] takes the file, which the server must have left.
//! 4. [`Copying::settle`] makes everything the same and compares every row, in one transaction.
//! 5. [`Settled::mark`] marks the file as moved, and only then [`Marked::release`] takes `copying` away.
//!
//! So there are never two databases that can be served, and after an interruption the same again goes on: up to 4 the
//! file is the one that can be served; between the two halves of 5 neither can, and the same again ends it.

pub use crate::db::copy::{CopyError, Tally};

use crate::NewAudit;
use crate::db::copy::{Goal, Origin, Shape, Standing, make_same};
use crate::dump::TABLES;
use std::path::Path;

/// A copy under way.
pub struct Copying {
    origin: Origin,
    goal: Goal,
    shapes: Vec<Shape>,
    /// Which copy this is.
    copy: String,
    moved: bool,
    ended: bool,
}

impl Copying {
    /// Opens both sides; nothing of the Federation is copied yet. `copy` names this copy, unless it was begun before.
    ///
    /// # Errors
    /// See [`CopyError`]: neither side is changed where they do not fit.
    pub async fn begin(file: &Path, url: &str, copy: String) -> Result<Self, CopyError> {
        let origin = Origin::open(file)?;
        let federation = origin.identity()?;
        let shapes = origin.shapes(TABLES)?;
        let mut goal = Goal::open(url).await?;
        let moved = origin.moved()?;
        let standing = goal.standing(TABLES).await?;
        let fits =
            |of: &str, copy: &str| of == federation && moved.as_ref().is_none_or(|(moved, _)| moved == copy);
        let (copy, ended) = match (standing, &moved) {
            (Standing::Begun(of, begun), _) if fits(&of, &begun) => (begun, false),
            (Standing::Ended(of, ended), Some(_)) if fits(&of, &ended) => (ended, true),
            (_, Some((_, to))) => return Err(CopyError::MovedElsewhere(to.clone())),
            (Standing::Empty, None) => {
                goal.prepare(&federation, &copy).await?;
                (copy, false)
            }
            _ => return Err(CopyError::Occupied(goal.place)),
        };
        Ok(Self { origin, goal, shapes, copy, moved: moved.is_some(), ended })
    }

    /// Whether all was done before.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether the file was marked before: nobody can serve it, so nothing is copied ahead.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        self.moved
    }

    /// Where everything goes, without secrets.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.goal.place
    }

    /// The ids of the master keys that the new place needs: one.
    ///
    /// # Errors
    /// [`CopyError::Origin`].
    pub fn master_keys(&self) -> Result<Vec<String>, CopyError> {
        self.origin.master_keys()
    }

    /// How many rows there are now.
    ///
    /// # Errors
    /// [`CopyError::Origin`].
    pub fn count(&self) -> Result<u64, CopyError> {
        self.shapes.iter().map(|shape| self.origin.count(shape)).sum()
    }

    /// Copies what SQLite holds at this moment, as far as PostgreSQL has it not, while others write. `progress` is told
    /// how many rows were looked at.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub async fn load(&mut self, mut progress: impl FnMut(u64)) -> Result<Tally, CopyError> {
        let mut tally = Tally::default();
        self.origin.stand_still()?;
        for shape in &self.shapes {
            make_same((&self.origin, &self.goal), shape, false, &mut tally, &mut progress).await?;
        }
        self.origin.move_on()?;
        self.goal.analyze(&self.shapes).await?;
        Ok(tally)
    }

    /// Takes the file, if nobody serves it. From then on nobody else can.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub fn seize(&mut self) -> Result<bool, CopyError> {
        self.origin.seize()
    }

    /// Makes everything the same, and compares every row of every table as both engines give it. `entry` goes on record,
    /// on both sides. The file must have been seized.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub async fn settle(
        self,
        entry: &NewAudit,
        mut progress: impl FnMut(u64),
    ) -> Result<(Settled, Tally), CopyError> {
        if !self.origin.is_held() {
            return Err(CopyError::Origin("others may write into it".into()));
        }
        if !self.moved {
            self.origin.record(entry)?;
        }
        let mut tally = Tally::default();
        self.goal.begin_alone(&self.shapes).await?;
        for shape in &self.shapes {
            make_same((&self.origin, &self.goal), shape, true, &mut tally, &mut progress).await?;
        }
        self.goal.commit().await?;
        Ok((Settled(self), tally))
    }
}

/// A copy that is the same as its origin, which nobody else can change.
pub struct Settled(Copying);

impl Settled {
    /// Marks the file as moved, for good.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub fn mark(self) -> Result<Marked, CopyError> {
        let Self(copying) = self;
        if !copying.moved {
            copying.origin.mark_moved(&copying.copy, &copying.goal.place)?;
        }
        Ok(Marked(copying.goal))
    }
}

/// A copy whose origin can't be served any more.
pub struct Marked(Goal);

impl Marked {
    /// Lets everybody into the new database.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub async fn release(self) -> Result<(), CopyError> {
        self.0.release().await
    }
}
