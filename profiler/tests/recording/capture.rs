//! A capture file, read whole, with the questions that tests ask of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
};

use object::{Object, ObjectSymbol};
use scrutineer_profiler::capture::{
    file,
    model::{
        Activity, CaptureHeader, Chunk, Event, Frame, Module, NONE, PageFaults, SAMPLE_TRUNCATED,
        Samples, StackNodes, Thread,
    },
};

#[derive(Debug, Default)]
pub(crate) struct Capture {
    header: Option<CaptureHeader>,
    pub(crate) modules: Vec<Module>,
    frames: Vec<Frame>,
    nodes: StackNodes,
    pub(crate) threads: Vec<Thread>,
    pub(crate) columns: Samples,
    pub(crate) activity: Vec<Activity>,
    pub(crate) residency: Vec<scrutineer_evidence::residency::ResidencySample>,
    pub(crate) events: Vec<Event>,
    faults: PageFaults,
    ended: bool,
}

impl Capture {
    pub(crate) fn read(path: &Path) -> Self {
        let (chunks, damage) = file::read(path).expect("the capture can be read");
        assert_eq!(damage.what, None);
        let mut capture = Self::default();
        for chunk in chunks {
            capture.add(chunk);
        }
        capture
    }

    fn add(&mut self, chunk: Chunk) {
        match chunk {
            Chunk::Header(header) => self.header = Some(header),
            Chunk::Modules(more) => self.modules.extend(more),
            Chunk::Frames(more) => self.frames.extend(more),
            Chunk::Stacks(more) => {
                self.nodes.parent.extend(more.parent);
                self.nodes.frame.extend(more.frame);
            }
            Chunk::Threads(more) => self.threads.extend(more),
            Chunk::Samples(more) => {
                self.columns.time_ns.extend(more.time_ns);
                self.columns.thread.extend(more.thread);
                self.columns.stack.extend(more.stack);
                self.columns.flags.extend(more.flags);
            }
            Chunk::Activity(more) => self.activity.extend(more),
            Chunk::Residency(more) => self.residency.extend(more),
            Chunk::Events(more) => self.events.extend(more),
            Chunk::PageFaults(more) => {
                self.faults.stack.extend(more.stack);
                self.faults.weight.extend(more.weight);
            }
            Chunk::End(_) => self.ended = true,
            _ => {}
        }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.header.is_some() && self.ended
    }

    pub(crate) fn header(&self) -> &CaptureHeader {
        self.header
            .as_ref()
            .expect("a capture begins with its header")
    }

    pub(crate) fn samples(&self) -> usize {
        self.columns.stack.len()
    }

    pub(crate) fn truncated_share(&self) -> f64 {
        let truncated = self
            .columns
            .flags
            .iter()
            .filter(|flags| **flags & SAMPLE_TRUNCATED != 0)
            .count();
        truncated as f64 / self.samples().max(1) as f64
    }

    /// As [`Self::truncated_share`], over the last quarter of the samples.
    pub(crate) fn late_truncated_share(&self) -> f64 {
        let late = &self.columns.flags[self.samples() * 3 / 4..];
        let truncated = late.iter().filter(|flags| **flags & SAMPLE_TRUNCATED != 0);
        truncated.count() as f64 / late.len().max(1) as f64
    }

    /// Page faults with `function` (or a clone of it) of `program` on their stack.
    pub(crate) fn faults_below(&self, program: &Path, function: &str) -> u64 {
        let inside = self.inside(program, function);
        let rows = self.faults.stack.iter().zip(&self.faults.weight);
        rows.filter(|(stack, _)| self.stack(**stack).any(|frame| inside(&frame)))
            .map(|(_, weight)| weight)
            .sum()
    }

    /// Frames of a stack, innermost first.
    fn stack(&self, stack: u32) -> impl Iterator<Item = Frame> {
        let first = (stack != NONE).then_some(stack);
        std::iter::successors(first, |node| {
            Some(self.nodes.parent[*node as usize]).filter(|parent| *parent != NONE)
        })
        .map(|node| self.frames[self.nodes.frame[node as usize] as usize])
    }

    pub(crate) fn deepest(&self) -> usize {
        self.columns
            .stack
            .iter()
            .map(|stack| self.stack(*stack).count())
            .max()
            .unwrap_or(0)
    }

    /// Share of samples whose innermost frame lies in `function` (or a clone of it) of `program`.
    pub(crate) fn self_share(&self, program: &Path, function: &str) -> f64 {
        self.share(program, function, |stack| {
            self.stack(stack).take(1).collect()
        })
    }

    /// Share of samples with a frame in `function` (or a clone of it) of `program`.
    pub(crate) fn total_share(&self, program: &Path, function: &str) -> f64 {
        self.share(program, function, |stack| self.stack(stack).collect())
    }

    fn share(&self, program: &Path, function: &str, frames: impl Fn(u32) -> Vec<Frame>) -> f64 {
        let inside = self.inside(program, function);
        let hits = self
            .columns
            .stack
            .iter()
            .filter(|stack| frames(**stack).iter().any(&inside));
        hits.count() as f64 / self.samples().max(1) as f64
    }

    /// Tells frames in `function` (or a clone of it) of `program`.
    fn inside(&self, program: &Path, function: &str) -> impl Fn(&Frame) -> bool {
        let ranges = function_ranges(program, function);
        assert!(!ranges.is_empty(), "{function} is in {}", program.display());
        let path = program.to_string_lossy().into_owned();
        move |frame| {
            self.modules
                .get(frame.module as usize)
                .is_some_and(|module| module.path == path)
                && ranges.iter().any(|range| range.contains(&frame.address))
        }
    }

    /// Threads with a sample, once each.
    pub(crate) fn sampled_threads(&self) -> impl Iterator<Item = &Thread> {
        let ids: BTreeSet<u32> = self.columns.thread.iter().copied().collect();
        ids.into_iter().map(|id| &self.threads[id as usize])
    }

    pub(crate) fn pids_of_threads_named(&self, name: &str) -> BTreeSet<u32> {
        self.sampled_threads()
            .filter(|thread| thread.name == name)
            .map(|t| t.pid)
            .collect()
    }

    /// Samples a second of the thread that has most.
    pub(crate) fn fastest_thread_hz(&self) -> f64 {
        let mut counts = BTreeMap::<u32, u64>::new();
        for thread in &self.columns.thread {
            *counts.entry(*thread).or_default() += 1;
        }
        let times = &self.columns.time_ns;
        let span_ns = times
            .iter()
            .max()
            .zip(times.iter().min())
            .map_or(0, |(max, min)| max - min);
        let most = counts.values().copied().max().unwrap_or(0);
        most as f64 * 1e9 / span_ns.max(1) as f64
    }
}

fn function_ranges(program: &Path, function: &str) -> Vec<Range<u64>> {
    let bytes = std::fs::read(program).expect("the program can be read");
    let elf = object::File::parse(&*bytes).expect("the program is an ELF file");
    elf.symbols()
        .filter(|symbol| {
            symbol.name().is_ok_and(|name| {
                name == function
                    || name
                        .strip_prefix(function)
                        .is_some_and(|r| r.starts_with('.'))
            })
        })
        .map(|symbol| symbol.address()..symbol.address() + symbol.size())
        .collect()
}
