//! How a profile grows from chunks, also while the capture still runs.

use std::{collections::HashMap, ops::Range};

use scrutineer_evidence::capture::Quality;

use crate::{
    capture::model::{
        CaptureHeader, Chunk, Frame, FrameSymbols, NONE, PageFaults, Readings, SAMPLE_TRUNCATED,
        Samples, StackNodes, Symbol, Thread, Waits,
    },
    profile::{
        Category, Foreign, Function, LogicalFrame, Profile,
        category::{Classifier, Origin},
        index::ProfileIndex,
        wait_classes::Unclassed,
    },
    symbols::is_made_up,
};

/// Builds a [`Profile`] from chunks, also while the capture still grows.
///
/// Symbols may come after the samples that they name, and again: the last word holds.
#[derive(Debug, Default)]
pub struct ProfileBuilder {
    growing: Option<Growing>,
}

#[derive(Debug)]
struct Growing {
    profile: Profile,
    classifier: Classifier,
    /// Named functions by module and name.
    functions: HashMap<(u32, String), u32>,
    files: HashMap<String, u32>,
    /// First position of each thread, by pid and tid.
    threads: HashMap<(u32, u32), u32>,
    /// Position of the first entry with the same pid and tid, for each entry.
    canonical_thread: Vec<u32>,
    /// Samples by raw innermost frame.
    innermost: Vec<u64>,
    /// Functions of addresses that have got a name since: their ids are used again.
    free_functions: Vec<u32>,
    /// For each raw frame, whether it still has its address for a name.
    placeholder: Vec<bool>,
    /// For each raw frame, whether its innermost function has a name.
    is_named: Vec<bool>,
    /// Whether a source file has decided the function's category.
    settled: Vec<bool>,
    unclassed: Unclassed,
}

impl ProfileBuilder {
    /// Takes the next chunk. A chunk before the header, or one with ids that point nowhere (the
    /// reader refuses those before), is ignored.
    pub fn push(&mut self, chunk: Chunk) {
        match (&mut self.growing, chunk) {
            (None, Chunk::Header(header)) => self.growing = Some(Growing::new(header)),
            (Some(growing), chunk) => growing.push(chunk),
            (None, _) => {}
        }
    }

    /// Takes samples that weigh other than 1 each: from the first on, all of a profile do. Columns
    /// of unequal length are ignored, as those of [`ProfileBuilder::push`].
    pub fn push_weighed(&mut self, samples: Samples, weights: Vec<u64>) {
        let Some(growing) = &mut self.growing else {
            return;
        };
        if samples.time_ns.len() != weights.len() {
            return;
        }
        let before = growing.profile.samples.time_ns.len();
        growing.push_samples(samples);
        if growing.profile.samples.time_ns.len() > before {
            growing.profile.sample_weights.resize(before, 1);
            growing.profile.sample_weights.extend(weights);
        }
    }

    /// Says that the profile comes from another tool.
    pub fn set_foreign(&mut self, foreign: Foreign) {
        if let Some(growing) = &mut self.growing {
            growing.profile.foreign = Some(foreign);
        }
    }

    /// The profile as far as it has grown; `None` before the header.
    pub fn profile(&self) -> Option<&Profile> {
        self.growing.as_ref().map(|growing| &growing.profile)
    }

    /// Ends the building, and puts the stack nodes in the order that serves views best.
    pub fn finish(self) -> Option<Profile> {
        self.growing.map(|growing| growing.profile.ordered())
    }
}

impl Growing {
    fn new(header: CaptureHeader) -> Self {
        Self {
            classifier: Classifier::new(&header),
            profile: Profile {
                header,
                end: None,
                quality: Quality::default(),
                modules: Vec::new(),
                frames: Vec::new(),
                stacks: StackNodes::default(),
                threads: Vec::new(),
                samples: Samples::default(),
                sample_weights: Vec::new(),
                residency: Vec::new(),
                activity: Vec::new(),
                waits: Waits::default(),
                page_faults: PageFaults::default(),
                series: Vec::new(),
                readings: Readings::default(),
                processes: Vec::new(),
                events: Vec::new(),
                functions: Vec::new(),
                foreign: None,
                files: Vec::new(),
                frame_logical: Vec::new(),
                logical: Vec::new(),
                looked_up: Vec::new(),
                index: ProfileIndex::default(),
            },
            functions: HashMap::new(),
            files: HashMap::new(),
            threads: HashMap::new(),
            canonical_thread: Vec::new(),
            innermost: Vec::new(),
            free_functions: Vec::new(),
            placeholder: Vec::new(),
            is_named: Vec::new(),
            settled: Vec::new(),
            unclassed: Unclassed::default(),
        }
    }

