//! What a profile is weighed by: CPU time, waits or page faults, and the rows that bear it.

use std::{collections::BTreeSet, ops::Range};

use crate::{
    capture::model::{EventKind, Samples, WaitClass},
    profile::{Profile, Selection},
};

/// What stacks, call trees and tables are weighed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Samples of CPU time.
    #[default]
    Cpu,
    /// Time off the CPU.
    Wait,
    /// Page faults.
    PageFaults,
}

/// What a number of a [`Weight`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Samples, each of one period of the sampling frequency.
    Samples,
    /// Nanoseconds.
    Nanoseconds,
    /// Page faults.
    Faults,
    /// Bytes of memory.
    Bytes,
    /// Allocations.
    Allocations,
    /// Events of a kind that the profile names, each sample standing for a period of them.
    Events,
}

impl Weight {
    /// Every weight, in the order in which views list them.
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Wait, Self::PageFaults];

    /// The name that the command line takes and that documents bear.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Wait => "wait",
            Self::PageFaults => "faults",
        }
    }

    /// The words of headings: `CPU time`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Cpu => "CPU time",
            Self::Wait => "waits",
            Self::PageFaults => "page faults",
        }
    }

    /// What it is counted in.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Cpu => Unit::Samples,
            Self::Wait => Unit::Nanoseconds,
            Self::PageFaults => Unit::Faults,
        }
    }
}

impl Unit {
    /// A quantity as a table shows it: `1204`, `3.207 s`, `12.4 ms`.
    pub fn quantity(self, value: u64) -> String {
        match self {
            Self::Samples | Self::Faults | Self::Allocations | Self::Events => value.to_string(),
            Self::Nanoseconds => duration(value),
            Self::Bytes => size(value),
        }
    }

    /// A quantity with its noun: `1204 samples`, `3.207 s`, `77 page faults`.
    pub fn words(self, value: u64) -> String {
        match self {
            Self::Samples => format!("{value} samples"),
            Self::Nanoseconds => duration(value),
            Self::Faults => format!("{value} page faults"),
            Self::Bytes => size(value),
            Self::Allocations => format!("{value} allocations"),
            Self::Events => format!("{value} events"),
        }
    }

    /// The noun alone, for axes and formats: `samples`, `nanoseconds`, `page faults`.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Samples => "samples",
            Self::Nanoseconds => "nanoseconds",
            Self::Faults => "page faults",
            Self::Bytes => "bytes",
            Self::Allocations => "allocations",
            Self::Events => "events",
        }
    }
}

fn size(bytes: u64) -> String {
    let value = bytes as f64;
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", value / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", value / 1_048_576.0),
        _ => format!("{:.2} GiB", value / 1_073_741_824.0),
    }
}

fn duration(nanoseconds: u64) -> String {
    let value = nanoseconds as f64;
    match nanoseconds {
        0..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.1} µs", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", value / 1e6),
        _ => format!("{:.3} s", value / 1e9),
    }
}

/// A row of a profile that a selection holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// Position in the columns of the weight.
    pub row: u32,
    /// Position in [`Profile::threads`].
    pub thread: u32,
    /// Stack node of the innermost frame, or [`crate::capture::model::NONE`].
    pub stack: u32,
    /// How much of the weight's unit it bears in the selection; never 0.
    pub weight: u64,
    /// Samples, waits or faults that it stands for.
    pub events: u64,
}

/// Time of a wait that a selection holds, in the two parts that are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitTime {
    /// Until the thread could run again, nanoseconds.
    pub blocked_ns: u64,
    /// Ready to run, waiting for a CPU, nanoseconds.
    pub run_queue_ns: u64,
}

