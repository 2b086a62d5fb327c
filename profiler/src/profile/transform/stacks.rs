//! The trie of stacks over logical frames, and how each transform rewrites it.

use std::collections::HashMap;

use super::{Pick, Transform};
use crate::{
    capture::model::{Frame, NONE, StackNodes},
    profile::{Category, Function, LogicalFrame, Profile, index::ProfileIndex},
};

/// Name of the frame that stands for what is not reached through one's own code.
pub(super) const OUTSIDE: &str = "[outside my code]";

/// Where a stack went: its node, or one of these.
const DROPPED: u32 = u32::MAX - 1;

/// A trie over logical frames.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    /// Caller's node, before its callees; [`NONE`] for the outermost.
    parent: Vec<u32>,
    /// Position in `frames`.
    frame: Vec<u32>,
    /// Distinct logical frames.
    frames: Vec<LogicalFrame>,
    /// For each stack node of the profile its node here, [`NONE`] for an empty stack, or
    /// [`DROPPED`].
    place: Vec<u32>,
}

/// Grows a trie, a node for each distinct pair of caller and frame.
#[derive(Debug, Default)]
struct Growing {
    parent: Vec<u32>,
    frame: Vec<u32>,
    known: HashMap<(u32, u32), u32>,
}

impl Growing {
    fn child(&mut self, parent: u32, frame: u32) -> u32 {
        *self.known.entry((parent, frame)).or_insert_with(|| {
            self.parent.push(parent);
            self.frame.push(frame);
            self.parent.len() as u32 - 1
        })
    }
}

impl Stacks {
    /// The stacks of a profile, inlined functions told apart.
    pub(super) fn of(profile: &Profile) -> Self {
        let mut frames: Vec<LogicalFrame> = Vec::new();
        let mut ids: HashMap<(u32, u32, u32, bool), u32> = HashMap::new();
        let mut id_of = |logical: &LogicalFrame| {
            let key = (
                logical.function,
                logical.file,
                logical.line,
                logical.inlined,
            );
            *ids.entry(key).or_insert_with(|| {
                frames.push(*logical);
                frames.len() as u32 - 1
            })
        };
        let mut growing = Growing::default();
        let mut place = Vec::with_capacity(profile.stacks.frame.len());
        for (frame, parent) in profile.stacks.frame.iter().zip(&profile.stacks.parent) {
            let mut at = if *parent == NONE {
                NONE
            } else {
                place[*parent as usize]
            };
            for logical in profile.logical_of(*frame).iter().rev() {
                at = growing.child(at, id_of(logical));
            }
            place.push(at);
        }
        Self {
            parent: growing.parent,
            frame: growing.frame,
            frames,
            place,
        }
    }

    pub(super) fn transformed(
        mut self,
        transform: &Transform,
        profile: &Profile,
        functions: &mut Vec<Function>,
    ) -> Self {
        let mut mask = transform.pick().map(|pick| pick.mask(profile));
        if let Some(mask) = &mut mask {
            // Functions that earlier transforms have made.
            mask.resize(functions.len(), false);
        }
        let mask = mask.unwrap_or_default();
        let is_meant = |function: u32| mask.get(function as usize) == Some(&true);
        let (growing, moved) = match transform {
            Transform::Merge(_) => self.merged(is_meant),
            Transform::Focus(_) => self.focused(is_meant),
            Transform::Keep(_) => self.held(is_meant, true),
            Transform::Drop(_) => self.held(is_meant, false),
            Transform::Collapse(Pick::Function { .. } | Pick::Matching { .. }) => {
                self.swallowed(is_meant)
            }
            Transform::Collapse(Pick::Module { module }) => {
                let frame = self.made_up(format!("[{module}]"), Category::Dependency, functions);
                self.joined(is_meant, frame)
            }
            Transform::CollapseRecursion(None) => self.unrecursed(|_| true),
            Transform::CollapseRecursion(Some(_)) => self.unrecursed(is_meant),
            Transform::MyCode => {
                let frame = self.made_up(OUTSIDE.to_owned(), Category::Root, functions);
                let own = |function: u32| functions[function as usize].category == Category::Own;
                self.owned(own, frame)
            }
        };
        let place = self.place.iter().map(|at| moved_to(&moved, *at));
        Self {
            place: place.collect(),
            parent: growing.parent,
            frame: growing.frame,
            frames: self.frames,
        }
    }

