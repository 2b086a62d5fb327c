//! Steps in a history: at which commits the level of a series changed.
//!
//! The scan looks at many spans of the series, short and long (the seeded intervals of S. Kovács, H.
//! Li, P. Bühlmann and A. Munk, *Seeded binary segmentation*, 2023), and in each at every way to
//! split it in two, by the standardised rank sum of the earlier part. What counts is the largest of
//! all these; its distribution where nothing changes is that under permutations of the series, and
//! depends on its length alone. [`critical`] holds its 99 % quantile, drawn with a fixed seed. Splits
//! beyond it are taken largest first; a span that holds one already is not looked at again.
//!
//! A step must also matter: it is as large as the least change asked for, and three times as large as
//! the series wobbles by itself.

mod critical;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::statistics::median;

/// Points on either side of a step.
const FEWEST_BESIDE: usize = 2;

/// Shortest span that is looked at.
const SHORTEST: usize = 8;

/// Each length of spans is 1 ÷ √2 of the last; neighbours overlap by half.
const SHRINK: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// Least change of a level that is a step, relative.
pub const LEAST_STEP: f64 = 0.02;

/// A step is at least so many times the median absolute residual.
const LEAST_RESIDUALS: f64 = 3.0;

/// A change of level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Position of the first point at the new level.
    pub at: usize,
    /// ln(level after ÷ level before), of the medians up to the neighbouring steps.
    pub log_ratio: f64,
    /// The rank sum's distance from its mean, in standard deviations.
    pub z: f64,
}

/// The steps of a series of logarithms, in order; `limit` is the noise floor δ, relative. The newest
/// point alone is never one: see [`is_suspect`].
pub fn find(series: &[f64], limit: f64) -> Vec<Step> {
    let critical = critical::value(series.len());
    let mut splits = splits(series);
    splits.retain(|split| split.z.abs() > critical);
    splits.sort_by(|a, b| b.z.abs().total_cmp(&a.z.abs()).then(a.at.cmp(&b.at)));
    let mut chosen: Vec<Split> = Vec::new();
    for split in splits {
        let holds_one = |other: &Split| split.span.start < other.at && other.at < split.span.end;
        if !chosen.iter().any(holds_one) {
            chosen.push(split);
        }
    }
    chosen.sort_by_key(|split| split.at);
    keep_what_matters(series, chosen, limit)
}

/// Whether the newest point is as far from the level before it as a step would be: a run to confirm
/// it is worth its time.
pub fn is_suspect(series: &[f64], limit: f64) -> bool {
    let Some((newest, earlier)) = series.split_last() else {
        return false;
    };
    let from = find(earlier, limit).last().map_or(0, |step| step.at);
    let level = &earlier[from..];
    if level.len() < FEWEST_BESIDE {
        return false;
    }
    let centre = middle(level);
    let wobble = median_absolute_residual(level.iter().map(|value| value - centre));
    (newest - centre).abs() >= least_change(limit, wobble)
}

/// A way to split a span.
#[derive(Clone, Debug)]
struct Split {
    span: Range<usize>,
    at: usize,
    z: f64,
}

/// The best split of each span.
fn splits(series: &[f64]) -> Vec<Split> {
    let mut ranks = Ranks::default();
    let spans = spans(series.len()).into_iter();
    spans
        .filter_map(|span| ranks.best_split(series, span))
        .collect()
}

/// The spans that are looked at, longest first.
fn spans(length: usize) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut size = length as f64;
    while size >= SHORTEST as f64 {
        let whole = size.ceil() as usize;
        let count = (2.0 * (length as f64 / size).ceil() - 1.0) as usize;
        let shift = (length - whole) as f64 / (count.max(2) - 1) as f64;
        let starts = (0..count).map(|index| (index as f64 * shift) as usize);
        spans.extend(starts.map(|start| start..start + whole));
        size *= SHRINK;
    }
    spans
}

/// Room for ranking, used again for each span.
#[derive(Default)]
struct Ranks {
    order: Vec<usize>,
    ranks: Vec<f64>,
}

