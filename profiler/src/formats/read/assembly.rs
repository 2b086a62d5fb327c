//! Puts a profile together from named frames, as most foreign formats have them.

use std::collections::HashMap;

use scrutineer_evidence::{capture::Sampler, process::Runtime, system::MachineKey};

use super::{Input, ReadError};
use crate::{
    capture::{
        model::{
            CallGraph, CaptureHeader, Chunk, Frame, FrameSymbols, Module, ModuleKind, NONE,
            Samples, StackNodes, Subject, Symbol, Thread,
        },
        tables::IdMap,
    },
    profile::{Foreign, ProfileBuilder},
};

/// A sample on its way into the columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) time_ns: u64,
    pub(super) thread: u32,
    pub(super) stack: u32,
    pub(super) weight: u64,
    pub(super) flags: u8,
}

/// A growing profile.
pub(super) struct Assembly {
    pub(super) header: CaptureHeader,
    modules: Vec<Module>,
    module_ids: HashMap<Module, u32>,
    frames: Vec<Frame>,
    symbols: Vec<FrameSymbols>,
    frame_ids: HashMap<(u32, Option<u64>, Vec<Symbol>), u32>,
    nodes: StackNodes,
    node_ids: IdMap<(u32, u32), u32>,
    threads: Vec<Thread>,
    thread_ids: HashMap<(u32, u32), u32>,
    rows: Vec<Row>,
    pub(super) notes: Vec<String>,
}

/// The header of a profile that says nothing of where it comes from.
pub(super) fn header(input: &Input<'_>) -> CaptureHeader {
    CaptureHeader {
        product_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: input.modified_at,
        pid: 0,
        name: input.name.clone(),
        command_line: String::new(),
        executable: String::new(),
        runtime: Runtime::Native,
        launched: false,
        frequency_hz: 0,
        sampler: Sampler::Foreign,
        kernel_frames: false,
        stack_dump_bytes: 0,
        machine: MachineKey {
            cpu_model: String::new(),
            cores: 0,
            kernel: String::new(),
            governor: None,
        },
        commit: None,
        subject: Subject::Processes,
        follows_children: false,
        call_graph: CallGraph::FramePointers,
        wait_source: None,
        page_faults: false,
        by_helper: false,
    }
}

