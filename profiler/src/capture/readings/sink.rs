//! Collects values of series, and writes of each only what a line through them needs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::batch::Batch;
use crate::{
    capture::model::{Event, EventKind, Series, SeriesKind},
    sys::clock,
};

/// Series that a capture may have; values of more are refused, and that is said.
const MOST_SERIES: usize = 16_384;
/// Rows that may wait for the recorder; more are refused, and that is said.
const MOST_ROWS: usize = 1 << 18;
/// A value that stays is written once in this time, so that a live view sees that it is read.
const STAYS_NS: u64 = 10_000_000_000;

/// The last value of a series.
#[derive(Clone, Copy, Debug)]
struct Held {
    value: u64,
    written_ns: u64,
    seen_ns: u64,
}

/// Where readings go.
#[derive(Debug)]
pub(super) struct Sink {
    start_ns: u64,
    ids: HashMap<Series, u32>,
    held: Vec<Held>,
    noted: BTreeSet<String>,
    batch: Batch,
    /// User and kernel CPU time of every process so far.
    cpu_ns: BTreeMap<u32, (u64, u64)>,
    /// Rows in batches that the recorder has not taken yet.
    waiting_rows: usize,
}

impl Sink {
    /// `start_ns`: the capture's start, `CLOCK_MONOTONIC` nanoseconds.
    pub(super) fn new(start_ns: u64) -> Self {
        Self {
            start_ns,
            ids: HashMap::new(),
            held: Vec::new(),
            noted: BTreeSet::new(),
            batch: Batch::default(),
            cpu_ns: BTreeMap::new(),
            waiting_rows: 0,
        }
    }

    /// Now, nanoseconds since the capture's start.
    pub(super) fn now_ns(&self) -> u64 {
        clock::monotonic_ns().saturating_sub(self.start_ns)
    }

    /// What goes past the series.
    pub(super) fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// CPU time of a process since it began.
    pub(super) fn cpu_time(&mut self, pid: u32, user_ns: u64, kernel_ns: u64) {
        self.cpu_ns.insert(pid, (user_ns, kernel_ns));
    }