    fn push(&mut self, chunk: Chunk) {
        match chunk {
            Chunk::Header(_) => {}
            Chunk::Modules(modules) => self.profile.modules.extend(modules),
            Chunk::Frames(frames) => frames.into_iter().for_each(|frame| self.push_frame(frame)),
            Chunk::Stacks(nodes) => self.push_stacks(nodes),
            Chunk::Threads(threads) => threads.into_iter().for_each(|t| self.push_thread(t)),
            Chunk::Samples(samples) => self.push_samples(samples),
            Chunk::Residency(readings) => self.profile.residency.extend(readings),
            Chunk::Activity(readings) => self.profile.activity.extend(readings),
            Chunk::Quality(quality) => self.push_quality(quality),
            Chunk::End(end) => self.profile.end = Some(end),
            Chunk::Symbols(symbols) => {
                for frame in symbols {
                    self.push_symbols(frame);
                }
                // Other functions repeat one another.
                self.profile.index = ProfileIndex::default();
                self.unclassed.forget_told();
                self.unclassed.class(&mut self.profile);
            }
            Chunk::Waits(waits) => self.push_waits(waits),
            Chunk::PageFaults(faults) => self.push_page_faults(faults),
            Chunk::Series(series) => self.profile.series.extend(series),
            Chunk::Readings(readings) => self.push_readings(readings),
            Chunk::Processes(processes) => self.profile.processes.extend(processes),
            Chunk::Events(events) => self.profile.events.extend(events),
        }
    }

    fn push_frame(&mut self, frame: Frame) {
        let known = (frame.module as usize) < self.profile.modules.len();
        let frame = if known {
            frame
        } else {
            Frame {
                module: NONE,
                ..frame
            }
        };
        let function = self.add_function(self.unnamed(frame));
        let start = self.profile.logical.len() as u32;
        let logical = LogicalFrame {
            function,
            file: NONE,
            line: 0,
            inlined: false,
        };
        self.profile.logical.push(logical);
        self.profile.frame_logical.push(start..start + 1);
        self.profile.frames.push(frame);
        self.profile.looked_up.push(false);
        self.innermost.push(0);
        self.placeholder.push(true);
        self.is_named.push(false);
    }

    /// The function that stands for an address without a name.
    fn unnamed(&self, frame: Frame) -> Function {
        let module = self.profile.modules.get(frame.module as usize);
        let name = match module {
            Some(module) => format!("{:#x} ({})", frame.address, file_name(&module.path)),
            None => format!("{:#x}", frame.address),
        };
        let category = module.map_or(Category::Root, |m| self.classifier.module(m));
        Function {
            name,
            category,
            module: frame.module,
            named: false,
        }
    }

    fn add_function(&mut self, function: Function) -> u32 {
        if let Some(id) = self.free_functions.pop() {
            self.profile.functions[id as usize] = function;
            self.settled[id as usize] = false;
            return id;
        }
        self.profile.functions.push(function);
        self.settled.push(false);
        self.profile.functions.len() as u32 - 1
    }

    fn push_stacks(&mut self, nodes: StackNodes) {
        let held = self.profile.stacks.parent.len();
        let frames = self.profile.frames.len();
        let parents_first = nodes
            .parent
            .iter()
            .enumerate()
            .all(|(position, parent)| *parent == NONE || (*parent as usize) < held + position);
        let frames_known = nodes.frame.iter().all(|frame| (*frame as usize) < frames);
        if nodes.parent.len() == nodes.frame.len() && parents_first && frames_known {
            self.profile.stacks.parent.extend(nodes.parent);
            self.profile.stacks.frame.extend(nodes.frame);
            self.profile.index = ProfileIndex::default();
        }
    }

