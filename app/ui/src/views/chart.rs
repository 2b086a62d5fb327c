//! The stacks of one thread over time, and the threads to choose from.

use std::cmp::Reverse;

use scrutineer_profiler::profile::{CallTree, Profile, flame_chart::FlameChart};

use super::Arrangement;

/// Threads that are offered.
const THREADS: usize = 60;

/// A thread's chart.
#[derive(Clone, Debug, Default)]
pub(crate) struct ThreadChart {
    /// Which, a position in the profile's threads.
    pub(crate) thread: u32,
    /// Threads with something in the selection, those with most first.
    pub(crate) threads: Vec<u32>,
    pub(crate) chart: FlameChart,
}

/// Draws the wanted thread, or the one with most of the selection's weight.
pub(super) fn chart(
    profile: &Profile,
    arrangement: &Arrangement,
    tree: &CallTree,
    wanted: Option<u32>,
) -> ThreadChart {
    let selection = arrangement.selection();
    let mut weights: Vec<(u64, u32)> = (0..profile.threads.len() as u32)
        .map(|thread| (0, thread))
        .collect();
    for row in profile.weighed(&selection) {
        weights[row.thread as usize].0 += row.weight;
    }
    weights.retain(|(weight, _)| *weight > 0);
    weights.sort_unstable_by_key(|(weight, thread)| (Reverse(*weight), *thread));
    let threads: Vec<u32> = weights.iter().map(|(_, thread)| *thread).collect();
    let thread = wanted.filter(|wanted| threads.contains(wanted));
    let Some(thread) = thread.or_else(|| threads.first().copied()) else {
        return ThreadChart::default();
    };
    ThreadChart {
        thread,
        chart: FlameChart::build(profile, &selection, tree, thread),
        threads: threads.into_iter().take(THREADS).collect(),
    }
}