    /// User and kernel CPU time of all processes together, those that ended included.
    pub(super) fn cpu_times(&self) -> (u64, u64) {
        let all = self.cpu_ns.values();
        all.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// A value of a process.
    pub(super) fn process(&mut self, time_ns: u64, kind: SeriesKind, pid: u32, value: u64) {
        self.put(time_ns, kind, (pid, 0), "", value);
    }

    /// A value of the machine, a peer or a group.
    pub(super) fn subject(&mut self, time_ns: u64, kind: SeriesKind, subject: &str, value: u64) {
        self.put(time_ns, kind, (0, 0), subject, value);
    }

    /// A value of something that counts up from 0 since its birth, which came after
    /// `born_after_ns` where that is known: a new series then begins there.
    pub(super) fn counter(
        &mut self,
        time_ns: u64,
        kind: SeriesKind,
        owner: (u32, u32),
        born_after_ns: Option<u64>,
        value: u64,
    ) {
        self.subject_counter(time_ns, kind, (owner, ""), born_after_ns, value);
    }

    /// The same of a subject.
    pub(super) fn subject_counter(
        &mut self,
        time_ns: u64,
        kind: SeriesKind,
        ((pid, tid), subject): ((u32, u32), &str),
        born_after_ns: Option<u64>,
        value: u64,
    ) {
        if let Some(born_ns) = born_after_ns {
            let series = Series {
                kind,
                pid,
                tid,
                subject: subject.to_owned(),
            };
            if !self.ids.contains_key(&series) {
                self.put(born_ns.min(time_ns), kind, (pid, tid), subject, 0);
            }
        }
        self.put(time_ns, kind, (pid, tid), subject, value);
    }

    /// A value of a series; times of one series must not go back.
    pub(super) fn put(
        &mut self,
        time_ns: u64,
        kind: SeriesKind,
        ids: (u32, u32),
        subject: &str,
        value: u64,
    ) {
        let series = series(kind, ids, subject);
        if let Some(&id) = self.ids.get(&series) {
            self.put_again(time_ns, id, value);
            return;
        }
        if self.ids.len() >= MOST_SERIES {
            self.note(
                time_ns,
                0,
                format!("more than {MOST_SERIES} series: what appeared later is not recorded"),
            );
            return;
        }
        let id = self.held.len() as u32;
        self.ids.insert(series.clone(), id);
        self.batch.series.push(series);
        self.held.push(Held {
            value,
            written_ns: time_ns,
            seen_ns: time_ns,
        });
        self.row(time_ns, id, value);
    }

    /// A value of a series that exists; others are not begun by it.
    pub(super) fn put_known(
        &mut self,
        time_ns: u64,
        kind: SeriesKind,
        ids: (u32, u32),
        subject: &str,
        value: u64,
    ) {
        let series = series(kind, ids, subject);
        if let Some(&id) = self.ids.get(&series) {
            self.put_again(time_ns, id, value);
        }
    }

    fn put_again(&mut self, time_ns: u64, id: u32, value: u64) {
        let held = self.held[id as usize];
        let stays = value == held.value;
        if stays && time_ns.saturating_sub(held.written_ns) < STAYS_NS {
            self.held[id as usize].seen_ns = time_ns;
            return;
        }
        if !stays && held.seen_ns > held.written_ns {
            self.row(held.seen_ns, id, held.value);
        }
        self.row(time_ns, id, value);
        self.held[id as usize] = Held {
            value,
            written_ns: time_ns,
            seen_ns: time_ns,
        };
    }

    fn row(&mut self, time_ns: u64, id: u32, value: u64) {
        let rows = self.waiting_rows + self.batch.readings.time_ns.len();
        if rows >= MOST_ROWS {
            self.note(
                time_ns,
                0,
                "readings came faster than the file was written: some are missing".to_owned(),
            );
            return;
        }
        self.batch.readings.time_ns.push(time_ns);
        self.batch.readings.series.push(id);
        self.batch.readings.value.push(value);
    }

    /// Says once that something could not be read, and why.
    pub(super) fn note(&mut self, time_ns: u64, pid: u32, text: String) {
        if self.noted.insert(text.clone()) {
            self.event(time_ns, EventKind::NotRead, pid, text);
        }
    }

    pub(super) fn event(&mut self, time_ns: u64, kind: EventKind, pid: u32, text: String) {
        self.batch.events.push(Event {
            time_ns,
            kind,
            pid,
            text,
        });
    }

    /// Writes when each value that stayed was seen last: the ends of all lines.
    pub(super) fn close(&mut self) {
        for id in 0..self.held.len() {
            let held = self.held[id];
            if held.seen_ns > held.written_ns {
                self.row(held.seen_ns, id as u32, held.value);
                self.held[id].written_ns = held.seen_ns;
            }
        }
    }

    /// Hands over what was collected; `waiting` are batches that were not taken yet.
    pub(super) fn hand_over(&mut self, waiting: &mut Batch) {
        waiting.append(std::mem::take(&mut self.batch));
        self.waiting_rows = waiting.readings.time_ns.len();
    }
}

/// The series of a kind, of a process and thread, with its subject.
fn series(kind: SeriesKind, (pid, tid): (u32, u32), subject: &str) -> Series {
    Series {
        kind,
        pid,
        tid,
        subject: subject.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn rows(sink: &Sink) -> Vec<(u64, u64)> {
        let readings = &sink.batch.readings;
        let times = readings.time_ns.iter().copied();
        times.zip(readings.value.iter().copied()).collect()
    }

    #[test]
    fn a_value_that_stays_is_written_at_its_ends_alone() {
        let mut sink = Sink::new(0);
        for second in 0..5 {
            sink.process(second * S, SeriesKind::ResidentBytes, 7, 10);
        }
        sink.process(5 * S, SeriesKind::ResidentBytes, 7, 11);
        sink.process(6 * S, SeriesKind::ResidentBytes, 7, 11);
        assert_eq!(rows(&sink), [(0, 10), (4 * S, 10), (5 * S, 11)]);
        sink.close();
        sink.close();
        assert_eq!(rows(&sink)[3..], [(6 * S, 11)]);
    }

    #[test]
    fn a_value_that_stays_for_long_is_written_now_and_then() {
        let mut sink = Sink::new(0);
        for second in 0..=20 {
            sink.process(second * S, SeriesKind::ResidentBytes, 7, 10);
        }
        assert_eq!(rows(&sink), [(0, 10), (10 * S, 10), (20 * S, 10)]);
    }

    #[test]
    fn series_and_rows_are_bounded_and_what_is_refused_is_said_once() {
        let mut sink = Sink::new(0);
        for tid in 0..MOST_SERIES as u32 + 5 {
            sink.put(1, SeriesKind::ThreadCpuNs, (7, tid), "", 1);
        }
        assert_eq!(sink.batch.series.len(), MOST_SERIES);
        let mut waiting = Batch::default();
        for time_ns in 2..MOST_ROWS as u64 {
            sink.put(time_ns, SeriesKind::ThreadCpuNs, (7, 1), "", time_ns);
        }
        sink.hand_over(&mut waiting);
        sink.put(u64::MAX / 8, SeriesKind::ThreadCpuNs, (7, 1), "", 0);
        assert_eq!(waiting.readings.time_ns.len(), MOST_ROWS);
        let said: Vec<&Event> = waiting.events.iter().chain(&sink.batch.events).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].text.contains("series") && said[1].text.contains("faster"));
        // The recorder has taken them: there is room again.
        sink.hand_over(&mut Batch::default());
        sink.put(u64::MAX / 4, SeriesKind::ThreadCpuNs, (7, 1), "", 1);
        assert_eq!(rows(&sink).last(), Some(&(u64::MAX / 4, 1)));
    }
}