    /// The frame of a function that is in no capture.
    fn made_up(&mut self, name: String, category: Category, functions: &mut Vec<Function>) -> u32 {
        functions.push(Function {
            name,
            category,
            module: NONE,
            named: true,
        });
        self.frames.push(LogicalFrame {
            function: functions.len() as u32 - 1,
            file: NONE,
            line: 0,
            inlined: false,
        });
        self.frames.len() as u32 - 1
    }

    fn function(&self, node: usize) -> u32 {
        self.frames[self.frame[node] as usize].function
    }

    /// Walks the nodes, callers first: `step` gets a node and where its caller went.
    fn walk(&self, mut step: impl FnMut(&mut Growing, usize, u32) -> u32) -> (Growing, Vec<u32>) {
        let mut growing = Growing::default();
        let mut moved: Vec<u32> = Vec::with_capacity(self.parent.len());
        for node in 0..self.parent.len() {
            let above = moved_to(&moved, self.parent[node]);
            let to = step(&mut growing, node, above);
            moved.push(to);
        }
        (growing, moved)
    }

    fn merged(&self, is_meant: impl Fn(u32) -> bool) -> (Growing, Vec<u32>) {
        self.walk(|growing, node, above| {
            if above == DROPPED || is_meant(self.function(node)) {
                above
            } else {
                growing.child(above, self.frame[node])
            }
        })
    }

    /// Stacks begin at the outermost frame that is meant; without one they are dropped.
    fn focused(&self, is_meant: impl Fn(u32) -> bool) -> (Growing, Vec<u32>) {
        self.walk(|growing, node, above| {
            let is_inside = above != NONE && above != DROPPED;
            if is_inside {
                growing.child(above, self.frame[node])
            } else if is_meant(self.function(node)) {
                growing.child(NONE, self.frame[node])
            } else {
                DROPPED
            }
        })
    }

    /// Keeps the stacks that hold a frame that is meant, or those that hold none.
    fn held(&self, is_meant: impl Fn(u32) -> bool, keeps: bool) -> (Growing, Vec<u32>) {
        let mut holds: Vec<bool> = Vec::with_capacity(self.parent.len());
        for node in 0..self.parent.len() {
            let above = holds.get(self.parent[node] as usize) == Some(&true);
            holds.push(above || is_meant(self.function(node)));
        }
        let (growing, mut moved) =
            self.walk(|growing, node, above| growing.child(above, self.frame[node]));
        for (to, holds) in moved.iter_mut().zip(holds) {
            if holds != keeps {
                *to = DROPPED;
            }
        }
        (growing, moved)
    }

    /// What is called below a frame that is meant becomes its own.
    fn swallowed(&self, is_meant: impl Fn(u32) -> bool) -> (Growing, Vec<u32>) {
        let mut inside: Vec<bool> = Vec::with_capacity(self.parent.len());
        self.walk(|growing, node, above| {
            let is_inside = inside.get(self.parent[node] as usize) == Some(&true);
            inside.push(is_inside || is_meant(self.function(node)));
            if is_inside || above == DROPPED {
                above
            } else {
                growing.child(above, self.frame[node])
            }
        })
    }

    /// Neighbouring frames that are meant become one.
    fn joined(&self, is_meant: impl Fn(u32) -> bool, frame: u32) -> (Growing, Vec<u32>) {
        self.walk(|growing, node, above| {
            if above == DROPPED {
                return DROPPED;
            }
            if !is_meant(self.function(node)) {
                return growing.child(above, self.frame[node]);
            }
            let is_joined = above != NONE && growing.frame[above as usize] == frame;
            if is_joined {
                above
            } else {
                growing.child(above, frame)
            }
        })
    }

