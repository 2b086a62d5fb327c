//! Sums up the rows of a selection, on several threads where there are many.

use std::{num::NonZero, ops::Range};

use super::{Profile, Selection, Weight};

/// Rows below which another thread is not worth its start.
const ROWS_PER_THREAD: usize = 1 << 20;

/// A row: position of its thread, stack node of its innermost frame, weight.
pub(super) type Row = (u32, u32, u64);

impl Profile {
    /// Hands all rows that [`Self::weighed`] gives to one of several sums, each of which `start`
    /// begins; several times faster than that for CPU samples, of which there can be millions.
    pub(super) fn gathered<T: Send>(
        &self,
        selection: &Selection,
        start: impl Fn() -> T + Sync,
        add: impl Fn(&mut T, Row) + Sync,
    ) -> Vec<T> {
        if selection.weight != Weight::Cpu {
            let mut sum = start();
            self.weighed(selection)
                .for_each(|row| add(&mut sum, (row.thread, row.stack, row.weight)));
            return vec![sum];
        }
        let times = self.sample_times().blocks(selection.time_ns.as_ref());
        let blocks: Vec<(Range<usize>, bool)> = times.collect();
        let rows: usize = blocks.iter().map(|(rows, _)| rows.len()).sum();
        let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
        let parts = (rows / ROWS_PER_THREAD).clamp(1, cpus);
        let mask = self.mask_of(selection);
        let sum_of = |blocks: &[(Range<usize>, bool)]| {
            let mut sum = start();
            for (rows, is_inside) in blocks {
                let range = selection.time_ns.as_ref().filter(|_| !is_inside);
                self.add_block(rows.clone(), (range, mask.as_deref()), |row| {
                    add(&mut sum, row)
                });
            }
            sum
        };
        let mut parts = blocks.chunks(blocks.len().div_ceil(parts).max(1));
        let Some(first) = parts.next() else {
            return vec![start()];
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = parts.map(|part| scope.spawn(|| sum_of(part))).collect();
            let mut sums = vec![sum_of(first)];
            for other in others {
                let sum = other.join();
                sums.push(sum.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            sums
        })
    }

    fn add_block(
        &self,
        rows: Range<usize>,
        (range, mask): (Option<&Range<u64>>, Option<&[bool]>),
        mut add: impl FnMut(Row),
    ) {
        let (thread, stack) = (&self.samples.thread, &self.samples.stack);
        if range.is_none() && mask.is_none() && self.sample_weights.is_empty() {
            let rows = thread[rows.clone()].iter().zip(&stack[rows]);
            rows.for_each(|(thread, stack)| add((*thread, *stack, 1)));
            return;
        }
        for row in rows {
            let in_time = range.is_none_or(|range| range.contains(&self.samples.time_ns[row]));
            let has_thread = mask.is_none_or(|mask| mask[thread[row] as usize]);
            let weight = self.sample_weight(row);
            if in_time && has_thread && weight > 0 {
                add((thread[row], stack[row], weight));
            }
        }
    }
}

/// Adds the columns of other sums to those of the first.
pub(super) fn summed(sums: Vec<Vec<u64>>) -> Vec<u64> {
    let mut sums = sums.into_iter();
    let mut sum = sums.next().unwrap_or_default();
    for other in sums {
        for (cell, more) in sum.iter_mut().zip(other) {
            *cell += more;
        }
    }
    sum
}
