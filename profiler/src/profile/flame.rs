//! Flame layout: where each node of a call tree lies, ready to be painted by binary search.

use crate::profile::CallTree;

/// Order of siblings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlameOrder {
    /// By name, so that the same function lies at the same place.
    #[default]
    Alphabetical,
    /// Heaviest first.
    LeftHeavy,
}

/// One row of the layout: a depth of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlameRow {
    /// First box of the row.
    pub start: u32,
    /// One past the last box of the row.
    pub end: u32,
}

/// Boxes breadth first, sorted by `x` within each row. `x` and `width` are in samples, so that
/// they are exact; divide by `total`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlameLayout {
    /// Rows, the root's first.
    pub rows: Vec<FlameRow>,
    /// Left edge.
    pub x: Vec<u64>,
    /// Width.
    pub width: Vec<u64>,
    /// Node of the call tree.
    pub node: Vec<u32>,
    /// Box of the parent; the root's is itself.
    pub parent: Vec<u32>,
    /// Width of the root.
    pub total: u64,
}

impl FlameLayout {
    /// Lays out a tree.
    pub fn build(tree: &CallTree, order: FlameOrder) -> Self {
        let _ = (tree, order);
        todo!("profile room")
    }

    /// The boxes of a row that touch `from..to` (in samples), found by binary search.
    pub fn visible(&self, row: usize, from: f64, to: f64) -> std::ops::Range<u32> {
        let _ = (row, from, to);
        todo!("profile room")
    }

    /// The box at `x` (in samples) in a row.
    pub fn hit(&self, row: usize, x: f64) -> Option<u32> {
        let _ = (row, x);
        todo!("profile room")
    }
}
