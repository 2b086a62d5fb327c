//! Large tables that are used again: the system takes longer to hand out fresh memory than it takes
//! to fill them.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

/// Tables of one type that lie ready.
const MOST_SPARE: usize = 3;

/// Tables that were given back.
#[derive(Debug, Default)]
pub(super) struct Spare<T> {
    tables: Arc<Mutex<Vec<Vec<T>>>>,
}

impl<T> Clone for Spare<T> {
    fn clone(&self) -> Self {
        Self {
            tables: self.tables.clone(),
        }
    }
}

impl<T: Copy + Default> Spare<T> {
    /// A table of `length` entries, all zero.
    pub(super) fn zeroed(&self, length: usize) -> Table<T> {
        let mut entries = self.empty();
        entries.clear();
        entries.resize(length, T::default());
        entries
    }

    /// A table without entries, most likely with room for many.
    pub(super) fn empty(&self) -> Table<T> {
        // A panic elsewhere leaves nothing half done here.
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        // The largest, so that it need not grow.
        let numbered = tables.iter().enumerate();
        let largest = numbered.max_by_key(|(_, table)| table.capacity());
        let spare = largest.map(|(at, _)| at).map(|at| tables.swap_remove(at));
        drop(tables);
        let mut entries = spare.unwrap_or_default();
        entries.clear();
        Table {
            entries,
            home: self.tables.clone(),
        }
    }
}

/// A table that goes back to where it came from.
#[derive(Debug)]
pub(crate) struct Table<T> {
    entries: Vec<T>,
    home: Arc<Mutex<Vec<Vec<T>>>>,
}

impl<T> Deref for Table<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.entries
    }
}

impl<T> DerefMut for Table<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.entries
    }
}

impl<T> Drop for Table<T> {
    fn drop(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        let mut tables = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.len() < MOST_SPARE {
            tables.push(entries);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_used_again_and_is_zero_each_time() {
        let spare = Spare::<u64>::default();
        let mut first = spare.zeroed(1_000);
        first[7] = 9;
        let place = first.as_ptr();
        drop(first);
        let second = spare.zeroed(900);
        assert_eq!(second.as_ptr(), place);
        assert_eq!((second.len(), second[7]), (900, 0));
        let third = spare.zeroed(10);
        assert_ne!(third.as_ptr(), place);
    }
}
