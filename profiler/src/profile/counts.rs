//! The selection's weight by stack node.

use crate::{
    capture::model::NONE,
    profile::{
        Profile, Selection,
        gather::{Row, summed},
    },
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
        let start = || Self {
            by_stack: vec![0; profile.stacks.frame.len()],
            without_stack: 0,
            has_rows: vec![false; profile.threads.len()],
        };
        let add = |counts: &mut Self, (thread, stack, weight): Row| {
            counts.has_rows[thread as usize] = true;
            match stack {
                NONE => counts.without_stack += weight,
                stack => counts.by_stack[stack as usize] += weight,
            }
        };
        let mut counts = Self {
            by_stack: Vec::new(),
            without_stack: 0,
            has_rows: vec![false; profile.threads.len()],
        };
        let mut by_stack = Vec::new();
        for part in profile.gathered(selection, start, add) {
            counts.without_stack += part.without_stack;
            for (has_rows, more) in counts.has_rows.iter_mut().zip(part.has_rows) {
                *has_rows |= more;
            }
            by_stack.push(part.by_stack);
        }
        counts.by_stack = summed(by_stack);
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
