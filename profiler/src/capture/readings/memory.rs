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
/// Until when memory is read how often, nanoseconds since the start: a short capture is to have
/// points enough for a slope, a long one has them anyway.
const PACES: [(u64, Duration); 2] = [
    (2_000_000_000, Duration::from_millis(50)),
    (10_000_000_000, Duration::from_millis(100)),
];
const LATER: Duration = Duration::from_millis(200);

/// Reads the target each time and the other processes in turn.
#[derive(Debug, Default)]
pub(super) struct Memory {
    readers: BTreeMap<u32, MemoryReader>,
    turn: Turn,
    last_ns: u64,
}

impl Kind for Memory {
    fn every(&self) -> Duration {
        let pace = PACES.iter().find(|(until_ns, _)| self.last_ns < *until_ns);
        pace.map_or(LATER, |(_, every)| *every)
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
