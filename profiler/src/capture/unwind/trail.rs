//! What was found at a thread's last sample, so that outer frames that have not moved since are not
//! followed again.
//!
//! A step from a frame to its caller depends on the frame's address, stack pointer and frame
//! pointer, on the mappings, and on the words that it reads from the stack. Where a walk comes by a
//! frame of the last one with all of these equal, and every word that was read from there outwards
//! still holds, the rest of the stack is the same. Comparing the words costs a fraction of following
//! them: none of the reads waits for another one.

use framehop::FrameAddress;

use super::UnwindEnd;
use crate::capture::{model::NONE, tables::Tables};

/// Threads whose last stack is remembered at a time; a power of two. Two that share a slot put each
/// other out.
const SLOTS: usize = 256;

/// Deeper stacks are not remembered.
const MOST_STEPS: usize = 512;

/// A frame that a walk came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) at: FrameAddress,
    pub(super) sp: u64,
    pub(super) bp: u64,
}

/// A frame of the walk under way.
#[derive(Clone, Copy, Debug)]
struct NewStep {
    standing: Standing,
    frame: u32,
    /// Where its reads end, among those of the walk.
    reads_end: usize,
    /// Whether the step to its caller depends on nothing else.
    is_plain: bool,
}

/// A frame of the last walk.
#[derive(Clone, Copy, Debug)]
struct Step {
    standing: Standing,
    frame: u32,
    /// Its node in the tables.
    node: u32,
    /// Where the reads of this frame and of all outer ones end.
    reads_end: usize,
}

/// A word that was read: address and value.
type Read = (u64, u64);

/// The last walk of one thread, outermost frame first.
#[derive(Clone, Debug)]
struct Trail {
    tid: u32,
    epoch: u32,
    steps: Vec<Step>,
    reads: Vec<Read>,
    /// So many outer steps depend on what is remembered alone.
    plain: usize,
    end: UnwindEnd,
}

/// The last walks of many threads, and the one under way.
#[derive(Debug)]
pub(super) struct Trails {
    slots: Box<[Trail]>,
    new_steps: Vec<NewStep>,
    new_reads: Vec<Read>,
    /// Whether a word could not be read: what follows from that is not kept.
    missed: bool,
    slot: usize,
    /// Steps that the walk may still meet: the outermost so many.
    candidates: usize,
    are_compared: bool,
    /// Frames that were not followed again, over all walks.
    pub(super) reused: u64,
}

impl Trails {
    pub(super) fn new() -> Self {
        let empty = Trail {
            tid: 0,
            epoch: u32::MAX,
            steps: Vec::new(),
            reads: Vec::new(),
            plain: 0,
            end: UnwindEnd::Truncated,
        };
        Self {
            slots: vec![empty; SLOTS].into_boxed_slice(),
            new_steps: Vec::new(),
            new_reads: Vec::new(),
            missed: false,
            slot: 0,
            candidates: 0,
            are_compared: false,
            reused: 0,
        }
    }

    /// Begins the walk of a thread whose process's mappings are those of `epoch`.
    pub(super) fn begin(&mut self, tid: u32, epoch: u32) {
        self.new_steps.clear();
        self.new_reads.clear();
        self.missed = false;
        self.slot = tid as usize % SLOTS;
        let trail = &mut self.slots[self.slot];
        if trail.tid != tid || trail.epoch != epoch {
            trail.forget();
            (trail.tid, trail.epoch) = (tid, epoch);
        }
        self.candidates = trail.plain;
        self.are_compared = false;
    }

    /// Notes a word that was read on the way from the newest frame to its caller.
    pub(super) fn note_read(&mut self, address: u64, value: Result<u64, ()>) {
        match value {
            Ok(value) => self.new_reads.push((address, value)),
            Err(()) => self.missed = true,
        }
    }

    /// Notes a frame, once its caller is known or known to be missing.
    pub(super) fn note_frame(&mut self, standing: Standing, frame: u32, is_plain: bool) {
        self.new_steps.push(NewStep {
            standing,
            frame,
            reads_end: self.new_reads.len(),
            is_plain,
        });
    }

    /// Whether the rest of the walk is as it was: appends its frames, at most `room`, and says how
    /// it ends.
    pub(super) fn meet(
        &mut self,
        standing: Standing,
        room: usize,
        read_stack: &mut impl FnMut(u64) -> Result<u64, ()>,
        frames: &mut Vec<u32>,
    ) -> Option<UnwindEnd> {
        let trail = &self.slots[self.slot];
        while self.candidates > 0 && trail.steps[self.candidates - 1].standing.sp < standing.sp {
            self.candidates -= 1;
        }
        let step = trail.steps[..self.candidates].last()?;
        if step.standing != standing || self.candidates > room {
            return None;
        }
        if !self.are_compared {
            self.are_compared = true;
            let changed = trail.reads[..step.reads_end]
                .iter()
                .position(|(address, value)| read_stack(*address) != Ok(*value));
            if let Some(changed) = changed {
                // Only frames beyond the outermost change may be met.
                self.candidates = trail.steps[..self.candidates]
                    .partition_point(|step| step.reads_end <= changed);
                return None;
            }
        }
        let known = trail.steps[..self.candidates].iter().rev();
        frames.extend(known.map(|step| step.frame));
        self.reused += self.candidates as u64;
        Some(trail.end)
    }

    /// Ends the walk: gives the stack node of its innermost frame. `was_met` tells whether it ended
    /// by meeting the last one.
    pub(super) fn finish(&mut self, end: UnwindEnd, was_met: bool, tables: &mut Tables) -> u32 {
        let trail = &mut self.slots[self.slot];
        trail.keep(if was_met { self.candidates } else { 0 });
        trail.end = end;
        let mut node = trail.steps.last().map_or(NONE, |step| step.node);
        for (index, new) in self.new_steps.iter().enumerate().rev() {
            node = tables.node(node, new.frame);
            let reads_start = index
                .checked_sub(1)
                .map_or(0, |inner| self.new_steps[inner].reads_end);
            trail
                .reads
                .extend_from_slice(&self.new_reads[reads_start..new.reads_end]);
            if trail.plain == trail.steps.len() && new.is_plain {
                trail.plain += 1;
            }
            trail.steps.push(Step {
                standing: new.standing,
                frame: new.frame,
                node,
                reads_end: trail.reads.len(),
            });
        }
        if self.missed || trail.steps.len() > MOST_STEPS {
            trail.forget();
        }
        node
    }
}

impl Trail {
    fn forget(&mut self) {
        self.keep(0);
    }

    /// Keeps the outermost so many steps.
    fn keep(&mut self, steps: usize) {
        self.steps.truncate(steps);
        let reads = self.steps.last().map_or(0, |step| step.reads_end);
        self.reads.truncate(reads);
        self.plain = self.plain.min(steps);
    }
}
