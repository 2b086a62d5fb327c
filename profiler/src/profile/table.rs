//! The columnar profile, loaded.

use std::{collections::BTreeSet, ops::Range};

use scrutineer_evidence::{capture::Quality, residency::ResidencySample};

use crate::{
    capture::model::{
        Activity, CaptureEnd, CaptureHeader, Event, Frame, Module, PageFaults, ProcessEntry,
        Readings, Samples, Series, StackNodes, Thread, WaitClass, Waits,
    },
    profile::{Foreign, Weight, index::ProfileIndex},
};

/// Where a function's code comes from; the flame graph's colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// The target's own executable, outside dependencies.
    Own,
    /// A dependency: another crate, or a shared library of the program.
    Dependency,
    /// The language's standard library and the C library.
    Std,
    /// The kernel.
    Kernel,
    /// Code made at run time, and interpreted code.
    Jit,
    /// Synthetic frames: the root, threads, unknown addresses.
    Root,
}

impl Category {
    /// The stable name in reports and documents: `own`, `dependency` …
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Dependency => "dependency",
            Self::Std => "std",
            Self::Kernel => "kernel",
            Self::Jit => "jit",
            Self::Root => "root",
        }
    }
}

/// A function that frames point to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Demangled full name; `0x…` with the module's file name for an address without a name.
    pub name: String,
    /// Category.
    pub category: Category,
    /// Module id, or [`crate::capture::model::NONE`].
    pub module: u32,
    /// Whether the name was found in symbols.
    pub named: bool,
}

/// One function at one place; a raw frame stands for one or, with inlining, several of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogicalFrame {
    /// Position in [`Profile::functions`].
    pub function: u32,
    /// Position in [`Profile::files`], or `NONE`.
    pub file: u32,
    /// Line, 0 where unknown.
    pub line: u32,
    /// Whether it was inlined into the next outer one.
    pub inlined: bool,
}

/// A capture, loaded. Ids are positions in the columns; see [`crate::capture::model`].
#[derive(Clone, Debug)]
pub struct Profile {
    /// What was captured.
    pub header: CaptureHeader,
    /// How it ended; `None` while it records, or where the file was cut short.
    pub end: Option<CaptureEnd>,
    /// Latest quality; samples, truncated and unresolved are counted from the samples held.
    pub quality: Quality,
    /// Modules.
    pub modules: Vec<Module>,
    /// Raw frames.
    pub frames: Vec<Frame>,
    /// Stack trie over raw frames.
    pub stacks: StackNodes,
    /// Threads.
    pub threads: Vec<Thread>,
    /// Samples.
    pub samples: Samples,
    /// Weight of each sample in the unit of [`Profile::unit`]; empty where each weighs 1.
    pub sample_weights: Vec<u64>,
    /// Resident memory.
    pub residency: Vec<ResidencySample>,
    /// Process-wide counters.
    pub activity: Vec<Activity>,
    /// Waits; their threads are positions in `threads`, as those of samples.
    pub waits: Waits,
    /// Page faults.
    pub page_faults: PageFaults,
    /// Time series.
    pub series: Vec<Series>,
    /// Their values.
    pub readings: Readings,
    /// Processes; a later entry with the same pid replaces an earlier one.
    pub processes: Vec<ProcessEntry>,
    /// Events, in order of time within a chunk.
    pub events: Vec<Event>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Where a profile of another tool comes from; `None` for our own captures.
    pub foreign: Option<Foreign>,
    /// Source files.
    pub files: Vec<String>,
    /// For each raw frame its logical frames, innermost first: a range in `logical`.
    pub frame_logical: Vec<Range<u32>>,
    /// Logical frames.
    pub logical: Vec<LogicalFrame>,
    /// For each raw frame, whether a symbol lookup has been made.
    pub looked_up: Vec<bool>,
    pub(crate) index: ProfileIndex,
}

/// What of a profile is looked at: the one selection that all views share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Nanoseconds since the capture's start; `None` for all.
    pub time_ns: Option<Range<u64>>,
    /// Thread ids (positions in [`Profile::threads`]); `None` for all.
    pub threads: Option<BTreeSet<u32>>,
    /// What it is weighed by.
    pub weight: Weight,
    /// Classes of waits that count with [`Weight::Wait`]; `None` for all.
    pub wait_classes: Option<BTreeSet<WaitClass>>,
}

impl Selection {
    /// All of a capture, weighed so.
    #[must_use]
    pub fn weighed_by(weight: Weight) -> Self {
        Self {
            weight,
            ..Self::default()
        }
    }
}

impl Profile {
    /// Length: the end's, else the time of the last sample or reading.
    pub fn duration_ns(&self) -> u64 {
        if let Some(end) = &self.end {
            return end.duration_ns;
        }
        let sampled = self.samples.time_ns.iter().copied().max();
        let resident = self.residency.iter().map(|reading| reading.time_ns).max();
        let active = self.activity.iter().map(|reading| reading.time_ns).max();
        let read = self.readings.time_ns.iter().copied().max();
        let last = sampled.max(resident).max(active).max(read);
        last.unwrap_or(0)
    }

    /// Raw frames that no symbol lookup has been made for yet.
    pub fn frames_without_lookup(&self) -> Vec<u32> {
        let waiting = self
            .looked_up
            .iter()
            .enumerate()
            .filter(|(_, looked_up)| !**looked_up);
        waiting.map(|(frame, _)| frame as u32).collect()
    }

    /// Number of CPU samples in a selection's time and threads, whatever its weight.
    pub fn count(&self, selection: &Selection) -> u64 {
        self.selected(selection).count() as u64
    }

    /// Positions of the CPU samples in a selection's time and threads, whatever its weight, in the
    /// order of the columns.
    pub fn selected(&self, selection: &Selection) -> impl Iterator<Item = usize> + use<'_> {
        let time = selection.time_ns.clone();
        let threads = self.mask_of(selection);
        let rows = match &time {
            Some(range) => self.sample_times().rows(range),
            None => 0..self.samples.time_ns.len(),
        };
        rows.filter(move |&sample| {
            let in_time = time
                .as_ref()
                .is_none_or(|t| t.contains(&self.samples.time_ns[sample]));
            let thread = self.samples.thread[sample] as usize;
            in_time && threads.as_ref().is_none_or(|mask| mask[thread])
        })
    }

    /// The logical frames of a raw frame, innermost first; never empty.
    pub fn logical_of(&self, frame: u32) -> &[LogicalFrame] {
        let range = &self.frame_logical[frame as usize];
        &self.logical[range.start as usize..range.end as usize]
    }

    /// The logical frames of a stack node that are shown, innermost first.
    pub(super) fn shown(&self, node: u32, hide_inlined: bool) -> &[LogicalFrame] {
        let logical = self.logical_of(self.stacks.frame[node as usize]);
        if hide_inlined {
            &logical[logical.len() - 1..]
        } else {
            logical
        }
    }

    /// Which threads a selection holds, by position; `None` for all.
    pub(super) fn mask_of(&self, selection: &Selection) -> Option<Vec<bool>> {
        let threads = selection.threads.as_ref();
        threads.map(|chosen| self.thread_mask(chosen))
    }

    fn thread_mask(&self, chosen: &BTreeSet<u32>) -> Vec<bool> {
        let chosen: BTreeSet<_> = chosen
            .iter()
            .filter_map(|id| self.threads.get(*id as usize))
            .map(|thread| (thread.pid, thread.tid))
            .collect();
        self.threads
            .iter()
            .map(|thread| chosen.contains(&(thread.pid, thread.tid)))
            .collect()
    }
}
