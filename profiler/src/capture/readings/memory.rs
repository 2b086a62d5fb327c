//! Memory: `statm`, `status`, and `smaps_rollup` as far as it is cheap.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    kind::{Kind, Turn},
    processes::Process,
    sink::Sink,
};
use crate::{
    capture::model::SeriesKind,
    memory::reader::{MemoryReader, MemoryReading},
};

/// Processes read at once beside the target.
const AT_ONCE: usize = 8;
/// So long at the start memory is read more often.
const EARLY_NS: u64 = 10_000_000_000;
/// Least time between two readings of any `smaps_rollup`.
const ROLLUP_EVERY_NS: u64 = 1_000_000_000;
/// One that took a time t is followed by the next after this many t: while it walks the page
/// tables, the process cannot change its memory map.
const ROLLUP_PAUSE_FACTOR: u64 = 500;

/// Reads the target each time and the other processes in turn.
#[derive(Debug, Default)]
pub(super) struct Memory {
    readers: BTreeMap<u32, MemoryReader>,
    turn: Turn,
    rollups: usize,
    next_rollup_ns: u64,
    last_ns: u64,
}

impl Kind for Memory {
    fn every(&self) -> Duration {
        // A short capture is to have points enough for a slope.
        if self.last_ns < EARLY_NS {
            Duration::from_millis(50)
        } else {
            Duration::from_millis(100)
        }
    }

    fn budget(&self) -> u64 {
        80
    }

    fn read(&mut self, processes: &[Process], out: &mut Sink) {
        self.readers
            .retain(|pid, _| processes.iter().any(|process| process.pid == *pid));
        let Some((target, others)) = processes.split_first() else {
            return;
        };
        self.last_ns = out.now_ns();
        let mut pids = vec![target.pid];
        let turn = self.turn.take(others.len(), AT_ONCE);
        pids.extend(turn.into_iter().map(|at| others[at].pid));
        let rollup = self.rollup_of(processes, self.last_ns);
        pids.extend(rollup.filter(|pid| !pids.contains(pid)));
        for pid in pids {
            // A process that has ended meanwhile has no memory.
            let _ = self.read_process(pid, rollup == Some(pid), pid == target.pid, out);
        }
    }
}

impl Memory {
    /// Whose `smaps_rollup` is read now: the target's every other time, else the others' in turn.
    fn rollup_of(&mut self, processes: &[Process], now_ns: u64) -> Option<u32> {
        if now_ns < self.next_rollup_ns {
            return None;
        }
        self.rollups += 1;
        let others = processes.len() - 1;
        let at = if others == 0 || self.rollups % 2 == 1 {
            0
        } else {
            1 + (self.rollups / 2 - 1) % others
        };
        Some(processes[at].pid)
    }

    fn read_process(
        &mut self,
        pid: u32,
        with_rollup: bool,
        is_target: bool,
        out: &mut Sink,
    ) -> std::io::Result<()> {
        let reader = match self.readers.entry(pid) {
            std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(MemoryReader::open(pid)?)
            }
        };
        let time_ns = out.now_ns();
        let start = Instant::now();
        let reading = reader.read(time_ns, with_rollup)?;
        if with_rollup {
            let took_ns = start.elapsed().as_nanos() as u64;
            let pause_ns = took_ns.saturating_mul(ROLLUP_PAUSE_FACTOR);
            self.next_rollup_ns = time_ns + pause_ns.max(ROLLUP_EVERY_NS);
            if reader.rollup_is_refused() {
                let why = format!(
                    "the proportional memory of process {pid}: only its owner may read \
                     smaps_rollup, and a process that changed its user hides it"
                );
                out.note(time_ns, pid, why);
            }
        }
        if is_target {
            out.batch().residency.push(reading.residency);
        }
        put(pid, &reading, out);
        Ok(())
    }
}

fn put(pid: u32, reading: &MemoryReading, out: &mut Sink) {
    let time_ns = reading.residency.time_ns;
    let mut value = |kind, bytes| out.process(time_ns, kind, pid, bytes);
    value(SeriesKind::ResidentBytes, reading.residency.rss_bytes);
    if let Some(status) = reading.status {
        value(SeriesKind::AnonymousBytes, status.anonymous);
        value(SeriesKind::FileBytes, status.file);
        value(SeriesKind::SharedBytes, status.shared);
        value(SeriesKind::SwapBytes, status.swap);
        value(SeriesKind::PeakResidentBytes, status.peak);
    }
    if let Some(rollup) = reading.rollup {
        value(SeriesKind::ProportionalBytes, rollup.proportional);
        value(SeriesKind::AnonymousHugeBytes, rollup.anonymous_huge);
    }
}
