//! The part of the stack trie that a selection touches, copied out once a thread group.

use std::collections::BTreeMap;

use crate::{
    capture::model::NONE,
    profile::{Profile, Selection, Weighed},
};

/// The selection's weight per stack node; `samples` stands for the weight's unit throughout.
#[derive(Debug)]
pub(crate) struct StackCounts {
    /// Samples by stack node.
    pub(crate) by_stack: Vec<u64>,
    /// Samples without a stack.
    pub(crate) without_stack: u64,
}

impl StackCounts {
    pub(crate) fn of(profile: &Profile, selection: &Selection) -> Self {
        let mut counts = Self {
            by_stack: vec![0; profile.stacks.frame.len()],
            without_stack: 0,
        };
        profile.weighed(selection).for_each(|row| match row.stack {
            NONE => counts.without_stack += row.weight,
            stack => counts.by_stack[stack as usize] += row.weight,
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

/// All threads of one name.
#[derive(Debug)]
pub(crate) struct Group {
    /// Name of the threads.
    pub(crate) name: String,
    /// Threads with samples in the selection.
    pub(crate) threads: usize,
    /// Nodes of the forest: a range, roots among them.
    pub(crate) nodes: std::ops::Range<u32>,
    /// Samples without a stack.
    pub(crate) without_stack: u64,
}

/// Copies of stack nodes, those of a group side by side; each has samples in it or below.
#[derive(Debug, Default)]
pub(crate) struct Forest {
    /// Groups, sorted by name.
    pub(crate) groups: Vec<Group>,
    /// Raw frame.
    pub(crate) frame: Vec<u32>,
    /// Caller's node in the forest, or [`NONE`].
    pub(crate) parent: Vec<u32>,
    /// Samples that end in the node.
    pub(crate) self_samples: Vec<u64>,
    /// Children of all nodes, by node.
    children: Vec<u32>,
    first_child: Vec<u32>,
}

impl Forest {
    /// The selection's part of the trie, a copy a thread name, or one for all threads.
    pub(crate) fn of(profile: &Profile, selection: &Selection, merge_threads: bool) -> Self {
        let (names, samples) = samples_by_group(profile, selection, merge_threads);
        let mut forest = Self::default();
        let mut copied = vec![NONE; profile.stacks.frame.len()];
        for (name, samples) in names.into_iter().zip(samples) {
            forest.add_group(profile, name, &samples, &mut copied);
        }
        forest.index_children();
        forest
    }

    /// Children of a node.
    pub(crate) fn children(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.children[self.first_child[node] as usize..self.first_child[node + 1] as usize]
    }

    /// `copied` maps stack nodes to their copies; all [`NONE`] before and after.
    fn add_group(
        &mut self,
        profile: &Profile,
        name: String,
        samples: &[Weighed],
        copied: &mut [u32],
    ) {
        let start = self.frame.len();
        let mut originals = Vec::new();
        let mut without_stack = 0;
        for &Weighed { stack, weight, .. } in samples {
            if stack == NONE {
                without_stack += weight;
                continue;
            }
            let mut node = stack;
            while node != NONE && copied[node as usize] == NONE {
                copied[node as usize] = (start + originals.len()) as u32;
                originals.push(node);
                node = profile.stacks.parent[node as usize];
            }
            self.self_samples.resize(start + originals.len(), 0);
            self.self_samples[copied[stack as usize] as usize] += weight;
        }
        for &node in &originals {
            self.frame.push(profile.stacks.frame[node as usize]);
            let parent = profile.stacks.parent[node as usize];
            self.parent.push(if parent == NONE {
                NONE
            } else {
                copied[parent as usize]
            });
        }
        for node in originals {
            copied[node as usize] = NONE;
        }
        let nodes = start as u32..self.frame.len() as u32;
        let threads = distinct(samples.iter().map(|row| row.thread), profile.threads.len());
        self.groups.push(Group {
            name,
            threads,
            nodes,
            without_stack,
        });
    }

    fn index_children(&mut self) {
        let mut next = vec![0_u32; self.frame.len() + 1];
        for parent in self.parent.iter().filter(|parent| **parent != NONE) {
            next[*parent as usize + 1] += 1;
        }
        for node in 1..next.len() {
            next[node] += next[node - 1];
        }
        self.first_child.clone_from(&next);
        self.children = vec![0; next.last().copied().unwrap_or(0) as usize];
        for (node, parent) in self.parent.iter().enumerate() {
            if *parent != NONE {
                let slot = &mut next[*parent as usize];
                self.children[*slot as usize] = node as u32;
                *slot += 1;
            }
        }
    }
}

/// Number of distinct values below `bound`.
fn distinct(values: impl Iterator<Item = u32>, bound: usize) -> usize {
    let mut seen = vec![false; bound];
    values.for_each(|value| seen[value as usize] = true);
    seen.into_iter().filter(|seen| *seen).count()
}

/// Names of the groups, sorted, and the rows of each group.
fn samples_by_group(
    profile: &Profile,
    selection: &Selection,
    merge_threads: bool,
) -> (Vec<String>, Vec<Vec<Weighed>>) {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    let label = |thread: u32| {
        if merge_threads {
            ""
        } else {
            profile.threads[thread as usize].name.as_str()
        }
    };
    let mut seen = vec![false; profile.threads.len()];
    profile
        .weighed(selection)
        .for_each(|row| seen[row.thread as usize] = true);
    for thread in (0..profile.threads.len() as u32).filter(|thread| seen[*thread as usize]) {
        names.insert(label(thread), 0);
    }
    names
        .values_mut()
        .enumerate()
        .for_each(|(position, group)| *group = position);
    let group_of: Vec<usize> = (0..profile.threads.len() as u32)
        .map(|thread| names.get(label(thread)).copied().unwrap_or(0))
        .collect();
    let mut groups = vec![Vec::new(); names.len()];
    profile
        .weighed(selection)
        .for_each(|row| groups[group_of[row.thread as usize]].push(row));
    (names.into_keys().map(str::to_owned).collect(), groups)
}