    /// A function that is on the stack already goes on where it is.
    fn unrecursed(&self, is_meant: impl Fn(u32) -> bool) -> (Growing, Vec<u32>) {
        self.walk(|growing, node, above| {
            if above == DROPPED {
                return DROPPED;
            }
            let function = self.function(node);
            let frame = self.frame[node];
            if !is_meant(function) {
                return growing.child(above, frame);
            }
            let mut at = above;
            while at != NONE {
                let held = growing.frame[at as usize];
                if self.frames[held as usize].function == function {
                    return at;
                }
                at = growing.parent[at as usize];
            }
            growing.child(above, frame)
        })
    }

    /// Frames of other code than one's own are left out.
    fn owned(&self, is_own: impl Fn(u32) -> bool, outside: u32) -> (Growing, Vec<u32>) {
        let (growing, moved) = self.walk(|growing, node, above| {
            if is_own(self.function(node)) {
                growing.child(above, self.frame[node])
            } else {
                above
            }
        });
        let mut growing = growing;
        let mut moved = moved;
        for to in moved.iter_mut().filter(|to| **to == NONE) {
            *to = growing.child(NONE, outside);
        }
        (growing, moved)
    }

    pub(super) fn into_profile(self, profile: &Profile, functions: Vec<Function>) -> Profile {
        let place = self.place;
        let at = |stack: u32| moved_to(&place, stack);
        let mut derived = Profile {
            functions,
            frames: frames_of(profile, &self.frames),
            stacks: StackNodes {
                parent: self.parent,
                frame: self.frame,
            },
            frame_logical: (0..self.frames.len() as u32).map(|n| n..n + 1).collect(),
            looked_up: vec![true; self.frames.len()],
            logical: self.frames,
            index: ProfileIndex::default(),
            ..profile.clone()
        };
        let samples = &mut derived.samples;
        keep_rows(&mut samples.stack, at, |kept| {
            retain(&mut samples.time_ns, kept);
            retain(&mut samples.thread, kept);
            retain(&mut samples.flags, kept);
            retain(&mut derived.sample_weights, kept);
        });
        let waits = &mut derived.waits;
        keep_rows(&mut waits.stack, at, |kept| {
            retain(&mut waits.start_ns, kept);
            retain(&mut waits.duration_ns, kept);
            retain(&mut waits.run_queue_ns, kept);
            retain(&mut waits.count, kept);
            retain(&mut waits.thread, kept);
            retain(&mut waits.class, kept);
            retain(&mut waits.waker, kept);
        });
        let faults = &mut derived.page_faults;
        keep_rows(&mut faults.stack, at, |kept| {
            retain(&mut faults.time_ns, kept);
            retain(&mut faults.thread, kept);
            retain(&mut faults.weight, kept);
        });
        derived.ordered()
    }
}

/// Where a node went; an empty stack stays one.
fn moved_to(moved: &[u32], node: u32) -> u32 {
    match node {
        NONE | DROPPED => node,
        node => moved[node as usize],
    }
}

/// Raw frames for logical ones: their addresses are no longer told apart.
fn frames_of(profile: &Profile, logical: &[LogicalFrame]) -> Vec<Frame> {
    let frame = |(position, logical): (usize, &LogicalFrame)| Frame {
        module: profile
            .functions
            .get(logical.function as usize)
            .map_or(NONE, |function| function.module),
        address: position as u64,
    };
    logical.iter().enumerate().map(frame).collect()
}

/// Moves the stacks of a table's rows; where some are dropped, `retain` gets which rows stay.
fn keep_rows(stacks: &mut Vec<u32>, at: impl Fn(u32) -> u32, retain: impl FnOnce(&[bool])) {
    for stack in stacks.iter_mut() {
        *stack = at(*stack);
    }
    let kept: Vec<bool> = stacks.iter().map(|stack| *stack != DROPPED).collect();
    if kept.contains(&false) {
        stacks.retain(|stack| *stack != DROPPED);
        retain(&kept);
    }
}

fn retain<T>(column: &mut Vec<T>, kept: &[bool]) {
    let mut row = 0;
    column.retain(|_| {
        row += 1;
        kept[row - 1]
    });
}
