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

    /// Samples in each node and below it, of a profile that is in order: differences of running
    /// sums, as the nodes below one follow it.
    pub(crate) fn totals(&self, profile: &Profile) -> Table<u64> {
        let ends = profile.ends().expect("the profile is in order");
        let mut totals = profile.index.weights.empty();
        totals.reserve(self.by_stack.len() + 1);
        let mut before = 0;
        totals.push(before);
        totals.extend(self.by_stack.iter().map(|count| {
            before += count;
            before
        }));
        for (node, end) in ends.iter().enumerate() {
            totals[node] = totals[*end as usize] - totals[node];
        }
        totals.truncate(self.by_stack.len());
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