    fn push_thread(&mut self, thread: Thread) {
        let position = self.profile.threads.len() as u32;
        let first = *self
            .threads
            .entry((thread.pid, thread.tid))
            .or_insert(position);
        self.canonical_thread.push(first);
        // What is told of a thread after its end may lack its name.
        if first != position && !thread.name.is_empty() {
            self.profile.threads[first as usize]
                .name
                .clone_from(&thread.name);
        }
        self.profile.threads.push(thread);
    }

    fn push_samples(&mut self, samples: Samples) {
        let count = samples.time_ns.len();
        let even = [
            samples.thread.len(),
            samples.stack.len(),
            samples.flags.len(),
        ] == [count; 3];
        if !even || !self.knows_all(&samples.thread, &samples.stack) {
            return;
        }
        self.count_quality(&samples);
        let held = &mut self.profile.samples;
        held.time_ns.extend(samples.time_ns);
        held.thread.extend(
            samples
                .thread
                .iter()
                .map(|t| self.canonical_thread[*t as usize]),
        );
        held.stack.extend(samples.stack);
        held.flags.extend(samples.flags);
        self.profile.index = ProfileIndex::default();
    }

    fn knows_all(&self, threads: &[u32], stacks: &[u32]) -> bool {
        let (known_stacks, known_threads) =
            (self.profile.stacks.frame.len(), self.profile.threads.len());
        stacks
            .iter()
            .all(|stack| *stack == NONE || (*stack as usize) < known_stacks)
            && threads
                .iter()
                .all(|thread| (*thread as usize) < known_threads)
    }

    fn push_waits(&mut self, waits: Waits) {
        let even = [
            waits.duration_ns.len(),
            waits.run_queue_ns.len(),
            waits.count.len(),
            waits.thread.len(),
            waits.stack.len(),
            waits.class.len(),
            waits.waker.len(),
        ] == [waits.start_ns.len(); 7];
        if !even || !self.knows_all(&waits.thread, &waits.stack) {
            return;
        }
        let canonical = |thread: &u32| self.canonical_thread.get(*thread as usize).copied();
        let first = self.profile.waits.start_ns.len();
        let held = &mut self.profile.waits;
        held.thread
            .extend(waits.thread.iter().filter_map(canonical));
        let wakers = waits.waker.iter();
        held.waker
            .extend(wakers.map(|waker| canonical(waker).unwrap_or(NONE)));
        held.start_ns.extend(waits.start_ns);
        held.duration_ns.extend(waits.duration_ns);
        held.run_queue_ns.extend(waits.run_queue_ns);
        held.count.extend(waits.count);
        held.stack.extend(waits.stack);
        held.class.extend(waits.class);
        self.unclassed.add(&self.profile, first);
        self.unclassed.class(&mut self.profile);
    }

    fn push_page_faults(&mut self, faults: PageFaults) {
        let even = [faults.thread.len(), faults.stack.len(), faults.weight.len()]
            == [faults.time_ns.len(); 3];
        if !even || !self.knows_all(&faults.thread, &faults.stack) {
            return;
        }
        let held = &mut self.profile.page_faults;
        let canonical = |thread: &u32| self.canonical_thread[*thread as usize];
        held.thread.extend(faults.thread.iter().map(canonical));
        held.time_ns.extend(faults.time_ns);
        held.stack.extend(faults.stack);
        held.weight.extend(faults.weight);
    }

    fn push_readings(&mut self, readings: Readings) {
        let count = readings.time_ns.len();
        let known = self.profile.series.len();
        let even = [readings.series.len(), readings.value.len()] == [count; 2];
        if !even
            || readings
                .series
                .iter()
                .any(|series| *series as usize >= known)
        {
            return;
        }
        let held = &mut self.profile.readings;
        held.time_ns.extend(readings.time_ns);
        held.series.extend(readings.series);
        held.value.extend(readings.value);
    }

    fn count_quality(&mut self, samples: &Samples) {
        let (mut truncated, mut unresolved) = (0, 0);
        for (stack, flags) in samples.stack.iter().zip(&samples.flags) {
            truncated += u64::from(flags & SAMPLE_TRUNCATED != 0);
            if *stack == NONE {
                unresolved += 1;
                continue;
            }
            let frame = self.profile.stacks.frame[*stack as usize] as usize;
            self.innermost[frame] += 1;
            unresolved += u64::from(!self.is_named[frame]);
        }
        let quality = &mut self.profile.quality;
        quality.samples += samples.stack.len() as u64;
        quality.truncated += truncated;
        quality.unresolved += unresolved;
    }