impl Ranks {
    fn best_split(&mut self, series: &[f64], span: Range<usize>) -> Option<Split> {
        let values = &series[span.clone()];
        let variance = self.rank(values);
        let count = values.len() as f64;
        let mut sum = 0.0;
        let mut best: Option<(usize, f64)> = None;
        for (index, rank) in self.ranks.iter().enumerate() {
            let before = index as f64;
            if index >= FEWEST_BESIDE && index + FEWEST_BESIDE <= values.len() {
                // The variance of a sum of `before` ranks drawn without putting back.
                let deviation = (before * (count - before) / (count - 1.0) * variance).sqrt();
                let z = (before * (count + 1.0) / 2.0 - sum) / deviation;
                if z.is_finite() && best.is_none_or(|(_, most)| z.abs() > most.abs()) {
                    best = Some((span.start + index, z));
                }
            }
            sum += rank;
        }
        let (at, z) = best?;
        Some(Split { span, at, z })
    }

    /// Ranks of values, ties sharing theirs, and the variance of one rank.
    fn rank(&mut self, values: &[f64]) -> f64 {
        self.order.clear();
        self.order.extend(0..values.len());
        self.order
            .sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
        self.ranks.clear();
        self.ranks.resize(values.len(), 0.0);
        let mut before = 0;
        let alike = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]).is_eq();
        for ties in self.order.chunk_by(alike) {
            let rank = before as f64 + (ties.len() + 1) as f64 / 2.0;
            for index in ties {
                self.ranks[*index] = rank;
            }
            before += ties.len();
        }
        let mean = (values.len() + 1) as f64 / 2.0;
        let squares: f64 = self.ranks.iter().map(|rank| (rank - mean).powi(2)).sum();
        squares / values.len() as f64
    }
}

/// Drops the smallest step that does not matter, until all that are left do: without it the levels
/// beside it are one.
fn keep_what_matters(series: &[f64], mut splits: Vec<Split>, limit: f64) -> Vec<Step> {
    loop {
        settle(series, &mut splits);
        let steps = measure(series, &splits);
        let least = least_change(limit, residual(series, &steps));
        let size = |index: &usize| steps[*index].log_ratio.abs();
        let smallest = (0..steps.len()).min_by(|a, b| size(a).total_cmp(&size(b)));
        match smallest {
            Some(index) if size(&index) < least => splits.remove(index),
            _ => return steps,
        };
    }
}

/// Moves each split to where the values lie closest to the levels beside it: ranks find that there
/// is a step, and wobble by a point or two where.
fn settle(series: &[f64], splits: &mut [Split]) {
    for index in 0..splits.len() {
        let start = index.checked_sub(1).map_or(0, |before| splits[before].at);
        let end = splits.get(index + 1).map_or(series.len(), |next| next.at);
        let at = splits[index].at;
        let (before, after) = (middle(&series[start..at]), middle(&series[at..end]));
        let mut gain = 0.0;
        let mut best = (0.0, start);
        for (position, value) in (start..end).zip(&series[start..end]) {
            let beside = position - start >= FEWEST_BESIDE && end - position >= FEWEST_BESIDE;
            if beside && (best.1 == start || gain < best.0) {
                best = (gain, position);
            }
            gain += (value - before).abs() - (value - after).abs();
        }
        if best.1 > start {
            splits[index].at = best.1;
        }
    }
}

fn least_change(limit: f64, wobble: f64) -> f64 {
    LEAST_STEP.max(limit).ln_1p().max(LEAST_RESIDUALS * wobble)
}

/// The steps at the splits: medians beside them.
fn measure(series: &[f64], splits: &[Split]) -> Vec<Step> {
    let mut edges = vec![0];
    edges.extend(splits.iter().map(|split| split.at));
    edges.push(series.len());
    splits
        .iter()
        .zip(edges.windows(3))
        .map(|(split, edges)| {
            let (before, after) = (&series[edges[0]..edges[1]], &series[edges[1]..edges[2]]);
            Step {
                at: split.at,
                log_ratio: middle(after) - middle(before),
                z: split.z,
            }
        })
        .collect()
}

