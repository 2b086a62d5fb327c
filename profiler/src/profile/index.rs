//! What is worked out of a profile once and serves every selection of it.

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use crate::{
    capture::model::NONE,
    profile::{
        LogicalFrame, Profile,
        call_tree::{Slot, ranks},
        spare::Spare,
        stack_order,
    },
};

/// Rows of a block of [`TimeBlocks`].
const BLOCK_ROWS: usize = 4_096;
/// Logical frames of a stack node whose repetitions are kept; those of further ones are looked up.
const KEPT_LOGICAL: usize = 8;

/// What is worked out at its first use; a profile that grows or changes begins anew.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProfileIndex {
    ends: OnceLock<Option<Arc<[u32]>>>,
    sample_times: OnceLock<Arc<TimeBlocks>>,
    /// With inlined functions, and without.
    repeats: [OnceLock<Arc<Repeats>>; 2],
    logical_ranks: OnceLock<Arc<[u32]>>,
    pub(super) weights: Spare<u64>,
    pub(super) slots: Spare<Slot>,
}

impl ProfileIndex {
    /// The index of a profile whose stack nodes come in preorder and have these ends.
    pub(super) fn with_ends(ends: Vec<u32>) -> Self {
        Self {
            ends: OnceLock::from(Some(Arc::from(ends))),
            ..Self::default()
        }
    }
}

impl Profile {
    /// One past the last node below each stack node; `None` where nodes do not come in preorder.
    pub(super) fn ends(&self) -> Option<&[u32]> {
        let ends = || stack_order::ends(&self.stacks.parent).map(Arc::from);
        self.index.ends.get_or_init(ends).as_deref()
    }

    /// Where in the columns of samples which times lie.
    pub(super) fn sample_times(&self) -> &TimeBlocks {
        let times = || Arc::new(TimeBlocks::of(&self.samples.time_ns));
        self.index.sample_times.get_or_init(times)
    }

    /// The rank of each logical frame's function by name.
    pub(super) fn logical_ranks(&self) -> &[u32] {
        self.index.logical_ranks.get_or_init(|| {
            let ranks = ranks(&self.functions);
            let rank = |frame: &LogicalFrame| ranks[frame.function as usize];
            self.logical.iter().map(rank).collect()
        })
    }

    /// Which frames of the stack trie repeat a function that is on the stack already.
    pub(super) fn repeats(&self, hide_inlined: bool) -> &Repeats {
        let kept = &self.index.repeats[usize::from(hide_inlined)];
        kept.get_or_init(|| Arc::new(Repeats::of(self, hide_inlined)))
    }
}

/// The first and the last time of each block of rows, so that a range of time is found without
/// looking at all; rows come nearly, not wholly, in order of time.
#[derive(Debug)]
pub(super) struct TimeBlocks {
    rows: usize,
    spans: Vec<(u64, u64)>,
}

impl TimeBlocks {
    fn of(times: &[u64]) -> Self {
        let span = |block: &[u64]| {
            let ends = (u64::MAX, 0);
            let wider = |(low, high): (u64, u64), time: &u64| (low.min(*time), high.max(*time));
            block.iter().fold(ends, wider)
        };
        Self {
            rows: times.len(),
            spans: times.chunks(BLOCK_ROWS).map(span).collect(),
        }
    }

    /// Blocks of rows that touch a range of time (all without one), each with whether it lies in
    /// it wholly.
    pub(super) fn blocks<'a>(
        &'a self,
        range: Option<&'a Range<u64>>,
    ) -> impl Iterator<Item = (Range<usize>, bool)> + 'a {
        let blocks = self.spans.iter().zip((0..self.rows).step_by(BLOCK_ROWS));
        blocks.filter_map(move |((low, high), start)| {
            let (touches, is_inside) = range.map_or((true, true), |range| {
                let touches = *low < range.end && *high >= range.start;
                (touches, *low >= range.start && *high < range.end)
            });
            let rows = start..(start + BLOCK_ROWS).min(self.rows);
            touches.then_some((rows, is_inside))
        })
    }

    /// Rows that may lie in a range of time: those of all blocks that touch it, from the first to
    /// the last.
    pub(super) fn rows(&self, range: &Range<u64>) -> Range<usize> {
        let mut blocks = self.blocks(Some(range)).map(|(rows, _)| rows);
        let first = blocks.next().unwrap_or(0..0);
        first.start..blocks.last().map_or(first.end, |last| last.end)
    }
}

/// Which frames of the stack trie repeat a function that is on the stack already, further out or
/// further in within the same node, so that its samples are not counted twice.
#[derive(Debug)]
pub(super) struct Repeats {
    /// By node, a bit a logical frame, the innermost the lowest.
    bits: Vec<u8>,
}

impl Repeats {
    /// Of a profile whose stack nodes come in preorder.
    fn of(profile: &Profile, hide_inlined: bool) -> Self {
        let mut bits = vec![0_u8; profile.stacks.frame.len()];
        let mut active = vec![0_u32; profile.functions.len()];
        // The way to the node that is looked at.
        let mut path: Vec<u32> = Vec::new();
        for (node, parent) in profile.stacks.parent.iter().enumerate() {
            while path.last().is_some_and(|last| last != parent) {
                let left = path.pop().expect("it has a last node");
                for frame in profile.shown(left, hide_inlined) {
                    active[frame.function as usize] -= 1;
                }
            }
            for (at, frame) in profile.shown(node as u32, hide_inlined).iter().enumerate() {
                let count = &mut active[frame.function as usize];
                if *count > 0 && at < KEPT_LOGICAL {
                    bits[node] |= 1 << at;
                }
                *count += 1;
            }
            path.push(node as u32);
        }
        Self { bits }
    }

    /// Whether the function of a node's logical frame is on its stack already; `at` counts from the
    /// innermost.
    pub(super) fn has(
        &self,
        profile: &Profile,
        (node, at): (u32, usize),
        hide_inlined: bool,
    ) -> bool {
        if at < KEPT_LOGICAL {
            return self.bits[node as usize] >> at & 1 == 1;
        }
        let shown = profile.shown(node, hide_inlined);
        let function = shown[at].function;
        let mut outer = profile.stacks.parent[node as usize];
        let mut is_repeated = shown[..at].iter().any(|frame| frame.function == function);
        while outer != NONE && !is_repeated {
            let frames = profile.shown(outer, hide_inlined);
            is_repeated = frames.iter().any(|frame| frame.function == function);
            outer = profile.stacks.parent[outer as usize];
        }
        is_repeated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_a_range_lie_in_the_blocks_that_touch_it() {
        let mut times: Vec<u64> = (0..20_000).collect();
        times.swap(5_000, 5_001);
        let blocks = TimeBlocks::of(&times);
        assert_eq!(blocks.rows(&(5_000..5_002)), 4_096..8_192);
        assert_eq!(blocks.rows(&(8_191..8_193)), 4_096..12_288);
        assert_eq!(blocks.rows(&(19_999..u64::MAX)), 16_384..20_000);
        assert_eq!(blocks.rows(&(20_000..u64::MAX)), 0..0);
        assert_eq!(TimeBlocks::of(&[]).rows(&(0..9)), 0..0);
        let range = 5_000..9_000;
        let touched: Vec<_> = blocks.blocks(Some(&range)).collect();
        assert_eq!(touched, [(4_096..8_192, false), (8_192..12_288, false)]);
        let range = 4_096..8_192;
        let touched: Vec<_> = blocks.blocks(Some(&range)).collect();
        assert_eq!(touched, [(4_096..8_192, true)]);
    }
}
