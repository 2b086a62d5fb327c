//! Interns modules, frames, stack nodes and threads, and collects samples until they are written.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use crate::capture::model::{
    Chunk, Event, EventKind, Frame, FrameSymbols, Module, NONE, PageFaults, ProcessEntry,
    SAMPLE_TRUNCATED, Samples, StackNodes, Symbol, Thread, WaitClass,
};
use crate::capture::waits::gathering::{self, Row};

/// Hashes small fixed-size keys. The keys are addresses and ids that the target cannot choose
/// freely enough to matter, so speed goes before resistance to flooding.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

/// A map with small fixed-size keys.
pub(crate) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// A sample to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// `CLOCK_MONOTONIC`, nanoseconds (absolute; the tables subtract the capture's start).
    pub at_ns: u64,
    /// Process id.
    pub pid: u32,
    /// Thread id.
    pub tid: u32,
    /// Stack node of the innermost frame, or [`NONE`].
    pub stack: u32,
    /// Whether the stack did not reach a known root.
    pub truncated: bool,
}

/// A page fault to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageFault {
    /// `CLOCK_MONOTONIC`, nanoseconds.
    pub at_ns: u64,
    /// Process id.
    pub pid: u32,
    /// Thread id.
    pub tid: u32,
    /// Stack node of the innermost frame, or [`NONE`].
    pub stack: u32,
    /// How many faults it stands for.
    pub weight: u64,
}

/// A wait, or several alike, to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// When the thread left its CPU, `CLOCK_MONOTONIC` nanoseconds.
    pub start_ns: u64,
    /// Until it ran again, nanoseconds.
    pub duration_ns: u64,
    /// Part of it spent on the run queue, nanoseconds.
    pub run_queue_ns: u64,
    /// How many waits it stands for.
    pub count: u32,
    /// Process id.
    pub pid: u32,
    /// Thread id.
    pub tid: u32,
    /// Stack node of the innermost frame, or [`NONE`].
    pub stack: u32,
    /// What was waited for.
    pub class: WaitClass,
    /// Process and thread that ended it, where known.
    pub waker: Option<(u32, u32)>,
}

/// Frames and stack nodes that are remembered to give equal ones the same id. When there are more,
/// the memory of them is emptied: equal ones then get new ids, which costs bytes of the file and
/// never right results. This bounds the recorder's memory, at some 200 MB in all.
const MOST_REMEMBERED: usize = 1 << 21;

/// A thread that lives, as far as is known.
#[derive(Debug)]
struct ThreadSlot {
    id: u32,
    name: String,
}

/// The growing tables of one capture.
#[derive(Debug)]
pub struct Tables {
    start_ns: u64,
    module_ids: HashMap<Module, u32>,
    frame_ids: IdMap<(u32, u64), u32>,
    next_frame: u32,
    node_ids: IdMap<(u32, u32), u32>,
    next_node: u32,
    threads: IdMap<(u32, u32), ThreadSlot>,
    next_thread: u32,
    new_modules: Vec<Module>,
    new_frames: Vec<Frame>,
    new_nodes: StackNodes,
    new_threads: Vec<Thread>,
    new_processes: Vec<ProcessEntry>,
    new_events: Vec<Event>,
    /// Processes that were told to have started since somebody last asked, with the time.
    started: Vec<(u32, u64)>,
    new_symbols: Vec<FrameSymbols>,
    samples: Vec<(u64, u32, u32, u8)>,
    page_faults: Vec<(u64, u32, u32, u64)>,
    waits: Vec<Row>,
    sample_count: u64,
    truncated_count: u64,
    cut_short_count: u64,
    wait_count: u64,
    page_fault_count: u64,
}

impl Tables {
    /// Empty tables of a capture that started at `start_ns` (`CLOCK_MONOTONIC`, nanoseconds).
    pub fn new(start_ns: u64) -> Self {
        Self {
            start_ns,
            module_ids: HashMap::new(),
            frame_ids: IdMap::default(),
            next_frame: 0,
            node_ids: IdMap::default(),
            next_node: 0,
            threads: IdMap::default(),
            next_thread: 0,
            new_modules: Vec::new(),
            new_frames: Vec::new(),
            new_nodes: StackNodes::default(),
            new_threads: Vec::new(),
            new_processes: Vec::new(),
            new_events: Vec::new(),
            started: Vec::new(),
            new_symbols: Vec::new(),
            samples: Vec::new(),
            page_faults: Vec::new(),
            waits: Vec::new(),
            sample_count: 0,
            truncated_count: 0,
            cut_short_count: 0,
            wait_count: 0,
            page_fault_count: 0,
        }
    }