impl Assembly {
    pub(super) fn new(input: &Input<'_>) -> Self {
        Self {
            header: header(input),
            modules: Vec::new(),
            module_ids: HashMap::new(),
            frames: Vec::new(),
            symbols: Vec::new(),
            frame_ids: HashMap::new(),
            nodes: StackNodes::default(),
            node_ids: IdMap::default(),
            threads: Vec::new(),
            thread_ids: HashMap::new(),
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The module that code lies in.
    pub(super) fn module(&mut self, kind: ModuleKind, path: &str, build_id: &[u8]) -> u32 {
        let module = Module {
            kind,
            path: path.to_owned(),
            build_id: build_id.to_vec(),
            deleted: false,
        };
        let next = self.modules.len() as u32;
        *self.module_ids.entry(module).or_insert_with_key(|module| {
            self.modules.push(module.clone());
            next
        })
    }

    /// The module of code of which nothing is known: the program's own.
    pub(super) fn own_module(&mut self) -> u32 {
        let name = self.header.name.clone();
        self.module(ModuleKind::File, &name, &[])
    }

    /// A frame by its symbols, innermost first. Without an address it gets a number of its own;
    /// with one and without symbols it waits for them to be looked up.
    pub(super) fn frame(&mut self, module: u32, address: Option<u64>, symbols: Vec<Symbol>) -> u32 {
        let key = (module, address, symbols);
        if let Some(id) = self.frame_ids.get(&key) {
            return *id;
        }
        let id = self.frames.len() as u32;
        self.frames.push(Frame {
            module,
            address: address.unwrap_or(u64::from(id)),
        });
        if address.is_none() || !key.2.is_empty() {
            self.symbols.push(FrameSymbols {
                frame: id,
                symbols: key.2.clone(),
            });
        }
        self.frame_ids.insert(key, id);
        id
    }

    /// A frame that has a name and no address.
    pub(super) fn named(&mut self, module: u32, name: &str, file: &str, line: u32) -> u32 {
        let symbol = Symbol {
            name: name.to_owned(),
            file: file.to_owned(),
            line,
            inlined: false,
        };
        self.frame(module, None, vec![symbol])
    }

    /// The stack node of a frame that was called from `parent`.
    pub(super) fn node(&mut self, parent: u32, frame: u32) -> u32 {
        let next = self.nodes.frame.len() as u32;
        *self.node_ids.entry((parent, frame)).or_insert_with(|| {
            self.nodes.parent.push(parent);
            self.nodes.frame.push(frame);
            next
        })
    }

    /// The thread with these ids; a name that is known stays.
    pub(super) fn thread(&mut self, pid: u32, tid: u32, name: &str) -> u32 {
        let next = self.threads.len() as u32;
        *self.thread_ids.entry((pid, tid)).or_insert_with(|| {
            self.threads.push(Thread {
                pid,
                tid,
                name: name.to_owned(),
            });
            next
        })
    }

    /// Keeps a sample; one that weighs nothing is left out.
    pub(super) fn sample(&mut self, time_ns: u64, thread: u32, stack: u32, weight: u64) {
        if weight > 0 {
            self.rows.push(Row {
                time_ns,
                thread,
                stack,
                weight,
                flags: 0,
            });
        }
    }

    /// The profile, its samples in order of time.
    pub(super) fn finish(mut self, mut foreign: Foreign) -> Result<ProfileBuilder, ReadError> {
        if self.rows.is_empty() {
            return Err(ReadError::Empty {
                format: foreign.format,
            });
        }
        check(foreign.format, &self.rows, 0)?;
        foreign.notes.append(&mut self.notes);
        let mut builder = ProfileBuilder::default();
        builder.push(Chunk::Header(self.header));
        builder.push(Chunk::Modules(self.modules));
        builder.push(Chunk::Frames(self.frames));
        builder.push(Chunk::Stacks(self.nodes));
        builder.push(Chunk::Threads(self.threads));
        push_rows(&mut builder, self.rows);
        builder.push(Chunk::Symbols(self.symbols));
        builder.set_foreign(foreign);
        Ok(builder)
    }
}

/// Longest span of times that is believed: views lay it out second by second.
const LONGEST_NS: u64 = 7 * 24 * 3_600 * 1_000_000_000;

/// Refuses sums and times that no recording has, so that no view has to expect them.
///
/// `last_ns` is the end of the recording, where that is told.
pub(super) fn check(format: &'static str, rows: &[Row], last_ns: u64) -> Result<(), ReadError> {
    let damaged = |what: &str| {
        Err(ReadError::Damaged {
            format,
            what: what.to_owned(),
        })
    };
    let sum = rows
        .iter()
        .try_fold(0_u64, |sum, row| sum.checked_add(row.weight));
    if sum.is_none_or(|sum| sum > u64::MAX / 8) {
        return damaged("its samples weigh more than can be counted");
    }
    let times = rows.iter().map(|row| row.time_ns);
    if times.max().max(Some(last_ns)) > Some(LONGEST_NS) {
        return damaged("its times lie more than a week apart");
    }
    Ok(())
}

/// Hands samples over in order of time; a column of weights is made where one is not 1.
pub(super) fn push_rows(builder: &mut ProfileBuilder, mut rows: Vec<Row>) {
    if !rows.is_sorted_by_key(|row| row.time_ns) {
        rows.sort_by_key(|row| row.time_ns);
    }
    let samples = Samples {
        time_ns: rows.iter().map(|row| row.time_ns).collect(),
        thread: rows.iter().map(|row| row.thread).collect(),
        stack: rows.iter().map(|row| row.stack).collect(),
        flags: rows.iter().map(|row| row.flags).collect(),
    };
    if rows.iter().all(|row| row.weight == 1) {
        builder.push(Chunk::Samples(samples));
    } else {
        let weights = rows.iter().map(|row| row.weight).collect();
        builder.push_weighed(samples, weights);
    }
}

/// A number of a time or a weight as whole units: negative and unreal ones are 0.
pub(super) fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// A stack from the frames of its callers inwards.
pub(super) fn stack(
    assembly: &mut Assembly,
    outermost_first: impl IntoIterator<Item = u32>,
) -> u32 {
    let frames = outermost_first.into_iter();
    frames.fold(NONE, |parent, frame| assembly.node(parent, frame))
}
