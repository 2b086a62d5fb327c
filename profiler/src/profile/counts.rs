//! The selection's weight by stack node.

use crate::{
    capture::model::NONE,
    profile::{
        Profile, Selection,
        gather::{Row, Sum, add_column},
        spare::Table,
    },
};

/// The selection's weight per stack node; `samples` stands for the weight's unit throughout.
#[derive(Debug)]
pub(crate) struct StackCounts {
    /// Samples by stack node.
    pub(crate) by_stack: Table<u64>,
    /// Samples without a stack.
    pub(crate) without_stack: u64,
    /// Whether a thread has rows in the selection, by position.
    pub(crate) has_rows: Vec<bool>,
}

impl StackCounts {
    pub(crate) fn of(profile: &Profile, selection: &Selection) -> Self {
        let nodes = profile.stacks.frame.len();
        let start = || Self {
            by_stack: profile.index.weights.zeroed(nodes),
            without_stack: 0,
            has_rows: vec![false; profile.threads.len()],
        };
        profile.gathered(selection, (nodes, start))
    }

    /// Samples in each node and below it.
    pub(crate) fn totals(&self, profile: &Profile) -> Table<u64> {
        let mut totals = profile.index.weights.empty();
        if let Some(ends) = profile.ends() {
            sum_in_order(&mut totals, &self.by_stack, ends);
            return totals;
        }
        totals.extend_from_slice(&self.by_stack);
        // Parents come before their children.
        for node in (0..totals.len()).rev() {
            let parent = profile.stacks.parent[node];
            if parent != NONE {
                let below = totals[node];
                totals[parent as usize] += below;
            }
        }
        totals
    }
}

impl Sum for StackCounts {
    fn add_rows(&mut self, rows: impl Iterator<Item = Row>) {
        // Slices of their own, so that they need not be looked up again for each row.
        let (by_stack, has_rows) = (&mut self.by_stack[..], &mut self.has_rows[..]);
        let mut without_stack = 0;
        rows.for_each(|(thread, stack, weight)| {
            has_rows[thread as usize] = true;
            match stack {
                NONE => without_stack += weight,
                stack => by_stack[stack as usize] += weight,
            }
        });
        self.without_stack += without_stack;
    }

    fn add_sum(&mut self, other: Self) {
        self.without_stack += other.without_stack;
        for (has_rows, more) in self.has_rows.iter_mut().zip(other.has_rows) {
            *has_rows |= more;
        }
        add_column(&mut self.by_stack, &other.by_stack);
    }
}

/// Differences of running sums, as the nodes below one follow it.
fn sum_in_order(totals: &mut Vec<u64>, by_stack: &[u64], ends: &[u32]) {
    totals.reserve(by_stack.len() + 1);
    let mut before = 0;
    totals.push(before);
    totals.extend(by_stack.iter().map(|count| {
        before += count;
        before
    }));
    for (node, end) in ends.iter().enumerate() {
        totals[node] = totals[*end as usize] - totals[node];
    }
    totals.truncate(by_stack.len());
}
