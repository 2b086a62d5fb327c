//! What every kind of reading does, and the list of them.

use std::time::Duration;

use super::{
    activity::Activities, descriptors::Descriptors, disk::Disk, groups::Groups, memory::Memory,
    pressure::Pressure, processes::Process, rollup::Rollup, sink::Sink, sockets::Sockets,
    threads::Threads,
};

/// One kind of reading.
pub(super) trait Kind: Send {
    /// Least time between two readings.
    fn every(&self) -> Duration;

    /// Share of one CPU that it may take, in parts of 100,000.
    fn budget(&self) -> u64;

    /// CPU time that it may take ahead of its share, nanoseconds: first readings find nothing in
    /// caches.
    fn advance_ns(&self) -> u64 {
        4_000_000
    }

    /// Reads the processes of the capture, the target first, those that have ended left out. What
    /// is refused is said through [`Sink::note`]; what has ended meanwhile is no refusal.
    fn read(&mut self, processes: &[Process], out: &mut Sink);
}

/// All kinds.
pub(super) fn all() -> Vec<Box<dyn Kind>> {
    vec![
        Box::new(Memory::default()),
        Box::new(Rollup::default()),
        Box::new(Activities::default()),
        Box::new(Threads::default()),
        Box::new(Descriptors),
        Box::new(Sockets::default()),
        Box::new(Disk),
        Box::new(Groups::default()),
        Box::new(Pressure::default()),
    ]
}

/// Positions of a list's entries, a few at a time, in turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    next: usize,
}

impl Turn {
    /// The next `most` of `count` positions, at most once around.
    pub(super) fn take(&mut self, count: usize, most: usize) -> Vec<usize> {
        if count == 0 {
            return Vec::new();
        }
        let start = self.next % count;
        let taken = most.min(count);
        self.next = start + taken;
        (start..start + taken).map(|at| at % count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_comes_to_their_turn_and_nobody_twice_in_one() {
        let mut turn = Turn::default();
        assert_eq!(turn.take(5, 3), [0, 1, 2]);
        assert_eq!(turn.take(5, 3), [3, 4, 0]);
        assert_eq!(turn.take(2, 3), [0, 1]);
        assert!(turn.take(0, 3).is_empty());
    }

    #[test]
    fn all_kinds_together_stay_within_half_a_percent_of_a_cpu() {
        let budget: u64 = all().iter().map(|kind| kind.budget()).sum();
        assert!((1..=500).contains(&budget), "{budget}");
    }
}
