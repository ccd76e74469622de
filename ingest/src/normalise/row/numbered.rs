//! Ids by the numbers that a reader gave rows that are alike.

/// Ids by number.
pub(super) struct Numbered<T: Copy> {
    epoch: u64,
    /// With the day they hold for, where they hold for one only.
    entries: Vec<Option<(i32, T)>>,
}

impl<T: Copy> Default for Numbered<T> {
    fn default() -> Self {
        Self { epoch: 0, entries: Vec::new() }
    }
}

impl<T: Copy> Numbered<T> {
    #[inline]
    pub(super) fn get(&self, epoch: u64, number: u32, day: i32) -> Option<T> {
        match self.entries.get(number as usize) {
            Some(Some((held, ids))) if *held == day && self.epoch == epoch => Some(*ids),
            _ => None,
        }
    }

    /// Number 0 stands for no number.
    pub(super) fn insert(&mut self, epoch: u64, number: u32, day: i32, ids: T) {
        if number == 0 {
            return;
        }
        if self.epoch != epoch {
            self.entries.clear();
            self.epoch = epoch;
        }
        let place = number as usize;
        if self.entries.len() <= place {
            self.entries.resize(place + 1, None);
        }
        self.entries[place] = Some((day, ids));
    }
}
