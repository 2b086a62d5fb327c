//! The call tree of a selection: stacks merged by function from the root.

use std::ops::Range;

mod by_thread;
mod detail;
mod grower;

use crate::{
    capture::model::NONE,
    profile::{Function, Profile, Selection, counts::StackCounts},
};
pub use detail::Detail;
use grower::Grower;
pub(super) use grower::Slot;

/// How a call tree is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTreeOptions {
    /// Merge threads into one tree instead of a node a thread name below the root.
    pub merge_threads: bool,
    /// Leave inlined frames out, so that self time belongs to the physical function.
    pub hide_inlined: bool,
    /// Callees first: each root child is a function with self time, its children are callers.
    /// Threads are merged then, and self samples lie at the root's children alone.
    pub inverted: bool,
    /// How much is shown.
    pub detail: Detail,
}

/// A call tree, breadth first: node 0 is the root; children of a node lie side by side.
///
/// Siblings are sorted by name. Below the root come the thread groups (one node for all threads of
/// one name, named `name` or `name ×8`) unless threads are merged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallTree {
    /// Function id in the profile, or `NONE` for the root and thread groups.
    pub function: Vec<u32>,
    /// Label of nodes without a function, as (node, label), sorted by node.
    pub labels: Vec<(u32, String)>,
    /// Parent node; the root is its own parent.
    pub parent: Vec<u32>,
    /// First child; `first_child[n]..first_child[n] + child_count[n]`.
    pub first_child: Vec<u32>,
    /// Number of children.
    pub child_count: Vec<u32>,
    /// Samples in which the node was innermost; with another [`crate::profile::Weight`] than CPU
    /// time, that weight's unit.
    pub self_samples: Vec<u64>,
    /// Samples in the node and below.
    pub total_samples: Vec<u64>,
    /// Whether the node's function was inlined into its caller in all samples.
    pub inlined: Vec<bool>,
    /// Depth; the root is 0.
    pub depth: Vec<u16>,
    /// Nodes of functions that weigh less were left out with all below them; their parents' totals
    /// hold them still. 1 (or 0) where all are there.
    pub least: u64,
    /// Weight of the stacks that lie in such nodes, each counted once.
    pub left_out: u64,
}

impl CallTree {
    /// Builds the tree; empty but for the root where the selection has no samples.
    ///
    /// Takes time linear in samples and stack nodes; an inverted tree in the lengths of the distinct
    /// stacks, and a whole one in its own nodes.
    pub fn build(profile: &Profile, selection: &Selection, options: CallTreeOptions) -> Self {
        let profile = &*profile.in_order();
        let counts = StackCounts::of(profile, selection);
        let totals = counts.totals(profile);
        let least = options.detail.least(&totals);
        Self::grow(profile, selection, options, (&counts, &totals, least))
    }

    /// As [`Self::build`], without nodes that weigh less than `least`.
    #[cfg(test)]
    pub(super) fn down_to(
        profile: &Profile,
        selection: &Selection,
        options: CallTreeOptions,
        least: u64,
    ) -> Self {
        let counts = StackCounts::of(profile, selection);
        let totals = counts.totals(profile);
        Self::grow(profile, selection, options, (&counts, &totals, least))
    }

    fn grow(
        profile: &Profile,
        selection: &Selection,
        options: CallTreeOptions,
        (counts, totals, least): (&StackCounts, &[u64], u64),
    ) -> Self {
        let merge_threads = options.merge_threads || options.inverted;
        let mut grower = Grower::new(profile, (counts, totals), options, least);
        if !merge_threads {
            grower.keep_slots();
        }
        let mut tree = grower.grow();
        if let Some(slots) = &grower.slots {
            let rows = (selection, &*counts.has_rows);
            tree = by_thread::told_apart(&tree, slots, profile, rows);
        }
        let root = (0, profile.header.name.clone());
        tree.labels.insert(0, root);
        tree
    }

    /// Nodes in the tree.
    pub fn len(&self) -> usize {
        self.function.len()
    }

    /// Whether the tree holds no samples.
    pub fn is_empty(&self) -> bool {
        self.total_samples.first().is_none_or(|total| *total == 0)
    }

    /// Children of a node.
    pub fn children(&self, node: u32) -> Range<u32> {
        let first = self.first_child[node as usize];
        first..first + self.child_count[node as usize]
    }

    /// Name of a node.
    pub fn name<'a>(&'a self, profile: &'a Profile, node: u32) -> &'a str {
        let function = self.function.get(node as usize).copied().unwrap_or(NONE);
        if let Some(function) = profile.functions.get(function as usize) {
            return &function.name;
        }
        let label = self
            .labels
            .binary_search_by_key(&node, |(labelled, _)| *labelled);
        label.map_or("", |position| &self.labels[position].1)
    }

    pub(super) fn push_node(
        &mut self,
        function: u32,
        parent: u32,
        depth: u16,
        inlined: bool,
    ) -> u32 {
        let node = self.function.len() as u32;
        self.function.push(function);
        self.parent.push(parent);
        self.first_child.push(node + 1);
        self.child_count.push(0);
        self.self_samples.push(0);
        self.total_samples.push(0);
        self.inlined.push(inlined);
        self.depth.push(depth);
        if node != 0 {
            let parent = parent as usize;
            if self.child_count[parent] == 0 {
                self.first_child[parent] = node;
            }
            self.child_count[parent] += 1;
        }
        node
    }

    fn weigh(&mut self, node: u32, (own, total): (u64, u64)) {
        self.self_samples[node as usize] = own;
        self.total_samples[node as usize] = total;
    }
}

/// Rank of each function in the order of names.
pub(super) fn ranks(functions: &[Function]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..functions.len() as u32).collect();
    order.sort_by(|a, b| {
        functions[*a as usize]
            .name
            .cmp(&functions[*b as usize].name)
    });
    let mut ranks = vec![0; functions.len()];
    for (rank, function) in order.into_iter().enumerate() {
        ranks[function as usize] = rank as u32;
    }
    ranks
}
