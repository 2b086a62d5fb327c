//! The flame chart: the stacks of one thread over time, neighbours with the same callers merged.

use std::collections::HashMap;

use super::{CallTree, FlameLayout, FlameRow, Profile, Selection, Weight, diff_tree::group_name};
use crate::capture::model::{NONE, WaitClass};

/// Stacks that are drawn at most; of more, one in so many.
const MOST_STACKS: usize = 400_000;
/// A sample that comes so many periods after the one before it begins anew: between them the
/// thread did not run.
const GAP_PERIODS: f64 = 1.5;

/// A wait of the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartWait {
    /// When it began, nanoseconds since the capture's start.
    pub start_ns: u64,
    /// When the thread could run again, or the sum of several short ones after the start.
    pub end_ns: u64,
    /// What it waited for.
    pub class: WaitClass,
    /// Waits that the row stands for.
    pub count: u32,
    /// Thread that ended it, or [`NONE`].
    pub waker: u32,
}

/// The stacks of one thread over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlameChart {
    /// Boxes, with `x` and `width` in nanoseconds since [`Self::start_ns`]; they name nodes of the
    /// tree that the chart was made with, each as often as it comes back. The first row is the
    /// whole time.
    pub layout: FlameLayout,
    /// Begin of what is shown, nanoseconds since the capture's start.
    pub start_ns: u64,
    /// The thread's waits, by their beginning.
    pub waits: Vec<ChartWait>,
    /// One stack of so many is drawn; 1 for all.
    pub every: usize,
}

/// From when to when a thread was at a node of the tree.
#[derive(Clone, Copy, Debug)]
struct Span {
    start_ns: u64,
    end_ns: u64,
    node: u32,
}

impl FlameChart {
    /// Draws a thread over the selection's time. `tree` is the call tree of a selection with the
    /// same weight that holds the thread, callers first, threads not merged. A sample stands for
    /// the time since the one before it, at most for one period; a wait for its own time. Page
    /// faults have no length and make no boxes.
    ///
    /// Linear in the thread's rows times their depth, and in the tree.
    pub fn build(profile: &Profile, selection: &Selection, tree: &CallTree, thread: u32) -> Self {
        let whole = 0..profile.duration_ns().max(1);
        let range = selection.time_ns.clone().unwrap_or(whole);
        let selection = Selection {
            threads: Some([thread].into()),
            ..selection.clone()
        };
        let (mut spans, every) = spans(profile, &selection, tree);
        let waits = waits(profile, &selection);
        if selection.weight == Weight::Cpu {
            begin_after_waits(&mut spans, &waits);
        }
        for span in &mut spans {
            span.start_ns = span.start_ns.clamp(range.start, range.end) - range.start;
            span.end_ns = span.end_ns.clamp(range.start, range.end) - range.start;
        }
        spans.retain(|span| span.end_ns > span.start_ns);
        Self {
            layout: laid_out(tree, &spans, (range.end - range.start).max(1)),
            start_ns: range.start,
            waits,
            every,
        }
    }
}

fn spans(profile: &Profile, selection: &Selection, tree: &CallTree) -> (Vec<Span>, usize) {
    let mut rows: Vec<_> = match selection.weight {
        Weight::PageFaults => Vec::new(),
        Weight::Cpu | Weight::Wait => profile.weighed_at(selection).collect(),
    };
    rows.sort_by_key(|(row, time_ns)| (*time_ns, row.row));
    let every = rows.len().div_ceil(MOST_STACKS).max(1);
    let period_ns = 1e9 / f64::from(profile.header.frequency_hz.max(1)) * every as f64;
    let mut nodes = Nodes::of(profile, tree);
    let mut before_ns = 0_u64;
    let mut spans = Vec::with_capacity(rows.len() / every);
    for (row, time_ns) in rows.into_iter().step_by(every) {
        let (start_ns, end_ns) = if selection.weight == Weight::Wait {
            let length = profile.waits.duration_ns[row.row as usize];
            (time_ns.max(before_ns), time_ns.saturating_add(length))
        } else {
            let since = time_ns.saturating_sub(before_ns);
            let follows = !spans.is_empty() && (since as f64) < GAP_PERIODS * period_ns;
            let alone = time_ns.saturating_sub(period_ns as u64).max(before_ns);
            (if follows { before_ns } else { alone }, time_ns)
        };
        before_ns = before_ns.max(end_ns);
        if let Some(node) = nodes.node(row.thread, row.stack) {
            spans.push(Span {
                start_ns,
                end_ns,
                node,
            });
        }
    }
    (spans, every)
}

