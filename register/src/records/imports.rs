//! Many checks or requests at once, from rows of a table: all of them or none.

use jiff::civil::Date;
use weir_lake::ids::SchoolId;

use super::{By, Fault, NewChange, NewCheck, RecordError, changes, checks};
use crate::Register;

/// Most rows taken at once.
const MOST: usize = 500;

/// What was refused, with the place of the row that is wrong.
type Refused = (usize, RecordError);

fn too_many(rows: usize) -> Result<(), Refused> {
    if rows <= MOST {
        return Ok(());
    }
    Err((MOST, RecordError::Wrong(vec![Fault::at("rows", "Give at most 500 rows at once.")])))
}

impl Register {
    /// Records checks; gives how many.
    ///
    /// # Errors
    /// The first that is wrong, with its place in `new`.
    pub async fn record_checks(
        &self,
        by: By,
        school: &SchoolId,
        new: &[NewCheck],
        now: i64,
        today: Date,
    ) -> Result<usize, Refused> {
        too_many(new.len())?;
        let begun = self.begin(by.records(school).with("checks", new.len() as u64)).await;
        let mut writing = begun.map_err(|error| (0, error.into()))?;
        for (at, check) in new.iter().enumerate() {
            checks::insert(&mut writing, by, school, check, now, today).await.map_err(|error| (at, error))?;
        }
        let _receipt = writing.commit().await.map_err(|error| (0, error.into()))?;
        Ok(new.len())
    }

    /// Asks for changes; gives how many.
    ///
    /// # Errors
    /// The first that is wrong, with its place in `new`.
    pub async fn ask_changes(&self, by: By, school: &SchoolId, new: &[NewChange], today: Date) -> Result<usize, Refused> {
        too_many(new.len())?;
        let begun = self.begin(by.records(school).with("changes", new.len() as u64)).await;
        let mut writing = begun.map_err(|error| (0, error.into()))?;
        for (at, change) in new.iter().enumerate() {
            changes::insert(&mut writing, by, school, change, today).await.map_err(|error| (at, error))?;
        }
        let _receipt = writing.commit().await.map_err(|error| (0, error.into()))?;
        Ok(new.len())
    }
}
