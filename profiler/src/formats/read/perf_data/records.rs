//! The records of a file in order of time: where each lies, and what is counted of them.

use std::collections::{HashMap, HashSet};

use super::{
    cursor::Cursor,
    file::{PerfFile, Record, Walk, damaged},
};
use crate::formats::read::ReadError;

/// Records of the kernel, as `linux/perf_event.h` numbers them.
pub(super) mod kind {
    pub(in super::super) const MMAP: u32 = 1;
    pub(in super::super) const LOST: u32 = 2;
    pub(in super::super) const COMM: u32 = 3;
    pub(in super::super) const EXIT: u32 = 4;
    pub(in super::super) const THROTTLE: u32 = 5;
    pub(in super::super) const FORK: u32 = 7;
    pub(in super::super) const SAMPLE: u32 = 9;
    pub(in super::super) const MMAP2: u32 = 10;
    pub(in super::super) const LOST_SAMPLES: u32 = 13;
}

/// A record with its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) time_ns: u64,
    pub(super) record: Record<'a>,
    /// Position of its event, of a sample.
    pub(super) event: u32,
}

/// What a file's records are.
#[derive(Debug, Default)]
pub(super) struct Records<'a> {
    /// Samples in order of time.
    pub(super) samples: Vec<Entry<'a>>,
    /// Births, names and mappings of processes, in order of time.
    pub(super) changes: Vec<Entry<'a>>,
    pub(super) samples_by_event: Vec<u64>,
    /// Processes that were sampled.
    pids: HashSet<u32>,
    pub(super) lost: u64,
    pub(super) throttled: u64,
    /// Time of the first sample.
    pub(super) start_ns: u64,
    /// Time of the last sample.
    pub(super) end_ns: u64,
    pub(super) has_times: bool,
    /// What of the file cannot be read, as a sentence.
    pub(super) damage: Option<String>,
}

impl<'a> Records<'a> {
    pub(super) fn of(file: &PerfFile<'a>) -> Result<Self, ReadError> {
        let mut records = Self {
            samples_by_event: vec![0; file.events.len()],
            ..Self::default()
        };
        let sorter = Sorter::of(file);
        for stretch in &file.stretches {
            let mut walk = Walk::over(stretch);
            for record in &mut walk {
                records.add(record, &sorter);
            }
            if walk.left > 0 {
                records.damage = Some(format!(
                    "The file is damaged or cut short: the last {} bytes of its records were not \
                     read.",
                    walk.left
                ));
            }
        }
        if records.samples.is_empty() && records.damage.is_some() {
            return Err(damaged("it ends before its first sample"));
        }
        for entries in [&mut records.samples, &mut records.changes] {
            if !entries.is_sorted_by_key(|entry| entry.time_ns) {
                entries.sort_by_key(|entry| entry.time_ns);
            }
        }
        let first = records.samples.iter().find(|entry| entry.time_ns > 0);
        records.has_times = first.is_some();
        records.start_ns = first.map_or(0, |entry| entry.time_ns);
        let last = records.samples.last().map_or(0, |entry| entry.time_ns);
        records.end_ns = last.max(records.start_ns);
        Ok(records)
    }

    /// Processes that may be sampled: all but those that were there before and never ran.
    pub(super) fn pids_of_changes(&self) -> impl Iterator<Item = u32> + '_ {
        let before = |entry: &&Entry<'_>| entry.time_ns > 0;
        let lively = self.changes.iter().filter(before);
        let lively = lively.filter_map(|entry| Cursor(entry.record.body).u32());
        lively.chain(self.pids.iter().copied())
    }

    fn add(&mut self, record: Record<'a>, sorter: &Sorter) {
        match record.kind {
            kind::SAMPLE => {
                let event = sorter.event_of(record.body);
                let time_ns = sorter.time_of_sample(record.body, event);
                self.samples_by_event[event as usize] += 1;
                self.pids.extend(sorter.pid_of_sample(record.body, event));
                self.samples.push(Entry {
                    time_ns,
                    record,
                    event,
                });
            }
            kind::MMAP | kind::MMAP2 | kind::COMM | kind::FORK | kind::EXIT => {
                let time_ns = sorter.time_of_change(record.body);
                self.changes.push(Entry {
                    time_ns,
                    record,
                    event: 0,
                });
            }
            kind::LOST => {
                let lost = Cursor(record.body.get(8..).unwrap_or(&[])).u64();
                self.lost = self.lost.saturating_add(lost.unwrap_or(0));
            }
            kind::LOST_SAMPLES => {
                let lost = Cursor(record.body).u64();
                self.lost = self.lost.saturating_add(lost.unwrap_or(0));
            }
            kind::THROTTLE => self.throttled += 1,
            _ => {}
        }
    }
}

/// Tells events and times of records.
struct Sorter {
    event_by_id: HashMap<u64, u32>,
    id_at: Option<usize>,
    /// Where the time of a sample lies, by event.
    time_at: Vec<Option<usize>>,
    /// Where the process of a sample lies, by event.
    pid_at: Vec<Option<usize>>,
    time_from_end: Option<usize>,
}

impl Sorter {
    fn of(file: &PerfFile<'_>) -> Self {
        let events = (0..).zip(&file.events);
        let ids =
            events.flat_map(|(position, event)| event.ids.iter().map(move |id| (*id, position)));
        let first = &file.events[0];
        Self {
            event_by_id: ids.collect(),
            id_at: first.id_at().filter(|_| file.events.len() > 1),
            time_at: file.events.iter().map(super::Event::time_at).collect(),
            pid_at: file.events.iter().map(super::Event::pid_at).collect(),
            time_from_end: first.time_from_end(),
        }
    }

    fn event_of(&self, body: &[u8]) -> u32 {
        let id = self.id_at.and_then(|at| Cursor(body.get(at..)?).u64());
        let event = id.and_then(|id| self.event_by_id.get(&id));
        event.copied().unwrap_or(0)
    }

    fn time_of_sample(&self, body: &[u8], event: u32) -> u64 {
        let at = self.time_at[event as usize];
        let time = at.and_then(|at| Cursor(body.get(at..)?).u64());
        time.unwrap_or(0)
    }

    fn pid_of_sample(&self, body: &[u8], event: u32) -> Option<u32> {
        let at = self.pid_at[event as usize]?;
        Cursor(body.get(at..)?).u32()
    }

    fn time_of_change(&self, body: &[u8]) -> u64 {
        let at = self
            .time_from_end
            .and_then(|from_end| body.len().checked_sub(from_end));
        let time = at.and_then(|at| Cursor(body.get(at..)?).u64());
        // perf itself tells of what was there before: with no time, or with all bits set.
        time.filter(|time| *time != u64::MAX).unwrap_or(0)
    }
}
