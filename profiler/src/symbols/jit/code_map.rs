//! Functions by address, where memory is used again: later code takes the place of earlier code.

use std::collections::BTreeMap;

/// Code by address; ranges do not overlap.
#[derive(Debug)]
pub(super) struct CodeMap<T> {
    by_start: BTreeMap<u64, Code<T>>,
}

/// A range of code, or what is left of it.
#[derive(Debug)]
pub(super) struct Code<T> {
    pub(super) end: u64,
    pub(super) value: T,
}

impl<T> Default for CodeMap<T> {
    fn default() -> Self {
        Self {
            by_start: BTreeMap::new(),
        }
    }
}

impl<T> CodeMap<T> {
    /// Adds code; `None` where its end lies beyond all addresses.
    pub(super) fn add(&mut self, start: u64, size: u64, value: T) -> Option<()> {
        let end = start.checked_add(size)?;
        let covered: Vec<u64> = self.by_start.range(start..end).map(|(at, _)| *at).collect();
        for start in covered {
            self.by_start.remove(&start);
        }
        if let Some((_, before)) = self.by_start.range_mut(..start).next_back() {
            before.end = start.min(before.end);
        }
        self.by_start.insert(start, Code { end, value });
        Some(())
    }

    /// Takes the code that begins at an address out.
    pub(super) fn remove(&mut self, start: u64) -> Option<T> {
        self.by_start.remove(&start).map(|code| code.value)
    }

    /// The code that holds an address, with its start.
    pub(super) fn find(&self, address: u64) -> Option<(u64, &T)> {
        let (start, code) = self.by_start.range(..=address).next_back()?;
        (address < code.end).then_some((*start, &code.value))
    }

    /// Start, end and value of all code.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, u64, &T)> {
        let code = self.by_start.iter();
        code.map(|(start, code)| (*start, code.end, &code.value))
    }

    pub(super) fn clear(&mut self) {
        self.by_start.clear();
    }
}
