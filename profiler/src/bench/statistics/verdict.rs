//! What an effect means: regressed, changed, improved, same or inconclusive.

use serde::{Deserialize, Serialize};

use super::paired::Effect;

/// Error rate of each look of a sequential design: three of them stay within 1 % together.
pub const ALPHA_PER_LOOK: f64 = 0.0033;

/// Error rate of a design with a fixed number of blocks.
pub const ALPHA_FIXED: f64 = 0.01;

/// Blocks after which a sequential design looks at what there is.
pub const LOOKS: [usize; 3] = [10, 20, 40];

/// Least change that matters unless somebody says otherwise, relative.
pub const LEAST_CHANGE: f64 = 0.01;

/// Which direction is a gain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Better {
    /// Times, memory, faults.
    Lower,
    /// Throughput.
    Higher,
}

/// What an effect means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// Worse by more than the limit, with the whole interval beyond it: the gate fails.
    Regressed,
    /// Worse, and by more than the limit as far as is known; the interval reaches into it.
    Worse,
    /// Better, and by more than the limit as far as is known; the interval reaches into it.
    Better,
    /// Better by more than the limit, with the whole interval beyond it.
    Improved,
    /// The whole interval lies within the limit.
    Same,
    /// None of these: more blocks may tell.
    Inconclusive,
}

impl Verdict {
    /// Of an effect; `limit` is the noise floor δ, relative.
    pub fn of(effect: &Effect, limit: f64, better: Better) -> Self {
        let worse = match better {
            Better::Lower => *effect,
            Better::Higher => mirrored(effect),
        };
        let (low, high) = worse.change_interval();
        let change = worse.change();
        // A fall to 1 ÷ (1 + δ) is as large as a rise to 1 + δ.
        let (floor, ceiling) = ((1.0 + limit).recip() - 1.0, limit);
        if low > ceiling {
            Self::Regressed
        } else if high < floor {
            Self::Improved
        } else if low > 0.0 && change > ceiling {
            Self::Worse
        } else if high < 0.0 && change < floor {
            Self::Better
        } else if low >= floor && high <= ceiling {
            Self::Same
        } else {
            Self::Inconclusive
        }
    }

    /// Whether a sequential design may stop.
    pub fn is_decided(self) -> bool {
        self != Self::Inconclusive
    }
}

fn mirrored(effect: &Effect) -> Effect {
    Effect {
        log_ratio: -effect.log_ratio,
        log_low: -effect.log_high,
        log_high: -effect.log_low,
        ..*effect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(low: f64, change: f64, high: f64) -> Effect {
        Effect {
            blocks: 20,
            log_ratio: change.ln_1p(),
            log_low: low.ln_1p(),
            log_high: high.ln_1p(),
            confidence: 0.99,
            p_value: 0.001,
        }
    }

    fn of(low: f64, change: f64, high: f64) -> Verdict {
        Verdict::of(&effect(low, change, high), LEAST_CHANGE, Better::Lower)
    }

    #[test]
    fn a_gate_fails_only_where_the_whole_interval_is_beyond_the_limit() {
        assert_eq!(of(0.011, 0.03, 0.05), Verdict::Regressed);
        assert_eq!(of(0.009, 0.03, 0.05), Verdict::Worse);
        assert_eq!(of(-0.05, -0.03, -0.011), Verdict::Improved);
        assert_eq!(of(-0.05, -0.03, -0.009), Verdict::Better);
    }

    #[test]
    fn an_interval_within_the_limit_is_the_same_even_where_it_leaves_zero_out() {
        assert_eq!(of(0.001, 0.003, 0.009), Verdict::Same);
        assert_eq!(of(-0.009, 0.0, 0.009), Verdict::Same);
    }

    #[test]
    fn what_may_be_either_is_inconclusive() {
        assert_eq!(of(-0.001, 0.02, 0.05), Verdict::Inconclusive);
        // Beyond zero, but the estimate is within the limit and the interval is not.
        assert_eq!(of(0.001, 0.009, 0.02), Verdict::Inconclusive);
        assert!(!Verdict::Inconclusive.is_decided());
    }

    #[test]
    fn more_throughput_is_a_gain_and_a_fall_counts_as_much_as_a_rise() {
        let more = effect(0.02, 0.03, 0.05);
        assert_eq!(Verdict::of(&more, 0.01, Better::Higher), Verdict::Improved);
        // −0.995 % is 1 ÷ 1.01.
        assert_eq!(of(-0.03, -0.02, -0.00995), Verdict::Improved);
    }
}