    /// When the capture started, `CLOCK_MONOTONIC` nanoseconds.
    pub fn start_ns(&self) -> u64 {
        self.start_ns
    }

    /// Sets the capture's start anew, before the first sample is kept.
    pub(crate) fn start_at(&mut self, start_ns: u64) {
        self.start_ns = start_ns;
    }

    /// Samples taken so far, over all drains.
    pub fn sample_count(&self) -> u64 {
        self.sample_count
    }

    /// Samples so far whose stack did not reach a known root.
    pub fn truncated_count(&self) -> u64 {
        self.truncated_count
    }

    /// Samples so far whose copy of the stack was too short.
    pub fn cut_short_count(&self) -> u64 {
        self.cut_short_count
    }

    /// Waits so far.
    pub fn wait_count(&self) -> u64 {
        self.wait_count
    }

    /// Page faults so far.
    pub fn page_fault_count(&self) -> u64 {
        self.page_fault_count
    }

    /// The id of a module.
    pub fn module(&mut self, module: &Module) -> u32 {
        if let Some(id) = self.module_ids.get(module) {
            return *id;
        }
        let id = self.module_ids.len() as u32;
        self.module_ids.insert(module.clone(), id);
        self.new_modules.push(module.clone());
        id
    }

    /// The id of a frame.
    pub fn frame(&mut self, frame: Frame) -> u32 {
        let next = self.next_frame;
        let id = *self
            .frame_ids
            .entry((frame.module, frame.address))
            .or_insert(next);
        if id == next {
            self.new_frames.push(frame);
            self.next_frame += 1;
        }
        id
    }

    /// Names a frame that no symbolizer could name later.
    pub(crate) fn name_frame(&mut self, frame: u32, symbol: Symbol) {
        self.new_symbols.push(FrameSymbols {
            frame,
            symbols: vec![symbol],
        });
    }

    /// The stack node of `frame` (a frame id) called from `parent` (a stack node, or [`NONE`] for
    /// a root). Stacks are therefore built from the root inwards.
    pub fn node(&mut self, parent: u32, frame: u32) -> u32 {
        let next = self.next_node;
        let id = *self.node_ids.entry((parent, frame)).or_insert(next);
        if id == next {
            self.new_nodes.parent.push(parent);
            self.new_nodes.frame.push(frame);
            self.next_node += 1;
        }
        id
    }

    /// The id of a thread; one never named before goes without a name until
    /// [`Tables::name_thread`].
    pub fn thread(&mut self, pid: u32, tid: u32) -> u32 {
        if let Some(slot) = self.threads.get(&(pid, tid)) {
            return slot.id;
        }
        self.push_thread(pid, tid, String::new())
    }

    /// Names a thread, or renames it. A new name of a thread that was written already becomes a
    /// new entry, which samples from then on refer to.
    pub fn name_thread(&mut self, pid: u32, tid: u32, name: &str) {
        let written = self.next_thread - self.new_threads.len() as u32;
        match self.threads.get_mut(&(pid, tid)) {
            Some(slot) if slot.name == name => {}
            Some(slot) if slot.id >= written => {
                let pending = &mut self.new_threads[(slot.id - written) as usize];
                name.clone_into(&mut pending.name);
                name.clone_into(&mut slot.name);
            }
            _ => {
                self.push_thread(pid, tid, name.to_owned());
            }
        }
    }

    fn push_thread(&mut self, pid: u32, tid: u32, name: String) -> u32 {
        let id = self.next_thread;
        self.next_thread += 1;
        let slot = ThreadSlot {
            id,
            name: name.clone(),
        };
        self.threads.insert((pid, tid), slot);
        self.new_threads.push(Thread { pid, tid, name });
        id
    }

    /// A thread has ended and nothing of it will come any more: it is forgotten, and an equal id
    /// is another thread from here on.
    pub fn end_thread(&mut self, pid: u32, tid: u32) {
        self.threads.remove(&(pid, tid));
    }

    /// Whether a thread has been seen or named, and lives as far as is known.
    pub fn knows_thread(&self, pid: u32, tid: u32) -> bool {
        self.threads.contains_key(&(pid, tid))
    }

