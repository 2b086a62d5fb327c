//! The selection's weight by stack node.

use crate::{
    capture::model::NONE,
    profile::{Profile, Selection},
};

/// The selection's weight per stack node; `samples` stands for the weight's unit throughout.
#[derive(Debug)]
pub(crate) struct StackCounts {
    /// Samples by stack node.
    pub(crate) by_stack: Vec<u64>,
    /// Samples without a stack.
    pub(crate) without_stack: u64,
    /// Whether a thread has rows in the selection, by position.
    pub(crate) has_rows: Vec<bool>,
}

impl StackCounts {
    pub(crate) fn of(profile: &Profile, selection: &Selection) -> Self {
        let mut counts = Self {
            by_stack: vec![0; profile.stacks.frame.len()],
            without_stack: 0,
            has_rows: vec![false; profile.threads.len()],
        };
        profile.weighed(selection).for_each(|row| {
            counts.has_rows[row.thread as usize] = true;
            match row.stack {
                NONE => counts.without_stack += row.weight,
                stack => counts.by_stack[stack as usize] += row.weight,
            }
        });
        counts
    }

    /// Samples in each node and below it: parents come before their children.
    pub(crate) fn totals(&self, profile: &Profile) -> Vec<u64> {
        let mut totals = self.by_stack.clone();
        for node in (0..totals.len()).rev() {
            let parent = profile.stacks.parent[node];
            if parent != NONE {
                totals[parent as usize] += totals[node];
            }
        }
        totals
    }
}

/// The nodes of the stack trie with samples in them or below, by caller.
#[derive(Debug)]
pub(super) struct Callees {
    nodes: Vec<u32>,
    /// Of the roots first, then of each node: where its callees begin.
    first: Vec<u32>,
}

impl Callees {
    pub(super) fn of(profile: &Profile, totals: &[u64]) -> Self {
        let parents = &profile.stacks.parent;
        // The roots' list is the first.
        let list = |node: usize| parents[node].wrapping_add(1) as usize;
        let mut first = vec![0_u32; totals.len() + 2];
        for node in (0..totals.len()).filter(|node| totals[*node] > 0) {
            first[list(node) + 1] += 1;
        }
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        let mut next = first.clone();
        let mut nodes = vec![0; first.last().copied().unwrap_or(0) as usize];
        for node in (0..totals.len()).filter(|node| totals[*node] > 0) {
            let slot = &mut next[list(node)];
            nodes[*slot as usize] = node as u32;
            *slot += 1;
        }
        Self { nodes, first }
    }

    /// The callees of a node; of [`NONE`], the outermost nodes.
    pub(super) fn below(&self, node: u32) -> &[u32] {
        let list = node.wrapping_add(1) as usize;
        &self.nodes[self.first[list] as usize..self.first[list + 1] as usize]
    }
}
