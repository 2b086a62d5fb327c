//! The order of stack nodes: those below a node follow it side by side.

use std::borrow::Cow;

use super::{Profile, index::ProfileIndex};
use crate::{
    capture::model::{NONE, StackNodes},
    sys::cores,
};

/// Rows below which another thread is not worth its start.
const LEAST_PART: usize = 1 << 20;

impl Profile {
    /// This profile where its stack nodes come in preorder, else a copy in which they do: profiles
    /// that still grow need not be in order.
    pub(super) fn in_order(&self) -> Cow<'_, Self> {
        match self.ends() {
            Some(_) => Cow::Borrowed(self),
            None => Cow::Owned(self.clone().ordered()),
        }
    }

    /// The same with its stack nodes in preorder, so that all nodes below one are a range behind
    /// it. Views are several times faster on such a profile.
    #[must_use]
    pub fn ordered(mut self) -> Self {
        if self.ends().is_some() {
            return self;
        }
        let places = Places::of(&self.stacks.parent);
        self.stacks = places.permuted(&self.stacks);
        for stacks in [
            &mut self.samples.stack,
            &mut self.waits.stack,
            &mut self.page_faults.stack,
        ] {
            places.renumber(stacks);
        }
        self.index = ProfileIndex::with_ends(places.ends());
        self
    }
}

/// One past the last node below each node; `None` where nodes do not come in preorder. Every
/// parent comes before its children.
pub(super) fn ends(parents: &[u32]) -> Option<Vec<u32>> {
    if !is_preorder(parents) {
        return None;
    }
    let mut ends: Vec<u32> = (1..=parents.len() as u32).collect();
    for node in (0..parents.len()).rev() {
        let parent = parents[node];
        if parent != NONE {
            let end = ends[node].max(ends[parent as usize]);
            ends[parent as usize] = end;
        }
    }
    Some(ends)
}

/// Whether each node's parent is the node before it or one of those above that.
fn is_preorder(parents: &[u32]) -> bool {
    let mut above: Vec<u32> = Vec::new();
    for (node, parent) in parents.iter().enumerate() {
        while above.last().is_some_and(|last| last != parent) {
            above.pop();
        }
        if *parent != NONE && above.is_empty() {
            return false;
        }
        above.push(node as u32);
    }
    true
}

/// Where nodes go, by node.
struct Places {
    place: Vec<u32>,
    /// Nodes in and below each.
    size: Vec<u32>,
}

impl Places {
    fn of(parents: &[u32]) -> Self {
        let mut size = vec![1_u32; parents.len()];
        for node in (0..parents.len()).rev() {
            if parents[node] != NONE {
                size[parents[node] as usize] += size[node];
            }
        }
        // Where the next child of each node goes, once the node has its place.
        let mut next = vec![0_u32; parents.len()];
        let mut next_root = 0;
        for node in 0..parents.len() {
            let slot = match parents[node] {
                NONE => &mut next_root,
                parent => &mut next[parent as usize],
            };
            let place = *slot;
            *slot += size[node];
            next[node] = place + 1;
        }
        // All children have their place now, and lie between the node's and its end.
        let place = next.iter().zip(&size).map(|(next, size)| next - size);
        Self {
            place: place.collect(),
            size,
        }
    }

    fn permuted(&self, stacks: &StackNodes) -> StackNodes {
        let mut moved = StackNodes {
            parent: vec![NONE; self.place.len()],
            frame: vec![0; self.place.len()],
        };
        let nodes = stacks.parent.iter().zip(&stacks.frame);
        for ((parent, frame), place) in nodes.zip(&self.place) {
            moved.frame[*place as usize] = *frame;
            if *parent != NONE {
                moved.parent[*place as usize] = self.place[*parent as usize];
            }
        }
        moved
    }

    fn renumber(&self, stacks: &mut [u32]) {
        let part = stacks.len().div_ceil(cores::count()).max(LEAST_PART);
        let work = |stacks: &mut [u32]| {
            for stack in stacks.iter_mut().filter(|stack| **stack != NONE) {
                *stack = self.place[*stack as usize];
            }
        };
        cores::each("scrutineer-order", stacks.chunks_mut(part), work);
    }

    /// One past the last node below each, by where nodes went.
    fn ends(&self) -> Vec<u32> {
        let mut ends = vec![0; self.place.len()];
        for (place, size) in self.place.iter().zip(&self.size) {
            ends[*place as usize] = place + size;
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn preorder_is_told_from_other_orders() {
        assert_eq!(
            ends(&[NONE, 0, 1, 0, NONE, 4]),
            Some(vec![4, 3, 3, 4, 6, 6])
        );
        assert_eq!(ends(&[NONE, 0, 0, 1]), None, "below 1 after its sibling");
        assert_eq!(ends(&[NONE, NONE, 0]), None);
        assert_eq!(ends(&[]), Some(vec![]));
    }

    proptest! {
        #[test]
        fn nodes_are_put_in_preorder_and_keep_their_ways_to_the_root(
            parents in prop::collection::vec(0_usize..50, 0..40),
        ) {
            let parent = |(node, parent): (usize, &usize)| match parent % (node + 1) {
                0 => NONE,
                parent => parent as u32 - 1,
            };
            let parent: Vec<u32> = parents.iter().enumerate().map(parent).collect();
            let frame = (0..parent.len() as u32).collect();
            let stacks = StackNodes { parent, frame };
            let places = Places::of(&stacks.parent);
            let moved = places.permuted(&stacks);
            prop_assert_eq!(ends(&moved.parent), Some(places.ends()));
            let mut renumbered: Vec<u32> = (0..stacks.parent.len() as u32).chain([NONE]).collect();
            places.renumber(&mut renumbered);
            prop_assert_eq!(renumbered.pop(), Some(NONE));
            prop_assert_eq!(&renumbered, &places.place);
            for (node, place) in places.place.iter().enumerate() {
                prop_assert_eq!(moved.frame[*place as usize], node as u32);
                let above = moved.parent[*place as usize];
                let above = (above != NONE).then(|| moved.frame[above as usize]);
                let expected = Some(stacks.parent[node]).filter(|parent| *parent != NONE);
                prop_assert_eq!(above, expected);
            }
        }
    }
}