/// A stack that ran was not there before the wait that ended last.
fn begin_after_waits(spans: &mut [Span], waits: &[ChartWait]) {
    let single = waits.iter().filter(|wait| wait.count == 1);
    let mut ends = single.map(|wait| wait.end_ns).peekable();
    let mut last = 0;
    for span in spans {
        while let Some(end) = ends.next_if(|end| *end <= span.end_ns) {
            last = last.max(end);
        }
        span.start_ns = span.start_ns.max(last).min(span.end_ns);
    }
}

fn waits(profile: &Profile, selection: &Selection) -> Vec<ChartWait> {
    let columns = &profile.waits;
    let rows = profile.selected_waits(selection);
    let mut waits: Vec<ChartWait> = rows
        .map(|(row, _)| ChartWait {
            start_ns: columns.start_ns[row],
            end_ns: columns.start_ns[row].saturating_add(columns.duration_ns[row]),
            class: WaitClass::from_number(columns.class[row]),
            count: columns.count[row],
            waker: columns.waker[row],
        })
        .collect();
    waits.sort_by_key(|wait| (wait.start_ns, wait.end_ns));
    waits
}

/// Finds the node of the tree for a stack.
struct Nodes<'a> {
    profile: &'a Profile,
    children: HashMap<(u32, u32), u32>,
    groups: HashMap<&'a str, u32>,
    /// Whether the tree leaves light nodes out.
    is_bounded: bool,
    found: HashMap<(u32, u32), Option<u32>>,
}

impl<'a> Nodes<'a> {
    fn of(profile: &'a Profile, tree: &'a CallTree) -> Self {
        let nodes = (1..tree.len() as u32).filter(|node| tree.function[*node as usize] != NONE);
        let key = |node: u32| (tree.parent[node as usize], tree.function[node as usize]);
        let groups = tree.labels.iter().filter(|(node, _)| *node != 0);
        Self {
            profile,
            children: nodes.map(|node| (key(node), node)).collect(),
            groups: groups
                .map(|(node, label)| (group_name(label), *node))
                .collect(),
            is_bounded: tree.least > 1,
            found: HashMap::new(),
        }
    }

    /// `None` where the tree does not hold the stack; the innermost that it holds where it leaves
    /// light nodes out.
    fn node(&mut self, thread: u32, stack: u32) -> Option<u32> {
        let name = &self.profile.threads.get(thread as usize)?.name;
        let group = *self.groups.get(name.as_str())?;
        let stacks = &self.profile.stacks;
        let mut path = Vec::new();
        let mut at = stack;
        let mut node = loop {
            if at == NONE {
                break Some(group);
            }
            if let Some(known) = self.found.get(&(group, at)) {
                break *known;
            }
            path.push(at);
            at = stacks.parent[at as usize];
        };
        for stack in path.into_iter().rev() {
            let frames = self.profile.logical_of(stacks.frame[stack as usize]);
            for frame in frames.iter().rev() {
                node = node.and_then(|node| {
                    let below = self.children.get(&(node, frame.function)).copied();
                    below.or(self.is_bounded.then_some(node))
                });
            }
            self.found.insert((group, stack), node);
        }
        node
    }
}

/// The boxes of one depth: where they begin and end, their node and the box above.
#[derive(Default)]
struct Row {
    x: Vec<u64>,
    width: Vec<u64>,
    node: Vec<u32>,
    parent: Vec<u32>,
}

fn laid_out(tree: &CallTree, spans: &[Span], total: u64) -> FlameLayout {
    let mut rows = vec![Row::default()];
    rows[0].push(0, 0, 0);
    rows[0].width[0] = total;
    let mut open: Vec<u32> = vec![0];
    let mut end_ns = 0;
    let mut path = Vec::new();
    for span in spans {
        path.clear();
        let mut node = span.node;
        while node != 0 {
            path.push(node);
            node = tree.parent[node as usize];
        }
        path.push(0);
        path.reverse();
        let same = if span.start_ns == end_ns {
            let pairs = open.iter().zip(&path);
            pairs.take_while(|(a, b)| a == b).count()
        } else {
            1
        };
        open.truncate(same.max(1));
        for depth in 1..path.len() {
            if depth >= rows.len() {
                rows.push(Row::default());
            }
            if depth >= open.len() {
                open.push(path[depth]);
                let parent = rows[depth - 1].x.len() - 1;
                rows[depth].push(span.start_ns, path[depth], parent as u32);
            }
            let row = &mut rows[depth];
            let last = row.x.len() - 1;
            row.width[last] = span.end_ns - row.x[last];
        }
        end_ns = span.end_ns;
    }
    concatenated(rows, total)
}

