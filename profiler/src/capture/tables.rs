//! Interns modules, frames, stack nodes and threads, and collects samples until they are written.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use crate::capture::model::{
    Chunk, Frame, Module, NONE, SAMPLE_TRUNCATED, Samples, StackNodes, Thread,
};

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

/// The growing tables of one capture.
#[derive(Debug)]
pub struct Tables {
    start_ns: u64,
    module_ids: HashMap<Module, u32>,
    frame_ids: IdMap<(u32, u64), u32>,
    node_ids: IdMap<(u32, u32), u32>,
    thread_ids: IdMap<(u32, u32), u32>,
    /// Names of the threads that were written already, to tell a new name from an old one.
    thread_names: Vec<String>,
    new_modules: Vec<Module>,
    new_frames: Vec<Frame>,
    new_nodes: StackNodes,
    new_threads: Vec<Thread>,
    samples: Vec<(u64, u32, u32, u8)>,
    sample_count: u64,
    truncated_count: u64,
}

impl Tables {
    /// Empty tables of a capture that started at `start_ns` (`CLOCK_MONOTONIC`, nanoseconds).
    pub fn new(start_ns: u64) -> Self {
        Self {
            start_ns,
            module_ids: HashMap::new(),
            frame_ids: IdMap::default(),
            node_ids: IdMap::default(),
            thread_ids: IdMap::default(),
            thread_names: Vec::new(),
            new_modules: Vec::new(),
            new_frames: Vec::new(),
            new_nodes: StackNodes::default(),
            new_threads: Vec::new(),
            samples: Vec::new(),
            sample_count: 0,
            truncated_count: 0,
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
        let next = self.frame_ids.len() as u32;
        let id = *self
            .frame_ids
            .entry((frame.module, frame.address))
            .or_insert(next);
        if id == next {
            self.new_frames.push(frame);
        }
        id
    }

    /// The stack node of `frame` (a frame id) called from `parent` (a stack node, or [`NONE`] for
    /// a root). Stacks are therefore built from the root inwards.
    pub fn node(&mut self, parent: u32, frame: u32) -> u32 {
        let next = self.node_ids.len() as u32;
        let id = *self.node_ids.entry((parent, frame)).or_insert(next);
        if id == next {
            self.new_nodes.parent.push(parent);
            self.new_nodes.frame.push(frame);
        }
        id
    }

    /// The id of a thread; one never named before goes without a name until
    /// [`Tables::name_thread`].
    pub fn thread(&mut self, pid: u32, tid: u32) -> u32 {
        if let Some(id) = self.thread_ids.get(&(pid, tid)) {
            return *id;
        }
        self.push_thread(pid, tid, String::new())
    }

    /// Names a thread, or renames it. A new name of a thread that was written already becomes a
    /// new entry, which samples from then on refer to.
    pub fn name_thread(&mut self, pid: u32, tid: u32, name: &str) {
        let Some(id) = self.thread_ids.get(&(pid, tid)).copied() else {
            self.push_thread(pid, tid, name.to_owned());
            return;
        };
        if self.thread_names[id as usize] == name {
            return;
        }
        let written = self.thread_names.len() - self.new_threads.len();
        match (id as usize).checked_sub(written) {
            Some(pending) => {
                name.clone_into(&mut self.new_threads[pending].name);
                name.clone_into(&mut self.thread_names[id as usize]);
            }
            None => {
                self.push_thread(pid, tid, name.to_owned());
            }
        }
    }

    fn push_thread(&mut self, pid: u32, tid: u32, name: String) -> u32 {
        let id = self.thread_names.len() as u32;
        self.thread_ids.insert((pid, tid), id);
        self.thread_names.push(name.clone());
        self.new_threads.push(Thread { pid, tid, name });
        id
    }

    /// Whether a thread has been seen or named.
    pub fn knows_thread(&self, pid: u32, tid: u32) -> bool {
        self.thread_ids.contains_key(&(pid, tid))
    }

    /// The name of a thread so far, empty where it is unknown.
    pub fn thread_name(&self, pid: u32, tid: u32) -> &str {
        self.thread_ids
            .get(&(pid, tid))
            .map_or("", |id| &self.thread_names[*id as usize])
    }

    /// Keeps a sample. One from before the capture's start counts as taken at its start.
    pub fn sample(&mut self, sample: Sample) {
        let thread = self.thread(sample.pid, sample.tid);
        let flags = if sample.truncated {
            SAMPLE_TRUNCATED
        } else {
            0
        };
        let time_ns = sample.at_ns.saturating_sub(self.start_ns);
        self.samples.push((time_ns, thread, sample.stack, flags));
        self.sample_count += 1;
        self.truncated_count += u64::from(sample.truncated);
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
        if !self.new_nodes.frame.is_empty() {
            chunks.push(Chunk::Stacks(std::mem::take(&mut self.new_nodes)));
        }
        if !self.new_threads.is_empty() {
            chunks.push(Chunk::Threads(std::mem::take(&mut self.new_threads)));
        }
        if !self.samples.is_empty() {
            chunks.push(Chunk::Samples(self.take_samples()));
        }
        chunks
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