    /// What the samples themselves tell is counted here: a file cut short may lack its last
    /// quality, and names are not known yet when it is written.
    fn push_quality(&mut self, quality: Quality) {
        let counted = std::mem::replace(&mut self.profile.quality, quality);
        self.profile.quality.samples = counted.samples;
        self.profile.quality.truncated = counted.truncated;
        self.profile.quality.unresolved = counted.unresolved;
    }

    fn push_symbols(&mut self, symbols: FrameSymbols) {
        let frame = symbols.frame;
        let Some(raw) = self.profile.frames.get(frame as usize).copied() else {
            return;
        };
        self.profile.looked_up[frame as usize] = true;
        if symbols.symbols.is_empty() {
            return;
        }
        let before = self.unresolved_at(frame);
        if std::mem::take(&mut self.placeholder[frame as usize]) {
            self.free_functions
                .push(self.profile.logical_of(frame)[0].function);
        }
        let range = self.logical_slots(frame, symbols.symbols.len());
        for (slot, symbol) in range.clone().zip(symbols.symbols) {
            self.profile.logical[slot as usize] = self.logical_frame(raw.module, symbol);
        }
        // The physical function is inlined nowhere, whatever the debug information claims.
        self.profile.logical[range.end as usize - 1].inlined = false;
        self.profile.frame_logical[frame as usize] = range;
        let innermost = self.profile.logical_of(frame)[0].function;
        self.is_named[frame as usize] = self.profile.functions[innermost as usize].named;
        let after = self.unresolved_at(frame);
        let unresolved = &mut self.profile.quality.unresolved;
        *unresolved = *unresolved - before + after;
    }

    /// Samples whose innermost frame is `frame`, where it has no name.
    fn unresolved_at(&self, frame: u32) -> u64 {
        if self.is_named[frame as usize] {
            0
        } else {
            self.innermost[frame as usize]
        }
    }

    /// A range of `count` logical frames: the one that the frame has where it is long enough.
    fn logical_slots(&mut self, frame: u32, count: usize) -> Range<u32> {
        let held = self.profile.frame_logical[frame as usize].clone();
        if held.len() >= count {
            return held.start..held.start + count as u32;
        }
        let start = self.profile.logical.len() as u32;
        let unset = LogicalFrame {
            function: 0,
            file: NONE,
            line: 0,
            inlined: false,
        };
        self.profile.logical.resize(start as usize + count, unset);
        start..start + count as u32
    }

    fn logical_frame(&mut self, module: u32, symbol: Symbol) -> LogicalFrame {
        let function = self.named_function(module, symbol.name, &symbol.file);
        let file = self.file(symbol.file);
        LogicalFrame {
            function,
            file,
            line: symbol.line,
            inlined: symbol.inlined,
        }
    }

    fn named_function(&mut self, module: u32, name: String, file: &str) -> u32 {
        let key = (module, name);
        let known = self.functions.get(&key).copied();
        if let Some(id) = known
            && (self.settled[id as usize] || file.is_empty())
        {
            return id;
        }
        let origin = Origin {
            module: self.profile.modules.get(module as usize),
            file,
        };
        let category = self.classifier.function(&key.1, origin);
        let id = known.unwrap_or_else(|| {
            let name = key.1.clone();
            let named = !is_made_up(&name);
            let id = self.add_function(Function {
                name,
                category,
                module,
                named,
            });
            self.functions.insert(key, id);
            id
        });
        self.profile.functions[id as usize].category = category;
        self.settled[id as usize] = !file.is_empty();
        id
    }

    fn file(&mut self, file: String) -> u32 {
        if file.is_empty() {
            return NONE;
        }
        let next = self.profile.files.len() as u32;
        *self.files.entry(file).or_insert_with_key(|file| {
            self.profile.files.push(file.clone());
            next
        })
    }
}

/// Last component of a module's path; `[kernel]` and the like lose their brackets.
pub(super) fn file_name(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.trim_start_matches('[').trim_end_matches(']')
}
