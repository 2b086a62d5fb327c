//! Grows a call tree of all threads, row by row, so that it comes out breadth first.

use std::ops::Range;

use super::{CallTree, CallTreeOptions, ranks};
use crate::{
    capture::model::NONE,
    profile::{LogicalFrame, Profile, counts::StackCounts, index::Callees},
};

/// A place on a stack, about to become (a part of) a node of the tree.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Node of the tree that it goes below.
    parent: u32,
    /// Rank of its function by name.
    rank: u32,
    /// Stack node.
    node: u32,
    /// Position of the logical frame in the profile.
    logical: u32,
    /// Samples that it bears.
    weight: u64,
}

/// What a tree grows from.
pub(super) struct Grower<'a> {
    profile: &'a Profile,
    counts: &'a StackCounts,
    totals: &'a [u64],
    options: CallTreeOptions,
    /// Lighter nodes are left out.
    least: u64,
    /// Rank of each logical frame's function by name.
    rank: Vec<u32>,
    /// Where each stack node's samples went, where that is asked for.
    pub(super) slots: Option<Vec<Slot>>,
}

/// Where the samples of a stack node went: a node of the tree, and whether they lie in nodes below
/// it that were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u32);

impl Slot {
    const UNKNOWN: Self = Self(NONE);

    const fn at(node: u32) -> Self {
        Self(node << 1)
    }

    const fn below(node: u32) -> Self {
        Self(node << 1 | 1)
    }

    /// Position in a table of two columns a node: in it, below it.
    pub(super) const fn position(self) -> usize {
        self.0 as usize
    }
}

impl<'a> Grower<'a> {
    pub(super) fn new(
        profile: &'a Profile,
        (counts, totals): (&'a StackCounts, &'a [u64]),
        options: CallTreeOptions,
        least: u64,
    ) -> Self {
        let ranks = ranks(&profile.functions);
        let rank = |frame: &LogicalFrame| ranks[frame.function as usize];
        Self {
            rank: profile.logical.iter().map(rank).collect(),
            slots: None,
            profile,
            counts,
            totals,
            options,
            least: least.max(1),
        }
    }

    /// From now on it is kept where the samples of each stack node went.
    pub(super) fn keep_slots(&mut self) {
        self.slots = Some(vec![Slot::UNKNOWN; self.totals.len()]);
    }

    /// The tree of all threads, with totals.
    pub(super) fn grow(&mut self) -> CallTree {
        let mut tree = CallTree {
            least: self.least,
            ..CallTree::default()
        };
        let callees = self.profile.callees();
        let mut level = if self.options.inverted {
            self.innermost()
        } else {
            self.weighing(callees.below(NONE), 0).collect()
        };
        let borne: u64 = level.iter().map(|place| place.weight).sum();
        tree.push_node(NONE, 0, 0, false);
        tree.self_samples[0] = self.counts.without_stack;
        tree.total_samples[0] = self.counts.without_stack + borne;
        let mut depth = 0_u16;
        let mut next = Vec::with_capacity(level.len());
        while !level.is_empty() {
            depth = depth.saturating_add(1);
            // Places are in the order of their parents already.
            for siblings in level.chunk_by_mut(|a, b| a.parent == b.parent) {
                siblings.sort_unstable_by_key(|place| place.rank);
                for same in siblings.chunk_by(|a, b| a.rank == b.rank) {
                    self.add_node(&mut tree, same, (depth, callees), &mut next);
                }
            }
            std::mem::swap(&mut level, &mut next);
            next.clear();
        }
        self.settle_slots();
        tree
    }

    /// The places of the innermost functions, for an inverted tree.
    fn innermost(&self) -> Vec<Place> {
        let counted = self.counts.by_stack.iter().zip(0_u32..);
        counted
            .filter(|(samples, _)| **samples > 0)
            .map(|(samples, node)| Place {
                weight: *samples,
                ..self.enter(node, 0)
            })
            .collect()
    }

