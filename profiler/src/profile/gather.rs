//! Sums up the rows of a selection, on several threads where there are many.

use std::ops::Range;

use super::{Profile, Selection, Weight};
use crate::sys::cores;

/// Rows below which another thread is not worth its start.
const LEAST_ROWS_PER_THREAD: usize = 1 << 18;
/// Entries of a sum that take as long to clear and to add up as a row takes to be read.
const ENTRIES_PER_ROW: usize = 4;

/// A row: position of its thread, stack node of its innermost frame, weight.
pub(super) type Row = (u32, u32, u64);

/// What rows are summed up in.
pub(super) trait Sum: Send {
    /// Adds rows; called once a block of some thousands.
    fn add_rows(&mut self, rows: impl Iterator<Item = Row>);
    /// Adds what another sum of the same kind has gathered.
    fn add_sum(&mut self, other: Self);
}

impl Profile {
    /// Adds all rows that [`Self::weighed`] gives to what `start` begins, which has so many
    /// `entries`; several times faster for CPU samples, of which there can be millions.
    pub(super) fn gathered<T: Sum>(
        &self,
        selection: &Selection,
        (entries, start): (usize, impl Fn() -> T + Sync),
    ) -> T {
        if selection.weight != Weight::Cpu {
            let mut sum = start();
            let rows = self.weighed(selection);
            sum.add_rows(rows.map(|row| (row.thread, row.stack, row.weight)));
            return sum;
        }
        let times = self.sample_times().blocks(selection.time_ns.as_ref());
        let blocks: Vec<(Range<usize>, bool)> = times.collect();
        let rows: usize = blocks.iter().map(|(rows, _)| rows.len()).sum();
        let per_thread = LEAST_ROWS_PER_THREAD.max(entries / ENTRIES_PER_ROW);
        let parts = (rows / per_thread).clamp(1, cores::count());
        let mask = self.mask_of(selection);
        let sum_of = |blocks: &[(Range<usize>, bool)]| {
            let mut sum = start();
            for (rows, is_inside) in blocks {
                let range = selection.time_ns.as_ref().filter(|_| !is_inside);
                self.add_block(&mut sum, rows.clone(), (range, mask.as_deref()));
            }
            sum
        };
        let parts = blocks.chunks(blocks.len().div_ceil(parts).max(1));
        let sums = cores::each("scrutineer-sums", parts, sum_of).into_iter();
        let all = sums.reduce(|mut all, sum| {
            all.add_sum(sum);
            all
        });
        all.unwrap_or_else(start)
    }

    fn add_block<T: Sum>(
        &self,
        sum: &mut T,
        rows: Range<usize>,
        (range, mask): (Option<&Range<u64>>, Option<&[bool]>),
    ) {
        let thread = &self.samples.thread[rows.clone()];
        let stack = &self.samples.stack[rows.clone()];
        if range.is_none() && mask.is_none() && self.sample_weights.is_empty() {
            let rows = thread.iter().zip(stack);
            sum.add_rows(rows.map(|(thread, stack)| (*thread, *stack, 1)));
            return;
        }
        let time_ns = &self.samples.time_ns[rows.clone()];
        let is_chosen = |(row, thread): (usize, u32)| {
            range.is_none_or(|range| range.contains(&time_ns[row]))
                && mask.is_none_or(|mask| mask[thread as usize])
        };
        let rows = thread.iter().zip(stack).zip(rows).enumerate();
        let chosen = rows.filter(|(row, ((thread, _), _))| is_chosen((*row, **thread)));
        let weighed =
            chosen.map(|(_, ((thread, stack), row))| (*thread, *stack, self.sample_weight(row)));
        sum.add_rows(weighed.filter(|(_, _, weight)| *weight > 0));
    }
}

/// Adds a column to another, entry by entry.
pub(super) fn add_column(sum: &mut [u64], more: &[u64]) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum += more;
    }
}
