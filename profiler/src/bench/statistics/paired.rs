//! The effect of a candidate on a base, from blocks in which both ran.
//!
//! In each block d = ln(candidate ÷ base). The estimate is the Hodges–Lehmann median of the Walsh
//! averages (dᵢ + dⱼ) ÷ 2, i ≤ j, its interval the one that inverts Wilcoxon's signed-rank test:
//! exact for symmetric differences, whatever their spread (M. Hollander, D. A. Wolfe, E. Chicken,
//! *Nonparametric Statistical Methods*, 3rd edition, 3.2 and 3.3).

use serde::{Deserialize, Serialize};

use super::signed_rank;
use crate::statistics::median_of_sorted;

/// An effect on a value, on the scale of logarithms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Blocks that it was estimated from.
    pub blocks: usize,
    /// ln(candidate ÷ base).
    pub log_ratio: f64,
    /// Ends of its interval.
    pub log_low: f64,
    /// The other end.
    pub log_high: f64,
    /// Probability that the interval covers the true effect; less than was asked for where there
    /// are too few blocks.
    pub confidence: f64,
    /// Two-sided p-value of no effect.
    pub p_value: f64,
}

impl Effect {
    /// Estimates it from the log ratios of blocks, with an interval of confidence `1 − alpha`.
    /// `None` where there are none, or where one is not finite.
    pub fn estimate(log_ratios: &[f64], alpha: f64) -> Option<Self> {
        if log_ratios.is_empty() || log_ratios.iter().any(|ratio| !ratio.is_finite()) {
            return None;
        }
        let averages = walsh_averages(log_ratios);
        let rank = signed_rank::interval_rank(log_ratios.len(), alpha);
        Some(Self {
            blocks: log_ratios.len(),
            log_ratio: median_of_sorted(&averages)?,
            log_low: averages[rank - 1],
            log_high: averages[averages.len() - rank],
            confidence: signed_rank::coverage(log_ratios.len(), rank),
            p_value: signed_rank::p_value(log_ratios),
        })
    }

    /// Relative change: 0.05 where the candidate's value is 5 % larger.
    pub fn change(&self) -> f64 {
        self.log_ratio.exp_m1()
    }

    /// Ends of the interval as relative changes.
    pub fn change_interval(&self) -> (f64, f64) {
        (self.log_low.exp_m1(), self.log_high.exp_m1())
    }
}

/// Sorted, n·(n + 1) ÷ 2 of them.
fn walsh_averages(differences: &[f64]) -> Vec<f64> {
    let pairs = differences.iter().enumerate().flat_map(|(index, a)| {
        let with_later = differences[index..].iter();
        with_later.map(move |b| f64::midpoint(*a, *b))
    });
    let mut averages: Vec<f64> = pairs.collect();
    averages.sort_by(f64::total_cmp);
    averages
}
