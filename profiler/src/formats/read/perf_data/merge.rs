//! Joins what the cores found into one set of tables.

use std::collections::{BTreeMap, HashMap};

use crate::{
    capture::{
        model::{Chunk, Frame, Module, NONE, StackNodes, Thread},
        tables::IdMap,
    },
    formats::read::assembly::Row,
};

/// What one core found.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Modules, frames, stacks and threads.
    pub(super) chunks: Vec<Chunk>,
    pub(super) rows: Vec<Row>,
    /// Samples whose copy of the stack was too short.
    pub(super) cut_short: u64,
    /// Samples that end too early.
    pub(super) unread: u64,
}

/// What all of them found.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) chunks: Vec<Chunk>,
    pub(super) rows: Vec<Row>,
    pub(super) cut_short: u64,
    pub(super) unread: u64,
    /// Process with most samples.
    pub(super) main_pid: u32,
    /// Name of its first thread.
    pub(super) main_name: String,
}

#[derive(Default)]
struct Joined {
    modules: Vec<Module>,
    module_ids: HashMap<Module, u32>,
    frames: Vec<Frame>,
    frame_ids: IdMap<(u32, u64), u32>,
    nodes: StackNodes,
    node_ids: IdMap<(u32, u32), u32>,
    threads: Vec<Thread>,
    thread_ids: IdMap<(u32, u32), u32>,
}

impl Merged {
    pub(super) fn of(parts: Vec<Part>) -> Self {
        let mut merged = Self::default();
        let mut joined = Joined::default();
        let only = parts.len() == 1;
        for part in parts {
            merged.cut_short += part.cut_short;
            merged.unread += part.unread;
            let mut rows = part.rows;
            joined.add(part.chunks, &mut rows);
            if only {
                merged.rows = rows;
            } else {
                merged.rows.append(&mut rows);
            }
        }
        merged.find_main(&joined.threads);
        merged.chunks = vec![
            Chunk::Modules(joined.modules),
            Chunk::Frames(joined.frames),
            Chunk::Stacks(joined.nodes),
            Chunk::Threads(joined.threads),
        ];
        merged
    }

    fn find_main(&mut self, threads: &[Thread]) {
        let mut samples: BTreeMap<u32, u64> = BTreeMap::new();
        for row in &self.rows {
            *samples.entry(threads[row.thread as usize].pid).or_default() += 1;
        }
        let most = samples
            .iter()
            .max_by_key(|(pid, count)| (**count, u32::MAX - **pid));
        let pid = most.map_or(0, |(pid, _)| *pid);
        let of_process = |thread: &&Thread| thread.pid == pid && !thread.name.is_empty();
        let main = threads.iter().filter(of_process);
        let main = main.min_by_key(|thread| (thread.tid != pid, thread.tid));
        self.main_pid = pid;
        self.main_name = main.map_or_else(|| format!("pid {pid}"), |thread| thread.name.clone());
    }
}

impl Joined {
    fn add(&mut self, chunks: Vec<Chunk>, rows: &mut [Row]) {
        let (mut modules, mut frames) = (Vec::new(), Vec::new());
        let (mut nodes, mut threads) = (Vec::new(), Vec::new());
        for chunk in chunks {
            match chunk {
                Chunk::Modules(found) => {
                    modules.extend(found.into_iter().map(|module| self.module(module)));
                }
                Chunk::Frames(found) => {
                    let at = |id: u32| modules.get(id as usize).copied().unwrap_or(NONE);
                    frames.extend(found.into_iter().map(|frame| {
                        self.frame(Frame {
                            module: at(frame.module),
                            ..frame
                        })
                    }));
                }
                Chunk::Stacks(found) => {
                    for (parent, frame) in found.parent.into_iter().zip(found.frame) {
                        let parent = nodes.get(parent as usize).copied().unwrap_or(NONE);
                        nodes.push(self.node(parent, frames[frame as usize]));
                    }
                }
                Chunk::Threads(found) => {
                    threads.extend(found.into_iter().map(|thread| self.thread(thread)));
                }
                _ => {}
            }
        }
        for row in rows {
            row.thread = threads[row.thread as usize];
            row.stack = nodes.get(row.stack as usize).copied().unwrap_or(NONE);
        }
    }

    fn module(&mut self, module: Module) -> u32 {
        let next = self.modules.len() as u32;
        *self.module_ids.entry(module).or_insert_with_key(|module| {
            self.modules.push(module.clone());
            next
        })
    }

    fn frame(&mut self, frame: Frame) -> u32 {
        let next = self.frames.len() as u32;
        let key = (frame.module, frame.address);
        *self.frame_ids.entry(key).or_insert_with(|| {
            self.frames.push(frame);
            next
        })
    }

    fn node(&mut self, parent: u32, frame: u32) -> u32 {
        let next = self.nodes.frame.len() as u32;
        *self.node_ids.entry((parent, frame)).or_insert_with(|| {
            self.nodes.parent.push(parent);
            self.nodes.frame.push(frame);
            next
        })
    }

    /// The last name that a thread had holds.
    fn thread(&mut self, thread: Thread) -> u32 {
        let next = self.threads.len() as u32;
        let key = (thread.pid, thread.tid);
        let id = *self.thread_ids.entry(key).or_insert(next);
        match self.threads.get_mut(id as usize) {
            Some(known) if !thread.name.is_empty() => known.name = thread.name,
            Some(_) => {}
            None => self.threads.push(thread),
        }
        id
    }
}
