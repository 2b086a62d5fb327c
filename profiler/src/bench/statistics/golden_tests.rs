//! The statistics against what R finds: `tests/golden/statistics.R` has made the values.

use serde::Deserialize;

use super::{paired::Effect, signed_rank, suite};

#[derive(Deserialize)]
struct Golden {
    paired: Vec<Paired>,
    benjamini_hochberg: Adjusted,
    qsignrank: Ranks,
}

#[derive(Deserialize)]
struct Paired {
    differences: Vec<f64>,
    alpha: f64,
    estimate: f64,
    low: Option<f64>,
    high: Option<f64>,
    p: f64,
}

#[derive(Deserialize)]
struct Adjusted {
    p: Vec<f64>,
    adjusted: Vec<f64>,
}

#[derive(Deserialize)]
struct Ranks {
    n: Vec<usize>,
    alpha: Vec<f64>,
    k: Vec<usize>,
}

fn golden() -> Golden {
    let text = include_str!("../../../../tests/golden/statistics.json");
    serde_json::from_str(text).expect("the script writes JSON")
}

fn assert_near(found: f64, expected: f64, what: &str) {
    let off = (found - expected).abs();
    assert!(
        off <= 1e-9 * expected.abs().max(1e-6),
        "{what}: {found} is not {expected}"
    );
}

#[test]
fn estimates_intervals_and_p_values_are_those_of_wilcox_test() {
    let cases = golden().paired;
    assert_eq!(cases.len(), 63);
    for case in cases {
        let blocks = case.differences.len();
        let effect = Effect::estimate(&case.differences, case.alpha).expect("there are blocks");
        let what = |name: &str| format!("{name} of {blocks} at {}", case.alpha);
        assert_near(effect.log_ratio, case.estimate, &what("estimate"));
        assert_near(effect.p_value, case.p, &what("p"));
        // R gives infinite ends where it cannot reach the level; ours say what they cover.
        if let (Some(low), Some(high)) = (case.low, case.high) {
            assert_near(effect.log_low, low, &what("low"));
            assert_near(effect.log_high, high, &what("high"));
        }
    }
}

#[test]
fn the_ranks_of_intervals_are_those_of_qsignrank() {
    let Ranks { n, alpha, k } = golden().qsignrank;
    for ((n, alpha), k) in n.into_iter().zip(alpha).zip(k) {
        assert_eq!(signed_rank::interval_rank(n, alpha), k, "{n} at {alpha}");
        assert!(signed_rank::coverage(n, k) >= 1.0 - alpha);
    }
}

#[test]
fn adjusted_p_values_are_those_of_p_adjust() {
    let Adjusted { p, adjusted } = golden().benjamini_hochberg;
    for (found, expected) in suite::adjust(&p).into_iter().zip(adjusted) {
        assert_near(found, expected, "adjusted p");
    }
    assert!(suite::adjust(&[]).is_empty());
}
