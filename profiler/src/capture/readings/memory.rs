//! Memory: `statm` and `status`.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io,
    time::Duration,
};

use super::{
    kind::{Kind, Turn},
    processes::Process,
    sink::Sink,
};
use crate::{capture::model::SeriesKind, memory::reader::MemoryReader};

/// Processes read at once beside the target.
const AT_ONCE: usize = 8;
/// What takes longer was interrupted.
const SWIFT_NS: u64 = 500_000;
/// So long at the start memory is read more often.
const EARLY_NS: u64 = 2_000_000_000;

/// Reads the target each time and the other processes in turn.
#[derive(Debug, Default)]
pub(super) struct Memory {
    readers: BTreeMap<u32, MemoryReader>,
    turn: Turn,
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
        70
    }

    fn read(&mut self, processes: &[Process], out: &mut Sink) {
        self.readers
            .retain(|pid, _| processes.iter().any(|process| process.pid == *pid));
        let Some((target, others)) = processes.split_first() else {
            return;
        };
        self.last_ns = out.now_ns();
        // A process that has ended meanwhile has no memory.
        let _ = self.read_process(target.pid, true, out);
        for at in self.turn.take(others.len(), AT_ONCE) {
            let _ = self.read_process(others[at].pid, false, out);
        }
    }
}

impl Memory {
    fn read_process(&mut self, pid: u32, is_target: bool, out: &mut Sink) -> io::Result<()> {
        let reader = match self.readers.entry(pid) {
            Entry::Occupied(held) => held.into_mut(),
            Entry::Vacant(free) => free.insert(MemoryReader::open(pid)?),
        };
        let mut time_ns = out.now_ns();
        let mut reading = reader.read(time_ns, false)?;
        // Faults are compared with readings by their times: one that was held up is made again.
        if out.now_ns() - time_ns > SWIFT_NS {
            time_ns = out.now_ns();
            let status = reading.status;
            reading = reader.read(time_ns, false)?;
            reading.status = reading.status.or(status);
        }
        if is_target {
            out.batch().residency.push(reading.residency);
        }
        let mut value = |kind, bytes| out.process(time_ns, kind, pid, bytes);
        value(SeriesKind::ResidentBytes, reading.residency.rss_bytes);
        if let Some(status) = reading.status {
            value(SeriesKind::AnonymousBytes, status.anonymous);
            value(SeriesKind::FileBytes, status.file);
            value(SeriesKind::SharedBytes, status.shared);
            value(SeriesKind::SwapBytes, status.swap);
            value(SeriesKind::PeakResidentBytes, status.peak);
        }
        Ok(())
    }
}
