//! Proportional memory and huge pages, from `smaps_rollup`, as seldom as it is costly.

use std::{
    io,
    time::{Duration, Instant},
};

use super::{kind::Kind, processes::Process, sink::Sink};
use crate::{capture::model::SeriesKind, memory::reader::MemoryReader};

/// A reading that took a time t is followed by the next after this many t: while the kernel walks
/// the page tables, the process cannot change its memory map.
const PAUSE_FACTOR: u32 = 1_000;

/// Reads one process at a time, the target every other time.
#[derive(Debug, Default)]
pub(super) struct Rollup {
    readings: usize,
    took: Duration,
}

impl Kind for Rollup {
    fn every(&self) -> Duration {
        Duration::from_secs(1).max(self.took * PAUSE_FACTOR)
    }

    fn budget(&self) -> u64 {
        // Held by the pause, which counts the time that the process may have been held up.
        u64::from(100_000 / PAUSE_FACTOR)
    }

    fn read(&mut self, processes: &[Process], out: &mut Sink) {
        if let Some(at) = self.next_of(processes.len()) {
            let start = Instant::now();
            // A process that has ended meanwhile has no memory.
            let _ = read_process(processes[at].pid, at == 0, out);
            self.took = start.elapsed();
        }
    }
}

impl Rollup {
    fn next_of(&mut self, processes: usize) -> Option<usize> {
        let others = processes.checked_sub(1)?;
        self.readings += 1;
        let is_targets_turn = others == 0 || self.readings % 2 == 1;
        Some(if is_targets_turn {
            0
        } else {
            1 + (self.readings / 2 - 1) % others
        })
    }
}

fn read_process(pid: u32, is_target: bool, out: &mut Sink) -> io::Result<()> {
    let mut reader = MemoryReader::open(pid)?;
    let time_ns = out.now_ns();
    let reading = reader.read(time_ns, true)?;
    if reader.rollup_is_refused() {
        let why = format!(
            "proportional memory of process {pid}: only its owner may read smaps_rollup, and a \
             process that changed its user hides it"
        );
        out.note(time_ns, pid, why);
    }
    if is_target {
        out.batch().residency.push(reading.residency);
    }
    if let Some(rollup) = reading.rollup {
        let proportional = rollup.proportional;
        out.process(time_ns, SeriesKind::ProportionalBytes, pid, proportional);
        let huge = rollup.anonymous_huge;
        out.process(time_ns, SeriesKind::AnonymousHugeBytes, pid, huge);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_read_every_other_time_and_the_others_in_turn() {
        let mut rollup = Rollup::default();
        let turns: Vec<_> = (0..6).filter_map(|_| rollup.next_of(3)).collect();
        assert_eq!(turns, [0, 1, 0, 2, 0, 1]);
        assert_eq!(rollup.next_of(0), None);
        assert_eq!(Rollup::default().next_of(1), Some(0));
    }
}
