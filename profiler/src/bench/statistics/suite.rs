//! Many comparisons at once: which of them hold when the share of false ones is to be bounded.

/// Adjusted p-values after Y. Benjamini and Y. Hochberg, *Controlling the false discovery rate*
/// (1995): those at most q make a set of which a share of q at most is false in expectation. In the
/// order of `p_values`.
pub fn adjust(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*b].total_cmp(&p_values[*a]));
    let count = p_values.len() as f64;
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least: f64 = 1.0;
    for (position, index) in order.into_iter().enumerate() {
        let rank = count - position as f64;
        least = least.min(p_values[index] * count / rank);
        adjusted[index] = least;
    }
    adjusted
}