impl Row {
    fn push(&mut self, x: u64, node: u32, parent: u32) {
        self.x.push(x);
        self.width.push(0);
        self.node.push(node);
        self.parent.push(parent);
    }
}

fn concatenated(rows: Vec<Row>, total: u64) -> FlameLayout {
    let mut layout = FlameLayout {
        total,
        ..FlameLayout::default()
    };
    let mut above = 0;
    for row in rows {
        let start = layout.x.len() as u32;
        layout.x.extend(row.x);
        layout.width.extend(row.width);
        layout.node.extend(row.node);
        layout.parent.extend(row.parent.iter().map(|at| at + above));
        let end = layout.x.len() as u32;
        layout.rows.push(FlameRow { start, end });
        above = start;
    }
    layout
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{CallTreeOptions, testing};

    /// `(name, start in ms, width in ms)` of the boxes of a row.
    fn row(
        profile: &Profile,
        tree: &CallTree,
        chart: &FlameChart,
        row: usize,
    ) -> Vec<(String, u64, u64)> {
        let FlameRow { start, end } = chart.layout.rows[row];
        let boxes = start as usize..end as usize;
        boxes
            .map(|at| {
                let name = tree.name(profile, chart.layout.node[at]).to_owned();
                let ms = |ns: u64| ns / 1_000_000;
                (name, ms(chart.layout.x[at]), ms(chart.layout.width[at]))
            })
            .collect()
    }

    fn chart(profile: &Profile) -> (CallTree, FlameChart) {
        let selection = Selection::default();
        let tree = CallTree::build(profile, &selection, CallTreeOptions::default());
        let chart = FlameChart::build(profile, &selection, &tree, 0);
        (tree, chart)
    }

    fn told(boxes: &[(&str, u64, u64)]) -> Vec<(String, u64, u64)> {
        let boxes = boxes.iter();
        boxes
            .map(|(name, x, width)| ((*name).to_owned(), *x, *width))
            .collect()
    }

    #[test]
    fn neighbours_with_the_same_callers_merge_and_gaps_stay_gaps() {
        let mut profile = testing::profile(&[
            vec!["main", "a"],
            vec!["main", "a"],
            vec!["main", "b"],
            vec!["main", "a"],
        ]);
        // A sample a millisecond, then a pause.
        profile.samples.time_ns = vec![1_000_000, 2_000_000, 3_000_000, 9_000_000];
        let (tree, chart) = chart(&profile);
        assert_eq!(
            row(&profile, &tree, &chart, 0)[0].2,
            10_000,
            "the whole time"
        );
        let main = told(&[("main", 0, 3), ("main", 8, 1)]);
        assert_eq!(row(&profile, &tree, &chart, 2), main);
        let leaves = told(&[("a", 0, 2), ("b", 2, 1), ("a", 8, 1)]);
        assert_eq!(row(&profile, &tree, &chart, 3), leaves);
        let layout = &chart.layout;
        for at in 1..layout.x.len() {
            let parent = layout.parent[at] as usize;
            assert!(layout.x[parent] <= layout.x[at]);
            let right = layout.x[at] + layout.width[at];
            assert!(right <= layout.x[parent] + layout.width[parent]);
        }
    }

    #[test]
    fn a_range_begins_at_zero_and_other_threads_are_left_out() {
        let profile = testing::two_threads();
        let selection = Selection {
            time_ns: Some(500_000..2_000_000),
            ..Selection::default()
        };
        let tree = CallTree::build(&profile, &selection, CallTreeOptions::default());
        let chart = FlameChart::build(&profile, &selection, &tree, 1);
        assert_eq!((chart.start_ns, chart.layout.total), (500_000, 1_500_000));
        assert_eq!(row(&profile, &tree, &chart, 2).len(), 1);
        assert_eq!(row(&profile, &tree, &chart, 2)[0].0, "b");
    }
}
