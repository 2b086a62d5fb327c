//! Puts short waits alike into one row, so that a thread that waits ten thousand times a second
//! costs no more than one that waits ten times. Sums stay exact.

use std::collections::BTreeMap;

#[cfg(test)]
use crate::capture::model::NONE;
use crate::capture::model::Waits;

/// Waits at least so long are kept one by one.
const SHORTEST_APART_NS: u64 = 1_000_000;
/// Of one flush, at most so many are; of more, the longest.
const MOST_APART: usize = 2_000;

/// A row of [`Waits`]. Rows compare by time first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) start_ns: u64,
    pub(crate) thread: u32,
    pub(crate) stack: u32,
    pub(crate) duration_ns: u64,
    pub(crate) run_queue_ns: u64,
    pub(crate) count: u32,
    pub(crate) class: u8,
    pub(crate) waker: u32,
}

/// The rows as columns in order of time, short ones of the same thread, stack, class and waker in
/// one row. The rows are used up.
pub(crate) fn gather(rows: &mut Vec<Row>) -> Waits {
    let shortest = shortest_apart(rows);
    let mut short: BTreeMap<(u32, u32, u8, u32), Row> = BTreeMap::new();
    let mut kept: Vec<Row> = Vec::new();
    for row in rows.drain(..) {
        if row.duration_ns >= shortest {
            kept.push(row);
            continue;
        }
        let alike = (row.thread, row.stack, row.class, row.waker);
        short
            .entry(alike)
            .and_modify(|sum| add(sum, &row))
            .or_insert(row);
    }
    kept.extend(short.into_values());
    kept.sort_unstable();
    let mut columns = Waits::default();
    for row in kept {
        columns.start_ns.push(row.start_ns);
        columns.duration_ns.push(row.duration_ns);
        columns.run_queue_ns.push(row.run_queue_ns);
        columns.count.push(row.count);
        columns.thread.push(row.thread);
        columns.stack.push(row.stack);
        columns.class.push(row.class);
        columns.waker.push(row.waker);
    }
    columns
}

fn add(sum: &mut Row, row: &Row) {
    sum.start_ns = sum.start_ns.min(row.start_ns);
    sum.duration_ns = sum.duration_ns.saturating_add(row.duration_ns);
    sum.run_queue_ns = sum.run_queue_ns.saturating_add(row.run_queue_ns);
    sum.count = sum.count.saturating_add(row.count);
}

fn shortest_apart(rows: &[Row]) -> u64 {
    let mut long: Vec<u64> = rows
        .iter()
        .map(|row| row.duration_ns)
        .filter(|duration| *duration >= SHORTEST_APART_NS)
        .collect();
    if long.len() <= MOST_APART {
        return SHORTEST_APART_NS;
    }
    let (_, least_kept, _) = long.select_nth_unstable_by(MOST_APART, |a, b| b.cmp(a));
    // Those that are as long as the first one too many go with it.
    least_kept.saturating_add(1)
}

impl Row {
    /// A wait without a stack, of a class that is not known.
    #[cfg(test)]
    pub(crate) fn of(thread: u32, start_ns: u64, duration_ns: u64) -> Self {
        Self {
            start_ns,
            thread,
            stack: NONE,
            duration_ns,
            run_queue_ns: 0,
            count: 1,
            class: 0,
            waker: NONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_waits_alike_share_a_row_and_long_ones_stand_alone() {
        let mut rows = vec![
            Row::of(1, 500, 2_000_000),
            Row::of(1, 300, 10_000),
            Row::of(1, 100, 20_000),
            Row::of(2, 200, 40_000),
        ];
        let waits = gather(&mut rows);
        assert_eq!(waits.start_ns, [100, 200, 500]);
        assert_eq!(waits.duration_ns, [30_000, 40_000, 2_000_000]);
        assert_eq!(waits.count, [2, 1, 1]);
        assert!(rows.is_empty());
    }

    #[test]
    fn a_flood_of_long_waits_is_bounded_and_the_longest_stand_alone() {
        let mut rows: Vec<Row> = (0..5_000_u64)
            .map(|n| Row::of(1, n, SHORTEST_APART_NS + n))
            .collect();
        let waits = gather(&mut rows);
        assert_eq!(waits.start_ns.len(), MOST_APART + 1);
        assert_eq!(waits.count.iter().sum::<u32>(), 5_000);
        let alone = waits.duration_ns.iter().zip(&waits.count);
        let shortest_alone = alone.filter(|(_, count)| **count == 1).map(|(ns, _)| *ns);
        assert_eq!(shortest_alone.min(), Some(SHORTEST_APART_NS + 3_000));
    }

    proptest! {
        #[test]
        fn sums_per_thread_stack_and_class_stay_exact(
            rows in prop::collection::vec(
                (0_u32..3, 0_u32..3, 0_u8..3, 0_u64..3_000_000, 0_u64..1_000), 0..200,
            ),
        ) {
            let mut rows: Vec<Row> = rows
                .into_iter()
                .map(|(thread, stack, class, duration_ns, start_ns)| Row {
                    stack,
                    class,
                    run_queue_ns: duration_ns / 3,
                    ..Row::of(thread, start_ns, duration_ns)
                })
                .collect();
            let mut expected: BTreeMap<(u32, u32, u8), (u64, u64, u32)> = BTreeMap::new();
            for row in &rows {
                let sum = expected.entry((row.thread, row.stack, row.class)).or_default();
                sum.0 += row.duration_ns;
                sum.1 += row.run_queue_ns;
                sum.2 += row.count;
            }
            let waits = gather(&mut rows);
            let mut found: BTreeMap<(u32, u32, u8), (u64, u64, u32)> = BTreeMap::new();
            for row in 0..waits.start_ns.len() {
                let key = (waits.thread[row], waits.stack[row], waits.class[row]);
                let sum = found.entry(key).or_default();
                sum.0 += waits.duration_ns[row];
                sum.1 += waits.run_queue_ns[row];
                sum.2 += waits.count[row];
            }
            prop_assert_eq!(found, expected);
        }
    }
}
