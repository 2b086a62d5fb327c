//! Tells the tree of all threads apart by the names of threads.

use std::{collections::BTreeMap, ops::Range};

use super::{CallTree, grower::Slot};
use crate::{
    capture::model::NONE,
    profile::{
        Profile, Selection,
        gather::{Row, Sum, add_column},
        spare::Table,
    },
};

/// Entries of the table that is filled in one pass over the selection's rows; a pass fills one
/// group at least.
const TABLE_ENTRIES: usize = 1 << 22;

/// The threads of each name, and which threads belong to it.
struct Groups<'a> {
    /// Names, sorted, with the number of threads.
    names: Vec<(&'a str, usize)>,
    /// Position in `names`, by thread.
    of_thread: Vec<u32>,
}

impl<'a> Groups<'a> {
    fn of(profile: &'a Profile, has_rows: &[bool]) -> Self {
        let threads = || profile.threads.iter().zip(has_rows);
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for (thread, _) in threads().filter(|(_, has_rows)| **has_rows) {
            *names.entry(&thread.name).or_default() += 1;
        }
        let names: Vec<(&str, usize)> = names.into_iter().collect();
        let position = |name: &str| names.binary_search_by_key(&name, |(known, _)| *known);
        let of_thread = threads()
            .map(|(thread, _)| position(&thread.name).map_or(NONE, |group| group as u32))
            .collect();
        Self { names, of_thread }
    }
}

/// The part of the tree that the threads of one name have: breadth first, the root first.
#[derive(Default)]
struct Branch {
    /// Node of the tree of all threads.
    node: Vec<u32>,
    /// Position of the parent here.
    parent: Vec<u32>,
    own: Vec<u64>,
    total: Vec<u64>,
    /// One past the last node of each depth.
    ends: Vec<u32>,
}

impl Branch {
    /// `columns` holds two weights a node of `tree`: in it, and in nodes below it that `tree` leaves
    /// out.
    fn of(tree: &CallTree, columns: &[u64]) -> Self {
        let mut totals: Vec<u64> = columns.chunks(2).map(|pair| pair[0] + pair[1]).collect();
        for node in (1..totals.len()).rev() {
            totals[tree.parent[node] as usize] += totals[node];
        }
        let mut branch = Self::default();
        branch.push(0, 0, (columns, &totals));
        let mut at = 0;
        while at < branch.node.len() {
            let end = branch.node.len();
            branch.ends.push(end as u32);
            while at < end {
                for child in tree.children(branch.node[at]) {
                    if totals[child as usize] >= tree.least {
                        branch.push(child, at as u32, (columns, &totals));
                    }
                }
                at += 1;
            }
        }
        branch
    }

    fn push(&mut self, node: u32, parent: u32, (columns, totals): (&[u64], &[u64])) {
        self.node.push(node);
        self.parent.push(parent);
        self.own.push(columns[node as usize * 2]);
        self.total.push(totals[node as usize]);
    }

    fn level(&self, depth: usize) -> Range<usize> {
        let end = |depth: usize| self.ends.get(depth).or(self.ends.last());
        let start = depth.checked_sub(1).and_then(end);
        let start = start.copied().unwrap_or(0) as usize;
        start..end(depth).copied().unwrap_or(0) as usize
    }
}

/// The same tree with a node a name of threads below the root. `tree` is that of all threads, and
/// `slots` says where the samples of each stack node went in it.
pub(super) fn told_apart(
    tree: &CallTree,
    slots: &[Slot],
    profile: &Profile,
    (selection, has_rows): (&Selection, &[bool]),
) -> CallTree {
    let groups = Groups::of(profile, has_rows);
    let branches = branches(tree, slots, profile, (selection, &groups));
    let mut apart = CallTree {
        least: tree.least,
        ..CallTree::default()
    };
    apart.push_node(NONE, 0, 0, false);
    apart.total_samples[0] = tree.total_samples[0];
    // Where the nodes of each branch's last level begin.
    let mut starts = Vec::with_capacity(branches.len());
    for ((name, threads), branch) in groups.names.iter().zip(&branches) {
        let node = apart.push_node(NONE, 0, 1, false);
        let label = match threads {
            1 => (*name).to_owned(),
            threads => format!("{name} ×{threads}"),
        };
        apart.labels.push((node, label));
        apart.weigh(node, (branch.own[0], branch.total[0]));
        starts.push(node);
    }
    let depths = branches.iter().map(|branch| branch.ends.len()).max();
    for depth in 1..depths.unwrap_or(0) {
        for (branch, start) in branches.iter().zip(&mut starts) {
            let before = branch.level(depth - 1).start as u32;
            let (above, here) = (*start, apart.len() as u32);
            for at in branch.level(depth) {
                let like = branch.node[at] as usize;
                let parent = above + (branch.parent[at] - before);
                let function = tree.function[like];
                let depth = tree.depth[like].saturating_add(1);
                let node = apart.push_node(function, parent, depth, tree.inlined[like]);
                apart.weigh(node, (branch.own[at], branch.total[at]));
            }
            *start = here;
        }
    }
    let own: u64 = apart.self_samples.iter().sum();
    apart.left_out = apart.total_samples[0] - own;
    apart
}

/// The weights of some groups, side by side.
struct GroupTable<'a> {
    cells: Table<u64>,
    first: u32,
    columns: usize,
    groups: &'a Groups<'a>,
    slots: &'a [Slot],
}

impl Sum for GroupTable<'_> {
    fn add_rows(&mut self, rows: impl Iterator<Item = Row>) {
        // Slices of their own, so that they need not be looked up again for each row.
        let (cells, slots) = (&mut self.cells[..], self.slots);
        let (of_thread, first, columns) = (&self.groups.of_thread[..], self.first, self.columns);
        rows.for_each(|(thread, stack, weight)| {
            let group = of_thread[thread as usize].wrapping_sub(first) as usize;
            let slot = match stack {
                NONE => 0,
                stack => slots[stack as usize].position(),
            };
            // Groups before and after these are not in the table.
            if let Some(cell) = group
                .checked_mul(columns)
                .and_then(|at| cells.get_mut(at + slot))
            {
                *cell += weight;
            }
        });
    }

    fn add_sum(&mut self, other: Self) {
        add_column(&mut self.cells, &other.cells);
    }
}

fn branches(
    tree: &CallTree,
    slots: &[Slot],
    profile: &Profile,
    (selection, groups): (&Selection, &Groups<'_>),
) -> Vec<Branch> {
    let columns = tree.len() * 2;
    let at_once = (TABLE_ENTRIES / columns).max(1);
    let mut branches = Vec::with_capacity(groups.names.len());
    for first in (0..groups.names.len()).step_by(at_once) {
        let here = (groups.names.len() - first).min(at_once);
        let entries = columns * here;
        let start = || GroupTable {
            cells: profile.index.weights.zeroed(entries),
            first: first as u32,
            columns,
            groups,
            slots,
        };
        let table = profile.gathered(selection, (entries, start)).cells;
        let of_group = table.chunks(columns);
        branches.extend(of_group.map(|columns| Branch::of(tree, columns)));
    }
    branches
}