impl Profile {
    /// The rows of the selection's weight, in the order of the columns.
    ///
    /// A wait counts for the part of it that lies in the selection's time, and its time on the run
    /// queue belongs to [`WaitClass::RunQueue`] whatever the thread waited for before, so that the
    /// classes together make up the whole. Rows that stand for several short waits count where
    /// they begin.
    pub fn weighed(&self, selection: &Selection) -> impl Iterator<Item = Weighed> + use<'_> {
        // One of three, empty but for the weight asked for: a loop over it stays a plain loop.
        let of = |weight: Weight| selection.weight == weight;
        let samples = of(Weight::Cpu).then(|| self.weighed_samples(selection));
        let waits = of(Weight::Wait).then(|| self.weighed_waits(selection));
        let faults = of(Weight::PageFaults).then(|| self.weighed_faults(selection));
        samples
            .into_iter()
            .flatten()
            .chain(waits.into_iter().flatten())
            .chain(faults.into_iter().flatten())
    }

    /// The rows of the selection's weight as [`Self::weighed`] gives them, each with its time:
    /// nanoseconds since the start, of a wait when it began.
    pub fn weighed_at(&self, selection: &Selection) -> impl Iterator<Item = (Weighed, u64)> {
        let times = match selection.weight {
            Weight::Cpu => &self.samples.time_ns,
            Weight::Wait => &self.waits.start_ns,
            Weight::PageFaults => &self.page_faults.time_ns,
        };
        self.weighed(selection)
            .map(|row| (row, times.get(row.row as usize).copied().unwrap_or(0)))
    }

    /// Sum of the weight over a selection, in its unit.
    pub fn total(&self, selection: &Selection) -> u64 {
        match selection.weight {
            Weight::Cpu if self.sample_weights.is_empty() => self.count(selection),
            _ => self.weighed(selection).map(|row| row.weight).sum(),
        }
    }

    /// Since when threads were polled for their waits (nanoseconds since the start), where context
    /// switches were recorded at first and came too often; with how often they came, a second.
    pub fn waits_polled_since(&self) -> Option<(u64, &str)> {
        let mut events = self.events.iter();
        events
            .find(|event| event.kind == EventKind::WaitsPolled)
            .map(|event| (event.time_ns, event.text.as_str()))
    }

    /// Whether the capture holds anything of a weight.
    pub fn has(&self, weight: Weight) -> bool {
        let times = match weight {
            Weight::Cpu => &self.samples.time_ns,
            Weight::Wait => &self.waits.start_ns,
            Weight::PageFaults => &self.page_faults.time_ns,
        };
        !times.is_empty()
    }

    fn weighed_samples(&self, selection: &Selection) -> impl Iterator<Item = Weighed> + use<'_> {
        let Samples { thread, stack, .. } = &self.samples;
        self.selected(selection).map(|row| Weighed {
            row: row as u32,
            thread: thread[row],
            stack: stack[row],
            weight: self.sample_weight(row),
            events: 1,
        })
    }

    fn weighed_waits(&self, selection: &Selection) -> impl Iterator<Item = Weighed> + use<'_> {
        let classes = selection.wait_classes.clone();
        let has = move |class| {
            classes
                .as_ref()
                .is_none_or(|classes: &BTreeSet<WaitClass>| classes.contains(&class))
        };
        let chosen = WaitClass::ALL.map(has);
        self.selected_waits(selection)
            .filter_map(move |(row, time)| {
                let class = usize::from(self.waits.class[row]);
                let blocked = chosen.get(class).copied().unwrap_or(chosen[0]);
                let queued = chosen[WaitClass::RunQueue as usize];
                let weight =
                    u64::from(blocked) * time.blocked_ns + u64::from(queued) * time.run_queue_ns;
                (weight > 0).then(|| Weighed {
                    row: row as u32,
                    thread: self.waits.thread[row],
                    stack: self.waits.stack[row],
                    weight,
                    events: u64::from(self.waits.count[row]),
                })
            })
    }

    /// Positions of the waits in a selection's time and threads (whatever its weight and classes),
    /// with the time that they have in it.
    pub fn selected_waits(
        &self,
        selection: &Selection,
    ) -> impl Iterator<Item = (usize, WaitTime)> + use<'_> {
        let range = selection.time_ns.clone();
        let threads = self.mask_of(selection);
        (0..self.waits.start_ns.len())
            .filter(move |row| {
                let thread = self.waits.thread[*row] as usize;
                threads.as_ref().is_none_or(|mask| mask[thread])
            })
            .filter_map(move |row| {
                let time = self.wait_time(row, range.as_ref())?;
                Some((row, time))
            })
    }

    /// The whole time of a wait; `None` where there is no such row.
    pub fn time_of_wait(&self, row: usize) -> Option<WaitTime> {
        (row < self.waits.start_ns.len())
            .then(|| self.wait_time(row, None))
            .flatten()
    }

    fn wait_time(&self, row: usize, range: Option<&Range<u64>>) -> Option<WaitTime> {
        let waits = &self.waits;
        let (start_ns, duration_ns) = (waits.start_ns[row], waits.duration_ns[row]);
        let run_queue_ns = if waits.class[row] == WaitClass::RunQueue as u8 {
            duration_ns
        } else {
            waits.run_queue_ns[row].min(duration_ns)
        };
        let whole = WaitTime {
            blocked_ns: duration_ns - run_queue_ns,
            run_queue_ns,
        };
        let Some(range) = range else {
            return Some(whole);
        };
        if waits.count[row] > 1 {
            return range.contains(&start_ns).then_some(whole);
        }
        let ready_ns = start_ns.saturating_add(whole.blocked_ns);
        let end_ns = start_ns.saturating_add(duration_ns);
        let clipped = WaitTime {
            blocked_ns: overlap(range, start_ns..ready_ns),
            run_queue_ns: overlap(range, ready_ns..end_ns),
        };
        (clipped != WaitTime::default()).then_some(clipped)
    }

    fn weighed_faults(&self, selection: &Selection) -> impl Iterator<Item = Weighed> + use<'_> {
        let range = selection.time_ns.clone();
        let threads = self.mask_of(selection);
        let faults = &self.page_faults;
        (0..faults.time_ns.len())
            .filter(move |row| {
                let in_time = range
                    .as_ref()
                    .is_none_or(|range| range.contains(&faults.time_ns[*row]));
                let thread = faults.thread[*row] as usize;
                in_time && threads.as_ref().is_none_or(|mask| mask[thread])
            })
            .map(|row| Weighed {
                row: row as u32,
                thread: faults.thread[row],
                stack: faults.stack[row],
                weight: faults.weight[row],
                events: faults.weight[row],
            })
            .filter(|row| row.weight > 0)
    }
}