    /// The first places of those nodes that have samples.
    fn weighing<'n>(&'n self, nodes: &'n [u32], parent: u32) -> impl Iterator<Item = Place> + 'n {
        let weighing = nodes.iter().filter(|node| self.totals[**node as usize] > 0);
        weighing.map(move |node| self.enter(*node, parent))
    }

    /// The first place of a stack node: its outermost logical frame, or, inverted, the innermost.
    fn enter(&self, node: u32, parent: u32) -> Place {
        let range = self.logical_range(node);
        let innermost = self.options.inverted && !self.options.hide_inlined;
        let logical = if innermost {
            range.start
        } else {
            range.end - 1
        };
        Place {
            parent,
            rank: self.rank[logical as usize],
            node,
            logical,
            weight: self.totals[node as usize],
        }
    }

    /// The same node's place at another of its logical frames.
    fn step(&self, place: Place, parent: u32, logical: u32) -> Place {
        Place {
            parent,
            rank: self.rank[logical as usize],
            logical,
            ..place
        }
    }

    fn logical_range(&self, node: u32) -> Range<u32> {
        self.profile.frame_logical[self.profile.stacks.frame[node as usize] as usize].clone()
    }

    /// One node for all places that share parent and function, where they weigh enough.
    fn add_node(
        &mut self,
        tree: &mut CallTree,
        same: &[Place],
        (depth, callees): (u16, &Callees),
        next: &mut Vec<Place>,
    ) {
        let weight: u64 = same.iter().map(|place| place.weight).sum();
        if weight < self.least {
            tree.left_out += weight;
            self.note(same, Slot::below(same[0].parent));
            return;
        }
        let frame = |place: &Place| self.profile.logical[place.logical as usize];
        let inlined = !self.options.hide_inlined && same.iter().all(|place| frame(place).inlined);
        let node = tree.push_node(frame(&same[0]).function, same[0].parent, depth, inlined);
        tree.total_samples[node as usize] = weight;
        if self.options.inverted {
            for place in same {
                self.go_out(*place, node, next);
            }
            // Only the root's children were innermost.
            tree.self_samples[node as usize] = if depth == 1 { weight } else { 0 };
            return;
        }
        for place in same {
            tree.self_samples[node as usize] += self.go_in(*place, node, callees, next);
        }
    }

    /// Adds what `place` calls; returns the samples that end there.
    fn go_in(
        &mut self,
        place: Place,
        parent: u32,
        callees: &Callees,
        next: &mut Vec<Place>,
    ) -> u64 {
        let innermost = self.logical_range(place.node).start;
        if place.logical > innermost && !self.options.hide_inlined {
            next.push(self.step(place, parent, place.logical - 1));
            return 0;
        }
        self.note(&[place], Slot::at(parent));
        next.extend(self.weighing(callees.below(place.node), parent));
        self.counts.by_stack[place.node as usize]
    }

    /// Adds what called `place`.
    fn go_out(&self, place: Place, parent: u32, next: &mut Vec<Place>) {
        let outer = place.logical + 1;
        if outer < self.logical_range(place.node).end {
            next.push(self.step(place, parent, outer));
            return;
        }
        let caller = self.profile.stacks.parent[place.node as usize];
        if caller != NONE {
            next.push(Place {
                weight: place.weight,
                ..self.enter(caller, parent)
            });
        }
    }

    fn note(&mut self, places: &[Place], slot: Slot) {
        if let Some(slots) = &mut self.slots {
            for place in places {
                slots[place.node as usize] = slot;
            }
        }
    }

    /// Stack nodes below one that was left out went where it went.
    fn settle_slots(&mut self) {
        let Some(slots) = &mut self.slots else { return };
        for node in 0..slots.len() {
            if slots[node] == Slot::UNKNOWN {
                slots[node] = match self.profile.stacks.parent[node] {
                    NONE => Slot::below(0),
                    parent => Slot(slots[parent as usize].0 | 1),
                };
            }
        }
    }
}
