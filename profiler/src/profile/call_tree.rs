//! The call tree of a selection: stacks merged by function from the root.

use std::ops::Range;

use crate::{
    capture::model::NONE,
    profile::{Function, Profile, Selection, forest::Forest},
};

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
}

impl CallTree {
    /// Builds the tree; empty but for the root where the selection has no samples.
    ///
    /// Takes time linear in samples and nodes; an inverted tree in the lengths of the distinct
    /// stacks.
    pub fn build(profile: &Profile, selection: &Selection, options: CallTreeOptions) -> Self {
        let merge_threads = options.merge_threads || options.inverted;
        let forest = Forest::of(profile, selection, merge_threads);
        let grower = Grower::new(profile, &forest, options);
        let mut tree = Self::default();
        tree.reserve(forest.frame.len());
        tree.push_node(NONE, 0, 0, false);
        tree.labels.push((0, profile.header.name.clone()));
        let level = if merge_threads {
            tree.self_samples[0] = forest.groups.iter().map(|group| group.without_stack).sum();
            (0..forest.groups.len())
                .flat_map(|group| grower.start(group, 0))
                .collect()
        } else {
            grower.add_groups(&mut tree)
        };
        grower.grow(&mut tree, level);
        tree.sum_totals(options.inverted);
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

    fn reserve(&mut self, nodes: usize) {
        self.function.reserve(nodes);
        self.parent.reserve(nodes);
        self.first_child.reserve(nodes);
        self.child_count.reserve(nodes);
        self.self_samples.reserve(nodes);
        self.total_samples.reserve(nodes);
        self.inlined.reserve(nodes);
        self.depth.reserve(nodes);
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

    /// Parents come before their children, so one pass backwards sums up.
    fn sum_totals(&mut self, inverted: bool) {
        self.total_samples.clone_from(&self.self_samples);
        for node in (1..self.len()).rev() {
            let total = self.total_samples[node];
            self.total_samples[self.parent[node] as usize] += total;
        }
        if inverted {
            // Until here the samples lay at the outermost callers; innermost are the root's
            // children.
            for node in 1..self.len() {
                let innermost = self.depth[node] == 1;
                self.self_samples[node] = if innermost {
                    self.total_samples[node]
                } else {
                    0
                };
            }
        }
    }
}

/// A place on a stack, about to become (a part of) a node of the tree.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Node of the tree that it goes below.
    parent: u32,
    /// Rank of its function by name.
    rank: u32,
    /// Node of the forest.
    node: u32,
    /// Position of the logical frame in the profile.
    logical: u32,
    /// Forest node whose samples it carries, in an inverted tree.
    origin: u32,
}

/// Grows a tree row by row, so that it comes out breadth first.
struct Grower<'a> {
    profile: &'a Profile,
    forest: &'a Forest,
    options: CallTreeOptions,
    /// Rank of each logical frame's function by name.
    rank: Vec<u32>,
}

impl<'a> Grower<'a> {
    fn new(profile: &'a Profile, forest: &'a Forest, options: CallTreeOptions) -> Self {
        let ranks = ranks(&profile.functions);
        let rank = profile
            .logical
            .iter()
            .map(|frame| ranks[frame.function as usize])
            .collect();
        Self {
            profile,
            forest,
            options,
            rank,
        }
    }

    fn add_groups(&self, tree: &mut CallTree) -> Vec<Place> {
        let mut level = Vec::new();
        for (position, group) in self.forest.groups.iter().enumerate() {
            let node = tree.push_node(NONE, 0, 1, false);
            let label = match group.threads {
                1 => group.name.clone(),
                threads => format!("{} ×{threads}", group.name),
            };
            tree.labels.push((node, label));
            tree.self_samples[node as usize] = group.without_stack;
            level.extend(self.start(position, node));
        }
        level
    }

    /// The places at which the stacks of a group begin.
    fn start(&self, group: usize, below: u32) -> Vec<Place> {
        let nodes = self.forest.groups[group].nodes.clone();
        let begins = |node: &u32| {
            if self.options.inverted {
                self.forest.self_samples[*node as usize] > 0
            } else {
                self.forest.parent[*node as usize] == NONE
            }
        };
        nodes
            .filter(begins)
            .map(|node| self.enter(node, below, node))
            .collect()
    }

    /// The first place of a forest node: its outermost logical frame, or, inverted, the innermost.
    fn enter(&self, node: u32, parent: u32, origin: u32) -> Place {
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
            origin,
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
        self.profile.frame_logical[self.forest.frame[node as usize] as usize].clone()
    }

    fn grow(&self, tree: &mut CallTree, mut level: Vec<Place>) {
        let mut depth = tree.depth.last().map_or(0, |depth| *depth);
        let mut next = Vec::with_capacity(level.len());
        while !level.is_empty() {
            depth = depth.saturating_add(1);
            // Places are in the order of their parents already.
            for run in level.chunk_by_mut(|a, b| a.parent == b.parent) {
                run.sort_unstable_by_key(|place| (place.rank, place.node, place.origin));
            }
            for same in level.chunk_by(|a, b| (a.parent, a.rank) == (b.parent, b.rank)) {
                self.add_node(tree, same, depth, &mut next);
            }
            std::mem::swap(&mut level, &mut next);
            next.clear();
        }
    }

    /// One node for all places that share parent and function.
    fn add_node(&self, tree: &mut CallTree, same: &[Place], depth: u16, next: &mut Vec<Place>) {
        let frame = |place: &Place| self.profile.logical[place.logical as usize];
        let inlined = !self.options.hide_inlined && same.iter().all(|place| frame(place).inlined);
        let node = tree.push_node(frame(&same[0]).function, same[0].parent, depth, inlined);
        let mut ended = 0;
        for place in same {
            ended += if self.options.inverted {
                self.go_out(*place, node, next)
            } else {
                self.go_in(*place, node, next)
            };
        }
        tree.self_samples[node as usize] = ended;
    }

    /// Adds what `place` calls; returns the samples that end there.
    fn go_in(&self, place: Place, parent: u32, next: &mut Vec<Place>) -> u64 {
        let innermost = self.logical_range(place.node).start;
        if place.logical > innermost && !self.options.hide_inlined {
            next.push(self.step(place, parent, place.logical - 1));
            return 0;
        }
        let children = self.forest.children(place.node);
        next.extend(
            children
                .iter()
                .map(|child| self.enter(*child, parent, *child)),
        );
        self.forest.self_samples[place.node as usize]
    }

    /// Adds what called `place`; returns the samples of the stack that begins there.
    fn go_out(&self, place: Place, parent: u32, next: &mut Vec<Place>) -> u64 {
        let outer = place.logical + 1;
        if outer < self.logical_range(place.node).end {
            next.push(self.step(place, parent, outer));
            return 0;
        }
        match self.forest.parent[place.node as usize] {
            NONE => self.forest.self_samples[place.origin as usize],
            caller => {
                next.push(self.enter(caller, parent, place.origin));
                0
            }
        }
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