fn overlap(a: &Range<u64>, b: Range<u64>) -> u64 {
    a.end.min(b.end).saturating_sub(a.start.max(b.start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        capture::model::{Chunk, NONE, PageFaults, Waits},
        profile::{CallTree, CallTreeOptions, testing, top_functions},
    };

    /// A lock for 10 ms of which 4 ms on the run queue, then 3 ms of sleep, then three short pipe
    /// waits in one row; two faults of weight 5 and 7.
    fn profile() -> Profile {
        let mut chunks = testing::chunks(&[vec!["main", "lock"], vec!["main", "nap"]]);
        let waits = Waits {
            start_ns: vec![0, 20_000_000, 30_000_000],
            duration_ns: vec![10_000_000, 3_000_000, 600_000],
            run_queue_ns: vec![4_000_000, 0, 0],
            count: vec![1, 1, 3],
            thread: vec![0; 3],
            stack: vec![1, 2, NONE],
            class: vec![1, 4, 7],
            waker: vec![NONE; 3],
        };
        let faults = PageFaults {
            time_ns: vec![1, 50],
            thread: vec![0, 0],
            stack: vec![0, 1],
            weight: vec![5, 7],
        };
        chunks.insert(6, Chunk::Waits(waits));
        chunks.insert(7, Chunk::PageFaults(faults));
        testing::build(chunks)
    }

    fn waits(classes: Option<&[WaitClass]>, time_ns: Option<Range<u64>>) -> Selection {
        Selection {
            weight: Weight::Wait,
            wait_classes: classes.map(|classes| classes.iter().copied().collect()),
            time_ns,
            ..Selection::default()
        }
    }

    #[test]
    fn each_weight_sums_its_own_unit() {
        let profile = profile();
        assert_eq!(profile.total(&Selection::default()), 2);
        assert_eq!(profile.total(&waits(None, None)), 13_600_000);
        let faults = Selection {
            weight: Weight::PageFaults,
            ..Selection::default()
        };
        assert_eq!(profile.total(&faults), 12);
        assert_eq!(top_functions(&profile, &faults, false)[0].self_samples, 7);
    }

    #[test]
    fn the_run_queue_part_of_a_wait_is_told_apart_and_the_classes_make_up_the_whole() {
        let profile = profile();
        let of = |class| profile.total(&waits(Some(&[class]), None));
        assert_eq!(of(WaitClass::Lock), 6_000_000);
        assert_eq!(of(WaitClass::RunQueue), 4_000_000);
        let all: u64 = WaitClass::ALL.into_iter().map(of).sum();
        assert_eq!(all, profile.total(&waits(None, None)));
    }

    #[test]
    fn a_range_of_time_cuts_a_wait_and_its_run_queue_part_where_they_lie() {
        let profile = profile();
        let of = |class, range| profile.total(&waits(Some(&[class]), Some(range)));
        assert_eq!(of(WaitClass::Lock, 5_000_000..8_000_000), 1_000_000);
        assert_eq!(of(WaitClass::RunQueue, 5_000_000..8_000_000), 2_000_000);
        assert_eq!(of(WaitClass::Sleep, 0..20_000_000), 0);
        // Several waits in one row cannot be cut.
        assert_eq!(of(WaitClass::Ipc, 30_000_000..30_000_001), 600_000);
    }

    #[test]
    fn a_tree_of_waits_is_weighed_in_nanoseconds() {
        let profile = profile();
        let options = CallTreeOptions {
            merge_threads: true,
            ..CallTreeOptions::default()
        };
        let tree = CallTree::build(&profile, &waits(None, None), options);
        let names: Vec<_> = (0..tree.len() as u32)
            .map(|node| (tree.name(&profile, node), tree.total_samples[node as usize]))
            .collect();
        let expected = [
            ("ledgerd", 13_600_000),
            ("main", 13_000_000),
            ("lock", 10_000_000),
            ("nap", 3_000_000),
        ];
        assert_eq!(names, expected);
        // The waits without a stack are the root's own.
        assert_eq!(tree.self_samples[0], 600_000);
    }

    #[test]
    fn quantities_read_as_people_write_them() {
        assert_eq!(Unit::Samples.words(12), "12 samples");
        assert_eq!(Unit::Nanoseconds.words(1_500_000_000), "1.500 s");
        assert_eq!(Unit::Nanoseconds.quantity(2_500), "2.5 µs");
        assert_eq!(Unit::Faults.words(7), "7 page faults");
    }
}