    /// The name of a thread so far, empty where it is unknown.
    pub fn thread_name(&self, pid: u32, tid: u32) -> &str {
        self.threads
            .get(&(pid, tid))
            .map_or("", |slot| slot.name.as_str())
    }

    /// Notes what a process is.
    pub fn process(&mut self, process: ProcessEntry) {
        self.new_processes.push(process);
    }

    /// Notes that something happened.
    pub fn event(&mut self, event: Event) {
        if event.kind == EventKind::ProcessStarted {
            self.started.push((event.pid, event.time_ns));
        }
        self.new_events.push(event);
    }

    /// Processes that were born since the last call, each with the time of its birth, nanoseconds
    /// since the capture's start.
    pub(crate) fn take_started(&mut self) -> Vec<(u32, u64)> {
        std::mem::take(&mut self.started)
    }

    /// Keeps a sample. One from before the capture's start counts as taken at its start.
    pub fn sample(&mut self, sample: Sample) {
        let thread = self.thread(sample.pid, sample.tid);
        let flags = if sample.truncated {
            SAMPLE_TRUNCATED
        } else {
            0
        };
        let time_ns = self.since_start(sample.at_ns);
        self.samples.push((time_ns, thread, sample.stack, flags));
        self.sample_count += 1;
        self.truncated_count += u64::from(sample.truncated);
    }

    /// Counts a sample whose copy of the stack was too short.
    pub fn count_cut_short(&mut self, was_cut_short: bool) {
        self.cut_short_count += u64::from(was_cut_short);
    }

    /// Keeps a page fault.
    pub fn page_fault(&mut self, fault: PageFault) {
        let thread = self.thread(fault.pid, fault.tid);
        let time_ns = self.since_start(fault.at_ns);
        self.page_fault_count += fault.weight;
        self.page_faults
            .push((time_ns, thread, fault.stack, fault.weight));
    }

    /// Keeps a wait. What of it lies before the capture's start is cut off. Short ones alike share
    /// a row in the end.
    pub fn wait(&mut self, wait: Wait) {
        let thread = self.thread(wait.pid, wait.tid);
        let waker = wait.waker.map_or(NONE, |(pid, tid)| self.thread(pid, tid));
        let before_ns = self.start_ns.saturating_sub(wait.start_ns);
        let duration_ns = wait.duration_ns.saturating_sub(before_ns);
        self.waits.push(Row {
            start_ns: self.since_start(wait.start_ns),
            thread,
            stack: wait.stack,
            duration_ns,
            run_queue_ns: wait.run_queue_ns.min(duration_ns),
            count: wait.count,
            class: wait.class as u8,
            waker,
        });
        self.wait_count += u64::from(wait.count);
    }

    fn since_start(&self, at_ns: u64) -> u64 {
        at_ns.saturating_sub(self.start_ns)
    }

