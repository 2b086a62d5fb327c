//! The call tree of a selection: stacks merged by function from the root.

use crate::profile::{Profile, Selection};

/// How a call tree is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTreeOptions {
    /// Merge threads into one tree instead of a node a thread name below the root.
    pub merge_threads: bool,
    /// Leave inlined frames out, so that self time belongs to the physical function.
    pub hide_inlined: bool,
    /// Callees first: each root child is a function with self time, its children are callers.
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
    /// Samples in which the node was innermost.
    pub self_samples: Vec<u64>,
    /// Samples in the node and below.
    pub total_samples: Vec<u64>,
    /// Whether the node's frame was inlined into its parent.
    pub inlined: Vec<bool>,
    /// Depth; the root is 0.
    pub depth: Vec<u16>,
}

impl CallTree {
    /// Builds the tree; empty but for the root where the selection has no samples.
    pub fn build(profile: &Profile, selection: &Selection, options: CallTreeOptions) -> Self {
        let _ = (profile, selection, options);
        todo!("profile room")
    }

    /// Nodes in the tree.
    pub fn len(&self) -> usize {
        self.function.len()
    }

    /// Whether the tree holds no samples.
    pub fn is_empty(&self) -> bool {
        self.total_samples.first().is_none_or(|total| *total == 0)
    }

    /// Name of a node.
    pub fn name<'a>(&'a self, profile: &'a Profile, node: u32) -> &'a str {
        let _ = (profile, node);
        todo!("profile room")
    }
}
