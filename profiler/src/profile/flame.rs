//! Flame layout: where each node of a call tree lies, ready to be painted by binary search.

use std::{cmp::Reverse, ops::Range};

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

/// How a tree is laid out.
#[derive(Clone, Copy, Debug, Default)]
pub struct LayoutOptions<'a> {
    /// Order of siblings.
    pub order: FlameOrder,
    /// Width of each node where it is not its total; a node is as wide as its children at least.
    pub widths: Option<&'a [u64]>,
    /// Nodes narrower than this are left out with all below them, and counted.
    pub least: u64,
}

/// What a layout leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Nodes.
    pub nodes: usize,
    /// Their width together, each sample counted once.
    pub weight: u64,
}

/// One row of the layout: a depth of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlameRow {
    /// First box of the row.
    pub start: u32,
    /// One past the last box of the row.
    pub end: u32,
}

/// Boxes breadth first, sorted by `x` within each row. `x` and `width` are in samples (or in the
/// unit of the tree's weight), so that they are exact; divide by `total`.
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
    /// What was too narrow.
    pub hidden: Hidden,
}

impl FlameLayout {
    /// Lays out a tree, in time linear in its nodes (left-heavy: and the sorting of siblings).
    pub fn build(tree: &CallTree, order: FlameOrder) -> Self {
        let options = LayoutOptions {
            order,
            ..LayoutOptions::default()
        };
        Self::build_with(tree, options)
    }

    /// Lays out a tree so. Nodes without a width are not there at all; siblings keep the places that
    /// they have with all others, so that what is left out leaves a gap.
    pub fn build_with(tree: &CallTree, options: LayoutOptions<'_>) -> Self {
        let mut layout = Self::default();
        let widths = options.widths.unwrap_or(&tree.total_samples);
        let Some(total) = widths.first().copied().filter(|total| *total > 0) else {
            return layout;
        };
        layout.total = total;
        layout.reserve(tree.len());
        layout.push(widths, 0, 0, 0);
        let mut row = FlameRow { start: 0, end: 1 };
        while row.start < row.end {
            layout.rows.push(row);
            for parent in row.start..row.end {
                layout.push_children(tree, widths, options, parent);
            }
            row = FlameRow {
                start: row.end,
                end: layout.node.len() as u32,
            };
        }
        let all = widths.iter().filter(|width| **width > 0).count();
        layout.hidden.nodes = all - layout.node.len();
        layout
    }

    /// The boxes of a row that touch `from..to` (in samples), found by binary search.
    pub fn visible(&self, row: usize, from: f64, to: f64) -> Range<u32> {
        let Some(FlameRow { start, end }) = self.rows.get(row).copied() else {
            return 0..0;
        };
        let boxes = start as usize..end as usize;
        let x = &self.x[boxes.clone()];
        let width = &self.width[boxes];
        let past = x.partition_point(|left| (*left as f64) < to);
        // Boxes of a row do not overlap, so right edges are sorted like left ones.
        let before = x.partition_point(|left| (*left as f64) <= from);
        let touched = before > 0 && (x[before - 1] + width[before - 1]) as f64 > from;
        let first = (before - usize::from(touched)).min(past);
        start + first as u32..start + past as u32
    }

    /// The box at `x` (in samples) in a row.
    pub fn hit(&self, row: usize, x: f64) -> Option<u32> {
        let FlameRow { start, end } = self.rows.get(row).copied()?;
        let lefts = &self.x[start as usize..end as usize];
        let past = lefts.partition_point(|left| *left as f64 <= x) as u32;
        let hit = start + past.checked_sub(1)?;
        let right = self.x[hit as usize] + self.width[hit as usize];
        (x < right as f64).then_some(hit)
    }

    fn reserve(&mut self, boxes: usize) {
        self.x.reserve(boxes);
        self.width.reserve(boxes);
        self.node.reserve(boxes);
        self.parent.reserve(boxes);
    }

    fn push(&mut self, widths: &[u64], node: u32, parent: u32, x: u64) {
        self.x.push(x);
        self.width.push(widths[node as usize]);
        self.node.push(node);
        self.parent.push(parent);
    }

