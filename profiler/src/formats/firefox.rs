//! The Firefox Profiler's processed profile, which profiler.firefox.com opens without sending it
//! anywhere.
//!
//! Threads, times and categories are kept, waits as samples weighed in milliseconds; what it does
//! not hold in this form: source lines, and which functions were inlined.

use std::{collections::HashMap, io, time::Duration};

use fxprof_processed_profile::{
    CategoryColor, CategoryPairHandle, CpuDelta, Frame, FrameFlags, FrameInfo, ProcessHandle,
    Profile as Processed, ReferenceTimestamp, SamplingInterval, StackHandle, ThreadHandle,
    Timestamp, WeightType,
};

use super::one_line;
use crate::{
    capture::model::NONE,
    profile::{Category, Profile, Selection, Unit, Weighed},
};

pub(super) fn write(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut writer = Writer::new(profile, selection);
    for (row, time_ns) in profile.weighed_at(selection) {
        writer.add(row, time_ns);
    }
    Ok(serde_json::to_writer(out, &writer.processed)?)
}

struct Writer<'a> {
    profile: &'a Profile,
    processed: Processed,
    unit: Unit,
    period: Duration,
    categories: Vec<CategoryPairHandle>,
    processes: HashMap<u32, ProcessHandle>,
    threads: HashMap<u32, ThreadHandle>,
    /// Stacks by thread and stack node.
    stacks: HashMap<(u32, u32), StackHandle>,
}

/// Categories in the order of their handles.
const CATEGORIES: [(Category, &str, CategoryColor); 6] = [
    (Category::Own, "Own code", CategoryColor::Orange),
    (Category::Dependency, "Dependency", CategoryColor::Blue),
    (Category::Std, "Standard library", CategoryColor::Green),
    (Category::Kernel, "Kernel", CategoryColor::Purple),
    (Category::Jit, "Made at run time", CategoryColor::LightGreen),
    (Category::Root, "Unknown", CategoryColor::Gray),
];

impl<'a> Writer<'a> {
    fn new(profile: &'a Profile, selection: &Selection) -> Self {
        let header = &profile.header;
        let started_ms = header.started_at.as_millisecond().max(0) as f64;
        let mut processed = Processed::new(
            &one_line(&header.name),
            ReferenceTimestamp::from_millis_since_unix_epoch(started_ms),
            SamplingInterval::from_hz(header.frequency_hz.max(1) as f32),
        );
        processed.set_os_name(&format!("Linux {}", header.machine.kernel));
        processed.set_symbolicated(true);
        let categories = CATEGORIES
            .iter()
            .map(|(_, name, color)| processed.add_category(name, *color).into())
            .collect();
        Self {
            profile,
            processed,
            unit: profile.unit(selection.weight),
            period: Duration::from_nanos(profile.period_ns().unwrap_or(0)),
            categories,
            processes: HashMap::new(),
            threads: HashMap::new(),
            stacks: HashMap::new(),
        }
    }

    fn add(&mut self, row: Weighed, time_ns: u64) {
        let thread = self.thread(row.thread);
        let stack = self.stack((row.thread, thread), row.stack);
        let at = Timestamp::from_nanos_since_reference(time_ns);
        let (weight, spent) = match self.unit {
            Unit::Samples => (row.weight, self.period),
            // Whole milliseconds are what the format takes; a shorter wait counts as one.
            Unit::Nanoseconds => (row.weight.div_ceil(1_000_000), Duration::ZERO),
            Unit::Faults | Unit::Bytes | Unit::Allocations | Unit::Events => {
                (row.weight, Duration::ZERO)
            }
        };
        let weight = i32::try_from(weight).unwrap_or(i32::MAX);
        let spent = CpuDelta::from_nanos(spent.as_nanos() as u64);
        self.processed.add_sample(thread, at, stack, spent, weight);
    }

    fn thread(&mut self, thread: u32) -> ThreadHandle {
        if let Some(handle) = self.threads.get(&thread) {
            return *handle;
        }
        let known = &self.profile.threads[thread as usize];
        let process = self.process(known.pid);
        let start = Timestamp::from_nanos_since_reference(0);
        let is_main = known.pid == known.tid;
        let handle = self
            .processed
            .add_thread(process, known.tid, start, is_main);
        self.processed
            .set_thread_name(handle, &one_line(&known.name));
        let weight_type = match self.unit {
            Unit::Nanoseconds => WeightType::TracingMs,
            Unit::Bytes => WeightType::Bytes,
            _ => WeightType::Samples,
        };
        self.processed
            .set_thread_samples_weight_type(handle, weight_type);
        self.threads.insert(thread, handle);
        handle
    }

    fn process(&mut self, pid: u32) -> ProcessHandle {
        if let Some(handle) = self.processes.get(&pid) {
            return *handle;
        }
        let mut entries = self.profile.processes.iter().rev();
        let entry = entries.find(|entry| entry.pid == pid);
        let name = entry.map_or(self.profile.header.name.as_str(), |entry| &entry.name);
        let start = Timestamp::from_nanos_since_reference(0);
        let handle = self.processed.add_process(&one_line(name), pid, start);
        self.processes.insert(pid, handle);
        handle
    }

    fn stack(&mut self, thread: (u32, ThreadHandle), stack: u32) -> Option<StackHandle> {
        // From the innermost node out to one that is known, then back in.
        let mut missing = Vec::new();
        let mut node = stack;
        while node != NONE && !self.stacks.contains_key(&(thread.0, node)) {
            missing.push(node);
            node = self.profile.stacks.parent[node as usize];
        }
        let mut above = self.stacks.get(&(thread.0, node)).copied();
        for node in missing.into_iter().rev() {
            let frames = self
                .profile
                .logical_of(self.profile.stacks.frame[node as usize]);
            for logical in frames.iter().rev() {
                let function = &self.profile.functions[logical.function as usize];
                let place = CATEGORIES
                    .iter()
                    .position(|(category, ..)| *category == function.category);
                let name = self.processed.intern_string(&one_line(&function.name));
                let frame = FrameInfo {
                    frame: Frame::Label(name),
                    category_pair: self.categories[place.unwrap_or(CATEGORIES.len() - 1)],
                    flags: FrameFlags::empty(),
                };
                let frame = self.processed.intern_frame(thread.1, frame);
                above = Some(self.processed.intern_stack(thread.1, above, frame));
            }
            if let Some(stack) = above {
                self.stacks.insert((thread.0, node), stack);
            }
        }
        above
    }
}
