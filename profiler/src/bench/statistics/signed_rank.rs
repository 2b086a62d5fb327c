//! The exact distribution of Wilcoxon's signed-rank statistic, and quantiles of it.

use std::f64::consts::SQRT_2;

use crate::statistics::normal::erfc;

/// Above so many differences the normal approximation is as good as the exact distribution, whose
/// table grows with the cube.
const MOST_EXACT: usize = 100;

/// The order statistic of the Walsh averages that ends an interval of confidence `1 − alpha`: the
/// interval runs from the k-th smallest to the k-th largest average. At least 1, as in R's
/// `wilcox.test`, whose `qsignrank(alpha / 2, n)` this is; [`coverage`] says what an interval that
/// had to be cut at 1 really covers.
pub fn interval_rank(differences: usize, alpha: f64) -> usize {
    let cumulative = Cumulative::of(differences);
    let rank = cumulative.quantile(alpha / 2.0);
    rank.max(1)
}

/// Probability that the interval from the k-th smallest to the k-th largest Walsh average of so many
/// differences covers the true shift.
pub fn coverage(differences: usize, rank: usize) -> f64 {
    let below = rank
        .checked_sub(1)
        .map_or(0.0, |last| Cumulative::of(differences).at_most(last as f64));
    (1.0 - 2.0 * below).max(0.0)
}

/// Two-sided p-value of no shift, exact given the absolute differences: zeros are left out
/// (Wilcoxon's rule), ties share their mean rank. 1 where nothing is left.
pub fn p_value(differences: &[f64]) -> f64 {
    let mut nonzero: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    nonzero.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let ranks = doubled_ranks(&nonzero);
    let positive: usize = nonzero
        .iter()
        .zip(&ranks)
        .filter(|(difference, _)| **difference > 0.0)
        .map(|(_, rank)| *rank)
        .sum();
    let all: usize = ranks.iter().sum();
    let smaller = positive.min(all - positive);
    let cumulative = Cumulative::of_ranks(&ranks);
    (2.0 * cumulative.at_most(smaller as f64)).min(1.0)
}

/// Twice the ranks of sorted absolute values, so that the mean rank of ties is a whole number.
fn doubled_ranks(sorted: &[f64]) -> Vec<usize> {
    let mut ranks = Vec::with_capacity(sorted.len());
    for ties in sorted.chunk_by(|a, b| a.abs().total_cmp(&b.abs()).is_eq()) {
        let first = ranks.len() + 1;
        let last = ranks.len() + ties.len();
        ranks.extend(std::iter::repeat_n(first + last, ties.len()));
    }
    ranks
}

/// The distribution of a sum of ranks, each of which counts with probability ½.
enum Cumulative {
    /// Probability of each sum, from 0 on.
    Exact(Vec<f64>),
    /// Mean and standard deviation.
    Normal(f64, f64),
}

impl Cumulative {
    fn of(differences: usize) -> Self {
        let ranks: Vec<usize> = (1..=differences).collect();
        Self::of_ranks(&ranks)
    }

    fn of_ranks(ranks: &[usize]) -> Self {
        let all: usize = ranks.iter().sum();
        if ranks.len() > MOST_EXACT {
            let squares: f64 = ranks.iter().map(|rank| (*rank as f64).powi(2)).sum();
            return Self::Normal(all as f64 / 2.0, (squares / 4.0).sqrt());
        }
        let mut probability = vec![0.0; all + 1];
        probability[0] = 1.0;
        let mut reached = 0;
        for rank in ranks {
            reached += rank;
            // From the top down, so that each rank counts once.
            for sum in (0..=reached).rev() {
                let with = sum.checked_sub(*rank).map_or(0.0, |rest| probability[rest]);
                probability[sum] = f64::midpoint(probability[sum], with);
            }
        }
        Self::Exact(probability)
    }

    /// Probability of at most so much.
    fn at_most(&self, sum: f64) -> f64 {
        match self {
            Self::Exact(probability) => {
                let last = (sum as usize).min(probability.len() - 1);
                probability[..=last].iter().sum::<f64>().min(1.0)
            }
            // Half a step more, for sums are whole numbers.
            Self::Normal(mean, deviation) => normal_at_most((sum + 0.5 - mean) / deviation),
        }
    }

    /// The smallest sum that is exceeded with a probability of at most `1 − share`.
    fn quantile(&self, share: f64) -> usize {
        match self {
            Self::Exact(probability) => {
                let mut so_far = 0.0;
                probability
                    .iter()
                    .position(|one| {
                        so_far += one;
                        // The sums of powers of ½ are exact, `share` is not.
                        so_far >= share * (1.0 - 1e-12)
                    })
                    .unwrap_or(probability.len() - 1)
            }
            Self::Normal(mean, deviation) => {
                let sums = 0..=(2.0 * mean) as usize;
                let exceeds =
                    |sum: usize| normal_at_most((sum as f64 + 0.5 - mean) / deviation) >= share;
                let (mut low, mut high) = (*sums.start(), *sums.end());
                while low < high {
                    let middle = low.midpoint(high);
                    if exceeds(middle) {
                        high = middle;
                    } else {
                        low = middle + 1;
                    }
                }
                low
            }
        }
    }
}

/// Probability of at most z in the standard normal distribution.
fn normal_at_most(z: f64) -> f64 {
    let tail = erfc(z.abs() / SQRT_2) / 2.0;
    if z < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_approximation_meets_the_exact_distribution_where_it_takes_over() {
        for alpha in [0.05, 0.01, 0.0033] {
            let exact = Cumulative::of(MOST_EXACT).quantile(alpha / 2.0);
            let ranks: Vec<usize> = (1..=MOST_EXACT).collect();
            let squares: f64 = ranks.iter().map(|rank| (*rank as f64).powi(2)).sum();
            let mean = ranks.iter().sum::<usize>() as f64 / 2.0;
            let approximate =
                Cumulative::Normal(mean, (squares / 4.0).sqrt()).quantile(alpha / 2.0);
            let off = exact.abs_diff(approximate) as f64 / exact as f64;
            assert!(off < 0.01, "{alpha}: {approximate} is not {exact}");
        }
    }

    #[test]
    fn so_few_blocks_that_no_interval_has_the_confidence_say_what_they_cover() {
        assert_eq!(interval_rank(3, 0.01), 1);
        assert!((coverage(3, 1) - 0.75).abs() < 1e-12);
        assert!(coverage(8, interval_rank(8, 0.01)) >= 0.99);
    }

    #[test]
    fn ties_share_ranks_and_zeros_say_nothing() {
        // Sums of the ranks 1.5, 1.5, 3 with all signs: two of eight are as far out.
        assert!((p_value(&[1.0, 1.0, 2.0]) - 0.25).abs() < 1e-12);
        assert!((p_value(&[0.0, 1.0, 0.0, 1.0, 2.0]) - 0.25).abs() < 1e-12);
        assert!((p_value(&[1.0, -1.0]) - 1.0).abs() < 1e-12);
        assert!((p_value(&[0.0, 0.0]) - 1.0).abs() < 1e-12);
    }
}
