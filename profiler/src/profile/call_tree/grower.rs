//! Grows a call tree of all threads, row by row, so that it comes out breadth first.

use std::ops::Range;

use super::{CallTree, CallTreeOptions};
use crate::{
    capture::model::NONE,
    profile::{Profile, counts::StackCounts, spare::Table},
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
    /// One past the last stack node below each.
    ends: &'a [u32],
    options: CallTreeOptions,
    /// Lighter nodes are left out.
    least: u64,
    /// Rank of each logical frame's function by name.
    rank: &'a [u32],
    /// Where each stack node's samples went, where that is asked for.
    pub(super) slots: Option<Table<Slot>>,
}

/// Where the samples of a stack node went: a node of the tree, and whether they lie in nodes below
/// it that were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slot(u32);

impl Slot {
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
    /// The stack nodes of the profile come in preorder.
    pub(super) fn new(
        profile: &'a Profile,
        (counts, totals): (&'a StackCounts, &'a [u64]),
        options: CallTreeOptions,
        least: u64,
    ) -> Self {
        Self {
            rank: profile.logical_ranks(),
            slots: None,
            ends: profile.ends().expect("the profile is in order"),
            profile,
            counts,
            totals,
            options,
            least: least.max(1),
        }
    }

    /// From now on it is kept where the samples of each stack node went.
    pub(super) fn keep_slots(&mut self) {
        self.slots = Some(self.profile.index.slots.zeroed(self.totals.len()));
    }

    /// The tree of all threads, with totals.
    pub(super) fn grow(&mut self) -> CallTree {
        let mut tree = CallTree {
            least: self.least,
            ..CallTree::default()
        };
        let mut level = if self.options.inverted {
            self.innermost()
        } else {
            self.weighing(0..self.totals.len() as u32, 0).collect()
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
                    self.add_node(&mut tree, same, depth, &mut next);
                }
            }
            std::mem::swap(&mut level, &mut next);
            next.clear();
        }
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

    /// The first places of the outermost nodes in a range of the trie that have samples.
    fn weighing(&self, nodes: Range<u32>, parent: u32) -> impl Iterator<Item = Place> {
        let first = (!nodes.is_empty()).then_some(nodes.start);
        let next = move |node: &u32| {
            let end = self.ends[*node as usize];
            (end < nodes.end).then_some(end)
        };
        std::iter::successors(first, next)
            .filter(|node| self.totals[*node as usize] > 0)
            .map(move |node| self.enter(node, parent))
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
    fn add_node(&mut self, tree: &mut CallTree, same: &[Place], depth: u16, next: &mut Vec<Place>) {
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
            tree.self_samples[node as usize] += self.go_in(*place, node, next);
        }
    }

    /// Adds what `place` calls; returns the samples that end there.
    fn go_in(&mut self, place: Place, parent: u32, next: &mut Vec<Place>) -> u64 {
        let innermost = self.logical_range(place.node).start;
        if place.logical > innermost && !self.options.hide_inlined {
            next.push(self.step(place, parent, place.logical - 1));
            return 0;
        }
        if let Some(slots) = &mut self.slots {
            slots[place.node as usize] = Slot::at(parent);
        }
        let below = place.node + 1..self.ends[place.node as usize];
        next.extend(self.weighing(below, parent));
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

    /// The samples of these nodes and of all below them went there; what is said of a node below
    /// later holds.
    fn note(&mut self, places: &[Place], slot: Slot) {
        if let Some(slots) = &mut self.slots {
            for place in places {
                let node = place.node as usize;
                slots[node..self.ends[node] as usize].fill(slot);
            }
        }
    }
}