/// Median absolute residual of a series whose levels change at the steps.
fn residual(series: &[f64], steps: &[Step]) -> f64 {
    if series.is_empty() {
        return 0.0;
    }
    let mut edges = vec![0];
    edges.extend(steps.iter().map(|step| step.at));
    edges.push(series.len());
    median_absolute_residual(edges.windows(2).flat_map(|edges| {
        let level = &series[edges[0]..edges[1]];
        let centre = middle(level);
        level.iter().map(move |value| value - centre)
    }))
}

/// 0 where there are none.
fn median_absolute_residual(residuals: impl Iterator<Item = f64>) -> f64 {
    median(residuals.map(f64::abs).collect()).unwrap_or(0.0)
}

/// The middle of a level, which has a point at least.
fn middle(level: &[f64]) -> f64 {
    median(level.to_vec()).expect("steps and series leave no level empty")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::statistics::draws::Draws;

    /// Points with a spread of 1 % around levels: how many points, which level.
    fn series(seed: u64, levels: &[(usize, f64)]) -> Vec<f64> {
        let mut draws = Draws::seeded(seed);
        let points = levels.iter();
        points
            .flat_map(|(count, level)| std::iter::repeat_n(*level, *count))
            .map(|level| level.ln() + 0.01 * draws.normal())
            .collect()
    }

    #[test]
    fn series_without_a_step_are_flagged_in_less_than_one_of_a_hundred() {
        for length in [20, 60, 200] {
            let flagged = (0..1_000)
                .filter(|seed| !find(&series(*seed, &[(length, 1.0)]), 0.0).is_empty())
                .count();
            assert!(flagged < 10, "{flagged} of 1,000 at {length}");
        }
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        let mut off_by: Vec<usize> = (0..200)
            .map(|seed| {
                let steps = find(&series(seed, &[(30, 1.0), (30, 1.05)]), 0.01);
                assert_eq!(steps.len(), 1, "seed {seed}: {steps:?}");
                assert!((steps[0].log_ratio - 1.05_f64.ln()).abs() < 0.015);
                steps[0].at.abs_diff(30)
            })
            .collect();
        off_by.sort_unstable();
        assert!(off_by[189] <= 1, "{off_by:?}");
    }

    #[test]
    fn a_hump_and_steps_up_and_down_are_told_apart() {
        let levels = [(60, 1.0), (15, 1.1), (60, 1.0), (40, 0.93), (60, 0.99)];
        let steps = find(&series(7, &levels), 0.01);
        let at: Vec<usize> = steps.iter().map(|step| step.at).collect();
        for (found, expected) in at.iter().zip([60, 75, 135, 175]) {
            assert!(found.abs_diff(expected) <= 1, "{at:?}");
        }
        assert_eq!(at.len(), 4, "{at:?}");
        assert!(steps[0].log_ratio > 0.0 && steps[0].z > 0.0);
        assert!(steps[2].log_ratio < 0.0 && steps[2].z < 0.0);
    }

    #[test]
    fn a_blip_of_one_commit_is_no_step_and_the_newest_point_is_suspect_at_most() {
        let blip = series(3, &[(30, 1.0), (1, 1.2), (30, 1.0)]);
        assert!(find(&blip, 0.01).is_empty());
        let newest = series(3, &[(30, 1.0), (1, 1.2)]);
        assert!(find(&newest, 0.01).is_empty());
        assert!(is_suspect(&newest, 0.01));
        assert!(!is_suspect(&series(3, &[(31, 1.0)]), 0.01));
    }

    #[test]
    fn steps_below_the_limit_do_not_matter() {
        let levels = [(100, 1.0), (100, 1.03)];
        assert_eq!(find(&series(5, &levels), 0.01).len(), 1);
        assert!(find(&series(5, &levels), 0.05).is_empty());
    }

    #[test]
    fn short_and_constant_series_have_none() {
        assert!(find(&[], 0.01).is_empty());
        assert!(find(&[1.0; 7], 0.01).is_empty());
        assert!(find(&[1.0; 100], 0.01).is_empty());
        assert!(!is_suspect(&[], 0.01));
    }
}