    fn push_children(
        &mut self,
        tree: &CallTree,
        widths: &[u64],
        options: LayoutOptions<'_>,
        parent: u32,
    ) {
        let children = tree.children(self.node[parent as usize]);
        let mut x = self.x[parent as usize];
        let mut push = |child: u32| {
            let width = widths[child as usize];
            if width >= options.least.max(1) {
                self.push(widths, child, parent, x);
            } else {
                self.hidden.weight += width;
            }
            x += width;
        };
        match options.order {
            FlameOrder::Alphabetical => children.for_each(push),
            FlameOrder::LeftHeavy => {
                let mut children: Vec<u32> = children.collect();
                children.sort_by_key(|child| Reverse(widths[*child as usize]));
                children.into_iter().for_each(&mut push);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::{CallTreeOptions, Selection, testing};

    fn tree_of(stacks: &[Vec<u8>]) -> CallTree {
        let stacks: Vec<Vec<String>> = stacks
            .iter()
            .map(|stack| stack.iter().map(|f| format!("f{f}")).collect())
            .collect();
        let profile = testing::profile(&stacks);
        CallTree::build(&profile, &Selection::default(), CallTreeOptions::default())
    }

    proptest! {
        #[test]
        fn boxes_lie_within_their_parents_and_never_overlap(
            stacks in prop::collection::vec(prop::collection::vec(0_u8..6, 1..8), 1..40),
            heavy in any::<bool>(),
        ) {
            let order = if heavy { FlameOrder::LeftHeavy } else { FlameOrder::Alphabetical };
            let layout = FlameLayout::build(&tree_of(&stacks), order);
            for row in &layout.rows {
                for b in row.start as usize..row.end as usize {
                    let parent = layout.parent[b] as usize;
                    prop_assert!(layout.x[b] >= layout.x[parent]);
                    let right = layout.x[b] + layout.width[b];
                    prop_assert!(right <= layout.x[parent] + layout.width[parent]);
                    prop_assert!(b + 1 == row.end as usize || right <= layout.x[b + 1]);
                }
            }
            prop_assert_eq!(layout.total, stacks.len() as u64);
        }

        #[test]
        fn the_visible_boxes_are_those_that_a_scan_finds(
            stacks in prop::collection::vec(prop::collection::vec(0_u8..4, 1..6), 1..40),
            from in 0.0..40.0_f64,
            span in 0.0..20.0_f64,
        ) {
            let layout = FlameLayout::build(&tree_of(&stacks), FlameOrder::Alphabetical);
            for (position, row) in layout.rows.iter().enumerate() {
                let touches = |b: &u32| {
                    let left = layout.x[*b as usize] as f64;
                    let right = left + layout.width[*b as usize] as f64;
                    left < from + span && right > from
                };
                let scanned: Vec<u32> = (row.start..row.end).filter(touches).collect();
                let found: Vec<u32> = layout.visible(position, from, from + span).collect();
                prop_assert_eq!(found, scanned);
                let under = (row.start..row.end).find(|b| {
                    let left = layout.x[*b as usize] as f64;
                    (left..left + layout.width[*b as usize] as f64).contains(&from)
                });
                prop_assert_eq!(layout.hit(position, from), under);
            }
        }
    }

    #[test]
    fn left_heavy_puts_the_heaviest_sibling_first() {
        let tree = tree_of(&[vec![0, 1], vec![0, 2], vec![0, 2]]);
        let profile_order = FlameLayout::build(&tree, FlameOrder::Alphabetical);
        let heavy = FlameLayout::build(&tree, FlameOrder::LeftHeavy);
        let last = |layout: &FlameLayout| layout.width[layout.rows[3].start as usize];
        assert_eq!((last(&profile_order), last(&heavy)), (1, 2));
    }

    #[test]
    fn what_is_too_narrow_is_left_out_with_all_below_it_and_counted() {
        let tree = tree_of(&[vec![0, 1], vec![0, 2, 3], vec![0, 4], vec![0, 4]]);
        let options = LayoutOptions {
            least: 2,
            ..LayoutOptions::default()
        };
        let layout = FlameLayout::build_with(&tree, options);
        let expected = Hidden {
            nodes: 3,
            weight: 2,
        };
        assert_eq!((layout.hidden, layout.total), (expected, 4));
        let last = layout.rows.last().expect("rows").start as usize;
        assert_eq!(
            (layout.x[last], layout.width[last]),
            (2, 2),
            "it keeps its place"
        );
        let whole = FlameLayout::build(&tree, FlameOrder::Alphabetical);
        assert_eq!(whole.hidden, Hidden::default());
    }

    #[test]
    fn other_widths_leave_nodes_of_none_out() {
        let tree = tree_of(&[vec![0, 1], vec![0, 2]]);
        let mut widths = vec![5; tree.len()];
        widths[tree.len() - 1] = 0;
        let options = LayoutOptions {
            widths: Some(&widths),
            ..LayoutOptions::default()
        };
        let layout = FlameLayout::build_with(&tree, options);
        assert_eq!(layout.node.len(), tree.len() - 1);
        assert_eq!((layout.total, layout.hidden), (5, Hidden::default()));
    }

    #[test]
    fn an_empty_tree_has_no_rows() {
        let layout = FlameLayout::build(&tree_of(&[]), FlameOrder::Alphabetical);
        assert!(layout.rows.is_empty());
        assert_eq!(layout.visible(0, 0.0, 1.0), 0..0);
        assert_eq!(layout.hit(0, 0.0), None);
    }
}