    /// What is new since the last call, in an order that a reader can follow: whatever a chunk
    /// refers to stands in an earlier one. Samples are sorted by time within a call. Empty chunks
    /// are left out.
    pub fn drain_chunks(&mut self) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        if !self.new_modules.is_empty() {
            chunks.push(Chunk::Modules(std::mem::take(&mut self.new_modules)));
        }
        if !self.new_frames.is_empty() {
            chunks.push(Chunk::Frames(std::mem::take(&mut self.new_frames)));
        }
        if !self.new_symbols.is_empty() {
            chunks.push(Chunk::Symbols(std::mem::take(&mut self.new_symbols)));
        }
        if !self.new_nodes.frame.is_empty() {
            chunks.push(Chunk::Stacks(std::mem::take(&mut self.new_nodes)));
        }
        if !self.new_threads.is_empty() {
            chunks.push(Chunk::Threads(std::mem::take(&mut self.new_threads)));
        }
        if !self.new_processes.is_empty() {
            chunks.push(Chunk::Processes(std::mem::take(&mut self.new_processes)));
        }
        if !self.new_events.is_empty() {
            chunks.push(Chunk::Events(std::mem::take(&mut self.new_events)));
        }
        if !self.samples.is_empty() {
            chunks.push(Chunk::Samples(self.take_samples()));
        }
        if !self.page_faults.is_empty() {
            chunks.push(Chunk::PageFaults(self.take_page_faults()));
        }
        if !self.waits.is_empty() {
            chunks.push(Chunk::Waits(gathering::gather(&mut self.waits)));
        }
        self.bound_memory();
        chunks
    }

    fn bound_memory(&mut self) {
        if self.node_ids.len() > MOST_REMEMBERED {
            self.node_ids = IdMap::default();
        }
        // Nodes refer to frames by id, so both may be forgotten independently.
        if self.frame_ids.len() > MOST_REMEMBERED {
            self.frame_ids = IdMap::default();
        }
    }

    fn take_samples(&mut self) -> Samples {
        self.samples.sort_unstable();
        let mut columns = Samples::default();
        for (time_ns, thread, stack, flags) in self.samples.drain(..) {
            columns.time_ns.push(time_ns);
            columns.thread.push(thread);
            columns.stack.push(stack);
            columns.flags.push(flags);
        }
        columns
    }

    fn take_page_faults(&mut self) -> PageFaults {
        self.page_faults.sort_unstable();
        let mut columns = PageFaults::default();
        for (time_ns, thread, stack, weight) in self.page_faults.drain(..) {
            columns.time_ns.push(time_ns);
            columns.thread.push(thread);
            columns.stack.push(stack);
            columns.weight.push(weight);
        }
        columns
    }

    /// Interns a stack given innermost first as frame ids; [`NONE`] for an empty one.
    pub fn stack(&mut self, innermost_first: &[u32]) -> u32 {
        innermost_first
            .iter()
            .rev()
            .fold(NONE, |parent, frame| self.node(parent, *frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at_ns: u64, stack: u32) -> Sample {
        Sample {
            at_ns,
            pid: 1,
            tid: 2,
            stack,
            truncated: false,
        }
    }

    #[test]
    fn a_drain_gives_only_what_is_new() {
        let mut tables = Tables::new(100);
        let outer = tables.frame(Frame {
            module: NONE,
            address: 1,
        });
        let inner = tables.frame(Frame {
            module: NONE,
            address: 2,
        });
        let stack = tables.stack(&[inner, outer]);
        tables.sample(sample(150, stack));
        assert_eq!(tables.drain_chunks().len(), 4);

        assert_eq!(
            tables.frame(Frame {
                module: NONE,
                address: 2
            }),
            inner
        );
        assert_eq!(tables.stack(&[inner, outer]), stack);
        tables.sample(sample(160, stack));
        let chunks = tables.drain_chunks();
        assert_eq!(chunks.len(), 1);
        let Chunk::Samples(samples) = &chunks[0] else {
            panic!("no samples: {chunks:?}")
        };
        assert_eq!((samples.time_ns[0], samples.stack[0]), (60, stack));
        assert!(tables.drain_chunks().is_empty());
    }

    #[test]
    fn parents_come_before_their_children() {
        let mut tables = Tables::new(0);
        tables.stack(&[3, 2, 1]);
        tables.stack(&[4, 2, 1]);
        let chunks = tables.drain_chunks();
        let Chunk::Stacks(nodes) = &chunks[0] else {
            panic!("no stacks: {chunks:?}")
        };
        assert_eq!(nodes.frame, [1, 2, 3, 4]);
        assert_eq!(nodes.parent, [NONE, 0, 1, 1]);
    }

    #[test]
    fn samples_are_sorted_by_time_within_a_drain() {
        let mut tables = Tables::new(0);
        tables.sample(sample(30, NONE));
        tables.sample(sample(10, NONE));
        let chunks = tables.drain_chunks();
        let Some(Chunk::Samples(samples)) = chunks.last() else {
            panic!("no samples")
        };
        assert_eq!(samples.time_ns, [10, 30]);
    }

    #[test]
    fn a_rename_before_the_drain_replaces_the_name_and_one_after_it_adds_an_entry() {
        let mut tables = Tables::new(0);
        tables.name_thread(1, 1, "scrutineer");
        tables.name_thread(1, 1, "sh");
        let Some(Chunk::Threads(threads)) = tables.drain_chunks().pop() else {
            panic!("none")
        };
        assert_eq!(threads.len(), 1);
        assert_eq!(threads[0].name, "sh");

        tables.name_thread(1, 1, "sh");
        assert!(tables.drain_chunks().is_empty());
        tables.name_thread(1, 1, "worker");
        assert_eq!(tables.thread(1, 1), 1);
        let Some(Chunk::Threads(threads)) = tables.drain_chunks().pop() else {
            panic!("none")
        };
        assert_eq!(threads[0].name, "worker");
    }
}
